//! Notes use up what is left of a document, and no more.

use timbre_core::{Amount, Cause, Claim, Claims, DocState, NumberFate};

use super::shop::*;
use crate::{Fact, Issued, Moved, Store, StoreError};

/// A document that uses up so much of others; the first one's total is 1001.
fn note(number: u64, claims: &[(u64, i64)]) -> Issued {
    let claim = |(of, amount): &(u64, i64)| Claim::new(id(*of), Amount(*amount));
    let mut note = sale(number);
    note.claims = Claims(claims.iter().map(claim).collect());
    note
}

/// What another system issued: what notes of this folder did to it is known, and nothing else.
#[test]
fn a_document_of_another_system_is_annulled_once() {
    let (shop, mut store) = Shop::ready();
    let annuls = |number, claims: &[(u64, i64)]| Issued { annuls: Some(id(99)), ..note(number, claims) };
    let used = |store: &Store| store.reader().knowing(|known| known.usage(&id(99))).unwrap();
    store.commit(vec![issued(note(1, &[(99, 600)]))], at(1)).unwrap();
    assert_eq!((used(&store).claimed, used(&store).used_by), (Amount(600), vec![id(1)]));
    refuses(&mut store, annuls(2, &[(99, 1000)]));
    store.commit(depart("p", &[1]), at(2)).unwrap();
    let why = Cause::Rejected { reasons: vec![], number: NumberFate::FreeForSame };
    store.commit(vec![moved(1, DocState::Enviando, DocState::Rechazado, why)], at(3)).unwrap();
    assert_eq!((used(&store).claimed, used(&store).used_by), (Amount(0), vec![]));
    store.commit(vec![issued(annuls(2, &[(99, 1000)]))], at(4)).unwrap();
    let twice = |store: &mut Store, note: Issued| {
        let error = store.commit(vec![issued(note)], at(5)).unwrap_err();
        assert!(
            matches!(&error, StoreError::Refused(refusal) if refusal.code == "already-annulled"),
            "{error}"
        );
    };
    twice(&mut store, annuls(3, &[(99, 1000)]));
    twice(&mut store, note(3, &[(99, 1)]));
    // The index is made again from the journal, and knows the same.
    drop(store);
    shop.delete_index();
    let mut store = shop.open();
    twice(&mut store, annuls(3, &[(99, 1000)]));
    // The note that undoes it gives it back.
    let mut undoes = Issued { annuls: Some(id(2)), ..note(3, &[(2, 1001)]) };
    undoes.claims.0.push(Claim::undoing(id(2), id(99), Amount(-1000)));
    store.commit(vec![issued(undoes)], at(6)).unwrap();
    store.commit(vec![issued(annuls(4, &[(99, 1000)]))], at(7)).unwrap();
}

/// A number of the folder's own ranges that no document has yet.
#[test]
fn a_number_that_was_not_given_is_told_from_one_of_another_system() {
    let (_shop, mut store) = Shop::ready();
    issue(&mut store, [1]);
    let unused = |n: u64| store.reader().knowing(|known| known.is_unused(&id(n))).unwrap();
    assert_eq!((unused(1), unused(2), unused(1_000_000)), (false, true, false));
}

fn claimed(store: &Store, n: u64) -> i64 {
    store.reader().knowing(|known| known.usage(&id(n))).unwrap().claimed.0
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

    shop.is_the_same_made_anew(store);
}

/// What it had used up was given back with its rejection, and is another's by now.
#[test]
fn a_rejected_note_that_is_found_accepted_must_fit_into_what_is_left() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, [1]);
    store.commit(vec![issued(note(2, &[(1, 600)]))], at(2)).unwrap();
    store.commit(depart("p", &[2]), at(3)).unwrap();
    let why = Cause::Rejected { reasons: vec![], number: NumberFate::FreeForSame };
    store.commit(vec![moved(2, DocState::Enviando, DocState::Rechazado, why)], at(4)).unwrap();
    store.commit(vec![issued(note(3, &[(1, 402)]))], at(5)).unwrap();
    let found =
        || moved(2, DocState::Rechazado, DocState::Aceptado, Cause::FoundAccepted { who: None, given: None });
    let error = store.commit(vec![found()], at(6)).unwrap_err();
    assert!(matches!(&error, StoreError::Refused(no) if no.message.contains(&id(3).to_string())), "{error}");
    assert_eq!(claimed(&store, 1), 402);
    store.commit(depart("q", &[3]), at(7)).unwrap();
    let why = Cause::Rejected { reasons: vec![], number: NumberFate::FreeForSame };
    store.commit(vec![moved(3, DocState::Enviando, DocState::Rechazado, why)], at(8)).unwrap();
    store.commit(vec![found()], at(9)).unwrap();
    assert_eq!(claimed(&store, 1), 600);
    shop.is_the_same_made_anew(store);
}

#[test]
fn two_notes_of_one_batch_do_not_use_up_the_same_rest() {
    let (_shop, mut store) = Shop::ready();
    issue(&mut store, [1]);
    let both = vec![issued(note(2, &[(1, 800)])), issued(note(3, &[(1, 800)]))];
    assert!(store.commit(both, at(2)).is_err());
    assert_eq!(claimed(&store, 1), 0);
}

