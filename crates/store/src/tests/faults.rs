//! A disk that fails: whichever write or sync it is, nothing acknowledged is lost and no folio is
//! given twice.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::say;
use super::shop::*;
use crate::anchor::Recalled;
use crate::disk::{Disk, RealDisk, Source, Tape};
use crate::{Store, StoreError};

/// Which calls fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fails {
    Once,
    /// And again while the first failure is mended.
    Twice,
    FromThenOn,
}

/// Counts every call, of whatever kind, and fails the n-th.
#[derive(Clone)]
struct Faulty(Arc<Plan>);

struct Plan {
    calls: AtomicU64,
    kinds: Mutex<BTreeSet<&'static str>>,
    nth: u64,
    fails: Fails,
}

impl Faulty {
    fn new(nth: u64, fails: Fails) -> Faulty {
        Faulty(Arc::new(Plan { calls: AtomicU64::default(), kinds: Mutex::default(), nth, fails }))
    }

    fn calls(&self) -> u64 {
        self.0.calls.load(Ordering::Relaxed)
    }

    fn call(&self, kind: &'static str) -> io::Result<()> {
        let Plan { calls, kinds, nth, fails } = &*self.0;
        let n = calls.fetch_add(1, Ordering::Relaxed) + 1;
        let fail = match fails {
            Fails::Once => n == *nth,
            Fails::Twice => n == *nth || n == *nth + 2,
            Fails::FromThenOn => n >= *nth,
        };
        if fail {
            kinds.lock().unwrap().insert(kind);
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        Ok(())
    }
}

struct FaultyTape(Faulty, Box<dyn Tape>);

struct FaultySource(Faulty, Box<dyn Source>);

impl Disk for Faulty {
    fn tape(&self, path: &Path) -> io::Result<Box<dyn Tape>> {
        self.call("open to write")?;
        Ok(Box::new(FaultyTape(self.clone(), RealDisk.tape(path)?)))
    }

    fn source(&self, path: &Path) -> io::Result<Box<dyn Source>> {
        self.call("open to read")?;
        Ok(Box::new(FaultySource(self.clone(), RealDisk.source(path)?)))
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.call("sync of a folder")?;
        RealDisk.sync_folder(path)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.call("make a folder")?;
        RealDisk.make_folder(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<(String, u64)>> {
        self.call("list")?;
        RealDisk.list(folder)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.call("read the anchor")?;
        RealDisk.read(path)
    }

    /// A full disk takes a part of what is written.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.call("write the anchor").inspect_err(|_| {
            RealDisk.write(path, &bytes[..bytes.len() / 2]).unwrap();
        })?;
        RealDisk.write(path, bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call("rename")?;
        RealDisk.rename(from, to)
    }
}

impl Tape for FaultyTape {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.call("append").inspect_err(|_| {
            self.1.append(&bytes[..bytes.len() * 2 / 3]).unwrap();
        })?;
        self.1.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.call("sync")?;
        self.1.sync()
    }

    fn write_again(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.call("write again")?;
        self.1.write_again(offset, bytes)
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.0.call("cut")?;
        self.1.cut(length)
    }

    fn make_room(&mut self, bytes: u64) -> io::Result<bool> {
        self.0.call("make room")?;
        self.1.make_room(bytes)
    }

    fn give_back_room(&mut self) -> io::Result<()> {
        self.0.call("give back room")?;
        self.1.give_back_room()
    }
}

