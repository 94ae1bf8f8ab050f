//! Why not, as people and programs are told.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// One reason for a no.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct RefusalView {
    pub code: String,
    /// JSON path.
    pub path: String,
    pub message: String,
    /// The codes by which the authority would say the same, where they are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<String>>", optional)]
    pub authority_codes: Vec<String>,
}

impl From<&timbre_core::Refusal> for RefusalView {
    fn from(refusal: &timbre_core::Refusal) -> RefusalView {
        RefusalView {
            code: refusal.code.clone(),
            path: refusal.path.clone(),
            message: refusal.message.clone(),
            authority_codes: refusal.authority_codes.clone(),
        }
    }
}

/// An error as the API answers it (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ProblemView {
    pub status: u16,
    pub code: String,
    pub title: String,
    /// A Spanish sentence.
    pub detail: String,
    pub errors: Vec<RefusalView>,
}
