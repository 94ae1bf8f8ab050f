//! The writer as the engine shows it: its lock, its failures, what it promises to those who wait.

use std::fs;
use std::path::Path;

use super::copied::{anchored, copy};
use crate::fake::*;
use bytes::Bytes;
use serde_json::{Value, json};
use timbre_agent::Agent;
use timbre_agent::view::{RangeOrder, SpanView, UnlockOrder};

/// An engine that sends nothing, with an anchor beside its folder.
async fn quiet(root: &Path) -> Agent {
    anchored(root, &office(), false).await
}

async fn try_to_sell(agent: &Agent, key: &str) -> Result<u64, (u16, String)> {
    let issued = agent.issue(Bytes::from(json!({"total": 10}).to_string()), Some(key.to_owned())).await;
    issued.map(|issued| issued.document.folio).map_err(|problem| (problem.status, problem.code))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_folder_issues_nothing_until_somebody_decides_and_then_above_what_is_known() {
    let root = tempfile::tempdir().unwrap();
    let (shop, monday) = (root.path().join("shop"), root.path().join("monday"));
    let agent = quiet(root.path()).await;
    sell(&agent, "a", 10).await;
    assert_eq!(agent.lock(), None);
    assert_eq!(agent.unlock(&UnlockOrder::by("ana")).await.unwrap_err().code, "not-locked");
    agent.stop().await;
    drop(agent);
    copy(&shop, &monday);
    let agent = quiet(root.path()).await;
    for key in ["b", "c", "d"] {
        sell(&agent, key, 10).await;
    }
    agent.stop().await;
    drop(agent);
    fs::remove_dir_all(&shop).unwrap();
    copy(&monday, &shop);

    let agent = quiet(root.path()).await;
    assert_eq!(try_to_sell(&agent, "e").await.unwrap_err().0, 503);
    let lock = agent.lock().unwrap();
    assert_eq!(lock.reason, "anchor-ahead");
    let of = |n: usize| (lock.folios[n].used_from, lock.folios[n].used_to, lock.folios[n].next);
    assert_eq!((of(0), of(1)), ((Some(2), Some(4), Some(5)), (None, None, Some(6))));
    assert_eq!(agent.unlock(&UnlockOrder::by(" ")).await.unwrap_err().code, "who-missing");
    assert_eq!(try_to_sell(&agent, "e").await.unwrap_err().0, 503);
    assert_eq!(agent.unlock(&UnlockOrder::by("ana")).await.unwrap(), lock);
    assert_eq!((agent.lock(), try_to_sell(&agent, "e").await), (None, Ok(5)));
    let skipped = |agent: &Agent| agent.snapshot().folios[0].ranges[0].skipped.clone();
    assert_eq!(
        (skipped(&agent), agent.stats().skipped),
        (vec![SpanView { first: 2, last: 4, lost: false }], 3)
    );
    let order = |folio| RangeOrder { series: "A".into(), folio, who: "ana".into() };
    assert_eq!(agent.skipped_annulled(&order(5)).await.unwrap_err().code, "nothing-to-annul");
    let nobody = RangeOrder { who: " ".into(), ..order(3) };
    assert_eq!(agent.skipped_annulled(&nobody).await.unwrap_err().code, "who-missing");
    assert_eq!(agent.skipped_annulled(&order(3)).await.unwrap().skipped, []);
    assert_eq!(agent.skipped_annulled(&order(3)).await.unwrap_err().code, "nothing-to-annul");
    agent.stop().await;
    drop(agent);

    let journal = fs::read(shop.join("journal/000001.tj")).unwrap();
    let journal = String::from_utf8_lossy(&journal);
    assert!(journal.contains(r#""fact":"issuing_unlocked","who":"ana""#));
    let agent = quiet(root.path()).await;
    assert_eq!((agent.lock(), try_to_sell(&agent, "f").await), (None, Ok(6)));
    assert_eq!((skipped(&agent), agent.stats().skipped), (vec![], 0));
    agent.stop().await;
}

/// Sells all of these at once, so that they share batches; the folio of each, or why not.
async fn at_once(agent: &Agent, sales: Vec<Value>) -> Vec<Result<u64, String>> {
    let sales: Vec<_> = sales
        .into_iter()
        .map(|sale| {
            let agent = agent.clone();
            tokio::spawn(async move {
                let issued = agent.issue(Bytes::from(sale.to_string()), None).await;
                issued.map(|issued| issued.document.folio).map_err(|problem| problem.code)
            })
        })
        .collect();
    let mut outcomes = Vec::new();
    for sale in sales {
        outcomes.push(sale.await.unwrap());
    }
    outcomes
}

fn folios(outcomes: &[Result<u64, String>]) -> Vec<u64> {
    let mut folios: Vec<_> = outcomes.iter().flatten().copied().collect();
    folios.sort_unstable();
    folios
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_panics_anywhere_costs_its_own_sale_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let agent = quiet(root.path()).await;
    let places = ["series", "accepts", "claims", "warnings", "totals", "seal"];
    let good = json!({ "total": 10 });
    let bad = |place: &str| json!({ "total": 10, "panics": place });
    for (n, place) in places.into_iter().enumerate() {
        let outcomes = at_once(&agent, vec![bad(place)]).await;
        let code = if place == "seal" { "signing-failed" } else { "draft-failed" };
        assert_eq!(outcomes, [Err(code.to_owned())], "{place}");
        assert_eq!(at_once(&agent, vec![good.clone()]).await, [Ok(n as u64 + 1)]);
    }
    let mixed = (0..90).map(|n| if n % 3 == 0 { bad(places[n % 6]) } else { good.clone() });
    let outcomes = at_once(&agent, mixed.collect()).await;
    assert_eq!(folios(&outcomes), (7..=66).collect::<Vec<_>>());
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_notes_that_come_together_only_those_that_fit_are_issued_and_no_folio_is_lost() {
    let root = tempfile::tempdir().unwrap();
    let agent = quiet(root.path()).await;
    sell(&agent, "a", 100).await;
    // Each uses up 30 of the first one's 100; plain sales come between them.
    let sales = (0..40).map(|n| match n % 4 {
        0 => json!({ "total": 30, "annuls": 1 }),
        _ => json!({ "total": 5 }),
    });
    let outcomes = at_once(&agent, sales.collect()).await;
    let notes: Vec<_> = outcomes.iter().step_by(4).collect();
    assert_eq!(notes.iter().filter(|note| note.is_ok()).count(), 3);
    assert!(notes.iter().flat_map(|note| note.as_ref().err()).all(|code| code == "claim-exceeds"));
    assert_eq!(folios(&outcomes), (2..=34).collect::<Vec<_>>(), "three notes and thirty sales");
    assert_eq!(agent.reader().used(&"TAF1".parse().unwrap()).unwrap().claimed.0, 90);
    agent.stop().await;
}
