//! The keys of a folder: unsealed once, kept parsed in memory, and never shown to who asks for a
//! signature. Reading them from the disk is the store's business, keeping them closed the vault's.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{Id, PKey, Private};
use openssl::sign::Signer;
use openssl::x509::X509;
use timbre_core::{Certificate, GrantFile, GrantId, KeyError, KeyName, Keys, Scheme, Seals};
use timbre_store::{CertificateLoaded, Reader};

use crate::pfx::Pfx;
use crate::vault::Vault;

#[cfg(test)]
mod tests;

/// What the certificate's private key is sealed for.
pub const CERTIFICATE: &str = "certificate";

/// What the private key of a grant is sealed for.
pub fn grant_purpose(id: &GrantId) -> String {
    format!("grant:{}", id.0)
}

/// Who has the sealed keys: the store, or a test.
pub trait Sealed: Send + Sync {
    /// The certificate loaded last.
    fn certificate(&self) -> Result<Option<CertificateLoaded>, KeyError>;
    /// The sealed private key of a grant.
    fn grant_key(&self, id: &GrantId) -> Result<Option<Bytes>, KeyError>;
}

impl Sealed for Reader {
    fn certificate(&self) -> Result<Option<CertificateLoaded>, KeyError> {
        Reader::certificate(self).map_err(|e| KeyError::Failed(e.to_string()))
    }

    fn grant_key(&self, id: &GrantId) -> Result<Option<Bytes>, KeyError> {
        Reader::grant_key(self, id).map_err(|e| KeyError::Failed(e.to_string()))
    }
}

/// The fact that a certificate was loaded, with its key sealed. The holder may be filled in before
/// by a person, when the certificate does not say it.
pub fn seal_certificate(pfx: &Pfx, vault: &Vault) -> Result<CertificateLoaded, KeyError> {
    let holder = pfx.holder.clone().ok_or_else(|| {
        KeyError::Failed("el certificado no dice el RUT de su titular: indícalo al cargarlo".to_owned())
    })?;
    Ok(CertificateLoaded {
        holder,
        subject: pfx.subject.clone(),
        not_before: pfx.not_before,
        not_after: pfx.not_after,
        der: Bytes::copy_from_slice(&pfx.der),
        sealed: vault.seal(CERTIFICATE, &pfx.key)?,
    })
}

/// The private key of a grant, sealed, after seeing that it is one that can sign.
pub fn seal_grant(file: &GrantFile, vault: &Vault) -> Result<Bytes, KeyError> {
    parse(&file.secret)?;
    vault.seal(&grant_purpose(&file.grant.id), &file.secret)
}

/// Signs with what a folder holds. Each key is unsealed and parsed at its first use.
pub struct FolderKeys<S> {
    sealed: S,
    vault: Arc<Vault>,
    cache: RwLock<Cache>,
}

#[derive(Default)]
struct Cache {
    certificate: Option<(Arc<PKey<Private>>, Certificate)>,
    grants: HashMap<GrantId, Arc<PKey<Private>>>,
}

impl<S: Sealed> FolderKeys<S> {
    pub fn new(sealed: S, vault: Arc<Vault>) -> FolderKeys<S> {
        FolderKeys { sealed, vault, cache: RwLock::default() }
    }

    /// Forgets all that is parsed. To be called when a new certificate is in the store, and by
    /// whoever seals documents, between two of them: one that took the certificate before and
    /// signed after would carry the wrong one.
    pub fn forget(&self) {
        *self.write() = Cache::default();
    }

    fn certificate_key(&self) -> Result<(Arc<PKey<Private>>, Certificate), KeyError> {
        if let Some(held) = &self.read().certificate {
            return Ok(held.clone());
        }
        // Loaded under the lock, so that `forget` can't come between reading and keeping.
        let mut cache = self.write();
        if let Some(held) = &cache.certificate {
            return Ok(held.clone());
        }
        let loaded = self.sealed.certificate()?.ok_or(KeyError::NoCertificate)?;
        let key = self.unseal(CERTIFICATE, &loaded.sealed, || KeyError::CertificateUnreadable)?;
        let certificate = public_half(loaded, &key)?;
        Ok(cache.certificate.insert((key, certificate)).clone())
    }

