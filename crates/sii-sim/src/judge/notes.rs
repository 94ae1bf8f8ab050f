//! What a note refers to, as far as it can be said without knowing the document it corrects (Formato DTE v2.4.2,
//! zone E); what the books know of that one is asked in `register`.

use super::reason::{self, Reason};
use crate::tree;
use roxmltree::Node;

/// What a note can correct: invoices, boletas and notes, on paper or electronic. A guía is none of them.
const CORRECTABLE: [&str; 21] = [
    "30", "32", "33", "34", "35", "38", "39", "40", "41", "43", "45", "46", "55", "56", "60", "61", "101",
    "103", "110", "111", "112",
];
/// A card's voucher, which may stand for a boleta.
const VOUCHER: &str = "48";
const GUIAS: [&str; 2] = ["50", "52"];
const CREDIT_NOTES: [&str; 3] = ["60", "61", "112"];

pub(super) fn check(documento: Node<'_, '_>, tipo: u16) -> Vec<Reason> {
    if matches!(tipo, 39 | 41) {
        return Vec::new();
    }
    let mut reasons: Vec<Reason> = tree::children(documento, "Referencia").filter_map(global).collect();
    if matches!(tipo, 56 | 61) {
        reasons.extend(corrections(documento, tipo));
    }
    reasons
}

/// `IndGlobal` stands for many documents of a type, whose folio is then 0 (field E3).
fn global(reference: Node<'_, '_>) -> Option<Reason> {
    let kind = tree::text(reference, "TpoDocRef").unwrap_or_default();
    if !CORRECTABLE.contains(&kind.as_str()) && !GUIAS.contains(&kind.as_str()) {
        return None;
    }
    let many = tree::at(reference, "IndGlobal").is_some();
    let none = tree::text(reference, "FolioRef").is_some_and(|folio| folio.parse() == Ok(0));
    (many != none).then(|| reason::BAD_DATA.because("FolioRef 0 es de IndGlobal, e IndGlobal de FolioRef 0"))
}

fn corrections(documento: Node<'_, '_>, tipo: u16) -> Vec<Reason> {
    let kind = |node: &Node<'_, '_>| tree::text(*node, "TpoDocRef").unwrap_or_default();
    let code = |node: &Node<'_, '_>| tree::text(*node, "CodRef");
    let references = || tree::children(documento, "Referencia");
    // References to orders, tenders, a test case (SET, 801, HES …) correct nothing, and need no CodRef.
    let corrected: Vec<_> = references().filter(|node| CORRECTABLE.contains(&kind(node).as_str())).collect();
    if corrected.is_empty() && !references().any(|node| kind(&node) == VOUCHER) {
        return vec![reason::NOTE_WITHOUT_REFERENCE.because("")];
    }
    let mut reasons = Vec::new();
    let missing = corrected.iter().filter(|node| code(node).is_none());
    reasons.extend(missing.map(|_| reason::REFERENCE_REASON.because("")));
    if corrected.len() > 1 && corrected.iter().any(|node| matches!(code(node).as_deref(), Some("1" | "2"))) {
        reasons.push(reason::BAD_DATA.because("CodRef 1 y 2 son de una sola referencia"));
    }
    for node in &corrected {
        // Field E8: a credit note annuls what charges, a debit note what credits.
        let credit = CREDIT_NOTES.contains(&kind(node).as_str());
        if code(node).as_deref() == Some("1") && credit != (tipo == 56) {
            reasons.push(reason::BAD_DATA.because(format!("una {tipo} no anula una {}", kind(node))));
        }
    }
    let text_only = corrected.iter().any(|node| code(node).as_deref() == Some("2"));
    let total = tree::text(documento, "Encabezado/Totales/MntTotal");
    if text_only && total.is_some_and(|total| total.parse() != Ok(0)) {
        reasons.push(reason::TOTALS.because("una correccion de texto no lleva montos"));
    }
    reasons
}
