//! After a write error or a lost index the store opens its folder again, and readers follow.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::shop::*;
use crate::disk::{Disk, RealDisk, Tape};
use crate::{LockReason, Store, StoreError};

/// A disk that is full while it is said to be.
#[derive(Clone, Default)]
struct Filling(Arc<AtomicBool>);

struct FillingTape(Filling, Box<dyn Tape>);

impl Filling {
    fn open(&self, shop: &Shop) -> Store {
        Store::open_on(Arc::new(self.clone()), &shop.dir(), &shop.options, &|_, _| {}).unwrap().0
    }

    fn set(&self, full: bool) {
        self.0.store(full, Ordering::Relaxed);
    }

    fn ask(&self) -> io::Result<()> {
        match self.0.load(Ordering::Relaxed) {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }
}

impl Disk for Filling {
    fn tape(&self, path: &Path) -> io::Result<Box<dyn Tape>> {
        self.ask()?;
        Ok(Box::new(FillingTape(self.clone(), RealDisk.tape(path)?)))
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.ask()?;
        RealDisk.sync_folder(path)
    }
}

impl Tape for FillingTape {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.ask()?;
        self.1.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.ask()?;
        self.1.sync()
    }

    fn write_again(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.ask()?;
        self.1.write_again(offset, bytes)
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.1.cut(length)
    }

    fn make_room(&mut self, bytes: u64) -> io::Result<bool> {
        self.0.ask()?;
        self.1.make_room(bytes)
    }

    fn give_back_room(&mut self) -> io::Result<()> {
        self.1.give_back_room()
    }
}

#[test]
fn a_full_disk_is_over_when_there_is_room_again() {
    let (shop, disk) = (Shop::new(), Filling::default());
    let mut store = disk.open(&shop);
    store.commit(vec![company("1-9"), caf("a", "39", 1, 100)], at(0)).unwrap();
    issue(&mut store, 1..=3);
    let reader = store.reader();
    disk.set(true);
    for _ in 0..2 {
        assert!(store.commit(vec![issued(sale(4))], at(4)).is_err());
        assert!(matches!(store.reopen(), Err(StoreError::Io { .. })));
        assert_eq!(reader.document(&id(1)).unwrap().unwrap(), sale(1).document, "it is still read");
        assert_eq!(reader.queue(9).unwrap().len(), 3);
    }
    disk.set(false);
    let opened = store.reopen().unwrap();
    assert_eq!((opened.documents, opened.rebuilt, opened.locked), (3, false, None));
    assert!(!shop.dir().join("db.in-use").exists(), "nothing of it is being written");
    assert_eq!(reader.document(&id(3)).unwrap().unwrap(), sale(3).document);
    issue(&mut store, 4..=5);
    assert_eq!(reader.document(&id(5)).unwrap().unwrap(), sale(5).document);
    assert_eq!(everything(&reader), everything(&store.reader()));
    drop((store, reader));
    assert_eq!(shop.open_said().1.documents, 5);
}

#[test]
fn a_lost_index_is_made_again_and_nothing_of_the_last_batch_is_missing() {
    let (shop, disk) = (Shop::new(), Filling::default());
    drop(shop.stocked());
    let mut store = disk.open(&shop);
    issue(&mut store, [1]);
    let reader = store.reader();
    reader.view.index.fails.store(true, Ordering::Relaxed);
    store.commit(vec![issued(sale(2))], at(2)).unwrap();
    assert!(matches!(store.settle(), Err(StoreError::Index(_))));
    assert_eq!(reader.row(&id(2)).unwrap().unwrap().id, id(2), "it is read although sled lacks it");
    disk.set(true);
    assert!(matches!(store.reopen(), Err(StoreError::Io { .. })));
    assert!(matches!(reader.row(&id(1)), Err(StoreError::Reopening)));
    assert_eq!(reader.counts().total(), 2, "what is kept in memory is answered");
    disk.set(false);
    let opened = store.reopen().unwrap();
    assert!(opened.put_aside.is_some() && opened.rebuilt);
    assert_eq!(reader.row(&id(2)).unwrap().unwrap().id, id(2));
    issue(&mut store, [3]);
    assert_eq!(reader.queue(9).unwrap().len(), 3);
    drop((store, reader));
    assert!(!shop.open_said().1.rebuilt);
}

/// Whoever ordered it is answered by that, whatever became of the index meanwhile.
#[test]
fn what_was_recorded_is_told_by_its_commit_though_nothing_can_be_read_any_more() {
    let (shop, disk) = (Shop::new(), Filling::default());
    drop(shop.stocked());
    let mut store = disk.open(&shop);
    store.commit(vec![declared(1)], at(1)).unwrap();
    let reader = store.reader();
    reader.view.index.fails.store(true, Ordering::Relaxed);
    let committed = store.commit(vec![vouched("k", date(2), 1_000)], at(2)).unwrap();
    assert!(matches!(store.settle(), Err(StoreError::Index(_))));
    disk.set(true);
    assert!(matches!(store.reopen(), Err(StoreError::Io { .. })));
    assert!(matches!(reader.vouched("k"), Err(StoreError::Reopening)));
    disk.set(false);
    store.reopen().unwrap();
    let read = reader.vouched("k").unwrap().expect("it was recorded");
    assert_eq!((read.at, committed.recorded), (at(2), vec![read]));
}

#[test]
fn what_is_found_at_reopening_locks_as_at_a_start() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=2);
    let old = std::fs::read(shop.segment(1)).unwrap();
    issue(&mut store, 3..=4);
    std::fs::write(shop.segment(1), old).unwrap();
    let opened = store.reopen().unwrap();
    assert_eq!(opened.locked.unwrap().reason, LockReason::IndexAhead);
    assert!(matches!(store.commit(vec![issued(sale(3))], at(9)), Err(StoreError::Locked(_))));
}
