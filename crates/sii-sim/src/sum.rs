//! SHA-256 sums, written in hexadecimal: in the ledger, in the book, in the names of files.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use sha2::Sha256;
use std::fmt;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Sum([u8; 32]);

impl Sum {
    pub(crate) fn of(bytes: &[u8]) -> Sum {
        Sum(<Sha256 as sha2::Digest>::digest(bytes).into())
    }

    fn read(text: &str) -> Option<Sum> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
        }
        Some(Sum(bytes))
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Sum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Sum::read(&text).ok_or_else(|| D::Error::custom("no SHA-256"))
    }
}
