use super::*;
use crate::fixture::{authority, caf_key, caf_text, sign_sha1, vector};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::rsa::Padding;

const RUT: &str = "76192083-9";

fn good() -> String {
    caf_text(RUT, "DISEÑO Y SOÑAR &amp; CÍA LTDA", 39, (1, 100), "2026-01-05", 999, &caf_key())
}

fn latin(text: &str) -> Vec<u8> {
    latin1::encode(text).unwrap()
}

#[track_caller]
fn refused(file: &[u8]) -> String {
    Caf::read(file).expect_err("it should be refused").0.remove(0).code
}

#[test]
fn a_sound_caf_is_read_and_becomes_a_grant() {
    let file = latin(&good());
    let caf = Caf::read(&file).unwrap();
    assert_eq!((caf.kind(), caf.range(), caf.environment()), (39, 1..=100, Environment::Training));
    assert_eq!(caf.name(), "DISEÑO Y SOÑAR & CÍA LTDA");
    assert!(
        caf.public().starts_with("<CAF version=\"1.0\"><DA><RE>76192083-9</RE><RS>DISEÑO Y SOÑAR &amp; C")
    );
    assert!(caf.public().ends_with("</FRMA></CAF>"));
    assert_eq!(format!("{caf:?}"), "Caf(76192083-9 T39 1..=100)");
    let file = caf.into_grant(Environment::Training, &RUT.parse().unwrap()).unwrap();
    assert_eq!((file.grant.first, file.grant.last, file.grant.expires), (1, 100, None));
    assert_eq!(file.grant.series.0, "39");
    assert_eq!((file.grant.issuer.as_str(), file.grant.authorised.to_string().as_str()), (RUT, "2026-01-05"));
    assert_eq!(file.grant.id.0.len(), 64);
    assert!(Rsa::private_key_from_pem(&file.secret).is_ok());
    assert!(!file.grant.public.contains("RSASK") && !file.grant.public.contains("PRIVATE"));
}

#[test]
fn a_caf_may_lend_a_single_folio() {
    let text = caf_text(RUT, "A", 33, (7, 7), "2026-01-05", 999, &caf_key());
    assert_eq!(Caf::read(text.as_bytes()).unwrap().range(), 7..=7);
}

/// What ISO-8859-1 has no letter for can't be signed again, nor stand in a stamp.
#[test]
fn a_caf_with_control_characters_is_refused() {
    for control in [0x01, 0x0B, 0x1F, 0x7F, 0x80, 0x9F] {
        let mut file = latin(&good());
        let name = file.windows(4).position(|four| four == b"DISE").unwrap();
        file[name] = control;
        assert_eq!(refused(&file), "caf-malformed", "{control:#x}");
    }
}

#[test]
fn line_ends_of_another_system_change_nothing() {
    let unix = good();
    let caf = Caf::read(&latin(&unix.replace('\n', "\r\n"))).unwrap();
    assert_eq!(caf.public(), Caf::read(&latin(&unix)).unwrap().public());
}

#[test]
fn a_caf_of_another_company_or_environment_is_refused() {
    let read = || Caf::read(&latin(&good())).unwrap();
    let codes = |environment, rut: &str| -> Vec<String> {
        match read().into_grant(environment, &rut.parse().unwrap()) {
            Ok(_) => vec![],
            Err(refusals) => refusals.0.into_iter().map(|r| r.code).collect(),
        }
    };
    assert_eq!(codes(Environment::Training, RUT), Vec::<String>::new());
    assert_eq!(codes(Environment::Training, "96670340-7"), ["caf-other-company"]);
    assert_eq!(codes(Environment::Production, RUT), ["caf-environment"]);
    assert_eq!(codes(Environment::Certification, "96670340-7"), ["caf-environment", "caf-other-company"]);
    let refused = read().into_grant(Environment::Production, &"96670340-7".parse().unwrap());
    let refusals = refused.err().expect("another company in another environment");
    let said: Vec<&str> = refusals.0.iter().map(|refusal| refusal.message.as_str()).collect();
    assert_eq!(
        said,
        [
            "El CAF es del simulador de entrenamiento y esta carpeta es de producción. Cargue el CAF que corresponde.",
            "El CAF es de 76.192.083-9 (DISEÑO Y SOÑAR & CÍA LTDA) y la empresa de esta carpeta es 96.670.340-7. \
             Cargue un CAF de su empresa.",
        ]
    );
}

