//! What the program's own log tells of each document: that it was issued, left, and what became of it. It is told of
//! facts that are on disk, under the document's id; what a document says, and to whom, is never in it.

use timbre_core::{Cause, DocumentId};
use timbre_store::{Fact, Moved};

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    document: DocumentId,
    what: &'static str,
    version: Option<u32>,
    parcel: Option<String>,
    attempt: Option<u32>,
    /// The authority's number for what it took.
    track: Option<String>,
    /// Codes, or the reason in plain words.
    why: Option<String>,
}

impl Line {
    fn of(document: &DocumentId, what: &'static str) -> Line {
        Line {
            document: document.clone(),
            what,
            version: None,
            parcel: None,
            attempt: None,
            track: None,
            why: None,
        }
    }

    pub fn tell(self) {
        let Line { document, what, version, parcel, attempt, track, why } = self;
        let document = document.to_string();
        tracing::info!(document, version, parcel, attempt, track, why, "{what}");
    }
}

/// The lines of a fact; none where it says nothing of a document's way.
pub(crate) fn lines(fact: &Fact) -> Vec<Line> {
    match fact {
        Fact::Issued(issued) => {
            let version = Some(issued.document.version);
            vec![Line { version, ..Line::of(&issued.document.id, "issued") }]
        }
        Fact::Sending(sending) => {
            let line = |(id, version): &(DocumentId, u32)| Line {
                version: Some(*version),
                parcel: Some(sending.parcel.0.clone()),
                attempt: Some(sending.attempt),
                ..Line::of(id, "sending")
            };
            sending.documents.iter().map(line).collect()
        }
        // It was told with its parcel.
        Fact::Moved(Moved { cause: Cause::Sending, .. }) => Vec::new(),
        Fact::Moved(moved) => vec![of_move(moved)],
        Fact::Attention { document, reason: Some(reason) } => {
            vec![Line { why: Some(reason.clone()), ..Line::of(document, "needs a person") }]
        }
        Fact::Annulled { document, by } => {
            vec![Line { why: Some(by.to_string()), ..Line::of(document, "annulled") }]
        }
        _ => Vec::new(),
    }
}

fn of_move(moved: &Moved) -> Line {
    let (track, why) = match &moved.cause {
        Cause::Sent { track } => (Some(track.clone()), None),
        Cause::NotSent { why } | Cause::NoLine { why } | Cause::Doubt { why } | Cause::Refused { why } => {
            (None, Some(why.clone()))
        }
        Cause::Fell { why, .. } => (None, Some(why.clone())),
        Cause::Accepted { remarks: said, .. } | Cause::Rejected { reasons: said, .. } => {
            let codes: Vec<_> = said.iter().map(|remark| remark.code.as_str()).collect();
            (None, (!codes.is_empty()).then(|| codes.join(", ")))
        }
        Cause::Replaced { by, .. } => (None, Some(by.to_string())),
        Cause::Noted { who, .. } => (None, Some(format!("noted by {who}"))),
        Cause::Sending
        | Cause::Absent
        | Cause::Reissued
        | Cause::ByHand
        | Cause::Overruled
        | Cause::FoundAccepted { .. } => (None, None),
    };
    let version = Some(moved.version);
    Line { version, track, why, ..Line::of(&moved.document, moved.to.word()) }
}

#[cfg(test)]
mod tests {
    use timbre_core::{DocState, Remark};

    use super::*;

    fn moved(to: DocState, cause: Cause) -> Fact {
        Fact::Moved(Moved {
            document: "T39F7".parse().unwrap(),
            version: 1,
            from: DocState::Enviando,
            to,
            cause,
            next_try: None,
            attempts: 1,
        })
    }

    #[test]
    fn a_document_is_followed_by_its_id_from_its_issue_to_its_verdict() {
        let told = |fact: Fact| {
            let lines = lines(&fact);
            assert!(lines.iter().all(|line| line.document.to_string() == "T39F7"));
            lines.into_iter().map(|line| (line.what, line.track.or(line.why))).collect::<Vec<_>>()
        };
        let some = |text: &str| Some(text.to_owned());
        let sent = moved(DocState::Enviado, Cause::Sent { track: "0251".into() });
        assert_eq!(told(sent), [("ENVIADO", some("0251"))]);
        let reasons = ["DTE-3-101", "HED-3-305"].map(|code| Remark::ours(code, "No.")).to_vec();
        let rejected = Cause::Rejected { reasons, number: timbre_core::NumberFate::AskByProbe };
        let rejected = moved(DocState::Rechazado, rejected);
        assert_eq!(told(rejected), [("RECHAZADO", some("DTE-3-101, HED-3-305"))]);
        let accepted = Cause::Accepted { remarks: vec![], given: None };
        assert_eq!(told(moved(DocState::Aceptado, accepted)), [("ACEPTADO", None)]);
        assert_eq!(told(moved(DocState::Enviando, Cause::Sending)), []);
        let sending = Fact::Sending(timbre_store::Sending {
            parcel: timbre_core::ParcelId("p".into()),
            channel: timbre_core::ChannelId("dte".into()),
            documents: vec![("T39F7".parse().unwrap(), 1)],
            attempt: 2,
            sha256: String::new(),
            head: "secret".into(),
            tail: "secret".into(),
        });
        let lines = lines(&sending);
        assert_eq!((lines[0].parcel.as_deref(), lines[0].attempt), (Some("p"), Some(2)));
        assert!(!format!("{lines:?}").contains("secret"));
    }
}
