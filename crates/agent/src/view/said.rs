//! What the authority said, as people are shown it. What it means is the country's to say.

use serde::{Deserialize, Serialize};
use timbre_core::{Advice, Label, Remark};
use ts_rs::TS;

/// One remark of the authority: its own code and words, and ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RemarkView {
    pub code: String,
    pub words: String,
    pub meaning: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub advice: Option<AdviceView>,
}

/// Whose doing a remark is, what becomes of the folio, and the one thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AdviceView {
    pub whose: LabelView,
    pub number: LabelView,
    pub action: LabelView,
}

/// A stable word for programs, and a Spanish sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LabelView {
    pub word: String,
    pub text: String,
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