#[test]
fn each_authority_belongs_to_one_environment() {
    for (idk, environment) in
        [(100, Environment::Certification), (300, Environment::Production), (999, Environment::Training)]
    {
        assert_eq!(Authority::of(idk).unwrap().environment(), environment);
    }
    for idk in [0, 1, 101, 200, 301, 998, 1000] {
        assert_eq!(Authority::of(idk), None);
    }
}

#[test]
fn a_tampered_caf_is_refused() {
    let good = good();
    for (from, to, code) in [
        ("<H>100</H>", "<H>999</H>", "caf-signature-invalid"),
        ("<FA>2026-01-05</FA>", "<FA>2026-06-05</FA>", "caf-signature-invalid"),
        ("DISEÑO", "DISENO", "caf-signature-invalid"),
        // The training authority's signature passed off as the SII's.
        ("<IDK>999</IDK>", "<IDK>300</IDK>", "caf-signature-invalid"),
        ("<IDK>999</IDK>", "<IDK>100</IDK>", "caf-signature-invalid"),
        ("<IDK>999</IDK>", "<IDK>7</IDK>", "caf-authority-unknown"),
        ("<TD>39</TD>", "<TD>99</TD>", "caf-kind-unknown"),
        ("<D>1</D>", "<D>0</D>", "caf-malformed"),
        ("<D>1</D>", "<D>101</D>", "caf-malformed"),
        ("<D>1</D>", "<D>+1</D>", "caf-malformed"),
        ("<D>1</D>", "<D></D>", "caf-malformed"),
        ("<FA>2026-01-05</FA>", "<FA>05-01-2026</FA>", "caf-malformed"),
        ("<RE>76192083-9</RE>", "<RE>76192083-8</RE>", "caf-malformed"),
        ("<IDK>", "<!-- x --><IDK>", "caf-malformed"),
        // RS and the rest are never empty, and bear no markup (schema DTE_v10, TED/DD/CAF).
        ("DISEÑO Y SOÑAR &amp; CÍA LTDA", "", "caf-malformed"),
        ("DISEÑO", "DISE>O", "caf-malformed"),
        ("<CAF version=\"1.0\">", "<CAF version='1.0'>", "caf-malformed"),
        ("</CAF>", "", "caf-malformed"),
        ("</CAF>", "</CAF></CAF>", "caf-malformed"),
        ("<RSASK>", "<RSA>", "caf-key-missing"),
        ("-----BEGIN RSA", "-----BEGIN", "caf-key-invalid"),
    ] {
        assert!(good.contains(from), "{from}");
        assert_eq!(refused(&latin(&good.replacen(from, to, 1))), code, "{from} -> {to}");
    }
    let frma = good.split_once("SHA1withRSA\">").unwrap().1.split_once('<').unwrap().0;
    let other = STANDARD.encode(sign_sha1(&authority(), b"<DA>otra</DA>"));
    assert_eq!(refused(&latin(&good.replace(frma, &other))), "caf-signature-invalid");
}

#[test]
fn the_key_of_another_caf_is_refused() {
    let (one, other) = (good(), good());
    let key = |text: &str| text.split_once("<RSASK>").unwrap().1.split_once("</RSASK>").unwrap().0.to_owned();
    assert_eq!(refused(&latin(&one.replace(&key(&one), &key(&other)))), "caf-key-mismatch");
}

