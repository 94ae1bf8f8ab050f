//! Documents of other makers, one change at a time, and noise.

use proptest::prelude::*;
use timbre_core::Severity;

use super::verify;
use crate::fixture::vector;

fn codes(bytes: &[u8]) -> Vec<String> {
    verify(bytes).into_iter().map(|f| f.code).collect()
}

/// Made by another program in another language. Their CAFs bear the training's IDK and were signed by an
/// authority of their own, and that is all there is to find.
#[test]
fn envelopes_of_another_maker_are_sound_but_for_their_authority() {
    for (name, documents) in [("EnvioBOLETA-F7-variantB.xml", 1), ("EnvioDTE-33-61-52-variantB.xml", 3)] {
        let grave: Vec<_> =
            verify(&vector(name)).into_iter().filter(|f| f.severity != Severity::Note).collect();
        let of = |code: &str| grave.iter().filter(|f| f.code == code).count();
        assert_eq!(
            (of("caf-signature"), of("caf-training"), grave.len()),
            (documents, documents, 2 * documents),
            "{name}: {grave:#?}"
        );
    }
}

/// The SII tells a CAF whose signature does not hold (514) from one of an authority that it does not know (516).
#[test]
fn what_is_wrong_with_a_caf_bears_the_siis_own_code() {
    let envelope = crate::latin1::decode(&vector("EnvioBOLETA-F7-variantB.xml"));
    for (idk, code, said) in
        [("999", "caf-signature", "CAF-3-514"), ("7", "caf-authority-unknown", "CAF-3-516")]
    {
        let text = envelope.replacen("<IDK>999<", &format!("<IDK>{idk}<"), 1);
        let found = verify(&crate::latin1::encode(&text).unwrap());
        let finding = found.iter().find(|finding| finding.code == code).unwrap();
        assert!(finding.message.contains(said), "{finding:?}");
        assert_eq!(finding.authority_codes, [said]);
    }
}

/// The SII's own sample of 2003: no namespace in what is signed, CR LF, a certificate of another key.
#[test]
fn the_official_sample_holds_by_its_own_habit() {
    let found = verify(&vector("F60T33-ejemplo-oficial-SII.xml"));
    let told: Vec<_> = found.iter().map(|f| (f.severity, f.code.as_str())).collect();
    assert_eq!(
        told,
        [
            (Severity::Note, "caf-certification"),
            (Severity::Objects, "certificate-key"),
            (Severity::Objects, "certificate-key")
        ]
    );
}

