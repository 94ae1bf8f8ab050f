//! A disk with a sector that can't be read: what lies in it is damaged, and nothing else is.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::shop::*;
use crate::disk::{Disk, RealDisk, Source, Tape};
use crate::{Place, Store, StoreError};

/// Error 5 for whatever touches that byte of that segment; what Windows says is `error`'s.
const UNREADABLE: i32 = if cfg!(windows) { 23 } else { 5 };

struct Worn(Place);

struct WornSource(Box<dyn Source>, u64);

impl Disk for Worn {
    fn tape(&self, path: &Path) -> io::Result<Box<dyn Tape>> {
        RealDisk.tape(path)
    }

    fn source(&self, path: &Path) -> io::Result<Box<dyn Source>> {
        let source = RealDisk.source(path)?;
        let ours = path.ends_with(format!("{:06}.tj", self.0.segment));
        Ok(if ours { Box::new(WornSource(source, self.0.offset)) } else { source })
    }
}

impl Source for WornSource {
    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match (offset..offset + buffer.len() as u64).contains(&self.1) {
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
    let open = || Store::open_on(Arc::new(Worn(bad)), &shop.dir(), &shop.options, &|_, _| {});
    let (mut store, opened) = open().unwrap();
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
    assert_eq!(store.reader().ranges()[0].next, 35);
    issue(&mut store, [35]);
}
