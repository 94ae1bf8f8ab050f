//! Issuing: one document after the other against the yardstick, and many callers against one.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use timbre_agent::Agent;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::memory::Memory;
use crate::table::{Figure, ms, ratio};
use crate::yardstick::{Yardstick, median, quantile};
use crate::{Done, shop};

const WARM_UP: usize = 200;
/// Issue and yardstick take turns, so that whatever else the machine does falls on both.
const ROUNDS: usize = 1000;
const CROWD: usize = 800;
const CALLERS: usize = 8;
/// How often the crowds are let in, in turns; the median is told.
const CROWDS: usize = 5;

pub fn measure(runtime: &Runtime, folder: &Path) -> Done<Vec<Figure>> {
    runtime.block_on(async {
        let shop = shop::open(folder, false, Duration::ZERO).await?;
        // As a till's door does it: a task of the runtime, not the thread that waits for the runtime.
        let (agent, place) = (shop.agent.clone(), folder.to_owned());
        let mut figures =
            tokio::spawn(async move { one(&agent, &place).await.map_err(|e| e.to_string()) }).await??;
        figures.extend(many(&shop.agent).await?);
        shop.stop().await;
        Ok(figures)
    })
}

async fn one(agent: &Agent, folder: &Path) -> Done<Vec<Figure>> {
    let empty = journal(folder)?;
    issue(agent, WARM_UP).await?;
    let bytes = (journal(folder)? - empty) as usize / WARM_UP;
    let mut yardstick = Yardstick::new(folder, bytes)?;
    let mut memory = Memory::new(agent, folder)?;
    let mut seen = Vec::new();
    for _ in 0..ROUNDS {
        seen.extend(issue(agent, 1).await?);
        yardstick.measure()?;
    }
    (0..ROUNDS).try_for_each(|_| memory.measure())?;
    let cost = yardstick.cost();
    let p50 = median(&seen);
    let (drafting, sealing) = (median(&memory.drafting), median(&memory.sealing));
    let rest = p50.saturating_sub(drafting + sealing + cost.fsync);
    let boleta = drafting + sealing;
    let mut figures = vec![
        Figure::time("a boleta of 3 lines, built and signed", boleta)
            .beside("its two signatures".to_owned(), ratio(boleta, cost.signatures()))
            .aim(1.3),
    ];
    figures.extend(foreign(boleta)?);
    let stick =
        format!("fsync {} + RSA-2048 {} + RSA-512 {}", ms(cost.fsync), ms(cost.rsa_2048), ms(cost.rsa_512));
    figures.extend([
        Figure::time("one issue, durable, p50", p50).beside(stick, ratio(p50, cost.all)).aim(1.5),
        Figure::time("one issue, durable, p95", quantile(&seen, 95)),
        Figure::time("  checked and drafted", drafting),
        Figure::time("  stamped and signed", sealing)
            .beside("both signatures".to_owned(), ratio(sealing, cost.signatures())),
        Figure::time("  on the disk", cost.fsync).beside(format!("fsync of {bytes} bytes"), 1.0),
        Figure::time("  the rest: threads, index", rest),
    ]);
    Ok(figures)
}

/// The same boleta beside the CPU that another program spent on it in this run, in milliseconds: a two
/// hundredth of it at the most. Without `TIMBRE_FOREIGN_MS` nobody measured it.
fn foreign(boleta: Duration) -> Done<Option<Figure>> {
    let Ok(spent) = std::env::var("TIMBRE_FOREIGN_MS") else { return Ok(None) };
    let spent = Duration::from_secs_f64(spent.trim().parse::<f64>()? / 1e3);
    let times = 1.0 / ratio(boleta, spent);
    let beside = format!("facturacion-electronica {}, {times:.0} times as much", ms(spent));
    Ok(Some(
        Figure::time("  the same, beside another issuer", boleta)
            .beside(beside, ratio(boleta, spent))
            .aim(0.005),
    ))
}

async fn many(agent: &Agent) -> Done<Vec<Figure>> {
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    for _ in 0..CROWDS {
        alone.push(crowd(agent, 1, CROWD).await?);
        together.push(crowd(agent, CALLERS, CROWD).await?);
    }
    alone.sort_unstable();
    together.sort_unstable();
    let ((alone, alone_syncs), (together, syncs)) = (alone[CROWDS / 2], together[CROWDS / 2]);
    let faster = ratio(together, alone);
    Ok(vec![
        Figure::time("800 issues, one caller", alone).beside(format!("{alone_syncs} fsyncs"), 1.0),
        Figure::time("800 issues, 8 callers", together).beside(format!("{syncs} fsyncs"), faster).aim(1.0),
    ])
}

/// How long a crowd of callers takes to issue so `many`, and how many fsyncs.
pub async fn crowd(agent: &Agent, callers: usize, many: usize) -> Done<(Duration, u64)> {
    let before = agent.stats().fsyncs;
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for n in 0..callers {
        let (agent, own) = (agent.clone(), many / callers + usize::from(n < many % callers));
        tasks.spawn(async move {
            for _ in 0..own {
                agent.issue(shop::sale().into(), shop::key()).await?;
            }
            Ok::<_, timbre_agent::view::ProblemView>(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok((begun.elapsed(), agent.stats().fsyncs - before))
}

/// Issues one after the other, as one till does; how long each took.
pub async fn issue(agent: &Agent, times: usize) -> Done<Vec<Duration>> {
    let mut seen = Vec::new();
    for _ in 0..times {
        let (sale, key) = (shop::sale().into(), shop::key());
        let begun = Instant::now();
        agent.issue(sale, key).await?;
        seen.push(begun.elapsed());
    }
    Ok(seen)
}

/// How many bytes the journal has, without the zeros that are made ready for what comes.
fn journal(folder: &Path) -> Done<u64> {
    let mut written = 0;
    for entry in fs::read_dir(folder.join("journal"))? {
        let bytes = fs::read(entry?.path())?;
        written += bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1);
    }
    Ok(written)
}
