//! What the panel is told: its numbers, and what is pushed.

use std::time::Duration;

use crate::fake::*;
use timbre_agent::Settings;
use timbre_core::channel::Conduct;

/// Asks soon once, and then not for hours.
fn patient() -> Settings {
    let polls = vec![Duration::from_secs(36_000)];
    Settings { conduct: Conduct { polls, ..settings().conduct }, ..settings() }
}

#[tokio::test(flavor = "multi_thread")]
async fn resending_all_takes_up_as_many_as_the_panel_says_and_asks_at_once() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().moods.push_back(("deliver", Mood::Swallow));
    office.books().words.insert(1, "odd");
    let agent = open_with(dir.path(), &office, true, patient()).await;
    sell(&agent, "doubt", 10).await;
    until(&agent, |agent| row(agent, 1).attention.is_some()).await;
    assert_eq!(row(&agent, 1).state, "VERIFICANDO");
    agent.set_running(false);
    sell(&agent, "waits", 10).await;
    let told = agent.snapshot();
    assert_eq!((told.resendable, told.counters.queued, told.counters.problem), (2, 1, 1));
    office.books().words.clear();
    let resent = agent.resend_pending().await.unwrap();
    assert_eq!((resent.queued, resent.skipped), (2, 0));
    until(&agent, |agent| agent.stats().accepted == 2).await;
    assert_eq!(agent.snapshot().resendable, 0);
    agent.stop().await;
}

