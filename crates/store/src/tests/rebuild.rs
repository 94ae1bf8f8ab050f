//! The index is disposable: deleted, emptied, damaged or behind, it comes back the same.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use timbre_core::{Cause, DocState};

use super::shop::*;
use crate::{Answered, Fact, IndexCheck, Moved, Store, StoreError, check};

/// A shop in which everything has happened once.
fn busy(store: &mut Store) {
    issue(store, 1..=6);
    store.commit(depart("p", &[1, 2, 3]), at(10)).unwrap();
    let answer = Fact::Answered(Answered {
        parcel: timbre_core::ParcelId("p".into()),
        document: None,
        what: "subir envío".into(),
        status: Some(200),
        took_ms: 3,
        state: Some(timbre_core::State(serde_json::json!({"track": 77}))),
        due: Some(at(30)),
        heard: bytes::Bytes::from_static(b"<ok/>"),
    });
    let sent = |n| moved(n, DocState::Enviando, DocState::Enviado, Cause::Sent { track: "77".into() });
    store.commit(vec![answer, sent(1), sent(2), sent(3)], at(11)).unwrap();
    let rejected = Cause::Rejected { reasons: vec![], number: timbre_core::NumberFate::FreeForSame };
    let accepted = Cause::Accepted { remarks: vec![] };
    store.commit(vec![moved(1, DocState::Enviado, DocState::Rechazado, rejected)], at(12)).unwrap();
    store.commit(vec![moved(2, DocState::Enviado, DocState::Aceptado, accepted)], at(13)).unwrap();
    let mut again = sale(1);
    again.document.version = 2;
    again.document.date = date(23);
    let step = Moved {
        document: id(1),
        version: 2,
        from: DocState::Rechazado,
        to: DocState::Generado,
        cause: Cause::Reissued,
        next_try: None,
        attempts: 0,
    };
    store.commit(vec![issued(again), Fact::Moved(step)], at(14)).unwrap();
    let attention = Fact::Attention { document: id(4), reason: Some("mírelo".into()) };
    let line = Fact::Line { what: "internet".into(), up: false, why: "corte".into() };
    let printed = Fact::Printed { document: id(5), copy: "original".into() };
    store.commit(vec![attention, line, printed], at(15)).unwrap();
    store.commit(vec![Fact::Annulled { document: id(5), by: id(6) }], at(16)).unwrap();
}

#[test]
fn a_deleted_index_is_rebuilt_equal() {
    let (shop, mut store) = Shop::ready();
    busy(&mut store);
    let before = everything(&store.reader());
    drop(store);
    let (store, opened) = shop.open_said();
    assert!(!opened.rebuilt);
    assert_eq!(everything(&store.reader()), before);
    drop(store);
    shop.delete_index();
    let (store, opened) = shop.open_said();
    assert!(opened.rebuilt);
    assert_eq!((opened.locked, opened.put_aside), (None, None));
    assert_eq!(everything(&store.reader()), before);
    drop(store);
    assert_eq!(check(&shop.dir()).unwrap().index, IndexCheck::Agrees);
}

#[test]
fn an_index_that_is_behind_is_brought_up_without_reading_all() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=2);
    drop(store);
    shop.backup("old");
    let mut store = shop.open();
    busy_from_three(&mut store);
    let before = everything(&store.reader());
    drop(store);
    shop.delete_index();
    copy(&shop.root.path().join("old/db"), &shop.dir().join("db"));
    assert_eq!(check(&shop.dir()).unwrap().index, IndexCheck::Behind);
    let (store, opened) = shop.open_said();
    assert!(!opened.rebuilt);
    assert_eq!(everything(&store.reader()), before);
}

fn busy_from_three(store: &mut Store) {
    issue(store, 3..=6);
    store.commit(depart("p", &[1, 4]), at(10)).unwrap();
}

