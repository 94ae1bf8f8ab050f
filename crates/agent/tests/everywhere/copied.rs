//! A journal that may end early: an older copy that was put back, or one that goes on elsewhere. What waits in it may
//! have left already.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use timbre_agent::view::UnlockOrder;
use timbre_agent::{Agent, Settings};
use timbre_core::{Document, KeyError};
use timbre_store::OpenOptions;

use crate::fake::*;

/// An engine with an anchor beside its folder.
pub async fn anchored(root: &Path, office: &Arc<Office>, send: bool) -> Agent {
    anchored_with(root, office, send, settings()).await
}

async fn anchored_with(root: &Path, office: &Arc<Office>, send: bool, settings: Settings) -> Agent {
    let options = OpenOptions { anchor: Some(root.join("anchor.json")), ..OpenOptions::default() };
    open_as(&root.join("shop"), office, Opening { send, options, settings, ..Opening::default() }).await
}

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => _ = fs::copy(entry.path(), to.join(entry.file_name())).unwrap(),
        }
    }
}

/// A copy of a folder in which the first document is with the authority, and two more were not sent yet.
async fn copied(root: &Path, office: &Arc<Office>) {
    office.books().words.insert(1, "wait");
    let agent = anchored(root, office, true).await;
    sell(&agent, "a", 10).await;
    until(&agent, |agent| agent.stats().sent == 1).await;
    agent.stop().await;
    drop(agent);
    let agent = anchored(root, office, false).await;
    sell(&agent, "b", 10).await;
    sell(&agent, "c", 10).await;
    agent.stop().await;
    drop(agent);
    copy(&root.join("shop"), &root.join("copy"));
}

/// The other copy goes on until so many are accepted, and stops.
async fn gone_on(root: &Path, office: &Arc<Office>, accepted: u64) {
    let agent = anchored(root, office, true).await;
    until(&agent, |agent| agent.stats().accepted == accepted).await;
    agent.stop().await;
}

fn put_back(root: &Path) {
    fs::remove_dir_all(root.join("shop")).unwrap();
    copy(&root.join("copy"), &root.join("shop"));
}

/// How often each document that the authority holds was offered.
pub fn times(office: &Office) -> Vec<u32> {
    office.books().held.values().copied().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_sends_nothing_until_somebody_decides_and_then_asks_before() {
    let (root, office) = (tempfile::tempdir().unwrap(), office());
    let root = root.path();
    copied(root, &office).await;
    gone_on(root, &office, 2).await;

    put_back(root);
    let agent = anchored(root, &office, true).await;
    assert_eq!(agent.lock().unwrap().reason, "anchor-ahead");
    // What is with the authority is asked about: by then the others would have left long since.
    let heard = || office.books().asked.values().sum::<u32>();
    let before = heard();
    until(&agent, |_| heard() > before + 5).await;
    office.books().words.clear();
    until(&agent, |agent| agent.stats().accepted == 1).await;
    assert_eq!((agent.stats().queued, times(&office)), (2, vec![1, 1, 1]));

    agent.unlock(&UnlockOrder::by("ana")).await.unwrap();
    until(&agent, |agent| agent.stats().accepted == 3).await;
    sell(&agent, "d", 10).await;
    until(&agent, |agent| agent.stats().accepted == 4).await;
    agent.stop().await;
    assert_eq!(times(&office), [1, 1, 1, 1], "what the authority holds is never offered again");
}

/// It was selling and sending when it met the word of the other copy.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_foretold_of_what_does_not_leave_before_somebody_decides() {
    let (root, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let root = root.path();
    let anchor = |name: &str| OpenOptions { anchor: Some(root.join(name)), ..OpenOptions::default() };
    anchored(root, &office, false).await.stop().await;
    copy(&root.join("shop"), &root.join("copy"));
    for end in ["json", "base"] {
        fs::copy(root.join(format!("anchor.{end}")), root.join(format!("other.{end}"))).unwrap();
    }
    let options = anchor("other.json");
    let other =
        open_as(&root.join("copy"), &office, Opening { send: false, options, ..Opening::default() }).await;
    sell_many(&other, 4).await;
    other.stop().await;

    // One leaves, and the next one waits.
    let second = |documents: &[Arc<Document>]| documents.iter().any(|document| document.id.number == 2);
    let hook: Hook = Arc::new(move |called, documents| match called == "wrap" && second(documents) {
        true => Err(KeyError::Locked),
        false => Ok(()),
    });
    let (options, clocked) = (anchor("anchor.json"), clock.clone());
    let opening = Opening { hook, options, clock: clocked, ..Opening::default() };
    let agent = open_as(&root.join("shop"), &office, opening).await;
    agent.set_running(false);
    sell(&agent, "a", ALONE).await;
    sell(&agent, "b", ALONE).await;
    assert_eq!(agent.stats().forecast, None);
    clock.advance(Duration::from_secs(10));
    agent.set_running(true);
    until(&agent, |agent| taken(agent, 1)).await;
    assert!(agent.stats().forecast.is_some());
    fs::copy(root.join("other.json"), root.join("anchor.json")).unwrap();
    clock.advance(Duration::from_secs(10));
    agent.issue("{\"total\": 10}".into(), Some("c".to_owned())).await.expect_err("the other copy sold");
    assert!(agent.lock().is_some());
    assert_eq!((agent.stats().forecast, agent.snapshot().forecast), (None, None));
    agent.stop().await;
}

/// This machine forgot that it had used the folder, and nothing else was amiss.
#[tokio::test(flavor = "multi_thread")]
async fn what_had_not_left_from_a_folder_that_was_brought_here_leaves_once_somebody_decided() {
    let (root, office) = (tempfile::tempdir().unwrap(), office());
    let root = root.path();
    copied(root, &office).await;
    for file in ["anchor.json", "anchor.base"] {
        fs::remove_file(root.join(file)).unwrap();
    }
    office.books().words.clear();
    let agent = anchored(root, &office, true).await;
    until(&agent, |agent| agent.stats().accepted == 1).await;
    assert_eq!(agent.lock().unwrap().reason, "anchor-missing");
    assert_eq!(times(&office), [1]);
    agent.unlock(&UnlockOrder::by("ana")).await.unwrap();
    until(&agent, |agent| agent.stats().accepted == 3).await;
    // To be asked about first is no attempt.
    assert_eq!([1, 2, 3].map(|number| row(&agent, number).attempts), [1, 1, 1]);
    let steps = agent.detail("TAF2").unwrap().timeline;
    let sent: Vec<_> = steps.iter().filter(|step| step.title == "ENVIANDO").map(|step| &*step.text).collect();
    assert_eq!(sent, ["Intento 1"]);
    agent.stop().await;
    assert_eq!(times(&office), [1, 1, 1]);
}

/// It is asked about once, said twice to be absent, and goes: not asked about a second time before it leaves.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_in_doubt_before_somebody_decided_is_asked_about_once() {
    let (root, office) = (tempfile::tempdir().unwrap(), office());
    let root = root.path();
    office.books().moods.push_back(("deliver", Mood::Lose));
    // No answer decides before it is unlocked.
    office.books().have.insert(1, "<html>");
    let agent = anchored(root, &office, true).await;
    sell(&agent, "a", 10).await;
    until(&agent, |agent| agent.stats().verifying == 1).await;
    agent.stop().await;
    drop(agent);
    for file in ["anchor.json", "anchor.base"] {
        fs::remove_file(root.join(file)).unwrap();
    }
    let agent = anchored(root, &office, true).await;
    let asked = |agent: &Agent| {
        let facts = agent.history("TAF1").unwrap();
        facts.iter().filter(|fact| fact["fact"] == "answered" && fact["what"] == "have?").count()
    };
    agent.unlock(&UnlockOrder::by("ana")).await.unwrap();
    let before = asked(&agent);
    office.books().have.clear();
    until(&agent, |agent| agent.stats().accepted == 1).await;
    agent.stop().await;
    // Two, and one that was on its way when the authority's answers could be read again. Asked anew it would be four.
    assert!(asked(&agent) - before <= 3, "{} questions since", asked(&agent) - before);
    assert_eq!(times(&office), [1]);
}

