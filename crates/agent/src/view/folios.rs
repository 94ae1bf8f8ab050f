//! Folios as people are shown them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// What is left of one type of document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct FoliosView {
    pub series: String,
    /// `Boleta`, `Factura`.
    pub name: String,
    #[ts(type = "number")]
    pub left: u64,
    /// The folio that comes next.
    #[ts(type = "number | null")]
    pub next: Option<u64>,
    /// When they run out at the pace of past weeks, or expire if that is sooner, RFC 3339; absent where that can't
    /// be told.
    #[serde(default)]
    #[ts(optional)]
    pub runs_out: Option<String>,
    /// They expire before they are used up.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub expiring: bool,
    /// Documents of one week at that pace; absent where it is not known.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub weekly: Option<u64>,
    /// What is left at the end of today and of each day after it at that pace: to the day of the last one, or for as
    /// many days as are foreseen.
    #[serde(default)]
    #[ts(type = "number[]")]
    pub days: Vec<u64>,
    /// A shop sells with it: no note, and no document that is no sale.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub sells: bool,
    /// It is time to load more.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub low: bool,
    pub ranges: Vec<RangeView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
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
    /// The folios that were left when it expired are annulled at the authority; so a person said.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub annulled: bool,
    /// What the authority lent, of which `first` to `last` is this machine's share.
    #[serde(default)]
    #[ts(type = "number")]
    pub lent_first: u64,
    #[serde(default)]
    #[ts(type = "number")]
    pub lent_last: u64,
    /// Folios that were passed over when issuing was unlocked, or that damage took: a person has still to look in the authority's site
    /// which of them were used, and to annul the others there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<SpanView>>", optional)]
    pub skipped: Vec<SpanView>,
}

/// Folios that follow each other; both ends are among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct SpanView {
    #[ts(type = "number")]
    pub first: u64,
    #[ts(type = "number")]
    pub last: u64,
    /// Of folios passed over: they were given here, and their documents are missing through damage. Others were passed
    /// over when issuing was unlocked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub lost: bool,
}

/// Something is to be done with a range: the one that this folio is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RangeOrder {
    /// The type of document.
    #[serde(rename = "type")]
    pub series: String,
    #[ts(type = "number")]
    pub folio: u64,
    /// Who decides.
    pub who: String,
}
