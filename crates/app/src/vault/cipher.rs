//! AES-256-GCM with a random nonce: one key, one folder, one purpose. No file and no key's home here.

use std::fmt;

use openssl::rand::{rand_bytes, rand_priv_bytes};
use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};
use zeroize::Zeroizing;

use super::VaultError;

/// First byte of everything sealed.
const VERSION: u8 = 1;
const NONCE: usize = 12;
const TAG: usize = 16;

pub type Key = Zeroizing<[u8; 32]>;

pub fn random_key() -> Result<Key, VaultError> {
    let mut key = Key::default();
    rand_priv_bytes(&mut *key)?;
    Ok(key)
}

/// Names a folder's vault for ever. It is no secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FolderId(pub [u8; 16]);

impl FolderId {
    pub fn random() -> Result<FolderId, VaultError> {
        let mut id = [0; 16];
        rand_bytes(&mut id)?;
        Ok(FolderId(id))
    }

    pub fn parse(text: &str) -> Option<FolderId> {
        let number = u128::from_str_radix(text, 16).ok()?;
        (text.len() == 32).then_some(FolderId(number.to_be_bytes()))
    }
}

impl fmt::Display for FolderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for FolderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a sealed text is bound to: it opens for the same purpose of the same folder only.
pub struct Label<'a> {
    pub purpose: &'a str,
    pub folder: &'a FolderId,
}

impl Label<'_> {
    /// Version ‖ length of the purpose ‖ purpose ‖ folder.
    fn bytes(&self) -> Vec<u8> {
        let length = u64::try_from(self.purpose.len()).expect("a length fits in 64 bits");
        [&[VERSION][..], &length.to_be_bytes(), self.purpose.as_bytes(), &self.folder.0].concat()
    }
}

/// Version ‖ nonce ‖ tag ‖ ciphertext.
pub fn seal(key: &Key, label: &Label, secret: &[u8]) -> Result<Vec<u8>, VaultError> {
    let mut nonce = [0; NONCE];
    rand_bytes(&mut nonce)?;
    let mut tag = [0; TAG];
    let body = encrypt_aead(Cipher::aes_256_gcm(), &**key, Some(&nonce), &label.bytes(), secret, &mut tag)?;
    Ok([&[VERSION][..], &nonce, &tag, &body].concat())
}

/// `None` when it was sealed with another key, for another purpose or folder, or is damaged: the
/// cipher can't tell these apart.
pub fn unseal(key: &Key, label: &Label, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (&VERSION, rest) = sealed.split_first()? else {
        return None;
    };
    let (nonce, rest) = rest.split_at_checked(NONCE)?;
    let (tag, body) = rest.split_at_checked(TAG)?;
    decrypt_aead(Cipher::aes_256_gcm(), &**key, Some(nonce), &label.bytes(), body, tag)
        .ok()
        .map(Zeroizing::new)
}
