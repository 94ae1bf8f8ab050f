//! Sales as they come in: one object, an array, or one a line; each is handed on as soon as it is
//! whole, without waiting for the end. What a sale says is not looked at here, and its bytes are
//! not touched: decimals stay as the till wrote them.

mod array;
mod braces;
mod entry;
pub mod rows;
mod wary;

use std::collections::VecDeque;
use std::io::{self, BufRead};

use serde_json::error::Category;
use timbre_core::Refusal;

use array::Elements;
use braces::Braces;
pub use entry::{Entry, Offer};
use entry::{is_sale, malformed, whole};
use wary::Wary;

/// A text that is one sale, with its key or without.
pub fn read_one(text: &[u8]) -> Result<Offer, Refusal> {
    entry::read(text, 1).offer
}

/// Is this one object, whole? No part of an object is one.
pub fn is_object(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"{") && whole(text).is_ok()
}

/// The sales of an input, in order.
pub struct Sales<R> {
    input: R,
    form: Form,
    /// Lines read so far.
    line: u64,
    ready: VecDeque<Entry>,
    ended: bool,
    wary: Wary,
}

enum Form {
    /// Nothing seen yet but blanks, or a value of several lines has just ended.
    Open,
    /// One value a line.
    Lines,
    /// A value over several lines, begun on `line`.
    Spread {
        line: u64,
        held: Vec<u8>,
        braces: Braces,
    },
    Array(Elements),
    /// After a broken value: what follows may be its rest, until a line is a sale by itself.
    Seeking {
        /// The first line passed over that names a sale: it is told when the seeking ends.
        passed: Option<u64>,
    },
}

/// After a broken value, with nothing passed over yet.
const SEEKING: Form = Form::Seeking { passed: None };

impl<R: BufRead> Sales<R> {
    pub fn new(input: R) -> Sales<R> {
        Sales {
            input,
            form: Form::Open,
            line: 0,
            ready: VecDeque::new(),
            ended: false,
            wary: Wary::default(),
        }
    }

    /// Reads a value that begins on `line`, and hands it on; whether it was a sale.
    fn push(&mut self, text: &[u8], line: u64) -> bool {
        let entry = self.wary.read(text, line);
        let good = entry.offer.is_ok();
        self.ready.push_back(entry);
        good
    }

    fn take(&mut self, text: &[u8]) {
        match std::mem::replace(&mut self.form, Form::Open) {
            Form::Open => self.open(text),
            Form::Lines => {
                self.form = Form::Lines;
                if !text.trim_ascii().is_empty() {
                    self.push(text, self.line);
                }
            }
            Form::Spread { line, held, braces } => self.spread(line, held, braces, text),
            Form::Array(mut elements) => {
                elements.feed(text, self.line, &mut self.ready);
                self.form = Form::Array(elements);
            }
            Form::Seeking { passed } => self.seek(passed, text),
        }
    }

    /// The first line of a value decides the form.
    fn open(&mut self, text: &[u8]) {
        let trimmed = text.trim_ascii();
        if trimmed.is_empty() {
            return;
        }
        if trimmed.starts_with(b"[") {
            let mut elements = Elements::default();
            elements.feed(text, self.line, &mut self.ready);
            self.form = Form::Array(elements);
            return;
        }
        match whole(text) {
            Ok(()) => {
                self.form = Form::Lines;
                self.push(text, self.line);
            }
            Err(Category::Eof) => self.spread(self.line, Vec::new(), Braces::default(), text),
            Err(_) => {
                self.form = SEEKING;
                self.push(text, self.line);
            }
        }
    }

    fn seek(&mut self, passed: Option<u64>, text: &[u8]) {
        self.form = Form::Seeking { passed };
        if is_sale(text) {
            self.end_seeking(passed);
            let good = self.push(text, self.line);
            self.form = if good { Form::Lines } else { SEEKING };
        } else if text.starts_with(b"{\"") {
            // It begins like a sale of its own: it is not passed over in silence.
            self.push(text, self.line);
        } else {
            self.wary.skip(text);
            let names_a_sale = text.windows(10).any(|part| part == b"Encabezado");
            self.form = Form::Seeking { passed: passed.or(names_a_sale.then_some(self.line)) };
        }
    }

    fn end_seeking(&mut self, passed: Option<u64>) {
        if let Some(line) = passed {
            let why = "Desde aquí no se leyó nada: puede ser parte del texto mal escrito de antes. Corríjalo y \
                       repita desde ahí.";
            self.ready.push_back(malformed(line, &format!("línea {line}"), why));
        }
    }

    fn spread(&mut self, line: u64, mut held: Vec<u8>, mut braces: Braces, text: &[u8]) {
        let fresh = !held.is_empty() && text.starts_with(b"{") && is_sale(text);
        let before = held.len();
        let end = braces.feed(text);
        held.extend_from_slice(text);
        if fresh && whole(&held).is_err_and(|category| category != Category::Eof) {
            // A line that was cut short, and the next sale after it.
            self.push(&held[..before], line);
            let good = self.push(text, self.line);
            self.form = if good { Form::Lines } else { SEEKING };
            return;
        }
        match end {
            braces::End::Open => self.form = Form::Spread { line, held, braces },
            braces::End::Broken => {
                self.form = SEEKING;
                self.push(&held, line);
            }
            braces::End::At(at) => {
                let rest = held.split_off(before + at);
                let good = self.push(&held, line);
                self.form = if good { Form::Open } else { SEEKING };
                if !rest.trim_ascii().is_empty() {
                    self.take(&rest);
                }
            }
        }
    }

    fn finish(&mut self) {
        self.ended = true;
        match std::mem::replace(&mut self.form, Form::Open) {
            Form::Spread { line, held, .. } => _ = self.push(&held, line),
            Form::Array(elements) => elements.finish(&mut self.ready),
            Form::Seeking { passed } => self.end_seeking(passed),
            Form::Open | Form::Lines => {}
        }
    }
}

impl<R: BufRead> Iterator for Sales<R> {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<io::Result<Entry>> {
        loop {
            if let Some(entry) = self.ready.pop_front() {
                return Some(Ok(entry));
            }
            if self.ended {
                return None;
            }
            let mut text = Vec::new();
            match self.input.read_until(b'\n', &mut text) {
                Err(e) => {
                    self.ended = true;
                    return Some(Err(e));
                }
                Ok(0) => self.finish(),
                Ok(_) => {
                    self.line += 1;
                    if self.line == 1 && (text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff")) {
                        self.ended = true;
                        let why = "El texto está en UTF-16; guárdelo en UTF-8.";
                        return Some(Ok(malformed(1, "línea 1", why)));
                    }
                    let mark: &[u8] = if self.line == 1 { b"\xef\xbb\xbf" } else { b"" };
                    let text = text.strip_prefix(mark).unwrap_or(&text).to_vec();
                    self.take(&text);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
