//! The engine as the doors see it: one handle, cheap to clone, for window, API and command line.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use jiff::tz::TimeZone;
use serde_json::Value;
use timbre_core::{
    Cause, Channel, ChannelId, Company, Date, DocState, DocumentId, Environment, Issuer, Keys,
    Refusal, Regime, Sale, Seals, Series,
};
use timbre_store::{CertificateLoaded, Fact, Filter, GrantLoaded, Opened, Reader, Row, Store};
use tokio::sync::{broadcast, mpsc, watch};

use crate::carrier::Carrier;
use crate::clock::Clock;
use crate::conversation::moved;
use crate::sender::{Sender, SenderParts};
use crate::settings::Settings;
use crate::view::{
    CertificateView, DetailView, FoliosView, IssuedView, LineView, PageView, PreviewView,
    ProblemView, PushView, Query, RangeView, ResentView, RowView, Snapshot, StatsView,
};
use crate::writer::Writer;
use crate::{monitor, show, timeline};

/// What an answer of the engine is: a view, or a problem a person can act on.
pub type Answer<T> = Result<T, ProblemView>;

/// Rows of a page when nobody says how many, and the most.
const PAGE: usize = 100;
const LONGEST_PAGE: usize = 500;

/// Whoever keeps the keys: signs with them, seals them, and reads a certificate's file.
pub trait Custody: Keys + Seals {
    /// Reads a certificate with its private key, and seals the key.
    fn read_certificate(
        &self,
        file: &[u8],
        password: &str,
        environment: Environment,
    ) -> Result<CertificateLoaded, Refusal>;

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
    pub carrier: Arc<dyn Carrier>,
    pub settings: Settings,
    /// False for a command that only issues or looks.
    pub send: bool,
}

