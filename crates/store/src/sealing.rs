//! Sealed bodies: what a frame's body is under the key of its segment, and how that key stands at the segment's
//! head, closed. Who closes it is not known here; when a sealed segment begins is `journal`'s business.

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::rand::{rand_bytes, rand_priv_bytes};
use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};
use timbre_core::KeyError;
use zeroize::Zeroizing;

use crate::StoreError;
use crate::disk::RealDisk;
use crate::frame::HEADER;
use crate::segments::Segments;

/// A key of AES-256. It is wiped when it is dropped.
pub type Key = Zeroizing<[u8; 32]>;

/// Whoever keeps the keys of a folder's sealed segments closed. The store knows neither how nor where.
pub trait SegmentKeys: Debug + Send + Sync {
    /// A key as it may stand on disk.
    fn close(&self, key: &Key) -> Result<Vec<u8>, KeyError>;

    /// The key that was closed so.
    fn open(&self, closed: &[u8]) -> Result<Key, KeyError>;
}

/// What of a folder is sealed, as it can be told without any key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sealed {
    /// How many segments there are.
    pub segments: u64,
    /// Those that are sealed.
    pub sealed: Vec<u32>,
    /// What is written goes on sealed.
    pub on: bool,
    /// The closed keys of the sealed ones, the newest first.
    pub keys: Vec<Vec<u8>>,
}

/// Looks at the segments of `dir`, each at its head.
pub fn sealed(dir: &Path) -> Result<Sealed, StoreError> {
    let folder = dir.join("journal");
    let mut found = Sealed::default();
    if !folder.is_dir() {
        return Ok(found);
    }
    let segments = Segments::new(Arc::new(RealDisk), &folder, None);
    // One that is empty was begun after an error, and goes on as the one before it.
    for (segment, _) in segments.list()?.into_iter().filter(|(_, length)| *length > 0) {
        found.segments += 1;
        let closed = segments.closed_key(segment)?;
        found.on = closed.is_some();
        if let Some(closed) = closed {
            found.sealed.push(segment);
            found.keys.insert(0, closed);
        }
    }
    Ok(found)
}

/// A closed key is no longer than this.
const LONGEST: usize = 2048;
/// Stands before each copy of the closed key.
const MARK: [u8; 4] = [0xE5, b'K', b'E', b'Y'];
/// From the first copy to the second: further than a sector that is lost.
const APART: usize = 4096;
/// So much of a segment holds both copies.
pub(crate) const HEAD: usize = HEADER + APART + LONGEST + 12;

const NONCE: usize = 12;
const TAG: usize = 16;
/// So much longer is a text when it is sealed.
pub(crate) const MORE: usize = NONCE + TAG;

/// The cipher itself fails: the machine has no randomness, or no memory.
impl From<ErrorStack> for StoreError {
    fn from(errors: ErrorStack) -> StoreError {
        StoreError::Cipher(errors.to_string())
    }
}

pub(crate) fn fresh_key() -> Result<Key, ErrorStack> {
    let mut key = Key::default();
    rand_priv_bytes(&mut *key)?;
    Ok(key)
}

/// The body of the frame that a sealed segment begins with: the closed key twice, each copy with its length and its
/// checksum. All that the segment holds hangs on it, so that one of them is enough.
pub(crate) fn head(closed: &[u8]) -> Result<Vec<u8>, StoreError> {
    if closed.len() > LONGEST {
        return Err(StoreError::TooLarge(closed.len()));
    }
    let mut copy = MARK.to_vec();
    copy.extend_from_slice(&(closed.len() as u32).to_be_bytes());
    copy.extend_from_slice(closed);
    copy.extend_from_slice(&crc32fast::hash(closed).to_be_bytes());
    let mut body = copy.clone();
    body.resize(APART, 0);
    body.extend_from_slice(&copy);
    Ok(body)
}

/// The closed key in what a segment begins with, whatever else of it is damaged; `None` when there is none.
pub(crate) fn closed_key(segment: &[u8]) -> Option<&[u8]> {
    [HEADER, HEADER + APART].into_iter().find_map(|at| {
        let (mark, rest) = segment.get(at..)?.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let sum = rest.get(length..)?.first_chunk::<4>()?;
        let closed = &rest[..length];
        (*mark == MARK && crc32fast::hash(closed) == u32::from_be_bytes(*sum)).then_some(closed)
    })
}

/// Nonce, text, tag. `bound` is no secret, and what was sealed opens with the same alone.
///
/// The nonce begins with what `number` ends in, which no two frames of a segment share. Where a history forks (a
/// batch that was cut and is written again, a copy of the folder) two do: the rest of it is random.
pub(crate) fn seal(key: &Key, number: u64, bound: &[u8], text: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let mut nonce = [0; NONCE];
    let (counted, random) = nonce.split_at_mut(4);
    counted.copy_from_slice(&number.to_be_bytes()[4..]);
    rand_bytes(random)?;
    let mut tag = [0; TAG];
    let sealed = encrypt_aead(Cipher::aes_256_gcm(), &**key, Some(&nonce), bound, text, &mut tag)?;
    Ok([&nonce[..], &sealed, &tag].concat())
}

/// What was sealed; `None` when it was with another key or another bound, or is damaged.
pub(crate) fn unseal(key: &Key, bound: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, rest) = sealed.split_at_checked(NONCE)?;
    let (text, tag) = rest.split_at_checked(rest.len().checked_sub(TAG)?)?;
    decrypt_aead(Cipher::aes_256_gcm(), &**key, Some(nonce), bound, text, tag).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flipped_bit_opens_and_no_other_bound_does() {
        let key = fresh_key().unwrap();
        let sealed = seal(&key, 7, b"head", b"Pan amasado").unwrap();
        assert_eq!(unseal(&key, b"head", &sealed).unwrap(), b"Pan amasado");
        for bit in 0..sealed.len() * 8 {
            let mut other = sealed.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(unseal(&key, b"head", &other), None, "bit {bit}");
        }
        assert_eq!(unseal(&key, b"heaD", &sealed), None);
        assert_eq!(unseal(&fresh_key().unwrap(), b"head", &sealed), None);
        for cut in 0..sealed.len() {
            assert_eq!(unseal(&key, b"head", &sealed[..cut]), None, "cut at {cut}");
        }
    }

    #[test]
    fn one_number_has_another_nonce_each_time() {
        let key = fresh_key().unwrap();
        let [a, b] = [0, 1].map(|_| seal(&key, u64::MAX, b"", b"x").unwrap());
        assert_eq!((&a[..4], &b[..4]), (&[0xFF; 4][..], &[0xFF; 4][..]));
        assert_ne!(a[4..NONCE], b[4..NONCE]);
    }

    #[test]
    fn either_copy_of_the_closed_key_is_enough_and_none_is_none() {
        let body = head(b"closed").unwrap();
        let whole = [vec![0; HEADER], body].concat();
        assert_eq!(closed_key(&whole), Some(&b"closed"[..]));
        for lost in [0..HEADER + 100, HEADER + APART - 100..whole.len()] {
            let mut some = whole.clone();
            some[lost.clone()].fill(0xAA);
            assert_eq!(closed_key(&some), Some(&b"closed"[..]), "{lost:?}");
        }
        let mut none = whole.clone();
        none[HEADER + 9] ^= 1;
        none[HEADER + APART + 9] ^= 1;
        assert_eq!(closed_key(&none), None);
        for cut in 0..HEADER + 12 {
            assert_eq!(closed_key(&whole[..cut]), None);
        }
        assert!(head(&[0; LONGEST + 1]).is_err());
    }
}
