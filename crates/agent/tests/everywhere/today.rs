//! The day at a glance: by type and hour, each document once, and what it comes to as sales; a search of the same
//! day says the same.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::fake::*;
use serde_json::json;
use timbre_agent::Agent;
use timbre_agent::clock::{Clock, SystemClock, later};
use timbre_agent::reissue::Reissue;
use timbre_agent::view::{Query, RejectedView};
use timbre_core::Timestamp;

const HOUR: Duration = Duration::from_secs(3600);

/// Hour, documents and what they come to.
fn hours(agent: &Agent) -> Vec<(u8, u64, i64)> {
    agent.today().unwrap().hours.into_iter().map(|hour| (hour.hour, hour.documents, hour.total)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_issued_between_two_looks_is_added_and_tomorrow_begins_anew() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let opening = Opening { send: false, clock: clock.clone(), ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening).await;
    // Noon of tomorrow.
    clock.advance(HOUR * (36 - u32::from(agent.today().unwrap().hour)));
    assert_eq!(hours(&agent), []);
    sell(&agent, "a", 10).await;
    sell(&agent, "b", 25).await;
    assert_eq!(hours(&agent), [(12, 2, 35)]);
    assert_eq!(hours(&agent), [(12, 2, 35)], "looked at again, nothing is counted twice");
    clock.advance(HOUR);
    sell(&agent, "c", 7).await;
    assert_eq!(hours(&agent), [(12, 2, 35), (13, 1, 7)]);
    assert_eq!(agent.today().unwrap().hour, 13);
    clock.advance(HOUR * 24);
    sell(&agent, "d", 1).await;
    assert_eq!(hours(&agent), [(13, 1, 1)]);
    agent.stop().await;
    drop(agent);
    // A window that is opened later sees the same.
    let opening = Opening { send: false, clock, ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening).await;
    assert_eq!(hours(&agent), [(13, 1, 1)]);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_one_piece_is_counted_whole() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = open(dir.path(), &office, false).await;
    sell_many(&agent, 1001).await;
    let seen = hours(&agent);
    assert_eq!(
        (seen.iter().map(|hour| hour.1).sum::<u64>(), seen.iter().map(|hour| hour.2).sum::<i64>()),
        (1001, 10_010)
    );
    agent.stop().await;
}

/// One of each weight: a credit, a charge and what is no sale have numbers of their own.
async fn one_of_each(agent: &Agent) {
    for grant in ["B:5001-5010", "C:6001-6010", "D:7001-7010"] {
        agent.load_grant(grant.as_bytes(), (1, 1), None).await.unwrap();
    }
    sell(agent, "sale", 1_000).await;
    for (series, total) in [("B", 30), ("C", 200), ("D", 4_000)] {
        let sale = json!({ "series": series, "total": total }).to_string();
        agent.issue(sale.into(), Some(series.to_owned())).await.unwrap();
    }
}

/// Sales, what they come to, and what was rejected: of the day, and by a search, which must agree.
#[track_caller]
fn sold(agent: &Agent) -> (u64, i64, u64) {
    let (day, stats) = (agent.today().unwrap(), agent.stats());
    let query = Query { from: Some(day.date.clone()), to: Some(day.date.clone()), ..Query::default() };
    let found = agent.count(&query).unwrap();
    assert_eq!((found.sales, found.total, found.rejected), (day.sales, day.total, day.rejected.documents));
    assert_eq!(found.documents, stats.issued_today + found.replaced);
    let hours = |of: fn(&timbre_agent::view::HourView) -> i64| day.hours.iter().map(of).sum::<i64>();
    assert_eq!(hours(|hour| hour.total * i64::from(hour.weight)), day.total);
    assert_eq!(hours(|hour| hour.sales as i64), day.sales as i64);
    let counted = hours(|hour| hour.documents as i64) as u64 + day.rejected.documents;
    assert_eq!(counted, stats.issued_today, "each document is somewhere");
    (day.sales, day.total, day.rejected.documents)
}

#[tokio::test(flavor = "multi_thread")]
async fn charges_add_credits_take_off_and_neither_is_a_sale() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = open(dir.path(), &office, false).await;
    one_of_each(&agent).await;
    assert_eq!(sold(&agent), (1, 1_170, 0));
    let mut told: Vec<_> =
        agent.today().unwrap().hours.into_iter().map(|h| (h.series, h.sales, h.total, h.weight)).collect();
    told.sort();
    let of = |series: &str, sales, total, weight| (series.to_owned(), sales, total, weight);
    assert_eq!(told, [of("A", 1, 1_000, 1), of("B", 0, 30, -1), of("C", 0, 200, 1), of("D", 0, 4_000, 0)]);
    let found = agent.count(&Query::default()).unwrap();
    assert_eq!((found.documents, found.credits, found.no_sale, found.replaced), (4, 1, 1, 0));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rejected_is_told_apart_until_it_is_made_again() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = open(dir.path(), &office, true).await;
    office.books().words.insert(1, "free");
    sell(&agent, "k", 10).await;
    // Looked at before its verdict: what was counted then must come off.
    agent.today().unwrap();
    until(&agent, |agent| row(agent, 1).state == "RECHAZADO").await;
    assert_eq!(sold(&agent), (0, 0, 1));
    let day = agent.today().unwrap();
    assert_eq!((day.rejected, day.hours), (RejectedView { documents: 1, total: 10 }, vec![]));
    office.books().words.clear();
    office.books().have.insert(1, "no");
    agent.reissue("TAF1", Reissue { sale: None, new_number: false, who: "Ana".into() }).await.unwrap();
    until(&agent, |agent| row(agent, 1).state == "ACEPTADO").await;
    assert_eq!(sold(&agent), (1, 10, 0));
    agent.stop().await;
}

