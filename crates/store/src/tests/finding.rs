//! What is found at once among any number of documents, and how far the rest was looked for.

use timbre_core::{Amount, Cause, DocState, NumberFate, Party, Profile, Turnover};

use super::shop::*;
use crate::{Filter, Found, Issued, Reader, Store};

fn text(text: &str) -> Filter {
    Filter { text: Some(text.to_owned()), ..Filter::default() }
}

fn numbers(rows: &[crate::Row]) -> Vec<u64> {
    rows.iter().map(|row| row.id.number).collect()
}

/// Forty boletas of as many pesos as their folio and a thousand, on ten days; the third is to somebody, and of bread.
fn forty() -> (Shop, Store) {
    let (shop, mut store) = Shop::ready();
    let mut facts: Vec<_> = (1..=40).map(sale).collect();
    for (i, one) in facts.iter_mut().enumerate() {
        one.document.date = date(1 + i as i8 / 4);
        one.document.total = Amount(1_001 + i as i64);
    }
    facts[2].document.receiver = Party { id: "5.126.663-3".into(), name: "Álvaro".into() };
    facts[2].document.words = "Marraqueta".into();
    store.commit(facts.into_iter().map(issued).collect(), at(1)).unwrap();
    (shop, store)
}

#[test]
fn a_whole_folio_id_tax_id_or_total_is_found_however_old_it_is() {
    let (_shop, store) = forty();
    let reader = store.reader();
    for (word, found) in [
        ("3", &[3][..]),
        ("t39f3", &[3]),
        ("T39F3", &[3]),
        ("5126663-3", &[3]),
        ("5.126.663-3", &[3]),
        ("$1.003", &[3]),
        ("1003", &[3]),
    ] {
        let page = reader.look(&text(word), None, 10, 2).unwrap();
        assert_eq!((numbers(&page.rows), page.reached), (found.to_vec(), None), "{word}");
    }
}

#[test]
fn who_sold_a_document_finds_it_and_no_index_has_to_be_older_than_that() {
    let (shop, mut store) = Shop::ready();
    let mut facts: Vec<_> = (1..=3).map(sale).collect();
    facts[1].till.cajero = Some("Begoña".into());
    store.commit(facts.into_iter().map(issued).collect(), at(1)).unwrap();
    let found = |store: &Store| {
        let rows = store.reader().look(&text("begona"), None, 10, 10).unwrap().rows;
        assert_eq!(rows.iter().map(|row| row.sold_by.as_deref()).collect::<Vec<_>>(), [Some("Begoña")]);
        numbers(&rows)
    };
    assert_eq!(found(&store), [2]);
    drop(store);
    shop.delete_index();
    assert_eq!(found(&shop.open()), [2]);
}

#[test]
fn what_no_key_names_is_looked_for_so_far_and_the_next_page_goes_on_there() {
    let (_shop, store) = forty();
    let reader = store.reader();
    let (mut cursor, mut looks) = (None, 0);
    loop {
        let page = reader.look(&text("marraqueta"), cursor, 10, 8).unwrap();
        looks += 1;
        if !page.rows.is_empty() {
            assert_eq!(numbers(&page.rows), [3]);
            break;
        }
        assert!(page.reached.is_some(), "it says how far it came");
        cursor = page.next;
    }
    assert_eq!(looks, 5);
    // Without a bound it is one page.
    let all = reader.list(&text("marraqueta"), None, 10).unwrap();
    assert_eq!((numbers(&all.rows), all.next, all.reached), (vec![3], None, None));
    // A page that is full did not reach its bound.
    let full = reader.look(&Filter::default(), None, 5, 8).unwrap();
    assert_eq!((full.rows.len(), full.reached), (5, None));
}

