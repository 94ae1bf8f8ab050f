//! When to try again: pure, so that a table can test it.

use std::time::Duration;

/// The wait before try number `tries + 1`, after `tries` (≥ 1) that failed: doubles from `base` up
/// to `cap`, of which the upper half is left to chance (`luck` in 0..1), so that the tills of a
/// chain do not all come back in the same second after an outage.
pub fn backoff(tries: u32, base: Duration, cap: Duration, luck: f64) -> Duration {
    let doubled = base.saturating_mul(1u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX));
    let full = doubled.min(cap);
    full / 2 + full.mul_f64(luck.clamp(0.0, 1.0) / 2.0)
}

/// The pause after one of `last` that did not help, where nobody counts the tries.
pub fn longer(last: Duration, base: Duration, cap: Duration, luck: f64) -> Duration {
    backoff(1, last.saturating_mul(2).max(base), cap, luck)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_the_cap_and_chance_takes_half_at_most() {
        let (base, cap) = (Duration::from_secs(5), Duration::from_secs(60));
        for (tries, full) in [(1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (40, 60), (u32::MAX, 60)] {
            let full = Duration::from_secs(full);
            assert_eq!(backoff(tries, base, cap, 0.0), full / 2, "{tries}");
            assert_eq!(backoff(tries, base, cap, 1.0), full, "{tries}");
        }
    }

    #[test]
    fn a_pause_that_did_not_help_is_followed_by_a_longer_one_up_to_the_cap() {
        let seconds = Duration::from_secs;
        let (base, cap) = (seconds(5), seconds(60));
        for (last, full) in [(0, 5), (2, 5), (5, 10), (20, 40), (40, 60), (u64::MAX, 60)] {
            assert_eq!(longer(seconds(last), base, cap, 1.0), seconds(full), "{last}");
            assert_eq!(longer(seconds(last), base, cap, 0.0), seconds(full) / 2, "{last}");
        }
    }
}
