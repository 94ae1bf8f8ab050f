//! What `commit` refuses, and that a refusal changes nothing.

use std::collections::BTreeMap;

use timbre_core::{Cause, Company, DocState, Environment};

use super::shop::*;
use crate::{Fact, Moved, Sending, Store, StoreError};

#[track_caller]
fn refused(store: &mut Store, facts: Vec<Fact>) -> StoreError {
    let before = everything(&store.reader());
    let fsyncs = store.fsyncs();
    let error = store.commit(facts, at(99)).unwrap_err();
    assert_eq!(everything(&store.reader()), before, "{error}");
    assert_eq!(store.fsyncs(), fsyncs, "{error}");
    error
}

fn code(error: StoreError) -> String {
    match error {
        StoreError::Refused(refusal) => refusal.code,
        other => panic!("{other}"),
    }
}

#[test]
fn only_the_next_folio_may_be_written() {
    let (_shop, mut store) = Shop::ready();
    issue(&mut store, 1..=2);
    for number in [4, 101] {
        let error = refused(&mut store, vec![issued(sale(number))]);
        assert!(matches!(error, StoreError::NotNext { next: Some(3), .. }), "{error}");
    }
    assert!(matches!(refused(&mut store, vec![issued(sale(2))]), StoreError::Exists { version: 1, .. }));
    assert!(matches!(
        refused(&mut store, vec![issued(sale_of("x", 3))]),
        StoreError::NotNext { next: None, .. }
    ));
    // All or none, and in order within the batch.
    assert!(matches!(
        refused(&mut store, vec![issued(sale(3)), issued(sale(5))]),
        StoreError::NotNext { .. }
    ));
    assert!(matches!(
        refused(&mut store, vec![issued(sale(4)), issued(sale(3))]),
        StoreError::NotNext { .. }
    ));
    store.commit(vec![issued(sale(3)), issued(sale(4))], at(3)).unwrap();
}

#[test]
fn a_key_names_one_document_for_ever() {
    let (_shop, mut store) = Shop::ready();
    issue(&mut store, 1..=1);
    let mut same = sale(2);
    same.key = Some("key-1".into());
    match refused(&mut store, vec![issued(same.clone())]) {
        StoreError::KeyTaken { document, .. } => assert_eq!(document, id(1)),
        other => panic!("{other}"),
    }
    let mut twin = sale(3);
    twin.key = Some("key-2".into());
    assert!(matches!(refused(&mut store, vec![issued(sale(2)), issued(twin)]), StoreError::KeyTaken { .. }));
    let mut none = sale(2);
    none.key = None;
    store.commit(vec![issued(none)], at(2)).unwrap();
    assert_eq!(store.reader().by_key("key-1").unwrap().unwrap().id, id(1));
    assert_eq!(store.reader().by_key("key-2").unwrap(), None);
}

#[test]
fn a_move_follows_the_arrows_from_where_the_document_is() {
    let (_shop, mut store) = Shop::ready();
    issue(&mut store, 1..=1);
    use DocState::*;
    let wrong = [
        moved(1, Enviando, Enviado, Cause::Sent { track: "1".into() }),
        moved(1, Generado, Enviado, Cause::Sending),
        moved(1, Generado, Aceptado, Cause::Accepted { remarks: vec![], given: None }),
    ];
    for fact in wrong {
        assert!(matches!(refused(&mut store, vec![fact]), StoreError::BadMove { state: Generado, .. }));
    }
    let other_version = Moved {
        document: id(1),
        version: 2,
        from: Generado,
        to: Enviando,
        cause: Cause::Sending,
        next_try: None,
        attempts: 0,
    };
    assert!(matches!(refused(&mut store, vec![Fact::Moved(other_version)]), StoreError::BadMove { .. }));
    let unknown = moved(9, Generado, Enviando, Cause::Sending);
    assert!(matches!(refused(&mut store, vec![unknown]), StoreError::NoDocument(_)));
    // Twice in one batch is once too often.
    let twice = || moved(1, Generado, Enviando, Cause::Sending);
    assert!(matches!(
        refused(&mut store, vec![twice(), twice()]),
        StoreError::BadMove { state: Enviando, .. }
    ));
}

