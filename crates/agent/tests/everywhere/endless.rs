//! What fails again and again is tried less and less, and what heals goes on by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use crate::fake::*;
use bytes::Bytes;
use serde_json::json;
use timbre_agent::view::Mood as Tone;
use timbre_agent::{Agent, Settings};
use timbre_core::KeyError;
use timbre_store::OpenOptions;

const LINE: Duration = Duration::from_secs(60);

fn doubling() -> Settings {
    Settings { line_base: LINE, line_cap: 1_000 * LINE, ..settings() }
}

/// In 64 periods a pause that doubles is over seven times: 1 + 2 + … + 32 are 63, and chance
/// shortens each by half at the most.
const SELDOM: u32 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_fail_at_login_are_tried_less_and_less() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let (locked, logins) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU32::new(0)));
    let hook: Hook = {
        let (locked, logins) = (Arc::clone(&locked), Arc::clone(&logins));
        Arc::new(move |called, _| {
            let fail = called == "login" && locked.load(SeqCst);
            logins.fetch_add(u32::from(fail), SeqCst);
            if fail { Err(KeyError::Locked) } else { Ok(()) }
        })
    };
    let opening = Opening { hook, clock: clock.clone(), settings: doubling(), ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().pending == 1).await;
    let_pass(&agent, &clock, LINE, 64, 0).await;
    let tried = logins.load(SeqCst);
    assert!((2..=SELDOM).contains(&tried), "{tried}");
    locked.store(false, SeqCst);
    agent.resend_pending().await.unwrap();
    until(&agent, |agent| taken(agent, 1)).await;
    agent.stop().await;
}

/// An absence of what was taken is not believed, and was proved anew each hour at the pace of doubt, for as long as it
/// lasted.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_and_is_said_to_be_absent_is_asked_about_hourly_for_a_day_and_then_daily() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    office.books().words.insert(1, "no");
    let hour = Duration::from_secs(3_600);
    let mut settings = settings();
    settings.conduct.polls = vec![hour];
    let opening = Opening { clock: clock.clone(), settings, ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| row(agent, 1).state == "ENVIADO").await;
    // A day and a quarter, looked at each half an hour.
    let_pass(&agent, &clock, hour / 2, 60, 0).await;
    let asked = questions(&office);
    agent.stop().await;
    assert!((12..=27).contains(&asked), "{asked} questions in thirty hours");
    assert_eq!(row(&agent, 1).state, "ENVIADO");
    assert!(flagged(&agent, 1), "a person is called");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_upload_host_is_tried_less_and_less_though_the_login_works() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    office.books().dead.insert("post/deliver");
    let opening = Opening { clock: clock.clone(), settings: doubling(), ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().pending == 1).await;
    assert!(row(&agent, 1).next_try.is_some());
    let_pass(&agent, &clock, LINE, 64, 0).await;
    let tried = office.books().asked("post/deliver");
    assert!((2..=SELDOM).contains(&tried), "{tried}");
    assert_eq!((row(&agent, 1).state.as_str(), row(&agent, 1).attempts), ("PENDIENTE", 0));
    office.books().dead.clear();
    agent.resend_pending().await.unwrap();
    until(&agent, |agent| taken(agent, 1)).await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_for_an_upload_host_drains_by_itself() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().dead.insert("post/deliver");
    let agent = open(dir.path(), &office, true).await;
    for i in 0..20 {
        sell(&agent, &format!("k{i}"), 10).await;
    }
    until(&agent, |agent| agent.stats().pending == 20).await;
    office.books().dead.clear();
    until(&agent, |agent| agent.stats().accepted == 20).await;
    assert!(office.books().held.values().all(|n| *n == 1));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_healed_is_not_told_any_more() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().moods.extend(std::iter::repeat_n(("deliver", Mood::Refuse), 10_000));
    let agent = open(dir.path(), &office, true).await;
    sell(&agent, "k", 10).await;
    let refused = |agent: &Agent| agent.snapshot().sentence.text.contains("no acepta");
    until(&agent, refused).await;
    office.books().moods.clear();
    until(&agent, |agent| agent.stats().accepted == 1).await;
    until(&agent, |agent| !refused(agent)).await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_written_stops_the_sender_and_says_so() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let wraps = Arc::new(AtomicU32::new(0));
    let hook: Hook = {
        let wraps = Arc::clone(&wraps);
        Arc::new(move |called, _| {
            wraps.fetch_add(u32::from(called == "wrap"), SeqCst);
            Ok(())
        })
    };
    // Each batch goes to a segment of its own; where the next one would be there is a folder.
    let options = OpenOptions { segment_bytes: 1, ..OpenOptions::default() };
    let agent = open_as(dir.path(), &office, Opening { hook, options, ..Opening::default() }).await;
    sell(&agent, "a", 10).await;
    until(&agent, |agent| agent.stats().accepted == 1).await;
    agent.set_running(false);
    let mut pushes = agent.subscribe();
    sell(&agent, "b", 10).await;
    while !pushes.recv().await.unwrap().rows.iter().any(|row| row.id == "TAF2") {}
    let journal = dir.path().join("journal");
    let next = std::fs::read_dir(&journal).unwrap().count() + 1;
    std::fs::create_dir(journal.join(format!("{next:06}.tj"))).unwrap();
    agent.set_running(true);
    until(&agent, |agent| agent.snapshot().sentence.mood == Tone::Stopped).await;
    for i in 0..50 {
        let sale = Bytes::from(json!({ "total": 5 }).to_string());
        let refused = agent.issue(sale, Some(format!("z{i}"))).await.unwrap_err();
        assert_eq!((refused.status, refused.code.as_str()), (503, "store-stopped"));
        agent.set_running(true);
    }
    agent.stop().await;
    assert_eq!(wraps.load(SeqCst), 2, "one for each of the two");
    assert_eq!(office.books().asked("post/deliver"), 1, "nothing leaves that is not written down");
}
