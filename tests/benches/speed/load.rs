//! Many documents: what a start, an issue and memory cost when thousands wait, or a million have gone.

use std::path::Path;
use std::time::{Duration, Instant};

use timbre_agent::Agent;
use timbre_app::Running;
use timbre_core::DocumentId;
use timbre_store::{OpenOptions, Store};
use tokio::runtime::Runtime;

use crate::bulk::{self, Life};
use crate::machine::{read_calls, resident};
use crate::table::{Figure, ms, ratio};
use crate::yardstick::{median, quantile};
use crate::{Done, issuing, shop};

/// How many documents. The large ones take minutes and gigabytes, and are asked for (`--large`).
#[derive(Clone, Copy)]
pub struct Scale {
    pub waiting: u64,
    pub settled: u64,
    pub drained: usize,
}

pub const SMALL: Scale = Scale { waiting: 2_000, settled: 10_000, drained: 500 };
pub const LARGE: Scale = Scale { waiting: 50_000, settled: 1_000_000, drained: 10_000 };

/// Folios beyond the copies, to issue with.
const MORE: u64 = 10_000;
const WARM_UP: usize = 100;
const ROUNDS: usize = 500;
/// No start with however many documents takes longer, and no issue more than so many times an empty store's.
const START: f64 = 2_000.0;
const SLOWER: f64 = 1.2;

pub fn measure(runtime: &Runtime, folder: &Path, scale: Scale) -> Done<Vec<Figure>> {
    let mut figures = Vec::new();
    for (name, many, life) in
        [("waiting", scale.waiting, Life::Waiting), ("gone", scale.settled, Life::Accepted)]
    {
        let place = folder.join(name);
        let words = format!("{many} {name}");
        fill(runtime, &place, many, life)?;
        figures.extend(opened(&place, many, &words)?);
        let empty = folder.join(format!("{name}-empty"));
        fill(runtime, &empty, 0, life)?;
        figures.extend(runtime.block_on(issued(&place, &empty, &words))?);
    }
    Ok(figures)
}

/// A shop with one boleta, and as many copies of it.
fn fill(runtime: &Runtime, place: &Path, many: u64, life: Life) -> Done<()> {
    std::fs::create_dir_all(place)?;
    runtime.block_on(async {
        timbre_tests::shop_of(place, &[(1, many + MORE)]).await;
        let made = start(place).await?;
        made.agent.issue(shop::sale().into(), shop::key()).await?;
        made.stop().await;
        Done::Ok(())
    })?;
    let data = place.join("shop");
    let (store, _) = Store::open(&data, &OpenOptions::default(), &|_, _| {})?;
    let template = store.reader().issued(&DocumentId::new("39", 1))?.ok_or("the first boleta is there")?;
    drop(store);
    bulk::copies(&data, &template, many, life)
}

async fn start(place: &Path) -> Done<Running> {
    let options = timbre_app::Options { sender: false, ..timbre_tests::options(place) };
    Ok(timbre_app::start(options).await?)
}

/// The first opening reads what the index lacks; the one after it is what a start takes.
fn opened(place: &Path, many: u64, words: &str) -> Done<Vec<Figure>> {
    let data = place.join("shop");
    let open = || -> Done<_> {
        let begun = Instant::now();
        let (store, opened) = Store::open(&data, &OpenOptions::default(), &|_, _| {})?;
        if opened.documents != many + 1 || opened.rebuilt || !opened.damage.is_empty() {
            return Err(format!("the shop opens otherwise than expected: {opened:?}").into());
        }
        Ok((store, begun.elapsed()))
    };
    let (store, read) = open()?;
    drop(store);
    let before = resident();
    let (store, start) = open()?;
    let gained = resident().zip(before).map(|(now, before)| (now - before).max(0.0));
    drop(store);
    let mut figures = vec![
        Figure::time(format!("{words}: read into the index"), read)
            .beside(format!("{:.0} documents a second", many as f64 / read.as_secs_f64()), 1.0),
        Figure::time(format!("{words}: start"), start).at_most(START),
    ];
    figures.extend(gained.map(|mb| Figure::megabytes(format!("{words}: memory of the store"), mb)));
    Ok(figures)
}

/// The full shop and the empty one take turns, so that whatever else the machine does falls on both.
async fn issued(full: &Path, empty: &Path, words: &str) -> Done<Vec<Figure>> {
    let (full, empty) = (start(full).await?, start(empty).await?);
    let mut seen = [Seen::default(), Seen::default()];
    for shop in [&full, &empty] {
        issuing::issue(&shop.agent, WARM_UP).await?;
    }
    for _ in 0..ROUNDS {
        for (shop, seen) in [&full, &empty].into_iter().zip(&mut seen) {
            seen.one(&shop.agent).await?;
        }
    }
    full.stop().await;
    empty.stop().await;
    let [full, empty] = seen;
    let times = ratio(median(&full.took), median(&empty.took));
    let stick = format!("an empty store: {}", ms(median(&empty.took)));
    let late = format!("an empty store: {}", ms(quantile(&empty.took, 99)));
    let mut figures = vec![
        Figure::time(format!("{words}: one issue, p50"), median(&full.took)).beside(stick, times).aim(SLOWER),
        Figure::time(format!("{words}: one issue, p99"), quantile(&full.took, 99))
            .beside(late, ratio(quantile(&full.took, 99), quantile(&empty.took, 99))),
        Figure::count(format!("{words}: fsyncs of an issue"), full.fsyncs as f64 / ROUNDS as f64)
            .beside(format!("an empty store: {}", empty.fsyncs as f64 / ROUNDS as f64), 1.0),
    ];
    if let (Some(full), Some(empty)) = (full.reads, empty.reads) {
        let beside = format!("an empty store: {:.2}", empty as f64 / ROUNDS as f64);
        figures.push(
            Figure::count(format!("{words}: read calls of an issue"), full as f64 / ROUNDS as f64)
                .beside(beside, full as f64 / (empty as f64).max(1.0)),
        );
    }
    Ok(figures)
}

#[derive(Default)]
struct Seen {
    took: Vec<Duration>,
    fsyncs: u64,
    reads: Option<u64>,
}

impl Seen {
    async fn one(&mut self, agent: &Agent) -> Done<()> {
        let (fsyncs, reads) = (agent.stats().fsyncs, read_calls());
        self.took.extend(issuing::issue(agent, 1).await?);
        self.fsyncs += agent.stats().fsyncs - fsyncs;
        if let (Some(before), Some(now)) = (reads, read_calls()) {
            *self.reads.get_or_insert_default() += now - before;
        }
        Ok(())
    }
}
