//! sled, behind its `guard`: every call may fail, and then the index is put aside and made again. What the
//! keys mean is in `key`; whether the index agrees with the journal is asked in `standing`.
//!
//! A power cut while sled is told something may cost any part of it, in silence: where its log is torn in the middle
//! it goes on behind. So it is told seldom, much at once, and a mark stands beside it from before the first byte
//! until all is on the device. With the mark every document is looked at; without it what sled was told is there.
//! What it does by itself, twice a second, is to move pages: of one that got lost the old copy is there, or sled sees
//! that it is not and fails (each record bears a checksum and its segment's number).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use serde::de::DeserializeOwned;
use sled::{IVec, Tree};

use crate::disguise::{Disguise, clear};
use crate::guard::{Db, Failed, guarded, remove_half_made};
use crate::sealing::SegmentKeys;
use crate::seen::Seen;
use crate::{StoreError, disk, key};

/// sled's own cache, in bytes as it counts them: its default is a gigabyte, and what it holds in
/// memory is about ten times what it counts. The system caches the file anyway.
const CACHE: u64 = 8 << 20;
/// How long a process that is just closing may still hold sled's lock: tries, 50 ms apart.
const LOCK_TRIES: u32 = 60;
/// What the mark beside the folder says when a call failed; else it is empty.
const SUSPECT: &[u8] = b"suspect";

/// What is to change: a value, or `None` to remove the key.
pub(crate) type Puts = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

pub(crate) struct Index {
    /// Spares looking for keys that are not there; let go of before sled is.
    pub(crate) seen: RwLock<Option<Seen>>,
    /// `None` while the store is being opened again.
    db: RwLock<Option<Arc<Db>>>,
    /// What the journal has and sled is still to be told: read as if it were there.
    ahead: RwLock<Arc<Puts>>,
    /// What it says is kept from who has no key: see `disguise`.
    disguise: RwLock<Option<Arc<Disguise>>>,
    /// `None` for a temporary one.
    folder: Option<PathBuf>,
    /// The mark stands beside the folder.
    marked: AtomicBool,
    /// A call failed: the mark says so as soon as it can be written, and stays.
    failed: AtomicBool,
    /// Tests make every write fail.
    #[cfg(test)]
    pub fails: AtomicBool,
}

/// How the index was left the last time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Past {
    /// Nothing of it was being written.
    Settled,
    /// The process or the machine stopped while it was written.
    Cut,
    /// It failed while in use.
    Suspect,
}

/// A key and its value.
pub(crate) type Pair = (Vec<u8>, Vec<u8>);

/// Read access to keys: the index itself, or changes laid over it.
pub(crate) trait Keys {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// The last key there is from `from` to `to`, both included.
    fn last(&self, from: Vec<u8>, to: Vec<u8>) -> Result<Option<Vec<u8>>, StoreError>;

    fn json<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError>
    where
        Self: Sized,
    {
        self.get(key)?.map(|bytes| decode(&bytes)).transpose()
    }

    fn number(&self, key: &[u8]) -> Result<Option<u64>, StoreError>
    where
        Self: Sized,
    {
        let number = |bytes: Vec<u8>| key::tail(&bytes).ok_or_else(|| broken("un número"));
        self.get(key)?.map(number).transpose()
    }
}

impl Index {
    /// Opens the folder. `Ok(Err(why))` says that it is damaged and must be put aside.
    pub fn open(folder: &Path, keys: Option<&dyn SegmentKeys>) -> Result<Result<Index, String>, StoreError> {
        remove_half_made(folder);
        let mut tries = 0;
        loop {
            match Db::open(folder, CACHE) {
                Ok(db) => return Index::of(db, Some(folder.to_owned())).unveil(keys),
                Err(Failed::Locked) if tries < LOCK_TRIES => {
                    tries += 1;
                    thread::sleep(Duration::from_millis(50));
                }
                Err(Failed::Locked) => return Err(StoreError::InUse(folder.to_owned())),
                Err(Failed::Disk(e)) => return Err(StoreError::io("abrir el índice", folder, e)),
                Err(Failed::Damaged(why)) => return Ok(Err(why)),
            }
        }
    }

    fn of(db: Db, folder: Option<PathBuf>) -> Index {
        let marked = folder.as_deref().is_some_and(|folder| past(folder) != Past::Settled);
        Index {
            seen: RwLock::default(),
            db: RwLock::new(Some(Arc::new(db))),
            ahead: RwLock::default(),
            disguise: RwLock::default(),
            folder,
            marked: AtomicBool::new(marked),
            failed: AtomicBool::new(false),
            #[cfg(test)]
            fails: AtomicBool::new(false),
        }
    }

