//! Where the writer sits, and the way its orders take.

use std::sync::{Arc, Mutex, mpsc};

use super::{Desk, End, Order};
use crate::sender::lock;

/// Where the writer works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// On a thread of its own, where orders that wait together share an fsync.
    Thread,
    /// On the thread of whoever orders, an order at a time: with one thread and time that stands still
    /// the same run can be had again.
    Caller,
}

/// The way to the desk.
#[derive(Clone)]
pub(super) enum Door {
    Thread(mpsc::Sender<Order>),
    /// Empty once it is closed.
    Caller(Arc<Mutex<Option<(Desk, End)>>>),
}

impl Door {
    /// False when nobody works behind it any more.
    pub(super) fn hand_in(&self, order: Order) -> bool {
        match self {
            Door::Thread(orders) => orders.send(order).is_ok(),
            Door::Caller(seat) => {
                let mut seat = lock(seat);
                let Some((desk, _)) = &mut *seat else { return false };
                desk.mend_when_due();
                if desk.serve([order]) {
                    *seat = None;
                }
                true
            }
        }
    }
}
