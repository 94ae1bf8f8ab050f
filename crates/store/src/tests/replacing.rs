//! A document that takes the place of a rejected one takes its key, and their sale counts once.

use timbre_core::{Cause, DocState, NumberFate};

use super::shop::*;
use crate::{Fact, Filter, Issued, Store, StoreError};

/// Document 1 was rejected.
fn rejected(store: &mut Store) {
    issue(store, [1]);
    store.commit(depart("p", &[1]), at(2)).unwrap();
    let why = Cause::Rejected { reasons: vec![], number: NumberFate::Consumed };
    store.commit(vec![moved(1, DocState::Enviando, DocState::Rechazado, why)], at(3)).unwrap();
}

fn successor() -> Issued {
    Issued { key: Some("key-1".into()), sale_hash: "hash-1".into(), ..sale(2) }
}

fn replaced(by: u64) -> Fact {
    moved(1, DocState::Rechazado, DocState::Reemplazado, Cause::Replaced { by: id(by), number: None })
}

#[test]
fn the_key_names_the_document_that_took_the_place_and_the_sale_counts_once() {
    let (shop, mut store) = Shop::ready();
    rejected(&mut store);
    assert_eq!(store.reader().issued_on(date(22)), 1);
    let task = Fact::Attention { document: id(1), reason: Some("anule el folio 1".into()) };
    store.commit(vec![issued(successor()), replaced(2), task], at(4)).unwrap();
    let reader = store.reader();
    assert_eq!(reader.by_key("key-1").unwrap().unwrap().id, id(2));
    assert_eq!(reader.row(&id(1)).unwrap().unwrap().replaced_by, Some(id(2)));
    assert_eq!(reader.issued_on(date(22)), 1);
    let list = |filter| reader.list(&filter, None, 10).unwrap().rows.len();
    assert_eq!(list(Filter { problem: true, ..Filter::default() }), 0, "what is left to do is a task apart");
    let states = vec![DocState::Reemplazado];
    assert_eq!(list(Filter { states: states.clone(), flagged: true, ..Filter::default() }), 1);
    store.commit(vec![Fact::Attention { document: id(1), reason: None }], at(5)).unwrap();
    assert_eq!(list(Filter { states, flagged: true, ..Filter::default() }), 0);
    // Neither a stop in the middle nor a lost index changes anything.
    let before = everything(&reader);
    shop.backup("cut");
    drop((reader, store));
    shop.put_back("cut");
    let (store, opened) = shop.open_said();
    assert!(!opened.rebuilt, "the index that was left agrees with its counters");
    assert_eq!(everything(&store.reader()), before);
    drop(store);
    shop.delete_index();
    assert_eq!(everything(&shop.open().reader()), before);
}

#[test]
fn a_key_is_taken_over_only_together_with_the_place() {
    let (_shop, mut store) = Shop::ready();
    rejected(&mut store);
    let alone = store.commit(vec![issued(successor())], at(4)).unwrap_err();
    assert!(matches!(alone, StoreError::KeyTaken { .. }), "{alone}");
    // Nor by one document while another takes the place.
    let facts = vec![issued(successor()), issued(sale(3)), replaced(3)];
    assert!(matches!(store.commit(facts, at(4)).unwrap_err(), StoreError::KeyTaken { .. }));
    let nobody = store.commit(vec![replaced(9)], at(4)).unwrap_err();
    assert!(matches!(nobody, StoreError::NoDocument(_)), "{nobody}");
    store.commit(vec![issued(successor()), replaced(2)], at(4)).unwrap();
    // And once: who comes second finds no rejected document.
    let second = Issued { key: Some("key-1".into()), ..sale(3) };
    assert!(store.commit(vec![issued(second), replaced(3)], at(5)).is_err());
}

/// One that waits may be replaced as long as it was never offered: afterwards the authority may have it.
#[test]
fn what_never_left_may_be_replaced_and_what_left_may_not() {
    let take_the_place = |from| {
        let moved = moved(1, from, DocState::Reemplazado, Cause::Replaced { by: id(2), number: None });
        vec![issued(successor()), moved]
    };
    let (_shop, mut store) = Shop::ready();
    issue(&mut store, [1]);
    store.commit(take_the_place(DocState::Generado), at(2)).unwrap();
    assert_eq!(store.reader().by_key("key-1").unwrap().unwrap().id, id(2));

    let (_shop, mut store) = Shop::ready();
    issue(&mut store, [1]);
    store.commit(depart("p", &[1]), at(2)).unwrap();
    let back = Cause::NotSent { why: String::new() };
    store.commit(vec![moved(1, DocState::Enviando, DocState::Pendiente, back)], at(3)).unwrap();
    let late = store.commit(take_the_place(DocState::Pendiente), at(4)).unwrap_err();
    assert!(matches!(late, StoreError::KeyTaken { .. }), "{late}");
    let alone = vec![issued(sale(2)), take_the_place(DocState::Pendiente).remove(1)];
    let late = store.commit(alone, at(4)).unwrap_err();
    assert!(matches!(late, StoreError::BadMove { state: DocState::Pendiente, .. }), "{late}");
}

#[test]
fn one_that_is_made_again_holds_goods_back_as_it_says_now() {
    let (_shop, mut store) = Shop::ready();
    rejected(&mut store);
    let holds_back = |store: &Store| store.reader().row(&id(1)).unwrap().unwrap().holds_back();
    assert!(!holds_back(&store));
    let mut again = Issued { awaits_authority: true, ..sale(1) };
    again.document.version = 2;
    let mut to = moved(1, DocState::Rechazado, DocState::Generado, Cause::Reissued);
    if let Fact::Moved(moved) = &mut to {
        moved.version = 2;
    }
    store.commit(vec![issued(again), to], at(4)).unwrap();
    assert!(holds_back(&store));
    // Until the authority has it, and again where it rejects it.
    let mut row = store.reader().row(&id(1)).unwrap().unwrap();
    let holding = DocState::ALL.into_iter().filter(|state| {
        row.state = *state;
        row.holds_back()
    });
    use DocState::{Enviando, Generado, Pendiente, Rechazado, Verificando};
    let mut holding: Vec<_> = holding.map(DocState::word).collect();
    holding.sort_unstable();
    let mut wanted = [Generado, Enviando, Verificando, Pendiente, Rechazado].map(DocState::word);
    wanted.sort_unstable();
    assert_eq!(holding, wanted);
}
