//! The writing end of the journal: a batch is one append and one sync. After any failure it cuts
//! what it wrote, leaves an empty segment for what comes next, and is poisoned; only opening the
//! store again makes it write.

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use timbre_core::Timestamp;

use crate::disk::{Disk, Tape};
use crate::frame::{self, HEADER, Header};
use crate::sealing::{self, Key, SegmentKeys};
use crate::segments::Segments;
use crate::walk::Tip;
use crate::{Fact, Place, StoreError, body, segments};

/// So much of a segment is made ready for what comes, once a folder is written to more than now and then.
const ROOM: u64 = 512 << 10;
const OFTEN: u64 = if cfg!(test) { 1 } else { 8 };

pub(crate) struct Journal {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    tape: Box<dyn Tape>,
    segment: u32,
    end: u64,
    segment_bytes: u64,
    turn: bool,
    /// The last frame written.
    tip: Tip,
    fsyncs: u64,
    /// How long those of batches took, all together.
    syncing: Duration,
    poisoned: bool,
    appended: u64,
    /// There was none to be had: what is written makes the file longer, as far as that goes.
    no_room: bool,
    /// Segments that begin from now on are sealed, and their keys closed by it.
    seals: Option<Arc<dyn SegmentKeys>>,
    /// The key of the segment that is written to, when that is sealed.
    key: Option<Arc<Key>>,
}

/// Frames that become durable together, not written yet.
pub(crate) struct Batch {
    at: Timestamp,
    tip: Tip,
    segment: u32,
    start: u64,
    bytes: Vec<u8>,
    /// Where the last frame begins.
    last: usize,
    /// What its bodies are sealed with.
    key: Option<Arc<Key>>,
    /// It begins a sealed segment: the body of the frame that goes before all others.
    head: Option<Vec<u8>>,
}

/// How far a batch had come.
pub(crate) struct BatchMark {
    tip: Tip,
    length: usize,
    last: usize,
}

impl Journal {
    /// Opens the last segment, `end` bytes long, and syncs it. What is read there may be written
    /// behind once [`Journal::secure`] has made sure of the last batch.
    pub fn open(
        disk: Arc<dyn Disk>,
        folder: PathBuf,
        (segment, end): (u32, u64),
        segment_bytes: u64,
    ) -> Result<Journal, StoreError> {
        let path = segments::path(&folder, segment);
        let failed = |e| StoreError::io("abrir el diario", &path, e);
        let mut tape = disk.tape(&path).map_err(failed)?;
        crate::crash!("journal-made");
        tape.sync().map_err(failed)?;
        disk.sync_folder(&folder).map_err(failed)?;
        Ok(Journal {
            disk,
            folder,
            tape,
            segment,
            end,
            segment_bytes,
            turn: false,
            tip: Tip::default(),
            fsyncs: 2,
            syncing: Duration::ZERO,
            poisoned: false,
            appended: 0,
            no_room: false,
            seals: None,
            key: None,
        })
    }

    /// Makes sure of the last batch and says that the next frame follows it. After a sync that
    /// failed, the system may show bytes that never came to the device, and call the next sync
    /// good: only what is written again is written. Every batch before the last one was synced by
    /// who wrote the next.
    pub fn secure(&mut self, tip: Tip, segments: &Segments) -> Result<(), StoreError> {
        let (segment, end) = tip.end;
        self.tip = tip;
        if end == tip.begin {
            return Ok(());
        }
        let path = segments.path(segment);
        let failed = |e| StoreError::io("asegurar el diario", &path, e);
        let bytes = segments.read_from(segment, tip.begin)?;
        let batch = &bytes[..bytes.len().min((end - tip.begin) as usize)];
        self.fsyncs += 1;
        let mut other;
        let tape = match segment == self.segment {
            true => &mut self.tape,
            false => {
                other = self.disk.tape(&path).map_err(failed)?;
                &mut other
            }
        };
        tape.write_again(tip.begin, batch).map_err(failed)?;
        crate::crash!("secure-unsynced");
        tape.sync().map_err(failed)
    }

