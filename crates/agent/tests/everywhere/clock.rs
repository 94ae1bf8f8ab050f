//! The machine's clock against the authority's: who is asked, and for how long a word about it holds.

use std::sync::Arc;
use std::time::Duration;

use crate::fake::*;
use bytes::Bytes;
use timbre_agent::Agent;
use timbre_agent::clock::{Clock, later};
use timbre_agent::view::{Mood, ProblemView};

const MINUTE: Duration = Duration::from_secs(60);

async fn open(dir: &std::path::Path, office: &Arc<Office>, clock: &Arc<Hands>) -> Agent {
    open_as(dir, office, Opening { send: true, clock: clock.clone(), ..Opening::default() }).await
}

async fn refused(agent: &Agent, key: &str) -> ProblemView {
    agent.issue(Bytes::from_static(b"{\"total\":10}"), Some(key.to_owned())).await.unwrap_err()
}

/// The authority's clock shows what this one does and so many minutes more.
fn ahead(office: &Office, clock: &Hands, minutes: u32) {
    office.books().date = Some(later(clock.now(), minutes * MINUTE));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_off_stops_the_sale_until_somebody_in_charge_takes_it_upon_them() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    ahead(&office, &clock, 6);
    let agent = open(dir.path(), &office, &clock).await;
    assert_eq!(agent.clock(), None);
    let nothing = agent.accept_clock("Ana").await.unwrap_err();
    assert_eq!(nothing.code, "clock-good");
    let first = sell(&agent, "k1", 10).await;
    until(&agent, |agent| agent.clock().is_some_and(|clock| clock.stops)).await;
    let problem = refused(&agent, "k2").await;
    assert_eq!((problem.status, problem.code.as_str()), (503, "clock-off"));
    assert!(problem.detail.contains("atrasado 6 minutos respecto del Oficina"), "{}", problem.detail);
    let told = agent.snapshot();
    assert_eq!(told.sentence.mood, Mood::Stopped);
    assert_eq!(told.folios[0].next, Some(2), "no folio was used");
    // What was sold is still answered by its key.
    assert!(sell(&agent, "k1", 10).await.repeated);
    assert_eq!(agent.accept_clock(" ").await.unwrap_err().code, "who-missing");
    let accepted = agent.accept_clock("Ana").await.unwrap();
    assert_eq!((accepted.stops, accepted.accepted_by.as_deref()), (false, Some("Ana")));
    let second = sell(&agent, "k2", 10).await;
    // No stamp was changed by it.
    assert_eq!(
        (first.document.issued, second.document.issued.clone()),
        (second.document.issued, clock.now().to_string())
    );
    agent.stop().await;
    drop(agent);

    let agent = open(dir.path(), &office, &clock).await;
    sell(&agent, "k3", 10).await;
    // Off by more: that is another question.
    ahead(&office, &clock, 20);
    sell(&agent, "k4", 10).await;
    until(&agent, |agent| agent.clock().is_some_and(|clock| clock.stops)).await;
    agent.stop().await;
    drop(agent);

    // Nobody gets around it by a restart; when it was corrected, the next answer says so.
    let agent = open(dir.path(), &office, &clock).await;
    assert_eq!(refused(&agent, "k5").await.code, "clock-off");
    // It may have been looked at a moment ago.
    clock.advance(MINUTE);
    ahead(&office, &clock, 0);
    // Some answer may have told it already.
    drop(agent.issue(Bytes::from_static(b"{\"total\":10}"), Some("k5".to_owned())).await);
    until(&agent, |agent| agent.clock().is_some_and(|clock| clock.good)).await;
    sell(&agent, "k5", 10).await;
    assert!(agent.clock().unwrap().good);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_whose_own_clock_is_off_stops_no_sale_while_another_says_that_ours_is_right() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    ahead(&office, &clock, 0);
    let late = clock.now().checked_sub(jiff::SignedDuration::from_mins(20)).unwrap();
    office.books().dates.insert("deliver", late);
    let agent = open(dir.path(), &office, &clock).await;
    for sold in 1..=5 {
        sell(&agent, &format!("k{sold}"), 10).await;
        let accepted = |agent: &Agent| {
            clock.advance(Duration::from_millis(10));
            agent.set_running(true);
            agent.stats().accepted == sold
        };
        until(&agent, accepted).await;
    }
    assert_eq!(agent.clock(), None, "it was never said to be off");
    agent.stop().await;
}

