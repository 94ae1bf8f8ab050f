//! Personal certificates: whose they are, until when, and who issued them.

use crate::{base64, rsa::PublicKey};
use jiff::Timestamp;
use x509_parser::{
    certificate::X509Certificate, der_parser::oid, extensions::GeneralName, prelude::FromDer,
    public_key::PublicKey as SubjectKey,
};

#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    pub key: PublicKey,
    /// The holder's RUT without dots: the subject's `serialNumber`, else the SAN of the accredited CAs.
    pub rut: Option<String>,
    pub(crate) der: Vec<u8>,
    not_before: i64,
    not_after: i64,
}

impl Certificate {
    /// From DER. `None` when it is no certificate with an RSA key.
    pub(crate) fn read(der: &[u8]) -> Option<Certificate> {
        let (rest, parsed) = X509Certificate::from_der(der).ok()?;
        let SubjectKey::RSA(key) = parsed.public_key().parsed().ok()? else { return None };
        rest.is_empty().then_some(Certificate {
            key: PublicKey::new(key.modulus, key.exponent)?,
            rut: rut(&parsed),
            der: der.to_vec(),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
        })
    }

    pub(crate) fn valid_at(&self, moment: Timestamp) -> bool {
        (self.not_before..=self.not_after).contains(&moment.as_second())
    }
}

/// Some CAs put it in `serialNumber`, others only in a SAN `otherName` 1.3.6.1.4.1.8321.1, with dots, without, or
/// with a zero in front.
fn rut(certificate: &X509Certificate<'_>) -> Option<String> {
    let serial = certificate.subject().iter_by_oid(&oid!(2.5.4.5)).next();
    let written = serial.and_then(|attribute| attribute.as_str().ok()).map(ToOwned::to_owned);
    let plain = |text: String| text.replace('.', "").trim_start_matches('0').to_uppercase();
    written.or_else(|| alternative(certificate)).map(plain)
}

fn alternative(certificate: &X509Certificate<'_>) -> Option<String> {
    let names = certificate.subject_alternative_name().ok()??;
    names.value.general_names.iter().find_map(|name| match name {
        GeneralName::OtherName(kind, value) if *kind == oid!(1.3.6.1.4.1.8321.1) => {
            let digits = |byte: &u8| byte.is_ascii_digit() || b".-Kk".contains(byte);
            // An IA5String of fewer than 128 bytes, perhaps in an explicit tag: its text ends the value.
            let start = value.iter().rposition(|byte| !digits(byte)).map_or(0, |at| at + 1);
            String::from_utf8(value[start..].to_vec()).ok().filter(|text| text.contains('-'))
        }
        _ => None,
    })
}

/// A company that issues certificates.
#[derive(Clone, Debug)]
pub struct Root {
    subject: Vec<u8>,
    key: PublicKey,
}

impl Root {
    /// From PEM. `None` when it is no certificate with an RSA key.
    pub fn read(pem: &str) -> Option<Root> {
        let packed: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = base64::decode(&packed)?;
        let certificate = Certificate::read(&der)?;
        let (_, parsed) = X509Certificate::from_der(&der).ok()?;
        Some(Root { subject: parsed.subject().as_raw().to_vec(), key: certificate.key })
    }

    pub(crate) fn issued(&self, certificate: &Certificate) -> bool {
        let Ok((_, parsed)) = X509Certificate::from_der(&certificate.der) else { return false };
        parsed.signature_algorithm.algorithm == oid!(1.2.840.113549.1.1.11) // SHA-256 with RSA
            && parsed.issuer().as_raw() == self.subject
            && self.key.verify_sha256(parsed.tbs_certificate.as_ref(), &parsed.signature_value.data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        desk::{Desk, Holder},
        registry::Registry,
    };
    use openssl::pkcs12::Pkcs12;

    fn der(pfx: &[u8]) -> Vec<u8> {
        let parsed = Pkcs12::from_der(pfx).expect("a PFX").parse2("x").expect("opens");
        parsed.cert.expect("a certificate").to_der().expect("DER")
    }

    #[test]
    fn a_certificate_of_the_desk_is_known_and_an_altered_one_is_not() {
        let registry = Registry::default();
        let mut der = der(&Desk::certificate("x").pfx);
        let certificate = Certificate::read(&der).expect("a certificate");
        assert_eq!(certificate.rut.as_deref(), Some("11111111-1"));
        assert!(registry.issued(&certificate));
        assert!(!Registry::empty().issued(&certificate));
        assert!(certificate.valid_at("2026-01-15T12:00:00Z".parse().expect("a moment")));
        let last = der.len() - 1;
        der[last] ^= 1;
        assert!(!registry.issued(&Certificate::read(&der).expect("still a certificate")));
    }

    #[test]
    fn validity_is_read() {
        let holder = Holder { not_after: "20210101000000Z".to_owned(), ..Holder::default() };
        let certificate =
            Certificate::read(&der(&Desk::certificate_for(&holder, "x").pfx)).expect("a certificate");
        assert!(!certificate.valid_at("2026-01-15T12:00:00Z".parse().expect("a moment")));
    }

    #[test]
    fn a_holder_whose_rut_stands_only_in_the_alternative_name_is_known() {
        // The certificate of the SII's own sample of 2003.
        let sample = include_bytes!("../tests/vectors/F60T33-ejemplo-oficial-SII.xml");
        let text = crate::latin1::decode(sample);
        let (_, rest) = text.split_once("<X509Certificate>").expect("signed");
        let (packed, _) = rest.split_once('<').expect("signed");
        let certificate = Certificate::read(&base64::decode(packed).expect("base64")).expect("a certificate");
        assert_eq!(certificate.rut.as_deref(), Some("7880442-4"));
    }
}
