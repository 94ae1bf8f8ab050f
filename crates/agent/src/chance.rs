//! Chance, handed in: nothing in the engine asks the machine for it directly.

/// Where the engine's chance comes from: names of parcels, boundaries of messages, the part of a pause
/// that is left to luck.
pub trait Chance: Send + Sync {
    /// Bytes that nobody can foretell; in a test, those that come next.
    fn draw(&self) -> [u8; 32];
}

/// The machine's own.
pub struct SystemChance;

impl Chance for SystemChance {
    fn draw(&self) -> [u8; 32] {
        rand::random()
    }
}
