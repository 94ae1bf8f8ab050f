//! Who knows more than the journal: an index that was put aside, the anchor, or a damaged part
//! that may have held the last folios. The answer is a lock, or counters that are raised.

use std::collections::BTreeMap;

use timbre_core::GrantId;

use crate::anchor::Memory;
use crate::live::Live;
use crate::replay::Replayed;
use crate::segments::Segments;
use crate::standing::Standing;
use crate::walk::{self, Met, Tip};
use crate::{LockReason, Locked, Mark, Place, StoreError, frame};

/// Weighs what is known against what the journal says.
pub(crate) struct Judge<'a> {
    pub segments: &'a Segments,
    pub memory: Option<&'a Memory>,
    /// There should be one: the folder is used with an anchor.
    pub anchored: bool,
    pub installation: Option<&'a str>,
}

#[derive(Default)]
pub(crate) struct Verdict {
    pub lock: Option<Locked>,
    /// Counters that the anchor knows better than a damaged journal.
    pub raise: Vec<Mark>,
}

impl Judge<'_> {
    /// The highest sequence that somebody outside the journal remembers of it.
    pub fn known(&self, standing: &Standing) -> u64 {
        let index = match standing {
            Standing::Agrees(tip, _) => tip.sequence,
            Standing::PutAside(Some(knew)) => knew.sequence,
            Standing::Empty | Standing::PutAside(None) => 0,
        };
        let ours = |memory: &&Memory| self.installation.is_none_or(|id| id == memory.installation);
        let anchor = self.memory.filter(ours).map_or(0, |memory| memory.sequence);
        index.max(anchor)
    }

    /// `ours` and `tip` are what the journal made of the index, and how far it says that each grant is used.
    pub fn judge(
        &self,
        ours: &[Mark],
        tip: &Tip,
        standing: &Standing,
        replayed: &mut Replayed,
    ) -> Result<Verdict, StoreError> {
        let mut verdict = Verdict::default();
        let mut reasons = Vec::new();
        let mut marks: BTreeMap<GrantId, Mark> = BTreeMap::new();
        collect(&mut marks, ours.to_vec());
        if let Standing::PutAside(Some(knew)) = standing {
            let ahead = higher(&knew.marks, ours);
            let unread = ahead.iter().all(|mark| is_unread(mark, ours, replayed));
            if knew.sequence > tip.sequence || !unread {
                reasons.push(LockReason::IndexAhead);
            } else if !ahead.is_empty() {
                reasons.push(LockReason::GrantUnreadable);
            }
            collect(&mut marks, knew.marks.clone());
        }
        if let Some(memory) = self.memory {
            let against = self.against_anchor(memory, tip)?;
            reasons.extend(against);
            for mark in higher(&memory.marks, ours) {
                // What the anchor knows of another history is no word on what is damaged in this one.
                let doubt = if against.is_none() { replayed.doubts.remove(&mark.grant) } else { None };
                match doubt {
                    Some(_) => verdict.raise.push(mark.clone()),
                    None if is_unread(&mark, ours, replayed) => reasons.push(LockReason::GrantUnreadable),
                    None => reasons.push(LockReason::AnchorAhead),
                }
            }
            replayed.doubts.retain(|_, doubt| against.is_some() || doubt.sequence > memory.sequence);
            collect(&mut marks, memory.marks.clone());
        }
        for (grant, doubt) in &replayed.doubts {
            reasons.push(LockReason::Damage);
            if let Some(mark) = marks.get_mut(grant) {
                mark.next += doubt.frames;
            }
        }
        // True of this machine alone: it hides no other reason.
        if self.anchored && self.memory.is_none() && *tip != Tip::default() {
            reasons.push(LockReason::AnchorMissing);
        }
        verdict.lock = reasons.first().map(|reason| Locked {
            reason: *reason,
            beyond: marks.into_values().collect(),
            said: Vec::new(),
        });
        Ok(verdict)
    }

    /// The lock that the anchor asks for while the folder is in use: another copy wrote it.
    pub fn foreign(&self, live: &Live, tip: &Tip) -> Result<Option<Locked>, StoreError> {
        let Some(memory) = self.memory else { return Ok(None) };
        let ahead = (!higher(&memory.marks, &live.marks()).is_empty()).then_some(LockReason::AnchorAhead);
        let reason = self.against_anchor(memory, tip)?.or(ahead);
        let mut marks = BTreeMap::new();
        collect(&mut marks, live.marks());
        collect(&mut marks, memory.marks.clone());
        Ok(reason.map(|reason| Locked { reason, beyond: marks.into_values().collect(), said: Vec::new() }))
    }

    fn against_anchor(&self, memory: &Memory, tip: &Tip) -> Result<Option<LockReason>, StoreError> {
        if memory.is_of_nothing() {
            return Ok(None);
        }
        if self.installation.is_some_and(|id| id != memory.installation) {
            return Ok(Some(LockReason::OtherHistory));
        }
        if memory.sequence > tip.sequence {
            return Ok(Some(LockReason::AnchorAhead));
        }
        let same = match self.segments.frame(memory.frame) {
            Ok(frame) => frame::hex(&frame.hash) == memory.hash,
            Err(StoreError::Damaged { .. }) => !self.is_elsewhere(memory)?,
            Err(error) => return Err(error),
        };
        Ok((!same).then_some(LockReason::OtherHistory))
    }

    /// The frame that is remembered can't be read in its place. Is it known all the same that it never was there: because
    /// a good one goes over that place, or has its number and stands in another?
    fn is_elsewhere(&self, memory: &Memory) -> Result<bool, StoreError> {
        let Place { segment, offset } = memory.frame;
        let mut found = false;
        walk::walk(self.segments, Tip::default(), u64::MAX, &|_, _| {}, &mut |met| {
            if let Met::Frame(frame) = met {
                let over =
                    frame.place.segment == segment && (frame.place.offset..frame.end()).contains(&offset);
                found |= over || frame.header.sequence == memory.sequence;
            }
            Ok(())
        })?;
        Ok(found)
    }
}

/// Does a damaged journal know nothing of this grant? Then it is not too short: what can't be read is that the grant was
/// loaded.
fn is_unread(mark: &Mark, ours: &[Mark], replayed: &Replayed) -> bool {
    !replayed.damage.is_empty() && ours.iter().all(|own| own.grant != mark.grant)
}

/// The marks that know a grant to be used further than the journal does.
fn higher(marks: &[Mark], ours: &[Mark]) -> Vec<Mark> {
    let ours: BTreeMap<&GrantId, u64> = ours.iter().map(|mark| (&mark.grant, mark.next)).collect();
    let ahead = |mark: &&Mark| ours.get(&mark.grant).is_none_or(|next| mark.next > *next);
    marks.iter().filter(ahead).cloned().collect()
}

pub(crate) fn collect(into: &mut BTreeMap<GrantId, Mark>, marks: Vec<Mark>) {
    for mark in marks {
        let known = into.entry(mark.grant.clone()).or_insert_with(|| mark.clone());
        known.next = known.next.max(mark.next);
    }
}