/// One change, and the look must see it.
#[test]
fn what_was_changed_after_signing_is_seen() {
    let envelope = crate::latin1::decode(&vector("EnvioBOLETA-F7-variantB.xml"));
    for (from, to, code) in [
        ("<MntTotal>10784</MntTotal>", "<MntTotal>10785</MntTotal>", "signature-digest"),
        ("<MntTotal>10784</MntTotal>", "<MntTotal>10785</MntTotal>", "stamp-mismatch"),
        ("<MNT>10784</MNT>", "<MNT>10785</MNT>", "stamp-signature"),
        ("<H>100</H>", "<H>6</H>", "caf-range"),
        ("<IDK>999</IDK>", "<IDK>7</IDK>", "caf-authority-unknown"),
        ("<RUTRecep>66666666-6</RUTRecep>", "<RUTRecep>66666666-5</RUTRecep>", "rut-check-digit"),
        ("<MontoItem>3980</MontoItem>", "<MontoItem>3900</MontoItem>", "line-mismatch"),
        ("<IVA>923</IVA>", "<IVA>900</IVA>", "total-mismatch"),
        ("<NroDTE>1</NroDTE>", "<NroDTE>2</NroDTE>", "cover-counts"),
        ("<Folio>7</Folio>\n", "", "element-missing"),
        ("<IndServicio>3</IndServicio>", "<IndServicio>9</IndServicio>", "value-not-allowed"),
        ("<IndServicio>3</IndServicio>", "<Otro>3</Otro>", "element-unknown"),
        (" xsi:schemaLocation=\"http://www.sii.cl/SiiDte EnvioBOLETA_v11.xsd\"", "", "schema-location"),
        ("URI=\"#F7T39\"", "URI=\"#F8T39\"", "signature-reference"),
        ("xmldsig#sha1", "xmldsig#sha256", "signature-algorithm"),
        // Its own envelope, carátula and attributes
        ("<TipoDTE>39</TipoDTE>", "<TipoDTE>33</TipoDTE>", "envelope-kind"),
        ("<TpoDTE>39</TpoDTE>", "<TpoDTE>33</TpoDTE>", "value-not-allowed"),
        ("<RutEnvia>11111111-1</RutEnvia>", "<RutEnvia>76192083-9</RutEnvia>", "cover-sender"),
        ("<RutEnvia>11111111-1</RutEnvia>\n", "", "element-missing"),
        ("<RutEnvia>", "<Otro>1</Otro><RutEnvia>", "element-unknown"),
        ("<NroResol>80</NroResol>", "<NroResol>80</NroResol><NroResol>80</NroResol>", "element-too-many"),
        ("<NroResol>80</NroResol>", "<NroResol>cero</NroResol>", "number-malformed"),
        ("<TmstFirmaEnv>2026", "<TmstFirmaEnv>1026", "date-out-of-range"),
        ("<Caratula version=\"1.0\">", "<Caratula version=\"1.1\">", "attribute"),
        ("<Caratula version=\"1.0\">", "<Caratula>", "attribute"),
        ("<SetDTE ID=\"SetDoc\">", "<SetDTE ID=\"SetDoc\" otro=\"1\">", "attribute-unknown"),
        ("<EnvioBOLETA ", "<EnvioBOLETA ID=\"x\" ", "attribute-unknown"),
        ("</SetDTE>", "<Nada></Nada></SetDTE>", "element-unknown"),
        // The stamp
        ("<F>7</F><FE>2026-01-15</FE>", "<FE>2026-01-15</FE><F>7</F>", "element-order"),
        ("<F>7</F>", "<F>siete</F>", "number-malformed"),
        ("<IT1>", "<Nada></Nada><IT1>", "element-unknown"),
        ("<FRMT algoritmo=\"SHA1withRSA\">", "<FRMT algoritmo=\"SHA256withRSA\">", "attribute"),
        ("<FRMT algoritmo=\"SHA1withRSA\">", "<FRMT algoritmo=\"SHA1withRSA\">!", "base64-malformed"),
        ("<RR>66666666-6</RR>", "<RR>1-9</RR>", "rut-out-of-range"),
        // Signatures
        (
            "<KeyInfo>",
            "<KeyInfo><X509Data><X509Certificate>AAAA</X509Certificate></X509Data>",
            "element-order",
        ),
        ("</Transforms>", "<Transform Algorithm=\"x\"></Transform></Transforms>", "element-too-many"),
        ("<Transform Algorithm=\"", "<Transform Algorithm=\"x", "signature-transform"),
        ("<SignatureValue>", "<SignatureValue>!", "base64-malformed"),
        ("</KeyInfo>", "<KeyName>yo</KeyName></KeyInfo>", "element-unknown"),
        // Figures
        ("<QtyItem>2</QtyItem>", "<QtyItem>2e0</QtyItem>", "number-malformed"),
        ("<RUTRecep>66666666-6</RUTRecep>", "<RUTRecep>0-0</RUTRecep>", "receiver-code-missing"),
    ] {
        let changed = envelope.replacen(from, to, 1);
        assert!(changed != envelope, "{from} is not there");
        let found = codes(&crate::latin1::encode(&changed).unwrap());
        assert!(found.iter().any(|c| c == code), "{from} -> {to}: {found:?} without {code}");
    }
}

/// CAF-3-517 holds six months against the day of the signature, whenever the stamp was made.
#[test]
fn a_caf_is_expired_by_the_day_of_the_signature() {
    let envelope = crate::latin1::decode(&vector("EnvioDTE-33-61-52-variantB.xml"));
    let signed = |when: &str| {
        let changed = envelope.replacen("<TmstFirma>2026-01-15T12:34:56<", &format!("<TmstFirma>{when}<"), 1);
        let found = verify(&crate::latin1::encode(&changed).unwrap());
        let of = |code: &str| found.iter().filter(|f| f.code == code).map(|f| f.severity).next();
        (of("caf-expired"), of("signed-before-stamp"))
    };
    assert_eq!(signed("2026-01-15T12:34:56"), (None, None));
    assert_eq!(signed("2026-07-05T23:59:59"), (None, None));
    assert_eq!(signed("2026-07-06T00:00:00"), (Some(Severity::Refuses), None));
    assert_eq!(signed("2028-01-15T12:34:56"), (Some(Severity::Refuses), None));
    assert_eq!(signed("2026-01-15T12:34:55"), (None, Some(Severity::Note)));
}

