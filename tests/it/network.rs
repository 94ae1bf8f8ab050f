//! The API for other machines: only where it was set up, over TLS, for tills' tokens, and without the panel where nobody
//! asked for it.

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};
use serde_json::{Value, json};
use timbre_app::{DemoOptions, Options};
use timbre_tests::{boleta, options};

use crate::attack::token;

/// A certificate of its own for this machine's address, and its key; PEM.
pub(crate) fn certificate() -> (Vec<u8>, Vec<u8>) {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "caja").unwrap();
    let name = name.build();
    let mut cert = X509::builder().unwrap();
    cert.set_version(2).unwrap();
    cert.set_serial_number(&BigNum::from_u32(1).unwrap().to_asn1_integer().unwrap()).unwrap();
    cert.set_subject_name(&name).unwrap();
    cert.set_issuer_name(&name).unwrap();
    cert.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    cert.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    cert.set_pubkey(&key).unwrap();
    cert.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    let names =
        SubjectAlternativeName::new().ip("127.0.0.1").build(&cert.x509v3_context(None, None)).unwrap();
    cert.append_extension(names).unwrap();
    cert.sign(&key, MessageDigest::sha256()).unwrap();
    (cert.build().to_pem().unwrap(), key.private_key_to_pem_pkcs8().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_machine_sells_over_tls_with_a_tills_token_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("shop");
    std::fs::create_dir_all(&folder).unwrap();
    let (cert, key) = certificate();
    std::fs::write(folder.join("red.pem"), &cert).unwrap();
    std::fs::write(folder.join("red.key"), key).unwrap();
    let text = "[network]\nlisten = \"127.0.0.1:0\"\nnames = [\"127.0.0.1\"]\ncertificate = \"red.pem\"\nkey = \"red.key\"\n";
    std::fs::write(folder.join("timbre.toml"), text).unwrap();
    let demo = DemoOptions { latency: std::time::Duration::ZERO, scenario: "calm".to_owned() };
    let shop = timbre_app::start(Options { demo: Some(demo), ..options(dir.path()) }).await.unwrap();
    let till = &token(&shop, "caja 2", "issue").await;
    let http = reqwest::Client::builder()
        .tls_backend_native()
        .add_root_certificate(reqwest::Certificate::from_pem(&cert).unwrap())
        .build()
        .unwrap();
    let port = shop.network_port().expect("it listens");
    let at = |path: &str| format!("https://127.0.0.1:{port}{path}");
    let sale = |token: &str| {
        http.post(at("/v1/documents")).bearer_auth(token).header("Timbre-Client", "caja 2").json(&boleta(990))
    };
    assert_eq!(sale(till).send().await.unwrap().status(), 201);
    assert_eq!(
        sale(&shop.address.token).send().await.unwrap().status(),
        401,
        "the owner's is for this machine"
    );
    assert_eq!(sale(till).header("Host", "evil.example").send().await.unwrap().status(), 403);
    assert_eq!(http.get(at("/")).send().await.unwrap().status(), 404, "no panel");
    let plain = reqwest::Client::new().get(format!("http://127.0.0.1:{port}/v1/health")).send().await;
    assert!(plain.is_err(), "nothing in the clear");
    let health: Value =
        http.get(at("/v1/health")).bearer_auth(till).send().await.unwrap().json().await.unwrap();
    assert!(health["notices"].to_string().contains("atiende a la red"), "{health}");
    // Nor does a token that came from elsewhere make another one, however far it reaches.
    let manage = token(&shop, "bodega", "manage").await;
    let by = |method: reqwest::Method, path: &str| {
        let request = http.request(method, at(path)).bearer_auth(&manage).header("Timbre-Client", "bodega");
        request.json(&json!({ "name": "otro", "who": "Rosa", "url": "https://example.com", "states": [] }))
    };
    for (method, path) in [(reqwest::Method::POST, "/v1/tokens"), (reqwest::Method::PUT, "/v1/webhooks/otro")]
    {
        let refused = by(method, path).send().await.unwrap();
        assert_eq!(refused.status(), 403, "{path}");
        assert_eq!(refused.json::<Value>().await.unwrap()["code"], "only-here", "{path}");
    }
    assert_eq!(by(reqwest::Method::GET, "/v1/tokens").send().await.unwrap().status(), 200);
    // Nor does it make itself somebody in charge, nor open or close a way in.
    let ask = async |method: reqwest::Method, path: &str, body: Value| {
        let request = http.request(method, at(path)).bearer_auth(&manage).header("Timbre-Client", "bodega");
        let answer = request.json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap_or_default()["code"].clone())
    };
    let eva = json!({ "name": "Eva", "role": "encargado", "pin": "2580" });
    let only_here = (403, json!("only-here"));
    assert_eq!(ask(reqwest::Method::PUT, "/v1/staff/Eva", eva).await, only_here);
    assert_eq!(ask(reqwest::Method::DELETE, "/v1/staff/Eva", Value::Null).await, only_here);
    // A printer is sent each paper: by the network nobody says where that is, nor hears what answers where.
    let kitchen = json!({ "device": "red:192.168.1.50", "takes": "all", "paper": "80mm" });
    assert_eq!(ask(reqwest::Method::PUT, "/v1/printers/cocina", kitchen).await, only_here);
    assert_eq!(ask(reqwest::Method::DELETE, "/v1/printers/principal", Value::Null).await, only_here);
    assert_eq!(ask(reqwest::Method::POST, "/v1/printer/test", json!({})).await, only_here);
    let set = |name: &str, value: &str| json!({ "settings": { name: value }, "who": "Rosa" });
    let settings = "/v1/settings";
    assert_eq!(ask(reqwest::Method::PUT, settings, set("folder.enabled", "false")).await, only_here);
    assert_eq!(ask(reqwest::Method::PUT, settings, set("sender.parcel", "20")).await.0, 200);
    assert!(shop.agent.staff().workers.is_empty());
    assert_eq!(shop.agent.stats().total, 1);
    shop.stop().await;
}