/// Cuts holes into sled's file where it holds something, and opens; `cut`: as after a power cut.
fn holes(cut: bool) -> (usize, usize) {
    let shop = Shop::new();
    let mut store = shop.stocked();
    busy(&mut store);
    let before = everything(&store.reader());
    drop(store);
    shop.backup("whole");
    let whole = fs::read(shop.dir().join("db/db")).unwrap();
    let holds = |(_, part): &(usize, &[u8])| part.iter().any(|byte| *byte != 0);
    let used: Vec<usize> =
        whole.chunks(64).enumerate().filter(holds).map(|(n, _)| n * 64).collect();
    eprintln!("{} bytes, {} used, {:?}", whole.len(), used.len(), fs::read_dir(shop.dir().join("db")).unwrap().map(|e| { let e = e.unwrap(); (e.file_name(), e.metadata().unwrap().len()) }).collect::<Vec<_>>());
    let (mut aside, mut failed) = (0, 0);
    for n in 0..20 {
        shop.put_back("whole");
        let hole = used[used.len() * n / 20];
        let mut bytes = whole.clone();
        let end = (hole + 200).min(bytes.len());
        bytes[hole..end].fill(if n % 2 == 0 { 0xA5 } else { 0 });
        fs::write(shop.dir().join("db/db"), bytes).unwrap();
        if cut {
            fs::write(shop.dir().join("db.in-use"), "").unwrap();
        }
        let (store, opened) = shop.open_said();
        assert_eq!((opened.locked, opened.damage), (None, vec![]), "hole at {hole}");
        aside += usize::from(opened.put_aside.is_some_and(|folder| folder.exists()));
        // What opening could not see fails when it is read, and is mended by the next opening.
        let told = catch_unwind(AssertUnwindSafe(|| everything(&store.reader())));
        drop(store);
        if told.is_err() {
            failed += 1;
            let (store, opened) = shop.open_said();
            assert!(opened.put_aside.is_some(), "hole at {hole}");
            assert_eq!(everything(&store.reader()), before, "hole at {hole}");
        } else if let Ok(told) = told {
            assert_eq!(told, before, "hole at {hole}");
        }
    }
    (aside, failed)
}

#[test]
fn a_damaged_index_is_put_aside_and_made_again() {
    let (aside, failed) = holes(true);
    println!("{aside} put aside at opening, {failed} later");
    assert!(aside > 0, "no damage was found at all");
    let (aside, failed) = holes(false);
    println!("{aside} put aside at opening, {failed} later");
    assert!(aside > 0, "no damage was found at all");
}

#[test]
fn an_index_of_another_schema_is_made_again() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=2);
    let puts = [(crate::key::SCHEMA_KEY.to_vec(), Some(99u64.to_be_bytes().to_vec()))].into();
    store.reader().index.write(&puts).unwrap();
    drop(store);
    let (_, opened) = shop.open_said();
    assert!(opened.rebuilt && opened.put_aside.is_some());
    assert_eq!(opened.locked, None);
}

#[test]
fn a_half_made_snapshot_does_not_keep_the_shop_closed() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=2);
    drop(store);
    fs::write(shop.dir().join("db/snap.00000000000000FF.generating"), b"half").unwrap();
    let (_, opened) = shop.open_said();
    assert!(!opened.rebuilt);
}

#[test]
fn a_second_store_on_the_folder_is_refused_and_harms_nothing() {
    let (shop, mut store) = Shop::ready();
    assert!(matches!(shop.try_open(), Err(StoreError::InUse(_))));
    issue(&mut store, 1..=2);
    assert!(matches!(check(&shop.dir()).unwrap().index, IndexCheck::NotOpened(_)));
}

#[test]
fn progress_ends_at_the_whole() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=2);
    drop(store);
    shop.delete_index();
    let told = std::cell::RefCell::new(Vec::new());
    let hear = |done, of| told.borrow_mut().push((done, of));
    Store::open(&shop.dir(), &shop.options, &hear).unwrap();
    let told = told.into_inner();
    assert_eq!(told.first().unwrap().0, 0);
    assert!(told.last().is_some_and(|(done, of)| done == of && *of > 0));
}
