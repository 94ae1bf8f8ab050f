//! The disk, as narrow as journal and anchor need it: append, sync, cut, and reading at an offset.
//! The only place that knows one operating system from another; what is written is not its business.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

/// A file that only grows, except when what failed is cut off again.
pub(crate) trait Tape: Send {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Returns when everything appended is on the device.
    fn sync(&mut self) -> io::Result<()>;
    /// Writes once more the bytes that stand at `offset`, so that a sync brings them to the device.
    fn write_again(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Shortens it to `length`; the next append goes there.
    fn cut(&mut self, length: u64) -> io::Result<()>;
    /// Gives the file `bytes` of zeros after what was appended, on the device: an append into them makes it no
    /// longer, and a sync then costs no entry in the file system's own journal. True when that took a
    /// sync; when it fails the file is as it was.
    fn make_room(&mut self, bytes: u64) -> io::Result<bool>;
    /// Cuts off what is left of the room.
    fn give_back_room(&mut self) -> io::Result<()>;
}

/// A file for reading, from any thread.
pub(crate) trait Source: Send + Sync {
    fn length(&self) -> io::Result<u64>;
    /// Reads up to `buffer.len()` bytes; fewer only at the end of the file.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}

/// Where files are: the machine's own disk, unless a test puts a failing one in its place.
pub(crate) trait Disk: Send + Sync {
    /// Opens the file at its end, making it when there is none.
    fn tape(&self, path: &Path) -> io::Result<Box<dyn Tape>>;

    fn source(&self, path: &Path) -> io::Result<Box<dyn Source>> {
        Ok(Box::new(File::open(path)?))
    }

    /// Makes the names in a folder durable.
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        sync_folder(path)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    /// Names and lengths of what is in a folder; a name that is no text is none of ours.
    fn list(&self, folder: &Path) -> io::Result<Vec<(String, u64)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if let Ok(name) = entry.file_name().into_string() {
                found.push((name, entry.metadata()?.len()));
            }
        }
        Ok(found)
    }

    /// A small file, whole.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        fs::write(path, bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }
}

/// The machine's own.
pub(crate) struct RealDisk;

impl Disk for RealDisk {
    fn tape(&self, path: &Path) -> io::Result<Box<dyn Tape>> {
        let mut file =
            fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let end = file.seek(SeekFrom::End(0))?;
        Ok(Box::new(RealTape { file, end, length: end }))
    }
}

impl Source for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut done = 0;
        while done < buffer.len() {
            match read_once(self, &mut buffer[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(done)
    }
}

struct RealTape {
    file: File,
    /// Where the next append goes.
    end: u64,
    /// The file's own length: beyond `end` there are zeros.
    length: u64,
}

impl Tape for RealTape {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.end += bytes.len() as u64;
        self.length = self.length.max(self.end);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn write_again(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.write_all(bytes)?;
        self.file.seek(SeekFrom::Start(self.end))?;
        Ok(())
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        self.file.seek(SeekFrom::Start(length))?;
        (self.end, self.length) = (length, length);
        Ok(())
    }

    fn make_room(&mut self, bytes: u64) -> io::Result<bool> {
        // A little at a time costs as many syncs as it saves.
        if self.length - self.end >= bytes / 2 {
            return Ok(false);
        }
        let end = self.end;
        self.lengthen(end + bytes).inspect_err(|_| {
            if let Err(error) = self.cut(end) {
                tracing::warn!(%error, "el diario quedó más largo de lo que está escrito");
            }
        })?;
        Ok(true)
    }

    fn give_back_room(&mut self) -> io::Result<()> {
        match self.length > self.end {
            true => self.cut(self.end),
            false => Ok(()),
        }
    }
}

impl RealTape {
    /// A hole would do for the length, and not for the blocks.
    fn lengthen(&mut self, to: u64) -> io::Result<()> {
        const ZEROS: [u8; 16 << 10] = [0; 16 << 10];
        self.file.seek(SeekFrom::Start(self.length))?;
        while self.length < to {
            let some = ZEROS.len().min((to - self.length) as usize);
            self.file.write_all(&ZEROS[..some])?;
            self.length += some as u64;
        }
        self.file.sync_data()?;
        self.file.seek(SeekFrom::Start(self.end))?;
        Ok(())
    }
}

/// A folder's entries are durable on Unix only after the folder itself is synced.
#[cfg(unix)]
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// NTFS journals its own names and offers no such call.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Syncs all files of a folder by one call, and whatever else its file system has still in memory; `false` where there is
/// none that is known to wait for the device: of a share each file must be synced by itself.
#[cfg(target_os = "linux")]
pub fn sync_beside(folder: &Path) -> io::Result<bool> {
    // ext2 to ext4, XFS and Btrfs, as statfs(2) names them.
    const KNOWN: [u32; 3] = [0xEF53, 0x5846_5342, 0x9123_683E];
    let folder = File::open(folder)?;
    let kind = u32::try_from(rustix::fs::fstatfs(&folder)?.f_type);
    let known = kind.is_ok_and(|kind| KNOWN.contains(&kind));
    if known {
        rustix::fs::syncfs(&folder)?;
    }
    Ok(known)
}

#[cfg(not(target_os = "linux"))]
pub fn sync_beside(_: &Path) -> io::Result<bool> {
    Ok(false)
}

#[cfg(unix)]
fn read_once(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_once(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}
