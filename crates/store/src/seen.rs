//! Which of the tills' keys the index may have: a filter in memory (a Bloom filter), so that the key of a new sale,
//! which nobody ever said, is not looked for among all that came before, on pages that are not in memory. A thread
//! reads it from the index beside the work, and nothing is believed of it before it holds every key that is there.
//! It errs to one side: what is there is never denied, and what is not may have to be looked for.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};

use crate::guard::Db;
use crate::index::Index;

/// The sets of such keys: those of documents, and those of sales that a voucher stands for.
const SETS: [u8; 2] = [b'K', b'n'];
/// Of each key so many bits are set; of those that are not there one in ten thousand is looked for while the filter
/// is half full, and one in a hundred when it is full.
const PROBES: u64 = 7;
const BITS_PER_KEY: u64 = 10;
/// At least for so many keys.
const LEAST: u64 = 50_000;
/// The index may be told something while it is read; then it is read again.
const TRIES: usize = 10;

pub(crate) struct Seen {
    filter: Arc<Filter>,
    thread: Option<JoinHandle<()>>,
}

/// While it lives the index is being told something.
pub(crate) struct Telling<'a>(&'a Filter);

struct Filter {
    bits: Vec<AtomicU64>,
    /// Every key of the index is in it.
    whole: AtomicBool,
    /// Odd while the index is being told something.
    tellings: AtomicU64,
    stop: AtomicBool,
}

/// Is it such a key?
fn concerns(key: &[u8]) -> bool {
    key.first().is_some_and(|set| SETS.contains(set))
}

impl Seen {
    /// Begins to read the keys of an index that holds about so many; with room for as many more.
    pub fn of(db: Arc<Db>, keys: u64) -> io::Result<Seen> {
        let room = keys.saturating_mul(2).max(LEAST);
        let words = usize::try_from(room.saturating_mul(BITS_PER_KEY) / 64).unwrap_or(usize::MAX >> 8);
        let filter = Arc::new(Filter::of(words));
        let of_thread = Arc::clone(&filter);
        let thread = thread::Builder::new().name("timbre-keys".to_owned());
        // What sled says there it says again to whoever asks it next: nobody is told twice.
        let thread = thread.spawn(move || drop(catch_unwind(AssertUnwindSafe(|| of_thread.read(&db)))))?;
        Ok(Seen { filter, thread: Some(thread) })
    }

    /// False only where the index certainly does not have this key.
    pub fn may_be_there(&self, key: &[u8]) -> bool {
        !concerns(key) || !self.filter.whole.load(Ordering::Acquire) || self.filter.has(key)
    }

    /// The index is being told something, until what this answers is dropped; each of its keys is to be
    /// [noted](Telling::note) before it is there.
    pub fn telling(&self) -> Telling<'_> {
        self.filter.tellings.fetch_add(1, Ordering::AcqRel);
        Telling(&self.filter)
    }
}

impl Index {
    /// Learns which keys of tills there are, of about so many: until that is done each is looked for.
    pub fn learn_keys(&self, many: u64) {
        let seen = self.db().and_then(|db| {
            let seen = Seen::of(db, many);
            seen.inspect_err(|error| tracing::warn!(%error, "keys are looked for in the index")).ok()
        });
        *self.seen.write().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    /// Is it known, without looking for it, that this key is not there?
    pub(crate) fn lacks(&self, key: &[u8]) -> bool {
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        seen.as_ref().is_some_and(|seen| !seen.may_be_there(key))
    }
}

impl Telling<'_> {
    pub fn note(&self, key: &[u8]) {
        if concerns(key) {
            self.0.note(key);
        }
    }
}

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        self.0.tellings.fetch_add(1, Ordering::AcqRel);
    }
}

