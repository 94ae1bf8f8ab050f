//! A disk whose failed sync throws away what it should have kept, as Linux does: the bytes can
//! still be read, the next sync succeeds, and after a power cut they are zeros.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::shop::*;
use crate::disk::{Disk, RealDisk, Tape};
use crate::{Store, StoreError};

#[derive(Default)]
struct Kept {
    /// What the device holds.
    device: BTreeMap<PathBuf, Vec<u8>>,
    /// What was written since the last sync, good or not.
    pending: BTreeMap<PathBuf, Vec<Write>>,
    failing: Vec<Call>,
}

enum Write {
    Bytes(usize, Vec<u8>),
    Cut(usize),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Call {
    Open,
    Sync,
    Again,
    Cut,
}

#[derive(Clone, Default)]
struct Forgetful(Arc<Mutex<Kept>>);

struct ForgetfulTape {
    disk: Forgetful,
    path: PathBuf,
    real: Box<dyn Tape>,
    end: usize,
}

impl Forgetful {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap()
    }

    fn fail(&self, calls: &[Call]) {
        self.kept().failing = calls.to_vec();
    }

    fn call(&self, call: Call) -> io::Result<()> {
        match self.kept().failing.contains(&call) {
            true => Err(io::Error::other(format!("{call:?}"))),
            false => Ok(()),
        }
    }

    fn wrote(&self, path: &Path, write: Write) {
        self.kept().pending.entry(path.to_owned()).or_default().push(write);
    }

    /// Only what came to the device is left.
    fn lose_power(&self) {
        for (path, bytes) in &self.kept().device {
            fs::write(path, bytes).unwrap();
        }
    }
}

impl Disk for Forgetful {
    fn tape(&self, path: &Path) -> io::Result<Box<dyn Tape>> {
        self.call(Call::Open)?;
        let real = RealDisk.tape(path)?;
        let end = fs::metadata(path)?.len() as usize;
        Ok(Box::new(ForgetfulTape { disk: self.clone(), path: path.to_owned(), real, end }))
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        RealDisk.sync_folder(path)
    }
}

impl ForgetfulTape {
    fn length(&self) -> usize {
        fs::metadata(&self.path).unwrap().len() as usize
    }
}

impl Tape for ForgetfulTape {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.disk.wrote(&self.path, Write::Bytes(self.end, bytes.to_vec()));
        self.end += bytes.len();
        self.real.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        let writes = self.disk.kept().pending.remove(&self.path).unwrap_or_default();
        self.disk.call(Call::Sync)?;
        let length = self.length();
        let mut kept = self.disk.kept();
        let device = kept.device.entry(self.path.clone()).or_default();
        for write in writes {
            match write {
                Write::Cut(length) => device.truncate(length),
                Write::Bytes(at, bytes) => {
                    device.resize(device.len().max(at + bytes.len()), 0);
                    device[at..at + bytes.len()].copy_from_slice(&bytes);
                }
            }
        }
        device.resize(length, 0);
        Ok(())
    }

    fn write_again(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.disk.call(Call::Again)?;
        self.disk.wrote(&self.path, Write::Bytes(offset as usize, bytes.to_vec()));
        self.real.write_again(offset, bytes)
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.disk.call(Call::Cut)?;
        self.disk.wrote(&self.path, Write::Cut(length as usize));
        self.end = length as usize;
        self.real.cut(length)
    }

    fn make_room(&mut self, bytes: u64) -> io::Result<bool> {
        let made = self.real.make_room(bytes)?;
        match made.then(|| self.sync()).transpose() {
            Ok(_) => Ok(made),
            Err(error) => {
                self.give_back_room()?;
                Err(error)
            }
        }
    }

    fn give_back_room(&mut self) -> io::Result<()> {
        self.disk.wrote(&self.path, Write::Cut(self.end));
        self.real.give_back_room()
    }
}

fn open(shop: &Shop, disk: &Forgetful) -> Store {
    Store::open_on(Arc::new(disk.clone()), &shop.dir(), &shop.options, &|_, _| {}).unwrap().0
}

/// A shop with boleta 1 on the device, and an error when boleta 2 was to be written.
fn failed(failing: &[Call]) -> (Shop, Forgetful) {
    let (shop, disk) = (Shop::new(), Forgetful::default());
    let mut store = open(&shop, &disk);
    store.commit(vec![company("1-9"), caf("a", "39", 1, 100)], at(0)).unwrap();
    issue(&mut store, [1]);
    disk.fail(failing);
    let error = store.commit(vec![issued(sale(2))], at(2)).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    disk.fail(&[]);
    (shop, disk)
}

#[test]
fn after_a_failed_sync_a_new_segment_begins() {
    let (shop, disk) = failed(&[Call::Sync]);
    let old = fs::read(shop.segment(1)).unwrap();
    let mut store = open(&shop, &disk);
    assert_eq!(store.reader().row(&id(2)).unwrap(), None);
    issue(&mut store, [2, 3]);
    assert_eq!(fs::read(shop.segment(1)).unwrap(), old, "nothing is written behind the failure");
    assert_eq!(store.reader().row(&id(2)).unwrap().unwrap().frame.segment, 2);
    drop(store);
    disk.lose_power();
    shop.delete_index();
    let (_, opened) = shop.open_said();
    assert_eq!((opened.documents, opened.damage, opened.locked), (3, vec![], None));
}

/// What the failed sync left can be read whole, and so is taken for written: then it must be.
#[track_caller]
fn a_tail_is_secured(failing: &[Call], segment: u32) {
    let (shop, disk) = failed(failing);
    let mut store = open(&shop, &disk);
    // The till asks again, and is answered with the document that is there.
    assert_eq!(store.reader().by_key("key-2").unwrap().unwrap().id, id(2));
    issue(&mut store, [3]);
    assert_eq!(store.reader().row(&id(3)).unwrap().unwrap().frame.segment, segment);
    drop(store);
    disk.lose_power();
    shop.delete_index();
    let (store, opened) = shop.open_said();
    assert_eq!((opened.documents, opened.damage, opened.locked), (3, vec![], None));
    assert_eq!(store.reader().document(&id(2)).unwrap().unwrap(), sale(2).document);
}

#[test]
fn a_tail_that_could_not_be_cut_is_written_again_before_it_is_trusted() {
    a_tail_is_secured(&[Call::Sync, Call::Cut], 2);
}

#[test]
fn so_it_is_when_no_new_segment_could_be_begun() {
    a_tail_is_secured(&[Call::Sync, Call::Cut, Call::Open], 1);
}

/// The index knows the batch by now: a second opening must not believe it for that.
#[test]
fn a_tail_is_written_again_although_the_index_has_it() {
    let (shop, disk) = failed(&[Call::Sync, Call::Cut, Call::Open]);
    disk.fail(&[Call::Again]);
    let opened = Store::open_on(Arc::new(disk.clone()), &shop.dir(), &shop.options, &|_, _| {});
    assert!(matches!(opened, Err(StoreError::Io { .. })));
    disk.fail(&[]);
    drop(open(&shop, &disk));
    disk.lose_power();
    shop.delete_index();
    let (_, opened) = shop.open_said();
    assert_eq!((opened.documents, opened.damage, opened.locked), (2, vec![], None));
}
