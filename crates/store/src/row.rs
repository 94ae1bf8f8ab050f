//! What the index answers with: one row a document, its counters, its ranges.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use timbre_core::paper::{Copy, Printing};
use timbre_core::{
    Amount, ChannelId, Claims, Date, DocState, DocumentId, Grant, ParcelId, Party, Remark, Series, State,
    Timestamp, Turnover,
};

use crate::travel;

/// All that a list or a panel shows of a document, without its bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub id: DocumentId,
    /// Its place in the order of issue, the same for all versions: the first frame's sequence.
    pub order: u64,
    /// The sequence of the last frame that changed anything here: it only grows.
    pub revision: u64,
    pub version: u32,
    pub channel: ChannelId,
    pub date: Date,
    /// When it was issued (stamped); of the current version.
    pub issued: Timestamp,
    pub receiver: Party,
    pub total: Amount,
    pub words: String,
    /// Who sold it, where the sale has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sold_by: Option<String>,
    pub state: DocState,
    /// When it came into that state.
    pub since: Timestamp,
    /// A person must act, and why.
    pub attention: Option<String>,
    /// The note that annulled it, accepted by the authority.
    pub annulled_by: Option<DocumentId>,
    pub replaced_by: Option<DocumentId>,
    /// Who noted the verdict that it has, where it is not the authority's services that said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noted: Option<String>,
    /// What it uses up of earlier documents, unless it was rejected.
    pub claims: Claims,
    /// Documents of this folder that must be at the authority before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub follows: Vec<DocumentId>,
    /// The earlier document that it annuls once the authority has accepted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annuls: Option<DocumentId>,
    /// What it covers must not leave before the authority has it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub awaits_authority: bool,
    /// The later documents that use something up of it, or annul it, and were not rejected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_by: Vec<DocumentId>,
    pub track: Option<String>,
    pub attempts: u32,
    pub next_try: Option<Timestamp>,
    /// It travels with no more documents than so many in all: a parcel that it was in fell as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<u32>,
    /// Why it is where it is, in plain words: the last cause that carried any.
    pub error: Option<String>,
    pub remarks: Vec<Remark>,
    /// The number or code that the authority gave it with its acceptance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<String>,
    /// How far its papers have come: the customer's, and the one to be ceded. The one that was dealt with last is the
    /// last.
    #[serde(default)]
    pub papers: Vec<(Copy, Printing)>,
    /// The parcel it last travelled in.
    pub parcel: Option<ParcelId>,
    pub key: Option<String>,
    pub sale_hash: String,
    pub totals: Value,
    /// Where the current version's *issued* frame stands.
    pub frame: Place,
}

impl Row {
    /// The paper that a person is told of: one that is lacking, else the one that was dealt with last.
    pub fn paper(&self) -> Option<&(Copy, Printing)> {
        let lacking = self.papers.iter().rfind(|(_, how)| how.is_lacking());
        lacking.or(self.papers.last())
    }

    /// The customer's paper, or the one to be ceded.
    pub fn paper_of(&self, ceded: bool) -> Option<&(Copy, Printing)> {
        self.papers.iter().find(|(copy, _)| copy.is_ceded() == ceded)
    }

    /// A person has to look for one of its papers.
    pub fn lacks_paper(&self) -> bool {
        self.papers.iter().any(|(_, how)| how.is_lacking())
    }

    /// What it covers must not leave yet: the authority has not taken it, or has rejected it. One in whose place there
    /// is another says nothing of its goods any more.
    pub fn holds_back(&self) -> bool {
        self.awaits_authority && (travel::is_unheld(self.state) || self.state == DocState::Rechazado)
    }

    /// It waits, and was never offered to the authority.
    pub fn never_left(&self) -> bool {
        self.state.may_send() && self.parcel.is_none()
    }
}

/// Where a frame stands in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    pub segment: u32,
    pub offset: u64,
}

/// A parcel that is not settled yet: what the sender goes on with after a stop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenParcel {
    pub id: ParcelId,
    pub channel: ChannelId,
    pub documents: Vec<(DocumentId, u32)>,
    pub attempt: u32,
    /// When its last sending began.
    pub sent: Timestamp,
    /// Where the conversation stands; `None` when it was cut before an answer.
    pub state: Option<State>,
    pub due: Option<Timestamp>,
    /// Where its *sending* frame stands (head and tail).
    pub frame: Place,
}

