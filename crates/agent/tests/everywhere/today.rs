//! The day at a glance: by type and hour, each document once.

use std::time::Duration;

use crate::fake::*;
use timbre_agent::Agent;
use timbre_agent::reissue::Reissue;

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

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_document_counts_as_the_one_in_its_place_and_answers_are_remembered() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = open(dir.path(), &office, true).await;
    office.books().words.insert(1, "bad");
    sell(&agent, "k", 10).await;
    until(&agent, |agent| row(agent, 1).state == "RECHAZADO").await;
    assert_eq!(hours(&agent).len(), 1);
    office.books().words.clear();
    let made = agent.reissue("TAF1", Reissue { sale: None, new_number: true, who: "Ana".into() }).await;
    assert!(made.unwrap().replaced.is_some());
    let seen = hours(&agent);
    assert_eq!(
        (seen.iter().map(|hour| hour.1).sum::<u64>(), seen.iter().map(|hour| hour.2).sum::<i64>()),
        (1, 10)
    );
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
