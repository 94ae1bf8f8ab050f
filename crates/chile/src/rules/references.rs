//! Rules of Referencia.

use std::collections::BTreeSet;

use jiff::civil::Date;
use timbre_core::{DocState, DocumentId, Documents};

use super::{Making, header, header_path, notes};
use crate::follow::Earlier;
use crate::tags::Group;
use crate::tipo::{self, Family, Tipo};

/// Judges references; `earlier` are those documents of this folder that they name.
pub fn check(making: &mut Making<'_>, earlier: &[Earlier], known: &dyn Documents) {
    match making.tipo.family() {
        Family::Dte => dte(making, earlier),
        Family::Boleta => boleta(making),
    }
    if making.tipo.is_note() {
        notes::check(making, earlier);
    }
    repeated(making);
    not_issued(making, known);
}

/// The same document twice. A note would give it back twice, and a factura or a boleta bill a guía twice; elsewhere the SII takes it,
/// and it says nothing more. What another issuer made has a folio of its own.
fn repeated(making: &mut Making<'_>) {
    let document = &making.order.document;
    let corrected: Vec<usize> = notes::correcting(document).map(|(at, _)| at).collect();
    let bills = matches!(making.tipo, Tipo::Factura | Tipo::FacturaExenta) || making.tipo.is_boleta();
    let mut seen = BTreeSet::new();
    let mut again = Vec::new();
    for (at, reference) in document.groups("Referencia").enumerate() {
        let leaf = |tag| reference.leaf(tag).unwrap_or_default();
        let (kind, folio) = (leaf("TpoDocRef"), leaf("FolioRef"));
        let is_document = ELECTRONIC.contains(&kind) || corrected.contains(&at);
        if !is_document || folio.is_empty() || reference.has("IndGlobal") {
            continue;
        }
        if !seen.insert((kind.to_owned(), folio.to_owned(), leaf("RUTOtr").to_owned())) {
            let wrong = (making.tipo.is_note() && corrected.contains(&at)) || (bills && kind == "52");
            again.push((at, wrong));
        }
    }
    for (at, wrong) in again {
        let path = format!("Referencia[{at}].FolioRef");
        let message =
            format!("Referencia {}: ese documento ya está citado; deje una sola referencia.", at + 1);
        match wrong {
            true => making.refuse("reference-repeated", path, message),
            false => making.warn("reference-repeated", path, message),
        }
    }
}

/// A folio of this folder's own that no document has yet: the SII knows none either (REF-3-750).
fn not_issued(making: &mut Making<'_>, known: &dyn Documents) {
    let named = |(at, reference): (usize, &Group)| {
        let number = reference.leaf("FolioRef")?.parse().ok()?;
        let id = DocumentId::new(reference.leaf("TpoDocRef")?, number);
        (!reference.has("IndGlobal") && !reference.has("RUTOtr") && known.is_unused(&id)).then_some((at, id))
    };
    let unused: Vec<_> = making.order.document.groups("Referencia").enumerate().filter_map(named).collect();
    for (at, id) in unused {
        let message = format!("Referencia {}: {id} todavía no se emite. Revise el folio.", at + 1);
        making.refuse("reference-unissued", format!("Referencia[{at}].FolioRef"), message);
    }
}

/// All but the number is optional (schema EnvioBOLETA_v11, Referencia), but a reference to nothing is none.
fn boleta(making: &mut Making<'_>) {
    let empty: Vec<usize> = making
        .order
        .document
        .groups("Referencia")
        .enumerate()
        .filter(|(_, r)| r.fields().iter().all(|f| f.tag == "NroLinRef" || !r.has(f.tag)))
        .map(|(at, _)| at)
        .collect();
    for at in empty {
        making.refuse(
            "reference-empty",
            format!("Referencia[{at}]"),
            format!("La referencia {} está vacía.", at + 1),
        );
    }
}

/// TpoDocRef, FolioRef and FchRef are obligatory (schema DTE_v10, Referencia; formato DTE 2.4.2, E2 to E6).
fn dte(making: &mut Making<'_>, earlier: &[Earlier]) {
    for (at, reference) in making.order.document.groups_mut("Referencia").enumerate() {
        if let Some(earlier) = earlier.iter().find(|earlier| earlier.at == at) {
            reference.fill("FchRef", earlier.document.date.to_string());
        }
    }
    let issued = header::issued(&making.order.document);
    let found: Vec<(usize, &str, &str, String)> = making
        .order
        .document
        .groups("Referencia")
        .enumerate()
        .flat_map(|(at, reference)| faults(reference, issued).into_iter().map(move |(c, t, m)| (at, c, t, m)))
        .collect();
    for (at, code, tag, message) in found {
        let path = format!("Referencia[{at}].{tag}");
        match earlier.iter().find(|earlier| earlier.at == at && earlier.document.date > making.today) {
            // It was issued while the clock ran ahead, and no note can have a date to come: without one its sale would
            // stand. The SII names no rule about this date.
            Some(Earlier { document, .. }) if code == "reference-date" => {
                let message = format!(
                    "Referencia {}: {} dice ser del {}, que aún no llega; el SII puede observarlo.",
                    at + 1,
                    document.id,
                    document.date
                );
                making.warn(code, path, message);
            }
            _ => making.refuse(code, path, format!("Referencia {}: {message}", at + 1)),
        }
    }
    idle_codes(making);
    for earlier in earlier {
        let said = making.order.document.groups("Referencia").nth(earlier.at).and_then(|r| r.leaf("FchRef"));
        if let Some(said) = said.filter(|said| *said != earlier.document.date.to_string()) {
            let (id, date) = (&earlier.document.id, earlier.document.date);
            let message =
                format!("Referencia {}: su fecha dice {said} y {id} es del {date}.", earlier.at + 1);
            making.refuse("reference-date", format!("Referencia[{}].FchRef", earlier.at), message);
        }
        guia(making, earlier);
        let dead = matches!(earlier.state, DocState::Rechazado | DocState::Reemplazado);
        if dead && !making.tipo.is_note() {
            let (place, id) = (earlier.at + 1, &earlier.document.id);
            let message = match &earlier.by {
                Some(by) => {
                    format!("Referencia {place}: {id} fue reemplazado, y en su lugar está {by}: cite ése.")
                }
                None => format!("Referencia {place}: el SII rechazó el documento {id}; no lo reconocerá."),
            };
            making.warn("reference-rejected", format!("Referencia[{}].FolioRef", earlier.at), message);
        }
    }
}

