//! Where a receipt becomes paper: filled in by the composition root, so that the till's side knows
//! no printer.

use crate::receipt::Receipt;
use crate::{DocumentId, Refusal};

/// A place that prints.
pub trait Paper: Send + Sync {
    /// Prints, or says why not. The sale stands either way.
    fn print(&self, document: &DocumentId, receipt: &Receipt) -> Result<(), Refusal>;
}
