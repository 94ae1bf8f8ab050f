//! The writer as the engine shows it: its lock, its failures, what it promises to those who wait.

mod fake;

use std::fs;
use std::path::Path;

use bytes::Bytes;
use fake::{Opening, office, open_as, sell};
use serde_json::json;
use timbre_agent::Agent;
use timbre_store::OpenOptions;

/// An engine that sends nothing, with an anchor beside its folder.
async fn quiet(root: &Path) -> Agent {
    let options = OpenOptions { anchor: Some(root.join("anchor.json")), ..OpenOptions::default() };
    open_as(&root.join("shop"), &office(), Opening { send: false, options, ..Opening::default() }).await
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => _ = fs::copy(entry.path(), to.join(entry.file_name())).unwrap(),
        }
    }
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
    assert_eq!(agent.unlock("ana").await.unwrap_err().code, "not-locked");
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
    assert_eq!(agent.unlock(" ").await.unwrap_err().code, "who-missing");
    assert_eq!(try_to_sell(&agent, "e").await.unwrap_err().0, 503);
    assert_eq!(agent.unlock("ana").await.unwrap(), lock);
    assert_eq!((agent.lock(), try_to_sell(&agent, "e").await), (None, Ok(5)));
    agent.stop().await;
    drop(agent);

    let journal = fs::read(shop.join("journal/000001.tj")).unwrap();
    let journal = String::from_utf8_lossy(&journal);
    assert!(journal.contains(r#""fact":"issuing_unlocked","who":"ana""#));
    let agent = quiet(root.path()).await;
    assert_eq!((agent.lock(), try_to_sell(&agent, "f").await), (None, Ok(6)));
    agent.stop().await;
}
