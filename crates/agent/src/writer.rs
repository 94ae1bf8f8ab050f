//! The one writer: a thread owns the store; folios are a function of it.
//!
//! It drains what waits, checks keys and claims, gives out folios in memory, lets a few threads
//! sign in parallel, and makes everything durable with one fsync. Only then does anybody hear of it.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use timbre_core::{Document, DocumentId, Draft, Folio, KeyError, Keys, Refusal, Refusals, Sale, Timestamp};
use timbre_store::{Fact, Issued, NoFolio, Reader, Row, Store, StoreError};
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::sender::lock;

/// How many orders share one fsync at the most.
const BATCH: usize = 256;

/// After this long without an order the store brings its anchor up to date.
const REST: Duration = Duration::from_secs(1);

/// A stamp may repeat the last one's time when the clock went back, but not by more than this.
const CLOCK_SLACK_SECONDS: i64 = 5 * 60;

/// Why something was not written. Several orders share a commit, and so its error.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WriteError {
    #[error("{0}")]
    Store(Arc<StoreError>),
    /// The engine is stopping.
    #[error("Timbre se está cerrando")]
    Closed,
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
    Issue { draft: Box<dyn Draft>, sale: Box<Sale>, reply: oneshot::Sender<Result<Issuance, IssueError>> },
    Apply { make: Make, reply: oneshot::Sender<Result<(), WriteError>> },
    Close,
}

/// A handle to the writer.
#[derive(Clone)]
pub struct Writer {
    orders: mpsc::Sender<Order>,
    fsyncs: Arc<AtomicU64>,
    stopped: Arc<Mutex<Option<String>>>,
}

/// Told after each commit: the documents it touched (none for facts about the folder).
pub type Touched = tokio::sync::mpsc::UnboundedSender<Vec<DocumentId>>;

impl Writer {
    /// Starts the thread that owns `store`.
    pub fn start(
        store: Store,
        keys: Arc<dyn Keys>,
        clock: Arc<dyn Clock>,
        touched: Touched,
    ) -> std::io::Result<(Writer, std::thread::JoinHandle<()>)> {
        let (orders, inbox) = mpsc::channel();
        let fsyncs = Arc::new(AtomicU64::new(0));
        // Asked once: on Linux the answer is looked up in several files.
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        let stopped = Arc::new(Mutex::new(None));
        let desk = Desk {
            store,
            keys,
            clock,
            touched,
            threads,
            fsyncs: Arc::clone(&fsyncs),
            stopped: Arc::clone(&stopped),
        };
        let thread =
            std::thread::Builder::new().name("timbre-writer".to_owned()).spawn(move || desk.work(&inbox))?;
        Ok((Writer { orders, fsyncs, stopped }, thread))
    }

    /// Issues a draft; the answer comes when it is on disk.
    pub async fn issue(&self, draft: Box<dyn Draft>, sale: Sale) -> Result<Issuance, IssueError> {
        let (reply, answer) = oneshot::channel();
        let order = Order::Issue { draft, sale: Box::new(sale), reply };
        self.orders.send(order).map_err(|_| WriteError::Closed)?;
        answer.await.map_err(|_| WriteError::Closed)?
    }

    /// Commits the facts that `make` says; it runs in the writer, so that what it reads is still
    /// true when they are written.
    pub async fn apply(
        &self,
        make: impl FnOnce(&Reader) -> Vec<Fact> + Send + 'static,
    ) -> Result<(), WriteError> {
        let (reply, answer) = oneshot::channel();
        let order = Order::Apply { make: Box::new(make), reply };
        self.orders.send(order).map_err(|_| WriteError::Closed)?;
        answer.await.map_err(|_| WriteError::Closed)?
    }

    /// Ends the thread and closes the store once what was ordered before is done.
    pub fn close(&self) {
        // It may have ended already.
        let _ = self.orders.send(Order::Close);
    }

    /// Why nothing is written any more until Timbre is opened again; `None` while all is well.
    pub fn stopped(&self) -> Option<String> {
        lock(&self.stopped).clone()
    }

    /// Fsyncs of the journal since the start.
    pub fn fsyncs(&self) -> u64 {
        self.fsyncs.load(Ordering::Relaxed)
    }

    /// Commits facts that depend on nothing.
    pub async fn commit(&self, facts: Vec<Fact>) -> Result<(), WriteError> {
        self.apply(move |_| facts).await
    }
}

struct Desk {
    stopped: Arc<Mutex<Option<String>>>,
    fsyncs: Arc<AtomicU64>,
    store: Store,
    keys: Arc<dyn Keys>,
    clock: Arc<dyn Clock>,
    touched: Touched,
    /// How many seal at once.
    threads: usize,
}

/// A sale on its way through a batch.
struct Job {
    draft: Box<dyn Draft>,
    sale: Box<Sale>,
    reply: oneshot::Sender<Result<Issuance, IssueError>>,
}