/// As the drop folder sells: on a runtime that goes on with nothing else.
fn sold_elsewhere(agent: &Agent, key: &'static str) -> Result<(), String> {
    let agent = agent.clone();
    let sells = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let sold = agent.issue(Bytes::from_static(b"{\"total\":10}"), Some(key.to_owned()));
        runtime.block_on(sold).map(drop).map_err(|problem| problem.code)
    };
    std::thread::spawn(sells).join().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_can_not_sell_has_the_clock_looked_at_wherever_they_sell_and_not_each_time() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    ahead(&office, &clock, 6);
    let agent = open(dir.path(), &office, &clock).await;
    sell(&agent, "k1", 10).await;
    until(&agent, |agent| agent.clock().is_some_and(|clock| clock.stops)).await;
    let logins =
        || office.books().asked.iter().filter(|(at, _)| at.ends_with("/login")).map(|(_, n)| n).sum::<u32>();
    let before = logins();
    for _ in 0..50 {
        assert_eq!(sold_elsewhere(&agent, "k2").unwrap_err(), "clock-off");
    }
    assert!(logins() - before <= 4, "two looks at each of two channels at the most: {}", logins() - before);
    clock.advance(MINUTE);
    ahead(&office, &clock, 0);
    // Some answer may have told it already.
    drop(sold_elsewhere(&agent, "k2"));
    until(&agent, |agent| agent.clock().is_some_and(|clock| clock.good)).await;
    sell(&agent, "k2", 10).await;
    agent.stop().await;
}

/// What would wait, and have the line looked at, is not sold by such a clock.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_corrected_while_the_line_was_down_sells_again_once_it_is_back() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    // Well over the tolerance: an answer may be on its way while a minute passes.
    ahead(&office, &clock, 9);
    let agent = open(dir.path(), &office, &clock).await;
    sell(&agent, "k1", 10).await;
    until(&agent, |agent| agent.clock().is_some_and(|clock| clock.stops)).await;
    let minute = |minutes| {
        clock.advance(MINUTE);
        ahead(&office, &clock, minutes);
        sold_elsewhere(&agent, "k2")
    };
    // Nothing waits any more.
    until(&agent, |agent| minute(9).is_err() && agent.stats().accepted == 1).await;
    office.books().down = true;
    until(&agent, |agent| minute(9).is_err() && agent.snapshot().down.len() == 2).await;
    office.books().down = false;
    until(&agent, |_| minute(0).is_ok()).await;
    agent.stop().await;
}

/// Offline, by a clock that was a day ahead and was put right.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_ahead_stops_the_sale_only_until_somebody_in_charge_says_that_it_is_right_now() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let today = clock.now();
    let agent =
        open_as(dir.path(), &office, Opening { send: false, clock: clock.clone(), ..Opening::default() })
            .await;
    clock.advance(24 * 60 * MINUTE);
    let ahead = sell(&agent, "k1", 10).await;
    clock.back(24 * 60 * MINUTE);
    let problem = refused(&agent, "k2").await;
    assert_eq!((problem.status, problem.code.as_str()), (503, "clock-behind"));
    assert!(problem.detail.contains("o estaba adelantado cuando se timbró"), "{}", problem.detail);
    assert!(!problem.detail.contains('Z'), "{}", problem.detail);
    let told = agent.clock().expect("it is told");
    assert!(told.stops && !told.good);
    assert_eq!(agent.accept_clock(" ").await.unwrap_err().code, "who-missing");
    let accepted = agent.accept_clock("Ana").await.unwrap();
    assert_eq!((accepted.stops, accepted.accepted_by.as_deref()), (false, Some("Ana")));
    let second = sell(&agent, "k2", 10).await;
    assert_eq!(second.document.issued, today.to_string());
    assert!(second.document.issued < ahead.document.issued);
    assert_eq!(agent.accept_clock("Ana").await.unwrap_err().code, "clock-good");
    agent.stop().await;
    drop(agent);

    // The word is in the journal, and stands when the index is made anew.
    std::fs::remove_dir_all(dir.path().join("db")).unwrap();
    let agent =
        open_as(dir.path(), &office, Opening { send: false, clock: clock.clone(), ..Opening::default() })
            .await;
    sell(&agent, "k3", 10).await;
    // From then on stamps do not go back again.
    clock.advance(MINUTE);
    sell(&agent, "k4", 10).await;
    clock.back(10 * MINUTE);
    assert_eq!(refused(&agent, "k5").await.code, "clock-behind");
    agent.stop().await;
}

/// What a clock is set back by that nobody is asked about: the authority refuses a stamp before the last one.
#[tokio::test(flavor = "multi_thread")]
async fn no_stamp_is_before_the_last_one_though_the_clock_went_back_a_little() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let opening = || Opening { send: false, clock: clock.clone(), ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening()).await;
    let first = sell(&agent, "k1", 10).await.document.issued;
    clock.back(2 * MINUTE);
    assert_eq!(sell(&agent, "k2", 10).await.document.issued, first);
    agent.stop().await;
    drop(agent);
    // Nor after a restart.
    let agent = open_as(dir.path(), &office, opening()).await;
    assert_eq!(sell(&agent, "k3", 10).await.document.issued, first);
    clock.advance(3 * MINUTE);
    assert_eq!(sell(&agent, "k4", 10).await.document.issued, clock.now().to_string());
    agent.stop().await;
}
