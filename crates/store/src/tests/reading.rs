//! What a reader answers: keys, lists, counters, queues, parcels, histories.

use std::collections::BTreeSet;

use timbre_core::paper::Printing;
use timbre_core::{Amount, Cause, ChannelId, DocState, GrantId, NumberFate, ParcelId, Party, Remark, Series};

use super::shop::*;
use crate::{Answered, Fact, Filter, Page, Reader, Sending, Store, StoreError};

#[track_caller]
fn numbers(reader: &Reader, filter: Filter) -> Vec<u64> {
    let page = reader.list(&filter, None, 100).unwrap();
    assert_eq!(page.next, None);
    page.rows.iter().map(|row| row.id.number).collect()
}

fn text(text: &str) -> Filter {
    Filter { text: Some(text.to_owned()), ..Filter::default() }
}

/// Six boletas and a factura, with different people and things.
fn varied() -> (Shop, Store) {
    let (shop, mut store) = Shop::ready();
    store.commit(vec![caf("f", "33", 1, 10)], at(0)).unwrap();
    let mut facts = Vec::new();
    for n in 1..=6 {
        let mut sale = sale(n);
        sale.document.date = date(19 + n as i8);
        facts.push(sale);
    }
    facts[1].document.receiver = Party { id: "5.126.663-3".into(), name: "ÁLVARO Peñaloza".into() };
    facts[2].document.words = "Café con leche, Marraqueta".into();
    facts[3].document.total = Amount(119_000);
    let mut factura = sale_of("f", 1);
    factura.document.id = timbre_core::DocumentId::new("33", 1);
    factura.key = None;
    facts.push(factura);
    store.commit(facts.into_iter().map(issued).collect(), at(1)).unwrap();
    (shop, store)
}

#[test]
fn a_list_is_filtered_by_state_type_date_and_text() {
    let (_shop, mut store) = varied();
    store.commit(depart("p", &[2, 5]), at(2)).unwrap();
    let sent = moved(5, DocState::Enviando, DocState::Enviado, Cause::Sent { track: "1".into() });
    store.commit(vec![sent], at(3)).unwrap();
    let reader = store.reader();
    let states = |states: &[DocState]| Filter { states: states.to_vec(), ..Filter::default() };
    assert_eq!(numbers(&reader, Filter::default()), [1, 6, 5, 4, 3, 2, 1]);
    assert_eq!(numbers(&reader, states(&[DocState::Enviado, DocState::Enviando])), [5, 2]);
    assert_eq!(numbers(&reader, states(&[DocState::Generado])), [1, 6, 4, 3, 1]);
    assert_eq!(numbers(&reader, states(&[DocState::Aceptado])), [0u64; 0]);
    let series = Filter { series: Some(Series("33".into())), ..Filter::default() };
    assert_eq!(numbers(&reader, series), [1]);
    let dates = Filter {
        from: Some(date(21)),
        to: Some(date(23)),
        series: Some(Series("39".into())),
        ..Filter::default()
    };
    assert_eq!(numbers(&reader, dates), [4, 3, 2]);
    for (query, found) in [
        ("alvaro", &[2][..]),
        ("PEÑALOZA", &[2]),
        ("penaloza álv", &[2]),
        ("cafe MARRAQUETA", &[3]),
        ("cafe palta", &[]),
        ("t39f4", &[4]),
        ("119000", &[4]),
        ("$119.000", &[4]),
        ("5126663-3", &[2]),
        ("5.126.663-3", &[2]),
        ("munoz", &[1, 6, 5, 4, 3, 1]),
        ("  ", &[1, 6, 5, 4, 3, 2, 1]),
    ] {
        assert_eq!(numbers(&reader, text(query)), found, "{query}");
    }
    assert!(numbers(&reader, text("6")).contains(&6));
}

