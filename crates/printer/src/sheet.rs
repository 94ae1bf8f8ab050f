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

/// A thin line: a hundredth of an inch, and each on a multiple of it, so that screens and printers of 100, 200, 300 and
/// 600 dots an inch draw all of them alike.
const HAIR: f32 = 0.72;

/// The margins: 15 mm (the law: 5 and more).
const MARGIN: f32 = 59.0 * HAIR;
const LEFT: f32 = MARGIN;
const RIGHT: f32 = WIDTH - MARGIN;
const TOP: f32 = MARGIN;
const BOTTOM: f32 = HEIGHT - MARGIN;

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
    let ceded = crate::ticket::ceded(receipt, copy)?;
    let foot = foot::Foot { receipt, stamp, ceded };
    let mut set = Setting { pages: vec![Page::default()], y: TOP, marked: copy.is_marked() };
    // Nobody shall take a training paper for one of the shop's.
    let logo = logo.filter(|_| receipt.watermark.is_empty());
    blocks::head(&mut set, receipt, logo);
    blocks::parties(&mut set, receipt);
    blocks::references(&mut set, receipt);
    blocks::detail(&mut set, receipt, foot.height());
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
    let mut set = Setting { pages: vec![Page::default()], y: TOP, marked: false };
    let mut y = logo.map_or(TOP, |logo| blocks::put_logo(&mut set, logo)) + 12.0;
    for (size, bold, text) in [
        (15.0, true, "TIMBRE: PÁGINA DE PRUEBA"),
        (9.0, false, "áéíóú ÁÉÍÓÚ ñÑ üÜ ¿? ¡! N° $ 1.234.567"),
        (9.0, false, "El marco de esta hoja debe verse entero: si no, la impresora corta los bordes."),
    ] {
        y = set.block((LEFT + 12.0, y), RIGHT - LEFT - 24.0, size, bold, Ink::Black, text) + 6.0;
    }
    set.page().frame(LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP, HAIR, Ink::Black);
    set.pages.remove(0)
}

impl Page {
    fn text(&mut self, x: f32, y: f32, size: f32, bold: bool, ink: Ink, text: &str) {
        self.marks.push(Mark::Text { x, y, size, bold, ink, slant: 0.0, text: text.to_owned() });
    }

    fn bar(&mut self, x: f32, y: f32, width: f32, height: f32, ink: Ink) {
        self.marks.push(Mark::Bar { x, y, width, height, ink });
    }

    /// A thin line across, as thick as any other one.
    fn hair(&mut self, x: f32, y: f32, width: f32, ink: Ink) {
        self.bar(x, on_hairs(y), width, HAIR, ink);
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
    /// Each sheet says that it is a copy.
    marked: bool,
}

impl Setting {
    fn page(&mut self) -> &mut Page {
        self.pages.last_mut().expect("there is a first page")
    }

