//! The legal hour: from when it counts, what stops it, and who is told in time.

use std::sync::Arc;
use std::time::Duration;

use crate::fake::*;
use timbre_agent::carrier::Reach;
use timbre_agent::clock::later;
use timbre_agent::view::{Mood, WarningView};
use timbre_agent::{Agent, Settings};
use timbre_core::Timestamp;
use timbre_store::OpenOptions;

const MINUTE: Duration = Duration::from_secs(60);

fn opening(clock: &Arc<Hands>) -> Opening {
    Opening { send: true, clock: clock.clone(), ..Opening::default() }
}

fn words(agent: &Agent, what: &str) -> Vec<bool> {
    let words = agent.reader().words(what, Timestamp::UNIX_EPOCH).unwrap();
    words.into_iter().map(|(_, up)| up).collect()
}

fn now(clock: &Hands) -> Timestamp {
    timbre_agent::clock::Clock::now(clock)
}

fn deadline(agent: &Agent) -> (Timestamp, bool) {
    let told = agent.snapshot().deadline.unwrap();
    (told.at.parse().unwrap(), told.stands)
}

/// Lets time pass, second by second, and the line be looked at, until it is so.
async fn look_until(agent: &Agent, clock: &Hands, done: impl Fn(&Agent) -> bool) {
    let mut pushes = agent.subscribe();
    for second in 0.. {
        if done(agent) {
            return;
        }
        assert!(second < 600, "it never came to be: {:#?}", agent.stats());
        clock.advance(Duration::from_secs(1));
        // Each is written down, and so pushed.
        agent.resend_pending().await.unwrap();
        let pushed = tokio::time::timeout(MINUTE, pushes.recv()).await;
        pushed.expect("it is pushed").expect("and heard");
    }
}

