//! The line to each channel: up, down, or closed by the authority. Down means one look at a time
//! instead of a failing try per document.

use std::time::Duration;

use timbre_core::{Remark, Timestamp};

use crate::clock::later;
use crate::retry::backoff;

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
