//! Where a receipt becomes paper: filled in by the composition root, so that the till's side knows
//! no printer.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::receipt::Receipt;
use crate::{DocumentId, Refusal};

/// Which paper of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Copy {
    /// The customer's, printed once.
    #[default]
    Original,
    /// Printed again, and marked so.
    Repeated,
    /// The one with which the claim may be ceded.
    Ceded,
}

impl fmt::Display for Copy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Copy::Original => "original",
            Copy::Repeated => "copia",
            Copy::Ceded => "cedible",
        })
    }
}

/// A place that prints.
pub trait Paper: Send + Sync {
    /// Prints, or says why not. The sale stands either way.
    fn print(&self, document: &DocumentId, receipt: &Receipt) -> Result<(), Refusal>;
}
