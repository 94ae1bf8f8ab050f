//! Parcels in doubt that can't go again as they were, since one of their documents can't: the others go without it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use timbre_agent::Agent;
use timbre_agent::reissue::Reissue;
use timbre_agent::view::{NotedOrder, UnlockOrder};
use timbre_core::Said;

use crate::fake::*;
use crate::parcels::one_unreadable_of_three;

/// A person has another made in its place.
async fn again(agent: &Agent, number: u64) {
    let order = Reissue { sale: None, new_number: true, who: "Ana".to_owned() };
    let made = agent.reissue(&format!("TAF{number}"), order).await.unwrap();
    assert_eq!(made.number, "new");
}

/// The answer to a delivery was lost; it left nothing.
fn lose(office: &Office) {
    office.books().moods.push_back(("deliver", Mood::Lose));
}

/// What travelled with `number` and not with the others went once.
fn left_once(agent: &Agent, number: u64) {
    assert_eq!(sums(agent, number).len(), 1, "it does not go again");
}

/// That its folio is no good is said of a document whether or not its envelope arrived.
#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_for_the_folio_alone_does_not_prove_that_the_envelope_arrived() {
    for void in ["annulled", "ungranted"] {
        let (dir, office) = (tempfile::tempdir().unwrap(), office());
        lose(&office);
        office.books().have.insert(1, void);
        let agent = together(dir.path(), &office, 3).await;
        until(&agent, |agent| agent.stats().accepted == 2).await;
        agent.stop().await;
        assert_eq!(row(&agent, 1).state, "RECHAZADO");
        let mut taken = office.books().order.clone();
        taken.sort_unstable();
        assert_eq!(taken, [2, 3], "without the one that was rejected");
        assert!((2..=3).all(|number| !flagged(&agent, number)));
    }
}

/// Nor does it when the rejected one was made again meanwhile, under another number.
#[tokio::test(flavor = "multi_thread")]
async fn nor_does_one_that_was_made_again_before_the_others_were_settled() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    lose(&office);
    office.books().have.extend([(1, "annulled"), (2, "wait")]);
    let agent = together(dir.path(), &office, 2).await;
    until(&agent, |agent| row(agent, 1).state == "RECHAZADO").await;
    again(&agent, 1).await;
    office.books().have.remove(&2);
    until(&agent, |agent| agent.stats().accepted == 2).await;
    agent.stop().await;
    left_once(&agent, 1);
    assert_eq!(row(&agent, 2).state, "ACEPTADO");
}

/// The upload was taken with one whose number is another's in it; that one was made again, and then the authority lost
/// the upload.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_made_again_while_its_upload_was_followed_does_not_hold_the_others() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    lose(&office);
    office.books().have.extend([(1, "other"), (2, "no"), (3, "no")]);
    office.books().words.extend([(1, "wait"), (2, "wait"), (3, "wait")]);
    let agent = together(dir.path(), &office, 3).await;
    until(&agent, |agent| flagged(agent, 1) && agent.stats().sent == 3).await;
    again(&agent, 1).await;
    office.books().words.extend([(1, "other"), (2, "lost"), (3, "lost")]);
    let others = |agent: &Agent| sums(agent, 2).iter().collect::<std::collections::BTreeSet<_>>().len();
    until(&agent, |agent| others(agent) > 1).await;
    office.books().words.clear();
    until(&agent, |agent| agent.stats().accepted == 3).await;
    agent.stop().await;
    assert_eq!(row(&agent, 1).state, "REEMPLAZADO");
    assert_eq!(sums(&agent, 1).len(), 2, "lost, and taken with the others");
}

