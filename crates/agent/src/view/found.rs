//! What a search found as a whole, and what was done to documents of it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// All that a query wants, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct FoundView {
    #[ts(type = "number")]
    pub documents: u64,
    /// How many of them are sales: a note is none of its own, and what was rejected or replaced counts nothing.
    #[serde(default)]
    #[ts(type = "number")]
    pub sales: u64,
    /// What they come to as sales: debit notes add, credit notes take off, and what is no sale, was rejected or
    /// replaced counts nothing.
    #[ts(type = "number")]
    pub total: i64,
    /// How many took something off it.
    #[serde(default)]
    #[ts(type = "number")]
    pub credits: u64,
    /// How many it leaves out since their type is no sale.
    #[serde(default)]
    #[ts(type = "number")]
    pub no_sale: u64,
    /// How many it leaves out since another document is in their place.
    #[serde(default)]
    #[ts(type = "number")]
    pub replaced: u64,
    /// There may be more: not all documents were looked at. The counts below are whole all the same.
    pub more: bool,
    /// Those that resending them would take up: what waits, and what is in doubt.
    #[ts(type = "number")]
    pub resendable: u64,
    /// Of these, those in doubt, which are asked about.
    #[ts(type = "number")]
    pub verifying: u64,
    /// Those that were rejected; the total leaves them out.
    #[ts(type = "number")]
    pub rejected: u64,
}

/// How many documents a resend took up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ResentView {
    #[ts(type = "number")]
    pub queued: u64,
    /// Named, but not in a state from which anything can be sent.
    #[ts(type = "number")]
    pub skipped: u64,
    /// They wait, and are damaged: what can't be read can't be sent.
    #[ts(type = "number")]
    #[serde(default)]
    pub unreadable: u64,
    /// Named, and with the authority: it is asked about them now, and nothing is sent.
    #[ts(type = "number")]
    #[serde(default)]
    pub asked: u64,
    /// The ids of those that were taken up, in the order of issue: at most the first 500.
    #[serde(default)]
    pub documents: Vec<String>,
}
