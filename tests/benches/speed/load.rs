//! Many documents: what a start, an issue and memory cost when thousands wait, or a million have gone.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use timbre_agent::Agent;
use timbre_app::Running;
use timbre_core::DocumentId;
use timbre_store::{OpenOptions, Store};
use tokio::runtime::Runtime;

use crate::bulk::{self, Life};
use crate::machine::{self, Read, most_resident, resident};
use crate::table::{Figure, ms, ratio};
use crate::yardstick::{median, quantile};
use crate::{Done, issuing, shop};

/// How many documents. A million that have gone take minutes and gigabytes, and are asked for (`--large`).
#[derive(Clone, Copy)]
pub struct Scale {
    pub waiting: u64,
    pub settled: u64,
    pub drained: usize,
}

pub const SMALL: Scale = Scale { waiting: 50_000, settled: 10_000, drained: 10_000 };
pub const LARGE: Scale = Scale { settled: 1_000_000, ..SMALL };

/// Folios beyond the copies, to issue with.
const MORE: u64 = 10_000;
const WARM_UP: usize = 1_000;
/// So long without a read is taken for rest, and so few are those of the look itself.
const REST: Duration = Duration::from_millis(500);
const AT_REST: u64 = 10;
const ROUNDS: usize = 500;
const STARTS: usize = 3;
/// Documents that the journal has and the index was not told of when the power goes: as many as a shop ever leaves.
const UNTOLD: u64 = 300;
/// Says to a process of its own which store it opens.
pub const OPEN: &str = "TIMBRE_BENCH_OPEN";
/// No start with however many documents takes longer, and no issue more than so many times an empty store's.
const START: f64 = 2_000.0;
const SLOWER: f64 = 1.2;
/// Reads that a till waits for beyond those on an empty store (what an executor reads to wake itself): a key in a
/// hundred that the filter takes for known.
const MORE_READS: f64 = 0.1;
/// Megabytes of a process that has the store open, or makes its index anew, and what each document adds to them (its
/// place, its key in the filter): half a kilobyte.
const MEMORY: f64 = 64.0;
const OF_EACH: f64 = 0.5 / 1024.0;
/// Milliseconds in which the index of a million documents is made anew.
const READ: f64 = 300_000.0;

pub fn measure(runtime: &Runtime, folder: &Path, scale: Scale, figures: &mut Vec<Figure>) -> Done<()> {
    for (name, many, life) in
        [("waiting", scale.waiting, Life::Waiting), ("gone", scale.settled, Life::Accepted)]
    {
        let place = folder.join(name);
        let words = format!("{many} {name}");
        fill(runtime, &place, many, life)?;
        figures.extend(opened(&place, many, life, &words)?);
        let empty = folder.join(format!("{name}-empty"));
        fill(runtime, &empty, 0, life)?;
        figures.extend(runtime.block_on(issued(&place, &empty, &words))?);
        // A million of them is most of the disk that this needs.
        std::fs::remove_dir_all(&place)?;
    }
    Ok(())
}

/// A shop with one boleta, and as many copies of it.
pub fn fill(runtime: &Runtime, place: &Path, many: u64, life: Life) -> Done<()> {
    std::fs::create_dir_all(place)?;
    runtime.block_on(async {
        timbre_tests::shop_of(place, &[(1, many + MORE)]).await;
        let made = start(place).await?;
        made.agent.issue(shop::sale().into(), shop::key()).await?;
        made.stop().await;
        Done::Ok(())
    })?;
    copies(&place.join("shop"), many, life)
}

/// Copies of the last boleta behind it, of which the index knows nothing.
fn copies(data: &Path, many: u64, life: Life) -> Done<()> {
    let (store, opened) = Store::open(data, &OpenOptions::default(), &|_, _| {})?;
    let last = DocumentId::new("39", opened.documents);
    let template = store.reader().issued(&last)?.ok_or("the last boleta is there")?;
    drop(store);
    bulk::copies(data, &template, many, life)
}

