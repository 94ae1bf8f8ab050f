//! What is left of a parcel when the journal's own word about it can't be read.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::fake::*;
use timbre_agent::Settings;

const HOUR: Duration = Duration::from_secs(3_600);

/// The words of a *sending* fact's frame.
const SENDING: &str = "\"attempt\":1,\"sha256\"";

/// The authority has a parcel and no verdict yet; then the frame that says so is damaged.
async fn sent_and_damaged(dir: &Path, office: &Arc<Office>) {
    office.books().words.insert(1, "wait");
    let agent = open(dir, office, true).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().sent == 1).await;
    agent.stop().await;
    drop(agent);
    damage(dir, SENDING);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_sending_frame_does_not_strand_its_documents() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    sent_and_damaged(dir.path(), &office).await;
    office.books().words.clear();
    let agent = open(dir.path(), &office, true).await;
    until(&agent, |agent| agent.stats().accepted == 1).await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_whose_bytes_are_lost_is_not_sent_again_and_a_person_is_called() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().moods.push_back(("deliver", Mood::Lose));
    let patient = Settings { attempts: 1, retry_cap: HOUR, ..settings() };
    let agent = open_with(dir.path(), &office, true, patient.clone()).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().pending == 1).await;
    agent.stop().await;
    drop(agent);
    damage(dir.path(), SENDING);
    let agent = open_with(dir.path(), &office, true, patient).await;
    agent.resend_pending().await.unwrap();
    until(&agent, |agent| agent.stats().errors == 1).await;
    agent.stop().await;
    assert_eq!(office.books().asked("post/deliver"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_whose_parcel_is_lost_call_a_person() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    sent_and_damaged(dir.path(), &office).await;
    std::fs::remove_dir_all(dir.path().join("db")).unwrap();
    let agent = open(dir.path(), &office, true).await;
    until(&agent, |agent| row(agent, 1).attention.is_some()).await;
    agent.stop().await;
    assert_eq!(office.books().asked("post/deliver"), 1);
}
