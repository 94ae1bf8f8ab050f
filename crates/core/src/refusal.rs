//! What is said when something is not done: a stable code, where, and a sentence a person can act on.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One reason why something was refused. Not an error of the program: an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Stable, for programs: `line-total-mismatch`, `grant-expired`.
    pub code: String,
    /// Where: a JSON path (`Detalle[2].QtyItem`), a file's line, or empty.
    pub path: String,
    /// A Spanish sentence: what is wrong and what to do.
    pub message: String,
    /// True when the same request may succeed later with nothing changed in it (no folio left,
    /// certificate expired, disk full); false when the request itself is wrong.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub temporary: bool,
    /// The codes by which the authority would say the same, where they are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authority_codes: Vec<String>,
}

impl Refusal {
    /// A refusal of what was asked.
    pub fn new(code: impl Into<String>, path: impl Into<String>, message: impl Into<String>) -> Refusal {
        Refusal {
            code: code.into(),
            path: path.into(),
            message: message.into(),
            temporary: false,
            authority_codes: Vec::new(),
        }
    }

    /// A refusal that says nothing against the request: it may be tried again as it is.
    pub fn temporary(
        code: impl Into<String>,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> Refusal {
        Refusal { temporary: true, ..Refusal::new(code, path, message) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            write!(f, "{}", self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}

/// All the reasons at once; never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Refusals(pub Vec<Refusal>);

impl Refusals {
    /// True when every reason is temporary, so that the same request may be tried again later.
    pub fn temporary(&self) -> bool {
        self.0.iter().all(|r| r.temporary)
    }

    /// What people read: each sentence once and without its place, which is a program's word.
    pub fn sentences(&self) -> String {
        let mut told: Vec<&str> = Vec::new();
        for refusal in &self.0 {
            if !told.contains(&refusal.message.as_str()) {
                told.push(&refusal.message);
            }
        }
        told.join("\n")
    }
}

impl From<Refusal> for Refusals {
    fn from(one: Refusal) -> Refusals {
        Refusals(vec![one])
    }
}
