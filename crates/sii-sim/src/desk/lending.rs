//! What the desk has lent. As at the SII, the same request again brings the same file (reobtención), and no folio is
//! lent twice.

use super::{Desk, caf};
use crate::{book::Entry, state::State, zone};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Types a CAF may be of (`SiiTypes`: DTEType and DTEFacturasType).
const TYPES: [u16; 12] = [33, 34, 39, 41, 43, 46, 52, 56, 61, 110, 111, 112];
/// `FolioType` has ten digits.
const LAST_FOLIO: u64 = 9_999_999_999;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Lent {
    pub tipo: u16,
    pub from: u64,
    pub to: u64,
    /// The file: Latin-1, a character for each byte.
    pub file: String,
}

/// Why the desk lends nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    Type(u16),
    Range,
    Overlap {
        from: u64,
        to: u64,
    },
    /// The book could not be written.
    Broken,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Type(tipo) => write!(f, "there is no document of type {tipo}"),
            Refused::Range => write!(f, "from and to are no range of folios from 1 to {LAST_FOLIO}"),
            Refused::Overlap { from, to } => write!(f, "folios {from} to {to} were lent before"),
            Refused::Broken => f.write_str("the book of the simulator cannot be written"),
        }
    }
}

impl std::error::Error for Refused {}

impl Desk {
    pub(crate) fn lend(
        state: &mut State,
        tipo: u16,
        from: u64,
        to: u64,
        now: Timestamp,
    ) -> Result<Vec<u8>, Refused> {
        if !TYPES.contains(&tipo) {
            return Err(Refused::Type(tipo));
        }
        if from == 0 || to < from || to > LAST_FOLIO {
            return Err(Refused::Range);
        }
        let touching = |lent: &&Lent| lent.tipo == tipo && lent.from <= to && from <= lent.to;
        match state.lent.iter().find(touching) {
            Some(lent) if (lent.from, lent.to) == (from, to) => return Ok(bytes(&lent.file)),
            Some(lent) => return Err(Refused::Overlap { from: lent.from, to: lent.to }),
            None => {}
        }
        let company = Desk::company();
        let file = caf::issue(company.rut, tipo, from, to, zone::local(now).date(), company.name);
        let lent = Lent { tipo, from, to, file: file.iter().map(|byte| char::from(*byte)).collect() };
        state.write(&Entry::Caf(lent.clone())).map_err(|_| Refused::Broken)?;
        state.lent.push(lent);
        Ok(file)
    }
}

fn bytes(file: &str) -> Vec<u8> {
    file.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect()
}
