//! The two signatures the SII wants: of a document by itself, and of the set that carries documents.
//! What they sign is text that is canonical already; nothing is parsed here.

use timbre_core::{Certificate, KeyError, KeyName, Keys, Scheme};
use timbre_xmldsig::{SignerKey, Transform, canonical_references, digest_sha1_base64, signature};

/// Default namespace of every document and envelope (schema DTE_v10).
pub const SII_DTE: &str = "http://www.sii.cl/SiiDte";
/// Namespace of `xsi:schemaLocation`.
pub const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Start tag of a document. The SII verifies each `<DTE>` taken out of its envelope, so that the
/// namespaces it inherits there must be written on it; then its digest is the same in both places.
pub const DTE_OPEN: &str = "<DTE xmlns=\"http://www.sii.cl/SiiDte\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" version=\"1.0\">";
/// The same tag as C14N leaves it inside of an envelope that declares both namespaces.
const DTE_OPEN_INSIDE: &str = "<DTE version=\"1.0\">";

/// The whole signed `<DTE …>…</DTE>` round `documento_inner`, which goes from `<Documento ID="…">` to
/// `</Documento>` and was written with [`timbre_xmldsig::Xml`].
///
/// The digest is over the canonical text with both namespaces at its apex, in UTF-8 whatever the
/// file's encoding (Canonical XML 1.0 §2.1).
pub fn document(documento_inner: &str, id: &str, keys: &dyn Keys) -> Result<String, KeyError> {
    let digest = digest_sha1_base64(standing_alone(documento_inner, "Documento").as_bytes());
    let signature = sign(id, &digest, keys)?;
    Ok(format!("{DTE_OPEN}\n{documento_inner}\n{signature}\n</DTE>"))
}

/// The `<Signature>` of a set: `set` goes from `<SetDTE ID="…">` to `</SetDTE>` as it stands in the
/// envelope, whose root declares both namespaces.
pub fn set(set: &str, id: &str, keys: &dyn Keys) -> Result<String, KeyError> {
    // Inside of the envelope the documents' declarations repeat what is in force, and C14N drops them.
    let inside = set.replace(DTE_OPEN, DTE_OPEN_INSIDE);
    sign(id, &digest_sha1_base64(standing_alone(&inside, "SetDTE").as_bytes()), keys)
}

fn sign(id: &str, digest: &str, keys: &dyn Keys) -> Result<String, KeyError> {
    let certificate = keys.certificate()?;
    signature(&format!("#{id}"), Transform::C14n, digest, &[("xsi", XSI)], &signer(&certificate), |octets| {
        keys.sign(KeyName::Certificate, Scheme::RsaSha1, octets)
    })
}

/// The certificate as a signature names it.
pub(crate) fn signer(certificate: &Certificate) -> SignerKey<'_> {
    SignerKey { modulus: &certificate.modulus, exponent: &certificate.exponent, der: &certificate.der }
}

/// The canonical form of an element that stands under a root with both namespaces.
fn standing_alone(element: &str, name: &str) -> String {
    let rest = element
        .strip_prefix('<')
        .and_then(|e| e.strip_prefix(name))
        .filter(|rest| rest.starts_with(" ID=\""))
        .expect("the caller wrote this very tag");
    canonical_references(&format!("<{name} xmlns=\"{SII_DTE}\" xmlns:xsi=\"{XSI}\"{rest}")).into_owned()
}

#[cfg(test)]
mod tests;
