//! Somebody knows more than the journal: a restored backup, a clone, a lost file. Issuing locks.

use std::collections::BTreeMap;
use std::fs;

use super::shop::*;
use crate::{Fact, LockReason, Store, StoreError};

#[track_caller]
fn is_locked_until_unlocked(shop: &Shop, reason: LockReason, next: u64) {
    let (mut store, opened) = shop.open_said();
    assert_eq!(opened.locked.unwrap().reason, reason);
    let low = store.reader().ranges()[0].next;
    assert!(matches!(store.commit(vec![issued(sale(low))], at(50)), Err(StoreError::Locked(_))));
    store.commit(vec![line()], at(51)).unwrap();
    drop(store);
    // Still locked, although index and journal agree by now.
    let (mut store, opened) = shop.open_said();
    assert!(opened.locked.is_some());
    let low_mark = Fact::IssuingUnlocked {
        who: "ana".into(),
        beyond: vec![],
        used_up_to: BTreeMap::new(),
        unasked: None,
    };
    assert!(matches!(store.commit(vec![low_mark], at(52)), Err(StoreError::Refused(_))));
    unlock(&mut store, 53);
    assert_eq!(store.reader().ranges()[0].next, next);
    issue(&mut store, [next]);
    drop(store);
    shop.delete_index();
    let (_, opened) = shop.open_said();
    assert_eq!((opened.locked, opened.damage), (None, vec![]));
}

#[test]
fn a_journal_older_than_its_index_locks_issuing() {
    let shop = Shop::without_anchor();
    let mut store = shop.stocked();
    issue(&mut store, 1..=3);
    let old = fs::read(shop.segment(1)).unwrap();
    issue(&mut store, 4..=8);
    drop(store);
    fs::write(shop.segment(1), old).unwrap();
    let (store, opened) = shop.open_said();
    assert!(opened.put_aside.is_some() && opened.rebuilt);
    drop(store);
    is_locked_until_unlocked(&shop, LockReason::IndexAhead, 9);
}

#[test]
fn a_journal_that_is_gone_locks_issuing() {
    let shop = Shop::without_anchor();
    let mut store = shop.stocked();
    issue(&mut store, 1..=3);
    drop(store);
    fs::remove_dir_all(shop.journal()).unwrap();
    let (mut store, opened) = shop.open_said();
    assert_eq!(opened.locked.unwrap().reason, LockReason::IndexAhead);
    // The same CAF loaded again goes on where the index remembers.
    unlock(&mut store, 9);
    store.commit(vec![caf("a", "39", 1, 100)], at(10)).unwrap();
    assert_eq!(store.reader().ranges()[0].next, 4);
    issue(&mut store, [4]);
}

/// The authority gives the range again in another file, and what was used of it is known by the
/// index alone.
#[test]
fn a_range_lent_again_after_its_grant_was_lost_does_not_begin_anew() {
    let shop = Shop::without_anchor();
    let mut store = shop.stocked();
    issue(&mut store, 1..=3);
    drop(store);
    fs::remove_dir_all(shop.journal()).unwrap();
    let mut store = shop.open();
    let lent_again = |used| shared_caf("again", "39", (1, 100), (1, 1), used);
    // Known by the lock alone, and by the counter that its lifting leaves.
    for lifts in [false, true] {
        if lifts {
            unlock(&mut store, 9);
        }
        for used in [None, Some(2)] {
            let error = store.commit(vec![lent_again(used)], at(10)).unwrap_err();
            assert!(matches!(&error, StoreError::Refused(refusal) if refusal.code == "grant-remembered"));
        }
    }
    store.commit(vec![lent_again(Some(3)), caf("higher", "39", 101, 200)], at(10)).unwrap();
    assert_eq!(store.reader().ranges()[0].next, 4);
}

/// Two tills share a CAF; each knows its part, and a folder put back goes on in its own.
#[test]
fn a_shared_range_goes_on_inside_its_share_after_a_lock() {
    let shop = Shop::new();
    let mut store = shop.open();
    store.commit(vec![company("1-9"), shared_caf("a", "39", (1, 100), (2, 2), Some(60))], at(0)).unwrap();
    issue(&mut store, 61..=63);
    drop(store);
    shop.backup("monday");
    let mut store = shop.open();
    issue(&mut store, 64..=100);
    drop(store);
    shop.put_back("monday");
    let mut store = shop.open();
    assert_eq!(store.locked().unwrap().beyond[0].next, 101);
    unlock(&mut store, 200);
    let none = store.numbering().take(&id(1).series, &mut |_| Ok(())).unwrap_err();
    assert_eq!(none, crate::NoFolio::Exhausted { last: 100 });
}

