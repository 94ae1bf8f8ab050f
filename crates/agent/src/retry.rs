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
}
