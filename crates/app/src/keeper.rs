//! The keeper of a folder's keys: what the engine asks of custody, from vault, store and PFX files.
//! It also keeps training and the real world apart.

use std::sync::Arc;

use bytes::Bytes;
use openssl::x509::X509;
use sii_sim::Desk;
use timbre_agent::Custody;
use timbre_core::{Certificate, Environment, KeyError, KeyName, Keys, Refusal, Scheme, Seals};
use timbre_store::{CertificateLoaded, Reader};

use crate::keys::{FolderKeys, seal_certificate};
use crate::pfx;
use crate::vault::Vault;

/// Keys of one folder.
pub struct Keeper {
    keys: FolderKeys<Reader>,
    vault: Arc<Vault>,
}

impl Keeper {
    pub fn new(reader: Reader, vault: Vault) -> Keeper {
        let vault = Arc::new(vault);
        Keeper { keys: FolderKeys::new(reader, Arc::clone(&vault)), vault }
    }
}

impl Keys for Keeper {
    fn sign(&self, key: KeyName<'_>, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.keys.sign(key, scheme, message)
    }

    fn certificate(&self) -> Result<Certificate, KeyError> {
        self.keys.certificate()
    }
}

impl Seals for Keeper {
    fn seal(&self, purpose: &str, secret: &[u8]) -> Result<Bytes, KeyError> {
        self.vault.seal(purpose, secret)
    }
}

impl Custody for Keeper {
    fn read_certificate(
        &self,
        file: &[u8],
        password: &str,
        environment: Environment,
    ) -> Result<CertificateLoaded, Refusal> {
        let read =
            pfx::read(file, password).map_err(|error| Refusal::new(error.code(), "", error.to_string()))?;
        let practice = is_practice(&read.der);
        match environment {
            Environment::Training if !practice => Err(Refusal::new(
                "certificate-real",
                "",
                "Este es un certificado verdadero y la carpeta es de entrenamiento: no se usa aquí.",
            )),
            Environment::Certification | Environment::Production if practice => Err(Refusal::new(
                "certificate-training",
                "",
                "Este es un certificado de entrenamiento: no sirve ante el SII.",
            )),
            _ => seal_certificate(&read, &self.vault).map_err(|error| {
                Refusal::new("certificate-unusable", "", format!("El certificado no sirve: {error}."))
            }),
        }
    }

    fn forget(&self) {
        self.keys.forget();
    }
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
