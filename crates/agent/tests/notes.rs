//! Notes wait for what they correct, where that is this folder's.

mod fake;

use bytes::Bytes;
use fake::*;
use serde_json::json;
use timbre_agent::Agent;
use timbre_agent::reissue::Reissue;
use timbre_agent::view::ProblemView;

/// A document that annuls so much of another.
async fn note(agent: &Agent, of: u64, total: i64) -> String {
    let sale = json!({ "total": total, "annuls": of }).to_string();
    agent.issue(Bytes::from(sale), None).await.unwrap().document.id
}

#[tokio::test]
async fn a_note_leaves_when_what_it_corrects_was_accepted_and_holds_nobody_up() {
    // By the same channel, and by the other one.
    for total in [10, BY_MAIL] {
        let dir = tempfile::tempdir().unwrap();
        let office = office();
        let agent = open(dir.path(), &office, true).await;
        office.books().words.insert(1, "wait");
        sell(&agent, "first", 10).await;
        assert_eq!(note(&agent, 1, total).await, "TAF2");
        sell(&agent, "other", 10).await;
        until(&agent, |agent| row(agent, 3).state == "ACEPTADO" && row(agent, 1).state == "ENVIADO").await;
        let waiting = row(&agent, 2);
        assert_eq!((waiting.state.as_str(), waiting.attention), ("GENERADO", None));
        office.books().words.clear();
        until(&agent, |agent| row(agent, 2).state == "ACEPTADO").await;
        assert_eq!(row(&agent, 1).state, "ACEPTADO");
        let order = office.books().order.clone();
        let place = |number| order.iter().position(|one| *one == number).unwrap();
        assert!(place(3) < place(2), "{order:?}");
        agent.stop().await;
    }
}

/// A note that annuls another document.
async fn annul(agent: &Agent, of: u64) -> Result<String, ProblemView> {
    let sale = json!({ "total": 10, "annuls": of, "whole": true }).to_string();
    agent.issue(Bytes::from(sale), None).await.map(|issued| issued.document.id)
}

fn annulled_by(agent: &Agent, number: u64) -> Option<String> {
    row(agent, number).annulled_by.map(|by| by.to_string())
}

#[tokio::test]
async fn a_document_is_annulled_once_when_its_note_was_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, true).await;
    sell(&agent, "first", 10).await;
    office.books().words.insert(2, "wait");
    annul(&agent, 1).await.unwrap();
    until(&agent, |agent| row(agent, 2).state == "ENVIADO").await;
    assert_eq!(annulled_by(&agent, 1), None, "the authority may still reject it");
    let problem = annul(&agent, 1).await.expect_err("a second note would annul it twice");
    assert_eq!(problem.code, "already-annulled");
    assert!(problem.detail.contains("TAF2"), "{}", problem.detail);
    office.books().words.clear();
    until(&agent, |agent| row(agent, 2).state == "ACEPTADO").await;
    assert_eq!(annulled_by(&agent, 1).as_deref(), Some("TAF2"));
    agent.stop().await;
    drop(agent);

    let agent = open(dir.path(), &office, true).await;
    assert_eq!(annulled_by(&agent, 1).as_deref(), Some("TAF2"));
    let steps = agent.detail("TAF1").unwrap().timeline;
    let said: Vec<_> = steps.iter().filter(|step| step.title == "Anulado").map(|step| &step.text).collect();
    assert_eq!(said, ["por TAF2"]);
    assert_eq!(annul(&agent, 1).await.expect_err("nor after a restart").code, "already-annulled");

    // A note that is annulled annuls nothing any more.
    assert_eq!(annul(&agent, 2).await.unwrap(), "TAF3");
    until(&agent, |agent| row(agent, 3).state == "ACEPTADO").await;
    assert_eq!((annulled_by(&agent, 1), annulled_by(&agent, 2).as_deref()), (None, Some("TAF3")));
    agent.stop().await;
}

#[tokio::test]
async fn a_rejected_note_annuls_nothing_and_leaves_room_for_another() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, true).await;
    sell(&agent, "first", 10).await;
    office.books().words.insert(2, "free");
    annul(&agent, 1).await.unwrap();
    until(&agent, |agent| row(agent, 2).state == "RECHAZADO").await;
    assert_eq!(annulled_by(&agent, 1), None);
    assert_eq!(annul(&agent, 1).await.unwrap(), "TAF3");
    until(&agent, |agent| row(agent, 3).state == "ACEPTADO").await;
    assert_eq!(annulled_by(&agent, 1).as_deref(), Some("TAF3"));
    agent.stop().await;
}

#[tokio::test]
async fn a_note_on_what_is_not_of_this_folder_does_not_wait() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, true).await;
    note(&agent, 1_999, 10).await;
    until(&agent, |agent| row(agent, 1).state == "ACEPTADO").await;
    agent.stop().await;
}

#[tokio::test]
async fn a_note_on_a_rejected_document_calls_a_person_and_goes_when_that_was_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, true).await;
    office.books().words.insert(1, "wait");
    sell(&agent, "first", 10).await;
    note(&agent, 1, 10).await;
    until(&agent, |agent| row(agent, 1).state == "ENVIADO").await;
    office.books().words.insert(1, "free");
    until(&agent, |agent| row(agent, 2).attention.is_some()).await;
    let stuck = row(&agent, 2);
    assert_eq!(stuck.state, "GENERADO");
    assert!(stuck.attention.unwrap().starts_with("Corrige a TAF1, que el Oficina rechazó"));
    agent.resend_pending().await.unwrap();
    {
        let mut books = office.books();
        assert!(!books.order.contains(&2), "it never left");
        books.words.clear();
        books.have.insert(1, "no");
    }
    let again = Reissue { sale: None, new_number: false, who: "Ana".into() };
    agent.reissue("TAF1", again).await.unwrap();
    until(&agent, |agent| row(agent, 2).state == "ACEPTADO").await;
    assert_eq!(row(&agent, 2).attention, None);
    assert_eq!(row(&agent, 1).version, 2);
    agent.stop().await;
}
