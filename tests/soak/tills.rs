//! Tills at their work: several at once ask the agent for documents over its API until it dies or
//! the round is over.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};
use serde_json::Value;

use crate::book::{Book, Order};
use crate::chance::Chance;
use crate::fault;
use crate::fault::Found;
use crate::life::Life;

/// How many sell at once.
pub const TILLS: u64 = 4;

/// A connection that was silent for so long is not used again: the agent closes one after half a minute, and on a
/// busy machine a question may meet that.
const SILENT: Duration = Duration::from_secs(10);

/// How an agent is spoken to.
#[derive(Clone)]
pub struct Line {
    http: Client,
    base: String,
    token: String,
    /// How long "not now" may be said to a question.
    patience: Duration,
}

impl Line {
    pub fn to(life: &Life) -> Line {
        Line {
            http: Client::builder().pool_idle_timeout(SILENT).build().expect("a client of settings alone"),
            base: life.base.clone(),
            token: life.token.clone(),
            patience: Duration::ZERO,
        }
    }

    /// The same to one whose disk fails.
    pub fn patient(life: &Life, patience: Duration) -> Line {
        Line { patience, ..Line::to(life) }
    }

    pub async fn ask(&self, path: &str) -> Found<reqwest::Response> {
        let late = Instant::now() + self.patience;
        loop {
            let request = self.http.get(format!("{}/v1{path}", self.base)).bearer_auth(&self.token);
            let answer = request.send().await?;
            if answer.status() != StatusCode::SERVICE_UNAVAILABLE || Instant::now() > late {
                return Ok(answer.error_for_status()?);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Does it answer that the store is stopped?
    pub async fn is_stopped(&self, path: &str) -> Found<bool> {
        let request = self.http.get(format!("{}/v1{path}", self.base)).bearer_auth(&self.token);
        let answer = request.send().await?;
        let unavailable = answer.status() == StatusCode::SERVICE_UNAVAILABLE;
        let code = answer.json::<Value>().await?["code"].clone();
        Ok(unavailable
            && ["store-stopped", "index-failed", "disk-full", "disk-failed"]
                .contains(&code.as_str().unwrap_or_default()))
    }

    pub async fn json(&self, path: &str) -> Found<Value> {
        Ok(self.ask(path).await?.json().await?)
    }

    /// Puts a setting.
    pub async fn set(&self, path: &str, body: &Value) -> Found<Value> {
        let request = self.http.put(format!("{}/v1{path}", self.base)).bearer_auth(&self.token);
        let answer = request.header("timbre-client", "soak").json(body).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// `None` when no whole answer came.
    pub async fn sell(&self, order: &Order) -> Option<(StatusCode, Value)> {
        self.post("/documents", Some(order)).await
    }

    /// Posts an order, or nothing.
    pub async fn post(&self, path: &str, order: Option<&Order>) -> Option<(StatusCode, Value)> {
        let request = self.http.post(format!("{}/v1{path}", self.base)).bearer_auth(&self.token);
        let mut request = request.header("timbre-client", "soak");
        if let Some(order) = order {
            request = request.header("content-type", "application/json").body(order.body.clone());
        }
        if let Some(key) = order.and_then(|order| order.key.as_ref()) {
            request = request.header("Idempotency-Key", key);
        }
        let answer = request.send().await.ok()?;
        let status = answer.status();
        Some((status, answer.json().await.ok()?))
    }
}

pub fn locked(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks once and writes down what was heard; false when nothing was.
async fn once(line: &Line, book: &Mutex<Book>, order: &Order, faulty: bool) -> Found<bool> {
    match line.sell(order).await {
        Some((status, answer)) => locked(book).heard(order, status, &answer, faulty).map(|()| true),
        None => {
            locked(book).unheard(order);
            Ok(false)
        }
    }
}

/// Every till sells until nothing answers any more, or `most` sales were asked for in all.
pub async fn sell(
    line: &Line,
    book: &Mutex<Book>,
    chance: &mut Chance,
    most: u64,
    faulty: bool,
) -> Found<()> {
    let tills = (0..TILLS).map(|_| {
        let mut chance = Chance::new(chance.below(u64::MAX), 1);
        async move {
            for _ in 0..most.div_ceil(TILLS) {
                let order = locked(book).order(&mut chance);
                if !once(line, book, &order, faulty).await? {
                    return Ok(());
                }
            }
            Ok(())
        }
    });
    futures_util::future::join_all(tills).await.into_iter().collect()
}

/// Asks for each of these sales, and must be answered.
async fn ask(line: &Line, book: &Mutex<Book>, orders: &[Order], faulty: bool) -> Found<()> {
    for some in orders.chunks(16) {
        let asked = some.iter().map(|order| once(line, book, order, faulty));
        for heard in futures_util::future::join_all(asked).await {
            if !heard? {
                return fault!("nothing answers, and the agent should live");
            }
        }
    }
    Ok(())
}

/// Asks again for what was never answered, as tills do when the agent is back.
pub async fn ask_again(line: &Line, book: &Mutex<Book>) -> Found<()> {
    let open = locked(book).open();
    ask(line, book, &open, false).await
}

/// The same while the disk may fail still: is everything sold now?
pub async fn try_again(line: &Line, book: &Mutex<Book>) -> Found<bool> {
    let open = locked(book).open();
    ask(line, book, &open, true).await?;
    Ok(locked(book).open().is_empty())
}

/// Asks for every sale that has a key once more: each is answered with its document.
pub async fn ask_all(line: &Line, book: &Mutex<Book>) -> Found<()> {
    let all = locked(book).all();
    ask(line, book, &all, false).await
}
