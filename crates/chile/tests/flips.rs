//! One bit of each byte of a document and its envelope changes: a second look sees it, or it stood where nothing is signed. And
//! what the list of those places says is so: there a change is not seen.

mod desk;

use std::ops::Range;
use std::sync::Arc;
use std::thread;

use timbre_chile::envelope::{self, Kind};
use timbre_chile::verify::UNSIGNED;
use timbre_chile::{Chile, hour, latin1};
use timbre_core::{Finding, Regime};

/// A document of each channel, alone and in the envelope that goes to the SII.
fn boleta() -> (Vec<u8>, Vec<u8>) {
    alone_and_sent("boleta/001-pan.json", 1, Kind::Boleta)
}

fn factura() -> (Vec<u8>, Vec<u8>) {
    alone_and_sent("impuestos/202-descuento-porcentual.json", 202, Kind::Dte)
}

fn alone_and_sent(sale: &str, folio: u64, kind: Kind) -> (Vec<u8>, Vec<u8>) {
    let sale = std::fs::read_to_string(desk::golden(sale)).expect("committed");
    let documents = [Arc::new(desk::seal(&*desk::draft(&sale).expect("good"), folio))];
    let company = desk::issuer().company;
    let wrapping = envelope::wrap(kind, &documents, &company, desk::Desk::get(), hour::local(desk::now()));
    let wrapping = wrapping.expect("keys are there");
    let sent = [&wrapping.head[..], &documents[0].bytes, b"\n", &wrapping.tail].concat();
    (Chile::default().file(&documents[0]), sent)
}

fn look(bytes: &[u8]) -> Vec<Finding> {
    Chile::default().verify(bytes)
}

fn find(bytes: &[u8], what: &[u8], from: usize) -> Option<usize> {
    bytes[from..].windows(what.len()).position(|window| window == what).map(|at| from + at)
}

/// What stands between two texts, each time.
fn between(bytes: &[u8], from: &[u8], until: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = find(bytes, from, at) {
        let begin = start + from.len();
        let end = find(bytes, until, begin).expect("it closes");
        found.push(begin..end);
        at = end;
    }
    found
}

/// Where one bit may change unseen, by the name that the list has for it.
fn excused(bytes: &[u8], name: &str) -> Vec<Range<usize>> {
    match name {
        "prólogo" => between(bytes, b"<?", b"?>"),
        // Of an envelope its own: those of its documents are part of what it signs.
        "certificado" => {
            between(bytes, b"<X509Certificate>", b"</X509Certificate>").pop().into_iter().collect()
        }
        // None of these is one bit away from itself.
        _ => Vec::new(),
    }
}

/// One bit of each byte of these, which one by the byte's place.
fn check(bytes: &[u8], of: impl Iterator<Item = usize>) {
    let before = look(bytes);
    let regions: Vec<_> = UNSIGNED.iter().flat_map(|region| excused(bytes, region.name)).collect();
    let judged: Vec<usize> = of.filter(|at| !regions.iter().any(|region| region.contains(at))).collect();
    assert!(judged.len() > 1_500, "{} of {}", judged.len(), bytes.len());
    let unseen = |at: &usize| {
        let bit = (at.wrapping_mul(0x9E37_79B9) >> 13) % 8;
        let mut flipped = bytes.to_vec();
        flipped[*at] ^= 1 << bit;
        (look(&flipped) == before).then(|| {
            let around = &bytes[at.saturating_sub(20)..(at + 20).min(bytes.len())];
            format!("byte {at} bit {bit}: …{}…", String::from_utf8_lossy(around))
        })
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let unseen: Vec<String> = thread::scope(|scope| {
        let parts: Vec<_> = judged
            .chunks(judged.len().div_ceil(workers))
            .map(|part| scope.spawn(move || part.iter().filter_map(unseen).collect::<Vec<_>>()))
            .collect();
        parts.into_iter().flat_map(|part| part.join().expect("no look panics")).collect()
    });
    assert_eq!(unseen, Vec::<String>::new());
}

/// A document by itself, for in an envelope the set's signature would see for it; and of the envelope what is
/// not the document.
fn check_both((alone, sent): (Vec<u8>, Vec<u8>)) {
    check(&alone, 0..alone.len());
    let document = find(&sent, b"<DTE ", 0).expect("one")..find(&sent, b"</DTE>", 0).expect("it closes");
    check(&sent, (0..sent.len()).filter(|at| !document.contains(at)));
}

#[test]
fn no_bit_of_a_boleta_changes_unseen_but_where_nothing_is_signed() {
    check_both(boleta());
}

#[test]
fn no_bit_of_a_factura_changes_unseen_but_where_nothing_is_signed() {
    check_both(factura());
}

/// A change of each kind that the list names.
fn changed(text: &str, name: &str) -> Vec<String> {
    let with = |from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert!(changed != text, "{from} is not there");
        changed
    };
    match name {
        "prólogo" => vec![with("ISO-8859-1", "iso-8859-1"), with("version=\"1.0\"", "version='1.0'")],
        "certificado" => {
            // Of the certificate's own signature, which ends it.
            let certificate = between(text.as_bytes(), b"<X509Certificate>", b"<").pop().expect("one");
            let at = certificate.end - 40;
            let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
            vec![format!("{}{other}{}", &text[..at], &text[at + 1..])]
        }
        "blancos" => {
            vec![
                with("<Encabezado>", "<Encabezado\n>"),
                with("<Documento ID", "<Documento  ID"),
                format!("{text}\n \n"),
            ]
        }
        "comentarios" => {
            vec![with("<Encabezado>", "<Encabezado><!-- nada -->"), with("</DTE>", "<!----></DTE>")]
        }
        "escritura" => vec![
            with(" version=\"1.0\">\n<Documento", " version='1.0'>\n<Documento"),
            with("<TmstFirma>2", "<TmstFirma>&#50;"),
            with("<MntTotal>", "<MntTotal><![CDATA[").replacen("</MntTotal>", "]]></MntTotal>", 1),
        ],
        other => panic!("{other} has no place in this test"),
    }
}

#[test]
fn what_the_list_names_changes_unseen_and_its_neighbours_do_not() {
    for bytes in [boleta(), factura()].into_iter().flat_map(<[_; 2]>::from) {
        let (before, text) = (look(&bytes), latin1::decode(&bytes));
        let look = |text: &str| look(&latin1::encode(text).expect("of these characters"));
        for region in &UNSIGNED {
            for changed in changed(&text, region.name) {
                assert_eq!(look(&changed), before, "{}: {}", region.name, region.why);
            }
        }
        // Blanks between elements are signed, and of the stamp it is the text itself that is.
        for (from, to) in [
            ("<Encabezado>", "<Encabezado> "),
            ("</Documento>", " </Documento>"),
            ("<TD>", "<TD><!-- nada -->"),
            ("<TSTED>2", "<TSTED>&#50;"),
        ] {
            let changed = text.replacen(from, to, 1);
            assert!(changed != text, "{from} is not there");
            assert_ne!(look(&changed), before, "{from} -> {to}");
        }
    }
}
