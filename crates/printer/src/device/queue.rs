//! The system's own queues: CUPS by its programs, Windows by its spooler. A queue takes a paper whole or not at
//! all, and does not tell what became of it.

use timbre_core::paper::Printing;

use super::{Course, Load, failed};

#[cfg(not(windows))]
pub(super) fn print(queue: &str, job: &str, load: Load, bytes: &[u8], course: &Course) -> Printing {
    use std::io::Write;
    use std::process::{Command, Stdio};

    let raw: &[&str] = match load {
        // As they are: no driver may draw them anew.
        Load::Ticket => &["-o", "raw"],
        Load::Sheets => &[],
    };
    if let Err(how) = course.begin() {
        return how;
    }
    let child = Command::new("lp")
        // As its people see it in the queue.
        .args(["-d", queue, "-t", job, "-s"])
        .args(raw)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return failed(format!("no se pudo usar la cola {queue} ({error})")),
    };
    // The pipe closes with the end of this line; a queue that refuses says why when it ends.
    let written = child.stdin.take().map_or(Ok(()), |mut pipe| pipe.write_all(bytes));
    match child.wait_with_output() {
        Ok(out) if out.status.success() && written.is_ok() => Printing::Handed,
        Ok(out) => {
            failed(format!("la cola {queue} no lo tomó: {}", String::from_utf8_lossy(&out.stderr).trim()))
        }
        Err(error) => super::partial(format!("no se sabe si la cola {queue} lo tomó ({error})")),
    }
}

/// As RAW, whatever it is: sheets come out only of a printer that understands PDF by itself.
#[cfg(windows)]
pub(super) fn print(queue: &str, _: &str, _: Load, bytes: &[u8], course: &Course) -> Printing {
    use super::winspool::{self, NotTaken};

    if let Err(how) = course.begin() {
        return how;
    }
    match winspool::print(queue, bytes) {
        Ok(()) => Printing::Handed,
        Err(NotTaken::Unknown(why)) => failed(format!("Windows no tiene una impresora «{queue}» ({why})")),
        Err(NotTaken::Refused(why)) => failed(format!("Windows no tomó nada para «{queue}» ({why})")),
        Err(NotTaken::Cut(why)) => super::partial(format!("Windows no tomó todo para «{queue}» ({why})")),
    }
}

/// The names of the queues there are.
#[cfg(not(windows))]
pub(super) fn names() -> Vec<String> {
    use std::process::{Command, Stdio};
    use std::sync::mpsc;
    use std::time::Duration;

    /// It looks for printers on the network too, and a network may be slow to answer.
    const SEARCH: Duration = Duration::from_secs(5);

    let (told, names) = mpsc::channel();
    std::thread::spawn(move || {
        let listed = Command::new("lpstat").arg("-e").stderr(Stdio::null()).output();
        let listed = listed.map(|out| String::from_utf8_lossy(&out.stdout).into_owned());
        // A system without CUPS has none.
        let _ = told.send(lines(&listed.unwrap_or_default()));
    });
    names.recv_timeout(SEARCH).unwrap_or_default()
}

#[cfg(windows)]
pub(super) fn names() -> Vec<String> {
    super::winspool::names()
}

/// What `lpstat -e` lists: a name a line.
#[cfg(not(windows))]
fn lines(listed: &str) -> Vec<String> {
    let mut names: Vec<String> =
        listed.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(all(test, not(windows)))]
mod tests {
    use super::*;

    #[test]
    fn queues_are_read_one_a_line() {
        assert_eq!(lines("Ticketera\nHP_LaserJet\n\nTicketera\n"), ["HP_LaserJet", "Ticketera"]);
        assert_eq!(lines(""), Vec::<String>::new());
    }
}
