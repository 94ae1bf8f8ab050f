//! A rejected document made again: under its own number or another, once, and only when the authority was
//! heard.

use std::future::Future;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crate::fake::*;
use bytes::Bytes;
use serde_json::json;
use timbre_agent::reissue::Reissue;
use timbre_agent::view::{ProblemView, RangeDecision, ReissuedView};
use timbre_agent::{Agent, Settings};

fn plain() -> Reissue {
    Reissue { sale: None, new_number: false, who: "Ana".into() }
}

async fn again(agent: &Agent) -> Result<ReissuedView, ProblemView> {
    agent.reissue("TAF1", plain()).await
}

/// Document 1 was rejected with this word; of itself it is said what `have` is.
async fn rejected(agent: &Agent, office: &Arc<Office>, word: &'static str, have: &'static str) {
    office.books().words.insert(1, word);
    sell(agent, "k", 10).await;
    until(agent, |agent| row(agent, 1).state == "RECHAZADO").await;
    let mut books = office.books();
    books.words.clear();
    books.have.insert(1, have);
}

/// It was rejected and made again on its number, of which the authority says this.
async fn second_version(agent: &Agent, office: &Arc<Office>, word: &'static str) {
    rejected(agent, office, "free", "no").await;
    office.books().words.insert(1, word);
    assert_eq!(again(agent).await.unwrap().document.version, 2);
}

/// Nothing happened to it.
#[track_caller]
fn untouched(agent: &Agent) {
    let row = row(agent, 1);
    assert_eq!((row.state.as_str(), row.version, row.attention), ("RECHAZADO", 1, None));
    assert_eq!(agent.folios()[0].next, Some(2), "no folio was spent");
    assert!(!agent.history("TAF1").unwrap().iter().any(|fact| fact["fact"] == "acted"));
}

#[tokio::test]
async fn what_the_authority_does_not_have_is_signed_again_under_its_number() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, true).await;
    rejected(&agent, &office, "free", "no").await;
    let made = again(&agent).await.unwrap();
    assert_eq!((made.number.as_str(), made.document.id.as_str(), made.document.version), ("same", "TAF1", 2));
    assert_eq!((made.replaced, made.task), (None, None));
    until(&agent, |agent| row(agent, 1).state == "ACEPTADO").await;
    assert_eq!(office.books().held["1:10"], 2, "each version was offered once");
    let detail = agent.detail("TAF1").unwrap();
    assert_eq!(detail.versions.iter().map(|v| v.version).collect::<Vec<_>>(), [1, 2]);
    // The proof is in the journal, and who decided.
    let history = agent.history("TAF1").unwrap();
    assert_eq!(
        history.iter().filter(|fact| fact["fact"] == "answered" && fact["what"] == "have?").count(),
        2
    );
    assert!(history.iter().any(|fact| fact["fact"] == "acted" && fact["who"] == "Ana"));
    // The till that asks again hears of the current version, and nothing is counted twice.
    let known = sell(&agent, "k", 10).await;
    assert_eq!((known.repeated, known.document.id.as_str(), known.document.version), (true, "TAF1", 2));
    assert_eq!((agent.stats().total, agent.stats().issued_today), (1, 1));
    assert_eq!(sell(&agent, "next", 10).await.document.id, "TAF2");
    agent.stop().await;
}

