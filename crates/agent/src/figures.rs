//! The engine's figures for whoever watches from outside: what a monitoring program asks for.

use std::collections::BTreeMap;

use timbre_core::DocState;

use crate::engine::{Agent, Answer};
use crate::gauges::Durations;
use crate::view::StatsView;

/// All of them at one instant.
pub struct Figures {
    pub stats: StatsView,
    /// Documents by state; those that were replaced are among them.
    pub states: Vec<(&'static str, u64)>,
    /// What is not at the authority yet: type, documents, and the age of the oldest in seconds.
    pub open: BTreeMap<String, (u64, i64)>,
    /// From the sale to the answer.
    pub issue: Durations,
    /// From the append to the end of its fsync, index included.
    pub commit: Durations,
    /// The authority's answers, by what was asked and whether it was a good one.
    pub answers: Vec<(&'static str, bool, Durations)>,
}

impl Agent {
    /// It reads the queue: not for an async task.
    pub fn figures(&self) -> Answer<Figures> {
        let now = self.0.clock.now();
        let counts = self.0.reader.counts();
        let mut open: BTreeMap<String, (u64, i64)> = BTreeMap::new();
        for row in self.0.reader.queue(usize::MAX)? {
            let age = now.duration_since(row.issued).as_secs();
            let of_series = open.entry(row.id.series.to_string()).or_default();
            *of_series = (of_series.0 + 1, of_series.1.max(age));
        }
        Ok(Figures {
            stats: self.stats(),
            states: DocState::ALL.into_iter().map(|state| (state.word(), counts.of(state))).collect(),
            open,
            issue: self.0.issued_in.read(),
            commit: self.0.writer.commits(),
            answers: self.0.sender.answered_in(),
        })
    }
}