    /// Cuts a torn tail off a segment.
    pub fn cut(&mut self, segment: u32, length: u64) -> Result<(), StoreError> {
        let path = segments::path(&self.folder, segment);
        let failed = |e| StoreError::io("recortar el diario", &path, e);
        self.fsyncs += 1;
        if segment == self.segment {
            self.tape.cut(length).map_err(failed)?;
            self.tape.sync().map_err(failed)?;
            self.end = length;
        } else {
            let mut tape = self.disk.tape(&path).map_err(failed)?;
            tape.cut(length).map_err(failed)?;
            tape.sync().map_err(failed)?;
        }
        Ok(())
    }

    /// The next batch goes to a new segment.
    pub fn turn(&mut self) {
        self.turn = true;
    }

    /// Goes on as the journal's end was left: sealed, in a segment of this key, or with a new one where that can't be
    /// had.
    pub fn go_on_sealed(&mut self, keys: Arc<dyn SegmentKeys>, key: Option<Arc<Key>>) {
        self.turn |= key.is_none() && self.end > 0;
        (self.seals, self.key) = (Some(keys), key);
    }

    /// From the next batch on what is written is sealed, or in clear: in a segment of its own.
    pub fn seal(&mut self, keys: Option<Arc<dyn SegmentKeys>>) {
        self.seals = keys;
        self.turn = self.end > 0;
    }

    pub fn is_sealing(&self) -> bool {
        self.seals.is_some()
    }

    pub fn fsyncs(&self) -> u64 {
        self.fsyncs
    }

    pub fn syncing(&self) -> Duration {
        self.syncing
    }

    pub fn tip(&self) -> &Tip {
        &self.tip
    }

    pub fn poison(&mut self) {
        self.poisoned = true;
    }

    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    /// A new batch, after all that was written.
    pub fn batch(&self, at: Timestamp) -> Result<Batch, StoreError> {
        let (segment, start) = match self.turn || self.end >= self.segment_bytes {
            true => (self.segment + 1, 0),
            false => (self.segment, self.end),
        };
        let tip = Tip { batch: self.tip.batch + 1, ..self.tip };
        let (key, head) = match (start, &self.seals) {
            (0, Some(keys)) => {
                let key = sealing::fresh_key()?;
                let closed = keys.close(&key);
                let closed = closed.map_err(|e| StoreError::Sealed { segment, why: e.to_string() })?;
                (Some(Arc::new(key)), Some(sealing::head(&closed)?))
            }
            (0, None) => (None, None),
            (_, _) => (self.key.clone(), None),
        };
        Ok(Batch { at, tip, segment, start, bytes: Vec::new(), last: 0, key, head })
    }

    /// Appends a batch and returns when it is on the device.
    pub fn append(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if self.poisoned {
            return Err(StoreError::Poisoned);
        }
        self.try_append(batch).inspect_err(|_| {
            self.poisoned = true;
            self.retreat();
        })?;
        self.end = batch.start + batch.bytes.len() as u64;
        self.tip = batch.tip;
        self.key.clone_from(&batch.key);
        self.appended += 1;
        Ok(())
    }

    /// Makes the next appends cheaper; for when nobody waits. It is no harm when it can't be done.
    pub fn make_room(&mut self) {
        if self.poisoned || self.turn || self.no_room || self.appended < OFTEN {
            return;
        }
        // A segment is full before the next one begins: only the last has any.
        let room = ROOM.min(self.segment_bytes.saturating_sub(self.end));
        match self.tape.make_room(room) {
            Ok(true) => {
                crate::crash!("room-made");
                self.fsyncs += 1;
            }
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, "no hay lugar que preparar en el diario");
                self.no_room = true;
            }
        }
    }

    /// Leaves no more than what was written. What can't be cut off is seen to be empty at the next opening.
    pub fn give_back_room(&mut self) {
        if let Err(error) = self.tape.give_back_room() {
            tracing::warn!(%error, "el diario quedó más largo de lo que está escrito");
        }
    }

    /// After a failure. What can't be cut is a tail for the next opening to cut or to secure; and
    /// nothing is written behind it: a segment of its own takes what comes next.
    fn retreat(&mut self) {
        let cut = self.cut(self.segment, self.end);
        let next = match self.end {
            0 => Ok(()),
            _ => self.begin_segment(self.segment + 1).map(drop),
        };
        for error in [cut.err(), next.err()].into_iter().flatten() {
            tracing::warn!(%error, "el diario quedó con una cola que se revisa al abrir");
        }
    }

    fn begin_segment(&mut self, segment: u32) -> Result<Box<dyn Tape>, StoreError> {
        let path = segments::path(&self.folder, segment);
        let failed = |e| StoreError::io("comenzar un segmento del diario", &path, e);
        crate::crash!("segment-unmade");
        let tape = self.disk.tape(&path).map_err(failed)?;
        // Somebody put it there: what is appended would stand behind that, and not where it is counted to be.
        if self.disk.source(&path).and_then(|file| file.length()).map_err(failed)? > 0 {
            return Err(failed(io::Error::new(
                ErrorKind::AlreadyExists,
                "ese archivo ya tiene algo escrito",
            )));
        }
        crate::crash!("segment-unsynced");
        self.fsyncs += 1;
        self.disk.sync_folder(&self.folder).map_err(failed)?;
        Ok(tape)
    }

    fn try_append(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let path = segments::path(&self.folder, batch.segment);
        let failed = |e| StoreError::io("escribir el diario", &path, e);
        if batch.segment != self.segment {
            self.tape = self.begin_segment(batch.segment)?;
            self.segment = batch.segment;
            self.end = 0;
            self.turn = false;
        }
        crate::crash!("append-before");
        crate::crash!("append-half", self.tape.append(&batch.bytes[..batch.bytes.len() / 2]));
        self.tape.append(&batch.bytes).map_err(failed)?;
        crate::crash!("append-unsynced");
        self.fsyncs += 1;
        let begun = Instant::now();
        let synced = self.tape.sync();
        self.syncing += begun.elapsed();
        synced.map_err(failed)
    }
}

