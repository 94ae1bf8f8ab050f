//! The facts of the journal: what happened, in the order it happened. The truth of a folder is the
//! sequence of its facts; everything else is computed from them.
//!
//! A fact is JSON plus, for some kinds, raw byte strings that must survive to the byte (signed
//! documents, what was received, what was heard): those are `#[serde(skip)]` here and travel beside
//! the JSON in the frame, in the order of [`Fact::blobs`].

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use timbre_core::paper::{Copy, Printing};
use timbre_core::{
    Amount, CardPart, Cause, ChannelId, Claims, Company, Date, DocState, Document, DocumentId, Environment,
    Grant, GrantId, ParcelId, Refusal, Series, State, TillData, Timestamp,
};

use crate::{Locked, Mark};

/// One fact. Names of variants and fields are the store's format: add, never rename.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// A document was sealed (version 1, or a later one: then it was reissued).
    Issued(Box<Issued>),
    /// A parcel is about to leave: written before its first byte. `documents` are with their
    /// versions, in the order of the parcel; head and tail are kept so that the same bytes can be
    /// sent again.
    Sending(Sending),
    /// Something was heard from the authority about a parcel or a document.
    Answered(Answered),
    /// A document moved along an arrow of the states (a verdict is a move to a final state).
    Moved(Moved),
    /// A document needs a person, or no longer does.
    Attention {
        document: DocumentId,
        reason: Option<String>,
    },
    /// A note that the authority accepted annulled it. What it annuls itself, if it is a note, stands again.
    Annulled {
        document: DocumentId,
        by: DocumentId,
    },
    /// The authority lent a range of folios.
    GrantLoaded(Box<GrantLoaded>),
    /// Who issues, in which environment, under which resolution.
    Company {
        company: Company,
        environment: Environment,
    },
    /// A certificate was loaded. `sealed` is the vault's business.
    CertificateLoaded(CertificateLoaded),
    /// The line: `what` is `network`, `internet` or a channel's name.
    Line {
        what: String,
        up: bool,
        why: String,
    },
    /// A login at the authority (never its token).
    Login {
        channel: ChannelId,
        ok: bool,
        why: String,
    },
    /// How far a paper of it has come: asked for, begun, and how it ended.
    Printed {
        document: DocumentId,
        copy: Copy,
        #[serde(default)]
        how: Printing,
        /// The printer it was asked of by name; where none is said, its kind decides.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        printer: Option<String>,
    },
    Mailed {
        document: DocumentId,
        to: String,
    },
    Notified {
        document: DocumentId,
        to: String,
    },
    /// A person did something worth remembering: pressed resend, changed a setting.
    Acted {
        who: String,
        what: String,
        documents: Vec<DocumentId>,
    },
    /// No folio of a grant is given any more, and why; `None`: it may be used again.
    GrantStopped {
        grant: GrantId,
        why: Option<String>,
    },
    /// At opening it was found that folios may be unknown to the journal. Written by the store
    /// itself, with the first batch after it was found; but not that an anchor is missing. Or what tills remember
    /// is more than the journal knows.
    IssuingLocked(Locked),
    /// A person decided: issuing goes on, with each grant no lower than `beyond`.
    IssuingUnlocked {
        who: String,
        beyond: Vec<Mark>,
        /// What they said to be used elsewhere: the last folio of a series. `beyond` has it.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        used_up_to: BTreeMap<Series, u64>,
        /// They decided although the authority could not be asked about the next folios, and why it could not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unasked: Option<String>,
    },
    /// It was said that so much of the legal term of some documents had run.
    Warned(Warned),
    /// The machine's clock was found to differ from the authority's, or not any more.
    ClockSeen {
        /// The authority's time less the machine's, in seconds.
        offset_seconds: i64,
        /// It is as it should be.
        good: bool,
    },
    /// A person took it upon them that documents are stamped by a clock that is so far off.
    ClockAccepted {
        who: String,
        offset_seconds: i64,
    },
    /// A sale that no document is issued for: the voucher of its card payment stands for one.
    Vouched(Box<Vouched>),
    /// From a day on card vouchers stand for documents, or don't, as the company declared. What was said of that
    /// day or of later ones holds no more.
    VoucherTerm(VoucherTerm),
    /// Documents were stamped by a clock that was ahead, the last one at `last`: a person took it upon
    /// them that the next ones are stamped by the clock as it is now, before that.
    StampsResumed {
        who: String,
        last: Timestamp,
    },
    /// A person took back the record of a sale that a voucher stands for: typed twice, or with a wrong sum.
    VouchedUndone(VouchedUndone),
    /// A person looked which of the folios that were passed over the authority has, and annulled the others there.
    SkippedAnnulled {
        grant: GrantId,
        first: u64,
        last: u64,
    },
}

