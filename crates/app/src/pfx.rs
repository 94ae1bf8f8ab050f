//! Reads the file a person's certificate comes in (`.pfx`, `.p12`), of any age, and says what is
//! wrong with it in words a shopkeeper understands. Keeping it is the vault's business.

use std::fmt;

use jiff::Timestamp;
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::error::ErrorStack;
use openssl::pkcs12::{ParsedPkcs12_2, Pkcs12};
use openssl::pkey::{Id, PKey, Private};
use openssl::provider::Provider;
use openssl::x509::{X509, X509NameRef};
use zeroize::Zeroizing;

mod rounds;
#[cfg(test)]
mod tests;

/// A certificate of this many bits or more is not remarked on.
const SOUND_BITS: u32 = 2048;
/// One of fewer is refused.
const LEAST_BITS: u32 = 1024;

/// A person's certificate with its private key.
pub struct Pfx {
    /// Private key, PKCS#8 DER.
    pub key: Zeroizing<Vec<u8>>,
    /// Certificate, DER.
    pub der: Vec<u8>,
    /// The subject as people read it: `CN=JUANA PÉREZ, serialNumber=11111111-1`.
    pub subject: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// RUT of the person. Some authorities leave it out: then somebody has to say it.
    pub holder: Option<String>,
    /// Bits of the key's modulus.
    pub bits: u32,
}

impl Pfx {
    /// What a person should know though it does not stop anything.
    pub fn warning(&self) -> Option<String> {
        let bits = self.bits;
        (bits < SOUND_BITS).then(|| {
            format!("la llave del certificado es corta ({bits} bits): al renovarlo, pide una de 2048")
        })
    }
}

impl fmt::Debug for Pfx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pfx")
            .field("subject", &self.subject)
            .field("holder", &self.holder)
            .field("not_before", &self.not_before)
            .field("not_after", &self.not_after)
            .field("bits", &self.bits)
            .finish_non_exhaustive()
    }
}

/// Why a file is of no use as a certificate to sign with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PfxError {
    #[error("el archivo no es un certificado en formato PFX (termina en .pfx o .p12)")]
    NotPfx,
    #[error("la clave del certificado no es esa")]
    WrongPassword,
    #[error(
        "el certificado viene en un formato antiguo que este equipo no puede leer: ábrelo en Windows y \
         expórtalo de nuevo con cifrado AES256"
    )]
    OldFormat,
    #[error("el archivo no trae el código con que se comprueba su clave (MAC): expórtalo de nuevo")]
    NoMac,
    #[error("el archivo no trae la llave privada: expórtalo de nuevo marcando «exportar la clave privada»")]
    NoKey,
    #[error("el archivo trae una llave privada pero ningún certificado: expórtalo de nuevo completo")]
    NoCertificate,
    #[error("la llave privada del archivo no es la de ninguno de sus certificados")]
    Mismatch,
    #[error("el SII pide una llave RSA y la de este certificado es de otro tipo")]
    NotRsa,
    #[error("la llave del certificado es demasiado corta ({0} bits): hay que pedir un certificado nuevo")]
    ShortKey(u32),
    #[error(
        "el archivo pide demasiado trabajo para comprobar su clave (más de un millón de vueltas) y no se abre: expórtalo de \
         nuevo con las opciones corrientes"
    )]
    TooSlow,
    #[error("el certificado no se pudo leer: {0}")]
    Unreadable(String),
}

impl PfxError {
    /// The same in every language: what programs and tests look at.
    pub fn code(&self) -> &'static str {
        match self {
            PfxError::NotPfx => "certificate-not-pfx",
            PfxError::WrongPassword => "certificate-wrong-password",
            PfxError::OldFormat => "certificate-old-format",
            PfxError::NoMac => "certificate-no-mac",
            PfxError::NoKey => "certificate-no-key",
            PfxError::NoCertificate => "certificate-missing",
            PfxError::Mismatch => "certificate-mismatch",
            PfxError::NotRsa => "certificate-not-rsa",
            PfxError::ShortKey(_) => "certificate-short-key",
            PfxError::TooSlow => "certificate-too-slow",
            PfxError::Unreadable(_) => "certificate-unreadable",
        }
    }
}

impl From<ErrorStack> for PfxError {
    fn from(errors: ErrorStack) -> PfxError {
        PfxError::Unreadable(errors.to_string())
    }
}