#[tokio::test]
async fn what_the_authority_has_is_replaced_and_its_number_waits_to_be_annulled() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, true).await;
    rejected(&agent, &office, "free", "yes").await;
    let made = agent.reissue("TAF1", Reissue { new_number: true, ..plain() }).await.unwrap();
    assert_eq!((made.number.as_str(), made.document.id.as_str()), ("new", "TAF2"));
    assert!(made.task.unwrap().contains("Anule el folio 1"));
    until(&agent, |agent| row(agent, 2).state == "ACEPTADO").await;
    let before = row(&agent, 1);
    assert_eq!((before.state.as_str(), before.replaced_by.as_deref()), ("REEMPLAZADO", Some("TAF2")));
    assert_eq!(agent.detail("TAF2").unwrap().replaces.as_deref(), Some("TAF1"));
    assert_eq!(sell(&agent, "k", 10).await.document.id, "TAF2", "the key names the current document");
    let stats = agent.stats();
    assert_eq!((stats.total, stats.issued_today, stats.to_annul, stats.errors), (1, 1, 1, 0));
    let open = timbre_agent::view::Query { state: Some("to_annul".into()), ..Default::default() };
    assert_eq!(agent.list(&open).unwrap().rows[0].id, "TAF1");
    assert!(agent.snapshot().sentence.text.contains("falta anular 1 folio"));
    // The task is ticked once, and by somebody.
    assert_eq!(agent.number_annulled("TAF1", " ").await.unwrap_err().code, "who-missing");
    assert_eq!(agent.number_annulled("TAF1", "Ana").await.unwrap().attention, None);
    assert_eq!(agent.stats().to_annul, 0);
    assert_eq!(agent.number_annulled("TAF1", "Ana").await.unwrap_err().code, "nothing-to-annul");
    assert_eq!(agent.number_annulled("TAF2", "Ana").await.unwrap_err().code, "nothing-to-annul");
    assert_eq!(again(&agent).await.unwrap_err().code, "not-rejected");
    agent.stop().await;
}

/// A wrong rejection must not become a second sale.
#[tokio::test]
async fn what_the_authority_has_though_it_was_rejected_is_for_a_person_to_look_at() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, true).await;
    rejected(&agent, &office, "free", "yes").await;
    for _ in 0..2 {
        let problem = again(&agent).await.unwrap_err();
        assert_eq!((problem.status, problem.code.as_str()), (409, "accepted-after-all"), "{problem:?}");
        let row = row(&agent, 1);
        assert_eq!((row.state.as_str(), row.version), ("RECHAZADO", 1));
        assert!(row.attention.is_some_and(|why| why.contains("este mismo documento")));
        assert_eq!(agent.folios()[0].next, Some(2), "no folio was spent");
    }
    // What was heard is kept.
    let history = agent.history("TAF1").unwrap();
    assert!(history.iter().any(|fact| fact["fact"] == "answered" && fact["what"] == "have?"));
    // It turns out not to have it: made again as ever, and nobody is called any more.
    office.books().have.insert(1, "no");
    let made = again(&agent).await.unwrap();
    assert_eq!((made.number.as_str(), made.document.attention), ("same", None));
    agent.stop().await;
}

/// It left twice, and the SII had the first: here it was rejected, and the shop had no way but a second document.
#[tokio::test]
async fn what_was_rejected_and_is_found_accepted_is_accepted_on_the_authoritys_word_and_a_persons() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, true).await;
    rejected(&agent, &office, "free", "no").await;
    // The authority does not say that it has it; and who says so must have a name.
    assert_eq!(agent.found_accepted("TAF1", "Ana").await.unwrap_err().code, "not-held");
    office.books().have.insert(1, "other");
    assert_eq!(agent.found_accepted("TAF1", "Ana").await.unwrap_err().code, "not-held");
    office.books().have.insert(1, "yes");
    assert_eq!(agent.found_accepted("TAF1", " ").await.unwrap_err().code, "who-missing");
    untouched(&agent);
    assert!(again(&agent).await.unwrap_err().detail.contains("queda aceptado"), "it is told");
    let accepted = agent.found_accepted("TAF1", "Ana").await.unwrap();
    assert_eq!((accepted.state.as_str(), accepted.attention, accepted.version), ("ACEPTADO", None, 1));
    let stats = agent.stats();
    assert_eq!((stats.total, stats.accepted, stats.errors), (1, 1, 0));
    let history = agent.history("TAF1").unwrap();
    assert!(history.iter().any(|fact| fact["fact"] == "acted" && fact["who"] == "Ana"));
    for problem in [again(&agent).await.unwrap_err(), agent.found_accepted("TAF1", "Ana").await.unwrap_err()]
    {
        assert_eq!(problem.code, "not-rejected", "{problem:?}");
    }
    agent.stop().await;
    drop(agent);
    let agent = open(dir.path(), &office, true).await;
    assert_eq!(row(&agent, 1).state, "ACEPTADO", "and so the journal has it");
    agent.stop().await;
}

