//! What waits for a channel, the most urgent first: read piece by piece, as a queue may be long.

use std::collections::VecDeque;

use timbre_core::{ChannelId, Series, Timestamp};
use timbre_store::{Reader, Row, StoreError};

use crate::deadline::Terms;
use crate::plan::Urgency;

/// How many rows are read at a time, from the second time on.
const PAGE: usize = 500;

/// A channel's documents in the order in which they should leave: the nearest legal deadline first, then first in,
/// first out.
pub(crate) struct Queue<'a> {
    reader: &'a Reader,
    channel: &'a ChannelId,
    terms: &'a Terms,
    lines: Vec<OfSeries>,
}

/// A series has one term: what was issued first is due first.
struct OfSeries {
    series: Series,
    /// The place to read on from, and how many rows; `None` where nothing follows.
    next: Option<(u64, usize)>,
    read: VecDeque<Row>,
}

impl<'a> Queue<'a> {
    /// `page` rows of each series are read at first.
    pub fn of(
        channel: &'a ChannelId,
        reader: &'a Reader,
        terms: &'a Terms,
        page: usize,
    ) -> Result<Queue<'a>, StoreError> {
        let next = Some((0, page.clamp(1, PAGE)));
        let line = |series| OfSeries { series, next, read: VecDeque::new() };
        let lines = reader.queued_series(channel)?.into_iter().map(line).collect();
        Ok(Queue { reader, channel, terms, lines })
    }

    /// The next one; `None` where that was the last.
    pub fn next(&mut self) -> Result<Option<Row>, StoreError> {
        for line in &mut self.lines {
            if let (true, Some((from, page))) = (line.read.is_empty(), line.next) {
                line.read.extend(self.reader.queue_of_series(self.channel, &line.series, from, page)?);
                let follows = line.read.back().filter(|_| line.read.len() >= page);
                line.next = follows.map(|last| (last.order + 1, PAGE));
            }
        }
        let urgency = |line: &OfSeries| line.read.front().map(|row| urgency(row, self.terms));
        let first =
            self.lines.iter_mut().filter(|line| !line.read.is_empty()).min_by_key(|line| urgency(line));
        Ok(first.and_then(|line| line.read.pop_front()))
    }
}

/// The nearest legal deadline first.
pub(crate) fn urgency(row: &Row, terms: &Terms) -> Urgency {
    let deadline = terms.limit(row).map_or(Timestamp::MAX, |limit| limit.earliest(terms.now));
    Urgency { deadline, order: row.order }
}

#[cfg(test)]
mod tests;
