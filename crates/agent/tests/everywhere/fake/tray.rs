//! Its printer, which a test holds in its hand.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use timbre_core::paper::{Copy, Drawing, Hold, Paper, Printing};
use timbre_core::receipt::Receipt;
use timbre_core::{Refusal, Series};

/// A printer that tells what it was given, and ends when it is told how.
pub struct Tray {
    began: Mutex<Sender<(String, Copy)>>,
    ends: Mutex<Receiver<Printing>>,
    /// The numbers that stood on the papers.
    pub numbers: Mutex<Vec<String>>,
}

impl Paper for Tray {
    fn on_issue(&self, _: &Series, _: Option<&str>) -> bool {
        true
    }

    fn knows(&self, printer: &str) -> bool {
        printer == "caja"
    }

    fn place(&self, _: &Receipt, printer: Option<&str>) -> Option<String> {
        printer.map(str::to_owned)
    }

    fn print(&self, name: &str, receipt: &Receipt, copy: Copy, printer: Option<&str>, _: Hold) -> Printing {
        let name = printer.map_or_else(|| name.to_owned(), |printer| format!("{name} en {printer}"));
        self.numbers.lock().unwrap().push(receipt.heading.number.clone());
        // Nobody looks when a test has ended.
        let _ = self.began.lock().unwrap().send((name, copy));
        self.ends.lock().unwrap().recv().unwrap_or(Printing::Failed { why: "apagada".to_owned() })
    }

    fn test(&self, _: Option<&str>) -> Printing {
        Printing::Done
    }

    fn draw(&self, _: &Receipt, _: &[Copy], _: Drawing) -> Result<Vec<u8>, Refusal> {
        Ok(Vec::new())
    }
}

/// The tray, what it was given, and what ends it.
pub fn tray() -> (Arc<Tray>, Receiver<(String, Copy)>, Sender<Printing>) {
    let (began, given) = channel();
    let (end, ends) = channel();
    let tray = Tray { began: Mutex::new(began), ends: Mutex::new(ends), numbers: Mutex::default() };
    (Arc::new(tray), given, end)
}

/// How the last paper of a document stands.
pub fn paper_of(agent: &timbre_agent::Agent, id: &str) -> Option<String> {
    agent.detail(id).unwrap().row.paper.map(|paper| paper.state)
}

/// The given paper, away from the test's runtime.
pub async fn given(from: Receiver<(String, Copy)>) -> ((String, Copy), Receiver<(String, Copy)>) {
    tokio::task::spawn_blocking(move || (from.recv().unwrap(), from)).await.unwrap()
}

/// Two printers, of which the kitchen's hangs until it is let go.
pub struct Two(Mutex<Receiver<()>>);

impl Paper for Two {
    fn on_issue(&self, _: &Series, _: Option<&str>) -> bool {
        true
    }

    fn knows(&self, _: &str) -> bool {
        true
    }

    fn place(&self, _: &Receipt, printer: Option<&str>) -> Option<String> {
        printer.map(str::to_owned)
    }

    fn print(&self, _: &str, _: &Receipt, _: Copy, printer: Option<&str>, _: Hold) -> Printing {
        if printer == Some("cocina") {
            let _ = self.0.lock().unwrap().recv();
        }
        Printing::Done
    }

    fn test(&self, _: Option<&str>) -> Printing {
        Printing::Done
    }

    fn draw(&self, _: &Receipt, _: &[Copy], _: Drawing) -> Result<Vec<u8>, Refusal> {
        Ok(Vec::new())
    }
}

/// Both of them, and what lets the kitchen's go, once for each paper.
pub fn two() -> (Sender<()>, Arc<Two>) {
    let (let_go, held) = channel();
    (let_go, Arc::new(Two(Mutex::new(held))))
}

/// Says of every paper that it is cut, and keeps what holds its place.
pub struct Stuck(Mutex<Sender<(String, Hold)>>);

impl Paper for Stuck {
    fn on_issue(&self, _: &Series, _: Option<&str>) -> bool {
        true
    }

    fn knows(&self, _: &str) -> bool {
        true
    }

    fn place(&self, _: &Receipt, _: Option<&str>) -> Option<String> {
        Some("caja".to_owned())
    }

    fn print(&self, name: &str, _: &Receipt, _: Copy, _: Option<&str>, hold: Hold) -> Printing {
        let _ = self.0.lock().unwrap().send((name.to_owned(), hold));
        Printing::Partial { why: "sin papel".to_owned() }
    }

    fn test(&self, _: Option<&str>) -> Printing {
        Printing::Done
    }

    fn draw(&self, _: &Receipt, _: &[Copy], _: Drawing) -> Result<Vec<u8>, Refusal> {
        Ok(Vec::new())
    }
}

/// What it was given, and itself.
pub fn stuck() -> (Receiver<(String, Hold)>, Arc<Stuck>) {
    let (began, given) = channel();
    (given, Arc::new(Stuck(Mutex::new(began))))
}
