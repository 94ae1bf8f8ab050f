//! Folios as people are shown them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What is left of one type of document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FoliosView {
    pub series: String,
    /// `Boleta`, `Factura`.
    pub name: String,
    #[ts(type = "number")]
    pub left: u64,
    /// The folio that comes next.
    #[ts(type = "number | null")]
    pub next: Option<u64>,
    /// When they run out at the pace of past weeks, RFC 3339; absent where that can't be told.
    #[serde(default)]
    #[ts(optional)]
    pub runs_out: Option<String>,
    /// It is time to load more.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub low: bool,
    pub ranges: Vec<RangeView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RangeView {
    #[ts(type = "number")]
    pub first: u64,
    #[ts(type = "number")]
    pub last: u64,
    #[ts(type = "number")]
    pub next: u64,
    #[ts(type = "number")]
    pub left: u64,
    /// `AAAA-MM-DD`.
    pub authorised: String,
    pub expires: Option<String>,
    pub expired: bool,
    pub stopped: Option<String>,
}
