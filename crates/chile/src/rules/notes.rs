//! Rules of notes: what they correct, why, by how much. What is filled in for them is in `follow`.

use jiff::ToSpan;
use jiff::civil::Date;
use timbre_core::DocState;

use super::{Making, header, header_path};
use crate::follow::Earlier;
use crate::makeup::Makeup;
use crate::money;
use crate::tags::Group;
use crate::tipo::{self, Tipo};
use crate::totals::Totals;

/// What a note can correct: facturas, boletas, liquidaciones and notes, on paper or electronic (formato DTE
/// 2.4.2, CodRef). A guía is none of them.
const CORRECTABLE: [&str; 21] = [
    "30", "32", "33", "34", "35", "38", "39", "40", "41", "43", "45", "46", "55", "56", "60", "61", "101",
    "103", "110", "111", "112",
];
const CREDIT_NOTES: [&str; 3] = ["60", "61", "112"];
const BOLETAS: [&str; 4] = ["35", "38", "39", "41"];
const EXEMPT: [&str; 4] = ["32", "34", "38", "41"];

/// The references to what is corrected, each with its place in the list; others name an order, a contract or
/// a test case.
pub fn correcting(document: &Group) -> impl Iterator<Item = (usize, &Group)> {
    let references = document.groups("Referencia").enumerate();
    references.filter(|(_, r)| r.leaf("TpoDocRef").is_some_and(|kind| CORRECTABLE.contains(&kind)))
}

/// `CodRef` of each of them: 1 annuls, 2 corrects a text, 3 corrects amounts.
pub fn reasons(document: &Group) -> impl Iterator<Item = &str> {
    correcting(document).filter_map(|(_, reference)| reference.leaf("CodRef"))
}

/// It corrects boletas, whose buyer may be nobody.
pub fn on_boletas(document: &Group) -> bool {
    correcting(document).any(|(_, r)| r.leaf("TpoDocRef").is_some_and(is_boleta))
}

pub fn is_boleta(kind: &str) -> bool {
    BOLETAS.contains(&kind)
}

