//! What a journal that was locked may not know: it is an older copy, another machine goes on with it, or its end is
//! damaged. What waits in it may have left from elsewhere, alone or with others.

use timbre_store::{OpenParcel, Reader, Row};

/// Is nobody sure that this version never left? It was issued before a lock was lifted, and did not begin to leave
/// since. What can't be read may have.
pub(crate) fn may_have_left(reader: &Reader, row: &Row) -> bool {
    let Some(lifted) = reader.lifted().filter(|lifted| row.frame < *lifted) else { return false };
    let events = reader.history(&row.id);
    events.map_or(true, |events| {
        !events.iter().any(|event| event.frame > lifted && event.fact["fact"] == "sending")
    })
}

/// Does what became of one document of this parcel tell nothing of the others? They may have left apart since.
pub(crate) fn is_unsure(reader: &Reader, open: &OpenParcel) -> bool {
    reader.locked().is_some() || reader.lifted().is_some_and(|lifted| open.frame < lifted)
}
