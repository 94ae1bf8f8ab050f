//! A document's paper, as people are shown it.

use serde::{Deserialize, Serialize};
use timbre_core::paper::{Copy, Printing};
use ts_rs::TS;
use utoipa::ToSchema;

/// Which paper, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PaperView {
    /// `original`, `copia`, `cedible`.
    pub copy: String,
    /// asked, begun, done, handed, partial, failed, seen, waived.
    pub state: String,
    /// `Impreso`.
    pub word: String,
    /// What happened, where it is not well.
    pub why: String,
}

impl PaperView {
    /// The printer owes nothing more to this one.
    pub fn is_ended(&self) -> bool {
        !matches!(self.state.as_str(), "asked" | "begun")
    }

    /// It is on paper, as far as can be known.
    pub fn is_well(&self) -> bool {
        matches!(self.state.as_str(), "done" | "handed")
    }
}

impl From<&(Copy, Printing)> for PaperView {
    fn from((copy, how): &(Copy, Printing)) -> PaperView {
        let state = match how {
            Printing::Asked => "asked",
            Printing::Begun => "begun",
            Printing::Done => "done",
            Printing::Handed => "handed",
            Printing::Partial { .. } => "partial",
            Printing::Failed { .. } => "failed",
            Printing::Seen => "seen",
            Printing::Waived => "waived",
        };
        PaperView {
            copy: copy.to_string(),
            state: state.to_owned(),
            word: how.word().to_owned(),
            why: how.why().to_owned(),
        }
    }
}
