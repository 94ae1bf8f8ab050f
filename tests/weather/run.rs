//! One run: a shop, its sales, its weather, until every document has its verdict. One thread, and time that
//! moves only as the timers do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use timbre_agent::clock::{Clock, TokioClock, later};
use timbre_agent::{Agent, AgentParts, Seat, Settings};
use timbre_core::{DocState, DocumentId, Timestamp};
use timbre_store::{OpenOptions, Row, Store};
use tokio::time::{Instant, sleep, sleep_until};

use crate::copies::{Turn, anchor_of, copy, journal_of};
use crate::dice::{Dice, Loaded};
use crate::life::{Course, Deed, Life, let_go};
use crate::rules;
use crate::sky::Sky;
use crate::wire::{Call, Wire};
use crate::world::{Authority, Entry, START, World};

/// How long after the last bad weather everything must have its verdict. What was refused alike twice goes again
/// a day later, and where numbers must come in their order each may wait for the one before it.
const PATIENCE: Duration = Duration::from_secs(20 * 24 * 3_600);
/// No pause of the engine's is longer than a day: where nothing was asked for so long nothing ever will be.
const QUIET: Duration = Duration::from_secs(26 * 3_600);
/// How often a run looks whether it is over.
const LOOK: Duration = Duration::from_secs(300);

/// A shop of a country, set up once: each run gets a copy of it.
pub struct Shop<W> {
    pub world: Arc<W>,
    pub dir: tempfile::TempDir,
}

/// What is left of a run.
pub struct Past {
    pub sky: Sky,
    pub start: Timestamp,
    pub end: Timestamp,
    pub calls: Vec<Call>,
    /// All that was ever sold, in order: document and moment.
    pub sold: Vec<(DocumentId, Timestamp)>,
    /// What was sold and lost with a newer journal: nothing but the authority's ledger may know of it, and there is no
    /// verdict to be heard.
    pub lost: BTreeSet<DocumentId>,
    pub rows: BTreeMap<DocumentId, Row>,
    /// Is there a document with the number after the last one that was sold?
    pub beyond: Vec<DocumentId>,
    pub ledger: BTreeMap<String, Entry>,
    pub violations: Vec<String>,
    pub course: Course,
    pub settings: Settings,
    /// What the authority had accepted of another till under numbers of this one.
    pub twins: BTreeSet<DocumentId>,
    /// All that the other till sold, accepted or not.
    pub foreign: BTreeSet<DocumentId>,
    /// The journal's own bytes, all of them.
    pub journal: Vec<u8>,
    pub check: timbre_store::CheckReport,
}

/// Memory, where the system offers it as a folder: a run's fsyncs are nobody's business.
pub fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder")
}

pub fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().start_paused(true).build().expect("a runtime of one thread")
}

