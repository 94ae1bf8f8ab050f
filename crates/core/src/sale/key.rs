//! A sale's key, by one rule at every door: what comes as a header of HTTP loses its outer blanks and can hold no control
//! character (RFC 9110, 5.5), so neither may a key that comes in a file. Else one sale by two doors were two.

use crate::Refusal;

/// The longest key, in characters.
const MOST: usize = 200;

/// The key that a text says, without outer blanks of any kind.
pub fn key(text: &str) -> Result<String, Refusal> {
    let key = text.trim();
    if key.is_empty() || key.chars().count() > MOST || key.chars().any(char::is_control) {
        let why = format!(
            "La clave de idempotencia debe tener entre 1 y {MOST} caracteres, sin saltos de línea, tabulaciones ni otros \
             caracteres de control."
        );
        return Err(Refusal::new("key-invalid", "", why));
    }
    Ok(key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outer_blanks_are_no_part_of_a_key_and_what_no_header_carries_is_refused() {
        for blanks in ["caja 1", " caja 1 ", "caja 1\r\n", "\tcaja 1", "\u{a0}caja 1\u{3000}"] {
            assert_eq!(key(blanks).unwrap(), "caja 1", "{blanks:?}");
        }
        for wrong in
            ["", " \n", "caja\0", "caja\t1", "caja\n1", "caja\u{7f}", "caja\u{9b}1", &"ñ".repeat(201)]
        {
            assert_eq!(key(wrong).unwrap_err().code, "key-invalid", "{wrong:?}");
        }
        assert_eq!(key(&format!(" {} ", "ñ".repeat(200))).unwrap().chars().count(), 200);
    }
}
