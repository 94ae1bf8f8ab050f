//! The language of the wire, known to both sides of it: addresses, documents as text, verdicts as words.

use timbre_core::DocumentId;

/// How long an authority has nothing to say of a document that it took.
pub(crate) const LAG_SECONDS: i64 = 240;

/// What the authority thinks of a document. It judges the total, as nobody else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Yes,
    /// Accepted, with an objection.
    Hm,
    Bad,
}

impl Word {
    pub fn of(total: i64) -> Word {
        match total % 20 {
            13 => Word::Bad,
            7 => Word::Hm,
            _ => Word::Yes,
        }
    }

    pub fn text(self) -> &'static str {
        match self {
            Word::Yes => "yes",
            Word::Hm => "hm",
            Word::Bad => "bad",
        }
    }

    pub fn read(text: &str) -> Option<Word> {
        [Word::Yes, Word::Hm, Word::Bad].into_iter().find(|word| word.text() == text)
    }
}

/// A document as its bytes say it: `A12:990:1767225600`.
pub(crate) fn document(text: &str) -> Option<(DocumentId, i64)> {
    let mut parts = text.split(':');
    let (name, total) = (parts.next()?, parts.next()?.parse().ok()?);
    let series = name.get(..1)?;
    Some((DocumentId::new(series, name.get(1..)?.parse().ok()?), total))
}
