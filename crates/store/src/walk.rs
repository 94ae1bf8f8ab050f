//! The journal read forward, batch by batch: which frames count, what is damage, and whether the
//! end is a torn tail. It changes nothing on disk and knows no fact.

use std::mem;

use serde::{Deserialize, Serialize};

use crate::frame::Hash;
use crate::scan::{Bad, Piece, Strip};
use crate::segments::{Frame, Segments};
use crate::{Fact, Place, StoreError};

/// A part of the journal that is not what was written there. It is stepped over; the folios that
/// were in it stay used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    pub place: Place,
    pub bytes: u64,
    /// How many frames are missing there, where that can be told.
    pub frames: Option<u64>,
    /// A Spanish sentence.
    pub why: String,
    /// May a document have been in it?
    pub documents: bool,
}

/// The last frame that counts; all zero before the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tip {
    pub sequence: u64,
    pub batch: u64,
    pub hash: Hash,
    pub place: Option<Place>,
    /// Where its batch begins.
    pub begin: u64,
    /// Where it ends: segment and offset.
    pub end: (u32, u64),
}

impl Tip {
    /// The tip once `frame` follows.
    pub fn then(&self, frame: &Frame) -> Tip {
        let Place { segment, offset } = frame.place;
        let same = self.batch == frame.header.batch && self.end.0 == segment;
        Tip {
            sequence: frame.header.sequence,
            batch: frame.header.batch,
            hash: frame.hash,
            place: Some(frame.place),
            begin: if same { self.begin } else { offset },
            end: (segment, frame.end()),
        }
    }
}

/// What is met on the way, in the order of the journal.
pub(crate) enum Met<'a> {
    Frame(&'a Frame),
    /// All frames of a batch were met.
    BatchEnd(&'a Tip),
    Damage(&'a Damage),
    /// So many bytes from there came back and do not count: see [`Walk::is_overtaken_by`].
    Overtaken(Place, u64),
}

/// How the journal ended.
#[derive(Debug, Default)]
pub(crate) struct End {
    pub tip: Tip,
    pub torn: Option<Torn>,
    /// The last segment ends in damage: what is written next goes to a new one.
    pub broken_end: bool,
    pub frames: u64,
    pub batches: u64,
    pub bytes: u64,
}

/// An unfinished last batch that nobody was told about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Torn {
    pub segment: u32,
    pub offset: u64,
    pub bytes: u64,
    /// It is only room for what comes, made ready and not used.
    pub empty: bool,
}

/// How much of all was read, in whole percents: of nothing, all of it.
pub fn percent(read: u64, all: u64) -> u32 {
    let percent = read.saturating_mul(100).checked_div(all).unwrap_or(100);
    u32::try_from(percent).unwrap_or(100).min(100)
}

/// Reads from just after `start`. `known` is the highest sequence that the index or the anchor
/// remembers: what they know was answered for, and is never a torn tail. `progress` hears where it begins, and then
/// each time that it is a whole percent further.
pub(crate) fn walk(
    segments: &Segments,
    start: Tip,
    known: u64,
    progress: &dyn Fn(u64, u64),
    meet: &mut dyn FnMut(Met<'_>) -> Result<(), StoreError>,
) -> Result<End, StoreError> {
    let list = segments.list()?;
    let total: u64 = list.iter().map(|(_, length)| length).sum();
    let mut walk = Walk { known, meet, end: End { tip: start, ..End::default() }, held: Vec::new() };
    let mut told = None;
    let mut tell = |read| {
        let percent = percent(read, total);
        if told.replace(percent) != Some(percent) {
            progress(read, total);
        }
    };
    let mut done = 0;
    let mut expected = 1;
    let last_used = list.iter().rev().find(|(_, length)| *length > 0).map(|(n, _)| *n);
    for &(segment, length) in &list {
        if segment > expected {
            walk.gap(expected, segment, segment > start.end.0)?;
        }
        expected = segment + 1;
        let from = match start.end {
            (first, _) if segment < first => length,
            (first, offset) if segment == first => offset.min(length),
            _ => 0,
        };
        tell(done + from);
        let mut strip = Strip::new(segment, from, segments.read_from(segment, from)?);
        let followed = Some(segment) < last_used;
        while let Some(piece) = strip.next(walk.floor())? {
            // What should have been there is missed by what follows.
            if followed && matches!(&piece, Piece::Bad(bad) if bad.empty) {
                break;
            }
            if let Piece::Frame(frame) = &piece
                && walk.is_strange(frame)
            {
                walk.refuse(frame.place, strip.left() + frame.header.frame_length() as u64)?;
                break;
            }
            walk.piece(piece, followed && strip.is_over())?;
            // One that is being written to is longer by now.
            tell((done + length).saturating_sub(strip.left()));
        }
        done += length;
        if followed {
            let next = if walk.held.is_empty() { None } else { segments.first_behind(segment, &list)? };
            match next.filter(|next| walk.is_overtaken_by(next)) {
                Some(_) => walk.overtaken()?,
                None => walk.settle(None)?,
            }
        }
    }
    tell(done);
    walk.finish()
}

struct Walk<'a> {
    known: u64,
    meet: &'a mut dyn FnMut(Met<'_>) -> Result<(), StoreError>,
    end: End,
    /// Since the end of the last batch that counts.
    held: Vec<Piece>,
}

