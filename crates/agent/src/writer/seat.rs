//! Where the writer sits, and the way its orders take.
//!
//! One works at the desk at a time. The thread does what waits, together; a till that finds the desk free
//! and nobody waiting does its own sale there, since waking two threads would take it longer than most of
//! the work, and the thread tells the others afterwards.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::runtime::{Handle, RuntimeFlavor};

use super::{CLOSED, DIED, Desk, Job, News, Order};
use crate::sender::lock;

/// How many orders share one fsync at the most.
const BATCH: usize = 256;

/// After this long without an order the store brings its anchor up to date.
const REST: Duration = Duration::from_secs(1);

/// Where the writer works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// On a thread of its own, where orders that wait together share an fsync.
    Thread,
    /// On the thread of whoever orders, an order at a time: with one thread and time that stands still
    /// the same run can be had again.
    Caller,
}

/// The way to the desk.
#[derive(Clone)]
pub(super) struct Door {
    chair: Arc<Chair>,
    /// The thread's; without one everybody works at the desk.
    orders: Option<mpsc::Sender<Order>>,
}

struct Chair {
    /// Empty once it is closed, or somebody panicked at it.
    seat: Mutex<Option<(Desk, End)>>,
    /// Orders that the thread has not begun: nobody passes them by.
    waiting: AtomicUsize,
}

/// Dropped when the desk is left for good: what does not write any more says so.
struct End {
    news: News,
    died: bool,
}

impl Drop for End {
    fn drop(&mut self) {
        if self.died {
            *lock(&self.news.stopped) = Some(DIED.to_owned());
        }
        self.news.stop(CLOSED);
    }
}

impl Door {
    pub fn open(desk: Desk, seat: Seat) -> std::io::Result<(Door, Option<JoinHandle<()>>)> {
        let end = End { news: desk.news.clone(), died: false };
        let chair = Arc::new(Chair { seat: Mutex::new(Some((desk, end))), waiting: AtomicUsize::new(0) });
        if seat == Seat::Caller {
            return Ok((Door { chair, orders: None }, None));
        }
        let (orders, inbox) = mpsc::channel();
        let thread = std::thread::Builder::new().name("timbre-writer".to_owned());
        let owner = Arc::clone(&chair);
        let thread = thread.spawn(move || owner.work(&inbox))?;
        Ok((Door { chair, orders: Some(orders) }, Some(thread)))
    }

    /// False when nobody works behind it any more.
    pub fn hand_in(&self, order: Order) -> bool {
        let Some(orders) = &self.orders else { return self.chair.now(order) };
        let order = match order {
            Order::Issue(job) => match self.chair.when_free(job) {
                None => return orders.send(Order::Settle).is_ok(),
                Some(job) => Order::Issue(job),
            },
            other => other,
        };
        self.chair.waiting.fetch_add(1, Ordering::SeqCst);
        orders.send(order).is_ok()
    }

    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.chair.waiting.load(Ordering::SeqCst)
    }
}

impl Chair {
    /// The thread's days.
    fn work(&self, inbox: &mpsc::Receiver<Order>) {
        let mut due: Option<Instant> = None;
        loop {
            let wait = due.map_or(REST, |due| due.saturating_duration_since(Instant::now()));
            let first = inbox.recv_timeout(wait);
            let mut seat = lock(&self.seat);
            let closing = sit(&mut seat, |desk| {
                // Opened again before the next order is served.
                desk.mend_when_due();
                let closing = match first {
                    Ok(first) => {
                        let orders = std::iter::once(first).chain(inbox.try_iter().take(BATCH - 1));
                        desk.serve(orders.inspect(|order| self.begun(order)))
                    }
                    Err(mpsc::RecvTimeoutError::Timeout) => {
                        desk.rest();
                        false
                    }
                    Err(mpsc::RecvTimeoutError::Disconnected) => true,
                };
                desk.settle();
                due = desk.mending.as_ref().map(|mending| mending.next);
                closing
            });
            if closing != Some(false) {
                *seat = None;
                return;
            }
        }
    }

    fn begun(&self, order: &Order) {
        if !matches!(order, Order::Settle) {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// A till's sale, done by itself when that is possible, else handed back. The disk takes its time: what
    /// else there is for this thread of the runtime goes to another one meanwhile.
    fn when_free(&self, job: Job) -> Option<Job> {
        let others =
            Handle::try_current().is_ok_and(|now| now.runtime_flavor() == RuntimeFlavor::MultiThread);
        if !others || self.waiting.load(Ordering::SeqCst) > 0 {
            return Some(job);
        }
        let Ok(mut seat) = self.seat.try_lock() else { return Some(job) };
        // What is broken is the thread's to mend.
        if seat.as_ref().is_none_or(|(desk, _)| desk.mending.is_some()) {
            return Some(job);
        }
        tokio::task::block_in_place(|| sit(&mut seat, |desk| desk.issue(vec![job])));
        None
    }

    /// Does an order at once, and all that goes with it; false when nobody sits here any more.
    fn now(&self, order: Order) -> bool {
        let mut seat = lock(&self.seat);
        let closing = sit(&mut seat, |desk| {
            desk.mend_when_due();
            let closing = desk.serve([order]);
            desk.settle();
            closing
        });
        if closing == Some(true) {
            *seat = None;
        }
        closing.is_some()
    }
}

/// What `work` makes of the desk; `None` when nobody sits there any more. A panic that nothing else caught
/// empties it: what it left half done is not to be written behind.
fn sit<T>(seat: &mut Option<(Desk, End)>, work: impl FnOnce(&mut Desk) -> T) -> Option<T> {
    let (desk, end) = seat.as_mut()?;
    let done = catch_unwind(AssertUnwindSafe(|| work(desk)));
    if done.is_err() {
        end.died = true;
        *seat = None;
    }
    done.ok()
}