impl Fact {
    /// The kind byte of its frame: part of the format, never renumbered.
    pub fn kind(&self) -> u8 {
        match self {
            Fact::Issued(_) => Fact::ISSUED,
            Fact::Sending(_) => 2,
            Fact::Answered(_) => 3,
            Fact::Moved(_) => 4,
            Fact::Attention { .. } => 5,
            Fact::Annulled { .. } => 6,
            Fact::GrantLoaded(_) => 7,
            Fact::Company { .. } => 8,
            Fact::CertificateLoaded(_) => 9,
            Fact::Line { .. } => 10,
            Fact::Login { .. } => 11,
            Fact::Printed { .. } => 12,
            Fact::Mailed { .. } => 13,
            Fact::Notified { .. } => 14,
            Fact::Acted { .. } => 15,
            Fact::GrantStopped { .. } => 16,
            Fact::IssuingLocked(_) => 17,
            Fact::IssuingUnlocked { .. } => 18,
            Fact::Warned(_) => 19,
            Fact::ClockSeen { .. } => 20,
            Fact::ClockAccepted { .. } => 21,
            Fact::Vouched(_) => 22,
            Fact::VoucherTerm(_) => 23,
            Fact::StampsResumed { .. } => 24,
            Fact::SkippedAnnulled { .. } => 25,
            Fact::VouchedUndone(_) => 26,
        }
    }

    /// The kind byte of *issued*: the only one that spends a folio.
    pub(crate) const ISSUED: u8 = 1;

    /// The raw byte strings that travel beside the JSON, in their order.
    pub fn blobs(&self) -> Vec<&Bytes> {
        match self {
            Fact::Issued(i) => {
                let whole = i.card.as_ref().map(|card| &card.sale);
                [&i.document.bytes, &i.sale].into_iter().chain(whole).collect()
            }
            Fact::Sending(s) => vec![&s.head, &s.tail],
            Fact::Answered(a) => vec![&a.heard],
            Fact::GrantLoaded(g) => vec![&g.sealed],
            Fact::CertificateLoaded(c) => vec![&c.der, &c.sealed],
            Fact::Vouched(v) => vec![&v.sale],
            _ => Vec::new(),
        }
    }

    /// The documents it names one by one. Those of a parcel are found through the parcel.
    pub(crate) fn documents(&self) -> Vec<&DocumentId> {
        match self {
            Fact::Issued(issued) => vec![&issued.document.id],
            Fact::Moved(Moved { document, cause: Cause::Replaced { by, .. }, .. }) => vec![document, by],
            Fact::Moved(moved) => vec![&moved.document],
            Fact::Answered(answered) => answered.document.iter().collect(),
            Fact::Annulled { document, by } => vec![document, by],
            Fact::Attention { document, .. }
            | Fact::Printed { document, .. }
            | Fact::Mailed { document, .. }
            | Fact::Notified { document, .. } => vec![document],
            Fact::Acted { documents, .. } => documents.iter().collect(),
            Fact::Sending(_)
            | Fact::GrantLoaded(_)
            | Fact::Company { .. }
            | Fact::CertificateLoaded(_)
            | Fact::Line { .. }
            | Fact::Login { .. }
            | Fact::GrantStopped { .. }
            | Fact::IssuingLocked(_)
            | Fact::IssuingUnlocked { .. }
            | Fact::Warned(_)
            | Fact::ClockSeen { .. }
            | Fact::ClockAccepted { .. }
            | Fact::Vouched(_)
            | Fact::VouchedUndone(_)
            | Fact::VoucherTerm(_)
            | Fact::StampsResumed { .. }
            | Fact::SkippedAnnulled { .. } => Vec::new(),
        }
    }

    /// The parcel it is about, where it is about the parcel as a whole.
    pub(crate) fn parcel(&self) -> Option<&ParcelId> {
        match self {
            Fact::Sending(sending) => Some(&sending.parcel),
            Fact::Answered(answered) if answered.document.is_none() => Some(&answered.parcel),
            _ => None,
        }
    }

    /// Where the byte strings go when a fact is read back.
    pub(crate) fn blobs_mut(&mut self) -> Vec<&mut Bytes> {
        match self {
            Fact::Issued(i) => {
                let whole = i.card.as_mut().map(|card| &mut card.sale);
                [&mut i.document.bytes, &mut i.sale].into_iter().chain(whole).collect()
            }
            Fact::Sending(s) => vec![&mut s.head, &mut s.tail],
            Fact::Answered(a) => vec![&mut a.heard],
            Fact::GrantLoaded(g) => vec![&mut g.sealed],
            Fact::CertificateLoaded(c) => vec![&mut c.der, &mut c.sealed],
            Fact::Vouched(v) => vec![&mut v.sale],
            _ => Vec::new(),
        }
    }
}

