//! What stands at the foot of the last sheet and is kept whole: stamp and legend, totals, what the till said,
//! and on the cedible copy the acknowledgement.

use timbre_core::receipt::{Ceded, Receipt, Sum};

use super::{BOTTOM, HAIR, Ink, LEFT, MM, Mark, RIGHT, Setting, TOP, blocks, face, on_hairs, wrap};
use crate::Stamp;

/// The stamp is at least 2 cm from the left edge, with white around it (muestras impresas 4.0, 1.5).
const STAMP_LEFT: f32 = 22.0 * MM;
const QUIET: f32 = 6.35 * MM;
/// The totals' left edge.
const TOTALS: f32 = RIGHT - 210.0;

pub(super) struct Foot<'a> {
    pub receipt: &'a Receipt,
    pub stamp: Option<Stamp>,
    pub ceded: Option<&'a Ceded>,
}

/// Where the foot may begin on a further sheet.
const FURTHER: f32 = TOP + 44.0;

/// A line of the totals' column.
enum Row<'a> {
    Total(&'a Sum),
    /// Between what is owed and what the till said.
    Parting,
    Paid(&'a Sum),
}

impl Row<'_> {
    fn of(receipt: &Receipt) -> Vec<Row<'_>> {
        let parting = (!receipt.till.is_empty()).then_some(Row::Parting);
        let totals = receipt.totals.iter().map(Row::Total);
        totals.chain(parting).chain(receipt.till.iter().map(Row::Paid)).collect()
    }

    fn size(&self) -> f32 {
        match self {
            Row::Total(sum) if sum.grand => 13.0,
            Row::Total(_) => 9.0,
            Row::Parting | Row::Paid(_) => 8.0,
        }
    }

    /// The name on as many lines as it takes beside its figure.
    fn name(&self) -> Vec<String> {
        let (Row::Total(sum) | Row::Paid(sum)) = self else { return Vec::new() };
        let room = RIGHT - TOTALS - face(sum.grand).width(&sum.sum, self.size()) - 8.0;
        wrap(&sum.name, room, self.size(), face(sum.grand))
    }

    fn height(&self) -> f32 {
        match self {
            Row::Parting => 8.0,
            Row::Total(_) | Row::Paid(_) => self.name().len().max(1) as f32 * self.size() * 1.2 + 3.0,
        }
    }

    fn put(&self, set: &mut Setting, y: f32) {
        let (sum, ink) = match self {
            Row::Parting => return set.page().hair(TOTALS, y + 4.0, RIGHT - TOTALS, Ink::Grey),
            Row::Total(sum) => (sum, Ink::Black),
            Row::Paid(sum) => (sum, Ink::Grey),
        };
        let (size, base) = (self.size(), y + self.size());
        for (at, line) in self.name().iter().enumerate() {
            set.page().text(TOTALS, base + at as f32 * size * 1.2, size, sum.grand, ink, line);
        }
        set.at_right(RIGHT, base, size, sum.grand, ink, &sum.sum);
    }
}

fn height_of(rows: &[Row<'_>]) -> f32 {
    8.0 + rows.iter().map(Row::height).sum::<f32>()
}

impl Foot<'_> {
    /// How high it stands, all totals in it.
    pub(super) fn height(&self) -> f32 {
        height_of(&Row::of(self.receipt)).max(self.legend()) + self.acknowledgement()
    }

    /// Stamp, the white around it, and what stands below.
    fn legend(&self) -> f32 {
        let stamp = self.stamp.as_ref().map_or(0.0, |stamp| 2.0 * QUIET + stamp.height() as f32 * MM);
        stamp + 6.0 + self.receipt.legend.len() as f32 * 10.0
    }

    fn acknowledgement(&self) -> f32 {
        self.ceded.map_or(0.0, |_| 118.0)
    }

    pub(super) fn put(self, set: &mut Setting, receipt: &Receipt) {
        let (legend, ceded) = (self.legend(), self.acknowledgement());
        let rows = Row::of(self.receipt);
        let mut rest = rows.as_slice();
        // What no foot can hold goes before it, on as many sheets as it takes.
        if height_of(rest) + ceded > BOTTOM - FURTHER {
            let y = set.y;
            set.page().hair(TOTALS, y, RIGHT - TOTALS, Ink::Black);
            set.y += 6.0;
        }
        while let [first, others @ ..] = rest
            && height_of(rest) + ceded > BOTTOM - FURTHER
        {
            if set.y + first.height() > BOTTOM {
                blocks::again(set, receipt);
            }
            first.put(set, set.y);
            set.y += first.height();
            rest = others;
        }
        let height = height_of(rest).max(legend) + ceded;
        if set.y + height > BOTTOM {
            blocks::again(set, receipt);
        }
        self.totals(set, BOTTOM - height, rest);
        self.stamp(set, BOTTOM - ceded - legend);
        if let Some(ceded) = self.ceded {
            acknowledgement(set, BOTTOM - 112.0, ceded);
        }
    }

    fn totals(&self, set: &mut Setting, top: f32, rows: &[Row<'_>]) {
        let mut y = top;
        set.page().hair(TOTALS, y, RIGHT - TOTALS, Ink::Black);
        y += 6.0;
        for row in rows {
            row.put(set, y);
            y += row.height();
        }
    }

    fn stamp(&self, set: &mut Setting, top: f32) {
        let (mut y, mut middle) = (top, STAMP_LEFT + 106.0);
        if let Some(stamp) = &self.stamp {
            let (width, height) = (stamp.width() as f32 * MM, stamp.height() as f32 * MM);
            set.page().marks.push(Mark::Stamp { x: STAMP_LEFT, y: top + QUIET, stamp: stamp.clone() });
            y = top + 2.0 * QUIET + height;
            middle = STAMP_LEFT + width / 2.0;
        }
        for line in &self.receipt.legend {
            let x = (middle - face(false).width(line, 7.5) / 2.0).max(LEFT);
            set.page().text(x, y + 6.0, 7.5, false, Ink::Black, line);
            y += 10.0;
        }
    }
}

/// Fields to be filled in by hand, what that means, and at the lower right whose copy it is.
fn acknowledgement(set: &mut Setting, top: f32, ceded: &Ceded) {
    let width = RIGHT - LEFT;
    let (upper, lower) = (on_hairs(top), on_hairs(top + 88.0));
    set.page().frame(LEFT, upper, width, lower - upper, HAIR, Ink::Black);
    let column = (width - 24.0) / 2.0;
    for (at, field) in ceded.fields.iter().enumerate() {
        let x = LEFT + 12.0 + (at % 2) as f32 * column;
        let y = top + 18.0 + (at / 2) as f32 * 17.0;
        set.page().text(x, y, 8.0, false, Ink::Black, &format!("{field}:"));
        // A gap between the columns, none at the right.
        let end = if at % 2 == 0 { x + column - 12.0 } else { RIGHT - 12.0 };
        set.page().hair(x + 44.0, y + 1.5, end - x - 44.0, Ink::Grey);
    }
    set.block((LEFT + 12.0, top + 60.0), width - 24.0, 6.5, false, Ink::Black, &ceded.text);
    set.at_right(RIGHT, top + 106.0, 13.0, true, Ink::Black, &ceded.legend);
}
