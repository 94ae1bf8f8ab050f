//! A receipt laid out on a roll: strips from top to bottom, each a line of text, a picture or white. Which
//! bytes a printer takes for them is not known here.

mod acknowledgement;
mod heading;

use timbre_core::paper::Copy;
use timbre_core::receipt::{Ceded, Field, Receipt, ReceiptLine, Sum};

use crate::pdf417::TooLong;
use crate::{Bitmap, Profile, escpos, stamp};

/// Dots a millimetre of the heads we know, as dots an inch.
pub(crate) const DPI: f64 = 203.2;

/// A logo's widest, in dots: 4.8 cm.
const LOGO_WIDTH: usize = 384;

/// What is drawn from top to bottom.
#[derive(Debug, Clone, PartialEq)]
pub enum Strip {
    Text {
        text: String,
        style: Style,
        align: Align,
    },
    Picture(Bitmap),
    /// Words that stand in a frame: no printer's letters can be framed.
    Framed {
        says: String,
        picture: Bitmap,
    },
    /// A thin line across.
    Rule,
    /// So many dots of white.
    Feed(u8),
}

/// How letters look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    pub bold: bool,
    /// Twice as high.
    pub tall: bool,
}

const PLAIN: Style = Style { bold: false, tall: false };
const BOLD: Style = Style { bold: true, tall: false };
const GRAND: Style = Style { bold: true, tall: true };

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    #[default]
    Left,
    Centre,
    Right,
}

/// Why a document is not put on paper.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPrinted {
    /// All but boletas take 7.5 cm (manual de muestras impresas 4.0, 1.1).
    #[error("este documento necesita papel de 80 mm: en papel de 58 mm solo se imprimen boletas")]
    PaperTooNarrow,
    #[error("este documento no tiene copia cedible")]
    NotCeded,
    /// It must bear a stamp, and none fits.
    #[error("el timbre no cabe en el papel")]
    StampTooLarge,
    #[error(transparent)]
    TooLong(#[from] TooLong),
    #[error("no se pudo armar el PDF: {0}")]
    Sheet(String),
}

/// The bytes for a thermal printer.
pub fn ticket(receipt: &Receipt, copy: Copy, profile: &Profile) -> Result<Vec<u8>, NotPrinted> {
    let strips = lay(receipt, copy, profile)?;
    // In training the drawer stays shut, and a copy is no sale.
    let drawer = copy == Copy::Original && receipt.watermark.is_empty();
    Ok(escpos::write(&strips, profile, drawer))
}

/// The order is that of the manual de muestras impresas 4.0, 1.2, for a roll.
pub fn lay(receipt: &Receipt, copy: Copy, profile: &Profile) -> Result<Vec<Strip>, NotPrinted> {
    if profile.paper.is_narrow() && !receipt.narrow {
        return Err(NotPrinted::PaperTooNarrow);
    }
    let ceded = ceded(receipt, copy)?;
    let mut roll = Roll { columns: profile.paper.columns(), strips: Vec::new() };
    // Nobody shall take a training paper for one of the shop's.
    if let Some(logo) = profile.logo.as_ref().filter(|_| receipt.watermark.is_empty()) {
        roll.strips.push(Strip::Picture(logo.dots(LOGO_WIDTH.min(profile.paper.dots()))));
        roll.strips.push(Strip::Feed(16));
    }
    if copy.is_marked() {
        roll.text("*** COPIA ***", BOLD, Align::Centre);
    }
    heading::put(&mut roll, receipt, profile.paper);
    roll.block(&receipt.watermark, BOLD, Align::Centre);
    roll.block(&receipt.issuer.name, BOLD, Align::Left);
    for line in &receipt.issuer.lines {
        roll.block(line, PLAIN, Align::Left);
    }
    roll.strips.push(Strip::Rule);
    // Who receives, and then when: the manual's own order.
    let date = Field::new("Fecha", receipt.date.as_str());
    for field in receipt.receiver.iter().chain([&date]).chain(&receipt.terms) {
        roll.block(&format!("{}: {}", field.label, field.value), PLAIN, Align::Left);
    }
    if !receipt.references.is_empty() {
        roll.block("Referencias:", BOLD, Align::Left);
    }
    for reference in &receipt.references {
        roll.hung(&format!("- {reference}"), 2);
    }
    roll.strips.push(Strip::Rule);
    roll.block(&receipt.prices, PLAIN, Align::Left);
    for line in &receipt.lines {
        roll.detail(line);
        roll.block(&receipt.watermark, BOLD, Align::Centre);
    }
    roll.strips.push(Strip::Rule);
    for sum in &receipt.totals {
        roll.pair(sum, if sum.grand { GRAND } else { PLAIN });
    }
    if !receipt.till.is_empty() {
        roll.strips.push(Strip::Rule);
        receipt.till.iter().for_each(|sum| roll.pair(sum, PLAIN));
    }
    if let Some(ceded) = ceded {
        roll.strips.push(Strip::Feed(16));
        acknowledgement::put(&mut roll, ceded, profile.paper);
    }
    put_stamp(&mut roll, receipt, profile)?;
    for line in &receipt.legend {
        // What the law wants below the stamp is one character too long for 48.
        let line = if line.chars().count() > roll.columns { line.replace(" - ", "\n") } else { line.clone() };
        roll.block(&line, if receipt.watermark.is_empty() { PLAIN } else { BOLD }, Align::Centre);
    }
    if let Some(ceded) = ceded {
        roll.text(&ceded.legend, GRAND, Align::Right);
    }
    if copy.is_marked() {
        roll.text("*** COPIA ***", BOLD, Align::Centre);
    }
    Ok(roll.strips)
}