/// CodRef says what a note does to the document that it corrects (formato DTE 2.4.2, CodRef); anywhere else it does
/// nothing, whatever its till meant by it.
fn idle_codes(making: &mut Making<'_>) {
    let document = &making.order.document;
    let corrected: Vec<usize> = notes::correcting(document).map(|(at, _)| at).collect();
    let is_note = making.tipo.is_note();
    // One on a guía is refused in a note.
    let guia = |reference: &Group| matches!(reference.leaf("TpoDocRef"), Some("50" | "52"));
    let idle: Vec<usize> = document
        .groups("Referencia")
        .enumerate()
        .filter(|(_, reference)| reference.has("CodRef"))
        .filter(|(at, reference)| if is_note { !corrected.contains(at) && !guia(reference) } else { true })
        .map(|(at, _)| at)
        .collect();
    for at in idle {
        let message = format!(
            "Referencia {}: lo que se hace con el documento (CodRef) solo vale en una nota y sobre el documento que corrige; aquí no anula ni corrige nada.",
            at + 1
        );
        making.warn("reference-code", format!("Referencia[{at}].CodRef"), message);
    }
}

/// A factura bills the guía of its own buyer, and one that is a sale or becomes one (formato DTE 2.4.2,
/// IndTraslado: 4 gives goods away, 5 moves them between the issuer's own places, 6 is no sale, 7 gives them back).
fn guia(making: &mut Making<'_>, guia: &Earlier) {
    if guia.tipo != Tipo::Guia || !matches!(making.tipo, Tipo::Factura | Tipo::FacturaExenta) {
        return;
    }
    let (id, receiver) = (&guia.document.id, &guia.document.receiver.id);
    let place = format!("Referencia[{}].FolioRef", guia.at);
    let ours = making.header_text("Receptor", "RUTRecep");
    if !ours.is_empty() && ours != *receiver {
        let message = format!("La guía {id} es de {receiver} y la factura dice {ours}: revise el receptor.");
        making.warn("guia-receiver", header_path("Receptor", "RUTRecep"), message);
    }
    let why = match guia.body.at(&["Encabezado", "IdDoc", "IndTraslado"]) {
        Some("4") => "es una entrega gratuita",
        Some("5") => "es un traslado interno",
        Some("6") => "es un traslado que no es venta",
        Some("7") => "es una devolución",
        _ => return,
    };
    making.warn(
        "guia-kind",
        place,
        format!("La guía {id} {why}: no hay una venta que facturar. Revise la referencia."),
    );
}

/// Documents whose number is a folio that the SII gave out.
const ELECTRONIC: [&str; 12] = ["33", "34", "39", "41", "43", "46", "52", "56", "61", "110", "111", "112"];

fn faults(reference: &Group, issued: Option<Date>) -> Vec<(&'static str, &'static str, String)> {
    let mut faults = Vec::new();
    for tag in ["TpoDocRef", "FolioRef", "FchRef"] {
        if !reference.has(tag) {
            faults.push(("required", tag, format!("falta {tag}, que es obligatorio.")));
        }
    }
    if let Some(kind) = reference.leaf("TpoDocRef")
        && kind.bytes().all(|b| b.is_ascii_digit())
        && tipo::name_of(kind).is_none()
    {
        // Formato DTE 2.4.2, E2: numbers are of a closed list, letters are free.
        faults.push((
            "reference-type",
            "TpoDocRef",
            format!("{kind} no es un tipo de documento de la lista del SII."),
        ));
    }
    if let (Some(kind), Some(folio)) = (reference.leaf("TpoDocRef"), reference.leaf("FolioRef"))
        && ELECTRONIC.contains(&kind)
        && !folio.bytes().all(|b| b.is_ascii_digit())
    {
        let message =
            format!("El folio citado dice «{folio}», y el de un documento electrónico es un número.");
        faults.push(("reference-folio", "FolioRef", message));
    }
    match (reference.leaf("IndGlobal"), reference.leaf("FolioRef")) {
        // Formato DTE 2.4.2, E3 and E4: more than twenty documents of a type, without naming each.
        (Some(_), Some(folio)) if folio != "0" => {
            faults.push((
                "reference-global",
                "FolioRef",
                "Una referencia global (IndGlobal 1) lleva el folio 0.".to_owned(),
            ));
        }
        (None, Some("0")) => {
            faults.push((
                "reference-folio",
                "FolioRef",
                "El folio 0 es solo para referencias globales (IndGlobal 1).".to_owned(),
            ));
        }
        _ => {}
    }
    let date = reference.leaf("FchRef").and_then(|text| text.parse::<Date>().ok());
    if let (Some(date), Some(issued)) = (date, issued)
        && date > issued
    {
        faults.push((
            "reference-date",
            "FchRef",
            format!("La fecha del documento citado ({date}) es posterior a la emisión ({issued}); lo que se cita existe antes."),
        ));
    }
    faults
}
