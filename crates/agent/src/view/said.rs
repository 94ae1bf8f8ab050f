//! What the authority said, as people are shown it: its remarks, and its answers to what is asked of it
//! beside the delivery of documents.

use serde::{Deserialize, Serialize};
use timbre_core::{Advice, Event, Label, Numbered, Remark, Series};
use ts_rs::TS;
use utoipa::ToSchema;

/// One remark of the authority: its own code and words, and ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct RemarkView {
    pub code: String,
    pub words: String,
    pub meaning: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub advice: Option<AdviceView>,
}

/// Whose doing a remark is, what becomes of the folio, and the one thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct AdviceView {
    pub whose: LabelView,
    pub number: LabelView,
    pub action: LabelView,
}

/// A stable word for programs, and a Spanish sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct LabelView {
    pub word: String,
    pub text: String,
}

/// The authority did what was asked of it, or says that it had been done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SaidView {
    pub remark: RemarkView,
}

/// What the registry of claims holds about a document, ours or a supplier's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClaimsView {
    /// Tax id of who issued it.
    pub issuer: String,
    #[serde(rename = "type")]
    pub series: String,
    pub folio: u64,
    /// When the authority received it, by the country's legal time (`AAAA-MM-DDTHH:MM:SS`).
    pub received: Option<String>,
    /// What the authority answers when asked whether it may be assigned.
    pub assignable: Option<RemarkView>,
    /// What was said of it, in the authority's order.
    pub events: Vec<EventView>,
    /// Why something of the above could not be told.
    pub untold: Vec<RemarkView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventView {
    pub what: RemarkView,
    /// Tax id of who said it.
    pub by: String,
    /// By the country's legal time.
    pub at: Option<String>,
}

/// To say something of a document that a supplier sent: an act with legal effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimOrder {
    /// Tax id of who issued it.
    pub issuer: String,
    #[serde(rename = "type")]
    pub series: String,
    pub folio: u64,
    /// The authority's own code of it.
    pub action: String,
}

impl ClaimOrder {
    pub(crate) fn document(&self) -> Numbered {
        Numbered { issuer: self.issuer.clone(), series: Series(self.series.clone()), number: self.folio }
    }
}

impl From<&Label> for LabelView {
    fn from(label: &Label) -> LabelView {
        LabelView { word: label.word.clone(), text: label.text.clone() }
    }
}

impl From<&Advice> for AdviceView {
    fn from(Advice { whose, number, action }: &Advice) -> AdviceView {
        AdviceView { whose: whose.into(), number: number.into(), action: action.into() }
    }
}

impl From<&Remark> for RemarkView {
    fn from(Remark { code, words, meaning, advice }: &Remark) -> RemarkView {
        RemarkView {
            code: code.clone(),
            words: words.clone(),
            meaning: meaning.clone(),
            advice: advice.as_ref().map(AdviceView::from),
        }
    }
}

impl From<&Event> for EventView {
    fn from(Event { what, by, at }: &Event) -> EventView {
        EventView { what: what.into(), by: by.clone(), at: at.map(|at| at.to_string()) }
    }
}
