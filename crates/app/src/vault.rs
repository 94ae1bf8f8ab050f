//! The vault of a data folder: what seals private keys before they touch the disk.
//!
//! It holds one random key of 32 bytes, the folder's key. Who keeps that key between runs (the
//! system's keyring, a passphrase, a file) is its custody. What is sealed lives elsewhere: in the
//! journal, as a fact's blob.

mod cipher;
mod custody;
mod error;
mod key_file;
mod keyring;
pub(crate) mod passphrase;
mod record;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;

use bytes::Bytes;
use timbre_core::{KeyError, Seals};
use timbre_store::whole;
use zeroize::Zeroizing;

pub use cipher::FolderId;
use cipher::{Key, Label};
pub use custody::{Custody, CustodyUsed, Kind};
pub use error::VaultError;
use keyring::Keyring;
use passphrase::Stretch;
use record::Record;

/// Sealed with the folder's key when the vault is made: says whether a key found later is that one.
const CHECK: &str = "timbre:comprobación";
/// What the folder's key is sealed for when a passphrase keeps it.
const WRAPPED: &str = "timbre:llave";

/// The open vault of one folder. Its key is wiped when it is dropped, and is never shown.
pub struct Vault {
    folder: FolderId,
    key: Key,
    new: bool,
}

impl Vault {
    /// Opens the vault of `folder`, or makes it. An existing one opens only with the custody it was
    /// made with; a new one takes what `how` says, else the best that there is.
    ///
    /// It may wait for a person who has to unlock the keyring: not for an async task.
    pub fn open(folder: &Path, how: &Custody) -> Result<(Vault, CustodyUsed), VaultError> {
        Vault::open_with(folder, how, &Keyring::native())
    }

    fn open_with(
        folder: &Path,
        how: &Custody,
        keyring: &Keyring,
    ) -> Result<(Vault, CustodyUsed), VaultError> {
        match Record::read(folder)? {
            Some(record) => Vault::reopen(folder, &record, how, keyring),
            None => Vault::make(folder, Record::new(FolderId::random()?), how, keyring),
        }
    }

    /// Makes the vault of `folder` anew when the key of the old one is lost, or its custody is to
    /// change. Nothing sealed before opens any more: certificate and CAFs have to be loaded again,
    /// documents and folios stay as they are. What was there is put aside, never deleted.
    pub fn remake(folder: &Path, how: &Custody) -> Result<(Vault, CustodyUsed), VaultError> {
        Vault::remake_with(folder, how, &Keyring::native())
    }

    fn remake_with(
        folder: &Path,
        how: &Custody,
        keyring: &Keyring,
    ) -> Result<(Vault, CustodyUsed), VaultError> {
        let record = match Record::read(folder) {
            Ok(Some(old)) => old.anew(),
            Ok(None) | Err(VaultError::Damaged { .. }) => Record::new(FolderId::random()?),
            Err(other) => return Err(other),
        };
        let (mark, mut moved) = (FolderId::random()?, Vec::new());
        for name in [key_file::NAME, record::NAME] {
            let path = folder.join(name);
            let aside = folder.join(format!("{name}.{mark}"));
            if whole::rename(&path, &aside).map_err(|e| VaultError::disk(&path, e))? {
                moved.push((aside, path));
            }
        }
        Vault::make(folder, record, how, keyring).inspect_err(|_| {
            // What can't be put back can't be told better than the error we have.
            moved.iter().for_each(|(aside, path)| drop(whole::rename(aside, path)));
        })
    }

    /// The name of the vault that `folder` has, without opening it.
    pub fn name(folder: &Path) -> Result<Option<FolderId>, VaultError> {
        Ok(Record::read(folder)?.map(|record| record.folder))
    }

    /// The folder's name for ever, random and no secret; a copy of the folder has the same.
    pub fn folder_id(&self) -> FolderId {
        self.folder
    }