impl Desk {
    fn work(mut self, inbox: &mpsc::Receiver<Order>) {
        loop {
            let first = match inbox.recv_timeout(REST) {
                Ok(first) => first,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    self.store.rest();
                    continue;
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            };
            let mut jobs = Vec::new();
            let mut applies = Vec::new();
            let mut closing = false;
            let mut sort = |order| match order {
                Order::Issue { draft, sale, reply } => jobs.push(Job { draft, sale, reply }),
                Order::Apply { make, reply } => applies.push((make, reply)),
                Order::Close => closing = true,
            };
            sort(first);
            for _ in 1..BATCH {
                match inbox.try_recv() {
                    Ok(order) => sort(order),
                    Err(_) => break,
                }
            }
            // Sales first: a till waits for them.
            if !jobs.is_empty() {
                self.issue(jobs);
            }
            self.apply(applies);
            if closing {
                return;
            }
        }
    }

    /// Each order has a commit of its own: its `make` must see what the ones before it left, and one
    /// order's mistake must not cost the others theirs. Only sales are many at once.
    fn apply(&mut self, applies: Vec<(Make, oneshot::Sender<Result<(), WriteError>>)>) {
        let reader = self.store.reader();
        for (make, reply) in applies {
            let outcome = self.commit(make(&reader)).map(drop);
            // Whoever asked may have gone; the facts stand all the same.
            let _ = reply.send(outcome);
        }
    }

    /// The documents that the facts touched, as they are now, in the order of issue.
    fn commit(&mut self, facts: Vec<Fact>) -> Result<Vec<Row>, WriteError> {
        if facts.is_empty() {
            return Ok(Vec::new());
        }
        let names = facts.iter().flat_map(names).collect();
        let outcome = self.store.commit(facts, self.clock.now());
        self.fsyncs.store(self.store.fsyncs(), Ordering::Relaxed);
        let broken = match &outcome {
            Ok(committed) => committed.index_lost.clone(),
            Err(error @ (StoreError::Io { .. } | StoreError::Poisoned)) => Some(error.to_string()),
            Err(_) => None,
        };
        if let Some(why) = broken {
            tracing::error!(why, "nothing is written any more until Timbre is opened again");
            lock(&self.stopped).get_or_insert(why);
            // People are told at once.
            let _ = self.touched.send(Vec::new());
        }
        let committed = outcome?;
        // Nobody listens any more when the engine is stopping.
        let _ = self.touched.send(names);
        Ok(committed.rows)
    }

    fn issue(&mut self, jobs: Vec<Job>) {
        let reader = self.store.reader();
        let stamp = match self.stamp(&reader) {
            Ok(stamp) => stamp,
            Err(refusal) => {
                for job in jobs {
                    let _ = job.reply.send(Err(refusal.clone().into()));
                }
                return;
            }
        };
        let mut fresh = Vec::new();
        let mut keys: HashSet<String> = HashSet::new();
        let mut again = Vec::new();
        for job in jobs {
            match self.known(&reader, &job.sale) {
                Ok(Some(row)) => answer_known(job, row),
                Err(error) => drop(job.reply.send(Err(error.into()))),
                // The same key twice in one batch: the second is answered from the first.
                Ok(None) => match job.sale.key.clone().is_none_or(|key| keys.insert(key)) {
                    true => fresh.push(job),
                    false => again.push(job),
                },
            }
        }
        self.seal_and_store(fresh, stamp);
        for job in again {
            match self.known(&reader, &job.sale) {
                Ok(Some(row)) => answer_known(job, row),
                Ok(None) => self.seal_and_store(vec![job], stamp),
                Err(error) => drop(job.reply.send(Err(error.into()))),
            }
        }
    }

    fn known(&self, reader: &Reader, sale: &Sale) -> Result<Option<Row>, StoreError> {
        sale.key.as_deref().map_or(Ok(None), |key| reader.by_key(key))
    }

    /// The time of the stamps: now, and never before the last one (`TmstFirma` may not go back).
    fn stamp(&self, reader: &Reader) -> Result<Timestamp, Refusal> {
        let now = self.clock.now();
        match reader.last_stamp() {
            Some(last) if last.duration_since(now).as_secs() > CLOCK_SLACK_SECONDS => {
                Err(Refusal::temporary(
                    "clock-behind",
                    "",
                    format!(
                        "El reloj de este equipo está atrasado: marca {now} y el último documento se \
                         timbró el {last}. Corrija la fecha y la hora y vuelva a intentar."
                    ),
                ))
            }
            Some(last) if last > now => Ok(last),
            _ => Ok(now),
        }
    }

