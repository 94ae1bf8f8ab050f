//! What tills remember of the folder locks issuing where the journal does not know it, and a person decides.

use std::collections::BTreeMap;
use std::fs;

use timbre_core::{DocumentId, Series};

use super::shop::*;
use crate::{Fact, Heard, LockReason, OpenOptions, Said, Store, StoreError};

fn said(store: &Store, till: &str, number: u64) -> Said {
    match store.reader().hear(till, &id(number)) {
        Heard::News(said) => said,
        other => panic!("{till} {number}: {other:?}"),
    }
}

#[track_caller]
fn lock(store: &mut Store, till: &str, number: u64, second: i64) {
    let lock = store.reader().lock_for(&[said(store, till, number)]).unwrap();
    store.commit(vec![Fact::IssuingLocked(lock)], at(second)).unwrap();
}

fn decided(store: &Store, last: u64) -> Fact {
    let locked = store.locked().unwrap();
    let used = locked.beyond.iter().map(|mark| crate::Mark { next: mark.next.max(last + 1), ..mark.clone() });
    locked.knowing(used.collect()).lifted_by("ana", BTreeMap::from([(Series("39".into()), last)]), None)
}

#[test]
fn a_folio_that_a_till_was_given_and_the_journal_does_not_know_locks_until_a_person_says_how_far() {
    for sealed in [false, true] {
        let shop = if sealed { Shop::sealed() } else { Shop::new() };
        let mut store = shop.stocked();
        issue(&mut store, 1..=3);
        assert_eq!(store.reader().hear("caja1", &id(3)), Heard::Known);
        for other in [id(101), DocumentId::new("33", 3)] {
            assert_eq!(store.reader().hear("caja1", &other), Heard::Outside);
        }
        lock(&mut store, "caja1", 6, 10);
        assert!(matches!(store.commit(vec![issued(sale(4))], at(11)), Err(StoreError::Locked(_))));
        drop(store);
        // A till may err: its word proves no loss.
        let report = shop.check();
        assert!(report.locked.is_some() && !report.lost_data());
        // It is on record, whatever becomes of index and anchor.
        shop.delete_index();
        let (mut store, opened) = shop.open_said();
        assert_eq!(opened.locked.unwrap().reason, LockReason::TillAhead);
        let word = store.locked().unwrap().to_string();
        assert!(word.contains("La caja «caja1» dice que recibió el folio 6 del tipo 39."), "{word}");
        // Nobody goes on without a word about it.
        let silent = store.locked().unwrap().lifted_by("ana", BTreeMap::new(), None);
        assert!(store.commit(vec![silent], at(12)).unwrap_err().to_string().contains("hasta el 6"));
        let decided = decided(&store, 6);
        store.commit(vec![decided], at(13)).unwrap();
        assert_eq!(store.reader().hear("caja1", &id(6)), Heard::Known);
        issue(&mut store, [7]);
        assert_eq!(store.reader().ranges()[0].skipped, [crate::Span { first: 4, last: 6, lost: false }]);
        shop.is_the_same_made_anew(store);
    }
}

#[test]
fn a_till_that_was_not_believed_locks_no_more_and_takes_no_folio_with_it() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=3);
    lock(&mut store, "caja1", 100, 10);
    let low = decided(&store, 0);
    store.commit(vec![low], at(11)).unwrap();
    issue(&mut store, [4]);
    assert_eq!(store.reader().ranges()[0].skipped, []);
    for number in [50, 99, 100] {
        assert_eq!(store.reader().hear("caja1", &id(number)), Heard::Disbelieved);
    }
    assert_eq!(store.reader().hear("caja1", &id(4)), Heard::Known);
    // Another till's word is its own.
    lock(&mut store, "caja2", 6, 12);
    shop.is_the_same_made_anew(store);
}

