//! `vault.json`: which custody a folder has, and what is needed to know its key again. No secret.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::sha::sha256;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use timbre_store::whole;

use super::cipher::{self, FolderId, Key, Label};
use super::{Kind, RecoveryKey, Stretch, VaultError, WRAPPED};

pub const NAME: &str = "vault.json";
const VERSION: u64 = 1;

pub struct Record {
    /// The folder's for good: a vault made anew has the same.
    pub folder: FolderId,
    /// How often the vault was made anew.
    pub remade: u32,
    pub custody: Kind,
    /// Where the key file is, when it is not in the folder.
    pub key_file: Option<PathBuf>,
    stretch: Option<Stretch>,
    wrapped: Option<String>,
    /// The folder's key, wrapped with the recovery key, where there is one. Base64.
    pub recovery: Option<String>,
    check: String,
}

/// The file's own form; binary fields are base64.
#[derive(Serialize, Deserialize)]
struct Written {
    folder: String,
    #[serde(default)]
    remade: u32,
    custody: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_file: Option<PathBuf>,
    /// How the passphrase becomes the key that unwraps the folder's.
    #[serde(skip_serializing_if = "Option::is_none")]
    argon2id: Option<Stretch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wrapped: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recovery: Option<String>,
    check: String,
}

impl Record {
    pub fn new(folder: FolderId) -> Record {
        Record {
            folder,
            remade: 0,
            custody: Kind::KeyFile,
            key_file: None,
            stretch: None,
            wrapped: None,
            recovery: None,
            check: String::new(),
        }
    }

    /// For the vault that takes the place of this one.
    pub fn anew(&self) -> Record {
        Record { remade: self.remade + 1, ..Record::new(self.folder) }
    }

    /// `None` when the folder has no vault yet.
    pub fn read(folder: &Path) -> Result<Option<Record>, VaultError> {
        Record::at(&folder.join(NAME))
    }

    /// The same of one that has another name.
    pub fn at(path: &Path) -> Result<Option<Record>, VaultError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(VaultError::disk(path, e)),
        };
        let whole: Value =
            serde_json::from_slice(&bytes).map_err(|e| VaultError::damaged(path, e.to_string()))?;
        let version = whole["version"].as_u64();
        match version {
            Some(VERSION) => {}
            Some(version) if version > VERSION => {
                return Err(VaultError::Newer { path: path.to_owned(), version });
            }
            _ => return Err(VaultError::damaged(path, "no dice su versión")),
        }
        // Without the sum a damaged wrapped key would be told as a wrong passphrase.
        if whole["sum"] != sum(&whole["vault"]) {
            return Err(VaultError::damaged(path, "su suma no calza"));
        }
        let written =
            Written::deserialize(&whole["vault"]).map_err(|e| VaultError::damaged(path, e.to_string()))?;
        let id = FolderId::parse(&written.folder).ok_or_else(|| VaultError::damaged(path, "folder"))?;
        Ok(Some(Record {
            folder: id,
            remade: written.remade,
            custody: written.custody,
            key_file: written.key_file,
            stretch: written.argon2id,
            wrapped: written.wrapped,
            recovery: written.recovery,
            check: written.check,
        }))
    }

    pub fn write(self, folder: &Path) -> Result<(), VaultError> {
        let path = folder.join(NAME);
        let written = Written {
            folder: self.folder.to_string(),
            remade: self.remade,
            custody: self.custody,
            key_file: self.key_file,
            argon2id: self.stretch,
            wrapped: self.wrapped,
            recovery: self.recovery,
            check: self.check,
        };
        let vault = serde_json::to_value(written).map_err(|e| VaultError::disk(&path, e.into()))?;
        let sum = sum(&vault);
        let mut text = format!("{:#}", json!({ "version": VERSION, "vault": vault, "sum": sum }));
        text.push('\n');
        whole::write(&path, text.as_bytes()).map_err(|e| VaultError::disk(&path, e))
    }

    /// The folder's name and key, and the key as it was wrapped with this recovery key.
    pub fn recovered(&self, recovery: &RecoveryKey) -> Option<(FolderId, Key, String)> {
        let text = self.recovery.clone()?;
        let key = recovery.unwrap(&self.folder, &STANDARD.decode(&text).ok()?)?;
        Some((self.folder, key, text))
    }

    /// Keeps the folder's key here, under the passphrase.
    pub fn wrap_key(&mut self, key: &Key, passphrase: &str) -> Result<(), VaultError> {
        let stretch = Stretch::random()?;
        let over = stretch.key(passphrase).ok_or_else(|| VaultError::Cipher("argon2".to_owned()))?;
        let wrapped = cipher::seal(&over, &self.label(), &**key)?;
        self.wrapped = Some(STANDARD.encode(wrapped));
        self.stretch = Some(stretch);
        Ok(())
    }

    /// The key of the folder that [`Record::wrap_key`] kept.
    pub fn unwrap_key(&self, folder: &Path, passphrase: &str) -> Result<Key, VaultError> {
        let damaged = |what| VaultError::damaged(&folder.join(NAME), what);
        let wrapped = self.wrapped.as_deref().and_then(|text| STANDARD.decode(text).ok());
        let wrapped = wrapped.ok_or_else(|| damaged("wrapped"))?;
        let over = self.stretch.as_ref().and_then(|stretch| stretch.key(passphrase));
        let over = over.ok_or_else(|| damaged("argon2id"))?;
        let secret = cipher::unseal(&over, &self.label(), &wrapped).ok_or(VaultError::WrongPassphrase)?;
        let mut key = Key::default();
        if secret.len() != key.len() {
            return Err(damaged("wrapped"));
        }
        key.copy_from_slice(&secret);
        Ok(key)
    }

    /// What the key is called in a keyring. One made anew has a name of its own, so that it never
    /// takes the place of one that turns up again.
    pub fn name(&self) -> String {
        match self.remade {
            0 => format!("carpeta-{}", self.folder),
            times => format!("carpeta-{}-{times}", self.folder),
        }
    }

    pub fn set_check(&mut self, sealed: &[u8]) {
        self.check = STANDARD.encode(sealed);
    }

    pub fn check(&self, folder: &Path) -> Result<Vec<u8>, VaultError> {
        STANDARD.decode(&self.check).map_err(|_| VaultError::damaged(&folder.join(NAME), "check"))
    }

    fn label(&self) -> Label<'_> {
        Label { purpose: WRAPPED, folder: &self.folder }
    }
}

/// SHA-256 of the compact text, in hexadecimal.
fn sum(vault: &Value) -> String {
    sha256(vault.to_string().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
