//! What a journal may not know of what waits in it: it is an older copy, another machine goes on with it, or a part of it
//! is damaged. Any of that may have left, alone or with others, and have its verdict.

use serde_json::Value;
use timbre_store::{OpenParcel, Reader, Row};

/// Is nobody sure that this version never left? It was issued before a lock was lifted or damage stepped over, and as far
/// as can be read did not begin to leave since, nor was said twice to be absent since: that is as good as to be asked again.
pub(crate) fn may_have_left(reader: &Reader, row: &Row) -> bool {
    let Some(unsure) = reader.unsure_before().filter(|unsure| row.frame < *unsure) else { return false };
    let events = reader.history(&row.id);
    events.map_or(true, |events| {
        let is_sure = |fact: &Value| fact["fact"] == "sending" || fact["cause"] == "absent";
        !events.iter().any(|event| event.frame >= unsure && is_sure(&event.fact))
    })
}

/// Does what became of one document of this parcel tell nothing of the others? They may have left apart since.
pub(crate) fn is_unsure(reader: &Reader, open: &OpenParcel) -> bool {
    reader.locked().is_some() || reader.unsure_before().is_some_and(|unsure| open.frame < unsure)
}
