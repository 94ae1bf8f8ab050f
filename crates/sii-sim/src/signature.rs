//! XML signatures under the SII's restrictions (`xmldsignature_v10.xsd`): C14N 1.0, RSA-SHA1, one reference with
//! at most one transform, `KeyValue` and then `X509Data`, all in the default namespace.

use crate::{base64, c14n::canonical, certificate::Certificate, rsa::PublicKey, rules::Rules, schema, tree};
use roxmltree::Node;
use sha1::{Digest, Sha1};
use std::fmt;

pub(crate) const C14N: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
pub(crate) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// Why a signature does not hold, in the order the checks are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// No `X509Certificate`, or nothing that can be read in it.
    NoCertificate,
    /// A prefix such as `ds:`: the schema lets it pass, the SII's verifier does not.
    Prefixed,
    Shape(String),
    KeyIsNotTheCertificates,
    Digest,
    Value,
}

pub(crate) struct Signature<'a, 'i> {
    pub uri: &'a str,
    pub transform: Option<&'a str>,
    pub value: Vec<u8>,
    pub certificate: Certificate,
    key: PublicKey,
    signed_info: Node<'a, 'i>,
    digest: Vec<u8>,
}

impl<'a, 'i> Signature<'a, 'i> {
    pub(crate) fn read(node: Node<'a, 'i>, rules: &Rules) -> Result<Self, Flaw> {
        let prefixed = |node: Node<'_, '_>| {
            tree::source(node).trim_start_matches('<').find(node.tag_name().name()) != Some(0)
        };
        if node.descendants().filter(Node::is_element).any(prefixed) {
            return Err(Flaw::Prefixed);
        }
        let certificate = tree::text(node, "KeyInfo/X509Data/X509Certificate")
            .and_then(|text| base64::decode(&text))
            .and_then(|der| Certificate::read(&der))
            .ok_or(Flaw::NoCertificate)?;
        if let Some(complaint) = schema::validate(node, schema::firma()).into_iter().next() {
            return Err(Flaw::Shape(complaint));
        }
        let bytes = |path: &str| {
            tree::text(node, path)
                .and_then(|text| base64::decode(&text))
                .ok_or_else(|| Flaw::Shape(path.to_owned()))
        };
        let modulus = bytes("KeyInfo/KeyValue/RSAKeyValue/Modulus")?;
        let exponent = bytes("KeyInfo/KeyValue/RSAKeyValue/Exponent")?;
        let key = PublicKey::new(&modulus, &exponent).ok_or(Flaw::KeyIsNotTheCertificates)?;
        if rules.certificate_key && key != certificate.key {
            return Err(Flaw::KeyIsNotTheCertificates);
        }
        let missing = || Flaw::Shape("SignedInfo".to_owned());
        let signed_info = tree::at(node, "SignedInfo").ok_or_else(missing)?;
        let reference = tree::at(signed_info, "Reference").ok_or_else(missing)?;
        Ok(Signature {
            uri: reference.attribute("URI").ok_or_else(missing)?,
            transform: tree::at(reference, "Transforms/Transform")
                .and_then(|node| node.attribute("Algorithm")),
            value: bytes("SignatureValue")?,
            digest: bytes("SignedInfo/Reference/DigestValue")?,
            certificate,
            key,
            signed_info,
        })
    }

    /// Does it sign this canonical text?
    pub(crate) fn verify(&self, referenced: &str) -> Result<(), Flaw> {
        self.holds(referenced, |signed| self.key.verify_sha1(signed, &self.value))
    }

    /// The same for signatures that say SHA-1 and are made with SHA-256.
    pub(crate) fn verify_either(&self, referenced: &str) -> Result<(), Flaw> {
        self.holds(referenced, |signed| {
            self.key.verify_sha1(signed, &self.value) || self.key.verify_sha256(signed, &self.value)
        })
    }

    fn holds(&self, referenced: &str, value: impl Fn(&[u8]) -> bool) -> Result<(), Flaw> {
        if self.digest != Sha1::digest(referenced.as_bytes()).as_slice() {
            return Err(Flaw::Digest);
        }
        let signed = canonical(self.signed_info, None);
        if value(signed.as_bytes()) { Ok(()) } else { Err(Flaw::Value) }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::NoCertificate => f.write_str("sin certificado legible"),
            Flaw::Prefixed => f.write_str("Signature con prefijo de namespace"),
            Flaw::Shape(complaint) => write!(f, "estructura: {complaint}"),
            Flaw::KeyIsNotTheCertificates => f.write_str("la clave publica no corresponde al certificado"),
            Flaw::Digest => f.write_str("DigestValue no corresponde"),
            Flaw::Value => f.write_str("SignatureValue no corresponde"),
        }
    }
}
