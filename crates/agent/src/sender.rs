//! The sender: carries documents to the authority in order, a few conversations at once, and asks
//! for verdicts until they are final. Issuing never waits for it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use timbre_core::{
    Channel, ChannelId, Cx, Document, DocumentId, Heard, Issuer, Keys, ParcelId, Pass, Request, State,
    Timestamp,
};
use timbre_store::Reader;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::carrier::Carrier;
use crate::clock::{Clock, until};
use crate::conversation::TalkError;
use crate::line::Line;
use crate::settings::Settings;
use crate::writer::Writer;

/// How many of a channel's waiting documents are looked at in one round.
const ROUND: usize = 500;

/// No pause of ours is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3_600);

/// A clock that went back by more than this makes every wait void: they were set by the other time.
const CLOCK_STEP: Duration = Duration::from_secs(60);

/// What the sender is made of.
pub struct SenderParts {
    pub channels: BTreeMap<ChannelId, Arc<dyn Channel>>,
    pub keys: Arc<dyn Keys>,
    pub clock: Arc<dyn Clock>,
    pub carrier: Arc<dyn Carrier>,
    pub settings: Settings,
    pub reader: Reader,
    pub writer: Writer,
}

/// What is remembered of a request for the panel.
#[derive(Debug, Clone)]
pub struct LastAnswer {
    pub at: Timestamp,
    pub what: &'static str,
    pub ok: bool,
    pub took: Duration,
    pub text: String,
}

/// The sender of one folder.
pub struct Sender {
    parts: SenderParts,
    /// Held by the task that logs in.
    turns: BTreeMap<ChannelId, tokio::sync::Mutex<()>>,
    pub(crate) passes: Mutex<BTreeMap<ChannelId, Pass>>,
    /// Failures of each channel since something other than a login was last heard on it.
    pub(crate) failures: Mutex<BTreeMap<ChannelId, u32>>,
    pub(crate) known_lines: Mutex<BTreeMap<ChannelId, Line>>,
    last: Mutex<Option<LastAnswer>>,
    /// What a verification in course remembers of each parcel; lost on a stop, and begun anew.
    pub(crate) probing: Mutex<HashMap<ParcelId, Probing>>,
    permits: Arc<Semaphore>,
    in_flight: AtomicU32,
    running: AtomicBool,
    wake: Notify,
    /// A person asked: waits are over for everything.
    hurry: AtomicBool,
}

/// A verification in course.
#[derive(Debug, Default)]
pub(crate) struct Probing {
    pub asked: HashMap<DocumentId, Asked>,
    pub absent: HashSet<DocumentId>,
}

/// A question about one document.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Where it stands.
    pub state: Option<State>,
    /// When to ask again.
    pub due: Timestamp,
    /// It was answered, and the answer settles nothing.
    pub answered: bool,
}

/// How a task left its parcel.
pub(crate) struct Left {
    pub parcel: Option<ParcelId>,
    pub documents: Vec<DocumentId>,
    /// When to go on with the parcel; `None` when it is closed.
    pub due: Option<Timestamp>,
}

/// What the loop knows between rounds.
#[derive(Default)]
struct Plan {
    parcels: HashMap<ParcelId, (ChannelId, Timestamp)>,
    busy_parcels: HashSet<ParcelId>,
    busy_documents: HashSet<DocumentId>,
    looking: HashSet<ChannelId>,
    /// The time of the round before.
    last: Option<Timestamp>,
}

enum Ended {
    Left(Left),
    Looked(ChannelId),
}

impl Sender {
    pub fn new(parts: SenderParts) -> Sender {
        Sender {
            turns: parts.channels.keys().map(|id| (id.clone(), tokio::sync::Mutex::default())).collect(),
            passes: Mutex::default(),
            failures: Mutex::default(),
            known_lines: Mutex::new(parts.channels.keys().map(|id| (id.clone(), Line::Up)).collect()),
            last: Mutex::default(),
            probing: Mutex::default(),
            permits: Arc::new(Semaphore::new(parts.settings.workers.max(1))),
            in_flight: AtomicU32::new(0),
            running: AtomicBool::new(true),
            wake: Notify::new(),
            hurry: AtomicBool::new(false),
            parts,
        }
    }

