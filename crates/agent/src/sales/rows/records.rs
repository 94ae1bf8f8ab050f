//! The records of a table (RFC 4180: quotes hold separators, line ends and doubled quotes), each with what is
//! wrong with its writing. What the cells mean is not looked at here.

use std::iter::Peekable;
use std::str::Chars;

/// Cells of a record that are kept; no table of sales has as many columns.
const MOST_CELLS: usize = 1_000;

/// One record.
#[derive(Debug, Default)]
pub struct Record {
    /// The line it begins on, from 1.
    pub line: u64,
    pub cells: Vec<String>,
    /// How many cells it has, kept or not.
    pub width: usize,
    /// What is wrong with its quotes, and the first cell that can't be believed for it.
    pub fault: Option<(usize, String)>,
}

/// The records of a text. Lines end in LF, CR LF, or CR alone.
pub struct Records<'a> {
    chars: Peekable<Chars<'a>>,
    separator: char,
    line: u64,
}

impl<'a> Records<'a> {
    /// Those of `text`, whose first line has the number `line`.
    pub fn new(text: &'a str, separator: char, line: u64) -> Records<'a> {
        Records { chars: text.chars().peekable(), separator, line }
    }

    /// The next character; every line end is one `\n`.
    fn take(&mut self) -> Option<char> {
        let ch = match self.chars.next()? {
            '\r' => {
                self.chars.next_if_eq(&'\n');
                '\n'
            }
            ch => ch,
        };
        self.line += u64::from(ch == '\n');
        Some(ch)
    }

    /// The rest of a cell whose quote has just been read: what is in it, or why it can't be told.
    fn quoted(&mut self, cell: &mut String) -> Option<String> {
        let begun = self.line;
        loop {
            match self.take() {
                None => return Some(format!("La comilla que se abre en la línea {begun} no se cierra.")),
                Some('"') if self.chars.next_if_eq(&'"').is_some() => cell.push('"'),
                Some('"') => break,
                Some(ch) => cell.push(ch),
            }
        }
        let ends = self.chars.peek().is_none_or(|ch| matches!(ch, '\n' | '\r') || *ch == self.separator);
        (!ends).then(|| {
            format!(
                "Después de la comilla que cierra hay más texto: falta o sobra una comilla (la primera se abre en la \
                 línea {begun}). Dentro de una celda las comillas van dobles."
            )
        })
    }
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        self.chars.peek()?;
        let mut record = Record { line: self.line, ..Record::default() };
        let mut cell = String::new();
        let mut fresh = true;
        loop {
            match self.take() {
                Some('"') if fresh => {
                    if let Some(why) = self.quoted(&mut cell) {
                        record.fault.get_or_insert((record.width, why));
                    }
                    fresh = false;
                }
                Some(ch) if ch != '\n' && ch != self.separator => {
                    cell.push(ch);
                    fresh = false;
                }
                end => {
                    let cell = std::mem::take(&mut cell);
                    fresh = true;
                    record.width += 1;
                    if record.width <= MOST_CELLS {
                        record.cells.push(cell);
                    }
                    if end.is_none_or(|ch| ch == '\n') {
                        return Some(record);
                    }
                }
            }
        }
    }
}
