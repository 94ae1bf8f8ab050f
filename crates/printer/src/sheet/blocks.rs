//! From the top: the box and the issuer, who receives, what is referred to, and the detail with its breaks.

use timbre_core::receipt::{Field, Receipt, ReceiptLine};

use super::{BOTTOM, HAIR, Ink, LEFT, MM, Mark, Page, RIGHT, Setting, TOP, WIDTH, face, on_hairs, wrap};
use crate::Logo;

/// The box: 7 cm wide, its line 0.76 mm, its letters 12 points, bold capitals (the law: 5.5 to 8 cm, 0.5 to 1
/// mm, 10 points and more; manual de muestras impresas 4.0, 1.3).
const BOX_WIDTH: f32 = 276.0 * HAIR;
const BOX_LINE: f32 = 3.0 * HAIR;
const BOX_SIZE: f32 = 12.0;
const BOX_LEADING: f32 = 17.0;

/// What tells a sheet from the first one of its kind.
const COPY: &str = "COPIA";

/// The logo's place: 6 by 2 cm, a fiftieth of the sheet (the law: a fifth at the most; 1.2 of the same).
const LOGO: (f32, f32) = (60.0 * MM, 20.0 * MM);

/// The right edges of the figures, and where the names stand.
const QUANTITY: f32 = LEFT + 72.0;
const NAME: f32 = QUANTITY + 12.0;
const PRICE: f32 = RIGHT - 84.0;
const SUM: f32 = RIGHT;
const NAME_WIDTH: f32 = PRICE - PRICE_WIDTH - NAME;
/// The widest figures that stand in their columns, with white before them.
const QUANTITY_WIDTH: f32 = QUANTITY - LEFT;
const PRICE_WIDTH: f32 = 74.0;
const SUM_WIDTH: f32 = SUM - PRICE - 8.0;

pub(super) fn head(set: &mut Setting, receipt: &Receipt, logo: Option<&Logo>) {
    let heading = &receipt.heading;
    let below = if heading.framed { framed(set, receipt) } else { bare(set, receipt) };
    let width = RIGHT - BOX_WIDTH - 24.0 - LEFT;
    let top = logo.map_or(TOP, |logo| put_logo(set, logo));
    let mut y = set.block((LEFT, top), width, 15.0, true, Ink::Black, &receipt.issuer.name);
    y += 3.0;
    for line in &receipt.issuer.lines {
        y = set.block((LEFT, y), width, 9.0, false, Ink::Black, line);
    }
    if set.marked {
        y = set.block((LEFT, y + 4.0), width, 10.0, true, Ink::Black, COPY);
    }
    set.y = y.max(below) + 14.0;
}

/// At the upper left, in its own shape; answers where what comes next begins.
pub(super) fn put_logo(set: &mut Setting, logo: &Logo) -> f32 {
    let (width, height) = logo.size();
    let scale = (LOGO.0 / width as f32).min(LOGO.1 / height as f32);
    let (width, height) = (width as f32 * scale, height as f32 * scale);
    set.page().marks.push(Mark::Logo { x: LEFT, y: TOP, width, height });
    TOP + height + 6.0
}

fn framed(set: &mut Setting, receipt: &Receipt) -> f32 {
    let heading = &receipt.heading;
    let inside = BOX_WIDTH - 2.0 * BOX_LINE - 12.0;
    let lines: Vec<String> = [&heading.tax_id, &heading.title, &heading.number]
        .into_iter()
        .flat_map(|text| wrap(&text.to_uppercase(), inside, BOX_SIZE, face(true)))
        .collect();
    let height = on_hairs(22.0 + lines.len() as f32 * BOX_LEADING);
    let left = RIGHT - BOX_WIDTH;
    set.page().frame(left, TOP, BOX_WIDTH, height, BOX_LINE, Ink::Red);
    for (at, line) in lines.iter().enumerate() {
        let y = TOP + 11.0 + BOX_SIZE + at as f32 * BOX_LEADING;
        centred(set.page(), left, y, BOX_SIZE, line);
    }
    let mut below = TOP + height;
    for line in heading.office.iter().flat_map(|office| wrap(office, BOX_WIDTH, 9.5, face(true))) {
        below += 13.0;
        centred(set.page(), left, below, 9.5, &line);
    }
    below
}

