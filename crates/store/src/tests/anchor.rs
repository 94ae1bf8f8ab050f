//! What the anchor knows outlives damage to the journal's first frame, and finds a copy that went on by itself wherever
//! that wrote.

use std::fs;

use timbre_core::{GrantId, Series};

use super::shop::*;
use crate::{LockReason, Locked, Mark, Store, StoreError};

/// The first frame can't be read any more: one bit of it, or its whole file.
const HARMS: [fn(&Shop); 2] = [
    |shop| {
        let mut bytes = fs::read(shop.segment(1)).unwrap();
        bytes[100] ^= 1;
        fs::write(shop.segment(1), bytes).unwrap();
    },
    |shop| fs::rename(shop.segment(1), shop.root.path().join("away.tj")).unwrap(),
];

/// A shop that has sold three boletas, each in a segment of its own.
fn three() -> Shop {
    let mut shop = Shop::new();
    shop.options.segment_bytes = 1;
    issue(&mut shop.stocked(), 1..=3);
    shop
}

#[track_caller]
fn an_older_copy_locks(shop: &Shop, next: u64) {
    shop.put_back("monday");
    let lock = shop.open().locked().unwrap();
    assert_eq!((lock.reason, lock.beyond[0].next), (LockReason::AnchorAhead, next));
}

#[test]
fn a_first_frame_that_can_not_be_read_does_not_make_the_anchor_forget() {
    for harm in HARMS {
        let shop = three();
        shop.backup("monday");
        issue(&mut shop.open(), 4..=6);
        harm(&shop);
        drop(shop.open());
        shop.backup("damaged");
        an_older_copy_locks(&shop, 7);

        // It goes on selling, and the anchor with it.
        shop.put_back("damaged");
        let (mut store, opened) = shop.open_said();
        assert_eq!(opened.locked, None);
        issue(&mut store, [7]);
        drop(store);
        assert_eq!(shop.open().locked(), None);
        an_older_copy_locks(&shop, 8);
    }
}

#[test]
fn a_folder_whose_first_frame_can_not_be_read_is_remembered_once_a_person_lifted_its_lock() {
    for harm in HARMS {
        let shop = three();
        harm(&shop);
        shop.delete_anchor();
        let mut store = shop.open();
        assert_eq!(store.locked().unwrap().reason, LockReason::AnchorMissing);
        unlock(&mut store, 10);
        issue(&mut store, [4]);
        drop(store);
        shop.backup("monday");
        let (mut store, opened) = shop.open_said();
        assert_eq!(opened.locked, None, "a person decides once");
        issue(&mut store, 5..=6);
        drop(store);
        an_older_copy_locks(&shop, 7);
    }
}

/// An anchor that knows of no frame, as one that lost what was written since a folder was made.
#[test]
fn a_folder_whose_first_frame_can_not_be_read_is_remembered_where_the_anchor_knew_nothing() {
    let shop = three();
    HARMS[0](&shop);
    shop.renew_anchor();
    drop(shop.open());
    shop.backup("monday");
    issue(&mut shop.open(), 4..=6);
    an_older_copy_locks(&shop, 7);
}

#[test]
fn a_clone_that_went_on_in_segments_of_its_own_locks_issuing() {
    let mut shop = Shop::new();
    issue(&mut shop.stocked(), 1..=3);
    shop.backup("clone");
    issue(&mut shop.open(), 4..=6);
    let file = |name: &str| shop.root.path().join(name);
    let mine = ["anchor.json", "anchor.base"].map(|name| (name, fs::read(file(name)).unwrap()));
    shop.delete_anchor();
    shop.put_back("clone");
    shop.options.segment_bytes = 1;
    let mut store = shop.open();
    unlock(&mut store, 20);
    issue(&mut store, 4..=11);
    drop(store);
    for (name, bytes) in mine {
        fs::write(shop.root.path().join(name), bytes).unwrap();
    }
    assert_eq!(shop.check().locked.map(|lock| lock.reason), Some(LockReason::OtherHistory));
    assert_eq!(shop.open().locked().map(|lock| lock.reason), Some(LockReason::OtherHistory));
}

