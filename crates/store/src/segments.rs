//! The journal's files for reading: their names, their sizes, one frame at a place, and what is in it. Any number
//! of threads may read while the writer appends; nothing here writes.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use timbre_core::Timestamp;

use crate::body::{self, NoFact};
use crate::disk::{Disk, Source};
use crate::frame::{self, HEADER, Hash, Header, NoHeader};
use crate::sealing::{self, Key, SegmentKeys};
use crate::{Fact, Place, StoreError, error};

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

    /// Do both follow the same frame? Then one of them took the other's place.
    pub fn is_beside(&self, other: &Frame) -> bool {
        self.header.before == other.header.before && self.hash != other.hash
    }

    /// Where it ends in its segment.
    pub fn end(&self) -> u64 {
        self.place.offset + self.header.frame_length() as u64
    }

    /// The checksum holds, so these are the bytes that were written: by somebody who knew more.
    fn newer(&self, why: &NoFact) -> StoreError {
        // serde's words may have the fact's own in them.
        if !self.header.sealed {
            tracing::warn!(?why, place = ?self.place, "a fact that is not known here");
        }
        StoreError::Newer { place: self.place, why: why.to_string() }
    }
}

/// The files of one journal, with a pool of open handles and of the keys of sealed segments.
pub(crate) struct Segments {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    keys: Option<Arc<dyn SegmentKeys>>,
    handles: Mutex<HashMap<u32, Arc<dyn Source>>>,
    opened: Mutex<HashMap<u32, Arc<Key>>>,
    /// Whoever only looks finds no segment where the folder is gone; whoever writes must not take that for a new one.
    looked_at: bool,
}

impl Segments {
    pub fn new(disk: Arc<dyn Disk>, folder: &Path, keys: Option<Arc<dyn SegmentKeys>>) -> Segments {
        let (handles, opened) = Default::default();
        Segments { disk, folder: folder.to_owned(), keys, handles, opened, looked_at: false }
    }

    /// The same for who changes nothing: a journal that is gone has no segments.
    pub fn looked_at(self) -> Segments {
        Segments { looked_at: true, ..self }
    }

    /// Whoever keeps the keys of sealed segments.
    pub fn keys(&self) -> Option<&Arc<dyn SegmentKeys>> {
        self.keys.as_ref()
    }

    pub fn path(&self, segment: u32) -> PathBuf {
        path(&self.folder, segment)
    }

