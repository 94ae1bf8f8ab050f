//! How the keys of the journal's sealed segments are closed: with the folder's key, and beside each the folder's key
//! itself, wrapped with the recovery key. So what stands at a segment's head is enough for who has either of them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use timbre_core::{KeyError, Seals};
use timbre_store::{Key, SegmentKeys};

use super::cipher::FolderId;
use super::{RecoveryKey, Vault};

/// What a segment's key is sealed for.
const PURPOSE: &str = "segment";

/// As it stands at a segment's head, in JSON; binary fields are base64.
#[derive(Serialize, Deserialize)]
struct Closed {
    folder: String,
    key: String,
    recovery: String,
}

impl SegmentKeys for Vault {
    fn close(&self, key: &Key) -> Result<Vec<u8>, KeyError> {
        let none = || KeyError::Failed("esta carpeta no tiene clave de recuperación".to_owned());
        let closed = Closed {
            folder: self.folder.to_string(),
            key: STANDARD.encode(self.seal(PURPOSE, &**key)?),
            recovery: self.wrapped().ok_or_else(none)?,
        };
        serde_json::to_vec(&closed).map_err(|e| KeyError::Failed(e.to_string()))
    }

    fn open(&self, closed: &[u8]) -> Result<Key, KeyError> {
        let other = || KeyError::Failed("la bóveda de esta carpeta no es la que la cerró".to_owned());
        let closed: Closed = serde_json::from_slice(closed).map_err(|_| other())?;
        let sealed = STANDARD.decode(&closed.key).map_err(|_| other())?;
        let secret = self.unseal(PURPOSE, &sealed).map_err(|_| other())?;
        let mut key = Key::default();
        if secret.len() != key.len() {
            return Err(other());
        }
        key.copy_from_slice(&secret);
        Ok(key)
    }
}

/// The folder's key as the recovery key wrapped it, in what stands at a segment's head of this folder.
pub(super) fn wrapped(closed: &[u8], folder: &FolderId) -> Option<String> {
    let closed: Closed = serde_json::from_slice(closed).ok()?;
    (FolderId::parse(&closed.folder)? == *folder).then_some(closed.recovery)
}

/// The folder's name and key in what stands at a segment's head, and the key as it was wrapped; `None` when another
/// recovery key wrapped it.
pub(super) fn recovered(closed: &[u8], recovery: &RecoveryKey) -> Option<(FolderId, Key, String)> {
    let closed: Closed = serde_json::from_slice(closed).ok()?;
    let folder = FolderId::parse(&closed.folder)?;
    let key = recovery.unwrap(&folder, &STANDARD.decode(&closed.recovery).ok()?)?;
    Some((folder, key, closed.recovery))
}
