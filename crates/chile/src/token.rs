//! The signed `getToken` that a seed is exchanged with for a token. The same document serves both
//! channels: escaped inside of SOAP, bare over REST.

use timbre_core::{KeyError, KeyName, Keys, Scheme};
use timbre_xmldsig::{Transform, Xml, digest_sha1_base64, signature};

use crate::sign::signer;

/// Without a prolog the REST service answers 11, as if the certificate were missing.
const PROLOG: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// Two physical lines and no line feed at the end (OAS boleta electrónica, example of getToken;
/// manual de autenticación automática, fig. 1.4).
pub fn get_token(seed: &str, keys: &dyn Keys) -> Result<String, KeyError> {
    let mut item = Xml::new();
    item.open("item").leaf("Semilla", seed).close("item");
    let item = item.into_string();
    let digest = digest_sha1_base64(format!("<getToken>{item}</getToken>").as_bytes());
    let certificate = keys.certificate()?;
    let signature = signature("", Transform::Enveloped, &digest, &[], &signer(&certificate), |octets| {
        keys.sign(KeyName::Certificate, Scheme::RsaSha1, octets)
    })?;
    Ok(format!("{PROLOG}<getToken>{item}{signature}</getToken>"))
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

    #[test]
    fn the_official_digest_is_in_it() {
        let signed = get_token("030530912644", TestKeys::get()).unwrap();
        assert!(signed.starts_with(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<getToken><item><Semilla>030530912644</Semilla></item>\
             <Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignedInfo><CanonicalizationMethod "
        ));
        assert!(signed.contains("<Reference URI=\"\">"));
        assert!(signed.contains("<DigestValue>l2s9BqLppHaWo+w1Al1J5SsYScs=</DigestValue>"));
        assert!(signed.ends_with("</Signature></getToken>"));
    }

    #[test]
    fn the_signature_verifies_over_the_canonical_signed_info() {
        let signed = get_token("1", TestKeys::get()).unwrap();
        let part = |from: &str, to: &str| {
            let start = signed.find(from).unwrap() + from.len();
            &signed[start..start + signed[start..].find(to).unwrap()]
        };
        let info = format!(
            "<SignedInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\">{}</SignedInfo>",
            part("<SignedInfo>", "</SignedInfo>")
        );
        let flat: String = part("<SignatureValue>", "<").split_whitespace().collect();
        let value = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, flat).unwrap();
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
