//! The judge: what the SII finds in a file it has taken in. A pure function of the bytes, the sender and the
//! time; what depends on earlier documents (folios already used, referenced documents) is judged in `register`.

mod document;
mod envelope;
mod format;
mod lines;
pub(crate) mod reason;
mod stamp;
mod totals;

pub(crate) use envelope::{Parcel, examine};

use jiff::civil::Date;
use reason::Reason;

/// A document by the SII's own key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DocumentKey {
    pub issuer: String,
    pub tipo: u16,
    pub folio: u64,
}

/// What the status services compare a question with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub receptor: String,
    pub date: Option<Date>,
    pub total: u64,
    /// Text of `DTE/Signature/SignatureValue` without white space.
    pub signature: String,
    pub references: Vec<Reference>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    pub tipo: String,
    pub folio: String,
    pub code: Option<String>,
}

/// One document of an envelope, with all that can be said without knowing the others.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub key: DocumentKey,
    /// SHA-256 of its bytes from `<DTE` to `</DTE>`.
    pub digest: [u8; 32],
    pub facts: Facts,
    pub reasons: Vec<Reason>,
}

/// Why a whole envelope falls, by the step of the pipeline that finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// RSC, or STATUS 7 on the spot: the texts of the SII's parser.
    Schema(Vec<String>),
    /// RFR.
    Signature(String),
    /// RCT.
    Cover(Reason),
}

#[derive(Clone, Debug)]
pub(crate) struct Examined {
    pub fault: Option<Fault>,
    pub findings: Vec<Finding>,
}
