//! Time, handed in: nothing in the engine asks the machine for it directly.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use timbre_core::Timestamp;

/// Where the engine's time comes from.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;

    /// Time that only goes on, from some moment of this run, whoever sets the clock. One that nobody sets is its own
    /// measure.
    fn steady(&self) -> Duration {
        until(Timestamp::UNIX_EPOCH, self.now())
    }
}

/// Less than this is how clocks are held to time, and no setting.
const SET_BY: Duration = Duration::from_secs(5);

/// Both times of one moment, to measure with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    shown: Timestamp,
    steady: Duration,
}

impl Reading {
    pub fn of(clock: &dyn Clock) -> Reading {
        Reading { shown: clock.now(), steady: clock.steady() }
    }

    /// Was the clock set since `before`, or did the machine sleep? Then spans over that moment are not what the clock
    /// shows.
    pub fn was_set_since(&self, before: &Reading) -> bool {
        let went = self.steady.saturating_sub(before.steady);
        let expected = later(before.shown, went);
        until(expected, self.shown).max(until(self.shown, expected)) > SET_BY
    }
}

/// The machine's own clock.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn steady(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }
}

/// A clock that follows tokio's: in tests with paused time it moves only as the timers do.
pub struct TokioClock {
    start: Timestamp,
    from: tokio::time::Instant,
}

impl TokioClock {
    /// Starts at `start`, now.
    pub fn starting_at(start: Timestamp) -> TokioClock {
        TokioClock { start, from: tokio::time::Instant::now() }
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        self.start
            .saturating_add(
                jiff::SignedDuration::try_from(self.from.elapsed()).unwrap_or(jiff::SignedDuration::MAX),
            )
            .unwrap_or(Timestamp::MAX)
    }
}

/// `from` and a span later, never past the end of time.
pub fn later(from: Timestamp, span: Duration) -> Timestamp {
    jiff::SignedDuration::try_from(span)
        .ok()
        .and_then(|span| from.checked_add(span).ok())
        .unwrap_or(Timestamp::MAX)
}

/// How long until `at`; zero when it is past.
pub fn until(now: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_is_told_from_one_that_went_on() {
        let at = |shown: i64, steady| Reading {
            shown: Timestamp::from_second(1_790_000_000 + shown).unwrap(),
            steady: Duration::from_secs(steady),
        };
        let before = at(0, 100);
        for (after, set) in [
            (at(120, 220), false),
            (at(124, 220), false),
            (at(116, 220), false),
            (at(3_720, 220), true),
            (at(-3_480, 220), true),
            // It slept.
            (at(28_800, 101), true),
        ] {
            assert_eq!(after.was_set_since(&before), set, "{after:?}");
        }
    }
}
