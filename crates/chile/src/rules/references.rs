//! Rules of Referencia.

use timbre_core::{DocumentId, Documents};

use super::Making;
use crate::tags::Group;
use crate::tipo::{self, Tipo};

/// Judges references; `known` gives the date of a document of this folder when the till left it out.
pub fn check(making: &mut Making<'_>, known: &dyn Documents) {
    match making.tipo {
        Tipo::Factura => factura(making, known),
        Tipo::Boleta => boleta(making),
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
fn factura(making: &mut Making<'_>, known: &dyn Documents) {
    for reference in making.order.document.groups_mut("Referencia") {
        if !reference.has("FchRef")
            && let Some(date) = known_date(reference, known)
        {
            reference.set("FchRef", date);
        }
    }
    let faults: Vec<(usize, &str, &str, String)> = making
        .order
        .document
        .groups("Referencia")
        .enumerate()
        .flat_map(|(at, reference)| faults(reference).into_iter().map(move |(c, t, m)| (at, c, t, m)))
        .collect();
    for (at, code, tag, message) in faults {
        making.refuse(code, format!("Referencia[{at}].{tag}"), format!("Referencia {}: {message}", at + 1));
    }
}

fn faults(reference: &Group) -> Vec<(&'static str, &'static str, String)> {
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
    match (reference.leaf("IndGlobal"), reference.leaf("FolioRef")) {
        // Formato DTE 2.4.2, E3 and E4: more than twenty documents of a type, without naming each.
        (Some(_), Some(folio)) if folio != "0" => {
            faults.push((
                "reference-global",
                "FolioRef",
                "con IndGlobal 1 el FolioRef debe ser 0.".to_owned(),
            ));
        }
        (None, Some("0")) => {
            faults.push((
                "reference-folio",
                "FolioRef",
                "FolioRef 0 es solo para referencias globales (IndGlobal 1).".to_owned(),
            ));
        }
        _ => {}
    }
    faults
}

/// The date of a document of our own that is still known.
fn known_date(reference: &Group, known: &dyn Documents) -> Option<String> {
    if reference.has("IndGlobal") {
        return None;
    }
    let number = reference.leaf("FolioRef")?.parse().ok()?;
    let id = DocumentId::new(reference.leaf("TpoDocRef")?, number);
    known.find(&id).map(|(document, _)| document.date.to_string())
}
