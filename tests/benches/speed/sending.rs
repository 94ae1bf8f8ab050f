//! Sending: what waits when the line is slow, with the token in hand (the SII's seed alone may take a minute).

use std::path::Path;
use std::time::{Duration, Instant};

use timbre_agent::Agent;
use tokio::runtime::Runtime;

use crate::table::{Figure, ratio};
use crate::{Done, issuing, shop};

/// What waits, and how long each answer of the simulator takes.
pub struct Queue {
    latency: Duration,
    waiting: usize,
    aim: Aim,
}

enum Aim {
    /// Of its latencies.
    Times(f64),
    Seconds(f64),
}

pub const SLOW: Queue = Queue { latency: Duration::from_secs(2), waiting: 100, aim: Aim::Times(3.0) };

/// After a long outage.
pub fn long(waiting: usize) -> Queue {
    Queue { latency: Duration::from_millis(500), waiting, aim: Aim::Seconds(60.0) }
}

/// Tills that sell at once, before it begins.
const TILLS: usize = 8;
/// A verdict that is not there by then will not come.
const PATIENCE: Duration = Duration::from_secs(120);

pub fn measure(runtime: &Runtime, folder: &Path, queue: &Queue) -> Done<Vec<Figure>> {
    runtime.block_on(async {
        let shop = shop::open(folder, true, queue.latency).await?;
        take_token(&shop.agent).await?;
        let took = drain(&shop.agent, queue.waiting).await?;
        shop.stop().await;
        let stick = format!("{} s, the simulator's latency", queue.latency.as_secs_f64());
        let figure = Figure::time(format!("{} waiting boletas, all ENVIADO", queue.waiting), took);
        let figure = figure.beside(stick, ratio(took, queue.latency));
        Ok(vec![match queue.aim {
            Aim::Times(times) => figure.aim(times),
            Aim::Seconds(seconds) => figure.at_most(seconds * 1e3),
        }])
    })
}

/// One boleta to its verdict: afterwards the token is in hand and nothing is on the wire.
async fn take_token(agent: &Agent) -> Done<()> {
    let issued = agent.issue(shop::sale().into(), shop::key()).await?;
    let row = agent.wait_for_verdict(&issued.document.id, PATIENCE).await?;
    match row.state.as_str() {
        "ACEPTADO" => Ok(()),
        state => Err(format!("the first boleta is {state}").into()),
    }
}

/// Lets boletas wait, then opens the gate; until each of them is at the authority.
async fn drain(agent: &Agent, waiting: usize) -> Done<Duration> {
    agent.set_running(false);
    issuing::crowd(agent, TILLS, waiting).await?;
    if agent.stats().queued != waiting as u64 {
        return Err("the boletas do not wait".into());
    }
    let mut pushes = agent.subscribe();
    let begun = Instant::now();
    agent.set_running(true);
    loop {
        let stats = agent.stats();
        if stats.queued + stats.pending + stats.sending == 0 {
            let took = begun.elapsed();
            let there = stats.sent + stats.accepted;
            return match there == stats.total {
                true => Ok(took),
                false => Err(format!("{} of {} boletas are at the authority", there, stats.total).into()),
            };
        }
        tokio::time::timeout(PATIENCE, pushes.recv()).await??;
    }
}