impl Walk<'_> {
    /// The sequence of the last frame seen.
    fn floor(&self) -> u64 {
        let held = self.held.iter().rev().find_map(|piece| match piece {
            Piece::Frame(frame) => Some(frame.header.sequence),
            Piece::Bad(_) => None,
        });
        held.unwrap_or(self.end.tip.sequence)
    }

    /// The last piece of a segment that is followed by another is `held_back` for what that one says of it.
    fn piece(&mut self, piece: Piece, held_back: bool) -> Result<(), StoreError> {
        let finished = matches!(self.last_frame(), Some(frame) if frame.header.last);
        match &piece {
            Piece::Frame(frame) => {
                let batch = frame.header.batch;
                let other = self.last_frame().is_some_and(|held| held.header.batch != batch);
                if finished || other || batch > self.end.tip.batch + 1 {
                    self.settle(Some(frame.header.sequence))?;
                }
            }
            // Something follows: the batch before it was on disk when that was begun.
            Piece::Bad(_) if finished => self.settle(None)?,
            Piece::Bad(_) => {}
        }
        let complete = matches!(&piece, Piece::Frame(frame) if frame.header.last);
        self.held.push(piece);
        if complete && !held_back && self.held.iter().all(|piece| matches!(piece, Piece::Frame(_))) {
            self.settle(None)?;
        }
        Ok(())
    }

    fn last_frame(&self) -> Option<&Frame> {
        self.held.iter().rev().find_map(|piece| match piece {
            Piece::Frame(frame) => Some(frame),
            Piece::Bad(_) => None,
        })
    }

    /// What is held counts: hands it on in its order. `after` is the sequence of the frame that
    /// comes next, where one was seen.
    fn settle(&mut self, after: Option<u64>) -> Result<(), StoreError> {
        let held = mem::take(&mut self.held);
        let first = held.iter().find_map(|piece| match piece {
            Piece::Frame(frame) => Some(frame),
            Piece::Bad(_) => None,
        });
        let mut pieces = held.iter().peekable();
        let mut hole = self.end.broken_end;
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Bad(bad) => {
                    let next = match pieces.peek() {
                        Some(Piece::Frame(frame)) => Some(frame.header.sequence),
                        Some(Piece::Bad(_)) => None,
                        None => after,
                    };
                    hole = true;
                    self.damage(bad, next)?;
                }
                Piece::Frame(frame) => {
                    self.frame(frame, hole)?;
                    hole = false;
                }
            }
            self.end.broken_end = hole;
        }
        if first.is_some() {
            self.end.batches += 1;
            (self.meet)(Met::BatchEnd(&self.end.tip))?;
        }
        Ok(())
    }

    fn frame(&mut self, frame: &Frame, after_hole: bool) -> Result<(), StoreError> {
        let tip = self.end.tip;
        let missing = frame.header.sequence.saturating_sub(tip.sequence + 1);
        let chained = frame.header.before == tip.hash && frame.header.sequence == tip.sequence + 1;
        if !after_hole && !chained {
            let why = match missing {
                0 => "la cadena del diario no coincide: este registro no sigue al anterior".to_owned(),
                n => format!("faltan {n} registros antes de este"),
            };
            let frames = Some(missing);
            let damage = Damage { place: frame.place, bytes: 0, frames, why, documents: missing > 0 };
            (self.meet)(Met::Damage(&damage))?;
        }
        self.end.frames += 1;
        self.end.bytes += frame.header.frame_length() as u64;
        self.end.tip = tip.then(frame);
        (self.meet)(Met::Frame(frame))
    }

    fn damage(&mut self, bad: &Bad, next: Option<u64>) -> Result<(), StoreError> {
        let frames = next.map(|next| next.saturating_sub(self.end.tip.sequence + 1));
        let harmless =
            frames == Some(1) && bad.header.as_ref().is_some_and(|header| header.kind != Fact::ISSUED);
        let why = match bad.header {
            Some(_) => "el contenido de un registro está dañado",
            None => "hay bytes que no son un registro",
        };
        let damage = Damage {
            place: bad.place,
            bytes: bad.bytes,
            frames,
            why: why.to_owned(),
            documents: !harmless && frames != Some(0),
        };
        (self.meet)(Met::Damage(&damage))
    }

    /// A frame that does not come after the last one was not written there by this journal: it is another one's, or there
    /// twice.
    fn is_strange(&self, frame: &Frame) -> bool {
        frame.header.sequence <= self.floor()
    }

    /// A batch whose write failed is cut off, and the next one begins a segment of its own; a power cut may undo the
    /// cutting, and bring back the whole of it or what of it got to the disk. The next one says what it follows: where
    /// that is the last that counts, or what the one that came back follows too, it is the one that was answered. Of an end
    /// without a whole frame it says nothing: that may have been answered, and what was written after it was lost
    /// follows the same frame.
    fn is_overtaken_by(&self, next: &Frame) -> bool {
        let frames = || {
            self.held.iter().filter_map(|piece| match piece {
                Piece::Frame(frame) => Some(frame),
                Piece::Bad(_) => None,
            })
        };
        let tip = &self.end.tip;
        // Before the first frame there is nothing that another shop's segment does not follow, too.
        let follows =
            tip.sequence > 0 && next.header.before == tip.hash && next.header.sequence == tip.sequence + 1;
        let beside = matches!(self.held.first(), Some(Piece::Frame(first)) if next.is_beside(first));
        (follows || beside) && frames().next().is_some() && frames().all(|frame| frame.hash != next.hash)
    }

    fn overtaken(&mut self) -> Result<(), StoreError> {
        let held = mem::take(&mut self.held);
        let Some(place) = held.first().map(Piece::place) else { return Ok(()) };
        (self.meet)(Met::Overtaken(place, held.iter().map(Piece::bytes).sum()))
    }

    /// Nothing counts from such a frame to its segment's end: those behind it are that journal's, too.
    fn refuse(&mut self, place: Place, bytes: u64) -> Result<(), StoreError> {
        self.settle(None)?;
        let why = "desde aquí el archivo no sigue a lo anterior: es de otra carpeta, o una copia".to_owned();
        let damage = Damage { place, bytes, frames: Some(0), why, documents: true };
        self.end.broken_end = true;
        (self.meet)(Met::Damage(&damage))
    }

    /// `ahead`: it lies in what is being read, and not before where that began.
    fn gap(&mut self, expected: u32, found: u32, ahead: bool) -> Result<(), StoreError> {
        self.settle(None)?;
        let why = match found - expected {
            1 => format!("falta el archivo {expected:06}.tj"),
            n => format!("faltan {n} archivos desde {expected:06}.tj"),
        };
        let place = Place { segment: expected, offset: 0 };
        let damage = Damage { place, bytes: 0, frames: None, why, documents: ahead };
        self.end.broken_end |= ahead;
        (self.meet)(Met::Damage(&damage))
    }

    fn finish(mut self) -> Result<End, StoreError> {
        let Some(first) = self.held.first() else {
            return Ok(self.end);
        };
        // It ends where the zeros begin, whoever knows of more.
        let empty = matches!(&self.held[..], [Piece::Bad(bad)] if bad.empty);
        // What was answered for is never torn: what is known of, or stood whole in the journal before.
        let answered = self.held.iter().any(|piece| matches!(piece, Piece::Bad(bad) if bad.earlier));
        if (self.known > self.end.tip.sequence && !empty) || answered {
            self.settle(None)?;
            return Ok(self.end);
        }
        let place = first.place();
        let bytes = self.held.iter().map(Piece::bytes).sum();
        let torn = Torn { segment: place.segment, offset: place.offset, bytes, empty };
        self.end.torn = Some(torn);
        Ok(self.end)
    }
}
