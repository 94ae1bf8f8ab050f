//! The keeper of a folder's keys: what the engine asks of custody, from vault, store and PFX files.
//! It also keeps training and the real world apart.

use std::sync::Arc;

use bytes::Bytes;
use openssl::x509::X509;
use sii_sim::Desk;
use timbre_agent::{Custody, ReadCertificate};
use timbre_chile::rut::Rut;
use timbre_core::{Certificate, Environment, KeyError, KeyName, Keys, Refusal, Scheme, Seals};
use timbre_pos::Safe;
use timbre_store::Reader;
use zeroize::Zeroizing;

use crate::keys::{FolderKeys, seal_certificate};
use crate::pfx;
use crate::printers::capital;
use crate::vault::Vault;

/// Keys of one folder; of none while its vault is closed, for who only looks.
pub struct Keeper(Option<Open>);

struct Open {
    keys: FolderKeys<Reader>,
    vault: Arc<Vault>,
}

impl Keeper {
    pub fn new(reader: Reader, vault: Option<Arc<Vault>>) -> Keeper {
        Keeper(vault.map(|vault| Open { keys: FolderKeys::new(reader, Arc::clone(&vault)), vault }))
    }

    fn open(&self) -> Result<&Open, KeyError> {
        self.0.as_ref().ok_or(KeyError::Locked)
    }
}

impl Keys for Keeper {
    fn sign(&self, key: KeyName<'_>, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.open()?.keys.sign(key, scheme, message)
    }

    fn certificate(&self) -> Result<Certificate, KeyError> {
        self.open()?.keys.certificate()
    }
}

impl Seals for Keeper {
    fn seal(&self, purpose: &str, secret: &[u8]) -> Result<Bytes, KeyError> {
        self.open()?.vault.seal(purpose, secret)
    }
}

impl Safe for Keeper {
    fn close(&self, purpose: &str, secret: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(self.seal(purpose, secret)?.to_vec())
    }

    fn open(&self, purpose: &str, closed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let opened = self.open()?.vault.unseal(purpose, closed);
        opened.map_err(|error| KeyError::Failed(error.to_string()))
    }
}

impl Custody for Keeper {
    fn read_certificate(
        &self,
        file: &[u8],
        password: &str,
        holder: Option<&str>,
        environment: Environment,
    ) -> Result<ReadCertificate, Refusal> {
        let unusable = |error: KeyError| {
            Refusal::new("certificate-unusable", "", format!("El certificado no sirve: {error}."))
        };
        let open = self.open().map_err(unusable)?;
        let mut read = pfx::read(file, password)
            .map_err(|error| Refusal::new(error.code(), "", capital(&error.to_string())))?;
        let practice = is_practice(&read.der);
        match environment {
            Environment::Training if !practice => {
                return Err(Refusal::new(
                    "certificate-real",
                    "",
                    "Este es un certificado verdadero y la carpeta es de entrenamiento: no se usa aquí.",
                ));
            }
            Environment::Certification | Environment::Production if practice => {
                return Err(Refusal::new(
                    "certificate-training",
                    "",
                    "Este es un certificado de entrenamiento: no sirve ante el SII.",
                ));
            }
            Environment::Training | Environment::Certification | Environment::Production => {}
        }
        if read.holder.is_none() {
            read.holder = Some(said(holder)?);
        }
        let loaded = seal_certificate(&read, &open.vault).map_err(unusable)?;
        Ok(ReadCertificate { loaded, warning: read.warning() })
    }

    fn forget(&self) {
        if let Some(open) = &self.0 {
            open.keys.forget();
        }
    }
}

/// Whose a certificate is that does not say so itself.
fn said(holder: Option<&str>) -> Result<String, Refusal> {
    let Some(text) = holder else {
        return Err(Refusal::new(
            "certificate-holder-missing",
            "holder",
            "El certificado no dice el RUT de su titular: indíquelo al cargarlo.",
        ));
    };
    text.parse::<Rut>().map(|rut| rut.to_string()).map_err(|error| {
        Refusal::new("certificate-holder-invalid", "holder", format!("El RUT del titular no sirve: {error}."))
    })
}

/// Was it issued by the simulator's desk, whose keys are public and good for nothing?
fn is_practice(der: &[u8]) -> bool {
    let signed = || -> Result<bool, openssl::error::ErrorStack> {
        let authority = X509::from_pem(Desk::ca().as_bytes())?;
        let key = authority.public_key()?;
        X509::from_der(der)?.verify(&key)
    };
    signed().unwrap_or(false)
}