impl Drop for Seen {
    /// The thread holds the index: who lets go of this may open it again.
    fn drop(&mut self) {
        self.filter.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Filter {
    fn of(words: usize) -> Filter {
        let bits = (0..words).map(|_| AtomicU64::new(0)).collect();
        Filter {
            bits,
            whole: AtomicBool::default(),
            tellings: AtomicU64::default(),
            stop: AtomicBool::default(),
        }
    }

    /// It is whole once it was read from beginning to end while nothing was told. An error leaves it as it is: then
    /// every key is looked for.
    fn read(&self, tree: &sled::Tree) {
        for _ in 0..TRIES {
            let before = self.tellings.load(Ordering::Acquire);
            for key in SETS.iter().flat_map(|set| tree.scan_prefix([*set]).keys()) {
                let Ok(key) = key else { return };
                self.note(&key);
                if self.stop.load(Ordering::Relaxed) {
                    return;
                }
            }
            if before.is_multiple_of(2) && self.tellings.load(Ordering::Acquire) == before {
                self.whole.store(true, Ordering::Release);
                return;
            }
        }
    }

    fn note(&self, key: &[u8]) {
        for (word, bit) in self.places(key) {
            self.bits[word].fetch_or(bit, Ordering::AcqRel);
        }
    }

    fn has(&self, key: &[u8]) -> bool {
        self.places(key).all(|(word, bit)| self.bits[word].load(Ordering::Acquire) & bit != 0)
    }

    fn places(&self, key: &[u8]) -> impl Iterator<Item = (usize, u64)> + use<> {
        let of = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            (salt, key).hash(&mut hasher);
            hasher.finish()
        };
        let (first, step) = (of(0), of(1) | 1);
        let bits = self.bits.len() as u64 * 64;
        (0..PROBES).map(move |n| {
            let place = first.wrapping_add(n.wrapping_mul(step)) % bits;
            ((place / 64) as usize, 1 << (place % 64))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{Keys, Puts};
    use crate::key;

    fn puts(keys: std::ops::Range<u32>) -> Puts {
        keys.map(|n| (key::idempotency(&format!("caja-{n}")), Some(vec![1]))).collect()
    }

    /// Waits until the thread has ended; is the filter believed then?
    fn learned(index: &Index) -> bool {
        let mut seen = index.seen.write().unwrap();
        let seen = seen.as_mut().expect("the keys are being learned");
        seen.thread.take().map(JoinHandle::join).expect("it was not waited for yet").unwrap();
        seen.filter.whole.load(Ordering::Acquire)
    }

    fn denied(index: &Index, keys: std::ops::Range<u32>) -> usize {
        let seen = index.seen.read().unwrap();
        let seen = seen.as_ref().expect("the keys are being learned");
        puts(keys).keys().filter(|key| !seen.may_be_there(key)).count()
    }

    #[test]
    fn what_is_there_is_never_denied_and_what_nobody_said_is_hardly_ever_looked_for() {
        let index = Index::temporary(None).unwrap();
        index.write(&puts(0..20_000)).unwrap();
        index.learn_keys(20_000);
        assert!(learned(&index));
        index.write(&puts(20_000..40_000)).unwrap();
        assert_eq!(denied(&index, 0..40_000), 0);
        assert!(index.get(&key::idempotency("caja-39999")).unwrap().is_some());
        assert!(denied(&index, 40_000..50_000) > 9_900);
        // Other keys are none of its business.
        assert!(index.seen.read().unwrap().as_ref().unwrap().may_be_there(&key::row(7)));
    }

    #[test]
    fn what_is_told_while_it_is_read_is_not_denied_either() {
        let index = Index::temporary(None).unwrap();
        index.write(&puts(0..20_000)).unwrap();
        index.learn_keys(40_000);
        for n in 0..200 {
            let keys = 20_000 + 100 * n..20_100 + 100 * n;
            index.write(&puts(keys.clone())).unwrap();
            assert_eq!(denied(&index, keys), 0);
        }
        learned(&index);
        assert_eq!(denied(&index, 0..40_000), 0);
    }

    #[test]
    fn nothing_is_denied_by_one_that_was_told_something_all_the_time_it_was_read() {
        let db = Db::temporary(1 << 20).unwrap();
        let filter = Arc::new(Filter::of(16));
        let seen = Seen { filter: Arc::clone(&filter), thread: None };
        let telling = seen.telling();
        filter.read(&db);
        assert!(seen.may_be_there(&key::idempotency("caja-1")));
        drop(telling);
        filter.read(&db);
        assert!(!seen.may_be_there(&key::idempotency("caja-1")));
    }

    #[test]
    fn whoever_lets_go_of_it_may_open_the_index_again() {
        let index = Index::temporary(None).unwrap();
        index.write(&puts(0..20_000)).unwrap();
        let db = index.db().unwrap();
        let seen = Seen::of(Arc::clone(&db), 20_000).unwrap();
        drop(seen);
        assert_eq!(Arc::strong_count(&db), 2, "the index's and this one");
    }
}
