//! The doors beside the engine's own call, in one run: a till over the API, many at once, and a folder full of
//! sales.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use timbre_app::Running;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::table::{Figure, ms, ratio};
use crate::yardstick::median;
use crate::{Done, issuing, shop};

/// Direct calls and calls by the API take turns.
const ROUNDS: usize = 400;
const CROWD: usize = 1_000;
const CLIENTS: usize = 16;
/// Files of the folder. With fewer the moment that a file must lie unchanged, before it counts as whole, would be
/// most of it.
const FILES: usize = 10_000;

/// What is compared takes turns, the API and the folder each first as often as second but for one: what a disk does later
/// for whoever wrote before is measured with whoever comes next.
const TURNS: usize = 3;

/// How often it is looked whether all of them are issued.
const LOOK: Duration = Duration::from_millis(100);

pub fn measure(runtime: &Runtime, folder: &Path) -> Done<Vec<Figure>> {
    runtime.block_on(async {
        let shop = shop::open(folder, true, Duration::ZERO).await?;
        // What is sent to the simulator would be measured too.
        shop.agent.set_running(false);
        let figures = all(&shop, folder).await;
        shop.stop().await;
        figures
    })
}

async fn all(shop: &Running, folder: &Path) -> Done<Vec<Figure>> {
    let token = token(shop).await?;
    let http = reqwest::Client::new();
    let (mut direct, mut api) = (Vec::new(), Vec::new());
    for _ in 0..50 {
        sell(shop, &http, &token).await?;
    }
    for _ in 0..ROUNDS {
        direct.extend(issuing::issue(&shop.agent, 1).await?);
        let begun = Instant::now();
        sell(shop, &http, &token).await?;
        api.push(begun.elapsed());
    }
    let (direct, api) = (median(&direct), median(&api));
    let more = api.saturating_sub(direct);
    let (mut own, mut few) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        own.push(issuing::crowd(&shop.agent, CLIENTS, CROWD).await?.0);
        few.push(crowd(shop, &http, &token, CROWD).await?);
    }
    let (own, few) = (median(&own), median(&few));
    let (mut many, mut dropped) = (Vec::new(), Vec::new());
    for turn in 0..TURNS {
        if turn % 2 == 1 {
            dropped.push(drop_all(shop, folder, turn).await?);
        }
        many.push(crowd(shop, &http, &token, FILES).await?);
        if turn % 2 == 0 {
            dropped.push(drop_all(shop, folder, turn).await?);
        }
    }
    let (many, dropped) = (median(&many), median(&dropped));
    Ok(vec![
        Figure::time("an issue by the API, p50", api)
            .beside(format!("the direct call {}", ms(direct)), ratio(api, direct)),
        Figure::time("  more than the direct call", more).at_most(1.5),
        Figure::time(format!("{CROWD} sales of {CLIENTS} clients by the API, p50 of {TURNS}"), few)
            .beside(format!("as many by direct calls {}", ms(own)), ratio(few, own))
            .aim(1.0 / 0.7),
        Figure::time(format!("{FILES} sales of the folder, p50 of {TURNS}"), dropped)
            .beside(format!("as many by the API {}", ms(many)), ratio(dropped, many))
            .aim(1.0),
    ])
}

async fn token(shop: &Running) -> Done<String> {
    let body = serde_json::json!({ "name": "banco de pruebas", "who": "speed" });
    let request = reqwest::Client::new().post(format!("{}/v1/tokens", shop.address.base));
    let request = request.bearer_auth(&shop.address.token).header("Timbre-Client", "speed").json(&body);
    let made: Value = request.send().await?.error_for_status()?.json().await?;
    Ok(made["token"].as_str().ok_or("no token")?.to_owned())
}

async fn sell(shop: &Running, http: &reqwest::Client, token: &str) -> Done<()> {
    let mut request = http
        .post(format!("{}/v1/documents", shop.address.base))
        .bearer_auth(token)
        .header("Timbre-Client", "speed")
        .header("Content-Type", "application/json")
        .body(shop::sale());
    if let Some(key) = shop::key() {
        request = request.header("Idempotency-Key", key);
    }
    request.send().await?.error_for_status()?.bytes().await?;
    Ok(())
}

async fn crowd(shop: &Running, http: &reqwest::Client, token: &str, many: usize) -> Done<Duration> {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for n in 0..CLIENTS {
        let own = many / CLIENTS + usize::from(n < many % CLIENTS);
        let (http, token, base) = (http.clone(), token.to_owned(), shop.address.base.clone());
        tasks.spawn(async move {
            for _ in 0..own {
                let request = http
                    .post(format!("{base}/v1/documents"))
                    .bearer_auth(&token)
                    .header("Timbre-Client", "speed")
                    .header("Content-Type", "application/json")
                    .header("Idempotency-Key", shop::key().unwrap_or_default())
                    .body(shop::sale());
                request.send().await?.error_for_status()?.bytes().await?;
            }
            Ok::<_, reqwest::Error>(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(begun.elapsed())
}

/// From the moment that all lie there to the last one's being issued.
async fn drop_all(shop: &Running, folder: &Path, turn: usize) -> Done<Duration> {
    let (aside, sales) = (folder.join("aparte"), folder.join("entrada"));
    let name = |n: usize| format!("v{turn}-{n:05}.json");
    std::fs::create_dir_all(&aside)?;
    for n in 0..FILES {
        std::fs::write(aside.join(name(n)), shop::sale())?;
    }
    let wanted = shop.agent.stats().total + FILES as u64;
    let begun = Instant::now();
    for n in 0..FILES {
        std::fs::rename(aside.join(name(n)), sales.join(name(n)))?;
    }
    while shop.agent.stats().total < wanted {
        // Seldom: to look takes of what is measured.
        tokio::time::sleep(LOOK).await;
    }
    Ok(begun.elapsed())
}