/// A sealed document with all that a second look may need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Issued {
    pub document: Document,
    /// The idempotency key, if the caller gave one.
    pub key: Option<String>,
    /// Hash of the canonical JSON of the sale that the key came with; a document that is made again keeps it,
    /// so that the same request finds it.
    pub sale_hash: String,
    /// Which till handed the sale in, by its token's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    pub till: TillData,
    pub warnings: Vec<Refusal>,
    /// The country's own total tags.
    pub totals: Value,
    /// What it uses up of earlier documents.
    #[serde(default)]
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
    /// The part of the sale that a card's voucher stands for: the document is for the rest, and the part becomes a
    /// record beside it, by this very fact. Its sale is blob 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Box<CardPart>>,
    /// The sale as received; where a card paid a part, that of the rest. Blob 1 (blob 0 is `document.bytes`).
    #[serde(skip)]
    pub sale: Bytes,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sending {
    pub parcel: ParcelId,
    pub channel: ChannelId,
    pub documents: Vec<(DocumentId, u32)>,
    /// 1 for the first time these bytes leave.
    pub attempt: u32,
    /// SHA-256 of the parcel's body, in hexadecimal.
    pub sha256: String,
    /// Blobs 0 and 1.
    #[serde(skip)]
    pub head: Bytes,
    #[serde(skip)]
    pub tail: Bytes,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    pub parcel: ParcelId,
    /// Set when the question was about one document and not the parcel.
    pub document: Option<DocumentId>,
    /// What was asked: `subir envío`, `estado del envío`.
    pub what: String,
    /// HTTP status; `None` when no complete answer came.
    pub status: Option<u16>,
    /// Milliseconds from the request to its answer.
    pub took_ms: u64,
    /// Where the conversation stands now; `None` when it is over.
    pub state: Option<State>,
    /// When to go on with it.
    pub due: Option<Timestamp>,
    /// The answer's exact bytes. Blob 0.
    #[serde(skip)]
    pub heard: Bytes,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    pub document: DocumentId,
    pub version: u32,
    pub from: DocState,
    pub to: DocState,
    #[serde(flatten)]
    pub cause: Cause,
    /// When it is tried again, where that is known.
    pub next_try: Option<Timestamp>,
    /// Attempts used so far (uploads whose bytes may have left).
    pub attempts: u32,
}

/// Documents of one series whose term had run so far, told together and only once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warned {
    pub series: Series,
    /// Percent of the term; 100 when it is over.
    pub level: u8,
    /// Their places in the order of issue ([`crate::Row::order`]).
    pub orders: Vec<u64>,
    /// The one whose term ends first, and when that is.
    pub first: DocumentId,
    pub limit: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GrantLoaded {
    pub grant: Grant,
    /// This folder's share of the range: part `share.0` of `share.1` (1 of 1 when it is not shared).
    pub share: (u32, u32),
    /// Folios up to here were used elsewhere.
    pub used_up_to: Option<u64>,
    /// It was loaded before: only its key is new, share and counter stay as they are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// The grant's private key, sealed by the vault. Blob 0.
    #[serde(skip)]
    pub sealed: Bytes,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CertificateLoaded {
    pub holder: String,
    pub subject: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// Public certificate (DER). Blob 0.
    #[serde(skip)]
    pub der: Bytes,
    /// Private key, sealed by the vault. Blob 1.
    #[serde(skip)]
    pub sealed: Bytes,
}

/// From a day on card vouchers stand for documents, or don't, as the company declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoucherTerm {
    pub since: Date,
    pub stands: bool,
    /// A sale that a card pays a part of is made in two; else its rest gets a document of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub two_sales: bool,
}

/// A sale that a card's voucher stands for. It has no number, and is never sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Vouched {
    /// The idempotency key: the same key is the same record, for ever.
    pub key: String,
    /// Hash of the canonical JSON of the sale that the key came with.
    pub sale_hash: String,
    /// The day in the country's legal time.
    pub date: Date,
    /// The type of document that would have been issued.
    pub series: Series,
    /// What that would have come to.
    pub total: Amount,
    pub till: TillData,
    /// The sale as received. Blob 0.
    #[serde(skip)]
    pub sale: Bytes,
}

/// The record of a sale that a voucher stands for counts no more. Its key stays its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VouchedUndone {
    pub key: String,
    pub who: String,
    pub why: String,
    /// What the record came to, for whoever reads what people did.
    pub total: Amount,
}
