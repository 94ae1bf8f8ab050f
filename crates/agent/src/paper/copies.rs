//! Which paper of a document comes out next. What somebody may hold is not made a second time unmarked; what says
//! otherwise than the document does now counts for nothing.

use timbre_core::DocumentId;
use timbre_core::Regime;
use timbre_core::TillData;
use timbre_core::paper::Copy;
use timbre_core::receipt::Receipt;
use timbre_store::{Fact, Reader, StoreError};

/// The customer's, or the one to be ceded: the first is one of its own, the next ones are marked.
pub(super) fn next(
    reader: &Reader,
    regime: &dyn Regime,
    id: &DocumentId,
    ceded: bool,
) -> Result<Copy, StoreError> {
    let versions = reader.versions(id)?.len();
    let mut out = false;
    let mut said: Option<Receipt> = None;
    for event in reader.history(id)? {
        // A paper may be what can't be read.
        out |= event.is_unreadable();
        match serde_json::from_value(event.fact) {
            Ok(Fact::Issued(issued)) if versions > 1 && issued.document.id == *id => {
                let Some(document) = reader.version(id, issued.document.version)? else { continue };
                let now = regime.receipt(&document, &issued.till);
                out &= said.as_ref().is_some_and(|before| say_the_same(before, &now));
                said = Some(now);
            }
            Ok(Fact::Printed { copy, how, .. }) if copy.is_ceded() == ceded && !copy.is_marked() => {
                out |= how.is_out();
            }
            // Of what another release wrote no paper is known.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(match (ceded, out) {
        (false, false) => Copy::Original,
        (false, true) => Copy::Repeated,
        (true, false) => Copy::Ceded,
        (true, true) => Copy::CededAgain,
    })
}

/// Whether a paper of the one is true of the other. The stamp and the hour of signing are not read by a customer.
pub(crate) fn say_the_same(one: &Receipt, other: &Receipt) -> bool {
    let read = |receipt: &Receipt| {
        let mut read = Receipt { code: None, till: Vec::new(), ..receipt.clone() };
        read.date = read.date.split(' ').next().unwrap_or_default().to_owned();
        read
    };
    read(one) == read(other)
}

/// A document that is made again under its own number may be another to read: then it is another paper.
pub(crate) fn reads_otherwise(
    regime: &dyn Regime,
    before: &timbre_core::Document,
    now: &timbre_core::Document,
    till: &TillData,
) -> bool {
    !say_the_same(&regime.receipt(before, till), &regime.receipt(now, till))
}
