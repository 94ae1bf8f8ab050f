//! What a printer is like: its paper, its page of characters, and what it can do.

use std::sync::Arc;

use serde::Deserialize;

use crate::Logo;

/// What lies in a printer: a roll of thermal paper, at 8 dots a millimetre, or sheets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Paper {
    #[default]
    #[serde(rename = "80mm")]
    Mm80,
    /// For boletas only: all else takes 7.5 cm (manual de muestras impresas 4.0, 1.1).
    #[serde(rename = "58mm")]
    Mm58,
    /// Letter sheets, sent as a PDF. A ticket that is drawn for it all the same is 80 mm wide.
    #[serde(rename = "letter")]
    Letter,
}

impl Paper {
    /// Dots of the head.
    pub fn dots(self) -> usize {
        match self {
            Paper::Mm80 | Paper::Letter => 576,
            Paper::Mm58 => 384,
        }
    }

    /// Characters of a line, 12 dots each.
    pub fn columns(self) -> usize {
        self.dots() / 12
    }

    /// Its printer takes PDF, and no ticket.
    pub fn is_sheet(self) -> bool {
        self == Paper::Letter
    }

    /// As it is written in the settings.
    pub fn word(self) -> &'static str {
        match self {
            Paper::Mm80 => "80mm",
            Paper::Mm58 => "58mm",
            Paper::Letter => "letter",
        }
    }

    /// Narrower than what most types must have.
    pub fn is_narrow(self) -> bool {
        self == Paper::Mm58
    }
}

/// Which byte is which letter. The number that chooses it differs between makers: see
/// [`Profile::codepage_number`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codepage {
    /// 858: what most thermal printers have.
    #[default]
    Pc858,
    Pc850,
    /// Windows 1252.
    Wpc1252,
    /// No page can be trusted: accents are left away.
    Ascii,
}

impl Codepage {
    /// As it is written in the settings.
    pub fn word(self) -> &'static str {
        match self {
            Codepage::Pc858 => "pc858",
            Codepage::Pc850 => "pc850",
            Codepage::Wpc1252 => "wpc1252",
            Codepage::Ascii => "ascii",
        }
    }
}

/// Whether a printer tells how it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is asked, and may not answer.
    #[default]
    Ask,
    /// One on the network that the shop has seen print: it answers nothing and does not even end the line.
    None,
}

impl Status {
    /// As it is written in the settings.
    pub fn word(self) -> &'static str {
        match self {
            Status::Ask => "ask",
            Status::None => "none",
        }
    }
}

/// A printer's ways. Each field has the value that most printers understand.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Profile {
    pub paper: Paper,
    pub codepage: Codepage,
    /// The `n` of `ESC t n`, where it is not Epson's.
    pub codepage_number: Option<u8>,
    /// Draw the letters as pictures: for a printer whose pages have no accents. Slower.
    pub pictures: bool,
    /// Cut after each ticket.
    pub cut: bool,
    /// A cash drawer hangs on this printer: it is opened with an original.
    pub drawer: bool,
    /// Print the stamp on boletas too, where the law leaves it to the shop.
    pub stamp_on_boletas: bool,
    /// What it tells, where it is on the network.
    pub status: Status,
    /// The shop's, above everything else; one for all its printers.
    #[serde(skip)]
    pub logo: Option<Arc<Logo>>,
}

impl Default for Profile {
    fn default() -> Profile {
        Profile {
            paper: Paper::default(),
            codepage: Codepage::default(),
            codepage_number: None,
            pictures: false,
            cut: true,
            drawer: false,
            stamp_on_boletas: true,
            status: Status::default(),
            logo: None,
        }
    }
}
