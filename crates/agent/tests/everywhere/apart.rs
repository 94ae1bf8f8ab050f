//! Parcels that fall as a whole: taken apart for a document's fault, held for the envelope's.

use std::time::Duration;

use timbre_agent::Settings;
use timbre_agent::reissue::Reissue;

use crate::fake::*;

/// Sells so many while nothing is sent, and sends them.
async fn send_together(
    dir: &std::path::Path,
    office: &std::sync::Arc<Office>,
    many: u64,
) -> timbre_agent::Agent {
    send_together_as(dir, office, many, settings()).await
}

async fn send_together_as(
    dir: &std::path::Path,
    office: &std::sync::Arc<Office>,
    many: u64,
    settings: Settings,
) -> timbre_agent::Agent {
    let agent = open_with(dir, office, true, settings).await;
    agent.set_running(false);
    sell_many(&agent, many).await;
    agent.set_running(true);
    agent
}

#[tokio::test]
async fn bad_ones_end_alone_and_all_others_are_accepted() {
    for bad in [vec![4], vec![1, 10], vec![3, 14, 15, 27], (1..=10).collect()] {
        let dir = tempfile::tempdir().unwrap();
        let office = office();
        office.books().spoiled = bad.iter().copied().collect();
        let agent = send_together(dir.path(), &office, 30).await;
        until(&agent, |agent| {
            let stats = agent.stats();
            stats.accepted + stats.rejected == 30
        })
        .await;
        for number in 1..=30 {
            let row = row(&agent, number);
            let wanted = if bad.contains(&number) { "RECHAZADO" } else { "ACEPTADO" };
            assert_eq!(row.state, wanted, "{number} of {bad:?}");
            if wanted == "RECHAZADO" {
                assert_eq!(row.remarks[0].meaning, "El envío no se entiende.");
            }
        }
        // Three tens, and for each bad one at the most two parts of its ten and seven singles.
        let (offered, most) = (office.books().offered.clone(), 3 + 9 * bad.len());
        assert!(offered.len() <= most, "{offered:?} for {bad:?}");
        agent.stop().await;
    }
}

/// What fell and what is new do not travel together: nobody is held up by another's fault.
#[tokio::test]
async fn what_is_new_does_not_travel_with_what_fell() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    office.books().spoiled = [2].into();
    let agent = send_together(dir.path(), &office, 10).await;
    until(&agent, |agent| agent.stats().accepted > 0).await;
    let parcels = office.books().parcels.clone();
    sell(&agent, "new", 10).await;
    until(&agent, |agent| agent.stats().accepted + agent.stats().rejected == 11).await;
    assert_eq!(row(&agent, 2).state, "RECHAZADO");
    let all = office.books().parcels.clone();
    let with_new: Vec<_> = all[parcels.len()..].iter().filter(|parcel| parcel.contains("\n11:")).collect();
    assert!(with_new.iter().all(|parcel| parcel.lines().count() == 2), "{with_new:?}");
    agent.stop().await;
}

#[tokio::test]
async fn a_fault_of_the_envelope_stops_the_channel_and_takes_nothing_apart() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    office.books().bad_cover = true;
    // However slow the machine is, nothing tries again before the look.
    let hour = Duration::from_secs(3_600);
    let patient = Settings { retry_base: hour, retry_cap: hour, ..settings() };
    let agent = send_together_as(dir.path(), &office, 10, patient).await;
    until(&agent, |agent| agent.stats().pending == 10).await;
    let snapshot = agent.snapshot();
    assert_eq!(snapshot.down.iter().map(|down| down.channel.as_str()).collect::<Vec<_>>(), ["post"]);
    assert_eq!(agent.stats().rejected, 0, "it is no document's fault");
    office.books().bad_cover = false;
    let before = office.books().parcels.len();
    agent.resend_pending().await.unwrap();
    until(&agent, |agent| agent.stats().accepted == 10).await;
    // Each once, whatever goes with whom: nothing fell, and nothing was taken apart.
    let after = office.books().parcels[before..].to_vec();
    // A parcel's first line is its cover.
    let documents: usize = after.iter().map(|parcel| parcel.lines().count() - 1).sum();
    assert_eq!(documents, 10, "{after:?}");
    agent.stop().await;
}

/// The answer to its first delivery was lost: the bytes that went twice do not go a third time.
#[tokio::test]
async fn a_parcel_that_fell_at_its_second_try_is_taken_apart_too() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    office.books().spoiled = [5].into();
    office.books().moods.push_back(("deliver", Mood::Lose));
    let agent = send_together(dir.path(), &office, 10).await;
    until(&agent, |agent| agent.stats().accepted == 9 && agent.stats().rejected == 1).await;
    assert_eq!(row(&agent, 5).state, "RECHAZADO");
    assert_eq!(office.books().offered.iter().filter(|documents| **documents == 10).count(), 2);
    agent.stop().await;
}

/// A parcel's place and its documents' survive a stop between two steps.
#[tokio::test]
async fn a_stop_in_the_middle_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    office.books().spoiled = [5].into();
    let agent = send_together(dir.path(), &office, 10).await;
    until(&agent, |agent| agent.stats().accepted > 0).await;
    agent.stop().await;
    drop(agent);
    let agent = open(dir.path(), &office, true).await;
    until(&agent, |agent| agent.stats().accepted == 9 && agent.stats().rejected == 1).await;
    assert_eq!(row(&agent, 5).state, "RECHAZADO");
    assert_eq!(office.books().offered.iter().filter(|documents| **documents == 10).count(), 1);
    agent.stop().await;
}

/// Nothing of the first version was kept: what has its number is no earlier one, whatever its data.
#[tokio::test]
async fn a_second_version_of_which_the_first_fell_and_whose_number_is_taken_stops_its_range() {
    for word in ["taken", "alike"] {
        let dir = tempfile::tempdir().unwrap();
        let office = office();
        let agent = open(dir.path(), &office, true).await;
        let plain = || Reissue { sale: None, new_number: false, who: "Ana".to_owned() };
        let again = async || agent.reissue("TAF1", plain()).await;
        office.books().spoiled.insert(1);
        sell(&agent, "k", 10).await;
        until(&agent, |agent| row(agent, 1).state == "RECHAZADO").await;
        office.books().spoiled.clear();
        office.books().have.insert(1, "no");
        office.books().words.insert(1, word);
        assert_eq!(again().await.unwrap().document.version, 2);
        until(&agent, |agent| agent.folios()[0].ranges[0].stopped.is_some()).await;
        let second = row(&agent, 1);
        assert!(!second.remarks.iter().any(|why| why.meaning.contains("anterior")), "{second:?}");
        office.books().have.insert(1, "alike");
        let held = again().await.unwrap_err();
        assert!(held.detail.contains("otro documento") && !held.detail.contains("anterior"), "{held:?}");
        agent.stop().await;
    }
}
