//! Every call of sled may panic, the one that closes it too. Here a panic becomes an error.

use std::env;
use std::fs;
use std::io;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use openssl::rand::rand_bytes;

use crate::{StoreError, is_full};

/// How long a flush may take before another one looks after it.
const SLOW: Duration = Duration::from_secs(2);

/// An open sled.
pub(crate) struct Db(Closing<sled::Db>);

impl Db {
    /// `cache` in bytes, as sled counts them.
    pub fn open(folder: &Path, cache: u64) -> Result<Db, Failed> {
        let config = sled::Config::new().path(folder).cache_capacity(cache);
        match catch_unwind(AssertUnwindSafe(|| config.open())) {
            Ok(Ok(db)) => Ok(Db(Closing::of(db))),
            Ok(Err(error)) => Err(Failed::of(error)),
            Err(panic) => Err(Failed::Damaged(said(panic.as_ref()))),
        }
    }

    /// Brings to the file what sled was told. It ends also where a thread of sled's own could not write: that one says so
    /// to nobody who waits already (sled 0.34.7, logger.rs 444), and whoever flushes after it wakes them.
    pub fn flush(&self) -> sled::Result<()> {
        let flush = || sled::Tree::flush(self).map(drop);
        nudged(flush, || drop(catch_unwind(AssertUnwindSafe(flush))), SLOW)
    }

    /// One that is gone when it is dropped.
    pub fn temporary(cache: u64) -> Result<Db, StoreError> {
        let folder = own_folder()?;
        let config = sled::Config::new().path(folder).temporary(true).cache_capacity(cache);
        guarded(|| Ok(config.open()?)).map(|db| Db(Closing::of(db)))
    }
}

/// A new folder where passing things are, in memory where the system has such a place, and for its owner's eyes only. Its
/// name is nobody else's, whoever shares the place: a process in another container has the same number.
fn own_folder() -> Result<PathBuf, StoreError> {
    let memory = Path::new("/dev/shm");
    let places = [memory.is_dir().then(|| memory.to_owned()), Some(env::temp_dir())];
    let mut made = Err(StoreError::Index("no hay dónde hacerlo".to_owned()));
    for place in places.into_iter().flatten() {
        let mut random = [0; 16];
        rand_bytes(&mut random)?;
        let folder = place.join(format!("timbre-{:032x}", u128::from_ne_bytes(random)));
        made = make_own(&folder).map_err(|e| StoreError::io("hacer un índice", &folder, e)).map(|()| folder);
        if made.is_ok() {
            break;
        }
    }
    made
}

#[cfg(unix)]
fn make_own(folder: &Path) -> io::Result<()> {
    std::os::unix::fs::DirBuilderExt::mode(&mut fs::DirBuilder::new(), 0o700).create(folder)
}

/// Where a person's folder of passing things is theirs.
#[cfg(not(unix))]
fn make_own(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)
}

impl Deref for Db {
    type Target = sled::Db;

    fn deref(&self) -> &sled::Db {
        self.0.0.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for Db {
    /// What is left is flushed here, since nobody wakes sled where it does so by itself as it closes.
    fn drop(&mut self) {
        if let Err(error) = guarded(|| Ok(self.flush()?)) {
            tracing::warn!(%error, "the index can't be brought up to date at its end");
        }
    }
}

/// Does `work`; while it goes on `nudge` is done beside it, again and again, each by a thread of its own, since one of
/// them may have to wait for the next, also when `work` is done.
fn nudged<T>(work: impl FnOnce() -> T, nudge: impl Fn() + Sync, pause: Duration) -> T {
    let (going, over) = mpsc::channel::<()>();
    // Held by the work and by each nudge.
    let going = Arc::new(going);
    let again = Arc::downgrade(&going);
    let nudge = &nudge;
    thread::scope(|scope| {
        let beside = thread::Builder::new().name("timbre-nudge".to_owned());
        let watch = move || {
            while over.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                if let Some(going) = again.upgrade() {
                    scope.spawn(move || {
                        nudge();
                        drop(going);
                    });
                }
            }
        };
        // Without a thread nobody nudges: that is the case only where the machine has no more to give.
        let _ = beside.spawn_scoped(scope, watch);
        let outcome = work();
        drop(going);
        outcome
    })
}

/// What may panic when it is dropped: sled's last `fsync` does where the disk says no. Nothing hangs on that one:
/// what must be on the device was flushed before, and its answer heeded.
struct Closing<T>(Option<T>);

impl<T> Closing<T> {
    fn of(what: T) -> Closing<T> {
        Closing(Some(what))
    }
}

impl<T> Drop for Closing<T> {
    fn drop(&mut self) {
        let what = self.0.take();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(what))) {
            tracing::warn!(error = said(panic.as_ref()), "the index did not close as it should");
        }
    }
}