/// The engine of one folder.
#[derive(Clone)]
pub struct Agent(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) reader: Reader,
    pub(crate) regime: Arc<dyn Regime>,
    pub(crate) sender: Arc<Sender>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) opened: Opened,
    pub(crate) version: AtomicU64,
    pub(crate) address: std::sync::Mutex<Option<String>>,
    pub(crate) writer: Writer,
    custody: Arc<dyn Custody>,
    zone: TimeZone,
    pushes: broadcast::Sender<Arc<PushView>>,
    stop: watch::Sender<bool>,
    tasks: tokio::sync::Mutex<Vec<tokio::task::JoinHandle<()>>>,
    thread: std::sync::Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Agent {
    /// Starts writer, sender and monitor. Needs a tokio runtime.
    pub fn start(parts: AgentParts) -> std::io::Result<Agent> {
        let reader = parts.store.reader();
        let (touched, touches) = mpsc::unbounded_channel();
        let keys: Arc<dyn Keys> = parts.custody.clone();
        let (writer, thread) =
            Writer::start(parts.store, Arc::clone(&keys), Arc::clone(&parts.clock), touched)?;
        let sender = Arc::new(Sender::new(SenderParts {
            channels: parts.channels,
            keys,
            clock: Arc::clone(&parts.clock),
            carrier: parts.carrier,
            settings: parts.settings,
            reader: reader.clone(),
            writer: writer.clone(),
        }));
        let zone = TimeZone::get(parts.regime.profile().zone).map_err(std::io::Error::other)?;
        let (stop, stopped) = watch::channel(false);
        let inner = Arc::new(Inner {
            reader,
            regime: parts.regime,
            sender: Arc::clone(&sender),
            clock: parts.clock,
            opened: parts.opened,
            version: AtomicU64::new(1),
            address: std::sync::Mutex::default(),
            writer,
            custody: parts.custody,
            zone,
            pushes: broadcast::channel(256).0,
            stop,
            tasks: tokio::sync::Mutex::default(),
            thread: std::sync::Mutex::new(Some(thread)),
        });
        let mut tasks = vec![tokio::spawn(monitor::watch(Arc::clone(&inner), touches, stopped.clone()))];
        if parts.send {
            tasks.push(tokio::spawn(sender.run(stopped)));
        }
        *inner.tasks.try_lock().expect("nobody else has it yet") = tasks;
        Ok(Agent(inner))
    }

    /// Lets what is on the wire end (for a few seconds), then closes the store.
    pub async fn stop(&self) {
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
    }

    // The sale.

    /// Issues a sale: checked, numbered, signed and on disk when this answers.
    pub async fn issue(&self, received: Bytes, key: Option<String>) -> Answer<IssuedView> {
        let sale = Sale::read(received, key)?;
        self.issue_sale(sale).await
    }

    /// The same for a sale that was read already.
    pub async fn issue_sale(&self, sale: Sale) -> Answer<IssuedView> {
        let issuer = self.issuer()?;
        // A key that is known needs no new checks: prices may have changed since.
        if let Some(key) = &sale.key
            && let Some(row) = self.0.reader.by_key(key)?
        {
            if row.sale_hash != sale.hash {
                return Err(crate::writer::IssueError::Conflict(row.id).into());
            }
            return Ok(self.issued(row, &[], true, &issuer));
        }
        self.certificate_is_good()?;
        let now = self.0.clock.now();
        let draft = self.0.regime.draft(&sale, &issuer, &self.0.reader, now)?;
        let issuance = self.0.writer.issue(draft, sale).await?;
        self.0.sender.wake();
        Ok(self.issued(issuance.row, &issuance.warnings, issuance.repeated, &issuer))
    }

    fn issued(&self, row: Row, warnings: &[Refusal], repeated: bool, issuer: &Issuer) -> IssuedView {
        IssuedView {
            document: self.row(&row),
            key: row.key.clone(),
            totals: row.totals.clone(),
            warnings: show::refusals(warnings),
            repeated,
            environment: environment_word(issuer.environment),
        }
    }

    /// The same checks and totals; nothing is issued and no folio is taken.
    pub fn preview(&self, received: Bytes) -> Answer<PreviewView> {
        let sale = Sale::read(received, None)?;
        let issuer = self.issuer().ok();
        let now = self.0.clock.now();
        let preview = self.0.regime.preview(&sale, issuer.as_ref(), &self.0.reader, now)?;
        Ok(PreviewView {
            totals: preview.totals,
            warnings: show::refusals(&preview.warnings),
            xml: preview.xml,
        })
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

    // Looking.

    pub fn list(&self, query: &Query) -> Answer<PageView> {
        let filter = filter_of(query)?;
        let cursor = match &query.cursor {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| {
                ProblemView::bad_request("cursor-invalid", "El cursor no es de esta lista.")
            })?),
        };
        let limit = query.limit.map_or(PAGE, |n| n as usize).clamp(1, LONGEST_PAGE);
        let page = self.0.reader.list(&filter, cursor, limit)?;
        Ok(PageView {
            rows: page.rows.iter().map(|row| self.row(row)).collect(),
            next: page.next.map(|n| n.to_string()),
        })
    }

    pub fn detail(&self, id: &str) -> Answer<DetailView> {
        let id = parse_id(id)?;
        let row = self.find(&id)?;
        let issued = self.0.reader.issued(&id)?.ok_or_else(|| missing(&id))?;
        let events = self.0.reader.history(&id)?;
        let heard = |event: &timbre_store::Event| {
            let bytes = self.0.reader.heard(event.frame).ok()?;
            // The authority's answers come in either encoding; this is only for the eye.
            (!bytes.is_empty()).then(|| match std::str::from_utf8(&bytes) {
                Ok(text) => text.to_owned(),
                Err(_) => bytes.iter().map(|&b| b as char).collect(),
            })
        };
        let receipt = self.0.regime.receipt(&issued.document, &issued.till);
        Ok(DetailView {
            row: self.row(&row),
            timeline: timeline::steps(&events, &heard),
            totals: row.totals.clone(),
            lines: receipt
                .lines
                .into_iter()
                .map(|line| LineView {
                    name: line.name,
                    quantity: line.quantity,
                    price: line.price,
                    amount: line.amount.0,
                })
                .collect(),
            sha256: crate::sender::hex(&<sha2::Sha256 as sha2::Digest>::digest(&issued.document.bytes)),
        })
    }

    /// The document as a file: prolog line, then its exact bytes.
    pub fn file(&self, id: &str) -> Answer<Vec<u8>> {
        let id = parse_id(id)?;
        let document = self.0.reader.document(&id)?.ok_or_else(|| missing(&id))?;
        Ok(self.0.regime.file(&document))
    }

    /// Every fact that names the document, as it is in the journal.
    pub fn history(&self, id: &str) -> Answer<Vec<Value>> {
        let id = parse_id(id)?;
        self.find(&id)?;
        Ok(self.0.reader.history(&id)?.iter().map(timeline::raw).collect())
    }

    pub fn snapshot(&self) -> Snapshot {
        monitor::snapshot(&self.0)
    }

    pub fn stats(&self) -> StatsView {
        monitor::stats(&self.0)
    }

    pub fn folios(&self) -> Vec<FoliosView> {
        show::folios(&self.0.reader.ranges(), self.0.regime.profile(), self.0.today())
    }

    /// Hears every push from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<PushView>> {
        self.0.pushes.subscribe()
    }

    // Acting.

    /// Sends these documents again as soon as it can be done: always safe, as what may be at the
    /// authority is asked about first.
    pub async fn resend(&self, ids: &[String]) -> Answer<ResentView> {
        let ids: Vec<_> = ids.iter().map(|id| parse_id(id)).collect::<Answer<_>>()?;
        for id in &ids {
            self.find(id)?;
        }
        self.resend_ids(ids, "Reenviar").await
    }

    /// The same for all that waits.
    pub async fn resend_pending(&self) -> Answer<ResentView> {
        let rows = self.0.reader.queue(usize::MAX)?;
        let ids = rows.into_iter().map(|row| row.id).collect();
        self.resend_ids(ids, "Reenviar pendientes").await
    }

    async fn resend_ids(&self, ids: Vec<DocumentId>, what: &str) -> Answer<ResentView> {
        let open = |state: DocState| {
            matches!(state, DocState::Generado | DocState::Pendiente | DocState::Verificando)
        };
        let mut queued = 0;
        let mut skipped = 0;
        let mut taken = Vec::new();
        for id in ids {
            match self.find(&id)? {
                row if open(row.state) => {
                    queued += 1;
                    taken.push(id);
                }
                _ => skipped += 1,
            }
        }
        if !taken.is_empty() {
            let acted = Fact::Acted {
                who: "persona".to_owned(),
                what: what.to_owned(),
                documents: taken.clone(),
            };
            self.0.writer
                .apply(move |reader| {
                    let rows = taken.iter().filter_map(|id| reader.row(id).ok().flatten());
                    std::iter::once(acted)
                        .chain(rows.filter_map(|row| moved(&row, Cause::ByHand, None)))
                        .collect()
                })
                .await?;
        }
        self.0.sender.set_running(true);
        self.0.sender.hurry();
        Ok(ResentView { queued, skipped })
    }

    /// Stops or starts the sending.
    pub fn set_running(&self, running: bool) {
        self.0.sender.set_running(running);
        self.0.push(Vec::new());
    }

    // Setting up.

    /// Reads a CAF (or whatever the country lends) and adds its range.
    pub async fn load_grant(
        &self,
        file: &[u8],
        share: (u32, u32),
        used_up_to: Option<u64>,
    ) -> Answer<RangeView> {
        let issuer = self.issuer()?;
        let read = self.0.regime.grant(file, &issuer)?;
        let id = read.grant.id.clone();
        let purpose = format!("grant:{}", id.0);
        let sealed = self.0.custody.seal(&purpose, &read.secret).map_err(|e| crate::writer::no_key(&e))?;
        let fact = Fact::GrantLoaded(Box::new(GrantLoaded { grant: read.grant, share, used_up_to, sealed }));
        self.0.writer.commit(vec![fact]).await?;
        let ranges = self.0.reader.ranges();
        let range = ranges.iter().find(|range| range.grant.id == id);
        range
            .map(|range| show::range(range, self.0.today()))
            .ok_or_else(|| ProblemView::internal("el rango cargado no aparece"))
    }

    /// Sets who issues. Refused when it would mix two companies or environments in one folder.
    pub async fn set_company(&self, environment: Environment, data: &Value) -> Answer<Company> {
        let company = self.0.regime.company(data, environment)?;
        let fact = Fact::Company { company: company.clone(), environment };
        self.0.writer.commit(vec![fact]).await?;
        self.0.sender.wake();
        Ok(company)
    }

    pub fn company(&self) -> Option<(Company, Environment)> {
        self.0.reader.company()
    }

    pub async fn load_certificate(&self, file: &[u8], password: &str) -> Answer<CertificateView> {
        let issuer = self.issuer()?;
        let loaded = self.0.custody.read_certificate(file, password, issuer.environment)?;
        self.0.writer.commit(vec![Fact::CertificateLoaded(loaded)]).await?;
        // In the writer, between two batches: a document that took the old certificate must not be
        // signed with the new one.
        let custody = Arc::clone(&self.0.custody);
        self.0
            .writer
            .apply(move |_| {
                custody.forget();
                Vec::new()
            })
            .await?;
        self.0.sender.wake();
        self.certificate()?.ok_or_else(|| ProblemView::internal("el certificado cargado no aparece"))
    }

    pub fn certificate(&self) -> Answer<Option<CertificateView>> {
        Ok(self.0.certificate()?)
    }

    /// Where the local panel and API are, for the status line.
    pub fn set_address(&self, address: String) {
        *crate::sender::lock(&self.0.address) = Some(address);
    }

    pub fn regime(&self) -> &Arc<dyn Regime> {
        &self.0.regime
    }

    pub fn reader(&self) -> &Reader {
        &self.0.reader
    }

    pub fn opened(&self) -> &Opened {
        &self.0.opened
    }

    // Below.

    fn row(&self, row: &Row) -> RowView {
        show::row(row, self.0.regime.profile())
    }

    fn find(&self, id: &DocumentId) -> Answer<Row> {
        self.0.reader.row(id)?.ok_or_else(|| missing(id))
    }

    fn issuer(&self) -> Answer<Issuer> {
        let (company, environment) = self.0.reader.company().ok_or_else(|| {
            Refusal::temporary(
                "company-missing",
                "",
                "Falta configurar la empresa que emite. Hágalo con «timbre company set» o en Ajustes.",
            )
        })?;
        Ok(Issuer { company, environment })
    }

    /// Refuses before a folio is taken when there is nothing to sign with today.
    fn certificate_is_good(&self) -> Answer<()> {
        let certificate = self.0.custody.certificate().map_err(|e| crate::writer::no_key(&e))?;
        let now = self.0.clock.now();
        let refuse = |code: &str, text: String| Err(Refusal::temporary(code, "", text).into());
        if now >= certificate.not_after {
            return refuse(
                "certificate-expired",
                format!("El certificado digital venció el {}. Cargue uno vigente.", certificate.not_after),
            );
        }
        if now < certificate.not_before {
            return refuse(
                "certificate-not-yet-valid",
                format!("El certificado digital vale desde el {}. Revise el reloj del equipo.", certificate.not_before),
            );
        }
        Ok(())
    }
}

