//! What a question about one document says of it. Read from what the document's maker kept; from its
//! bytes where that is missing.

use timbre_core::{Date, Document, KeyError};

use crate::latin1;
use crate::rut::Rut;

/// A document as the SII's questions name it.
#[derive(Debug, Clone)]
pub struct Subject {
    /// TipoDTE, as written.
    pub kind: String,
    pub folio: u64,
    pub receiver: Rut,
    pub date: Date,
    /// MntTotal.
    pub total: i64,
    /// SignatureValue without line feeds.
    pub signature: String,
}

impl Subject {
    pub(super) fn of(document: &Document) -> Result<Subject, KeyError> {
        let fact = |name: &str| {
            document.facts[name].as_str().map(str::to_owned).or_else(|| leaf(&document.bytes, name))
        };
        let receiver = fact("RUTRecep").unwrap_or_else(|| document.receiver.id.clone());
        let bad = |e| KeyError::Failed(format!("{} no dice quién es su receptor: {e}", document.id));
        Ok(Subject {
            kind: document.id.series.0.clone(),
            folio: document.id.number,
            receiver: Rut::of_receptor(&receiver).map_err(bad)?,
            date: document.date,
            total: document.total.0,
            signature: fact("SignatureValue").unwrap_or_default().split_whitespace().collect(),
        })
    }
}

/// The text of the first element of this name: our own documents have no prefixes nor attributes
/// there.
fn leaf(bytes: &[u8], name: &str) -> Option<String> {
    let text = latin1::decode(bytes);
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    Some(rest.split_once('<')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{document, vector};

    #[test]
    fn what_was_not_kept_is_read_from_the_bytes() {
        let mut bare = document("39", 7, vector("EnvioBOLETA-F7-variantB.xml"));
        std::sync::Arc::make_mut(&mut bare).facts = serde_json::Value::Null;
        let subject = Subject::of(&bare).unwrap();
        assert_eq!(subject.receiver, Rut::CONSUMER);
        assert!(subject.signature.starts_with(
            "IADGuSuxRzulS8Ouwt/elbeZfz4eA9SaFH/8hSLhk+2zRcZgyyDmF65/DWcE+hryddDPppQ8GGrEJAxwV72V"
        ));
        let kept = Subject::of(&document("39", 7, Vec::new())).unwrap();
        assert_eq!((kept.signature.as_str(), kept.total), ("AAAABBBB", 1190));
    }
}
