//! How long a printer is waited for, and what may be said of a paper that was given up. Knows no device.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use timbre_core::paper::{Hold, Printing};

use super::{failed, partial};

/// How often who waits looks whether its program is about to end.
const LOOK: Duration = Duration::from_millis(100);

pub(super) const STUCK_MIDWAY: &str = "la impresora no terminó de recibir: revise papel y tapa";
const SILENT: &str = "la impresora no responde";
const LEFT: &str = "la impresora no terminó a tiempo y Timbre dejó de esperarla: mire si el papel salió";

/// What a good printer takes beside drawing a paper: to wake, and to cut.
const BESIDE: Duration = Duration::from_secs(8);

/// Says to the papers that are under way that their program is about to end.
#[derive(Debug, Clone)]
pub struct Hurry {
    said: Arc<AtomicBool>,
    /// What a printer may take then beside drawing a paper.
    pub(super) beside: Duration,
}

impl Default for Hurry {
    fn default() -> Hurry {
        Hurry { said: Arc::default(), beside: BESIDE }
    }
}

impl Hurry {
    /// The same, with so much time for a printer beside drawing a paper; else as much as a good one takes.
    pub fn giving(&self, beside: Option<Duration>) -> Hurry {
        Hurry { said: Arc::clone(&self.said), beside: beside.unwrap_or(BESIDE) }
    }

    pub fn say(&self) {
        self.said.store(true, Ordering::SeqCst);
    }

    fn is_said(&self) -> bool {
        self.said.load(Ordering::SeqCst)
    }
}

/// How long a printer is waited for.
pub(super) struct Patience {
    /// So long without a sign is too long.
    pub stuck: Duration,
    /// In a hurry: so long. A slow printer draws the paper in it.
    pub soon: Duration,
    pub hurry: Hurry,
}

/// A printing under way, as who waits for it is told.
pub(super) struct Course {
    signs: mpsc::Sender<Sign>,
    /// Taken by who comes first: the first byte, or who gives up waiting for it.
    decided: Arc<AtomicBool>,
    stuck: Duration,
}

enum Sign {
    /// It goes on; the next sign comes within this.
    Moved(Duration),
    Ended(Printing),
}

impl Course {
    /// Before the first byte may leave. Refused when nobody waits any more: it was said that nothing came out.
    pub fn begin(&self) -> Result<(), Printing> {
        if self.decided.swap(true, Ordering::SeqCst) {
            return Err(failed(SILENT));
        }
        self.moved();
        Ok(())
    }

    /// The printer took something.
    pub fn moved(&self) {
        self.waits(Duration::ZERO);
    }

    /// Nothing more is to be seen for so long.
    pub fn waits(&self, span: Duration) {
        // Nobody waits any more when it took too long.
        let _ = self.signs.send(Sign::Moved(self.stuck + span));
    }
}

#[cfg(test)]
impl Course {
    /// One that nobody watches.
    pub fn unwatched() -> Course {
        let (signs, _) = mpsc::channel();
        Course { signs, decided: Arc::default(), stuck: Duration::from_secs(40) }
    }

    pub fn has_begun(&self) -> bool {
        self.decided.load(Ordering::SeqCst)
    }
}

/// Work that may never come back (a device without paper holds who writes to it) is left to itself when nothing was
/// taken for so long; it keeps `hold` until it ends.
pub(super) fn patiently(
    patience: Patience,
    hold: Hold,
    work: impl FnOnce(&Course) -> Printing + Send + 'static,
) -> Printing {
    let Patience { stuck, soon, hurry } = patience;
    let (signs, seen) = mpsc::channel();
    let decided = Arc::new(AtomicBool::new(false));
    let course = Course { signs, decided: Arc::clone(&decided), stuck };
    std::thread::spawn(move || {
        let how = work(&course);
        let _ = course.signs.send(Sign::Ended(how));
        drop(hold);
    });
    let (mut last, mut span) = (Instant::now(), stuck);
    loop {
        let hurried = hurry.is_said();
        match seen.recv_timeout(LOOK.min(span.saturating_sub(last.elapsed()))) {
            Ok(Sign::Moved(next)) => (last, span) = (Instant::now(), next),
            Ok(Sign::Ended(how)) => return how,
            // It was waited for in vain, or its work has died.
            Err(error) if error == RecvTimeoutError::Disconnected || last.elapsed() >= span => {
                return match decided.swap(true, Ordering::SeqCst) {
                    true => partial(STUCK_MIDWAY),
                    false => failed(SILENT),
                };
            }
            Err(_) if hurried && !decided.swap(true, Ordering::SeqCst) => return Printing::Asked,
            Err(_) if hurried && last.elapsed() >= soon => return partial(LEFT),
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    fn patience(stuck: Duration) -> Patience {
        Patience { stuck, soon: Duration::ZERO, hurry: Hurry::default() }
    }

    /// What is given up was said not to have come out: it may not come out later.
    #[test]
    fn what_was_given_up_before_its_first_byte_never_begins() {
        let (wait, go) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let how = patiently(patience(Duration::ZERO), Box::new(()), move |course| {
            go.recv().unwrap();
            let begun = course.begin();
            tell.send(begun.is_ok()).unwrap();
            Printing::Done
        });
        assert_eq!(how, failed(SILENT));
        wait.send(()).unwrap();
        assert!(!told.recv().unwrap());
    }

    /// A slow line takes longer than anything may stand still, and says so.
    #[test]
    fn a_printer_that_says_that_it_takes_long_is_not_stuck() {
        let stuck = Duration::from_millis(500);
        let how = patiently(patience(stuck), Box::new(()), move |course| {
            course.begin().unwrap();
            course.waits(LONG);
            std::thread::sleep(2 * stuck);
            Printing::Done
        });
        assert_eq!(how, Printing::Done);
    }

    #[test]
    fn a_printer_that_stands_still_is_stuck() {
        let (hold, freed) = mpsc::channel::<()>();
        let (go_on, wait) = mpsc::channel::<()>();
        let how = patiently(patience(Duration::from_secs(1)), Box::new(hold), move |course| {
            course.begin().unwrap();
            let _ = wait.recv();
            Printing::Done
        });
        assert!(matches!(how, Printing::Partial { .. }), "{how:?}");
        assert_eq!(freed.try_recv(), Err(mpsc::TryRecvError::Empty), "its place is busy still");
        go_on.send(()).unwrap();
        assert_eq!(freed.recv(), Err(mpsc::RecvError), "and free when it ends");
    }

    /// Nothing had left, and nothing leaves any more: it waits as before.
    #[test]
    fn in_a_hurry_what_has_not_begun_is_given_back_and_never_begins() {
        let (wait, go) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let patience = patience(LONG);
        patience.hurry.say();
        let how = patiently(patience, Box::new(()), move |course| {
            go.recv().unwrap();
            tell.send(course.begin().is_ok()).unwrap();
            Printing::Done
        });
        assert_eq!(how, Printing::Asked);
        wait.send(()).unwrap();
        assert!(!told.recv().unwrap());
    }

    /// What may be out is never given back, and is not waited for as long as it would be otherwise.
    #[test]
    fn in_a_hurry_what_has_begun_is_waited_for_no_longer_than_a_paper_takes() {
        let (hold, wait) = mpsc::channel::<()>();
        let patience = patience(LONG);
        let hurry = patience.hurry.clone();
        let how = patiently(patience, Box::new(()), move |course| {
            course.begin().unwrap();
            hurry.say();
            let _ = wait.recv();
            Printing::Done
        });
        assert_eq!(how, partial(LEFT));
        drop(hold);
    }
}