impl Inner {
    pub(crate) fn today(&self) -> Date {
        self.clock.now().to_zoned(self.zone.clone()).date()
    }

    pub(crate) fn certificate(&self) -> Result<Option<CertificateView>, timbre_store::StoreError> {
        Ok(self.reader.certificate()?.map(|c| CertificateView {
            holder: c.holder,
            subject: c.subject,
            not_before: c.not_before.to_string(),
            not_after: c.not_after.to_string(),
        }))
    }

    /// Tells everybody who listens.
    pub(crate) fn push(&self, rows: Vec<RowView>) {
        self.version.fetch_add(1, Ordering::Relaxed);
        let push = PushView { snapshot: monitor::snapshot(self), rows };
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

fn parse_id(text: &str) -> Answer<DocumentId> {
    text.parse().map_err(|error: timbre_core::document::BadDocumentId| {
        ProblemView::bad_request("id-invalid", error.to_string())
    })
}

fn missing(id: &DocumentId) -> ProblemView {
    ProblemView::not_found(format_args!("el documento {id} en esta carpeta"))
}

fn filter_of(query: &Query) -> Answer<Filter> {
    let date = |text: &Option<String>| -> Answer<Option<Date>> {
        text.as_deref()
            .filter(|text| !text.is_empty())
            .map(|text| {
                text.parse().map_err(|_| {
                    ProblemView::bad_request(
                        "date-invalid",
                        format!("«{text}» no es una fecha; se escribe AAAA-MM-DD."),
                    )
                })
            })
            .transpose()
    };
    let (states, problem) = match query.state.as_deref().filter(|s| !s.is_empty()) {
        None => (Vec::new(), false),
        Some(word) => show::states_of(word).ok_or_else(|| {
            ProblemView::bad_request("state-invalid", format!("«{word}» no es un estado conocido."))
        })?,
    };
    let some = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    Ok(Filter {
        states,
        problem,
        series: some(&query.series).map(Series),
        from: date(&query.from)?,
        to: date(&query.to)?,
        text: some(&query.q),
    })
}