/// Three of which the first one's number is another's, for which their envelope is refused whenever it is in it.
async fn refused_for_the_first(dir: &Path, office: &Arc<Office>, word: &'static str) -> Agent {
    office.books().twins.insert(1);
    office.books().have.extend([(1, word), (2, "no"), (3, "no")]);
    let agent = together(dir, office, 3).await;
    until(&agent, |agent| agent.stats().accepted == 2).await;
    assert_eq!(office.books().offered, [3, 2]);
    assert_eq!(row(&agent, 1).state, "VERIFICANDO");
    assert!(flagged(&agent, 1), "a person is called");
    assert!((2..=3).all(|number| !flagged(&agent, number)));
    agent
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_that_is_refused_for_one_number_goes_without_it_and_that_one_is_made_again() {
    for word in ["other", "alike"] {
        let (dir, office) = (tempfile::tempdir().unwrap(), office());
        let agent = refused_for_the_first(dir.path(), &office, word).await;
        // Where it stands is on disk.
        agent.stop().await;
        drop(agent);
        let agent = open(dir.path(), &office, true).await;
        again(&agent, 1).await;
        until(&agent, |agent| agent.stats().accepted == 3).await;
        agent.stop().await;
        assert_eq!(row(&agent, 1).state, "REEMPLAZADO");
        assert_eq!(office.books().offered, [3, 2, 1]);
        left_once(&agent, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_was_left_behind_and_turns_out_to_be_absent_goes_by_itself() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = refused_for_the_first(dir.path(), &office, "other").await;
    office.books().twins.clear();
    office.books().have.insert(1, "no");
    agent.resend_pending().await.unwrap();
    until(&agent, |agent| agent.stats().accepted == 3).await;
    agent.stop().await;
    assert_eq!(office.books().offered, [3, 2, 1]);
}

/// What was left behind is asked about by itself; what went on is its new parcel's.
#[tokio::test(flavor = "multi_thread")]
async fn what_went_on_in_another_envelope_is_not_asked_about_with_the_first() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().twins.insert(1);
    office.books().have.extend([(1, "other"), (2, "no"), (3, "no")]);
    office.books().words.extend([(2, "wait"), (3, "wait")]);
    let agent = together(dir.path(), &office, 3).await;
    until(&agent, |agent| agent.stats().sent == 2).await;
    for _ in 0..3 {
        let asked = questions(&office);
        agent.resend_pending().await.unwrap();
        until(&agent, |_| questions(&office) > asked).await;
    }
    let about = |number: u64| {
        let history = agent.history(&format!("TAF{number}")).unwrap();
        history.iter().filter(|fact| fact["fact"] == "answered" && fact["what"] == "have?").count()
    };
    assert_eq!((about(2), about(3)), (2, 2), "twice, before they went");
    agent.stop().await;
}

/// All of its neighbours are absent; its own frame can't be read.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_read_does_not_hold_the_absent_ones_of_its_parcel() {
    for index_too in [false, true] {
        let (dir, office) = (tempfile::tempdir().unwrap(), office());
        lose(&office);
        office.books().words.extend((1..=3).map(|number| (number, "wait")));
        one_unreadable_of_three(dir.path(), &office, |agent| agent.stats().verifying == 3).await;
        if index_too {
            // It is made again without it.
            std::fs::remove_dir_all(dir.path().join("db")).unwrap();
        }
        office.books().words.clear();
        let agent = open(dir.path(), &office, true).await;
        if index_too {
            // Its folio may have been the last one: nothing is issued or sent before somebody looked.
            agent.unlock(&UnlockOrder::by("ana")).await.unwrap();
        }
        until(&agent, |agent| agent.stats().accepted == 2).await;
        agent.stop().await;
        let mut taken = office.books().order.clone();
        taken.sort_unstable();
        assert_eq!(taken, [2, 3]);
        let called = if index_too { (0, 0) } else { (1, 1) };
        assert_eq!((agent.stats().verifying, agent.stats().errors), called);
    }
}

/// It was about to go again with all of its parcel when one of them was damaged.
#[tokio::test(flavor = "multi_thread")]
async fn nor_does_one_that_cannot_be_read_any_more_when_their_bytes_are_to_go_again() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    lose(&office);
    let agent = open(dir.path(), &office, false).await;
    sell(&agent, "a", 123).await;
    sell(&agent, "b", 10).await;
    agent.stop().await;
    drop(agent);
    // Once is enough, and the next time is far away.
    let patient = timbre_agent::Settings {
        attempts: 1,
        retry_cap: std::time::Duration::from_secs(3_600),
        ..settings()
    };
    let agent = open_with(dir.path(), &office, true, patient).await;
    until(&agent, |agent| agent.stats().pending == 2).await;
    agent.stop().await;
    drop(agent);
    damage(dir.path(), "1:123");
    let agent = open(dir.path(), &office, true).await;
    agent.resend_pending().await.unwrap();
    until(&agent, |agent| agent.stats().accepted == 1).await;
    agent.stop().await;
    assert_eq!(office.books().order, [2]);
    assert_eq!(agent.stats().errors, 1, "a person is called to the other one");
    assert!(!flagged(&agent, 2));
}

