//! A certificate's file that takes long to read, next to tills.

use std::sync::{Arc, mpsc};

use std::time::Duration;

use timbre_agent::{Agent, Settings};

use crate::fake::*;

/// The envelope names whose certificate signed it, and the authority refuses it from anybody else.
#[tokio::test(flavor = "multi_thread")]
async fn what_goes_again_after_the_certificate_was_replaced_goes_in_an_envelope_of_the_new_one() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    office.books().moods.extend([("deliver", Mood::Lose), ("deliver", Mood::Lose)]);
    office.books().words.insert(1, "no");
    let keys = Arc::<NoKeys>::default();
    let hour = Duration::from_secs(3_600);
    // Once it is known to be absent it waits.
    let settings = Settings { attempts: 2, retry_base: hour, retry_cap: hour, ..settings() };
    let opening = Opening { keys: Arc::clone(&keys), settings, clock: clock.clone(), ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening).await;
    sell(&agent, "k", 10).await;
    let delivered = |times: u32| {
        let (office, clock) = (&office, &clock);
        move |agent: &Agent| {
            clock.advance(Duration::from_secs(600));
            agent.set_running(true);
            office.books().asked("post/deliver") >= times
        }
    };
    until(&agent, delivered(2)).await;
    let before = sums(&agent, 1);
    assert_eq!(before[0], before[1], "the same bytes");
    *keys.holder.lock().unwrap() = Some("2".into());
    until(&agent, delivered(3)).await;
    let after = sums(&agent, 1);
    assert_ne!(after[2], before[0], "another envelope");
    agent.stop().await;
    assert!(office.books().parcels.last().unwrap().starts_with("2 "));
}

/// On the one thread that answers everybody.
#[tokio::test]
async fn a_certificate_that_takes_long_to_read_stops_no_till_and_no_second_is_read_beside_it() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let keys = Arc::<NoKeys>::default();
    let opening = Opening { send: false, keys: Arc::clone(&keys), ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening).await;
    let ((begun, begin), (go_on, wait)) = (mpsc::channel(), mpsc::channel());
    *keys.slow.lock().unwrap() = Some((begun, wait));
    let loading = agent.clone();
    let loading = tokio::spawn(async move { loading.load_certificate(b"slow", "", None).await });
    tokio::task::spawn_blocking(move || begin.recv().unwrap()).await.unwrap();
    sell(&agent, "k", 10).await;
    let busy = agent.load_certificate(b"another", "", None).await.unwrap_err();
    assert_eq!((busy.status, busy.code.as_str()), (503, "certificate-busy"));
    go_on.send(()).expect("it is still being read");
    loading.await.unwrap().unwrap();
    agent.load_certificate(b"another", "", None).await.expect("nothing is being read any more");
    agent.stop().await;
}
