//! Training is fenced from the real world, each way: what could turn Timbre into a tool of fraud,
//! or a shop's real documents into practice.

use serde_json::json;
use sii_sim::Desk;
use timbre_agent::carrier::{Carrier, HttpCarrier};
use timbre_app::{DemoOptions, Options, StartError};
use timbre_chile::hosts::Hosts;
use timbre_core::channel::Method;
use timbre_core::{Channel, Effect, Environment, Heard, Request, Sent};
use timbre_tests::{options, shop};

fn real_company() -> serde_json::Value {
    json!({
        "RUTEmisor": "77777777-7", "RznSoc": "ALMACEN VERDADERO LTDA", "GiroEmis": "Almacén",
        "Acteco": [472101], "DirOrigen": "Los Pinos 1", "CmnaOrigen": "Ñuñoa",
        "FchResol": "2014-08-22", "NroResol": 0,
    })
}

/// A certificate that no training desk issued: signed by itself.
fn real_certificate() -> Vec<u8> {
    use openssl::{asn1::Asn1Time, hash::MessageDigest, pkcs12::Pkcs12, pkey::PKey, rsa::Rsa, x509};
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut name = x509::X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "Persona Verdadera").unwrap();
    name.append_entry_by_text("serialNumber", "11111111-1").unwrap();
    let name = name.build();
    let mut builder = x509::X509Builder::new().unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::from_str("20200101000000Z").unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_str("20401231000000Z").unwrap()).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    let certificate = builder.build();
    Pkcs12::builder().pkey(&key).cert(&certificate).build2("clave").unwrap().to_der().unwrap()
}

#[tokio::test]
async fn a_training_folder_refuses_a_real_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    let before = shop.agent.certificate().unwrap();
    let refused = shop.agent.load_certificate(&real_certificate(), "clave").await.unwrap_err();
    assert_eq!(refused.code, "certificate-real");
    assert_eq!(shop.agent.certificate().unwrap(), before);
    shop.stop().await;
}

#[tokio::test]
async fn a_real_folder_refuses_what_the_training_desk_made() {
    let dir = tempfile::tempdir().unwrap();
    let agent = timbre_app::start(options(dir.path())).await.unwrap();
    agent.agent.set_company(Environment::Certification, &real_company()).await.unwrap();
    let certificate = Desk::certificate("x");
    let refused = agent.agent.load_certificate(&certificate.pfx, "x").await.unwrap_err();
    assert_eq!(refused.code, "certificate-training");
    let caf = Desk::caf("77777777-7", 39, 1, 10, "2026-01-05".parse().unwrap(), "ALMACEN");
    let refused = agent.agent.load_grant(&caf, (1, 1), None).await.unwrap_err();
    assert_eq!(refused.status, 422, "{refused:?}");
    assert!(agent.agent.folios().is_empty());
    assert!(agent.agent.certificate().unwrap().is_none());
    agent.stop().await;
}

#[tokio::test]
async fn a_folder_stays_in_its_environment_and_with_its_company() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    timbre_tests::sell(&shop, &timbre_tests::boleta(990), "k").await.unwrap();
    let refused = shop.agent.set_company(Environment::Certification, &real_company()).await.unwrap_err();
    assert_eq!(refused.status, 422, "{refused:?}");
    assert_eq!(shop.agent.company().unwrap().1, Environment::Training);
    shop.stop().await;
}

#[tokio::test]
async fn a_folder_stays_in_its_environment_also_before_its_first_sale() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    let before = shop.agent.company().unwrap();
    for (other, resolution) in [(Environment::Certification, 0), (Environment::Production, 80)] {
        let mut company = real_company();
        company["NroResol"] = json!(resolution);
        let refused = shop.agent.set_company(other, &company).await.unwrap_err();
        assert_eq!((refused.status, refused.code.as_str()), (422, "company-other"), "{refused:?}");
    }
    assert_eq!(shop.agent.company().unwrap(), before);
    shop.stop().await;
}

#[tokio::test]
async fn the_demo_does_not_open_on_a_real_folder() {
    let dir = tempfile::tempdir().unwrap();
    let agent = timbre_app::start(options(dir.path())).await.unwrap();
    agent.agent.set_company(Environment::Certification, &real_company()).await.unwrap();
    agent.stop().await;
    let demo = DemoOptions { latency: std::time::Duration::ZERO, scenario: "calm".to_owned() };
    let outcome = timbre_app::start(Options { demo: Some(demo), ..options(dir.path()) }).await;
    match outcome.err() {
        Some(StartError::Problem(problem)) => assert_eq!(problem.code, "folder-not-training"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_api_makes_no_training_company() {
    let dir = tempfile::tempdir().unwrap();
    let agent = timbre_app::start(options(dir.path())).await.unwrap();
    let answer = reqwest::Client::new()
        .put(format!("{}/v1/company", agent.address.base))
        .bearer_auth(&agent.address.token)
        .json(&json!({ "environment": "training", "data": real_company() }))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 400);
    assert!(agent.agent.company().is_none());
    agent.stop().await;
}

#[test]
fn no_setting_moves_the_hosts_of_a_real_folder() {
    for simulator in [None, Some("http://127.0.0.1:4581"), Some("https://example.org:1")] {
        let certification = Hosts::of(Environment::Certification, simulator).unwrap();
        assert!(certification.dte.starts_with("https://maullin.sii.cl"));
        assert!(certification.boleta_upload.starts_with("https://pangal.sii.cl"));
        let production = Hosts::of(Environment::Production, simulator).unwrap();
        assert!(production.dte.starts_with("https://palena.sii.cl"));
        assert!(production.boleta.starts_with("https://api.sii.cl"));
    }
    for elsewhere in [
        "http://maullin.sii.cl:80",
        "https://127.0.0.1:1",
        "http://10.0.0.1:80",
        "http://127.0.0.1.example:1",
    ] {
        assert_eq!(Hosts::of(Environment::Training, Some(elsewhere)), None, "{elsewhere}");
    }
}

#[tokio::test]
async fn the_carrier_refuses_the_other_world() {
    let limits = timbre_chile::channel::BoletaChannel::default().limits().clone();
    let attempts = [
        (Environment::Production, "http://127.0.0.1:9/x"),
        (Environment::Production, "https://localhost:9/x"),
        (Environment::Certification, "https://[::1]:9/x"),
        (Environment::Training, "https://palena.sii.cl/x"),
        (Environment::Training, "http://192.0.2.1/x"),
    ];
    for (environment, url) in attempts {
        let request = Request {
            effect: Effect::Deliver,
            method: Method::Post,
            url: url.to_owned(),
            headers: Vec::new(),
            body: bytes::Bytes::from_static(b"x"),
            what: "prueba",
            secret: false,
        };
        let heard = HttpCarrier::new(environment).unwrap().carry(&request, &limits).await;
        match heard {
            Heard::Nothing { sent: Sent::No, why } => assert!(why.contains("no permitida"), "{url}: {why}"),
            other => panic!("{url}: {other:?}"),
        }
    }
}
