//! The shop's logo: a PNG, checked when it is set, as dots for a thermal head and as it is on sheets.

use std::io::Cursor;

use crate::Bitmap;

/// The largest file, in bytes.
pub const MOST_BYTES: usize = 512 * 1024;
/// The largest picture, in pixels a side; the smallest is 16.
pub const MOST_SIDE: u32 = 2000;
const LEAST_SIDE: u32 = 16;
/// On a ticket: dots, so that it is no higher than 3 cm.
const TICKET_HEIGHT: usize = 240;
/// On a sheet: what its place of 6 by 2 cm shows at 300 dots an inch.
const SHEET: (usize, usize) = (709, 236);

/// A logo that can be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Logo {
    width: usize,
    height: usize,
    /// Red, green, blue, opacity of each pixel, row after row.
    pixels: Vec<u8>,
}

impl std::fmt::Debug for Logo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Logo({} x {})", self.width, self.height)
    }
}

/// Why a file is no logo. The sentences are for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadLogo {
    #[error("el archivo pesa {0} KB y el logo puede pesar hasta {most} KB", most = MOST_BYTES / 1024)]
    TooHeavy(usize),
    #[error("el logo debe ser una imagen PNG, y este archivo no se pudo leer ({0})")]
    NotPng(String),
    #[error("la imagen mide {0} x {1} píxeles y el logo puede medir de {LEAST_SIDE} a {MOST_SIDE} por lado")]
    Size(u32, u32),
    #[error("la imagen está en blanco")]
    Blank,
}

impl Logo {
    /// Reads a PNG of any depth and colour.
    pub fn read(file: &[u8]) -> Result<Logo, BadLogo> {
        if file.len() > MOST_BYTES {
            return Err(BadLogo::TooHeavy(file.len().div_ceil(1024)));
        }
        let bad = |error: png::DecodingError| BadLogo::NotPng(error.to_string());
        let mut decoder = png::Decoder::new(Cursor::new(file));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().map_err(bad)?;
        // Judged before any memory is taken for it.
        let (width, height) = (reader.info().width, reader.info().height);
        let lawful = LEAST_SIDE..=MOST_SIDE;
        if !lawful.contains(&width) || !lawful.contains(&height) {
            return Err(BadLogo::Size(width, height));
        }
        let mut read = vec![0; reader.output_buffer_size()];
        let info = reader.next_frame(&mut read).map_err(bad)?;
        read.truncate(info.buffer_size());
        let pixels: Vec<u8> = match info.color_type {
            png::ColorType::Grayscale => read.iter().flat_map(|&g| [g, g, g, 255]).collect(),
            png::ColorType::GrayscaleAlpha => {
                read.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect()
            }
            png::ColorType::Rgb => read.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect(),
            png::ColorType::Rgba => read,
            png::ColorType::Indexed => return Err(BadLogo::NotPng("paleta".to_owned())),
        };
        let logo = Logo { width: width as usize, height: height as usize, pixels };
        match logo.greys().iter().all(|&grey| grey > 250) {
            true => Err(BadLogo::Blank),
            false => Ok(logo),
        }
    }

    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// For sheets: width, height, and red, green, blue, opacity of each pixel, no more of them than are seen there, or a
    /// sheet would be as heavy as the file was.
    pub(crate) fn on_sheet(&self) -> (usize, usize, Vec<u8>) {
        let (width, height) = self.shrunk(SHEET.0, SHEET.1);
        if (width, height) == (self.width, self.height) {
            return (width, height, self.pixels.clone());
        }
        let mut pixels = Vec::with_capacity(width * height * 4);
        for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
            let (columns, rows) = (together(x, width, self.width), together(y, height, self.height));
            let count = (columns.len() * rows.len()) as u32;
            for part in 0..4 {
                let of = |row: usize, column: usize| {
                    u32::from(self.pixels[(row * self.width + column) * 4 + part])
                };
                let sum: u32 = rows
                    .clone()
                    .flat_map(|row| columns.clone().map(move |c| (row, c)))
                    .map(|(r, c)| of(r, c))
                    .sum();
                pixels.push((sum / count) as u8);
            }
        }
        (width, height, pixels)
    }

    /// In its own shape, no wider and no higher; never grown.
    fn shrunk(&self, widest: usize, highest: usize) -> (usize, usize) {
        let fit = |side: usize, most: usize| most as f64 / side as f64;
        let scale = fit(self.width, widest).min(fit(self.height, highest)).min(1.0);
        let scaled = |side: usize| ((side as f64 * scale) as usize).max(1);
        (scaled(self.width), scaled(self.height))
    }

    /// How light each pixel is on white paper (ITU-R BT.601).
    fn greys(&self) -> Vec<u8> {
        let grey = |p: &[u8]| {
            let light = (299 * u32::from(p[0]) + 587 * u32::from(p[1]) + 114 * u32::from(p[2])) / 1000;
            let opacity = u32::from(p[3]);
            ((light * opacity + 255 * (255 - opacity)) / 255) as u8
        };
        self.pixels.chunks_exact(4).map(grey).collect()
    }

    /// As black dots, at most so wide: shrunk where it is larger, never grown, its greys scattered.
    pub(crate) fn dots(&self, widest: usize) -> Bitmap {
        let greys = self.greys();
        let (width, height) = self.shrunk(widest, TICKET_HEIGHT);
        // The mean of the pixels that fall together.
        let mean = |x: usize, y: usize| {
            let (columns, rows) = (together(x, width, self.width), together(y, height, self.height));
            let count = (columns.len() * rows.len()) as u32;
            let sum: u32 = rows
                .flat_map(|row| greys[row * self.width..][columns.clone()].iter())
                .map(|&g| u32::from(g))
                .sum();
            (sum / count) as i32
        };
        let mut light: Vec<i32> =
            (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| mean(x, y)).collect();
        let mut drawn = Bitmap::new(width, height);
        // Floyd and Steinberg (1976): what a dot is too dark or too light is made good by its neighbours.
        for y in 0..height {
            for x in 0..width {
                let is = light[y * width + x];
                let black = is < 128;
                if black {
                    drawn.ink(x, y);
                }
                let rest = is - if black { 0 } else { 255 };
                let mut give = |right: isize, below: usize, part: i32| {
                    let (x, y) = (x as isize + right, y + below);
                    if (0..width as isize).contains(&x) && y < height {
                        light[y * width + x as usize] += rest * part / 16;
                    }
                };
                give(1, 0, 7);
                give(-1, 1, 3);
                give(0, 1, 5);
                give(1, 1, 1);
            }
        }
        drawn
    }
}