    fn grant_key(&self, id: &GrantId) -> Result<Arc<PKey<Private>>, KeyError> {
        if let Some(key) = self.read().grants.get(id) {
            return Ok(key.clone());
        }
        let mut cache = self.write();
        if let Some(key) = cache.grants.get(id) {
            return Ok(key.clone());
        }
        let sealed = self.sealed.grant_key(id)?.ok_or_else(|| KeyError::NoGrantKey(id.0.clone()))?;
        let key = self.unseal(&grant_purpose(id), &sealed, || KeyError::GrantKeyUnreadable(id.0.clone()))?;
        cache.grants.insert(id.clone(), key.clone());
        Ok(key)
    }

    /// `lost`: what is said of one that does not open.
    fn unseal(
        &self,
        purpose: &str,
        sealed: &[u8],
        lost: impl FnOnce() -> KeyError,
    ) -> Result<Arc<PKey<Private>>, KeyError> {
        let secret = self.vault.unseal(purpose, sealed).map_err(|error| {
            tracing::error!(%error, "a key that is kept does not open");
            lost()
        })?;
        parse(&secret).map(Arc::new)
    }

    /// A poisoned cache is a good one: each change of it is a single assignment.
    fn read(&self) -> RwLockReadGuard<'_, Cache> {
        self.cache.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Cache> {
        self.cache.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Sealed> Keys for FolderKeys<S> {
    fn sign(&self, key: KeyName<'_>, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let key = match key {
            KeyName::Certificate => self.certificate_key()?.0,
            KeyName::Grant(id) => self.grant_key(id)?,
        };
        let digest = match scheme {
            Scheme::RsaSha1 => MessageDigest::sha1(),
            Scheme::RsaSha256 => MessageDigest::sha256(),
        };
        Signer::new(digest, &key).and_then(|mut signer| signer.sign_oneshot_to_vec(message)).map_err(failed)
    }

    fn certificate(&self) -> Result<Certificate, KeyError> {
        self.certificate_key().map(|(_, certificate)| certificate)
    }
}

impl<S> fmt::Debug for FolderKeys<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FolderKeys").field("vault", &self.vault).finish_non_exhaustive()
    }
}

/// PEM as a CAF brings it (PKCS#1, with what spaces its XML left around it), or PKCS#8 DER.
fn parse(secret: &[u8]) -> Result<PKey<Private>, KeyError> {
    let text = secret.trim_ascii();
    let key = if text.starts_with(b"-----BEGIN") {
        // The empty passphrase keeps OpenSSL from asking for one on the terminal.
        PKey::private_key_from_pem_passphrase(text, b"")
    } else {
        PKey::private_key_from_pkcs8(secret)
    };
    let key =
        key.map_err(|_| KeyError::Failed("la llave privada está dañada o no es una llave".to_owned()))?;
    if key.id() != Id::RSA {
        return Err(KeyError::Failed("la llave privada no es RSA".to_owned()));
    }
    Ok(key)
}

/// The certificate's public half, after seeing that it is the key's.
fn public_half(loaded: CertificateLoaded, key: &PKey<Private>) -> Result<Certificate, KeyError> {
    let public =
        X509::from_der(&loaded.der).and_then(|certificate| certificate.public_key()).map_err(failed)?;
    if !public.public_eq(key) {
        return Err(KeyError::Failed("el certificado guardado no es el de su llave privada".to_owned()));
    }
    let rsa = public.rsa().map_err(failed)?;
    Ok(Certificate {
        der: loaded.der,
        modulus: rsa.n().to_vec().into(),
        exponent: rsa.e().to_vec().into(),
        holder: loaded.holder,
        not_before: loaded.not_before,
        not_after: loaded.not_after,
    })
}

fn failed(errors: ErrorStack) -> KeyError {
    KeyError::Failed(errors.to_string())
}
