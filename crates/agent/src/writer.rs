//! The one writer owns the store; folios are a function of it. It has a thread of its own, but in a run
//! that is to be repeated exactly ([`Seat`]); a till that finds its desk free works there by itself.
//!
//! It drains what waits, checks keys and claims, gives out folios in memory, lets a few threads
//! sign in parallel, and makes everything durable with one fsync. Only then does anybody hear of it.
//! After a write error it says so and opens the store again by itself.

mod news;
mod sealing;
mod seat;
pub(crate) mod selling;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use timbre_core::{DocumentId, Draft, Keys, Refusal, Refusals, Sale, Timestamp};
use timbre_store::{Committed, Fact, Reader, Row, Store, StoreError};
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::damage::Damaged;
use crate::gauges::{Durations, Histogram};
use crate::sender::lock;
use crate::signing;
use crate::tale::{self, Line};

use news::News;
use sealing::Sealing;
use seat::Door;
pub use seat::Seat;

/// How long after a failure the store is opened again: at first, and at the most.
const MEND_PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Why nothing is written, for people. The store is opened again by itself; a thread is not.
const MENDS: &str = "Timbre vuelve a intentarlo por sí solo";
const CLOSED: &str = "Timbre se está cerrando";
const DIED: &str = "Un error de Timbre detuvo lo que guarda los documentos. Cierre Timbre y ábralo de nuevo";

/// Why something was not written. Several orders share a commit, and so its error.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WriteError {
    #[error("{0}")]
    Store(Arc<StoreError>),
    /// The engine is stopping, or the writer's thread has ended.
    #[error("Timbre se está cerrando")]
    Closed,
    /// What was asked for panicked; nothing was written.
    #[error("un error de Timbre interrumpió esta acción; no se guardó nada")]
    Panicked,
}

impl From<StoreError> for WriteError {
    fn from(error: StoreError) -> WriteError {
        WriteError::Store(Arc::new(error))
    }
}

/// Why nothing was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    #[error("{0}")]
    Refused(Refusals),
    /// The key was used for another sale.
    #[error("la clave ya se usó para otra venta: {0}")]
    Conflict(DocumentId),
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl From<StoreError> for IssueError {
    fn from(error: StoreError) -> IssueError {
        IssueError::Write(error.into())
    }
}

impl From<Refusal> for IssueError {
    fn from(refusal: Refusal) -> IssueError {
        IssueError::Refused(refusal.into())
    }
}

/// What became of a sale.
#[derive(Debug)]
pub struct Issuance {
    pub row: Row,
    pub warnings: Vec<Refusal>,
    /// The key was known: nothing was issued now.
    pub repeated: bool,
}

type Make = Box<dyn FnOnce(&Reader) -> Vec<Fact> + Send>;

enum Order {
    Issue(Job),
    Apply(Act),
    Seal(Sealing),
    /// What a till wrote by itself is to be told.
    Settle,
    Close,
}

/// Facts that are said in the writer.
struct Act {
    make: Make,
    reply: oneshot::Sender<Result<Committed, WriteError>>,
}

/// A handle to the writer.
#[derive(Clone)]
pub struct Writer {
    orders: Door,
    fsyncs: Arc<AtomicU64>,
    commits: Arc<Histogram>,
    syncs: Arc<Histogram>,
    stopped: Arc<Mutex<Option<String>>>,
    damaged: Arc<Mutex<Option<Damaged>>>,
}

/// Told after each commit: the documents it touched (none for facts about the folder).
pub type Touched = tokio::sync::mpsc::UnboundedSender<Vec<DocumentId>>;

