//! Whose certificate it is: the RUT of the person, read from the certificate's own bytes.
//!
//! Only what that needs of DER is walked here; keys, dates and signatures are OpenSSL's business.

use crate::rut::Rut;

/// `serialNumber` of the subject, where most of the accredited authorities write the RUT.
const SERIAL_NUMBER: &[u8] = &[0x55, 0x04, 0x05];
/// The extension `subjectAltName`.
const ALT_NAME: &[u8] = &[0x55, 0x1D, 0x11];
/// 1.3.6.1.4.1.8321.1, the RUT of the holder as an `otherName` (8321.2 is the authority's own).
const HOLDER_RUT: &[u8] = &[0x2B, 0x06, 0x01, 0x04, 0x01, 0xC1, 0x01, 0x01];

const OID: u8 = 0x06;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const EXPLICIT_0: u8 = 0xA0;
const EXPLICIT_3: u8 = 0xA3;

/// A certificate has some ten extensions and as many names; more than this is no certificate.
const MANY: usize = 256;

/// The RUT of the person a certificate (DER) was issued to, as `11111111-1`: from the subject, else
/// from the alternative names. `None` when neither has one whose check digit is right.
///
/// A text without a dash is believed only when nothing has one: a bare serial number of the
/// authority has one chance in eleven of looking like a RUT.
pub fn holder(der: &[u8]) -> Option<String> {
    let texts = candidates(der)?;
    let with_dash = texts.iter().filter(|text| text.contains('-'));
    let without = texts.iter().filter(|text| !text.contains('-'));
    with_dash.chain(without).find_map(|text| text.trim().parse::<Rut>().ok()).map(|rut| rut.to_string())
}

/// Every text of the certificate that may be the holder's RUT, the likelier first.
fn candidates(der: &[u8]) -> Option<Vec<String>> {
    let certificate = Walk(der).want(SEQUENCE)?;
    let mut fields = Walk(Walk(certificate).want(SEQUENCE)?);
    fields.skip_if(EXPLICIT_0)?; // version; absent in version 1
    for _ in ["serial", "signature", "issuer", "validity"] {
        fields.next()?;
    }
    let mut found = serial_numbers(fields.want(SEQUENCE)?)?;
    for (tag, value) in fields.all()? {
        if tag == EXPLICIT_3 {
            found.extend(alternative_names(Walk(value).want(SEQUENCE)?)?);
        }
    }
    Some(found)
}

/// `Name ::= SEQUENCE OF SET OF SEQUENCE { type OID, value ANY }`
fn serial_numbers(name: &[u8]) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for (tag, relative) in Walk(name).all()? {
        if tag != SET {
            return None;
        }
        for (_, attribute) in Walk(relative).all()? {
            let mut parts = Walk(attribute);
            if parts.want(OID)? == SERIAL_NUMBER {
                found.extend(text(parts.next()?));
            }
        }
    }
    Some(found)
}

/// `Extensions ::= SEQUENCE OF SEQUENCE { id OID, critical BOOLEAN DEFAULT FALSE, value OCTET STRING }`
fn alternative_names(extensions: &[u8]) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for (_, extension) in Walk(extensions).all()? {
        let mut parts = Walk(extension);
        if parts.want(OID)? != ALT_NAME {
            continue;
        }
        let value = parts.all()?.into_iter().find(|(tag, _)| *tag == OCTETS)?.1;
        for (tag, name) in Walk(Walk(value).want(SEQUENCE)?).all()? {
            // otherName [0] IMPLICIT SEQUENCE { type OID, value [0] EXPLICIT ANY }
            let mut parts = Walk(name);
            if tag == EXPLICIT_0 && parts.want(OID)? == HOLDER_RUT {
                found.extend(text(Walk(parts.want(EXPLICIT_0)?).next()?));
            }
        }
    }
    Some(found)
}

/// The text of a string type whose characters are ASCII for a RUT.
fn text((tag, value): (u8, &[u8])) -> Option<String> {
    let (utf8, numeric, printable, teletex, ia5) = (0x0C, 0x12, 0x13, 0x14, 0x16);
    let short_ascii = value.len() <= 64 && value.is_ascii();
    let is_text = [utf8, numeric, printable, teletex, ia5].contains(&tag);
    (is_text && short_ascii).then(|| String::from_utf8_lossy(value).into_owned())
}

/// Walks the elements of a constructed value, front to back. Never past its end; only definite
/// lengths in their shortest form, as DER wants.
struct Walk<'a>(&'a [u8]);

