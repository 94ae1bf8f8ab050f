//! Which folio is next: over two CAFs, with shares, with ranges that may not be used.

use timbre_core::{GrantId, Refusal, Series};

use super::shop::*;
use crate::numbering::{part_of, share};
use crate::{Fact, NoFolio, Store, StoreError};

fn take(store: &Store, count: usize) -> Result<Vec<u64>, NoFolio> {
    let mut numbering = store.numbering();
    let mut next = || numbering.take(&Series("39".into()), &mut |_| Ok(()));
    (0..count).map(|_| next().map(|folio| folio.number())).collect()
}

fn with(facts: Vec<Fact>) -> (Shop, Store) {
    let shop = Shop::new();
    let mut store = shop.open();
    store.commit(facts, at(0)).unwrap();
    (shop, store)
}

#[test]
fn the_second_caf_is_taken_over_without_a_gap() {
    let (shop, mut store) = with(vec![caf("b", "39", 4, 6), caf("a", "39", 1, 3)]);
    assert_eq!(take(&store, 6).unwrap(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(take(&store, 7), Err(NoFolio::Exhausted { last: 6 }));
    let batch = (1..=5).map(|n| issued(sale_of(if n < 4 { "a" } else { "b" }, n))).collect();
    store.commit(batch, at(1)).unwrap();
    assert_eq!(take(&store, 1).unwrap(), [6]);
    drop(store);
    let store = shop.open();
    assert_eq!(take(&store, 1).unwrap(), [6]);
    let lefts: Vec<u64> = store.reader().ranges().iter().map(|range| range.left()).collect();
    assert_eq!(lefts, [0, 1]);
}

#[test]
fn an_expired_caf_is_passed_over_and_its_refusal_remembered() {
    let (_shop, store) = with(vec![caf("a", "39", 1, 3), caf("b", "39", 10, 12)]);
    let series = Series("39".into());
    let expired = || Refusal::temporary("grant-expired", "", "El CAF venció.");
    let mut numbering = store.numbering();
    let folio = numbering.take(&series, &mut |grant| match grant.id.0.as_str() {
        "a" => Err(expired()),
        _ => Ok(()),
    });
    assert_eq!(folio.unwrap().number(), 10);
    let none = numbering.take(&series, &mut |_| Err(expired()));
    assert_eq!(none.unwrap_err(), NoFolio::Refused(expired()));
    assert_eq!(numbering.take(&Series("33".into()), &mut |_| Ok(())).unwrap_err(), NoFolio::NoGrant);
    // A sale that one range refuses for good waits for no other.
    let early = || Refusal::new("grant-not-yet", "", "Es anterior a su CAF.");
    let mixed = numbering.take(&series, &mut |grant| match grant.id.0.as_str() {
        "a" => Err(expired()),
        _ => Err(early()),
    });
    assert_eq!(mixed.unwrap_err(), NoFolio::Refused(early()));
}

/// A person can use it again: what it would take is not refused for good since another range does so.
#[test]
fn what_a_stopped_range_would_take_waits_for_a_decision() {
    let (_shop, mut store) = with(vec![caf("a", "39", 1, 3), caf("b", "39", 10, 12)]);
    let stop = Fact::GrantStopped { grant: GrantId("a".into()), why: Some("DNK".to_owned()) };
    store.commit(vec![stop], at(1)).unwrap();
    let early = |takes: &str| {
        let early = Refusal::new("grant-not-yet", "", "Es anterior a su CAF.");
        let of = |grant: &timbre_core::Grant| if grant.id.0 == takes { Ok(()) } else { Err(early.clone()) };
        store.numbering().take(&Series("39".into()), &mut |grant| of(grant)).unwrap_err()
    };
    assert!(matches!(early("a"), NoFolio::Refused(why) if why.code == "grant-stopped" && why.temporary));
    assert!(matches!(early("none"), NoFolio::Refused(why) if why.code == "grant-not-yet"));
}

#[test]
fn a_stopped_range_gives_nothing_more() {
    let (_shop, mut store) = with(vec![caf("a", "39", 1, 3)]);
    let stop =
        |why: Option<&str>| Fact::GrantStopped { grant: GrantId("a".into()), why: why.map(str::to_owned) };
    store.commit(vec![issued(sale(1)), stop(Some("DNK"))], at(1)).unwrap();
    assert!(matches!(take(&store, 1), Err(NoFolio::Refused(refusal)) if refusal.code == "grant-stopped"));
    assert!(matches!(
        store.commit(vec![issued(sale(2))], at(2)),
        Err(StoreError::NotNext { next: None, .. })
    ));
    let reopened = |store: &Store| store.reader().ranges()[0].reopened;
    assert_eq!(reopened(&store), 0);
    store.commit(vec![stop(None)], at(3)).unwrap();
    assert_eq!(take(&store, 2).unwrap(), [2, 3]);
    assert_eq!(reopened(&store), 2, "what became of the first was known");
    // Used again what was not stopped: nobody decided anything.
    store.commit(vec![issued(sale(2)), stop(None)], at(4)).unwrap();
    assert_eq!(reopened(&store), 2);
}

#[test]
fn shares_are_contiguous_nearly_equal_and_cover_the_range() {
    for length in 1..=40u64 {
        let grant = grant("a", "39", 11, 10 + length);
        for parts in 1..=12u32 {
            let mut next = 11;
            let mut sizes = Vec::new();
            for part in 1..=parts {
                match share(&grant, (part, parts)) {
                    None => sizes.push(0),
                    Some((first, last)) => {
                        assert_eq!(first, next, "part {part}/{parts} of {length}");
                        let of = |folio| part_of(&grant, parts, folio);
                        assert_eq!((of(first), of(last)), (Some(part), Some(part)), "{parts} of {length}");
                        next = last + 1;
                        sizes.push(last + 1 - first);
                    }
                }
            }
            assert_eq!(next, 11 + length);
            assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
        }
        assert_eq!((share(&grant, (0, 1)), share(&grant, (2, 1)), share(&grant, (1, 0))), (None, None, None));
    }
}

#[test]
fn a_share_and_used_folios_move_the_counter() {
    for (part, used, want) in [
        ((2, 3), None, (34, 66, 34)),
        ((1, 1), Some(40), (1, 100, 41)),
        ((2, 2), Some(20), (51, 100, 51)),
        ((1, 2), Some(49), (1, 50, 50)),
    ] {
        let (_shop, store) = with(vec![shared_caf("a", "39", (1, 100), part, used)]);
        let range = store.reader().ranges().remove(0);
        assert_eq!((range.first, range.last, range.next), want, "{part:?} {used:?}");
    }
}

#[test]
fn a_share_of_which_nothing_is_left_is_not_loaded() {
    let shop = Shop::new();
    let mut store = shop.open();
    for (share, used, says) in [
        ((1, 2), 50, "el 51 es de la parte 2"),
        ((1, 3), 70, "el 71 es de la parte 3"),
        ((1, 2), 100, "se usaron todos"),
        ((1, 1), 100, "se usaron todos"),
    ] {
        let refused = store.commit(vec![shared_caf("a", "39", (1, 100), share, Some(used))], at(0));
        let Err(StoreError::Refused(refusal)) = refused else { panic!("{share:?} {used}: {refused:?}") };
        assert_eq!(refusal.code, "grant-share-empty");
        assert!(refusal.message.contains(says), "{}", refusal.message);
    }
    // Nothing of it is remembered: the right share goes in.
    store.commit(vec![shared_caf("a", "39", (1, 100), (2, 2), Some(50))], at(1)).unwrap();
    assert_eq!(take(&store, 1).unwrap(), [51]);
}
