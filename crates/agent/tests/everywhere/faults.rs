//! What may go wrong between a shop and its authority, and what must not come of it: nothing leaves
//! twice, and nobody waits for another's trouble.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use crate::fake::*;
use bytes::Bytes;
use serde_json::json;
use timbre_agent::view::Mood as Tone;
use timbre_agent::{Agent, Settings};
use timbre_core::{Environment, KeyError};
use timbre_store::{OpenOptions, Store};

const HOUR: Duration = Duration::from_secs(3_600);

/// Fails the first `times` calls of `what`.
fn failing(what: &'static str, times: u32) -> Hook {
    let left = AtomicU32::new(times);
    Arc::new(move |called, _| {
        let fail = called == what && left.fetch_update(SeqCst, SeqCst, |n| n.checked_sub(1)).is_ok();
        if fail { Err(KeyError::Locked) } else { Ok(()) }
    })
}

// Nothing leaves twice.

#[tokio::test(flavor = "multi_thread")]
async fn what_the_authority_took_is_never_delivered_again_though_it_says_it_is_absent() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().words.insert(1, "no");
    let agent = open(dir.path(), &office, true).await;
    sell(&agent, "k", 10).await;
    // Each round of questions says "absent" twice.
    until(&agent, |_| questions(&office) >= 8).await;
    agent.stop().await;
    assert_eq!(office.books().asked("post/deliver"), 1);
    assert_eq!(row(&agent, 1).state, "ENVIADO");
    assert!(flagged(&agent, 1), "a person is called");
}

/// "I have it already", "I don't have it": eleven uploads in a minute, and nobody was called.
#[tokio::test(flavor = "multi_thread")]
async fn what_goes_round_in_a_circle_twice_calls_a_person_and_waits() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().words.insert(1, "there");
    office.books().have.insert(1, "no");
    let agent = open(dir.path(), &office, true).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| row(agent, 1).attention.is_some_and(|why| why.contains("dos veces"))).await;
    // It is asked about further on.
    let asked = office.books().asked("post/have?");
    until(&agent, |_| office.books().asked("post/have?") > asked + 1).await;
    assert_eq!(row(&agent, 1).state, "VERIFICANDO");
    assert_eq!(office.books().asked("post/deliver"), 2);
    let sums = sums(&agent, 1);
    assert!(sums.iter().all(|sum| *sum == sums[0]), "the same bytes: {sums:?}");
    // A person may send it all the same; when the authority takes it nobody is called any more.
    office.books().words.insert(1, "yes");
    assert_eq!(agent.resend(&["TAF1".to_owned()]).await.unwrap().queued, 1);
    until(&agent, |agent| agent.stats().accepted == 1).await;
    assert_eq!((office.books().asked("post/deliver"), row(&agent, 1).attention), (3, None));
    agent.stop().await;
}

/// "I do not have it" is also said of what is in process, for a time that no clock shortens.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_ahead_lets_nothing_leave_again_before_its_time() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    office.books().moods.push_back(("deliver", Mood::Lose));
    office.books().words.insert(1, "unsure");
    let mut settings = settings();
    let late = Duration::from_secs(20 * 3_600);
    settings.conduct.absence_after = late;
    let agent =
        open_as(dir.path(), &office, Opening { clock: clock.clone(), settings, ..Opening::default() }).await;
    sell(&agent, "k", 10).await;
    let ask_on = |agent: &Agent| {
        clock.advance(Duration::from_secs(1));
        agent.set_running(true);
    };
    until(&agent, |agent| {
        ask_on(agent);
        questions(&office) >= 2
    })
    .await;
    clock.set_ahead(late);
    let before = questions(&office);
    until(&agent, |agent| {
        ask_on(agent);
        questions(&office) >= before + 4
    })
    .await;
    assert_eq!(office.books().asked("post/deliver"), 1);
    assert_eq!(row(&agent, 1).state, "VERIFICANDO");
    clock.advance(late);
    until(&agent, |agent| {
        ask_on(agent);
        office.books().asked("post/deliver") > 1
    })
    .await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_lost_delivery_a_refused_one_keeps_its_bytes() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().moods.extend([("deliver", Mood::Lose), ("deliver", Mood::Refuse)]);
    let agent = open(dir.path(), &office, true).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().accepted == 1).await;
    let sums = sums(&agent, 1);
    assert_eq!(sums.len(), 3, "lost, refused, taken");
    assert!(sums.iter().all(|sum| *sum == sums[0]), "the same bytes: {sums:?}");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_document_named_twice_is_sent_once() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().down = true;
    let agent = open(dir.path(), &office, true).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().pending == 1).await;
    let twice = ["TAF1".to_owned(), "TAF1".to_owned()];
    let resent = agent.resend(&twice).await.unwrap();
    assert_eq!((resent.queued, resent.skipped), (1, 0));
    office.books().down = false;
    until(&agent, |agent| agent.stats().accepted == 1).await;
    assert_eq!(office.books().held.values().copied().collect::<Vec<_>>(), [1]);
    agent.stop().await;
}

