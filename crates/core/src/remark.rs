//! What an authority says, in its words and in ours. What a remark does to a document is decided elsewhere.

use serde::{Deserialize, Serialize};

/// One remark of the authority: its own code and words, and ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// As the authority writes it: `DTE-3-505`, `STATUS 6`.
    pub code: String,
    /// The authority's words, untouched.
    pub words: String,
    /// One plain Spanish sentence that says what it means and what to do.
    pub meaning: String,
    /// Absent in what was written before there was any, and where there is nothing to advise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<Advice>,
}

impl Remark {
    /// One that is ours: the authority said nothing.
    pub fn ours(code: impl Into<String>, meaning: impl Into<String>) -> Remark {
        Remark { code: code.into(), words: String::new(), meaning: meaning.into(), advice: None }
    }
}

/// What a person asks of a remark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// Whose doing it is.
    pub whose: Label,
    /// What becomes of the document's number.
    pub number: Label,
    /// The one thing to do.
    pub action: Label,
}

/// A word for programs that never changes, and a Spanish sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    pub word: String,
    pub text: String,
}

impl Label {
    pub fn new(word: &str, text: &str) -> Label {
        Label { word: word.to_owned(), text: text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_written_before_there_was_advice_is_still_read() {
        let old = r#"{"code":"X","words":"no","meaning":"No."}"#;
        let remark: Remark = serde_json::from_str(old).unwrap();
        assert_eq!(remark, Remark { words: "no".to_owned(), ..Remark::ours("X", "No.") });
        assert_eq!(serde_json::to_string(&remark).unwrap(), old);
    }
}
