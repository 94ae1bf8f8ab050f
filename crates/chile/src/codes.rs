//! By which codes the SII says what Timbre says: beside each of ours, those of the SII that are known. What
//! they mean is in `words`.

use timbre_core::{Refusal, Refusals};

/// Our code, and the SII's. Only what a source ties to the rule stands here: the SII's list of errors is not
/// published as a whole, and where its code is not known nothing is said.
static BESIDE: [(&str, &[&str]); 31] = [
    // Dates of document and CAF.
    ("date-late", &["DTE-1-650"]),
    ("grant-not-yet", &["TED-1-646", "HED-3-305"]),
    ("caf-not-yet", &["TED-1-646", "HED-3-305"]),
    ("grant-expired", &["CAF-3-517"]),
    ("caf-expired", &["CAF-3-517"]),
    ("stamp-dates", &["TED-1-647"]),
    // The CAF itself.
    ("caf-signature", &["CAF-3-514"]),
    ("caf-signature-invalid", &["CAF-3-514"]),
    ("caf-reencoded", &["CAF-3-514"]),
    ("caf-authority-unknown", &["CAF-3-516"]),
    // References of notes.
    ("note-without-reference", &["REF-3-415"]),
    ("note-reason-missing", &["REF-3-758"]),
    ("note-amount", &["REF-2-780"]),
    ("reference-rejected", &["REF-3-750"]),
    ("reference-unissued", &["REF-3-750"]),
    ("reference-pending", &["REF-3-750"]),
    ("reference-receiver", &["REF-3-751"]),
    // Stamp and signature.
    ("stamp-mismatch", &["TED-3-640"]),
    ("stamp-signature", &["TED-2-510"]),
    ("signature-digest", &["DTE-3-505"]),
    ("signature-value", &["DTE-3-505"]),
    ("signature-reference", &["DTE-3-505"]),
    ("signature-namespace", &["DTE-3-505"]),
    // The envelope: one folio twice, as the same document or as another, and its carátula.
    ("folio-repeated", &["DTE-3-100", "DTE-3-101"]),
    ("cover-sender", &["CRT-3-11"]),
    ("cover-receiver", &["CRT-3-18"]),
    // What its parser takes.
    ("text-not-latin1", &["ENV-3-0"]),
    ("value-not-allowed", &["LSX-00290"]),
    ("line-too-long", &["CHR-00002"]),
    ("schema-location", &["SCH-00001"]),
    ("prolog-missing", &["SCH-00001"]),
];

/// The SII's codes beside one of ours.
pub fn of(code: &str) -> Vec<String> {
    let found = BESIDE.iter().find(|(ours, _)| *ours == code);
    found.map(|(_, theirs)| theirs.iter().map(ToString::to_string).collect()).unwrap_or_default()
}

/// The same refusal, with the SII's codes.
pub fn beside(refusal: Refusal) -> Refusal {
    Refusal { authority_codes: of(&refusal.code), ..refusal }
}

pub fn beside_each(refusals: Refusals) -> Refusals {
    Refusals(refusals.0.into_iter().map(beside).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::words;

    #[test]
    fn each_of_theirs_has_its_words_and_each_of_ours_stands_once() {
        let ours: BTreeSet<&str> = BESIDE.iter().map(|(ours, _)| *ours).collect();
        assert_eq!(ours.len(), BESIDE.len());
        for code in BESIDE.iter().flat_map(|(_, theirs)| *theirs) {
            assert!(words::of(code).is_some(), "{code} is unknown to words");
        }
    }
}