// Nobody waits for another's trouble.

#[tokio::test(flavor = "multi_thread")]
async fn one_unreadable_document_does_not_stop_the_queue() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = open(dir.path(), &office, false).await;
    sell(&agent, "a", 123).await;
    for i in 0..5 {
        sell(&agent, &format!("k{i}"), 10).await;
    }
    agent.stop().await;
    drop(agent);
    damage(dir.path(), "1:123");
    let agent = open(dir.path(), &office, true).await;
    until(&agent, |agent| agent.stats().accepted == 5 && agent.stats().errors == 1).await;
    agent.stop().await;
    let waiting = agent.reader().queue(10).unwrap();
    assert_eq!(waiting.len(), 1);
    assert!(waiting[0].attention.as_ref().is_some_and(|why| why.contains("No se puede leer")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_fails_between_the_fact_and_the_wire_leaves_nothing_stuck() {
    for times in [1, 2] {
        let (dir, office) = (tempfile::tempdir().unwrap(), office());
        let hook = failing("begin", times);
        let agent = open_as(dir.path(), &office, Opening { hook, ..Opening::default() }).await;
        sell(&agent, "k", 10).await;
        until(&agent, |agent| agent.stats().accepted == 1).await;
        assert!(questions(&office) >= 2, "it was asked about first");
        assert_eq!(office.books().held.values().copied().collect::<Vec<_>>(), [1]);
        agent.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_of_a_channel_is_over_after_the_long_pause() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let left = AtomicU32::new(2);
    let hook: Hook = Arc::new(move |called, _| {
        let one = |n: u32| n.checked_sub(1);
        assert!(called != "wrap" || left.fetch_update(SeqCst, SeqCst, one).is_err(), "on purpose");
        Ok(())
    });
    let agent = open_as(dir.path(), &office, Opening { hook, ..Opening::default() }).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().accepted == 1).await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_always_panics_is_not_called_again_before_its_pause_or_a_person() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let (broken, wraps) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU32::new(0)));
    let hook: Hook = {
        let (broken, wraps) = (Arc::clone(&broken), Arc::clone(&wraps));
        Arc::new(move |called, _| {
            if called == "wrap" {
                wraps.fetch_add(1, SeqCst);
                assert!(!broken.load(SeqCst), "on purpose");
            }
            Ok(())
        })
    };
    let settings = Settings { retry_cap: HOUR, ..settings() };
    let agent = open_as(dir.path(), &office, Opening { hook, settings, ..Opening::default() }).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().pending == 1).await;
    assert!(row(&agent, 1).next_try.is_some());
    for i in 0..30 {
        sell(&agent, &format!("m{i}"), BY_MAIL).await;
        until(&agent, |agent| agent.stats().accepted == i + 1).await;
    }
    assert_eq!(wraps.load(SeqCst), 1);
    broken.store(false, SeqCst);
    agent.resend_pending().await.unwrap();
    until(&agent, |agent| agent.stats().accepted == 31).await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_while_sealing_costs_its_own_sale_and_nothing_else() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = open(dir.path(), &office, false).await;
    let bad = || Bytes::from(json!({ "total": 10, "panics": true }).to_string());
    // Alone, and among others in one batch.
    let refused = agent.issue(bad(), Some("bad".into())).await.unwrap_err();
    assert_eq!((refused.status, refused.code.as_str()), (503, "signing-failed"));
    let sales: Vec<_> = (0..60)
        .map(|i| {
            let agent = agent.clone();
            tokio::spawn(async move {
                match i % 5 {
                    4 => agent.issue(bad(), Some(format!("k{i}"))).await.is_err(),
                    _ => sell(&agent, &format!("k{i}"), 10).await.document.folio <= 48,
                }
            })
        })
        .collect();
    for sale in sales {
        assert!(sale.await.unwrap(), "good ones are issued without a gap, bad ones refused");
    }
    assert_eq!(sell(&agent, "last", 10).await.document.folio, 49);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shut_channel_does_not_stand_before_another() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().dead.insert("post/login");
    let agent = open(dir.path(), &office, false).await;
    let many = 600;
    sell_many(&agent, many).await;
    sell(&agent, "mail", BY_MAIL).await;
    agent.stop().await;
    drop(agent);
    let patient = Settings { line_base: HOUR, line_cap: HOUR, ..settings() };
    let agent = open_with(dir.path(), &office, true, patient).await;
    until(&agent, |agent| agent.stats().accepted == 1).await;
    assert_eq!(row(&agent, many + 1).state, "ACEPTADO");
    agent.stop().await;
}