/// The authority has another of its envelope, and says again that it does not have this one: nothing goes by itself, and
/// a person's word is enough.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_envelope_that_arrived_left_out_goes_again_when_a_person_sends_it() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().moods.push_back(("deliver", Mood::Halve));
    office.books().have.extend([(1, "no"), (2, "no")]);
    let agent = together(dir.path(), &office, 2).await;
    until(&agent, |agent| flagged(agent, 2)).await;
    assert!(row(&agent, 2).attention.is_some_and(|why| why.contains("Reenviar")));
    assert_eq!(office.books().offered, [2]);
    let resent = agent.resend(&["TAF2".to_owned()]).await.unwrap();
    assert_eq!(resent.queued, 1);
    until(&agent, |agent| row(agent, 2).state == "ACEPTADO").await;
    agent.stop().await;
    assert_eq!(office.books().offered, [2, 1], "by itself");
    assert!(!flagged(&agent, 2));
    assert_eq!(row(&agent, 1).state, "ENVIADO");
}

/// Two were said to be there, and are not; sent again one is accepted, and of the other it is said once more.
async fn circling(dir: &Path, office: &Arc<Office>, clock: &Arc<Hands>, hook: Hook) -> Agent {
    office.books().words.extend([(1, "there"), (2, "there")]);
    office.books().have.extend([(1, "no"), (2, "wait")]);
    let agent = open(dir, office, false).await;
    sell(&agent, "a", 10).await;
    sell(&agent, "b", 10).await;
    agent.stop().await;
    drop(agent);
    let agent = open_as(dir, office, Opening { clock: clock.clone(), hook, ..Opening::default() }).await;
    passes(&agent, clock, Duration::from_millis(20), |agent| agent.stats().verifying == 2).await;
    {
        let mut books = office.books();
        books.words.insert(2, "yes");
        books.have.insert(2, "no");
    }
    let called = |agent: &Agent| row(agent, 2).state == "ACEPTADO" && flagged(agent, 1);
    passes(&agent, clock, Duration::from_millis(20), called).await;
    assert_eq!((row(&agent, 1).state.as_str(), office.books().offered.clone()), ("VERIFICANDO", vec![2, 2]));
    agent
}

async fn passes(agent: &Agent, clock: &Hands, step: Duration, done: impl Fn(&Agent) -> bool) {
    until(agent, |agent| {
        clock.advance(step);
        agent.set_running(true);
        done(agent)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_round_in_a_circle_is_held_and_calls_a_person_also_where_its_neighbour_was_accepted() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let agent = circling(dir.path(), &office, &clock, Arc::new(|_, _| Ok(()))).await;
    let why = row(&agent, 1).attention.unwrap();
    assert!(why.contains("dos veces"), "{why}");
    // It is asked about further on, and sent again a day later.
    let asked = questions(&office);
    passes(&agent, &clock, Duration::from_secs(60), |_| questions(&office) > asked + 2).await;
    assert_eq!((row(&agent, 1).state.as_str(), office.books().offered.len()), ("VERIFICANDO", 2));
    passes(&agent, &clock, Duration::from_secs(3_600), |_| office.books().offered.len() == 3).await;
    agent.stop().await;
}

/// Its envelope is being made, for its day is over, when a person ends it: another may be in its place by now.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_ends_while_it_is_about_to_leave_does_not_leave() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let (armed, entered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let hook: Hook = {
        let (armed, entered) = (armed.clone(), entered.clone());
        Arc::new(move |what, _| {
            if what == "wrap" && armed.swap(false, Ordering::SeqCst) {
                entered.store(true, Ordering::SeqCst);
                released.lock().unwrap().recv().unwrap();
            }
            Ok(())
        })
    };
    let agent = circling(dir.path(), &office, &clock, hook).await;
    armed.store(true, Ordering::SeqCst);
    passes(&agent, &clock, Duration::from_secs(3_600), |_| entered.load(Ordering::SeqCst)).await;
    let order = NotedOrder { said: Said::Rejected, why: "No está".to_owned(), who: "Ana".to_owned() };
    let noted = agent.note_verdict("TAF1", &order).await;
    release.send(()).unwrap();
    assert_eq!(noted.unwrap().state, "RECHAZADO");
    sell(&agent, "next", 10).await;
    passes(&agent, &clock, Duration::from_millis(20), |agent| row(agent, 3).state == "ACEPTADO").await;
    assert_eq!(office.books().offered, [2, 2, 1], "the first left no more");
    agent.stop().await;
}
