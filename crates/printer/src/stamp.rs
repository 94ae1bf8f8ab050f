//! The stamp: the code's very bytes as PDF417, as large as the law and the medium allow.
//!
//! Rules (Instructivo técnico, anexo 2, A.2.5; manual de muestras impresas 4.0, 1.1 and 1.5): a module is at
//! least 6.7 mils, rows about three modules high, white around, at the most 4 by 9 cm, at the least 2 by 5.

use crate::Bitmap;
use crate::pdf417::{self, Symbol, TooLong};

/// 6.7 mils, in millimetres.
const LEAST_MODULE: f64 = 0.170;
/// The largest stamp, in millimetres.
const MOST: (f64, f64) = (90.0, 40.0);
/// White above and below, in millimetres: a quarter of an inch.
pub(crate) const QUIET: f64 = 6.35;
/// Rows are read well from two modules upwards, and three are wanted.
const ROW: (usize, usize) = (2, 3);

/// On a sheet: columns, and the module in millimetres (75 mm wide, some 30 mm high).
const SHEET_COLUMNS: usize = 16;
const SHEET_MODULE: f64 = 0.22;

/// A stamp with its measures in millimetres.
#[derive(Debug, Clone, PartialEq)]
pub struct Stamp {
    pub symbol: Symbol,
    pub module: f64,
    pub row: f64,
}

impl Stamp {
    /// For a sheet, drawn with exact edges.
    pub fn on_sheet(bytes: &[u8]) -> Result<Stamp, TooLong> {
        let symbol = pdf417::encode(bytes, SHEET_COLUMNS)?;
        let row = (SHEET_MODULE * 3.0).min(MOST.1 / symbol.rows.len() as f64);
        Ok(Stamp { symbol, module: SHEET_MODULE, row })
    }

    pub fn width(&self) -> f64 {
        self.symbol.width() as f64 * self.module
    }

    pub fn height(&self) -> f64 {
        self.symbol.rows.len() as f64 * self.row
    }
}

/// The stamp in the dots of a thermal head: `dots` of them at `dpi`. `None` where a lawful one does not fit
/// that head (58 mm at 203 dpi).
pub(crate) fn on_head(bytes: &[u8], dots: usize, dpi: f64) -> Option<Bitmap> {
    let dot = 25.4 / dpi;
    // Never a dot too few: a hair of rounding in the law's own figure is no reason for a third one.
    let module = (LEAST_MODULE / dot).ceil() as usize;
    let widest = dots.min((MOST.0 / dot) as usize);
    let columns = (1..=18).rev().find(|&columns| pdf417::width(columns) * module <= widest)?;
    let symbol = pdf417::encode(bytes, columns).ok()?;
    let highest = (MOST.1 / dot) as usize / symbol.rows.len();
    let row = highest.min(ROW.1 * module);
    if row < ROW.0 * module {
        return None;
    }
    let rows = symbol.rows.iter().flat_map(|modules| {
        let wide: Vec<bool> = modules.iter().flat_map(|&black| vec![black; module]).collect();
        vec![wide; row]
    });
    Some(Bitmap::of(rows.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stamp's length: from the shortest to the longest that level 5 takes.
    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|n| (n * 7 % 256) as u8).collect()
    }

    #[test]
    fn on_80_mm_it_has_12_columns_of_2_dots_and_is_no_higher_than_the_law_allows() {
        for length in (600..=1010).step_by(10) {
            let stamp = on_head(&bytes(length), 576, 203.2).unwrap();
            assert_eq!(stamp.width(), 546);
            let height = stamp.height() as f64 / 8.0;
            assert!((20.0..=40.0).contains(&height), "{length} bytes: {height} mm");
        }
    }

    #[test]
    fn on_58_mm_no_lawful_stamp_fits() {
        assert_eq!(on_head(&bytes(730), 384, 203.2), None);
    }

    #[test]
    fn at_300_dpi_a_module_is_three_dots() {
        let stamp = on_head(&bytes(730), 850, 300.0).unwrap();
        assert_eq!(stamp.width() % 3, 0);
        assert!(stamp.height() as f64 * 25.4 / 300.0 <= 40.0);
    }

    #[test]
    fn on_a_sheet_it_is_inside_the_laws_measures() {
        for length in (600..=1010).step_by(10) {
            let stamp = Stamp::on_sheet(&bytes(length)).unwrap();
            assert!(stamp.module >= LEAST_MODULE && stamp.row >= 2.0 * stamp.module);
            assert!((50.0..=90.0).contains(&stamp.width()) && (20.0..=40.0).contains(&stamp.height()));
        }
    }
}