    /// New work, or a wait that need not be waited out.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// A person asked for it: looks at every line and every parcel now.
    pub fn hurry(&self) {
        self.hurry.store(true, Ordering::Relaxed);
        self.wake();
    }

    /// Stops or starts taking up work; what is on the wire ends in its own time.
    pub fn set_running(&self, running: bool) {
        self.running.store(running, Ordering::Relaxed);
        self.wake();
    }

    pub fn running(&self) -> bool {
        self.running.load(Ordering::Relaxed)
    }

    /// Requests in flight, and how many there may be.
    pub fn workers(&self) -> (u32, u32) {
        let allowed = u32::try_from(self.parts.settings.workers).unwrap_or(u32::MAX);
        (self.in_flight.load(Ordering::Relaxed), allowed)
    }

    pub fn lines(&self) -> BTreeMap<ChannelId, Line> {
        lock(&self.known_lines).clone()
    }

    pub fn last_answer(&self) -> Option<LastAnswer> {
        lock(&self.last).clone()
    }

    /// Works until `stop` says so.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut plan = Plan::default();
        if let Err(error) = self.recover(&mut plan).await {
            tracing::error!(%error, "what was on the wire at the last stop can't be taken up");
        }
        let mut tasks: JoinSet<Ended> = JoinSet::new();
        while !*stop.borrow() {
            let next = if self.running() && self.parts.writer.stopped().is_none() {
                match self.round(&mut plan, &mut tasks).await {
                    Ok(next) => next,
                    Err(error) => {
                        tracing::error!(%error, "the sender can't read its queue");
                        Some(crate::clock::later(self.now(), self.parts.settings.retry_base))
                    }
                }
            } else {
                None
            };
            let sleep = next.map_or(Duration::from_secs(3_600), |at| until(self.now(), at));
            tokio::select! {
                _ = stop.changed() => break,
                () = self.wake.notified() => {}
                Some(ended) = tasks.join_next() => self.ended(&mut plan, ended),
                () = tokio::time::sleep(sleep) => {}
            }
        }
        // Nothing new; what is on the wire is given time to be heard, so that it leaves no doubt.
        let _ = tokio::time::timeout(Duration::from_secs(5), async {
            while tasks.join_next().await.is_some() {}
        })
        .await;
    }

    fn ended(&self, plan: &mut Plan, ended: Result<Ended, tokio::task::JoinError>) {
        match ended {
            Ok(Ended::Looked(channel)) => {
                plan.looking.remove(&channel);
            }
            Ok(Ended::Left(left)) => {
                for id in &left.documents {
                    plan.busy_documents.remove(id);
                }
                if let Some(parcel) = left.parcel {
                    plan.busy_parcels.remove(&parcel);
                    match (left.due, plan.parcels.get_mut(&parcel)) {
                        (Some(due), Some(known)) => known.1 = due,
                        (Some(_), None) => {}
                        (None, _) => {
                            plan.parcels.remove(&parcel);
                            lock(&self.probing).remove(&parcel);
                        }
                    }
                }
            }
            Err(error) => tracing::error!(%error, "a conversation panicked"),
        }
    }

    /// Takes up what a stop left: parcels that wait, and those on the wire, whose outcome is
    /// unknown.
    async fn recover(&self, plan: &mut Plan) -> Result<(), TalkError> {
        for open in self.parts.reader.parcels()? {
            let cut = open.state.is_none();
            let due = match cut {
                true => self.doubt(&open.id, &open.documents, "Timbre se detuvo mientras lo enviaba").await,
                false => Ok(open.due.unwrap_or_else(|| self.now())),
            };
            let due = due.unwrap_or_else(|error| {
                tracing::error!(%error, parcel = open.id.0, "a parcel can't be taken up yet");
                crate::clock::later(self.now(), self.parts.settings.retry_base)
            });
            plan.parcels.insert(open.id, (open.channel, due));
        }
        Ok(())
    }

    /// Starts what can start now; answers when to look again.
    async fn round(
        self: &Arc<Self>,
        plan: &mut Plan,
        tasks: &mut JoinSet<Ended>,
    ) -> Result<Option<Timestamp>, TalkError> {
        let now = self.now();
        if self.issuer().is_err() {
            return Ok(None);
        }
        let went_back = plan.last.is_some_and(|last| until(now, last) > CLOCK_STEP);
        plan.last = Some(now);
        if self.hurry.swap(false, Ordering::Relaxed) || went_back {
            for (_, due) in plan.parcels.values_mut() {
                *due = (*due).min(now);
            }
            self.look_now(now);
        }
        let mut next: Option<Timestamp> = None;
        let mut sooner = |at: Timestamp| next = Some(next.map_or(at, |n| n.min(at)));
        let lines = self.lines();
        let open = |channel: &ChannelId| lines.get(channel).is_some_and(|line| line.open(now));

        self.look_where_down(plan, tasks, &lines, &mut sooner).await?;

        // Conversations that go on, the longest overdue first.
        let mut due: Vec<_> = plan
            .parcels
            .iter()
            .filter(|(id, (channel, _))| !plan.busy_parcels.contains(*id) && open(channel))
            .map(|(id, (_, at))| (*at, id.clone()))
            .collect();
        due.sort();
        for (at, id) in due {
            if at > now {
                sooner(at);
                break;
            }
            let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
                return Ok(None); // a task that ends wakes the loop
            };
            plan.busy_parcels.insert(id.clone());
            let sender = Arc::clone(self);
            tasks.spawn(async move {
                let _permit = permit;
                let due = crate::clock::later(sender.now(), sender.parts.settings.retry_cap);
                let otherwise = Left { parcel: Some(id.clone()), documents: Vec::new(), due: Some(due) };
                Ended::Left(unless_it_panics(async move { sender.go_on(id).await }, otherwise).await)
            });
        }

        // New parcels, in the order of issue, as many as there are hands.
        for (channel, _) in lines.iter().filter(|(channel, _)| open(channel)) {
            let hands = self.permits.available_permits();
            let most = self.channel(channel).limits().documents.max(1);
            let mut free = self.parts.reader.queue_of(channel, 0, ROUND)?;
            free.retain(|row| {
                // A wait longer than any of ours was set by a clock that went wrong.
                let waits = row.next_try.filter(|at| *at > now && until(now, *at) <= LONGEST_WAIT);
                waits.into_iter().for_each(&mut sooner);
                waits.is_none()
                    && !plan.busy_documents.contains(&row.id)
                    && row.parcel.as_ref().is_none_or(|parcel| !plan.parcels.contains_key(parcel))
            });
            free.truncate(hands * most);
            for group in self.groups(free).await? {
                let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
                    return Ok(None);
                };
                self.start_parcel(group, permit, plan, tasks);
            }
        }
        Ok(next)
    }

    fn start_parcel(
        self: &Arc<Self>,
        group: Vec<Arc<Document>>,
        permit: OwnedSemaphorePermit,
        plan: &mut Plan,
        tasks: &mut JoinSet<Ended>,
    ) {
        let id = ParcelId(hex(&rand::random::<[u8; 16]>()));
        let documents: Vec<_> = group.iter().map(|d| d.id.clone()).collect();
        plan.busy_documents.extend(documents.iter().cloned());
        plan.busy_parcels.insert(id.clone());
        plan.parcels.insert(id.clone(), (group[0].channel.clone(), self.now()));
        let sender = Arc::clone(self);
        tasks.spawn(async move {
            let _permit = permit;
            let due = crate::clock::later(sender.now(), sender.parts.settings.retry_cap);
            let otherwise = Left { parcel: Some(id.clone()), documents: documents.clone(), due: Some(due) };
            let work = {
                let (sender, documents) = (Arc::clone(&sender), documents.clone());
                async move { Some(sender.send_new(id, group, documents).await) }
            };
            let left = match unless_it_panics(work, None).await {
                Some(left) => left,
                None => {
                    sender.postpone(&documents, "el envío se interrumpió", due).await;
                    otherwise
                }
            };
            Ended::Left(left)
        });
    }

    /// Where a line is down and something waits for it: says so of the documents, and looks again
    /// when it is time to.
    async fn look_where_down(
        self: &Arc<Self>,
        plan: &mut Plan,
        tasks: &mut JoinSet<Ended>,
        lines: &BTreeMap<ChannelId, Line>,
        sooner: &mut impl FnMut(Timestamp),
    ) -> Result<(), TalkError> {
        let now = self.now();
        for (channel, line) in lines {
            let Line::Down { next_look, why, .. } = line else {
                line.next().filter(|at| *at > now).into_iter().for_each(&mut *sooner);
                continue;
            };
            let waits = !self.parts.reader.queue_of(channel, 0, 1)?.is_empty()
                || plan.parcels.values().any(|(of, _)| of == channel);
            if !waits || plan.looking.contains(channel) {
                continue;
            }
            self.no_line(channel, why).await?;
            if *next_look > now {
                sooner(*next_look);
                continue;
            }
            plan.looking.insert(channel.clone());
            let sender = Arc::clone(self);
            let channel = channel.clone();
            tasks.spawn(async move {
                let looked = channel.clone();
                let look = async move {
                    sender.forget_pass(&channel, None);
                    if let Err(error) = sender.pass(&channel).await {
                        tracing::error!(%error, "the line can't be looked at");
                        sender.line_failed(&channel, &error.to_string()).await;
                    }
                };
                unless_it_panics(look, ()).await;
                Ended::Looked(looked)
            });
        }
        Ok(())
    }

    // What conversations need of the sender.

    pub(crate) fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.parts.writer
    }

    pub(crate) fn reader(&self) -> &Reader {
        &self.parts.reader
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.parts.settings
    }

    pub(crate) fn issuer(&self) -> Result<Issuer, TalkError> {
        let (company, environment) = self.parts.reader.company().ok_or(TalkError::NoCompany)?;
        Ok(Issuer { company, environment })
    }

    pub(crate) fn channels(&self) -> Vec<ChannelId> {
        self.parts.channels.keys().cloned().collect()
    }

    pub(crate) fn channel(&self, id: &ChannelId) -> Arc<dyn Channel> {
        Arc::clone(self.parts.channels.get(id).expect("a document's channel is one of the regime's"))
    }

    pub(crate) fn cx<'a>(&'a self, issuer: &'a Issuer, pass: Option<&'a Pass>) -> Cx<'a> {
        Cx {
            now: self.now(),
            entropy: rand::random(),
            keys: &*self.parts.keys,
            pass,
            company: &issuer.company,
            environment: issuer.environment,
            simulator: self.parts.settings.simulator.as_deref(),
            conduct: &self.parts.settings.conduct,
        }
    }

    pub(crate) fn turn(&self, id: &ChannelId) -> &tokio::sync::Mutex<()> {
        self.turns.get(id).expect("a document's channel is one of the regime's")
    }

    pub(crate) async fn carry(&self, channel: &ChannelId, request: &Request) -> Heard {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let channel = self.channel(channel);
        let heard = self.parts.carrier.carry(request, channel.limits()).await;
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        heard
    }

    pub(crate) fn remember(&self, answer: LastAnswer) {
        *lock(&self.last) = Some(answer);
    }

    /// Keys or company changed: every pass is asked for anew, and nothing waits out a refusal.
    pub fn renew(&self) {
        lock(&self.passes).clear();
        self.hurry();
    }
}

/// What `work` answers, or `otherwise` when it panics: its documents must not stay busy for ever.
async fn unless_it_panics<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
    otherwise: T,
) -> T {
    tokio::spawn(work).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a task of the sender panicked");
        otherwise
    })
}

/// A lock whose holder can't leave anything half done: poison carries no meaning.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
