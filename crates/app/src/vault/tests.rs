//! The vault as its callers see it.

mod key_file;
mod keyring;
mod recovery;

use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keyring_core::mock;
use tempfile::{TempDir, tempdir};
use timbre_core::Seals;

use super::*;

const SECRET: &[u8] = b"-----BEGIN RSA PRIVATE KEY----- secreto";

fn no_keyring() -> Keyring {
    Keyring::of(|| Err("no hay una sesión de escritorio".to_owned()), Duration::from_secs(5))
}

fn open(folder: &Path, how: &Custody) -> Result<(Vault, CustodyUsed), VaultError> {
    Vault::open_with(folder, how, &no_keyring())
}

#[track_caller]
fn refused(folder: &Path, how: &Custody) -> VaultError {
    open(folder, how).map(|(_, used)| used).expect_err("it should not open")
}

fn with_key_file() -> (TempDir, Vault) {
    let folder = tempdir().unwrap();
    let (vault, _) = open(folder.path(), &Custody::forced(Kind::KeyFile)).unwrap();
    (folder, vault)
}

#[test]
fn what_is_sealed_opens_again_after_a_restart() {
    let (folder, vault) = with_key_file();
    let sealed = vault.seal("certificate", SECRET).unwrap();
    assert!(vault.is_new());
    assert_ne!(sealed, vault.seal("certificate", SECRET).unwrap(), "a nonce of its own each time");
    assert!(!sealed.windows(7).any(|part| part == b"secreto"));

    let (vault, used) = open(folder.path(), &Custody::default()).unwrap();
    assert!(!vault.is_new());
    assert_eq!(used.kind(), Kind::KeyFile);
    assert_eq!(*vault.unseal("certificate", &sealed).unwrap(), SECRET);
    assert_eq!(*vault.unseal("", &vault.seal("", b"").unwrap()).unwrap(), b"");
}

#[test]
fn a_changed_byte_another_purpose_or_another_folder_is_refused() {
    let (_folder, vault) = with_key_file();
    let sealed = vault.seal("grant:a", SECRET).unwrap();
    for at in 0..sealed.len() {
        let mut changed = sealed.to_vec();
        changed[at] ^= 1;
        assert!(matches!(vault.unseal("grant:a", &changed), Err(VaultError::Unsealable { .. })), "byte {at}");
        assert!(vault.unseal("grant:a", &sealed[..at]).is_err(), "cut at {at}");
    }
    for purpose in ["grant:b", "grant:", "grant:a ", "certificate", ""] {
        assert!(vault.unseal(purpose, &sealed).is_err(), "{purpose:?}");
    }
    // Even when somebody carries the key over to another folder.
    let elsewhere = Vault {
        folder: FolderId::random().unwrap(),
        key: vault.key.clone(),
        new: false,
        recovery: RwLock::default(),
    };
    assert!(elsewhere.unseal("grant:a", &sealed).is_err());
    let (_other, other) = with_key_file();
    assert!(other.unseal("grant:a", &sealed).is_err());
}

#[test]
fn a_new_folder_without_a_keyring_takes_a_file_and_says_so() {
    let folder = tempdir().unwrap();
    let (_, used) = open(folder.path(), &Custody::default()).unwrap();
    assert!(used.is_weaker());
    let said = used.to_string();
    assert!(said.contains("modo más débil") && said.contains("no hay una sesión de escritorio"), "{said}");
    assert!(said.contains("quien copie la carpeta"), "{said}");
}

#[test]
fn a_passphrase_opens_its_folder_and_no_other_does() {
    let folder = tempdir().unwrap();
    let right = Custody::passphrase("pan amasado con ñ");
    let (vault, used) = open(folder.path(), &right).unwrap();
    assert_eq!(used, CustodyUsed::Passphrase);
    assert!(!folder.path().join("vault.key").exists());
    let sealed = vault.seal("certificate", SECRET).unwrap();

    let (vault, _) = open(folder.path(), &right).unwrap();
    assert_eq!(*vault.unseal("certificate", &sealed).unwrap(), SECRET);
    assert!(matches!(
        refused(folder.path(), &Custody::passphrase("pan amasado")),
        VaultError::WrongPassphrase
    ));
    assert!(matches!(refused(folder.path(), &Custody::default()), VaultError::NeedsPassphrase));
    assert!(matches!(refused(folder.path(), &Custody::passphrase("")), VaultError::NeedsPassphrase));
    let forced = Custody { force: Some(Kind::KeyFile), ..right.clone() };
    assert!(matches!(refused(folder.path(), &forced), VaultError::OtherCustody { .. }));

    let empty = tempdir().unwrap();
    assert!(matches!(refused(empty.path(), &Custody::forced(Kind::Passphrase)), VaultError::NeedsPassphrase));
    assert!(!empty.path().join("vault.json").exists());
}