    fn rule(&mut self, y: f32) {
        self.page().hair(LEFT, y, RIGHT - LEFT, Ink::Black);
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

/// The nearest place where a hairline covers whole dots.
fn on_hairs(at: f32) -> f32 {
    (at / HAIR).round() * HAIR
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
    use timbre_core::receipt::{Ceded, Field, Heading, Issuer, ReceiptLine, Sum};

    use super::*;

    /// Every text of the sheets that is not their frame, and no two of them on one place.
    fn texts(receipt: &Receipt, copy: Copy) -> (Vec<Page>, Vec<String>) {
        let pages = lay(receipt, copy, None).unwrap();
        let mut all = Vec::new();
        for page in &pages {
            let mut placed: Vec<(f32, f32, f32, &str)> = Vec::new();
            for mark in &page.marks {
                let Mark::Text { x, y, size, bold, text, .. } = mark else { continue };
                let right = x + face(*bold).width(text, *size);
                assert!(*x >= LEFT - 0.1 && right <= RIGHT + 0.1, "{text}: {x} to {right}");
                assert!(*y >= TOP && *y <= BOTTOM + 16.0, "{text}: {y}");
                for (from, to, at, other) in &placed {
                    let beside = right <= *from || *to <= *x;
                    assert!(beside || (y - at).abs() >= 6.0, "«{text}» on «{other}»");
                }
                placed.push((*x, right, *y, text));
                all.push(text.clone());
            }
        }
        (pages, all)
    }

    fn sum(name: String, sum: &str) -> Sum {
        Sum { name, sum: sum.to_owned(), grand: false }
    }

    #[test]
    fn totals_and_payments_go_on_over_as_many_sheets_as_they_take() {
        let totals =
            (0..40).map(|n| sum(format!("Descuento {n} de un nombre que no cabe en su línea"), "1.234.567"));
        let till =
            (0..72).map(|n| sum(format!("Tarjeta {n} de la casa comercial del barrio {n}"), "-99.999.999"));
        let receipt = Receipt { totals: totals.collect(), till: till.collect(), ..Receipt::default() };
        let (pages, all) = texts(&receipt, Copy::Original);
        assert!(pages.len() > 2);
        assert_eq!(all.iter().filter(|text| *text == "1.234.567").count(), 40);
        assert_eq!(all.iter().filter(|text| *text == "-99.999.999").count(), 72);
        let said = all.join(" ");
        assert!(said.contains("Descuento 39") && said.contains("barrio 71"), "{said}");
    }

    #[test]
    fn figures_that_are_wider_than_their_columns_stand_below_the_name() {
        let line = |quantity: &str, price: &str, sum: &str| ReceiptLine {
            name: "W".repeat(80),
            quantity: quantity.to_owned(),
            price: price.to_owned(),
            sum: sum.to_owned(),
            ..ReceiptLine::default()
        };
        let wide = [
            line("123.456,789012 CAJA", "1.234,567891", "152.415.788"),
            line("0,000001 KG", "123.456.789,123456", "123"),
            line("1", "99.999.999.999", "999.999.999.999.999.999"),
        ];
        let receipt = Receipt { lines: wide.to_vec(), ..Receipt::default() };
        let said = texts(&receipt, Copy::Original).1.join(" ");
        for line in &wide {
            let times = format!("{} x {}", line.quantity, line.price);
            assert!(said.contains(&times) && said.contains(&line.sum), "{times}: {said}");
        }
        let plain = Receipt { lines: vec![line("3 UN", "12.345", "37.035")], ..Receipt::default() };
        assert!(!texts(&plain, Copy::Original).1.join(" ").contains(" x "));
    }

    #[test]
    fn a_copy_says_so_on_each_sheet_and_a_long_office_stays_below_the_box() {
        let heading = Heading {
            office: Some("S.I.I. - ".to_owned() + &"SANTIAGO ".repeat(7)),
            framed: true,
            ..Heading::default()
        };
        let lines = vec![ReceiptLine { name: "Pan".to_owned(), ..ReceiptLine::default() }; 120];
        let receipt = Receipt { heading, lines, ..Receipt::default() };
        let (pages, all) = texts(&receipt, Copy::Repeated);
        assert!(pages.len() > 2);
        assert_eq!(all.iter().filter(|text| *text == "COPIA").count(), pages.len());
        assert!(!texts(&receipt, Copy::Original).1.contains(&"COPIA".to_owned()));
    }

    #[test]
    fn how_prices_are_meant_stands_at_the_head_of_the_detail_on_each_sheet() {
        let lines = vec![ReceiptLine { name: "Pan".to_owned(), ..ReceiptLine::default() }; 120];
        let receipt = Receipt { lines, prices: "Precios con IVA incluido".to_owned(), ..Receipt::default() };
        let all = texts(&receipt, Copy::Original).1;
        let count = |text: &str| all.iter().filter(|said| *said == text).count();
        assert!(count("Detalle") > 2);
        assert_eq!(count(&receipt.prices), count("Detalle"));
    }

    /// Formato DTE 2.4.2: a name of 100 letters, 40 references, 30 instalments, 60 lines of 1,000 letters of description.
    #[test]
    fn what_a_document_holds_at_the_most_stands_on_its_sheets_and_nothing_on_anything_else() {
        let words =
            |count: usize| "Ñandú WWWWWWW ".repeat(count / 13 + 1).chars().take(count).collect::<String>();
        let field = |n: usize| Field::new("Cuota", format!("15-02-2026: 9.999.999, {n:02} {}", words(37)));
        let heading = Heading {
            tax_id: "R.U.T.: 99.999.999-9".to_owned(),
            title: "FACTURA NO AFECTA O EXENTA ELECTRÓNICA".to_owned(),
            number: "N° 9999999999".to_owned(),
            office: Some(format!("S.I.I. - {}", words(40))),
            framed: true,
        };
        let line = |n: usize| ReceiptLine {
            name: format!("{n:02} {}", words(77)),
            notes: vec![words(1000), "Descuento 10%: 1.234".to_owned()],
            quantity: "123.456,789012 CAJA".to_owned(),
            price: "123.456.789,123456".to_owned(),
            sum: "999.999.999.999.999.999".to_owned(),
            ..ReceiptLine::default()
        };
        let receipt = Receipt {
            heading,
            issuer: Issuer { name: words(100), lines: vec![words(80); 6] },
            date: "15-01-2026 12:34".to_owned(),
            receiver: vec![Field::new("Señor(es)", words(100)); 9],
            terms: (0..30).map(field).collect(),
            references: (0..40).map(|n| format!("Orden de compra N° {n:02}: {}", words(90))).collect(),
            lines: (0..60).map(line).collect(),
            totals: (0..20).map(|n| sum(format!("Impuesto {n}"), "999.999.999.999.999.999")).collect(),
            ..Receipt::default()
        };
        let (_, all) = texts(&receipt, Copy::Repeated);
        let said = all.join(" ");
        for n in 0..30 {
            assert!(said.contains(&format!("9.999.999, {n:02} ")), "instalment {n}");
        }
    }

    /// A sheet of nothing but a foot looks like a leaf that was torn off another document.
    #[test]
    fn a_foot_that_finds_no_room_takes_the_last_lines_along() {
        let ceded = Ceded { legend: "CEDIBLE".to_owned(), ..Ceded::default() };
        let line = |n: usize| ReceiptLine { name: format!("Línea {n:02}"), ..ReceiptLine::default() };
        for count in 2..90 {
            let lines = (0..count).map(line).collect();
            let receipt = Receipt { lines, ceded: Some(ceded.clone()), ..Receipt::default() };
            let (pages, all) = texts(&receipt, Copy::Ceded);
            assert_eq!(all.iter().filter(|text| text.starts_with("Línea")).count(), count, "each once");
            for (at, page) in pages.iter().enumerate() {
                let is_line =
                    |mark: &&Mark| matches!(mark, Mark::Text { text, .. } if text.starts_with("Línea"));
                assert!(page.marks.iter().any(|mark| is_line(&mark)), "{count}: sheet {at} has none");
            }
        }
    }

    #[test]
    fn every_thin_line_covers_whole_dots() {
        let lines = vec![ReceiptLine { name: "Pan".to_owned(), ..ReceiptLine::default() }; 70];
        let till = vec![sum("Efectivo".to_owned(), "20.000")];
        let references = vec!["Guía de despacho electrónica N° 1".to_owned()];
        let ceded = Ceded { fields: vec!["Nombre".to_owned(), "Firma".to_owned()], ..Ceded::default() };
        let receipt = Receipt { lines, till, references, ceded: Some(ceded), ..Receipt::default() };
        let whole = |at: f32| (at / HAIR - (at / HAIR).round()).abs() < 0.01;
        for page in texts(&receipt, Copy::Ceded).0 {
            let across = page.marks.iter().filter_map(|mark| match mark {
                Mark::Bar { y, height, .. } => Some((*y, *height)),
                Mark::Text { .. } | Mark::Stamp { .. } | Mark::Logo { .. } => None,
            });
            for (y, height) in across {
                assert!(whole(y) && whole(height), "{y}, {height} high");
            }
        }
    }

    #[test]
    fn no_line_is_wider_than_asked_and_no_letter_is_lost() {
        let text = "Aceite de oliva extra virgen Supercalifragilisticoespialidoso de la zona";
        let lines = wrap(text, 60.0, 9.0, glyphs::regular());
        assert!(lines.iter().all(|line| glyphs::regular().width(line, 9.0) <= 60.0), "{lines:?}");
        let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
        assert_eq!(letters(&lines.concat()), letters(text));
    }
}
