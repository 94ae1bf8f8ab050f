//! One document as it is looked at: its lines, its life, its versions.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;
use utoipa::ToSchema;

use super::{RowView, VersionView};

/// One document with what happened to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct DetailView {
    pub row: RowView,
    pub timeline: Vec<StepView>,
    /// The country's own total tags.
    #[ts(type = "Record<string, unknown>")]
    pub totals: Value,
    pub lines: Vec<LineView>,
    /// SHA-256 of the signed bytes.
    pub sha256: String,
    /// It waits, can't be read and leaves never: who has its sale may put another in its place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub lost: bool,
    /// Every version there is, ascending.
    #[serde(default)]
    pub versions: Vec<VersionView>,
    /// It has a copy to be ceded, which is printed on its own.
    #[serde(default)]
    pub cedes: bool,
    /// The rejected document that it is in the place of.
    #[serde(default)]
    pub replaces: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct LineView {
    pub name: String,
    pub quantity: String,
    pub price: String,
    #[ts(type = "number")]
    pub amount: i64,
}

/// One step of a document's life, as a person reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct StepView {
    /// RFC 3339.
    pub at: String,
    pub title: String,
    pub text: String,
    /// What the authority said, exactly, where it said something.
    pub heard: Option<String>,
}
