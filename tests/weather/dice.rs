//! Chance with a seed: the same seed, the same throws.

use std::sync::Mutex;

use timbre_agent::chance::Chance;

/// SplitMix64 (Steele, Lea and Flood, 2014): small, and good enough to shuffle weather.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice for one purpose of a run, which throw nothing that another purpose's do.
    pub fn new(seed: u64, purpose: &str) -> Dice {
        let mixed = purpose.bytes().fold(seed, |sum, byte| Dice(sum ^ u64::from(byte)).next());
        Dice(mixed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to `high`, both included.
    pub fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    /// So many times in a thousand.
    pub fn permille(&mut self, of: u64) -> bool {
        self.next() % 1_000 < of
    }

    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.next() % all.len() as u64).expect("an index")]
    }
}

/// The engine's chance in a run.
pub struct Loaded(Mutex<Dice>);

impl Loaded {
    pub fn new(dice: Dice) -> Loaded {
        Loaded(Mutex::new(dice))
    }
}

impl Chance for Loaded {
    fn draw(&self) -> [u8; 32] {
        let mut dice = self.0.lock().expect("one thread");
        let mut bytes = [0; 32];
        bytes.chunks_exact_mut(8).for_each(|eight| eight.copy_from_slice(&dice.next().to_le_bytes()));
        bytes
    }
}
