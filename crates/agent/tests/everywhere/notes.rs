//! Notes wait for what they correct, where that is this folder's.

use super::copied::anchored;
use crate::fake::*;
use bytes::Bytes;
use serde_json::json;
use timbre_agent::Agent;
use timbre_agent::reissue::Reissue;
use timbre_agent::view::{ProblemView, UnlockOrder};

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

#[tokio::test]
async fn a_note_on_a_document_that_another_took_the_place_of_is_made_again_on_that_one() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, true).await;
    office.books().words.insert(1, "wait");
    sell(&agent, "first", 10).await;
    let sale = || Bytes::from(json!({ "total": 10, "annuls": 1, "whole": true }).to_string());
    agent.issue(sale(), Some("note".to_owned())).await.unwrap();
    until(&agent, |agent| row(agent, 1).state == "ENVIADO").await;
    let again = |new_number| Reissue { sale: None, new_number, who: "Ana".into() };
    let early = agent.reissue("TAF2", again(false)).await.unwrap_err();
    assert_eq!(early.code, "not-rejected", "what it corrects may still be accepted");
    office.books().words.insert(1, "free");
    until(&agent, |agent| row(agent, 2).attention.is_some()).await;
    office.books().words.clear();
    office.books().have.insert(1, "no");
    assert_eq!(agent.reissue("TAF1", again(true)).await.unwrap().document.id, "TAF3");
    let told = |agent: &Agent| row(agent, 2).attention.unwrap_or_default();
    until(&agent, |agent| told(agent).starts_with("Corrige a TAF1, en cuyo lugar está TAF3")).await;

    let made = agent.reissue("TAF2", again(false)).await.unwrap();
    assert_eq!((made.document.id.as_str(), made.number.as_str()), ("TAF4", "new"));
    let replaced = made.replaced.unwrap();
    assert_eq!((replaced.state.as_str(), replaced.replaced_by.as_deref()), ("REEMPLAZADO", Some("TAF4")));
    assert!(made.task.unwrap().starts_with("Anule el folio 2 en el sitio del Oficina"));
    until(&agent, |agent| row(agent, 4).state == "ACEPTADO").await;
    assert_eq!(annulled_by(&agent, 3).as_deref(), Some("TAF4"));
    assert!(!office.books().order.contains(&2), "it never left");
    let known = agent.issue(sale(), Some("note".to_owned())).await.unwrap();
    assert_eq!((known.repeated, known.document.id.as_str()), (true, "TAF4"), "its key names what stands");
    let twice = agent.reissue("TAF2", again(false)).await.unwrap_err();
    assert_eq!(twice.code, "not-rejected");
    agent.stop().await;
}

/// The one in its place is rejected, too, and a third takes its place.
#[tokio::test]
async fn a_note_on_what_was_replaced_more_than_once_is_told_of_the_last_one_and_made_on_that() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, true).await;
    office.books().words.insert(1, "free");
    sell(&agent, "first", 10).await;
    until(&agent, |agent| row(agent, 1).state == "RECHAZADO").await;
    let sale = json!({ "total": 10, "annuls": 1, "whole": true }).to_string();
    agent.issue(Bytes::from(sale), None).await.unwrap();
    let again = |new_number| Reissue { sale: None, new_number, who: "Ana".into() };
    for (from, to) in [(1, 3), (3, 4)] {
        office.books().have.insert(from, "no");
        office.books().words.insert(to, if to == 3 { "free" } else { "wait" });
        let made = agent.reissue(&format!("TAF{from}"), again(true)).await.unwrap();
        assert_eq!(made.document.id, format!("TAF{to}"));
        let state = if to == 3 { "RECHAZADO" } else { "ENVIADO" };
        until(&agent, |agent| row(agent, to).state == state).await;
    }
    let told = |agent: &Agent| row(agent, 2).attention.unwrap_or_default();
    let text = "Corrige a TAF1, en cuyo lugar está TAF4: vuelva a emitir TAF2 y corregirá a TAF4";
    until(&agent, |agent| told(agent) == text).await;
    let refused = agent.reissue("TAF1", again(false)).await.unwrap_err();
    assert_eq!(refused.detail, "TAF1 ya fue reemplazado: en su lugar está TAF4.");
    let made = agent.reissue("TAF2", again(false)).await.unwrap();
    assert_eq!(made.document.id, "TAF5");
    assert!(made.why.starts_with("en lugar de TAF1, que corrige, está TAF4"), "{}", made.why);
    office.books().words.clear();
    until(&agent, |agent| row(agent, 5).state == "ACEPTADO").await;
    assert_eq!(annulled_by(&agent, 4).as_deref(), Some("TAF5"));
    agent.stop().await;
}

