//! A sale of thousands of lines, and thousands of documents that are sent again, next to other tills.

use std::future::poll_fn;
use std::sync::{Arc, mpsc};
use std::task::Poll;

use tokio::runtime::Builder;

use crate::fake::*;

/// On the one thread that answers everybody.
#[tokio::test]
async fn a_large_sale_is_drafted_where_it_holds_up_nobody_and_a_small_one_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let office = Arc::new(Office::default());
    let agent = open(dir.path(), &office, false).await;
    let sale = |blanks: usize| format!("{{\"total\": 10}}{}", " ".repeat(blanks));
    let issue = async |key: &str, blanks| {
        let issued = agent.issue(sale(blanks).into(), Some(key.to_owned())).await.unwrap();
        issued.document.folio
    };
    let before = DRAFTS.get();
    assert_eq!(issue("small", 0).await, 1);
    assert_eq!(DRAFTS.get(), before + 1, "no other thread is woken for a till's sale");
    assert_eq!(issue("large", 70_000).await, 2);
    assert_eq!(DRAFTS.get(), before + 1, "a large one is no business of this thread");
    assert_eq!(issue("large", 70_000).await, 2, "and is the same sale when it is said again");
    agent.stop().await;
}

/// The only thread that may be held up is held by something else: nothing was read yet.
#[test]
fn what_waits_is_read_where_it_holds_up_nobody_when_it_is_sent_again() {
    let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let agent = open(dir.path(), &Arc::new(Office::default()), false).await;
        let (free, freed) = mpsc::channel::<()>();
        let held = tokio::task::spawn_blocking(move || freed.recv());
        let mut resend = Box::pin(agent.resend_pending());
        assert!(poll_fn(|cx| Poll::Ready(resend.as_mut().poll(cx).is_pending())).await);
        drop(free);
        held.await.unwrap().unwrap_err();
        assert_eq!(resend.await.unwrap().queued, 0);
        agent.stop().await;
    });
}
