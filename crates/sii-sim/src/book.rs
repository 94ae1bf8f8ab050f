//! The book: what the simulator must not forget when it is killed, one JSON object a line, on disk before the
//! answer leaves. What is in it is decided elsewhere; reading it back brings the same state.

use crate::{
    claims::Said,
    desk::Lent,
    state::{Annulled, Channel},
    sum::Sum,
    upload::Upload,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
    time::Duration,
};

const NAME: &str = "libro.jsonl";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entry {
    Upload(Box<Upload>),
    /// The same file came again and was answered from memory.
    Again {
        channel: Channel,
        content: Sum,
        at: Timestamp,
    },
    Caf(Lent),
    Annulled(Annulled),
    Claim(Said),
}

#[derive(Debug)]
pub(crate) struct Book {
    file: File,
}

/// What was read back: the entries, and how many lines of the middle nobody can read.
#[derive(Debug, Default)]
pub(crate) struct Past {
    pub entries: Vec<Entry>,
    pub unreadable: u64,
}

/// One that has just ended may still be putting its last upload away.
fn lock(file: &File) -> io::Result<()> {
    const TRIES: u32 = 10;
    for _ in 1..TRIES {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(50)),
            other => return other.map_err(io::Error::from),
        }
    }
    file.try_lock().map_err(io::Error::from)
}

impl Book {
    /// Opens the folder's book, which this process alone may write while it is open.
    pub(crate) fn open(folder: &Path) -> io::Result<(Book, Past)> {
        fs::create_dir_all(folder)?;
        let path = folder.join(NAME);
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        lock(&file)?;
        // The name itself must outlive a power cut, where folders can be synced.
        if let Ok(folder) = File::open(folder) {
            let _ = folder.sync_all();
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        // A last line without an end was being written when the process died: nobody was answered.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        file.set_len(whole as u64)?;
        file.seek(SeekFrom::End(0))?;
        let mut past = Past::default();
        for line in bytes[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line) {
                Ok(entry) => past.entries.push(entry),
                Err(error) => {
                    tracing::warn!(%error, path = %path.display(), "a line of the simulator's book was stepped over");
                    past.unreadable += 1;
                }
            }
        }
        Ok((Book { file }, past))
    }

    /// On disk when this returns.
    pub(crate) fn write(&mut self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.sync_data()
    }
}
