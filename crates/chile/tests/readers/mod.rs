//! What must hold of bytes that nobody checked, for the three readers that take them: none panics, each says why
//! it takes nothing, and what it takes is sound. The corpus is replayed through these, and `fuzz/` searches
//! with them.

use bytes::Bytes;
use timbre_chile::{Chile, dte};
use timbre_core::document::NoDocuments;
use timbre_core::{Regime, Sale};

use super::desk;

/// The file of a CAF.
pub fn caf(bytes: &[u8]) {
    match Chile::default().grant(bytes, &desk::issuer()) {
        Ok(file) => assert!(file.grant.first <= file.grant.last && file.grant.public.contains("<CAF")),
        Err(refused) => assert!(!refused.0.is_empty()),
    }
}

/// A sale: what becomes a document is one that a second look has nothing against, and is read back as it was
/// written.
pub fn sale(bytes: &[u8]) {
    let read = Sale::read(Bytes::copy_from_slice(bytes), None);
    let drafted =
        read.and_then(|sale| Chile::default().draft(&sale, &desk::issuer(), &NoDocuments, desk::now()));
    match drafted {
        Ok(draft) => {
            let series = draft.series().0;
            // A date of before its CAF is refused when the folio is given.
            if draft.accepts(&desk::grant(&series)).is_err() {
                return;
            }
            let document = desk::seal(&*draft, 1);
            let (tipo, body) = dte::read(&document.bytes).expect("what is issued is read back");
            assert_eq!((tipo.series(), body.at(&["Encabezado", "IdDoc", "Folio"])), (&*series, Some("1")));
            let graver = |finding: &timbre_core::Finding| {
                finding.severity == timbre_core::Severity::Refuses && finding.code != "caf-training"
            };
            let found: Vec<_> = Chile::default().verify(&document.bytes).into_iter().filter(graver).collect();
            assert!(found.is_empty(), "the SII would refuse it: {found:?}");
        }
        Err(refused) => {
            assert!(!refused.0.is_empty());
            assert!(refused.0.iter().all(|r| !r.code.is_empty() && r.message.ends_with('.')), "{refused:?}");
        }
    }
}

/// A document or an envelope of anybody.
pub fn document(bytes: &[u8]) {
    let found = Chile::default().verify(bytes);
    assert!(!found.is_empty(), "even a good document here bears a CAF of training");
    // What is not ours is read no less.
    drop(dte::read(bytes));
}
