//! Notes use up what is left of a document, and no more.

use timbre_core::{Amount, Cause, Claim, Claims, DocState, NumberFate};

use super::shop::*;
use crate::{Fact, Issued, Moved, Store, StoreError};

/// A document that uses up so much of others; the first one's total is 1001.
fn note(number: u64, claims: &[(u64, i64)]) -> Issued {
    let claim = |(of, amount): &(u64, i64)| Claim { document: id(*of), amount: Amount(*amount) };
    let mut note = sale(number);
    note.claims = Claims(claims.iter().map(claim).collect());
    note
}

fn claimed(store: &Store, n: u64) -> i64 {
    store.reader().row(&id(n)).unwrap().unwrap().claimed.0
}

#[track_caller]
fn refuses(store: &mut Store, note: Issued) {
    let error = store.commit(vec![issued(note)], at(50)).unwrap_err();
    assert!(matches!(&error, StoreError::Refused(refusal) if refusal.code == "claim-exceeds"), "{error}");
}

#[test]
fn notes_use_up_no_more_than_is_left_and_a_rejected_one_gives_it_back() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, [1]);
    refuses(&mut store, note(2, &[(1, 1002)]));
    refuses(&mut store, note(2, &[(1, 600), (1, 402)]));
    store.commit(vec![issued(note(2, &[(1, 600)]))], at(2)).unwrap();
    refuses(&mut store, note(3, &[(1, 402)]));
    // Of another system's document nothing is known.
    store.commit(vec![issued(note(3, &[(1, 401), (99, 5000)]))], at(3)).unwrap();
    assert_eq!(claimed(&store, 1), 1001);
    refuses(&mut store, note(4, &[(1, 1)]));

    store.commit(depart("p", &[2]), at(4)).unwrap();
    let why = Cause::Rejected { reasons: vec![], number: NumberFate::FreeForSame };
    store.commit(vec![moved(2, DocState::Enviando, DocState::Rechazado, why)], at(5)).unwrap();
    assert_eq!(claimed(&store, 1), 401);
    store.commit(vec![issued(note(4, &[(1, 100)]))], at(6)).unwrap();

    // Made again it has to fit into what is left by now.
    let step = Fact::Moved(Moved {
        document: id(2),
        version: 2,
        from: DocState::Rechazado,
        to: DocState::Generado,
        cause: Cause::Reissued,
        next_try: None,
        attempts: 0,
    });
    let again = |amount| {
        let mut again = note(2, &[(1, amount)]);
        again.document.version = 2;
        vec![issued(again), step.clone()]
    };
    assert!(store.commit(again(600), at(7)).is_err());
    store.commit(again(500), at(7)).unwrap();
    assert_eq!(claimed(&store, 1), 1001);

    let before = everything(&store.reader());
    drop(store);
    shop.delete_index();
    let store = shop.open();
    assert_eq!(everything(&store.reader()), before);
}

#[test]
fn two_notes_of_one_batch_do_not_use_up_the_same_rest() {
    let (_shop, mut store) = Shop::ready();
    issue(&mut store, [1]);
    let both = vec![issued(note(2, &[(1, 800)])), issued(note(3, &[(1, 800)]))];
    assert!(store.commit(both, at(2)).is_err());
    assert_eq!(claimed(&store, 1), 0);
}