#[test]
fn problems_are_rejections_and_flags_each_once() {
    let (_shop, mut store) = varied();
    let flag = |n| Fact::Attention { document: id(n), reason: Some("mírelo".into()) };
    store.commit(depart("p", &[2, 5]), at(2)).unwrap();
    let remark = Remark { words: "x".into(), ..Remark::ours("1", "La firma no vale.") };
    let cause = Cause::Rejected { reasons: vec![remark], number: NumberFate::Consumed };
    let rejected = |n| moved(n, DocState::Enviando, DocState::Rechazado, cause.clone());
    store.commit(vec![rejected(2), rejected(5), flag(5), flag(3)], at(3)).unwrap();
    let reader = store.reader();
    let problem = || Filter { problem: true, ..Filter::default() };
    assert_eq!(numbers(&reader, problem()), [5, 3, 2]);
    let counts = reader.counts();
    assert_eq!((counts.of(DocState::Rechazado), counts.attention.iter().sum::<u64>()), (2, 2));
    assert_eq!(counts.total(), 7);
    assert_eq!(reader.row(&id(2)).unwrap().unwrap().error.unwrap(), "La firma no vale.");
    store.commit(vec![Fact::Attention { document: id(3), reason: None }], at(4)).unwrap();
    assert_eq!(numbers(&reader, problem()), [5, 2]);
    assert_eq!(reader.counts().attention.iter().sum::<u64>(), 1);
}

#[test]
fn what_has_no_whole_paper_is_counted_and_listed_until_it_has() {
    let (_shop, mut store) = varied();
    let paper = |n, how: &Printing| {
        let (document, how) = (id(n), how.clone());
        Fact::Printed { document, copy: timbre_core::paper::Copy::Original, how, printer: None }
    };
    let why = || "sin papel".to_owned();
    let (failed, partial) = (Printing::Failed { why: why() }, Printing::Partial { why: why() });
    let facts = vec![paper(2, &failed), paper(3, &partial), paper(4, &Printing::Handed), paper(2, &partial)];
    store.commit(facts, at(2)).unwrap();
    let reader = store.reader();
    let unprinted = || Filter { unprinted: true, ..Filter::default() };
    assert_eq!((numbers(&reader, unprinted()), reader.counts().unprinted), (vec![3, 2], 2));
    // Asked for again, nobody has to look; and a failure makes it so again.
    store.commit(vec![paper(3, &Printing::Asked)], at(3)).unwrap();
    assert_eq!((numbers(&reader, unprinted()), reader.counts().unprinted), (vec![2], 1));
    store.commit(vec![paper(3, &failed), paper(2, &Printing::Seen)], at(4)).unwrap();
    assert_eq!((numbers(&reader, unprinted()), reader.counts().unprinted), (vec![3], 1));
    store.commit(vec![paper(3, &Printing::Waived)], at(5)).unwrap();
    assert_eq!((numbers(&reader, unprinted()), reader.counts().unprinted), (vec![], 0));
}

/// What came out says nothing of the other copy.
#[test]
fn the_customers_paper_and_the_one_to_be_ceded_are_told_apart() {
    use timbre_core::paper::Copy;
    let (_shop, mut store) = varied();
    let paper = |copy, how| Fact::Printed { document: id(2), copy, how, printer: None };
    let failed = || Printing::Failed { why: "sin papel".to_owned() };
    store.commit(vec![paper(Copy::Original, failed()), paper(Copy::Ceded, Printing::Done)], at(2)).unwrap();
    let reader = store.reader();
    let row = || reader.row(&id(2)).unwrap().unwrap();
    assert_eq!(row().paper(), Some(&(Copy::Original, failed())), "the one that is lacking is told of");
    assert_eq!(reader.counts().unprinted, 1);
    store.commit(vec![paper(Copy::Repeated, Printing::Handed)], at(3)).unwrap();
    assert_eq!((row().paper(), reader.counts().unprinted), (Some(&(Copy::Repeated, Printing::Handed)), 0));
    store.commit(vec![paper(Copy::CededAgain, failed())], at(4)).unwrap();
    assert_eq!(row().paper_of(false), Some(&(Copy::Repeated, Printing::Handed)));
    assert_eq!((row().paper_of(true), reader.counts().unprinted), (Some(&(Copy::CededAgain, failed())), 1));
}

