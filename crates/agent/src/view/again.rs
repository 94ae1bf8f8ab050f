//! Documents that were made again and ranges that were reopened, as people ask for them and are shown them.

use serde::{Deserialize, Serialize};
use timbre_core::Said;
use ts_rs::TS;
use utoipa::ToSchema;

use super::{RefusalView, RowView};

/// A rejected document, made again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct ReissuedView {
    /// The current one: a later version under the same number, or the document in its place.
    pub document: RowView,
    /// `same` or `new`.
    pub number: String,
    /// Why that number, in plain words.
    pub why: String,
    /// The document it is in the place of, where it got another number.
    pub replaced: Option<RowView>,
    /// What a person has still to do, in plain words.
    pub task: Option<String>,
    pub warnings: Vec<RefusalView>,
    /// The environment, in every answer.
    pub environment: String,
}

/// No folio of a range is to be given any more, or it is to be used again: the one that this folio is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RangeDecision {
    /// The type of document.
    #[serde(rename = "type")]
    pub series: String,
    #[ts(type = "number")]
    pub folio: u64,
    /// Who decides, and why.
    pub who: String,
    pub why: String,
}

/// What somebody in charge read at the authority's site of a document without a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotedOrder {
    /// `accepted`, `objected` (accepted with objections) or `rejected`.
    #[ts(type = "\"accepted\" | \"objected\" | \"rejected\"")]
    #[schema(value_type = String)]
    pub said: Said,
    /// The site's own words; a rejection has some.
    #[serde(default)]
    pub why: String,
    pub who: String,
}

/// One version of a document: all of them are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct VersionView {
    pub version: u32,
    /// When it was stamped, RFC 3339.
    pub issued: String,
    /// SHA-256 of its signed bytes.
    pub sha256: String,
}