async fn start(place: &Path) -> Done<Running> {
    let options = timbre_app::Options { sender: false, ..timbre_tests::options(place) };
    Ok(timbre_app::start(options).await?)
}

/// The first opening reads what the index lacks; those after it are what a start takes, in a process that has nothing
/// else in memory. Then the two that may follow on a power cut: the index was not told of the last documents, or it
/// was being told of them.
fn opened(place: &Path, many: u64, life: Life, words: &str) -> Done<Vec<Figure>> {
    let data = place.join("shop");
    let (read, most) = apart(&data)?;
    let starts = (0..STARTS).map(|_| apart(&data)).collect::<Done<Vec<_>>>()?;
    let took: Vec<_> = starts.iter().map(|(took, _)| *took).collect();
    copies(&data, UNTOLD, life)?;
    let (cut, _) = apart(&data)?;
    std::fs::write(data.join("db.in-use"), [])?;
    let (looked, _) = apart(&data)?;
    let second = many as f64 / read.as_secs_f64();
    let mut figures = vec![
        Figure::time(format!("{words}: read into the index"), read)
            .note(format!("{second:.0} documents a second"))
            .at_most(READ),
        Figure::time(format!("{words}: start"), median(&took)).at_most(START),
        Figure::time(format!("{words}: start after a power cut"), cut).at_most(START),
        Figure::time(format!("{words}: start after one in a write to the index"), looked),
    ];
    let bound = MEMORY + OF_EACH * many as f64;
    let memory = starts.last().and_then(|(_, memory)| memory.map(|(rests, _)| rests));
    let most = most.map(|(_, most)| most);
    for (what, memory) in [("with the store open", memory), ("while it is read, at the most", most)] {
        let figure = |mb| Figure::megabytes(format!("{words}: memory {what}"), mb).at_most(bound);
        figures.extend(memory.map(figure));
    }
    Ok(figures)
}

/// Opens the store in a process of its own: how long that took, and how many megabytes the process has then, and had at
/// the most.
fn apart(data: &Path) -> Done<(Duration, Option<(f64, f64)>)> {
    let said = Command::new(std::env::current_exe()?).env(OPEN, data).stderr(Stdio::inherit()).output()?;
    let said: serde_json::Value = serde_json::from_slice(&said.stdout)?;
    let seconds = said["seconds"].as_f64().ok_or("it says how long it took")?;
    let memory = said["megabytes"].as_f64().zip(said["most"].as_f64());
    Ok((Duration::from_secs_f64(seconds), memory))
}

/// The other side of [`apart`].
pub fn open(data: &Path) -> Done<()> {
    let begun = Instant::now();
    let (store, opened) = Store::open(data, &OpenOptions::default(), &|_, _| {})?;
    let seconds = begun.elapsed().as_secs_f64();
    if opened.rebuilt || opened.put_aside.is_some() || !opened.damage.is_empty() {
        return Err(format!("the shop opens otherwise than expected: {opened:?}").into());
    }
    println!(
        "{}",
        serde_json::json!({ "seconds": seconds, "megabytes": resident(), "most": most_resident() })
    );
    drop(store);
    Ok(())
}

