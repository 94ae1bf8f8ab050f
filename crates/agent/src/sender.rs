//! The sender: carries documents to the authority in order, a few conversations at once, and asks
//! for verdicts until they are final. Issuing never waits for it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::tz::TimeZone;
use timbre_core::channel::Conduct;
use timbre_core::regime::Term;
use timbre_core::{
    Channel, ChannelId, Cx, DocumentId, Heard, Issuer, Keys, ParcelId, Pass, Profile, Request, State,
    Timestamp,
};
use timbre_store::Reader;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinSet;

use crate::apart::brisk;
use crate::carrier::Carrier;
use crate::chance::Chance;
use crate::clock::{Clock, Reading, later, until};
use crate::conversation::TalkError;
use crate::coverage::Coverage;
use crate::deadline;
use crate::gauges::{Durations, Histogram};
use crate::line::Asked as Of;
use crate::lines::Lines;
use crate::offset::Hearsay;
use crate::parcel::Past;
use crate::retry::backoff;
use crate::round::{Ended, Known};
use crate::settings::Settings;
use crate::tracks::Tracks;
use crate::writer::Writer;

/// What the sender is made of.
pub struct SenderParts {
    pub channels: BTreeMap<ChannelId, Arc<dyn Channel>>,
    pub keys: Arc<dyn Keys>,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
    pub carrier: Arc<dyn Carrier>,
    pub settings: Settings,
    pub profile: &'static Profile,
    pub reader: Reader,
    pub writer: Writer,
    /// Of the country's legal time.
    pub zone: TimeZone,
}

/// The sender looks at its work at least so often: it sleeps by the steady clock, and waits by one that is set, or goes on
/// while the machine is asleep.
const LONGEST_SLEEP: Duration = Duration::from_secs(300);

/// So many answers of the authority are remembered, for the day at a glance.
const MOST_ANSWERS: usize = 240;

/// What is remembered of a request for the panel.
#[derive(Debug, Clone)]
pub struct LastAnswer {
    pub at: Timestamp,
    pub what: &'static str,
    pub ok: bool,
    pub took: Duration,
    pub text: String,
}

/// How a request to the authority ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Ok,
    /// With a status of 400 to 499, or one that there is not.
    Refused,
    /// With an error of the authority's own: 500 or more.
    Failed,
    /// Without an answer.
    Silent,
}

impl Class {
    /// Of an HTTP status.
    pub fn of(status: u16) -> Class {
        match status {
            200..400 => Class::Ok,
            500.. => Class::Failed,
            _ => Class::Refused,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Class::Ok => "ok",
            Class::Refused => "refused",
            Class::Failed => "failed",
            Class::Silent => "silent",
        }
    }
}

/// The sender of one folder.
pub struct Sender {
    pub(crate) parts: SenderParts,
    /// How parcels that were taken apart are asked about.
    brisk: Conduct,
    /// Held by the task that logs in.
    turns: BTreeMap<ChannelId, tokio::sync::Mutex<()>>,
    pub(crate) passes: Mutex<BTreeMap<ChannelId, Pass>>,
    /// Counts the changes of keys and company: a pass of an earlier one is not kept.
    pub(crate) generation: AtomicU64,
    pub(crate) known_lines: Mutex<BTreeMap<ChannelId, Lines>>,
    /// What is known of network, internet and authority.
    pub(crate) coverage: Mutex<Coverage>,
    /// The legal terms, which nothing changes while the engine runs: each sale's answer is told by them.
    pub(crate) legal: Arc<BTreeMap<String, Term>>,
    /// Held by the task that looks how far this machine gets; told when something was found.
    pub(crate) reaching: tokio::sync::Mutex<()>,
    pub(crate) lost: Notify,
    /// Told when somebody could not sell by this machine's clock, or an answer said that it is off: see `offset`.
    pub(crate) clock_doubted: Notify,
    pub(crate) hearsay: Mutex<Hearsay>,
    /// When it was last looked at for them, by the steady clock; held meanwhile.
    pub(crate) clock_looked: tokio::sync::Mutex<Option<Duration>>,
    /// How long answers took.
    pub(crate) answered_in: Mutex<BTreeMap<(&'static str, Class), Histogram>>,
    /// Until when the authority wants no question on a channel. Deliveries go on: their hour runs.
    pub(crate) quiet: Mutex<BTreeMap<ChannelId, Timestamp>>,
    pub(crate) tracks: Mutex<Tracks>,
    /// Answers with the authority's own errors, in a row.
    pub(crate) errors: Mutex<BTreeMap<(ChannelId, Of), u32>>,
    /// Lines that came back since the last round.
    pub(crate) returned: Mutex<BTreeSet<ChannelId>>,
    /// The last of them, the oldest first.
    heard: Mutex<VecDeque<LastAnswer>>,
    /// What a verification in course remembers of each parcel; lost on a stop, and begun anew.
    pub(crate) probing: Mutex<HashMap<ParcelId, Probing>>,
    /// Documents that a person sends again: one that is absent then goes. Forgotten on a stop.
    pub(crate) by_hand: Mutex<BTreeSet<DocumentId>>,
    pub(crate) permits: Arc<Semaphore>,
    in_flight: AtomicU32,
    running: AtomicBool,
    wake: Notify,
    /// A person asked: waits are over for everything that is not with the authority already.
    pub(crate) hurry: AtomicBool,
    /// Parcels that a person wants to be asked about now.
    pub(crate) wanted: Mutex<BTreeSet<ParcelId>>,
}

/// A verification in course.
#[derive(Debug, Default)]
pub(crate) struct Probing {
    pub asked: BTreeMap<DocumentId, Asked>,
    /// Those that the authority does not have, and since when that is known.
    pub absent: BTreeMap<DocumentId, Timestamp>,
}

/// A question about one document.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Where it stands.
    pub state: Option<State>,
    /// When to ask again.
    pub due: Timestamp,
    /// When that was said.
    pub at: Reading,
    /// How often it was asked.
    pub times: usize,
    /// It was answered, and the answer settles nothing.
    pub answered: bool,
}

