//! Why no document can be issued now.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// One cause, for a screen of its own. That one type has no folios left is in [`super::FoliosView`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct StoppedView {
    /// `setup` (something was never loaded), `store` (nothing can be kept), `locked` (a person must decide), or
    /// why nothing can be signed: `certificate-…`, `clock-…`.
    pub code: String,
    /// In plain words.
    pub text: String,
}
