//! Signing without seeing keys: what a country may ask of whoever holds them.

use bytes::Bytes;

use crate::{GrantId, Refusal, Timestamp};

/// Which key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyName<'a> {
    /// The person's certificate that signs documents and envelopes.
    Certificate,
    /// The key that came with a grant.
    Grant(&'a GrantId),
}

/// RSA PKCS#1 v1.5 over a digest of the message: deterministic, so golden documents are exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    RsaSha1,
    RsaSha256,
}

/// The public half of the signing certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    pub der: Bytes,
    /// RSA modulus and public exponent, big-endian without leading zeros.
    pub modulus: Bytes,
    pub exponent: Bytes,
    /// Tax id of the person it was issued to, as the country writes it.
    pub holder: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

/// Signing failed, or there is nothing to sign with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("no hay un certificado digital cargado")]
    NoCertificate,
    #[error("no está la clave privada del CAF {0}")]
    NoGrantKey(String),
    /// What is kept can't be opened: it is damaged, or the folder's vault is another one by now.
    #[error("el certificado guardado no se puede abrir: cárguelo otra vez")]
    CertificateUnreadable,
    #[error("la clave privada guardada del CAF {0} no se puede abrir: cargue otra vez ese CAF")]
    GrantKeyUnreadable(String),
    #[error("las claves están bloqueadas")]
    Locked,
    #[error("la firma falló: {0}")]
    Failed(String),
}

impl KeyError {
    /// As it is told to who wanted something signed.
    pub fn refusal(&self) -> Refusal {
        let code = match self {
            KeyError::NoCertificate => "certificate-missing",
            KeyError::NoGrantKey(_) => "grant-key-missing",
            KeyError::CertificateUnreadable => "certificate-unreadable",
            KeyError::GrantKeyUnreadable(_) => "grant-unreadable",
            KeyError::Locked => "keys-locked",
            KeyError::Failed(_) => "signing-failed",
        };
        Refusal::temporary(code, "", format!("No se pudo firmar: {self}."))
    }
}

/// Whoever holds the keys. Implementations keep parsed keys, wipe them on drop, and never log.
pub trait Keys: Send + Sync {
    /// Signs `message`; the result has the length of the key's modulus.
    fn sign(&self, key: KeyName<'_>, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, KeyError>;
    /// The certificate that [`KeyName::Certificate`] signs with.
    fn certificate(&self) -> Result<Certificate, KeyError>;
}

/// Whoever encrypts secrets before they touch the disk. `purpose` is bound to the result: what was
/// sealed for one purpose does not open for another.
pub trait Seals: Send + Sync {
    fn seal(&self, purpose: &str, secret: &[u8]) -> Result<Bytes, KeyError>;
}
