//! Training is fenced from the real world, each way: what could turn Timbre into a tool of fraud,
//! or a shop's real documents into practice.

use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use sii_sim::Desk;
use timbre_agent::carrier::{Carrier, HttpCarrier, Lookup};
use timbre_app::{DemoOptions, Options, StartError};
use timbre_chile::hosts::Hosts;
use timbre_core::channel::Method;
use timbre_core::{Channel, Effect, Environment, Heard, Request, Sent};
use timbre_tests::{options, shop};

fn real_company() -> serde_json::Value {
    real_company_of(0)
}

fn real_company_of(resolution: u32) -> serde_json::Value {
    json!({
        "RUTEmisor": "77777777-7", "RznSoc": "ALMACEN VERDADERO LTDA", "GiroEmis": "Almacén",
        "Acteco": [472101], "DirOrigen": "Los Pinos 1", "CmnaOrigen": "Ñuñoa",
        "FchResol": "2014-08-22", "NroResol": resolution,
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
    let refused = shop.agent.load_certificate(&real_certificate(), "clave", None).await.unwrap_err();
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
    let refused = agent.agent.load_certificate(&certificate.pfx, "x", None).await.unwrap_err();
    assert_eq!(refused.code, "certificate-training");
    let caf = Desk::caf("77777777-7", 39, 1, 10, "2026-01-05".parse().unwrap(), "ALMACEN");
    let refused = agent.agent.load_grant(&caf, (1, 1), None).await.unwrap_err();
    assert_eq!(refused.status, 422, "{refused:?}");
    assert!(agent.agent.folios().is_empty());
    assert!(agent.agent.certificate().unwrap().is_none());
    agent.stop().await;
}

#[tokio::test]
async fn a_training_folder_refuses_a_caf_that_says_it_is_real() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    let (company, before) = (Desk::company(), shop.agent.folios());
    let caf = Desk::caf(company.rut, 39, 200_000, 200_010, "2026-11-01".parse().unwrap(), company.name);
    for key in ["100", "300"] {
        let text = String::from_utf8(caf.clone()).unwrap();
        let real = text.replace("<IDK>999</IDK>", &format!("<IDK>{key}</IDK>"));
        assert_ne!(text, real);
        let refused = shop.agent.load_grant(real.as_bytes(), (1, 1), None).await.unwrap_err();
        assert_eq!(refused.status, 422, "{refused:?}");
    }
    assert_eq!(shop.agent.folios(), before);
    shop.stop().await;
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
        let refused = shop.agent.set_company(other, &real_company_of(resolution)).await.unwrap_err();
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
        .header("Timbre-Client", "tests")
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

/// Carries a delivery to `url` as a folder of that environment would, names looked up by `lookup`.
async fn carry(environment: Environment, url: &str, lookup: Lookup) -> Heard {
    let limits = timbre_chile::channel::BoletaChannel::default().limits().clone();
    let request = Request {
        effect: Effect::Deliver,
        method: Method::Post,
        url: url.to_owned(),
        headers: Vec::new(),
        body: bytes::Bytes::from_static(b"x"),
        what: "prueba",
        secret: false,
    };
    HttpCarrier::with(environment, lookup).unwrap().carry(&request, &limits).await
}

/// A machine whose hosts file says that every name is `address`.
fn hosts_file(address: &'static str) -> Lookup {
    Arc::new(move |_| Ok(vec![SocketAddr::new(address.parse().unwrap(), 443)]))
}

/// Runs one test of this program again, in a process with this variable set.
fn again(test: &str, variable: (&str, &str)) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a test runs from its file"));
    command.args(["--exact", test, "--include-ignored", "--nocapture"]).env(variable.0, variable.1);
    command
}

#[tokio::test]
async fn the_siis_names_do_not_lead_back_to_this_machine_or_its_network() {
    for environment in [Environment::Certification, Environment::Production] {
        let hosts = Hosts::of(environment, None).unwrap();
        for address in ["127.0.0.1", "10.0.0.9", "192.168.1.9", "169.254.0.9", "::1", "fd00::9", "0.0.0.0"] {
            match carry(environment, &hosts.dte, hosts_file(address)).await {
                Heard::Nothing { sent: Sent::No, why } => assert!(why.contains("hosts"), "{address}: {why}"),
                other => panic!("{address}: {other:?}"),
            }
        }
    }
}

#[test]
fn no_proxy_of_the_environment_comes_between_a_real_folder_and_the_sii() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let mut inner = again("fence::a_process_with_a_proxy_in_its_environment", (variable, &url));
        assert!(inner.env_remove("NO_PROXY").env_remove("no_proxy").output().unwrap().status.success());
        let came = proxy.accept().map(|(_, who)| who);
        assert_eq!(came.unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "{variable}: it was asked");
    }
}

