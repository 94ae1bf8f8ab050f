//! A certificate's file that takes long to read, next to tills.

use std::sync::{Arc, mpsc};

use crate::fake::*;

/// On the one thread that answers everybody.
#[tokio::test]
async fn a_certificate_that_takes_long_to_read_stops_no_till_and_no_second_is_read_beside_it() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let keys = Arc::<NoKeys>::default();
    let opening = Opening { send: false, keys: Arc::clone(&keys), ..Opening::default() };
    let agent = open_as(dir.path(), &office, opening).await;
    let ((begun, begin), (go_on, wait)) = (mpsc::channel(), mpsc::channel());
    *keys.slow.lock().unwrap() = Some((begun, wait));
    let loading = agent.clone();
    let loading = tokio::spawn(async move { loading.load_certificate(b"slow", "", None).await });
    tokio::task::spawn_blocking(move || begin.recv().unwrap()).await.unwrap();
    sell(&agent, "k", 10).await;
    let busy = agent.load_certificate(b"another", "", None).await.unwrap_err();
    assert_eq!((busy.status, busy.code.as_str()), (503, "certificate-busy"));
    go_on.send(()).expect("it is still being read");
    loading.await.unwrap().unwrap();
    agent.load_certificate(b"another", "", None).await.expect("nothing is being read any more");
    agent.stop().await;
}
