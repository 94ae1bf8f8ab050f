//! What people did, and who.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// Some acts, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ActsView {
    pub rows: Vec<ActView>,
    /// Ask for older ones with it; there may be none.
    #[ts(type = "number | null")]
    pub next: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ActView {
    /// No other act has it.
    #[ts(type = "number")]
    pub number: u64,
    /// RFC 3339.
    pub at: String,
    pub who: String,
    pub what: String,
    /// The documents it was about, the first ones of many.
    pub documents: Vec<String>,
    /// How many those were.
    #[ts(type = "number")]
    pub count: u64,
}
