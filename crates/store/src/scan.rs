//! Reading the bytes of one segment frame by frame, and finding the next frame after bytes that
//! are none. What a bad stretch means is decided in `walk`.

use bytes::Bytes;

use crate::frame::{self, HEADER, Header, MAGIC, NoHeader};
use crate::segments::Frame;
use crate::{Place, StoreError, body};

/// A stretch of bytes that is no frame.
#[derive(Debug, Clone)]
pub(crate) struct Bad {
    pub place: Place,
    pub bytes: u64,
    /// Nothing but zeros up to the end: nothing was ever written there.
    pub empty: bool,
    /// The frame's header where that is sound and only the body is not.
    pub header: Option<Header>,
    /// Whole frames are in it that do not come after what went before it.
    pub earlier: bool,
}

#[derive(Debug)]
pub(crate) enum Piece {
    Frame(Frame),
    Bad(Bad),
}

impl Piece {
    pub fn place(&self) -> Place {
        match self {
            Piece::Frame(frame) => frame.place,
            Piece::Bad(bad) => bad.place,
        }
    }

    pub fn bytes(&self) -> u64 {
        match self {
            Piece::Frame(frame) => frame.header.frame_length() as u64,
            Piece::Bad(bad) => bad.bytes,
        }
    }
}

/// The rest of a segment, from `base` on.
pub(crate) struct Strip {
    segment: u32,
    base: u64,
    bytes: Bytes,
    at: usize,
}

impl Strip {
    pub fn new(segment: u32, base: u64, bytes: Bytes) -> Strip {
        Strip { segment, base, bytes, at: 0 }
    }

    /// The next piece, or `None` at the end. A frame found after a bad stretch must come later in
    /// the journal than `floor`.
    pub fn next(&mut self, floor: u64) -> Result<Option<Piece>, StoreError> {
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        let place = self.place();
        let header = match self.look(self.at)? {
            Look::Whole(header) => {
                let end = self.at + header.frame_length();
                let hash = frame::hash(&self.bytes[self.at..][..HEADER], &self.bytes[self.at + HEADER..end]);
                let body = self.bytes.slice(self.at + HEADER..end);
                self.at = end;
                return Ok(Some(Piece::Frame(Frame { place, header, hash, body })));
            }
            Look::HeaderOnly(header) => Some(header),
            Look::Nothing => None,
        };
        let empty = header.is_none() && self.bytes[self.at..].iter().all(|byte| *byte == 0);
        let (end, earlier) = match empty {
            true => (self.bytes.len(), false),
            false => self.resume(header.as_ref(), floor)?,
        };
        let bytes = (end - self.at) as u64;
        self.at = end;
        Ok(Some(Piece::Bad(Bad { place, bytes, empty, header, earlier })))
    }

    /// Comes nothing more but room that was never used?
    pub fn is_over(&self) -> bool {
        self.bytes[self.at..].iter().all(|byte| *byte == 0)
    }

    /// How many bytes are still to come.
    pub fn left(&self) -> u64 {
        (self.bytes.len() - self.at) as u64
    }

    fn place(&self) -> Place {
        Place { segment: self.segment, offset: self.base + self.at as u64 }
    }

    fn look(&self, at: usize) -> Result<Look, StoreError> {
        let rest = &self.bytes[at..];
        match Header::decode(rest) {
            Err(NoHeader::Garbage) => Ok(Look::Nothing),
            Err(NoHeader::Newer(why)) => Err(StoreError::Newer {
                place: Place { segment: self.segment, offset: self.base + at as u64 },
                why: why.to_owned(),
            }),
            Ok(header) => match rest.get(HEADER..header.frame_length()) {
                Some(body) if crc32fast::hash(body) == header.body_crc => Ok(Look::Whole(header)),
                _ => Ok(Look::HeaderOnly(header)),
            },
        }
    }

    /// Where the next good frame begins, or the end, and whether earlier ones were stepped over. Where the header is
    /// sound its length is believed first: a body may hold bytes that look like a frame.
    fn resume(&self, header: Option<&Header>, floor: u64) -> Result<(usize, bool), StoreError> {
        if let Some(header) = header
            && header.length as usize <= body::LARGEST
        {
            let end = self.at + header.frame_length();
            let whole = end < self.bytes.len() && self.sequence(end)?.is_some_and(|next| next > floor);
            if whole || end == self.bytes.len() {
                return Ok((end, false));
            }
        }
        let (mut from, mut earlier) = (self.at + 1, false);
        while let Some(found) = find(&self.bytes[from..], &MAGIC) {
            match self.sequence(from + found)? {
                Some(next) if next > floor => return Ok((from + found, earlier)),
                Some(_) => earlier = true,
                None => {}
            }
            from += found + 1;
        }
        Ok((self.bytes.len(), earlier))
    }

    /// That of the good frame that begins there.
    fn sequence(&self, at: usize) -> Result<Option<u64>, StoreError> {
        Ok(match self.look(at)? {
            Look::Whole(header) => Some(header.sequence),
            Look::HeaderOnly(_) | Look::Nothing => None,
        })
    }
}

enum Look {
    Whole(Header),
    HeaderOnly(Header),
    Nothing,
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|w| w == what)
}
