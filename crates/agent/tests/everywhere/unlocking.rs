//! A person lifts a lock on issuing: what is used elsewhere is said, and the authority is asked before.

use std::path::Path;
use std::sync::Arc;

use timbre_agent::view::{SpanView, UnlockOrder};
use timbre_agent::{Agent, Answer};
use timbre_core::Environment;
use timbre_store::OpenOptions;

use crate::fake::*;

async fn opened(root: &Path, office: &Arc<Office>, environment: Environment) -> Agent {
    let options = OpenOptions { anchor: Some(root.join("anchor.json")), ..OpenOptions::default() };
    let opening = Opening { send: false, options, environment, ..Opening::default() };
    open_as(&root.join("shop"), office, opening).await
}

/// A folder that used the first folio, as another machine opens it.
async fn brought(root: &Path, office: &Arc<Office>, environment: Environment) -> Agent {
    let agent = opened(root, office, environment).await;
    sell(&agent, "a", 10).await;
    agent.stop().await;
    drop(agent);
    for file in ["anchor.json", "anchor.base"] {
        std::fs::remove_file(root.join(file)).unwrap();
    }
    opened(root, office, environment).await
}

fn used(last: u64) -> UnlockOrder {
    UnlockOrder { used_up_to: [("A".to_owned(), last)].into(), ..UnlockOrder::by("ana") }
}

#[track_caller]
fn refused<T: std::fmt::Debug>(answer: Answer<T>, status: u16, code: &str) -> String {
    let refused = answer.unwrap_err();
    assert_eq!((refused.status, refused.code.as_str()), (status, code), "{refused}");
    refused.detail
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folio_that_the_authority_knows_keeps_issuing_locked_until_what_was_used_elsewhere_is_said() {
    // In training a copy may have used them as well.
    for environment in [Environment::Certification, Environment::Training] {
        let (root, office) = (tempfile::tempdir().unwrap(), office());
        let agent = brought(root.path(), &office, environment).await;
        // Each alone would be found; the third one is asked about although the second is free.
        for (folio, told) in [(2, "el folio 2 de"), (3, "el folio 3 de"), (5, "el folio 5 de")] {
            office.books().words = [(folio, "yes")].into();
            let detail = refused(agent.unlock(&UnlockOrder::by("ana")).await, 422, "next-number-taken");
            assert!(detail.contains(told) && detail.contains("hasta cuál se usaron"), "{detail}");
        }
        // A folio in a range that was not begun is as good a sign.
        office.books().words = [(6, "yes")].into();
        refused(agent.unlock(&UnlockOrder { unasked: true, ..used(5) }).await, 422, "next-number-taken");
        assert!(agent.lock().is_some());
        office.books().words = [(2, "yes"), (3, "yes")].into();
        let detail = refused(agent.unlock(&UnlockOrder::by("ana")).await, 422, "next-number-taken");
        assert!(detail.contains("los folios 2 y 3 de"), "{detail}");

        let lifted = agent.unlock(&used(3)).await.unwrap();
        assert_eq!((lifted.folios[0].used_to, lifted.folios[0].next), (Some(3), Some(4)));
        assert_eq!(agent.lock(), None);
        assert_eq!(sell(&agent, "b", 10).await.document.folio, 4);
        // What was passed over is still to be looked at, as after any unlock.
        assert_eq!(
            agent.snapshot().folios[0].ranges[0].skipped,
            [SpanView { first: 2, last: 3, lost: false }]
        );
        let acts = agent.acts("", None, None).unwrap().rows;
        assert_eq!(acts[0].what, "Desbloquear la emisión; del tipo A, usados hasta el 3");
        agent.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_line_only_who_says_that_nobody_could_be_asked_unlocks_and_that_is_kept() {
    let (root, office) = (tempfile::tempdir().unwrap(), office());
    let agent = brought(root.path(), &office, Environment::Certification).await;
    office.books().down = true;
    let detail = refused(agent.unlock(&UnlockOrder::by("ana")).await, 504, "next-number-unasked");
    assert!(
        detail.contains("No se pudo preguntar") && detail.contains("desbloquee sin preguntar"),
        "{detail}"
    );
    assert!(agent.lock().is_some());
    agent.unlock(&UnlockOrder { unasked: true, ..UnlockOrder::by("ana") }).await.unwrap();
    assert_eq!(sell(&agent, "b", 10).await.document.folio, 2);
    let act = agent.acts("", None, None).unwrap().rows.remove(0);
    assert!(act.what.starts_with("Desbloquear la emisión; sin haber podido preguntar: "), "{}", act.what);
    assert_eq!(act.who, "ana");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_grew_old_keeps_nobody_from_asking() {
    let (root, office) = (tempfile::tempdir().unwrap(), office());
    let agent = brought(root.path(), &office, Environment::Certification).await;
    office.books().words = [(2, "yes")].into();
    refused(agent.unlock(&UnlockOrder::by("ana")).await, 422, "next-number-taken");
    let logins = office.books().logins;
    office.books().expired = logins;
    refused(agent.unlock(&UnlockOrder::by("ana")).await, 422, "next-number-taken");
    assert_eq!(office.books().logins, logins + 1);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_to_be_used_is_never_issued_and_a_slip_of_the_finger_uses_up_nothing() {
    let (root, office) = (tempfile::tempdir().unwrap(), office());
    let agent = brought(root.path(), &office, Environment::Training).await;
    for order in [used(20_000), UnlockOrder { used_up_to: [("none".to_owned(), 3)].into(), ..used(3) }] {
        refused(agent.unlock(&order).await, 422, "used-up-to-outside");
    }
    assert!(agent.lock().is_some());
    // All of the ranges below it, too; nothing that is known to be used is taken back.
    agent.unlock(&used(8)).await.unwrap();
    assert_eq!(sell(&agent, "b", 10).await.document.folio, 9);
    agent.stop().await;
    drop(agent);
    std::fs::remove_dir_all(root.path().join("shop/db")).unwrap();
    let agent = opened(root.path(), &office, Environment::Training).await;
    assert_eq!((agent.lock(), sell(&agent, "c", 10).await.document.folio), (None, 10));
    agent.stop().await;
}

/// Who knew better must not believe that it counts.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_unlock_at_once_one_is_told_that_the_other_did() {
    let (root, office) = (tempfile::tempdir().unwrap(), office());
    let agent = brought(root.path(), &office, Environment::Certification).await;
    let (few, many) = (used(2), used(4));
    let (few, many) = tokio::join!(agent.unlock(&few), agent.unlock(&many));
    let told = [&few, &many].into_iter().find_map(|answer| answer.as_ref().err()).expect("one of them");
    assert!(["unlocked-meanwhile", "not-locked"].contains(&told.code.as_str()), "{told}");
    let next = if few.is_ok() { 3 } else { 5 };
    assert_eq!(sell(&agent, "b", 10).await.document.folio, next);
    agent.stop().await;
}