/// A request on its way, also when whoever waits for it gives it up.
struct Flying<'a>(&'a AtomicU32);

impl Flying<'_> {
    fn of(count: &AtomicU32) -> Flying<'_> {
        count.fetch_add(1, Ordering::Relaxed);
        Flying(count)
    }
}

impl Drop for Flying<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Sender {
    pub fn new(parts: SenderParts) -> Sender {
        // How a line is now is not known; one that was down is not said to be up before it is.
        let lines = parts.reader.line();
        let line = |id: &ChannelId| match lines.get(&id.0) {
            Some((false, since)) => Lines::unknown(*since),
            Some((true, _)) | None => Lines::UP,
        };
        Sender {
            brisk: brisk(&parts.settings.conduct),
            turns: parts.channels.keys().map(|id| (id.clone(), tokio::sync::Mutex::default())).collect(),
            passes: Mutex::default(),
            generation: AtomicU64::new(0),
            known_lines: Mutex::new(parts.channels.keys().map(|id| (id.clone(), line(id))).collect()),
            legal: Arc::new(deadline::terms(parts.profile, &parts.settings.terms)),
            coverage: Mutex::new(Coverage::load(&parts.reader, parts.clock.now())),
            reaching: tokio::sync::Mutex::default(),
            lost: Notify::new(),
            clock_doubted: Notify::new(),
            hearsay: Mutex::default(),
            clock_looked: tokio::sync::Mutex::default(),
            answered_in: Mutex::default(),
            quiet: Mutex::default(),
            tracks: Mutex::default(),
            errors: Mutex::default(),
            returned: Mutex::default(),
            heard: Mutex::default(),
            probing: Mutex::default(),
            by_hand: Mutex::default(),
            permits: Arc::new(Semaphore::new(parts.settings.workers.max(1))),
            in_flight: AtomicU32::new(0),
            running: AtomicBool::new(true),
            wake: Notify::new(),
            hurry: AtomicBool::new(false),
            wanted: Mutex::default(),
            parts,
        }
    }

    /// A lock was lifted: what was said to be absent before may have left from the other copy since.
    pub(crate) fn ask_anew(&self) {
        lock(&self.probing).clear();
        self.wake();
    }

    /// New work, or a wait that need not be waited out.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// A person asked for it: looks at every line, and at everything that waits to be sent or whose
    /// outcome is unknown. What is with the authority is asked about in its own time.
    pub fn hurry(&self) {
        self.hurry.store(true, Ordering::Relaxed);
        self.wake();
    }

    /// A person wants to know how these parcels, which are with the authority, are doing.
    pub(crate) fn ask_about(&self, parcels: impl IntoIterator<Item = ParcelId>) {
        lock(&self.wanted).extend(parcels);
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

    pub fn lines(&self) -> BTreeMap<ChannelId, Lines> {
        lock(&self.known_lines).clone()
    }

    pub fn last_answer(&self) -> Option<LastAnswer> {
        lock(&self.heard).back().cloned()
    }

    /// The last answers, the oldest first.
    pub fn answers(&self) -> Vec<LastAnswer> {
        lock(&self.heard).iter().cloned().collect()
    }

    /// How long answers took, by what was asked and how it ended.
    pub fn answered_in(&self) -> Vec<(&'static str, Class, Durations)> {
        lock(&self.answered_in).iter().map(|((what, class), took)| (*what, *class, took.read())).collect()
    }

    /// Works until `stop` says so.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut known: Option<Known> = None;
        let mut failed = 0;
        let mut tasks: JoinSet<Ended> = JoinSet::new();
        while !*stop.borrow() {
            let next = if self.running() && self.parts.writer.stopped().is_none() {
                match self.turn_of_work(&mut known, &mut tasks).await {
                    Ok(next) => {
                        failed = 0;
                        next
                    }
                    Err(error) => {
                        failed += 1;
                        tracing::error!(%error, taken_up = known.is_some(), "the sender can't read its queue");
                        Some(self.pause(failed))
                    }
                }
            } else {
                None
            };
            let sleep = nap(self.now(), next);
            tokio::select! {
                // What ended is taken note of before anything else starts; also, always in this order.
                biased;
                _ = stop.changed() => break,
                Some(ended) = tasks.join_next() => match (&mut known, ended) {
                    (Some(known), Ok(ended)) => self.ended(known, ended),
                    (_, Err(error)) => tracing::error!(%error, "a conversation panicked"),
                    (None, Ok(_)) => {}
                },
                () = self.wake.notified() => {}
                () = tokio::time::sleep(sleep) => {}
            }
        }
        // Nothing new; what is on the wire is given time to be heard, so that it leaves no doubt.
        let _ = tokio::time::timeout(Duration::from_secs(5), async {
            while tasks.join_next().await.is_some() {}
        })
        .await;
    }

