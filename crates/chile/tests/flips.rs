//! One bit of a document changes, anywhere: a second look sees it, or it stood where nothing is signed.

mod desk;

use std::sync::Arc;

use timbre_chile::envelope::{self, Kind};
use timbre_chile::verify::{UNSIGNED, Unsigned};
use timbre_chile::{Chile, hour};
use timbre_core::Regime;

/// Every so many bytes one is taken; a prime, so that every kind of place is met.
const STRIDE: usize = 23;

fn factura() -> Arc<timbre_core::Document> {
    let sale =
        std::fs::read_to_string(desk::golden("impuestos/202-descuento-porcentual.json")).expect("committed");
    Arc::new(desk::seal(&*desk::draft(&sale).expect("good"), 202))
}

fn file() -> Vec<u8> {
    Chile::default().file(&factura())
}

fn envelope() -> Vec<u8> {
    let documents = [factura()];
    let company = desk::issuer().company;
    let wrapping =
        envelope::wrap(Kind::Dte, &documents, &company, desk::Desk::get(), hour::local(desk::now()));
    let wrapping = wrapping.expect("keys are there");
    [&wrapping.head[..], &documents[0].bytes, b"\n", &wrapping.tail].concat()
}

/// Where in the file a region lies.
fn lies(bytes: &[u8], region: &Unsigned) -> Vec<std::ops::Range<usize>> {
    let all = |from: &[u8], until: &[u8]| {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(start) = find(bytes, from, at) {
            let begin = start + from.len();
            let Some(end) = find(bytes, until, begin) else { break };
            found.push(begin..end);
            at = end;
        }
        found
    };
    match region.name {
        "certificado" => all(b"<X509Certificate>", b"</X509Certificate>"),
        "prólogo" => std::iter::once(0..find(bytes, b"?>", 0).expect("a prolog") + 2).collect(),
        "blancos" => bytes
            .iter()
            .enumerate()
            .filter(|(_, byte)| byte.is_ascii_whitespace())
            .map(|(at, _)| at..at + 1)
            .collect(),
        "base64" => {
            ["SignatureValue", "Modulus", "Exponent", "DigestValue", "FRMT algoritmo=\"SHA1withRSA\""]
                .iter()
                .flat_map(|tag| all(format!("<{tag}>").as_bytes(), b"<"))
                .collect()
        }
        other => panic!("{other} has no place in this test"),
    }
}

fn find(bytes: &[u8], what: &[u8], from: usize) -> Option<usize> {
    bytes[from..].windows(what.len()).position(|window| window == what).map(|at| from + at)
}

fn check(bytes: &[u8], unsigned: &[&str]) {
    let before = Chile::default().verify(bytes);
    let regions: Vec<_> = UNSIGNED
        .iter()
        .filter(|region| unsigned.contains(&region.name))
        .flat_map(|region| lies(bytes, region))
        .collect();
    let mut seen = 0;
    let mut unseen = Vec::new();
    for at in (0..bytes.len()).step_by(STRIDE) {
        let bit = (at / STRIDE * 7 + at) % 8;
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1 << bit;
        if Chile::default().verify(&flipped) != before {
            seen += 1;
        } else if !regions.iter().any(|region| region.contains(&at)) {
            let around = String::from_utf8_lossy(&bytes[at.saturating_sub(20)..(at + 20).min(bytes.len())])
                .into_owned();
            unseen.push(format!("byte {at} bit {bit}: …{around}…"));
        }
    }
    assert!(seen > bytes.len() / STRIDE / 2, "{seen} of {}", bytes.len() / STRIDE);
    assert_eq!(unseen, Vec::<String>::new());
}

/// Those that a lone document and an envelope have.
const BOTH: [&str; 4] = ["certificado", "prólogo", "blancos", "base64"];

#[test]
fn no_bit_of_a_document_changes_unseen_but_where_nothing_is_signed() {
    check(&file(), &BOTH);
}

#[test]
fn no_bit_of_an_envelope_changes_unseen_but_where_nothing_is_signed() {
    check(&envelope(), &BOTH);
}
