//! What who loads a file is answered: what it became, and what a person should know about it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::{CertificateView, RangeView, RefusalView};

/// A range that was just loaded, and what a person should know about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct LoadedRangeView {
    #[serde(flatten)]
    pub range: RangeView,
    pub warnings: Vec<RefusalView>,
}

/// A certificate that was just loaded, and what a person should know about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct LoadedCertificateView {
    #[serde(flatten)]
    pub certificate: CertificateView,
    pub warning: Option<String>,
}
