//! From a passphrase to a key: Argon2id, with its cost written beside its salt.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::rand::rand_bytes;
use serde::{Deserialize, Serialize};

use super::VaultError;
use super::cipher::Key;

/// Cost and salt. OWASP asks for 19 MiB and two passes at least; this takes a third of a second on
/// a small machine, once a start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    /// Base64.
    salt: String,
}

impl Stretch {
    pub fn random() -> Result<Stretch, VaultError> {
        Stretch::costing(64 * 1024, 3)
    }

    /// What OWASP asks for at the least: for what is asked while a customer waits.
    pub fn quick() -> Result<Stretch, VaultError> {
        Stretch::costing(19 * 1024, 2)
    }

    fn costing(memory_kib: u32, passes: u32) -> Result<Stretch, VaultError> {
        let mut salt = [0; 16];
        rand_bytes(&mut salt)?;
        Ok(Stretch { memory_kib, passes, lanes: 1, salt: STANDARD.encode(salt) })
    }

    /// `None` when the parameters are not what any version of Timbre writes: a damaged file must
    /// not make us ask for all the memory there is.
    pub fn key(&self, passphrase: &str) -> Option<Key> {
        let sane = self.memory_kib <= 1024 * 1024 && self.passes <= 32 && self.lanes <= 16;
        let salt = STANDARD.decode(&self.salt).ok().filter(|_| sane)?;
        let mut key = Key::default();
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(key.len())).ok()?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon.hash_password_into(passphrase.as_bytes(), &salt, &mut *key).ok()?;
        Some(key)
    }
}
