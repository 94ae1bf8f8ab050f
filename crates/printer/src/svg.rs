//! A ticket as a picture for the screen: the same strips, in the same places.

use std::fmt::Write;

use timbre_core::paper::Copy;
use timbre_core::receipt::Receipt;

use crate::ticket::{Align, NotPrinted, Strip, lay};
use crate::{Bitmap, Paper, Profile};

/// A line of letters, in dots.
const LINE: usize = 30;
/// The paper's own margin on each side.
const MARGIN: usize = 32;

/// The ticket as SVG, one unit a dot. It needs nothing from outside: no font, no style, no script.
pub fn svg(receipt: &Receipt, copy: Copy, profile: &Profile) -> Result<String, NotPrinted> {
    let strips = lay(receipt, copy, profile)?;
    let mut drawn = String::new();
    let mut y = MARGIN;
    for strip in &strips {
        y += put(&mut drawn, strip, y, profile.paper);
    }
    let (width, height) = (profile.paper.dots() + 2 * MARGIN, y + MARGIN);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-label=\"{}\"><rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\
         <g fill=\"#000\" font-family=\"monospace\" font-size=\"20\">{drawn}</g></svg>",
        escaped(&format!("{} {}", receipt.heading.title, receipt.heading.number))
    ))
}

/// Draws a strip; answers how far it reaches down.
fn put(out: &mut String, strip: &Strip, y: usize, paper: Paper) -> usize {
    match strip {
        Strip::Text { text, style, align } => {
            let scale = if style.tall { 2 } else { 1 };
            let letters = text.chars().count();
            let free = paper.columns().saturating_sub(letters) * 12;
            let left = MARGIN
                + match align {
                    Align::Left => 0,
                    Align::Centre => free / 2,
                    Align::Right => free,
                };
            // Blanks count: a figure stands at the right edge by them.
            for (at, word) in words(text) {
                let x = left + at * 12;
                let weight = if style.bold { " font-weight=\"700\"" } else { "" };
                let base = y as f64 / f64::from(scale) + 20.0;
                let length = word.chars().count() * 12;
                let taller = if scale == 2 { " transform=\"scale(1 2)\"" } else { "" };
                // Writing to a string can't fail.
                let _ = write!(
                    out,
                    "<text x=\"{x}\" y=\"{base}\" textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\"{weight}{taller}>{}</text>",
                    escaped(word)
                );
            }
            LINE * scale as usize
        }
        Strip::Picture(picture) | Strip::Framed { picture, .. } => {
            let left = MARGIN + paper.dots().saturating_sub(picture.width()) / 2;
            let _ = write!(out, "<path d=\"{}\"/>", path(picture, left, y));
            picture.height()
        }
        Strip::Rule => {
            let _ =
                write!(out, "<rect x=\"{MARGIN}\" y=\"{}\" width=\"{}\" height=\"2\"/>", y + 4, paper.dots());
            10
        }
        Strip::Feed(dots) => usize::from(*dots),
    }
}

/// Words with the column that each begins in.
fn words(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut at = 0;
    for piece in text.split(' ') {
        if !piece.is_empty() {
            found.push((at, piece));
        }
        at += piece.chars().count() + 1;
    }
    found
}

/// Black runs, those of equal rows drawn as one.
fn path(picture: &Bitmap, left: usize, top: usize) -> String {
    let mut drawn = String::new();
    let mut y = top;
    for same in picture.rows().chunk_by(|a, b| a == b) {
        let mut x = left;
        for run in same[0].chunk_by(|a, b| a == b) {
            if run[0] {
                let _ = write!(drawn, "M{x} {y}h{}v{}h-{}z", run.len(), same.len(), run.len());
            }
            x += run.len();
        }
        y += same.len();
    }
    drawn
}

/// What XML has no character for is left white.
fn escaped(text: &str) -> String {
    let text = text.replace(char::is_control, " ");
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_columns() {
        assert_eq!(words("Total   700"), [(0, "Total"), (8, "700")]);
        assert_eq!(words("  a b"), [(2, "a"), (4, "b")]);
    }

    #[test]
    fn a_picture_is_its_black_runs() {
        let mut picture = Bitmap::new(4, 2);
        picture.fill(1, 0, 2, 2);
        assert_eq!(path(&picture, 10, 20), "M11 20h2v2h-2z");
        assert_eq!(escaped("a<&>\""), "a&lt;&amp;&gt;&quot;");
        assert_eq!(escaped("a\u{1}b"), "a b");
    }
}
