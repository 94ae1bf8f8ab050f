//! What leaves the socket, byte for byte: the official token document, both framings of an upload, and each question.
//! What differs from run to run (ports, boundary, keys, signatures, the file itself) has a name in brackets, after it
//! was checked here. `UPDATE=1` rewrites the snapshots; look at the diff.

use std::path::Path;

use timbre_tests::scripted::{Act, Asked};

use crate::failures::{Shop, open};

/// Latin-1: a character is a byte.
fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// Everything between two marks becomes `name`, wherever it stands.
fn named(text: &str, from: &str, to: &str, name: &str) -> String {
    let mut parts = text.split(from);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once(to).unwrap_or_else(|| panic!("{from} without {to}"));
        out.push_str(&format!("{from}[{name}]{to}{rest}"));
    }
    out
}

/// The value of the header of that name.
fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// A request with its line ends seen, and a name for what is never the same twice.
fn snapshot(request: &[u8]) -> String {
    let all = text(request);
    let (head, body) = all.split_once("\r\n\r\n").expect("a head");
    assert_eq!(header(head, "transfer-encoding"), None, "never chunked");
    let length = header(head, "content-length");
    assert_eq!(length.unwrap_or("0"), body.chars().count().to_string(), "the length is the body's");
    let mut head = named(&format!("{head}\r\n"), "127.0.0.1:", "\r\n", "puerto").trim_end().to_owned();
    if let Some(length) = length {
        head = head.replace(&format!("ength: {length}"), "ength: [largo]");
    }
    let mut body = body.to_owned();
    if let Some(boundary) = header(&head, "content-type").and_then(|kind| kind.split_once("boundary=")) {
        let boundary = boundary.1.to_owned();
        assert!(boundary.len() >= 16, "{boundary}");
        assert!(boundary.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{boundary}");
        (head, body) = (head.replace(&boundary, "[separador]"), body.replace(&boundary, "[separador]"));
        let file = "Content-Type: text/xml\r\n\r\n";
        body = named(&body, file, "\r\n--[separador]--", "archivo");
    }
    let mut whole = format!("{head}\r\n\r\n{body}");
    for element in ["SignatureValue", "Modulus", "X509Certificate"] {
        for (open, close) in [("<", ">"), ("&lt;", "&gt;")] {
            let (from, to) = (format!("{open}{element}{close}"), format!("{open}/{element}{close}"));
            whole = named(&whole, &from, &to, element);
        }
    }
    for (from, to, name) in [
        ("<FechaEmisionDte xsi:type=\"xsd:string\">", "<", "DDMMAAAA"),
        ("<FirmaDte xsi:type=\"xsd:string\">", "<", "firma"),
        ("fechaEmision=", " ", "DD-MM-AAAA"),
        ("TOKEN=TOKEN", "\r", "token"),
        (">TOKEN", "<", "token"),
    ] {
        whole = named(&whole, from, to, name);
    }
    whole.replace("\r\n", "\\r\\n\n")
}

/// The form's file, which the snapshot leaves out.
fn file(request: &[u8]) -> String {
    let all = text(request);
    let (_, rest) = all.split_once("Content-Type: text/xml\r\n\r\n").expect("a file");
    rest.rsplit_once("\r\n--").expect("its end").0.to_owned()
}

#[track_caller]
fn check(name: &str, parts: &[(&str, Vec<u8>)]) {
    let found: String =
        parts.iter().map(|(what, request)| format!("=== {what}\n{}\n\n", snapshot(request))).collect();
    let path = Path::new("wire").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &found).expect("the snapshot is ours");
    }
    let kept = std::fs::read_to_string(&path).expect("a snapshot");
    for (kept, found) in kept.split("=== ").zip(found.split("=== ")) {
        assert_eq!(found, kept, "{name} differs (UPDATE=1 rewrites it)");
    }
    assert_eq!(found, kept);
}

/// One of each kind that a document's way has, with a probe after a lost answer.
async fn walk(shop: &Shop, soap: bool) -> Vec<(&'static str, Vec<u8>)> {
    let id = if soap { shop.factura("1").await } else { shop.boleta("1").await };
    shop.settled(&id, "ACEPTADO").await;
    shop.sii.next(Asked::Upload, [Act::KeepAndReset]);
    let lost = if soap { shop.factura("2").await } else { shop.boleta("2").await };
    shop.settled(&lost, "ACEPTADO").await;
    let first = |asked| shop.sii.wire(asked).into_iter().next();
    [
        ("semilla", Asked::Seed),
        ("token", Asked::Token),
        ("envío", Asked::Upload),
        ("estado del envío", Asked::Parcel),
        ("estado del documento", Asked::Document),
        ("estado con firma", Asked::Exact),
    ]
    .into_iter()
    .filter_map(|(what, asked)| Some((what, first(asked)?)))
    .collect()
}

#[tokio::test]
async fn the_boleta_channel_speaks_as_the_siis_specification_prints_it() {
    let shop = open().await;
    let parts = walk(&shop, false).await;
    assert_eq!(parts.len(), 5);
    // OAS, the token document: two lines, no end after the last, the digest of its own seed.
    let token = text(&parts[1].1);
    let (_, token) = token.split_once("\r\n\r\n").expect("a body");
    assert!(token.starts_with(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<getToken><item><Semilla>030530912644</Semilla></item>"
    ));
    assert!(token.ends_with("</Signature></getToken>"), "no line end");
    assert!(token.contains("<DigestValue>l2s9BqLppHaWo+w1Al1J5SsYScs=</DigestValue>"));
    let file = file(&parts[2].1);
    assert!(file.starts_with("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<EnvioBOLETA "), "{file}");
    assert!(file.trim_end().ends_with("</EnvioBOLETA>"), "{file}");
    check("boleta.txt", &parts);
    shop.stop().await;
}

#[tokio::test]
async fn the_dte_channel_speaks_as_the_manuals_print_it() {
    let shop = open().await;
    let parts = walk(&shop, true).await;
    assert_eq!(parts.len(), 6);
    let file = file(&parts[2].1);
    assert!(file.starts_with("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<EnvioDTE "), "{file}");
    check("dte.txt", &parts);
    shop.stop().await;
}
