//! Where several documents travel together and the verdict is asked for later: one of a parcel is not all of it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use timbre_agent::{Agent, Settings};

use crate::fake::*;

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test(flavor = "multi_thread")]
async fn what_the_authority_took_is_not_in_doubt_because_another_of_its_parcel_is() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().moods.push_back(("deliver", Mood::Halve));
    office.books().words.extend([(1, "no"), (2, "no")]);
    let agent = together(dir.path(), &office, 2).await;
    until(&agent, |_| questions(&office) >= 12).await;
    agent.stop().await;
    assert_eq!(office.books().asked("post/deliver"), 1);
    assert_eq!(row(&agent, 1).state, "ENVIADO");
    assert_eq!(row(&agent, 2).state, "VERIFICANDO");
    assert!(flagged(&agent, 2), "a person is called");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_conflict_does_not_hold_the_absent_ones_of_its_parcel() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().moods.push_back(("deliver", Mood::Lose));
    office.books().words.insert(1, "odd");
    let agent = together(dir.path(), &office, 4).await;
    until(&agent, |agent| agent.stats().accepted == 3).await;
    for number in 2..=4 {
        let sums = sums(&agent, number);
        assert_eq!(sums.len(), 2);
        assert_eq!(sums[0], sums[1], "the same bytes");
    }
    assert!(flagged(&agent, 1), "the conflict is still a person's");
    assert!((2..=4).all(|number| !flagged(&agent, number)));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_after_a_conflict_does_not_hold_the_absent_ones_either() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().moods.extend([("deliver", Mood::Lose), ("deliver", Mood::Refuse)]);
    office.books().words.insert(1, "odd");
    let agent = together(dir.path(), &office, 3).await;
    until(&agent, |agent| agent.stats().accepted == 2).await;
    let sums = sums(&agent, 2);
    assert_eq!(sums.len(), 3, "lost, refused, taken");
    assert!(sums.iter().all(|sum| *sum == sums[0]), "the same bytes: {sums:?}");
    assert!(flagged(&agent, 1));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_nobody_answered_about_holds_its_parcel_also_when_a_person_was_called() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    office.books().moods.push_back(("deliver", Mood::Lose));
    office.books().words.insert(1, "wait");
    let agent = open(dir.path(), &office, false).await;
    for i in 0..3 {
        sell(&agent, &format!("k{i}"), 10).await;
    }
    agent.stop().await;
    drop(agent);
    let opening = Opening { clock: clock.clone(), ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening).await;
    until(&agent, |agent| agent.stats().verifying == 3).await;
    // Past the day after which a person is called to whatever has no verdict.
    clock.advance(25 * HOUR);
    agent.set_running(true);
    until(&agent, |agent| flagged(agent, 1)).await;
    for _ in 0..20 {
        let (asked, known) = (questions(&office), history(&agent, 1));
        clock.advance(HOUR);
        agent.set_running(true);
        // Asked, and the answer written down: before that the clock's next hour is not seen.
        until(&agent, |agent| questions(&office) > asked && history(agent, 1) > known).await;
    }
    agent.stop().await;
    assert_eq!(office.books().asked("post/deliver"), 1, "its bytes may be there");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_under_the_number_of_another_upload_is_asked_about_by_itself() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = open(dir.path(), &office, true).await;
    sell(&agent, "k1", 10).await;
    until(&agent, |agent| agent.stats().accepted == 1).await;
    office.books().moods.push_back(("deliver", Mood::Borrow));
    sell(&agent, "k2", 10).await;
    until(&agent, |agent| agent.stats().accepted == 2).await;
    agent.stop().await;
    assert_eq!(office.books().held.len(), 2, "it was never there, and went again");
    assert_eq!(sums(&agent, 2).len(), 2);
}