    /// The numbers of the segments and their lengths, in order.
    pub fn list(&self) -> Result<Vec<(u32, u64)>, StoreError> {
        let failed = |e| StoreError::io("leer el diario", &self.folder, e);
        let mut found = Vec::new();
        let files = match self.disk.list(&self.folder) {
            Err(error) if self.looked_at && error.kind() == ErrorKind::NotFound => Vec::new(),
            files => files.map_err(failed)?,
        };
        for (name, length) in files {
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

    /// The frame at a place, checksums verified. One in a sector that can't be read is damaged: not where the disk failed
    /// for a moment, or is gone.
    pub fn frame(&self, place: Place) -> Result<Frame, StoreError> {
        match self.read_frame(place) {
            Err(StoreError::Io { source, .. })
                if error::is_unreadable(&source) && self.answers(place.segment) =>
            {
                self.read_frame(place).map_err(|error| error.lost_at(place))
            }
            read => read,
        }
    }

    /// Can anything of a segment be read?
    fn answers(&self, segment: u32) -> bool {
        self.handle(segment).is_ok_and(|file| {
            let end = file.length().unwrap_or_default().saturating_sub(1);
            [0, end].into_iter().any(|offset| file.read_at(&mut [0], offset).is_ok())
        })
    }

    fn read_frame(&self, place: Place) -> Result<Frame, StoreError> {
        let file = self.handle(place.segment)?;
        let failed = |e| StoreError::io("leer el diario", &self.path(place.segment), e);
        let mut bytes = vec![0; FIRST_READ];
        let read = match file.read_at(&mut bytes, place.offset) {
            // What can't be read may lie behind it: its header tells how far to read.
            Err(error) if error::is_unreadable(&error) => {
                bytes.truncate(HEADER);
                file.read_at(&mut bytes, place.offset)
            }
            read => read,
        };
        let asked = bytes.len();
        let read = read.map_err(failed)?;
        bytes.truncate(read);
        let header = match Header::decode(&bytes) {
            Ok(header) => header,
            Err(NoHeader::Newer(why)) => return Err(StoreError::Newer { place, why: why.to_owned() }),
            Err(NoHeader::Garbage) => return Err(damaged(place, "no hay un registro ahí")),
        };
        let length = header.frame_length();
        if bytes.len() < length && read == asked && header.length as usize <= body::LARGEST {
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

    /// The first frame behind a segment, where it can be read. `list` is [`Segments::list`].
    pub fn first_behind(&self, segment: u32, list: &[(u32, u64)]) -> Result<Option<Frame>, StoreError> {
        let Some((next, _)) = list.iter().find(|(n, length)| *n > segment && *length > 0) else {
            return Ok(None);
        };
        match self.frame(Place { segment: *next, offset: 0 }) {
            Ok(frame) => Ok(Some(frame)),
            Err(StoreError::Damaged { .. } | StoreError::Newer { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The fact at a place.
    pub fn fact_at(&self, place: Place) -> Result<Fact, StoreError> {
        self.fact(&self.frame(place)?)
    }

    /// The fact in a frame.
    pub fn fact(&self, frame: &Frame) -> Result<Fact, StoreError> {
        body::decode(&self.text(frame)?).map_err(|e| frame.newer(&e))
    }

    /// The fact's JSON as it stands.
    pub fn json(&self, frame: &Frame) -> Result<serde_json::Value, StoreError> {
        let json = body::json(&self.text(frame)?).map_err(|e| frame.newer(&e))?;
        serde_json::from_slice(&json).map_err(|e| frame.newer(&e.into()))
    }

    /// The body of a frame, in clear.
    fn text(&self, frame: &Frame) -> Result<Bytes, StoreError> {
        let Frame { place, header, body, .. } = frame;
        if !header.sealed {
            return Ok(body.clone());
        }
        let key = self.key(header.key)?;
        let text = sealing::unseal(&key, &header.bound(), body);
        text.map(Bytes::from).ok_or_else(|| damaged(*place, "no se abre con la llave de su segmento"))
    }

    /// The key of a sealed segment. It is opened once: whoever keeps it may take their time.
    pub fn key(&self, segment: u32) -> Result<Arc<Key>, StoreError> {
        if let Some(key) = self.opened.lock().unwrap_or_else(PoisonError::into_inner).get(&segment) {
            return Ok(key.clone());
        }
        let closed = self.closed_key(segment)?;
        let closed = closed
            .ok_or_else(|| damaged(Place { segment, offset: 0 }, "la llave del segmento está dañada"))?;
        let sealed = |why: String| StoreError::Sealed { segment, why };
        let keys =
            self.keys.as_ref().ok_or_else(|| sealed("no se abrió la bóveda de la carpeta".to_owned()))?;
        let key = Arc::new(keys.open(&closed).map_err(|error| sealed(error.to_string()))?);
        self.learn(segment, key.clone());
        Ok(key)
    }

    /// A segment has this key from now on.
    pub fn learn(&self, segment: u32, key: Arc<Key>) {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).insert(segment, key);
    }

    /// The closed key that a segment begins with; `None` for one in clear, or where no copy of it is whole.
    pub fn closed_key(&self, segment: u32) -> Result<Option<Vec<u8>>, StoreError> {
        let failed = |e| StoreError::io("leer el diario", &self.path(segment), e);
        let file = match self.disk.source(&self.path(segment)) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(failed(e)),
        };
        let mut bytes = vec![0; sealing::HEAD];
        let read = file.read_at(&mut bytes, 0).map_err(failed)?;
        Ok(sealing::closed_key(&bytes[..read]).map(<[u8]>::to_vec))
    }

    /// The sealed segments, in order.
    pub fn sealed(&self) -> Result<Vec<u32>, StoreError> {
        let mut sealed = Vec::new();
        for (segment, _) in self.list()? {
            if self.closed_key(segment)?.is_some() {
                sealed.push(segment);
            }
        }
        Ok(sealed)
    }

    /// Opens every file anew: the one behind its name may be another by now.
    pub fn forget(&self) {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).clear();
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
