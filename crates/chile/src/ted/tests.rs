use super::*;
use crate::fixture::{TestKeys, VectorKeys, vector};
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::sha::sha1;
use openssl::sign::Verifier;

fn grant() -> GrantId {
    GrantId("ab".repeat(32))
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> &'a str {
    let start = text.find(open).unwrap();
    &text[start..start + text[start..].find(close).unwrap() + close.len()]
}

/// Keys that answer with the FRMT of a vector.
fn keys_of(ted: &str) -> VectorKeys {
    let frmt = between(ted, "<FRMT algoritmo=\"SHA1withRSA\">", "</FRMT>");
    let flat = &frmt["<FRMT algoritmo=\"SHA1withRSA\">".len()..frmt.len() - "</FRMT>".len()];
    VectorKeys {
        certificate: TestKeys::get().certificate().unwrap(),
        signature: STANDARD.decode(flat).unwrap(),
        asked: Default::default(),
    }
}

/// Builds the stamp of a vector from its fields; what is signed and what comes out must be its bytes.
#[track_caller]
fn check(fields: TedFields<'_>, dd_file: &str, ted_file: &str) {
    let (dd, ted_bytes) = (vector(dd_file), vector(ted_file));
    let whole = latin1::decode(&ted_bytes);
    let keys = keys_of(&whole);
    let caf = between(&whole, "<CAF ", "</CAF>");
    let ours = ted(&fields, caf, &keys, &grant()).unwrap();
    assert_eq!(keys.asked.lock().unwrap()[0], dd, "what is signed");
    assert_eq!(latin1::encode(&ours).unwrap(), ted_bytes, "what is printed");
    assert!(stamp_verifies(&ours));
}

/// FRMT against the key in the stamp's own CAF, as the SII's reader does.
fn stamp_verifies(ted: &str) -> bool {
    let part = |name: &str| {
        let text = between(ted, &format!("<{name}>"), &format!("</{name}>"));
        BigNum::from_slice(&STANDARD.decode(&text[name.len() + 2..text.len() - name.len() - 3]).unwrap())
            .unwrap()
    };
    let key = PKey::from_rsa(Rsa::from_public_components(part("M"), part("E")).unwrap()).unwrap();
    let signed = latin1::encode(between(ted, "<DD>", "</DD>")).unwrap();
    Verifier::new(MessageDigest::sha1(), &key)
        .unwrap()
        .verify_oneshot(&keys_of(ted).signature, &signed)
        .unwrap()
}

/// Official: manual de certificación §5.2.
#[test]
fn the_official_stamp_of_the_sii_is_met() {
    let dd = vector("F27T33.DD.bin");
    let hex: String = sha1(&dd).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(hex, "71662877c771717f5cbd48da3e9b6940a51c702c");
    check(
        TedFields {
            issuer: "97975000-5".parse().unwrap(),
            kind: 33,
            folio: 27,
            date: "2003-09-08".parse().unwrap(),
            receiver: "8414240-9".parse().unwrap(),
            receiver_name: "JORGE GONZALEZ LTDA",
            total: Amount(502_946),
            first_item: "Cajon AFECTO",
            stamped: "2003-09-08T12:28:31".parse().unwrap(),
        },
        "F27T33.DD.bin",
        "F27T33.TED.pdf417.bin",
    );
}

#[test]
fn a_boletas_stamp_with_accents_is_met() {
    check(
        TedFields {
            issuer: "99999999-9".parse().unwrap(),
            kind: 39,
            folio: 7,
            date: "2026-01-15".parse().unwrap(),
            receiver: Rut::CONSUMER,
            receiver_name: "CONSUMIDOR FINAL",
            total: Amount(10_784),
            first_item: "Café Ñandú & Té \"Sur\" 250 g",
            stamped: "2026-01-15T12:34:56".parse().unwrap(),
        },
        "T39F7.DD.bin",
        "T39F7.TED.pdf417.bin",
    );
}

#[test]
fn stamps_of_facturas_notes_and_guides_are_met() {
    for name in ["T33F5", "T61F2", "T52F9"] {
        let dd = latin1::decode(&vector(&format!("{name}.DD.bin")));
        let own = &dd[..dd.find("<CAF ").unwrap()];
        let leaf = |tag: &str| {
            let text = between(own, &format!("<{tag}>"), &format!("</{tag}>"));
            let value = &text[tag.len() + 2..text.len() - tag.len() - 3];
            quick_xml::escape::unescape(value).unwrap().into_owned()
        };
        let (name_of_receiver, item) = (leaf("RSR"), leaf("IT1"));
        let fields = TedFields {
            issuer: leaf("RE").parse().unwrap(),
            kind: leaf("TD").parse().unwrap(),
            folio: leaf("F").parse().unwrap(),
            date: leaf("FE").parse().unwrap(),
            receiver: leaf("RR").parse().unwrap(),
            receiver_name: &name_of_receiver,
            total: Amount(leaf("MNT").parse().unwrap()),
            first_item: &item,
            stamped: between(&dd, "<TSTED>", "</TSTED>")[7..26].parse().unwrap(),
        };
        check(fields, &format!("{name}.DD.bin"), &format!("{name}.TED.pdf417.bin"));
    }
}

#[test]
fn names_are_cut_at_forty_characters_before_they_are_escaped() {
    assert_eq!(cut(&"ñ".repeat(41)), "ñ".repeat(40));
    assert_eq!(cut("SELLADOR ACRILICO PINTABLE 280ML BLANCO 5"), "SELLADOR ACRILICO PINTABLE 280ML BLANCO ");
    let fields = TedFields {
        issuer: Rut::SII,
        kind: 39,
        folio: 1,
        date: "2026-01-15".parse().unwrap(),
        receiver: Rut::CONSUMER,
        receiver_name: "",
        total: Amount(1),
        first_item: &"&".repeat(50),
        stamped: "2026-01-15T01:02:03".parse().unwrap(),
    };
    let ted = ted(&fields, "<CAF version=\"1.0\"></CAF>", TestKeys::get(), &grant()).unwrap();
    assert!(ted.contains(&format!("<IT1>{}</IT1>", "&amp;".repeat(40))));
    assert!(ted.contains("<RSR></RSR>") && !ted.contains("xmlns") && !ted.contains('\n'));
    let unwritable = TedFields { first_item: "pan 🍞", ..fields };
    let error = super::ted(&unwritable, "", TestKeys::get(), &grant()).unwrap_err();
    assert!(matches!(error, KeyError::Failed(_)));
}
