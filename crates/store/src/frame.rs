//! The header of a frame, to the byte. What a body holds is written in `body`, how frames follow
//! each other in `walk`.
//!
//! A segment (`000001.tj`, `000002.tj` …) is frames and nothing else. A frame is a header of 80
//! bytes and a body; all numbers are big-endian:
//!
//! | offset | bytes | field |
//! |---:|---:|---|
//! | 0 | 4 | magic `E5 54 4A 1A` (`å T J` and an end-of-file) |
//! | 4 | 1 | format version, 1 |
//! | 5 | 1 | kind of fact ([`crate::Fact::kind`]) |
//! | 6 | 1 | flags: bit 0 last frame of its batch, bit 1 the body is sealed |
//! | 7 | 1 | zero |
//! | 8 | 4 | the segment whose key a sealed body is under, else zero |
//! | 12 | 4 | length of the body |
//! | 16 | 8 | batch, counted from 1 |
//! | 24 | 8 | sequence, counted from 1 |
//! | 32 | 8 | time: microseconds since 1970, signed |
//! | 40 | 32 | SHA-256 of the frame before (header and body); zeros in the first one |
//! | 72 | 4 | CRC-32 of the body as stored |
//! | 76 | 4 | CRC-32 of the 76 bytes before |
//!
//! A body that is not sealed: length of the JSON (4 bytes), the fact as JSON, then for every blob
//! of the fact its length (4 bytes) and its bytes. A sealed one is that under AES-256-GCM: 12 bytes of nonce, the
//! text, 16 bytes of tag; bound to it are the first 72 bytes of the header, without bit 0 of the flags. So checksums
//! and chain are over what is on disk, and can be proved without any key.
//!
//! A sealed segment begins with a frame of kind 255, in the batch of its first facts. It is no fact: its body is the
//! segment's key, closed, as `sealing` writes it.

use sha2::{Digest, Sha256};
use timbre_core::Timestamp;

pub(crate) const HEADER: usize = 80;
pub(crate) const MAGIC: [u8; 4] = [0xE5, b'T', b'J', 0x1A];
const VERSION: u8 = 1;
const LAST: u8 = 1;
const SEALED: u8 = 2;
/// The kind of the frame that holds a segment's closed key.
pub(crate) const KEY: u8 = 255;

/// SHA-256 of a whole frame.
pub(crate) type Hash = [u8; 32];

/// A header, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub kind: u8,
    pub last: bool,
    pub sealed: bool,
    pub key: u32,
    pub length: u32,
    pub batch: u64,
    pub sequence: u64,
    pub micros: i64,
    pub before: Hash,
    pub body_crc: u32,
}

/// Why bytes are not a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoHeader {
    /// Too short, another magic, or its checksum fails.
    Garbage,
    /// A sound header of a kind that is not known here: why, in Spanish.
    Newer(&'static str),
}

impl Header {
    pub fn encode(&self) -> [u8; HEADER] {
        let mut out = [0; HEADER];
        out[0..4].copy_from_slice(&MAGIC);
        out[4] = VERSION;
        out[5] = self.kind;
        out[6] = (u8::from(self.last) * LAST) | (u8::from(self.sealed) * SEALED);
        out[8..12].copy_from_slice(&self.key.to_be_bytes());
        out[12..16].copy_from_slice(&self.length.to_be_bytes());
        out[16..24].copy_from_slice(&self.batch.to_be_bytes());
        out[24..32].copy_from_slice(&self.sequence.to_be_bytes());
        out[32..40].copy_from_slice(&self.micros.to_be_bytes());
        out[40..72].copy_from_slice(&self.before);
        out[72..76].copy_from_slice(&self.body_crc.to_be_bytes());
        let crc = crc32fast::hash(&out[..76]);
        out[76..80].copy_from_slice(&crc.to_be_bytes());
        out
    }

    /// Reads the header that `bytes` begin with.
    pub fn decode(bytes: &[u8]) -> Result<Header, NoHeader> {
        let Some(head) = bytes.first_chunk::<HEADER>() else {
            return Err(NoHeader::Garbage);
        };
        if head[0..4] != MAGIC || crc32fast::hash(&head[..76]) != number(head, 76) {
            return Err(NoHeader::Garbage);
        }
        if head[4] != VERSION {
            return Err(NoHeader::Newer("su formato no se conoce aquí"));
        }
        if head[6] & !(LAST | SEALED) != 0 {
            return Err(NoHeader::Newer("lleva una marca que no se conoce aquí"));
        }
        Ok(Header {
            kind: head[5],
            last: head[6] & LAST != 0,
            sealed: head[6] & SEALED != 0,
            key: number(head, 8),
            length: number(head, 12),
            batch: long(head, 16),
            sequence: long(head, 24),
            micros: long(head, 32) as i64,
            before: *head[40..].first_chunk().expect("80 bytes hold 32 from 40 on"),
            body_crc: number(head, 72),
        })
    }

    /// What a sealed body is bound to: all that is known before it is sealed, but for which frame is the last.
    pub fn bound(&self) -> [u8; 72] {
        let whole = Header { last: false, ..self.clone() }.encode();
        *whole.first_chunk().expect("80 bytes hold 72")
    }

    /// Length of the whole frame.
    pub fn frame_length(&self) -> usize {
        HEADER + self.length as usize
    }

    pub fn time(&self) -> Timestamp {
        Timestamp::from_microsecond(self.micros).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// The hash that the next frame carries.
pub(crate) fn hash(header: &[u8], body: &[u8]) -> Hash {
    let mut sha = Sha256::new();
    sha.update(header);
    sha.update(body);
    sha.finalize().into()
}

/// A hash in hexadecimal.
pub(crate) fn hex(hash: &Hash) -> String {
    hash.iter().map(|b| format!("{b:02x}")).collect()
}

fn number(head: &[u8; HEADER], at: usize) -> u32 {
    u32::from_be_bytes(*head[at..].first_chunk().expect("inside the header"))
}

fn long(head: &[u8; HEADER], at: usize) -> u64 {
    u64::from_be_bytes(*head[at..].first_chunk().expect("inside the header"))
}
