//! Orders that share an fsync: each sees what those before it left, and pays for its own mistakes
//! only.

use timbre_core::{Cause, DocState};

use super::shop::*;
use crate::{Fact, Make, Reader, Store, StoreError};

fn order(make: impl FnOnce(&Reader) -> Vec<Fact> + 'static) -> Make<'static> {
    Box::new(make)
}

fn state(reader: &Reader, n: u64) -> Option<DocState> {
    reader.row(&id(n)).unwrap().map(|row| row.state)
}

/// What a reader answers without reading frames.
fn answers(reader: &Reader) -> String {
    let queue = reader.queue_of(&timbre_core::ChannelId("boleta".into()), 0, 100).unwrap();
    format!(
        "{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
        all(reader),
        reader.queue(3).unwrap(),
        queue,
        reader.first_unheld().unwrap(),
        reader.parcels().unwrap(),
        reader.counts(),
        reader.ranges()
    )
}

/// Takes what is waiting, and sends it: what a sender's order does.
fn send_first(parcel: &'static str) -> Make<'static> {
    order(move |reader| {
        let first = reader.queue(1).unwrap().remove(0).id.number;
        depart(parcel, &[first])
    })
}

#[test]
fn orders_share_an_fsync_and_each_sees_what_those_before_it_left() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=5);
    let fsyncs = store.fsyncs();
    let (tell, told) = std::sync::mpsc::channel();
    let orders = vec![
        send_first("p"),
        send_first("q"),
        order(|reader| {
            assert_eq!(state(reader, 2), Some(DocState::Enviando));
            vec![moved(2, DocState::Enviando, DocState::Enviado, Cause::Sent { track: "7".into() })]
        }),
        order(move |reader| {
            tell.send(answers(reader)).unwrap();
            Vec::new()
        }),
    ];
    let outcomes = store.commit_each(orders, at(6)).unwrap();
    assert_eq!(store.fsyncs(), fsyncs + 1);
    let rows: Vec<_> = outcomes.iter().map(|outcome| outcome.as_ref().unwrap().rows.len()).collect();
    assert_eq!(rows, [1, 1, 1, 0]);
    let reader = store.reader();
    assert_eq!(state(&reader, 1), Some(DocState::Enviando));
    assert_eq!(state(&reader, 2), Some(DocState::Enviado));
    assert_eq!(told.recv().unwrap(), answers(&reader), "what the last one saw is what became of it");
    is_the_same_rebuilt(shop, store);
}

#[track_caller]
fn is_the_same_rebuilt(shop: Shop, store: Store) {
    let before = everything(&store.reader());
    drop(store);
    shop.delete_index();
    let (store, opened) = shop.open_said();
    assert_eq!((opened.damage, opened.locked), (vec![], None));
    assert_eq!(everything(&store.reader()), before);
    drop(store);
    assert!(!shop.check().lost_data());
}

#[test]
fn a_refused_order_leaves_nothing_and_the_others_stand() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=3);
    let wrong = || moved(1, DocState::Pendiente, DocState::Enviando, Cause::Sending);
    let orders = vec![
        order(move |_| vec![wrong()]),
        order(|_| depart("p", &[1])),
        // Its first fact is good, its second is not.
        order(move |_| [depart("q", &[2]), vec![wrong()]].concat()),
        order(|reader| {
            assert_eq!(state(reader, 2), Some(DocState::Generado));
            depart("r", &[2])
        }),
        order(|_| vec![issued(sale(9))]),
        order(|_| vec![issued(sale(4))]),
    ];
    let outcomes = store.commit_each(orders, at(6)).unwrap();
    let stands: Vec<_> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(stands, [false, true, false, true, false, true]);
    let reader = store.reader();
    assert_eq!(reader.parcels().unwrap().iter().map(|p| p.id.0.as_str()).collect::<Vec<_>>(), ["p", "r"]);
    assert_eq!(reader.document(&id(4)).unwrap().unwrap(), sale(4).document);
    drop(reader);
    issue(&mut store, [5]);
    is_the_same_rebuilt(shop, store);
}

#[test]
fn orders_that_write_nothing_cost_nothing() {
    let (_shop, mut store) = Shop::ready();
    let fsyncs = store.fsyncs();
    let orders = vec![order(|_| vec![]), order(|_| vec![issued(sale(7))]), order(|_| vec![])];
    let outcomes = store.commit_each(orders, at(1)).unwrap();
    assert!(matches!(outcomes[1], Err(StoreError::NotNext { .. })));
    assert_eq!((outcomes.len(), store.fsyncs()), (3, fsyncs));
}

#[test]
fn a_grant_is_not_loaded_twice_by_orders_of_one_batch() {
    let (_shop, mut store) = Shop::ready();
    let orders = vec![order(|_| vec![caf("b", "39", 101, 200)]), order(|_| vec![caf("c", "39", 150, 300)])];
    let outcomes = store.commit_each(orders, at(1)).unwrap();
    assert!(outcomes[0].is_ok());
    assert!(matches!(&outcomes[1], Err(StoreError::Refused(refusal)) if refusal.code == "grant-overlap"));
}
