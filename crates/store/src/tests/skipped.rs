//! Folios that a counter was put past are remembered until a person has looked for them at the authority.

use std::fs;

use super::shop::*;
use crate::{Fact, Span, Store, StoreError};

fn skipped(store: &Store) -> Vec<(u64, u64)> {
    store.reader().ranges()[0].skipped.iter().map(|span| (span.first, span.last)).collect()
}

fn done(first: u64, last: u64) -> Fact {
    Fact::SkippedAnnulled { grant: timbre_core::GrantId("a".into()), first, last }
}

/// A shop that used 1 to 8, put back to where it had used 3, and unlocked.
fn put_back() -> (Shop, Store) {
    let shop = Shop::new();
    let mut store = shop.stocked();
    issue(&mut store, 1..=3);
    drop(store);
    shop.backup("monday");
    issue(&mut shop.open(), 4..=8);
    shop.put_back("monday");
    let mut store = shop.open();
    unlock(&mut store, 9);
    (shop, store)
}

#[test]
fn what_an_unlocked_range_was_put_past_waits_for_a_person_and_outlives_a_rebuild() {
    let (shop, mut store) = put_back();
    assert_eq!(skipped(&store), [(4, 8)]);
    issue(&mut store, 9..=10);
    shop.is_the_same_made_anew(store);
    let mut store = shop.open();
    assert_eq!(skipped(&store), [(4, 8)]);
    store.commit(vec![done(4, 8)], at(60)).unwrap();
    assert_eq!(skipped(&store), []);
    issue(&mut store, [11]);
    shop.is_the_same_made_anew(store);
    assert_eq!(skipped(&shop.open()), []);
}

#[test]
fn only_what_was_skipped_is_ticked_off_and_once() {
    let (_shop, mut store) = put_back();
    issue(&mut store, [9]);
    for (first, last) in [(3, 8), (4, 9), (8, 4), (20, 30)] {
        let error = store.commit(vec![done(first, last)], at(60)).unwrap_err();
        assert!(matches!(&error, StoreError::Refused(refusal) if refusal.code == "nothing-to-annul"));
    }
    store.commit(vec![done(5, 6)], at(60)).unwrap();
    assert_eq!(skipped(&store), [(4, 4), (7, 8)]);
    assert!(store.commit(vec![done(5, 6)], at(60)).is_err());
    assert_eq!(store.reader().ranges()[0].next, 10);
}

/// Each of two restored backups leaves its own gap; what adjoins is one.
#[test]
fn gaps_are_kept_apart_and_none_is_left_where_nothing_was_used() {
    let (shop, mut store) = put_back();
    issue(&mut store, 9..=10);
    drop(store);
    shop.backup("tuesday");
    issue(&mut shop.open(), 11..=11);
    shop.put_back("tuesday");
    let mut store = shop.open();
    unlock(&mut store, 70);
    assert_eq!(skipped(&store), [(4, 8), (11, 11)]);
    drop(store);
    shop.delete_anchor();
    let mut store = shop.open();
    unlock(&mut store, 71);
    assert_eq!(skipped(&store), [(4, 8), (11, 11)], "it was brought here whole");
}

/// The same CAF is loaded into what is left of a folder whose journal is gone.
#[test]
fn what_a_journal_that_is_gone_had_given_waits_once_its_range_is_known_again() {
    let shop = Shop::without_anchor();
    let mut store = shop.stocked();
    issue(&mut store, 1..=3);
    drop(store);
    fs::remove_dir_all(shop.journal()).unwrap();
    let mut store = shop.open();
    unlock(&mut store, 9);
    store.commit(vec![shared_caf("a", "39", (1, 100), (1, 1), Some(1))], at(10)).unwrap();
    assert_eq!(skipped(&store), [(2, 3)], "the first was said to be used");
    assert_eq!(store.reader().ranges()[0].skipped_at(3), Some(Span { first: 2, last: 3, lost: false }));
    shop.is_the_same_made_anew(store);
}

/// What the unlock passed over is on record in its fact; what damage took was given here.
#[test]
fn what_is_missing_through_damage_is_kept_apart_from_what_an_unlock_passed_over() {
    let (shop, mut store) = put_back();
    issue(&mut store, 9..=11);
    let damaged = store.reader().row(&id(9)).unwrap().unwrap().frame.offset as usize + 200;
    drop(store);
    let mut bytes = fs::read(shop.segment(1)).unwrap();
    bytes[damaged] ^= 0x10;
    fs::write(shop.segment(1), bytes).unwrap();
    shop.delete_index();
    let mut store = shop.open();
    let unlocked = Span { first: 4, last: 8, lost: false };
    let lost = Span { first: 9, last: 9, lost: true };
    assert_eq!(store.reader().ranges()[0].skipped, [unlocked, lost]);
    store.commit(vec![done(9, 9)], at(60)).unwrap();
    assert_eq!(store.reader().ranges()[0].skipped, [unlocked]);
}
