//! A lock on issuing, as people are shown it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// Why nothing is issued until a person decides, and what to know before deciding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct LockView {
    /// `index-ahead`, `anchor-ahead`, `anchor-missing`, `other-history`, `damage`, `till-ahead` or
    /// `grant-unreadable`.
    pub reason: String,
    /// A Spanish sentence.
    pub text: String,
    /// How each range goes on once issuing is unlocked.
    pub folios: Vec<LockedFoliosView>,
}

/// A range while issuing is locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct LockedFoliosView {
    pub series: String,
    pub name: String,
    /// Folios that may be used although their documents are not here; `None` when there are none.
    #[ts(type = "number | null")]
    pub used_from: Option<u64>,
    #[ts(type = "number | null")]
    pub used_to: Option<u64>,
    /// The folio it goes on with; `None` when none is left.
    #[ts(type = "number | null")]
    pub next: Option<u64>,
    /// The highest folio of it that a till was given, as it says; whoever unlocks says whether it is so.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub seen: Option<u64>,
    /// The till that says so.
    #[serde(default)]
    pub seen_by: Option<String>,
}

/// A person's word that issuing goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnlockOrder {
    pub who: String,
    /// The last folio of each type that was used elsewhere, as they saw it at the authority: none up to it is issued here. 0: none but
    /// those that are known. Of what a till says that it was given, something must be said.
    #[serde(default)]
    #[ts(type = "Record<string, number>")]
    pub used_up_to: BTreeMap<String, u64>,
    /// The highest folio of each type that a till was given, as whoever decides was shown it; 0 where none said anything. Where another was
    /// told since, nothing is lifted (`last-seen-changed`).
    #[serde(default)]
    #[ts(type = "Record<string, number>", optional)]
    pub seen: BTreeMap<String, u64>,
    /// Also where the authority could not be asked whether it knows the next folios.
    #[serde(default)]
    pub unasked: bool,
}

impl LockView {
    /// The highest folio of each type that a till was given, as it is shown here; 0 where none says anything.
    pub fn seen(&self) -> BTreeMap<String, u64> {
        let mut all = BTreeMap::new();
        for of in &self.folios {
            let highest: &mut u64 = all.entry(of.series.clone()).or_default();
            *highest = of.seen.unwrap_or(0).max(*highest);
        }
        all
    }
}

impl UnlockOrder {
    /// Who decides, and nothing else.
    pub fn by(who: &str) -> UnlockOrder {
        UnlockOrder { who: who.to_owned(), ..UnlockOrder::default() }
    }
}
