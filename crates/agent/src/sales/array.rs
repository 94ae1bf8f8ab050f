//! The elements of an array, each as soon as it is whole.

use std::collections::VecDeque;

use super::braces::{Braces, End};
use super::entry::{Entry, is_sale, malformed};
use super::wary::Wary;

/// An array that is being read.
#[derive(Default)]
pub struct Elements {
    place: Place,
    line: u64,
    wary: Wary,
}

#[derive(Default)]
enum Place {
    /// Before the opening bracket.
    #[default]
    Before,
    /// Between two elements. A comma too many or too few does no harm.
    Between,
    /// In an element that began on `line`.
    Inside { line: u64, held: Vec<u8>, braces: Braces },
    /// In something that is neither object nor array (`3`, `"x"`): up to the next comma.
    Bare { line: u64, held: Vec<u8> },
    /// After a broken element, until a line is a sale by itself.
    Seeking,
    /// After the closing bracket.
    After,
}

impl Elements {
    pub fn feed(&mut self, mut text: &[u8], line: u64, ready: &mut VecDeque<Entry>) {
        self.line = line;
        if matches!(self.place, Place::Seeking) {
            let alone = text.trim_ascii();
            let alone = alone.strip_suffix(b",").unwrap_or(alone);
            if !is_sale(alone) {
                self.wary.skip(text);
                if text.trim_ascii() == b"]" {
                    self.place = Place::After;
                }
                return;
            }
            self.place = Place::Between;
        }
        while !text.is_empty() {
            let used = self.step(text, ready);
            text = &text[used..];
        }
    }

    /// Takes something off the front; says how many bytes.
    fn step(&mut self, text: &[u8], ready: &mut VecDeque<Entry>) -> usize {
        let (next, used) = match std::mem::take(&mut self.place) {
            Place::Before => match text.iter().position(|b| *b == b'[') {
                Some(at) => (Place::Between, at + 1),
                None => (Place::Before, text.len()),
            },
            Place::Between => self.between(text),
            Place::Inside { line, mut held, mut braces } => match braces.feed(text) {
                End::Open => {
                    held.extend_from_slice(text);
                    (Place::Inside { line, held, braces }, text.len())
                }
                End::At(at) => {
                    held.extend_from_slice(&text[..at]);
                    ready.push_back(self.wary.read(&held, line));
                    (Place::Between, at)
                }
                End::Broken => {
                    held.extend_from_slice(text);
                    ready.push_back(self.wary.read(&held, line));
                    (Place::Seeking, text.len())
                }
            },
            Place::Bare { line, mut held } => {
                let at = text.iter().position(|b| matches!(b, b',' | b']' | b'\n'));
                held.extend_from_slice(&text[..at.unwrap_or(text.len())]);
                match at {
                    Some(at) => {
                        ready.push_back(self.wary.read(&held, line));
                        (Place::Between, at)
                    }
                    None => (Place::Bare { line, held }, text.len()),
                }
            }
            Place::Seeking => (Place::Seeking, text.len()),
            Place::After => {
                if !text.trim_ascii().is_empty() {
                    let path = format!("línea {}", self.line);
                    ready.push_back(malformed(
                        self.line,
                        &path,
                        "Hay texto después del corchete que cierra la lista.",
                    ));
                }
                (Place::After, text.len())
            }
        };
        self.place = next;
        used
    }

    fn between(&self, text: &[u8]) -> (Place, usize) {
        let line = self.line;
        match text[0] {
            b']' => (Place::After, 1),
            b'{' | b'[' => (Place::Inside { line, held: Vec::new(), braces: Braces::default() }, 0),
            blank if blank == b',' || blank.is_ascii_whitespace() => (Place::Between, 1),
            _ => (Place::Bare { line, held: Vec::new() }, 0),
        }
    }

    /// The input is over: an array that was not closed is said.
    pub fn finish(mut self, ready: &mut VecDeque<Entry>) {
        match self.place {
            Place::After => {}
            Place::Inside { line, held, .. } | Place::Bare { line, held } => {
                ready.push_back(self.wary.read(&held, line))
            }
            Place::Before | Place::Between | Place::Seeking => {
                let path = format!("línea {}", self.line);
                let why = "La lista no termina: falta el corchete que la cierra. ¿Se cortó el archivo?";
                ready.push_back(malformed(self.line, &path, why));
            }
        }
    }
}