#[tokio::test]
#[ignore = "part of the test above, which runs it with a proxy set"]
async fn a_process_with_a_proxy_in_its_environment() {
    let names = Arc::new(AtomicBool::new(false));
    let looked = Arc::clone(&names);
    let nowhere: Lookup = Arc::new(move |name| {
        looked.store(name == "palena.sii.cl", Ordering::SeqCst);
        Err(std::io::Error::other("sin servidor de nombres"))
    });
    let heard = carry(Environment::Production, "https://palena.sii.cl/x", nowhere).await;
    assert!(matches!(heard, Heard::Nothing { sent: Sent::No, .. }), "{heard:?}");
    assert!(names.load(Ordering::SeqCst), "it goes to the SII's own name");
}

#[test]
fn no_variable_lets_somebody_else_vouch_for_the_sii() {
    for variable in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        let inner = again("fence::a_process_with_an_authority_of_its_own", (variable, "/tmp/otra")).output();
        let inner = inner.unwrap();
        assert!(inner.status.success(), "{variable}: {}", String::from_utf8_lossy(&inner.stdout));
    }
}

#[tokio::test]
#[ignore = "part of the test above, which runs it with a variable set"]
async fn a_process_with_an_authority_of_its_own() {
    let refused = async |options: Options| match timbre_app::start(options).await.err() {
        Some(error @ StartError::ForeignAuthority(..)) => {
            assert!(error.to_string().contains("/tmp/otra") && error.to_string().contains("SSL_CERT_"));
        }
        other => panic!("{other:?}"),
    };
    let dir = tempfile::tempdir().unwrap();
    // One that could send, and would be told its company later.
    refused(options(dir.path())).await;
    // A company can still be set by a command that sends nothing; from then on the folder is real.
    let setup = Options { sender: false, ..options(dir.path()) };
    let agent = timbre_app::start(setup.clone()).await.unwrap();
    agent.agent.set_company(Environment::Production, &real_company_of(80)).await.unwrap();
    agent.stop().await;
    refused(setup).await;
    // Practice reaches this machine only: nobody needs to vouch.
    let practice = tempfile::tempdir().unwrap();
    shop(practice.path(), "calm").await.stop().await;
}

#[tokio::test]
async fn no_setting_names_another_host_or_a_proxy() {
    for setting in [
        "[wire]\nproxy = \"http://127.0.0.1:1\"\n",
        "[wire]\nhost = \"https://127.0.0.1\"\n",
        "[wire]\nca = \"ca.pem\"\n",
        "[sii]\nhost = \"https://127.0.0.1\"\n",
        "proxy = \"http://127.0.0.1:1\"\n",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let options = options(dir.path());
        let folder = options.data.clone().unwrap();
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("timbre.toml"), setting).unwrap();
        let error = timbre_app::start(options).await.err().expect(setting);
        assert!(matches!(error, StartError::Config(..)) && error.exit_code() == 2, "{setting}: {error}");
    }
}

#[tokio::test]
async fn the_carrier_refuses_the_other_world() {
    let attempts = [
        (Environment::Production, "http://127.0.0.1:9/x"),
        (Environment::Production, "https://localhost:9/x"),
        (Environment::Certification, "https://[::1]:9/x"),
        (Environment::Certification, "https://192.168.0.1/x"),
        (Environment::Training, "https://palena.sii.cl/x"),
        (Environment::Training, "http://192.0.2.1/x"),
    ];
    for (environment, url) in attempts {
        match carry(environment, url, hosts_file("203.0.113.9")).await {
            Heard::Nothing { sent: Sent::No, why } => assert!(why.contains("no permitida"), "{url}: {why}"),
            other => panic!("{url}: {other:?}"),
        }
    }
}
