//! What a watch over time asks: kept by the index, and the same when that is made anew.

use timbre_core::{Cause, DocState, Series, Timestamp};

use super::shop::*;
use crate::{Fact, Reader, Warned};

fn boletas() -> Series {
    Series("39".to_owned())
}

fn hour(n: i64) -> Timestamp {
    let base = at(0).as_second() / 3600 * 3600;
    Timestamp::from_second(base + 3600 * n).unwrap()
}

fn sold(number: u64, stamped: Timestamp) -> Fact {
    let mut sale = sale(number);
    sale.document.stamped = stamped;
    issued(sale)
}

fn word(up: bool) -> Fact {
    Fact::Line { what: "internet".to_owned(), up, why: String::new() }
}

#[track_caller]
fn told(reader: &Reader) {
    assert_eq!(reader.hours(&boletas(), hour(-9)).unwrap(), [(hour(0), 2), (hour(3), 1)]);
    assert_eq!(reader.hours(&boletas(), hour(1)).unwrap(), [(hour(3), 1)]);
    assert_eq!(reader.first_hour(&boletas()).unwrap(), Some(hour(0)));
    assert_eq!(reader.first_hour(&Series("33".to_owned())).unwrap(), None);
    let unheld = reader.unheld(&boletas(), 0).unwrap();
    let stamps: Vec<_> = unheld.iter().map(|(_, at)| *at).collect();
    assert_eq!(stamps, [hour(0), hour(3)], "the second is held");
    assert_eq!(reader.unheld(&boletas(), unheld[0].0).unwrap(), unheld[1..]);
    // Said again and again, it is as many words.
    let words = [(hour(1), false), (hour(2), false), (hour(3), true)];
    assert_eq!(reader.words("internet", hour(-9)).unwrap(), words);
    assert_eq!(reader.words("internet", hour(3)).unwrap(), words[1..], "and the one before");
    assert_eq!(reader.words("network", hour(0)).unwrap(), []);
    assert_eq!(reader.line()["internet"], (true, hour(3)));
    let order = unheld[0].0;
    assert_eq!(reader.warned(0).unwrap(), [(order, 80), (order + 1, 95)].into());
    assert_eq!(reader.warned(order + 1).unwrap(), [(order + 1, 95)].into());
    let ever = [((boletas(), 50), 1), ((boletas(), 80), 1), ((boletas(), 95), 1)];
    assert_eq!(reader.told().unwrap(), ever.into());
    let seen = reader.clock_seen().unwrap();
    assert_eq!((seen.offset_seconds, seen.good, seen.at), (-301, false, hour(4)));
    assert_eq!(reader.clock_accepted().unwrap().who, "ana");
}

#[test]
fn what_a_watch_asks_survives_a_closing_and_a_rebuild() {
    let (shop, mut store) = Shop::ready();
    store.commit(vec![sold(1, hour(0)), sold(2, hour(0))], hour(0)).unwrap();
    store.commit(depart("p", &[2]), hour(0)).unwrap();
    let sent = Cause::Sent { track: "7".to_owned() };
    store.commit(vec![moved(2, DocState::Enviando, DocState::Enviado, sent)], hour(0)).unwrap();
    for (n, up) in [(1, false), (2, false), (3, true)] {
        store.commit(vec![word(up)], hour(n)).unwrap();
    }
    store.commit(vec![sold(3, hour(3))], hour(3)).unwrap();
    let order = store.reader().unheld(&boletas(), 0).unwrap()[0].0;
    let warned = |level, orders| Warned { series: boletas(), level, orders, first: id(1), limit: hour(1) };
    let facts = vec![
        Fact::Warned(warned(50, vec![order])),
        Fact::Warned(warned(80, vec![order])),
        Fact::Warned(warned(95, vec![order + 1])),
        Fact::ClockSeen { offset_seconds: -301, good: false },
        Fact::ClockAccepted { who: "ana".to_owned(), offset_seconds: -301 },
    ];
    store.commit(facts, hour(4)).unwrap();
    told(&store.reader());
    drop(store);
    told(&shop.open().reader());
    shop.delete_index();
    told(&shop.open().reader());
}
