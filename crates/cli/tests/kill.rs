//! The agent is killed (`kill -9`) in the middle of issuing and of sending, and started again:
//! nothing lost, nothing twice, the queue goes on. What was acknowledged is remembered out here.

mod life;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use sii_sim::{Config, Sim};

use life::{Agent, timbre};

/// After how many answers each life of the agent ends.
const LIVES: [usize; 6] = [1, 9, 23, 2, 40, 15];
const SALES: usize = 160;

async fn sell(agent: &Agent, http: &reqwest::Client, n: usize, wait: bool) -> Result<Value, reqwest::Error> {
    let query = if wait { "?wait=verdict&timeout=60s" } else { "" };
    let sale = json!({
        "Encabezado": { "IdDoc": { "TipoDTE": 39 } },
        "Detalle": [{ "NmbItem": format!("Artículo {n}"), "QtyItem": 1, "PrcItem": 1000 + n }],
    });
    let answer = http
        .post(format!("{}/v1/documents{query}", agent.address.base))
        .bearer_auth(&agent.address.token)
        .header("Timbre-Client", "tests")
        .header("Idempotency-Key", format!("venta-{n}"))
        .json(&sale)
        .send()
        .await?;
    let status = answer.status();
    let body: Value = answer.json().await?;
    assert!(status.is_success(), "{status} {body}");
    Ok(body)
}

fn id(answer: &Value) -> String {
    answer["document"]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_nothing_is_lost_and_nothing_is_twice() {
    let data = tempfile::tempdir().expect("a folder for the test");
    let made = timbre(data.path()).args(["demo", "--documents", "0", "--json"]).output().expect("it runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));

    let config = Config {
        latency: Duration::from_millis(20),
        processing: Duration::from_millis(20),
        keep_sent: std::env::var_os("TIMBRE_KEEP_SENT").map(Into::into),
        ..Config::default()
    };
    let sii = sii_sim::serve(Sim::new(config), None).await.expect("four free ports");
    let settings = format!("[training]\nsimulator = \"{}\"\n", sii.base);
    std::fs::write(data.path().join("shop/timbre.toml"), settings).expect("the settings");

    let http = reqwest::Client::new();
    let mut acknowledged: BTreeMap<usize, String> = BTreeMap::new();
    let mut next = 0;
    for life in LIVES {
        let agent = Agent::start(data.path());
        let last = acknowledged.len() + life;
        // Eight tills at once, so that the end finds some in the middle of a batch.
        while acknowledged.len() < last {
            let tills = (0..8).map(|i| {
                let n = (next + i) % SALES;
                let agent = &agent;
                let http = &http;
                async move { sell(agent, http, n, false).await.ok().map(|answer| (n, id(&answer))) }
            });
            for (n, id) in futures_util::future::join_all(tills).await.into_iter().flatten() {
                acknowledged.insert(n, id);
            }
            next += 8;
        }
        // One more round is on its way when the end comes.
        let dying = (0..8).map(|i| sell(&agent, &http, (next + i) % SALES, false));
        let mut round = Box::pin(futures_util::future::join_all(dying));
        // One look lets the requests leave; whether they are answered is not waited for.
        let looked = futures_util::poll!(&mut round);
        if let std::task::Poll::Ready(answers) = looked {
            for (i, answer) in answers.into_iter().enumerate() {
                acknowledged.extend(answer.ok().map(|answer| ((next + i) % SALES, id(&answer))));
            }
        }
        agent.die();
    }

    // The last life: every sale is asked for again with its key, and waits for its verdict.
    let agent = Agent::start(data.path());
    let mut ids = BTreeSet::new();
    for n in 0..SALES {
        let answer = sell(&agent, &http, n, true).await.expect("this agent lives");
        let id = id(&answer);
        if let Some(before) = acknowledged.get(&n) {
            assert_eq!(before, &id, "an acknowledged sale became another document");
            assert_eq!(answer["repeated"], true);
        }
        assert_eq!(answer["document"]["state"], "ACEPTADO", "{answer}");
        assert!(ids.insert(id), "two sales on one folio");
    }
    drop(agent);

    let ledger = sii.sim().ledger();
    let held: BTreeSet<_> = ledger.documents.iter().map(|d| d.id.clone()).collect();
    assert_eq!(held, ids, "the SII holds what was sold, and nothing else");
    for document in &ledger.documents {
        assert_eq!(document.verdict, "accepted", "{document:?}");
        assert_eq!(document.versions.len(), 1, "one folio, one set of bytes: {document:?}");
    }
    let check = timbre(data.path()).args(["check", "--json"]).output().expect("it runs");
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
    sii.stop().await;
}
