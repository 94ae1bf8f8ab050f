//! Paper: asked for with the document, printed behind the till's back, never twice unasked, and never claimed.

mod fake;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use fake::{Opening, office, open_as, sell, until};
use timbre_core::Refusal;
use timbre_core::paper::{Copy, Drawing, Paper, Printing};
use timbre_core::receipt::Receipt;

/// A printer that tells what it was given, and ends when it is told how.
struct Tray {
    began: Mutex<Sender<(String, Copy)>>,
    ends: Mutex<Receiver<Printing>>,
}

impl Paper for Tray {
    fn on_issue(&self) -> bool {
        true
    }

    fn print(&self, name: &str, _: &Receipt, copy: Copy) -> Printing {
        // Nobody looks when a test has ended.
        let _ = self.began.lock().unwrap().send((name.to_owned(), copy));
        self.ends.lock().unwrap().recv().unwrap_or(Printing::Failed { why: "apagada".to_owned() })
    }

    fn test(&self) -> Printing {
        Printing::Done
    }

    fn draw(&self, _: &Receipt, _: &[Copy], _: Drawing) -> Result<Vec<u8>, Refusal> {
        Ok(Vec::new())
    }
}

/// The tray, what it was given, and what ends it.
fn tray() -> (Arc<Tray>, Receiver<(String, Copy)>, Sender<Printing>) {
    let (began, given) = channel();
    let (end, ends) = channel();
    (Arc::new(Tray { began: Mutex::new(began), ends: Mutex::new(ends) }), given, end)
}

fn opening(tray: Arc<Tray>, send: bool) -> Opening {
    Opening { paper: tray, send, ..Opening::default() }
}

fn paper_of(agent: &timbre_agent::Agent, id: &str) -> Option<String> {
    agent.detail(id).unwrap().row.paper.map(|paper| paper.state)
}

/// The given paper, away from the test's runtime.
async fn given(from: Receiver<(String, Copy)>) -> ((String, Copy), Receiver<(String, Copy)>) {
    tokio::task::spawn_blocking(move || (from.recv().unwrap(), from)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_printer_that_does_not_answer_delays_no_sale() {
    let dir = tempfile::tempdir().unwrap();
    let (tray, trays, end) = tray();
    let agent = open_as(dir.path(), &office(), opening(tray, true)).await;
    let first = sell(&agent, "a", 100).await.document.id;
    let ((name, copy), trays) = given(trays).await;
    assert_eq!((name, copy), (first.clone(), Copy::Original));
    // It hangs, and the till goes on.
    let second = sell(&agent, "b", 200).await.document.id;
    assert_eq!(paper_of(&agent, &first).as_deref(), Some("begun"));
    assert_eq!(paper_of(&agent, &second).as_deref(), Some("asked"));
    end.send(Printing::Done).unwrap();
    end.send(Printing::Partial { why: "se acabó el papel".to_owned() }).unwrap();
    let ((name, _), _trays) = given(trays).await;
    assert_eq!(name, second);
    until(&agent, |agent| paper_of(agent, &second).as_deref() == Some("partial")).await;
    assert_eq!(paper_of(&agent, &first).as_deref(), Some("done"));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_the_printer_survives_a_stop_and_what_had_begun_is_never_printed_again() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let (tray_one, trays, end) = tray();
    let agent = open_as(dir.path(), &office, opening(tray_one, true)).await;
    let first = sell(&agent, "a", 100).await.document.id;
    let (_, _trays) = given(trays).await;
    let second = sell(&agent, "b", 200).await.document.id;
    // Cut in the middle: the journal as it is now, without the end of the first one.
    let cut = tempfile::tempdir().unwrap();
    copy_dir(&dir.path().join("journal"), &cut.path().join("journal"));
    end.send(Printing::Done).unwrap();
    drop(end);
    agent.stop().await;

    let (tray_two, trays, end) = tray();
    end.send(Printing::Handed).unwrap();
    let agent = open_as(cut.path(), &office, opening(tray_two, true)).await;
    let ((name, copy), trays) = given(trays).await;
    assert_eq!((name, copy), (second.clone(), Copy::Original), "only what had not begun");
    until(&agent, |agent| paper_of(agent, &second).as_deref() == Some("handed")).await;
    assert_eq!(paper_of(&agent, &first).as_deref(), Some("partial"));
    agent.stop().await;
    assert!(trays.try_recv().is_err(), "nothing else was printed");
}

#[tokio::test(flavor = "multi_thread")]
async fn by_hand_the_first_is_an_original_and_the_next_a_copy() {
    let dir = tempfile::tempdir().unwrap();
    let (tray, trays, end) = tray();
    let agent = open_as(dir.path(), &office(), opening(tray, false)).await;
    end.send(Printing::Failed { why: "sin papel".to_owned() }).unwrap();
    let id = sell(&agent, "a", 100).await.document.id;
    until(&agent, |agent| paper_of(agent, &id).as_deref() == Some("failed")).await;
    for (how, copy) in [(Printing::Done, Copy::Original), (Printing::Done, Copy::Repeated)] {
        end.send(how).unwrap();
        let paper = agent.print(&id, false).await.unwrap();
        assert_eq!((paper.copy, paper.word.as_str()), (copy.to_string(), "Impreso"));
    }
    end.send(Printing::Handed).unwrap();
    assert_eq!(agent.print(&id, true).await.unwrap().copy, "cedible");
    agent.stop().await;
    let copies: Vec<Copy> = trays.try_iter().map(|(_, copy)| copy).collect();
    assert_eq!(copies, [Copy::Original, Copy::Original, Copy::Repeated, Copy::Ceded]);
}

/// A sale that is said again with its key is the same document, and the same paper.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_sale_prints_nothing_more() {
    let dir = tempfile::tempdir().unwrap();
    let (tray, trays, end) = tray();
    let agent = open_as(dir.path(), &office(), opening(tray, false)).await;
    end.send(Printing::Done).unwrap();
    let id = sell(&agent, "a", 100).await.document.id;
    until(&agent, |agent| paper_of(agent, &id).as_deref() == Some("done")).await;
    assert!(sell(&agent, "a", 100).await.repeated);
    agent.stop().await;
    assert_eq!(trays.try_iter().count(), 1);
}

fn copy_dir(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
