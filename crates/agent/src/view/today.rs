//! The day at a glance.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::VoucherSumsView;

/// What was issued today, and how the authority answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct TodayView {
    /// The day in the country's legal time, `2026-11-22`.
    pub date: String,
    /// The hour it is now in that time, 0 to 23.
    pub hour: u8,
    /// Only those with something in them; by type and hour, ascending.
    pub hours: Vec<HourView>,
    /// How many sales these are: a note is none of its own.
    #[serde(default)]
    #[ts(type = "number")]
    pub sales: u64,
    /// What they come to: debit notes add, credit notes take off, and what is no sale counts nothing.
    #[serde(default)]
    #[ts(type = "number")]
    pub total: i64,
    /// What the authority has rejected, which is in none of the sums above until it is made again.
    #[serde(default)]
    pub rejected: RejectedView,
    /// Sales that card vouchers stand for: no documents, and in none of the sums above.
    #[serde(default)]
    pub vouchers: VoucherSumsView,
    /// How the authority answered of late, the oldest first: since this agent was started.
    pub answers: Vec<PaceView>,
}

/// What waits to be made again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct RejectedView {
    #[ts(type = "number")]
    pub documents: u64,
    /// What they would have come to, by the same rule as the sales.
    #[ts(type = "number")]
    pub total: i64,
}

/// The documents of one type that were issued in one hour. One that was replaced counts as the one in its place; what
/// was rejected is not among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct HourView {
    pub series: String,
    pub hour: u8,
    #[ts(type = "number")]
    pub documents: u64,
    /// How many of them are sales of their own.
    #[serde(default)]
    #[ts(type = "number")]
    pub sales: u64,
    /// Whole pesos, as the documents say them: those of notes too are above zero.
    #[ts(type = "number")]
    pub total: i64,
    /// What that is multiplied by among the sales: 1, -1 for credit notes, 0 for what is no sale.
    #[serde(default)]
    pub weight: i8,
}

/// One answer of the authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PaceView {
    /// RFC 3339.
    pub at: String,
    pub ok: bool,
    #[ts(type = "number")]
    pub took_ms: u64,
}