// Nor do two worlds mix.

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_of_a_folder_never_changes_not_even_before_a_sale() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = open(dir.path(), &office, false).await;
    for other in [Environment::Certification, Environment::Production] {
        let refused = agent.set_company(other, &json!({})).await.unwrap_err();
        assert_eq!((refused.status, refused.code.as_str()), (422, "company-other"));
    }
    agent.set_company(Environment::Training, &json!({ "address": "another" })).await.unwrap();
    assert_eq!(agent.company().unwrap().1, Environment::Training);
    agent.stop().await;
}

// Nor does anything get lost in silence.

/// The words of a *sending* fact's frame.
const SENDING: &str = "\"attempt\":1,\"sha256\"";

#[tokio::test(flavor = "multi_thread")]
async fn a_try_of_which_nothing_left_is_no_attempt() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let lost_twice = [Mood::Lose, Mood::Dead, Mood::Dead, Mood::Dead, Mood::Lose];
    office.books().moods.extend(lost_twice.map(|mood| ("deliver", mood)));
    let patient = Settings { attempts: 3, retry_cap: HOUR, ..settings() };
    let agent = open_with(dir.path(), &office, true, patient).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().accepted == 1).await;
    assert_eq!(office.books().asked("post/deliver"), 6);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_without_a_verdict_is_counted_from_the_sale() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    office.books().words.insert(1, "wait");
    let opening = || Opening { clock: clock.clone(), ..Opening::default() };
    let agent = open_as(dir.path(), &office, Opening { send: false, ..opening() }).await;
    sell(&agent, "k", 10).await;
    agent.stop().await;
    drop(agent);
    clock.advance(25 * HOUR);
    let agent = open_as(dir.path(), &office, opening()).await;
    until(&agent, |agent| agent.stats().sent == 1).await;
    clock.advance(HOUR);
    agent.set_running(true);
    until(&agent, |agent| flagged(agent, 1)).await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_ends_after_a_delivery_was_taken_is_no_reason_to_deliver_again() {
    for stale in [1, 2] {
        let (dir, office) = (tempfile::tempdir().unwrap(), office());
        office.books().moods.push_back(("deliver", Mood::Chat));
        office.books().moods.extend(std::iter::repeat_n(("track?", Mood::Stale), stale));
        let agent = open(dir.path(), &office, true).await;
        sell(&agent, "k", 10).await;
        until(&agent, |agent| agent.stats().accepted == 1).await;
        agent.stop().await;
        assert_eq!(office.books().asked("post/deliver"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folio_that_somebody_else_used_stops_its_range() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().words.insert(1, "other");
    let agent = open(dir.path(), &office, true).await;
    assert_eq!(sell(&agent, "k", 10).await.document.folio, 1);
    until(&agent, |agent| flagged(agent, 1)).await;
    let stopped = agent.reader().ranges()[0].stopped.clone();
    assert!(stopped.is_some_and(|why| why.contains("Otro usa el número") && why.contains("TAF1")));
    assert_eq!(sell(&agent, "next", 10).await.document.folio, 6, "of the next range");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_before_what_the_last_stop_left_is_taken_up() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().words.insert(1, "wait");
    let options = || OpenOptions { segment_bytes: 1, ..OpenOptions::default() };
    let agent = open_as(dir.path(), &office, Opening { options: options(), ..Opening::default() }).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().sent == 1).await;
    agent.set_running(false);
    sell(&agent, "waits", BY_MAIL).await;
    agent.stop().await;
    drop(agent);
    let journal = dir.path().join("journal");
    for entry in std::fs::read_dir(&journal).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        if let Some(at) = bytes.windows(SENDING.len()).position(|part| part == SENDING.as_bytes()) {
            bytes[at] ^= 1;
            std::fs::write(&path, bytes).unwrap();
        }
    }
    std::fs::remove_dir_all(dir.path().join("db")).unwrap();
    let (store, opened) = Store::open(dir.path(), &options(), &|_, _| {}).unwrap();
    // Its parcel is lost, and that can't be written down: where the next segment would be is a folder.
    let next = std::fs::read_dir(&journal).unwrap().count() + 1;
    let block = journal.join(format!("{next:06}.tj"));
    std::fs::create_dir(&block).unwrap();
    let opening = Opening { options: options(), ..Opening::default() };
    let agent = start(store, opened, &office, opening).await;
    until(&agent, |agent| agent.snapshot().sentence.mood == Tone::Stopped).await;
    assert_eq!(office.books().asked("mail/deliver"), 0);
    std::fs::remove_dir(&block).unwrap();
    until(&agent, |agent| agent.stats().verifying == 1 && agent.stats().accepted == 1).await;
    agent.stop().await;
}
