//! Legal terms, and the clock they are told by, as people are shown them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// The nearest moment at which the law wants a document at the authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct DeadlineView {
    pub document: String,
    /// RFC 3339.
    pub at: String,
    /// There is no data coverage, and so the term stands still: this is when it would end if that came back now.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub stands: bool,
    /// How much of the term has run, in percent: 0, 50, 80, 95; 100 when it is over.
    #[serde(default)]
    #[ts(as = "Option<u8>", optional)]
    pub level: u8,
}

/// So much of the legal term of some documents has run, and they are not at the authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
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

/// This machine's clock against the authority's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ClockView {
    /// The authority's time less this machine's, in seconds, as it was found last.
    #[ts(type = "number")]
    pub offset_seconds: i64,
    /// It is within the tolerance.
    pub good: bool,
    #[ts(type = "number")]
    pub tolerance_seconds: u64,
    /// When it was found, by this machine's clock, RFC 3339.
    pub seen: String,
    /// Nothing is sold until it is corrected, or somebody in charge accepts it.
    pub stops: bool,
    /// Who accepted it as it is.
    pub accepted_by: Option<String>,
    /// A Spanish sentence.
    pub text: String,
}
