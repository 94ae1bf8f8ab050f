//! The first contact: what `timbre diagnose` finds, and that it leaves nothing behind.

use std::net::TcpListener;
use std::thread;

use openssl::asn1::Asn1Time;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::ssl::{SslAcceptor, SslMethod, SslVersion};
use openssl::x509::{X509Builder, X509NameBuilder};
use timbre_agent::diagnose::Outcome;
use timbre_agent::inspect::inspect;
use timbre_tests::shop;

#[tokio::test]
async fn a_healthy_shop_passes_every_check_and_uses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    let folios = shop.agent.folios();
    let found = shop.agent.diagnose().await.unwrap();
    let failed: Vec<_> = found.checks.iter().filter(|check| check.outcome != Outcome::Ok).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    for code in
        ["company", "certificate", "folios", "host", "login", "session", "clock", "upload-status", "version"]
    {
        assert!(found.checks.iter().any(|check| check.code == code), "{code} was not looked at");
    }
    let titles: Vec<_> = found.checks.iter().map(|check| check.title.as_str()).collect();
    assert!(
        titles.contains(&"Boletas: envío") && titles.contains(&"Facturas: sesión con el certificado"),
        "{titles:#?}"
    );
    assert!(!titles.iter().any(|title| title.contains("http") || title.contains("canal")), "{titles:#?}");
    let ledger = shop.sim.as_ref().unwrap().ledger();
    assert_eq!((ledger.totals.documents, ledger.totals.uploads), (0, 0));
    assert_eq!(shop.agent.folios(), folios);
    shop.stop().await;
}

#[tokio::test]
async fn where_no_host_is_reached_there_is_one_cause_and_it_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    let before = shop.agent.diagnose().await.unwrap();
    shop.sim.as_ref().unwrap().set_outage(true);
    for host in before.checks.iter().filter(|check| check.code == "host") {
        let base = host.facts["address"].as_str().unwrap();
        while inspect(base).trouble.is_none() {
            tokio::task::yield_now().await;
        }
    }
    let found = shop.agent.diagnose().await.unwrap();
    let failed: Vec<_> = found.checks.iter().filter(|check| check.outcome != Outcome::Ok).collect();
    let [one] = failed.as_slice() else { panic!("{failed:#?}") };
    assert_eq!((one.code.as_str(), one.title.as_str()), ("host", "Internet"));
    assert!(one.detail.contains("revise la conexión a internet"), "{}", one.detail);
    shop.stop().await;
}

/// A host with a certificate that it signed itself, for one connection.
fn untrusted_host() -> (u16, thread::JoinHandle<()>) {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "palena.sii.cl").unwrap();
    let name = name.build();
    let mut builder = X509Builder::new().unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    acceptor.set_private_key(&key).unwrap();
    acceptor.set_certificate(&builder.build()).unwrap();
    acceptor.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
    let acceptor = acceptor.build();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        // The other side hangs up after the handshake.
        let _ = acceptor.accept(stream);
    });
    (port, server)
}

#[test]
fn a_chain_that_this_machine_does_not_trust_is_shown_and_not_believed() {
    let (port, server) = untrusted_host();
    let seen = inspect(&format!("https://localhost:{port}"));
    server.join().unwrap();
    let tls = seen.tls.unwrap_or_else(|| panic!("{:?}", seen.trouble));
    assert_eq!(tls.version, "TLSv1.2");
    assert!(tls.distrust.is_some());
    assert_eq!(tls.chain[0].subject, "palena.sii.cl");
    assert!(seen.connected_ms.is_some() && seen.trouble.is_none());
}

#[test]
fn a_name_that_is_not_to_be_found_is_said() {
    let seen = inspect("https://no-existe.invalid");
    assert!(seen.trouble.unwrap().contains("no-existe.invalid"));
    assert!(seen.tls.is_none());
}