#[test]
fn tills_that_speak_while_it_is_locked_are_heard_once_each() {
    let (_shop, mut store) = Shop::ready();
    issue(&mut store, 1..=3);
    lock(&mut store, "caja1", 6, 10);
    let again = said(&store, "caja1", 7);
    assert_eq!(store.reader().lock_for(&[again]), None);
    lock(&mut store, "caja2", 8, 11);
    let lock = store.locked().unwrap();
    let of: Vec<_> = lock.said.iter().map(|said| (said.till.as_str(), said.number)).collect();
    assert_eq!(of, [("caja1", 6), ("caja2", 8)]);
    assert_eq!(lock.highest_said(&Series("39".into())), Some(8));
}

#[test]
fn a_lock_is_of_a_word_that_is_news_and_of_no_other() {
    let (_shop, mut store) = Shop::ready();
    issue(&mut store, 1..=3);
    let news = said(&store, "caja1", 6);
    let lock = store.reader().lock_for(std::slice::from_ref(&news)).unwrap();
    let known = crate::Locked { said: vec![Said { number: 3, ..news.clone() }], ..lock.clone() };
    let outside = crate::Locked { said: vec![Said { number: 101, ..news.clone() }], ..lock.clone() };
    let other = crate::Locked { reason: LockReason::Damage, ..lock.clone() };
    let far = crate::Locked { beyond: vec![], ..lock };
    for lock in [known, outside, other, far] {
        assert!(store.commit(vec![Fact::IssuingLocked(lock)], at(9)).is_err());
    }
}

/// It would lock again at that till's next sale, after a person has decided.
#[test]
fn what_tills_say_while_it_is_locked_for_another_reason_is_decided_with_it() {
    for reason in [LockReason::AnchorMissing, LockReason::AnchorAhead] {
        let shop = Shop::new();
        let mut store = shop.stocked();
        issue(&mut store, 1..=3);
        let before = fs::read(shop.segment(1)).unwrap();
        issue(&mut store, 4..=5);
        drop(store);
        match reason {
            LockReason::AnchorMissing => shop.delete_anchor(),
            _ => fs::write(shop.segment(1), before).unwrap(),
        }
        shop.delete_index();
        let (mut store, opened) = shop.open_said();
        let found = opened.locked.unwrap();
        assert_eq!((found.reason, found.said.len()), (reason, 0));
        lock(&mut store, "caja1", 8, 10);
        lock(&mut store, "caja2", 9, 11);
        let of = |store: &Store| {
            let lock = store.locked().unwrap();
            let said: Vec<_> = lock.said.iter().map(|said| (said.till.clone(), said.number)).collect();
            (lock.reason, lock.beyond, said)
        };
        let both = vec![("caja1".to_owned(), 8), ("caja2".to_owned(), 9)];
        assert_eq!(of(&store), (reason, found.beyond, both.clone()));
        // Also at the next start; and of a journal alone there is what the tills said.
        drop(store);
        let (still, _, said) = of(&shop.open());
        assert_eq!((still, said), (reason, both.clone()));
        shop.delete_index();
        let mut store = shop.open();
        assert_eq!(of(&store).2, both);
        let silent = store.locked().unwrap().lifted_by("ana", BTreeMap::new(), None);
        assert!(store.commit(vec![silent], at(12)).unwrap_err().to_string().contains("hasta el 9"));
        let decided = decided(&store, 0);
        store.commit(vec![decided], at(13)).unwrap();
        assert_eq!(store.locked(), None);
        for (till, number) in both {
            assert_eq!(store.reader().hear(&till, &id(number)), Heard::Disbelieved);
        }
    }
}

/// Whoever has the anchor is locked by what the tills said, and by nothing that was true elsewhere.
#[test]
fn that_another_machine_has_no_anchor_is_no_part_of_what_tills_say_there() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=3);
    drop(store);
    let elsewhere = OpenOptions { anchor: Some(shop.root.path().join("other.json")), ..shop.options.clone() };
    let (mut store, _) = Store::open(&shop.dir(), &elsewhere, &|_, _| {}).unwrap();
    lock(&mut store, "caja1", 8, 10);
    assert_eq!(store.locked().unwrap().reason, LockReason::AnchorMissing);
    drop(store);
    assert_eq!(shop.open().locked().unwrap().reason, LockReason::TillAhead);
}
