//! What is made of a line that fails, comes back, or is closed by the authority.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::fake::*;
use timbre_agent::clock::Clock;
use timbre_agent::view::Mood as Tone;
use timbre_agent::{Agent, Settings};

const HOUR: Duration = Duration::from_secs(3_600);

fn says(agent: &Agent, words: &str) -> bool {
    agent.snapshot().sentence.text.contains(words)
}

/// In 64 periods a pause that doubles is over seven times, and chance shortens each by half at most.
const SELDOM: u32 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_wants_no_pause_gets_ours_and_they_grow() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    office.books().moods.extend(std::iter::repeat_n(("deliver", Mood::Busy), 100_000));
    let settings = Settings { line_base: HOUR, line_cap: 1_000 * HOUR, ..settings() };
    let opening = Opening { clock: clock.clone(), settings, ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().pending == 1).await;
    for i in 0..64 {
        clock.advance(HOUR);
        agent.set_running(true);
        // The other channel would have to get past the first one's mood.
        let folio = agent.folios()[0].left;
        sell(&agent, &format!("n{i}"), 10).await;
        until(&agent, |agent| agent.folios()[0].left < folio && agent.stats().pending == i + 2).await;
    }
    let tried = office.books().asked("post/deliver");
    assert!((2..=SELDOM).contains(&tried), "{tried}");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_may_be_repeated_at_once_waits_its_turn() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    office.books().words.insert(1, "wait");
    office.books().moods.extend(std::iter::repeat_n(("track?", Mood::Hurry), 100_000));
    let settings = Settings { poll_floor: HOUR, ..settings() };
    let opening = Opening { clock: clock.clone(), settings, ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| taken(agent, 1)).await;
    let_pass(&agent, &clock, HOUR / 4, 40, 0).await;
    let asked = office.books().asked("post/track?");
    assert!((8..=10).contains(&asked), "{asked} in ten hours");
    agent.stop().await;
}

/// The rest that one question was told to give holds for all of its channel, and for no delivery: its hour runs.
#[tokio::test(flavor = "multi_thread")]
async fn one_question_too_many_is_a_rest_for_all_and_what_is_sold_meanwhile_leaves() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    office.books().words.extend((1..=4).map(|number| (number, "wait")));
    let settings = Settings { workers: 1, ..settings() };
    let opening = Opening { clock: clock.clone(), settings, ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening).await;
    for i in 0..3 {
        sell(&agent, &format!("k{i}"), ALONE).await;
    }
    until(&agent, |agent| agent.stats().sent == 3).await;
    office.books().moods.push_back(("track?", Mood::Throttle));
    until(&agent, |agent| {
        clock.advance(Duration::from_millis(10));
        agent.set_running(true);
        office.books().moods.is_empty()
    })
    .await;
    let asked = office.books().asked("post/track?");
    clock.advance(REST / 2);
    sell(&agent, "meanwhile", ALONE).await;
    until(&agent, |agent| taken(agent, 4)).await;
    assert_eq!(office.books().asked("post/track?"), asked, "none of the four was asked about");
    office.books().words.clear();
    until(&agent, |agent| {
        clock.advance(REST / 20);
        agent.set_running(true);
        agent.stats().accepted == 4
    })
    .await;
    agent.stop().await;
}

/// Nothing is heard of what left before; what is sold meanwhile has its own hour, and leaves.
#[tokio::test(flavor = "multi_thread")]
async fn questions_that_fail_keep_nothing_from_leaving() {
    let down = |agent: &Agent| agent.reader().line().get("post").is_some_and(|(up, _)| !up);
    let refused = |agent: &Agent| says(agent, "no acepta las consultas");
    for (mood, known) in [
        (Mood::Error, &down as &dyn Fn(&Agent) -> bool),
        (Mood::Lose, &down),
        (Mood::Page, &down),
        (Mood::Refuse, &refused),
        (Mood::Stale, &refused),
    ] {
        let (dir, office) = (tempfile::tempdir().unwrap(), office());
        office.books().words.extend((1..=8).map(|number| (number, "wait")));
        office.books().moods.extend(std::iter::repeat_n(("track?", mood), 100_000));
        let slow =
            Settings { line_base: HOUR, line_cap: HOUR, retry_base: HOUR, retry_cap: HOUR, ..settings() };
        let agent = open_with(dir.path(), &office, true, slow).await;
        for i in 0..3 {
            sell(&agent, &format!("k{i}"), ALONE).await;
        }
        until(&agent, known).await;
        for i in 3..8 {
            sell(&agent, &format!("k{i}"), ALONE).await;
        }
        until(&agent, |agent| agent.stats().sent == 8).await;
        assert!(agent.snapshot().down.is_empty(), "{mood:?}: nothing waits for it");
        // So many at once that none knew of another's failure, and each may have renewed its pass.
        let asked = office.books().asked("post/track?");
        assert!(asked <= 10, "{mood:?}: asked {asked} times");
        office.books().moods.clear();
        office.books().words.clear();
        let all: Vec<_> = (1..=8).map(|number| format!("TAF{number}")).collect();
        agent.resend(&all).await.unwrap();
        until(&agent, |agent| agent.stats().accepted == 8).await;
        agent.stop().await;
    }
}

