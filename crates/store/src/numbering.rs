//! Which folio is next: a working copy of the ranges' counters, to number a batch before it is
//! written. The counters themselves move only when facts are committed.

use std::sync::Arc;

use timbre_core::{Folio, Grant, Refusal, Series};

use crate::Range;

/// The ranges as they stand, in ascending order of their first folio.
#[derive(Debug, Clone)]
pub struct Numbering {
    ranges: Vec<Lent>,
}

#[derive(Debug, Clone)]
struct Lent {
    grant: Arc<Grant>,
    last: u64,
    next: u64,
    stopped: Option<String>,
}

/// Why there is no folio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoFolio {
    /// No grant of this series was ever loaded.
    NoGrant,
    /// Every folio was given; `last` is the highest of them.
    Exhausted { last: u64 },
    /// There are folios, but no range that may be used for this document: the first reason, or the first that is
    /// for good, since what one range refuses so the sale must change.
    Refused(Refusal),
}

impl Numbering {
    /// From the ranges as a reader sees them: in the writer, where they can't change meanwhile.
    pub fn of(ranges: Vec<Range>) -> Numbering {
        let lent = |range: Range| Lent {
            grant: Arc::new(range.grant),
            last: range.last,
            next: range.next,
            stopped: range.stopped,
        };
        Numbering { ranges: ranges.into_iter().map(lent).collect() }
    }

    /// Takes the next folio of a series. A range that is used up or stopped is passed over, and
    /// so is one that `accepts` refuses; the next one goes on without a gap.
    pub fn take(
        &mut self,
        series: &Series,
        accepts: &mut dyn FnMut(&Grant) -> Result<(), Refusal>,
    ) -> Result<Folio, NoFolio> {
        let mut exhausted = None;
        let mut refused: Option<Refusal> = None;
        // Of a range that would take it and only stands still: a person can reopen that one, so nothing is for good.
        let mut held = None;
        for range in self.ranges.iter_mut().filter(|range| range.grant.series == *series) {
            if range.next > range.last {
                exhausted = exhausted.max(Some(range.last));
                continue;
            }
            let answer = match &range.stopped {
                Some(why) => {
                    let stopped = stopped(why);
                    if held.is_none() && accepts(&range.grant).is_ok() {
                        held = Some(stopped.clone());
                    }
                    Err(stopped)
                }
                None => accepts(&range.grant),
            };
            if let Err(refusal) = answer {
                if refused.as_ref().is_none_or(|first| first.temporary && !refusal.temporary) {
                    refused = Some(refusal);
                }
                continue;
            }
            let folio =
                Folio::of(range.grant.clone(), range.next).expect("a range's counter stays inside its grant");
            range.next += 1;
            return Ok(folio);
        }
        Err(match (held.or(refused), exhausted) {
            (Some(refusal), _) => NoFolio::Refused(refusal),
            (None, Some(last)) => NoFolio::Exhausted { last },
            (None, None) => NoFolio::NoGrant,
        })
    }
}

fn stopped(why: &str) -> Refusal {
    Refusal::temporary(
        "grant-stopped",
        "",
        format!("El rango de folios está detenido: {why}. Revise el rango o cargue otro CAF."),
    )
}

/// First and last folio of part `share.0` of `share.1`: contiguous parts that differ by one folio
/// at most. `None` when there is no such part, or nothing in it.
pub fn share(grant: &Grant, share: (u32, u32)) -> Option<(u64, u64)> {
    let (part, parts) = (u128::from(share.0), u128::from(share.1));
    if part == 0 || part > parts || grant.last < grant.first || grant.last == u64::MAX {
        return None;
    }
    let length = u128::from(grant.last - grant.first) + 1;
    let begin = length * (part - 1) / parts;
    let end = length * part / parts;
    let folio = |offset: u128| grant.first + offset as u64;
    (begin < end).then(|| (folio(begin), folio(end - 1)))
}

/// Which of so many parts a folio is in; `None` where the range does not have it.
pub(crate) fn part_of(grant: &Grant, parts: u32, folio: u64) -> Option<u32> {
    if parts == 0 || !(grant.first..=grant.last).contains(&folio) {
        return None;
    }
    let length = u128::from(grant.last - grant.first) + 1;
    let before = u128::from(folio - grant.first) + 1;
    // The first part that ends behind it.
    u32::try_from((before * u128::from(parts)).div_ceil(length)).ok()
}
