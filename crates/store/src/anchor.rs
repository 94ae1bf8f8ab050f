//! What is remembered outside the folder: how far the journal had come. A restored backup or a
//! clone that went on can't be seen from inside. What follows from it is decided in `verdict`.
//!
//! Two files: the *base*, on the device before it counts, says how far the journal had come when
//! the folder was opened, or a minute ago; the other one is written after the journal's sync, at
//! most once a second (by the times of the facts) and on closing, and is not synced but where all
//! begins anew: after a power cut it may be a little old or not be read, never ahead of the journal.
//! The base of a folder that is made stands before its journal's first frame, so that a journal without
//! an anchor is always a folder that came from elsewhere, or whose anchor was lost.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use timbre_core::Timestamp;

use crate::disk::Disk;
use crate::{Mark, Place, StoreError};

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// Names the journal: the hash of its first frame, in hexadecimal; empty before there is one.
    pub installation: String,
    /// The last frame: its sequence, hash and place.
    pub sequence: u64,
    pub hash: String,
    pub frame: Place,
    /// How far every grant was used.
    pub marks: Vec<Mark>,
}

impl Memory {
    /// Of a journal without a frame.
    pub fn of_nothing() -> Memory {
        let frame = Place { segment: 1, offset: 0 };
        Memory { installation: String::new(), sequence: 0, hash: String::new(), frame, marks: Vec::new() }
    }

    pub fn is_of_nothing(&self) -> bool {
        self.installation.is_empty()
    }
}

/// The writing end.
pub(crate) struct Anchor {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    /// The file as it was written or read here the last time.
    seen: Option<Vec<u8>>,
    written: Option<Timestamp>,
    behind: bool,
    /// Of when the last batch is, and the one that the base was renewed at.
    heard: Option<Timestamp>,
    based: Option<Timestamp>,
}

/// How far the base may be behind, in seconds: where a power cut takes the other file (of which only some file systems
/// keep the last whole one), it is all that tells of a copy that is put back.
const BASE_BEHIND: i64 = 60;

impl Anchor {
    pub fn new(disk: Arc<dyn Disk>, path: PathBuf) -> Anchor {
        Anchor { disk, path, seen: None, written: None, behind: true, heard: None, based: None }
    }

    /// Is it time to write? (A clock that went back makes it so, too.)
    pub fn is_due(&self, at: Timestamp) -> bool {
        self.written.is_none_or(|written| at < written || at.duration_since(written).as_millis() >= 1000)
    }

    /// Something was committed.
    pub fn fall_behind(&mut self, at: Timestamp) {
        self.behind = true;
        self.heard = Some(at);
    }

    /// Is the base to be renewed, when there is nothing else to do? (A clock that went back makes it so, too.)
    pub fn is_base_old(&self) -> bool {
        let old = |based: Timestamp| {
            self.heard.is_some_and(|at| at < based || at.duration_since(based).as_secs() >= BASE_BEHIND)
        };
        self.based.map_or(self.heard.is_some(), old)
    }

    pub fn is_behind(&self) -> bool {
        self.behind
    }

    /// What somebody else wrote since the last look: another copy of the folder, in use on this machine.
    pub fn news(&mut self) -> Option<Memory> {
        let bytes = match self.disk.read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(%error, "el ancla no se puede leer");
                }
                return None;
            }
        };
        if self.seen.as_ref() == Some(&bytes) {
            return None;
        }
        let memory = understood(&bytes);
        self.seen = Some(bytes);
        memory
    }

    /// What the last look found is still to be judged.
    pub fn unsee(&mut self) {
        self.seen = None;
    }

    /// Replaces the file. A failure is only logged: the anchor is a second line of defence, and
    /// the document is durable already.
    pub fn write(&mut self, memory: &Memory, at: Option<Timestamp>) {
        self.replace(memory, false);
        self.written = at.or(self.written);
    }

    fn replace(&mut self, memory: &Memory, durable: bool) {
        crate::crash!("anchor-before");
        match encoded(memory).and_then(|json| self.put(&self.path, &json, durable).map(|()| json)) {
            Ok(json) => (self.seen, self.behind) = (Some(json), false),
            Err(error) => tracing::warn!(%error, "no se pudo escribir el ancla"),
        }
    }

    /// Begins anew with what is true now: both files, on the device. What the other one says of another history must not
    /// come back by a power cut.
    pub fn set(&mut self, memory: &Memory) {
        if let Err(error) = self.set_base(memory) {
            tracing::warn!(%error, "no se pudo escribir la base del ancla");
        }
        crate::crash!("anchor-based");
        self.confirm(memory);
    }

    /// The other file, on the device, where the base says it already.
    pub fn confirm(&mut self, memory: &Memory) {
        self.replace(memory, true);
    }

    /// The base alone: where a lock is lifted before what it tells of is in the journal, else where it is old.
    pub fn set_base(&mut self, memory: &Memory) -> Result<(), StoreError> {
        let path = base(&self.path);
        // One that can't be written is not tried at each rest.
        self.based = self.heard;
        let put = encoded(memory).and_then(|json| self.put(&path, &json, true));
        put.map_err(|error| StoreError::io("anotar el ancla", &path, error))
    }

    fn put(&self, path: &Path, json: &[u8], durable: bool) -> io::Result<()> {
        let half = path.with_extension("half");
        if let Some(folder) = path.parent() {
            self.disk.make_folder(folder)?;
        }
        self.disk.write(&half, json)?;
        if durable {
            self.disk.tape(&half)?.sync()?;
        } else {
            crate::crash!("anchor-half");
        }
        self.disk.rename(&half, path)?;
        // Its folder, and those that may have been made for it.
        let made = path.ancestors().skip(1).take(3).filter(|folder| durable && folder.is_dir());
        made.into_iter().try_for_each(|folder| self.disk.sync_folder(folder))
    }
}

fn encoded(memory: &Memory) -> io::Result<Vec<u8>> {
    serde_json::to_vec_pretty(memory).map_err(io::Error::other)
}

fn understood(bytes: &[u8]) -> Option<Memory> {
    serde_json::from_slice(bytes)
        .inspect_err(|error| tracing::warn!(%error, "el ancla no se entiende y se ignora"))
        .ok()
}

fn base(path: &Path) -> PathBuf {
    path.with_extension("base")
}

/// What both files say.
#[derive(Debug, Default)]
pub(crate) struct Recalled {
    base: Option<Memory>,
    last: Option<Memory>,
}

impl Recalled {
    /// Reads them; one that is not there, or was cut by a power cut, says nothing.
    pub fn read(disk: &dyn Disk, path: &Path) -> Result<Recalled, StoreError> {
        let read = |path: &Path| match disk.read(path) {
            Ok(bytes) => Ok(understood(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io("leer el ancla", path, error)),
        };
        Ok(Recalled { base: read(&base(path))?, last: read(path)? })
    }

    /// The one that knows more; `None` when neither can be read.
    pub fn memory(&self) -> Option<&Memory> {
        self.base.iter().chain(&self.last).max_by_key(|memory| memory.sequence)
    }

    /// Has the base what the journal has, whose last frame is `sequence`?
    pub fn is_based_on(&self, sequence: u64) -> bool {
        self.base.as_ref().is_some_and(|base| base.sequence == sequence)
    }
}
