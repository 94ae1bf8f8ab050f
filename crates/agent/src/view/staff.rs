//! Who works here, as people are shown it: never a PIN.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct StaffView {
    pub workers: Vec<WorkerView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WorkerView {
    pub name: String,
    /// `cajero` or `encargado`.
    pub role: String,
    /// No PIN of theirs is looked at before then (RFC 3339): too many were wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub locked_until: Option<String>,
}

/// Somebody as they are added or changed.
#[derive(Clone, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkerOrder {
    pub name: String,
    pub role: String,
    /// 4 to 12 digits. It is forgotten once it was made into what is kept.
    pub pin: String,
}
