//! What stands at the foot of the last sheet and is kept whole: stamp and legend, totals, what the till said,
//! and on the cedible copy the acknowledgement.

use timbre_core::receipt::{Ceded, Receipt, Sum};

use super::{BOTTOM, Ink, LEFT, MM, Mark, RIGHT, Setting, blocks, face, wrap};
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

impl Foot<'_> {
    pub(super) fn put(self, set: &mut Setting, receipt: &Receipt) {
        let totals = 8.0 + self.receipt.totals.iter().map(height_of).sum::<f32>();
        let till = match self.receipt.till.len() {
            0 => 0.0,
            count => 10.0 + count as f32 * 11.0,
        };
        let stamp = self.stamp.as_ref().map_or(0.0, |stamp| 2.0 * QUIET + stamp.height() as f32 * MM);
        let legend = stamp + 6.0 + self.receipt.legend.len() as f32 * 10.0;
        let ceded = self.ceded.map_or(0.0, |_| 118.0);
        let height = (totals + till).max(legend) + ceded;
        if set.y + height > BOTTOM {
            blocks::again(set, receipt);
        }
        let top = BOTTOM - height;
        self.totals(set, top);
        self.stamp(set, BOTTOM - ceded - legend);
        if let Some(ceded) = self.ceded {
            acknowledgement(set, BOTTOM - 112.0, ceded);
        }
    }

    fn totals(&self, set: &mut Setting, top: f32) {
        let mut y = top;
        set.page().bar(TOTALS, y, RIGHT - TOTALS, 0.6, Ink::Black);
        y += 6.0;
        for sum in &self.receipt.totals {
            let size = if sum.grand { 13.0 } else { 9.0 };
            let base = y + size;
            let room = RIGHT - TOTALS - face(sum.grand).width(&sum.sum, size) - 8.0;
            for (at, line) in wrap(&sum.name, room, size, face(sum.grand)).iter().enumerate() {
                set.page().text(TOTALS, base + at as f32 * size * 1.2, size, sum.grand, Ink::Black, line);
            }
            set.at_right(RIGHT, base, size, sum.grand, Ink::Black, &sum.sum);
            y += height_of(sum);
        }
        if !self.receipt.till.is_empty() {
            y += 4.0;
            set.page().bar(TOTALS, y, RIGHT - TOTALS, 0.3, Ink::Grey);
            y += 4.0;
        }
        for sum in &self.receipt.till {
            set.page().text(TOTALS, y + 8.0, 8.0, false, Ink::Grey, &sum.name);
            set.at_right(RIGHT, y + 8.0, 8.0, false, Ink::Grey, &sum.sum);
            y += 11.0;
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

fn height_of(sum: &Sum) -> f32 {
    let size = if sum.grand { 13.0 } else { 9.0 };
    let room = RIGHT - TOTALS - face(sum.grand).width(&sum.sum, size) - 8.0;
    let lines = wrap(&sum.name, room, size, face(sum.grand)).len().max(1);
    lines as f32 * size * 1.2 + 3.0
}

/// Fields to be filled in by hand, what that means, and at the lower right whose copy it is.
fn acknowledgement(set: &mut Setting, top: f32, ceded: &Ceded) {
    let width = RIGHT - LEFT;
    set.page().frame(LEFT, top, width, 88.0, 0.6, Ink::Black);
    let column = (width - 24.0) / 2.0;
    for (at, field) in ceded.fields.iter().enumerate() {
        let x = LEFT + 12.0 + (at % 2) as f32 * column;
        let y = top + 18.0 + (at / 2) as f32 * 17.0;
        set.page().text(x, y, 8.0, false, Ink::Black, &format!("{field}:"));
        set.page().bar(x + 44.0, y + 1.5, column - 56.0, 0.4, Ink::Grey);
    }
    set.block((LEFT + 12.0, top + 60.0), width - 24.0, 6.5, false, Ink::Black, &ceded.text);
    set.at_right(RIGHT, top + 106.0, 13.0, true, Ink::Black, &ceded.legend);
}
