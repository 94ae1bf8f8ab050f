//! All the simulator remembers: seeds, tokens, uploads, contents and documents. What is asked of it lives in
//! `routes`, what is decided about a document in `judge`.

use crate::{
    book::{Book, Entry},
    claims::Said,
    desk::Lent,
    faults::Faults,
    judge::{DocumentKey, Facts, reason::Reason},
    random::Random,
    sum::Sum,
    upload::{Fate, Judged, Upload, Verdict},
    violations::Violation,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    io,
    time::Duration,
};

/// The two worlds of the SII. A token of one is worth nothing in the other (Instructivo Técnico Boleta
/// Electrónica: "se debe obtener un token específico para boleta").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
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
    pub issued: Timestamp,
    pub last_used: Timestamp,
    pub uses: u64,
    /// Its answer was not spoilt on the way: whoever asked has it.
    pub heard: bool,
}

/// One set of bytes offered under a folio.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub digest: Sum,
    pub facts: Facts,
    pub verdict: Verdict,
    pub reasons: Vec<Reason>,
    pub offered: u64,
    /// How many of them came although it was not rejected.
    pub repeated: u64,
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

/// Folios the taxpayer gave back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Annulled {
    pub tipo: u16,
    pub from: u64,
    pub to: u64,
}

/// A note on a document.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub known_from: Timestamp,
    pub tipo: u16,
    pub code: String,
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
    pub next_number: u64,
    pub by_track: HashMap<(Channel, String), usize>,
    /// By the digest of a file: where it is and how often it came.
    pub contents: HashMap<(Channel, Sum), Seen>,
    pub documents: BTreeMap<DocumentKey, Record>,
    pub lent: Vec<Lent>,
    pub annulled: Vec<Annulled>,
    /// What receptors said of documents.
    pub claims: Vec<Said>,
    /// Results that were asked for again: which upload's, and when.
    pub resent: Vec<(usize, Timestamp)>,
    pub violations: Vec<Violation>,
    /// When each upload was last asked about.
    pub polled: HashMap<(Channel, String), Timestamp>,
    /// Requests of the boleta channel in the minute that began then.
    pub minute: (Timestamp, u64),
    pub arrivals: Vec<Arrival>,
    /// By the document they correct: accepted notes, with the moment the SII speaks of them and their `CodRef`.
    pub notes: HashMap<DocumentKey, Vec<Note>>,
    /// How many documents are held.
    pub held: u64,
    /// An outage that waited for a number of documents has just begun.
    pub outage_began: bool,
    book: Option<Book>,
    /// The book could not be written: what is in memory may be forgotten, so nothing is answered any more.
    pub broken: bool,
}

