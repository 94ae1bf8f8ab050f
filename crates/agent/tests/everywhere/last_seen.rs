//! A till says what it was given last. The whole machine was put back, its anchor too: nothing else tells of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, mpsc};

use timbre_agent::view::{IssuedView, ProblemView, UnlockOrder};
use timbre_agent::{Agent, Answer};
use timbre_core::DocumentId;
use timbre_store::OpenOptions;

use super::copied::{anchored, copy};
use crate::fake::*;

/// A till that keeps, of each type, the id of the last document that was made for it.
struct Till {
    name: &'static str,
    seen: BTreeMap<String, DocumentId>,
    /// By key: the documents that it was given for a sale.
    given: BTreeMap<String, Vec<String>>,
}

impl Till {
    fn new(name: &'static str) -> Till {
        Till { name, seen: BTreeMap::new(), given: BTreeMap::new() }
    }

    async fn sells(&mut self, agent: &Agent, key: &str) -> Answer<IssuedView> {
        let seen = self.seen.values().cloned().collect();
        let (key, from) = (format!("{}-{key}", self.name), Some(self.name.to_owned()));
        let issued = agent.issue_from("{\"total\": 10}".into(), Some(key.clone()), from, seen).await?;
        let id = issued.document.id.clone();
        let kept = self.seen.get(&issued.document.series).map_or(0, |seen| seen.number);
        if !issued.repeated || kept < issued.document.folio {
            self.seen.insert(issued.document.series.clone(), id.parse().unwrap());
        }
        let given = self.given.entry(key).or_default();
        if !given.contains(&id) {
            given.push(id);
        }
        Ok(issued)
    }

    /// Nothing of what it sold has two documents.
    #[track_caller]
    fn has_one_for_each(&self) {
        for (key, given) in &self.given {
            assert_eq!(given.len(), 1, "{key}: {given:?}");
        }
    }
}

/// The folder and what the machine remembers of it, as they stand.
fn picture(root: &Path, name: &str) {
    let to = root.join(name);
    copy(&root.join("shop"), &to.join("shop"));
    for file in ["anchor.json", "anchor.base"] {
        fs::copy(root.join(file), to.join(file)).unwrap();
    }
}

fn put_back(root: &Path, name: &str) {
    fs::remove_dir_all(root.join("shop")).unwrap();
    copy(&root.join(name), root);
}

#[track_caller]
fn refused(answer: Answer<IssuedView>, status: u16, code: &str) -> ProblemView {
    let refused = answer.unwrap_err();
    assert_eq!((refused.status, refused.code.as_str()), (status, code), "{refused}");
    refused
}

fn codes(issued: &IssuedView) -> Vec<&str> {
    issued.warnings.iter().map(|warning| warning.code.as_str()).collect()
}

fn used(last: u64) -> UnlockOrder {
    UnlockOrder { used_up_to: [("A".to_owned(), last)].into(), ..UnlockOrder::by("ana") }
}

