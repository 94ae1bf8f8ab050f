//! The way of the certification set, end to end: a shop's engine over real sockets to the simulator, which takes
//! boletas by DTEUpload as the SII's certification does.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sii_sim::{LedgerUpload, Rules, Sim};
use timbre_agent::carrier::HttpCarrier;
use timbre_agent::chance::SystemChance;
use timbre_agent::clock::SystemClock;
use timbre_agent::{Agent, AgentParts, Seat};
use timbre_core::Environment;
use timbre_store::{OpenOptions, Store};

use super::{channels, regime};
use crate::Options;
use crate::config::Config;
use crate::keeper::Keeper;
use crate::vault::{Custody, Kind, Vault};

/// Makes a training shop that has never sold.
async fn make_shop(dir: &Path) {
    crate::start(Options::demo_in(dir)).await.expect("a demo shop opens").stop().await;
}

/// The shop's engine, with the channels of the setting, sending to `simulator`.
fn open_shop(dir: &Path, simulator: &str, certification_set: bool) -> Agent {
    let folder = dir.join("shop");
    let (vault, _) = Vault::open(&folder, &Custody::forced(Kind::KeyFile)).expect("its vault");
    let (store, opened) = Store::open(&folder, &OpenOptions::default(), &|_, _| {}).expect("its store");
    let mut settings = Config::default().settings(true);
    settings.simulator = Some(simulator.to_owned());
    Agent::start(AgentParts {
        custody: Arc::new(Keeper::new(store.reader(), Some(Arc::new(vault)))),
        store,
        opened,
        regime: regime(),
        channels: channels(certification_set),
        clock: Arc::new(SystemClock),
        chance: Arc::new(SystemChance),
        carrier: Arc::new(HttpCarrier::new(Environment::Training).expect("a carrier")),
        settings,
        seat: Seat::Thread,
        paper: Arc::new(timbre_core::paper::NoPaper),
        send: true,
    })
    .expect("an engine")
}

async fn sell(agent: &Agent, n: u32) -> String {
    let sale = json!({
        "Encabezado": { "IdDoc": { "TipoDTE": 39 } },
        "Detalle": [{ "NmbItem": "Pan amasado", "QtyItem": n, "PrcItem": 990 }],
    });
    agent.issue(sale.to_string().into(), Some(format!("caso {n}"))).await.expect("a sale").document.id
}

async fn until(agent: &Agent, done: impl Fn(&Agent) -> bool) {
    let mut pushes = agent.subscribe();
    let wait = async {
        while !done(agent) {
            // One that lags behind looks again all the same.
            let _ = pushes.recv().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), wait).await.expect("it comes to be");
}

/// Sells the five cases of a set, sends them in one envelope, and gives what the simulator was brought.
async fn send_set(rules: Rules, certification_set: bool) -> (Vec<String>, Vec<LedgerUpload>) {
    let dir = tempfile::tempdir().expect("a folder");
    make_shop(dir.path()).await;
    let sim = Sim::new(sii_sim::Config {
        rules,
        processing: Duration::from_millis(20),
        ..sii_sim::Config::default()
    });
    let sii = sii_sim::serve(sim, None).await.expect("a simulator listens");
    let agent = open_shop(dir.path(), &sii.base, certification_set);
    agent.set_running(false);
    let mut ids = Vec::new();
    for n in 1..=5 {
        ids.push(sell(&agent, n).await);
    }
    agent.set_running(true);
    until(&agent, |agent| {
        let stats = agent.stats();
        stats.accepted + stats.rejected == 5
    })
    .await;
    let states = ids.iter().map(|id| agent.detail(id).expect("it is there").row.state).collect();
    agent.stop().await;
    let ledger = sii.sim().ledger();
    assert!(ledger.violations.is_empty(), "the client breaks a rule: {:?}", ledger.violations);
    sii.stop().await;
    (states, ledger.uploads)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_set_goes_by_dte_upload_in_one_envelope_and_is_accepted() {
    let rules = Rules { boletas_by_dte_upload: true, ..Rules::default() };
    let (states, uploads) = send_set(rules, true).await;
    assert_eq!(states, ["ACEPTADO"; 5]);
    let seen: Vec<_> = uploads.iter().map(|u| (u.channel, u.answer.as_str(), u.documents)).collect();
    assert_eq!(seen, [("dte", "STATUS 0", 5)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_setting_boletas_go_by_rest() {
    let (states, uploads) = send_set(Rules::default(), false).await;
    assert_eq!(states, ["ACEPTADO"; 5]);
    assert!(uploads.iter().all(|u| (u.channel, u.answer.as_str()) == ("boleta", "REC")), "{uploads:?}");
}
