//! Who may come in by the doors of the folder, and what came in by them.

use serde::{Deserialize, Serialize};

/// A till's token, without the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenView {
    pub name: String,
    /// `read`, `issue` or `manage`: each may do what the one before may.
    pub scope: String,
    /// RFC 3339.
    pub made: String,
    /// To some ten minutes, RFC 3339; absent where it was never used.
    pub last_used: Option<String>,
}

/// What a new token is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenOrder {
    pub name: String,
    /// `issue` when it is not said.
    #[serde(default)]
    pub scope: Option<String>,
    /// Who made it.
    pub who: String,
}

/// A token just made: the only answer that ever holds it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTokenView {
    pub name: String,
    pub scope: String,
    pub token: String,
}

/// The drop folder, since the agent was started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderView {
    pub issued: u64,
    pub refused: u64,
    /// Sales that can't be issued yet: all of them, and the first hundred by name.
    pub waiting_total: u64,
    pub waiting: Vec<WaitingFileView>,
    /// Why nothing is taken, a sentence.
    pub trouble: Option<String>,
}

/// A sale that stays in `entrada` until it can be issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingFileView {
    pub file: String,
    /// As the API would say it.
    pub code: String,
    pub why: String,
    /// RFC 3339.
    pub since: String,
}
