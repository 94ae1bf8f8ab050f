//! The engine as the doors see it: one handle, cheap to clone, for window, API and command line.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::tz::TimeZone;
use timbre_core::paper::Paper;
use timbre_core::{
    Certificate, Channel, ChannelId, Date, DocumentId, Environment, Issuer, Keys, Refusal, Regime, Sale,
    Seals, Timestamp,
};
use timbre_store::{CertificateLoaded, NoFolio, Numbering, Opened, Reader, Row, Store};
use tokio::sync::{Notify, broadcast, mpsc, watch};

use crate::carrier::Carrier;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::doer::{Hand, SOMEBODY};
use crate::foresight::Foresight;
use crate::gauges::Histogram;
use crate::large::Apart;
use crate::last_seen::Word;
use crate::roles::Staff;
use crate::sender::{Sender, SenderParts};
use crate::settings::Settings;
use crate::today::Tally;
use crate::view::{
    CertificateView, IssuedView, PreviewView, ProblemView, PushView, RoomView, RowView, VouchedView,
    WarningView,
};
use crate::writer::{Seat, Writer};
use crate::{damage, monitor, paper, sealing, show, signing, unread, vouch, watchdog};

/// What an answer of the engine is: a view, or a problem a person can act on.
pub type Answer<T> = Result<T, ProblemView>;

/// A certificate's file, read: its fact, and what a person should know though it stops nothing.
pub struct ReadCertificate {
    pub loaded: CertificateLoaded,
    pub warning: Option<String>,
}

/// Whoever keeps the keys: signs with them, seals them, and reads a certificate's file.
pub trait Custody: Keys + Seals {
    /// Reads a certificate with its private key, and seals the key. `holder` is whose it is, said by
    /// a person: it counts only where the file itself does not say.
    fn read_certificate(
        &self,
        file: &[u8],
        password: &str,
        holder: Option<&str>,
        environment: Environment,
    ) -> Result<ReadCertificate, Refusal>;

    /// Keys may have changed on disk: forget the parsed ones.
    fn forget(&self);
}

/// What an engine is made of.
pub struct AgentParts {
    pub store: Store,
    pub opened: Opened,
    pub regime: Arc<dyn Regime>,
    pub channels: BTreeMap<ChannelId, Arc<dyn Channel>>,
    pub custody: Arc<dyn Custody>,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
    pub carrier: Arc<dyn Carrier>,
    pub settings: Settings,
    pub seat: Seat,
    pub paper: Arc<dyn Paper>,
    /// False for a command that only issues or looks.
    pub send: bool,
}

/// The engine of one folder, and whoever this handle acts for.
#[derive(Clone)]
pub struct Agent(pub(crate) Arc<Inner>, pub(crate) Option<Arc<Hand>>);

