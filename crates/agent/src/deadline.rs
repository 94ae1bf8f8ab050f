//! The legal term of a document: how much of it has run, and when it ends. Pure functions over what is known of
//! the line; how that is found out is `coverage`'s, who is warned is `watchdog`'s.
//!
//! A term runs while there is data coverage. A document issued without coverage has its whole term from the moment
//! the line is back (Res. Ex. SII 74/2020, F.6, for boletas); while coverage is lost later the term stands still.
//! The text speaks of the first case only: for the second this is the shorter of its readings, as it does not begin
//! anew. That the authority does not answer, or that nothing is tried for a while, stops nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use timbre_core::regime::Term;
use timbre_core::{DocState, Profile, Series, Timestamp};
use timbre_store::Row;

use crate::clock::{later, until};
use crate::signing::SLACK_SECONDS;

/// What was said about the coverage: when, and whether there was any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    pub at: Timestamp,
    pub covered: bool,
}

/// For how long a word that there is no coverage is believed when nothing follows it: whoever said it may have
/// stopped, or slept. While there is none it is said again well within this.
pub const PROOF: Duration = Duration::from_secs(15 * 60);

/// A time without coverage. `until` is `None` while it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    pub from: Timestamp,
    pub until: Option<Timestamp>,
}

/// When the authority must have a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    At(Timestamp),
    /// There is no coverage now: so much of the term is left for when it is back.
    Stands {
        left: Duration,
    },
}

impl Limit {
    /// The earliest moment that it can be: never later than what is lawful.
    pub fn earliest(self, now: Timestamp) -> Timestamp {
        match self {
            Limit::At(at) => at,
            Limit::Stands { left } => later(now, left),
        }
    }
}

/// The times without coverage that these words prove, in order and apart. The words are in the order in which
/// they were said: one that is later than what was said after it was told by a wrong clock, and proves nothing.
pub fn gaps(words: &[Word], now: Timestamp) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = Vec::new();
    // The earliest time of those that were said after.
    let mut after = None;
    for word in words.iter().rev() {
        let proven = later(word.at, PROOF);
        let ends = match after {
            Some(after) => Some(proven.min(after)),
            None if now <= proven => None,
            None => Some(proven),
        };
        after = Some(after.map_or(word.at, |after: Timestamp| after.min(word.at)));
        if word.covered || word.at > now || ends.is_some_and(|ends| ends <= word.at) {
            continue;
        }
        match gaps.last_mut() {
            Some(later) if Some(later.from) == ends => later.from = word.at,
            _ => gaps.push(Gap { from: word.at, until: ends }),
        }
    }
    gaps.reverse();
    gaps
}

/// The times that one of both names, in order and apart.
pub fn merged(mut one: Vec<Gap>, mut other: Vec<Gap>) -> Vec<Gap> {
    one.append(&mut other);
    one.sort_by_key(|gap| gap.from);
    let mut apart: Vec<Gap> = Vec::new();
    for gap in one {
        match apart.last_mut() {
            Some(last) if last.until.is_none_or(|until| until >= gap.from) => {
                last.until = last.until.zip(gap.until).map(|(a, b)| a.max(b));
            }
            _ => apart.push(gap),
        }
    }
    apart
}

/// When `span` of a term that began at `issued` has run; [`Limit::Stands`] where the line must come back before.
pub fn reached(issued: Timestamp, span: Duration, gaps: &[Gap]) -> Limit {
    let mut from = issued;
    let mut left = span;
    for gap in gaps {
        if gap.until.is_some_and(|until| until <= from) {
            continue;
        }
        let runs = until(from, gap.from);
        // At the very moment of its end it has run: losing the line then gives nothing back.
        if runs >= left {
            break;
        }
        left = left.saturating_sub(runs);
        match gap.until {
            Some(until) => from = until,
            None => return Limit::Stands { left },
        }
    }
    Limit::At(later(from, left))
}

