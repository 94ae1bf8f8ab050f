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
    ahead(&office, &clock, 0);
    assert_eq!(refused(&agent, "k5").await.code, "clock-off");
    until(&agent, |agent| agent.clock().is_some_and(|clock| clock.good)).await;
    sell(&agent, "k5", 10).await;
    assert!(agent.clock().unwrap().good);
    agent.stop().await;
}
