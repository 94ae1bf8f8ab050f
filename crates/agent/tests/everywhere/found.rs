//! What a search found as a whole: counted, sent again, written into a file; and a file of sales looked at.

use std::time::Duration;

use crate::fake::*;
use serde_json::json;
use timbre_agent::Agent;
use timbre_agent::clock::Clock;
use timbre_agent::export::Form;
use timbre_agent::view::{BatchView, Query, RangeDecision, RangeOrder};

fn asked(q: &str) -> Query {
    Query { q: Some(q.to_owned()), ..Query::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_found_is_counted_and_that_alone_is_sent_again() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = open(dir.path(), &office, false).await;
    for (key, total) in [("a", 10), ("b", 25), ("c", 10), ("d", 30)] {
        sell(&agent, key, total).await;
    }
    let counted = agent.count(&asked("10")).unwrap();
    assert_eq!((counted.documents, counted.total, counted.resendable), (2, 20, 2));
    assert_eq!((counted.more, counted.verifying, counted.rejected), (false, 0, 0));
    let resent = agent.resend_found(&asked("10")).await.unwrap();
    assert_eq!((resent.queued, resent.skipped), (2, 0));
    assert_eq!(resent.documents, ["TAF1", "TAF3"], "in the order of issue");
    let state = Some("accepted".to_owned());
    let none = agent.resend_found(&Query { state, ..Query::default() }).await.unwrap();
    assert_eq!((none.queued, none.skipped), (0, 0));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_found_as_a_shop_says_it_by_type_and_number() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = open(dir.path(), &office, false).await;
    for (key, total) in [("a", 10), ("b", 25), ("c", 10)] {
        sell(&agent, key, total).await;
    }
    let found =
        |query: &Query| agent.list(query).unwrap().rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(found(&asked(" PÁPEL  3 ")), ["TAF3"]);
    assert!(found(&asked("abono 3")).is_empty());
    let of_another = Query { series: Some("B".to_owned()), ..asked("papel 3") };
    assert!(found(&of_another).is_empty());
    assert!(found(&asked("papel tres")).is_empty());
    for sum in ["25", "$25", "$ 25"] {
        assert_eq!(found(&asked(sum)), ["TAF2"], "{sum}: a sum as it is shown");
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_what_is_found_has_a_line_for_each_or_its_very_bytes() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = open(dir.path(), &office, false).await;
    for n in 1..=600 {
        sell(&agent, &format!("k{n}"), n).await;
    }
    let mut csv = Vec::new();
    assert_eq!(agent.export(&Query::default(), Form::Csv, &mut csv).unwrap(), 600);
    let csv = String::from_utf8(csv).unwrap();
    assert!(csv.starts_with("\u{feff}id;tipo;folio;fecha;emitido (hora local);"));
    // By the country's clock, as a spreadsheet reads it.
    let line: Vec<_> = csv.lines().nth(1).unwrap().split(';').collect();
    assert!(line[4].len() == 19 && line[4].starts_with(&format!("{} ", line[3])), "{line:?}");
    assert_eq!(csv.lines().count(), 601);
    assert!(csv.lines().nth(1).unwrap().starts_with("TAF600;Papel;600;"));
    let mut bytes = Vec::new();
    agent.export(&asked("7"), Form::Xml, &mut bytes).unwrap();
    assert_eq!(bytes, b"7:7\n");
    agent.stop().await;
}

fn lines(totals: &[i64]) -> String {
    totals.iter().map(|total| format!("{}\n", json!({ "total": total }))).collect()
}

async fn issue(agent: &Agent, batch: &BatchView) -> Vec<String> {
    let mut made = Vec::new();
    for sale in &batch.sales {
        let key = Some(sale.key.clone());
        made.push(agent.issue(sale.sale.clone().into(), key).await.unwrap().document.id);
    }
    made
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_issued_twice_makes_its_documents_once() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let opening = Opening { send: false, clock: clock.clone(), ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening).await;
    // Two that say the same are two sales.
    let file = lines(&[10, 20, 10]);
    let batch = agent.check_batch(file.as_bytes(), false).unwrap();
    assert!(batch.sales.iter().all(|sale| sale.refusals.is_empty() && sale.issued.is_none()));
    assert_eq!(agent.stats().total, 0, "looking issues nothing");
    assert_eq!(issue(&agent, &batch).await, ["TAF1", "TAF2", "TAF3"]);
    let again = agent.check_batch(file.as_bytes(), false).unwrap();
    let known: Vec<_> = again.sales.iter().map(|sale| sale.issued.as_ref().unwrap().id.as_str()).collect();
    assert_eq!(known, ["TAF1", "TAF2", "TAF3"]);
    assert_eq!(issue(&agent, &again).await, ["TAF1", "TAF2", "TAF3"]);
    // On the same day they can't be new ones, on another one they are if a person says so.
    assert!(agent.check_batch(file.as_bytes(), true).unwrap().sales.iter().all(|sale| sale.issued.is_some()));
    clock.advance(Duration::from_secs(86_400));
    assert!(
        agent.check_batch(file.as_bytes(), false).unwrap().sales.iter().all(|sale| sale.issued.is_some())
    );
    let anew = agent.check_batch(file.as_bytes(), true).unwrap();
    assert!(anew.sales.iter().all(|sale| sale.issued.is_none()));
    assert_eq!(issue(&agent, &anew).await, ["TAF4", "TAF5", "TAF6"]);
    assert_eq!(issue(&agent, &anew).await, ["TAF4", "TAF5", "TAF6"]);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sale_of_a_file_that_can_not_be_issued_says_why_and_so_do_folios_that_lack() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = open(dir.path(), &office, false).await;
    sell(&agent, "own", 5).await;
    let file = "{\"total\":1}\n{\"total\":0}\n{\"key\":\"own\",\"sale\":{\"total\":6}}\n{\"total\":\n";
    let batch = agent.check_batch(file.as_bytes(), false).unwrap();
    let codes: Vec<_> = batch
        .sales
        .iter()
        .map(|sale| sale.refusals.first().map_or("-", |refusal| refusal.code.as_str()))
        .collect();
    assert_eq!(codes, ["-", "total-missing", "key-conflict", "json-malformed"]);
    assert_eq!(batch.sales.iter().map(|sale| sale.line).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(batch.short, [""; 0]);
    let many: Vec<i64> = (1..=2_000).collect();
    let batch = agent.check_batch(lines(&many).as_bytes(), false).unwrap();
    assert!(batch.short[0].contains("2000") && batch.short[0].contains("1999"), "{:?}", batch.short);
    let empty = agent.check_batch(b"\n", false).unwrap_err();
    assert_eq!(empty.code, "batch-empty");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_left_of_an_expired_range_is_annulled() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = open(dir.path(), &office, false).await;
    let order = RangeOrder { series: "A".into(), folio: 6, who: "Rosa".into() };
    assert_eq!(agent.range_annulled(&order).await.unwrap_err().code, "nothing-to-annul");
    let nobody = RangeOrder { who: " ".into(), ..order.clone() };
    assert_eq!(agent.range_annulled(&nobody).await.unwrap_err().code, "who-missing");
    let elsewhere = RangeOrder { folio: 9_000, ..order };
    assert_eq!(agent.range_annulled(&elsewhere).await.unwrap_err().status, 404);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_range_that_was_annulled_is_never_used_again() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let opening = Opening { send: false, clock: clock.clone(), ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening).await;
    let ends = clock_day(&clock);
    agent.load_grant(format!("3000-3009 {ends}").as_bytes(), (1, 1), None).await.unwrap();
    let order = RangeOrder { series: "A".into(), folio: 3_000, who: "Rosa".into() };
    assert_eq!(agent.range_annulled(&order).await.unwrap_err().code, "nothing-to-annul", "not expired yet");
    clock.advance(Duration::from_secs(2 * 86_400));
    let range = agent.range_annulled(&order).await.unwrap();
    assert!(range.annulled && range.stopped.is_some());
    assert_eq!(agent.range_annulled(&order).await.unwrap_err().code, "nothing-to-annul");
    let resume = RangeDecision { series: "A".into(), folio: 3_000, who: "Rosa".into(), why: "sí".into() };
    assert_eq!(agent.resume_range(&resume).await.unwrap_err().code, "range-annulled");
    agent.stop().await;
}

/// The last day on which a range that ends today may be used.
fn clock_day(clock: &Hands) -> String {
    clock.now().to_string()[..10].to_owned()
}