    /// Finds its key, where it has one. Who has no keys can't read it; one that is under another key is as good as
    /// damaged.
    fn unveil(self, keys: Option<&dyn SegmentKeys>) -> Result<Result<Index, String>, StoreError> {
        let closed = match self.ask(|tree| Ok(tree.get(key::DISGUISE)?)) {
            Ok(None) => return Ok(Ok(self)),
            Ok(Some(closed)) => closed,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let keys = keys.ok_or_else(|| StoreError::Index("está cifrado".to_owned()))?;
        match keys.open(&closed) {
            Ok(key) => {
                self.wear(Some(Arc::new(Disguise::of(key)?)));
                Ok(Ok(self))
            }
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    fn wear(&self, disguise: Option<Arc<Disguise>>) {
        *self.disguise.write().unwrap_or_else(PoisonError::into_inner) = disguise;
    }

    pub fn disguise(&self) -> Option<Arc<Disguise>> {
        self.disguise.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One that is gone when it is dropped: to compare with another, or beside a folder that can't be written to. Of
    /// sealed segments nothing is in it in clear either.
    pub fn temporary(disguise: Option<Arc<Disguise>>) -> Result<Index, StoreError> {
        let index = Index::of(Db::temporary(CACHE)?, None);
        index.wear(disguise);
        Ok(index)
    }

    /// A handle of one's own: a question may ask another one, and the lock is not held by then.
    pub(crate) fn db(&self) -> Option<Arc<Db>> {
        self.db.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs `ask` with the tree; a panic inside sled becomes an error.
    pub fn ask<T>(&self, ask: impl FnOnce(&Tree) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.ask_db(|db| ask(db))
    }

    fn ask_db<T>(&self, ask: impl FnOnce(&Db) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let db = self.db().ok_or(StoreError::Reopening)?;
        guarded(|| ask(&db)).inspect_err(|error| {
            if let StoreError::Index(_) | StoreError::IndexDisk(_) = error {
                tracing::warn!(?error, "the index failed");
                self.suspect();
            }
        })
    }

    fn suspect(&self) {
        if let Some(folder) = &self.folder {
            self.marked.store(true, Ordering::Relaxed);
            self.failed.store(true, Ordering::Relaxed);
            let _ = say_suspect(folder);
        }
    }

    /// Did a call fail, whether the mark could be told or not?
    pub fn is_suspect(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
            || self.folder.as_deref().is_some_and(|folder| past(folder) == Past::Suspect)
    }

    /// Nothing but its own key, at most: an opening that was refused goes no further, and may come again and again.
    pub fn holds_nothing(&self) -> Result<bool, StoreError> {
        self.ask(|tree| {
            let mut keys = tree.iter().keys();
            Ok(keys.find(|key| key.as_ref().map_or(true, |key| key != key::DISGUISE)).transpose()?.is_none())
        })
    }

    /// Nothing is in it yet: what the mark says is about the one before it. With `keys` it is sealed from its first
    /// word on.
    pub fn begin(&self, keys: Option<&dyn SegmentKeys>) -> Result<(), StoreError> {
        self.marked.store(false, Ordering::Relaxed);
        self.mark()?;
        if let Some(keys) = keys {
            let disguise = Disguise::fresh()?;
            let closed = keys.close(disguise.key());
            let closed = closed.map_err(|e| StoreError::Sealed { segment: 0, why: e.to_string() })?;
            self.ask(|tree| {
                tree.insert(key::DISGUISE, closed)?;
                Ok(())
            })?;
            self.wear(Some(Arc::new(disguise)));
        }
        Ok(())
    }

    /// Makes the mark, if it does not stand there.
    fn mark(&self) -> Result<(), StoreError> {
        if let Some(folder) = &self.folder
            && !self.marked.load(Ordering::Relaxed)
        {
            let mark = mark(folder);
            let made = File::create(&mark).and_then(|file| file.sync_all());
            let made = made.and_then(|()| mark.parent().map_or(Ok(()), disk::sync_folder));
            made.map_err(|e| StoreError::io("marcar el índice", &mark, e))?;
            self.marked.store(true, Ordering::Relaxed);
            crate::crash!("index-marked");
        }
        Ok(())
    }

    /// Lets go of sled, so that it can be opened again; until [`Index::resume`] nothing is answered.
    pub fn shut(&self) {
        // Where that fails the mark stays.
        let _ = self.settle();
        *self.seen.write().unwrap_or_else(PoisonError::into_inner) = None;
        *self.db.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.lift();
    }

    /// Goes on with what `other` opened.
    pub fn resume(&self, other: &Index) {
        // In this order: whoever asks meanwhile finds no index, and not one whose keys go by other names; and nothing is
        // denied before it is there.
        self.wear(other.disguise());
        let db = other.db.write().unwrap_or_else(PoisonError::into_inner).take();
        *self.db.write().unwrap_or_else(PoisonError::into_inner) = db;
        let seen = other.seen.write().unwrap_or_else(PoisonError::into_inner).take();
        *self.seen.write().unwrap_or_else(PoisonError::into_inner) = seen;
        self.marked.store(other.marked.load(Ordering::Relaxed), Ordering::Relaxed);
        self.failed.store(other.failed.load(Ordering::Relaxed), Ordering::Relaxed);
        #[cfg(test)]
        self.fails.store(false, Ordering::Relaxed);
    }

    /// Lays changes over what sled has, until [`Index::catch_up`] tells it.
    pub fn lay(&self, puts: Puts) {
        Arc::make_mut(&mut *self.ahead.write().unwrap_or_else(PoisonError::into_inner)).extend(puts);
    }

    /// sled has by now what was laid over it.
    pub fn lift(&self) {
        *self.ahead.write().unwrap_or_else(PoisonError::into_inner) = Arc::default();
    }

    /// What sled was not told yet.
    pub fn ahead(&self) -> Arc<Puts> {
        self.ahead.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells sled what was laid over it, and settles it. When it fails, that goes on being read.
    pub fn catch_up(&self) -> Result<(), StoreError> {
        let ahead = self.ahead();
        if !ahead.is_empty() {
            crate::crash!("index-before");
            self.write(&ahead)?;
            crate::crash!("index-after");
            self.settle()?;
            self.lift();
        }
        Ok(())
    }

    /// All changes or none, as long as nothing stops it: from here until [`Index::settle`] a power
    /// cut may cost anything.
    pub fn write(&self, puts: &Puts) -> Result<(), StoreError> {
        self.mark()?;
        let mut batch = sled::Batch::default();
        let disguise = self.disguise();
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        let telling = seen.as_ref().map(Seen::telling);
        for (key, value) in puts {
            let key = named(disguise.as_deref(), key)?;
            let Some(value) = value else {
                batch.remove(&*key);
                continue;
            };
            if let Some(telling) = &telling {
                telling.note(&key);
            }
            match &disguise {
                Some(disguise) => batch.insert(&*key, &*disguise.close(&key, value)?),
                None => batch.insert(&*key, value.as_slice()),
            }
        }
        self.ask(|tree| {
            #[cfg(test)]
            assert!(!self.fails.load(Ordering::Relaxed), "a write that fails");
            Ok(tree.apply_batch(batch)?)
        })
    }

    /// Brings what was written to the device (sled's own flush is no fsync on Linux), and takes the
    /// mark away if no call failed.
    pub fn settle(&self) -> Result<(), StoreError> {
        if !self.marked.load(Ordering::Relaxed) {
            return Ok(());
        }
        if self.failed.load(Ordering::Relaxed) {
            self.suspect();
        }
        self.ask_db(|db| Ok(db.flush()?))?;
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let file = folder.join("db");
        let opened = fs::OpenOptions::new().read(true).write(true).open(&file);
        let synced = opened.and_then(|opened| opened.sync_all()).and_then(|()| disk::sync_folder(folder));
        // After a sync that failed the next one may be called good although nothing was written.
        synced.inspect_err(|_| self.suspect()).map_err(|e| StoreError::io("guardar el índice", &file, e))?;
        crate::crash!("index-synced");
        let mark = mark(folder);
        let cut = fs::read(&mark).is_ok_and(|text| text != SUSPECT);
        if cut && !self.failed.load(Ordering::Relaxed) {
            // One that stays, or comes back, costs time at the next opening and nothing else.
            if fs::remove_file(&mark).is_ok() {
                self.marked.store(false, Ordering::Relaxed);
                let _ = mark.parent().map_or(Ok(()), disk::sync_folder);
            }
        }
        Ok(())
    }

    /// Hands over the keys and values that begin with `prefix`, in order. What a person said in a key is not told.
    pub fn each(
        &self,
        prefix: &[u8],
        mut take: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let disguise = self.disguise();
        self.ask(|tree| {
            for entry in tree.scan_prefix(prefix) {
                let (key, value) = clear(disguise.as_deref(), entry)?;
                take(&key, &value)?;
            }
            Ok(())
        })
    }

    /// The last values that are under a prefix, from the last one down.
    pub fn last_values(&self, prefix: &[u8], most: usize) -> Result<Vec<IVec>, StoreError> {
        let disguise = self.disguise();
        self.ask(|tree| {
            let last = tree.scan_prefix(prefix).rev().take(most);
            Ok(last.map(|entry| Ok(clear(disguise.as_deref(), entry)?.1)).collect::<sled::Result<_>>()?)
        })
    }

    pub fn with_prefix(&self, prefix: &[u8]) -> Result<Vec<Pair>, StoreError> {
        let mut found = Vec::new();
        self.each(prefix, |key, value| {
            found.push((key.to_vec(), value.to_vec()));
            Ok(())
        })?;
        Ok(found)
    }

    pub fn count(&self, prefix: &[u8]) -> Result<u64, StoreError> {
        self.ask(|tree| {
            let keys = tree.scan_prefix(prefix).keys();
            Ok(keys.map(|key| key.map(|_| 1)).sum::<sled::Result<u64>>()?)
        })
    }
}

impl Keys for Index {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let disguise = self.disguise();
        let key = named(disguise.as_deref(), key)?;
        if self.lacks(&key) {
            return Ok(None);
        }
        self.ask(|tree| {
            let entry = tree.get(&key)?.map(|value| (key.as_ref().into(), value));
            let entry = entry.map(|entry| clear(disguise.as_deref(), Ok(entry))).transpose()?;
            Ok(entry.map(|(_, value)| value.to_vec()))
        })
    }

    fn last(&self, from: Vec<u8>, to: Vec<u8>) -> Result<Option<Vec<u8>>, StoreError> {
        let disguise = self.disguise();
        let like = &from;
        let (from, to) = (named(disguise.as_deref(), &from)?, named(disguise.as_deref(), &to)?);
        self.ask(|tree| {
            let last = tree.range(&*from..=&*to).next_back().transpose()?.map(|(key, _)| key);
            Ok(last.map(|key| match &disguise {
                Some(disguise) => disguise.reveal(&key, like).into_owned(),
                None => key.to_vec(),
            }))
        })
    }
}

/// A key as sled has it.
fn named<'k>(disguise: Option<&Disguise>, key: &'k [u8]) -> Result<Cow<'k, [u8]>, StoreError> {
    disguise.map_or(Ok(Cow::Borrowed(key)), |disguise| disguise.key_of(key))
}

/// Marks the index in `folder` as one of which a call failed. A mark that says so already is left alone: a full disk would
/// only empty it.
pub(crate) fn say_suspect(folder: &Path) -> io::Result<()> {
    match past(folder) {
        Past::Suspect => Ok(()),
        Past::Cut | Past::Settled => fs::write(mark(folder), SUSPECT),
    }
}

/// How the index in `folder` was left. Where its mark can't be read all of it is looked at.
pub(crate) fn past(folder: &Path) -> Past {
    match fs::read(mark(folder)) {
        Ok(text) if text == SUSPECT => Past::Suspect,
        Ok(_) => Past::Cut,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Past::Settled,
        Err(_) => Past::Cut,
    }
}

fn mark(folder: &Path) -> PathBuf {
    folder.with_extension("in-use")
}

/// Renames a damaged index, so that nothing is deleted; returns its new name.
pub(crate) fn put_aside(folder: &Path) -> Result<PathBuf, StoreError> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for n in 1.. {
        let aside = folder.with_file_name(format!("{name}.damaged-{n}"));
        if aside.exists() {
            continue;
        }
        fs::rename(folder, &aside).map_err(|e| StoreError::io("apartar el índice", folder, e))?;
        return Ok(aside);
    }
    unreachable!("there is always a free number")
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|e| StoreError::Index(e.to_string()))
}

pub(crate) fn broken(what: &str) -> StoreError {
    StoreError::Index(format!("no se entiende {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A full disk takes no word of the mark either, and the next sync may be called good.
    #[test]
    fn that_a_call_failed_is_said_as_soon_as_it_can_be() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("db");
        let index = Index::open(&folder, None).unwrap().unwrap();
        index.mark().unwrap();
        fs::remove_file(mark(&folder)).unwrap();
        fs::create_dir(mark(&folder)).unwrap();
        index.suspect();
        assert_eq!(past(&folder), Past::Cut, "what can't be read does not say that all is well");
        fs::remove_dir(mark(&folder)).unwrap();
        fs::write(mark(&folder), "").unwrap();
        assert!(index.is_suspect());
        index.settle().unwrap();
        assert_eq!(past(&folder), Past::Suspect);
        index.settle().unwrap();
        assert_eq!(past(&folder), Past::Suspect, "and stays so");
    }
}
