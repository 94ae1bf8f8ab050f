//! The ledger: what the simulator holds, told to whoever tests against it (`GET /_sim/ledger`).

use crate::{
    judge::DocumentKey,
    state::{Channel, Record, State, Version},
    upload::Verdict,
    violations::Violation,
};
use jiff::Timestamp;
use serde::Serialize;

#[derive(Clone, Debug, Serialize)]
pub struct Ledger {
    /// Each document once.
    pub documents: Vec<LedgerDocument>,
    /// Everything that came to an upload address, in order, refused or not.
    pub uploads: Vec<LedgerUpload>,
    pub totals: LedgerTotals,
    /// What a client did that it may never do.
    pub violations: Vec<Violation>,
}

#[derive(Clone, Debug, Serialize)]
pub struct LedgerDocument {
    /// `T39F1234`.
    pub id: String,
    pub issuer: String,
    pub tipo: u16,
    pub folio: u64,
    /// Of the bytes from `<DTE` to `</DTE>`, both included, in hexadecimal.
    pub sha256: String,
    /// `accepted`, `objected`, `rejected` or `processing`.
    pub verdict: &'static str,
    pub reasons: Vec<String>,
    /// How many times these bytes were offered.
    pub offered: u64,
    pub tracks: Vec<String>,
    /// Every set of bytes offered under this folio, in order; more than one after a rejection, or by mistake.
    pub versions: Vec<LedgerVersion>,
}

#[derive(Clone, Debug, Serialize)]
pub struct LedgerVersion {
    pub sha256: String,
    pub verdict: &'static str,
    pub reasons: Vec<String>,
    pub offered: u64,
    /// How many of those came although it was not rejected, alone or with its envelope.
    pub repeated: u64,
    pub tracks: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct LedgerUpload {
    /// `dte` or `boleta`.
    pub channel: &'static str,
    pub at: Timestamp,
    /// What was answered: `STATUS 0`, `REC`, `401 NO ESTA AUTENTICADO`, …
    pub answer: String,
    pub track: Option<String>,
    pub documents: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LedgerTotals {
    pub documents: u64,
    pub accepted: u64,
    pub objected: u64,
    pub rejected: u64,
    pub processing: u64,
    /// Documents of which the same bytes came again although they were not rejected, or other bytes came under a
    /// folio already held.
    pub duplicated: u64,
    pub uploads: u64,
}

impl Ledger {
    pub(crate) fn of(state: &State, now: Timestamp) -> Ledger {
        let documents: Vec<_> =
            state.documents.iter().filter_map(|(key, record)| LedgerDocument::of(key, record, now)).collect();
        let count = |verdict: &str| documents.iter().filter(|d| d.verdict == verdict).count() as u64;
        let totals = LedgerTotals {
            documents: documents.len() as u64,
            accepted: count("accepted"),
            objected: count("objected"),
            rejected: count("rejected"),
            processing: count("processing"),
            duplicated: state.documents.values().filter(|record| duplicated(record)).count() as u64,
            uploads: state.arrivals.len() as u64,
        };
        let uploads = state.arrivals.iter().map(LedgerUpload::of).collect();
        Ledger { documents, uploads, totals, violations: state.violations.clone() }
    }

    /// One document by its id.
    pub fn document(&self, id: &str) -> Option<&LedgerDocument> {
        self.documents.iter().find(|document| document.id == id)
    }
}

fn duplicated(record: &Record) -> bool {
    let again = record.versions.iter().any(|version| version.repeated > 0);
    let held_first = record
        .versions
        .iter()
        .position(|version| version.verdict != Verdict::Rejected)
        .is_some_and(|held| held + 1 < record.versions.len());
    again || held_first
}

impl LedgerDocument {
    fn of(key: &DocumentKey, record: &Record, now: Timestamp) -> Option<LedgerDocument> {
        let current = LedgerVersion::of(record.current()?, now);
        Some(LedgerDocument {
            id: format!("T{}F{}", key.tipo, key.folio),
            issuer: key.issuer.clone(),
            tipo: key.tipo,
            folio: key.folio,
            sha256: current.sha256,
            verdict: current.verdict,
            reasons: current.reasons,
            offered: current.offered,
            tracks: current.tracks,
            versions: record.versions.iter().map(|version| LedgerVersion::of(version, now)).collect(),
        })
    }
}

impl LedgerVersion {
    fn of(version: &Version, now: Timestamp) -> LedgerVersion {
        let verdict = match version.verdict {
            _ if now < version.known_from => "processing",
            Verdict::Accepted => "accepted",
            Verdict::Objected => "objected",
            Verdict::Rejected => "rejected",
        };
        LedgerVersion {
            sha256: version.digest.to_string(),
            verdict,
            reasons: version.reasons.iter().map(ToString::to_string).collect(),
            offered: version.offered,
            repeated: version.repeated,
            tracks: version.tracks.clone(),
        }
    }
}

impl LedgerUpload {
    fn of(arrival: &crate::state::Arrival) -> LedgerUpload {
        LedgerUpload {
            channel: match arrival.channel {
                Channel::Dte => "dte",
                Channel::Boleta => "boleta",
            },
            at: arrival.at,
            answer: arrival.answer.clone(),
            track: arrival.track.clone(),
            documents: arrival.documents,
        }
    }
}
