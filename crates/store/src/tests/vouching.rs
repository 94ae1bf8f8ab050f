//! Sales that a card's voucher stands for, and what people did: kept by the index, and the same when that is made
//! anew.

use bytes::Bytes;
use timbre_core::{Amount, CardPart, Date, TillData};

use super::shop::*;
use crate::{Fact, Issued, Reader, Store, StoreError, VouchedRow, VoucherSums, VoucherTerm};

fn term(day: i8, stands: bool) -> Fact {
    Fact::VoucherTerm(VoucherTerm { since: date(day), stands, two_sales: false })
}

fn span() -> (Date, Date) {
    (date(1), date(28))
}

fn keyed(number: u64, key: &str) -> Fact {
    issued(Issued { key: Some(key.to_owned()), ..sale(number) })
}

#[track_caller]
fn refused(store: &mut Store, fact: Fact, code: &str) {
    match store.commit(vec![fact], at(9)) {
        Err(StoreError::Refused(refusal)) => assert_eq!(refusal.code, code),
        Err(StoreError::KeyTaken { .. }) => assert_eq!(code, "key-taken"),
        other => panic!("{other:?}"),
    }
}

fn keys(reader: &Reader) -> Vec<String> {
    reader.vouchers(span(), None, 100).unwrap().rows.into_iter().map(|row| row.key).collect()
}

/// The sale of a record, as the journal keeps it.
fn sale_of(reader: &Reader, row: &VouchedRow) -> Bytes {
    match reader.segments.fact_at(row.frame).unwrap() {
        Fact::Vouched(vouched) => vouched.sale,
        Fact::Issued(issued) => issued.card.expect("a card paid a part").sale,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_voucher_stands_from_the_day_that_was_declared_until_the_next_word() {
    let (shop, mut store) = Shop::ready();
    let days = |reader: &Reader| {
        (1..=9).filter(|day| reader.voucher_stands(date(*day)).is_some()).collect::<Vec<_>>()
    };
    assert!(days(&store.reader()).is_empty(), "nobody declared anything");
    store.commit(vec![term(3, true), term(6, false)], at(1)).unwrap();
    assert_eq!(days(&store.reader()), [3, 4, 5]);
    // A later word takes back what was said of its day and after.
    store.commit(vec![term(5, true)], at(2)).unwrap();
    assert_eq!(days(&store.reader()), [3, 4, 5, 6, 7, 8, 9]);
    let terms = store.reader().voucher_terms();
    let terms: Vec<_> = terms.iter().map(|term| (term.since, term.stands)).collect();
    assert_eq!(terms, [(date(3), true), (date(5), true)]);
    shop.is_the_same_made_anew(store);
}

#[test]
fn a_record_needs_the_declaration_and_a_key_of_its_own() {
    let (shop, mut store) = Shop::ready();
    refused(&mut store, vouched("k1", date(3), 1000), "voucher-not-declared");
    store.commit(vec![term(3, true)], at(1)).unwrap();
    refused(&mut store, vouched("k1", date(2), 1000), "voucher-not-declared");
    store.commit(vec![vouched("k1", date(3), 1000), keyed(1, "k2")], at(2)).unwrap();
    refused(&mut store, vouched("k1", date(3), 1000), "key-vouched");
    refused(&mut store, keyed(2, "k1"), "key-vouched");
    refused(&mut store, vouched("k2", date(3), 1000), "key-taken");
    assert_eq!(keys(&store.reader()), ["k1"]);
    shop.is_the_same_made_anew(store);
}

/// A document for the rest of a sale that a card paid 400 of.
fn partly(number: u64, day: i8) -> Issued {
    let (till, sale) = (TillData::default(), Bytes::from_static(b"{\"whole\":1}"));
    let card = CardPart { date: date(day), total: Amount(400), till, sale };
    Issued { card: Some(Box::new(card)), ..super::shop::sale(number) }
}

#[test]
fn the_part_that_a_card_paid_is_recorded_by_the_fact_that_issues_the_rest() {
    let (shop, mut store) = Shop::ready();
    refused(&mut store, issued(partly(1, 3)), "voucher-not-declared");
    store.commit(vec![term(3, true)], at(1)).unwrap();
    refused(&mut store, issued(Issued { key: None, ..partly(1, 3) }), "voucher-part");
    store.commit(vec![issued(partly(1, 3))], at(2)).unwrap();
    let told = |reader: &Reader| {
        let row = reader.vouched("key-1").unwrap().unwrap();
        assert_eq!((row.total, row.rest.clone(), &*row.sale_hash), (Amount(400), Some(id(1)), "hash-1"));
        assert_eq!(sale_of(reader, &row), b"{\"whole\":1}"[..]);
        assert_eq!(reader.issued(&id(1)).unwrap().unwrap().sale, b"{\"n\":1}"[..], "the rest's own");
        assert_eq!(reader.by_key("key-1").unwrap().unwrap().total, Amount(1001));
        assert_eq!(reader.vouched_on(date(3)).unwrap(), VoucherSums { sales: 1, total: Amount(400) });
    };
    told(&store.reader());
    // Neither again under its key, nor as a record alone.
    refused(&mut store, issued(Issued { key: Some("key-1".to_owned()), ..partly(2, 3) }), "key-vouched");
    let again = issued(Issued { key: Some("key-1".to_owned()), ..partly(2, 3) });
    let why = store.commit(vec![again], at(9)).unwrap_err().to_string();
    assert!(why.contains("tiene su documento") && !why.contains("sin documento"), "{why}");
    refused(&mut store, vouched("key-1", date(3), 400), "key-taken");
    shop.is_the_same_made_anew(store);
    told(&shop.open().reader());
}

#[test]
fn records_are_found_by_day_and_key_paged_and_count_apart_from_documents() {
    let (shop, mut store) = Shop::ready();
    store.commit(vec![term(1, true)], at(1)).unwrap();
    for (key, day, total) in [("a", 3, 1000), ("b", 4, 2000), ("c", 4, 3000)] {
        store.commit(vec![vouched(key, date(day), total)], at(2)).unwrap();
    }
    let told = |reader: &Reader| {
        assert_eq!(keys(reader), ["c", "b", "a"]);
        let first = reader.vouchers(span(), None, 2).unwrap();
        assert_eq!(first.rows.len(), 2);
        let rest = reader.vouchers(span(), first.next, 2).unwrap();
        assert_eq!((rest.rows[0].key.as_str(), rest.next), ("a", None));
        assert_eq!(reader.vouched_on(date(4)).unwrap(), VoucherSums { sales: 2, total: Amount(5000) });
        assert_eq!(reader.vouched_on(date(5)).unwrap(), VoucherSums::default());
        let row = reader.vouched("b").unwrap().unwrap();
        assert_eq!((row.total, row.till.clone()), (Amount(2000), TillData::default()));
        assert_eq!(sale_of(reader, &row), b"{\"b\":1}"[..]);
        assert_eq!(reader.vouched("d").unwrap(), None);
        assert_eq!(reader.counts().total(), 0, "they are no documents");
    };
    told(&store.reader());
    drop(store);
    told(&shop.open().reader());
    shop.delete_index();
    told(&shop.open().reader());
}

#[test]
fn acts_are_found_by_their_words_the_newest_first() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=1);
    let act = |who: &str, what: &str, documents| Fact::Acted {
        who: who.to_owned(),
        what: what.to_owned(),
        documents,
    };
    let facts = vec![
        act("Rosa", "Autoriza: Cargar folios", vec![]),
        act("Ana", "Reenviar", vec![id(1)]),
        Fact::ClockAccepted { who: "Rosa".to_owned(), offset_seconds: 400 },
    ];
    store.commit(facts, at(3)).unwrap();
    let found = |reader: &Reader, words: &str| {
        let acts = reader.acts(words, None, 10).unwrap();
        acts.rows.into_iter().map(|act| act.what).collect::<Vec<_>>()
    };
    let told = |reader: &Reader| {
        let clock = "Aceptar el reloj con 400 s de diferencia";
        assert_eq!(found(reader, ""), [clock, "Reenviar", "Autoriza: Cargar folios"]);
        assert_eq!(found(reader, "rosa"), [clock, "Autoriza: Cargar folios"]);
        assert_eq!(found(reader, "folios ROSA"), ["Autoriza: Cargar folios"]);
        assert_eq!(found(reader, &id(1).to_string()), ["Reenviar"]);
        assert_eq!(found(reader, "nadie"), <[&str; 0]>::default());
        let first = reader.acts("", None, 1).unwrap();
        assert_eq!(reader.acts("", first.next, 1).unwrap().rows[0].what, "Reenviar");
    };
    told(&store.reader());
    drop(store);
    shop.delete_index();
    told(&shop.open().reader());
}

