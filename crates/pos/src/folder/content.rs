//! What a file of the folder holds: read whole, through no link, and known by its text alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use openssl::sha::sha256;

use super::place::Seen;

/// The largest sale, and the largest CAF: as by the API.
pub(super) const LARGEST: u64 = 1 << 20;

/// SHA-256 of the [`text`] that a file held when it was read.
pub(super) type Content = [u8; 32];

pub(super) fn of(bytes: &[u8]) -> Content {
    sha256(text(bytes))
}

/// What a sale says, without what programs write before and after it: a byte order mark, blanks, line ends.
pub(super) fn text(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii()
}

/// The whole of a plain file, opened without following a link.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_by(path, whole).map(|(bytes, ..)| bytes)
}

/// The same, with the size and time that it had before it was read and has after: those of what was read. Another size
/// or time in between is [`io::ErrorKind::ResourceBusy`].
pub(super) fn read_at_rest(path: &Path) -> io::Result<(Vec<u8>, Seen)> {
    at_rest(path, whole)
}

fn at_rest(path: &Path, read: impl FnOnce(&File) -> io::Result<Vec<u8>>) -> io::Result<(Vec<u8>, Seen)> {
    let (bytes, before, after) = read_by(path, read)?;
    match before == after && after.size == bytes.len() as u64 {
        true => Ok((bytes, after)),
        false => Err(io::Error::new(io::ErrorKind::ResourceBusy, "alguien lo está escribiendo")),
    }
}

fn whole(file: &File) -> io::Result<Vec<u8>> {
    // Room for one more: so that its end is found without another piece.
    let length = file.metadata()?.len().min(LARGEST);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
    if file.take(LARGEST + 1).read_to_end(&mut bytes)? as u64 > LARGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "pasa de 1 MiB"));
    }
    Ok(bytes)
}

/// What `read` reads of a plain file, and how that stood before and after.
fn read_by(
    path: &Path,
    read: impl FnOnce(&File) -> io::Result<Vec<u8>>,
) -> io::Result<(Vec<u8>, Seen, Seen)> {
    let file = open(path)?;
    let before = file.metadata()?;
    if !before.is_file() || is_another(path, &before)? {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no es un archivo corriente"));
    }
    let bytes = read(&file)?;
    Ok((bytes, Seen::of(&before), Seen::of(&file.metadata()?)))
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

/// It was exchanged for a link between the look and the opening.
#[cfg(unix)]
fn is_another(path: &Path, opened: &fs::Metadata) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let named = fs::symlink_metadata(path)?;
    Ok(!named.is_file() || (named.dev(), named.ino()) != (opened.dev(), opened.ino()))
}

#[cfg(not(unix))]
fn is_another(path: &Path, _: &fs::Metadata) -> io::Result<bool> {
    Ok(!fs::symlink_metadata(path)?.is_file())
}

/// Whether a file holds this; what is no sale, or far larger than one, does not.
pub(super) fn holds(path: &Path, content: &Content) -> io::Result<bool> {
    match read(path) {
        Ok(bytes) => Ok(of(&bytes) == *content),
        Err(error) if matches!(error.kind(), io::ErrorKind::FileTooLarge | io::ErrorKind::InvalidInput) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_too_large_is_not_read_into_memory() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.json");
        File::create(&path).unwrap().set_len(LARGEST + 1).unwrap();
        assert_eq!(read(&path).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    /// A look finds a file half written; what is read later is of another time.
    #[test]
    fn a_file_that_changes_while_it_is_read_is_in_other_hands_and_else_its_size_and_time_are_those_of_what_was_read()
     {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("v.json");
        fs::write(&path, "{1}").unwrap();
        let longer = |file: &File| {
            let bytes = whole(file)?;
            fs::write(&path, "{1}\r\n").map(|()| bytes)
        };
        assert_eq!(at_rest(&path, longer).unwrap_err().kind(), io::ErrorKind::ResourceBusy);
        let later = |file: &File| {
            let bytes = whole(file)?;
            let changed =
                File::options().write(true).open(&path)?.set_modified(std::time::SystemTime::UNIX_EPOCH);
            changed.map(|()| bytes)
        };
        assert_eq!(at_rest(&path, later).unwrap_err().kind(), io::ErrorKind::ResourceBusy);
        let (bytes, seen) = read_at_rest(&path).unwrap();
        assert_eq!((&bytes[..], seen.size, seen.time()), (&b"{1}\r\n"[..], 5, 0));
    }
}