/// A paper that was asked for and has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingPaper {
    pub document: DocumentId,
    pub copy: Copy,
    pub how: Printing,
    /// The printer it was asked of by name.
    pub printer: Option<String>,
}

/// Which documents a list wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Any of these states; empty means all.
    pub states: Vec<DocState>,
    /// Only those rejected or with the flag *attention*, and not replaced: the panel's «Con problema».
    pub problem: bool,
    /// Only those without the flag *attention*, as the panel's other counters count.
    pub unflagged: bool,
    /// Only those with it.
    pub flagged: bool,
    /// Only those whose last paper did not come out, or not whole.
    pub unprinted: bool,
    pub series: Option<Series>,
    pub from: Option<Date>,
    pub to: Option<Date>,
    /// Matches folio, receiver, total, item names or who sold; case and accents do not matter. One word that is a
    /// document's whole folio, id, tax id or total finds those documents alone.
    pub text: Option<String>,
}

/// A page of rows, newest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    pub rows: Vec<Row>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<u64>,
    /// As many documents were looked at as may be for one page: when the last of them was issued. There may
    /// be more from `next` on.
    pub reached: Option<Timestamp>,
}

/// All that a filter wants, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    pub documents: u64,
    /// What they come to as sales.
    pub turnover: Turnover,
    /// Not all could be looked at: there may be more.
    pub more: bool,
}

/// How many documents are where. Their sum is the number of documents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// By state, for documents without the flag *attention*, in the order of [`DocState::ALL`].
    pub by_state: [u64; 9],
    /// With the flag *attention*, in the same order.
    pub attention: [u64; 9],
    /// Whose last paper did not come out, or not whole; each is counted above, too.
    #[serde(default)]
    pub unprinted: u64,
}

impl Counts {
    pub fn of(&self, state: DocState) -> u64 {
        let i = DocState::ALL.iter().position(|s| *s == state).unwrap_or_default();
        self.by_state[i] + self.attention[i]
    }

    pub fn total(&self) -> u64 {
        self.by_state.iter().chain(&self.attention).sum()
    }
}

/// A range of folios as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    pub grant: Grant,
    /// First and last folio of this folder's share.
    pub first: u64,
    pub last: u64,
    /// The next folio to be given; `last + 1` when none is left.
    pub next: u64,
    /// No folio of it is given any more, and why (a conflict at the authority, a grant that is no good, a person's word).
    pub stopped: Option<String>,
    /// The folio that it went on with when it was last used again after a stop; 0 where it never was. What becomes of
    /// earlier ones was known to whoever decided that.
    pub reopened: u64,
    /// Folios that were passed over, for they may have been used where this folder does not know of it: a person
    /// has still to look which of them the authority has, and to annul the others there.
    pub skipped: Vec<Span>,
    pub loaded: Timestamp,
}

/// Folios that follow each other; both ends are among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub first: u64,
    pub last: u64,
    /// They were given here, and their documents stood in a damaged part of the journal. Others were passed over when
    /// issuing was unlocked, as that fact says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost: bool,
}

impl Span {
    /// How many.
    pub fn count(&self) -> u64 {
        self.last - self.first + 1
    }
}

impl Range {
    pub fn left(&self) -> u64 {
        (self.last + 1).saturating_sub(self.next)
    }

    /// Is it in use, and was `folio` given since a person last used it again? Of earlier ones they knew.
    pub fn is_answered_for_by(&self, folio: u64) -> bool {
        self.stopped.is_none() && self.reopened <= folio
    }

    /// The folios passed over that `folio` is one of.
    pub fn skipped_at(&self, folio: u64) -> Option<Span> {
        self.skipped.iter().copied().find(|span| (span.first..=span.last).contains(&folio))
    }
}

/// One line of a document's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub at: Timestamp,
    /// The fact's own JSON (without its blobs).
    pub fact: Value,
    pub frame: Place,
}

impl Event {
    /// The word of what stands in the place of a fact that can't be read.
    pub(crate) const UNREADABLE: &str = "unreadable";

    /// Is there only known that something happened? Its part of the journal is damaged.
    pub fn is_unreadable(&self) -> bool {
        self.fact["fact"] == Event::UNREADABLE
    }
}
