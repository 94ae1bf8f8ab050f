//! The vault on a keyring that is there, forgets, hangs, or belongs to somebody else.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use keyring_core::{CredentialStore, mock};
use tempfile::tempdir;

use super::super::*;
use super::{SECRET, no_keyring};

pub fn of(store: &Arc<mock::Store>) -> Keyring {
    let store: Arc<CredentialStore> = store.clone();
    Keyring::of(move || Ok(store.clone()), Duration::from_secs(5))
}

#[test]
fn the_keyring_keeps_the_key_and_nothing_else() {
    let store = mock::Store::new().unwrap();
    let folder = tempdir().unwrap();
    let (vault, used) = Vault::open_with(folder.path(), &Custody::default(), &of(&store)).unwrap();
    assert_eq!((used.clone(), used.is_weaker()), (CustodyUsed::Keyring, false));
    let sealed = vault.seal("certificate", SECRET).unwrap();
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["vault.json"]);

    // A passphrase in the environment does not matter to a folder that was made with the keyring.
    let how = Custody::passphrase("otra");
    let (vault, _) = Vault::open_with(folder.path(), &how, &of(&store)).unwrap();
    assert_eq!(*vault.unseal("certificate", &sealed).unwrap(), SECRET);

    // Another folder has a key of its own in the same keyring.
    let other = tempdir().unwrap();
    let (other, _) = Vault::open_with(other.path(), &Custody::default(), &of(&store)).unwrap();
    assert_ne!(other.key, vault.key);
}

#[test]
fn a_keyring_that_lost_the_key_is_an_error_and_never_a_new_key() {
    let folder = tempdir().unwrap();
    let store = mock::Store::new().unwrap();
    Vault::open_with(folder.path(), &Custody::default(), &of(&store)).unwrap();
    let before = fs::read(folder.path().join("vault.json")).unwrap();
    for keyring in [no_keyring(), of(&mock::Store::new().unwrap())] {
        let error = Vault::open_with(folder.path(), &Custody::default(), &keyring).map(|_| ()).unwrap_err();
        assert!(matches!(error, VaultError::Keyring(_)));
        assert!(error.to_string().contains("desbloquea el llavero"), "{error}");
    }
    assert_eq!(fs::read(folder.path().join("vault.json")).unwrap(), before);
    assert!(!folder.path().join("vault.key").exists());

    // Somebody else's key under that name.
    let name = Record::read(folder.path()).unwrap().unwrap().name();
    let other = mock::Store::new().unwrap();
    of(&other).keep(&name, &cipher::random_key().unwrap()).unwrap();
    let error = Vault::open_with(folder.path(), &Custody::default(), &of(&other)).map(|_| ()).unwrap_err();
    assert!(matches!(error, VaultError::OtherKey(Kind::Keyring)), "{error}");
}

#[test]
fn a_keyring_that_never_answers_is_given_up() {
    let hangs = || {
        let (silent, never) = std::sync::mpsc::channel::<()>();
        let _ = never.recv_timeout(Duration::from_secs(30));
        drop(silent);
        Err("nunca".to_owned())
    };
    let slow = Keyring::of(hangs, Duration::from_millis(50));
    let folder = tempdir().unwrap();
    let start = Instant::now();
    let (_, used) = Vault::open_with(folder.path(), &Custody::default(), &slow).unwrap();
    assert!(used.to_string().contains("no respondió"), "{used}");
    let forced = Vault::open_with(tempdir().unwrap().path(), &Custody::forced(Kind::Keyring), &slow);
    assert!(matches!(forced.map(|_| ()), Err(VaultError::NoKeyring(_))));
    assert!(start.elapsed() < Duration::from_secs(20));
}

/// For a desktop, or a bus of its own with an unlocked keyring; it leaves one key in it.
#[test]
#[ignore = "needs the system's keyring, unlocked"]
fn the_systems_own_keyring_keeps_the_key() {
    let folder = tempdir().unwrap();
    let (vault, used) = Vault::open(folder.path(), &Custody::forced(Kind::Keyring)).unwrap();
    assert_eq!(used, CustodyUsed::Keyring);
    let sealed = vault.seal("certificate", SECRET).unwrap();
    let (vault, _) = Vault::open(folder.path(), &Custody::default()).unwrap();
    assert_eq!(*vault.unseal("certificate", &sealed).unwrap(), SECRET);
}

#[test]
fn a_vault_made_anew_leaves_the_lost_key_in_the_keyring_alone() {
    let store = mock::Store::new().unwrap();
    let folder = tempdir().unwrap();
    let (old, _) = Vault::open_with(folder.path(), &Custody::default(), &of(&store)).unwrap();
    let before = Record::read(folder.path()).unwrap().unwrap().name();
    let (new, _) = Vault::remake_with(folder.path(), &Custody::default(), &of(&store)).unwrap();
    assert_ne!(new.key, old.key);
    assert_eq!(new.folder_id(), old.folder_id());
    assert!(of(&store).get(&before).unwrap() == old.key);
    Vault::open_with(folder.path(), &Custody::default(), &of(&store)).unwrap();
}