/// It waits here for what it corrects; another copy of the folder may have sent it.
#[tokio::test(flavor = "multi_thread")]
async fn a_note_that_may_have_left_from_another_copy_is_asked_about_before_another_is_made() {
    let root = tempfile::tempdir().unwrap();
    let office = office();
    let agent = anchored(root.path(), &office, true).await;
    office.books().words.insert(1, "wait");
    sell(&agent, "first", 10).await;
    let sale = json!({ "total": 10, "annuls": 1, "whole": true }).to_string();
    agent.issue(Bytes::from(sale), Some("note".to_owned())).await.unwrap();
    until(&agent, |agent| row(agent, 1).state == "ENVIADO").await;
    agent.stop().await;
    drop(agent);
    for file in ["anchor.json", "anchor.base"] {
        std::fs::remove_file(root.path().join(file)).unwrap();
    }
    let agent = anchored(root.path(), &office, true).await;
    agent.unlock(&UnlockOrder::by("Ana")).await.unwrap();
    office.books().words.insert(1, "free");
    until(&agent, |agent| row(agent, 2).attention.is_some()).await;
    office.books().words.clear();
    office.books().have.insert(1, "no");
    let again = |new_number| Reissue { sale: None, new_number, who: "Ana".into() };
    assert_eq!(agent.reissue("TAF1", again(true)).await.unwrap().document.id, "TAF3");
    office.books().have.insert(2, "yes");
    let held = agent.reissue("TAF2", again(false)).await.unwrap_err();
    assert_eq!((held.status, held.code.as_str()), (409, "left-elsewhere"), "{held}");
    assert_eq!(row(&agent, 2).state, "GENERADO");
    office.books().have.insert(2, "no");
    assert_eq!(agent.reissue("TAF2", again(false)).await.unwrap().document.id, "TAF4");
    until(&agent, |agent| row(agent, 4).state == "ACEPTADO").await;
    agent.stop().await;
}

/// Of what the first document came to, the second used all; the third annuls that and gives it back, and the fourth
/// uses it: it waits for the third, which is rejected, until another gives back what that had.
#[tokio::test]
async fn what_uses_what_a_note_gave_back_waits_until_that_is_sure() {
    for reissued in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let office = office();
        let agent = open(dir.path(), &office, true).await;
        let issue = |sale: serde_json::Value| agent.issue(Bytes::from(sale.to_string()), None);
        sell(&agent, "first", 10).await;
        note(&agent, 1, 10).await;
        office.books().words.insert(3, "wait");
        let annul = json!({ "total": 10, "annuls": 2, "whole": true, "frees": 1 });
        issue(annul.clone()).await.unwrap();
        issue(json!({ "total": 10, "annuls": 1, "waits": 3 })).await.unwrap();
        until(&agent, |agent| row(agent, 3).state == "ENVIADO").await;
        let waiting = row(&agent, 4);
        assert_eq!((waiting.state.as_str(), waiting.attention), ("GENERADO", None));

        office.books().words.insert(3, "free");
        let told = |agent: &Agent| row(agent, 4).attention.unwrap_or_default();
        until(&agent, |agent| told(agent).starts_with("Usa lo que devolvía TAF3, que el Oficina rechazó"))
            .await;
        agent.resend_pending().await.unwrap();

        office.books().words.insert(5, "wait");
        let again = |new_number| Reissue { sale: None, new_number, who: "Ana".into() };
        if reissued {
            office.books().have.insert(3, "no");
            assert_eq!(agent.reissue("TAF3", again(true)).await.unwrap().document.id, "TAF5");
        } else {
            assert_eq!(issue(annul).await.unwrap().document.id, "TAF5");
        }
        until(&agent, |agent| row(agent, 5).state == "ENVIADO").await;
        let early = agent.reissue("TAF4", again(false)).await.unwrap_err();
        assert_eq!((early.code.as_str(), row(&agent, 4).state.as_str()), ("not-rejected", "GENERADO"));
        assert!(!office.books().order.contains(&4), "it never left");
        office.books().words.clear();
        until(&agent, |agent| row(agent, 4).state == "ACEPTADO").await;
        assert_eq!((row(&agent, 5).state.as_str(), row(&agent, 4).attention), ("ACEPTADO", None));
        agent.stop().await;
    }
}

/// The second used all of the first, the third annuls that, and the fourth uses what the third gives back. The second is
/// rejected: what it used is free without the third, and the fourth leaves at once; the second is not made again beside it.
#[tokio::test]
async fn what_waits_for_a_note_leaves_when_what_that_annuls_is_rejected() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, true).await;
    let issue = |sale: serde_json::Value| agent.issue(Bytes::from(sale.to_string()), None);
    sell(&agent, "first", 10).await;
    until(&agent, |agent| row(agent, 1).state == "ACEPTADO").await;
    office.books().words.insert(2, "wait");
    note(&agent, 1, 10).await;
    issue(json!({ "total": 10, "annuls": 2, "whole": true, "frees": 1 })).await.unwrap();
    issue(json!({ "total": 10, "annuls": 1, "waits": 3 })).await.unwrap();
    until(&agent, |agent| row(agent, 2).state == "ENVIADO").await;
    assert_eq!((row(&agent, 3).state.as_str(), row(&agent, 4).state.as_str()), ("GENERADO", "GENERADO"));

    office.books().words.insert(2, "free");
    until(&agent, |agent| row(agent, 4).state == "ACEPTADO").await;
    assert_eq!(row(&agent, 2).state, "RECHAZADO");
    assert!(!office.books().order.contains(&3), "nobody is to correct what was rejected");
    // Nor is a person told to make again what would be refused.
    let told = |agent: &Agent| row(agent, 3).attention.unwrap_or_default();
    until(&agent, |agent| told(agent).contains("lo que TAF2 usaba de TAF1 ya lo usa otro documento")).await;
    office.books().have.insert(2, "no");
    let again = Reissue { sale: None, new_number: true, who: "Ana".into() };
    assert_eq!(agent.reissue("TAF2", again).await.unwrap_err().code, "claim-exceeds");
    let another = issue(json!({ "total": 1, "annuls": 1 })).await.unwrap_err();
    assert_eq!(another.code, "claim-exceeds");
    agent.stop().await;
}