impl<W: World + 'static> Shop<W> {
    pub fn open(world: W) -> Shop<W> {
        let shop = Shop { world: Arc::new(world), dir: folder() };
        runtime().block_on(async {
            let clock = Arc::new(TokioClock::starting_at(START.parse().expect("a time")));
            let sky = shop.world.theme().sky(0, shop.world.lines());
            let authority = Arc::new(Mutex::new(shop.world.authority(0, &sky)));
            let wire = Arc::new(Wire::new(Arc::clone(&shop.world), clock.clone(), sky, authority));
            let agent =
                shop.engine(&shop.dir.path().join("shop"), clock, &wire, Dice::new(0, "set-up"), false);
            shop.world.set_up(&agent).await;
            agent.stop().await;
        });
        shop
    }

    /// An engine on a folder, with its anchor beside that.
    pub fn engine(
        &self,
        dir: &Path,
        clock: Arc<TokioClock>,
        wire: &Arc<Wire<W>>,
        dice: Dice,
        send: bool,
    ) -> Agent {
        let options = OpenOptions { anchor: Some(anchor_of(dir)), ..OpenOptions::default() };
        let (store, opened) = Store::open(dir, &options, &|_, _| {}).expect("a store");
        let custody = self.world.custody(dir, store.reader());
        Agent::start(AgentParts {
            store,
            opened,
            regime: self.world.regime(),
            channels: self.world.channels(),
            custody,
            clock,
            chance: Arc::new(Loaded::new(dice)),
            carrier: Arc::clone(wire) as Arc<dyn timbre_agent::carrier::Carrier>,
            settings: self.world.settings(),
            seat: Seat::Caller,
            paper: Arc::new(timbre_core::paper::NoPaper),
            send,
        })
        .expect("an engine")
    }

    /// Runs a seed to its end.
    pub fn run(&self, seed: u64) -> Past {
        let dir = folder();
        copy(self.dir.path(), dir.path());
        runtime().block_on(self.live(seed, dir.path()))
    }

    async fn live(&self, seed: u64, root: &Path) -> Past {
        let clock = Arc::new(TokioClock::starting_at(START.parse().expect("a time")));
        let mut sky = self.world.theme().sky(seed, self.world.lines());
        if self.world.twins(seed) > 0 {
            sky.turns.clear();
        }
        let authority = Arc::new(Mutex::new(self.world.authority(seed, &sky)));
        let (foreign, twins) = self.twins(seed, &clock, &authority).await;
        let (began, start) = (Instant::now(), clock.now());
        let world = Arc::clone(&self.world);
        let wire = Arc::new(Wire::new(world, clock.clone(), sky.clone(), authority));
        let mut life = Life::begin(self, seed, root, Arc::clone(&clock), Arc::clone(&wire));
        for (second, deed) in self.deeds(seed, &sky) {
            sleep_until(began + Duration::from_secs(second)).await;
            life.does(deed).await;
        }
        let settings = self.world.settings();
        // Where nothing was asked or heard since the last look nothing is otherwise.
        let mut seen = (0, 0);
        let mut news = || {
            let calls = wire.calls();
            let under_way = calls.iter().rev().take(50).filter(|call| call.to.is_none()).count();
            let now = (calls.len(), under_way);
            std::mem::replace(&mut seen, now) != now
        };
        // All that was asked is gone through: once an hour is enough.
        let mut looks = 0u32;
        let mut hopeless = || {
            looks += 1;
            looks.is_multiple_of(12) && rules::hopeless(&wire.calls(), &life.course, &settings).is_some()
        };
        let end = began + Duration::from_secs(sky.end);
        while Instant::now() < end && !(news() && hopeless()) {
            sleep(LOOK.min(end - Instant::now())).await;
        }
        let calm = Instant::now();
        let reader = life.agent().reader().clone();
        let row = |id: &DocumentId| reader.row(id).expect("the index is read");
        let mut open: Vec<DocumentId> = life.sold.iter().map(|(id, _)| id.clone()).collect();
        let patience = self.world.theme().patience(PATIENCE);
        while calm.elapsed() < patience && !is_quiet(&wire.calls(), clock.now(), calm.elapsed()) {
            let settled =
                |row: &Row| row.state.is_final() || (twins.contains(&row.id) && row.attention.is_some());
            if news() || calm.elapsed().is_zero() {
                open.retain(|id| row(id).is_some_and(|row| !settled(&row)));
                if open.is_empty() || hopeless() {
                    break;
                }
            }
            sleep(LOOK).await;
        }
        life.agent().stop().await;
        let rows: BTreeMap<_, _> =
            life.sold.iter().filter_map(|(id, _)| Some((id.clone(), row(id)?))).collect();
        let last = last_of_each(&life.sold);
        let beyond = last.into_iter().filter(|id| row(id).is_some()).collect();
        drop(reader);
        life.close().await;
        let end = clock.now();
        let Life { folders, sold, mut course, .. } = life;
        course.blind = folders.blind().to_vec();
        let gone = |(id, at): &&(DocumentId, Timestamp)| !rows.contains_key(id) && course.is_lost(*at);
        let lost = sold.iter().filter(gone).map(|(id, _)| id.clone()).collect();
        let journal = journal_of(folders.dir());
        let anchor = anchor_of(folders.dir());
        let check = timbre_store::check(folders.dir(), Some(&anchor), None, &mut |_| {}, &|_, _| {})
            .expect("the folder is read back");
        let (ledger, violations) = {
            let authority = wire.authority();
            // What it has still in process will have its verdict, too.
            (authority.ledger(later(end, Duration::from_secs(60 * 24 * 3_600))), authority.violations())
        };
        let calls = std::mem::take(&mut *wire.calls());
        Past {
            sky,
            start,
            end,
            sold,
            lost,
            rows,
            beyond,
            ledger,
            violations,
            course,
            settings,
            twins,
            foreign,
            journal,
            check,
            calls,
        }
    }

    /// A shop of its own from `start` on, with nothing in the way to `authority`.
    pub fn in_calm(
        &self,
        start: &str,
        authority: Box<dyn Authority>,
        live: impl AsyncFnOnce(&Agent, &TokioClock),
    ) -> BTreeMap<String, Entry> {
        let dir = folder();
        copy(self.dir.path(), dir.path());
        runtime().block_on(async {
            let clock = Arc::new(TokioClock::starting_at(start.parse().expect("a time")));
            let authority = Arc::new(Mutex::new(authority));
            let wire = Arc::new(Wire::new(Arc::clone(&self.world), clock.clone(), Sky::calm(), authority));
            let shop = dir.path().join("shop");
            let agent = self.engine(&shop, clock.clone(), &wire, Dice::new(0, "calm"), true);
            live(&agent, &clock).await;
            agent.stop().await;
            let authority = wire.authority();
            let (ledger, violations) = (authority.ledger(clock.now()), authority.violations());
            assert!(violations.is_empty(), "{violations:#?}");
            ledger
        })
    }

    /// Another till with the same numbers sells, in calm weather, until it has its verdicts. All its documents, and those
    /// that the authority took.
    async fn twins(
        &self,
        seed: u64,
        clock: &Arc<TokioClock>,
        authority: &Arc<Mutex<Box<dyn Authority>>>,
    ) -> (BTreeSet<DocumentId>, BTreeSet<DocumentId>) {
        let (dir, mut dice) = (folder(), Dice::new(seed, "twins' sales"));
        let sales = self.world.twins(seed);
        if sales == 0 {
            return Default::default();
        }
        copy(self.dir.path(), dir.path());
        let authority = Arc::clone(authority);
        let wire = Arc::new(Wire::new(Arc::clone(&self.world), clock.clone(), Sky::calm(), authority));
        let shop = dir.path().join("shop");
        let twin = self.engine(&shop, clock.clone(), &wire, Dice::new(seed, "twin"), true);
        let mut sold = BTreeSet::new();
        for n in 0..sales {
            let sale = Bytes::from(self.world.sale(&mut dice, false).to_string());
            let issued = twin.issue(sale, Some(format!("twin {n}"))).await.expect("a sale is issued");
            sold.insert(issued.document.id.parse().expect("an id"));
        }
        let reader = twin.reader().clone();
        let row = |id: &DocumentId| reader.row(id).expect("the index is read").expect("what was sold");
        let began = Instant::now();
        while began.elapsed() < PATIENCE && !sold.iter().all(|id| row(id).state.is_final()) {
            sleep(LOOK).await;
        }
        twin.stop().await;
        let taken = |id: &DocumentId| matches!(row(id).state, DocState::Aceptado | DocState::Reparo);
        let taken = sold.iter().filter(|id| taken(id)).cloned().collect();
        drop((reader, twin));
        let_go().await;
        (sold, taken)
    }

    /// All that is done in a run, in the order of time.
    fn deeds(&self, seed: u64, sky: &Sky) -> Vec<(u64, Deed)> {
        let mut dice = Dice::new(seed, "sales");
        let theme = self.world.theme();
        let bad = theme.bad(seed);
        let mut deeds = Vec::new();
        let mut at = dice.range(0, 600);
        for n in 0..self.world.sales(&mut dice) {
            deeds.push((
                at,
                Deed::Sell(format!("k{n}"), self.world.sale(&mut dice, bad.contains(&(n + 1))).to_string()),
            ));
            at += theme.gap(&mut dice);
        }
        deeds.extend(sky.pass_deaths.iter().map(|at| (*at, Deed::KillPasses)));
        deeds.extend(sky.stuck.iter().map(|(at, until)| (*at, Deed::Stick(*until))));
        deeds.extend(sky.restarts.iter().map(|at| (*at, Deed::Restart)));
        // Where a number is missing nothing more is taken, ever: there nothing is sold that could be lost.
        let (gaps, from) = if self.world.takes_gaps() { (true, 0) } else { (false, at) };
        for (n, (at, turn)) in sky.turns.iter().enumerate() {
            deeds.push((from + at, Deed::Turn(*turn)));
            let is_last = sky.turns[n + 1..].iter().all(|(_, turn)| *turn == Turn::Unlocked);
            let sales = if gaps || is_last { dice.range(0, 3) } else { 0 };
            for k in 0..sales {
                let sale = self.world.sale(&mut dice, false).to_string();
                deeds.push((from + at + dice.range(0, 900), Deed::Sell(format!("t{n}.{k}"), sale)));
            }
        }
        deeds.sort_by_key(|(at, _)| *at);
        deeds
    }

    /// Runs a seed and holds it against every rule; an error says all that is needed to see it again.
    pub fn judge(&self, seed: u64) -> Result<Past, String> {
        let past = self.run(seed);
        let broken = rules::broken(&past);
        if !broken.is_empty() {
            let mut text = format!("seed {seed} in {}:\n", self.world.name());
            broken.iter().take(20).for_each(|rule| writeln!(text, "  {rule}").expect("a text"));
            let trace = past.trace();
            // One that was asked for by its number is told whole.
            let told = if std::env::var_os("TIMBRE_SEED").is_some() { usize::MAX } else { 60 };
            let tail = trace.len().saturating_sub(told);
            trace[tail..].iter().for_each(|line| writeln!(text, "    {line}").expect("a text"));
            return Err(text);
        }
        Ok(past)
    }
}

