//! The panel's numbers.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::{AnswerView, ClockView, DeadlineView};

/// The panel's numbers, flat: what `GET /v1/stats` and `timbre stats` answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct StatsView {
    pub environment: String,
    /// GENERADO.
    #[ts(type = "number")]
    pub queued: u64,
    /// ENVIANDO.
    #[ts(type = "number")]
    pub sending: u64,
    /// ENVIADO.
    #[ts(type = "number")]
    pub sent: u64,
    /// VERIFICANDO.
    #[ts(type = "number")]
    pub verifying: u64,
    /// PENDIENTE.
    #[ts(type = "number")]
    pub pending: u64,
    /// ACEPTADO.
    #[ts(type = "number")]
    pub accepted: u64,
    /// REPARO.
    #[ts(type = "number")]
    pub objected: u64,
    /// RECHAZADO.
    #[ts(type = "number")]
    pub rejected: u64,
    /// Need a person (rejected ones included).
    #[ts(type = "number")]
    pub errors: u64,
    /// Replaced ones whose number a person has still to annul.
    #[serde(default)]
    #[ts(type = "number")]
    pub to_annul: u64,
    /// Folios that were passed over when issuing was unlocked, or that damage took, and that a person has still to look for.
    #[serde(default)]
    #[ts(type = "number")]
    pub skipped: u64,
    /// One that was replaced counts as the one in its place.
    #[ts(type = "number")]
    pub total: u64,
    #[ts(type = "number")]
    pub issued_today: u64,
    pub workers_active: u32,
    pub workers_allowed: u32,
    /// Folios left, by type.
    #[ts(type = "Record<string, number>")]
    pub folios_left: std::collections::BTreeMap<String, u64>,
    /// When the folios of each type run out, RFC 3339; `null` where that can't be told.
    #[serde(default)]
    #[ts(type = "Record<string, string | null>")]
    pub folios_run_out: std::collections::BTreeMap<String, Option<String>>,
    pub deadline: Option<DeadlineView>,
    /// When all that waits will have been sent, RFC 3339.
    #[serde(default)]
    pub forecast: Option<String>,
    #[serde(default)]
    pub clock: Option<ClockView>,
    pub last_answer: Option<AnswerView>,
    /// Fsyncs of the journal since the start.
    #[ts(type = "number")]
    pub fsyncs: u64,
}