    /// Nothing starts before what the last stop left is taken up: it might leave twice.
    async fn turn_of_work(
        self: &Arc<Self>,
        known: &mut Option<Known>,
        tasks: &mut JoinSet<Ended>,
    ) -> Result<Option<Timestamp>, TalkError> {
        let known = match known {
            Some(known) => known,
            None => known.insert(self.recover().await?),
        };
        self.round(known, tasks).await
    }

    // What conversations need of the sender.

    pub(crate) fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    pub(crate) fn reading(&self) -> Reading {
        Reading::of(&*self.parts.clock)
    }

    pub(crate) fn zone(&self) -> &TimeZone {
        &self.parts.zone
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
            entropy: self.parts.chance.draw(),
            keys: &*self.parts.keys,
            pass,
            company: &issuer.company,
            environment: issuer.environment,
            simulator: self.parts.settings.simulator.as_deref(),
            conduct: &self.parts.settings.conduct,
            repeated: false,
        }
    }

    /// The same for a parcel of documents with such a past.
    pub(crate) fn cx_of<'a>(&'a self, issuer: &'a Issuer, pass: Option<&'a Pass>, past: Past) -> Cx<'a> {
        let conduct = if past.fell { &self.brisk } else { &self.parts.settings.conduct };
        Cx { conduct, repeated: past.left, ..self.cx(issuer, pass) }
    }

    /// Chance, in 0..1, for pauses.
    pub(crate) fn luck(&self) -> f64 {
        let [a, b, c, d, ..] = self.parts.chance.draw();
        f64::from(u32::from_le_bytes([a, b, c, d])) / 2f64.powi(32)
    }

    /// A name that no parcel has yet.
    pub(crate) fn new_parcel(&self) -> ParcelId {
        ParcelId(hex(&self.parts.chance.draw()[..16]))
    }

    /// When to try again after `tries` that failed.
    pub(crate) fn pause(&self, tries: u32) -> Timestamp {
        let settings = self.settings();
        later(self.now(), backoff(tries, settings.retry_base, settings.retry_cap, self.luck()))
    }

    pub(crate) fn turn(&self, id: &ChannelId) -> &tokio::sync::Mutex<()> {
        self.turns.get(id).expect("a document's channel is one of the regime's")
    }

    pub(crate) async fn carry(&self, channel: &ChannelId, request: &Request) -> Heard {
        let flying = Flying::of(&self.in_flight);
        let began = std::time::Instant::now();
        let channel = self.channel(channel);
        let heard = self.parts.carrier.carry(request, channel.limits()).await;
        drop(flying);
        self.note_clock(request, &heard, began.elapsed()).await;
        match (self.note_reach(&heard).await, heard) {
            (Some(why), Heard::Nothing { sent, .. }) => Heard::Nothing { sent, why: why.to_owned() },
            (_, heard) => heard,
        }
    }

    pub(crate) fn remember(&self, answer: LastAnswer, class: Class) {
        lock(&self.answered_in).entry((answer.what, class)).or_default().note(answer.took);
        let mut heard = lock(&self.heard);
        if heard.len() == MOST_ANSWERS {
            heard.pop_front();
        }
        heard.push_back(answer);
    }

    /// Keys or company changed: every pass is asked for anew, and nothing waits out a refusal.
    pub fn renew(&self) {
        {
            let mut passes = lock(&self.passes);
            self.generation.fetch_add(1, Ordering::SeqCst);
            passes.clear();
        }
        self.hurry();
    }
}

/// How long to sleep when there is something to do `next`.
fn nap(now: Timestamp, next: Option<Timestamp>) -> Duration {
    next.map_or(LONGEST_SLEEP, |at| until(now, at)).min(LONGEST_SLEEP)
}

/// A lock whose holder can't leave anything half done: poison carries no meaning.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A laptop that was closed goes on by its clock, and not once its sleep has lasted as long as it would have.
    #[test]
    fn whatever_it_waits_for_it_looks_at_the_clock_every_five_minutes() {
        let now = Timestamp::UNIX_EPOCH;
        for (wait, sleep) in [(0, 0), (5, 5), (300, 300), (3_600, 300)] {
            let next = later(now, Duration::from_secs(wait));
            assert_eq!(nap(now, Some(next)), Duration::from_secs(sleep));
        }
        assert_eq!(nap(now, None), LONGEST_SLEEP);
    }
}
