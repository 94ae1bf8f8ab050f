//! Who leaves first: nothing at the head of the queue hides what is behind it, and no channel stands
//! before another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use crate::fake::*;
use timbre_agent::Settings;
use timbre_core::KeyError;
use timbre_store::OpenOptions;

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test(flavor = "multi_thread")]
async fn a_document_whose_file_is_gone_does_not_stop_the_queue() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    // Each batch goes to a segment of its own.
    let options = OpenOptions { segment_bytes: 1, ..OpenOptions::default() };
    let agent = open_as(dir.path(), &office, Opening { options, ..Opening::default() }).await;
    agent.set_running(false);
    let journal = dir.path().join("journal");
    let before = std::fs::read_dir(&journal).unwrap().count();
    sell(&agent, "a", 10).await;
    sell(&agent, "b", 10).await;
    std::fs::remove_file(journal.join(format!("{:06}.tj", before + 1))).unwrap();
    agent.set_running(true);
    until(&agent, |agent| agent.stats().accepted == 1 && agent.stats().errors == 1).await;
    agent.stop().await;
    assert_eq!(row(&agent, 2).state, "ACEPTADO");
    let waiting = agent.reader().queue(10).unwrap();
    assert!(waiting[0].attention.as_ref().is_some_and(|why| why.contains("No se puede leer")));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_unreadable_documents_than_hands_do_not_stop_the_queue() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = open(dir.path(), &office, false).await;
    // More than one hand could take at once.
    for i in 0..12 {
        sell(&agent, &format!("k{i}"), 100 + i).await;
    }
    sell(&agent, "good", 10).await;
    agent.stop().await;
    drop(agent);
    for i in 0..12 {
        damage(dir.path(), &format!("{}:{}", i + 1, 100 + i));
    }
    let one = Settings { workers: 1, ..settings() };
    let agent = open_with(dir.path(), &office, true, one).await;
    until(&agent, |agent| agent.stats().accepted == 1).await;
    agent.stop().await;
    assert_eq!(row(&agent, 13).state, "ACEPTADO");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_number_of_documents_that_wait_for_their_time_do_not_hide_the_next_one() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    // Where one conversation is had at a time each of them takes its turn.
    let many = if several() { 600 } else { 120 };
    let hook: Hook = Arc::new(move |called, documents| {
        let bad = called == "wrap" && documents[0].id.number <= many;
        if bad { Err(KeyError::Locked) } else { Ok(()) }
    });
    let settings = Settings { retry_base: HOUR, retry_cap: HOUR, ..settings() };
    let opening = Opening { hook, settings, ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening).await;
    sell_many(&agent, many).await;
    until(&agent, |agent| agent.stats().pending == many).await;
    sell(&agent, "good", ALONE).await;
    until(&agent, |agent| agent.stats().accepted == 1).await;
    agent.stop().await;
    assert_eq!(row(&agent, many + 1).state, "ACEPTADO");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_channel_of_the_oldest_document_comes_first() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = open(dir.path(), &office, false).await;
    sell(&agent, "oldest", 10).await;
    for i in 0..40 {
        sell(&agent, &format!("m{i}"), BY_MAIL).await;
    }
    sell(&agent, "newest", 10).await;
    agent.stop().await;
    drop(agent);
    let one = Settings { workers: 1, ..settings() };
    let agent = open_with(dir.path(), &office, true, one).await;
    until(&agent, |agent| agent.stats().accepted == 42).await;
    agent.stop().await;
    assert_eq!(office.books().order[0], 1, "{:?}", office.books().order);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_has_no_more_conversations_than_it_may() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = open(dir.path(), &office, false).await;
    for i in 0..60 {
        sell(&agent, &format!("k{i}"), ALONE).await;
    }
    agent.stop().await;
    drop(agent);
    let agent = open_with(dir.path(), &office, true, Settings { workers: 30, ..settings() }).await;
    until(&agent, |agent| agent.stats().accepted == 60).await;
    agent.stop().await;
    assert!(office.books().most_at_once <= 5, "{}", office.books().most_at_once);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_for_a_clock_that_was_wrong_waits_no_more_when_it_is_set_back() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let (locked, tried) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU32::new(0)));
    let hook: Hook = {
        let (locked, tried) = (Arc::clone(&locked), Arc::clone(&tried));
        Arc::new(move |called, _| {
            let fail = called == "wrap" && locked.load(SeqCst);
            tried.fetch_add(u32::from(fail), SeqCst);
            if fail { Err(KeyError::Locked) } else { Ok(()) }
        })
    };
    let settings = Settings { retry_base: HOUR, retry_cap: HOUR, ..settings() };
    let opening = Opening { hook, settings, clock: clock.clone(), ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().pending == 1).await;
    locked.store(false, SeqCst);
    clock.back(6 * HOUR);
    agent.set_running(true);
    until(&agent, |agent| taken(agent, 1)).await;
    assert_eq!(tried.load(SeqCst), 1);
    agent.stop().await;
}