#[test]
fn a_whole_folder_put_back_from_a_backup_locks_issuing() {
    let shop = Shop::new();
    let mut store = shop.stocked();
    issue(&mut store, 1..=3);
    drop(store);
    shop.backup("monday");
    let mut store = shop.open();
    issue(&mut store, 4..=8);
    drop(store);
    shop.put_back("monday");
    is_locked_until_unlocked(&shop, LockReason::AnchorAhead, 9);
}

#[test]
fn a_clone_that_went_on_elsewhere_locks_issuing() {
    let shop = Shop::new();
    let mut store = shop.stocked();
    issue(&mut store, 1..=3);
    drop(store);
    shop.backup("clone");
    let anchor = fs::read(shop.root.path().join("anchor.json")).unwrap();
    let mut store = shop.open();
    issue(&mut store, 4..=8);
    drop(store);
    let mine = fs::read(shop.root.path().join("anchor.json")).unwrap();
    // The clone issues other documents with the same folios, and more of them.
    shop.put_back("clone");
    fs::write(shop.root.path().join("anchor.json"), anchor).unwrap();
    let mut store = shop.open();
    for number in 4..=12 {
        let mut other = sale(number);
        other.key = Some(format!("other-{number}"));
        store.commit(vec![issued(other)], at(100)).unwrap();
    }
    drop(store);
    fs::write(shop.root.path().join("anchor.json"), mine).unwrap();
    is_locked_until_unlocked(&shop, LockReason::OtherHistory, 13);
}

#[test]
fn another_folder_in_the_same_place_locks_issuing() {
    let shop = Shop::new();
    let mut store = shop.stocked();
    issue(&mut store, 1..=3);
    drop(store);
    fs::remove_dir_all(shop.dir()).unwrap();
    fs::create_dir(shop.dir()).unwrap();
    let (mut store, opened) = shop.open_said();
    assert_eq!(opened.locked.unwrap().reason, LockReason::AnchorAhead);
    store.commit(vec![company("1-9"), caf("a", "39", 1, 100)], at(0)).unwrap();
    assert!(matches!(store.commit(vec![issued(sale(1))], at(1)), Err(StoreError::Locked(_))));
}

#[test]
fn the_anchor_is_written_once_a_second_and_on_closing() {
    let (shop, mut store) = Shop::ready();
    let path = shop.root.path().join("anchor.json");
    let read =
        || crate::anchor::Recalled::read(&crate::disk::RealDisk, &path).unwrap().memory().unwrap().clone();
    let first = read().sequence;
    store.commit(vec![issued(sale(1))], at(0)).unwrap();
    assert_eq!(read().sequence, first, "within the second");
    store.rest().unwrap();
    assert_eq!(read().sequence, first + 1);
    store.commit(vec![issued(sale(2))], at(2)).unwrap();
    assert_eq!(read().sequence, first + 2);
    store.commit(vec![issued(sale(3))], at(2)).unwrap();
    drop(store);
    assert_eq!(read().sequence, first + 3);
    assert_eq!(read().marks[0].next, 4);
}

/// A power cut may leave the file that is not synced empty.
#[test]
fn an_anchor_that_a_power_cut_emptied_has_its_base() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=2);
    drop(store);
    fs::write(shop.root.path().join("anchor.json"), b"").unwrap();
    let (mut store, opened) = shop.open_said();
    assert_eq!(opened.locked, None);
    issue(&mut store, [3]);
    drop(store);
    shop.backup("monday");
    issue(&mut shop.open(), [4]);
    drop(shop.open());
    fs::write(shop.root.path().join("anchor.json"), b"").unwrap();
    shop.put_back("monday");
    is_locked_until_unlocked(&shop, LockReason::AnchorAhead, 5);
}

#[test]
fn a_folder_whose_anchor_can_not_be_read_locks_issuing() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=2);
    drop(store);
    for file in ["anchor.json", "anchor.base"] {
        fs::write(shop.root.path().join(file), b"").unwrap();
    }
    is_locked_until_unlocked(&shop, LockReason::AnchorMissing, 3);
}

