//! What leaves the program: lines on the standard output, flushed one by one, and remarks beside
//! them on the error output. Nothing here decides what is said.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::failure::{Exit, Failure};

/// Where a command writes.
#[derive(Debug, Clone, Copy)]
pub struct Out {
    /// One JSON object a line instead of words.
    pub json: bool,
}

impl Out {
    pub fn line(self, text: impl AsRef<str>) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_ref().as_bytes())?;
        stdout.write_all(b"\n")?;
        Ok(stdout.flush()?)
    }

    /// One object, one line.
    pub fn object(self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(value)
            .map_err(|e| Failure::refused("output", format!("No se pudo escribir el JSON ({e}).")))?;
        self.line(text)
    }

    /// A page that brings its own line ends.
    pub fn text(self, text: &str) -> Result<Exit, Failure> {
        self.line(text.trim_end()).map(|()| Exit::Done)
    }

    /// A document's bytes as they are, in the SII's Latin-1: to a file or a pipe. A console of
    /// Windows takes Unicode only, so there it is shown, and not handed over.
    pub fn latin1(self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        if cfg!(windows) && stdout.is_terminal() {
            stdout.write_all(shown(bytes).as_bytes())?;
        } else {
            stdout.write_all(bytes)?;
        }
        Ok(stdout.flush()?)
    }

    /// A file as it is, to another program. A terminal would take it for commands of its own.
    pub fn file(self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        if stdout.is_terminal() {
            let why = "Esto no es texto: diga un archivo en vez de «-», o páselo a otro programa con «|».";
            return Err(Failure::refused("output", why));
        }
        stdout.write_all(bytes)?;
        Ok(stdout.flush()?)
    }

    /// A remark for the person at the terminal; not part of the output.
    pub fn note(self, text: impl AsRef<str>) {
        // When nobody can read remarks any more the command still has its work to do.
        let _ = writeln!(io::stderr().lock(), "{}", text.as_ref());
    }

    /// Writes over the last line of a terminal; nothing elsewhere. An empty text wipes it.
    pub fn progress(self, text: &str) {
        if io::stderr().is_terminal() {
            let mut stderr = io::stderr().lock();
            let _ = write!(stderr, "\r\x1b[2K{text}");
            let _ = stderr.flush();
        }
    }
}

/// Latin-1 for the eye: its numbers are Unicode's.
fn shown(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin1_is_readable_where_only_unicode_is() {
        assert_eq!(shown(b"<NmbItem>\xd1and\xfa</NmbItem>"), "<NmbItem>Ñandú</NmbItem>");
    }
}
