//! A range that a conflict stopped is used again when a manager says so, and only then.

use crate::fake::*;
use timbre_agent::view::ResumeOrder;

fn order(folio: u64, who: &str, why: &str) -> ResumeOrder {
    ResumeOrder { series: "A".into(), folio, who: who.into(), why: why.into() }
}

#[tokio::test]
async fn a_stopped_range_is_reopened_with_a_reason_and_stays_open_for_the_same_conflict() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, true).await;
    let stopped = |agent: &timbre_agent::Agent| agent.folios()[0].ranges[0].stopped.clone();
    office.books().words.insert(1, "other");
    sell(&agent, "k", 10).await;
    until(&agent, |agent| stopped(agent).is_some()).await;
    assert!(stopped(&agent).unwrap().contains("timbre caf resume"));
    assert_eq!(sell(&agent, "next", 10).await.document.id, "TAF6", "of the next range");

    let code = async |order: &ResumeOrder| agent.resume_range(order).await.unwrap_err().code;
    assert_eq!(code(&order(1, "", "x")).await, "who-missing");
    assert_eq!(code(&order(1, "Ana", " ")).await, "why-missing");
    assert_eq!(code(&order(9_999, "Ana", "x")).await, "not-found");
    assert_eq!(code(&order(6, "Ana", "x")).await, "not-stopped");
    let range = agent.resume_range(&order(3, "Ana", "los folios son nuestros")).await.unwrap();
    assert_eq!((range.first, range.next, range.stopped), (1, 2, None));
    assert_eq!(code(&order(3, "Ana", "x")).await, "not-stopped");

    // The document is asked about again and again, and what is known of it stops nothing anew.
    let asked = office.books().asked("post/have?");
    until(&agent, |_| office.books().asked("post/have?") > asked + 5).await;
    assert_eq!(stopped(&agent), None);
    assert!(row(&agent, 1).attention.is_some(), "it still needs somebody");
    assert_eq!(sell(&agent, "again", 10).await.document.id, "TAF2");
    agent.stop().await;
    drop(agent);
    let agent = open(dir.path(), &office, false).await;
    assert_eq!(stopped(&agent), None);
    agent.stop().await;
}
