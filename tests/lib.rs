//! What the end-to-end tests share: folders of their own, a shop in training, sales.

pub mod scripted;

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use sii_sim::{Company, Desk};
use timbre_agent::view::{IssuedView, ProblemView};
use timbre_app::vault::{Custody, Kind};
use timbre_app::{DemoOptions, Options, Running};
use timbre_core::Environment;

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

/// Makes a training shop in `dir` by hand, whose boletas are of these CAFs alone; the CAFs' files.
pub async fn shop_of(dir: &Path, cafs: &[(u64, u64)]) -> Vec<Vec<u8>> {
    let cafs: Vec<_> = cafs.iter().map(|(from, to)| (39, *from, *to)).collect();
    shop_of_company(dir, Desk::company(), &cafs).await
}

/// The same for any company of training, and any type of CAF.
pub async fn shop_of_company(dir: &Path, company: &Company, cafs: &[(u16, u64, u64)]) -> Vec<Vec<u8>> {
    let made =
        timbre_app::start(Options { sender: false, ..options(dir) }).await.expect("a new folder opens");
    let data = json!({
        "RUTEmisor": company.rut, "RznSoc": company.name, "GiroEmis": company.giro,
        "Acteco": [company.acteco], "DirOrigen": company.address, "CmnaOrigen": company.comuna,
        "FchResol": company.resolution_date.to_string(), "NroResol": company.resolution_number,
    });
    made.agent.set_company(Environment::Training, &data).await.expect("the desk's company");
    let certificate = Desk::certificate("x");
    made.agent.load_certificate(&certificate.pfx, "x", None).await.expect("the desk's certificate");
    let day = "2026-11-01".parse().expect("a date");
    let mut files = Vec::new();
    for (kind, from, to) in cafs {
        let file = Desk::caf(company.rut, *kind, *from, *to, day, company.name);
        made.agent.load_grant(&file, (1, 1), None).await.expect("the desk's CAF");
        files.push(file);
    }
    made.stop().await;
    files
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
    factura_to("77777777-7", price)
}

/// The same for this receptor.
pub fn factura_to(receptor: &str, price: u64) -> Value {
    json!({
        "Encabezado": {
            "IdDoc": { "TipoDTE": 33 },
            "Receptor": {
                "RUTRecep": receptor, "RznSocRecep": "Panadería Ñuñoa Ltda.",
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
