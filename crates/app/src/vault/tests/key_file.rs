//! The key in a file: elsewhere, of another folder, read by others, left by a start that was cut.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tempfile::tempdir;

use super::super::*;
use super::{open, refused, with_key_file};

#[test]
fn the_key_file_may_be_elsewhere_and_is_remembered() {
    let (folder, secrets) = (tempdir().unwrap(), tempdir().unwrap());
    let path = secrets.path().join("caja/timbre.key");
    let how = Custody { key_file: Some(path.clone()), ..Custody::default() };
    let (_, used) = open(folder.path(), &how).unwrap();
    assert_eq!(used, CustodyUsed::KeyFile { path: path.clone(), beside: false, why: None });
    assert!(!used.to_string().contains("quien copie"), "{used}");
    open(folder.path(), &Custody::default()).unwrap();
    let moved = secrets.path().join("otra.key");
    fs::rename(&path, &moved).unwrap();
    assert!(
        matches!(refused(folder.path(), &Custody::default()), VaultError::NoKeyFile(lost) if lost == path)
    );
    open(folder.path(), &Custody { key_file: Some(moved.clone()), ..Custody::default() }).unwrap();

    // A service's credential that is there before the folder is used as it is.
    let before = fs::read(&moved).unwrap();
    let second = tempdir().unwrap();
    open(second.path(), &Custody { key_file: Some(moved.clone()), ..Custody::default() }).unwrap();
    assert_eq!(fs::read(&moved).unwrap(), before);
}

#[test]
fn a_key_file_of_another_folder_or_of_nothing_is_told_apart() {
    let (folder, _) = with_key_file();
    let (other, _) = with_key_file();
    let path = folder.path().join("vault.key");
    fs::copy(other.path().join("vault.key"), &path).unwrap();
    assert!(matches!(refused(folder.path(), &Custody::default()), VaultError::OtherKey(Kind::KeyFile)));
    for rubbish in [&b""[..], b"hola", &[0; 32], STANDARD.encode([7; 31]).as_bytes(), &[b'A'; 4096]] {
        fs::write(&path, rubbish).unwrap();
        assert!(matches!(refused(folder.path(), &Custody::default()), VaultError::BadKeyFile(_)));
    }
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, _) = with_key_file();
    let path = folder.path().join("vault.key");
    for name in ["vault.key", "vault.json"] {
        let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    for mode in [0o644, 0o640, 0o604, 0o620, 0o660, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = refused(folder.path(), &Custody::default());
        assert!(matches!(error, VaultError::ExposedKeyFile { mode: seen, .. } if seen == mode));
        assert!(error.to_string().contains(&format!("{mode:o}")), "{error}");
    }
    for mode in [0o400, 0o600] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        open(folder.path(), &Custody::default()).unwrap();
    }
}

#[test]
fn a_first_start_that_was_cut_goes_on_with_its_key_file() {
    let (folder, vault) = with_key_file();
    fs::remove_file(folder.path().join("vault.json")).unwrap();
    fs::write(folder.path().join("vault.json.tmp"), "{\"vers").unwrap();
    let (again, _) = open(folder.path(), &Custody::default()).unwrap();
    assert!(again.is_new());
    assert_eq!(again.key, vault.key);
}