fn centred(page: &mut Page, left: f32, y: f32, size: f32, text: &str) {
    let x = left + (BOX_WIDTH - face(true).width(text, size)) / 2.0;
    page.text(x, y, size, true, Ink::Red, text);
}

/// Training has no box.
fn bare(set: &mut Setting, receipt: &Receipt) -> f32 {
    let left = RIGHT - BOX_WIDTH;
    let mut y = TOP;
    for text in [&receipt.heading.tax_id, &receipt.heading.title, &receipt.heading.number] {
        y = set.block((left, y), BOX_WIDTH, 11.0, false, Ink::Grey, text);
    }
    y
}

/// What begins here finds room for itself on this sheet, and is not left alone at its lower end.
const LOWEST: f32 = BOTTOM - 100.0;

/// Who receives at the left, when and how at the right. Where nobody is named that begins at the left, and so does what
/// finds no room on the first sheet (thirty instalments).
pub(super) fn parties(set: &mut Setting, receipt: &Receipt) {
    set.rule(set.y);
    let dated = [Field::new("Fecha", receipt.date.clone())];
    let mut left: Vec<&Field> = receipt.receiver.iter().collect();
    let mut right: Vec<&Field> = dated.iter().chain(&receipt.terms).collect();
    let middle = WIDTH / 2.0 + 20.0;
    loop {
        if left.is_empty() {
            let second = right.split_off(right.len().div_ceil(2));
            left = std::mem::replace(&mut right, second);
        }
        let top = set.y + 8.0;
        let at_left = fields(set, LEFT, top, middle - 16.0 - LEFT, &mut left);
        let at_right = fields(set, middle, top, RIGHT - middle, &mut right);
        set.y = at_left.max(at_right) + 8.0;
        if left.is_empty() && right.is_empty() {
            return;
        }
        again(set, receipt);
    }
}

/// Puts of the fields what there is room for, and leaves the rest; answers where they end.
fn fields(set: &mut Setting, x: f32, top: f32, width: f32, fields: &mut Vec<&Field>) -> f32 {
    let mut y = top;
    fields.retain(|field| {
        let fits = y <= LOWEST;
        if fits {
            set.page().text(x, y + 9.0, 7.5, false, Ink::Grey, &field.label);
            y = set.block((x + 66.0, y), width - 66.0, 9.0, false, Ink::Black, &field.value) + 1.5;
        }
        !fits
    });
    y
}

pub(super) fn references(set: &mut Setting, receipt: &Receipt) {
    if receipt.references.is_empty() {
        return;
    }
    set.rule(set.y);
    set.y += 8.0;
    let base = set.y + 9.0;
    set.page().text(LEFT, base, 7.5, false, Ink::Grey, "Referencias");
    for reference in &receipt.references {
        set.y = set.block((LEFT + 66.0, set.y), RIGHT - LEFT - 66.0, 9.0, false, Ink::Black, reference) + 1.5;
        if set.y > LOWEST {
            again(set, receipt);
        }
    }
    set.y += 8.0;
}

/// So many lines of detail at the most go over to the sheet of a foot that finds no room below all of them.
const CARRIED: usize = 3;

/// `foot` high is what comes below.
pub(super) fn detail(set: &mut Setting, receipt: &Receipt, foot: f32) {
    columns(set, &receipt.prices);
    let rows: Vec<Row<'_>> = receipt.lines.iter().map(Row::of).collect();
    let carried = CARRIED.min(rows.len() / 2);
    for (at, row) in rows.iter().enumerate() {
        let rest: f32 = rows[at..].iter().map(|row| row.height).sum();
        // A foot that would stand on a sheet of its own gets the last lines for company, where it leaves them room.
        let lonely = at > 0 && at == rows.len() - carried && set.y + rest + foot > BOTTOM;
        let moves = lonely && AGAIN + COLUMNS + rest + foot <= BOTTOM;
        // A description of a thousand letters is shorter than a sheet: a line is never broken.
        if moves || set.y + row.height > BOTTOM - 12.0 {
            again(set, receipt);
            columns(set, &receipt.prices);
        }
        row.put(set);
    }
}

/// A line of detail as it is set.
struct Row<'a> {
    line: &'a ReceiptLine,
    /// Figures that are too wide for their columns stand below the name, in full.
    apart: bool,
    name: Vec<String>,
    notes: Vec<String>,
    height: f32,
}

