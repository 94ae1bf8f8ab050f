//! The index is disposable: deleted, emptied, damaged or behind, it comes back the same.

use std::collections::BTreeMap;
use std::fs;

use timbre_core::{Cause, DocState};

use super::shop::*;
use crate::{Answered, Fact, IndexCheck, Moved, Store, StoreError};

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
    let accepted = Cause::Accepted { remarks: vec![], given: None };
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
    let printed = Fact::Printed {
        document: id(5),
        copy: timbre_core::paper::Copy::Original,
        how: Default::default(),
        printer: None,
    };
    let lacking = Fact::Printed {
        document: id(6),
        copy: timbre_core::paper::Copy::Original,
        how: timbre_core::paper::Printing::Failed { why: "sin papel".into() },
        printer: Some("caja".into()),
    };
    store.commit(vec![attention, line, printed, lacking], at(15)).unwrap();
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
    assert_eq!(shop.check().index, IndexCheck::Agrees);
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
    assert_eq!(shop.check().index, IndexCheck::Behind);
    let (store, opened) = shop.open_said();
    assert!(!opened.rebuilt);
    assert_eq!(everything(&store.reader()), before);
}

fn busy_from_three(store: &mut Store) {
    issue(store, 3..=6);
    store.commit(depart("p", &[1, 4]), at(10)).unwrap();
}

#[test]
fn holes_in_sleds_file_are_healed_wherever_they_are() {
    let shop = Shop::new();
    let mut store = shop.stocked();
    busy(&mut store);
    let before = everything(&store.reader());
    drop(store);
    shop.backup("whole");
    let whole = fs::read(shop.dir().join("db/db")).unwrap();
    for n in 0..30 {
        shop.put_back("whole");
        let hole = whole.len() * n / 30;
        let mut bytes = whole.clone();
        let end = (hole + 200).min(bytes.len());
        bytes[hole..end].fill(if n % 2 == 0 { 0xA5 } else { 0 });
        fs::write(shop.dir().join("db/db"), bytes).unwrap();
        let (store, opened) = shop.open_said();
        assert_eq!((opened.locked, opened.damage), (None, vec![]), "hole at {hole}");
        assert_eq!(everything(&store.reader()), before, "hole at {hole}");
    }
}

#[test]
fn an_index_that_does_not_open_is_put_aside_and_made_again() {
    let (shop, mut store) = Shop::ready();
    busy(&mut store);
    let before = everything(&store.reader());
    drop(store);
    for n in 1..=2 {
        fs::write(shop.dir().join("db/conf"), "segment_size: 1024\nuse_compression: true\nversion: 0.34\n")
            .unwrap();
        let (store, opened) = shop.open_said();
        assert_eq!(opened.put_aside.unwrap(), shop.dir().join(format!("db.damaged-{n}")));
        assert!(shop.dir().join(format!("db.damaged-{n}/db")).exists());
        assert!(opened.rebuilt);
        assert_eq!((opened.locked, opened.damage), (None, vec![]));
        assert_eq!(everything(&store.reader()), before);
    }
}

/// A shop with everything in it, as a power cut leaves it while sled is written: without the first key that begins so.
fn cut_without(prefix: Option<&[u8]>) -> (Shop, BTreeMap<String, String>) {
    let (shop, mut store) = Shop::ready();
    busy(&mut store);
    store.commit(vec![declared(1)], at(7)).unwrap();
    store.commit(vec![vouched("v1", date(3), 1000), vouched("v2", date(3), 2000)], at(7)).unwrap();
    // So many newer documents that a look at the newest ones can't see it.
    issue(&mut store, 7..=80);
    let before = everything(&store.reader());
    if let Some(prefix) = prefix {
        let first = store.reader().view.index.with_prefix(prefix).unwrap().remove(0).0;
        store.reader().view.index.write(&[(first, None)].into()).unwrap();
    }
    drop(store);
    fs::write(shop.dir().join("db.in-use"), "").unwrap();
    (shop, before)
}

#[test]
fn after_a_cut_an_index_that_lost_keys_is_made_again() {
    let sets =
        [&b"R"[..], b"D", b"K", b"Q", b"U", b"S", b"A", b"B", b"F", b"J", b"Z", b"T", b"N", b"k", b"v", b"n"];
    for prefix in sets {
        let (shop, before) = cut_without(Some(prefix));
        let (store, opened) = shop.open_said();
        let set = String::from_utf8_lossy(prefix);
        assert!(opened.put_aside.is_some() && opened.rebuilt, "{set}");
        assert_eq!(everything(&store.reader()), before, "{set}");
    }
}

#[test]
fn after_a_cut_an_index_that_lost_nothing_is_believed() {
    let (shop, before) = cut_without(None);
    let (store, opened) = shop.open_said();
    assert_eq!((opened.put_aside, opened.rebuilt), (None, false));
    assert_eq!(everything(&store.reader()), before);
}

/// More documents than are looked at one by one, so that only the whole look can see the first ones.
#[test]
fn after_a_cut_names_that_lead_to_other_rows_are_not_believed() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=70);
    let index = store.reader().view.index;
    let names = index.with_prefix(b"D").unwrap();
    let crossed = [(names[0].0.clone(), names[1].1.clone()), (names[1].0.clone(), names[0].1.clone())];
    index.write(&crossed.map(|(key, value)| (key, Some(value))).into()).unwrap();
    drop((index, store));
    fs::write(shop.dir().join("db.in-use"), "").unwrap();
    let (store, opened) = shop.open_said();
    assert!(opened.put_aside.is_some() && opened.rebuilt);
    assert_eq!(store.reader().row(&id(1)).unwrap().unwrap().id, id(1));
}

#[test]
fn an_index_that_failed_in_use_is_not_believed_again() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=2);
    let failed = store.reader().view.index.ask(|_| -> Result<(), StoreError> { panic!("page") });
    assert!(matches!(failed, Err(StoreError::Index(_))));
    drop(store);
    let (store, opened) = shop.open_said();
    assert!(opened.put_aside.is_some() && opened.rebuilt);
    drop(store);
    assert!(!shop.open_said().1.rebuilt);
}

#[test]
fn a_counter_rolled_back_in_the_index_is_not_believed() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=2);
    let key = store.reader().view.index.with_prefix(b"N").unwrap().remove(0).0;
    let old = br#"{"series":"39","next":2,"stopped":null}"#.to_vec();
    store.reader().view.index.write(&[(key, Some(old))].into()).unwrap();
    drop(store);
    let (store, opened) = shop.open_said();
    assert!(opened.put_aside.is_some());
    assert_eq!(store.reader().ranges()[0].next, 3);
}

#[test]
fn an_index_of_another_schema_is_made_again() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=2);
    let puts = [(crate::key::SCHEMA_KEY.to_vec(), Some(99u64.to_be_bytes().to_vec()))].into();
    store.reader().view.index.write(&puts).unwrap();
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
    assert!(matches!(shop.check().index, IndexCheck::NotOpened(_)));
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

#[test]
fn one_long_segment_is_told_percent_by_percent() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=100);
    drop(store);
    shop.delete_index();
    let told = std::cell::RefCell::new(Vec::new());
    let hear = |done, of| told.borrow_mut().push(crate::percent(done, of));
    Store::open(&shop.dir(), &shop.options, &hear).unwrap();
    let told = told.into_inner();
    assert!(told.is_sorted_by(|one, next| one < next) && told.len() > 50, "{told:?}");
    assert_eq!((told[0], told[told.len() - 1]), (0, 100));
}