    /// Was it made by this call? With documents in the folder already, that means that its vault
    /// was lost: certificate and CAFs have to be loaded again.
    pub fn is_new(&self) -> bool {
        self.new
    }

    /// What was sealed for `purpose` in this folder.
    pub fn unseal(&self, purpose: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        cipher::unseal(&self.key, &Label { purpose, folder: &self.folder }, sealed)
            .ok_or_else(|| VaultError::Unsealable { purpose: purpose.to_owned() })
    }

    fn reopen(
        folder: &Path,
        record: &Record,
        how: &Custody,
        keyring: &Keyring,
    ) -> Result<(Vault, CustodyUsed), VaultError> {
        let kind = record.custody;
        if let Some(asked) = how.force.filter(|asked| *asked != kind) {
            return Err(VaultError::OtherCustody { made_with: kind, asked });
        }
        let (key, used) = match kind {
            Kind::Keyring => {
                let key = keyring.get(&record.name()).map_err(VaultError::Keyring)?;
                (key, CustodyUsed::Keyring)
            }
            Kind::Passphrase => {
                (record.unwrap_key(folder, how.given_passphrase()?)?, CustodyUsed::Passphrase)
            }
            Kind::KeyFile => {
                let path = key_file::place(folder, how.key_file.as_deref().or(record.key_file.as_deref()));
                let key = key_file::read(&path)?.ok_or_else(|| VaultError::NoKeyFile(path.clone()))?;
                (key, CustodyUsed::key_file(folder, path, None))
            }
        };
        let vault = Vault { folder: record.folder, key, new: false };
        let check = record.check(folder)?;
        vault.unseal(CHECK, &check).map_err(|_| VaultError::OtherKey(kind))?;
        Ok((vault, used))
    }

    fn make(
        folder: &Path,
        mut record: Record,
        how: &Custody,
        keyring: &Keyring,
    ) -> Result<(Vault, CustodyUsed), VaultError> {
        std::fs::create_dir_all(folder).map_err(|e| VaultError::disk(folder, e))?;
        let (key, used) = match how.wish() {
            Some(Kind::Passphrase) => (record.wrap_key(how.given_passphrase()?)?, CustodyUsed::Passphrase),
            Some(Kind::KeyFile) => Vault::key_file(folder, how, None)?,
            Some(Kind::Keyring) => {
                (keyring.make(&record.name())?.map_err(VaultError::NoKeyring)?, CustodyUsed::Keyring)
            }
            None => match keyring.make(&record.name())? {
                Ok(key) => (key, CustodyUsed::Keyring),
                Err(why) => Vault::key_file(folder, how, Some(why))?,
            },
        };
        record.custody = used.kind();
        if let CustodyUsed::KeyFile { path, beside: false, .. } = &used {
            record.key_file = Some(path.clone());
        }
        let id = record.folder;
        let vault = Vault { folder: id, key, new: true };
        record.set_check(&cipher::seal(
            &vault.key,
            &Label { purpose: CHECK, folder: &id },
            CHECK.as_bytes(),
        )?);
        record.write(folder)?;
        Ok((vault, used))
    }

    /// The key of the file that is there already (a service's credential, or a first start that was
    /// cut), else a new one in a new file.
    fn key_file(folder: &Path, how: &Custody, why: Option<String>) -> Result<(Key, CustodyUsed), VaultError> {
        let path = key_file::place(folder, how.key_file.as_deref());
        let key = match key_file::read(&path)? {
            Some(key) => key,
            None => key_file::make(&path)?,
        };
        Ok((key, CustodyUsed::key_file(folder, path, why)))
    }
}

impl Seals for Vault {
    fn seal(&self, purpose: &str, secret: &[u8]) -> Result<Bytes, KeyError> {
        cipher::seal(&self.key, &Label { purpose, folder: &self.folder }, secret)
            .map(Bytes::from)
            .map_err(|e| KeyError::Failed(e.to_string()))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("folder", &self.folder).finish_non_exhaustive()
    }
}