impl Batch {
    /// Adds a fact; returns where it will stand and its sequence.
    pub fn push(&mut self, fact: &Fact) -> Result<(Place, u64), StoreError> {
        let text = body::encode(fact)?;
        if let (true, Some(head)) = (self.bytes.is_empty(), self.head.clone()) {
            self.put(frame::KEY, None, head)?;
        }
        self.put(fact.kind(), self.key.clone(), text)
    }

    fn put(&mut self, kind: u8, key: Option<Arc<Key>>, text: Vec<u8>) -> Result<(Place, u64), StoreError> {
        let length = text.len() + key.as_ref().map_or(0, |_| sealing::MORE);
        if length > body::LARGEST {
            return Err(StoreError::TooLarge(length));
        }
        let mut header = Header {
            kind,
            last: false,
            sealed: key.is_some(),
            key: key.as_ref().map_or(0, |_| self.segment),
            length: length as u32,
            batch: self.tip.batch,
            sequence: self.tip.sequence + 1,
            micros: self.at.as_microsecond(),
            before: self.tip.hash,
            body_crc: 0,
        };
        let body = match key {
            Some(key) => sealing::seal(&key, header.sequence, &header.bound(), &text)?,
            None => text,
        };
        header.body_crc = crc32fast::hash(&body);
        let place = Place { segment: self.segment, offset: self.start + self.bytes.len() as u64 };
        let head = header.encode();
        self.last = self.bytes.len();
        self.bytes.extend_from_slice(&head);
        self.bytes.extend_from_slice(&body);
        self.tip = Tip {
            sequence: header.sequence,
            batch: header.batch,
            hash: frame::hash(&head, &body),
            place: Some(place),
            begin: self.start,
            end: (self.segment, self.start + self.bytes.len() as u64),
        };
        Ok((place, header.sequence))
    }

    /// The segment it goes to and that one's key, where it is sealed.
    pub fn key(&self) -> Option<(u32, Arc<Key>)> {
        Some((self.segment, self.key.clone()?))
    }

    pub fn mark(&self) -> BatchMark {
        BatchMark { tip: self.tip, length: self.bytes.len(), last: self.last }
    }

    /// Takes back what was pushed since.
    pub fn rewind(&mut self, mark: BatchMark) {
        self.tip = mark.tip;
        self.bytes.truncate(mark.length);
        self.last = mark.last;
    }

    /// Says in the last frame that it is the last; false when there is none.
    pub fn finish(&mut self) -> bool {
        let Some((head, body)) = self.bytes[self.last..].split_first_chunk_mut::<HEADER>() else {
            return false;
        };
        let header = Header::decode(head).expect("a header that was just encoded");
        *head = Header { last: true, ..header }.encode();
        self.tip.hash = frame::hash(head, body);
        true
    }

    pub fn tip(&self) -> &Tip {
        &self.tip
    }
}
