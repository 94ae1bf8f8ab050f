//! A secret that a person says, a PIN or a password: of it only what Argon2id makes is kept, and how often it was
//! wrong in a row, so that guessing takes ever longer and a restart forgives nothing.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use timbre_agent::clock::later;
use timbre_core::Timestamp;

use crate::vault::VaultError;
use crate::vault::passphrase::Stretch;

/// So many wrong ones cost nothing; each further one twice the wait of the one before, up to an hour.
pub(crate) const FREE: u32 = 3;
pub(crate) const WAIT: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(3600);

/// As it is kept in a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Secret {
    argon2id: Stretch,
    /// Base64.
    hash: String,
    /// Wrong ones in a row.
    #[serde(default)]
    wrong: u32,
    #[serde(default)]
    locked_until: Option<Timestamp>,
}

/// Why nothing can be kept of a secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    #[error(transparent)]
    Random(#[from] VaultError),
    #[error("Argon2id no aceptó sus propios parámetros")]
    Cost,
}

impl Secret {
    /// Takes a fraction of a second: not for an async task.
    pub fn new(said: &str) -> Result<Secret, SecretError> {
        let argon2id = Stretch::quick()?;
        let key = argon2id.key(said).ok_or(SecretError::Cost)?;
        Ok(Secret { argon2id, hash: STANDARD.encode(key.as_slice()), wrong: 0, locked_until: None })
    }

    /// Until when none is looked at. A clock that was put back must not lock for longer than any lock lasts.
    pub fn locked(&self, now: Timestamp) -> Option<Timestamp> {
        self.locked_until.filter(|until| now < *until && *until <= later(now, LONGEST))
    }

    /// Counts a try as a wrong one, or answers how many seconds none is looked at. What is counted is written down
    /// before the try is looked at: who pulls the plug gains none.
    pub fn count(&mut self, now: Timestamp) -> Result<(), u64> {
        if let Some(until) = self.locked(now) {
            return Err(u64::try_from(until.duration_since(now).as_secs()).unwrap_or_default() + 1);
        }
        self.wrong += 1;
        self.locked_until = wait(self.wrong).map(|wait| later(now, wait));
        Ok(())
    }

    /// Is it this one? Compared in constant time; `None` where what is kept is damaged. Takes a fraction of a second.
    pub fn is(&self, said: &str) -> Option<bool> {
        let hash = STANDARD.encode(self.argon2id.key(said)?.as_slice());
        Some(hash.len() == self.hash.len() && openssl::memcmp::eq(hash.as_bytes(), self.hash.as_bytes()))
    }

    /// Made of the same word at the same time: what is counted may differ.
    pub fn is_the_same(&self, other: &Secret) -> bool {
        self.argon2id == other.argon2id && self.hash == other.hash
    }

    /// It was said right.
    pub fn forgive(&mut self) {
        (self.wrong, self.locked_until) = (0, None);
    }
}

/// How long none is looked at after so many wrong ones.
fn wait(wrong: u32) -> Option<Duration> {
    let doubled = wrong.checked_sub(FREE)?;
    Some(WAIT.saturating_mul(1 << doubled.min(16)).min(LONGEST))
}

/// A wait as a person is told it.
pub(crate) fn span(seconds: u64) -> String {
    match seconds {
        0..=90 => format!("{seconds} segundos"),
        _ => format!("{} minutos", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_and_ends_at_an_hour() {
        assert_eq!((wait(2), wait(3), wait(4)), (None, Some(WAIT), Some(WAIT * 2)));
        assert_eq!(wait(40), Some(LONGEST));
    }

    #[test]
    fn a_clock_that_was_put_back_locks_no_longer_than_any_lock_lasts() {
        let now: Timestamp = "2026-11-26T12:00:00Z".parse().unwrap();
        let mut secret = Secret::new("2580").unwrap();
        for _ in 0..FREE {
            assert_eq!(secret.count(now), Ok(()));
        }
        assert_eq!(secret.count(now), Err(31));
        assert_eq!(secret.count("2026-11-20T12:00:00Z".parse().unwrap()), Ok(()));
    }
}
