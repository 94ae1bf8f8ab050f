//! What the end-to-end tests share: folders of their own, a shop in training, sales.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use timbre_agent::view::{IssuedView, ProblemView};
use timbre_app::vault::{Custody, Kind};
use timbre_app::{DemoOptions, Options, Running};

/// Options that touch nothing outside `dir`: keys in a file, anchors beside the folder.
pub fn options(dir: &Path) -> Options {
    Options {
        data: Some(dir.join("shop")),
        sender: true,
        // Whichever is free: several tests run at once.
        port: Some(0),
        custody: Some(Custody::forced(Kind::KeyFile)),
        state: Some(dir.join("state")),
        ..Options::default()
    }
}

/// A demo shop in `dir`, against a simulator in the given scenario.
pub async fn shop(dir: &Path, scenario: &str) -> Running {
    let demo = DemoOptions { latency: Duration::ZERO, scenario: scenario.to_owned() };
    timbre_app::start(Options { demo: Some(demo), ..options(dir) }).await.expect("a demo shop opens")
}

/// A boleta of one line.
pub fn boleta(price: u64) -> Value {
    json!({
        "Encabezado": { "IdDoc": { "TipoDTE": 39 } },
        "Detalle": [{ "NmbItem": "Pan amasado", "QtyItem": 1, "PrcItem": price }],
    })
}

/// A factura of one line, prices without IVA.
pub fn factura(price: u64) -> Value {
    json!({
        "Encabezado": {
            "IdDoc": { "TipoDTE": 33 },
            "Receptor": {
                "RUTRecep": "77777777-7", "RznSocRecep": "Panadería Ñuñoa Ltda.",
                "GiroRecep": "Elaboración de pan", "DirRecep": "Irarrázaval 2450", "CmnaRecep": "Ñuñoa",
            },
        },
        "Detalle": [{ "NmbItem": "Harina 25 kg", "QtyItem": 2, "PrcItem": price }],
    })
}

/// Issues a sale.
pub async fn sell(shop: &Running, sale: &Value, key: &str) -> Result<IssuedView, ProblemView> {
    shop.agent.issue(sale.to_string().into(), Some(key.to_owned())).await
}

/// Waits for the push after which `done` holds; what is waited for must come within two minutes.
pub async fn until(shop: &Running, done: impl Fn(&Running) -> bool) {
    let mut pushes = shop.agent.subscribe();
    let wait = async {
        while !done(shop) {
            // One that lags behind looks again all the same.
            let _ = pushes.recv().await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(120), wait).await.is_err() {
        panic!("it never came to be: {:#?}", shop.agent.stats());
    }
}