#[test]
fn reissuing_is_a_version_and_its_move_together() {
    let (_shop, mut store) = Shop::ready();
    issue(&mut store, 1..=1);
    use DocState::*;
    store.commit(depart("p", &[1]), at(2)).unwrap();
    let mut again = sale(1);
    again.document.version = 2;
    let again = || issued(again.clone());
    let step = |version| {
        let cause = Cause::Reissued;
        let (next_try, attempts) = (None, 0);
        Fact::Moved(Moved {
            document: id(1),
            version,
            from: Rechazado,
            to: Generado,
            cause,
            next_try,
            attempts,
        })
    };
    assert!(matches!(
        refused(&mut store, vec![again(), step(2)]),
        StoreError::BadMove { state: Enviando, .. }
    ));
    let rejected = Cause::Rejected { reasons: vec![], number: timbre_core::NumberFate::FreeForSame };
    store.commit(vec![moved(1, Enviando, Rechazado, rejected)], at(3)).unwrap();
    assert!(matches!(refused(&mut store, vec![again()]), StoreError::BadMove { .. }));
    assert!(matches!(refused(&mut store, vec![step(1)]), StoreError::BadMove { .. }));
    let mut third = sale(1);
    third.document.version = 3;
    assert!(matches!(refused(&mut store, vec![issued(third), step(3)]), StoreError::BadMove { .. }));
    assert!(matches!(refused(&mut store, vec![step(2), again()]), StoreError::BadMove { .. }));
    store.commit(vec![again(), step(2)], at(4)).unwrap();
    let row = store.reader().row(&id(1)).unwrap().unwrap();
    assert_eq!((row.version, row.state), (2, Generado));
    assert_eq!(store.reader().versions(&id(1)).unwrap(), [1, 2]);
    assert_eq!(store.reader().version(&id(1), 1).unwrap().unwrap(), sale(1).document);
    assert_eq!(store.reader().ranges()[0].next, 2);
}

#[test]
fn a_grant_is_loaded_once_and_crosses_no_other() {
    let (_shop, mut store) = Shop::ready();
    assert_eq!(code(refused(&mut store, vec![caf("a", "39", 1, 100)])), "grant-repeated");
    assert_eq!(code(refused(&mut store, vec![caf("b", "39", 100, 150)])), "grant-overlap");
    assert_eq!(
        code(refused(&mut store, vec![caf("c", "39", 101, 150), caf("d", "39", 150, 160)])),
        "grant-overlap"
    );
    assert_eq!(
        code(refused(&mut store, vec![shared_caf("b", "39", (101, 102), (3, 2), None)])),
        "grant-share"
    );
    assert_eq!(
        code(refused(&mut store, vec![shared_caf("b", "39", (101, 102), (1, 1), Some(103))])),
        "grant-used-beyond"
    );
    for below in [100, 10, 0] {
        let error = refused(&mut store, vec![shared_caf("b", "39", (101, 102), (1, 1), Some(below))]);
        assert_eq!(code(error), "grant-used-below");
    }
    store.commit(vec![caf("b", "33", 1, 100), caf("c", "39", 101, 150)], at(1)).unwrap();
}

#[test]
fn one_folder_is_one_company_in_one_environment() {
    let (_shop, mut store) = Shop::ready();
    store.commit(vec![company("2-7")], at(1)).unwrap();
    issue(&mut store, 1..=1);
    assert_eq!(code(refused(&mut store, vec![company("3-5")])), "company-other");
    let company = Company { id: "2-7".into(), name: "Otro nombre".into(), data: serde_json::json!({}) };
    let world = |environment| Fact::Company { company: company.clone(), environment };
    assert_eq!(code(refused(&mut store, vec![world(Environment::Production)])), "company-other");
    store.commit(vec![world(Environment::Training)], at(2)).unwrap();
    assert_eq!(store.reader().company().unwrap().0.name, "Otro nombre");
}

/// The company's fact may lie in a part of the journal that can't be read.
#[test]
fn of_a_folder_without_a_company_its_grants_say_whose_it_is() {
    let shop = Shop::new();
    let mut store = shop.open();
    store.commit(vec![caf("a", "39", 1, 100)], at(0)).unwrap();
    let world = |id: &str, environment| {
        let company = Company { id: id.into(), name: "Almacén".into(), data: serde_json::json!({}) };
        Fact::Company { company, environment }
    };
    assert_eq!(code(refused(&mut store, vec![world("1-9", Environment::Production)])), "company-other");
    issue(&mut store, 1..=1);
    assert_eq!(code(refused(&mut store, vec![world("2-7", Environment::Training)])), "company-other");
    store.commit(vec![world("1-9", Environment::Training)], at(2)).unwrap();
}

#[test]
fn a_parcel_that_left_never_changes() {
    let (_shop, mut store) = Shop::ready();
    issue(&mut store, 1..=3);
    store.commit(depart("p", &[1, 2]), at(4)).unwrap();
    assert_eq!(code(refused(&mut store, vec![sending("p", &[1, 3])])), "parcel-changed");
    assert_eq!(code(refused(&mut store, vec![sending("q", &[])])), "parcel-size");
    assert!(matches!(refused(&mut store, vec![sending("q", &[9])]), StoreError::NoDocument(_)));
    let Fact::Sending(again) = sending("p", &[1, 2]) else { panic!() };
    let again = Fact::Sending(Sending { attempt: 2, ..again });
    // What is on the wire, or may be at the authority, does not leave a second time.
    assert!(matches!(refused(&mut store, vec![again.clone()]), StoreError::BadMove { .. }));
    let back = |n| moved(n, DocState::Enviando, DocState::Pendiente, Cause::NotSent { why: String::new() });
    store.commit(vec![back(1)], at(5)).unwrap();
    assert!(matches!(refused(&mut store, vec![again.clone()]), StoreError::BadMove { .. }));
    store.commit(vec![back(2), again], at(5)).unwrap();
    assert_eq!(store.reader().parcels().unwrap()[0].attempt, 2);
}

