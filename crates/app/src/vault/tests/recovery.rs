//! The folder's key had again with the recovery key: by a custody that lost it, and by another machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use keyring_core::mock;
use tempfile::{TempDir, tempdir};
use timbre_core::Seals;
use timbre_store::{Key, SegmentKeys};

use super::super::*;
use super::keyring::of;
use super::{SECRET, no_keyring};

/// A vault in a keyring, with a recovery key; what it sealed, and the head of a segment.
struct Made {
    folder: TempDir,
    recovery: RecoveryKey,
    sealed: Bytes,
    head: Vec<u8>,
    key: Key,
}

fn made() -> Made {
    let folder = tempdir().unwrap();
    let store = mock::Store::new().unwrap();
    let (vault, _) = Vault::open_with(folder.path(), &Custody::default(), &of(&store)).unwrap();
    let key = Key::new([7; 32]);
    assert!(vault.close(&key).is_err(), "no segment is sealed without a recovery key");
    let recovery = RecoveryKey::fresh().unwrap();
    vault.recoverable_by(folder.path(), &recovery).unwrap();
    let (vault, _) = Vault::open_with(folder.path(), &Custody::default(), &of(&store))
        .map(|(again, used)| (again, (vault, used)))
        .unwrap();
    let (sealed, head) = (vault.seal("certificate", SECRET).unwrap(), vault.close(&key).unwrap());
    Made { folder, recovery, sealed, head, key }
}

