//! A disk that fails: whichever write or sync it is, nothing acknowledged is lost and no folio is
//! given twice.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::shop::*;
use crate::disk::{Disk, RealDisk, Tape};
use crate::{Store, StoreError};

/// Which calls fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fails {
    Once,
    FromThenOn,
}

struct Faulty {
    calls: Arc<AtomicU64>,
    nth: u64,
    fails: Fails,
}

impl Faulty {
    fn new(nth: u64, fails: Fails) -> Arc<Faulty> {
        Arc::new(Faulty { calls: Arc::default(), nth, fails })
    }

    fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}

struct FaultyTape {
    real: Box<dyn Tape>,
    calls: Arc<AtomicU64>,
    nth: u64,
    fails: Fails,
}

fn call(calls: &AtomicU64, nth: u64, fails: Fails) -> io::Result<()> {
    let n = calls.fetch_add(1, Ordering::Relaxed) + 1;
    let fail = match fails {
        Fails::Once => n == nth,
        Fails::FromThenOn => n >= nth,
    };
    match fail {
        true => Err(io::Error::from(io::ErrorKind::StorageFull)),
        false => Ok(()),
    }
}

impl Disk for Faulty {
    fn tape(&self, path: &Path) -> io::Result<Box<dyn Tape>> {
        call(&self.calls, self.nth, self.fails)?;
        let real = RealDisk.tape(path)?;
        let (calls, nth, fails) = (self.calls.clone(), self.nth, self.fails);
        Ok(Box::new(FaultyTape { real, calls, nth, fails }))
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        call(&self.calls, self.nth, self.fails)?;
        RealDisk.sync_folder(path)
    }
}

impl Tape for FaultyTape {
    /// A full disk takes a part of what is written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        call(&self.calls, self.nth, self.fails).inspect_err(|_| {
            self.real.append(&bytes[..bytes.len() * 2 / 3]).unwrap();
        })?;
        self.real.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        call(&self.calls, self.nth, self.fails)?;
        self.real.sync()
    }

    fn write_again(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        call(&self.calls, self.nth, self.fails)?;
        self.real.write_again(offset, bytes)
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        call(&self.calls, self.nth, self.fails)?;
        self.real.cut(length)
    }
}

/// Issues key `n` unless it is there: what a till does that did not hear the answer.
fn issue_once(store: &mut Store, n: u64) -> Result<u64, StoreError> {
    if let Some(row) = store.reader().by_key(&format!("key-{n}"))? {
        return Ok(row.id.number);
    }
    let folio = store.numbering().take(&id(1).series, &mut |_| Ok(())).unwrap();
    let mut next = sale(folio.number());
    next.key = Some(format!("key-{n}"));
    store.commit(vec![issued(next)], at(n as i64))?;
    Ok(folio.number())
}

fn run(nth: u64, fails: Fails) -> bool {
    let mut shop = Shop::new();
    shop.options.segment_bytes = 2500;
    drop(shop.stocked());
    let disk = Faulty::new(nth, fails);
    let mut answered: Vec<(u64, u64)> = Vec::new();
    let opened = Store::open_on(disk.clone(), &shop.dir(), &shop.options, &|_, _| {});
    let mut store = opened.map_or_else(|_| shop.open(), |(store, _)| store);
    for n in 1..=8 {
        match issue_once(&mut store, n) {
            Ok(number) => answered.push((n, number)),
            Err(error) => {
                assert!(matches!(error, StoreError::Io { .. }), "{error}");
                assert!(matches!(issue_once(&mut store, n), Err(StoreError::Poisoned)));
                drop(store);
                let (reopened, said) = shop.open_said();
                assert_eq!((said.damage, said.locked), (vec![], None), "call {nth} {fails:?}");
                store = reopened;
                answered.push((n, issue_once(&mut store, n).unwrap()));
            }
        }
    }
    let wanted: Vec<(u64, u64)> = (1..=8).map(|n| (n, n)).collect();
    assert_eq!(answered, wanted, "call {nth} {fails:?}");
    let before = everything(&store.reader());
    drop(store);
    shop.delete_index();
    let (store, said) = shop.open_said();
    assert_eq!((said.documents, said.damage, said.locked), (8, vec![], None));
    assert_eq!(everything(&store.reader()), before, "call {nth} {fails:?}");
    disk.calls() >= nth
}

#[test]
fn a_full_disk_at_any_call_loses_nothing_that_was_acknowledged() {
    for fails in [Fails::Once, Fails::FromThenOn] {
        let runs = (1..).take_while(|nth| run(*nth, fails)).count();
        assert!(runs > 20, "{runs} calls were tried");
    }
}

#[test]
fn a_document_is_answered_for_although_the_index_failed() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, [1]);
    store.reader().view.index.fails.store(true, Ordering::Relaxed);
    let committed = store.commit(vec![issued(sale(2))], at(2)).unwrap();
    assert!(committed.index_lost.is_some());
    assert_eq!(committed.rows[0].id, id(2));
    assert!(matches!(store.commit(vec![issued(sale(3))], at(3)), Err(StoreError::Poisoned)));
    drop(store);
    let (mut store, opened) = shop.open_said();
    assert!(opened.put_aside.is_some());
    assert_eq!((opened.documents, opened.locked), (2, None));
    issue(&mut store, [3]);
}

/// A sync that failed may have thrown the pages away: what it covered is not trusted, but cut.
#[test]
fn what_a_failed_sync_left_behind_is_cut_off_at_once() {
    let shop = Shop::new();
    drop(shop.stocked());
    let before = std::fs::metadata(shop.segment(1)).unwrap().len();
    let counting = Faulty::new(u64::MAX, Fails::Once);
    drop(Store::open_on(counting.clone(), &shop.dir(), &shop.options, &|_, _| {}).unwrap());
    // After opening: one append, then its sync.
    let disk = Faulty::new(counting.calls() + 2, Fails::Once);
    let (mut store, _) = Store::open_on(disk.clone(), &shop.dir(), &shop.options, &|_, _| {}).unwrap();
    let error = store.commit(vec![issued(sale(1))], at(1)).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    assert_eq!(std::fs::metadata(shop.segment(1)).unwrap().len(), before);
    assert_eq!(store.reader().row(&id(1)).unwrap(), None);
}