impl Row<'_> {
    fn of(line: &ReceiptLine) -> Row<'_> {
        let name = wrap(&line.name, NAME_WIDTH, 9.0, face(false));
        let wide = |text: &str, width: f32| face(false).width(text, 9.0) > width;
        let apart = wide(&line.quantity, QUANTITY_WIDTH)
            || wide(&line.price, PRICE_WIDTH - 6.0)
            || wide(&line.sum, SUM_WIDTH);
        let times = match (line.quantity.is_empty(), line.price.is_empty()) {
            (false, false) => format!("{} x {}", line.quantity, line.price),
            (true, _) => line.price.clone(),
            (false, true) => line.quantity.clone(),
        };
        let notes = apart.then_some(&times).into_iter().chain(&line.notes);
        let notes: Vec<String> = notes.flat_map(|note| wrap(note, NAME_WIDTH, 7.5, face(false))).collect();
        let height = name.len().max(1) as f32 * 11.7 + notes.len() as f32 * 9.75 + 3.0;
        Row { line, apart, name, notes, height }
    }

    fn put(&self, set: &mut Setting) {
        let base = set.y + 9.0;
        if !self.apart {
            set.at_right(QUANTITY, base, 9.0, false, Ink::Black, &self.line.quantity);
            set.at_right(PRICE, base, 9.0, false, Ink::Black, &self.line.price);
        }
        set.at_right(SUM, base, 9.0, false, Ink::Black, &self.line.sum);
        for (at, text) in self.name.iter().enumerate() {
            set.page().text(NAME, base + at as f32 * 11.7, 9.0, false, Ink::Black, text);
        }
        let below = base + self.name.len().max(1) as f32 * 11.7 - 1.0;
        for (at, text) in self.notes.iter().enumerate() {
            set.page().text(NAME, below + at as f32 * 9.75, 7.5, false, Ink::Grey, text);
        }
        set.y += self.height;
    }
}

/// How high the heads of the columns are.
const COLUMNS: f32 = 22.0;

fn columns(set: &mut Setting, prices: &str) {
    set.rule(set.y);
    let base = set.y + 11.0;
    set.at_right(QUANTITY, base, 7.5, true, Ink::Black, "Cantidad");
    set.page().text(NAME, base, 7.5, true, Ink::Black, "Detalle");
    if !prices.is_empty() {
        let beside = NAME + face(true).width("Detalle", 7.5) + 10.0;
        set.page().text(beside, base, 7.5, false, Ink::Black, prices);
    }
    set.at_right(PRICE, base, 7.5, true, Ink::Black, "Precio");
    set.at_right(SUM, base, 7.5, true, Ink::Black, "Valor");
    set.rule(set.y + 16.0);
    set.y += COLUMNS;
}

/// Where a further sheet's own words end.
pub(super) const AGAIN: f32 = TOP + 30.0;

/// A further sheet says whose it is; of a long name the beginning, since the first sheet has it whole.
pub(super) fn again(set: &mut Setting, receipt: &Receipt) {
    set.pages.push(Page::default());
    let heading = &receipt.heading;
    let what = format!("{} {}", heading.title, heading.number);
    let room = RIGHT - LEFT - face(true).width(&what, 9.0) - 12.0;
    set.page().text(LEFT, TOP + 9.0, 9.0, true, Ink::Black, &shortened(&receipt.issuer.name, room, 9.0));
    set.at_right(RIGHT, TOP + 9.0, 9.0, true, Ink::Black, &what);
    set.page().text(LEFT, TOP + 20.0, 8.0, false, Ink::Grey, &heading.tax_id);
    set.at_right(RIGHT, TOP + 20.0, 8.0, false, Ink::Grey, &receipt.date);
    if set.marked {
        let x = (WIDTH - face(true).width(COPY, 9.0)) / 2.0;
        set.page().text(x, TOP + 20.0, 9.0, true, Ink::Black, COPY);
    }
    set.y = AGAIN;
}

/// On one line of bold letters: whole words, and a sign that there are more.
fn shortened(text: &str, width: f32, size: f32) -> String {
    const MORE: &str = "…";
    if face(true).width(text, size) <= width {
        return text.to_owned();
    }
    let first = wrap(text, width - face(true).width(MORE, size), size, face(true)).into_iter().next();
    first.unwrap_or_default() + MORE
}