/// A fault, its place and what to say.
type Told = (&'static str, String, String);

/// Judges the references of a note.
pub fn check(making: &mut Making<'_>, earlier: &[Earlier]) {
    let mut told = every_reference(making);
    told.extend(together(making));
    told.extend(earlier_ones(making, earlier));
    for (code, path, message) in told {
        making.refuse(code, path, message);
    }
    late(making);
    for earlier in earlier.iter().filter(|earlier| earlier.corrected) {
        let pending = !matches!(earlier.state, DocState::Aceptado | DocState::Reparo);
        // REF-3-750.
        if pending && !dead(earlier) {
            let message = format!(
                "El SII todavía no acepta {}: si lo rechazara, rechazaría también esta nota.",
                earlier.document.id
            );
            making.warn("reference-pending", format!("Referencia[{}].FolioRef", earlier.at), message);
        }
    }
    for at in on_credit(making) {
        making.warn(
            "note-on-credit",
            format!("Referencia[{at}].CodRef"),
            "Una nota de crédito sobre otra nota de crédito devuelve todavía más. Si la otra devolvió de más, emita una nota de \
             débito (56); si devolvió de menos, cite en ésta el documento de origen.",
        );
    }
    let net = making.header("IdDoc", "MntBruto").is_none() && making.order.document.has("Detalle");
    if net && on_boletas(&making.order.document) && reasons(&making.order.document).any(|r| r == "3") {
        making.warn(
            "note-net-prices",
            header_path("IdDoc", "MntBruto"),
            "La nota es de una boleta y sus precios van netos; si son los de la boleta, con IVA, indíquelo (MntBruto 1).",
        );
    }
}

/// Credit notes whose amounts a credit note corrects. UNCONFIRMED whether the SII takes them: the formato DTE 2.4.2
/// does not say that CodRef 3 is of some types alone.
fn on_credit(making: &Making<'_>) -> Vec<usize> {
    let corrects = |reference: &Group| {
        let is_credit = reference.leaf("TpoDocRef").is_some_and(|kind| CREDIT_NOTES.contains(&kind));
        making.tipo == Tipo::NotaCredito && is_credit && reference.leaf("CodRef") == Some("3")
    };
    correcting(&making.order.document)
        .filter(|(_, reference)| corrects(reference))
        .map(|(at, _)| at)
        .collect()
}

/// One that is not in this folder has to be told whole: said first, for what follows is for the lack of it.
pub fn unknown(making: &mut Making<'_>, earlier: &[Earlier]) {
    let document = &making.order.document;
    if document.has("Detalle") {
        return;
    }
    let named = |(at, reference): (usize, &Group)| {
        let known = earlier.iter().any(|earlier| earlier.at == at);
        (!known).then_some((
            at,
            reference.leaf("TpoDocRef")?.to_owned(),
            reference.leaf("FolioRef")?.to_owned(),
        ))
    };
    let Some((at, kind, folio)) = correcting(document).find_map(named) else { return };
    let message = format!(
        "T{kind}F{folio} no está en esta carpeta. Revise el tipo y el folio; si lo emitió otro sistema, o aquí está dañado, \
         diga también su fecha (FchRef), su receptor y sus líneas."
    );
    making.refuse("reference-unknown", format!("Referencia[{at}].FolioRef"), message);
}

fn dead(earlier: &Earlier) -> bool {
    matches!(earlier.state, DocState::Rechazado | DocState::Reemplazado)
}

/// Each by itself.
fn every_reference(making: &Making<'_>) -> Vec<Told> {
    let mut told = Vec::new();
    let document = &making.order.document;
    let place = |at: usize, tag: &str| format!("Referencia[{at}].{tag}");
    for (at, reference) in document.groups("Referencia").enumerate() {
        // Formato DTE 2.4.2, CodRef: the operation that a guía covers is not there to be annulled.
        if matches!(reference.leaf("TpoDocRef"), Some("50" | "52")) && reference.has("CodRef") {
            let message =
                "Una guía de despacho no se anula ni se corrige con una nota: cítela sin decir qué corrige (quite CodRef).".to_owned();
            told.push(("note-on-guia", place(at, "CodRef"), message));
        }
    }
    for (at, reference) in correcting(document) {
        let kind = reference.leaf("TpoDocRef").unwrap_or_default();
        let name = tipo::name_of(kind).unwrap_or(kind).to_lowercase();
        match (reference.leaf("CodRef"), making.tipo) {
            // REF-3-758.
            (None, _) => {
                let message = "Falta lo que la nota hace con el documento (CodRef): 1 anula el documento, 2 corrige un texto, 3 corrige montos.";
                told.push(("note-reason-missing", place(at, "CodRef"), message.to_owned()));
            }
            // A credit note annuls what charges, a debit note what credits.
            (Some("1"), Tipo::NotaCredito) if CREDIT_NOTES.contains(&kind) => {
                let message =
                    format!("Una nota de crédito no anula una {name}; emita una nota de débito (56).");
                told.push(("note-annuls-other", place(at, "CodRef"), message));
            }
            (Some("1"), Tipo::NotaDebito) if !CREDIT_NOTES.contains(&kind) => {
                let message = format!(
                    "Una nota de débito anula notas de crédito, no una {name}; emita una nota de crédito (61)."
                );
                told.push(("note-annuls-other", place(at, "CodRef"), message));
            }
            (Some("2"), Tipo::NotaDebito) => {
                let message =
                    "Un texto se corrige con una nota de crédito (61), no con una de débito.".to_owned();
                told.push(("note-text-debit", place(at, "CodRef"), message));
            }
            (Some("2"), _) if !reference.has("RazonRef") => {
                let message = "Indique en el motivo (RazonRef) qué decía y qué debe decir.".to_owned();
                told.push(("required", place(at, "RazonRef"), message));
            }
            (Some(_), _) => {}
        }
    }
    told
}

/// All of them: at least one (REF-3-415), and one alone where a document is annulled or its text corrected
/// (formato DTE 2.4.2, CodRef).
fn together(making: &Making<'_>) -> Option<Told> {
    let document = &making.order.document;
    let count = correcting(document).count();
    if count == 0 {
        let message = format!(
            "{} dice en Referencia qué documento corrige: su tipo, su folio y qué hace con él (TpoDocRef, FolioRef y CodRef; REF-3-415).",
            making.tipo.name()
        );
        return Some(("note-without-reference", "Referencia".to_owned(), message));
    }
    let whole = reasons(document).any(|reason| matches!(reason, "1" | "2"));
    let many = correcting(document).any(|(_, reference)| reference.has("IndGlobal"));
    if whole && (count > 1 || many) {
        let message = "Para anular (CodRef 1) o corregir un texto (CodRef 2) la nota cita un solo documento, por su folio.";
        return Some(("note-references", "Referencia".to_owned(), message.to_owned()));
    }
    None
}

/// What this folder knows of what is corrected.
fn earlier_ones(making: &Making<'_>, earlier: &[Earlier]) -> Vec<Told> {
    let mut told = Vec::new();
    let receiver = making.header("Receptor", "RUTRecep");
    for earlier in earlier.iter().filter(|earlier| earlier.corrected) {
        let id = &earlier.document.id;
        // REF-3-750.
        if dead(earlier) {
            let message = match &earlier.by {
                Some(by) => format!(
                    "{id} fue reemplazado y una nota no lo corrige: en su lugar está {by}. Haga la nota de {by}."
                ),
                None => format!(
                    "El SII rechazó {id}: no existe para él y una nota no lo corrige. Reemítalo en su lugar."
                ),
            };
            told.push(("reference-rejected", format!("Referencia[{}].FolioRef", earlier.at), message));
        }
        // REF-3-751.
        let other = receiver.is_some_and(|receiver| receiver != earlier.document.receiver.id);
        if other && !earlier.tipo.is_boleta() {
            let message = format!(
                "{id} es de {} y la nota dice {}; debe ser el mismo receptor.",
                earlier.document.receiver.id,
                receiver.unwrap_or_default()
            );
            told.push(("reference-receiver", header_path("Receptor", "RUTRecep"), message));
        }
    }
    let document = &making.order.document;
    let exempt =
        correcting(document).all(|(_, r)| r.leaf("TpoDocRef").is_some_and(|kind| EXEMPT.contains(&kind)));
    let corrects_amounts = reasons(document).all(|reason| reason != "2");
    if exempt && corrects_amounts && correcting(document).next().is_some() {
        // What bore no tax gives none back.
        for (at, _) in document.groups("Detalle").enumerate().filter(|(_, line)| !line.has("IndExe")) {
            let message =
                format!("Línea {}: lo que se corrige es exento; márquela como exenta (IndExe 1).", at + 1);
            told.push(("note-taxed", format!("Detalle[{at}].IndExe"), message));
        }
    }
    told
}

/// A credit note lowers the tax of its issuer for six months (DL 825, art. 70, and Ley 21.398); later it says
/// so with IndNoRebaja.
fn late(making: &mut Making<'_>) {
    let Some(issued) = header::issued(&making.order.document) else { return };
    if making.tipo != Tipo::NotaCredito || making.header("IdDoc", "IndNoRebaja").is_some() {
        return;
    }
    let late = |date: Date| date.saturating_add(6.months()) < issued;
    let first = correcting(&making.order.document)
        .filter_map(|(at, r)| Some((at, r.leaf("FchRef")?.parse::<Date>().ok()?)))
        .find(|(_, date)| late(*date));
    let Some((at, date)) = first else { return };
    let message = format!(
        "Lo que se corrige es del {date}, de hace más de seis meses: la nota ya no rebaja el débito fiscal. Indique \
         que no rebaja (IndNoRebaja 1), o consulte a su contador."
    );
    making.warn("note-late", format!("Referencia[{at}].FchRef"), message);
}

/// Judges what a note comes to.
pub fn amounts(making: &mut Making<'_>, earlier: &[Earlier], totals: &Totals) {
    let mut told: Vec<Told> = Vec::new();
    let document = &making.order.document;
    let total = header_path("Totales", "MntTotal");
    if reasons(document).any(|reason| reason == "2") && totals.total != 0 {
        let message =
            "Una nota que corrige un texto (CodRef 2) no lleva montos: deje sus líneas en 0.".to_owned();
        told.push(("note-text-amount", total.clone(), message));
    }
    // REF-2-780.
    if reasons(document).any(|reason| reason == "1") {
        let (ours, total) = (Makeup::of(document), &total);
        told.extend(
            earlier
                .iter()
                .filter(|e| e.corrected && e.document.total.0 == totals.total)
                .flat_map(|earlier| {
                    ours.differs(&Makeup::of(&earlier.body)).into_iter().map(move |part| (earlier, part))
                })
                .map(|(earlier, part)| {
                    let message = format!(
                        "La nota anula {} y da {} por {}; debe ser {}, como en el documento.",
                        earlier.document.id,
                        part.said(),
                        part.words(),
                        part.right()
                    );
                    ("note-amount", header_path("Totales", part.tag()), message)
                }),
        );
        for earlier in earlier.iter().filter(|e| e.corrected && e.document.total.0 != totals.total) {
            let message = format!(
                "La nota anula {} y es por {}; debe ser por los {} del documento. Para una parte corrija montos (CodRef 3).",
                earlier.document.id,
                money::dotted(totals.total),
                money::dotted(earlier.document.total.0)
            );
            told.push(("note-amount", total.to_owned(), message));
        }
    }
    let corrected = earlier.iter().filter(|earlier| earlier.corrected);
    let most: i128 = corrected.clone().map(|earlier| i128::from(earlier.document.total.0)).sum();
    let all_known = corrected.count() == correcting(document).count();
    // What a note upon another gives back is of what that one corrected.
    let directly = most > 0 && on_credit(making).is_empty();
    if making.tipo == Tipo::NotaCredito && all_known && directly && i128::from(totals.total) > most {
        let message = format!(
            "La nota es por {} y lo que corrige suma {most}; no se devuelve más de lo que se cobró.",
            money::dotted(totals.total)
        );
        told.push(("note-exceeds", total, message));
    }
    for (code, path, message) in told {
        making.refuse(code, path, message);
    }
}
