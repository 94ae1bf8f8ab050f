//! The second look tells what is lost from what is only behind, damaged journal or not. Damage
//! itself is in `damage`.

use std::fs;

use super::shop::*;
use crate::{IndexCheck, LockReason};

/// Boletas 1 to 8 over several segments, with a copy of the journal as it was after 3.
fn long(shop: &mut Shop) {
    shop.options.segment_bytes = 2500;
    let mut store = shop.stocked();
    issue(&mut store, 1..=3);
    copy(&shop.journal(), &shop.root.path().join("monday"));
    issue(&mut store, 4..=8);
}

#[track_caller]
fn lacks(shop: &Shop, reason: LockReason) {
    let report = shop.check();
    assert_eq!(report.damage, [], "every frame that is there is good");
    assert!(report.ends_early > 0 && report.lost_data());
    assert_eq!(report.locked.as_ref().unwrap().reason, reason);
    assert_eq!(report.locked.as_ref().unwrap().beyond[0].next, 9);
    // The next opening thinks the same.
    let (store, opened) = shop.open_said();
    assert_eq!(opened.locked, report.locked);
    // And so does a look after it, whose index agrees with the journal.
    drop(store);
    let report = shop.check();
    assert_eq!(report.index, IndexCheck::Agrees);
    assert!(report.lost_data() && report.locked.is_some());
}

#[test]
fn a_journal_without_its_last_segment_has_lost_data() {
    for mut shop in [Shop::new(), Shop::without_anchor()] {
        long(&mut shop);
        let last = fs::read_dir(shop.journal()).unwrap().count();
        fs::remove_file(shop.segment(last as u32)).unwrap();
        lacks(&shop, LockReason::IndexAhead);
    }
}

#[test]
fn an_older_journal_put_back_has_lost_data() {
    for mut shop in [Shop::new(), Shop::without_anchor()] {
        long(&mut shop);
        fs::remove_dir_all(shop.journal()).unwrap();
        copy(&shop.root.path().join("monday"), &shop.journal());
        lacks(&shop, LockReason::IndexAhead);
    }
}

#[test]
fn with_the_index_gone_too_the_anchor_tells() {
    let mut shop = Shop::new();
    long(&mut shop);
    fs::remove_dir_all(shop.journal()).unwrap();
    copy(&shop.root.path().join("monday"), &shop.journal());
    shop.delete_index();
    lacks(&shop, LockReason::AnchorAhead);
}

#[test]
fn a_lock_that_stands_is_told_and_one_that_was_lifted_is_not() {
    let mut shop = Shop::new();
    long(&mut shop);
    fs::remove_dir_all(shop.journal()).unwrap();
    copy(&shop.root.path().join("monday"), &shop.journal());
    let mut store = shop.open();
    unlock(&mut store, 50);
    issue(&mut store, [9]);
    drop(store);
    let report = shop.check();
    assert_eq!((report.ends_early, report.locked.clone()), (0, None));
    // Folios 4 to 8 are in the journal's own fact: a person took note of them.
    assert!(!report.lost_data());
}

#[test]
fn a_folder_in_use_is_sound() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=5);
    let report = shop.check();
    assert!(!report.lost_data());
    assert!(matches!(report.index, IndexCheck::NotOpened(_)));
    drop(store);
    assert_eq!(shop.check().index, IndexCheck::Agrees);
}

#[test]
fn a_middle_segment_that_is_gone_locks_nothing_where_the_index_is_whole() {
    for mut shop in [Shop::new(), Shop::without_anchor()] {
        long(&mut shop);
        for folio in 9..=16 {
            issue(&mut shop.open(), [folio]);
        }
        assert!(shop.segment(3).exists(), "the second is in the middle");
        fs::remove_file(shop.segment(2)).unwrap();
        let report = shop.check();
        assert!(!report.damage.is_empty() && report.lost_data());
        assert_eq!(report.locked, None);
        assert!(matches!(report.index, IndexCheck::Kept { .. }), "{:?}", report.index);
        // The next opening thinks the same, and keeps the index.
        let (store, opened) = shop.open_said();
        assert_eq!((opened.locked, opened.rebuilt), (None, false));
        drop(store);
        assert_eq!(shop.check().locked, None);
    }
}

#[test]
fn a_journal_that_is_gone_is_lost_data_where_the_index_or_the_anchor_knows_of_it() {
    let mut shop = Shop::new();
    long(&mut shop);
    fs::remove_dir_all(shop.journal()).unwrap();
    let report = shop.check();
    assert!(report.lost_data() && report.ends_early > 0 && report.documents == 0);
    assert_eq!(report.locked.unwrap().reason, LockReason::IndexAhead);
    shop.delete_index();
    let report = shop.check();
    assert!(report.lost_data());
    assert_eq!(report.locked.unwrap().reason, LockReason::AnchorAhead);
    assert!(!shop.journal().exists(), "who looks makes nothing");
}