/// How much of a term that began at `issued` has run by `now`.
pub fn elapsed(issued: Timestamp, gaps: &[Gap], now: Timestamp) -> Duration {
    let without = gaps.iter().map(|gap| {
        let ends = gap.until.unwrap_or(Timestamp::MAX).min(now);
        until(gap.from.max(issued), ends)
    });
    until(issued, now).saturating_sub(without.sum())
}

/// Where people are told how much of a term has run, in percent; 100 when it is over.
pub const LEVELS: [u8; 4] = [50, 80, 95, OVER];
pub const OVER: u8 = 100;

/// The highest level that a term has come to.
pub fn level(ran: Duration, term: &Term) -> Option<u8> {
    LEVELS.into_iter().rev().find(|level| ran >= Duration::from_secs(term.seconds) * u32::from(*level) / 100)
}

/// Was it stamped by a clock that was ahead? Since when its term runs nobody knows: it counts as over, for that is
/// never later than what is lawful. (A clock that was set back a little gives the last stamp again for as long.)
fn by_another_clock(issued: Timestamp, now: Timestamp) -> bool {
    issued.duration_since(now).as_secs() > SLACK_SECONDS
}

/// What it takes to tell the limit of any document at one moment.
#[derive(Debug, Clone)]
pub struct Terms {
    pub of: Arc<BTreeMap<String, Term>>,
    pub gaps: Vec<Gap>,
    pub now: Timestamp,
}

impl Terms {
    pub fn term(&self, series: &Series) -> Option<&Term> {
        self.of.get(&series.0)
    }

    /// The times for which a term stands still.
    pub fn gaps_of(&self, term: &Term) -> &[Gap] {
        if term.stands_without_coverage { &self.gaps } else { &[] }
    }

    /// How much has run of a term that began at `issued`.
    pub fn ran(&self, issued: Timestamp, term: &Term) -> Duration {
        match by_another_clock(issued, self.now) {
            true => Duration::MAX,
            false => elapsed(issued, self.gaps_of(term), self.now),
        }
    }

    /// When `span` of a term that began at `issued` has run.
    pub fn reached(&self, issued: Timestamp, span: Duration, term: &Term) -> Limit {
        match by_another_clock(issued, self.now) {
            true => Limit::At(self.now),
            false => reached(issued, span, self.gaps_of(term)),
        }
    }

    /// How far the term of a document is, once there is something to say of it.
    pub fn level(&self, row: &Row) -> Option<u8> {
        let term = self.term(&row.id.series)?;
        level(self.ran(row.issued, term), term)
    }

    /// When the law wants a document at the authority; `None` once it is there, or where its type has no term.
    pub fn limit(&self, row: &Row) -> Option<Limit> {
        let waiting = matches!(
            row.state,
            DocState::Generado | DocState::Enviando | DocState::Pendiente | DocState::Verificando
        );
        let term = self.term(&row.id.series).filter(|_| waiting)?;
        Some(self.reached(row.issued, Duration::from_secs(term.seconds), term))
    }
}

/// The terms of a country with what a folder's settings say of them: one that the law's text gives can only be made
/// shorter, and not be done without; any other can be told, or done without (zero).
pub fn terms(profile: &Profile, told: &BTreeMap<String, Duration>) -> BTreeMap<String, Term> {
    let term = |kind: &timbre_core::regime::Kind| {
        let seconds = told.get(kind.series).map(Duration::as_secs);
        let term = match (kind.term, seconds) {
            (Some(term), None | Some(0)) if term.confirmed => Some(term),
            (Some(term), Some(told)) if term.confirmed => {
                Some(Term { seconds: term.seconds.min(told), ..term })
            }
            (Some(term), None) => Some(term),
            (_, Some(0)) | (None, None) => None,
            (_, Some(seconds)) => Some(Term { seconds, stands_without_coverage: false, confirmed: false }),
        };
        Some((kind.series.to_owned(), term.filter(|term| term.seconds > 0)?))
    };
    profile.kinds.iter().filter_map(term).collect()
}

#[cfg(test)]
mod tests;
