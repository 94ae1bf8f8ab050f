//! A range that was stopped, by a conflict, by folios that are no good, by a manager, is used again when a manager
//! says so, and only then.

use crate::fake::*;
use timbre_agent::view::RangeDecision;

fn order(folio: u64, who: &str, why: &str) -> RangeDecision {
    RangeDecision { series: "A".into(), folio, who: who.into(), why: why.into() }
}

#[tokio::test]
async fn a_stopped_range_is_reopened_with_a_reason_and_stays_open_for_the_same_conflict() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, true).await;
    office.books().words.insert(1, "other");
    sell(&agent, "k", 10).await;
    until(&agent, |agent| stopped(agent).is_some()).await;
    assert!(stopped(&agent).unwrap().contains("lo reanuda en Folios"));
    assert_eq!(sell(&agent, "next", 10).await.document.id, "TAF6", "of the next range");

    let code = async |order: &RangeDecision| agent.resume_range(order).await.unwrap_err().code;
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

/// Sells one that the authority says this of, and waits until it is rejected.
async fn rejected(agent: &timbre_agent::Agent, office: &Office, number: u64, word: &'static str) {
    office.books().words.insert(number, word);
    assert_eq!(sell(agent, &format!("k{number}"), 10).await.document.id, format!("TAF{number}"));
    until(agent, |agent| row(agent, number).state == "RECHAZADO").await;
}

fn stopped(agent: &timbre_agent::Agent) -> Option<String> {
    agent.folios()[0].ranges[0].stopped.clone()
}

#[tokio::test]
async fn one_annulled_folio_stops_nothing_and_two_beside_each_other_stop_their_range() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, true).await;
    rejected(&agent, &office, 1, "annulled").await;
    sell(&agent, "good", 10).await;
    rejected(&agent, &office, 3, "annulled").await;
    assert_eq!(stopped(&agent), None, "each was annulled alone");
    rejected(&agent, &office, 4, "annulled").await;
    let why = stopped(&agent).expect("two in a row");
    assert!(why.contains("El número no sirve. Lo dijo de TAF3 y de TAF4"), "{why}");
    assert!(why.contains("lo reanuda en Folios"), "{why}");
    // The sale of a void folio is made again with a good one, and so is the next sale.
    office.books().have.insert(4, "annulled");
    let again = timbre_agent::reissue::Reissue { sale: None, new_number: false, who: "Ana".into() };
    let made = agent.reissue("TAF4", again).await.unwrap();
    assert_eq!((made.number.as_str(), made.document.id.as_str()), ("new", "TAF6"));
    assert_eq!(sell(&agent, "next", 10).await.document.id, "TAF7");
    agent.stop().await;
}

/// What the first was rejected for says nothing of its folio: that it was annulled is told once another is to be made.
#[tokio::test]
async fn a_folio_that_turns_out_to_be_annulled_when_its_document_is_made_again_counts_beside_the_next_one() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, true).await;
    rejected(&agent, &office, 1, "free").await;
    office.books().have.insert(1, "annulled");
    office.books().words.insert(2, "annulled");
    let again = timbre_agent::reissue::Reissue { sale: None, new_number: false, who: "Ana".into() };
    assert_eq!(agent.reissue("TAF1", again).await.unwrap().document.id, "TAF2");
    until(&agent, |agent| row(agent, 2).state == "RECHAZADO").await;
    let why = stopped(&agent).expect("two in a row");
    assert!(why.contains("Lo dijo de TAF1 y de TAF2"), "{why}");
    assert_eq!(sell(&agent, "next", 10).await.document.id, "TAF6", "of the next range");
    agent.stop().await;
}

#[tokio::test]
async fn a_grant_that_is_at_fault_stops_its_range_at_once_and_what_was_given_before_it_was_resumed_does_not()
{
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, true).await;
    // It is not known yet what becomes of the first.
    office.books().words.insert(1, "odd");
    sell(&agent, "late", 10).await;
    until(&agent, |agent| row(agent, 1).attention.is_some()).await;
    rejected(&agent, &office, 2, "ungranted").await;
    let why = stopped(&agent).expect("at once");
    assert!(why.contains("Lo dijo del documento TAF2, y vale para todo el rango"), "{why}");
    agent.resume_range(&order(2, "Ana", "se pidió a la Oficina que los autorizara")).await.unwrap();
    office.books().words.insert(1, "ungranted");
    until(&agent, |agent| row(agent, 1).state == "RECHAZADO").await;
    assert_eq!(stopped(&agent), None, "it was given before");
    rejected(&agent, &office, 3, "annulled").await;
    assert_eq!(stopped(&agent), None, "those before it were known");
    rejected(&agent, &office, 4, "ungranted").await;
    assert!(stopped(&agent).is_some(), "it is no better");
    agent.stop().await;
}

#[tokio::test]
async fn a_manager_stops_a_range_with_a_reason_and_nothing_more_of_it_is_given() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, false).await;
    sell(&agent, "k", 10).await;
    let code = async |order: &RangeDecision| agent.stop_range(order).await.unwrap_err().code;
    assert_eq!(code(&order(1, "", "x")).await, "who-missing");
    assert_eq!(code(&order(1, "Ana", " ")).await, "why-missing");
    assert_eq!(code(&order(9_999, "Ana", "x")).await, "not-found");
    assert_eq!(stopped(&agent), None);
    let range = agent.stop_range(&order(4, "Ana", "son de la otra caja.")).await.unwrap();
    let why = "son de la otra caja. Lo detuvo Ana; un encargado lo reanuda en Folios";
    assert_eq!((range.next, range.stopped.as_deref()), (2, Some(why)));
    assert_eq!(code(&order(4, "Ana", "x")).await, "already-stopped");
    assert_eq!(sell(&agent, "next", 10).await.document.id, "TAF6");
    agent.stop().await;
    drop(agent);
    let agent = open(dir.path(), &office, false).await;
    assert!(stopped(&agent).is_some());
    agent.resume_range(&order(1, "Ana", "eran nuestros")).await.unwrap();
    for number in 2..=5 {
        assert_eq!(sell(&agent, &format!("k{number}"), 10).await.document.id, format!("TAF{number}"));
    }
    let spent = agent.stop_range(&order(1, "Ana", "x")).await.unwrap_err();
    assert_eq!(spent.code, "range-spent");
    agent.stop().await;
}