/// Opens a PFX. With several certificates it is the one of the private key; with several of those
/// (a renewal keeps the key) the one that lasts longest. Whether it is in force is for the caller,
/// who knows the time.
pub fn read(bytes: &[u8], password: &str) -> Result<Pfx, PfxError> {
    let archive = Pkcs12::from_der(bytes).map_err(|_| PfxError::NotPfx)?;
    rounds::bearable(bytes)?;
    match open(&archive, password) {
        // Files made by OpenSSL before 1.1 took the password's UTF-8 bytes for Latin-1 letters.
        Err(PfxError::WrongPassword) if !password.is_ascii() => {
            let misread: Zeroizing<String> = Zeroizing::new(password.bytes().map(char::from).collect());
            open(&archive, &misread)
        }
        read => read,
    }
}

fn open(archive: &Pkcs12, password: &str) -> Result<Pfx, PfxError> {
    if password.contains('\0') {
        return Err(PfxError::WrongPassword); // no C string, so no password of any PFX
    }
    match archive.parse2(password) {
        Ok(parsed) => choose(parsed),
        Err(errors) => match diagnose(&errors) {
            PfxError::OldFormat => open_old(archive, password),
            other => Err(other),
        },
    }
}

/// RC2 with 40 bits, as Windows exported for twenty years, is in OpenSSL's `legacy` module. That is
/// loaded for this reading only; what comes out is kept under our own cipher.
fn open_old(archive: &Pkcs12, password: &str) -> Result<Pfx, PfxError> {
    let _legacy = Provider::try_load(None, "legacy", true).map_err(|_| PfxError::OldFormat)?;
    archive.parse2(password).map_err(|errors| diagnose(&errors)).and_then(choose)
}

/// OpenSSL's codes: library in the high bits, reason in the low 23.
fn diagnose(errors: &ErrorStack) -> PfxError {
    const PKCS12_LIB: i32 = 35;
    const MAC_ABSENT: i32 = 108;
    const MAC_VERIFY_FAILURE: i32 = 113;
    const UNSUPPORTED: i32 = 0x8010C; // of any library: EVP, PKCS#12, the decoders
    let any = |wanted: &dyn Fn(i32, i32) -> bool| {
        errors.errors().iter().any(|error| wanted(error.library_code(), error.reason_code()))
    };
    // In this order: what is absent or unknown makes the check of the password fail too.
    if any(&|library, reason| library == PKCS12_LIB && reason == MAC_ABSENT) {
        PfxError::NoMac
    } else if any(&|_, reason| reason == UNSUPPORTED) {
        PfxError::OldFormat
    } else if any(&|library, reason| library == PKCS12_LIB && reason == MAC_VERIFY_FAILURE) {
        PfxError::WrongPassword
    } else {
        PfxError::Unreadable(errors.to_string())
    }
}

fn choose(parsed: ParsedPkcs12_2) -> Result<Pfx, PfxError> {
    let key = parsed.pkey.ok_or(PfxError::NoKey)?;
    if key.id() != Id::RSA {
        return Err(PfxError::NotRsa);
    }
    if key.bits() < LEAST_BITS {
        return Err(PfxError::ShortKey(key.bits()));
    }
    let certificates: Vec<X509> = parsed.cert.into_iter().chain(parsed.ca.into_iter().flatten()).collect();
    if certificates.is_empty() {
        return Err(PfxError::NoCertificate);
    }
    let mut best: Option<(Timestamp, X509)> = None;
    for certificate in certificates {
        let ours = certificate.public_key().is_ok_and(|public| public.public_eq(&key));
        if ours {
            let until = time(certificate.not_after())?;
            if best.as_ref().is_none_or(|(other, _)| until > *other) {
                best = Some((until, certificate));
            }
        }
    }
    let (_, certificate) = best.ok_or(PfxError::Mismatch)?;
    pfx(&key, &certificate)
}

fn pfx(key: &PKey<Private>, certificate: &X509) -> Result<Pfx, PfxError> {
    let der = certificate.to_der()?;
    Ok(Pfx {
        key: Zeroizing::new(key.private_key_to_pkcs8()?),
        subject: subject(certificate.subject_name()),
        not_before: time(certificate.not_before())?,
        not_after: time(certificate.not_after())?,
        holder: timbre_chile::holder::holder(&der),
        bits: key.bits(),
        der,
    })
}

fn subject(name: &X509NameRef) -> String {
    let part = |entry: &openssl::x509::X509NameEntryRef| {
        let value = entry.data().to_string().ok()?;
        Some(format!("{}={}", entry.object().nid().short_name().unwrap_or("OID"), value))
    };
    name.entries().filter_map(part).collect::<Vec<_>>().join(", ")
}

fn time(at: &Asn1TimeRef) -> Result<Timestamp, PfxError> {
    let since = Asn1Time::from_unix(0)?.diff(at)?;
    let seconds = i64::from(since.days) * 86_400 + i64::from(since.secs);
    Timestamp::from_second(seconds).map_err(|e| PfxError::Unreadable(e.to_string()))
}
