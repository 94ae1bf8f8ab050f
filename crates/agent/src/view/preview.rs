//! What a sale would become, and where its figures come from.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;
use utoipa::ToSchema;

use super::RefusalView;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct PreviewView {
    #[ts(type = "Record<string, unknown>")]
    pub totals: Value,
    pub warnings: Vec<RefusalView>,
    pub xml: String,
    /// Where each figure comes from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<ExplainedView>>")]
    pub explained: Vec<ExplainedView>,
}

/// A figure of a document and how it came to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ExplainedView {
    /// The authority's tag, with its place where there are several.
    pub tag: String,
    #[ts(type = "number")]
    pub amount: i64,
    pub from: String,
}

impl From<timbre_core::Explained> for ExplainedView {
    fn from(one: timbre_core::Explained) -> ExplainedView {
        ExplainedView { tag: one.tag, amount: one.amount.0, from: one.from }
    }
}
