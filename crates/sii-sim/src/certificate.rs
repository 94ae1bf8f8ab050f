//! Personal certificates: whose they are, until when, and whether the training CA issued them.

use crate::{base64, rsa::PublicKey};
use jiff::Timestamp;
use std::sync::{Mutex, OnceLock, PoisonError};
use x509_parser::{
    certificate::X509Certificate, der_parser::oid, prelude::FromDer, public_key::PublicKey as SubjectKey,
};

const CA: &str = include_str!("desk/training-ca.pem");

#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    pub key: PublicKey,
    /// The holder's RUT from the subject's `serialNumber`, without dots.
    pub rut: Option<String>,
    pub issued_by_training_ca: bool,
    not_before: i64,
    not_after: i64,
}

impl Certificate {
    /// From DER. `None` when it is no certificate with an RSA key.
    pub(crate) fn read(der: &[u8]) -> Option<Certificate> {
        let certificate = Certificate::plain(der)?;
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        let issued = once(der, || {
            parsed.signature_algorithm.algorithm == oid!(1.2.840.113549.1.1.11) // SHA-256 with RSA
                && parsed.issuer().as_raw() == ca().0
                && ca().1.verify_sha256(parsed.tbs_certificate.as_ref(), &parsed.signature_value.data)
        });
        Some(Certificate { issued_by_training_ca: issued, ..certificate })
    }

    pub(crate) fn valid_at(&self, moment: Timestamp) -> bool {
        (self.not_before..=self.not_after).contains(&moment.as_second())
    }

    fn plain(der: &[u8]) -> Option<Certificate> {
        let (rest, parsed) = X509Certificate::from_der(der).ok()?;
        let SubjectKey::RSA(key) = parsed.public_key().parsed().ok()? else { return None };
        let serial = parsed.subject().iter_by_oid(&oid!(2.5.4.5)).next();
        let rut = serial
            .and_then(|attribute| attribute.as_str().ok())
            .map(|text| text.replace('.', "").to_uppercase());
        rest.is_empty().then_some(Certificate {
            key: PublicKey::new(key.modulus, key.exponent)?,
            rut,
            issued_by_training_ca: false,
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
        })
    }
}

/// Nearly every signature bears the same certificate, so the answer about the last one is kept.
fn once(der: &[u8], issued: impl FnOnce() -> bool) -> bool {
    static LAST: Mutex<Option<(Vec<u8>, bool)>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, known)) = last.as_ref().filter(|(seen, _)| seen == der) {
        return *known;
    }
    let answer = issued();
    *last = Some((der.to_vec(), answer));
    answer
}

/// The subject's bytes and the key of the training CA.
fn ca() -> &'static (Vec<u8>, PublicKey) {
    static KEY: OnceLock<(Vec<u8>, PublicKey)> = OnceLock::new();
    KEY.get_or_init(|| {
        let packed: String = CA.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = base64::decode(&packed).expect("the committed certificate is PEM");
        let certificate = Certificate::plain(&der).expect("the committed certificate is whole");
        let (_, parsed) = X509Certificate::from_der(&der).expect("the committed certificate is whole");
        (parsed.subject().as_raw().to_vec(), certificate.key)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::{Desk, Holder};
    use openssl::pkcs12::Pkcs12;

    fn der(pfx: &[u8]) -> Vec<u8> {
        let parsed = Pkcs12::from_der(pfx).expect("a PFX").parse2("x").expect("opens");
        parsed.cert.expect("a certificate").to_der().expect("DER")
    }

    #[test]
    fn a_certificate_of_the_desk_is_known_and_an_altered_one_is_not() {
        let mut der = der(&Desk::certificate("x").pfx);
        let certificate = Certificate::read(&der).expect("a certificate");
        assert_eq!(certificate.rut.as_deref(), Some("11111111-1"));
        assert!(certificate.issued_by_training_ca);
        assert!(certificate.valid_at("2026-01-15T12:00:00Z".parse().expect("a moment")));
        let last = der.len() - 1;
        der[last] ^= 1;
        assert!(!Certificate::read(&der).expect("still a certificate").issued_by_training_ca);
    }

    #[test]
    fn validity_is_read() {
        let holder = Holder { not_after: "20210101000000Z".to_owned(), ..Holder::default() };
        let certificate =
            Certificate::read(&der(&Desk::certificate_for(&holder, "x").pfx)).expect("a certificate");
        assert!(!certificate.valid_at("2026-01-15T12:00:00Z".parse().expect("a moment")));
    }
}
