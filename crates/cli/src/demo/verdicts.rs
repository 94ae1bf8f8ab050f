//! The wait for verdicts: as long as something moves, and no longer.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use timbre_agent::view::{Query, RowView, Snapshot};
use timbre_core::DocState;

use crate::api::Api;
use crate::failure::Failure;
use crate::out::Out;
use crate::words::thousands;

const LOOK: Duration = Duration::from_millis(250);

/// Rows asked for at once.
const PAGE: u32 = 500;

/// How long nothing may move before the wait is given up.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// While documents are on their way.
    pub moving: Duration,
    /// When only such are left as a person must see to, or those of an earlier day.
    pub stuck: Duration,
}

impl Patience {
    /// Enough for the slowest scenario, and for a slow line.
    pub fn with(latency: Duration) -> Patience {
        Patience {
            moving: Duration::from_secs(300) + latency * 20,
            stuck: Duration::from_secs(30) + latency * 5,
        }
    }
}

/// Documents on their way.
pub fn open(snapshot: &Snapshot) -> u64 {
    let counters = &snapshot.counters;
    counters.queued + counters.sending + counters.at_authority
}

/// Waits until each of `ids` has its verdict, or until nothing moves any more. `before` is how many
/// were on their way before these were issued.
pub async fn wait(
    api: &Api,
    ids: &HashSet<String>,
    before: u64,
    patience: Patience,
    out: Out,
) -> Result<HashMap<String, RowView>, Failure> {
    let mut fewest = u64::MAX;
    let mut moved = Instant::now();
    let mut looked: Option<Instant> = None;
    let mut limit = patience.moving;
    loop {
        let snapshot = api.snapshot().await?;
        out.progress(&sentence(&snapshot));
        let open = open(&snapshot);
        if open < fewest {
            fewest = open;
            moved = Instant::now();
            limit = patience.moving;
        }
        let quiet = moved.elapsed() >= limit;
        let due = open <= before && looked.is_none_or(|at| at.elapsed() >= Duration::from_secs(1));
        if due || quiet {
            looked = Some(Instant::now());
            let rows = rows(api, ids).await?;
            let settled = rows.len() == ids.len() && rows.values().all(is_final);
            if quiet || (settled && open == 0) {
                out.progress("");
                return Ok(rows);
            }
            if settled || open == 0 {
                limit = patience.stuck;
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The documents of that name, as the store has them.
pub async fn rows(api: &Api, ids: &HashSet<String>) -> Result<HashMap<String, RowView>, Failure> {
    let mut found = HashMap::new();
    let mut query = Query { limit: Some(PAGE), ..Query::default() };
    while found.len() < ids.len() {
        let page = api.page(&query).await?;
        found.extend(
            page.rows.into_iter().filter(|row| ids.contains(&row.id)).map(|row| (row.id.clone(), row)),
        );
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => break,
        }
    }
    Ok(found)
}

fn is_final(row: &RowView) -> bool {
    DocState::from_word(&row.state).is_some_and(DocState::is_final)
}

/// The panel on one line.
pub fn sentence(snapshot: &Snapshot) -> String {
    let c = &snapshot.counters;
    let mut text = format!(
        "Por enviar {} · Enviando {} · En el SII {} · Aceptados {}",
        thousands(c.queued),
        thousands(c.sending),
        thousands(c.at_authority),
        thousands(c.accepted)
    );
    if c.problem > 0 {
        text.push_str(&format!(" · Con problema {}", thousands(c.problem)));
    }
    text
}
