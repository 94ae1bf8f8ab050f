//! A receipt set on letter sheets: where each word and line stands, in points from the upper left corner.
//! How a PDF or a screen draws them is in `pdf` and `svg`.

mod blocks;
mod foot;

use timbre_core::paper::Copy;
use timbre_core::receipt::Receipt;

use crate::glyphs::{self, Face};
use crate::ticket::NotPrinted;
use crate::{Logo, Stamp};

/// Letter: 21.6 by 27.9 cm (the law: 21.5 by 11 to 33; manual de muestras impresas 4.0, 1.1).
pub const WIDTH: f32 = 612.0;
pub const HEIGHT: f32 = 792.0;
/// Points a millimetre.
pub const MM: f32 = 72.0 / 25.4;

/// The margins: 15 mm (the law: 5 and more).
const LEFT: f32 = 42.0;
const RIGHT: f32 = WIDTH - 42.0;
const TOP: f32 = 42.0;
const BOTTOM: f32 = HEIGHT - 42.0;

/// A colour of the sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    Black,
    /// Labels and what matters less.
    Grey,
    /// The box: black or red, never green.
    Red,
    /// Behind the text of a training document.
    Faint,
}

impl Ink {
    pub(crate) fn rgb(self) -> (u8, u8, u8) {
        match self {
            Ink::Black => (0, 0, 0),
            Ink::Grey => (0x55, 0x55, 0x55),
            Ink::Red => (0xc4, 0x12, 0x20),
            Ink::Faint => (0xd8, 0xd8, 0xd8),
        }
    }
}

/// Something drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// A line of text; `y` is its base line. Slanted upwards by so many degrees.
    Text {
        x: f32,
        y: f32,
        size: f32,
        bold: bool,
        ink: Ink,
        slant: f32,
        text: String,
    },
    /// A filled rectangle: rules and the sides of boxes.
    Bar {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        ink: Ink,
    },
    Stamp {
        x: f32,
        y: f32,
        stamp: Stamp,
    },
    Logo {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
    },
}

/// What stands on one sheet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    pub marks: Vec<Mark>,
}

/// The sheets of one copy.
pub fn lay(receipt: &Receipt, copy: Copy, logo: Option<&Logo>) -> Result<Vec<Page>, NotPrinted> {
    let stamp = receipt.code.as_ref().map(|code| Stamp::on_sheet(&code.bytes)).transpose()?;
    let ceded = match (copy, &receipt.ceded) {
        (Copy::Ceded, None) => return Err(NotPrinted::NotCeded),
        (Copy::Ceded, ceded) => ceded.as_ref(),
        (Copy::Original | Copy::Repeated, _) => None,
    };
    let foot = foot::Foot { receipt, stamp, ceded };
    let mut set = Setting { pages: vec![Page::default()], y: TOP };
    // Nobody shall take a training paper for one of the shop's.
    let logo = logo.filter(|_| receipt.watermark.is_empty());
    blocks::head(&mut set, receipt, copy, logo);
    blocks::parties(&mut set, receipt);
    blocks::references(&mut set, receipt);
    blocks::detail(&mut set, receipt);
    foot.put(&mut set, receipt);
    let count = set.pages.len();
    for (at, page) in set.pages.iter_mut().enumerate() {
        let text = format!("Página {} de {count}", at + 1);
        let x = RIGHT - glyphs::regular().width(&text, 7.0);
        page.text(x, BOTTOM + 16.0, 7.0, false, Ink::Grey, &text);
        page.watermark(&receipt.watermark);
    }
    Ok(set.pages)
}

/// A page that shows letters, margins and the logo.
pub(crate) fn trial(logo: Option<&Logo>) -> Page {
    let mut set = Setting { pages: vec![Page::default()], y: TOP };
    let mut y = logo.map_or(TOP, |logo| blocks::put_logo(&mut set, logo)) + 12.0;
    for (size, bold, text) in [
        (15.0, true, "TIMBRE: PÁGINA DE PRUEBA"),
        (9.0, false, "áéíóú ÁÉÍÓÚ ñÑ üÜ ¿? ¡! N° $ 1.234.567"),
        (9.0, false, "El marco de esta hoja debe verse entero: si no, la impresora corta los bordes."),
    ] {
        y = set.block((LEFT + 12.0, y), RIGHT - LEFT - 24.0, size, bold, Ink::Black, text) + 6.0;
    }
    set.page().frame(LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP, 0.6, Ink::Black);
    set.pages.remove(0)
}

