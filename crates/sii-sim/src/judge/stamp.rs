//! The stamp (TED) and the CAF inside it: two raw RSA signatures over flattened text, and whether they say the
//! same as the document. Who may use the folio again is not asked here.

use super::reason::{self, Reason};
use crate::{base64, latin1, registry::Registry, rsa::PublicKey, tree};
use jiff::{ToSpan, civil::Date, civil::DateTime};
use roxmltree::Node;

/// Types whose CAF holds for six months (Res. Ex. SII 58/2017).
const EXPIRING: [u16; 5] = [33, 43, 46, 56, 61];

/// When the CAF was authorised: other dates are held against it.
pub(super) fn authorised_on(documento: Node<'_, '_>) -> Option<Date> {
    tree::text(documento, "TED/DD/CAF/DA/FA")?.parse().ok()
}

fn caf(documento: Node<'_, '_>, path: &str) -> String {
    tree::text(documento, &format!("TED/DD/CAF/DA/{path}")).unwrap_or_default()
}

/// Six months from the authorisation to the signature of the document.
pub(super) fn caf_in_time(documento: Node<'_, '_>, tipo: u16, signed: Option<DateTime>) -> Vec<Reason> {
    let expires = authorised_on(documento).and_then(|date| date.checked_add(6.months()).ok());
    let late = signed.zip(expires).is_some_and(|(signed, last)| signed.date() > last);
    if EXPIRING.contains(&tipo) && late {
        return vec![reason::CAF_EXPIRED.because(format!("autorizado {}", caf(documento, "FA")))];
    }
    Vec::new()
}

/// Signed by a known authority, and not altered since.
pub(super) fn caf_signature(documento: Node<'_, '_>, registry: &Registry) -> Vec<Reason> {
    let idk = caf(documento, "IDK");
    match registry.authority(&idk) {
        None => vec![reason::CAF_UNAUTHORISED.because(format!("IDK {idk}"))],
        Some(key) if !signed_by(documento, key) => vec![reason::CAF_SIGNATURE.because("")],
        Some(_) => Vec::new(),
    }
}

/// For this company, type and folio.
pub(super) fn caf_lends(documento: Node<'_, '_>, tipo: u16, folio: u64) -> Vec<Reason> {
    let field = |path: &str| caf(documento, path);
    let mut reasons = Vec::new();
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
fn signed_by(documento: Node<'_, '_>, key: &PublicKey) -> bool {
    let Some(da) = tree::at(documento, "TED/DD/CAF/DA") else { return false };
    let Some(frma) = tree::text(documento, "TED/DD/CAF/FRMA").and_then(|text| base64::decode(&text)) else {
        return false;
    };
    flat_bytes(da).is_some_and(|bytes| key.verify_sha1(&bytes, &frma))
}

/// `FRMT` holds, and no namespace stands inside.
pub(super) fn signature(documento: Node<'_, '_>) -> Vec<Reason> {
    if tree::at(documento, "TED").is_some_and(|ted| tree::source(ted).contains("xmlns")) {
        return vec![reason::STAMP_SIGNATURE.because("namespace dentro del timbre")];
    }
    if !stamped(documento) {
        return vec![reason::STAMP_SIGNATURE.because("")];
    }
    Vec::new()
}

/// The stamp says what the document says. Some fold its texts to ASCII and are accepted (devlas, 2.18.1).
pub(super) fn agreement(documento: Node<'_, '_>, official_only: bool) -> Vec<Reason> {
    let alike = |stamped: &str, here: &str| {
        stamped == here || !official_only && stamped == latin1::without_accents(here)
    };
    let mut reasons = Vec::new();
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
        if !alike(&stamped(name), &expected) {
            reasons
                .push(reason::STAMP_MISMATCH.because(format!("{name}: <{}> <> <{expected}>", stamped(name))));
        }
    }
    // Without a name in the document the stamp may be empty, or repeat the RUT.
    let name = first_forty(&here("Encabezado/Receptor/RznSocRecep"));
    let nameless = name.is_empty() && stamped("RSR") == here("Encabezado/Receptor/RUTRecep");
    if !alike(&stamped("RSR"), &name) && !nameless {
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
    use crate::registry::TRAINING_MODULUS;

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
        let training = PublicKey::new(&TRAINING_MODULUS, &[1, 0, 1]).expect("a key");
        assert!(!training.verify_sha1(&bytes, &frma));
    }

    #[test]
    fn the_authority_here_is_the_one_the_desk_signs_with() {
        let pem = include_str!("../desk/authority-999.pem");
        let key = openssl::rsa::Rsa::private_key_from_pem(pem.as_bytes()).expect("the committed key");
        assert_eq!(key.n().to_vec(), TRAINING_MODULUS);
    }

    #[test]
    fn flattening_touches_only_what_lies_between_tags() {
        assert_eq!(flatten("<a>\n\t<b> x  y </b> \r\n</a>"), "<a><b> x  y </b></a>");
        assert_eq!(flatten("<a> </a>"), "<a></a>");
    }
}