/// A parcel's next question was put off for a day, and nobody could have it asked sooner.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_with_the_authority_is_asked_about_when_a_person_wants_it() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let seldom = || Settings { poll_floor: Duration::from_secs(36_000), ..settings() };
    office.books().words.insert(1, "wait");
    let agent = open_with(dir.path(), &office, true, seldom()).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| row(agent, 1).state == "ENVIADO").await;
    agent.stop().await;
    drop(agent);
    office.books().words.insert(1, "yes");
    let agent = open_with(dir.path(), &office, true, seldom()).await;
    let resent = agent.resend(&["TAF1".to_owned()]).await.unwrap();
    assert_eq!((resent.queued, resent.skipped, resent.asked), (0, 0, 1));
    until(&agent, |agent| agent.stats().accepted == 1).await;
    assert_eq!(office.books().asked("post/deliver"), 1, "nothing was sent again");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nearest_term_is_also_that_of_a_document_in_doubt() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().moods.push_back(("deliver", Mood::Swallow));
    office.books().words.insert(1, "odd");
    let agent = open_with(dir.path(), &office, true, patient()).await;
    sell(&agent, "doubt", 10).await;
    until(&agent, |agent| row(agent, 1).attention.is_some()).await;
    agent.set_running(false);
    sell(&agent, "waits", 10).await;
    assert_eq!(agent.snapshot().deadline.unwrap().document, "TAF1");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_too_much_changed_to_be_told_the_push_says_so() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = open(dir.path(), &office, false).await;
    let sales = (0..401).map(|i| {
        let agent = agent.clone();
        tokio::spawn(async move { sell(&agent, &format!("k{i}"), 10).await })
    });
    for sale in sales.collect::<Vec<_>>() {
        sale.await.unwrap();
    }
    let mut pushes = agent.subscribe();
    let resent = agent.resend_pending().await.unwrap();
    assert_eq!(resent.queued, 401);
    loop {
        let push = pushes.recv().await.unwrap();
        assert_eq!(push.all, push.rows.is_empty());
        if push.all {
            break;
        }
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rows_number_only_grows() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = open(dir.path(), &office, true).await;
    let mut pushes = agent.subscribe();
    let mut last = 0;
    sell(&agent, "k", 10).await;
    while row(&agent, 1).state != "ACEPTADO" {
        for pushed in &pushes.recv().await.unwrap().rows {
            assert!(pushed.revision >= last, "{pushed:?}");
            last = pushed.revision;
        }
    }
    assert!(last > 0, "its changes were pushed");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_folios_run_out_is_told_after_a_week_of_sales_and_survives_a_restart() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let opening = || Opening { clock: clock.clone(), send: false, ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening()).await;
    let mut told = Vec::new();
    for day in 0..9 {
        for n in 0..20 {
            sell(&agent, &format!("{day}-{n}"), 10).await;
        }
        told.push(agent.snapshot().folios[0].runs_out.is_some());
        clock.advance(Duration::from_secs(24 * 3600));
    }
    assert_eq!(told, [false, false, false, false, false, false, false, true, true]);
    // Twenty a day, and 1,820 are left.
    let ends: jiff::Timestamp = agent.folios()[0].runs_out.clone().unwrap().parse().unwrap();
    let days = ends.duration_since(timbre_agent::clock::Clock::now(&*clock)).as_hours() / 24;
    assert!((80..=100).contains(&days), "{days} days");
    assert!(agent.stats().folios_run_out["A"].is_some());
    assert!(!agent.folios()[0].low);
    agent.stop().await;
    drop(agent);
    let agent = open_as(dir.path(), &office, opening()).await;
    assert_eq!(agent.folios()[0].runs_out, Some(ends.to_string()));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn that_folios_expire_is_told_in_time() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let zone = jiff::tz::TimeZone::get("America/Santiago").unwrap();
    let now = timbre_agent::clock::Clock::now(&*clock);
    let last = now.to_zoned(zone.clone()).date().checked_add(jiff::Span::new().days(30)).unwrap();
    let end = last.tomorrow().unwrap().to_zoned(zone).unwrap().timestamp();
    let ranges = vec![format!("1-5 {last}"), format!("6-500 {last}")];
    let opening = Opening { clock: clock.clone(), send: false, ranges, ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening).await;
    let told = || {
        let kind = agent.folios().remove(0);
        (kind.runs_out, kind.expiring, kind.low)
    };
    // The end of the day where the shop is.
    assert_eq!(told(), (Some(end.to_string()), true, false));
    clock.advance(timbre_agent::clock::until(now, end) - Duration::from_secs(12 * 3600));
    assert_eq!(told(), (Some(end.to_string()), true, true));
    let sentence = agent.snapshot().sentence.text;
    assert!(sentence.contains("Los folios de papel que quedan sirven hasta hoy"), "{sentence}");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_goes_through_it_is_told_when_it_is_tried_next() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().down = true;
    let agent = open(dir.path(), &office, true).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().pending == 1).await;
    let told = agent.snapshot();
    assert_eq!(told.down.len(), 1);
    assert_eq!(told.down[0].channel, row(&agent, 1).channel);
    assert_eq!(told.down[0].why, "prueba");
    office.books().down = false;
    until(&agent, |agent| agent.stats().accepted == 1).await;
    assert!(agent.snapshot().down.is_empty());
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn goods_are_held_back_until_the_authority_has_their_document() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = open(dir.path(), &office, false).await;
    let sale = serde_json::json!({ "total": 10, "goods": true }).to_string();
    let issued = agent.issue(sale.into(), Some("goods".to_owned())).await.unwrap();
    let plain = sell(&agent, "plain", 10).await;
    assert!(issued.document.hold_goods && !plain.document.hold_goods);
    agent.stop().await;
    drop(agent);
    let agent = open(dir.path(), &office, true).await;
    until(&agent, |agent| agent.stats().accepted == 2).await;
    assert!(!row(&agent, 1).hold_goods && !row(&agent, 2).hold_goods);
    agent.stop().await;
}

/// A window tells by it whether what it hears is older, or another agent's that counts anew.
#[tokio::test(flavor = "multi_thread")]
async fn each_run_of_the_agent_says_that_it_is_another() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let run = async || {
        let opening = Opening { send: false, clock: clock.clone(), ..Opening::default() };
        let agent = open_as(dir.path(), &office, opening).await;
        let first = agent.snapshot();
        clock.advance(Duration::from_secs(60));
        sell(&agent, &format!("of {}", first.run), 10).await;
        let later = agent.snapshot();
        agent.stop().await;
        assert_eq!(first.run, later.run);
        first.run
    };
    assert_ne!(run().await, run().await);
}
