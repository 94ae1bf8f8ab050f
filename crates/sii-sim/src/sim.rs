//! The simulator as one value: its settings, its state behind a mutex, and the door `answer`. Sockets and the
//! real clock are in `serve`.

use crate::{
    faults::{Faults, Line},
    ledger::Ledger,
    message::{Host, Outcome, Request},
    routes,
    scenario::Scenario,
    state::State,
};
use jiff::Timestamp;
use std::{
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
    /// Does a rejected document burn its folio? The sources disagree; by default it stays free.
    pub rejected_burns_folio: bool,
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
            rejected_burns_folio: false,
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
    rejected_burns_folio: bool,
    keep_sent: Option<PathBuf>,
    state: Mutex<State>,
    line_changed: Notify,
}

impl Sim {
    pub fn new(config: Config) -> Sim {
        let faults = Faults::new(config.scenario, config.seed);
        Sim {
            inner: Arc::new(Inner {
                latency: config.latency,
                seed: config.seed,
                rejected_burns_folio: config.rejected_burns_folio,
                keep_sent: config.keep_sent,
                state: Mutex::new(State::new(faults, config.seed, config.processing)),
                line_changed: Notify::new(),
            }),
        }
    }

    /// Judges one request at one moment. No socket, no clock: the same requests at the same times under the
    /// same seed bring the same outcomes.
    pub fn answer(&self, role: Host, request: &Request, now: Timestamp) -> Outcome {
        let delay = {
            let mut state = self.state();
            state.now = state.now.max(now);
            state.faults.begin(now);
            if state.faults.line(now).down {
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
        self.state().faults.switch(scenario, self.inner.seed, now);
        self.inner.line_changed.notify_one();
        true
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

    /// Is the line up, and when does the schedule change that?
    pub fn line(&self, now: Timestamp) -> Line {
        self.state().faults.line(now)
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

    pub(crate) fn rejected_burns_folio(&self) -> bool {
        self.inner.rejected_burns_folio
    }

    pub(crate) fn keep_sent(&self) -> Option<&Path> {
        self.inner.keep_sent.as_deref()
    }

    /// A panic while the state was held has left it as it was: every change to it is a few plain insertions.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
