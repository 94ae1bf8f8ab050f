//! Why a vault does not open, in words that say what to do.

use std::io;
use std::path::{Path, PathBuf};

use openssl::error::ErrorStack;

use super::Kind;

/// The vault can't be opened or made, or something in it can't be read. No variant carries a secret.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("la frase de paso no es la de esta carpeta")]
    WrongPassphrase,
    #[error("esta carpeta se abre con una frase de paso: escríbela, o dala en TIMBRE_PASSPHRASE")]
    NeedsPassphrase,
    #[error(
        "el llavero del sistema no entregó la llave de esta carpeta: {0}. Abre la sesión con el mismo \
         usuario que la creó y desbloquea el llavero; si la llave se perdió, la clave de \
         recuperación la devuelve (timbre vault recover); sin ella hay que rehacer la bóveda (timbre vault remake) \
         y volver a cargar el certificado y los CAF"
    )]
    Keyring(String),
    #[error(
        "el llavero del sistema no pudo guardar la llave de esta carpeta: {0}. Desbloquéalo, o elige una \
         frase de paso o un archivo de llave"
    )]
    NoKeyring(String),
    #[error(
        "esta carpeta guarda su llave en {made_with} y se pidió abrirla con {asked}: quita \
         TIMBRE_CUSTODY o cámbialo"
    )]
    OtherCustody { made_with: Kind, asked: Kind },
    #[error(
        "la llave que dio {0} no es la de esta carpeta: ¿viene de otro equipo o de otra carpeta? La clave de \
         recuperación devuelve la suya (timbre vault recover)"
    )]
    OtherKey(Kind),
    #[error(
        "falta el archivo de llave {0}: tráelo de vuelta, o indica dónde está en TIMBRE_KEY_FILE; si se perdió, la \
         clave de recuperación lo devuelve (timbre vault recover)"
    )]
    NoKeyFile(PathBuf),
    #[error(
        "otros usuarios pueden leer el archivo de llave {path} (permisos {mode:03o}): \
         ejecuta chmod 600 sobre él, y piensa quién pudo haberlo copiado"
    )]
    ExposedKeyFile { path: PathBuf, mode: u32 },
    #[error("{0} no es un archivo de llave de Timbre, o está dañado")]
    BadKeyFile(PathBuf),
    #[error("{0} tiene otra llave: indica otro archivo en TIMBRE_KEY_FILE, o aparta ése")]
    OtherKeyFile(PathBuf),
    #[error("eso no es una clave de recuperación: {0}")]
    NotRecoveryKey(String),
    #[error("esa clave de recuperación no es la de esta carpeta; no se cambió nada")]
    WrongRecoveryKey,
    #[error("esta carpeta no tiene clave de recuperación: se hace al cifrar lo guardado (timbre seal on)")]
    NoRecoveryKey,
    #[error(
        "la llave de la carpeta está de vuelta, pero {path} todavía la tiene y no se pudo borrar ({}): bórrelo, o quien \
         copie la carpeta la abre sin frase ni clave",
        timbre_store::meaning(why)
    )]
    Left { path: PathBuf, why: io::Error },
    #[error("{path} está dañado ({why}): recupéralo de un respaldo de esta misma carpeta")]
    Damaged { path: PathBuf, why: String },
    #[error("{path} es de una versión más nueva de Timbre ({version}): actualiza este equipo")]
    Newer { path: PathBuf, version: u64 },
    #[error("lo que se selló para «{purpose}» no se puede abrir: está dañado o se selló en otra carpeta")]
    Unsealable { purpose: String },
    #[error("TIMBRE_CUSTODY={0} no se entiende: usa keyring, passphrase o keyfile")]
    UnknownCustody(String),
    #[error("no se pudo leer o escribir {path}: {}", timbre_store::meaning(why))]
    Disk { path: PathBuf, why: io::Error },
    #[error("falló el cifrado: {0}")]
    Cipher(String),
}

impl VaultError {
    pub(super) fn disk(path: &Path, why: io::Error) -> VaultError {
        VaultError::Disk { path: path.to_owned(), why }
    }

    /// What the disk said, where it was the disk that failed.
    pub(crate) fn disk_said(&self) -> Option<&io::Error> {
        match self {
            VaultError::Disk { why, .. } => Some(why),
            _ => None,
        }
    }

    pub(super) fn damaged(path: &Path, why: impl Into<String>) -> VaultError {
        VaultError::Damaged { path: path.to_owned(), why: why.into() }
    }
}

impl From<ErrorStack> for VaultError {
    fn from(errors: ErrorStack) -> VaultError {
        VaultError::Cipher(errors.to_string())
    }
}
