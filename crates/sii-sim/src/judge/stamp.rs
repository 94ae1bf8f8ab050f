//! The stamp (TED) and the CAF inside it: two raw RSA signatures over flattened text, and whether they say the
//! same as the document. Who may use the folio again is not asked here.

use super::reason::{self, Reason};
use crate::{base64, latin1, rsa::PublicKey, tree};
use jiff::{ToSpan, civil::Date, civil::DateTime};
use roxmltree::Node;
use std::sync::OnceLock;

/// The training authority, IDK 999. The real ones, 100 and 300, are strangers here.
const AUTHORITY_MODULUS: [u8; 64] = [
    0xa4, 0xab, 0xb1, 0x03, 0xd4, 0xa1, 0x35, 0x05, 0xc8, 0xaa, 0x33, 0x58, 0xb8, 0xe3, 0xa4, 0x74, 0x9a,
    0x15, 0xe2, 0xa8, 0xe3, 0xda, 0x21, 0x3b, 0xfd, 0xa7, 0x22, 0xb2, 0x8d, 0xee, 0x95, 0x2d, 0x77, 0xb8,
    0x8a, 0x0f, 0x84, 0x3c, 0xe0, 0x55, 0x3a, 0xdd, 0x7f, 0x1a, 0x6e, 0xb1, 0x41, 0x2e, 0x01, 0x8d, 0x8a,
    0xf3, 0x41, 0x0e, 0xc8, 0x8a, 0xad, 0xeb, 0x12, 0x40, 0x6f, 0x11, 0x66, 0x87,
];

/// Types whose CAF holds for six months (Res. Ex. SII 58/2017).
const EXPIRING: [u16; 5] = [33, 43, 46, 56, 61];

/// When the CAF was authorised: other dates are held against it.
pub(super) fn authorised_on(documento: Node<'_, '_>) -> Option<Date> {
    tree::text(documento, "TED/DD/CAF/DA/FA")?.parse().ok()
}

/// The CAF: authorised, for this company, type and folio, in time, and not altered.
pub(super) fn caf(documento: Node<'_, '_>, tipo: u16, folio: u64, signed: Option<DateTime>) -> Vec<Reason> {
    let field = |path: &str| tree::text(documento, &format!("TED/DD/CAF/DA/{path}")).unwrap_or_default();
    let mut reasons = Vec::new();
    let expires = authorised_on(documento).and_then(|date| date.checked_add(6.months()).ok());
    if EXPIRING.contains(&tipo) && signed.zip(expires).is_some_and(|(signed, last)| signed.date() > last) {
        reasons.push(reason::CAF_EXPIRED.because(format!("autorizado {}", field("FA"))));
    }
    if field("IDK") != "999" {
        reasons.push(reason::CAF_UNAUTHORISED.because(format!("IDK {}", field("IDK"))));
    } else if !signed_by_authority(documento) {
        reasons.push(reason::CAF_SIGNATURE.because(""));
    }
    let range = || Some((field("RNG/D").parse::<u64>().ok()?, field("RNG/H").parse::<u64>().ok()?));
    if !range().is_some_and(|(from, to)| (from..=to).contains(&folio)) {
        let text = format!("folio {folio} fuera de rango {}-{}", field("RNG/D"), field("RNG/H"));
        reasons.push(reason::CAF_UNAUTHORISED.because(text));
    }
    if field("TD") != tipo.to_string() {
        reasons.push(reason::CAF_UNAUTHORISED.because(format!("CAF de tipo {}", field("TD"))));
    }
    let issuer = tree::text(documento, "Encabezado/Emisor/RUTEmisor").unwrap_or_default();
    if field("RE") != issuer {
        reasons.push(reason::CAF_UNAUTHORISED.because(format!("CAF de {}", field("RE"))));
    }
    reasons
}

/// `FRMA` over `<DA>…</DA>`.
fn signed_by_authority(documento: Node<'_, '_>) -> bool {
    static KEY: OnceLock<PublicKey> = OnceLock::new();
    let key = KEY.get_or_init(|| PublicKey::new(&AUTHORITY_MODULUS, &[1, 0, 1]).expect("a key of 512 bits"));
    let Some(da) = tree::at(documento, "TED/DD/CAF/DA") else { return false };
    let Some(frma) = tree::text(documento, "TED/DD/CAF/FRMA").and_then(|text| base64::decode(&text)) else {
        return false;
    };
    flat_bytes(da).is_some_and(|bytes| key.verify_sha1(&bytes, &frma))
}