/// Two copies are in use in turn, and nobody decides before the other one has gone on.
#[test]
fn a_lock_knows_what_the_other_copy_sold_since_it_was_found() {
    for is_written_down in [false, true] {
        let shop = Shop::new();
        issue(&mut shop.stocked(), 1..=3);
        shop.backup("old");
        issue(&mut shop.open(), 4..=6);
        shop.backup("new");

        shop.put_back("old");
        let mut store = shop.open();
        assert_eq!(store.locked().unwrap().beyond[0].next, 7);
        if is_written_down {
            store.commit(vec![acted("looks")], at(7)).unwrap();
        }
        drop(store);
        shop.backup("locked");

        shop.put_back("new");
        issue(&mut shop.open(), 7..=9);
        shop.put_back("locked");
        let mut store = shop.open();
        let lock = store.locked().unwrap();
        assert_eq!((lock.reason, lock.beyond[0].next), (LockReason::AnchorAhead, 10));
        unlock(&mut store, 10);
        issue(&mut store, [10]);
        drop(store);
        assert_eq!(shop.open().locked(), None);
    }
}

/// The same where the locked one is in use meanwhile.
#[test]
fn a_lock_hears_what_the_other_copy_sells_beside_it() {
    let shop = Shop::new();
    issue(&mut shop.stocked(), 1..=3);
    shop.backup("old");
    issue(&mut shop.open(), 4..=6);
    let (mut locked, _) = Store::open(&shop.root.path().join("old"), &shop.options, &|_, _| {}).unwrap();
    assert_eq!(locked.locked().unwrap().beyond[0].next, 7);
    issue(&mut shop.open(), 7..=9);
    locked.commit(vec![acted("looks")], at(20)).unwrap();
    assert_eq!(locked.locked().unwrap().beyond[0].next, 10);
}

/// Where nobody is told which copy it is that goes on, the other one would find nothing wrong.
#[test]
fn a_lock_is_not_lifted_where_the_anchor_can_not_be_written() {
    let shop = Shop::new();
    issue(&mut shop.stocked(), 1..=3);
    shop.backup("old");
    issue(&mut shop.open(), 4..=6);
    shop.put_back("old");
    let half = shop.root.path().join("anchor.half");
    fs::create_dir(&half).unwrap();
    let mut store = shop.open();
    let lift = || store.locked().unwrap().lifted_by("ana", Default::default(), None);
    let (lift, again) = (lift(), lift());
    assert!(matches!(store.commit(vec![lift], at(7)), Err(StoreError::Io { .. })));
    assert!(store.reopen().unwrap().locked.is_some());
    fs::remove_dir(&half).unwrap();
    store.commit(vec![again], at(8)).unwrap();
    issue(&mut store, [7]);
    drop(store);
    assert_eq!(shop.open().locked(), None);
}

/// Where a power cut takes the file that is not synced, what was sold since the folder was opened is remembered all the same.
#[test]
fn the_base_is_renewed_while_a_folder_is_in_use() {
    let shop = Shop::new();
    let mut store = shop.stocked();
    issue(&mut store, 1..=3);
    store.rest().unwrap();
    shop.backup("monday");
    store.commit(vec![issued(sale(4))], at(1000)).unwrap();
    store.rest().unwrap();
    std::mem::forget(store);
    fs::write(shop.root.path().join("anchor.json"), "").unwrap();
    shop.put_back("monday");
    assert_eq!(shop.open().locked().map(|lock| lock.beyond[0].next), Some(5));
}

/// A till may err; that another copy went on is known.
#[test]
fn what_is_found_takes_the_place_of_a_tills_word() {
    let lock = |reason, next| {
        let mark = Mark { series: Series("39".into()), grant: GrantId("a".into()), next };
        Locked { reason, beyond: vec![mark], said: vec![] }
    };
    let said = lock(LockReason::TillAhead, 4);
    let both = lock(LockReason::AnchorAhead, 7).beside(Some(&said)).unwrap();
    assert_eq!(both, lock(LockReason::AnchorAhead, 7));
    assert_eq!(lock(LockReason::AnchorMissing, 4).beside(Some(&said)), None);
    assert_eq!(both.clone().beside(Some(&lock(LockReason::AnchorMissing, 4))), Some(both.clone()));
    assert_eq!(lock(LockReason::OtherHistory, 5).beside(Some(&both)), None);
}

#[test]
fn damage_where_the_anchor_stands_is_no_other_history() {
    let shop = Shop::new();
    issue(&mut shop.stocked(), 1..=3);
    let mut bytes = fs::read(shop.segment(1)).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(shop.segment(1), bytes).unwrap();
    let (mut store, opened) = shop.open_said();
    assert_eq!((opened.damage.len(), opened.locked), (1, None));
    issue(&mut store, 4..=5);
    drop(store);
    assert_eq!(shop.open().locked(), None);
}