/// Lets it be said for so many minutes that there is no coverage.
async fn without_coverage(agent: &Agent, clock: &Hands, what: &str, minutes: u32) {
    for _ in 0..minutes / 5 {
        let said = words(agent, what).len();
        clock.advance(5 * MINUTE);
        look_until(agent, clock, |agent| words(agent, what).len() > said).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hour_of_what_was_issued_without_coverage_counts_from_its_return() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    office.books().down = true;
    office.books().reach = Some(Reach::Internet);
    let agent = open_as(dir.path(), &office, opening(&clock)).await;
    sell(&agent, "before it was known", 10).await;
    until(&agent, |agent| words(agent, "internet") == [false]).await;
    sell(&agent, "k", 10).await;
    assert_eq!(deadline(&agent), (later(now(&clock), 60 * MINUTE), true));
    without_coverage(&agent, &clock, "internet", 90).await;
    assert_eq!(deadline(&agent), (later(now(&clock), 60 * MINUTE), true));
    // The internet is back, the authority is not: from here it runs.
    office.books().reach = Some(Reach::Authority);
    look_until(&agent, &clock, |agent| words(agent, "internet").last() == Some(&true)).await;
    let said = agent.reader().words("internet", Timestamp::UNIX_EPOCH).unwrap();
    let back = said.last().unwrap().0;
    clock.advance(2 * MINUTE);
    assert_eq!(deadline(&agent), (later(back, 60 * MINUTE), false));
    assert_eq!(row(&agent, 2).deadline.unwrap(), later(back, 60 * MINUTE).to_string());
    assert!(!words(&agent, "authority").contains(&true));
    assert!(words(&agent, "network").is_empty());
    agent.stop().await;
    drop(agent);
    // After a restart it is the same.
    let agent = open_as(dir.path(), &office, opening(&clock)).await;
    assert_eq!(deadline(&agent), (later(back, 60 * MINUTE), false));
    office.books().down = false;
    look_until(&agent, &clock, |agent| agent.stats().sent + agent.stats().accepted == 2).await;
    assert_eq!(words(&agent, "authority").last(), Some(&true));
    assert_eq!(agent.snapshot().deadline, None);
    agent.stop().await;
}

/// What was found under a clock that showed too late a time was found just now, and no longer.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_of_the_line_grows_old_though_the_clock_is_set_back() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    office.books().down = true;
    office.books().reach = Some(Reach::Internet);
    let agent = open_as(dir.path(), &office, opening(&clock)).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| words(agent, "internet") == [false]).await;
    clock.back(60 * MINUTE);
    office.books().reach = Some(Reach::Authority);
    look_until(&agent, &clock, |agent| words(agent, "internet").last() == Some(&true)).await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_the_authoritys_silence_nor_a_cable_nor_what_nobody_can_tell_stops_the_hour() {
    for reach in [Reach::Authority, Reach::Network, Reach::Untold] {
        let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
        office.books().down = true;
        office.books().reach = Some(reach);
        let agent = open_as(dir.path(), &office, opening(&clock)).await;
        let issued = now(&clock);
        sell(&agent, "k", 10).await;
        until(&agent, |agent| agent.stats().pending == 1).await;
        clock.advance(30 * MINUTE);
        assert_eq!(deadline(&agent), (later(issued, 60 * MINUTE), false), "{reach:?}");
        assert!(words(&agent, "internet").is_empty(), "{reach:?}");
        agent.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_own_network_stops_it_where_a_setting_says_that_the_coverage_goes_with_it() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    office.books().down = true;
    office.books().reach = Some(Reach::Network);
    let settings = Settings { own_network_counts: true, ..settings() };
    let agent = open_as(dir.path(), &office, Opening { settings, ..opening(&clock) }).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| words(agent, "network") == [false]).await;
    without_coverage(&agent, &clock, "network", 20).await;
    let (at, stands) = deadline(&agent);
    assert!(stands && at > later(now(&clock), 59 * MINUTE), "{at}");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_a_way_out_is_back_the_line_is_looked_at_at_once() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    office.books().down = true;
    office.books().reach = Some(Reach::Network);
    // Left alone it would look again in an hour, and no clock is advanced here.
    let settings = Settings { line_base: 60 * MINUTE, line_cap: 60 * MINUTE, ..settings() };
    let agent = open_as(dir.path(), &office, Opening { settings, ..opening(&clock) }).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().pending == 1).await;
    assert_eq!(agent.snapshot().down[0].why, "este equipo no tiene red");
    let asked = office.books().asked("post/login");
    office.books().down = false;
    office.books().finds = true;
    until(&agent, |agent| agent.stats().sent + agent.stats().accepted == 1).await;
    assert!(office.books().asked("post/login") > asked);
    assert_eq!(words(&agent, "network"), [false, true]);
    agent.stop().await;
}

/// What is not at the authority, near and past the end of its term, and what ever was past it.
#[track_caller]
fn counted(agent: &Agent, expect: (u64, Option<(u64, u64)>, u64)) {
    let figures = agent.figures().unwrap();
    let of = figures.kinds.values().find(|of| of.open > 0).expect("something is open");
    assert_eq!((of.open, of.deadlines, of.missed), expect);
}

