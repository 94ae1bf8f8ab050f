//! Where an authority goes through an envelope as a whole and forgets what it rejects.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use timbre_agent::{Agent, Settings};

use crate::fake::*;

/// A shop that sold so many while nothing was sent, and sends now, by a clock that is wound.
async fn sold_before(
    dir: &Path,
    office: &Arc<Office>,
    sales: u64,
    clock: &Arc<Hands>,
    settings: Settings,
) -> Agent {
    let agent = open(dir, office, false).await;
    sell_many(&agent, sales).await;
    agent.stop().await;
    drop(agent);
    open_as(dir, office, Opening { clock: clock.clone(), settings, ..Opening::default() }).await
}

/// A person asks for all that waits again and again, a moment apart, until `done` holds.
async fn hurry(agent: &Agent, clock: &Hands, done: impl Fn(&Agent) -> bool) {
    until(agent, |agent| {
        clock.advance(Duration::from_millis(20));
        agent.set_running(true);
        done(agent)
    })
    .await;
}

/// Of four that travelled together the authority has the second; the answer was lost.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_out_of_an_envelope_was_rejected_and_nothing_is_delivered_again() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().moods.push_back(("deliver", Mood::Lose));
    office.books().words.insert(2, "yes");
    let agent = together(dir.path(), &office, 4).await;
    until(&agent, |agent| agent.stats().rejected == 3).await;
    agent.stop().await;
    assert_eq!(office.books().asked("post/deliver"), 1);
    assert_eq!(row(&agent, 2).state, "ACEPTADO");
    for number in [1, 3, 4] {
        assert_eq!(row(&agent, number).remarks[0].meaning, "No quedó entre los recibidos.");
    }
}

/// An absence that was said before the authority is known to have gone through the envelope proves nothing: it
/// says the same of what it has in process.
#[tokio::test(flavor = "multi_thread")]
async fn an_absence_before_the_envelope_was_gone_through_is_asked_about_again() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    office.books().moods.push_back(("deliver", Mood::Lose));
    office.books().words.insert(2, "yes");
    let (late, mut settings) = (Duration::from_secs(600), settings());
    settings.conduct.absence_after = late;
    let agent = sold_before(dir.path(), &office, 2, &clock, settings).await;
    // The other one is accepted, and then this one is said twice to be absent.
    hurry(&agent, &clock, |_| questions(&office) >= 3).await;
    assert_eq!(row(&agent, 2).state, "ACEPTADO");
    assert_eq!(row(&agent, 1).state, "VERIFICANDO");
    // It was in process, and is there now.
    office.books().words.insert(1, "yes");
    clock.advance(late);
    agent.set_running(true);
    until(&agent, |agent| agent.stats().accepted == 2).await;
    agent.stop().await;
    assert_eq!(office.books().asked("post/deliver"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absence_that_came_too_early_is_asked_about_again_in_its_time_and_not_at_once() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    office.books().moods.push_back(("deliver", Mood::Lose));
    office.books().words.extend([(2, "yes"), (3, "wait")]);
    let (late, gap) = (Duration::from_secs(600), Duration::from_secs(6_000));
    let mut settings = settings();
    (settings.conduct.absence_after, settings.conduct.absence_gap) = (late, gap);
    settings.conduct.polls = vec![100 * gap];
    let agent = sold_before(dir.path(), &office, 3, &clock, settings).await;
    // The first is absent, the second is there, and the third holds their parcel.
    hurry(&agent, &clock, |_| questions(&office) >= 5).await;
    office.books().words.insert(3, "yes");
    clock.advance(late);
    // The answer before this one may still be on its way, and sets its own time when it comes, by the clock of then.
    hurry(&agent, &clock, |agent| agent.stats().accepted == 2).await;
    let asked = questions(&office);
    let_pass(&agent, &clock, Duration::from_secs(1), 5, 2).await;
    assert_eq!(questions(&office), asked);
    assert_eq!(row(&agent, 1).state, "VERIFICANDO");
    clock.advance(gap);
    hurry(&agent, &clock, |agent| row(agent, 1).state == "RECHAZADO").await;
    agent.stop().await;
    assert_eq!(office.books().asked("post/deliver"), 1);
}

/// An envelope that is refused as a whole, since one of its documents is there from another, says nothing of the
/// others: that this one is held is no proof that they were gone through and rejected.
#[tokio::test(flavor = "multi_thread")]
async fn what_fell_with_a_repeated_one_goes_again_and_is_not_taken_for_left_out() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    office.books().words.extend((1..=3).map(|number| (number, "there")));
    office.books().have.extend([(1, "no"), (2, "yes"), (3, "no")]);
    let (late, mut settings) = (Duration::from_secs(600), settings());
    settings.conduct.absence_after = late;
    let agent = sold_before(dir.path(), &office, 3, &clock, settings).await;
    hurry(&agent, &clock, |agent| agent.stats().accepted == 1).await;
    office.books().words.clear();
    until(&agent, |agent| {
        clock.advance(late);
        agent.set_running(true);
        let stats = agent.stats();
        stats.accepted == 3 || stats.rejected > 0
    })
    .await;
    agent.stop().await;
    assert_eq!((agent.stats().accepted, agent.stats().rejected), (3, 0));
    assert_eq!(office.books().offered, [3, 2], "the one that is held is not offered again");
}
