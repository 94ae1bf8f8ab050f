//! Small files written whole or not at all, and durable when the call returns; most are private.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub use crate::disk::sync_beside;
use crate::disk::sync_folder;

/// Writes `bytes` as `path`, readable by the user alone (on Windows it has the rights of the
/// folder, which in a profile are the user's).
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_to(path, bytes, create)
}

/// The same with the rights that any new file has.
pub fn write_plain(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_to(path, bytes, |path| File::create_new(path))
}

/// One of many files that become durable together: written, and not there yet. First it is synced, by itself or with all
/// others ([`sync_beside`]), then put in its place, and that is for good once [`settle`] was said of its folder.
#[must_use]
pub struct Draft {
    temporary: PathBuf,
    path: PathBuf,
}

impl Draft {
    /// Writes what will be `path`, with the rights that any new file has.
    pub fn of(path: PathBuf, bytes: &[u8]) -> io::Result<Draft> {
        let (temporary, _) = name_later(&path, bytes, |path| File::create_new(path))?;
        Ok(Draft { temporary, path })
    }

    pub fn sync(&self) -> io::Result<()> {
        // Windows syncs only what may be written to.
        OpenOptions::new().write(true).open(&self.temporary)?.sync_all()
    }

    pub fn place(&self) -> io::Result<()> {
        fs::rename(&self.temporary, &self.path)
    }
}

/// Makes the names in a folder durable.
pub fn settle(folder: &Path) -> io::Result<()> {
    sync_folder(folder)
}

fn write_to(path: &Path, bytes: &[u8], create: impl FnOnce(&Path) -> io::Result<File>) -> io::Result<()> {
    let (temporary, file) = name_later(path, bytes, create)?;
    let synced = file.sync_all();
    drop(file);
    crate::crash!("vault-half");
    if let Err(e) = synced.and_then(|()| fs::rename(&temporary, path)) {
        let _ = remove(&temporary);
        return Err(e);
    }
    sync_parent(path)
}

/// Writes it under another name, beside its own.
fn name_later(
    path: &Path,
    bytes: &[u8],
    create: impl FnOnce(&Path) -> io::Result<File>,
) -> io::Result<(PathBuf, File)> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    let temporary = PathBuf::from(temporary);
    remove(&temporary)?; // of a write that was cut; a new file has our permissions, not the old one's
    let mut file = create(&temporary)?;
    match file.write_all(bytes) {
        Ok(()) => Ok((temporary, file)),
        Err(e) => {
            drop(file);
            let _ = remove(&temporary);
            Err(e)
        }
    }
}

/// Renames a file for good; `false` when there is none.
pub fn rename(from: &Path, to: &Path) -> io::Result<bool> {
    match fs::rename(from, to) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
        Ok(()) => sync_parent(to).map(|()| true),
    }
}

/// A file that only its owner may read.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// The new name is durable only when its folder is.
fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync_folder(parent.unwrap_or(Path::new(".")))
}
