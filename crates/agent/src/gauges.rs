//! How long things took, counted by size for whoever watches from outside. Nothing is decided by it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds in microseconds: from a good disk's fsync to an authority's slow minute.
const BOUNDS: [u64; 13] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000, 15_000_000,
    60_000_000,
];

/// Counts of durations.
#[derive(Debug, Default)]
pub struct Histogram {
    counts: [AtomicU64; BOUNDS.len()],
    longer: AtomicU64,
    micros: AtomicU64,
}

/// A histogram as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Durations {
    /// Upper bound in seconds, and how many took no longer.
    pub buckets: Vec<(f64, u64)>,
    pub count: u64,
    /// In seconds.
    pub sum: f64,
}

impl Histogram {
    pub fn note(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().position(|bound| micros <= *bound).map(|at| &self.counts[at]);
        bucket.unwrap_or(&self.longer).fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub fn read(&self) -> Durations {
        let mut count = 0;
        let mut buckets = Vec::new();
        for (bound, counted) in BOUNDS.iter().zip(&self.counts) {
            count += counted.load(Ordering::Relaxed);
            buckets.push((*bound as f64 / 1e6, count));
        }
        count += self.longer.load(Ordering::Relaxed);
        Durations { buckets, count, sum: self.micros.load(Ordering::Relaxed) as f64 / 1e6 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bucket_counts_all_that_took_no_longer() {
        let histogram = Histogram::default();
        for ms in [1, 2, 2, 90_000] {
            histogram.note(Duration::from_millis(ms));
        }
        let read = histogram.read();
        assert_eq!(read.buckets[1], (0.001, 1));
        assert_eq!(read.buckets[2], (0.0025, 3));
        assert_eq!((read.buckets.last().unwrap().1, read.count), (3, 4));
        assert!((read.sum - 90.005).abs() < 1e-9);
    }
}