/// A note that annuls the whole of another document.
fn annulling(number: u64, of: u64) -> Issued {
    let mut annulling = note(number, &[(of, 1000 + i64::try_from(of).unwrap())]);
    annulling.annuls = Some(id(of));
    annulling
}

/// The facts by which the authority accepts a note that annuls `of`.
fn accepted(number: u64, of: u64) -> Vec<Fact> {
    let by = Cause::Accepted { remarks: vec![], given: None };
    let mut facts = depart(&format!("p{number}"), &[number]);
    facts.push(moved(number, DocState::Enviando, DocState::Aceptado, by));
    facts.push(Fact::Annulled { document: id(of), by: id(number) });
    facts
}

#[track_caller]
fn already(store: &mut Store, note: Issued, names: u64) {
    let error = store.commit(vec![issued(note)], at(50)).unwrap_err();
    assert!(
        matches!(&error, StoreError::Refused(no) if no.code == "already-annulled" && no.message.contains(&id(names).to_string())),
        "{error}"
    );
}

#[test]
fn nothing_is_annulled_twice_and_who_annulled_it_is_named() {
    let (shop, mut store) = Shop::ready();
    let by = |store: &Store, n: u64| store.reader().row(&id(n)).unwrap().unwrap().annulled_by;
    issue(&mut store, [1]);
    store.commit(vec![issued(annulling(2, 1))], at(2)).unwrap();
    already(&mut store, annulling(3, 1), 2);
    already(&mut store, note(3, &[(1, 1)]), 2);
    // One that gives back nothing, of a document that was free.
    let mut free = annulling(3, 1);
    free.claims = Claims::default();
    already(&mut store, free, 2);
    assert_eq!(by(&store, 1), None);
    store.commit(accepted(2, 1), at(3)).unwrap();
    assert_eq!(by(&store, 1), Some(id(2)));

    // The note is annulled itself: what it had annulled stands again, and may be annulled again.
    let mut undoing = annulling(3, 2);
    undoing.claims.0.push(Claim::undoing(id(2), id(1), Amount(-1001)));
    store.commit(vec![issued(undoing)], at(4)).unwrap();
    store.commit(accepted(3, 2), at(5)).unwrap();
    assert_eq!((by(&store, 1), by(&store, 2)), (None, Some(id(3))));
    store.commit(vec![issued(annulling(4, 1))], at(6)).unwrap();
    store.commit(accepted(4, 1), at(7)).unwrap();
    assert_eq!(by(&store, 1), Some(id(4)));
    already(&mut store, annulling(5, 1), 4);

    shop.is_the_same_made_anew(store);
}

#[test]
fn a_rejected_note_is_no_second_one() {
    let (_shop, mut store) = Shop::ready();
    issue(&mut store, [1]);
    store.commit(vec![issued(annulling(2, 1))], at(2)).unwrap();
    let why = Cause::Rejected { reasons: vec![], number: NumberFate::FreeForSame };
    store.commit(depart("p", &[2]), at(3)).unwrap();
    store.commit(vec![moved(2, DocState::Enviando, DocState::Rechazado, why)], at(4)).unwrap();
    store.commit(vec![issued(annulling(3, 1))], at(5)).unwrap();
    already(&mut store, annulling(4, 1), 3);
}

#[test]
fn who_used_the_rest_is_named() {
    let (_shop, mut store) = Shop::ready();
    issue(&mut store, [1]);
    store.commit(vec![issued(note(2, &[(1, 600)]))], at(2)).unwrap();
    store.commit(vec![issued(note(3, &[(1, 300)]))], at(2)).unwrap();
    let error = store.commit(vec![issued(note(4, &[(1, 200)]))], at(3)).unwrap_err().to_string();
    assert!(error.contains(&format!("{}, {}", id(2), id(3))) && error.contains("quedan 101"), "{error}");
}

/// 1 is billed by 2, and 3 annuls 2, before the authority has said anything of 2, which it rejects: 1 is free once, and
/// not once for 2 and once more for 3.
#[test]
fn what_a_rejected_document_used_is_not_given_back_again_by_the_note_that_annuls_it() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, [1]);
    store.commit(vec![issued(note(2, &[(1, 1001)]))], at(2)).unwrap();
    let mut undoing = annulling(3, 2);
    undoing.claims.0.push(Claim::undoing(id(2), id(1), Amount(-1001)));
    store.commit(vec![issued(undoing)], at(3)).unwrap();
    assert_eq!((claimed(&store, 1), claimed(&store, 2)), (0, 1002));
    let why = Cause::Rejected { reasons: vec![], number: NumberFate::FreeForSame };
    store.commit(depart("p", &[2]), at(4)).unwrap();
    store.commit(vec![moved(2, DocState::Enviando, DocState::Rechazado, why)], at(5)).unwrap();
    assert_eq!(claimed(&store, 1), 0);

    store.commit(vec![issued(note(4, &[(1, 1001)]))], at(6)).unwrap();
    assert_eq!(claimed(&store, 1), 1001);
    refuses(&mut store, note(5, &[(1, 1)]));
    // Nor is it made again beside who uses it now: the authority may yet reject its note.
    let mut again = note(2, &[(1, 1001)]);
    again.document.version = 2;
    refuses(&mut store, again);
    shop.is_the_same_made_anew(store);
}
