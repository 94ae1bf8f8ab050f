//! The simulator as one value: its settings, its state behind a mutex, and the door `answer`. Sockets and the
//! real clock are in `serve`.

use crate::{
    book::Book,
    claims::Action,
    desk::{Desk, Refused},
    fault::Fault,
    faults::{Faults, Line},
    judge::{DocumentKey, World},
    ledger::Ledger,
    mail::{self, Mail},
    message::{Host, Outcome, Request},
    registry::Registry,
    routes,
    rules::Rules,
    scenario::Scenario,
    state::{Annulled, State},
};
use jiff::{SignedDuration, Timestamp};
use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;

#[derive(Clone, Debug)]
pub struct Config {
    /// How long every reply takes, before what the scenario adds.
    pub latency: Duration,
    /// How long one step of the pipeline takes; there are five from REC to EPR.
    pub processing: Duration,
    pub scenario: Scenario,
    pub seed: u64,
    pub rules: Rules,
    pub registry: Registry,
    /// A folder where the socket side leaves every well-framed upload, byte for byte, for whoever judges the
    /// simulator's clients by other means.
    pub keep_sent: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            latency: Duration::ZERO,
            processing: Duration::from_secs(1),
            scenario: Scenario::named("calm").expect("calm is one of the embedded scenarios"),
            seed: 1,
            rules: Rules::default(),
            registry: Registry::default(),
            keep_sent: None,
        }
    }
}

/// The SII. Clones share one state.
#[derive(Clone)]
pub struct Sim {
    inner: Arc<Inner>,
}

struct Inner {
    latency: Duration,
    seed: u64,
    world: World,
    keep_sent: Option<PathBuf>,
    state: Mutex<State>,
    /// How far the simulator's clock was wound ahead of the real one.
    ahead: Mutex<SignedDuration>,
    line_changed: Notify,
}

impl Sim {
    /// One that forgets everything when it is dropped.
    pub fn new(config: Config) -> Sim {
        let faults = Faults::new(config.scenario, config.seed);
        Sim {
            inner: Arc::new(Inner {
                latency: config.latency,
                seed: config.seed,
                world: World { registry: config.registry, rules: config.rules },
                keep_sent: config.keep_sent,
                state: Mutex::new(State::new(faults, config.seed, config.processing)),
                ahead: Mutex::new(SignedDuration::ZERO),
                line_changed: Notify::new(),
            }),
        }
    }

    /// One that keeps its uploads, documents and CAFs in a folder, and finds them there again however it ended.
    /// Seeds and tokens die with the process.
    pub fn open(config: Config, folder: &Path) -> io::Result<Sim> {
        let (book, past) = Book::open(folder)?;
        let sim = Sim::new(config);
        sim.state().resume(book, past);
        Ok(sim)
    }

    /// Judges one request at one moment. No socket, no clock: the same requests at the same times under the
    /// same seed bring the same outcomes.
    pub fn answer(&self, role: Host, request: &Request, now: Timestamp) -> Outcome {
        let delay = {
            let mut state = self.state();
            state.now = state.now.max(now);
            state.faults.begin(now);
            if state.broken || state.faults.line(role, now).down {
                return Outcome::DropBefore;
            }
            self.inner.latency + state.faults.delay()
        };
        routes::answer(self, role, request, now, delay)
    }

    /// What the simulator holds at the latest moment anybody has spoken of.
    pub fn ledger(&self) -> Ledger {
        let state = self.state();
        Ledger::of(&state, state.now)
    }

    pub fn ledger_at(&self, now: Timestamp) -> Ledger {
        Ledger::of(&self.state(), now)
    }

    /// Switches to another of the embedded scenarios; its schedule begins now. False when there is none of
    /// that name.
    pub fn set_scenario(&self, name: &str, now: Timestamp) -> bool {
        let Some(scenario) = Scenario::named(name) else { return false };
        self.play(scenario, self.inner.seed, now);
        true
    }

    /// Switches to a scenario of anybody's making, its draws from that seed; its schedule begins now.
    pub fn play(&self, scenario: Scenario, seed: u64, now: Timestamp) {
        self.state().faults.switch(scenario, seed, now);
        self.inner.line_changed.notify_one();
    }

    /// Lets one more thing go wrong, besides those of the scenario.
    pub fn arm(&self, fault: Fault) {
        self.state().faults.arm(fault);
    }

    pub(crate) fn seed(&self) -> u64 {
        self.inner.seed
    }

    /// Cuts the line by hand, or gives it back to the scenario.
    pub fn set_outage(&self, down: bool) {
        self.state().faults.set_outage(down);
        self.inner.line_changed.notify_one();
    }

    /// Starts the scenario's schedule, if no request has done so yet.
    pub fn begin(&self, now: Timestamp) {
        self.state().faults.begin(now);
    }

    /// Is the line to that host up, and when does the schedule change that?
    pub fn line(&self, host: Host, now: Timestamp) -> Line {
        self.state().faults.line(host, now)
    }

    /// Every mail with results that was sent until then.
    pub fn mail(&self, now: Timestamp) -> Vec<Mail> {
        mail::sent(&self.state(), now)
    }

    /// Gives folios back, as the taxpayer does on the SII's page: what is stamped with them is refused.
    pub fn annul(&self, tipo: u16, from: u64, to: u64) -> io::Result<()> {
        self.state().annul(Annulled { tipo, from, to })
    }

    /// A receptor says what he thinks of a document; gives `codResp`.
    pub fn claim(
        &self,
        issuer: &str,
        tipo: u16,
        folio: u64,
        action: Action,
        now: Timestamp,
    ) -> io::Result<i32> {
        let key = DocumentKey { issuer: issuer.to_owned(), tipo, folio };
        let mut state = self.state();
        let receptor = state.documents.get(&key).and_then(|record| record.held());
        let receptor = receptor.map(|version| version.facts.receptor.clone()).unwrap_or_default();
        state.claim(&key, action, &receptor, now).map(|response| response.0)
    }

    /// Every token dies at once.
    pub fn kill_tokens(&self) {
        self.state().tokens.clear();
    }

    pub fn scenario(&self) -> Scenario {
        self.state().faults.scenario.clone()
    }

    /// Wakes when an outage began or ended other than by the clock.
    pub(crate) async fn line_changed(&self) {
        self.inner.line_changed.notified().await;
    }

    pub(crate) fn notify_line(&self) {
        self.inner.line_changed.notify_one();
    }

    pub(crate) fn world(&self) -> &World {
        &self.inner.world
    }

    /// A CAF from the desk, which remembers it: the same range again is the same file, and none overlaps.
    pub fn lend(&self, tipo: u16, from: u64, to: u64, now: Timestamp) -> Result<Vec<u8>, Refused> {
        Desk::lend(&mut self.state(), tipo, from, to, now)
    }

    /// The simulator's time when the real clock shows `real`.
    pub fn time(&self, real: Timestamp) -> Timestamp {
        real.saturating_add(*self.ahead()).unwrap_or(Timestamp::MAX)
    }

    /// Winds the clock ahead: what was waited for has happened.
    pub fn advance(&self, by: Duration) {
        {
            let mut ahead = self.ahead();
            let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
            *ahead = ahead.saturating_add(by);
        }
        self.notify_line();
    }

    fn ahead(&self) -> MutexGuard<'_, SignedDuration> {
        self.inner.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keep_sent(&self) -> Option<&Path> {
        self.inner.keep_sent.as_deref()
    }

    /// A panic while the state was held has left it as it was: every change to it is a few plain insertions.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
