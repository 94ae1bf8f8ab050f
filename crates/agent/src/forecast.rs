//! When all that waits will have been sent, at the pace that is seen: pure. Where nothing moves it can't be told.

use std::time::Duration;

use timbre_core::Timestamp;

use crate::clock::{later, until};

/// So much of what was seen counts.
const LOOKED_AT: Duration = Duration::from_secs(5 * 60);
/// Nothing sent for so long: whatever the pace was, it is not any more.
const STALLED: Duration = Duration::from_secs(2 * 60);
/// What lies farther away is no forecast.
const FARTHEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// How many documents had left at each look, while some waited.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    seen: Vec<(Timestamp, u64)>,
}

impl Pace {
    /// `left` documents wait now, and `gone` of all there are do not any more.
    pub fn see(&mut self, now: Timestamp, left: u64, gone: u64) {
        let backwards = self.seen.last().is_some_and(|(at, before)| *at > now || *before > gone);
        if left == 0 || backwards {
            // Idle time is no pace: it begins anew with the next that waits.
            self.seen.clear();
        }
        if left == 0 {
            return;
        }
        // When it last moved, and where it stands.
        if let [.., (_, before), (at, last)] = &mut self.seen[..]
            && *before == gone
            && *last == gone
        {
            *at = now;
        } else {
            self.seen.push((now, gone));
        }
        let old = self.seen.iter().take_while(|(at, _)| until(*at, now) > LOOKED_AT).count();
        self.seen.drain(..old.min(self.seen.len().saturating_sub(2)));
    }

    /// When the `left` ones will have gone.
    pub fn ends(&self, now: Timestamp, left: u64) -> Option<Timestamp> {
        let ((begin, first), (_, last)) = (self.seen.first()?, self.seen.last()?);
        let moved = self.seen.iter().find(|(_, gone)| gone == last).map(|(at, _)| *at)?;
        let gone = last.checked_sub(*first).filter(|gone| *gone > 0)?;
        if left == 0 || until(moved, now) > STALLED {
            return None;
        }
        let each = until(*begin, now).div_f64(gone as f64);
        let takes = Duration::try_from_secs_f64(each.as_secs_f64() * left as f64).ok()?;
        (takes <= FARTHEST).then(|| later(now, takes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        later(Timestamp::UNIX_EPOCH, Duration::from_secs(seconds))
    }

    #[test]
    fn the_pace_seen_goes_on() {
        let mut pace = Pace::default();
        assert_eq!(pace.ends(at(0), 9), None);
        for second in 0..=60 {
            // Fifty every ten seconds.
            pace.see(at(second), 1000 - second / 10 * 50, second / 10 * 50);
        }
        assert_eq!(pace.ends(at(60), 700), Some(at(60 + 140)));
        assert_eq!(pace.ends(at(60), 0), None);
        // Only the last minutes count: it has become slow.
        for second in (70..=1000).step_by(10) {
            pace.see(at(second), 650 - second / 10, 300 + second / 10);
        }
        assert_eq!(pace.ends(at(1000), 100), Some(at(2000)));
    }

    #[test]
    fn what_stands_still_can_not_be_told() {
        let mut pace = Pace::default();
        pace.see(at(0), 10, 0);
        pace.see(at(5), 10, 0);
        assert_eq!(pace.ends(at(5), 10), None, "nothing has left yet");
        pace.see(at(10), 9, 1);
        assert_eq!(pace.ends(at(10), 9), Some(at(100)));
        for second in 11..200 {
            pace.see(at(second), 9, 1);
        }
        assert_eq!(pace.ends(at(131), 9), None, "nothing for two minutes");
    }

    #[test]
    fn a_time_without_anything_to_send_is_no_pace() {
        let mut pace = Pace::default();
        pace.see(at(0), 1, 0);
        pace.see(at(1), 0, 1);
        pace.see(at(100), 10, 1);
        pace.see(at(101), 9, 2);
        assert_eq!(pace.ends(at(101), 9), Some(at(101 + 9)));
    }
}
