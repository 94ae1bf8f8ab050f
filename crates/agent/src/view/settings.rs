//! The data folder, as people see it: what its settings say, where it is and how full, and what a second look found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::FolderView;

/// The folder's file of settings, as far as people change it without opening it, and what else stands there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct SettingsView {
    /// Where the file is.
    pub file: String,
    pub settings: Vec<SettingView>,
    /// What is written there and changed there alone.
    pub others: Vec<OtherSettingView>,
    /// Some of what is written holds from the next start on.
    pub waits: bool,
}

/// One setting.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct SettingView {
    /// As the file calls it, `sender.parcel`.
    pub name: String,
    /// What is written; nothing where the default holds.
    pub value: Option<String>,
    pub default: String,
    /// The bounds of a number; both, or none.
    pub least: Option<u32>,
    pub most: Option<u32>,
    /// What it may be, where it is no number.
    pub choices: Vec<String>,
}

/// A setting that only the file changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct OtherSettingView {
    pub name: String,
    /// As it is written.
    pub value: String,
}

/// What a person wants the settings to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsOrder {
    /// By name; with nothing the default is to hold.
    #[ts(type = "Record<string, string | null>")]
    pub settings: BTreeMap<String, Option<String>>,
    pub who: String,
}

/// Whether what is written of the folder is sealed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct SealingView {
    pub on: bool,
    /// Files of the journal, and those of them that are sealed.
    #[ts(type = "number")]
    pub segments: u64,
    #[ts(type = "number")]
    pub sealed: u64,
    /// A recovery key was shown in this run and not typed back: nothing is sealed with it.
    pub unconfirmed: bool,
    /// Who keeps the folder's key on this machine, in words.
    pub keeper: String,
    /// That is less than could be had: who copies the folder may have the key with it.
    pub weaker: bool,
}

/// A disk that has little room left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct RoomView {
    #[ts(type = "number")]
    pub free_bytes: u64,
    /// About so many sales fit yet, told as fewer rather than more.
    #[ts(type = "number")]
    pub sales: u64,
}

/// The data folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PlaceView {
    pub path: String,
    /// What it holds, and its journal alone.
    #[ts(type = "number")]
    pub bytes: u64,
    #[ts(type = "number")]
    pub journal_bytes: u64,
    /// What is left on its disk; absent where the system does not tell.
    #[ts(type = "number | null")]
    pub free_bytes: Option<u64>,
    /// The drop folder, where there is one.
    pub drop: Option<FolderView>,
}

/// A second look at the whole folder, as `timbre check` takes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct CheckView {
    /// It is being looked at, and how far that is, in percent.
    pub running: bool,
    pub percent: u32,
    /// When the last look ended, RFC 3339; absent before the first since the start.
    pub at: Option<String>,
    /// What it came to.
    pub sound: Option<bool>,
    /// In words.
    pub lines: Vec<String>,
}