/// Why sled did not open.
pub(crate) enum Failed {
    /// Somebody has it open.
    Locked,
    /// The disk is full, or may not be written: nothing is wrong with the index.
    Disk(io::Error),
    Damaged(String),
}

impl Failed {
    fn of(error: sled::Error) -> Failed {
        use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
        if error.to_string().contains("could not acquire lock") {
            return Failed::Locked;
        }
        match error {
            sled::Error::Io(e)
                if is_full(e.kind()) || matches!(e.kind(), PermissionDenied | ReadOnlyFilesystem) =>
            {
                Failed::Disk(e)
            }
            other => Failed::Damaged(other.to_string()),
        }
    }
}

/// A kill while sled starts leaves such a file, and with it sled never opens again (its issue
/// 1527). It is only a copy in the making: the finished one has another name.
pub(crate) fn remove_half_made(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.filter_map(io::Result::ok) {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            let _ = fs::remove_file(entry.path());
        }
    }
}

pub(crate) fn guarded<T>(call: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| Err(StoreError::Index(said(panic.as_ref()))))
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    format!("pánico: {}", text.unwrap_or("sin palabras"))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    struct Bad;

    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("el disco dice que no");
        }
    }

    /// As sled's own waits for whoever comes after it.
    #[test]
    fn what_waits_for_another_call_is_given_one() {
        let (wake, woken) = mpsc::channel();
        nudged(
            || woken.recv().expect("somebody comes"),
            || wake.send(()).unwrap_or(()),
            Duration::from_millis(1),
        );
    }

    /// The nudge that waits is the last one that the work had.
    #[test]
    fn a_nudge_that_waits_is_given_another_one_though_the_work_is_done() {
        let (begun, beginning) = mpsc::channel();
        let (wake, woken) = mpsc::channel();
        let (begun, woken) = (Mutex::new(Some(begun)), Mutex::new(woken));
        let nudge = || {
            let first = begun.lock().unwrap().take();
            match first {
                Some(begun) => {
                    begun.send(()).unwrap();
                    woken.lock().unwrap().recv().unwrap();
                }
                None => wake.send(()).unwrap(),
            }
        };
        nudged(|| beginning.recv().expect("a nudge"), nudge, Duration::from_millis(1));
    }

    /// Two containers that share the place have processes of one number.
    #[test]
    fn a_passing_index_takes_no_folder_that_is_there() {
        let place = if Path::new("/dev/shm").is_dir() { PathBuf::from("/dev/shm") } else { env::temp_dir() };
        let others: Vec<_> =
            (0..64).map(|n| place.join(format!("timbre-{}-{n}", std::process::id()))).collect();
        others.iter().for_each(|other| drop(fs::create_dir(other)));
        drop(Db::temporary(1 << 20));
        let gone = others.iter().filter(|other| fs::remove_dir(other).is_err()).count();
        assert_eq!(gone, 0);
    }

    #[test]
    fn what_panics_when_it_is_closed_takes_nobody_along() {
        drop(Closing::of(Bad));
    }
}
