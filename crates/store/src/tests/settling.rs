//! When sled is written, and the mark that stands beside it meanwhile: without it nothing was being written, and the
//! index is believed after a power cut.

use std::fs;

use super::shop::*;
use crate::index::{Index, Keys};
use crate::{Reader, Store, StoreError, key};

fn marked(shop: &Shop) -> bool {
    shop.dir().join("db.in-use").exists()
}

/// How far sled itself has been told.
fn sled_knows(reader: &Reader) -> Option<Vec<u8>> {
    reader.view.index.get(key::APPLIED).unwrap()
}

/// Documents in one batch, of which sled is told nothing.
fn commit(store: &mut Store, numbers: std::ops::RangeInclusive<u64>) {
    let facts = numbers.map(|number| issued(sale(number))).collect();
    store.commit(facts, at(1)).unwrap();
}

#[test]
fn sled_is_told_of_much_at_once_and_of_nothing_until_then() {
    let shop = Shop::new();
    let mut store = shop.open();
    store.commit(vec![company("1-9"), caf("a", "39", 1, 1000)], at(0)).unwrap();
    store.settle().unwrap();
    let reader = store.reader();
    let waits = || reader.view.index.ahead().len();
    let written = || sled_knows(&reader);
    let before = written();
    commit(&mut store, 1..=60);
    store.catch_up().unwrap();
    store.rest().unwrap();
    let told = everything(&reader);
    assert!(waits() > 0 && written() == before && !marked(&shop), "not for so little");
    commit(&mut store, 61..=200);
    store.catch_up().unwrap();
    assert!(waits() > 0 && written() == before, "not while there may be more to do");
    store.rest().unwrap();
    assert!(waits() == 0 && written() != before && !marked(&shop));
    let before = written();
    commit(&mut store, 201..=800);
    assert!(waits() > 0 && written() == before, "not before there is an answer");
    store.catch_up().unwrap();
    assert!(waits() == 0 && written() != before && !marked(&shop));
    let now = everything(&reader);
    for (what, is) in told.iter().filter(|(what, _)| what.contains(' ')) {
        assert_eq!(now[what], *is);
    }
}

#[test]
fn nothing_is_written_without_the_mark() {
    let (shop, mut store) = Shop::ready();
    store.settle().unwrap();
    commit(&mut store, 1..=3);
    let before = sled_knows(&store.reader());
    // In its place stands what is no file.
    fs::create_dir(shop.dir().join("db.in-use")).unwrap();
    assert!(matches!(store.settle(), Err(StoreError::Io { .. })));
    assert_eq!(sled_knows(&store.reader()), before);
    assert!(matches!(store.commit(vec![issued(sale(4))], at(2)), Err(StoreError::Poisoned)));
    assert!(store.reopen().is_err(), "the journal has more than sled, which can't be told");
    assert_eq!(store.reader().queue(9).unwrap().len(), 3, "it is read all the same");
    fs::remove_dir(shop.dir().join("db.in-use")).unwrap();
    let opened = store.reopen().unwrap();
    assert_eq!((opened.documents, opened.rebuilt, opened.put_aside), (3, false, None));
    issue(&mut store, [4]);
    assert_eq!(store.reader().queue(9).unwrap().len(), 4);
}

#[test]
fn the_mark_stands_from_the_first_write_until_all_is_on_the_device() {
    let (shop, store) = Shop::ready();
    drop(store);
    assert!(!marked(&shop));
    let index = Index::open(&shop.dir().join("db"), None).unwrap().unwrap();
    index.write(&[(b"Ztest".to_vec(), Some(vec![1]))].into()).unwrap();
    assert!(marked(&shop));
    index.settle().unwrap();
    assert!(!marked(&shop));
}

/// The folder as a power cut leaves it while much waits for sled.
#[test]
fn what_sled_was_not_told_is_read_from_the_journal_and_nothing_else_is() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=20);
    commit(&mut store, 21..=40);
    let before = everything(&store.reader());
    shop.backup("cut");
    let anchor = fs::read(shop.root.path().join("anchor.json")).unwrap();
    drop(store);
    shop.put_back("cut");
    fs::write(shop.root.path().join("anchor.json"), anchor).unwrap();
    let read = std::cell::RefCell::new(Vec::new());
    let (store, opened) =
        Store::open(&shop.dir(), &shop.options, &|done, of| read.borrow_mut().push((done, of))).unwrap();
    assert_eq!((opened.rebuilt, opened.put_aside, opened.locked), (false, None, None));
    assert_eq!(everything(&store.reader()), before);
    let (from, of) = read.into_inner()[0];
    assert!(from > of / 3, "it begins behind what sled has: at {from} of {of}");
    assert!(!marked(&shop));
}

/// What failed is not believed, and the one that is made in its place is.
#[test]
fn the_next_one_is_not_taken_for_the_one_that_failed() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=2);
    drop(store);
    fs::write(shop.dir().join("db.in-use"), "suspect").unwrap();
    shop.delete_index();
    for rebuilt in [true, false] {
        let (store, opened) = shop.open_said();
        assert_eq!((opened.rebuilt, opened.put_aside), (rebuilt, None));
        drop(store);
        assert!(!marked(&shop));
    }
}
