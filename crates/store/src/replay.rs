//! The journal read into the index: from where the index stands, or from the first frame.

use std::collections::BTreeMap;

use timbre_core::{Document, DocumentId, GrantId};

use crate::apply::{self, Stand};
use crate::index::Index;
use crate::live::Live;
use crate::overlay::Overlay;
use crate::segments::{Frame, Segments};
use crate::walk::{self, Damage, End, Met, Tip};
use crate::{Fact, StoreError};

/// Changes are written to the index in batches of about this many keys.
const AT_ONCE: usize = 4000;

/// What was found on the way.
#[derive(Debug, Default)]
pub(crate) struct Replayed {
    pub end: End,
    pub damage: Vec<Damage>,
    /// Grants whose last folios may have been in a damaged part.
    pub doubts: BTreeMap<GrantId, Doubt>,
    /// Folios that were given and whose documents are missing: first and last of each gap.
    pub missing: Vec<(DocumentId, DocumentId)>,
    /// Documents that are in the journal twice in the same version.
    pub repeated: Vec<(DocumentId, u32)>,
    pub issued: u64,
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
                tip = tip.then(frame);
                take(&mut overlay, frame, &mut found, show)?;
            }
            Met::BatchEnd(end) => {
                if overlay.len() > AT_ONCE {
                    let full = std::mem::replace(&mut overlay, Overlay::new(index));
                    index.write(&full.into_puts(end)?)?;
                    crate::crash!("rebuild-half");
                }
            }
            Met::Damage(damage) => {
                if damage.documents {
                    let full = std::mem::replace(&mut overlay, Overlay::new(index));
                    index.write(&full.into_puts(&tip)?)?;
                    doubt(index, &tip, damage, &mut found.doubts)?;
                }
                found.damage.push(damage.clone());
            }
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

fn take(
    overlay: &mut Overlay<'_>,
    frame: &Frame,
    found: &mut Replayed,
    show: &mut dyn FnMut(Document),
) -> Result<(), StoreError> {
    let fact = frame.fact()?;
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
