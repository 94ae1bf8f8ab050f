//! Strips as the bytes of a thermal printer (ESC/POS). Only commands that every maker copied.

use std::time::Duration;

use crate::codepage::encode;
use crate::ticket::{Align, Strip, Style};
use crate::{Bitmap, Paper, Profile, glyphs};

/// Rows of one picture command: what the smallest memories take.
const BAND: usize = 255;
/// The cell of a letter, in dots.
const CELL: (usize, usize) = (12, 24);
/// White below it, as printers leave it.
const BELOW: usize = 4;

/// What a slow printer (60 mm a second) draws in one: bytes of text, and rows of a picture.
const SLOWEST: (u64, u64) = (1_000, 480);
/// A picture, up to its bytes in a row and its rows, each a little-endian number of two bytes.
const PICTURE: &[u8] = b"\x1dv0\0";

/// How long a slow printer draws a ticket of ours.
pub(crate) fn takes(mut ticket: &[u8]) -> Duration {
    let (mut text, mut rows) = (0, 0);
    while let [_, rest @ ..] = ticket {
        ticket = match ticket.strip_prefix(PICTURE) {
            Some([low, high, few, many, drawn @ ..]) => {
                let (wide, tall) = (u16::from_le_bytes([*low, *high]), u16::from_le_bytes([*few, *many]));
                rows += u64::from(tall);
                drawn.get(usize::from(wide) * usize::from(tall)..).unwrap_or_default()
            }
            Some(_) | None => {
                text += 1;
                rest
            }
        };
    }
    Duration::from_millis(text * 1000 / SLOWEST.0 + rows * 1000 / SLOWEST.1)
}

/// The ticket as it is sent, from waking the printer to the cut.
pub(crate) fn write(strips: &[Strip], profile: &Profile, drawer: bool) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(b"\x1b@"); // as after switching on
    out.extend(b"\x1c."); // cheap printers begin in Chinese
    out.extend([0x1b, b't', profile.page_number()]);
    if drawer && profile.drawer {
        out.extend([0x1b, b'p', 0, 25, 250]);
    }
    for strip in strips {
        match strip {
            Strip::Text { text, style, align } if profile.pictures => {
                picture(&mut out, &drawn(text, *style, *align, profile.paper), profile.paper);
            }
            Strip::Text { text, style, align } => line(&mut out, text, *style, *align, profile),
            Strip::Picture(bitmap) | Strip::Framed { picture: bitmap, .. } => {
                picture(&mut out, bitmap, profile.paper);
            }
            Strip::Rule => {
                let mut rule = Bitmap::new(profile.paper.dots(), 10);
                rule.fill(0, 4, profile.paper.dots(), 2);
                picture(&mut out, &rule, profile.paper);
            }
            Strip::Feed(dots) => out.extend([0x1b, b'J', *dots]),
        }
    }
    match profile.cut {
        // Feeds as far as the knife is away, and leaves a corner.
        true => out.extend([0x1d, b'V', 66, 0]),
        false => out.extend(b"\n\n\n\n"),
    }
    out
}

fn line(out: &mut Vec<u8>, text: &str, style: Style, align: Align, profile: &Profile) {
    let align = match align {
        Align::Left => 0,
        Align::Centre => 1,
        Align::Right => 2,
    };
    out.extend([0x1b, b'a', align, 0x1b, b'E', u8::from(style.bold), 0x1d, b'!', u8::from(style.tall)]);
    out.extend(encode(text, profile.codepage));
    out.push(b'\n');
}

/// A picture in the middle of the paper, in bands. Padded here, since not every printer aligns pictures.
fn picture(out: &mut Vec<u8>, bitmap: &Bitmap, paper: Paper) {
    let left = paper.dots().saturating_sub(bitmap.width()) / 2;
    let rows = bitmap.rows().iter().map(|row| {
        let mut wide = vec![false; left];
        wide.extend(row);
        wide.resize(paper.dots(), false);
        wide
    });
    let rows: Vec<Vec<bool>> = rows.collect();
    for band in rows.chunks(BAND) {
        let bytes = (paper.dots() / 8) as u16;
        out.extend(PICTURE);
        out.extend(bytes.to_le_bytes());
        out.extend((band.len() as u16).to_le_bytes());
        out.extend(Bitmap::of(band.to_vec()).packed());
    }
}

/// A line of text as a picture, each letter in the middle of its cell.
fn drawn(text: &str, style: Style, align: Align, paper: Paper) -> Bitmap {
    let tall = if style.tall { 2 } else { 1 };
    let mut single = Bitmap::new(paper.dots(), CELL.1);
    let face = if style.bold { glyphs::bold() } else { glyphs::regular() };
    let free = paper.columns().saturating_sub(text.chars().count()) * CELL.0;
    let left = match align {
        Align::Left => 0,
        Align::Centre => free / 2,
        Align::Right => free,
    };
    let size = 19.0;
    for (at, c) in text.chars().enumerate() {
        let x = (left + at * CELL.0) as f32 + (CELL.0 as f32 - face.advance(c) * size) / 2.0;
        face.draw(&mut single, x, 18.0, size, &c.to_string());
    }
    let mut rows: Vec<Vec<bool>> = single.rows().iter().flat_map(|row| vec![row.clone(); tall]).collect();
    rows.resize(rows.len() + BELOW, vec![false; paper.dots()]);
    Bitmap::of(rows)
}