/// The authority kept the first version, which was taken for rejected: of the second it says that it has another one alike.
#[tokio::test]
async fn a_second_version_of_which_the_first_is_there_is_rejected_and_ends_by_the_first() {
    for replaced in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let office = office();
        let agent = open(dir.path(), &office, true).await;
        second_version(&agent, &office, "alike").await;
        until(&agent, |agent| row(agent, 1).state == "RECHAZADO").await;
        let second = row(&agent, 1);
        assert!(second.remarks[0].meaning.contains("versión anterior"), "{second:?}");
        assert_eq!(second.attention, None);
        office.books().have.insert(1, "alike");
        let held = again(&agent).await.unwrap_err();
        assert_eq!(held.code, "same-data-held");
        assert!(
            held.detail.contains("versión anterior") && held.detail.contains("«Emitir de nuevo»"),
            "{held:?}"
        );
        assert_eq!(agent.folios()[0].ranges[0].stopped, None, "it is its own");
        if replaced {
            let made = agent.reissue("TAF1", Reissue { new_number: true, ..plain() }).await.unwrap();
            assert_eq!((made.number.as_str(), made.document.id.as_str()), ("new", "TAF2"));
            until(&agent, |agent| row(agent, 2).state == "ACEPTADO").await;
        } else {
            assert_eq!(
                agent.found_accepted("TAF1", "Ana").await.unwrap_err().code,
                "not-held",
                "nor the first"
            );
            office.books().haves.extend(["alike", "yes"]);
            let accepted = agent.found_accepted("TAF1", "Ana").await.unwrap();
            assert_eq!((accepted.state.as_str(), accepted.attention), ("ACEPTADO", None));
            let acts = agent.acts("versión 1", None, None).unwrap();
            assert_eq!((acts.rows.len(), acts.rows[0].who.as_str()), (1, "Ana"));
        }
        agent.stop().await;
    }
}

/// A number is kept only with the same data: other ones are another till's.
#[tokio::test]
async fn a_second_version_whose_number_has_other_data_stops_its_range() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, true).await;
    second_version(&agent, &office, "other").await;
    until(&agent, |agent| row(agent, 1).attention.is_some()).await;
    assert!(agent.folios()[0].ranges[0].stopped.is_some());
    office.books().have.insert(1, "other");
    let made = again(&agent).await.unwrap();
    assert_eq!((made.number.as_str(), made.document.id.as_str()), ("new", "TAF6"));
    agent.stop().await;
}

/// Its CAF was over, as the question told: the new folio was of the same range.
#[tokio::test]
async fn a_range_that_is_said_to_be_no_good_while_a_document_is_made_again_stops_first() {
    for contested in [false, true] {
        let (dir, alone) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for (dir, ranges) in [(&dir, vec!["1-5", "6-500"]), (&alone, vec!["1-500"])] {
            let office = office();
            let ranges: Vec<_> = ranges.into_iter().map(str::to_owned).collect();
            let only = ranges.len() == 1;
            let agent = open_as(dir.path(), &office, Opening { ranges, ..Opening::default() }).await;
            if contested {
                office.books().moods.push_back(("deliver", Mood::Lose));
                office.books().words.insert(1, "odd");
                sell(&agent, "k", 10).await;
                until(&agent, |agent| row(agent, 1).attention.is_some()).await;
                office.books().words.clear();
                office.books().have.insert(1, "ungranted");
            } else {
                rejected(&agent, &office, "free", "ungranted").await;
            }
            let made = again(&agent).await;
            let stopped = agent.folios()[0].ranges[0].stopped.clone();
            assert!(stopped.is_some_and(|why| why.contains("TAF1")), "{made:?}");
            match only {
                true => assert_eq!(made.unwrap_err().code, "grant-stopped"),
                false => assert_eq!(made.unwrap().document.id, "TAF6"),
            }
            assert_eq!(row(&agent, 1).state, if only { "RECHAZADO" } else { "REEMPLAZADO" });
            agent.stop().await;
        }
    }
}

