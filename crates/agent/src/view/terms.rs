//! Legal terms as people are shown them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The nearest moment at which the law wants a document at the authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DeadlineView {
    pub document: String,
    /// RFC 3339.
    pub at: String,
    /// There is no data coverage, and so the term stands still: this is when it would end if that came back now.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub stands: bool,
}

/// So much of the legal term of some documents has run, and they are not at the authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WarningView {
    /// Percent of the term: 50, 80, 95; 100 when it is over.
    pub level: u8,
    /// The one whose term ends first.
    pub document: String,
    /// How many they are.
    #[ts(type = "number")]
    pub documents: u64,
    /// When its term ends, RFC 3339.
    pub limit: String,
    /// A Spanish sentence.
    pub text: String,
}
