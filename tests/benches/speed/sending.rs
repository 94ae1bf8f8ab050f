//! Sending: what waits when the line is slow, with the token in hand (the SII's seed alone may take a minute).

use std::path::Path;
use std::time::{Duration, Instant};

use timbre_agent::Agent;
use tokio::runtime::Runtime;

use crate::table::{Figure, ratio};
use crate::{Done, issuing, shop};

const LATENCY: Duration = Duration::from_secs(2);
const WAITING: usize = 100;
/// A verdict that is not there by then will not come.
const PATIENCE: Duration = Duration::from_secs(120);

pub fn measure(runtime: &Runtime, folder: &Path) -> Done<Vec<Figure>> {
    runtime.block_on(async {
        let shop = shop::open(folder, true, LATENCY).await?;
        take_token(&shop.agent).await?;
        let took = drain(&shop.agent).await?;
        shop.stop().await;
        let stick = format!("{} s, the simulator's latency", LATENCY.as_secs());
        Ok(vec![
            Figure::time("100 waiting boletas, all ENVIADO", took)
                .beside(stick, ratio(took, LATENCY))
                .aim(3.0),
        ])
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
async fn drain(agent: &Agent) -> Done<Duration> {
    agent.set_running(false);
    issuing::issue(agent, WAITING).await?;
    if agent.stats().queued != WAITING as u64 {
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