    /// Gives folios, seals in parallel and commits. When the k-th can't be sealed it is refused and
    /// the later ones are sealed again one folio lower: nothing has left this process yet.
    fn seal_and_store(&mut self, mut jobs: Vec<Job>, stamp: Timestamp) {
        let mut sealed: Vec<Document> = Vec::new();
        while sealed.len() < jobs.len() {
            let mut numbering = self.store.numbering();
            let mut folios = Vec::new();
            let mut at = 0;
            while at < jobs.len() {
                let draft = &jobs[at].draft;
                match numbering.take(&draft.series(), &mut |grant| draft.accepts(grant)) {
                    Ok(folio) => {
                        folios.push(folio);
                        at += 1;
                    }
                    Err(none) => {
                        let job = jobs.remove(at);
                        let refusal = no_folio(&job.draft.series().0, none);
                        let _ = job.reply.send(Err(refusal.into()));
                    }
                }
            }
            let done = sealed.len();
            let todo: Vec<_> = jobs.iter().map(|job| &*job.draft).zip(folios).skip(done).collect();
            for (k, outcome) in seal_all(todo, self.threads, &*self.keys, stamp).into_iter().enumerate() {
                match outcome {
                    Ok(document) => sealed.push(document),
                    Err(error) => {
                        let job = jobs.remove(done + k);
                        let _ = job.reply.send(Err(no_key(&error).into()));
                        break;
                    }
                }
            }
        }
        if jobs.is_empty() {
            return;
        }
        let facts = jobs
            .iter()
            .zip(&sealed)
            .map(|(job, document)| {
                Fact::Issued(Box::new(Issued {
                    document: document.clone(),
                    key: job.sale.key.clone(),
                    sale_hash: job.sale.hash.clone(),
                    till: job.sale.till.clone(),
                    warnings: job.draft.warnings().to_vec(),
                    totals: job.draft.totals(),
                    claims: job.draft.claims(),
                    sale: job.sale.received.clone(),
                }))
            })
            .collect();
        match self.commit(facts) {
            Ok(rows) => {
                for (job, row) in jobs.into_iter().zip(rows) {
                    let warnings = job.draft.warnings().to_vec();
                    let _ = job.reply.send(Ok(Issuance { row, warnings, repeated: false }));
                }
            }
            Err(error) => {
                for job in jobs {
                    let _ = job.reply.send(Err(error.clone().into()));
                }
            }
        }
    }
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

/// Seals each draft, on `threads` threads when there are several.
fn seal_all(
    jobs: Vec<(&dyn Draft, Folio)>,
    threads: usize,
    keys: &dyn Keys,
    at: Timestamp,
) -> Vec<Result<Document, KeyError>> {
    let threads = threads.min(jobs.len());
    if threads < 2 {
        return jobs.into_iter().map(|(draft, folio)| seal(draft, folio, keys, at)).collect();
    }
    let share = jobs.len().div_ceil(threads);
    let mut rest = jobs;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let tail = rest.split_off(share.min(rest.len()));
        parts.push(std::mem::replace(&mut rest, tail));
    }
    std::thread::scope(|scope| {
        let workers: Vec<_> = parts
            .into_iter()
            .map(|part| {
                scope.spawn(move || {
                    part.into_iter().map(|(draft, folio)| seal(draft, folio, keys, at)).collect::<Vec<_>>()
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| match worker.join() {
                Ok(outcomes) => outcomes,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}

/// A panic costs its own sale, not the writer nor the sales beside it.
fn seal(draft: &dyn Draft, folio: Folio, keys: &dyn Keys, at: Timestamp) -> Result<Document, KeyError> {
    let sealed = catch_unwind(AssertUnwindSafe(|| draft.seal(folio, keys, at)));
    sealed.unwrap_or_else(|_| Err(KeyError::Failed("la firma se interrumpió".to_owned())))
}

fn no_folio(series: &str, none: NoFolio) -> Refusal {
    match none {
        NoFolio::NoGrant => Refusal::temporary(
            "folio-none",
            "",
            format!(
                "No hay folios cargados para documentos de tipo {series}. Cargue un archivo CAF y vuelva a intentar."
            ),
        ),
        NoFolio::Exhausted { last } => Refusal::temporary(
            "folio-exhausted",
            "",
            format!(
                "Se acabaron los folios de tipo {series} (el último fue el {last}). Cargue un CAF nuevo y vuelva a intentar."
            ),
        ),
        NoFolio::Refused(refusal) => Refusal { temporary: true, ..refusal },
    }
}

/// Why a document could not be signed, for a person; never with anything secret in it.
pub fn no_key(error: &KeyError) -> Refusal {
    let code = match error {
        KeyError::NoCertificate => "certificate-missing",
        KeyError::NoGrantKey(_) => "grant-key-missing",
        KeyError::Locked => "keys-locked",
        KeyError::Failed(_) => "signing-failed",
    };
    Refusal::temporary(code, "", format!("No se pudo firmar: {error}."))
}
