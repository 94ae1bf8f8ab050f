//! The engine against a country that exists nowhere.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::fake::*;
use bytes::Bytes;
use serde_json::json;
use timbre_agent::Settings;
use timbre_core::Environment;

fn all_accepted(n: u64) -> impl Fn(&timbre_agent::Agent) -> bool {
    move |agent| agent.stats().accepted == n
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sale_gets_a_folio_of_its_own_and_its_verdict() {
    let dir = tempfile::tempdir().unwrap();
    let office = Arc::new(Office::default());
    let agent = open(dir.path(), &office, true).await;
    let sales = (0..60).map(|i| {
        let agent = agent.clone();
        tokio::spawn(async move { sell(&agent, &format!("k{i}"), 100 + i).await.document.folio })
    });
    let mut folios = BTreeSet::new();
    for sale in sales {
        assert!(folios.insert(sale.await.unwrap()));
    }
    assert_eq!(folios, (1..=60).collect(), "ascending, over two grants, without a gap");
    until(&agent, all_accepted(60)).await;
    {
        let books = office.books();
        assert_eq!(books.held.len(), 60);
        assert!(books.held.values().all(|n| *n == 1), "the office blocks who sends twice");
        assert!(books.most_at_once <= 5, "five conversations at most: {}", books.most_at_once);
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_sale_spends_no_folio() {
    let dir = tempfile::tempdir().unwrap();
    let office = Arc::new(Office::default());
    let agent = open(dir.path(), &office, false).await;
    assert_eq!(sell(&agent, "a", 10).await.document.folio, 1);
    let refused = agent.issue(Bytes::from_static(b"{}"), None).await.unwrap_err();
    assert_eq!((refused.status, refused.errors[0].code.as_str()), (422, "total-missing"));
    let sale = json!({"total": 5, "unsealable": true}).to_string();
    let unsigned = agent.issue(Bytes::from(sale), Some("u".into())).await.unwrap_err();
    assert_eq!((unsigned.status, unsigned.code.as_str()), (503, "signing-failed"));
    assert_eq!(sell(&agent, "b", 10).await.document.folio, 2);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_after_one_that_cannot_be_sealed_take_the_lower_folio() {
    let dir = tempfile::tempdir().unwrap();
    let office = Arc::new(Office::default());
    let agent = open(dir.path(), &office, false).await;
    // Many at once, so that they share batches; every third can't be sealed.
    let sales = (0..90).map(|i| {
        let agent = agent.clone();
        tokio::spawn(async move {
            let mut sale = json!({ "total": 1 + i });
            if i % 3 == 0 {
                sale["unsealable"] = json!(true);
            }
            let sale = Bytes::from(sale.to_string());
            agent.issue(sale, Some(format!("k{i}"))).await.ok().map(|issued| issued.document.folio)
        })
    });
    let mut folios = Vec::new();
    for sale in sales {
        folios.extend(sale.await.unwrap());
    }
    folios.sort_unstable();
    assert_eq!(folios, (1..=60).collect::<Vec<_>>());
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_is_the_same_document_and_another_sale_is_a_conflict() {
    let dir = tempfile::tempdir().unwrap();
    let office = Arc::new(Office::default());
    let agent = open(dir.path(), &office, false).await;
    let both = tokio::join!(sell(&agent, "k", 10), sell(&agent, "k", 10));
    assert_eq!(both.0.document.id, both.1.document.id);
    assert!(both.0.repeated != both.1.repeated, "one of the two issued it");
    let other = agent.issue(Bytes::from(json!({"total": 11}).to_string()), Some("k".into())).await;
    assert_eq!(other.unwrap_err().status, 409);
    assert_eq!(agent.stats().total, 1);
    agent.stop().await;
    drop(agent);
    let agent = open(dir.path(), &office, false).await;
    assert!(sell(&agent, "k", 10).await.repeated, "for ever");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_line_it_goes_on_issuing_and_the_queue_drains_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let office = Arc::new(Office::default());
    office.books().down = true;
    let one_at_a_time = Settings { workers: 1, ..settings() };
    let agent = open_with(dir.path(), &office, true, one_at_a_time).await;
    for i in 0..30 {
        sell(&agent, &format!("k{i}"), 10).await;
    }
    until(&agent, |agent| agent.stats().pending == 30).await;
    let row = agent.list(&Default::default()).unwrap().rows.remove(0);
    assert_eq!(row.attempts, 0, "waiting is not an attempt");
    assert!(agent.snapshot().sentence.text.contains("uede seguir vendiendo"));
    office.books().down = false;
    until(&agent, all_accepted(30)).await;
    {
        let books = office.books();
        assert!(books.order.is_sorted(), "first in, first out: {:?}", books.order);
        let most = if several() { 4 } else { 30 };
        assert!(books.parcels.len() <= most, "what waited together travelled together, where it may");
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_is_asked_about_and_never_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let office = Arc::new(Office::default());
    office.books().moods.push_back(("deliver", Mood::Swallow));
    let agent = open(dir.path(), &office, true).await;
    sell(&agent, "k", 10).await;
    until(&agent, all_accepted(1)).await;
    assert_eq!(office.books().held.values().copied().collect::<Vec<_>>(), [1]);
    let timeline = agent.detail("TAF1").unwrap().timeline;
    assert!(timeline.iter().any(|step| step.title == "VERIFICANDO"), "{timeline:#?}");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_arrived_is_sent_again_with_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let office = Arc::new(Office::default());
    office.books().moods.push_back(("deliver", Mood::Lose));
    let agent = open(dir.path(), &office, true).await;
    sell(&agent, "k", 10).await;
    until(&agent, all_accepted(1)).await;
    let history = agent.history("TAF1").unwrap();
    let sums: Vec<_> = history
        .iter()
        .filter(|fact| fact["fact"] == "sending")
        .map(|fact| fact["sha256"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(sums.len(), 2, "sent twice");
    assert_eq!(sums[0], sums[1], "the same bytes");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_went_stale_is_renewed_once_and_the_parcel_goes() {
    let dir = tempfile::tempdir().unwrap();
    let office = Arc::new(Office::default());
    office.books().moods.push_back(("deliver", Mood::Stale));
    let agent = open(dir.path(), &office, true).await;
    sell(&agent, "k", 10).await;
    until(&agent, all_accepted(1)).await;
    assert_eq!(office.books().logins, 2);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_queued_at_a_stop_goes_on_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let office = Arc::new(Office::default());
    let agent = open(dir.path(), &office, false).await;
    for i in 0..7 {
        sell(&agent, &format!("k{i}"), 10).await;
    }
    agent.stop().await;
    drop(agent);
    let agent = open(dir.path(), &office, true).await;
    until(&agent, all_accepted(7)).await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_may_ask_for_all_that_waits_at_any_time() {
    let dir = tempfile::tempdir().unwrap();
    let office = Arc::new(Office::default());
    office.books().down = true;
    let agent = open(dir.path(), &office, true).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().pending == 1).await;
    agent.set_running(false);
    office.books().down = false;
    let resent = agent.resend_pending().await.unwrap();
    assert_eq!((resent.queued, resent.skipped), (1, 0));
    until(&agent, all_accepted(1)).await;
    let again = agent.resend(&["TAF1".to_owned()]).await.unwrap();
    assert_eq!((again.queued, again.skipped), (0, 1), "an accepted document is not sent again");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_go_again_goes_with_the_same_bytes_also_after_a_stop() {
    let dir = tempfile::tempdir().unwrap();
    let office = Arc::new(Office::default());
    office.books().moods.push_back(("deliver", Mood::Lose));
    // One attempt, then an hour's pause: the stop falls into it.
    let patient = Settings { attempts: 1, retry_cap: Duration::from_secs(3_600), ..settings() };
    let agent = open_with(dir.path(), &office, true, patient.clone()).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().pending == 1).await;
    agent.stop().await;
    drop(agent);
    let agent = open_with(dir.path(), &office, true, patient).await;
    assert_eq!(agent.stats().pending, 1);
    agent.resend_pending().await.unwrap();
    until(&agent, all_accepted(1)).await;
    let history = agent.history("TAF1").unwrap();
    let sums: BTreeSet<_> = history
        .iter()
        .filter(|fact| fact["fact"] == "sending")
        .map(|fact| fact["sha256"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(sums.len(), 1, "the same bytes");
    assert_eq!(office.books().held.values().copied().collect::<Vec<_>>(), [1]);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_whose_first_number_the_authority_knows_is_not_taken() {
    let dir = tempfile::tempdir().unwrap();
    let office = Arc::new(Office::default());
    let environment = Environment::Certification;
    let opening = Opening { send: false, environment, ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening).await;
    let before = agent.folios();
    office.books().words.insert(3_000, "yes");
    let refused = agent.load_grant(b"3000-3010", (1, 1), None).await.unwrap_err();
    assert_eq!((refused.status, refused.code.as_str()), (422, "first-number-taken"));
    assert!(refused.detail.contains("3.000") && refused.detail.contains("cuál fue el último"), "{refused}");
    assert_eq!(agent.folios(), before);
    // The first that would be used is what matters: after those used elsewhere, and in our share.
    let loaded = agent.load_grant(b"3000-3010", (1, 1), Some(3_000)).await.unwrap();
    assert_eq!((loaded.range.next, loaded.warnings.len()), (3_001, 0));
    office.books().words.insert(4_005, "yes");
    let refused = agent.load_grant(b"4000-4009", (2, 2), None).await.unwrap_err();
    assert_eq!(refused.code, "first-number-taken");
    // A question that can't be asked stops nobody, and is told.
    office.books().down = true;
    let loaded = agent.load_grant(b"5000-5010", (1, 1), None).await.unwrap();
    assert_eq!(loaded.warnings[0].code, "first-number-unasked");
    agent.stop().await;

    // In training nobody else has numbers.
    let dir = tempfile::tempdir().unwrap();
    let agent = open(dir.path(), &office, false).await;
    assert!(agent.load_grant(b"3000-3010", (1, 1), None).await.unwrap().warnings.is_empty());
    agent.stop().await;
}
