//! What may still be believed after a broken value. It may have been a sale with its key, written over
//! several lines: then what follows is its inside, and a sale found there has lost its key. Issued
//! without it, it would be issued again when the till repeats the whole.

use timbre_core::Refusal;

use super::entry::{Entry, MALFORMED, is_sale, is_wrapper, read};

/// Set by a broken value that was a wrapper, until a whole wrapper shows where we are.
#[derive(Debug, Default)]
pub struct Wary(bool);

/// Words that a wrapper is known by.
const MARKS: [&str; 4] = ["key", "sale", "dte", "Documento"];

impl Wary {
    /// Reads a value that begins on `line`, as far as it may be believed.
    pub fn read(&mut self, text: &[u8], line: u64) -> Entry {
        let entry = read(text, line);
        match &entry.offer {
            Err(refusal) if refusal.code == MALFORMED => {
                self.skip(text);
                entry
            }
            Ok(_) if is_wrapper(text) => {
                self.0 = false;
                entry
            }
            Ok(_) if self.0 && is_sale(text) => Entry { line, offer: Err(orphan(line)) },
            Ok(_) | Err(_) => entry,
        }
    }

    /// Passes over text that belongs to a broken value.
    pub fn skip(&mut self, text: &[u8]) {
        let words = text.split(|byte| !byte.is_ascii_alphanumeric());
        self.0 |= words.into_iter().any(|word| MARKS.iter().any(|mark| word == mark.as_bytes()));
    }
}

fn orphan(line: u64) -> Refusal {
    Refusal::new(
        "sale-after-damage",
        format!("línea {line}"),
        "Esta venta sigue a un texto mal escrito que llevaba clave, y puede ser parte de él: no se emitió, \
         para no emitirla dos veces. Corrija ese texto y repita desde ahí.",
    )
}
