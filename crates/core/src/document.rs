//! A sealed document, a parcel of them, and what a second look finds.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{Amount, ChannelId, Date, DocState, GrantId, Series, Timestamp};

/// A document's name in its folder: `T39F1234`. Versions of a document share it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentId {
    pub series: Series,
    pub number: u64,
}

impl DocumentId {
    pub fn new(series: impl Into<String>, number: u64) -> DocumentId {
        DocumentId { series: Series(series.into()), number }
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "T{}F{}", self.series, self.number)
    }
}

/// A text that is not `T<series>F<number>`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("«{0}» no es un identificador de documento; se escribe como T39F1234")]
pub struct BadDocumentId(pub String);

impl FromStr for DocumentId {
    type Err = BadDocumentId;

    fn from_str(text: &str) -> Result<DocumentId, BadDocumentId> {
        let bad = || BadDocumentId(text.to_owned());
        let (series, number) = text
            .trim()
            .strip_prefix(['T', 't'])
            .and_then(|rest| rest.rsplit_once(['F', 'f']))
            .ok_or_else(bad)?;
        if series.is_empty() || number.starts_with('0') || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        Ok(DocumentId::new(series, number.parse().map_err(|_| bad())?))
    }
}

impl Serialize for DocumentId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DocumentId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<DocumentId, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Somebody named in a document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// Tax id as the document writes it.
    pub id: String,
    pub name: String,
}

/// A final, signed document: its bytes never change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    pub id: DocumentId,
    /// 1, or higher when a rejected document was made again on the same folio.
    pub version: u32,
    pub grant: GrantId,
    /// How it travels.
    pub channel: ChannelId,
    /// Date of issue printed on it, in the country's own time.
    pub date: Date,
    /// When it was stamped and signed.
    pub stamped: Timestamp,
    pub receiver: Party,
    pub total: Amount,
    /// What a person would search for beyond number, receiver and total: item names.
    pub words: String,
    /// Facts that the regime wants to see again without parsing the bytes (its own tags).
    pub facts: serde_json::Value,
    /// The signed bytes, in the authority's encoding. Kept beside the JSON, not in it.
    #[serde(skip)]
    pub bytes: Bytes,
}

/// What a channel needs to ask about one document.
pub type DocumentRef = Document;

/// Names a parcel: the first document's number is not enough (a parcel may be made again), so a
/// random 128-bit value in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ParcelId(pub String);

/// Documents that travel together. Immutable once it was sent: head, the documents' own bytes each
/// followed by a line feed, tail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    pub id: ParcelId,
    pub channel: ChannelId,
    pub head: Bytes,
    pub tail: Bytes,
    pub documents: Vec<Arc<Document>>,
}

impl Parcel {
    /// The bytes that travel, the same on every attempt.
    pub fn body(&self) -> Vec<u8> {
        let inner: usize = self.documents.iter().map(|d| d.bytes.len() + 1).sum();
        let mut body = Vec::with_capacity(self.head.len() + inner + self.tail.len());
        body.extend_from_slice(&self.head);
        for document in &self.documents {
            body.extend_from_slice(&document.bytes);
            body.push(b'\n');
        }
        body.extend_from_slice(&self.tail);
        body
    }
}

/// What the store answers about earlier documents.
pub trait Documents {
    /// The current version of a document of this folder, with its state.
    fn find(&self, id: &DocumentId) -> Option<(Document, DocState)>;

    /// The document that took its place under another number.
    fn successor(&self, _: &DocumentId) -> Option<DocumentId> {
        None
    }

    /// A number of this folder's own ranges that no document has been given yet.
    fn is_unused(&self, _: &DocumentId) -> bool {
        false
    }

    /// What it uses up of others, and others of it. Of another system's, only what documents of this folder use up.
    fn usage(&self, id: &DocumentId) -> Usage {
        let _ = id;
        Usage::default()
    }
}

/// How a document stands to those before and after it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// What it uses up of earlier ones.
    pub claims: crate::Claims,
    /// The earlier one that it annuls once the authority has accepted it.
    pub annuls: Option<DocumentId>,
    /// How much of its total later ones have used up.
    pub claimed: Amount,
    /// Those, without what was rejected.
    pub used_by: Vec<DocumentId>,
}

/// No document is known: previews without a store, and tests.
pub struct NoDocuments;

impl Documents for NoDocuments {
    fn find(&self, _: &DocumentId) -> Option<(Document, DocState)> {
        None
    }
}

/// What the authority would do about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It would not care.
    Note,
    /// It would accept with objections.
    Objects,
    /// It would refuse.
    Refuses,
}

/// Something found when looking at a document, ours or anybody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub severity: Severity,
    /// Stable, for programs.
    pub code: String,
    /// Which document and element.
    pub place: String,
    /// A Spanish sentence.
    pub message: String,
    /// The codes by which the authority would say the same, where they are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authority_codes: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_as_it_is_written() {
        let id: DocumentId = "T39F1234".parse().unwrap();
        assert_eq!(id, DocumentId::new("39", 1234));
        assert_eq!(id.to_string(), "T39F1234");
        for bad in ["", "39F1", "T39", "TF1", "T39F", "T39F01", "T39F-1", "T39Fx"] {
            assert!(bad.parse::<DocumentId>().is_err(), "{bad}");
        }
    }
}