/// What a copy that may be ceded bears; `None` on the others.
pub(crate) fn ceded(receipt: &Receipt, copy: Copy) -> Result<Option<&Ceded>, NotPrinted> {
    match (copy.is_ceded(), &receipt.ceded) {
        (true, None) => Err(NotPrinted::NotCeded),
        (true, ceded) => Ok(ceded.as_ref()),
        (false, _) => Ok(None),
    }
}

/// A boleta may go without where the shop or the paper wants it so; nothing else may.
fn put_stamp(roll: &mut Roll, receipt: &Receipt, profile: &Profile) -> Result<(), NotPrinted> {
    let quiet = Strip::Feed((stamp::QUIET * DPI / 25.4).ceil() as u8);
    let Some(code) = &receipt.code else { return Ok(()) };
    let left_out = code.optional && (!profile.stamp_on_boletas || profile.paper.is_narrow());
    if left_out {
        roll.strips.push(Strip::Feed(24));
        return Ok(());
    }
    let drawn = stamp::on_head(&code.bytes, profile.paper.dots(), DPI).ok_or(NotPrinted::StampTooLarge)?;
    roll.strips.extend([quiet.clone(), Strip::Picture(drawn), quiet]);
    Ok(())
}

/// The strips so far, and how many characters a line takes.
struct Roll {
    columns: usize,
    strips: Vec<Strip>,
}

impl Roll {
    fn text(&mut self, text: &str, style: Style, align: Align) {
        self.strips.push(Strip::Text { text: text.to_owned(), style, align });
    }

    /// As many lines as it takes; none for an empty text.
    fn block(&mut self, text: &str, style: Style, align: Align) {
        for line in wrap(text, self.columns) {
            self.text(&line, style, align);
        }
    }

    /// Lines after the first one begin further in.
    fn hung(&mut self, text: &str, indent: usize) {
        for (at, line) in wrap(text, self.columns - indent).into_iter().enumerate() {
            let margin = " ".repeat(if at == 0 { 0 } else { indent });
            self.text(&format!("{margin}{line}"), PLAIN, Align::Left);
        }
    }

    /// A name at the left, a figure at the right: of the name as much as there is room for on each line, the
    /// figure on the last.
    fn pair(&mut self, sum: &Sum, style: Style) {
        for line in pair(&sum.name, &sum.sum, self.columns) {
            self.text(&line, style, Align::Left);
        }
    }

    fn detail(&mut self, line: &ReceiptLine) {
        for text in wrap(&line.name, self.columns) {
            self.text(&text, PLAIN, Align::Left);
        }
        for note in &line.notes {
            for text in wrap(note, self.columns - 2) {
                self.text(&format!("  {text}"), PLAIN, Align::Left);
            }
        }
        let times = match (line.quantity.is_empty(), line.price.is_empty()) {
            (false, false) => format!("  {} x {}", line.quantity, line.price),
            (false, true) => format!("  {}", line.quantity),
            (true, _) => String::new(),
        };
        for text in pair(&times, &line.sum, self.columns) {
            self.text(&text, PLAIN, Align::Left);
        }
    }
}

/// `name` and `figure` on one line, or on as many as the name takes.
fn pair(name: &str, figure: &str, columns: usize) -> Vec<String> {
    let room = columns.saturating_sub(figure.chars().count() + 1).max(8);
    let indent: String = name.chars().take_while(|c| *c == ' ').collect();
    let mut lines: Vec<String> =
        wrap(name, room - indent.len()).into_iter().map(|line| format!("{indent}{line}")).collect();
    let last = lines.pop().unwrap_or_default();
    let gap = columns.saturating_sub(last.chars().count() + figure.chars().count());
    lines.push(format!("{last}{}{figure}", " ".repeat(gap)));
    lines
}

/// Breaks at blanks; a word that is longer than a line is cut. Blanks in a row count as one, and the text's
/// own lines are kept.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for part in text.lines() {
        let mut line = String::new();
        for word in part.split_whitespace() {
            let letters: Vec<char> = word.chars().collect();
            for piece in letters.chunks(columns) {
                let used = line.chars().count();
                if used > 0 && used + 1 + piece.len() > columns {
                    lines.push(std::mem::take(&mut line));
                }
                if !line.is_empty() {
                    line.push(' ');
                }
                line.extend(piece);
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_at_blanks_and_loses_nothing() {
        assert_eq!(wrap("uno dos tres", 7), ["uno dos", "tres"]);
        assert_eq!(wrap("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(wrap("", 4), Vec::<String>::new());
        assert_eq!(wrap("a  b\nc", 9), ["a b", "c"]);
    }

    #[test]
    fn a_figure_stands_at_the_right_edge_whatever_the_name() {
        assert_eq!(pair("Total", "1.190", 12), ["Total  1.190"]);
        let lines = pair("Impuesto bebidas analcohólicas (10%)", "1.234.567", 32);
        assert!(lines.len() > 1 && lines.last().unwrap().ends_with(" 1.234.567"));
        assert_eq!(lines.last().unwrap().chars().count(), 32);
        assert_eq!(pair("", "5", 4), ["   5"]);
    }
}
