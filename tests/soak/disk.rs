//! A disk of its own for a shop: an ext4 in a file, on a loop device. Root only.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::fault::{Fault, Found};

const SIZE: u64 = 256 << 20;

/// A disk of its own in a file.
pub struct Disk {
    folder: TempDir,
}

impl Disk {
    /// `Err(why)` inside when this machine has none to give.
    pub fn new() -> Found<Result<Disk, String>> {
        let disk = Disk { folder: tempfile::tempdir()? };
        fs::create_dir(disk.at())?;
        let file = File::create(disk.image())?;
        file.set_len(SIZE)?;
        let image = disk.image();
        let made = command("mkfs.ext4", &["-q".as_ref(), "-F".as_ref(), image.as_ref()]);
        Ok(made.and_then(|()| disk.mount()).map(|()| disk))
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    pub fn at(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn mount(&self) -> Result<(), String> {
        let (image, at) = (self.image(), self.at());
        command("mount", &["-o".as_ref(), "loop".as_ref(), image.as_ref(), at.as_ref()])
    }

    /// The power is back: the file system replays what it had committed.
    pub fn back(&self) -> Found<()> {
        self.unmount().and_then(|()| self.mount()).map_err(Fault)
    }

    /// Leaves no room; until the file that is answered is removed.
    pub fn fill(&self) -> Found<PathBuf> {
        let filler = self.at().join("filler");
        let mut file = File::create(&filler)?;
        // By large pieces, and then by small ones, until not one byte more can be written.
        for piece in [1 << 20, 4096, 1] {
            let zeros = vec![0; piece];
            loop {
                match file.write_all(&zeros).and_then(|()| file.sync_data()) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(filler)
    }

    fn unmount(&self) -> Result<(), String> {
        command("umount", &[self.at().as_ref()])
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Err(why) = self.unmount() {
            eprintln!("soak: {why}");
        }
    }
}

/// Runs a program of the system; `Err` says why it could not do it.
fn command(program: &str, words: &[&Path]) -> Result<(), String> {
    let output = Command::new(program).args(words).output().map_err(|error| format!("{program}: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}
