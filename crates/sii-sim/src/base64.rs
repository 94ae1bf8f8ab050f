//! Base64 as XML carries it: wrapped at will, padded, nothing else in between.

use base64::{Engine, engine::general_purpose::STANDARD};

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let packed: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(packed).ok()
}