/// Which of `from` pixels fall on the one at `at` of `to`.
fn together(at: usize, to: usize, from: usize) -> std::ops::Range<usize> {
    let first = at * from / to;
    first..((at + 1) * from / to).clamp(first + 1, from.max(first + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32, color: png::ColorType, pixels: &[u8]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(color);
        encoder.write_header().unwrap().write_image_data(pixels).unwrap();
        file
    }

    fn grey(width: u32, height: u32, light: u8) -> Vec<u8> {
        png(width, height, png::ColorType::Grayscale, &vec![light; (width * height) as usize])
    }

    fn blackness(picture: &Bitmap) -> f64 {
        let black = picture.rows().iter().flatten().filter(|&&dot| dot).count();
        black as f64 / (picture.width() * picture.height()) as f64
    }

    #[test]
    fn its_limits_are_checked_before_it_is_believed() {
        assert_eq!(Logo::read(&vec![0; MOST_BYTES + 1]).unwrap_err(), BadLogo::TooHeavy(513));
        assert!(matches!(Logo::read(b"GIF89a").unwrap_err(), BadLogo::NotPng(_)));
        assert_eq!(Logo::read(&grey(8, 40, 0)).unwrap_err(), BadLogo::Size(8, 40));
        assert_eq!(Logo::read(&grey(2001, 40, 0)).unwrap_err(), BadLogo::Size(2001, 40));
        assert_eq!(Logo::read(&grey(40, 40, 255)).unwrap_err(), BadLogo::Blank);
        let mut cut = grey(40, 40, 0);
        cut.truncate(cut.len() - 20);
        assert!(Logo::read(&cut).is_err(), "cut short");
    }

    #[test]
    fn on_a_head_it_is_as_dark_as_it_is_and_no_larger_than_its_place() {
        for light in [0, 64, 128, 200] {
            let dots = Logo::read(&grey(900, 300, light)).unwrap().dots(384);
            assert_eq!((dots.width(), dots.height()), (384, 128));
            let wanted = 1.0 - f64::from(light) / 255.0;
            assert!((blackness(&dots) - wanted).abs() < 0.02, "{light}: {}", blackness(&dots));
        }
        // High and narrow: no higher than 3 cm; small: not grown.
        let high = Logo::read(&grey(300, 900, 0)).unwrap().dots(384);
        assert_eq!((high.width(), high.height()), (80, 240));
        assert_eq!(Logo::read(&grey(20, 16, 0)).unwrap().dots(384).width(), 20);
    }

    /// The worst for a PDF: a large picture in which no pixel is like the next.
    #[test]
    fn on_a_sheet_it_is_no_heavier_than_what_is_seen() {
        let pixels: Vec<u8> =
            (0..1900_u32 * 600).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let mut logo = Logo::read(&grey(1900, 600, 9)).unwrap();
        logo.pixels = pixels.iter().flat_map(|&g| [g, g, g, 255]).collect();
        let (width, height, pixels) = logo.on_sheet();
        assert_eq!((width, height, pixels.len()), (709, 223, 709 * 223 * 4));
        let receipt = timbre_core::receipt::Receipt::default();
        let sheet = crate::pdf(&receipt, &[timbre_core::paper::Copy::Original], Some(&logo)).unwrap();
        assert!(sheet.len() < 500_000, "{}", sheet.len());
        let same = Logo::read(&grey(300, 100, 9)).unwrap().on_sheet();
        assert_eq!((same.0, same.1), (300, 100), "never grown");
    }

    #[test]
    fn what_can_be_seen_through_is_paper() {
        let half: Vec<u8> = (0..32 * 32).flat_map(|n| [0, 0, 0, if n % 32 < 16 { 255 } else { 0 }]).collect();
        let dots = Logo::read(&png(32, 32, png::ColorType::Rgba, &half)).unwrap().dots(384);
        assert!(dots.rows().iter().all(|row| row[..16].iter().all(|&d| d) && !row[16..].iter().any(|&d| d)));
    }
}