impl Source for FaultySource {
    fn length(&self) -> io::Result<u64> {
        self.0.call("length")?;
        self.1.length()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.call("read")?;
        self.1.read_at(buffer, offset)
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

/// How what a shop writes is kept from who has no key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Seal {
    Off,
    On,
    /// It is turned on between two sales.
    TurnedOn,
}

/// A shop that is opened, sells, is opened again by itself after each failure, and at the end is
/// looked at with a good disk. False when the n-th call was never made.
fn run(disk: &Faulty, seal: Seal, place: &str) -> bool {
    let mut shop = match seal {
        Seal::Off => Shop::new(),
        Seal::On => Shop::sealed(),
        Seal::TurnedOn => Shop::with_keys(),
    };
    shop.options.segment_bytes = 2500;
    drop(shop.stocked());
    let mut answered: Vec<(u64, u64)> = Vec::new();
    let opened = Store::open_on(Arc::new(disk.clone()), &shop.dir(), &shop.options, &|_, _| {});
    let anchor = shop.options.anchor.as_deref().unwrap();
    let memory = Recalled::read(&RealDisk, anchor).unwrap().memory().cloned();
    assert!(memory.is_some_and(|memory| !memory.is_of_nothing()), "{place}");
    let mut store = opened.map_or_else(|_| shop.open(), |(store, _)| store);
    for n in 1..=8 {
        if seal == Seal::TurnedOn && n == 4 {
            store = turned_on(store, &shop, place);
        }
        match issue_once(&mut store, n) {
            Ok(number) => {
                answered.push((n, number));
                store.catch_up().unwrap_or_else(|error| panic!("{error} {place}"));
            }
            Err(error) => {
                assert!(matches!(error, StoreError::Io { .. }), "{error} {place}");
                assert!(matches!(issue_once(&mut store, n), Err(StoreError::Poisoned)));
                if store.reopen().is_err() {
                    drop(store);
                    store = shop.open();
                }
                assert_eq!(store.locked(), None, "{place}");
                answered.push((n, issue_once(&mut store, n).unwrap_or_else(|_| panic!("{place}"))));
            }
        }
    }
    let wanted: Vec<(u64, u64)> = (1..=8).map(|n| (n, n)).collect();
    assert_eq!(answered, wanted, "{place}");
    assert_eq!(store.is_sealing(), seal != Seal::Off, "{place}");
    drop(store);
    assert!(!shop.check().lost_data(), "{place}");
    let (store, said) = shop.open_said();
    assert_eq!((said.documents, said.damage, said.locked), (8, vec![], None), "{place}");
    let before = everything(&store.reader());
    drop(store);
    shop.delete_index();
    let (store, said) = shop.open_said();
    assert_eq!((said.documents, said.damage, said.locked), (8, vec![], None), "{place}");
    assert_eq!(everything(&store.reader()), before, "{place}");
    disk.calls() >= disk.0.nth
}

/// What is written from now on is sealed, be it at the second try; until then the folder is in clear and whole. What is
/// said of each try is what the disk says.
fn turned_on(mut store: Store, shop: &Shop, place: &str) -> Store {
    for _ in 0..3 {
        let sealed = store.set_sealing(true, vec![acted("seal")], at(4));
        assert_eq!(crate::sealed(&shop.dir()).unwrap().on, sealed.is_ok(), "{place}");
        let done = sealed.is_ok();
        if let Err(error) | Ok(Err(error)) = sealed {
            assert!(matches!(error, StoreError::Io { .. }), "{error} {place}");
            if store.reopen().is_err() {
                drop(store);
                store = shop.open();
            }
        }
        if done {
            assert!(store.is_sealing(), "{place}");
            return store;
        }
    }
    panic!("sealing is not turned on {place}");
}

/// Each call fails, or every so many-th, for as long as there is one; how many did, and of which kinds.
fn each(step: usize, seal: Seal, fails: Fails) -> (usize, BTreeSet<&'static str>) {
    let mut failed = BTreeSet::new();
    let runs = (1..)
        .step_by(step)
        .take_while(|nth| {
            let disk = Faulty::new(*nth, fails);
            let made = run(&disk, seal, &format!("call {nth} {fails:?} {seal:?}"));
            failed.append(&mut disk.0.kinds.lock().unwrap());
            made
        })
        .count();
    say(&format!("a disk that fails {fails:?}, sealed {seal:?}: {runs} calls failed, one of every {step}"));
    (runs, failed)
}

#[test]
fn any_call_to_the_disk_may_fail_and_nothing_acknowledged_is_lost_nor_a_folio_given_twice() {
    for fails in [Fails::Once, Fails::Twice, Fails::FromThenOn] {
        let (runs, failed) = each(1, Seal::Off, fails);
        assert!(runs > 60, "{runs} calls were tried");
        for kind in [
            "append",
            "length",
            "list",
            "make a folder",
            "open to read",
            "open to write",
            "read",
            "read the anchor",
            "rename",
            "sync",
            "sync of a folder",
            "write again",
            "write the anchor",
        ] {
            assert!(failed.contains(kind), "{kind} was never among them: {failed:?}");
        }
    }
}

#[test]
fn any_call_to_the_disk_may_fail_where_what_is_written_is_sealed_or_just_begins_to_be() {
    // What goes on sealed is written as what is in clear is, of which each call fails above; `TIMBRE_STEP=1` lets each fail
    // here, too.
    let step = std::env::var("TIMBRE_STEP").ok().and_then(|step| step.parse().ok()).unwrap_or(3);
    let mut failed = BTreeSet::new();
    for (seal, step) in [(Seal::On, step), (Seal::TurnedOn, 1)] {
        let (runs, kinds) = each(step, seal, Fails::Once);
        assert!(runs * step > 60, "{runs} calls were tried");
        failed.extend(kinds);
    }
    for kind in ["append", "open to read", "read", "sync", "write again"] {
        assert!(failed.contains(kind), "{kind} was never among them: {failed:?}");
    }
}

#[test]
fn a_document_is_answered_for_although_the_index_failed() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, [1]);
    store.reader().view.index.fails.store(true, Ordering::Relaxed);
    let committed = store.commit(vec![issued(sale(2))], at(2)).unwrap();
    assert_eq!(committed.rows[0].id, id(2));
    assert!(matches!(store.settle(), Err(StoreError::Index(_))));
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
    let open = |disk: &Faulty| {
        Store::open_on(Arc::new(disk.clone()), &shop.dir(), &shop.options, &|_, _| {}).unwrap().0
    };
    // Its anchor is based on what is there by now, as at the third opening.
    drop(shop.open());
    let counting = Faulty::new(u64::MAX, Fails::Once);
    let opened = open(&counting);
    // After opening: a look at the anchor, one append, then its sync.
    let disk = Faulty::new(counting.calls() + 3, Fails::Once);
    drop(opened);
    let mut store = open(&disk);
    let error = store.commit(vec![issued(sale(1))], at(1)).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    assert_eq!(std::fs::metadata(shop.segment(1)).unwrap().len(), before);
    assert_eq!(store.reader().row(&id(1)).unwrap(), None);
}
