//! The signed `getToken` that a seed is exchanged with for a token. The same document serves both
//! channels: escaped inside of SOAP, bare over REST.

use timbre_core::{KeyError, KeyName, Keys, Scheme};
use timbre_xmldsig::{Transform, Xml, digest_sha1_base64, signature};

use crate::sign::signer;

/// Without a prolog the REST service answers 11, as if the certificate were missing.
const PROLOG: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// Elements without content, which the official document writes as one tag. What is signed is their
/// canonical form, of two.
const EMPTY: [&str; 4] = ["CanonicalizationMethod", "SignatureMethod", "Transform", "DigestMethod"];

/// The official document to the byte: two physical lines and no line feed at the end (OAS boleta
/// electrónica, example of getToken; manual de autenticación automática, fig. 1.4).
pub fn get_token(seed: &str, keys: &dyn Keys) -> Result<String, KeyError> {
    let mut item = Xml::new();
    item.open("item").leaf("Semilla", seed).close("item");
    let item = item.into_string();
    let digest = digest_sha1_base64(format!("<getToken>{item}</getToken>").as_bytes());
    let certificate = keys.certificate()?;
    let signature = signature("", Transform::Enveloped, &digest, &[], &signer(&certificate), |octets| {
        keys.sign(KeyName::Certificate, Scheme::RsaSha1, octets)
    })?;
    Ok(format!("{PROLOG}<getToken>{item}{}</getToken>", in_one_line(&signature)))
}

/// Neither line ends nor tags of empty elements are signed as they stand.
fn in_one_line(signature: &str) -> String {
    let flat = signature.replace('\n', "");
    EMPTY.iter().fold(flat, |text, name| text.replace(&format!("></{name}>"), "/>"))
}

/// A seed is digits, and its leading zeros count.
pub(crate) fn is_seed(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// A token is opaque and "may grow to 500" (OAS boleta electrónica); it goes into a header, so it
/// holds nothing that ends one.
pub(crate) fn is_token(text: &str) -> bool {
    (1..=512).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b';' && b != b',')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::TestKeys;

    fn part<'a>(signed: &'a str, element: &str) -> &'a str {
        let (_, rest) = signed.split_once(&format!("<{element}>")).unwrap();
        rest.split_once('<').unwrap().0
    }

    /// As the OAS prints it, of its own seed; only what the key makes is ours.
    #[test]
    fn it_is_the_official_document_to_the_byte() {
        let signed = get_token("030530912644", TestKeys::get()).unwrap();
        let [value, modulus, certificate] =
            ["SignatureValue", "Modulus", "X509Certificate"].map(|element| part(&signed, element));
        let official = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <getToken><item><Semilla>030530912644</Semilla></item>\
             <Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignedInfo>\
             <CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"/>\
             <SignatureMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#rsa-sha1\"/>\
             <Reference URI=\"\"><Transforms>\
             <Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/></Transforms>\
             <DigestMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha1\"/>\
             <DigestValue>l2s9BqLppHaWo+w1Al1J5SsYScs=</DigestValue></Reference></SignedInfo>\
             <SignatureValue>{value}</SignatureValue><KeyInfo><KeyValue><RSAKeyValue><Modulus>{modulus}</Modulus>\
             <Exponent>AQAB</Exponent></RSAKeyValue></KeyValue><X509Data>\
             <X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></Signature></getToken>"
        );
        assert_eq!(signed, official);
        assert_eq!(signed.lines().count(), 2);
    }

    #[test]
    fn the_signature_verifies_over_the_canonical_signed_info() {
        let signed = get_token("1", TestKeys::get()).unwrap();
        let (_, info) = signed.split_once("<SignedInfo>").unwrap();
        let (info, _) = info.split_once("</SignedInfo>").unwrap();
        // The canonical form of an empty element is of two tags.
        let canonical: Vec<String> = info
            .split_inclusive("/>")
            .map(|piece| match piece.strip_suffix("/>") {
                Some(open) => {
                    let name = open.rsplit_once('<').unwrap().1.split(' ').next().unwrap();
                    format!("{open}></{name}>")
                }
                None => piece.to_owned(),
            })
            .collect();
        let info = format!(
            "<SignedInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\">{}</SignedInfo>",
            canonical.concat()
        );
        let value = part(&signed, "SignatureValue");
        let value = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, value).unwrap();
        assert!(TestKeys::get().verifies(info.as_bytes(), &value));
    }

    #[test]
    fn what_could_leave_its_place_is_no_token() {
        assert!(is_token("XAuSbYXiNh9Ik") && is_seed("030530912644"));
        for bad in ["", "a b", "a\r\nX: y", "a;b", "ñ", &"x".repeat(513)] {
            assert!(!is_token(bad), "{bad}");
        }
        for bad in ["", "12a", "<x>", " 1"] {
            assert!(!is_seed(bad), "{bad}");
        }
    }
}
