//! A folder with papers, letters and cards in one channel, read as the sender reads it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use timbre_core::regime::Term;
use timbre_core::{Amount, Document, DocumentId, GrantId, Party};
use timbre_store::{Fact, OpenOptions, Store};

use super::*;
use crate::fixture;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + seconds).unwrap()
}

fn issued(series: &str, number: u64, channel: &str, seconds: i64) -> Fact {
    let document = Document {
        id: DocumentId::new(series, number),
        version: 1,
        grant: GrantId(series.to_owned()),
        channel: ChannelId(channel.to_owned()),
        date: "2026-01-01".parse().unwrap(),
        stamped: at(seconds),
        receiver: Party::default(),
        total: Amount(10),
        words: String::new(),
        facts: serde_json::Value::Null,
        bytes: Bytes::from_static(b"x"),
    };
    fixture::issued(document)
}

/// Papers have an hour, letters a minute, cards no term.
fn terms() -> Terms {
    let term = |seconds| Term { seconds, stands_without_coverage: false, confirmed: false };
    let of = BTreeMap::from([("A".to_owned(), term(3_600)), ("B".to_owned(), term(60))]);
    Terms { of: Arc::new(of), gaps: Vec::new(), now: at(3_600) }
}

fn store(dir: &std::path::Path, issued: Vec<Fact>) -> Store {
    let (mut store, _) = Store::open(dir, &OpenOptions::default(), &|_, _| {}).unwrap();
    let mut facts = vec![fixture::company()];
    facts.extend(["A", "B", "C"].map(|series| fixture::grant(series, series, 2_000)));
    facts.extend(issued);
    store.commit(facts, at(0)).unwrap();
    store
}

/// The queue of `post`, read in pieces of two rows.
fn order(store: &Store) -> Vec<String> {
    let (reader, terms, post) = (store.reader(), terms(), ChannelId("post".to_owned()));
    let mut queue = Queue::of(&post, &reader, &terms, 2).unwrap();
    std::iter::from_fn(|| queue.next().unwrap())
        .map(|row| format!("{}{}", row.id.series, row.id.number))
        .collect()
}

#[test]
fn the_nearest_deadline_leaves_first_and_then_the_oldest() {
    let dir = tempfile::tempdir().unwrap();
    let mut facts: Vec<Fact> = (1..=5).map(|n| issued("A", n, "post", n as i64)).collect();
    facts.insert(0, issued("C", 1, "post", 0));
    facts.extend([issued("B", 1, "mail", 9), issued("B", 2, "post", 10), issued("B", 3, "post", 3_560)]);
    facts.push(issued("A", 6, "post", 3_600));
    let names = ["B2", "A1", "A2", "A3", "A4", "A5", "B3", "A6", "C1"];
    assert_eq!(order(&store(dir.path(), facts)), names);
}

#[test]
fn what_is_long_is_read_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let facts = (1..=1_203).map(|n| issued("A", n, "post", 0)).collect();
    assert_eq!(order(&store(dir.path(), facts)).len(), 1_203);
}

#[test]
fn nothing_is_read_where_nothing_waits() {
    let dir = tempfile::tempdir().unwrap();
    assert!(order(&store(dir.path(), Vec::new())).is_empty());
}