/// What only an envelope can have wrong.
#[test]
fn an_envelope_counts_each_document_and_each_type_once() {
    let envelope = crate::latin1::decode(&vector("EnvioDTE-33-61-52-variantB.xml"));
    let boletas = crate::latin1::decode(&vector("EnvioBOLETA-F7-variantB.xml"));
    let told = |text: &str| verify(&crate::latin1::encode(text).unwrap());
    #[track_caller]
    fn refuses(found: &[timbre_core::Finding], code: &str, theirs: &[&str]) {
        let finding =
            found.iter().find(|f| f.code == code).unwrap_or_else(|| panic!("{found:#?} without {code}"));
        assert_eq!(
            (finding.severity, &finding.authority_codes[..]),
            (Severity::Refuses, &theirs.iter().map(ToString::to_string).collect::<Vec<_>>()[..])
        );
    }
    // The first document again, under another ID.
    let start = envelope.find("<DTE ").unwrap();
    let end = envelope.find("</DTE>").unwrap() + "</DTE>".len();
    let again = envelope[start..end].replace("F5T33", "F5T33bis");
    let twice = format!("{}\n{again}{}", &envelope[..end], &envelope[end..]);
    refuses(&told(&twice), "folio-repeated", &["DTE-3-100", "DTE-3-101"]);
    // Its type counted twice, once for each.
    let count = "<SubTotDTE>\n<TpoDTE>33</TpoDTE>\n<NroDTE>1</NroDTE>\n</SubTotDTE>";
    let two = envelope.replacen(count, &format!("{count}\n{count}"), 1);
    assert_ne!(two, envelope);
    refuses(&told(&two), "cover-counts", &[]);
    // To somebody else; the receptor of all the documents has an envelope of his own.
    let to = |text: &str, rut: &str| told(&text.replacen(">60803000-K<", &format!(">{rut}<"), 1));
    refuses(&to(&envelope, "76192083-9"), "cover-receiver", &["CRT-3-18"]);
    refuses(&to(&boletas, "66666666-6"), "cover-receiver", &["CRT-3-18"]);
    assert!(to(&envelope, "77777777-7").iter().all(|f| f.code != "cover-receiver"));
    // Exports have another body, and a receptor all the same.
    let export = envelope.replacen("<Documento ID", "<Exportaciones ID", 1).replacen(
        "</Documento>",
        "</Exportaciones>",
        1,
    );
    assert!(to(&export, "77777777-7").iter().all(|f| f.code != "cover-receiver"));
    let stranger = envelope.replacen("<RUTRecep>77777777-7<", "<RUTRecep>76192083-9<", 1);
    refuses(&to(&stranger, "77777777-7"), "cover-receiver", &["CRT-3-18"]);
    // No prolog, and one that says no encoding.
    for text in [&envelope, &boletas] {
        let (prolog, rest) = text.split_once("?>").unwrap();
        assert!(prolog.contains("ISO-8859-1"));
        refuses(&told(rest.trim_start()), "prolog-missing", &["SCH-00001"]);
        refuses(&told(&format!("<?xml version=\"1.0\"?>{rest}")), "prolog-missing", &["SCH-00001"]);
        assert!(told(text).iter().all(|f| f.code != "prolog-missing"));
    }
}