/// The same sale, keyed again in a second system: what the authority has under this number is as good as it.
#[tokio::test]
async fn one_like_it_under_its_number_is_for_a_person_to_look_at() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, true).await;
    rejected(&agent, &office, "free", "alike").await;
    let problem = again(&agent).await.unwrap_err();
    assert_eq!((problem.status, problem.code.as_str()), (409, "same-data-held"), "{problem:?}");
    assert!(row(&agent, 1).attention.is_some_and(|why| why.contains("dos veces")));
    assert!(agent.folios()[0].ranges[0].stopped.is_some(), "somebody else uses it");
    assert_eq!(agent.stats().total, 1);
    let made = agent.reissue("TAF1", Reissue { new_number: true, ..plain() }).await.unwrap();
    assert_eq!((made.number.as_str(), made.document.id.as_str()), ("new", "TAF6"));
    assert!(made.task.unwrap().contains("misma venta"));
    agent.stop().await;
}

/// Two tills share a range: what the authority has under the number of a document in doubt is the other till's.
#[tokio::test]
async fn one_in_doubt_whose_number_is_anothers_is_made_again_by_a_person_alone() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    office.books().moods.push_back(("deliver", Mood::Lose));
    office.books().words.insert(1, "other");
    let agent = open(dir.path(), &office, true).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| row(agent, 1).attention.is_some()).await;
    assert_eq!(row(&agent, 1).state, "VERIFICANDO");
    assert!(agent.folios()[0].ranges[0].stopped.is_some());
    let made = again(&agent).await.unwrap();
    assert_eq!((made.number.as_str(), made.document.id.as_str()), ("new", "TAF6"));
    let before = row(&agent, 1);
    assert_eq!((before.state.as_str(), before.replaced_by.as_deref()), ("REEMPLAZADO", Some("TAF6")));
    until(&agent, |agent| row(agent, 6).state == "ACEPTADO").await;
    assert_eq!(
        sell(&agent, "k", 10).await.document.id,
        "TAF6",
        "the till's key names what stands in its place"
    );
    assert_eq!(agent.stats().total, 1);
    let history = agent.history("TAF1").unwrap();
    assert!(history.iter().any(|fact| fact["fact"] == "acted" && fact["who"] == "Ana"));
    agent.stop().await;
}

/// A shop that has one range: whoever used it again knew of what was given before.
#[tokio::test]
async fn a_range_that_was_reopened_gives_the_number_of_what_is_made_again_and_stays_open() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    office.books().moods.push_back(("deliver", Mood::Lose));
    office.books().words.insert(1, "other");
    let ranges = vec!["1-500".to_owned()];
    let agent = open_as(dir.path(), &office, Opening { ranges, ..Opening::default() }).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| row(agent, 1).attention.is_some()).await;
    let order = RangeDecision { series: "A".into(), folio: 1, who: "Ana".into(), why: "son nuestros".into() };
    agent.resume_range(&order).await.unwrap();
    let made = again(&agent).await.unwrap();
    assert_eq!((made.number.as_str(), made.document.id.as_str()), ("new", "TAF2"));
    assert_eq!(agent.folios()[0].ranges[0].stopped, None);
    agent.stop().await;
}

#[tokio::test]
async fn a_burnt_number_a_setting_or_a_person_make_it_another_number() {
    for (word, same_number, new_number) in
        [("bad", true, false), ("free", false, false), ("free", true, true)]
    {
        let dir = tempfile::tempdir().unwrap();
        let office = office();
        let agent = open_with(dir.path(), &office, true, Settings { same_number, ..settings() }).await;
        rejected(&agent, &office, word, "no").await;
        let made = agent.reissue("TAF1", Reissue { new_number, ..plain() }).await.unwrap();
        assert_eq!(
            (made.number.as_str(), made.document.id.as_str()),
            ("new", "TAF2"),
            "{word}: {}",
            made.why
        );
        agent.stop().await;
    }
}

/// A folio that is known with other data stops its range: the new one is of another.
#[tokio::test]
async fn a_number_with_other_data_stops_its_range() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, true).await;
    rejected(&agent, &office, "free", "other").await;
    let made = again(&agent).await.unwrap();
    assert_eq!((made.number.as_str(), made.document.id.as_str()), ("new", "TAF6"));
    assert!(agent.folios()[0].ranges[0].stopped.is_some());
    agent.stop().await;
}

