//! Who issues, as it is set and shown.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use timbre_core::Environment;
use ts_rs::TS;
use utoipa::ToSchema;

/// A company with its environment, as a person says it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompanyOrder {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub environment: Environment,
    /// The country's own tags.
    #[ts(type = "Record<string, unknown>")]
    pub data: Value,
}

/// The company as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct CompanyDataView {
    pub environment: String,
    pub id: String,
    pub name: String,
    #[ts(type = "Record<string, unknown>")]
    pub data: Value,
}

/// A shop to practise in, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
pub struct PracticeView {
    /// What to open in a browser of this machine; the token is in the fragment.
    pub panel: String,
}