/// XML has four blanks; where only elements fit, others are text, and control characters are nowhere.
#[test]
fn blanks_that_xml_does_not_know_are_seen_wherever_they_stand() {
    let envelope = crate::latin1::decode(&vector("EnvioBOLETA-F7-variantB.xml"));
    for place in [
        "<Encabezado>",
        "<DD>",
        "<DA>",
        "</DTE>",
        "</Caratula>",
        "<Caratula version=\"1.0\">",
        "</SetDTE>",
        "</SignedInfo>",
        "<RSAKeyValue>",
        "</EnvioBOLETA>",
    ] {
        assert!(envelope.contains(place), "{place}");
        for (blank, code) in [
            ('\u{A0}', "text-stray"),
            ('\u{85}', "text-stray"),
            ('\u{B}', "xml-malformed"),
            ('\u{C}', "xml-malformed"),
        ] {
            let changed = envelope.replacen(place, &format!("{place}{blank}"), 1);
            let bytes: Vec<u8> = changed.chars().map(|ch| u8::try_from(u32::from(ch)).unwrap()).collect();
            let found = codes(&bytes);
            let wanted = if place == "</EnvioBOLETA>" { "xml-malformed" } else { code };
            assert!(found.iter().any(|c| c == wanted), "{place}{blank:?}: {found:?}");
        }
    }
    // Round a number they are no part of it, and no blanks either.
    let changed = envelope.replacen("<Folio>7<", "<Folio>\u{A0}7<", 1);
    let found = codes(&crate::latin1::encode(&changed).unwrap());
    assert!(found.iter().any(|code| code == "number-malformed"), "{found:?}");
}

/// What a guía and a note must say beyond their schema, one change at a time.
#[test]
fn what_a_type_must_say_is_missed() {
    let envelope = crate::latin1::decode(&vector("EnvioDTE-33-61-52-variantB.xml"));
    let told = |text: &str| verify(&crate::latin1::encode(text).unwrap());
    let before = told(&envelope);
    use Severity::{Note, Objects, Refuses};
    for (from, to, code, severity) in [
        ("<TpoDocRef>33</TpoDocRef>", "<TpoDocRef>801</TpoDocRef>", "note-without-reference", Refuses),
        ("<CodRef>1</CodRef>\n", "", "note-reason-missing", Refuses),
        ("<CodRef>1</CodRef>", "<CodRef>2</CodRef>", "note-text-amount", Objects),
        ("<FchRef>2026-01-15</FchRef>", "<FchRef>2026-01-16</FchRef>", "reference-date", Objects),
        ("<IndTraslado>1</IndTraslado>\n", "", "required", Refuses),
        ("<IndTraslado>1</IndTraslado>", "<IndTraslado>5</IndTraslado>", "receiver-not-issuer", Refuses),
        ("<GiroRecep>Servicios</GiroRecep>\n", "", "required", Objects),
        (
            "<MntNeto>35113</MntNeto>",
            "<MntNeto>35113</MntNeto>\n<MntExe>5</MntExe>",
            "total-mismatch",
            Objects,
        ),
        ("<IVA>6671</IVA>", "<IVA>6672</IVA>", "total-mismatch", Note),
        (
            "<IVA>6671</IVA>",
            "<IVA>6671</IVA>\n<ImptoReten>\n<TipoImp>25</TipoImp>\n<TasaImp>20.5</TasaImp>\n<MontoImp>9</MontoImp>\n</ImptoReten>",
            "total-mismatch",
            Objects,
        ),
        (
            "<MontoItem>1980</MontoItem>",
            "<CodImpAdic>25</CodImpAdic>\n<MontoItem>1980</MontoItem>",
            "total-mismatch",
            Objects,
        ),
        ("<PrcItem>990</PrcItem>\n", "", "line-unbalanced", Objects),
        // A rate is no figure that may be a peso off.
        ("<TasaIVA>19<", "<TasaIVA>18<", "iva-rate", Objects),
        ("<TasaIVA>19<", "<TasaIVA>19.01<", "iva-rate", Objects),
        ("<TasaIVA>19</TasaIVA>\n", "", "iva-rate", Objects),
        (
            "<IVA>6671</IVA>",
            "<IVA>6671</IVA>\n<ImptoReten>\n<TipoImp>25</TipoImp>\n<TasaImp>20</TasaImp>\n<MontoImp>1</MontoImp>\n</ImptoReten>",
            "tax-rate",
            Objects,
        ),
        // Said with nothing in it, it is not said.
        ("<GiroRecep>Servicios<", "<GiroRecep><", "required", Objects),
        ("<GiroRecep>Servicios<", "<GiroRecep>\u{A0} <", "required", Objects),
        ("<RUTRecep>77777777-7<", "<RUTRecep>66666666-6<", "receiver-consumer", Objects),
        ("<RUTRecep>77777777-7<", "<RUTRecep>55555555-5<", "receiver-foreign", Objects),
        ("<DirOrigen>Av. Irarrázaval 1234</DirOrigen>\n", "", "required", Objects),
    ] {
        let changed = envelope.replacen(from, to, 1);
        assert_ne!(changed, envelope, "{from} is not there");
        let found = told(&changed);
        let news = found.iter().filter(|finding| !before.contains(finding));
        assert!(
            news.clone().any(|finding| finding.code == code && finding.severity == severity),
            "{from} -> {to}: {:#?} without {code}",
            news.collect::<Vec<_>>()
        );
    }
}