/// The full shop and the empty one take turns, so that whatever else the machine does falls on both.
async fn issued(full: &Path, empty: &Path, words: &str) -> Done<Vec<Figure>> {
    let begun = Instant::now();
    let full = start(full).await?;
    let started = begun.elapsed();
    let empty = start(empty).await?;
    let mut seen = [Seen::default(), Seen::default()];
    for shop in [&full, &empty] {
        issuing::issue(&shop.agent, WARM_UP).await?;
    }
    rest().await;
    for _ in 0..ROUNDS {
        for (shop, seen) in [&full, &empty].into_iter().zip(&mut seen) {
            seen.took.extend(issuing::issue(&shop.agent, 1).await?);
        }
    }
    for (shop, seen) in [&full, &empty].into_iter().zip(&mut seen) {
        seen.count(&shop.agent).await?;
    }
    full.stop().await;
    empty.stop().await;
    let [full, empty] = seen;
    let times = ratio(median(&full.took), median(&empty.took));
    let stick = format!("an empty store: {}", ms(median(&empty.took)));
    let late = format!("an empty store: {}", ms(quantile(&empty.took, 99)));
    let mut figures = vec![
        Figure::time(format!("{words}: start of the whole agent"), started).at_most(START),
        Figure::time(format!("{words}: one issue, p50"), median(&full.took)).beside(stick, times).aim(SLOWER),
        Figure::time(format!("{words}: one issue, p99"), quantile(&full.took, 99))
            .beside(late, ratio(quantile(&full.took, 99), quantile(&empty.took, 99))),
        Figure::count(format!("{words}: fsyncs of an issue"), full.fsyncs as f64 / ROUNDS as f64)
            .beside(
                format!("an empty store: {}", empty.fsyncs as f64 / ROUNDS as f64),
                ratio_of(full.fsyncs, empty.fsyncs),
            )
            .aim(1.0),
    ];
    figures.extend(read_by(&full, &empty, words).into_iter().flatten());
    Ok(figures)
}

/// After a start the filter of the tills' keys is read, which takes a moment with a million of them.
async fn rest() {
    while let Some(before) = machine::read() {
        tokio::time::sleep(REST).await;
        if machine::read().is_none_or(|now| now.less(before).calls < AT_REST) {
            return;
        }
    }
}

/// What the disk was asked for. The till's own reads are those of the thread that issues, which it waits for: they may
/// not grow with what was sold before. The index is told on another thread, much at once, and sled moves pages then;
/// a sale that comes meanwhile is done there, too.
fn read_by(full: &Seen, empty: &Seen, words: &str) -> Option<[Figure; 3]> {
    let each = |reads: u64| reads as f64 / ROUNDS as f64;
    let [till, no_till] = [full.till?, empty.till?];
    let [all, no_all] = [full.all?, empty.all?];
    let [telling, no_telling] = [all.less(till), no_all.less(no_till)];
    Some([
        Figure::count(format!("{words}: reads of an issue, by its till"), each(till.calls))
            .beside(
                format!("an empty store: {:.2}", each(no_till.calls)),
                ratio_of(till.calls, no_till.calls),
            )
            .at_most(each(no_till.calls) + MORE_READS),
        Figure::count(format!("{words}: reads behind it, by all others"), each(telling.calls)).beside(
            format!("an empty store: {:.2}", each(no_telling.calls)),
            ratio_of(telling.calls, no_telling.calls),
        ),
        Figure::count(format!("{words}: bytes of both"), each(all.bytes))
            .beside(format!("an empty store: {:.0}", each(no_all.bytes)), ratio_of(all.bytes, no_all.bytes)),
    ])
}

fn ratio_of(full: u64, empty: u64) -> f64 {
    full as f64 / (empty as f64).max(1.0)
}

#[derive(Default)]
struct Seen {
    took: Vec<Duration>,
    fsyncs: u64,
    /// By the thread that issues: it does so itself while nobody else is at the desk.
    till: Option<Read>,
    /// By all threads.
    all: Option<Read>,
}

impl Seen {
    /// What so many issues ask of the disk, while nothing else is at work.
    async fn count(&mut self, agent: &Agent) -> Done<()> {
        let (fsyncs, all, till) = (agent.stats().fsyncs, machine::read(), machine::read_here());
        issuing::issue(agent, ROUNDS).await?;
        self.till = machine::read_here().zip(till).map(|(now, before)| now.less(before));
        self.all = machine::read().zip(all).map(|(now, before)| now.less(before));
        self.fsyncs = agent.stats().fsyncs - fsyncs;
        Ok(())
    }
}