fn picture(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn a_custody_that_lost_the_key_has_it_again_and_all_that_was_sealed_opens() {
    let Made { folder, recovery, sealed, head, key } = made();
    let fresh = mock::Store::new().unwrap();
    assert!(Vault::open_with(folder.path(), &Custody::default(), &of(&fresh)).is_err());
    for how in [Custody::default(), Custody::passphrase("ñandú veloz"), Custody::forced(Kind::KeyFile)] {
        let (vault, used, _) = Vault::recover_with(folder.path(), &[], &recovery, &how, &of(&fresh)).unwrap();
        assert_eq!((used.kind(), vault.is_new()), (how.wish().unwrap_or(Kind::Keyring), false));
        let (vault, _) = Vault::open_with(folder.path(), &how, &of(&fresh)).unwrap();
        assert_eq!(*vault.unseal("certificate", &sealed).unwrap(), SECRET);
        assert_eq!(SegmentKeys::open(&vault, &head).unwrap(), key);
        assert_eq!(SegmentKeys::open(&vault, &vault.close(&key).unwrap()).unwrap(), key);
    }
}

#[test]
fn what_stands_at_a_segments_head_is_enough_when_the_vault_is_gone() {
    let Made { folder, recovery, sealed, head, key } = made();
    let name = Vault::name(folder.path()).unwrap();
    for lost in ["gone", "damaged", "another"] {
        match lost {
            "gone" => fs::remove_file(folder.path().join("vault.json")).unwrap(),
            "damaged" => fs::write(folder.path().join("vault.json"), "{").unwrap(),
            _ => {
                fs::remove_file(folder.path().join("vault.json")).unwrap();
                fs::remove_file(folder.path().join("vault.key")).unwrap();
                Vault::open_with(folder.path(), &Custody::default(), &no_keyring()).unwrap();
            }
        }
        let heads = [b"no head at all".to_vec(), head.clone()];
        let how = Custody::forced(Kind::KeyFile);
        let (vault, ..) = Vault::recover_with(folder.path(), &heads, &recovery, &how, &no_keyring()).unwrap();
        assert_eq!(*vault.unseal("certificate", &sealed).unwrap(), SECRET, "{lost}");
        assert_eq!(SegmentKeys::open(&vault, &head).unwrap(), key);
        assert_eq!(Vault::name(folder.path()).unwrap(), name, "its anchor is found again");
    }
}

#[test]
fn a_vault_from_a_backup_that_knows_no_recovery_key_learns_it_from_the_journal() {
    let folder = tempdir().unwrap();
    let how = Custody::forced(Kind::KeyFile);
    let (vault, _) = Vault::open_with(folder.path(), &how, &no_keyring()).unwrap();
    let backup = fs::read(folder.path().join("vault.json")).unwrap();
    let recovery = RecoveryKey::fresh().unwrap();
    vault.recoverable_by(folder.path(), &recovery).unwrap();
    let head = vault.close(&Key::new([7; 32])).unwrap();
    fs::write(folder.path().join("vault.json"), backup).unwrap();
    let (vault, _) = Vault::open_with(folder.path(), &how, &no_keyring()).unwrap();
    let vault = vault.reminded(&[b"none".to_vec(), head]);
    let next = vault.close(&Key::new([8; 32])).unwrap();
    fs::remove_file(folder.path().join("vault.key")).unwrap();
    let (vault, ..) =
        Vault::recover_with(folder.path(), std::slice::from_ref(&next), &recovery, &how, &no_keyring())
            .unwrap();
    assert_eq!(SegmentKeys::open(&vault, &next).unwrap(), Key::new([8; 32]));
    let (_other, other) = super::with_key_file();
    assert!(other.reminded(&[next]).close(&Key::new([9; 32])).is_err(), "of another folder it is none");
}

#[test]
fn a_wrong_recovery_key_changes_nothing() {
    let Made { folder, head, .. } = made();
    let before = picture(folder.path());
    let other = RecoveryKey::fresh().unwrap();
    let how = Custody::forced(Kind::KeyFile);
    let refused = Vault::recover_with(folder.path(), &[head], &other, &how, &no_keyring()).map(|_| ());
    assert!(matches!(refused, Err(VaultError::WrongRecoveryKey)), "{refused:?}");
    assert_eq!(picture(folder.path()), before);

    let (plain, _) = super::with_key_file();
    let before = picture(plain.path());
    let refused = Vault::recover_with(plain.path(), &[], &other, &how, &no_keyring()).map(|_| ());
    assert!(matches!(refused, Err(VaultError::NoRecoveryKey)), "{refused:?}");
    assert_eq!(picture(plain.path()), before);
}

#[test]
fn another_key_in_the_file_that_is_to_keep_it_is_left_alone() {
    let Made { folder, recovery, .. } = made();
    let elsewhere = tempdir().unwrap();
    let path = elsewhere.path().join("llave");
    key_file::keep(&path, &random_key().unwrap()).unwrap();
    let before = picture(folder.path());
    let how = Custody { key_file: Some(path.clone()), ..Custody::default() };
    let refused = Vault::recover_with(folder.path(), &[], &recovery, &how, &no_keyring()).map(|_| ());
    assert!(matches!(&refused, Err(VaultError::OtherKeyFile(other)) if *other == path), "{refused:?}");
    assert_eq!(picture(folder.path()), before);
}

/// Put back under its name in a copy of the folder, it would open all, with neither phrase nor paper.
#[test]
fn what_has_the_same_key_does_not_stay_beside_the_vault_that_took_its_place_and_another_key_does() {
    let (folder, vault) = super::with_key_file();
    let recovery = RecoveryKey::fresh().unwrap();
    vault.recoverable_by(folder.path(), &recovery).unwrap();
    let sealed = vault.seal("certificate", SECRET).unwrap();
    let [same, other] = ["a", "b"].map(|digit| format!("vault.key.{}", digit.repeat(32)));
    // Of an earlier time, when it was left there.
    fs::copy(folder.path().join("vault.key"), folder.path().join(&same)).unwrap();
    key_file::keep(&folder.path().join(&other), &random_key().unwrap()).unwrap();
    let names = || {
        picture(folder.path()).into_keys().map(|path| path.strip_prefix(folder.path()).unwrap().to_owned())
    };
    for phrase in ["ñandú veloz", "otra frase"] {
        let how = Custody::passphrase(phrase);
        Vault::recover_with(folder.path(), &[], &recovery, &how, &no_keyring()).unwrap();
        let (vault, _) = Vault::open_with(folder.path(), &how, &no_keyring()).unwrap();
        assert_eq!(*vault.unseal("certificate", &sealed).unwrap(), SECRET);
        assert_eq!(names().collect::<Vec<_>>(), [Path::new("vault.json"), Path::new(&other)], "{phrase}");
    }
    // Who brings an old file into use again keeps it.
    let key = Vault::open_with(folder.path(), &Custody::passphrase("otra frase"), &no_keyring()).unwrap().0;
    key_file::keep(&folder.path().join(&same), &key.key).unwrap();
    let how = Custody { key_file: Some(folder.path().join(&same)), ..Custody::default() };
    Vault::recover_with(folder.path(), &[], &recovery, &how, &no_keyring()).unwrap();
    Vault::open_with(folder.path(), &how, &no_keyring()).unwrap();
}

#[test]
fn the_recovery_key_is_nowhere_on_disk_nor_is_the_folders_key_beside_it() {
    let Made { folder, recovery, head, .. } = made();
    let words = recovery.words();
    let plain = words.replace('-', "");
    for (path, bytes) in picture(folder.path()).into_iter().chain([(PathBuf::from("head"), head)]) {
        let text = String::from_utf8_lossy(&bytes).to_uppercase();
        assert!(!text.contains(words.as_str()) && !text.contains(&plain), "{}", path.display());
    }
}