impl Writer {
    /// Seats whoever owns `store`; answers its thread too, where it has one.
    pub fn start(
        store: Store,
        keys: Arc<dyn Keys>,
        clock: Arc<dyn Clock>,
        zone: TimeZone,
        touched: Touched,
        seat: Seat,
    ) -> std::io::Result<(Writer, Option<std::thread::JoinHandle<()>>)> {
        let fsyncs = Arc::new(AtomicU64::new(0));
        // Asked once: on Linux the answer is looked up in several files.
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        let (stopped, damaged) = <(Arc<Mutex<_>>, Arc<Mutex<_>>)>::default();
        let news = News { stopped: Arc::clone(&stopped), damaged: Arc::clone(&damaged), touched };
        let (commits, syncs) = (Arc::<Histogram>::default(), Arc::<Histogram>::default());
        let desk = Desk {
            news,
            fsyncs: Arc::clone(&fsyncs),
            took: Arc::clone(&commits),
            synced_in: Arc::clone(&syncs),
            store,
            keys,
            clock,
            zone,
            threads,
            mending: None,
            untold: None,
            tale: Vec::new(),
        };
        let (orders, thread) = Door::open(desk, seat)?;
        Ok((Writer { orders, fsyncs, commits, syncs, stopped, damaged }, thread))
    }

    /// Issues a draft; the answer comes when it is on disk.
    pub async fn issue(&self, draft: Box<dyn Draft>, sale: Sale) -> Result<Issuance, IssueError> {
        let (reply, answer) = oneshot::channel();
        self.hand_in(Order::Issue(Job { draft, sale: Box::new(sale), reply }))?;
        answer.await.map_err(|_| self.closed())?
    }

    /// Commits the facts that `make` says; it runs in the writer, so that what it reads is still
    /// true when they are written. Answers whether there were any.
    pub async fn apply(
        &self,
        make: impl FnOnce(&Reader) -> Vec<Fact> + Send + 'static,
    ) -> Result<bool, WriteError> {
        self.act(Box::new(make)).await.map(|committed| !committed.places.is_empty())
    }

    async fn act(&self, make: Make) -> Result<Committed, WriteError> {
        let (reply, answer) = oneshot::channel();
        self.hand_in(Order::Apply(Act { make, reply }))?;
        answer.await.map_err(|_| self.closed())?
    }

    fn hand_in(&self, order: Order) -> Result<(), WriteError> {
        self.orders.hand_in(order).then_some(()).ok_or_else(|| self.closed())
    }

    /// Damage that was found when the folder was opened again, once.
    pub fn take_damage(&self) -> Option<Damaged> {
        lock(&self.damaged).take()
    }

    /// The thread is gone, or going: whoever hears so finds the writer stopped, too.
    fn closed(&self) -> WriteError {
        lock(&self.stopped).get_or_insert_with(|| CLOSED.to_owned());
        WriteError::Closed
    }

    /// Ends the thread and closes the store once what was ordered before is done.
    pub fn close(&self) {
        // It may have ended already.
        self.orders.hand_in(Order::Close);
    }

    /// Why nothing is written now, or any more; `None` while all is well.
    pub fn stopped(&self) -> Option<String> {
        lock(&self.stopped).clone()
    }

    /// How long commits took.
    pub fn commits(&self) -> Durations {
        self.commits.read()
    }

    /// How long their fsyncs took.
    pub fn fsync_times(&self) -> Durations {
        self.syncs.read()
    }

    /// Fsyncs of the journal since the start.
    pub fn fsyncs(&self) -> u64 {
        self.fsyncs.load(Ordering::Relaxed)
    }

    /// Commits facts that depend on nothing; says what became of them.
    pub async fn commit(&self, facts: Vec<Fact>) -> Result<Committed, WriteError> {
        self.act(Box::new(move |_| facts)).await
    }
}

struct Desk {
    news: News,
    fsyncs: Arc<AtomicU64>,
    took: Arc<Histogram>,
    synced_in: Arc<Histogram>,
    store: Store,
    keys: Arc<dyn Keys>,
    clock: Arc<dyn Clock>,
    /// Where the shop is: for the words about a clock that is wrong.
    zone: TimeZone,
    /// How many seal at once.
    threads: usize,
    /// The store failed and is to be opened again.
    mending: Option<Mending>,
    /// What was written and nobody but who ordered it was told: `None` when nothing was.
    untold: Option<Vec<DocumentId>>,
    /// What was written, for the log.
    tale: Vec<Line>,
}

struct Mending {
    next: Instant,
    pause: Duration,
}

/// A sale on its way through a batch.
struct Job {
    draft: Box<dyn Draft>,
    sale: Box<Sale>,
    reply: oneshot::Sender<Result<Issuance, IssueError>>,
}

