//! What may not differ when a rejected document is made again. Which number it gets is decided elsewhere.
//!
//! Under its own folio the paper that the customer already has stays true: same date of issue, same lines,
//! same total, same receptor. The fault alone is mended: a name, a giro, a comuna, a remark. Under another
//! folio the customer gets another paper, and only type and total stay, for it is the same sale.

use std::collections::BTreeSet;

use timbre_core::{Document, DocumentId, Documents, Number, Refusal, Refusals};

use crate::draft::DteDraft;
use crate::follow::in_place_of;
use crate::sale::Below;
use crate::tags::{Field, Group, Shape, markup};
use crate::{dom, latin1, money, sale};

/// What a line may change: neither stands on paper as what was sold, how much of it and for how much. In a note
/// the description may be the correction itself.
const FREE_IN_A_LINE: [&str; 2] = ["CdgItem", "DscItem"];
const FREE_IN_A_NOTES_LINE: [&str; 1] = ["CdgItem"];

/// Refuses, each with its path, what may not differ between the draft and the `rejected` document. `prefix`
/// stands before the paths of the sale received.
pub(crate) fn judge(
    draft: &DteDraft,
    rejected: &Document,
    number: Number,
    prefix: &str,
) -> Result<(), Refusals> {
    let refusals = differences(draft, rejected, number);
    match refusals.is_empty() {
        true => Ok(()),
        false => Err(Refusals(refusals.into_iter().map(|refusal| refusal.below(prefix)).collect())),
    }
}

/// A document that got another one in its place is not the one to refer to: the SII does not have it, or its
/// folio is to be annulled. What is made again under another folio refers to that other one.
pub(crate) fn follow(document: &mut Group, known: &dyn Documents) {
    for reference in document.groups_mut("Referencia") {
        let number = reference.leaf("FolioRef").and_then(|folio| folio.parse().ok());
        let (Some(kind), Some(number)) = (reference.leaf("TpoDocRef"), number) else { continue };
        let Some(last) = in_place_of(&DocumentId::new(kind, number), known) else { continue };
        if last.series.0 == kind
            && let Some((document, _)) = known.find(&last)
        {
            reference.set("FolioRef", last.number.to_string());
            reference.set("FchRef", document.date.to_string());
        }
    }
}

fn differences(draft: &DteDraft, rejected: &Document, number: Number) -> Vec<Refusal> {
    const TYPE: &str = "Encabezado.IdDoc.TipoDTE";
    const TOTAL: &str = "Encabezado.Totales.MntTotal";
    if draft.tipo.series() != rejected.id.series.0 {
        return vec![changed(TYPE, "el tipo de documento", rejected, number)];
    }
    let Some(before) = read(draft, rejected) else {
        let message = format!(
            "Los bytes guardados de {} no se pueden leer para compararlos: no se puede volver a emitir. Revise todos los datos, en Ajustes, y avise a soporte.",
            rejected.id
        );
        return vec![Refusal::new("reissue-unreadable", "", message)];
    };
    let now = &draft.document;
    let differs = |path: &[&str]| now.at(path) != before.at(path);
    if number == Number::New {
        let total = differs(&["Encabezado", "Totales", "MntTotal"]);
        return total.then(|| changed(TOTAL, "el total", rejected, number)).into_iter().collect();
    }
    let mut found = Vec::new();
    for (path, what) in [
        (["Encabezado", "IdDoc", "FchEmis"], "la fecha de emisión"),
        (["Encabezado", "IdDoc", "IndTraslado"], "el tipo de traslado"),
        (["Encabezado", "IdDoc", "IndNoRebaja"], "si rebaja el débito"),
        (["Encabezado", "IdDoc", "FchVenc"], "el vencimiento"),
        (["Encabezado", "IdDoc", "PeriodoDesde"], "el período"),
        (["Encabezado", "IdDoc", "PeriodoHasta"], "el período"),
        (["Encabezado", "Receptor", "RUTRecep"], "el RUT del receptor"),
    ] {
        if differs(&path) {
            found.push(changed(&path.join("."), what, rejected, number));
        }
    }
    let parts = |group: &Group| group.group("Encabezado").and_then(|e| e.group("Totales")).cloned();
    if let (Some(now), Some(before)) = (parts(now), parts(&before)) {
        let mut paths = BTreeSet::new();
        compare(&now, &before, "Encabezado.Totales", &[], &mut paths);
        found.extend(paths.iter().map(|path| changed(path, "los totales", rejected, number)));
    }
    let free = if draft.tipo.is_note() { &FREE_IN_A_NOTES_LINE[..] } else { &FREE_IN_A_LINE[..] };
    for (tag, what, free) in [
        ("Detalle", "las líneas", free),
        ("DscRcgGlobal", "los descuentos", &[]),
        // What a note corrects, or a factura bills, stands on paper too; its date or reason may be the fault.
        ("Referencia", "las referencias", &["FchRef", "RazonRef"]),
    ] {
        let (now, before): (Vec<_>, Vec<_>) = (now.groups(tag).collect(), before.groups(tag).collect());
        if now.len() != before.len() {
            found.push(changed(tag, what, rejected, number));
            continue;
        }
        let mut paths = BTreeSet::new();
        for (at, (now, before)) in now.into_iter().zip(before).enumerate() {
            compare(now, before, &format!("{tag}[{at}]"), free, &mut paths);
        }
        found.extend(paths.iter().map(|path| changed(path, what, rejected, number)));
    }
    found.truncate(sale::MOST_REFUSALS);
    found
}

