//! The box that says who issues what under which number, its frame of the law's width.

use timbre_core::receipt::Receipt;

use super::{Align, BOLD, GRAND, Roll, Strip};
use crate::{Bitmap, Paper, glyphs};

/// The frame's line, in dots: 0.6 mm (the law: 0.5 to 1).
const LINE: usize = 5;
/// Letters of 10.3 points (the law: 10 and more, bold capitals).
const SIZE: f32 = 29.0;
const LEADING: usize = 40;
const MARGIN: usize = 16;

/// 5.5 to 8 cm wide and 1.5 to 4 high (manual de muestras impresas 4.0, 1.3), where the paper is that wide.
pub(super) fn put(roll: &mut Roll, receipt: &Receipt, paper: Paper) {
    let heading = &receipt.heading;
    if !heading.framed {
        for text in [&heading.title, &heading.number] {
            roll.block(text, GRAND, Align::Centre);
        }
        return;
    }
    let width = match paper {
        Paper::Mm80 | Paper::Letter => 520,
        Paper::Mm58 => 376,
    };
    let inside = (width - 2 * (LINE + MARGIN)) as f32;
    let face = glyphs::bold();
    let lines: Vec<String> = [&heading.tax_id, &heading.title, &heading.number]
        .into_iter()
        .flat_map(|text| wrap(&text.to_uppercase(), |line| face.width(line, SIZE) <= inside))
        .collect();
    let height = 2 * (LINE + MARGIN) + lines.len() * LEADING;
    let mut picture = Bitmap::new(width, height);
    picture.frame(LINE);
    for (at, line) in lines.iter().enumerate() {
        let x = (width as f32 - face.width(line, SIZE)) / 2.0;
        let y = (LINE + MARGIN + at * LEADING) as f32 + SIZE;
        face.draw(&mut picture, x, y, SIZE, line);
    }
    roll.strips.push(Strip::Framed { says: lines.join("\n"), picture });
    if let Some(office) = &heading.office {
        roll.strips.push(Strip::Feed(8));
        roll.block(office, BOLD, Align::Centre);
    }
    roll.strips.push(Strip::Feed(16));
}

/// Words on lines that `fits` takes.
pub(super) fn wrap(text: &str, fits: impl Fn(&str) -> bool) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if fits(&format!("{line} {word}")) => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
