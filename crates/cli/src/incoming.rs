//! The input of a command that takes sales: a file or the standard input, read on a thread of its
//! own so that a sale is worked on while the next one is still being written.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Read};
use std::path::Path;

use timbre_agent::sales::rows::{self, RowMap};
use timbre_agent::sales::{Entry, Sales};
use tokio::sync::mpsc;

use crate::failure::Failure;
use crate::out::Out;

/// How many sales may be read ahead.
const AHEAD: usize = 64;

/// The sales of `file`; of the standard input when there is none or it is `-`.
pub fn incoming(file: Option<&Path>, out: Out) -> Result<mpsc::Receiver<io::Result<Entry>>, Failure> {
    let input: Box<dyn Read + Send> = match file {
        Some(path) if path != Path::new("-") => {
            Box::new(File::open(path).map_err(|e| Failure::unreadable(path, &e))?)
        }
        _ => {
            if io::stdin().is_terminal() {
                out.note("Escriba la venta en JSON; termine con Ctrl-D.");
            }
            Box::new(io::stdin())
        }
    };
    let (give, take) = mpsc::channel(AHEAD);
    std::thread::spawn(move || {
        for entry in Sales::new(BufReader::new(input)) {
            // Nobody listens any more: the command has ended.
            if give.blocking_send(entry).is_err() {
                break;
            }
        }
    });
    Ok(take)
}

/// The sales of a table, by the map (TOML) that says which column is what.
pub fn incoming_rows(file: Option<&Path>, map: &Path) -> Result<mpsc::Receiver<io::Result<Entry>>, Failure> {
    let text = std::fs::read_to_string(map).map_err(|e| Failure::unreadable(map, &e))?;
    let map: RowMap = toml::from_str(&text)
        .map_err(|e| Failure::usage(format!("El mapa {} no se entiende: {e}", map.display())))?;
    // One byte more than a table may have tells that it has too many.
    let (mut table, most) = (Vec::new(), rows::MOST_BYTES as u64 + 1);
    match file.filter(|path| *path != Path::new("-")) {
        Some(path) => {
            let file = File::open(path).map_err(|e| Failure::unreadable(path, &e))?;
            file.take(most).read_to_end(&mut table).map_err(|e| Failure::unreadable(path, &e))?;
        }
        None => _ = io::stdin().lock().take(most).read_to_end(&mut table).map_err(|e| unreadable(&e))?,
    }
    let (give, take) = mpsc::channel(AHEAD);
    std::thread::spawn(move || {
        for entry in rows::read(&map, &table) {
            // Nobody listens any more: the command has ended.
            if give.blocking_send(Ok(entry)).is_err() {
                break;
            }
        }
    });
    Ok(take)
}

/// An input that can't be read on.
pub fn unreadable(error: &io::Error) -> Failure {
    Failure::usage(format!("No se pudo leer la entrada ({error})."))
}
