//! The box of the copy that may be ceded: fields to be filled in by hand, and what signing them means (manual de
//! muestras impresas 4.0, 1.4).

use timbre_core::receipt::Ceded;

use super::heading::wrap;
use super::{Roll, Strip};
use crate::{Bitmap, Paper, glyphs};

/// The frame's line, and those to write on, in dots: a quarter of a millimetre.
const LINE: usize = 2;
const MARGIN: usize = 14;
/// Letters of 7 points.
const SIZE: f32 = 20.0;
const LEADING: usize = 25;
/// Room to write: 6 mm.
const ROOM: usize = 48;

pub(super) fn put(roll: &mut Roll, ceded: &Ceded, paper: Paper) {
    let face = glyphs::regular();
    let width = paper.dots();
    let right = width - LINE - MARGIN;
    let inside = (right - LINE - MARGIN) as f32;
    let lines = wrap(&ceded.text, |line| face.width(line, SIZE) <= inside);
    let fields = LINE + ceded.fields.len() * ROOM;
    let mut picture = Bitmap::new(width, fields + MARGIN + lines.len() * LEADING + MARGIN + LINE);
    picture.frame(LINE);
    let left = LINE + MARGIN;
    // Those to write on begin below each other.
    let labels = ceded.fields.iter().map(|field| format!("{field}:"));
    let widest = labels.clone().map(|label| face.width(&label, SIZE)).fold(0.0, f32::max);
    let begin = left + widest.ceil() as usize + 12;
    for (at, label) in labels.enumerate() {
        let base = LINE + (at + 1) * ROOM;
        face.draw(&mut picture, left as f32, base as f32 - 4.0, SIZE, &label);
        picture.fill(begin, base, right - begin, LINE);
    }
    for (at, line) in lines.iter().enumerate() {
        let base = fields + MARGIN + at * LEADING + SIZE as usize;
        face.draw(&mut picture, left as f32, base as f32, SIZE, line);
    }
    let says = ceded.fields.iter().chain(&lines).cloned().collect::<Vec<_>>().join("\n");
    roll.strips.push(Strip::Framed { says, picture });
}
