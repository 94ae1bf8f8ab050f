//! Bits that flip where documents were acknowledged: reported, stepped over, folios stay used.

use std::fs;

use timbre_core::{Cause, DocState, NumberFate, ParcelId};

use super::shop::*;
use crate::{Fact, IndexCheck, LockReason, Place, StoreError};

/// Five boletas, and where the frame of each begins and ends.
fn five(shop: &Shop) -> Vec<(u64, u64)> {
    let mut store = shop.stocked();
    issue(&mut store, 1..=5);
    let reader = store.reader();
    let mut starts: Vec<u64> = (1..=5).map(|n| reader.row(&id(n)).unwrap().unwrap().frame.offset).collect();
    starts.push(fs::metadata(shop.segment(1)).unwrap().len());
    starts.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

fn flip(shop: &Shop, offset: u64) {
    let mut bytes = fs::read(shop.segment(1)).unwrap();
    bytes[offset as usize] ^= 0x10;
    fs::write(shop.segment(1), bytes).unwrap();
}

#[test]
fn a_flipped_bit_in_an_earlier_frame_is_reported_by_check_wherever_it_is() {
    let shop = Shop::new();
    let frames = five(&shop);
    let (start, end) = frames[2];
    for offset in (start..end).step_by(7) {
        flip(&shop, offset);
        let report = shop.check();
        assert!(report.lost_data(), "byte {offset}");
        assert_eq!((report.documents, report.damage.len()), (4, 1), "byte {offset}");
        assert_eq!(report.damage[0].place, Place { segment: 1, offset: start });
        assert_eq!(report.missing, [(id(3), id(3))]);
        flip(&shop, offset);
    }
    let report = shop.check();
    assert!(!report.lost_data());
    assert_eq!((report.index, report.documents), (IndexCheck::Agrees, 5));
}

#[test]
fn a_damaged_document_is_an_error_to_read_and_the_others_are_not() {
    let shop = Shop::new();
    let frames = five(&shop);
    flip(&shop, frames[1].0 + 300);
    let (mut store, opened) = shop.open_said();
    assert_eq!(opened.damage.len(), 1, "among the newest, so even a plain opening sees it");
    let reader = store.reader();
    assert!(matches!(reader.document(&id(2)), Err(StoreError::Damaged { .. })));
    assert_eq!(reader.document(&id(3)).unwrap().unwrap(), sale(3).document);
    issue(&mut store, [6]);
}

#[test]
fn with_the_index_lost_too_the_folio_stays_used() {
    for document in 0..5 {
        let shop = Shop::new();
        let frames = five(&shop);
        shop.delete_index();
        flip(&shop, frames[document].0 + 200);
        let (mut store, opened) = shop.open_said();
        assert_eq!(opened.damage.len(), 1);
        assert!(opened.rebuilt);
        let number = document as u64 + 1;
        let reused = store.commit(vec![issued(sale(number))], at(9));
        assert!(matches!(reused, Err(StoreError::NotNext { .. } | StoreError::Locked(_))));
        assert!(store.numbering().take(&id(1).series, &mut |_| Ok(())).unwrap().number() >= 5);
        match opened.locked {
            None => issue(&mut store, [6]),
            // The last one: only the anchor knows that there was a fifth.
            Some(lock) => {
                assert_eq!((document, lock.reason), (4, LockReason::AnchorAhead));
                unlock(&mut store, 10);
                issue(&mut store, [6]);
            }
        }
    }
}

/// It is not the journal's end that is missing: the anchor remembers a range of which only the loading can't be read.
#[test]
fn a_grant_that_cannot_be_read_locks_with_a_reason_that_says_so_and_is_loaded_again() {
    let shop = Shop::new();
    five(&shop);
    shop.delete_index();
    let bytes = fs::read(shop.segment(1)).unwrap();
    let words = br#""fact":"grant_loaded""#;
    let place = bytes.windows(words.len()).position(|part| part == words).unwrap();
    flip(&shop, place as u64 + 3);
    let (mut store, opened) = shop.open_said();
    let lock = opened.locked.unwrap();
    assert_eq!((lock.reason, lock.beyond[0].next), (LockReason::GrantUnreadable, 6));
    let text = lock.to_string();
    assert!(!text.contains("termina antes") && text.contains("cargar otra vez"), "{text}");
    assert_eq!(shop.check().locked.map(|lock| lock.reason), Some(LockReason::GrantUnreadable));
    unlock(&mut store, 10);
    store.commit(vec![caf("a", "39", 1, 100)], at(11)).unwrap();
    issue(&mut store, [6]);
}

/// A good frame stands behind it, and no index knows what it said.
fn damage_the_last_of_five(shop: &Shop) {
    let frames = five(shop);
    shop.open().commit(vec![line()], at(6)).unwrap();
    shop.delete_index();
    flip(shop, frames[4].0 + 3);
}

#[test]
fn damage_that_may_hide_the_last_folio_locks_when_nobody_else_knows() {
    let shop = Shop::without_anchor();
    damage_the_last_of_five(&shop);
    let (mut store, opened) = shop.open_said();
    let lock = opened.locked.unwrap();
    assert_eq!(lock.reason, LockReason::Damage);
    assert_eq!(lock.beyond[0].next, 6);
    assert!(matches!(store.commit(vec![issued(sale(5))], at(9)), Err(StoreError::Locked(_))));
    unlock(&mut store, 10);
    assert!(matches!(store.commit(vec![issued(sale(5))], at(9)), Err(StoreError::NotNext { .. })));
    issue(&mut store, [6]);
}

/// A missing anchor is true of one machine, and hides nothing that is true everywhere.
#[test]
fn damage_that_may_hide_the_last_folio_locks_also_where_the_anchor_is_missing() {
    let shop = Shop::new();
    damage_the_last_of_five(&shop);
    shop.delete_anchor();
    let lock = shop.open().locked().unwrap();
    assert_eq!((lock.reason, lock.beyond[0].next), (LockReason::Damage, 6));
}

#[test]
fn an_anchor_from_before_the_damage_does_not_settle_it() {
    let shop = Shop::new();
    let frames = five(&shop);
    let mut store = shop.open();
    issue(&mut store, [6]);
    drop(store);
    let anchor = fs::read(shop.root.path().join("anchor.json")).unwrap();
    let last = fs::metadata(shop.segment(1)).unwrap().len();
    let mut store = shop.open();
    issue(&mut store, [7]);
    store.commit(vec![line()], at(8)).unwrap();
    drop(store);
    shop.delete_index();
    // Two damaged frames: one that the anchor covers, one that it does not.
    flip(&shop, frames[2].0 + 3);
    flip(&shop, last + 3);
    fs::write(shop.root.path().join("anchor.json"), anchor).unwrap();
    let (store, opened) = shop.open_said();
    assert_eq!(opened.damage.len(), 2);
    let lock = opened.locked.unwrap();
    assert_eq!((lock.reason, lock.beyond[0].next), (LockReason::Damage, 8));
    drop(store);
}

#[test]
fn a_lock_outlives_reopening_and_a_lost_index() {
    let shop = Shop::without_anchor();
    let frames = five(&shop);
    let mut store = shop.open();
    store.commit(vec![line()], at(6)).unwrap();
    drop(store);
    shop.delete_index();
    flip(&shop, frames[4].0 + 3);
    drop(shop.open());
    let (mut store, opened) = shop.open_said();
    assert!(opened.locked.is_some());
    store.commit(vec![line()], at(7)).unwrap();
    drop(store);
    shop.delete_index();
    assert!(shop.open_said().1.locked.is_some());
}

#[test]
fn damage_at_the_end_that_the_index_knows_is_kept_and_written_around() {
    let shop = Shop::new();
    let frames = five(&shop);
    flip(&shop, frames[4].0 + 90);
    let (mut store, opened) = shop.open_said();
    assert_eq!((opened.damage.len(), opened.locked, opened.rebuilt), (1, None, false));
    issue(&mut store, [6, 7]);
    assert!(shop.segment(2).exists());
    drop(store);
    assert_eq!(fs::metadata(shop.segment(1)).unwrap().len(), frames[4].1);
    shop.delete_index();
    let (store, opened) = shop.open_said();
    assert_eq!((opened.documents, opened.damage.len(), opened.locked), (6, 1, None));
    assert_eq!(opened.missing, [(id(5), id(5))]);
    assert_eq!(store.reader().ranges()[0].next, 8);
}

#[test]
fn a_lost_segment_is_damage() {
    let mut shop = Shop::new();
    shop.options.segment_bytes = 1;
    let mut store = shop.stocked();
    issue(&mut store, 1..=4);
    drop(store);
    assert!(shop.segment(5).exists());
    fs::remove_file(shop.segment(3)).unwrap();
    let (store, opened) = shop.open_said();
    assert_eq!((opened.damage.len(), opened.locked), (2, None), "the file, and its document");
    drop(store);
    shop.delete_index();
    let (_, opened) = shop.open_said();
    assert_eq!(opened.missing, [(id(2), id(2))]);
    assert_eq!((opened.documents, opened.locked), (3, None));
}

/// Three boletas, of which the first two leave and are accepted, and a fourth. Answers where it stands that they left, and
/// all of it.
fn accepted(shop: &Shop, store: &mut crate::Store) -> (Place, Place) {
    issue(store, 1..=3);
    shop.backup("before");
    let sent = |n| moved(n, DocState::Enviando, DocState::Enviado, Cause::Sent { track: "7".into() });
    let said = || Cause::Accepted { remarks: vec![], given: None };
    let ended = |n| moved(n, DocState::Enviado, DocState::Aceptado, said());
    let mut places = store.commit(depart("p", &[1, 2]), at(10)).unwrap().places;
    places.extend(store.commit(vec![sent(1), sent(2)], at(11)).unwrap().places);
    places.extend(store.commit(vec![ended(1), ended(2)], at(12)).unwrap().places);
    issue(store, [4]);
    (places[0], *places.last().unwrap())
}

/// All that says that they left is damaged.
fn forget(shop: &Shop, (first, last): (Place, Place)) {
    let mut bytes = fs::read(shop.segment(1)).unwrap();
    bytes[first.offset as usize..last.offset as usize + 60].fill(0);
    fs::write(shop.segment(1), bytes).unwrap();
}

#[track_caller]
fn assert_unsure(shop: &Shop, rebuilt: bool) {
    let (store, opened) = shop.open_said();
    assert_eq!((opened.rebuilt, opened.locked), (rebuilt, None), "its last folio is certain");
    let reader = store.reader();
    let row = |n| reader.row(&id(n)).unwrap().unwrap();
    assert_eq!(row(1).state, DocState::Generado, "nothing says that it left");
    let unsure = reader.unsure_before().unwrap();
    assert!((1..=3).all(|n| row(n).frame < unsure));
    assert!(row(4).frame > unsure, "what was issued behind it has all its facts");
}

#[test]
fn of_what_was_issued_before_damage_nobody_is_sure_once_the_index_is_made_anew() {
    let shop = Shop::new();
    let mut store = shop.stocked();
    let left = accepted(&shop, &mut store);
    drop(store);
    forget(&shop, left);
    let (store, _) = shop.open_said();
    assert_eq!(store.reader().unsure_before(), None, "an index that read it knows it");
    drop(store);
    for _ in 0..2 {
        shop.delete_index();
        assert_unsure(&shop, true);
        assert_unsure(&shop, false);
        assert_eq!(shop.check().index, IndexCheck::Agrees);
    }
}

#[test]
fn of_what_was_issued_before_damage_nobody_is_sure_once_an_index_was_brought_up_over_it() {
    let shop = Shop::new();
    let mut store = shop.stocked();
    let left = accepted(&shop, &mut store);
    drop(store);
    forget(&shop, left);
    shop.delete_index();
    copy(&shop.root.path().join("before/db"), &shop.dir().join("db"));
    assert_unsure(&shop, false);
    assert_unsure(&shop, false);
}

#[test]
fn a_lost_segment_leaves_nobody_sure_only_where_it_was_not_read_before() {
    let mut shop = Shop::new();
    shop.options.segment_bytes = 1;
    let mut store = shop.stocked();
    let (sent, _) = accepted(&shop, &mut store);
    drop(store);
    fs::remove_file(shop.segment(sent.segment)).unwrap();
    let (mut store, _) = shop.open_said();
    assert_eq!(store.reader().unsure_before(), None);
    issue(&mut store, [5]);
    drop(store);
    shop.delete_index();
    let (store, _) = shop.open_said();
    let reader = store.reader();
    assert!(reader.unsure_before() > Some(reader.row(&id(3)).unwrap().unwrap().frame));
    assert!(reader.unsure_before() < Some(reader.row(&id(4)).unwrap().unwrap().frame));
}

#[test]
fn a_torn_tail_makes_nobody_unsure() {
    let shop = Shop::without_anchor();
    five(&shop);
    shop.delete_index();
    let whole = fs::read(shop.segment(1)).unwrap();
    fs::write(shop.segment(1), &whole[..whole.len() - 40]).unwrap();
    let (store, opened) = shop.open_said();
    assert!(opened.torn_bytes > 0 && opened.damage.is_empty());
    assert_eq!(store.reader().unsure_before(), None);
}

#[test]
fn a_history_steps_over_what_cannot_be_read_and_says_so() {
    let shop = Shop::new();
    let mut store = shop.stocked();
    let (sent, _) = accepted(&shop, &mut store);
    flip(&shop, sent.offset + 120);
    let history = store.reader().history(&id(1)).unwrap();
    let facts: Vec<_> = history.iter().map(|event| event.fact["fact"].as_str().unwrap()).collect();
    assert_eq!(facts, ["issued", "unreadable", "moved", "moved", "moved"]);
    assert_eq!((history[1].frame, history[1].at), (sent, history[0].at));
    assert!(history[1].is_unreadable() && !history[2].is_unreadable());
}

/// What became of a second version is no word about the first, which was rejected: it must not leave in its place.
#[test]
fn where_a_later_version_can_not_be_read_the_rejected_one_stays_where_it_is_for_a_person() {
    let shop = Shop::new();
    let mut store = shop.stocked();
    issue(&mut store, [1]);
    store.commit(depart("p", &[1]), at(2)).unwrap();
    let why = Cause::Rejected { reasons: vec![], number: NumberFate::FreeForSame };
    store.commit(vec![moved(1, DocState::Enviando, DocState::Rechazado, why)], at(3)).unwrap();
    let later = |mut fact| {
        match &mut fact {
            Fact::Moved(moved) => moved.version = 2,
            Fact::Sending(sending) => sending.documents[0].1 = 2,
            _ => {}
        }
        fact
    };
    let mut again = sale(1);
    again.document.version = 2;
    let reissued = later(moved(1, DocState::Rechazado, DocState::Generado, Cause::Reissued));
    store.commit(vec![issued(again), reissued], at(4)).unwrap();
    let second = store.reader().row(&id(1)).unwrap().unwrap().frame;
    for leaves in [false, true] {
        if leaves {
            store.commit(depart("q", &[1]).into_iter().map(later).collect(), at(5)).unwrap();
        }
        issue(&mut store, [2 + u64::from(leaves)]);
        drop(store);
        shop.delete_index();
        flip(&shop, second.offset + 90);
        store = shop.open();
        let row = store.reader().row(&id(1)).unwrap().unwrap();
        assert_eq!((row.version, row.state), (1, DocState::Rechazado));
        assert!(row.attention.unwrap().contains("la versión 2"));
        assert_eq!(row.parcel.unwrap(), ParcelId("p".to_owned()));
        drop(store);
        shop.delete_index();
        flip(&shop, second.offset + 90);
        store = shop.open();
    }
}
