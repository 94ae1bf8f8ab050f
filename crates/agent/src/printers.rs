//! The printers of a shop, as people set them up: filled in by the composition root. The engine prints by
//! `core::paper::Paper` and knows nothing of this.

use crate::engine::Answer;
use crate::view::{FoundPrinterView, PrinterView, PrintersView};

/// Where a folder's printers are set up. Each answers what there is afterwards.
pub trait Printers: Send + Sync {
    fn list(&self) -> PrintersView;

    /// Adds a printer, or sets the one of this name up anew.
    fn put(&self, printer: &PrinterView) -> Answer<PrintersView>;

    fn remove(&self, name: &str) -> Answer<PrintersView>;

    /// Printers that this machine has. It may take some seconds: not for an async task.
    fn find(&self) -> Vec<FoundPrinterView>;

    /// The shop's logo, a PNG; or none any more.
    fn set_logo(&self, file: Option<&[u8]>) -> Answer<PrintersView>;
}
