//! The folder's key in a file of its own: 32 bytes in base64, one line, for the user's eyes only.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use timbre_store::whole;
use zeroize::Zeroizing;

use super::VaultError;
use super::cipher::Key;

/// Its name in the data folder.
pub const NAME: &str = "vault.key";
/// No key file is longer than this.
const LONGEST: u64 = 256;

/// Where it is: where somebody said (wherever we are started from next time), else in the folder.
pub fn place(folder: &Path, said: Option<&Path>) -> PathBuf {
    let said = said.map(|path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
    said.unwrap_or_else(|| folder.join(NAME))
}

/// `None` when there is no such file. One that others may read is refused.
pub fn read(path: &Path) -> Result<Option<Key>, VaultError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(VaultError::disk(path, e)),
    };
    refuse_exposed(path, &file)?;
    let mut text = Zeroizing::new(Vec::with_capacity(300));
    file.take(LONGEST).read_to_end(&mut text).map_err(|e| VaultError::disk(path, e))?;
    match parse(&text) {
        Some(key) => Ok(Some(key)),
        None => Err(VaultError::BadKeyFile(path.to_owned())),
    }
}

/// A key in a new file.
pub fn keep(path: &Path, key: &Key) -> Result<(), VaultError> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(|e| VaultError::disk(parent, e))?;
    }
    let mut line = text(key);
    line.push('\n');
    whole::write(path, line.as_bytes()).map_err(|e| VaultError::disk(path, e))
}

/// Removes a file so that what it says is not just unnamed: it is written over first, as far as the disk does that in
/// place.
pub fn wipe(path: &Path) -> io::Result<()> {
    let mut file = File::options().write(true).open(path)?;
    let zeros = vec![0; usize::try_from(file.metadata()?.len()).unwrap_or(0)];
    file.write_all(&zeros)?;
    file.sync_all()?;
    drop(file);
    fs::remove_file(path)?;
    whole::settle(path.parent().unwrap_or(Path::new(".")))
}

/// A key in base64, as files and keyrings hold it (some keyrings hold text only).
pub fn text(key: &Key) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(64));
    STANDARD.encode_string(**key, &mut text);
    text
}

pub fn parse(text: &[u8]) -> Option<Key> {
    let mut key = Key::default();
    let mut room = Zeroizing::new([0; 48]);
    let length = STANDARD.decode_slice(text.trim_ascii(), &mut *room).ok()?;
    (length == key.len()).then(|| key.copy_from_slice(&room[..length]))?;
    Some(key)
}

#[cfg(unix)]
fn refuse_exposed(path: &Path, file: &File) -> Result<(), VaultError> {
    use std::os::unix::fs::MetadataExt;
    let mode = file.metadata().map_err(|e| VaultError::disk(path, e))?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(VaultError::ExposedKeyFile { path: path.to_owned(), mode });
    }
    Ok(())
}

/// Elsewhere a file's rights come from its folder; in a user's profile they are the user's.
#[cfg(not(unix))]
fn refuse_exposed(_: &Path, _: &File) -> Result<(), VaultError> {
    Ok(())
}