impl Page {
    fn text(&mut self, x: f32, y: f32, size: f32, bold: bool, ink: Ink, text: &str) {
        self.marks.push(Mark::Text { x, y, size, bold, ink, slant: 0.0, text: text.to_owned() });
    }

    fn bar(&mut self, x: f32, y: f32, width: f32, height: f32, ink: Ink) {
        self.marks.push(Mark::Bar { x, y, width, height, ink });
    }

    fn frame(&mut self, x: f32, y: f32, width: f32, height: f32, line: f32, ink: Ink) {
        self.bar(x, y, width, line, ink);
        self.bar(x, y + height - line, width, line, ink);
        self.bar(x, y, line, height, ink);
        self.bar(x + width - line, y, line, height, ink);
    }

    /// Across the whole sheet, so that no part of it can be shown without.
    fn watermark(&mut self, text: &str) {
        for y in [250.0, 430.0, 610.0].into_iter().filter(|_| !text.is_empty()) {
            let text = text.to_owned();
            let mark = Mark::Text { x: 60.0, y, size: 22.0, bold: true, ink: Ink::Faint, slant: 14.0, text };
            // Behind what can be read.
            self.marks.insert(0, mark);
        }
    }
}

/// The sheets so far, and how far down the last one is filled.
struct Setting {
    pages: Vec<Page>,
    y: f32,
}

impl Setting {
    fn page(&mut self) -> &mut Page {
        self.pages.last_mut().expect("there is a first page")
    }

    fn rule(&mut self, y: f32) {
        self.page().bar(LEFT, y, RIGHT - LEFT, 0.6, Ink::Black);
    }

    /// Lines of text from `y` downwards; answers where they end.
    fn block(&mut self, at: (f32, f32), width: f32, size: f32, bold: bool, ink: Ink, text: &str) -> f32 {
        let mut y = at.1;
        for line in wrap(text, width, size, face(bold)) {
            self.page().text(at.0, y + size, size, bold, ink, &line);
            y += size * 1.3;
        }
        y
    }

    fn at_right(&mut self, right: f32, y: f32, size: f32, bold: bool, ink: Ink, text: &str) {
        let x = right - face(bold).width(text, size);
        self.page().text(x, y, size, bold, ink, text);
    }
}

fn face(bold: bool) -> &'static Face {
    if bold { glyphs::bold() } else { glyphs::regular() }
}

/// Words on lines of at most `width`; a word that is wider is cut. The text's own lines are kept.
fn wrap(text: &str, width: f32, size: f32, face: &Face) -> Vec<String> {
    let mut lines = Vec::new();
    for part in text.lines() {
        let mut line = String::new();
        for word in part.split_whitespace() {
            for piece in pieces(word, width, size, face) {
                let longer = if line.is_empty() { piece.clone() } else { format!("{line} {piece}") };
                if !line.is_empty() && face.width(&longer, size) > width {
                    lines.push(std::mem::replace(&mut line, piece));
                } else {
                    line = longer;
                }
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
    }
    lines
}

fn pieces(word: &str, width: f32, size: f32, face: &Face) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut used = 0.0;
    for c in word.chars() {
        let wide = face.advance(c) * size;
        if used + wide > width && used > 0.0 {
            pieces.push(String::new());
            used = 0.0;
        }
        used += wide;
        pieces.last_mut().expect("there is a first piece").push(c);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_asked_and_no_letter_is_lost() {
        let text = "Aceite de oliva extra virgen Supercalifragilisticoespialidoso de la zona";
        let lines = wrap(text, 60.0, 9.0, glyphs::regular());
        assert!(lines.iter().all(|line| glyphs::regular().width(line, 9.0) <= 60.0), "{lines:?}");
        let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
        assert_eq!(letters(&lines.concat()), letters(text));
    }
}