/// The other copy had sent one of the two when its machine died: that one says nothing of the other.
#[tokio::test(flavor = "multi_thread")]
async fn of_those_that_waited_together_the_one_that_had_left_does_not_decide_about_the_other() {
    let (root, office) = (tempfile::tempdir().unwrap(), office());
    let root = root.path();
    copied(root, &office).await;
    office.books().words.clear();
    gone_on(root, &office, 3).await;
    office.books().held.retain(|document, _| !document.starts_with("3:"));

    put_back(root);
    let agent = anchored(root, &office, true).await;
    until(&agent, |agent| agent.stats().accepted == 1).await;
    agent.unlock(&UnlockOrder::by("ana")).await.unwrap();
    until(&agent, |agent| agent.stats().accepted == 3).await;
    agent.stop().await;
    assert_eq!(times(&office), [1, 1, 1]);
}

/// In the copy the authority had got neither, and they were to go again; the other one sent them, and one arrived.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_about_to_go_again_is_asked_about_first_too() {
    let (root, office) = (tempfile::tempdir().unwrap(), office());
    let root = root.path();
    let agent = anchored(root, &office, false).await;
    sell_many(&agent, 2).await;
    agent.stop().await;
    drop(agent);
    office.books().moods.extend([("deliver", Mood::Lose), ("deliver", Mood::Lose)]);
    let patient = Settings { attempts: 1, retry_cap: Duration::from_secs(3_600), ..settings() };
    let agent = anchored_with(root, &office, true, patient).await;
    until(&agent, |agent| agent.stats().pending == 2).await;
    agent.stop().await;
    drop(agent);
    office.books().moods.clear();
    copy(&root.join("shop"), &root.join("copy"));
    let agent = anchored(root, &office, true).await;
    agent.resend_pending().await.unwrap();
    until(&agent, |agent| agent.stats().accepted == 2).await;
    agent.stop().await;
    drop(agent);
    office.books().held.retain(|document, _| document.starts_with("1:"));

    put_back(root);
    let agent = anchored(root, &office, true).await;
    agent.resend_pending().await.unwrap();
    agent.unlock(&UnlockOrder::by("ana")).await.unwrap();
    agent.resend_pending().await.unwrap();
    until(&agent, |agent| agent.stats().accepted == 2).await;
    agent.stop().await;
    assert_eq!(times(&office), [1, 1]);
}