/// Formato DTE 2.4.2, detalle, campo 5: neither containers nor what is no sale.
#[test]
fn a_factura_exenta_has_nothing_but_what_is_exempt_and_what_is_not_billed() {
    let envelope = crate::latin1::decode(&vector("EnvioDTE-33-61-52-variantB.xml"));
    let exempt = envelope.replacen("<TipoDTE>33<", "<TipoDTE>34<", 1);
    for (kind, told) in [("1", false), ("2", false), ("3", true), ("4", true), ("5", true), ("6", false)] {
        let marked = exempt.replacen("<NmbItem>", &format!("<IndExe>{kind}</IndExe>\n<NmbItem>"), 1);
        assert_ne!(marked, exempt);
        let found = verify(&crate::latin1::encode(&marked).unwrap());
        let finding = found.iter().find(|finding| finding.code == "line-kind");
        assert_eq!(
            finding.map(|f| f.severity),
            told.then_some(Severity::Objects),
            "IndExe {kind}: {found:#?}"
        );
    }
}

/// Taxes that are not reckoned here do not make their document's total wrong.
#[test]
fn a_tax_of_fuels_is_noted_and_its_total_taken_as_said() {
    let envelope = crate::latin1::decode(&vector("EnvioDTE-33-61-52-variantB.xml"));
    let fuel =
        "<IVA>6671</IVA>\n<ImptoReten>\n<TipoImp>28</TipoImp>\n<MontoImp>1000</MontoImp>\n</ImptoReten>";
    let changed = envelope.replacen("<IVA>6671</IVA>", fuel, 1);
    let changed = changed.replacen("<MntTotal>41784</MntTotal>", "<MntTotal>42784</MntTotal>", 1);
    let found = verify(&crate::latin1::encode(&changed).unwrap());
    let of = |code: &str| found.iter().filter(|finding| finding.code == code).count();
    assert_eq!((of("totals-not-checked"), of("total-mismatch")), (1, 0), "{found:#?}");
}

#[test]
fn a_signature_that_leans_on_its_envelope_is_found_out() {
    // The document's own declarations taken off: alone its digest no longer holds.
    let envelope = crate::latin1::decode(&vector("EnvioBOLETA-F7-variantB.xml"));
    let leaning = envelope.replacen(
        "<DTE xmlns=\"http://www.sii.cl/SiiDte\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" version",
        "<DTE version",
        1,
    );
    assert_ne!(leaning, envelope);
    let found = verify(&crate::latin1::encode(&leaning).unwrap());
    let codes: Vec<_> = found.iter().map(|f| f.code.as_str()).collect();
    assert_eq!(codes, ["caf-signature", "caf-training", "signature-namespace"]);
    assert_eq!(found[2].authority_codes, ["DTE-3-505"]);
}

/// Some of the documents in use have none, and the schema lets them (4.1 of what is known of the format).
#[test]
fn no_transform_at_all_is_a_note() {
    let envelope = crate::latin1::decode(&vector("EnvioBOLETA-F7-variantB.xml"));
    let (before, rest) = envelope.split_once("<Transforms>").unwrap();
    let without = format!("{before}{}", rest.split_once("</Transforms>").unwrap().1);
    let found = verify(&crate::latin1::encode(&without).unwrap());
    let note = found.iter().find(|f| f.code == "signature-no-transform").unwrap();
    assert_eq!(note.severity, Severity::Note);
    assert!(found.iter().all(|f| !f.code.starts_with("element-")), "{found:?}");
}

