//! Where an authority keeps what it rejects: what it does not have of an envelope that arrived is odd.

use crate::fake::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_that_arrived_in_part_is_not_delivered_again() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().moods.push_back(("deliver", Mood::Lose));
    office.books().words.insert(2, "yes");
    let agent = together(dir.path(), &office, 4).await;
    until(&agent, |agent| [1, 3, 4].iter().all(|n| flagged(agent, *n))).await;
    // They are asked about again, and the answer is the same.
    let before = questions(&office);
    until(&agent, |_| questions(&office) >= before + 12).await;
    agent.stop().await;
    assert_eq!(office.books().asked("post/deliver"), 1);
    assert_eq!(row(&agent, 2).state, "ACEPTADO");
    assert!(!flagged(&agent, 2));
}
