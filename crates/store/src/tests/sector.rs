//! A disk with a sector that can't be read: what lies in it is damaged, and nothing else is.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::shop::*;
use crate::disk::{Disk, RealDisk, Source, Tape};
use crate::{Event, Place, Store, StoreError};

/// Error 5 for whatever touches that byte of that segment; what Windows says is `error`'s.
const UNREADABLE: i32 = if cfg!(windows) { 23 } else { 5 };
const EVER: u32 = u32::MAX;

/// How often that is met, or ever.
struct Worn(Place, Arc<AtomicU32>);

struct WornSource(Box<dyn Source>, u64, Arc<AtomicU32>);

impl Disk for Worn {
    fn tape(&self, path: &Path) -> io::Result<Box<dyn Tape>> {
        RealDisk.tape(path)
    }

    fn source(&self, path: &Path) -> io::Result<Box<dyn Source>> {
        let source = RealDisk.source(path)?;
        let ours = path.ends_with(format!("{:06}.tj", self.0.segment));
        Ok(if ours { Box::new(WornSource(source, self.0.offset, self.1.clone())) } else { source })
    }
}

impl Source for WornSource {
    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let met = (offset..offset + buffer.len() as u64).contains(&self.1);
        let spend = |left: u32| (left < EVER).then(|| left.saturating_sub(1));
        match met && self.2.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend) != Ok(0) {
            true => Err(io::Error::from_raw_os_error(UNREADABLE)),
            false => self.0.read_at(buffer, offset),
        }
    }
}

#[test]
fn a_sector_that_can_not_be_read_takes_the_document_in_it_and_none_before_it() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=34);
    let frame = store.reader().row(&id(30)).unwrap().unwrap().frame;
    drop(store);
    let bad = Place { offset: frame.offset + 90, ..frame };
    let ever = Arc::new(Worn(bad, Arc::new(AtomicU32::new(EVER))));
    let (mut store, opened) = Store::open_on(ever, &shop.dir(), &shop.options, &|_, _| {}).unwrap();
    assert_eq!(opened.damage.len(), 1, "{:?}", opened.damage);
    assert_eq!(opened.damage[0].place, frame);
    let reader = store.reader();
    for n in (1..=34).filter(|n| *n != 30) {
        assert_eq!(reader.document(&id(n)).unwrap().unwrap(), sale(n).document);
    }
    let lost = reader.issued(&id(30));
    assert!(matches!(&lost, Err(StoreError::Damaged { place, .. }) if *place == frame), "{lost:?}");
    let known =
        reader.knowing(|known| (known.find(&id(30)).is_some(), known.find(&id(29)).is_some())).unwrap();
    assert_eq!(known, (false, true), "as if another system had issued it, and not «not now»");
    let told = reader.history(&id(30)).unwrap();
    assert!(told.iter().any(Event::is_unreadable), "{told:?}");
    assert_eq!(store.reader().ranges()[0].next, 35);
    issue(&mut store, [35]);
}

#[test]
fn a_disk_that_fails_for_a_moment_has_lost_nothing() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=34);
    let frame = store.reader().row(&id(20)).unwrap().unwrap().frame;
    drop(store);
    let left = Arc::new(AtomicU32::new(0));
    let disk = Arc::new(Worn(Place { offset: frame.offset + 90, ..frame }, left.clone()));
    let (store, _) = Store::open_on(disk, &shop.dir(), &shop.options, &|_, _| {}).unwrap();
    // The frame, and what of it is read by itself.
    left.store(2, Ordering::Relaxed);
    assert_eq!(store.reader().document(&id(20)).unwrap().unwrap(), sale(20).document);
    assert_eq!(left.load(Ordering::Relaxed), 0, "it did fail");
}
