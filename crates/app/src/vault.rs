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
mod recovery;
mod segments;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use timbre_core::{KeyError, Seals};
use timbre_store::whole;
use zeroize::Zeroizing;

pub use cipher::FolderId;
use cipher::{Key, Label, random_key};
pub use custody::{Custody, CustodyUsed, Kind};
pub use error::VaultError;
use keyring::Keyring;
use passphrase::Stretch;
use record::Record;
pub use recovery::RecoveryKey;

/// Sealed with the folder's key when the vault is made: says whether a key found later is that one.
const CHECK: &str = "timbre:comprobación";
/// What the folder's key is sealed for when a passphrase keeps it.
const WRAPPED: &str = "timbre:llave";

/// The open vault of one folder. Its key is wiped when it is dropped, and is never shown.
pub struct Vault {
    folder: FolderId,
    key: Key,
    new: bool,
    /// The folder's key, wrapped with the recovery key, where there is one. Base64. A person may make a new one while
    /// the vault is in use.
    recovery: RwLock<Option<String>>,
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
            None => Vault::make(folder, Record::new(FolderId::random()?), how, keyring, None),
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
        Vault::replace(folder, record, how, keyring, None)
    }

    /// Puts what was there aside, and makes the vault anew: with `key`, or with a new one.
    fn replace(
        folder: &Path,
        record: Record,
        how: &Custody,
        keyring: &Keyring,
        key: Option<Key>,
    ) -> Result<(Vault, CustodyUsed), VaultError> {
        let (mark, mut moved) = (FolderId::random()?, Vec::new());
        for name in [key_file::NAME, record::NAME] {
            let path = folder.join(name);
            let aside = folder.join(format!("{name}.{mark}"));
            if whole::rename(&path, &aside).map_err(|e| VaultError::disk(&path, e))? {
                moved.push((aside, path));
            }
        }
        Vault::make(folder, record, how, keyring, key).inspect_err(|_| {
            // What can't be put back can't be told better than the error we have.
            moved.iter().for_each(|(aside, path)| drop(whole::rename(aside, path)));
        })
    }

    /// Of what was ever put aside in the folder, removes what gives this very key: whoever copies the folder would need
    /// neither phrase nor paper. What has another key stays, and what keeps it now, whatever its name. Answers what is
    /// left all the same.
    fn remove_asides(&self, folder: &Path, used: &CustodyUsed) -> Vec<VaultError> {
        let wiped = |path: PathBuf| {
            let wiped = key_file::wipe(&path);
            wiped.err().map(|why| VaultError::Left { path, why })
        };
        match self.asides(folder, used) {
            Ok(asides) => asides.into_iter().filter_map(wiped).collect(),
            Err(error) => vec![error],
        }
    }

    /// What was ever put aside and gives this very key.
    fn asides(&self, folder: &Path, used: &CustodyUsed) -> Result<Vec<PathBuf>, VaultError> {
        let failed = |e| VaultError::disk(folder, e);
        let kept = match used {
            CustodyUsed::KeyFile { path, .. } => Some(path.canonicalize().map_err(failed)?),
            CustodyUsed::Keyring | CustodyUsed::Passphrase => None,
        };
        let mut asides = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_aside = |of: &str| {
                let mark = name.strip_prefix(of).and_then(|rest| rest.strip_prefix('.'));
                mark.is_some_and(|mark| FolderId::parse(mark).is_some())
            };
            let same = match () {
                () if kept.is_some() && path.canonicalize().ok() == kept => false,
                // One that can't be read is none of ours.
                () if is_aside(key_file::NAME) => key_file::read(&path)
                    .ok()
                    .flatten()
                    .is_some_and(|key| openssl::memcmp::eq(&*key, &*self.key)),
                () if is_aside(record::NAME) => Record::at(&path)
                    .ok()
                    .flatten()
                    .and_then(|record| record.check(folder).ok())
                    .is_some_and(|check| self.unseal(CHECK, &check).is_ok()),
                () => false,
            };
            if same {
                asides.push(path);
            }
        }
        Ok(asides)
    }

    /// Gives the folder's key to a custody again, when the one that had it lost it: the key is in `heads` (what stands
    /// at the heads of sealed segments, the newest first) or in what is left of the vault, wrapped with the recovery
    /// key. All that was ever sealed with it opens again. What was there is put aside, and removed where it gives the same
    /// key once the new vault stands: what is left of it all the same is answered, too. With another recovery key nothing
    /// changes.
    pub fn recover(
        folder: &Path,
        heads: &[Vec<u8>],
        recovery: &RecoveryKey,
        how: &Custody,
    ) -> Result<(Vault, CustodyUsed, Vec<VaultError>), VaultError> {
        Vault::recover_with(folder, heads, recovery, how, &Keyring::native())
    }

    fn recover_with(
        folder: &Path,
        heads: &[Vec<u8>],
        recovery: &RecoveryKey,
        how: &Custody,
        keyring: &Keyring,
    ) -> Result<(Vault, CustodyUsed, Vec<VaultError>), VaultError> {
        let old = match Record::read(folder) {
            Ok(old) => old,
            Err(VaultError::Damaged { .. }) => None,
            Err(other) => return Err(other),
        };
        let own = old.as_ref().and_then(|old| old.recovered(recovery));
        let found = own.or_else(|| heads.iter().find_map(|head| segments::recovered(head, recovery)));
        let Some((id, key, wrapped)) = found else {
            let none = heads.is_empty() && old.is_none_or(|old| old.recovery.is_none());
            return Err(if none { VaultError::NoRecoveryKey } else { VaultError::WrongRecoveryKey });
        };
        // A name of its own in the keyring: what is there under another one stays.
        let remade = old.map_or(0, |old| old.remade) + 1;
        let mut record = Record::new(id);
        (record.remade, record.recovery) = (remade, Some(wrapped));
        let (vault, used) = Vault::replace(folder, record, how, keyring, Some(key))?;
        let left = vault.remove_asides(folder, &used);
        Ok((Vault { new: false, ..vault }, used, left))
    }

    /// A vault whose file comes from a backup may not know of the recovery key that is in use: `heads` do (what stands at
    /// the heads of sealed segments, the newest first). Segments to come are to be had again with it, too.
    pub fn reminded(self, heads: &[Vec<u8>]) -> Vault {
        let newest = || heads.iter().find_map(|head| segments::wrapped(head, &self.folder));
        let known = self.wrapped().or_else(newest);
        Vault { recovery: RwLock::new(known), ..self }
    }

    /// The folder's key can be had again by this recovery key from now on, and by no other that was kept here. What
    /// sealed segments keep at their heads stays under the one that there was then.
    pub fn recoverable_by(&self, folder: &Path, recovery: &RecoveryKey) -> Result<(), VaultError> {
        let missing = || VaultError::damaged(&folder.join(record::NAME), "falta");
        let mut record = Record::read(folder)?.ok_or_else(missing)?;
        let wrapped = STANDARD.encode(recovery.wrap(&self.folder, &self.key)?);
        record.recovery = Some(wrapped.clone());
        record.write(folder)?;
        *self.recovery.write().unwrap_or_else(PoisonError::into_inner) = Some(wrapped);
        Ok(())
    }

    /// The folder's key as the recovery key wrapped it.
    fn wrapped(&self) -> Option<String> {
        self.recovery.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The name of the vault that `folder` has, without opening it.
    pub fn name(folder: &Path) -> Result<Option<FolderId>, VaultError> {
        Ok(Record::read(folder)?.map(|record| record.folder))
    }

    /// Who keeps the key of the vault that `folder` has.
    pub fn kind(folder: &Path) -> Result<Option<Kind>, VaultError> {
        Ok(Record::read(folder)?.map(|record| record.custody))
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
        let vault =
            Vault { folder: record.folder, key, new: false, recovery: RwLock::new(record.recovery.clone()) };
        let check = record.check(folder)?;
        vault.unseal(CHECK, &check).map_err(|_| VaultError::OtherKey(kind))?;
        Ok((vault, used))
    }

    fn make(
        folder: &Path,
        mut record: Record,
        how: &Custody,
        keyring: &Keyring,
        key: Option<Key>,
    ) -> Result<(Vault, CustodyUsed), VaultError> {
        std::fs::create_dir_all(folder).map_err(|e| VaultError::disk(folder, e))?;
        let kept = |key: Option<Key>| {
            let key = key.map_or_else(random_key, Ok)?;
            Ok::<_, VaultError>(keyring.keep(&record.name(), &key).map(|()| key))
        };
        let (key, used) = match how.wish() {
            Some(Kind::Passphrase) => {
                let key = key.map_or_else(random_key, Ok)?;
                record.wrap_key(&key, how.given_passphrase()?)?;
                (key, CustodyUsed::Passphrase)
            }
            Some(Kind::KeyFile) => Vault::key_file(folder, how, key, None)?,
            Some(Kind::Keyring) => (kept(key)?.map_err(VaultError::NoKeyring)?, CustodyUsed::Keyring),
            None => match kept(key.clone())? {
                Ok(key) => (key, CustodyUsed::Keyring),
                Err(why) => Vault::key_file(folder, how, key, Some(why))?,
            },
        };
        record.custody = used.kind();
        if let CustodyUsed::KeyFile { path, beside: false, .. } = &used {
            record.key_file = Some(path.clone());
        }
        let id = record.folder;
        let vault = Vault { folder: id, key, new: true, recovery: RwLock::new(record.recovery.clone()) };
        record.set_check(&cipher::seal(
            &vault.key,
            &Label { purpose: CHECK, folder: &id },
            CHECK.as_bytes(),
        )?);
        record.write(folder)?;
        Ok((vault, used))
    }

    /// The key of the file that is there already (a service's credential, or a first start that was
    /// cut), else a new one in a new file. A key that is given must be that file's.
    fn key_file(
        folder: &Path,
        how: &Custody,
        key: Option<Key>,
        why: Option<String>,
    ) -> Result<(Key, CustodyUsed), VaultError> {
        let path = key_file::place(folder, how.key_file.as_deref());
        let key = match (key_file::read(&path)?, key) {
            (Some(there), Some(key)) if *there != *key => return Err(VaultError::OtherKeyFile(path)),
            (Some(there), _) => there,
            (None, key) => {
                let key = key.map_or_else(random_key, Ok)?;
                key_file::keep(&path, &key)?;
                key
            }
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
