//! Who may come in by the doors of the folder, and what came in by them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// A till's token, without the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct TokenView {
    pub name: String,
    /// `read`, `issue` or `manage`: each may do what the one before may.
    pub scope: String,
    /// RFC 3339.
    pub made: String,
    /// To some ten minutes, RFC 3339; absent where it was never used.
    pub last_used: Option<String>,
}

/// How the panel stands for other machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PanelView {
    /// `timbre.toml` asks for it (`[network] panel`), and it could be opened.
    pub served: bool,
    /// It has a password: without one nobody enters.
    pub password: bool,
}

/// What a new token is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenOrder {
    pub name: String,
    /// `issue` when it is not said.
    #[serde(default)]
    #[ts(optional)]
    pub scope: Option<String>,
    /// Who made it.
    pub who: String,
}

/// A token just made: the only answer that ever holds it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct NewTokenView {
    pub name: String,
    pub scope: String,
    pub token: String,
}

/// Whether can be sold, for who watches over it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HealthView {
    /// `ok`, or `stopped`: no document can be issued.
    pub status: String,
    pub version: String,
    /// `training`, `certification` or `production`; empty before there is a company.
    pub environment: String,
    pub sentence: super::Sentence,
    /// What a person should know of this run, a sentence each.
    pub notices: Vec<String>,
}

/// The drop folder, since the agent was started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct FolderView {
    #[ts(type = "number")]
    pub issued: u64,
    #[ts(type = "number")]
    pub refused: u64,
    /// Sales that can't be issued yet: all of them, and the first hundred by name.
    #[ts(type = "number")]
    pub waiting_total: u64,
    pub waiting: Vec<WaitingFileView>,
    /// What lies in `entrada`, or in `caf` (then so named), and is not taken: all of it, and the first hundred.
    #[ts(type = "number")]
    pub left_total: u64,
    pub left: Vec<LeftFileView>,
    /// Why nothing is taken, a sentence.
    pub trouble: Option<String>,
}

/// A file that is no sale, or is called as none may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct LeftFileView {
    pub file: String,
    /// A sentence.
    pub why: String,
}

/// A sale that stays in `entrada` until it can be issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WaitingFileView {
    pub file: String,
    /// As the API would say it.
    pub code: String,
    pub why: String,
    /// RFC 3339.
    pub since: String,
}

/// What became of a document: what a webhook is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChangeView {
    /// The same at each delivery, and no other change has it.
    pub event: String,
    pub document: String,
    pub version: u32,
    /// The state that it came into.
    pub state: String,
    /// When, RFC 3339.
    pub at: String,
    pub environment: String,
    /// The document in its place, where it was replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
    /// As it stands when this is told: it may have gone on since.
    pub now: super::RowView,
}

/// An address that is told what becomes of documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebhookView {
    pub name: String,
    pub url: String,
    /// The states that it is told of.
    pub states: Vec<String>,
    /// RFC 3339.
    pub made: String,
    /// Events that are due, those not counted that were given up.
    #[serde(default)]
    #[ts(skip)]
    pub due: u64,
    /// Tries of the one that was tried most, none of which was taken.
    pub tries: u32,
    /// When one of them is tried again, RFC 3339.
    pub next_try: Option<String>,
    /// Events that were given up and wait for somebody to have them delivered again.
    #[ts(type = "number")]
    pub put_aside: u64,
    /// The last tries, the newest first.
    pub attempts: Vec<AttemptView>,
}

/// What goes again because somebody asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RedeliveredView {
    /// Events that were given up, or taken before, and are due again.
    pub events: u64,
    /// Events that waited for their next try and go now.
    #[serde(default)]
    pub sooner: u64,
}

/// One try to deliver an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct AttemptView {
    pub event: String,
    /// `T39F1234`; empty for a test.
    pub document: String,
    /// RFC 3339.
    pub at: String,
    /// What was answered; absent where nothing was.
    pub status: Option<u16>,
    /// Why it counts as undelivered; empty where it was taken.
    pub why: String,
}

/// An address to be told, or told otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookOrder {
    pub url: String,
    /// Verdicts when none is said.
    #[serde(default)]
    pub states: Vec<String>,
    pub who: String,
}

/// A webhook just set, with the secret that its deliveries are signed with: the only answer that ever holds it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct NewWebhookView {
    pub name: String,
    pub secret: String,
}