/// What stands in the signed bytes of the rejected document.
fn read(draft: &DteDraft, rejected: &Document) -> Option<Group> {
    let dte = dom::read(&latin1::decode(&rejected.bytes)).ok()?;
    Some(markup::read(dte.child("Documento")?, draft.tipo.fields(), "", &mut |_, _| {}))
}

/// Gathers where two elements of one table differ.
fn compare(now: &Group, before: &Group, path: &str, free: &[&str], found: &mut BTreeSet<String>) {
    for field in now.fields().iter().filter(|field| !free.contains(&field.tag)) {
        let below = sale::under(path, field.tag);
        if now.count(field.tag) != before.count(field.tag) {
            found.insert(below);
            continue;
        }
        match field.shape {
            Shape::Group(_) => {
                for (at, (now, before)) in now.groups(field.tag).zip(before.groups(field.tag)).enumerate() {
                    compare(now, before, &indexed(&below, field, at), free, found);
                }
            }
            _ => {
                let texts = now.leaves(field.tag).zip(before.leaves(field.tag));
                let other = texts.enumerate().filter(|(_, (now, before))| !same(field.shape, now, before));
                found.extend(other.map(|(at, _)| indexed(&below, field, at)));
            }
        }
    }
}

fn indexed(path: &str, field: &Field, at: usize) -> String {
    if field.most > 1 { format!("{path}[{at}]") } else { path.to_owned() }
}

/// The same text, or the same number written otherwise.
fn same(shape: Shape, now: &str, before: &str) -> bool {
    let numbers = matches!(shape, Shape::Whole { .. } | Shape::Decimal { .. });
    let equal = || money::parse(now).is_some_and(|now| money::parse(before) == Some(now));
    now == before || (numbers && equal())
}

fn changed(path: &str, what: &str, rejected: &Document, number: Number) -> Refusal {
    let message = match number {
        Number::Same => format!(
            "{} se vuelve a emitir con su mismo folio, y el cliente ya tiene su papel: no puede cambiar {what}. Corrija solo la falta, o pida un folio nuevo (--new-folio).",
            rejected.id
        ),
        Number::New => format!(
            "El documento que reemplaza a {} es de la misma venta: no puede cambiar {what}.",
            rejected.id
        ),
    };
    Refusal::new("reissue-changes", path, message)
}