impl Job {
    fn refuse(self, why: impl Into<IssueError>) {
        // Whoever asked may have gone.
        let _ = self.reply.send(Err(why.into()));
    }
}

impl Desk {
    /// Does these orders; true when one of them was to close.
    fn serve(&mut self, orders: impl IntoIterator<Item = Order>) -> bool {
        let mut jobs = Vec::new();
        let mut acts = Vec::new();
        let mut sealings = Vec::new();
        let mut closing = false;
        for order in orders {
            match order {
                Order::Issue(job) => jobs.push(job),
                Order::Apply(act) => acts.push(act),
                Order::Seal(sealing) => sealings.push(sealing),
                Order::Settle => {}
                Order::Close => closing = true,
            }
        }
        // Sales first: a till waits for them.
        if !jobs.is_empty() {
            self.issue(jobs);
        }
        self.act(acts);
        sealings.into_iter().for_each(|sealing| self.seal_journal(sealing));
        closing
    }

    /// The acts share an fsync: each sees what the ones before it left, and its mistake, or its
    /// panic, costs only itself.
    fn act(&mut self, acts: Vec<Act>) {
        if acts.is_empty() {
            return;
        }
        let (makes, replies): (Vec<_>, Vec<_>) = acts.into_iter().map(|act| (act.make, act.reply)).unzip();
        let panicked: Vec<_> = makes.iter().map(|_| Cell::new(false)).collect();
        let orders = makes.into_iter().zip(&panicked).map(|(make, panicked)| {
            let order = move |reader: &Reader| {
                catch_unwind(AssertUnwindSafe(|| make(reader))).unwrap_or_else(|_| {
                    panicked.set(true);
                    Vec::new()
                })
            };
            Box::new(order) as timbre_store::Make<'_>
        });
        let outcomes = match self.commit(orders.collect()) {
            Ok(each) => each,
            Err(all) => replies.iter().map(|_| Err(all.clone())).collect(),
        };
        for ((reply, outcome), panicked) in replies.into_iter().zip(outcomes).zip(panicked) {
            let outcome = if panicked.get() { Err(WriteError::Panicked) } else { outcome };
            // Whoever asked may have gone; the facts stand all the same.
            let _ = reply.send(outcome);
        }
    }