/// The next warnings that are told, once something else is sold.
async fn warned(agent: &Agent, clock: &Hands, minutes: u32, key: &str) -> Vec<WarningView> {
    let mut pushes = agent.subscribe();
    clock.advance(minutes * MINUTE);
    sell(agent, key, 10).await;
    let told = async {
        loop {
            let push = pushes.recv().await.unwrap();
            if !push.warnings.is_empty() {
                return push.warnings.clone();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), told).await.expect("a warning comes")
}

#[track_caller]
fn says(told: &[WarningView], expect: &[(u8, &str, u64)]) {
    let told: Vec<_> = told.iter().map(|w| (w.level, w.document.as_str(), w.documents)).collect();
    assert_eq!(told, expect);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_document_has_each_warning_once_though_nothing_is_sent_and_timbre_restarts() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let agent = open_as(dir.path(), &office, opening(&clock)).await;
    agent.set_running(false);
    sell(&agent, "a", 10).await;
    sell(&agent, "b", 10).await;
    let limit = later(now(&clock), 60 * MINUTE);
    clock.advance(10 * MINUTE);
    sell(&agent, "x", 10).await;
    let told = warned(&agent, &clock, 21, "c").await;
    says(&told, &[(50, "TAF1", 2)]);
    let shop_clock = limit.to_zoned(jiff::tz::TimeZone::get("America/Santiago").unwrap()).strftime("%H:%M");
    assert!(
        told[0].text.starts_with("Papel 1 y 1 más todavía no llega al Oficina: va 50 %"),
        "{}",
        told[0].text
    );
    assert!(told[0].text.contains(&shop_clock.to_string()), "{}", told[0].text);
    // Ten minutes on the third is at half of it; the first two have heard that.
    says(&warned(&agent, &clock, 10, "d").await, &[(50, "TAF3", 1)]);
    says(&warned(&agent, &clock, 8, "e").await, &[(80, "TAF1", 2)]);
    assert_eq!(agent.stats().deadline.unwrap().level, 80);
    counted(&agent, (6, Some((2, 0)), 0));
    let sentence = agent.snapshot().sentence.text;
    assert!(sentence.starts_with("Papel 1 todavía no llega al Oficina: va 80 %"), "{sentence}");
    agent.stop().await;
    drop(agent);

    // Nothing leaves before it is told not to.
    office.books().down = true;
    let agent = open_as(dir.path(), &office, opening(&clock)).await;
    agent.set_running(false);
    // Two hours without anybody: what is over is told as over, and nothing of what went before.
    says(&warned(&agent, &clock, 120, "f").await, &[(100, "TAF1", 6)]);
    assert_eq!(agent.reader().warned(0).unwrap().into_values().collect::<Vec<_>>(), [100; 6]);
    counted(&agent, (7, Some((0, 6)), 6));
    assert!(agent.snapshot().sentence.text.starts_with("Pasó el plazo legal: Papel 1 debía estar"));
    agent.stop().await;
}

/// Nothing can leave nor be written down just then: people have to know all the same.
#[tokio::test(flavor = "multi_thread")]
async fn people_are_warned_once_though_the_disk_takes_nothing_and_it_is_written_when_it_does() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    // Each batch goes to a segment of its own; where the next one would be there is a folder.
    let options = OpenOptions { segment_bytes: 1, ..OpenOptions::default() };
    let agent = open_as(dir.path(), &office, Opening { options, ..opening(&clock) }).await;
    agent.set_running(false);
    sell(&agent, "a", 10).await;
    let journal = dir.path().join("journal");
    let next = journal.join(format!("{:06}.tj", std::fs::read_dir(&journal).unwrap().count() + 1));
    std::fs::create_dir(&next).unwrap();
    let mut pushes = agent.subscribe();
    clock.advance(31 * MINUTE);
    let refused = agent.issue(r#"{"total":10}"#.into(), Some("b".into())).await.unwrap_err();
    assert_eq!((refused.status, refused.code.as_str()), (503, "disk-failed"));
    let told = async {
        loop {
            let push = pushes.recv().await.unwrap();
            if !push.warnings.is_empty() {
                return push.warnings.clone();
            }
        }
    };
    says(&tokio::time::timeout(Duration::from_secs(60), told).await.expect("a warning"), &[(50, "TAF1", 1)]);
    assert!(agent.reader().warned(0).unwrap().is_empty());

    std::fs::remove_dir(&next).unwrap();
    until(&agent, |agent| agent.snapshot().sentence.mood != Mood::Stopped).await;
    let mut pushes = agent.subscribe();
    clock.advance(MINUTE);
    sell(&agent, "c", 10).await;
    until(&agent, |agent| agent.reader().warned(0).unwrap().into_values().eq([50])).await;
    while let Ok(push) = pushes.try_recv() {
        says(&push.warnings, &[]);
    }
    agent.stop().await;
}
