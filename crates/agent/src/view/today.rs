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
    /// Sales that card vouchers stand for: no documents, and in none of the sums above.
    #[serde(default)]
    pub vouchers: VoucherSumsView,
    /// How the authority answered of late, the oldest first: since this agent was started.
    pub answers: Vec<PaceView>,
}

/// The documents of one type that were issued in one hour. One that was replaced counts as the one in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct HourView {
    pub series: String,
    pub hour: u8,
    #[ts(type = "number")]
    pub documents: u64,
    /// Whole pesos, as the documents say them: those of notes too are above zero.
    #[ts(type = "number")]
    pub total: i64,
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