pub(crate) struct Inner {
    pub(crate) reader: Reader,
    pub(crate) regime: Arc<dyn Regime>,
    pub(crate) sender: Arc<Sender>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) opened: Opened,
    pub(crate) version: AtomicU64,
    /// When it began: no two runs of a folder have the same.
    pub(crate) began: Timestamp,
    pub(crate) address: std::sync::Mutex<Option<String>>,
    /// What is wrong beside the engine: see `trouble`.
    pub(crate) troubles: std::sync::Mutex<BTreeMap<&'static str, String>>,
    /// How much room the disk has, while it is little.
    pub(crate) room: std::sync::Mutex<Option<RoomView>>,
    pub(crate) writer: Writer,
    pub(crate) custody: Arc<dyn Custody>,
    /// Held while a certificate's file is read.
    pub(crate) reading: Arc<tokio::sync::Mutex<()>>,
    pub(crate) paper: Arc<dyn Paper>,
    /// Something waits for the printer.
    pub(crate) papers: Notify,
    /// What was still being printed when the engine stopped.
    pub(crate) leftover: std::sync::Mutex<paper::Leftover>,
    pub(crate) zone: TimeZone,
    pub(crate) pushes: broadcast::Sender<Arc<PushView>>,
    pub(crate) foresight: Foresight,
    pub(crate) tally: Tally,
    /// From a sale to its answer.
    pub(crate) issued_in: Histogram,
    pub(crate) large: Apart,
    pub(crate) staff: OnceLock<Arc<dyn Staff>>,
    stop: watch::Sender<bool>,
    /// The doors are about to close.
    pub(crate) closing: watch::Sender<bool>,
    tasks: tokio::sync::Mutex<Vec<tokio::task::JoinHandle<()>>>,
    thread: std::sync::Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Agent {
    /// Starts writer, sender and monitor. Needs a tokio runtime.
    pub fn start(parts: AgentParts) -> std::io::Result<Agent> {
        let reader = parts.store.reader();
        let (touched, touches) = mpsc::unbounded_channel();
        let keys: Arc<dyn Keys> = parts.custody.clone();
        let zone = TimeZone::get(parts.regime.profile().zone).map_err(std::io::Error::other)?;
        let clock = Arc::clone(&parts.clock);
        let (writer, thread) =
            Writer::start(parts.store, Arc::clone(&keys), clock, zone.clone(), touched, parts.seat)?;
        let sender = Arc::new(Sender::new(SenderParts {
            channels: parts.channels,
            keys,
            clock: Arc::clone(&parts.clock),
            chance: parts.chance,
            carrier: parts.carrier,
            settings: parts.settings,
            profile: parts.regime.profile(),
            reader: reader.clone(),
            writer: writer.clone(),
            zone: zone.clone(),
        }));
        let (stop, stopped) = watch::channel(false);
        let unread =
            unread::told(&reader, &*parts.custody, parts.regime.profile()).map(|why| (unread::KEYS, why));
        let troubles = damage::at_start(&parts.opened).into_iter().chain(unread).collect();
        let inner = Arc::new(Inner {
            reader,
            regime: parts.regime,
            sender: Arc::clone(&sender),
            began: parts.clock.now(),
            clock: parts.clock,
            opened: parts.opened,
            version: AtomicU64::new(1),
            address: std::sync::Mutex::default(),
            troubles: std::sync::Mutex::new(troubles),
            room: std::sync::Mutex::default(),
            writer,
            custody: parts.custody,
            reading: Arc::default(),
            paper: parts.paper,
            papers: Notify::new(),
            leftover: std::sync::Mutex::default(),
            zone,
            pushes: broadcast::channel(256).0,
            foresight: Foresight::default(),
            tally: Tally::default(),
            issued_in: Histogram::default(),
            large: Apart::default(),
            staff: OnceLock::new(),
            stop,
            closing: watch::Sender::new(false),
            tasks: tokio::sync::Mutex::default(),
            thread: std::sync::Mutex::new(thread),
        });
        let mut tasks = vec![tokio::spawn(monitor::watch(Arc::clone(&inner), touches, stopped.clone()))];
        tasks.push(tokio::spawn(paper::work(Arc::clone(&inner), stopped.clone(), parts.send)));
        if parts.send {
            tasks.push(tokio::spawn(watchdog::watch(Arc::clone(&inner), stopped.clone())));
            tasks.push(tokio::spawn(Arc::clone(&sender).await_return(stopped.clone())));
            tasks.push(tokio::spawn(sender.run(stopped)));
        }
        *inner.tasks.try_lock().expect("nobody else has it yet") = tasks;
        Ok(Agent(inner, None))
    }

    /// The doors are about to close: who waits for a printer is answered as it stands.
    pub fn closing(&self) {
        self.0.closing.send_replace(true);
    }

    /// Lets what is on the wire end (for a few seconds), then closes the store. Answers what is still being printed.
    pub async fn stop(&self) -> paper::Leftover {
        // Nobody listens when it was stopped before.
        let _ = self.0.stop.send(true);
        for task in self.0.tasks.lock().await.drain(..) {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the engine ended badly");
            }
        }
        self.0.writer.close();
        let thread = crate::sender::lock(&self.0.thread).take();
        if let Some(thread) = thread {
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                tracing::error!("the writer ended badly");
            }
        }
        std::mem::take(&mut *crate::sender::lock(&self.0.leftover))
    }

    // The sale.

    /// Issues a sale: checked, numbered, signed and on disk when this answers.
    pub async fn issue(&self, received: Bytes, key: Option<String>) -> Answer<IssuedView> {
        self.issue_from(received, key, None, Vec::new()).await
    }

    /// The same for the sale of a till that is known by a name; `seen` is what it was given last from this folder.
    pub async fn issue_from(
        &self,
        received: Bytes,
        key: Option<String>,
        from: Option<String>,
        seen: Vec<DocumentId>,
    ) -> Answer<IssuedView> {
        let (begun, size) = (Instant::now(), received.len());
        let issue = move |agent: Agent| async move {
            agent.issue_sale(Sale { from, ..Sale::read(received, key)? }, &seen).await
        };
        let issued = self.with_sale(size, issue).await?;
        self.0.issued_in.note(begun.elapsed());
        Ok(issued)
    }

    async fn issue_sale(&self, mut sale: Sale, seen: &[DocumentId]) -> Answer<IssuedView> {
        let issuer = self.issuer()?;
        // A key that is known needs no new checks: prices may have changed since.
        if let Some(key) = &sale.key
            && let Some(row) = self.0.reader.by_key(key)?
        {
            if row.sale_hash != sale.hash {
                return Err(crate::writer::IssueError::Conflict(row.id).into());
            }
            let warnings: Vec<Refusal> =
                self.key_of_another(&row, sale.from.as_deref()).into_iter().collect();
            let voucher = self.part_by_card(&row)?;
            return Ok(self.issued(row, voucher, &warnings, true, &issuer));
        }
        let heard = match &sale.from {
            Some(till) => self.hear(till, seen).await?,
            None => Word::default(),
        };
        self.name_seller(&mut sale)?;
        // Before a folio is taken.
        self.0.signer()?;
        self.trust_clock()?;
        let now = self.0.clock.now();
        let mut sale = self.for_document(sale, &issuer, now)?;
        if sale.card.is_some() && sale.key.is_none() {
            return Err(vouch::part_without_key());
        }
        let draft = self.0.reader.knowing(|known| self.0.regime.draft(&sale, &issuer, known, now))?;
        let draft = self.judge_printer(&sale, draft)?;
        let series = sealing::series(&*draft)?;
        let heard = heard.about(&series)?;
        self.wants_paper(&mut sale, &series);
        let (print, from, card) = (sale.print, sale.from.clone(), sale.card.clone());
        let mut issuance = self.0.writer.issue(draft, sale).await?;
        if issuance.repeated {
            issuance.warnings.extend(self.key_of_another(&issuance.row, from.as_deref()));
        }
        if print {
            self.0.papers.notify_one();
        }
        issuance.warnings.extend(heard);
        if let (Some(till), false) = (&from, issuance.repeated) {
            issuance.warnings.extend(self.maybe_second(till, seen, &issuance.row));
        }
        let voucher = self.part_issued(&issuance, card.as_deref())?;
        Ok(self.issued(issuance.row, voucher, &issuance.warnings, issuance.repeated, &issuer))
    }

    /// A key that another till gave first. It may be the same sale on another way; but tills that both count
    /// from 1 give one key to two sales, and where these say the same the second has no document. Where it can't be read
    /// whose it was, the sale is issued all the same, and is answered.
    fn key_of_another(&self, row: &Row, from: Option<&str>) -> Option<Refusal> {
        let from = from?;
        let first = match self.0.reader.issued(&row.id) {
            Ok(issued) => issued?.from?,
            Err(error) => {
                tracing::error!(%error, document = %row.id, "whose key it was can't be read");
                return None;
            }
        };
        if first == from {
            return None;
        }
        let message = format!(
            "Esta clave ya la usó «{first}», y ahora llegó de «{from}»: se responde con el documento de entonces. Si \
             son dos ventas, la segunda quedó sin documento: cada caja debe poner su nombre en la clave."
        );
        Some(Refusal::new("key-of-another-till", "key", message))
    }

    fn issued(
        &self,
        row: Row,
        voucher: Option<VouchedView>,
        warnings: &[Refusal],
        repeated: bool,
        issuer: &Issuer,
    ) -> IssuedView {
        let (warnings, environment) = (show::refusals(warnings), environment_word(issuer.environment));
        let document = self.row(&row);
        IssuedView { voucher, document, key: row.key, totals: row.totals, warnings, repeated, environment }
    }

    /// The same checks and totals; nothing is issued and no folio is taken.
    pub fn preview(&self, received: Bytes) -> Answer<PreviewView> {
        let mut sale = Sale::read(received, None)?;
        let issuer = self.issuer().ok();
        let now = self.0.clock.now();
        let mut whole = None;
        if let Some(issuer) = &issuer {
            (sale, whole) = self.for_preview(sale, issuer, now)?;
        }
        let preview =
            self.0.reader.knowing(|known| self.0.regime.preview(&sale, issuer.as_ref(), known, now))?;
        let mut preview = self.judge_printer(&sale, preview)?;
        // What gets no document needs no folio.
        preview.warnings.extend(match whole {
            None => issuer.and_then(|issuer| self.no_range(&sale, &issuer, now)),
            whole => whole,
        });
        Ok(PreviewView {
            totals: preview.totals,
            warnings: show::refusals(&preview.warnings),
            xml: preview.xml,
            explained: preview.explained.into_iter().map(Into::into).collect(),
        })
    }

    /// There are folios, but none that may be used for this sale: it would be refused when it is issued.
    fn no_range(&self, sale: &Sale, issuer: &Issuer, now: Timestamp) -> Option<Refusal> {
        let draft =
            self.0.reader.knowing(|known| self.0.regime.draft(sale, issuer, known, now)).ok()?.ok()?;
        let (mut numbering, series) = (Numbering::of(self.0.reader.ranges()), sealing::series(&*draft).ok()?);
        match numbering.take(&series, &mut |grant| sealing::accepts(&*draft, grant)) {
            Err(NoFolio::Refused(refusal)) => Some(refusal),
            Ok(_) | Err(NoFolio::NoGrant | NoFolio::Exhausted { .. }) => None,
        }
    }

    /// Waits until a document's state is final, or `timeout` is over; answers how it stands.
    pub async fn wait_for_verdict(&self, id: &str, timeout: Duration) -> Answer<RowView> {
        let id = parse_id(id)?;
        let mut pushes = self.0.pushes.subscribe();
        let wait = async {
            loop {
                let row = self.find(&id)?;
                if row.state.is_final() || row.attention.is_some() {
                    return Ok(());
                }
                match pushes.recv().await {
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return Ok(()),
                }
            }
        };
        match tokio::time::timeout(timeout, wait).await {
            Ok(Err(problem)) => Err(problem),
            Ok(Ok(())) | Err(_) => Ok(self.row(&self.find(&id)?)),
        }
    }

    // Acting.

    /// Stops or starts the sending.
    pub fn set_running(&self, running: bool) {
        self.0.sender.set_running(running);
        self.0.push(Vec::new(), false);
    }

    /// The same by somebody's hand. Who wants it is in the journal first: nobody asks later why nothing was sent.
    pub async fn order_sending(&self, running: bool) -> Answer<()> {
        let what = if running { "Iniciar el envío" } else { "Detener el envío" };
        self.note_act(SOMEBODY, what).await?;
        self.set_running(running);
        Ok(())
    }

    // Below.

    pub(crate) fn row(&self, row: &Row) -> RowView {
        show::row(row, self.0.regime.profile(), &self.0.sender.terms())
    }

    /// A type of document in a sentence: `boleta`; by its number where the country knows no name for it.
    pub(crate) fn kind_name(&self, series: &str) -> String {
        let kind = self.0.regime.profile().kind(&timbre_core::Series(series.to_owned()));
        kind.map_or_else(|| format!("tipo {series}"), |kind| kind.name.to_lowercase())
    }

    pub(crate) fn find(&self, id: &DocumentId) -> Answer<Row> {
        self.0.reader.row(id)?.ok_or_else(|| missing(id))
    }

    pub(crate) fn issuer(&self) -> Answer<Issuer> {
        let (company, environment) = self.0.reader.company().ok_or_else(|| {
            Refusal::temporary(
                "company-missing",
                "",
                "Falta configurar la empresa que emite. Hágalo en Ajustes.",
            )
        })?;
        Ok(Issuer { company, environment })
    }
}

