//! How many sales the disk still has room for, told before it is full. Looking at the disk is the composition root's;
//! what it means is judged here, pure.

use crate::sender::lock;
use crate::show::thousands;
use crate::view::RoomView;
use crate::{Agent, engine::Inner};

/// The disk of a data folder, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// What may still be written to it.
    pub free: u64,
    /// What the journal holds.
    pub journal: u64,
}

/// Kept back: the room that the journal takes ahead, the index, the log.
const RESERVE: u64 = 32 << 20;

/// Index, log and papers for each byte of the journal: what a sale takes is told as more than it is.
const BESIDE: u64 = 2;

/// What a sale takes where there are too few to tell: some 5 KB of XML, its sending and what was heard.
const USUAL: u64 = 32 << 10;
const ENOUGH: u64 = 200;

/// Told with less than this, until there is a fifth more: a figure at the limit does not come and go.
const LOW: u64 = 500 << 20;
const FEW: u64 = 5_000;

/// Sales that fit yet.
fn fits(disk: Disk, documents: u64) -> u64 {
    let each = match documents {
        ENOUGH.. => (disk.journal * BESIDE / documents).max(4 << 10),
        _ => USUAL,
    };
    disk.free.saturating_sub(RESERVE) / each
}

/// What is to be told, if anything; `told` already.
fn judge(disk: Disk, documents: u64, told: bool) -> Option<RoomView> {
    let sales = fits(disk, documents);
    let (low, few) = if told { (LOW / 5 * 6, FEW / 5 * 6) } else { (LOW, FEW) };
    (disk.free < low || sales < few).then_some(RoomView { free_bytes: disk.free, sales })
}

fn words(room: &RoomView) -> String {
    match room.sales {
        0 => "El disco está casi lleno y ya no se sabe si cabe otra venta: libere espacio ahora".to_owned(),
        1 => "El disco está casi lleno: cabe 1 venta más. Libere espacio ahora".to_owned(),
        sales => format!("Queda poco disco: caben unas {} ventas más. Libere espacio", thousands(sales)),
    }
}

impl Agent {
    /// How the disk of the folder stands now.
    pub fn set_disk(&self, disk: Disk) {
        let room = {
            let mut room = lock(&self.0.room);
            *room = judge(disk, self.0.reader.counts().total(), room.is_some());
            room.clone()
        };
        self.set_trouble("disk", room.as_ref().map(words));
    }
}

impl Inner {
    pub(crate) fn room(&self) -> Option<RoomView> {
        lock(&self.room).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1 << 20;

    #[test]
    fn what_a_sale_takes_is_told_by_those_that_are_there() {
        let disk = Disk { free: 132 * MB, journal: 10 * MB };
        assert_eq!(fits(disk, 0), 100 * MB / USUAL);
        // 10 KB of journal each, twice: what is beside it.
        assert_eq!(fits(disk, 1_024), 100 * MB / (20 << 10));
        assert_eq!(fits(Disk { free: 20 * MB, ..disk }, 0), 0, "what is kept back");
    }

    #[test]
    fn it_is_told_before_it_is_full_and_not_by_turns() {
        let free = |free| Disk { free, journal: 10 * MB };
        let told = |disk, before| judge(disk, 1_024, before).is_some();
        assert!(!told(free(510 * MB), false));
        assert!(told(free(490 * MB), false));
        assert!(told(free(510 * MB), true), "a little more is no news");
        assert!(!told(free(700 * MB), true));
        // Large sales: few of them fit into much.
        assert!(judge(Disk { free: 1_000 * MB, journal: 1_000 * MB }, 1_000, false).is_some());
        let room = judge(free(232 * MB), 1_024, false).expect("it is low");
        assert_eq!(words(&room), "Queda poco disco: caben unas 10.240 ventas más. Libere espacio");
    }
}