/// Three that travelled together and stand as `stand` says, of which the first can't be read any more.
pub async fn one_unreadable_of_three(dir: &Path, office: &Arc<Office>, stand: impl Fn(&Agent) -> bool) {
    let agent = open(dir, office, false).await;
    sell(&agent, "a", 123).await;
    for i in 0..2 {
        sell(&agent, &format!("k{i}"), 10).await;
    }
    agent.stop().await;
    drop(agent);
    let agent = open(dir, office, true).await;
    until(&agent, stand).await;
    agent.stop().await;
    drop(agent);
    damage(dir, "1:123");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_unreadable_document_does_not_hold_the_others_of_its_parcel() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().words.insert(1, "wait");
    one_unreadable_of_three(dir.path(), &office, |agent| agent.stats().sent == 3).await;
    for life in 1..=2 {
        let agent = open(dir.path(), &office, true).await;
        until(&agent, |agent| agent.stats().accepted == 2 && agent.stats().errors == 1).await;
        agent.stop().await;
        assert_eq!(agent.stats().sent, 1, "life {life}: it stays with the authority");
    }
    assert_eq!(office.books().asked("post/deliver"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_fails_changes_no_state() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    for mood in [Mood::Lose, Mood::Dead, Mood::Lose] {
        office.books().moods.push_back(("track?", mood));
    }
    let agent = open(dir.path(), &office, true).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().accepted == 1).await;
    let words: Vec<_> = agent.detail("TAF1").unwrap().timeline.into_iter().map(|s| s.title).collect();
    let states: Vec<_> = words.iter().filter(|w| w.chars().all(char::is_uppercase)).collect();
    assert_eq!(states, ["ENVIANDO", "ENVIADO", "ACEPTADO"]);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_comes_back_is_tried_by_one_small_parcel() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let agent = open(dir.path(), &office, false).await;
    for i in 0..30 {
        sell(&agent, &format!("k{i}"), 10).await;
    }
    agent.stop().await;
    drop(agent);
    office.books().dead.insert("post/deliver");
    let settings = Settings { line_base: HOUR, line_cap: HOUR, ..settings() };
    let opening = Opening { clock: clock.clone(), settings, ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening).await;
    until(&agent, |agent| agent.stats().pending == 30).await;
    let burst = office.books().offered.len();
    assert!((1..=3).contains(&burst), "{burst}");
    let_pass(&agent, &clock, HOUR, 5, 0).await;
    let tries = office.books().offered[burst..].to_vec();
    assert!((3..=5).contains(&tries.len()), "one for each look: {tries:?}");
    assert!(tries.iter().all(|documents| *documents == 1), "{tries:?}");
    office.books().dead.clear();
    clock.advance(HOUR);
    agent.set_running(true);
    until(&agent, |agent| agent.stats().sent == 30).await;
    let back = office.books().offered[burst + tries.len()..].to_vec();
    assert_eq!(back[0], 1, "{back:?}");
    assert!(back.len() <= 4, "then all that waited together goes together: {back:?}");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_errors_of_the_authoritys_own_in_a_row_are_a_line_that_is_down() {
    for (errors, down) in [(2, false), (3, true)] {
        let (dir, office) = (tempfile::tempdir().unwrap(), office());
        office.books().moods.extend(std::iter::repeat_n(("track?", Mood::Error), errors));
        let settings = Settings { line_base: HOUR, line_cap: HOUR, ..settings() };
        let agent = open_with(dir.path(), &office, true, settings).await;
        sell(&agent, "k", 10).await;
        until(&agent, |agent| agent.stats().accepted == 1 || is_down(agent)).await;
        assert_eq!(is_down(&agent), down);
        assert_eq!(office.books().asked("post/track?"), 3);
        agent.stop().await;
    }
}

/// Eight documents are with the authority when its line turns out to be a hotel's page.
async fn behind_a_portal(dir: &Path, office: &Arc<Office>, clock: &Arc<Hands>) -> Agent {
    office.books().words.extend((1..=8).map(|number| (number, "wait")));
    let settings = Settings { line_base: HOUR, line_cap: HOUR, ..settings() };
    let opening = Opening { clock: clock.clone(), settings, ..Opening::default() };
    let agent = open_as(dir, office, opening).await;
    for i in 0..8 {
        sell(&agent, &format!("k{i}"), ALONE).await;
    }
    until(&agent, |agent| agent.stats().sent == 8).await;
    office.books().portal = true;
    clock.advance(HOUR);
    agent.set_running(true);
    until(&agent, is_down).await;
    // What was begun before the line fell is still asked: it is no question after it.
    for _ in 0..3 {
        looked_at(&agent, office, clock, 1).await;
    }
    agent
}

fn is_down(agent: &Agent) -> bool {
    agent.reader().line().get("post").is_some_and(|(up, _)| !up)
}

/// The clock goes on until the line was looked at so often: by a question, or where there is no pass by a login. So many
/// hours it takes, each of them a pause, and how many calls there were.
async fn looked_at(agent: &Agent, office: &Arc<Office>, clock: &Arc<Hands>, looks: u32) -> (u32, u32) {
    let asked = || ["post/login", "post/track?"].map(|what| office.books().asked(what)).iter().sum::<u32>();
    let (before, hours) = (asked(), AtomicU32::new(0));
    until(agent, |agent| {
        clock.advance(HOUR);
        hours.fetch_add(1, Relaxed);
        agent.set_running(true);
        asked() >= before + looks
    })
    .await;
    (hours.into_inner(), asked() - before)
}

/// Whoever has not accepted the conditions of a hotel's network is answered with its page, whatever they ask.
#[tokio::test(flavor = "multi_thread")]
async fn pages_for_people_are_a_line_that_is_down_and_it_is_asked_once_a_pause() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let agent = behind_a_portal(dir.path(), &office, &clock).await;
    let (hours, calls) = looked_at(&agent, &office, &clock, 6).await;
    assert!(calls <= hours, "{calls} calls in {hours} pauses");
    office.books().portal = false;
    office.books().words.clear();
    until(&agent, |agent| {
        clock.advance(HOUR);
        agent.set_running(true);
        agent.stats().accepted == 8
    })
    .await;
    agent.stop().await;
}

/// Logins get through and questions do not: one of them is tried in each pause.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_looked_at_falls_again_by_one_page() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let agent = behind_a_portal(dir.path(), &office, &clock).await;
    office.books().portal = false;
    office.books().moods.extend(std::iter::repeat_n(("track?", Mood::Page), 1_000));
    let (hours, calls) = looked_at(&agent, &office, &clock, 6).await;
    agent.stop().await;
    assert!(calls <= hours, "{calls} calls in {hours} pauses");
}

