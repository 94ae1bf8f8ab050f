//! The judge: what the SII finds in a file it has taken in. A pure function of the bytes, the sender and the
//! time; what depends on earlier documents (folios already used, referenced documents) is judged in `register`.

mod document;
mod envelope;
mod format;
mod kinds;
mod lines;
mod notes;
pub(crate) mod reason;
mod stamp;
mod taxes;
mod totals;

pub(crate) use envelope::{Parcel, examine};
pub(crate) use format::is_rut;

use crate::{certificate::Certificate, registry::Registry, rules::Rules, sum::Sum};
use jiff::{Timestamp, civil::Date};
use reason::Reason;
use serde::{Deserialize, Serialize};

/// What the judge knows beforehand.
#[derive(Debug)]
pub(crate) struct World {
    pub registry: Registry,
    pub rules: Rules,
}

impl World {
    /// Did somebody issue this certificate whom the SII trusts?
    pub(crate) fn trusts(&self, certificate: &Certificate) -> bool {
        !self.rules.certificate_issuer || self.registry.issued(certificate)
    }

    pub(crate) fn in_time(&self, certificate: &Certificate, moment: Option<Timestamp>) -> bool {
        !self.rules.certificate_dates || moment.is_some_and(|moment| certificate.valid_at(moment))
    }
}

/// A document by the SII's own key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct DocumentKey {
    pub issuer: String,
    pub tipo: u16,
    pub folio: u64,
}

/// What the status services compare a question with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub receptor: String,
    pub date: Option<Date>,
    pub total: u64,
    /// Text of `DTE/Signature/SignatureValue` without white space.
    pub signature: String,
    pub references: Vec<Reference>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reference {
    pub tipo: String,
    pub folio: String,
    pub code: Option<String>,
    /// `RUTOtr`: the issuer, where it is another one.
    #[serde(default)]
    pub issuer: Option<String>,
}

/// One document of an envelope, with all that can be said without knowing the others.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub key: DocumentKey,
    /// SHA-256 of its bytes from `<DTE` to `</DTE>`.
    pub digest: Sum,
    pub facts: Facts,
    pub reasons: Vec<Reason>,
}

/// Why a whole envelope falls, by the step of the pipeline that finds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