#[test]
fn pages_follow_each_other_while_documents_are_added() {
    let (_shop, mut store) = Shop::ready();
    issue(&mut store, 1..=20);
    let reader = store.reader();
    let mut seen = Vec::new();
    let mut cursor = None;
    let mut next = 21;
    loop {
        let Page { rows, next: after, .. } = reader.list(&Filter::default(), cursor, 3).unwrap();
        seen.extend(rows.iter().map(|row| row.id.number));
        issue(&mut store, [next]);
        next += 1;
        match after {
            Some(after) => cursor = Some(after),
            None => break,
        }
    }
    assert_eq!(seen, (1..=20).rev().collect::<Vec<u64>>());
    let exact = reader.list(&text("t39f20"), None, 1).unwrap();
    assert_eq!((exact.rows.len(), exact.next), (1, None));
}

#[test]
fn the_queue_is_in_order_of_issue_whatever_came_back_last() {
    let (_shop, mut store) = Shop::ready();
    issue(&mut store, 1..=5);
    store.commit(depart("p", &[1, 2, 3]), at(6)).unwrap();
    let back = |n| moved(n, DocState::Enviando, DocState::Pendiente, Cause::NoLine { why: "corte".into() });
    store.commit(vec![back(3)], at(7)).unwrap();
    store.commit(vec![back(1)], at(8)).unwrap();
    let reader = store.reader();
    let queue = |limit| reader.queue(limit).unwrap().iter().map(|row| row.id.number).collect::<Vec<_>>();
    assert_eq!(queue(10), [1, 3, 4, 5]);
    assert_eq!(queue(2), [1, 3]);
    let row = reader.row(&id(3)).unwrap().unwrap();
    assert_eq!((row.error.as_deref(), row.since, row.attempts), (Some("corte"), at(7), 1));
}

#[test]
fn a_parcel_is_open_while_any_document_is_under_way_in_it() {
    let (_shop, mut store) = Shop::ready();
    issue(&mut store, 1..=3);
    store.commit(depart("p", &[1, 2]), at(4)).unwrap();
    store.commit(depart("q", &[3]), at(5)).unwrap();
    let reader = store.reader();
    let open = || reader.parcels().unwrap().iter().map(|p| p.id.0.clone()).collect::<Vec<_>>();
    assert_eq!(open(), ["p", "q"]);
    let lost =
        |n| moved(n, DocState::Enviando, DocState::Pendiente, Cause::NotSent { why: "sin ruta".into() });
    store.commit(vec![lost(1)], at(6)).unwrap();
    assert_eq!(open(), ["p", "q"]);
    store.commit(vec![lost(2)], at(7)).unwrap();
    assert_eq!(open(), ["q"]);
    // Closed, it can still be rebuilt to the byte, and leave again.
    let (parcel, head, tail) = reader.parcel(&ParcelId("p".into())).unwrap().unwrap();
    assert_eq!(parcel.documents, [(id(1), 1), (id(2), 1)]);
    assert_eq!((&head[..], &tail[..]), (&b"<EnvioBOLETA>"[..], &b"</EnvioBOLETA>"[..]));
    let Fact::Sending(again) = sending("p", &[1, 2]) else { panic!() };
    let again = Fact::Sending(Sending { attempt: 2, ..again });
    let leave = moved(2, DocState::Pendiente, DocState::Enviando, Cause::Sending);
    store.commit(vec![again, leave], at(8)).unwrap();
    assert_eq!(open(), ["q", "p"]);
    // One that has to go again stays open while its documents wait.
    let absent = moved(2, DocState::Enviando, DocState::Verificando, Cause::Doubt { why: String::new() });
    store.commit(vec![absent], at(9)).unwrap();
    let absent = moved(2, DocState::Verificando, DocState::Pendiente, Cause::Absent);
    store.commit(vec![absent, answered("p", None, Some(1))], at(9)).unwrap();
    assert_eq!(open(), ["q", "p"]);
    store.commit(vec![answered("p", None, None)], at(9)).unwrap();
    assert_eq!(open(), ["q"]);
    let leave = moved(2, DocState::Pendiente, DocState::Enviando, Cause::Sending);
    let Fact::Sending(again) = sending("p", &[1, 2]) else { panic!() };
    store.commit(vec![Fact::Sending(Sending { attempt: 3, ..again }), leave], at(9)).unwrap();
    // In another parcel, it no longer keeps the first one open.
    let back = moved(2, DocState::Enviando, DocState::Pendiente, Cause::NotSent { why: String::new() });
    store.commit(vec![back], at(9)).unwrap();
    let leave = moved(2, DocState::Pendiente, DocState::Enviando, Cause::Sending);
    store.commit(vec![sending("r", &[2]), leave], at(10)).unwrap();
    assert_eq!(open(), ["q", "r"]);
    assert_eq!(reader.parcel(&ParcelId("none".into())).unwrap(), None);
}