/// So many were sold before the picture was taken, and so many since.
async fn restored(root: &Path, office: &Arc<Office>, till: &mut Till, before: u32, since: u32) -> Agent {
    let agent = anchored(root, office, false).await;
    for n in 0..before {
        till.sells(&agent, &n.to_string()).await.unwrap();
    }
    agent.stop().await;
    drop(agent);
    picture(root, "picture");
    let agent = anchored(root, office, false).await;
    for n in before..before + since {
        till.sells(&agent, &n.to_string()).await.unwrap();
    }
    agent.stop().await;
    drop(agent);
    put_back(root, "picture");
    let agent = anchored(root, office, false).await;
    assert_eq!(agent.lock(), None, "the anchor was put back, too");
    agent
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_that_says_what_it_saw_gets_no_second_document_of_a_machine_that_was_put_back() {
    // The ranges of the shop are 1 to 5, 6 to 500, and on.
    for (before, since) in [(0, 1), (1, 1), (3, 1), (2, 5), (5, 1), (5, 3), (7, 2)] {
        let (root, office, mut till) = (tempfile::tempdir().unwrap(), office(), Till::new("caja1"));
        let agent = restored(root.path(), &office, &mut till, before, since).await;
        // A sale of which the copy knows nothing is said again; and all the others.
        let last = u64::from(before + since);
        for n in 0..before + since {
            match till.sells(&agent, &n.to_string()).await {
                Ok(issued) => assert!(issued.repeated && n < before, "{before}+{since}: {n}"),
                Err(problem) => assert_eq!((problem.status, problem.code.as_str()), (503, "store-stopped")),
            }
        }
        till.has_one_for_each();
        assert_eq!(agent.stats().total, u64::from(before), "no folio was taken");
        let lock = agent.lock().unwrap();
        assert_eq!(lock.reason, "till-ahead");
        assert!(
            lock.text.contains(&format!("La caja «caja1» dice que recibió el folio {last}")),
            "{}",
            lock.text
        );
        // The number that it proposes.
        let seen: Vec<_> =
            lock.folios.iter().filter_map(|of| Some((of.seen?, of.seen_by.clone()?))).collect();
        assert_eq!(seen, [(last, "caja1".to_owned())]);
        // A till without memory is refused, too, until somebody decides; and that somebody says how far.
        refused(Till::new("caja2").sells(&agent, "x").await, 503, "store-stopped");
        let undecided = agent.unlock(&UnlockOrder::by("ana")).await.unwrap_err();
        assert_eq!((undecided.status, undecided.code.as_str()), (422, "last-seen-undecided"));
        assert_eq!(undecided.errors[0].path, "used_up_to.A");
        agent.unlock(&used(last)).await.unwrap();
        // What it sends next may be what it sent before.
        let next = till.sells(&agent, "new").await.unwrap();
        assert_eq!((next.document.folio, codes(&next)), (last + 1, vec!["maybe-second"]));
        let next = till.sells(&agent, "newer").await.unwrap();
        assert_eq!((next.document.folio, codes(&next)), (last + 2, vec![]));
        till.has_one_for_each();
        agent.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_that_errs_is_heard_once_stops_nobody_for_ever_and_uses_up_nothing() {
    let (root, office, mut till) = (tempfile::tempdir().unwrap(), office(), Till::new("caja1"));
    let agent = anchored(root.path(), &office, false).await;
    assert_eq!(till.sells(&agent, "a").await.unwrap().document.folio, 1);
    // What no range has is no lock, and names where it stands; the others sell on.
    for id in ["TAF2001", "TAF18446744073709551615"] {
        let seen = vec![id.parse().unwrap(), "TAF1".parse().unwrap()];
        let answer = agent.issue_from("{\"total\": 10}".into(), None, Some("caja1".into()), seen).await;
        assert_eq!(refused(answer, 422, "last-seen-outside").errors[0].path, "Timbre-Last-Seen");
        assert_eq!(agent.lock(), None);
    }
    assert_eq!(Till::new("caja2").sells(&agent, "b").await.unwrap().document.folio, 2);

    till.seen.insert("A".to_owned(), "TAF1999".parse().unwrap());
    refused(till.sells(&agent, "c").await, 503, "store-stopped");
    // A lock outlives the run, and what the till says costs no folio.
    agent.stop().await;
    drop(agent);
    let agent = anchored(root.path(), &office, false).await;
    agent.unlock(&used(0)).await.unwrap();
    let acts = agent.acts("", None, None).unwrap().rows;
    assert_eq!(acts[0].what, "Desbloquear la emisión; del tipo A, ninguno más");
    till.seen.insert("A".to_owned(), "TAF2000".parse().unwrap());
    let issued = till.sells(&agent, "c").await.unwrap();
    assert_eq!((issued.document.folio, agent.lock()), (3, None));
    assert_eq!(codes(&issued), ["last-seen-disbelieved"]);
    // With what it was answered it errs no more.
    assert_eq!(till.sells(&agent, "d").await.unwrap().warnings, []);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_till_remembers_of_a_type_that_was_never_loaded_stops_no_sale_of_another() {
    let (root, office) = (tempfile::tempdir().unwrap(), office());
    let agent = anchored(root.path(), &office, false).await;
    let mut till = Till::new("caja1");
    till.seen.insert("none".to_owned(), DocumentId::new("none", 7));
    for (key, folio) in [("a", 1), ("b", 2)] {
        let issued = till.sells(&agent, key).await.unwrap();
        assert_eq!((issued.document.folio, codes(&issued)), (folio, vec!["last-seen-outside"]));
        assert!(issued.warnings[0].message.contains("el folio 7 de"), "{:?}", issued.warnings);
    }
    // Of the sale's own type it is believed all the same.
    till.seen.insert("A".to_owned(), DocumentId::new("A", 5));
    refused(till.sells(&agent, "c").await, 503, "store-stopped");
    assert_eq!((agent.stats().total, agent.lock().unwrap().reason.as_str()), (2, "till-ahead"));
    agent.stop().await;
}

/// Whatever else it remembers: a folio of a range that is here may be taken a second time.
#[tokio::test(flavor = "multi_thread")]
async fn what_no_range_has_hides_nothing_that_a_till_says_beside_it() {
    let (root, office, mut till) = (tempfile::tempdir().unwrap(), office(), Till::new("caja1"));
    let agent = restored(root.path(), &office, &mut till, 1, 1).await;
    for seen in [["TAF2001", "TAF2"], ["TAF2", "TAF2001"]] {
        let seen = seen.map(|id| id.parse().unwrap()).to_vec();
        let answer = agent.issue_from("{\"total\": 10}".into(), None, Some("caja1".into()), seen).await;
        refused(answer, 503, "store-stopped");
    }
    assert_eq!((agent.lock().unwrap().reason.as_str(), agent.stats().total), ("till-ahead", 1));
    agent.stop().await;
}

/// What it waits for does not go on behind the lock's back: not what is wrapped, nor what is offered again with a new pass.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_parcel_that_is_on_its_way_out_stays_here_once_a_till_has_locked() {
    for (held, calls) in [("wrap", 0), ("login", 1)] {
        let (root, office) = (tempfile::tempdir().unwrap(), office());
        let ((reached, reaches), (go, gone)) = (mpsc::channel(), mpsc::channel());
        let (left, gone) = (AtomicUsize::new(calls), Mutex::new(gone));
        let hook: Hook = Arc::new(move |called, _| {
            if called == held && left.fetch_sub(1, SeqCst) == 0 {
                reached.send(()).unwrap();
                gone.lock().unwrap().recv().unwrap();
            }
            Ok(())
        });
        office.books().moods.extend((calls > 0).then_some(("deliver", Mood::Stale)));
        let options = OpenOptions { anchor: Some(root.path().join("anchor.json")), ..OpenOptions::default() };
        let agent =
            open_as(&root.path().join("shop"), &office, Opening { hook, options, ..Opening::default() })
                .await;
        sell(&agent, "a", 10).await;
        tokio::task::block_in_place(|| reaches.recv()).unwrap();
        let seen = vec!["TAF400".parse().unwrap()];
        let answer = agent.issue_from("{\"total\": 10}".into(), None, Some("caja1".into()), seen).await;
        refused(answer, 503, "store-stopped");
        go.send(()).unwrap();
        agent.stop().await;
        assert_eq!(office.books().parcels, [""; 0], "{held}");
        assert!(["GENERADO", "PENDIENTE"].contains(&row(&agent, 1).state.as_str()), "{:?}", row(&agent, 1));
    }
}

/// It was locked already, since this machine has no memory of it: what the till says is decided with that.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_till_says_while_issuing_is_locked_for_another_reason_locks_no_second_time() {
    let (root, office, mut till) = (tempfile::tempdir().unwrap(), office(), Till::new("caja1"));
    let agent = restored(root.path(), &office, &mut till, 1, 2).await;
    agent.stop().await;
    drop(agent);
    for file in ["anchor.json", "anchor.base"] {
        fs::remove_file(root.path().join(file)).unwrap();
    }
    let agent = anchored(root.path(), &office, false).await;
    let before = agent.lock().unwrap();
    let nothing = [("A".to_owned(), 0)].into();
    assert_eq!((before.reason.as_str(), before.seen()), ("anchor-missing", nothing));
    refused(till.sells(&agent, "x").await, 503, "store-stopped");
    let lock = agent.lock().unwrap();
    assert_eq!((lock.reason.as_str(), lock.seen()), ("anchor-missing", [("A".to_owned(), 3)].into()));
    assert!(lock.text.contains("La caja «caja1» dice que recibió el folio 3"), "{}", lock.text);
    // Who looked before it spoke decides nothing about it.
    let undecided = agent.unlock(&UnlockOrder::by("ana")).await.unwrap_err();
    assert_eq!((undecided.status, undecided.code.as_str()), (422, "last-seen-undecided"));
    for seen in [before.seen(), [("A".to_owned(), 2)].into()] {
        let early = UnlockOrder { seen, ..used(3) };
        assert_eq!(agent.unlock(&early).await.unwrap_err().code, "last-seen-changed");
    }
    agent.unlock(&UnlockOrder { seen: lock.seen(), ..used(3) }).await.unwrap();
    assert_eq!(till.sells(&agent, "x").await.unwrap().document.folio, 4);
    assert_eq!(agent.lock(), None);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_while_others_sell_is_never_news() {
    let (root, office) = (tempfile::tempdir().unwrap(), office());
    let agent = anchored(root.path(), &office, false).await;
    let tills = ["caja1", "caja2", "caja3", "caja4"].map(|name| {
        let agent = agent.clone();
        tokio::spawn(async move {
            let mut till = Till::new(name);
            for n in 0..20 {
                till.sells(&agent, &n.to_string()).await.unwrap();
            }
        })
    });
    for till in tills {
        till.await.unwrap();
    }
    assert_eq!((agent.lock(), agent.stats().total), (None, 80));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_till_said_since_a_person_looked_is_decided_by_nobody() {
    let (root, office, mut till) = (tempfile::tempdir().unwrap(), office(), Till::new("caja1"));
    let agent = restored(root.path(), &office, &mut till, 1, 2).await;
    refused(till.sells(&agent, "x").await, 503, "store-stopped");
    let shown = |highest: u64| UnlockOrder { seen: [("A".to_owned(), highest)].into(), ..used(3) };
    let mut other = Till::new("caja2");
    other.seen.insert("A".to_owned(), DocumentId::new("A", 5));
    refused(other.sells(&agent, "y").await, 503, "store-stopped");
    let early = agent.unlock(&shown(3)).await.unwrap_err();
    assert_eq!((early.status, early.code.as_str()), (409, "last-seen-changed"));
    assert!(agent.lock().unwrap().text.contains("La caja «caja2» dice que recibió el folio 5"));
    assert_eq!(agent.lock().unwrap().seen(), shown(5).seen);
    agent.unlock(&shown(5)).await.unwrap();
    assert_eq!(till.sells(&agent, "x").await.unwrap().document.folio, 4);
}
