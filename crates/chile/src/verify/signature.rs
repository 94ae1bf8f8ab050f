//! XML signatures as the SII checks them: of a document taken out of its envelope, and of the set in its
//! place. Which namespaces a signer had in mind is tried, for there are four habits.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::bn::BigNum;
use openssl::rsa::{Padding, Rsa};
use openssl::sha::sha1;
use openssl::x509::X509;
use timbre_core::Severity;

use super::Look;
use crate::dom::{Element, Space};
use crate::sign::SII_DTE;
use crate::tags::envelope;

/// The DigestInfo of SHA-1 that PKCS#1 v1.5 puts before the digest.
const SHA1_INFO: [u8; 15] =
    [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];

const ALGORITHMS: [(&[&str], &str); 3] = [
    (&["CanonicalizationMethod"], "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
    (&["SignatureMethod"], "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
    (&["Reference", "DigestMethod"], "http://www.w3.org/2000/09/xmldsig#sha1"),
];

const TRANSFORMS: [&str; 2] = [
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
];

/// RSA PKCS#1 v1.5 with SHA-1, compared whole: with exponent 3 a lax check could be forged.
pub(super) fn rsa_sha1_holds(modulus: &[u8], exponent: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let open = || -> Result<Vec<u8>, openssl::error::ErrorStack> {
        let key = Rsa::from_public_components(BigNum::from_slice(modulus)?, BigNum::from_slice(exponent)?)?;
        let mut plain = vec![0; key.size() as usize];
        let length = key.public_decrypt(signature, &mut plain, Padding::PKCS1)?;
        plain.truncate(length);
        Ok(plain)
    };
    (1..=1024).contains(&modulus.len())
        && (1..=8).contains(&exponent.len())
        && open().is_ok_and(|plain| plain == [&SHA1_INFO[..], &sha1(message)].concat())
}

impl Look {
    /// The SII takes each DTE out of its envelope: what counts are the namespaces written on it. With
    /// none written, no namespace at all and the SII's alone are both accepted; what the envelope
    /// lends (`xmlns:xsi`) is not (DTE-3-505).
    pub(super) fn document_signature(
        &mut self,
        dte: &Element,
        documento: &Element,
        around: Option<&[Space]>,
    ) {
        let Some(signature) = self.signature_of(dte) else { return };
        let mut habits: Vec<Vec<Space>> = vec![dte.spaces.clone()];
        if dte.spaces.iter().all(|(prefix, _)| !prefix.is_empty()) {
            habits.push(vec![(String::new(), SII_DTE.to_owned())]);
        }
        let before = self.findings.len();
        if self.signature_holds(signature, documento, &habits) {
            return;
        }
        let leaks = around.is_some_and(|around| {
            let in_place: Vec<Space> = around.iter().chain(&dte.spaces).cloned().collect();
            Look::default().signature_holds(signature, documento, &[in_place])
        });
        if leaks {
            let message = "La firma del documento solo vale dentro de este sobre (hereda sus espacios de nombres); el SII la \
                           rechaza (DTE-3-505).";
            self.findings.truncate(before);
            self.refuses("signature-namespace", "Signature", message);
        }
    }

    /// The signature of a set, in its place.
    pub(super) fn set_signature(&mut self, root: &Element, set: &Element) {
        let Some(signature) = self.signature_of(root) else { return };
        self.signature_holds(signature, set, std::slice::from_ref(&root.spaces));
    }

    /// The signature of an element, by its table.
    fn signature_of<'a>(&mut self, parent: &'a Element) -> Option<&'a Element> {
        let found = parent.child("Signature");
        if found.is_none() {
            let prefixed = parent.elements().any(|e| e.name.ends_with(":Signature"));
            let message = if prefixed {
                "La firma lleva un prefijo de espacio de nombres; el SII la quiere sin prefijo."
            } else {
                "Falta la firma."
            };
            self.refuses(
                if prefixed { "signature-prefix" } else { "signature-missing" },
                "Signature",
                message,
            );
        }
        if let Some(signature) = found {
            self.structure(signature, envelope::SIGNATURE, "Signature");
            if let Some(reference) = signature.at(&["SignedInfo", "Reference"]) {
                self.transform(reference);
            }
        }
        found
    }

    /// Tells what is wrong with a signature over `target`; true when nothing is.
    fn signature_holds(&mut self, signature: &Element, target: &Element, habits: &[Vec<Space>]) -> bool {
        let before = self.findings.len();
        let Some(info) = signature.child("SignedInfo") else {
            self.refuses("signature-malformed", "Signature", "La firma no tiene SignedInfo.");
            return false;
        };
        if !signature.spaces.iter().any(|(prefix, name)| prefix.is_empty() && name == timbre_xmldsig::DSIG) {
            self.refuses(
                "signature-xmlns",
                "Signature",
                "La firma no declara su propio espacio de nombres (xmldsig).",
            );
        }
        self.algorithms(info);
        let references: Vec<&Element> = info.elements().filter(|e| e.name == "Reference").collect();
        let uri = references.first().and_then(|r| r.attribute("URI")).unwrap_or_default();
        let id = target.attribute("ID").unwrap_or_default();
        if references.len() != 1 || uri.strip_prefix('#') != Some(id) || id.is_empty() {
            let message = format!("La firma se refiere a «{uri}» y el elemento es «#{id}».");
            self.refuses("signature-reference", "Signature", message);
        }
        let digest = info
            .text_at(&["Reference", "DigestValue"])
            .map(|t| t.split_ascii_whitespace().collect::<String>());
        let matches =
            |spaces: &&Vec<Space>| Some(STANDARD.encode(sha1(target.canonical(spaces).as_bytes()))) == digest;
        if !habits.iter().any(|spaces| matches(&spaces)) {
            self.refuses(
                "signature-digest",
                "Signature",
                "El contenido no corresponde a la firma: fue modificado o se firmó mal (DTE-3-505).",
            );
        }
        self.value(signature, info, habits);
        self.findings.len() == before
    }

    /// Exactly one Transform that changes nothing of what is signed. Documents without any are in use: the
    /// schema lets them, and the digest is the same.
    fn transform(&mut self, reference: &Element) {
        let Some(transforms) = reference.child("Transforms") else {
            return self.tell(
                Severity::Note,
                "signature-no-transform",
                "Signature.SignedInfo.Reference",
                "La firma no declara ningún Transform; el SII la acepta, otros lectores quizá no.",
            );
        };
        for transform in transforms.elements() {
            let said = transform.attribute("Algorithm").unwrap_or_default();
            if !TRANSFORMS.contains(&said) {
                let message = format!("Transform usa «{said}», que el SII no conoce.");
                self.refuses("signature-transform", "Signature.SignedInfo.Reference.Transforms", message);
            }
        }
    }

    fn algorithms(&mut self, info: &Element) {
        for (path, wanted) in ALGORITHMS {
            let said = info.at(path).and_then(|e| e.attribute("Algorithm")).unwrap_or_default();
            if said != wanted {
                let message =
                    format!("{} usa «{said}»; el esquema del SII fija «{wanted}».", path[path.len() - 1]);
                self.refuses("signature-algorithm", "Signature", message);
            }
        }
    }

    fn value(&mut self, signature: &Element, info: &Element, habits: &[Vec<Space>]) {
        let bytes = |path: &[&str]| {
            let text: String = signature.text_at(path)?.split_ascii_whitespace().collect();
            STANDARD.decode(text).ok()
        };
        let key = ["KeyInfo", "KeyValue", "RSAKeyValue"];
        let (modulus, exponent) =
            (bytes(&[&key[..], &["Modulus"]].concat()), bytes(&[&key[..], &["Exponent"]].concat()));
        let (Some(modulus), Some(exponent), Some(value)) = (modulus, exponent, bytes(&["SignatureValue"]))
        else {
            let message = "A la firma le falta SignatureValue o la clave (KeyValue/RSAKeyValue).";
            return self.refuses("signature-malformed", "Signature", message);
        };
        let holds = habits.iter().any(|spaces| {
            let around: Vec<Space> = spaces.iter().chain(&signature.spaces).cloned().collect();
            rsa_sha1_holds(&modulus, &exponent, info.canonical(&around).as_bytes(), &value)
        });
        if !holds {
            self.refuses(
                "signature-value",
                "Signature",
                "La firma no corresponde a su clave y a lo firmado.",
            );
        }
        let certificate =
            bytes(&["KeyInfo", "X509Data", "X509Certificate"]).and_then(|der| X509::from_der(&der).ok());
        let own = certificate.and_then(|c| c.public_key().ok()).and_then(|k| k.rsa().ok());
        match own {
            Some(own) if own.n().to_vec() == modulus.as_slice().trim_zeros() => {}
            Some(_) => self.objects(
                "certificate-key",
                "Signature",
                "El certificado es de otra clave que la que firmó.",
            ),
            None => self.objects(
                "certificate-unreadable",
                "Signature",
                "La firma no trae un certificado legible.",
            ),
        }
    }
}

/// Integers of ASN.1 may carry a zero before them.
trait TrimZeros {
    fn trim_zeros(&self) -> &[u8];
}

impl TrimZeros for [u8] {
    fn trim_zeros(&self) -> &[u8] {
        let from = self.iter().position(|b| *b != 0).unwrap_or(self.len());
        &self[from..]
    }
}
