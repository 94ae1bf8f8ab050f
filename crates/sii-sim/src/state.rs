//! All the simulator remembers: seeds, tokens, uploads, contents and documents. What is asked of it lives in
//! `routes`, what is decided about a document in `judge`.

use crate::{
    faults::Faults,
    judge::{DocumentKey, Facts, Fault, reason::Reason},
    random::Random,
};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

/// The two worlds of the SII. A token of one is worth nothing in the other (Instructivo Técnico Boleta
/// Electrónica: "se debe obtener un token específico para boleta").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Channel {
    Dte,
    Boleta,
}

#[derive(Debug)]
pub(crate) struct Seed {
    pub channel: Channel,
    pub issued: Timestamp,
    pub used: bool,
}

#[derive(Debug)]
pub(crate) struct Token {
    pub channel: Channel,
    pub holder: String,
    pub last_used: Timestamp,
    pub uses: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accepted,
    Objected,
    Rejected,
}

/// How an upload ends when its time has come.
#[derive(Clone, Debug)]
pub(crate) enum Fate {
    Processed,
    /// The same file again, on the boleta channel: RPT.
    Repeated,
    Fallen(Fault),
}

#[derive(Debug)]
pub(crate) struct Upload {
    pub track: String,
    pub company: String,
    pub sender: String,
    pub received: Timestamp,
    /// How much longer than usual it stays in process.
    pub stuck: Duration,
    pub fate: Fate,
    pub documents: Vec<Judged>,
}

/// A document within an upload, with this upload's word on it.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub key: DocumentKey,
    pub verdict: Verdict,
    pub reasons: Vec<Reason>,
}

/// One set of bytes offered under a folio.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub digest: [u8; 32],
    pub facts: Facts,
    pub verdict: Verdict,
    pub reasons: Vec<Reason>,
    pub offered: u64,
    pub tracks: Vec<String>,
    /// From when on the SII speaks of it.
    pub known_from: Timestamp,
    /// It was in an envelope that was processed, not rejected whole.
    pub processed: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub versions: Vec<Version>,
}

impl Record {
    /// The version the SII holds under this folio: accepted, with objections or without.
    pub(crate) fn held(&self) -> Option<&Version> {
        self.versions.iter().find(|version| version.verdict != Verdict::Rejected)
    }

    /// The version that counts: the one held, else the last one offered.
    pub(crate) fn current(&self) -> Option<&Version> {
        self.held().or(self.versions.last())
    }
}

/// A file that came before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub upload: usize,
    pub times: u64,
    pub last: Timestamp,
}

/// A line in the book of everything that came to an upload address.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub channel: Channel,
    pub at: Timestamp,
    pub answer: String,
    pub track: Option<String>,
    pub documents: usize,
}

#[derive(Debug)]
pub(crate) struct State {
    pub faults: Faults,
    pub random: Random,
    /// The latest moment anybody has spoken of.
    pub now: Timestamp,
    pub processing: Duration,
    pub seeds: HashMap<String, Seed>,
    pub tokens: HashMap<String, Token>,
    pub uploads: Vec<Upload>,
    pub by_track: HashMap<(Channel, String), usize>,
    /// By the digest of a file: where it is and how often it came.
    pub contents: HashMap<(Channel, [u8; 32]), Seen>,
    pub documents: BTreeMap<DocumentKey, Record>,
    pub arrivals: Vec<Arrival>,
    /// How many documents are held.
    pub held: u64,
    /// An outage that waited for a number of documents has just begun.
    pub outage_began: bool,
}

/// How far an upload has come (Envío automático and "Estado de envío", the manuals' own order).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Rec,
    Sok,
    Fok,
    Pdr,
    Crt,
    Epr,
    Rsc,
    Rfr,
    Rct,
    Rpt,
}

impl State {
    pub(crate) fn new(faults: Faults, seed: u64, processing: Duration) -> Self {
        State {
            faults,
            random: Random::new(seed),
            now: Timestamp::MIN,
            processing,
            seeds: HashMap::new(),
            tokens: HashMap::new(),
            uploads: Vec::new(),
            by_track: HashMap::new(),
            contents: HashMap::new(),
            documents: BTreeMap::new(),
            arrivals: Vec::new(),
            held: 0,
            outage_began: false,
        }
    }

    pub(crate) fn upload(&self, channel: Channel, track: &str) -> Option<&Upload> {
        self.by_track.get(&(channel, track.to_owned())).map(|index| &self.uploads[*index])
    }

    /// When the last step of the pipeline is done.
    pub(crate) fn processed_at(&self, received: Timestamp, stuck: Duration) -> Timestamp {
        after(received, self.processing.saturating_mul(5).saturating_add(stuck))
    }

    pub(crate) fn stage(&self, upload: &Upload, now: Timestamp) -> Stage {
        let reached = |step: u32| after(upload.received, self.processing.saturating_mul(step)) <= now;
        let done = (1..=4).take_while(|step| reached(*step)).count();
        // A stuck upload stays before its last step.
        let over = self.processed_at(upload.received, upload.stuck) <= now;
        match &upload.fate {
            Fate::Fallen(Fault::Schema(_)) if done >= 1 => Stage::Rsc,
            Fate::Fallen(Fault::Signature(_)) if done >= 2 => Stage::Rfr,
            Fate::Fallen(Fault::Cover(_)) if done >= 4 => Stage::Rct,
            Fate::Repeated if over => Stage::Rpt,
            Fate::Processed if over => Stage::Epr,
            _ => [Stage::Rec, Stage::Sok, Stage::Fok, Stage::Pdr, Stage::Crt][done],
        }
    }
}

pub(crate) fn after(moment: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    moment.checked_add(wait).unwrap_or(Timestamp::MAX)
}