    /// One fsync for all; says what was touched, and that the store is broken when it is.
    fn commit(
        &mut self,
        orders: Vec<timbre_store::Make<'_>>,
    ) -> Result<Vec<Result<Committed, WriteError>>, WriteError> {
        if self.mending.is_some() {
            return Err(StoreError::Poisoned.into());
        }
        let named: RefCell<Vec<DocumentId>> = RefCell::default();
        let told: RefCell<Vec<(usize, Line)>> = RefCell::default();
        let named_by = |n: usize, make: timbre_store::Make<'_>, reader: &Reader| {
            let facts = make(reader);
            named.borrow_mut().extend(facts.iter().flat_map(names));
            told.borrow_mut().extend(facts.iter().flat_map(tale::lines).map(|line| (n, line)));
            facts
        };
        let listening = orders.into_iter().enumerate().map(|(n, make)| {
            let named_by = &named_by;
            Box::new(move |reader: &Reader| named_by(n, make, reader)) as timbre_store::Make<'_>
        });
        let before = (self.store.fsyncs(), self.store.syncing());
        let begun = Instant::now();
        let outcome = self.store.commit_each(listening.collect(), self.clock.now());
        self.took.note(begun.elapsed());
        self.fsyncs.fetch_add(self.store.fsyncs().saturating_sub(before.0), Ordering::Relaxed);
        // One batch is one fsync; where there was nothing to write there is none.
        let synced = self.store.syncing().saturating_sub(before.1);
        if !synced.is_zero() {
            self.synced_in.note(synced);
        }
        let broken = match &outcome {
            Ok(each) => each.iter().filter_map(|one| one.as_ref().err()).find(|error| breaks(error)),
            Err(error) => Some(error).filter(|error| breaks(error)),
        };
        if let Some(error) = broken {
            self.stop(error);
        }
        let outcome = outcome?;
        let mut touched = named.into_inner();
        touched.extend(outcome.iter().flatten().flat_map(|one| &one.rows).map(|row| row.id.clone()));
        self.untold.get_or_insert_default().extend(touched);
        let written = told.into_inner().into_iter().filter(|(n, _)| outcome[*n].is_ok());
        self.tale.extend(written.map(|(_, line)| line));
        Ok(outcome.into_iter().map(|one| one.map_err(WriteError::from)).collect())
    }

    /// The log, the panel and the index are told once those who wait have their answers.
    fn settle(&mut self) {
        self.tale.drain(..).for_each(Line::tell);
        if let Some(mut touched) = self.untold.take() {
            touched.sort_unstable();
            touched.dedup();
            self.news.tell(touched);
        }
        if let Err(error) = self.store.catch_up() {
            self.stop(&error);
        }
    }

    /// Nothing is written until the store was opened again: at once, and then ever more seldom.
    fn stop(&mut self, error: &StoreError) {
        if self.mending.is_some() {
            return;
        }
        tracing::error!(%error, "nothing is written until the folder is opened again");
        self.news.stop(&format!("{}. {MENDS}", error.plainly()));
        self.mending = Some(Mending { next: Instant::now(), pause: MEND_PAUSE.0 });
    }

    /// There is nothing to do: the anchor is brought up to date, and the index where it lags.
    fn rest(&mut self) {
        if self.mending.is_none()
            && let Err(error) = self.store.rest()
        {
            self.stop(&error);
        }
    }

    fn mend_when_due(&mut self) {
        if self.mending.as_ref().is_some_and(|mending| mending.next <= Instant::now()) {
            self.mend();
        }
    }

    fn mend(&mut self) {
        match self.store.reopen() {
            Ok(opened) => {
                tracing::warn!(?opened, "the folder was opened again");
                self.news.opened(&opened);
                self.mending = None;
                *lock(&self.news.stopped) = None;
            }
            Err(error) => {
                tracing::error!(%error, "the folder can't be opened again yet");
                let pause = self.mending.as_ref().map_or(MEND_PAUSE.0, |mending| mending.pause);
                let next = Instant::now() + pause;
                self.mending = Some(Mending { next, pause: (pause * 2).min(MEND_PAUSE.1) });
            }
        }
        self.news.tell(Vec::new());
    }

    fn stamp(&self, reader: &Reader) -> Result<Timestamp, Refusal> {
        stamp(reader, self.clock.now(), &self.zone)
    }
}

/// The time of the stamps: now, and never before the last one (`TmstFirma` may not go back), unless a
/// person in charge said that the last one was ahead of time.
pub(crate) fn stamp(reader: &Reader, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, Refusal> {
    let last = reader.last_stamp();
    signing::clock(last, now, zone)?;
    Ok(last.map_or(now, |last| last.max(now)))
}

/// After this nothing can be written, nor the index be believed, until the store is opened again.
fn breaks(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Io { .. }
            | StoreError::Poisoned
            | StoreError::Index(_)
            | StoreError::IndexDisk(_)
            | StoreError::Reopening
    )
}

fn answer_known(job: Job, row: Row) {
    let outcome = if row.sale_hash == job.sale.hash {
        Ok(Issuance { row, warnings: Vec::new(), repeated: true })
    } else {
        Err(IssueError::Conflict(row.id))
    };
    let _ = job.reply.send(outcome);
}

/// The documents a fact is about.
fn names(fact: &Fact) -> Vec<DocumentId> {
    match fact {
        Fact::Issued(issued) => vec![issued.document.id.clone()],
        Fact::Sending(sending) => sending.documents.iter().map(|(id, _)| id.clone()).collect(),
        Fact::Answered(answered) => answered.document.iter().cloned().collect(),
        Fact::Moved(moved) => vec![moved.document.clone()],
        Fact::Acted { documents, .. } => documents.clone(),
        Fact::Attention { document, .. }
        | Fact::Annulled { document, .. }
        | Fact::Printed { document, .. }
        | Fact::Mailed { document, .. }
        | Fact::Notified { document, .. } => vec![document.clone()],
        _ => Vec::new(),
    }
}
