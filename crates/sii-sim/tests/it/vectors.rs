//! Documents we did not write: the synthetic vectors and the SII's own sample pass or fail as they are known to
//! (the SII's verdict on the sample; xmlsec and libxml2 on the vectors).

use crate::{
    client::{Boleta, Channel, Client, Dte, form, upload_form},
    maker::{Signatory, between, latin1_text},
};
use jiff::civil::date;
use sii_sim::{Authority, Company, Config, Desk, Holder, LedgerDocument, Registry, Root, Rules};

const VARIANT_A: &[u8] = include_bytes!("../vectors/EnvioBOLETA-F7-variantA.xml");
const VARIANT_B: &[u8] = include_bytes!("../vectors/EnvioBOLETA-F7-variantB.xml");
const FACTURAS_A: &[u8] = include_bytes!("../vectors/EnvioDTE-33-61-52-variantA.xml");
const FACTURAS_B: &[u8] = include_bytes!("../vectors/EnvioDTE-33-61-52-variantB.xml");
const OFFICIAL: &[u8] = include_bytes!("../vectors/F60T33-ejemplo-oficial-SII.xml");

/// The throw-away authority the vectors were stamped under.
const FAKE: &str = "bfdd62e1a2a0e722b17d8a3b1ac575dab98adc5654895e2303dca9b9cfc6a59775797bc398495613c98a4ef5bf459c467d5b46657a0ca80e68c98c0b36fed321";
/// The SII's certification key, IDK 100, and its production key, IDK 300.
const CERTIFICATION: &str = "c8fbf00dcb21a55000a585522c5de528a73e0ce16cc03ab1e5ea7de4b2a28111e352faef8dcb7d51e349abd4b105dcd4f67cf9e13115058c9f0154291b8c7153";
const PRODUCTION: &str = "9deebfc5eebd96df4c7cf53f1bfa15d85d73ef04c6718f8c07b3f785efee75e7b4ef5a3ae079c3265a900e45f602890af6fb4fafa2b8d6938f7f011c3585b335";

fn authority(idk: u32, hex: &str) -> Authority {
    let bytes: Vec<u8> =
        (0..64).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hex")).collect();
    Authority::new(idk, &bytes).expect("a key")
}

fn company() -> Company {
    Company {
        rut: "99999999-9",
        name: "COMERCIAL ÑUÑOA & HIJOS LTDA",
        giro: "",
        acteco: 472_101,
        address: "",
        comuna: "",
        city: "",
        resolution_date: date(2014, 8, 22),
        resolution_number: 80,
        signers: &["11111111-1"],
    }
}

/// Who signed the vectors, as a root of its own.
fn root(file: &[u8]) -> Root {
    let text = latin1_text(file);
    let der = between(&text, "<X509Certificate>", "</X509Certificate>");
    Root::read(der).expect("a certificate")
}

fn registry(authority: Authority, file: &[u8]) -> Registry {
    Registry::empty()
        .with_authority(authority)
        .with_company(company())
        .with_root(root(file))
        .with_root(Root::read(Desk::ca()).expect("the training CA"))
}

/// Uploads a file and tells what becomes of its documents.
#[track_caller]
fn judged(channel: Channel, file: &[u8], registry: Registry, rules: Rules) -> Vec<(String, String)> {
    let client = Client::of(Config { registry, rules, ..Config::default() });
    client.deliver_file(channel, file);
    verdicts(&client)
}

fn verdicts(client: &Client) -> Vec<(String, String)> {
    client.wait(50);
    let ledger = client.sim.ledger_at(client.now());
    let verdict = |document: &LedgerDocument| {
        (document.id.clone(), format!("{} {}", document.verdict, document.reasons.join(", ")))
    };
    ledger.documents.iter().map(verdict).collect()
}

fn undated() -> Rules {
    Rules { certificate_dates: false, ..Rules::default() }
}

fn accepted(ids: &[&str]) -> Vec<(String, String)> {
    ids.iter().map(|id| ((*id).to_owned(), "accepted ".to_owned())).collect()
}

#[test]
fn the_synthetic_envelopes_are_accepted_in_both_variants() {
    for file in [VARIANT_A, VARIANT_B] {
        let judged = judged(Boleta, file, registry(authority(999, FAKE), file), undated());
        assert_eq!(judged, accepted(&["T39F7"]));
    }
    for file in [FACTURAS_A, FACTURAS_B] {
        let judged = judged(Dte, file, registry(authority(999, FAKE), file), undated());
        assert_eq!(judged, accepted(&["T33F5", "T52F9", "T61F2"]));
    }
}

#[test]
fn they_fall_where_their_authority_their_issuer_or_their_dates_are_not_believed() {
    let one = |registry, rules| judged(Boleta, VARIANT_B, registry, rules).remove(0).1;
    let known = || registry(authority(999, FAKE), VARIANT_B);
    assert!(one(registry(authority(999, CERTIFICATION), VARIANT_B), undated()).contains("(CAF-3-514)"));
    assert!(one(registry(authority(300, PRODUCTION), VARIANT_B), undated()).contains("(CAF-3-516)"));
    assert!(one(known(), Rules::default()).contains("no vigente"));
    let stranger = Registry::default().with_company(company());
    assert!(one(stranger, undated()).contains("desconocido"));
}

/// The SII's sample of 2003, with all that is needed to believe it but its certificate's own key.
fn official(rules: Rules) -> (Client, String) {
    let company = Company {
        rut: "97975000-5",
        name: "RUT DE PRUEBA",
        acteco: 31_341,
        resolution_date: date(2003, 9, 2),
        resolution_number: 0,
        signers: &["7880442-4"],
        ..company()
    };
    let registry = Registry::empty().with_authority(authority(100, CERTIFICATION)).with_company(company);
    let client = Client::of(Config { registry, rules, ..Config::default() });
    client.set_clock("2003-10-13T13:40:00Z");
    let signatory = Signatory::new(&Holder { rut: "7880442-4".to_owned(), ..Holder::default() });
    let body = form(("7880442", "4"), ("97975000", "5"), OFFICIAL);
    let reply = client.send(Dte, &upload_form(Dte, &client.token_of(Dte, &signatory), body));
    (client, reply.body_text())
}

#[test]
fn the_siis_own_sample_is_accepted_but_for_its_key_that_is_not_the_certificates() {
    let gone = Rules { certificate_issuer: false, certificate_dates: false, ..Rules::default() };
    let (client, receipt) = official(gone.clone());
    assert!(receipt.contains("<STATUS>0</STATUS>"), "{receipt}");
    let (id, verdict) = verdicts(&client).remove(0);
    assert_eq!(id, "T33F60");
    assert!(verdict.contains("RFR") && verdict.contains("la clave publica"), "{verdict}");
    let (client, _) = official(Rules { certificate_key: false, ..gone });
    assert_eq!(verdicts(&client), accepted(&["T33F60"]));
}
