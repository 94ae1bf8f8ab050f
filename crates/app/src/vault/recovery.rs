//! The recovery key of a folder: a person keeps it on paper, and with it the folder's key is had again when whoever
//! kept that has lost it. It is nowhere on disk; what is there is the folder's key, wrapped with it.

use openssl::rand::rand_priv_bytes;
use openssl::sha::sha256;
use zeroize::Zeroizing;

use super::VaultError;
use super::cipher::{self, FolderId, Key, Label};

/// What the folder's key is sealed for when the recovery key wraps it.
const PURPOSE: &str = "timbre:recuperación";
/// Crockford's base32: no I, L, O or U, so that what was written down by hand is read back.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Seven groups of four letters: 128 bits of the key, and 12 that tell a slip.
const LENGTH: usize = 28;
const GROUP: usize = 4;

/// Wiped when it is dropped.
pub struct RecoveryKey(Zeroizing<[u8; 16]>);

impl RecoveryKey {
    pub fn fresh() -> Result<RecoveryKey, VaultError> {
        let mut secret = Zeroizing::new([0; 16]);
        rand_priv_bytes(&mut *secret)?;
        Ok(RecoveryKey(secret))
    }

    /// As a person writes it down: `7K3M-…`.
    pub fn words(&self) -> Zeroizing<String> {
        let bits = u128::from_be_bytes(*self.0);
        let letter = |n: usize| {
            // The 140 bits from the first: the secret's, then the sum's.
            let at = n * 5;
            let five = match at {
                0..=120 => (bits >> (123 - at)) & 31,
                125 => ((bits & 7) << 2) | u128::from(self.sum() >> 10),
                _ => u128::from(self.sum() >> (135 - at)) & 31,
            };
            char::from(LETTERS[five as usize])
        };
        let mut words = Zeroizing::new(String::with_capacity(LENGTH + LENGTH / GROUP));
        for n in 0..LENGTH {
            if n > 0 && n % GROUP == 0 {
                words.push('-');
            }
            words.push(letter(n));
        }
        words
    }

    /// What a person read off their paper: case, blanks and hyphens do not matter, nor do I, L and O for 1 and 0.
    pub fn parse(text: &str) -> Result<RecoveryKey, VaultError> {
        let wrong = |why: String| Err(VaultError::NotRecoveryKey(why));
        let (mut bits, mut sum, mut count) = (Zeroizing::new(0_u128), 0_u16, 0);
        for letter in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let plain = match letter.to_ascii_uppercase() {
                'I' | 'L' => '1',
                'O' => '0',
                other => other,
            };
            let Some(five) = LETTERS.iter().position(|known| char::from(*known) == plain) else {
                return wrong(format!("«{letter}» no es una de sus letras"));
            };
            match count {
                0..=24 => *bits = (*bits << 5) | five as u128,
                25 => {
                    *bits = (*bits << 3) | (five >> 2) as u128;
                    sum = (five & 3) as u16;
                }
                _ => sum = (sum << 5) | five as u16,
            }
            count += 1;
            if count > LENGTH {
                break;
            }
        }
        if count != LENGTH {
            return wrong(format!("lleva {LENGTH} letras y números, en grupos de {GROUP}"));
        }
        let key = RecoveryKey(Zeroizing::new(bits.to_be_bytes()));
        match key.sum() == sum {
            true => Ok(key),
            false => wrong("hay una letra equivocada".to_owned()),
        }
    }

    /// Is it the same? In constant time.
    pub fn is(&self, other: &RecoveryKey) -> bool {
        openssl::memcmp::eq(&*self.0, &*other.0)
    }

    /// Twelve bits that a slip hardly ever leaves right.
    fn sum(&self) -> u16 {
        let hash = sha256(&[b"timbre recovery sum".as_slice(), &*self.0].concat());
        u16::from_be_bytes([hash[0], hash[1]]) >> 4
    }

    /// 128 random bits need no stretching: they are only made as long as the cipher wants its key.
    fn cipher_key(&self) -> Key {
        let text = Zeroizing::new([b"timbre recovery key".as_slice(), &*self.0].concat());
        Key::new(sha256(&text))
    }

    /// The folder's key as it may stand on disk.
    pub(super) fn wrap(&self, folder: &FolderId, key: &Key) -> Result<Vec<u8>, VaultError> {
        cipher::seal(&self.cipher_key(), &Label { purpose: PURPOSE, folder }, &**key)
    }

    /// The folder's key again; `None` when another recovery key wrapped it.
    pub(super) fn unwrap(&self, folder: &FolderId, wrapped: &[u8]) -> Option<Key> {
        let label = Label { purpose: PURPOSE, folder };
        let secret = cipher::unseal(&self.cipher_key(), &label, wrapped)?;
        let mut key = Key::default();
        (secret.len() == key.len()).then(|| key.copy_from_slice(&secret))?;
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_down_is_read_back_however_it_is_written() {
        for secret in [[0; 16], [0xFF; 16], *b"0123456789abcdef"] {
            let key = RecoveryKey(Zeroizing::new(secret));
            let words = key.words();
            assert_eq!(words.len(), LENGTH + 6);
            for said in
                [words.to_string(), words.to_lowercase(), words.replace('-', " "), words.replace('0', "o")]
            {
                let read = RecoveryKey::parse(&said).unwrap_or_else(|e| panic!("{said}: {e}"));
                assert!(read.is(&key), "{said}");
            }
        }
        assert!(!RecoveryKey::fresh().unwrap().is(&RecoveryKey::fresh().unwrap()));
    }

    #[test]
    fn a_slip_is_told_before_anything_is_tried() {
        let words = RecoveryKey(Zeroizing::new(*b"0123456789abcdef")).words();
        let mut missed = 0;
        for at in (0..words.len()).filter(|at| words.as_bytes()[*at] != b'-') {
            for letter in LETTERS.iter().map(|letter| char::from(*letter)) {
                let mut slip = words.to_string();
                slip.replace_range(at..=at, &letter.to_string());
                missed += u32::from(slip != *words && RecoveryKey::parse(&slip).is_ok());
            }
        }
        assert!(missed <= 2, "{missed} of 868 slips were not seen");
        for not in ["", "7K3M", &words[1..], &format!("{}X", *words), &words.replace('-', "U")] {
            assert!(matches!(RecoveryKey::parse(not), Err(VaultError::NotRecoveryKey(_))), "{not}");
        }
    }

    #[test]
    fn only_the_key_that_wrapped_it_gives_the_folders_key_again() {
        let [mine, other] = [0, 1].map(|_| RecoveryKey::fresh().unwrap());
        let (folder, key) = (FolderId::random().unwrap(), cipher::random_key().unwrap());
        let wrapped = mine.wrap(&folder, &key).unwrap();
        assert_eq!(mine.unwrap(&folder, &wrapped), Some(key));
        assert_eq!(other.unwrap(&folder, &wrapped), None);
        assert_eq!(mine.unwrap(&FolderId::random().unwrap(), &wrapped), None);
    }
}