#[test]
fn a_document_with_a_verdict_does_not_leave_again() {
    let (_shop, mut store) = Shop::ready();
    issue(&mut store, 1..=4);
    store.commit(depart("p", &[1, 2, 3, 4]), at(5)).unwrap();
    let remark = timbre_core::Remark::ours("1", "x");
    let accepted = |remarks| Cause::Accepted { remarks, given: None };
    let rejected = || Cause::Rejected { reasons: vec![], number: timbre_core::NumberFate::Consumed };
    let facts = vec![
        moved(1, DocState::Enviando, DocState::Aceptado, accepted(vec![])),
        moved(2, DocState::Enviando, DocState::Reparo, accepted(vec![remark])),
        moved(3, DocState::Enviando, DocState::Rechazado, rejected()),
        moved(4, DocState::Enviando, DocState::Rechazado, rejected()),
        moved(4, DocState::Rechazado, DocState::Reemplazado, Cause::Replaced { by: id(1), number: None }),
    ];
    store.commit(facts, at(6)).unwrap();
    for n in 1..=4 {
        let error = refused(&mut store, vec![sending("q", &[n])]);
        assert!(matches!(error, StoreError::BadMove { .. }), "{n}: {error}");
    }
}

/// One in doubt that needs a person does not hold the others of its parcel.
#[test]
fn of_what_is_in_doubt_only_the_flagged_leaves_with_its_parcel() {
    let (_shop, mut store) = Shop::ready();
    issue(&mut store, 1..=2);
    store.commit(depart("p", &[1, 2]), at(3)).unwrap();
    let doubt = |n| moved(n, DocState::Enviando, DocState::Verificando, Cause::Doubt { why: String::new() });
    let absent = moved(2, DocState::Verificando, DocState::Pendiente, Cause::Absent);
    store.commit(vec![doubt(1), doubt(2), absent], at(4)).unwrap();
    let Fact::Sending(again) = sending("p", &[1, 2]) else { panic!() };
    let again = Fact::Sending(Sending { attempt: 2, ..again });
    assert!(matches!(refused(&mut store, vec![again.clone()]), StoreError::BadMove { .. }));
    let flag = Fact::Attention { document: id(1), reason: Some("mírelo".into()) };
    store.commit(vec![flag, again], at(5)).unwrap();
}

#[test]
fn nobody_locks_or_unlocks_by_the_way() {
    let (_shop, mut store) = Shop::ready();
    let lock = crate::Locked { reason: crate::LockReason::Damage, beyond: vec![], said: vec![] };
    assert_eq!(code(refused(&mut store, vec![Fact::IssuingLocked(lock)])), "lock-by-hand");
    let unlock = Fact::IssuingUnlocked {
        who: "ana".into(),
        beyond: vec![],
        used_up_to: BTreeMap::new(),
        unasked: None,
    };
    assert_eq!(code(refused(&mut store, vec![unlock])), "not-locked");
}

/// What the authority's services said stands; what a person noted gives way to them.
#[test]
fn only_a_verdict_that_a_person_noted_is_overruled() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=2);
    store.commit(depart("p", &[1, 2]), at(3)).unwrap();
    let sent = |n| moved(n, DocState::Enviando, DocState::Enviado, Cause::Sent { track: "7".into() });
    store.commit(vec![sent(1), sent(2)], at(4)).unwrap();
    let accepted = Cause::Accepted { remarks: vec![], given: None };
    let said = timbre_core::Said::Accepted;
    let noted = Cause::Noted { who: "ana".into(), said, why: "según el sitio".into() };
    let verdict = |n, by| moved(n, DocState::Enviado, DocState::Aceptado, by);
    store.commit(vec![verdict(1, accepted), verdict(2, noted)], at(5)).unwrap();
    let noted = |store: &crate::Store| store.reader().row(&id(2)).unwrap().unwrap().noted;
    assert_eq!(noted(&store).as_deref(), Some("ana"));
    let overruled = |n| moved(n, DocState::Aceptado, DocState::Enviado, Cause::Overruled);
    assert!(matches!(refused(&mut store, vec![overruled(1)]), StoreError::BadMove { .. }));
    store.commit(vec![overruled(2)], at(6)).unwrap();
    assert_eq!(noted(&store), None);
    shop.is_the_same_made_anew(store);
}
