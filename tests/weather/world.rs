//! What a run needs of a country: how its shop is opened, what it sells, and the authority it sends to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use timbre_agent::{Agent, Custody, Settings};
use timbre_core::{Channel, ChannelId, Heard, Regime, Request, Timestamp};
use timbre_store::Reader;

use crate::dice::Dice;
use crate::sky::{Outage, Sky, Spell};

/// What the runs of a shop are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// A few sales, and all that can happen to them.
    Weather,
    /// As many documents as one parcel holds, sold while there is no line. A few of them take every parcel that they
    /// are in down with them.
    Wholesale,
}

/// Documents of a wholesale run, and of its first parcel.
pub const WHOLESALE: u64 = 500;

impl Theme {
    pub fn sky(self, seed: u64, lines: &[&str]) -> Sky {
        let mut sky = Sky::of(seed, lines);
        if self == Theme::Wholesale {
            // Until all are sold.
            sky.outages.insert(0, Outage { from: 0, to: 2 * 3_600, does: Spell::Dead, line: None });
            sky.turns.clear();
        }
        sky
    }

    /// How much of the longest patience its documents need: where none waits for the number before it, less.
    pub fn patience(self, longest: Duration) -> Duration {
        match self {
            Theme::Weather => longest,
            Theme::Wholesale => longest / 5,
        }
    }

    /// Seconds from one sale to the next: several in the same second, or a quiet hour.
    pub fn gap(self, dice: &mut Dice) -> u64 {
        match self {
            Theme::Weather => dice.one_of(&[0, 0, 0, 0, 1, 20, 600, 1_200]),
            Theme::Wholesale => dice.one_of(&[0, 0, 1, 20]),
        }
    }

    /// The numbers that parcels fall for, one to ten of them.
    pub fn bad(self, seed: u64) -> BTreeSet<u64> {
        let mut dice = Dice::new(seed, "bad");
        match self {
            Theme::Weather => BTreeSet::new(),
            Theme::Wholesale => (0..dice.range(1, 10)).map(|_| dice.range(1, WHOLESALE)).collect(),
        }
    }
}

/// When every run begins.
pub const START: &str = "2026-03-02T12:00:00Z";

/// What the authority makes of a request that reached it.
#[derive(Debug)]
pub enum Told {
    Heard {
        after: Duration,
        heard: Heard,
    },
    /// It took effect, and nothing is said.
    Silence {
        after: Duration,
    },
    /// The line broke before it took effect.
    NotTaken,
}

/// An authority, driven by hand.
pub trait Authority: Send {
    fn answer(&mut self, request: &Request, now: Timestamp) -> Told;

    /// How it holds each document: the state that the shop has to come to, or `processing`.
    fn ledger(&self, now: Timestamp) -> BTreeMap<String, Entry>;

    /// What the shop did that it may never do.
    fn violations(&self) -> Vec<String>;

    fn kill_passes(&mut self);

    /// What comes in from now on stays without a verdict until then.
    fn stick(&mut self, until: Timestamp);
}

/// A document at the authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// ACEPTADO, REPARO, RECHAZADO, or `processing`.
    pub state: &'static str,
    /// In the authority's own words, for whoever reads a failure.
    pub words: String,
    /// How many times it was offered.
    pub offered: u64,
    /// What it got with its acceptance.
    pub given: Option<String>,
}

/// A country to run in.
pub trait World: Send + Sync {
    fn name(&self) -> String;
    fn theme(&self) -> Theme;
    /// The lines that fail apart from each other.
    fn lines(&self) -> &'static [&'static str];
    fn line_of(&self, request: &Request) -> &'static str;
    fn regime(&self) -> Arc<dyn Regime>;
    fn channels(&self) -> BTreeMap<ChannelId, Arc<dyn Channel>>;
    fn custody(&self, dir: &Path, reader: Reader) -> Arc<dyn Custody>;
    fn settings(&self) -> Settings;
    /// Company, certificate, ranges of numbers.
    fn set_up(&self, agent: &Agent) -> impl Future<Output = ()>;
    fn authority(&self, seed: u64, sky: &Sky) -> Box<dyn Authority>;
    /// How many sales a run has.
    fn sales(&self, dice: &mut Dice) -> u64;
    /// How many sales another till made before with the same numbers, for somebody put an old copy of the folder to use:
    /// the authority knows these numbers with other data.
    fn twins(&self, seed: u64) -> u64 {
        let _ = seed;
        0
    }
    /// Does the authority take what comes after a number that is lost?
    fn takes_gaps(&self) -> bool {
        true
    }
    /// One of them; `bad`: of those that parcels fall for.
    fn sale(&self, dice: &mut Dice, bad: bool) -> Value;
    /// The documents that a delivery is of.
    fn delivered(&self, request: &Request) -> Vec<String>;
}
