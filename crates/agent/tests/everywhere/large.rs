//! A sale of thousands of lines next to other tills.

use std::sync::Arc;

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