impl Past {
    /// What passed, a line for each request, and how it ended.
    pub fn trace(&self) -> Vec<String> {
        let after = |at: Timestamp| at.duration_since(self.start).as_secs_f64();
        let call = |call: &Call| {
            let to = call.to.map_or_else(|| "…".to_owned(), |to| format!("{:.3}", after(to)));
            format!(
                "{:>12.3}–{to} {} {} {} {:?} → {}",
                after(call.from),
                call.line,
                call.what,
                call.documents.join(" "),
                call.fate,
                call.heard
            )
        };
        let row = |(id, row): (&DocumentId, &Row)| {
            let held = self.ledger.get(&id.to_string());
            format!("{id} {} after {} attempts; there: {held:?}", row.state.word(), row.attempts)
        };
        let restarts =
            self.course.restarts.iter().map(|at| format!("{:>12.3} stopped and started", after(*at)));
        let locked = self.course.locked.iter();
        let locked = locked.map(|span| format!("{:>12.3}–{:.3} locked", after(span.start), after(span.end)));
        let turns = self.course.turns.iter().map(|(at, turn)| format!("{:>12.3} {turn:?}", after(*at)));
        let lost =
            self.lost.iter().map(|id| format!("{id} is lost; there: {:?}", self.ledger.get(&id.to_string())));
        let ours = restarts.chain(turns).chain(locked).chain(lost);
        self.calls.iter().map(call).chain(ours).chain(self.rows.iter().map(row)).collect()
    }
}

/// Was nothing asked for long, although nothing stands in the way?
fn is_quiet(calls: &[Call], now: Timestamp, calm: Duration) -> bool {
    let heard = |call: &Call| now.duration_since(call.to.unwrap_or(call.from)).unsigned_abs() < QUIET;
    calm >= QUIET && !calls.iter().rev().take(50).any(heard)
}

/// The number after the last one of each series.
fn last_of_each(sold: &[(DocumentId, Timestamp)]) -> Vec<DocumentId> {
    let mut last = BTreeMap::new();
    for (id, _) in sold {
        let number = last.entry(id.series.clone()).or_insert(0);
        *number = id.number.max(*number);
    }
    last.into_iter().map(|(series, number)| DocumentId { series, number: number + 1 }).collect()
}
