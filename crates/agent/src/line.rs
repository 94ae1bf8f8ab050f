//! The line to each channel: up, down, or closed by the authority. Down means one look at a time
//! instead of a failing try per document.

use std::time::Duration;

use timbre_core::{ChannelId, Remark, Timestamp};
use timbre_store::Fact;

use crate::clock::later;
use crate::retry::backoff;
use crate::sender::{Sender, lock};

/// What is known of one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    Up,
    /// Nothing gets through.
    Down {
        since: Timestamp,
        next_look: Timestamp,
        why: String,
    },
    /// The authority answers and refuses everything for a reason a person must mend.
    Refused {
        why: Remark,
        retry_at: Timestamp,
    },
}

impl Line {
    /// May work for this channel start now?
    pub fn open(&self, now: Timestamp) -> bool {
        match self {
            Line::Up => true,
            Line::Down { .. } => false,
            Line::Refused { retry_at, .. } => *retry_at <= now,
        }
    }

    /// When to look again, where that is known.
    pub fn next(&self) -> Option<Timestamp> {
        match self {
            Line::Up => None,
            Line::Down { next_look, .. } => Some(*next_look),
            Line::Refused { retry_at, .. } => Some(*retry_at),
        }
    }

    /// The line after a failure: the `tries`-th since something was last heard.
    pub fn failed(
        &self,
        tries: u32,
        now: Timestamp,
        why: &str,
        base: Duration,
        cap: Duration,
        luck: f64,
    ) -> Line {
        let since = match self {
            Line::Down { since, .. } => *since,
            Line::Up | Line::Refused { .. } => now,
        };
        Line::Down { since, next_look: later(now, backoff(tries, base, cap, luck)), why: why.to_owned() }
    }
}

impl Sender {
    /// Sets a line and says so in the journal when it went up or down.
    pub(crate) async fn set_line(&self, channel: &ChannelId, line: Line) {
        let why = match &line {
            Line::Up => String::new(),
            Line::Down { why, .. } => why.clone(),
            Line::Refused { why, .. } => why.meaning.clone(),
        };
        let was_up = {
            let mut lines = lock(&self.known_lines);
            let before = lines.insert(channel.clone(), line.clone());
            matches!(before, None | Some(Line::Up))
        };
        let up = matches!(line, Line::Up);
        if was_up != up {
            tracing::info!(channel = channel.0, up, why, "line");
            let fact = Fact::Line { what: channel.0.clone(), up, why };
            if let Err(error) = self.writer().commit(vec![fact]).await {
                tracing::error!(%error, "the state of the line can't be written");
            }
            self.wake();
        }
    }

    pub(crate) async fn line_failed(&self, channel: &ChannelId, why: &str) {
        let line = lock(&self.known_lines).get(channel).cloned().unwrap_or(Line::Up);
        let tries = {
            let mut failures = lock(&self.failures);
            let tries = failures.entry(channel.clone()).or_default();
            *tries = tries.saturating_add(1);
            *tries
        };
        let settings = self.settings();
        let (base, cap) = (settings.line_base, settings.line_cap);
        let failed = line.failed(tries, self.now(), why, base, cap, rand::random());
        self.set_line(channel, failed).await;
    }

    /// The authority took something again: what it refused before is mended.
    pub(crate) async fn accepted_again(&self, channel: &ChannelId) {
        let refused = matches!(lock(&self.known_lines).get(channel), Some(Line::Refused { .. }));
        if refused {
            self.set_line(channel, Line::Up).await;
        }
    }

    pub(crate) fn line_is_open(&self, channel: &ChannelId) -> bool {
        lock(&self.known_lines).get(channel).is_some_and(|line| line.open(self.now()))
    }

    pub(crate) fn heard_something(&self, channel: &ChannelId) {
        lock(&self.failures).remove(channel);
    }

    pub(crate) async fn refuse_channel(&self, channel: &ChannelId, why: Remark, retry_at: Timestamp) {
        self.set_line(channel, Line::Refused { why, retry_at }).await;
    }

    pub(crate) fn look_now(&self, now: Timestamp) {
        for line in lock(&self.known_lines).values_mut() {
            match line {
                Line::Up => {}
                Line::Down { next_look, .. } => *next_look = now,
                Line::Refused { retry_at, .. } => *retry_at = now,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_down_remembers_since_when_and_looks_less_and_less() {
        let t0 = Timestamp::UNIX_EPOCH;
        let (base, cap) = (Duration::from_secs(5), Duration::from_secs(60));
        let down = Line::Up.failed(1, t0, "x", base, cap, 1.0);
        assert!(!down.open(t0));
        assert_eq!(down.next(), Some(later(t0, base)));
        let t1 = later(t0, base);
        let longer = down.failed(2, t1, "x", base, cap, 1.0);
        assert_eq!(longer.next(), Some(later(t1, base * 2)));
        assert!(matches!(longer, Line::Down { since, .. } if since == t0));
    }
}