#[test]
fn a_period_is_read_by_its_days_alone() {
    let (_shop, store) = forty();
    let reader = store.reader();
    let period = Filter { from: Some(date(2)), to: Some(date(3)), ..Filter::default() };
    let page = reader.look(&period, None, 10, 9).unwrap();
    assert_eq!((numbers(&page.rows), page.reached), (vec![12, 11, 10, 9, 8, 7, 6, 5], None));
    let first = reader.look(&period, None, 3, 9).unwrap();
    let second = reader.look(&period, first.next, 10, 9).unwrap();
    assert_eq!((numbers(&first.rows), numbers(&second.rows)), (vec![12, 11, 10], vec![9, 8, 7, 6, 5]));
}

#[test]
fn what_is_found_is_counted_and_summed_and_says_when_it_was_not_all() {
    let (_shop, store) = forty();
    let reader = store.reader();
    let day = Filter { from: Some(date(1)), to: Some(date(1)), ..Filter::default() };
    let total = Amount(1_001 + 1_002 + 1_003 + 1_004);
    let turnover = Turnover { sales: 4, total, ..Turnover::default() };
    assert_eq!(reader.found(&day, 100, &LAW).unwrap(), Found { documents: 4, turnover, more: false });
    let some = reader.found(&Filter::default(), 10, &LAW).unwrap();
    assert_eq!((some.documents, some.more), (10, true));
    assert!(!reader.found(&Filter::default(), 40, &LAW).unwrap().more);
}

#[test]
fn what_was_rejected_or_is_of_a_type_that_is_no_sale_is_counted_and_not_summed() {
    let (_shop, mut store) = forty();
    store.commit(depart("p", &[1]), at(2)).unwrap();
    let why = Cause::Rejected { reasons: vec![], number: NumberFate::Consumed };
    store.commit(vec![moved(1, DocState::Enviando, DocState::Rechazado, why)], at(3)).unwrap();
    let reader = store.reader();
    let day = Filter { from: Some(date(1)), to: Some(date(1)), ..Filter::default() };
    let found = reader.found(&day, 100, &LAW).unwrap();
    assert_eq!((found.documents, found.turnover.sales, found.turnover.rejected), (4, 3, 1));
    assert_eq!(found.turnover.total, Amount(1_002 + 1_003 + 1_004));
    let nowhere = Profile { kinds: &[], ..LAW };
    let found = reader.found(&day, 100, &nowhere).unwrap();
    assert_eq!((found.documents, found.turnover.no_sale, found.turnover.total), (4, 3, Amount::ZERO));
}

#[test]
fn a_document_made_again_is_found_by_what_it_says_now() {
    let (shop, mut store) = forty();
    store.commit(depart("p", &[3]), at(2)).unwrap();
    let why = Cause::Rejected { reasons: vec![], number: NumberFate::FreeForSame };
    store.commit(vec![moved(3, DocState::Enviando, DocState::Rechazado, why)], at(3)).unwrap();
    let mut again: Issued = sale(3);
    again.document.version = 2;
    again.document.date = date(25);
    again.document.total = Amount(77);
    again.document.receiver = Party { id: "7.777.777-7".into(), name: "Berta".into() };
    let mut to = moved(3, DocState::Rechazado, DocState::Generado, Cause::Reissued);
    if let crate::Fact::Moved(moved) = &mut to {
        moved.version = 2;
    }
    store.commit(vec![issued(again), to], at(4)).unwrap();
    let check = |reader: &Reader| {
        let found = |filter: &Filter| numbers(&reader.look(filter, None, 10, 3).unwrap().rows);
        let on = |day| Filter { from: Some(date(day)), to: Some(date(day)), ..Filter::default() };
        assert_eq!(found(&text("77")), [3]);
        assert_eq!(found(&text("7777777-7")), [3]);
        assert_eq!(found(&on(25)), [3]);
        assert_eq!(numbers(&reader.list(&on(1), None, 10).unwrap().rows), [4, 2, 1]);
        assert!(reader.list(&text("1003"), None, 10).unwrap().rows.is_empty());
        assert!(reader.list(&text("5126663-3"), None, 10).unwrap().rows.is_empty());
    };
    check(&store.reader());
    drop(store);
    shop.delete_index();
    check(&shop.open().reader());
}