/// A copy on another machine, or a machine whose state was wiped.
#[test]
fn a_folder_without_its_anchor_locks_issuing_though_nothing_of_it_is_lost() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=2);
    drop(store);
    shop.delete_anchor();
    let report = shop.check();
    assert_eq!(report.locked.as_ref().unwrap().reason, LockReason::AnchorMissing);
    assert!(!report.lost_data());
    is_locked_until_unlocked(&shop, LockReason::AnchorMissing, 3);
}

/// It is not the shop that is strange, but who looked.
#[test]
fn a_look_without_the_anchor_does_not_stop_who_has_it() {
    let (mut shop, mut store) = Shop::ready();
    issue(&mut store, 1..=2);
    drop(store);
    let own = shop.options.anchor.replace(shop.root.path().join("another user's.json"));
    assert!(shop.open_said().1.locked.is_some());
    shop.options.anchor = own;
    let (mut store, opened) = shop.open_said();
    assert_eq!(opened.locked, None);
    issue(&mut store, [3]);
}

/// They may write what they hear and see, too; they remain locked, with and without the index, until a person lifts it.
#[test]
fn who_writes_without_the_anchor_stays_locked_and_does_not_lock_who_has_it() {
    for bare in [false, true] {
        let (mut shop, mut store) = Shop::ready();
        issue(&mut store, 1..=2);
        drop(store);
        let another = Some(shop.root.path().join("another user's.json"));
        let own = std::mem::replace(&mut shop.options.anchor, another.clone());
        for second in [10, 11] {
            let (mut store, opened) = shop.open_said();
            assert_eq!(opened.locked.unwrap().reason, LockReason::AnchorMissing);
            store.commit(vec![line()], at(second)).unwrap();
            assert!(matches!(store.commit(vec![issued(sale(3))], at(second)), Err(StoreError::Locked(_))));
            drop(store);
            if bare {
                shop.delete_index();
            }
        }
        shop.options.anchor = own;
        let (mut store, opened) = shop.open_said();
        assert_eq!((opened.locked, shop.root.path().join("another user's.json").exists()), (None, false));
        issue(&mut store, [3]);
        drop(store);
        shop.options.anchor = another;
        assert!(shop.open_said().1.locked.is_some(), "and they are locked as before");
    }
}

#[test]
fn a_new_folder_that_dies_before_its_first_anchor_is_not_locked() {
    let (shop, store) = Shop::ready();
    drop(store);
    // As it stands until the first batch is remembered.
    fs::remove_file(shop.root.path().join("anchor.json")).unwrap();
    let base = fs::read_to_string(shop.root.path().join("anchor.base")).unwrap();
    assert!(base.contains("\"sequence\": 0"), "{base}");
    let (mut store, opened) = shop.open_said();
    assert_eq!(opened.locked, None);
    issue(&mut store, [1]);
}

/// Both run on one machine, and so have one anchor.
#[test]
fn of_a_folder_and_its_copy_in_use_at_once_only_one_issues() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, [1]);
    store.settle().unwrap();
    let other = shop.root.path().join("copy");
    shop.backup("copy");
    fs::remove_dir_all(other.join("db")).unwrap();
    let open_other = || Store::open(&other, &shop.options, &|_, _| {}).unwrap();
    let (mut copy, opened) = open_other();
    assert_eq!(opened.locked, None, "nothing tells them apart yet");
    store.commit(vec![issued(sale(2))], at(10)).unwrap();
    let same = copy.commit(vec![issued(sale(2))], at(10));
    let Err(StoreError::Locked(lock)) = same else { panic!("{same:?}") };
    assert_eq!((lock.reason, lock.beyond[0].next), (LockReason::AnchorAhead, 3));
    // What it writes meanwhile does not hide the other's word.
    copy.commit(vec![line()], at(12)).unwrap();
    copy.rest().unwrap();
    store.commit(vec![issued(sale(3))], at(13)).unwrap();
    drop(copy);
    let (mut copy, opened) = open_other();
    assert!(opened.locked.is_some());
    // A person decides that the copy is the one, above what the other one sold since it was locked: now that one stops.
    unlock(&mut copy, 20);
    assert!(matches!(copy.commit(vec![issued(sale(3))], at(20)), Err(StoreError::NotNext { .. })));
    copy.commit(vec![issued(sale(4))], at(20)).unwrap();
    assert!(matches!(store.commit(vec![issued(sale(4))], at(21)), Err(StoreError::Locked(_))));
    copy.commit(vec![issued(sale(5))], at(22)).unwrap();
}
