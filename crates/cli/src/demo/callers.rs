//! The tills of the demo: up to eight that issue at once, each sale with a key of its own, so that
//! one whose answer was lost can be asked for again.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;

use super::shop;
use crate::api::{self, Api};
use crate::failure::{Exit, Failure};

const TILLS: usize = 8;

/// How often a sale is asked for again that could not be issued just now.
const TRIES: u32 = 20;

/// A document the agent said is durable.
#[derive(Debug, Clone)]
pub struct Issued {
    pub id: String,
    /// From the first asking to the answer.
    pub took: Duration,
}

/// Issues `count` sales under keys that begin with `run`; `told` hears how many are done.
pub async fn issue(api: &Api, run: &str, count: u64, told: impl Fn(u64)) -> Result<Vec<Issued>, Failure> {
    let mut answers = stream::iter(0..count).map(|n| one(api, run, n)).buffer_unordered(TILLS);
    let mut issued = Vec::new();
    while let Some(answer) = answers.next().await {
        issued.push(answer?);
        told(issued.len() as u64);
    }
    Ok(issued)
}

async fn one(api: &Api, run: &str, n: u64) -> Result<Issued, Failure> {
    let body = api::body_of(&shop::sale(n))?;
    let begun = Instant::now();
    let mut tries = 0;
    loop {
        match api.issue(body.clone(), Some(format!("{run}-{n}")), None).await {
            Ok(issued) => return Ok(Issued { id: issued.document.id, took: begun.elapsed() }),
            Err(failure) if tries < TRIES && may_pass(&failure) => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// The same sale under the same key may go through a moment later.
fn may_pass(failure: &Failure) -> bool {
    match failure {
        Failure::Problem(problem) => matches!(problem.status, 429 | 503),
        other => other.exit() == Exit::Unreachable,
    }
}