fn answered(parcel: &str, document: Option<u64>, state: Option<i64>) -> Fact {
    Fact::Answered(Answered {
        parcel: ParcelId(parcel.into()),
        document: document.map(id),
        what: "estado".into(),
        status: Some(200),
        took_ms: 1,
        state: state.map(|n| timbre_core::State(n.into())),
        due: None,
        heard: bytes::Bytes::from(format!("heard about {parcel}")),
    })
}

#[test]
fn a_history_has_what_happened_to_the_document_and_its_parcels_and_nothing_else() {
    let (_shop, mut store) = Shop::ready();
    issue(&mut store, 1..=3);
    store.commit(depart("p", &[1, 2]), at(4)).unwrap();
    let heard = store.commit(vec![answered("p", None, Some(5))], at(5)).unwrap();
    store.commit(vec![answered("p", Some(2), Some(6)), answered("q", None, None)], at(6)).unwrap();
    store
        .commit(
            vec![Fact::Printed {
                document: id(1),
                copy: timbre_core::paper::Copy::Original,
                how: Default::default(),
                printer: None,
            }],
            at(7),
        )
        .unwrap();
    store
        .commit(vec![Fact::Acted { who: "ana".into(), what: "ver".into(), documents: vec![id(1)] }], at(8))
        .unwrap();
    store.commit(vec![Fact::Annulled { document: id(3), by: id(1) }], at(9)).unwrap();
    let reader = store.reader();
    let facts = |n| {
        let events = reader.history(&id(n)).unwrap();
        events.iter().map(|e| e.fact["fact"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(facts(1), ["issued", "sending", "moved", "answered", "printed", "acted", "annulled"]);
    assert_eq!(facts(2), ["issued", "sending", "moved", "answered", "answered"]);
    assert_eq!(facts(3), ["issued", "annulled"]);
    assert_eq!(facts(9), [""; 0]);
    let event = &reader.history(&id(1)).unwrap()[3];
    assert_eq!((event.at, event.frame), (at(5), heard.places[0]));
    assert_eq!(reader.heard(event.frame).unwrap(), "heard about p");
    assert!(reader.heard(reader.row(&id(1)).unwrap().unwrap().frame).is_err());
    // A question about one document leaves the parcel's own conversation alone.
    assert_eq!(reader.parcels().unwrap()[0].state, Some(timbre_core::State(5.into())));
}

/// A note would else be judged as if what it corrects were not here, and as if nobody had corrected it before.
#[test]
fn what_cannot_be_read_now_is_no_document_that_is_not_here() {
    let (_shop, store) = varied();
    let reader = store.reader();
    let found = || reader.knowing(|known| known.find(&id(2)).is_some());
    assert!(found().unwrap());
    reader.view.index.shut();
    assert!(matches!(found(), Err(StoreError::Reopening)), "{:?}", found());
    let used = reader.knowing(|known| known.usage(&id(2)));
    assert!(matches!(used, Err(StoreError::Reopening)), "{used:?}");
    assert!(matches!(reader.knowing(|known| known.successor(&id(2))), Err(StoreError::Reopening)));
}

#[test]
fn small_answers() {
    let (_shop, mut store) = varied();
    let reader = store.reader();
    assert_eq!(reader.issued_on(date(22)), 2);
    assert_eq!(reader.issued_on(date(1)), 0);
    assert_eq!(reader.last_stamp(), Some(at(6)));
    let find = |id| reader.knowing(|known| known.find(&id)).unwrap();
    assert_eq!(find(id(2)).unwrap(), (reader.document(&id(2)).unwrap().unwrap(), DocState::Generado));
    assert!(find(id(99)).is_none());
    assert_eq!(reader.grant_key(&GrantId("f".into())).unwrap().unwrap(), "sealed key of f");
    assert_eq!(reader.grant_key(&GrantId("z".into())).unwrap(), None);
    assert_eq!(reader.by_key("key-4").unwrap().unwrap().id, id(4));
    assert_eq!(reader.certificate().unwrap(), None);
    let line = |up| Fact::Line { what: "internet".into(), up, why: String::new() };
    store.commit(vec![line(false)], at(10)).unwrap();
    store.commit(vec![line(false)], at(11)).unwrap();
    assert_eq!(reader.line()["internet"], (false, at(10)));
    store.commit(vec![line(true)], at(12)).unwrap();
    assert_eq!(reader.line()["internet"], (true, at(12)));
}

#[test]
fn a_document_with_a_thousand_lines_still_fits_the_index() {
    let (shop, mut store) = Shop::ready();
    let mut big = sale(1);
    big.document.words = "Ñandú ".repeat(40_000);
    store.commit(vec![issued(big.clone())], at(1)).unwrap();
    store.settle().unwrap();
    let value = store.reader().view.index.with_prefix(b"R").unwrap().remove(0).1;
    assert!(value.len() < 100_000);
    assert_eq!(numbers(&store.reader(), text("ñandu")), [1]);
    assert_eq!(store.reader().issued(&id(1)).unwrap().unwrap(), big);
    drop(store);
    shop.open();
}

#[test]
fn orders_are_distinct_and_shared_by_versions() {
    let (_shop, store) = varied();
    let orders: BTreeSet<u64> = all(&store.reader()).iter().map(|row| row.order).collect();
    assert_eq!(orders.len(), 7);
}

#[test]
fn a_row_says_which_frame_changed_it_last() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=2);
    let revision = |store: &Store, n| store.reader().row(&id(n)).unwrap().unwrap().revision;
    let (first, second) = (revision(&store, 1), revision(&store, 2));
    assert!(first < second);
    let rows = store.commit(depart("p", &[1]), at(3)).unwrap().rows;
    assert_eq!(rows[0].revision, second + 2);
    assert_eq!((revision(&store, 1), revision(&store, 2)), (second + 2, second));
    store.commit(vec![Fact::Attention { document: id(2), reason: Some("x".into()) }], at(4)).unwrap();
    assert_eq!(revision(&store, 2), second + 3);
    drop(store);
    shop.delete_index();
    let store = shop.open();
    assert_eq!((revision(&store, 1), revision(&store, 2)), (second + 2, second + 3));
}

/// Boletas 1, 2, 4, 5 and 7 by one channel, factura 1 and 2 by the other.
fn two_channels() -> (Shop, Store) {
    let (shop, mut store) = Shop::ready();
    store.commit(vec![caf("f", "33", 1, 100)], at(0)).unwrap();
    let factura = |n| {
        let mut factura = sale_of("f", n);
        factura.document.id.series = Series("33".into());
        factura.document.channel = ChannelId("dte".into());
        factura.key = None;
        issued(factura)
    };
    issue(&mut store, [1, 2]);
    store.commit(vec![factura(1)], at(3)).unwrap();
    issue(&mut store, [3, 4]);
    store.commit(vec![factura(2)], at(6)).unwrap();
    issue(&mut store, [5]);
    (shop, store)
}

#[test]
fn a_channels_queue_is_read_a_page_at_a_time() {
    let (_shop, store) = two_channels();
    let reader = store.reader();
    let page = |channel: &str, from, limit| {
        let rows = reader.queue_of(&ChannelId(channel.into()), from, limit).unwrap();
        (rows.iter().map(|row| row.id.number).collect::<Vec<_>>(), rows.last().map_or(0, |row| row.order + 1))
    };
    let (first, from) = page("boleta", 0, 3);
    let (second, _) = page("boleta", from, 3);
    assert_eq!((first, second), (vec![1, 2, 3], vec![4, 5]));
    assert_eq!(page("dte", 0, 10).0, [1, 2]);
    assert_eq!(page("other", 0, 10).0, [0u64; 0]);
    let series = |channel: &str| reader.queued_series(&ChannelId(channel.into())).unwrap();
    assert_eq!((series("dte"), series("other")), (vec![Series("33".into())], vec![]));
    let all: Vec<String> = reader.queue(6).unwrap().iter().map(|row| row.id.to_string()).collect();
    assert_eq!(all, ["T39F1", "T39F2", "T33F1", "T39F3", "T39F4", "T33F2"]);
}

#[test]
fn the_first_that_the_authority_may_not_hold_is_known_for_each_series() {
    let (_shop, mut store) = two_channels();
    let reader = store.reader();
    let firsts = || {
        let rows = reader.first_unheld().unwrap();
        rows.iter().map(|row| row.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(firsts(), ["T33F1", "T39F1"]);
    // On the wire and in doubt its term still runs.
    store.commit(depart("p", &[1, 2]), at(8)).unwrap();
    assert_eq!(firsts(), ["T33F1", "T39F1"]);
    let doubt = moved(1, DocState::Enviando, DocState::Verificando, Cause::Doubt { why: String::new() });
    store.commit(vec![doubt], at(9)).unwrap();
    assert_eq!(firsts(), ["T33F1", "T39F1"]);
    let sent = |n, from| moved(n, from, DocState::Enviado, Cause::Sent { track: "1".into() });
    store.commit(vec![sent(1, DocState::Verificando), sent(2, DocState::Enviando)], at(10)).unwrap();
    assert_eq!(firsts(), ["T33F1", "T39F3"]);
}

#[test]
fn a_damaged_sending_frame_does_not_hide_its_parcel() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=2);
    store.commit(depart("p", &[1, 2]), at(3)).unwrap();
    issue(&mut store, 3..=12);
    let parcel = ParcelId("p".into());
    let frame = store.reader().parcel_row(&parcel).unwrap().unwrap().frame;
    drop(store);
    let mut bytes = std::fs::read(shop.segment(1)).unwrap();
    bytes[frame.offset as usize + 100] ^= 1;
    std::fs::write(shop.segment(1), bytes).unwrap();
    let store = shop.open();
    let reader = store.reader();
    assert_eq!(reader.parcel_row(&parcel).unwrap().unwrap().documents, [(id(1), 1), (id(2), 1)]);
    assert!(matches!(reader.wrapping(&parcel), Err(StoreError::Damaged { .. })));
    assert_eq!(reader.under_way_without_parcel().unwrap(), []);
    drop((store, reader));
    // The index made again knows of no parcel, but that its documents left.
    shop.delete_index();
    let (store, opened) = shop.open_said();
    assert_eq!(opened.damage.len(), 1);
    let reader = store.reader();
    assert_eq!(reader.parcel_row(&parcel).unwrap(), None);
    let stray = reader.under_way_without_parcel().unwrap();
    assert_eq!(stray.iter().map(|row| row.id.number).collect::<Vec<_>>(), [1, 2]);
}
