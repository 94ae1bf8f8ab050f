//! Makes the personal certificate a seller signs with, issued by the training CA.

use openssl::{
    asn1::Asn1Time,
    bn::{BigNum, MsbOption},
    error::ErrorStack,
    hash::MessageDigest,
    nid::Nid,
    pkcs12::Pkcs12,
    pkey::{PKey, Private},
    rsa::Rsa,
    stack::Stack,
    x509::{
        X509, X509NameBuilder,
        extension::{BasicConstraints, KeyUsage},
    },
};

const CA: &str = include_str!("training-ca.pem");
const CA_KEY: &str = include_str!("training-ca-key.pem");

/// Who the certificate is for, and when it holds (`AAAAMMDDHHMMSSZ`).
#[derive(Clone, Debug)]
pub struct Holder {
    pub rut: String,
    pub name: String,
    pub not_before: String,
    pub not_after: String,
}

impl Default for Holder {
    /// Valid for as long as the training CA, so that a wound clock finds it valid.
    fn default() -> Self {
        Holder {
            rut: "11111111-1".to_owned(),
            name: "VENDEDOR DE ENTRENAMIENTO".to_owned(),
            not_before: "20200101000000Z".to_owned(),
            not_after: "20491231235959Z".to_owned(),
        }
    }
}

pub struct TrainingCertificate {
    pub pfx: Vec<u8>,
    /// Subject `serialNumber`, where the accredited CAs put the holder's RUT.
    pub holder_rut: String,
}

pub(super) fn issue(holder: &Holder, password: &str) -> TrainingCertificate {
    TrainingCertificate {
        pfx: pfx(holder, password).expect("OpenSSL signs with the committed CA"),
        holder_rut: holder.rut.clone(),
    }
}

fn pfx(holder: &Holder, password: &str) -> Result<Vec<u8>, ErrorStack> {
    let key = PKey::from_rsa(Rsa::generate(2048)?)?;
    let authority = X509::from_pem(CA.as_bytes())?;
    let certificate = certificate(holder, &key, &authority)?;
    let mut chain = Stack::new()?;
    chain.push(authority)?;
    let packed =
        Pkcs12::builder().name(&holder.name).pkey(&key).cert(&certificate).ca(chain).build2(password)?;
    packed.to_der()
}

fn certificate(holder: &Holder, key: &PKey<Private>, authority: &X509) -> Result<X509, ErrorStack> {
    let mut subject = X509NameBuilder::new()?;
    subject.append_entry_by_nid(Nid::COUNTRYNAME, "CL")?;
    subject.append_entry_by_nid(Nid::COMMONNAME, &holder.name)?;
    subject.append_entry_by_nid(Nid::SERIALNUMBER, &holder.rut)?;
    let mut serial = BigNum::new()?;
    serial.rand(120, MsbOption::MAYBE_ZERO, false)?;

    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_serial_number(&*serial.to_asn1_integer()?)?;
    builder.set_subject_name(&subject.build())?;
    builder.set_issuer_name(authority.subject_name())?;
    builder.set_not_before(&*Asn1Time::from_str(&holder.not_before)?)?;
    builder.set_not_after(&*Asn1Time::from_str(&holder.not_after)?)?;
    builder.set_pubkey(key)?;
    builder.append_extension(BasicConstraints::new().critical().build()?)?;
    let usage = KeyUsage::new().critical().digital_signature().non_repudiation().build()?;
    builder.append_extension(usage)?;
    let signer = PKey::private_key_from_pem(CA_KEY.as_bytes())?;
    builder.sign(&signer, MessageDigest::sha256())?;
    Ok(builder.build())
}