/// The stamp: signed with the CAF's key, and in agreement with the document.
pub(super) fn ted(documento: Node<'_, '_>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if tree::at(documento, "TED").is_some_and(|ted| tree::source(ted).contains("xmlns")) {
        reasons.push(reason::STAMP_SIGNATURE.because("namespace dentro del timbre"));
    } else if !stamped(documento) {
        reasons.push(reason::STAMP_SIGNATURE.because(""));
    }
    let here = |path: &str| tree::text(documento, path).unwrap_or_default();
    let stamped = |name: &str| tree::text(documento, &format!("TED/DD/{name}")).unwrap_or_default();
    let pairs = [
        ("RE", here("Encabezado/Emisor/RUTEmisor")),
        ("TD", here("Encabezado/IdDoc/TipoDTE")),
        ("F", here("Encabezado/IdDoc/Folio")),
        ("FE", here("Encabezado/IdDoc/FchEmis")),
        ("RR", here("Encabezado/Receptor/RUTRecep")),
        ("MNT", here("Encabezado/Totales/MntTotal")),
        ("IT1", first_forty(&here("Detalle/NmbItem"))),
    ];
    for (name, expected) in pairs {
        if stamped(name) != expected {
            reasons
                .push(reason::STAMP_MISMATCH.because(format!("{name}: <{}> <> <{expected}>", stamped(name))));
        }
    }
    // Without a name in the document the stamp may be empty, or repeat the RUT.
    let name = first_forty(&here("Encabezado/Receptor/RznSocRecep"));
    let nameless = name.is_empty() && stamped("RSR") == here("Encabezado/Receptor/RUTRecep");
    if stamped("RSR") != name && !nameless {
        reasons.push(reason::STAMP_MISMATCH.because(format!("RSR: <{}> <> <{name}>", stamped("RSR"))));
    }
    reasons
}

/// `FRMT` over `<DD>…</DD>` with the key in the CAF.
fn stamped(documento: Node<'_, '_>) -> bool {
    let number = |path: &str| tree::text(documento, path).and_then(|text| base64::decode(&text));
    let (Some(modulus), Some(exponent), Some(frmt), Some(dd)) = (
        number("TED/DD/CAF/DA/RSAPK/M"),
        number("TED/DD/CAF/DA/RSAPK/E"),
        number("TED/FRMT"),
        tree::at(documento, "TED/DD"),
    ) else {
        return false;
    };
    let key = PublicKey::new(&modulus, &exponent);
    key.zip(flat_bytes(dd)).is_some_and(|(key, bytes)| key.verify_sha1(&bytes, &frmt))
}

fn first_forty(text: &str) -> String {
    text.chars().take(40).collect()
}

fn flat_bytes(node: Node<'_, '_>) -> Option<Vec<u8>> {
    latin1::encode(&flatten(tree::source(node)))
}

/// Instructivo de Emisión, Anexo 2, A.2.4: line ends, blanks and tabs between tags go; values stay untouched.
fn flatten(source: &str) -> String {
    let blank = [' ', '\t', '\r', '\n'];
    let mut flat = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(end) = rest.find('>') {
        let (tag, after) = rest.split_at(end + 1);
        flat.push_str(tag);
        let next = after.trim_start_matches(blank);
        rest = if next.starts_with('<') { next } else { after };
    }
    flat.push_str(rest);
    flat
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The SII's certification key, IDK 100.
    const IDK_100: &str =
        "yPvwDcshpVAApYVSLF3lKKc+DOFswDqx5ep95LKigRHjUvrvjct9UeNJq9SxBdzU9nz54TEVBYyfAVQpG4xxUw==";
    /// Manual de certificación, 5.2: a stamp of the SII with its DD, pretty as it stands in the sample.
    const OFFICIAL: &str = include_str!("../../tests/vectors/F27T33.DD.bin");
    const OFFICIAL_FRMT: &str =
        "pqjXHHQLJmyFPMRvxScN7tYHvIsty0pqL2LLYaG43jMmnfiZfllLA0wb32lP+HBJ/tf8nziSeorvjlx410ZImw==";

    #[test]
    fn the_official_stamp_verifies_and_an_altered_one_does_not() {
        let documento = |dd: &str| format!("<D><TED>\n{dd}\n<FRMT>{OFFICIAL_FRMT}</FRMT></TED></D>");
        let check = |dd: &str| {
            let text = documento(dd);
            let document = roxmltree::Document::parse(&text).expect("well formed");
            stamped(document.root_element())
        };
        assert!(check(OFFICIAL));
        assert!(check(&OFFICIAL.replace("><", ">\r\n  <")), "blanks between tags are not signed");
        assert!(!check(&OFFICIAL.replace("502946", "502947")));
        assert!(!check(&OFFICIAL.replace("Cajon ", "Cajon  ")), "blanks inside a value are signed");
    }

    #[test]
    fn the_official_caf_verifies_under_the_certification_key() {
        let document = roxmltree::Document::parse(OFFICIAL).expect("well formed");
        let caf = tree::at(document.root_element(), "CAF").expect("a CAF");
        let frma = tree::text(caf, "FRMA").and_then(|text| base64::decode(&text)).expect("a signature");
        let bytes = flat_bytes(tree::at(caf, "DA").expect("DA")).expect("Latin-1");
        let modulus = base64::decode(IDK_100).expect("base64");
        let key = PublicKey::new(&modulus, &[1, 0, 1]).expect("a key");
        assert!(key.verify_sha1(&bytes, &frma));
        let training = PublicKey::new(&AUTHORITY_MODULUS, &[1, 0, 1]).expect("a key");
        assert!(!training.verify_sha1(&bytes, &frma));
    }

    #[test]
    fn the_authority_here_is_the_one_the_desk_signs_with() {
        let pem = include_str!("../desk/authority-999.pem");
        let key = openssl::rsa::Rsa::private_key_from_pem(pem.as_bytes()).expect("the committed key");
        assert_eq!(key.n().to_vec(), AUTHORITY_MODULUS);
    }

    #[test]
    fn flattening_touches_only_what_lies_between_tags() {
        assert_eq!(flatten("<a>\n\t<b> x  y </b> \r\n</a>"), "<a><b> x  y </b></a>");
        assert_eq!(flatten("<a> </a>"), "<a></a>");
    }
}
