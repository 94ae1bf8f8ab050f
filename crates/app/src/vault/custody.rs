//! Who keeps the folder's key between runs: what is asked for, and what it came to.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::VaultError;

/// Where a folder's key is kept. The names are those of `vault.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The operating system's keyring of the user.
    Keyring,
    /// Nowhere: it is wrapped by a key that a passphrase gives.
    Passphrase,
    /// A file that only the user can read.
    KeyFile,
}

impl Kind {
    /// As `TIMBRE_CUSTODY` and the settings write it.
    pub fn parse(text: &str) -> Option<Kind> {
        match text {
            "keyring" => Some(Kind::Keyring),
            "passphrase" => Some(Kind::Passphrase),
            "keyfile" | "key_file" => Some(Kind::KeyFile),
            _ => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Keyring => "el llavero del sistema",
            Kind::Passphrase => "una frase de paso",
            Kind::KeyFile => "un archivo de llave",
        })
    }
}

/// How to open a vault. The default takes the recorded custody, and for a new folder the best that
/// there is.
#[derive(Clone, Default)]
pub struct Custody {
    /// Only this one.
    pub force: Option<Kind>,
    pub passphrase: Option<Zeroizing<String>>,
    /// Where the key file is, when not `vault.key` in the folder.
    pub key_file: Option<PathBuf>,
}

impl Custody {
    pub fn passphrase(passphrase: &str) -> Custody {
        Custody { passphrase: Some(Zeroizing::new(passphrase.to_owned())), ..Custody::default() }
    }

    pub fn forced(kind: Kind) -> Custody {
        Custody { force: Some(kind), ..Custody::default() }
    }

    /// What `TIMBRE_CUSTODY`, `TIMBRE_PASSPHRASE` and `TIMBRE_KEY_FILE` say.
    pub fn from_env() -> Result<Custody, VaultError> {
        Custody::said(|name| std::env::var(name).ok())
    }

    fn said(get: impl Fn(&str) -> Option<String>) -> Result<Custody, VaultError> {
        let said = |name| get(name).filter(|value| !value.is_empty());
        let force = said("TIMBRE_CUSTODY")
            .map(|text| Kind::parse(&text).ok_or(VaultError::UnknownCustody(text)))
            .transpose()?;
        Ok(Custody {
            force,
            passphrase: said("TIMBRE_PASSPHRASE").map(Zeroizing::new),
            key_file: said("TIMBRE_KEY_FILE").map(PathBuf::from),
        })
    }

    pub(super) fn given_passphrase(&self) -> Result<&str, VaultError> {
        let given = self.passphrase.as_ref().filter(|text| !text.is_empty());
        given.map(|text| text.as_str()).ok_or(VaultError::NeedsPassphrase)
    }

    /// The custody a new folder is to have. Who gives a passphrase or a file wants it used.
    pub(super) fn wish(&self) -> Option<Kind> {
        let by_passphrase = self.passphrase.as_ref().map(|_| Kind::Passphrase);
        let by_file = self.key_file.as_ref().map(|_| Kind::KeyFile);
        self.force.or(by_passphrase).or(by_file)
    }
}

impl fmt::Debug for Custody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Custody")
            .field("force", &self.force)
            .field("passphrase", &self.passphrase.as_ref().map(|_| "…"))
            .field("key_file", &self.key_file)
            .finish()
    }
}

/// What keeps the key of an open vault. Its text is for people: show it, and log it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustodyUsed {
    Keyring,
    Passphrase,
    KeyFile {
        path: PathBuf,
        /// In the data folder itself: who copies the folder has the key.
        beside: bool,
        /// Why nothing better was had, when nobody asked for a file.
        why: Option<String>,
    },
}

impl CustodyUsed {
    pub(super) fn key_file(folder: &Path, path: PathBuf, why: Option<String>) -> CustodyUsed {
        let beside = absolute(&path).starts_with(absolute(folder));
        CustodyUsed::KeyFile { path, beside, why }
    }

    pub fn kind(&self) -> Kind {
        match self {
            CustodyUsed::Keyring => Kind::Keyring,
            CustodyUsed::Passphrase => Kind::Passphrase,
            CustodyUsed::KeyFile { .. } => Kind::KeyFile,
        }
    }

    /// Should a person be told that this is less than could be had?
    pub fn is_weaker(&self) -> bool {
        matches!(self, CustodyUsed::KeyFile { .. })
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

impl fmt::Display for CustodyUsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CustodyUsed::KeyFile { path, beside, why } = self else {
            return write!(f, "la llave de esta carpeta está en {}", self.kind());
        };
        write!(f, "modo más débil: la llave de esta carpeta está en el archivo {}", path.display())?;
        if *beside {
            f.write_str(", dentro de ella; quien copie la carpeta podrá firmar con el certificado")?;
        }
        match why {
            Some(why) => write!(f, " (no se pudo usar el llavero del sistema: {why})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_how() {
        let said = |pairs: &'static [(&str, &str)]| {
            Custody::said(|name| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(said(&[]).unwrap().wish(), None);
        assert_eq!(said(&[("TIMBRE_CUSTODY", ""), ("TIMBRE_PASSPHRASE", "")]).unwrap().wish(), None);
        assert_eq!(said(&[("TIMBRE_PASSPHRASE", "x")]).unwrap().wish(), Some(Kind::Passphrase));
        assert_eq!(said(&[("TIMBRE_KEY_FILE", "/run/k")]).unwrap().wish(), Some(Kind::KeyFile));
        for (text, kind) in
            [("keyring", Kind::Keyring), ("keyfile", Kind::KeyFile), ("passphrase", Kind::Passphrase)]
        {
            assert_eq!(Kind::parse(text), Some(kind));
        }
        let forced = said(&[("TIMBRE_CUSTODY", "keyring"), ("TIMBRE_PASSPHRASE", "x")]).unwrap();
        assert_eq!(forced.wish(), Some(Kind::Keyring));
        assert!(matches!(said(&[("TIMBRE_CUSTODY", "llavero")]), Err(VaultError::UnknownCustody(_))));
    }
}