#[test]
fn a_factura_in_an_envelope_of_boletas_is_out_of_place() {
    let envelope = crate::latin1::decode(&vector("EnvioDTE-33-61-52-variantB.xml"));
    let moved = envelope.replace("EnvioDTE", "EnvioBOLETA").replace("BOLETA_v10", "BOLETA_v11");
    let found = verify(&crate::latin1::encode(&moved).unwrap());
    let of = |code: &str| found.iter().filter(|f| f.code == code).count();
    // Three types, where two may be counted.
    assert_eq!((of("envelope-kind"), of("element-too-many")), (3, 1), "{found:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// What is signed can't change unseen: blanks between attributes are all that canonical XML forgives.
    #[test]
    fn no_byte_of_a_document_changes_unseen(at in 0..100_000_usize, byte in any::<u8>()) {
        let mut bytes = vector("EnvioBOLETA-F7-variantB.xml");
        let find = |what: &[u8]| bytes.windows(what.len()).position(|w| w == what).unwrap();
        let (from, until) = (find(b"<Documento"), find(b"</Documento>"));
        let at = from + at % (until - from);
        prop_assume!(bytes[at] != byte && bytes[at].is_ascii_graphic());
        let before = verify(&bytes);
        bytes[at] = byte;
        prop_assert_ne!(verify(&bytes), before, "byte {} became {}", at, byte);
    }

    #[test]
    fn noise_is_no_document(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(!verify(&bytes).is_empty());
    }
}

#[test]
fn what_is_no_document_is_said_so() {
    for (bytes, code) in [
        (&b""[..], "xml-malformed"),
        (b"hola", "xml-malformed"),
        (b"<DTE>", "xml-malformed"),
        (b"<!DOCTYPE a><DTE></DTE>", "xml-malformed"),
        (b"<html></html>", "root-unknown"),
        (b"<EnvioDTE></EnvioDTE>", "set-missing"),
        (b"<DTE><Liquidacion/></DTE>", "content-not-checked"),
    ] {
        let found = codes(bytes);
        assert!(found.iter().any(|c| c == code), "{}: {found:?}", String::from_utf8_lossy(bytes));
    }
}

/// The SII takes 2,000 facturas in an envelope and tells of no limit in bytes: what is ours is no refusal.
#[test]
fn a_large_file_is_looked_at_and_one_that_is_not_is_not_called_refused() {
    let mut envelope = vector("EnvioDTE-33-61-52-variantB.xml");
    let before = verify(&envelope);
    envelope.resize(6 << 20, b'\n');
    assert_eq!(verify(&envelope), before);
    envelope.resize(super::LARGEST + 1, b'\n');
    let found = verify(&envelope);
    assert_eq!(
        found.iter().map(|f| (f.severity, f.code.as_str())).collect::<Vec<_>>(),
        [(Severity::Note, "file-too-large")]
    );
}

/// A document's signature and the envelope's have codes of their own at the SII.
#[test]
fn what_the_sii_would_call_it_stands_beside() {
    let envelope = crate::latin1::decode(&vector("EnvioBOLETA-F7-variantB.xml"));
    let changed = envelope.replacen("<MntTotal>10784</MntTotal>", "<MntTotal>10785</MntTotal>", 1);
    let found = verify(&crate::latin1::encode(&changed).unwrap());
    let theirs = |code: &str| -> Vec<Vec<String>> {
        found.iter().filter(|f| f.code == code).map(|f| f.authority_codes.clone()).collect()
    };
    assert_eq!(theirs("signature-digest"), [["DTE-3-505"], ["RFR"]]);
    assert_eq!(theirs("stamp-mismatch"), [["TED-3-640"]]);
    assert_eq!(theirs("total-mismatch").concat(), [""; 0]);
    let other = envelope.replacen("<RutEnvia>11111111-1<", "<RutEnvia>76192083-9<", 1);
    let found = verify(&crate::latin1::encode(&other).unwrap());
    let sender = found.iter().find(|f| f.code == "cover-sender").unwrap();
    assert_eq!(sender.authority_codes, ["CRT-3-11"]);
}