#[test]
fn a_record_that_was_undone_counts_no_more_stays_on_the_list_and_keeps_its_key() {
    let (shop, mut store) = Shop::ready();
    store.commit(vec![term(1, true)], at(1)).unwrap();
    store.commit(vec![vouched("a", date(3), 1000), vouched("b", date(3), 1000)], at(2)).unwrap();
    refused(&mut store, undone("c", 1000), "voucher-unknown");
    let committed = store.commit(vec![undone("b", 1000)], at(3)).unwrap();
    assert_eq!(committed.recorded.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["b"]);
    refused(&mut store, undone("b", 1000), "voucher-undone");
    refused(&mut store, vouched("b", date(3), 1000), "key-vouched");
    refused(&mut store, keyed(1, "b"), "key-vouched");
    let told = |reader: &Reader| {
        assert_eq!(reader.vouched_on(date(3)).unwrap(), VoucherSums { sales: 1, total: Amount(1000) });
        assert_eq!(keys(reader), ["b", "a"]);
        let row = reader.vouched("b").unwrap().unwrap();
        let undone = row.undone.clone().expect("it is undone");
        assert_eq!((undone.at, &*undone.who, &*undone.why), (at(3), "Rosa", "digitada dos veces"));
        assert_eq!(reader.vouched("a").unwrap().unwrap().undone, None);
        assert_eq!(sale_of(reader, &row), b"{\"b\":1}"[..], "nothing is lost");
        let acts = reader.acts("rosa «b»", None, 10).unwrap();
        assert_eq!(acts.rows.len(), 1, "{acts:?}");
    };
    told(&store.reader());
    shop.is_the_same_made_anew(store);
    told(&shop.open().reader());
}

#[test]
fn the_part_that_a_card_paid_is_undone_only_when_the_document_for_the_rest_is_annulled() {
    let (shop, mut store) = Shop::ready();
    store.commit(vec![term(3, true)], at(1)).unwrap();
    store.commit(vec![issued(partly(1, 3))], at(2)).unwrap();
    refused(&mut store, undone("key-1", 400), "voucher-has-document");
    issue(&mut store, 2..=2);
    store.commit(vec![Fact::Annulled { document: id(1), by: id(2) }], at(3)).unwrap();
    store.commit(vec![undone("key-1", 400)], at(4)).unwrap();
    assert_eq!(store.reader().vouched_on(date(3)).unwrap(), VoucherSums::default());
    shop.is_the_same_made_anew(store);
}