impl<'a> Walk<'a> {
    /// The next element's tag and value.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        if tag & 0x1F == 0x1F {
            return None; // tags of several bytes are not used in certificates
        }
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7F => (usize::from(first), rest),
            0x81..=0x83 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
                let length = digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit));
                let shortest = length > 0x7F && digits[0] != 0;
                (shortest.then_some(length)?, rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, value))
    }

    fn want(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, value)| value)
    }

    fn skip_if(&mut self, tag: u8) -> Option<()> {
        if self.0.first() == Some(&tag) {
            self.next()?;
        }
        Some(())
    }

    /// What is left, when all of it is well formed.
    fn all(mut self) -> Option<Vec<(u8, &'a [u8])>> {
        let mut found = Vec::new();
        while !self.0.is_empty() {
            if found.len() == MANY {
                return None;
            }
            found.push(self.next()?);
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use openssl::asn1::{Asn1Object, Asn1OctetString, Asn1Time};
    use openssl::hash::MessageDigest;
    use openssl::nid::Nid;
    use openssl::pkey::PKey;
    use openssl::rsa::Rsa;
    use openssl::x509::extension::{BasicConstraints, KeyUsage};
    use openssl::x509::{X509, X509Extension, X509NameBuilder};

    use super::holder;

    /// A certificate with these in its subject and, as otherName, in its alternative names.
    fn certificate(serial_number: Option<&str>, other_name: Option<&str>) -> Vec<u8> {
        let key = PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap();
        let mut subject = X509NameBuilder::new().unwrap();
        subject.append_entry_by_nid(Nid::COUNTRYNAME, "CL").unwrap();
        subject.append_entry_by_nid(Nid::COMMONNAME, "JOSÉ DE PRUEBA").unwrap();
        if let Some(text) = serial_number {
            subject.append_entry_by_nid(Nid::SERIALNUMBER, text).unwrap();
        }
        let subject = subject.build();
        let mut builder = X509::builder().unwrap();
        builder.set_version(2).unwrap();
        builder.set_subject_name(&subject).unwrap();
        builder.set_issuer_name(&subject).unwrap();
        builder.set_not_before(&Asn1Time::from_unix(1_700_000_000).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::from_unix(1_900_000_000).unwrap()).unwrap();
        builder.set_pubkey(&key).unwrap();
        builder.append_extension(BasicConstraints::new().critical().build().unwrap()).unwrap();
        builder.append_extension(KeyUsage::new().critical().digital_signature().build().unwrap()).unwrap();
        if let Some(text) = other_name {
            builder.append_extension(alternative_name(text)).unwrap();
        }
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        builder.build().to_der().unwrap()
    }

    /// SEQUENCE { [2] "caja.cl", [0] { 1.3.6.1.4.1.8321.1, [0] { IA5String } } }
    fn alternative_name(text: &str) -> X509Extension {
        let wrap = |tag: u8, inner: &[u8]| [&[tag, u8::try_from(inner.len()).unwrap()], inner].concat();
        let string = wrap(0xA0, &wrap(0x16, text.as_bytes()));
        let other = wrap(0xA0, &[&wrap(0x06, super::HOLDER_RUT)[..], &string].concat());
        let names = wrap(0x30, &[wrap(0x82, b"caja.cl"), other].concat());
        let value = Asn1OctetString::new_from_bytes(&names).unwrap();
        X509Extension::new_from_der(&Asn1Object::from_str("2.5.29.17").unwrap(), false, &value).unwrap()
    }

    #[test]
    fn the_holder_is_read_wherever_the_authority_wrote_it() {
        for (serial_number, other_name, expect) in [
            (Some("11111111-1"), None, Some("11111111-1")),
            (Some("11.111.111-1"), None, Some("11111111-1")),
            (Some("16000001-k"), None, None), // wrong check digit
            (Some("60803000-k"), None, Some("60803000-K")),
            // As the sample certificates of the SII's manual of authentication write it.
            (None, Some("10.411.871-2"), Some("10411871-2")),
            (None, Some("10450354-3"), Some("10450354-3")),
            (Some("11111111-1"), Some("10450354-3"), Some("11111111-1")),
            (Some("A-7781"), Some("10450354-3"), Some("10450354-3")),
            // A serial number of the authority that looks like a RUT gives way to one with a dash.
            (Some("111111111"), Some("10450354-3"), Some("10450354-3")),
            (Some("111111111"), None, Some("11111111-1")),
            (Some("20260114093000"), Some("10450354-2"), None),
            (None, None, None),
        ] {
            let der = certificate(serial_number, other_name);
            assert_eq!(holder(&der).as_deref(), expect, "{serial_number:?} {other_name:?}");
        }
    }

    #[test]
    fn broken_bytes_have_no_holder_and_do_no_harm() {
        let der = certificate(Some("11111111-1"), Some("10450354-3"));
        for end in 0..der.len() {
            assert_eq!(holder(&der[..end]), None, "cut at {end}");
        }
        for at in 0..der.len() {
            for value in [0x00, 0x7F, 0x80, 0x84, 0xFF] {
                let mut damaged = der.clone();
                damaged[at] = value;
                let _ = holder(&damaged);
            }
        }
        assert_eq!(holder(b"-----BEGIN CERTIFICATE-----"), None);
        assert_eq!(holder(&[0x30, 0x80, 0x30, 0x80, 0, 0, 0, 0]), None);
    }
}
