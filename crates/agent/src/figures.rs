//! The engine's figures for whoever watches from outside: what a monitoring program asks for.

use std::collections::{BTreeMap, BTreeSet};

use timbre_core::{DocState, Series};

use crate::clock::until;
use crate::deadline::{OVER, Terms, elapsed, level};
use crate::engine::{Agent, Answer};
use crate::gauges::Durations;
use crate::sender::Class;
use crate::view::StatsView;

/// From this much of a legal term on, in percent, its end is called near.
const NEAR: u8 = 80;

/// All of them at one instant.
pub struct Figures {
    pub stats: StatsView,
    /// What concerns one type, for each that there are documents or folios of.
    pub kinds: BTreeMap<String, KindFigures>,
    /// From the sale to the answer.
    pub issue: Durations,
    /// From the append to the end of its fsync, index included.
    pub commit: Durations,
    /// From the call of fsync to its return.
    pub fsync: Durations,
    /// The authority's answers, by what was asked and how it ended.
    pub answers: Vec<(&'static str, Class, Durations)>,
}

/// The documents of one type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KindFigures {
    /// In every state, in their order; those that were replaced are among them.
    pub states: Vec<(&'static str, u64)>,
    /// That the authority does not have for certain.
    pub open: u64,
    /// Since the oldest of them was stamped, in seconds.
    pub oldest: u64,
    /// How many of them are near the end of their legal term, and past it; `None` where there is no term.
    pub deadlines: Option<(u64, u64)>,
    /// How many ever came to the end of their legal term without being there: told by the journal.
    pub missed: u64,
}

impl Agent {
    /// It reads the queue: not for an async task.
    pub fn figures(&self) -> Answer<Figures> {
        let (reader, stats) = (&self.0.reader, self.stats());
        let (counts, told, terms) = (reader.kinds(), reader.told()?, self.0.sender.terms());
        let known = counts.keys().map(|(series, _)| series.clone());
        let series: BTreeSet<_> = known.chain(stats.folios_left.keys().cloned().map(Series)).collect();
        let mut kinds = BTreeMap::new();
        for series in series {
            let of = |state| counts.get(&(series.clone(), state)).copied().unwrap_or_default();
            let stamped: Vec<_> =
                reader.unheld(&series, 0)?.into_iter().map(|(_, stamped)| stamped).collect();
            let figures = KindFigures {
                states: DocState::ALL.into_iter().map(|state| (state.word(), of(state))).collect(),
                open: stamped.len() as u64,
                oldest: stamped.iter().min().map_or(0, |first| until(*first, terms.now).as_secs()),
                deadlines: deadlines(&series, &stamped, &terms),
                missed: told.get(&(series.clone(), OVER)).copied().unwrap_or_default(),
            };
            kinds.insert(series.0, figures);
        }
        Ok(Figures {
            stats,
            kinds,
            issue: self.0.issued_in.read(),
            commit: self.0.writer.commits(),
            fsync: self.0.writer.fsync_times(),
            answers: self.0.sender.answered_in(),
        })
    }
}

/// Of the documents that were stamped then, those near the end of their term, and those past it.
fn deadlines(series: &Series, stamped: &[timbre_core::Timestamp], terms: &Terms) -> Option<(u64, u64)> {
    let term = terms.term(series)?;
    let gaps = terms.gaps_of(term);
    let level = |at| level(elapsed(at, gaps, terms.now), term).unwrap_or_default();
    let levels: Vec<_> = stamped.iter().map(|at| level(*at)).collect();
    let many = |is: fn(u8) -> bool| levels.iter().filter(|level| is(**level)).count() as u64;
    Some((many(|level| (NEAR..OVER).contains(&level)), many(|level| level >= OVER)))
}
