//! Where an authority hears several conversations at once.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Barrier};

use crate::fake::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stale_pass_is_renewed_once_by_whoever_comes_first() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let (armed, begun) = (Arc::new(AtomicBool::new(false)), [AtomicU32::new(0), AtomicU32::new(0)]);
    let hook: Hook = {
        let (armed, office, both) = (Arc::clone(&armed), Arc::clone(&office), Barrier::new(2));
        Arc::new(move |called, documents| {
            if called == "begin" && armed.load(SeqCst) {
                let second = documents[0].id.number == 3;
                if begun[usize::from(second)].fetch_add(1, SeqCst) == 0 {
                    // Both have taken the old pass; the second goes on when the first has a new one.
                    both.wait();
                    while second && office.books().logins < 2 {
                        std::thread::yield_now();
                    }
                }
            }
            Ok(())
        })
    };
    let agent = open_as(dir.path(), &office, Opening { hook, ..Opening::default() }).await;
    sell(&agent, "first", ALONE).await;
    until(&agent, |agent| agent.stats().accepted == 1).await;
    agent.set_running(false);
    sell(&agent, "a", ALONE).await;
    sell(&agent, "b", ALONE).await;
    office.books().expired = 1;
    armed.store(true, SeqCst);
    agent.set_running(true);
    until(&agent, |agent| agent.stats().accepted == 3).await;
    assert_eq!(office.books().logins, 2, "one for the shop's first pass, one for the stale one");
    agent.stop().await;
}