/// How long a file is known by its content at the most.
const CONTENT_LIFE: SignedDuration = SignedDuration::from_hours(24);

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
            next_number: 0,
            by_track: HashMap::new(),
            contents: HashMap::new(),
            documents: BTreeMap::new(),
            lent: Vec::new(),
            annulled: Vec::new(),
            claims: Vec::new(),
            resent: Vec::new(),
            violations: Vec::new(),
            polled: HashMap::new(),
            minute: (Timestamp::MIN, 0),
            arrivals: Vec::new(),
            notes: HashMap::new(),
            held: 0,
            outage_began: false,
            book: None,
            broken: false,
        }
    }

    /// Takes up what the book tells, and writes on in it.
    pub(crate) fn resume(&mut self, book: Book, past: crate::book::Past) {
        for entry in past.entries {
            match entry {
                Entry::Upload(upload) => {
                    self.now = self.now.max(upload.received);
                    for judged in &upload.documents {
                        self.record(judged, &upload);
                    }
                    self.enter(*upload);
                }
                Entry::Again { channel, content, at } => self.again(channel, content, at),
                Entry::Caf(lent) => self.lent.push(lent),
                Entry::Annulled(annulled) => self.annulled.push(annulled),
                Entry::Claim(said) => self.claims.push(said),
            }
        }
        // A line nobody can read may have been an upload: its number is not given twice.
        self.next_number += past.unreadable;
        self.book = Some(book);
    }

    pub(crate) fn write(&mut self, entry: &Entry) -> io::Result<()> {
        let Some(book) = &mut self.book else { return Ok(()) };
        let written = book.write(entry);
        self.broken |= written.is_err();
        written
    }

    /// Gives folios back, as on the SII's page; what was received under them stays.
    pub(crate) fn annul(&mut self, annulled: Annulled) -> io::Result<()> {
        self.write(&Entry::Annulled(annulled.clone()))?;
        self.annulled.push(annulled);
        Ok(())
    }

    pub(crate) fn is_annulled(&self, key: &DocumentKey) -> bool {
        let mut ranges = self.annulled.iter().filter(|range| range.tipo == key.tipo);
        ranges.any(|range| (range.from..=range.to).contains(&key.folio))
    }

    /// How many came in the minute of this one, which counts.
    pub(crate) fn requests_this_minute(&mut self, now: Timestamp) -> u64 {
        let (began, requests) = self.minute;
        let same = now.duration_since(began) < SignedDuration::from_mins(1);
        self.minute = if same { (began, requests + 1) } else { (now, 1) };
        self.minute.1
    }

    pub(crate) fn upload(&self, channel: Channel, track: &str) -> Option<&Upload> {
        self.by_track.get(&(channel, track.to_owned())).map(|index| &self.uploads[*index])
    }

    /// Puts an upload into the books; its documents are recorded one by one before.
    pub(crate) fn enter(&mut self, upload: Upload) {
        let Upload { channel, content, received, .. } = upload;
        let index = self.uploads.len();
        self.next_number = self.next_number.max(upload.number + 1);
        self.by_track.insert((channel, upload.track.clone()), index);
        let times = self.contents.get(&(channel, content)).map_or(0, |seen| seen.times);
        self.contents.retain(|_, seen| received.duration_since(seen.last) < CONTENT_LIFE);
        self.contents.insert((channel, content), Seen { upload: index, times: times + 1, last: received });
        self.uploads.push(upload);
    }

    /// The same file again, answered from memory.
    pub(crate) fn again(&mut self, channel: Channel, content: Sum, at: Timestamp) {
        let Some(seen) = self.contents.get_mut(&(channel, content)) else { return };
        seen.times += 1;
        seen.last = at;
        let offered = self.uploads[seen.upload].documents.iter();
        for (key, digest) in offered.map(|judged| (&judged.key, judged.digest)) {
            let record = self.documents.entry(key.clone()).or_default();
            for version in record.versions.iter_mut().filter(|version| version.digest == digest) {
                version.offered += 1;
                version.repeated += u64::from(version.verdict != Verdict::Rejected);
            }
        }
    }

    /// What an accepted note does to the documents it refers to.
    fn note(&mut self, judged: &Judged, upload: &Upload) {
        let Judged { key, facts, .. } = judged;
        if !matches!(key.tipo, 56 | 61) {
            return;
        }
        for reference in &facts.references {
            let (Ok(tipo), Ok(folio), Some(code)) =
                (reference.tipo.parse(), reference.folio.parse(), reference.code.clone())
            else {
                continue;
            };
            let issuer = reference.issuer.as_ref().unwrap_or(&key.issuer).clone();
            let corrected = DocumentKey { issuer, tipo, folio };
            let note = Note { known_from: upload.known_from(), tipo: key.tipo, code };
            self.notes.entry(corrected).or_default().push(note);
        }
    }

    /// Notes what an upload says about one of its documents.
    pub(crate) fn record(&mut self, judged: &Judged, upload: &Upload) {
        let processed = !matches!(upload.fate, Fate::Fallen(_));
        if judged.verdict != Verdict::Rejected {
            self.held += 1;
            self.note(judged, upload);
        }
        let record = self.documents.entry(judged.key.clone()).or_default();
        let held = record.held().map(|version| version.digest);
        if let Some(version) = record.versions.iter_mut().find(|version| version.digest == judged.digest) {
            version.offered += 1;
            // What fell with its envelope has to come again.
            version.repeated += u64::from(version.verdict != Verdict::Rejected);
            version.tracks.push(upload.track.clone());
            // The first verdict stands once the document is held; otherwise the last one counts.
            if held != Some(judged.digest) {
                version.verdict = judged.verdict;
                version.reasons.clone_from(&judged.reasons);
                version.known_from = upload.known_from();
                version.processed |= processed;
            }
            return;
        }
        record.versions.push(Version {
            digest: judged.digest,
            facts: judged.facts.clone(),
            verdict: judged.verdict,
            reasons: judged.reasons.clone(),
            offered: 1,
            repeated: 0,
            tracks: vec![upload.track.clone()],
            known_from: upload.known_from(),
            processed,
        });
    }
}

pub(crate) fn after(moment: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    moment.checked_add(wait).unwrap_or(Timestamp::MAX)
}