/// A verdict that comes while nothing may be delivered is heard in time to be mended.
#[tokio::test(flavor = "multi_thread")]
async fn deliveries_that_fail_keep_no_question_from_being_asked() {
    for mood in [Mood::Refuse, Mood::Busy] {
        let (dir, office) = (tempfile::tempdir().unwrap(), office());
        office.books().words.insert(1, "wait");
        let slow =
            Settings { line_base: HOUR, line_cap: HOUR, retry_base: HOUR, retry_cap: HOUR, ..settings() };
        let agent = open_with(dir.path(), &office, true, slow).await;
        sell(&agent, "before", ALONE).await;
        until(&agent, |agent| agent.stats().sent == 1).await;
        office.books().moods.extend(std::iter::repeat_n(("deliver", mood), 100_000));
        sell(&agent, "meanwhile", ALONE).await;
        until(&agent, |agent| agent.stats().pending == 1 && !agent.snapshot().down.is_empty()).await;
        office.books().words.clear();
        until(&agent, |agent| agent.stats().accepted == 1).await;
        assert_eq!(office.books().asked("post/deliver"), 2, "{mood:?}");
        agent.stop().await;
    }
}

/// What passes by itself is looked at again in its own time, whatever is named: an hour is all that some documents have.
#[tokio::test(flavor = "multi_thread")]
async fn no_time_that_is_named_keeps_a_line_down_for_long() {
    for what in ["login", "deliver"] {
        let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
        office.books().moods.push_back((what, Mood::Tomorrow));
        let opening = Opening { clock: clock.clone(), send: true, ..Opening::default() };
        let agent = open_as(dir.path(), &office, opening).await;
        sell(&agent, "k", ALONE).await;
        until(&agent, |agent| agent.stats().pending == 1 && !agent.snapshot().down.is_empty()).await;
        let asked = office.books().asked(&format!("post/{what}"));
        let next: jiff::Timestamp = agent.snapshot().down[0].next_try.parse().unwrap();
        let rest = next.duration_since(clock.now());
        assert!((540..=600).contains(&rest.as_secs()), "{what}: {rest}");
        assert_eq!(office.books().asked(&format!("post/{what}")), asked, "it has its rest");
        clock.advance(Duration::from_secs(600));
        agent.set_running(true);
        until(&agent, |agent| {
            clock.advance(Duration::from_millis(10));
            agent.set_running(true);
            agent.stats().accepted == 1
        })
        .await;
        agent.stop().await;
    }
}