#[tokio::test]
async fn without_an_answer_nothing_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, true).await;
    rejected(&agent, &office, "free", "no").await;
    office.books().down = true;
    let problem = again(&agent).await.unwrap_err();
    assert_eq!(problem.status, 504, "{problem:?}");
    untouched(&agent);
    office.books().down = false;
    office.books().have.insert(1, "odd");
    assert_eq!(again(&agent).await.unwrap_err().code, "authority-silent");
    untouched(&agent);
    // An absence is believed only when its bytes left long enough ago.
    agent.stop().await;
    drop(agent);
    let mut late = settings();
    late.conduct.absence_after = Duration::from_secs(3_600);
    let agent = open_with(dir.path(), &office, true, late).await;
    office.books().have.insert(1, "no");
    let problem = again(&agent).await.unwrap_err();
    assert_eq!((problem.status, problem.code.as_str()), (503, "reissue-too-soon"), "{problem:?}");
    untouched(&agent);
    agent.stop().await;
}

#[tokio::test]
async fn only_what_was_rejected_is_made_again_and_only_as_the_same_sale() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, true).await;
    rejected(&agent, &office, "free", "no").await;
    let sale = |total: u64| Some(Bytes::from(json!({ "total": total, "name": "mended" }).to_string()));
    let problem = agent.reissue("TAF1", Reissue { sale: sale(11), ..plain() }).await.unwrap_err();
    assert_eq!((problem.status, problem.errors[0].path.as_str()), (422, "total"));
    untouched(&agent);
    agent.reissue("TAF1", Reissue { sale: sale(10), ..plain() }).await.unwrap();
    // The first request still finds it; the mended sale was never the key's.
    assert_eq!(sell(&agent, "k", 10).await.document.version, 2);
    until(&agent, |agent| row(agent, 1).state == "ACEPTADO").await;
    assert_eq!(again(&agent).await.unwrap_err().status, 409);
    assert_eq!(agent.reissue("TAF9", plain()).await.unwrap_err().status, 404);
    agent.stop().await;
}

#[tokio::test]
async fn of_two_who_ask_at_once_one_wins() {
    for have in ["no", "yes"] {
        let dir = tempfile::tempdir().unwrap();
        let office = office();
        let agent = open(dir.path(), &office, true).await;
        rejected(&agent, &office, "free", have).await;
        let order = || Reissue { new_number: have == "yes", ..plain() };
        let (one, other) = tokio::join!(agent.reissue("TAF1", order()), agent.reissue("TAF1", order()));
        let lost = match (one, other) {
            (Ok(_), Err(lost)) | (Err(lost), Ok(_)) => lost,
            both => panic!("{both:?}"),
        };
        assert_eq!((lost.status, lost.code.as_str()), (409, "reissued-meanwhile"), "{lost:?}");
        assert_eq!(agent.stats().total, 1);
        let spent = if have == "no" { 2 } else { 3 };
        assert_eq!(agent.folios()[0].next, Some(spent), "one folio at the most");
        agent.stop().await;
    }
}

/// Whoever stops after the question and before the commit leaves it as it was, also after a start.
#[tokio::test]
async fn a_stop_after_the_question_leaves_nothing_half_done() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let agent = open(dir.path(), &office, true).await;
    rejected(&agent, &office, "free", "no").await;
    let asked = office.books().asked("post/have?");
    {
        let asking = again(&agent);
        tokio::pin!(asking);
        while office.books().asked("post/have?") == asked {
            let polled = std::future::poll_fn(|cx| Poll::Ready(asking.as_mut().poll(cx))).await;
            assert!(polled.is_pending(), "{polled:?}");
            tokio::task::yield_now().await;
        }
    }
    agent.stop().await;
    drop(agent);
    let agent = open(dir.path(), &office, true).await;
    untouched(&agent);
    assert_eq!(again(&agent).await.unwrap().document.version, 2);
    agent.stop().await;
}
