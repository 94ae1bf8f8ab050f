//! The journal's files for reading: their names, their sizes, and one frame at a place. Any number
//! of threads may read while the writer appends; nothing here writes.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use timbre_core::Timestamp;

use crate::disk::{Disk, Source};
use crate::frame::{self, HEADER, Hash, Header, NoHeader};
use crate::{Fact, Place, StoreError, body};

/// Most frames are read whole with one call of this size.
const FIRST_READ: usize = 16 << 10;

/// A verified frame.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub place: Place,
    pub header: Header,
    pub hash: Hash,
    pub body: Bytes,
}

impl Frame {
    pub fn at(&self) -> Timestamp {
        self.header.time()
    }

    /// Where it ends in its segment.
    pub fn end(&self) -> u64 {
        self.place.offset + self.header.frame_length() as u64
    }

    pub fn fact(&self) -> Result<Fact, StoreError> {
        self.open()?;
        body::decode(&self.body).map_err(|e| self.newer(e.to_string()))
    }

    /// The fact's JSON as it stands.
    pub fn json(&self) -> Result<serde_json::Value, StoreError> {
        self.open()?;
        let json = body::json(&self.body).map_err(|e| self.newer(e.to_string()))?;
        serde_json::from_slice(&json).map_err(|e| self.newer(e.to_string()))
    }

    fn open(&self) -> Result<(), StoreError> {
        match self.header.sealed {
            true => Err(StoreError::Sealed { place: self.place, key: self.header.key }),
            false => Ok(()),
        }
    }

    /// The checksum holds, so these are the bytes that were written: by somebody who knew more.
    fn newer(&self, why: String) -> StoreError {
        StoreError::Newer { place: self.place, why }
    }
}

/// The files of one journal, with a pool of open handles.
pub(crate) struct Segments {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    handles: Mutex<HashMap<u32, Arc<dyn Source>>>,
}

impl Segments {
    pub fn new(disk: Arc<dyn Disk>, folder: &Path) -> Segments {
        Segments { disk, folder: folder.to_owned(), handles: Mutex::default() }
    }

    pub fn path(&self, segment: u32) -> PathBuf {
        path(&self.folder, segment)
    }

    /// The numbers of the segments and their lengths, in order.
    pub fn list(&self) -> Result<Vec<(u32, u64)>, StoreError> {
        let failed = |e| StoreError::io("leer el diario", &self.folder, e);
        let mut found = Vec::new();
        for (name, length) in self.disk.list(&self.folder).map_err(failed)? {
            found.extend(number(&name).map(|number| (number, length)));
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Everything in a segment from `offset` on.
    pub fn read_from(&self, segment: u32, offset: u64) -> Result<Bytes, StoreError> {
        let failed = |e| StoreError::io("leer el diario", &self.path(segment), e);
        let file = self.disk.source(&self.path(segment)).map_err(failed)?;
        let length = file.length().map_err(failed)?.saturating_sub(offset);
        let mut bytes = vec![0; length as usize];
        let read = file.read_at(&mut bytes, offset).map_err(failed)?;
        bytes.truncate(read);
        Ok(bytes.into())
    }

    /// The frame at a place, checksums verified.
    pub fn frame(&self, place: Place) -> Result<Frame, StoreError> {
        let file = self.handle(place.segment)?;
        let failed = |e| StoreError::io("leer el diario", &self.path(place.segment), e);
        let mut bytes = vec![0; FIRST_READ];
        let read = file.read_at(&mut bytes, place.offset).map_err(failed)?;
        bytes.truncate(read);
        let header = match Header::decode(&bytes) {
            Ok(header) => header,
            Err(NoHeader::Newer(version)) => {
                let why = format!("formato {version}");
                return Err(StoreError::Newer { place, why });
            }
            Err(NoHeader::Garbage) => return Err(damaged(place, "no hay un registro ahí")),
        };
        let length = header.frame_length();
        if bytes.len() < length && read == FIRST_READ && header.length as usize <= body::LARGEST {
            bytes.resize(length, 0);
            let more = file.read_at(&mut bytes[read..], place.offset + read as u64);
            bytes.truncate(read + more.map_err(failed)?);
        }
        if bytes.len() < length {
            return Err(damaged(place, "el registro está incompleto"));
        }
        bytes.truncate(length);
        let (head, rest) = bytes.split_at(HEADER);
        if crc32fast::hash(rest) != header.body_crc {
            return Err(damaged(place, "la suma de control no coincide"));
        }
        let hash = frame::hash(head, rest);
        let body = Bytes::from(bytes).slice(HEADER..);
        Ok(Frame { place, header, hash, body })
    }

    /// Opens every file anew: the one behind its name may be another by now.
    pub fn forget(&self) {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn handle(&self, segment: u32) -> Result<Arc<dyn Source>, StoreError> {
        let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = handles.get(&segment) {
            return Ok(file.clone());
        }
        let path = self.path(segment);
        let file = self.disk.source(&path).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => damaged(Place { segment, offset: 0 }, "falta el archivo"),
            _ => StoreError::io("leer el diario", &path, e),
        })?;
        let file: Arc<dyn Source> = Arc::from(file);
        handles.insert(segment, file.clone());
        Ok(file)
    }
}

/// The file of a segment.
pub(crate) fn path(folder: &Path, segment: u32) -> PathBuf {
    folder.join(format!("{segment:06}.tj"))
}

fn number(name: &str) -> Option<u32> {
    let digits = name.strip_suffix(".tj")?;
    let number: u32 = digits.parse().ok()?;
    (number > 0 && name == format!("{number:06}.tj")).then_some(number)
}

fn damaged(place: Place, why: &str) -> StoreError {
    StoreError::Damaged { place, why: why.to_owned() }
}