/// Half of what is left of the nearest term has to be enough.
#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_is_named_does_not_outlast_a_term() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let opening = Opening { clock: clock.clone(), send: true, ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening).await;
    agent.set_running(false);
    sell(&agent, "k", ALONE).await;
    clock.advance(Duration::from_secs(52 * 60));
    office.books().moods.push_back(("login", Mood::Tomorrow));
    agent.set_running(true);
    until(&agent, |agent| !agent.snapshot().down.is_empty()).await;
    let next: jiff::Timestamp = agent.snapshot().down[0].next_try.parse().unwrap();
    let rest = next.duration_since(clock.now()).as_secs();
    assert!((200..=240).contains(&rest), "{rest} of the eight minutes that are left");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_heard_by_a_question_is_cleared_by_a_good_one() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().words.insert(1, "wait");
    office.books().moods.extend(std::iter::repeat_n(("track?", Mood::Refuse), 100_000));
    let agent = open(dir.path(), &office, true).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| says(agent, "no acepta")).await;
    office.books().moods.clear();
    until(&agent, |agent| !says(agent, "no acepta")).await;
    assert_eq!(row(&agent, 1).state, "ENVIADO");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_by_itself_calls_nobody_and_its_documents_wait() {
    for what in ["login", "deliver"] {
        let (dir, office) = (tempfile::tempdir().unwrap(), office());
        office.books().moods.extend(std::iter::repeat_n((what, Mood::Busy), 100_000));
        let patient = Settings { line_base: HOUR, line_cap: HOUR, ..settings() };
        let agent = open_with(dir.path(), &office, true, patient).await;
        for i in 0..3 {
            sell(&agent, &format!("k{i}"), ALONE).await;
        }
        until(&agent, |agent| agent.stats().pending == 3).await;
        until(&agent, |agent| !agent.snapshot().down.is_empty()).await;
        assert_eq!(agent.stats().errors, 0);
        assert!((1..=3).all(|number| row(&agent, number).error.as_deref() == Some("Muy ocupada.")));
        office.books().moods.clear();
        agent.resend_pending().await.unwrap();
        until(&agent, |agent| agent.stats().accepted == 3).await;
        agent.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_had_spent_its_attempts_goes_when_the_line_comes_back() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().moods.push_back(("deliver", Mood::Lose));
    let patient = Settings { attempts: 1, retry_cap: 24 * HOUR, ..settings() };
    let agent = open_with(dir.path(), &office, true, patient).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().pending == 1).await;
    office.books().down = true;
    sell(&agent, "n", ALONE).await;
    until(&agent, |agent| agent.stats().pending == 2 && !agent.snapshot().down.is_empty()).await;
    office.books().down = false;
    until(&agent, |agent| agent.stats().accepted == 2).await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_in_course_while_the_certificate_changes_is_not_kept() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let (began, begin) = mpsc::channel();
    let (changed, change) = mpsc::channel::<()>();
    let (logins, change) = (AtomicU32::new(0), Mutex::new(change));
    let hook: Hook = Arc::new(move |called, _| {
        if called == "login" && logins.fetch_add(1, SeqCst) == 0 {
            began.send(()).unwrap();
            change.lock().unwrap().recv().unwrap();
        }
        Ok(())
    });
    let agent = open_as(dir.path(), &office, Opening { hook, ..Opening::default() }).await;
    sell(&agent, "k", 10).await;
    let begin = tokio::task::spawn_blocking(move || begin.recv().unwrap());
    begin.await.unwrap();
    agent.load_certificate(b"another", "", None).await.unwrap();
    changed.send(()).unwrap();
    until(&agent, |agent| agent.stats().accepted == 1).await;
    agent.stop().await;
    assert_eq!(office.books().logins, 2, "the first one was the old certificate's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_was_down_at_the_last_stop_is_said_to_be_up_when_it_is() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().down = true;
    let agent = open(dir.path(), &office, true).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().pending == 1).await;
    agent.stop().await;
    assert!(!agent.reader().line()["post"].0);
    drop(agent);
    office.books().down = false;
    let agent = open(dir.path(), &office, true).await;
    until(&agent, |agent| agent.stats().accepted == 1).await;
    agent.stop().await;
    assert!(agent.reader().line()["post"].0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_signed_for_the_wire_with_a_certificate_that_expired() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let opening = || Opening { clock: clock.clone(), ..Opening::default() };
    let (opening, keys) = (opening(), opening().keys);
    *keys.expires.lock().unwrap() = Some(clock.now() + HOUR);
    let opening = Opening { keys: Arc::clone(&keys), ..opening };
    let agent = open_as(dir.path(), &office, opening).await;
    // One with a session of its own already, one without.
    sell(&agent, "a", 10).await;
    until(&agent, |agent| taken(agent, 1)).await;
    agent.set_running(false);
    sell(&agent, "b", 10).await;
    clock.advance(2 * HOUR);
    agent.set_running(true);
    until(&agent, |agent| agent.stats().pending == 1 && says(agent, "venció")).await;
    assert_eq!(agent.snapshot().sentence.mood, Tone::Stopped, "nothing can be sold either");
    assert_eq!(office.books().asked("post/deliver"), 1);
    *keys.expires.lock().unwrap() = None;
    agent.load_certificate(b"another", "", None).await.unwrap();
    until(&agent, |agent| taken(agent, 2) && !says(agent, "venció")).await;
    assert_eq!(office.books().asked("post/deliver"), 2);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_login_that_fails_does_not_log_in_again() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().moods.push_back(("login", Mood::Lose));
    let settings = Settings { line_base: HOUR, line_cap: HOUR, ..settings() };
    let agent = open_with(dir.path(), &office, true, settings).await;
    agent.set_running(false);
    for i in 0..5 {
        sell(&agent, &format!("k{i}"), ALONE).await;
    }
    agent.set_running(true);
    until(&agent, |agent| agent.stats().pending == 5).await;
    agent.stop().await;
    assert_eq!(office.books().asked("post/login"), 1);
    assert_eq!(office.books().asked("post/deliver"), 0, "nothing leaves before what was sold first");
}