#[test]
fn a_caf_cut_anywhere_is_refused() {
    let file = latin(&good());
    let end = file.len() - "\n\n<RSAPUBK>".len() - 250;
    for length in (0..end).step_by(7) {
        Caf::read(&file[..length]).expect_err("a cut CAF");
    }
}

#[test]
fn a_caf_saved_as_utf8_is_refused_by_name() {
    assert_eq!(refused(good().as_bytes()), "caf-reencoded");
    // All ASCII: both encodings are the same bytes, and a mark before the prolog changes nothing signed.
    let ascii = caf_text(RUT, "ALMACEN", 39, (1, 2), "2026-01-05", 999, &caf_key());
    assert!(Caf::read(ascii.as_bytes()).is_ok());
    assert!(Caf::read(format!("\u{FEFF}{ascii}").as_bytes()).is_ok());
}

#[test]
fn only_documents_that_give_credit_expire() {
    for (kind, authorised, expires) in [
        (33, "2026-01-05", Some("2026-07-04")), // 180 days; six months would be the 5th
        (61, "2026-08-31", Some("2027-02-27")), // both rules: 180 days are the 27th, six months the 28th
        (56, "2027-02-28", Some("2027-08-27")),
        (39, "2020-01-05", None),
        (41, "2020-01-05", None),
        (34, "2020-01-05", None),
        (52, "2020-01-05", None),
    ] {
        let text = caf_text(RUT, "A", kind, (1, 2), authorised, 999, &caf_key());
        let caf = Caf::read(text.as_bytes()).unwrap();
        assert_eq!(caf.expires().map(|d| d.to_string()).as_deref(), expires, "{kind} {authorised}");
    }
}

/// Official: manual de certificación §5.2, the CAF of RUT 97975000-5, signed with IDK 100.
#[test]
fn the_official_caf_verifies_with_the_certification_key() {
    let dd = latin1::decode(&vector("F27T33.DD.bin"));
    let (da, frma) = (text::element(&dd, "DA"), text::base64(&dd, "FRMA").unwrap());
    assert!(verifies(&Authority::Certification.key(), da.as_bytes(), &frma));
    assert!(!verifies(&Authority::Production.key(), da.as_bytes(), &frma));
    assert!(!verifies(&Authority::Certification.key(), da.replace("200", "201").as_bytes(), &frma));
}

/// Two CAFs of production of 2019, in facturas that stand in the tests of cl-sii-python. Their companies are no
/// business of ours: what the SII signed is here as the SHA-1 of its DA, and a digest is all that a signature is of.
#[test]
fn cafs_of_production_verify_with_the_production_key() {
    for (da, frma) in [
        (
            "9e126080bb0cbd70742f8b750cbc45f1d5b5ac89",
            "PI7bw8y0RNUJrGxyhb2gr6BjFtv/Ikyo/6g69wycoXTHSoRML3xvZvOBytreN7REw9JF0Ldoj91RRtaZbH38bA==",
        ),
        (
            "63d2eab1be1ab0c8c395f6eec7515fb8558015dc",
            "RJh0IgoGPl5SJrrRz/pZPt4i/3EweSAsnUFKo56OP0vwplcqNaaHmUT4IA21kJ7UJkt1KYKiDXco6P61sjLmFg==",
        ),
    ] {
        let frma = STANDARD.decode(frma).unwrap();
        let signed_by = |authority: Authority| {
            let (key, mut plain) = (authority.key().rsa().unwrap(), [0; 64]);
            let length = key.public_decrypt(&frma, &mut plain, Padding::PKCS1).unwrap_or(0);
            // A DigestInfo of SHA-1 ends with the digest.
            plain[..length].iter().map(|byte| format!("{byte:02x}")).collect::<String>().ends_with(da)
        };
        assert!(signed_by(Authority::Production));
        assert!(!signed_by(Authority::Certification));
    }
}
