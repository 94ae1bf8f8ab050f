//! A disk that is read and never written, for whoever looks into a folder that can't be written to. What an opening would
//! mend there (a torn tail, the last batch) stays as it is and is read past; whoever wants more is refused.

use std::io::{self, ErrorKind};
use std::path::Path;

use crate::disk::{Disk, Tape};

pub(crate) struct StillDisk;

impl Disk for StillDisk {
    fn tape(&self, _: &Path) -> io::Result<Box<dyn Tape>> {
        Ok(Box::new(Still))
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn make_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, _: &Path, _: &[u8]) -> io::Result<()> {
        Err(refused())
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(refused())
    }
}

struct Still;

impl Tape for Still {
    fn append(&mut self, _: &[u8]) -> io::Result<()> {
        Err(refused())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn write_again(&mut self, _: u64, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn cut(&mut self, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn make_room(&mut self, _: u64) -> io::Result<bool> {
        Ok(false)
    }

    fn give_back_room(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn refused() -> io::Error {
    ErrorKind::ReadOnlyFilesystem.into()
}