/// The system's clock, so much later.
#[derive(Default)]
struct Ahead(Mutex<Duration>);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        later(SystemClock.now(), *self.0.lock().unwrap())
    }
    fn steady(&self) -> Duration {
        SystemClock.steady() + *self.0.lock().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_again_hours_later_and_rejected_again_leaves_nothing_in_any_hour() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Arc::new(Ahead::default()));
    let agent = open_as(dir.path(), &office, Opening { clock: clock.clone(), ..Opening::default() }).await;
    // Noon of tomorrow.
    *clock.0.lock().unwrap() = HOUR * (36 - u32::from(agent.today().unwrap().hour));
    office.books().have.insert(1, "no");
    office.books().words.insert(1, "free");
    sell(&agent, "k", 10).await;
    until(&agent, |agent| row(agent, 1).state == "RECHAZADO").await;
    assert_eq!((hours(&agent), sold(&agent)), (vec![], (0, 0, 1)));
    *clock.0.lock().unwrap() += HOUR * 2;
    agent.reissue("TAF1", Reissue { sale: None, new_number: false, who: "Ana".into() }).await.unwrap();
    until(&agent, |agent| row(agent, 1).state == "RECHAZADO" && row(agent, 1).version == 2).await;
    assert_eq!((hours(&agent), sold(&agent)), (vec![], (0, 0, 1)));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_document_counts_as_the_one_in_its_place_and_answers_are_remembered() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = open(dir.path(), &office, true).await;
    office.books().words.insert(1, "bad");
    sell(&agent, "k", 10).await;
    until(&agent, |agent| row(agent, 1).state == "RECHAZADO").await;
    assert_eq!((hours(&agent), sold(&agent)), (vec![], (0, 0, 1)));
    office.books().words.clear();
    let made = agent.reissue("TAF1", Reissue { sale: None, new_number: true, who: "Ana".into() }).await;
    assert!(made.unwrap().replaced.is_some());
    assert_eq!(sold(&agent), (1, 10, 0));
    let answers = agent.today().unwrap().answers;
    assert!(answers.iter().any(|answer| answer.ok), "{answers:?}");
    // The sender goes on between the two looks: they agree once nothing new has come.
    until(&agent, |agent| {
        let last = agent.today().unwrap().answers.last().map(|answer| answer.at.clone());
        last.is_some() && last == agent.snapshot().last_answer.map(|last| last.at)
    })
    .await;
    agent.stop().await;
}
