//! The shop of a run, deed by deed: it sells, is stopped and started, and finds another state of its folder.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use timbre_agent::Agent;
use timbre_agent::clock::{Clock, TokioClock};
use timbre_agent::view::UnlockOrder;
use timbre_core::{DocumentId, Timestamp};

use crate::copies::{Folders, Turn};
use crate::dice::Dice;
use crate::run::Shop;
use crate::wire::{Call, Wire};
use crate::world::World;

#[derive(Debug)]
pub enum Deed {
    /// Key and sale.
    Sell(String, String),
    KillPasses,
    Stick(u64),
    Restart,
    Turn(Turn),
}

/// What the shop itself went through, and when.
#[derive(Default)]
pub struct Course {
    /// Each start but the first.
    pub restarts: Vec<Timestamp>,
    /// What befell the folder.
    pub turns: Vec<(Timestamp, Turn)>,
    /// Issuing was locked.
    pub locked: Vec<Range<Timestamp>>,
    pub lifted: Vec<Timestamp>,
    /// While a person lifted a lock: they ask about the numbers that come next.
    pub lifting: Vec<Range<Timestamp>>,
    /// Somebody wanted all to be sent.
    pub pressed: Vec<Timestamp>,
    /// Of these spans the journal that is left knows nothing: another one was in use, or this one's end was lost.
    pub blind: Vec<Range<Timestamp>>,
    /// What may not be, and was.
    pub odd: Vec<String>,
}

impl Course {
    /// When what waited did so no longer, and all was asked from the beginning.
    pub fn anew(&self) -> impl Iterator<Item = Timestamp> {
        self.restarts.iter().chain(&self.lifted).chain(&self.pressed).copied()
    }

    /// When the engine found another state of its folder.
    pub fn exchanges(&self) -> impl Iterator<Item = Timestamp> {
        let other = |turn: &Turn| matches!(turn, Turn::Exchanged { .. } | Turn::Torn { .. });
        self.turns.iter().filter(move |(_, turn)| other(turn)).map(|(at, _)| *at)
    }

    /// Is it of what the journal that is left knows nothing of?
    pub fn is_lost(&self, at: Timestamp) -> bool {
        self.blind.iter().any(|span| span.contains(&at))
    }

    /// Is it about a number that comes next, asked by a person who lifts a lock?
    pub fn is_a_persons(&self, call: &Call) -> bool {
        call.what == "number?" || self.lifting.iter().any(|span| span.contains(&call.from))
    }

    /// Did the journal that is left hear the end of it?
    pub fn heard(&self, call: &Call) -> bool {
        call.to.is_some_and(|to| !self.is_lost(call.from) && !self.is_lost(to))
    }
}

pub struct Life<'a, W> {
    shop: &'a Shop<W>,
    seed: u64,
    clock: Arc<TokioClock>,
    start: Timestamp,
    wire: Arc<Wire<W>>,
    pub folders: Folders,
    agent: Option<Agent>,
    /// Since when it is locked.
    locked: Option<Timestamp>,
    /// What was refused for that, to be sold again.
    refused: Vec<(String, String)>,
    /// All that was ever sold, in order: document and moment.
    pub sold: Vec<(DocumentId, Timestamp)>,
    pub course: Course,
}

impl<'a, W: World + 'static> Life<'a, W> {
    pub fn begin(
        shop: &'a Shop<W>,
        seed: u64,
        root: &Path,
        clock: Arc<TokioClock>,
        wire: Arc<Wire<W>>,
    ) -> Life<'a, W> {
        let mut life = Life {
            shop,
            seed,
            start: clock.now(),
            clock,
            wire,
            folders: Folders::of(root),
            agent: None,
            locked: None,
            refused: Vec::new(),
            sold: Vec::new(),
            course: Course::default(),
        };
        life.open();
        life
    }

    pub fn agent(&self) -> &Agent {
        self.agent.as_ref().expect("it is open")
    }

    pub async fn does(&mut self, deed: Deed) {
        match deed {
            Deed::Sell(key, sale) => self.sell(key, sale).await,
            Deed::KillPasses => self.wire.authority().kill_passes(),
            Deed::Stick(until) => {
                let until = self.start + jiff::SignedDuration::from_secs(until.cast_signed());
                self.wire.authority().stick(until);
            }
            Deed::Restart => {
                self.close().await;
                self.open_again();
            }
            Deed::Turn(turn) => self.turn(turn).await,
        }
    }

    async fn turn(&mut self, turn: Turn) {
        self.course.turns.push((self.clock.now(), turn));
        match turn {
            Turn::Copied => self.folders.copy(self.clock.now()),
            Turn::Exchanged { bare } => {
                self.close().await;
                self.folders.exchange(self.clock.now(), bare);
                self.open_again();
            }
            Turn::Torn { bare, throw } => {
                self.close().await;
                self.folders.tear(self.clock.now(), bare, throw);
                self.open_again();
            }
            Turn::Unlocked => self.unlock().await,
        }
    }

    async fn unlock(&mut self) {
        let Some(since) = self.locked.take() else { return };
        let began = self.clock.now();
        let lifted = self.agent().unlock(&UnlockOrder::by("ana")).await;
        let now = self.clock.now();
        self.course.lifting.push(began..now);
        self.course.odd.extend(lifted.err().map(|why| format!("{now} it can't be unlocked: {why}")));
        self.course.locked.push(since..now);
        self.course.lifted.push(now);
        for (key, sale) in std::mem::take(&mut self.refused) {
            self.sell(key, sale).await;
        }
    }

    /// What is refused while issuing is locked is sold once it is not; whoever can't sell presses what there is.
    async fn sell(&mut self, key: String, sale: String) {
        let now = self.clock.now();
        let issued = self.agent().issue(Bytes::from(sale.clone()), Some(key.clone())).await;
        match issued {
            Ok(issued) => {
                let id: DocumentId = issued.document.id.parse().expect("an id");
                if self.locked.is_some() {
                    self.course.odd.push(format!("{now} {id} was sold while issuing was locked"));
                }
                self.sold.push((id, now));
            }
            Err(problem) if self.locked.is_some() && problem.code == "store-stopped" => {
                self.refused.push((key, sale));
                self.agent().resend_pending().await.expect("a person may ask");
                self.course.pressed.push(now);
            }
            Err(problem) => self.course.odd.push(format!("{now} a sale was refused: {problem}")),
        }
    }

    fn open(&mut self) {
        let dice = Dice::new(self.seed, &format!("engine {}", self.course.restarts.len()));
        let (has_to, now) = (self.folders.has_to_lock(), self.clock.now());
        let agent = self.shop.engine(self.folders.dir(), Arc::clone(&self.clock), &self.wire, dice, true);
        let lock = agent.lock();
        if lock.is_some() != has_to {
            self.course.odd.push(format!("{now} its lock is {lock:?}, and it has to have one: {has_to}"));
        }
        self.locked = lock.map(|_| now);
        self.agent = Some(agent);
    }

    fn open_again(&mut self) {
        self.course.restarts.push(self.clock.now());
        self.open();
    }

    /// Stops the engine, and gives back its folder.
    pub async fn close(&mut self) {
        let agent = self.agent.take().expect("it is open");
        agent.stop().await;
        drop(agent);
        let_go().await;
        match self.locked.take() {
            Some(since) => self.course.locked.push(since..self.clock.now()),
            None => self.folders.is_anchored(),
        }
    }
}

/// What was cut short is dropped by the executor, in its turn.
pub async fn let_go() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}
