//! The journal read into the index: from where the index stands, or from the first frame.

use std::collections::BTreeMap;

use timbre_core::{Document, DocumentId, GrantId};

use crate::apply::{self, Stand};
use crate::index::Index;
use crate::live::Live;
use crate::overlay::Overlay;
use crate::segments::{Frame, Segments};
use crate::walk::{self, Damage, End, Met, Tip};
use crate::{Fact, Place, StoreError, frame, key};

/// Changes are written to the index in batches of about this many keys.
const AT_ONCE: usize = 4000;

/// What was found on the way.
#[derive(Debug, Default)]
pub(crate) struct Replayed {
    pub end: End,
    pub damage: Vec<Damage>,
    /// What came back and does not count: where, and how many bytes.
    pub overtaken: Vec<(Place, u64)>,
    /// Grants whose last folios may have been in a damaged part.
    pub doubts: BTreeMap<GrantId, Doubt>,
    /// Folios that were given and whose documents are missing: first and last of each gap.
    pub missing: Vec<(DocumentId, DocumentId)>,
    /// Documents that are in the journal twice in the same version.
    pub repeated: Vec<(DocumentId, u32)>,
    pub issued: u64,
    /// Facts that are sealed, and that nobody has keys for: only that they stand there is known.
    pub unread: u64,
}

/// How much of a grant's use may be missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Doubt {
    /// Frames that are missing, where that is known.
    pub frames: u64,
    /// Somebody who knows this sequence knows all of them.
    pub sequence: u64,
}

/// Applies everything after `start`.
pub(crate) fn replay(
    segments: &Segments,
    index: &Index,
    start: Tip,
    known: u64,
    progress: &dyn Fn(u64, u64),
) -> Result<Replayed, StoreError> {
    replay_showing(segments, index, start, known, progress, &mut |_| {})
}

/// The same; `show` is handed every document that is met, all versions.
pub(crate) fn replay_showing(
    segments: &Segments,
    index: &Index,
    start: Tip,
    known: u64,
    progress: &dyn Fn(u64, u64),
    show: &mut dyn FnMut(Document),
) -> Result<Replayed, StoreError> {
    let mut overlay = Overlay::new(index);
    let mut found = Replayed::default();
    let mut tip = start;
    let end = walk::walk(segments, start, known, progress, &mut |met| {
        match met {
            Met::Frame(frame) => {
                let before = tip;
                tip = before.then(frame);
                match read(segments, frame) {
                    Ok(Some(fact)) => take(&mut overlay, frame, fact, &mut found, show)?,
                    Ok(None) => {}
                    Err(StoreError::Sealed { .. }) if segments.keys().is_none() => found.unread += 1,
                    Err(StoreError::Damaged { why, .. }) => {
                        let damage = unreadable(frame, why);
                        step_over(index, &mut overlay, &before, &damage, &mut found)?;
                    }
                    Err(error) => return Err(error),
                }
            }
            Met::BatchEnd(end) => {
                if overlay.len() > AT_ONCE {
                    let full = std::mem::replace(&mut overlay, Overlay::new(index));
                    index.write(&full.into_puts(end)?)?;
                    crate::crash!("rebuild-half");
                }
            }
            Met::Damage(damage) => step_over(index, &mut overlay, &tip, damage, &mut found)?,
            Met::Overtaken(place, bytes) => found.overtaken.push((place, bytes)),
        }
        Ok(())
    })?;
    if !overlay.is_empty() {
        crate::crash!("replay-unwritten");
        index.write(&overlay.into_puts(&end.tip)?)?;
    }
    found.end = end;
    Ok(found)
}

/// The fact of a frame; the one that holds its segment's key has none.
fn read(segments: &Segments, frame: &Frame) -> Result<Option<Fact>, StoreError> {
    match frame.header.kind {
        frame::KEY => Ok(None),
        _ => segments.fact(frame).map(Some),
    }
}

/// It is what was written there, by its checksum, and does not open: its key is lost, or somebody who had none wrote
/// it.
fn unreadable(frame: &Frame, why: String) -> Damage {
    let documents = frame.header.kind == Fact::ISSUED;
    let bytes = frame.header.frame_length() as u64;
    Damage { place: frame.place, bytes, frames: Some(1), why, documents }
}

/// Goes on behind a damaged part that comes after `tip`. What became there of any earlier document is unknown from then
/// on, whether folios are in doubt or not; a file that is missing before where the index stands it knows already.
fn step_over<'i>(
    index: &'i Index,
    overlay: &mut Overlay<'i>,
    tip: &Tip,
    damage: &Damage,
    found: &mut Replayed,
) -> Result<(), StoreError> {
    if damage.documents {
        let full = std::mem::replace(overlay, Overlay::new(index));
        index.write(&full.into_puts(tip)?)?;
        doubt(index, tip, damage, &mut found.doubts)?;
    }
    if (damage.place.segment, damage.place.offset) >= tip.end {
        overlay.put(key::STEPPED_OVER.to_vec(), key::place_bytes(damage.place));
    }
    found.damage.push(damage.clone());
    Ok(())
}

fn take(
    overlay: &mut Overlay<'_>,
    frame: &Frame,
    fact: Fact,
    found: &mut Replayed,
    show: &mut dyn FnMut(Document),
) -> Result<(), StoreError> {
    let stand = Stand { at: frame.at(), place: frame.place, sequence: frame.header.sequence };
    let noticed = apply::apply(overlay, &fact, stand)?;
    if let Some(grant) = noticed.gave {
        found.doubts.remove(&grant);
    }
    found.missing.extend(noticed.skipped);
    // A person weighed what may be missing, for every grant.
    if matches!(fact, Fact::IssuingUnlocked { .. }) {
        found.doubts.clear();
    }
    if let Fact::Issued(issued) = fact {
        found.issued += 1;
        if noticed.repeated {
            found.repeated.push((issued.document.id.clone(), issued.document.version));
        }
        show(issued.document);
    }
    Ok(())
}

/// Any range that still had folios may have given some of them there.
fn doubt(
    index: &Index,
    tip: &Tip,
    damage: &Damage,
    doubts: &mut BTreeMap<GrantId, Doubt>,
) -> Result<(), StoreError> {
    for range in Live::load(index)?.ranges().into_iter().filter(|range| range.left() > 0) {
        let doubt = doubts.entry(range.grant.id).or_default();
        doubt.frames += damage.frames.unwrap_or(0);
        let reaches = damage.frames.map_or(u64::MAX, |frames| tip.sequence + frames);
        doubt.sequence = doubt.sequence.max(reaches);
    }
    Ok(())
}
