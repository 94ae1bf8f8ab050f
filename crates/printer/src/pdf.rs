//! Sheets as a PDF: text that can be searched, fonts as subsets, the stamp as exact shapes.

use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use timbre_core::paper::Copy;
use timbre_core::receipt::Receipt;

use crate::Logo;
use crate::glyphs::{self, Face};
use crate::sheet::{self, HEIGHT, Ink, MM, Mark, Page, WIDTH};
use crate::ticket::NotPrinted;

/// The sheets of these copies, one after the other, as one PDF. The same receipt gives the same bytes.
pub fn pdf(receipt: &Receipt, copies: &[Copy], logo: Option<&Logo>) -> Result<Vec<u8>, NotPrinted> {
    let title = format!("{} {}", receipt.heading.title, receipt.heading.number);
    let each: Result<Vec<_>, _> = copies.iter().map(|&copy| sheet::lay(receipt, copy, logo)).collect();
    write(title, &each?.concat(), logo)
}

/// Pages as they were set, as a PDF.
pub(crate) fn write(title: String, pages: &[Page], logo: Option<&Logo>) -> Result<Vec<u8>, NotPrinted> {
    let broken = |why: &str| NotPrinted::Sheet(why.to_owned());
    let font = |face: &Face| Font::new(face.bytes.into(), 0).ok_or_else(|| broken("letras"));
    let fonts = [font(glyphs::regular())?, font(glyphs::bold())?];
    let image = logo.map(|logo| {
        let (width, height, pixels) = logo.on_sheet();
        Image::from_rgba8(pixels, width as u32, height as u32)
    });
    let mut document = Document::new();
    document
        .set_metadata(Metadata::new().title(title).language("es-CL".to_owned()).creator("Timbre".to_owned()));
    for drawn in pages {
        let settings = PageSettings::from_wh(WIDTH, HEIGHT).ok_or_else(|| broken("hoja"))?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for mark in &drawn.marks {
            draw(&mut surface, mark, &fonts, image.as_ref());
        }
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|error| NotPrinted::Sheet(format!("{error:?}")))
}

fn draw(surface: &mut Surface<'_>, mark: &Mark, fonts: &[Font; 2], logo: Option<&Image>) {
    match mark {
        Mark::Text { x, y, size, bold, ink, slant, text } => {
            fill(surface, *ink);
            let face = if *bold { glyphs::bold() } else { glyphs::regular() };
            let font = fonts[usize::from(*bold)].clone();
            let glyphs: Vec<KrillaGlyph> = text
                .char_indices()
                .map(|(at, c)| {
                    let id = GlyphId::new(face.glyph(c).to_u32());
                    KrillaGlyph::new(id, face.advance(c), 0.0, 0.0, 0.0, at..at + c.len_utf8(), None)
                })
                .collect();
            let turned = *slant != 0.0;
            if turned {
                surface.push_transform(&Transform::from_rotate_at(-slant, *x, *y));
            }
            surface.draw_glyphs(Point::from_xy(*x, *y), &glyphs, font, text, *size, false);
            if turned {
                surface.pop();
            }
        }
        Mark::Bar { x, y, width, height, ink } => {
            fill(surface, *ink);
            bars(surface, [(*x, *y, *width, *height)]);
        }
        Mark::Logo { x, y, width, height } => {
            let Some((image, size)) = logo.cloned().zip(Size::from_wh(*width, *height)) else { return };
            surface.push_transform(&Transform::from_translate(*x, *y));
            surface.draw_image(image, size);
            surface.pop();
        }
        Mark::Stamp { x, y, stamp } => {
            fill(surface, Ink::Black);
            let (module, row) = (stamp.module as f32 * MM, stamp.row as f32 * MM);
            let black = stamp.symbol.rows.iter().enumerate().flat_map(|(down, modules)| {
                let mut across = 0;
                modules.chunk_by(|a, b| a == b).filter_map(move |run| {
                    let left = across;
                    across += run.len();
                    let place = (x + left as f32 * module, y + down as f32 * row);
                    run[0].then_some((place.0, place.1, run.len() as f32 * module, row))
                })
            });
            bars(surface, black);
        }
    }
}

fn bars(surface: &mut Surface<'_>, bars: impl IntoIterator<Item = (f32, f32, f32, f32)>) {
    let mut path = PathBuilder::new();
    for (x, y, width, height) in bars {
        if let Some(rect) = Rect::from_xywh(x, y, width, height) {
            path.push_rect(rect);
        }
    }
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
}

fn fill(surface: &mut Surface<'_>, ink: Ink) {
    let (red, green, blue) = ink.rgb();
    surface.set_fill(Some(Fill {
        paint: rgb::Color::new(red, green, blue).into(),
        opacity: NormalizedF32::ONE,
        rule: FillRule::NonZero,
    }));
}
