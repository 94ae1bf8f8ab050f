//! The letters of IBM Plex Sans: how wide they are, and drawn as dots.

use std::sync::LazyLock;

use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider};

use crate::Bitmap;

static REGULAR: &[u8] = include_bytes!("../fonts/IBMPlexSans-Regular.ttf");
static BOLD: &[u8] = include_bytes!("../fonts/IBMPlexSans-Bold.ttf");

/// One of the two faces.
pub(crate) struct Face {
    pub(crate) bytes: &'static [u8],
    font: FontRef<'static>,
}

pub(crate) static FACES: LazyLock<[Face; 2]> = LazyLock::new(|| {
    [REGULAR, BOLD]
        .map(|bytes| Face { bytes, font: FontRef::new(bytes).expect("a font that is part of the program") })
});

pub(crate) fn regular() -> &'static Face {
    &FACES[0]
}

pub(crate) fn bold() -> &'static Face {
    &FACES[1]
}

impl Face {
    /// The glyph of a character; the font's own box for one that it does not have.
    pub(crate) fn glyph(&self, c: char) -> GlyphId {
        self.font.charmap().map(c).unwrap_or(GlyphId::NOTDEF)
    }

    /// How far a character leads, in ems.
    pub(crate) fn advance(&self, c: char) -> f32 {
        let metrics = self.font.glyph_metrics(Size::new(1.0), LocationRef::default());
        metrics.advance_width(self.glyph(c)).unwrap_or_default()
    }

    /// How wide a text is, in the unit of `size`.
    pub(crate) fn width(&self, text: &str, size: f32) -> f32 {
        let metrics = self.font.glyph_metrics(Size::new(size), LocationRef::default());
        text.chars().map(|c| metrics.advance_width(self.glyph(c)).unwrap_or_default()).sum()
    }

    /// Draws a text in dots, its base line at `y`.
    pub(crate) fn draw(&self, onto: &mut Bitmap, x: f32, y: f32, size: f32, text: &str) {
        let outlines = self.font.outline_glyphs();
        let mut pen = Edges::default();
        let mut at = x;
        for c in text.chars() {
            pen.origin = (at, y);
            if let Some(outline) = outlines.get(self.glyph(c)) {
                let settings = DrawSettings::unhinted(Size::new(size), LocationRef::default());
                // A glyph that can't be drawn leaves its place white.
                if outline.draw(settings, &mut pen).is_err() {
                    continue;
                }
            }
            at += self.advance(c) * size;
        }
        pen.fill(onto);
    }
}

/// Curves are drawn as so many straight pieces.
const PIECES: u8 = 6;

/// The outlines of a text as straight edges, downwards being positive.
#[derive(Default)]
struct Edges {
    origin: (f32, f32),
    begin: (f32, f32),
    at: (f32, f32),
    edges: Vec<((f32, f32), (f32, f32))>,
}

impl Edges {
    fn place(&self, x: f32, y: f32) -> (f32, f32) {
        (self.origin.0 + x, self.origin.1 - y)
    }

    fn edge_to(&mut self, to: (f32, f32)) {
        self.edges.push((self.at, to));
        self.at = to;
    }

    /// A dot is black when its middle is inside, by the winding of the edges to its left.
    fn fill(&self, onto: &mut Bitmap) {
        let reach = self.edges.iter().fold((f32::MAX, 0f32), |(top, bottom), (from, to)| {
            (top.min(from.1).min(to.1), bottom.max(from.1).max(to.1))
        });
        for row in reach.0.max(0.0) as usize..onto.height().min(reach.1 as usize + 1) {
            let y = row as f32 + 0.5;
            let mut crossings: Vec<(f32, i32)> = Vec::new();
            for &((x0, y0), (x1, y1)) in &self.edges {
                let down = y0 <= y && y < y1;
                if down || (y1 <= y && y < y0) {
                    crossings.push((x0 + (y - y0) / (y1 - y0) * (x1 - x0), if down { 1 } else { -1 }));
                }
            }
            crossings.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut winding = 0;
            for pair in crossings.windows(2) {
                winding += pair[0].1;
                if winding != 0 {
                    let (from, to) = ((pair[0].0 - 0.5).ceil().max(0.0), (pair[1].0 - 0.5).ceil().max(0.0));
                    (from as usize..to as usize).for_each(|x| onto.ink(x, row));
                }
            }
        }
    }
}

impl OutlinePen for Edges {
    fn move_to(&mut self, x: f32, y: f32) {
        self.at = self.place(x, y);
        self.begin = self.at;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.edge_to(self.place(x, y));
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        let (from, by, to) = (self.at, self.place(cx, cy), self.place(x, y));
        for piece in 1..=PIECES {
            let t = f32::from(piece) / f32::from(PIECES);
            let mix =
                |a: f32, b: f32, c: f32| (1.0 - t) * (1.0 - t) * a + 2.0 * t * (1.0 - t) * b + t * t * c;
            self.edge_to((mix(from.0, by.0, to.0), mix(from.1, by.1, to.1)));
        }
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        let (from, a, b, to) = (self.at, self.place(ax, ay), self.place(bx, by), self.place(x, y));
        for piece in 1..=PIECES {
            let t = f32::from(piece) / f32::from(PIECES);
            let u = 1.0 - t;
            let mix = |p: f32, q: f32, r: f32, s: f32| {
                u * u * u * p + 3.0 * u * u * t * q + 3.0 * u * t * t * r + t * t * t * s
            };
            self.edge_to((mix(from.0, a.0, b.0, to.0), mix(from.1, a.1, b.1, to.1)));
        }
    }

    fn close(&mut self) {
        self.edge_to(self.begin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_as_wide_as_each_other_in_both_faces() {
        for face in &*FACES {
            let widths: Vec<f32> = ('0'..='9').map(|c| face.advance(c)).collect();
            assert!(widths.iter().all(|width| *width == widths[0] && *width > 0.4), "{widths:?}");
        }
    }

    #[test]
    fn every_letter_of_latin_1_is_in_both_faces() {
        for face in &*FACES {
            for c in (0x21..0x7f).chain(0xa1..=0xff).filter(|c| *c != 0xad).filter_map(char::from_u32) {
                assert_ne!(face.glyph(c), GlyphId::NOTDEF, "{c}");
            }
        }
    }

    #[test]
    fn an_o_is_white_in_the_middle() {
        let mut picture = Bitmap::new(40, 40);
        bold().draw(&mut picture, 2.0, 34.0, 40.0, "O");
        let row = &picture.rows()[20];
        let runs: Vec<bool> = row.chunk_by(|a, b| a == b).map(|run| run[0]).collect();
        assert_eq!(runs, [false, true, false, true, false]);
    }
}
