//! What people did, as a list to look through.

use crate::engine::{Agent, Answer};
use crate::view::{ActView, ActsView};

/// Acts of a page when nobody says how many, and the most.
const PAGE: usize = 50;
const LONGEST_PAGE: usize = 200;

impl Agent {
    /// The acts older than `before` in which each of `words` is found, the newest first.
    pub fn acts(&self, words: &str, before: Option<u64>, limit: Option<u32>) -> Answer<ActsView> {
        let limit = limit.map_or(PAGE, |n| n as usize).clamp(1, LONGEST_PAGE);
        let found = self.0.reader.acts(words, before, limit)?;
        let view = |act: timbre_store::Act| ActView {
            number: act.sequence,
            at: act.at.to_string(),
            who: act.who,
            what: act.what,
            documents: act.documents,
            count: act.count,
        };
        Ok(ActsView { rows: found.rows.into_iter().map(view).collect(), next: found.next })
    }
}