#[test]
fn damage_is_not_told_as_a_wrong_passphrase() {
    let folder = tempdir().unwrap();
    let right = Custody::passphrase("timbre");
    open(folder.path(), &right).unwrap();
    let path = folder.path().join("vault.json");
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains("timbre\""));
    let wrapped = text.find("\"wrapped\": \"").unwrap() + 20;
    let mut damaged = text.clone().into_bytes();
    damaged[wrapped] = if damaged[wrapped] == b'A' { b'B' } else { b'A' };
    fs::write(&path, damaged).unwrap();
    assert!(matches!(refused(folder.path(), &right), VaultError::Damaged { .. }));
    for (from, to) in [("\"version\": 1", "\"version\": 2"), ("\"version\": 1", "\"version\": \"x\"")] {
        fs::write(&path, text.replace(from, to)).unwrap();
        assert!(matches!(
            refused(folder.path(), &right),
            VaultError::Newer { .. } | VaultError::Damaged { .. }
        ));
    }
    fs::write(&path, "").unwrap();
    assert!(matches!(refused(folder.path(), &right), VaultError::Damaged { .. }));
}

#[test]
fn a_lost_key_means_a_new_vault_and_the_old_one_is_kept_aside() {
    let (folder, vault) = with_key_file();
    let sealed = vault.seal("certificate", SECRET).unwrap();
    let how = Custody::passphrase("timbre");
    let (remade, used) = Vault::remake_with(folder.path(), &how, &no_keyring()).unwrap();
    assert_eq!((used, remade.is_new()), (CustodyUsed::Passphrase, true));
    assert!(remade.unseal("certificate", &sealed).is_err());
    assert_eq!(remade.folder_id(), vault.folder_id());
    // One that can't be made leaves the one there was.
    Vault::remake_with(folder.path(), &Custody::forced(Kind::Keyring), &no_keyring()).unwrap_err();
    open(folder.path(), &how).unwrap();
    let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    let names: Vec<_> = names.iter().map(|name| name.to_string_lossy()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names[1].starts_with("vault.json.") && names[2].starts_with("vault.key."), "{names:?}");
}

#[test]
fn no_text_shows_a_secret() {
    let passphrase = "correcto caballo batería grapa";
    let folder = tempdir().unwrap();
    let how = Custody::passphrase(passphrase);
    let (vault, used) = open(folder.path(), &how).unwrap();
    let store = mock::Store::new().unwrap();
    let keyrung = tempdir().unwrap();
    let (keyrung, _) = Vault::open_with(keyrung.path(), &Custody::default(), &keyring::of(&store)).unwrap();
    let (filed_folder, filed) = with_key_file();
    let mut shown = vec![
        format!("{vault:?} {vault:#?} {how:?} {how:#?} {used:?} {used}"),
        format!("{keyrung:?} {filed:?}"),
        fs::read_to_string(folder.path().join("vault.json")).unwrap(),
        fs::read_to_string(filed_folder.path().join("vault.json")).unwrap(),
    ];
    let wrong = Custody::passphrase("correcto caballo batería grapa!");
    let unsealable = vault.unseal("certificate", SECRET).unwrap_err();
    for error in [refused(folder.path(), &wrong), refused(folder.path(), &Custody::default()), unsealable] {
        shown.push(format!("{error} {error:?}"));
    }
    for secret in [passphrase.to_owned(), "caballo".to_owned(), "secreto".to_owned()]
        .into_iter()
        .chain([&vault, &keyrung, &filed].into_iter().flat_map(|vault| spellings(&*vault.key)))
    {
        assert!(shown.iter().all(|text| !text.contains(&secret)), "a secret is shown");
    }
}

/// How a careless program would have written these bytes.
fn spellings(key: &[u8]) -> Vec<String> {
    let hex = key.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let list = format!("{:?}", &key[..8]);
    vec![STANDARD.encode(key), hex.to_uppercase(), hex, list.trim_end_matches(']').to_owned()]
}
