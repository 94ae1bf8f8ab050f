//! Digest and `<Signature>` as the SII's `xmldsignature_v10.xsd` fixes them: inclusive C14N 1.0,
//! RSA-SHA1, SHA-1, exactly one transform, `KeyValue` before `X509Data`. The private key is elsewhere.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::sha::sha1;

use crate::Xml;

/// Namespace of XML signatures.
pub const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
/// Name of inclusive Canonical XML 1.0 without comments.
pub const C14N: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";

const RSA_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// Columns of wrapped base64: far below the 4,090 characters a line may have at the SII.
const COLUMNS: usize = 76;

/// The public half of the key that signs, big-endian integers without leading zeros, and its
/// certificate.
#[derive(Debug, Clone, Copy)]
pub struct SignerKey<'a> {
    pub modulus: &'a [u8],
    pub exponent: &'a [u8],
    pub der: &'a [u8],
}

/// The one transform of the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transform {
    /// The signature stands outside of what it signs.
    C14n,
    /// The signature stands inside of what it signs, and is left out of the digest.
    Enveloped,
}

impl Transform {
    fn name(self) -> &'static str {
        match self {
            Transform::C14n => C14N,
            Transform::Enveloped => ENVELOPED,
        }
    }
}

/// SHA-1 of `bytes` in base64, as a `DigestValue`.
pub fn digest_sha1_base64(bytes: &[u8]) -> String {
    STANDARD.encode(sha1(bytes))
}

/// Base64 in lines of 76 columns, without a line feed after the last one.
pub fn base64_lines(bytes: &[u8]) -> String {
    let flat = STANDARD.encode(bytes);
    let mut out = String::with_capacity(flat.len() + flat.len() / COLUMNS);
    for (n, line) in flat.as_bytes().chunks(COLUMNS).enumerate() {
        if n > 0 {
            out.push('\n');
        }
        out.extend(line.iter().map(|&b| char::from(b)));
    }
    out
}

/// A compact, canonical `<Signature xmlns="…">…</Signature>`.
///
/// `inherited` are the prefixed namespaces in force where the signature will stand: inclusive C14N
/// carries them into `SignedInfo`, which is what `sign` receives. The default namespace is the
/// signature's own and is never inherited.
pub fn signature<E>(
    reference_uri: &str,
    transform: Transform,
    digest_b64: &str,
    inherited: &[(&str, &str)],
    key: &SignerKey<'_>,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<String, E> {
    let info = signed_info(reference_uri, transform, digest_b64);
    let value = sign(&standing_alone(&info, inherited))?;
    let mut xml =
        Xml::with_capacity(info.len() + 3 * (value.len() + key.modulus.len() + key.der.len()) / 2 + 512);
    xml.open_with("Signature", &[("xmlns", DSIG)])
        .raw(&info)
        .leaf("SignatureValue", &base64_lines(&value))
        .open("KeyInfo")
        .open("KeyValue")
        .open("RSAKeyValue")
        .leaf("Modulus", &base64_lines(key.modulus))
        .leaf("Exponent", &base64_lines(key.exponent))
        .close("RSAKeyValue")
        .close("KeyValue")
        .open("X509Data")
        .leaf("X509Certificate", &base64_lines(key.der))
        .close("X509Data")
        .close("KeyInfo")
        .close("Signature");
    Ok(xml.into_string())
}

/// `SignedInfo` as it stands in the file, where its namespace comes from `Signature`.
fn signed_info(uri: &str, transform: Transform, digest_b64: &str) -> String {
    let mut xml = Xml::with_capacity(640);
    let empty = |xml: &mut Xml, name: &str, algorithm: &str| {
        xml.open_with(name, &[("Algorithm", algorithm)]).close(name);
    };
    xml.open("SignedInfo");
    empty(&mut xml, "CanonicalizationMethod", C14N);
    empty(&mut xml, "SignatureMethod", RSA_SHA1);
    xml.open_with("Reference", &[("URI", uri)]).open("Transforms");
    empty(&mut xml, "Transform", transform.name());
    xml.close("Transforms");
    empty(&mut xml, "DigestMethod", SHA1);
    xml.leaf("DigestValue", digest_b64).close("Reference").close("SignedInfo");
    xml.into_string()
}

/// The octets that are signed: `SignedInfo` as the apex of its own node set, with every namespace in
/// force written on it.
fn standing_alone(info: &str, inherited: &[(&str, &str)]) -> Vec<u8> {
    let rest = info.strip_prefix("<SignedInfo>").expect("signed_info begins so");
    let mut spaces = vec![("xmlns".to_owned(), DSIG)];
    for (prefix, space) in inherited {
        debug_assert!(!prefix.is_empty(), "the default namespace is the signature's own");
        spaces.push((format!("xmlns:{prefix}"), space));
    }
    let attributes: Vec<(&str, &str)> = spaces.iter().map(|(name, space)| (name.as_str(), *space)).collect();
    let mut apex = Xml::with_capacity(info.len() + 128);
    apex.open_with("SignedInfo", &attributes).raw(rest);
    apex.as_str().as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: SignerKey<'static> = SignerKey { modulus: &[0xC0; 256], exponent: &[1, 0, 1], der: &[7; 900] };

    fn vector(name: &str) -> Vec<u8> {
        std::fs::read(format!("../../tests/vectors/{name}")).unwrap()
    }

    #[test]
    fn what_is_signed_is_the_canonical_signed_info() {
        for (name, uri, digest) in [
            ("T39F7.B.SignedInfo.c14n", "#F7T39", "hx1iRYZFq5MPwks5Sp74LwDuspo="),
            ("EnvioBOLETA-F7-variantB.SetDTE.SignedInfo.c14n", "#SetDoc", "qlYWOXAs6wBBXLK3DoyknZD5Nvo="),
        ] {
            let mut octets = Vec::new();
            let inherited = [("xsi", "http://www.w3.org/2001/XMLSchema-instance")];
            signature(uri, Transform::C14n, digest, &inherited, &KEY, |m| {
                octets = m.to_vec();
                Ok::<_, ()>(vec![1; 256])
            })
            .unwrap();
            assert_eq!(octets, vector(name), "{name}");
        }
    }

    #[test]
    fn a_signature_is_compact_with_wrapped_base64() {
        let text =
            signature("", Transform::Enveloped, "x=", &[], &KEY, |_| Ok::<_, ()>(vec![9; 256])).unwrap();
        assert!(!text.contains(">\n") && !text.contains("\n<"), "{text}");
        assert!(text.lines().all(|line| line.len() < 1000), "{text}");
        assert!(text.contains(
            "<Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></Transform>"
        ));
        let (value, data) = (text.find("<KeyValue>").unwrap(), text.find("<X509Data>").unwrap());
        assert!(value < data);
    }

    #[test]
    fn a_failing_key_makes_no_signature() {
        assert_eq!(signature("", Transform::C14n, "", &[], &KEY, |_| Err("sin clave")), Err("sin clave"));
    }

    /// Official: "API SII – V1" (OAS boleta electrónica), example of getToken.
    #[test]
    fn the_official_token_digest_is_met() {
        let signed = b"<getToken><item><Semilla>030530912644</Semilla></item></getToken>";
        assert_eq!(digest_sha1_base64(signed), "l2s9BqLppHaWo+w1Al1J5SsYScs=");
    }
}