impl Inner {
    pub(crate) fn today(&self) -> Date {
        self.day(self.clock.now())
    }

    /// The day of a moment in the country's legal time.
    pub(crate) fn day(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    pub(crate) fn certificate(&self) -> Result<Option<CertificateView>, timbre_store::StoreError> {
        Ok(self.reader.certificate()?.map(|c| CertificateView {
            holder: c.holder,
            subject: c.subject,
            not_before: c.not_before.to_string(),
            not_after: c.not_after.to_string(),
        }))
    }

    /// The certificate, when documents can be signed with it now.
    pub(crate) fn signer(&self) -> Result<Certificate, Refusal> {
        let held = self.custody.certificate();
        if held.is_err()
            && let Some(unread) = unread::certificate(&self.reader, &*self.custody)
        {
            return Err(unread);
        }
        signing::certificate(held, self.clock.now(), &self.zone)
    }

    /// Tells everybody who listens; `all` when more changed than the rows say.
    pub(crate) fn push(&self, rows: Vec<RowView>, all: bool) {
        self.version.fetch_add(1, Ordering::Relaxed);
        self.tell(PushView { snapshot: monitor::snapshot(self), rows, all, warnings: Vec::new() });
    }

    /// Warns everybody who listens; the panel's sentence says it to the others.
    pub(crate) fn warn(&self, warnings: Vec<WarningView>) {
        self.version.fetch_add(1, Ordering::Relaxed);
        self.tell(PushView { snapshot: monitor::snapshot(self), rows: Vec::new(), all: false, warnings });
    }

    fn tell(&self, push: PushView) {
        // Nobody may be listening.
        let _ = self.pushes.send(Arc::new(push));
    }
}

/// `training`, `certification`, `production`.
pub fn environment_word(environment: Environment) -> String {
    match environment {
        Environment::Training => "training",
        Environment::Certification => "certification",
        Environment::Production => "production",
    }
    .to_owned()
}

pub(crate) fn parse_id(text: &str) -> Answer<DocumentId> {
    text.parse().map_err(|error: timbre_core::document::BadDocumentId| {
        ProblemView::bad_request("id-invalid", error.to_string())
    })
}

pub(crate) fn missing(id: &DocumentId) -> ProblemView {
    ProblemView::not_found(format_args!("el documento {id} en esta carpeta"))
}
