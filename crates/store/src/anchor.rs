//! What is remembered outside the folder: how far the journal had come. A restored backup or a
//! clone that went on can't be seen from inside. What follows from it is decided in `opening`.
//!
//! The file is written after the journal's sync, at most once a second (by the times of the
//! facts) and on closing, and is not synced itself: after a power cut it may be a little old,
//! never ahead of the journal.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use timbre_core::Timestamp;

use crate::disk::Disk;
use crate::{Mark, Place};

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// Names the journal: the hash of its first frame, in hexadecimal.
    pub installation: String,
    /// The last frame: its sequence, hash and place.
    pub sequence: u64,
    pub hash: String,
    pub frame: Place,
    /// How far every grant was used.
    pub marks: Vec<Mark>,
}

/// The writing end.
pub(crate) struct Anchor {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    written: Option<Timestamp>,
    behind: bool,
}

impl Anchor {
    pub fn new(disk: Arc<dyn Disk>, path: PathBuf) -> Anchor {
        Anchor { disk, path, written: None, behind: true }
    }

    /// Something was committed: is it time to write? (A clock that went back makes it so, too.)
    pub fn is_due(&mut self, at: Timestamp) -> bool {
        self.behind = true;
        self.written.is_none_or(|written| at < written || at.duration_since(written).as_millis() >= 1000)
    }

    pub fn is_behind(&self) -> bool {
        self.behind
    }

    /// Replaces the file. A failure is only logged: the anchor is a second line of defence, and
    /// the document is durable already.
    pub fn write(&mut self, memory: &Memory, at: Option<Timestamp>) {
        let half = self.path.with_extension("half");
        let result = serde_json::to_vec_pretty(memory).map_err(std::io::Error::other).and_then(|json| {
            if let Some(folder) = self.path.parent() {
                self.disk.make_folder(folder)?;
            }
            crate::crash!("anchor-before");
            self.disk.write(&half, &json)?;
            crate::crash!("anchor-half");
            self.disk.rename(&half, &self.path)
        });
        match result {
            Ok(()) => self.behind = false,
            Err(error) => tracing::warn!(%error, "no se pudo escribir el ancla"),
        }
        self.written = at.or(self.written);
    }
}

/// Reads the file; a missing or unreadable one says nothing.
pub(crate) fn read(disk: &dyn Disk, path: &Path) -> Option<Memory> {
    let unreadable = |error: &io::Error| {
        if error.kind() != io::ErrorKind::NotFound {
            tracing::warn!(%error, "el ancla no se puede leer y se ignora");
        }
    };
    let bytes = disk.read(path).inspect_err(unreadable).ok()?;
    serde_json::from_slice(&bytes)
        .inspect_err(|error| tracing::warn!(%error, "el ancla no se entiende y se ignora"))
        .ok()
}