#[tokio::test(flavor = "multi_thread")]
async fn new_sales_go_while_a_long_verification_is_in_course() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().moods.push_back(("deliver", Mood::Lose));
    office.books().words.extend((1..=10).map(|number| (number, "wait")));
    let agent = open(dir.path(), &office, false).await;
    for i in 0..10 {
        sell(&agent, &format!("k{i}"), 10).await;
    }
    agent.stop().await;
    drop(agent);
    let one = Settings { workers: 1, ..settings() };
    let agent = open_with(dir.path(), &office, true, one).await;
    until(&agent, |agent| agent.stats().verifying == 10).await;
    for i in 0..20 {
        sell(&agent, &format!("n{i}"), ALONE).await;
    }
    until(&agent, |agent| agent.stats().accepted == 20).await;
    agent.stop().await;
    assert_eq!(agent.stats().verifying, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_hurries_does_not_use_up_the_questions_about_what_was_taken() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let settings = Settings { poll_floor: HOUR, ..settings() };
    let opening = Opening { clock: clock.clone(), settings, ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().sent == 1).await;
    for i in 0..10 {
        agent.resend_pending().await.unwrap();
        sell(&agent, &format!("m{i}"), BY_MAIL).await;
        until(&agent, |agent| agent.stats().accepted == i + 1).await;
    }
    assert_eq!(office.books().asked("post/track?"), 0);
    let_pass(&agent, &clock, HOUR, 2, 10).await;
    until(&agent, |agent| agent.stats().accepted == 13).await;
    agent.stop().await;
}

/// What its channel makes of counts depends on it.
#[tokio::test]
async fn a_delivery_is_said_to_be_repeated_where_an_earlier_one_may_have_arrived_and_nowhere_else() {
    for (mood, repeated) in [(Mood::Lose, true), (Mood::Busy, false), (Mood::Dead, false)] {
        let dir = tempfile::tempdir().unwrap();
        let office = office();
        office.books().moods.push_back(("deliver", mood));
        let agent = open(dir.path(), &office, true).await;
        sell(&agent, "k", 10).await;
        until(&agent, |agent| row(agent, 1).state == "ACEPTADO").await;
        let told = std::mem::take(&mut office.books().repeated);
        assert_eq!((told.first(), told.last()), (Some(&false), Some(&repeated)), "{mood:?}: {told:?}");
        agent.stop().await;
    }
}
