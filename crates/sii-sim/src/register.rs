//! Takes a judged file into the books: its track id, its documents, and what depends on earlier ones (folios
//! already used, documents referred to, the same file again).

use crate::{
    judge::{
        DocumentKey, Examined, Facts, Fault, Finding, Parcel,
        reason::{self, Reason},
    },
    state::{Channel, Fate, Judged, Seen, State, Upload, Verdict, Version, after},
};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

pub(crate) enum Taken {
    Stored {
        track: String,
    },
    /// DTE channel: the same bytes came before.
    Known {
        track: String,
        times: u64,
    },
    /// DTE channel: the schema's complaints; nothing is stored.
    Refused {
        complaints: Vec<String>,
    },
}

/// "Debe esperar 900 segundos antes de reintentar": for so long a file is known by its content.
const REMEMBERED: SignedDuration = SignedDuration::from_secs(900);
/// Electronic documents of the DTE channel: only these can be looked up when a note refers to them.
const REFERABLE: [&str; 6] = ["33", "34", "46", "52", "56", "61"];

pub(crate) fn register(
    state: &mut State,
    channel: Channel,
    parcel: Parcel,
    examined: Examined,
    burns: bool,
    now: Timestamp,
) -> Taken {
    let content = (channel, Sha256::digest(&parcel.bytes).into());
    let seen = state.contents.get(&content).copied();
    let recent = seen.filter(|seen| now.duration_since(seen.last) < REMEMBERED);
    if let (Channel::Dte, Some(seen)) = (channel, recent) {
        state.contents.insert(content, Seen { times: seen.times + 1, last: now, ..seen });
        for finding in &examined.findings {
            offer_again(state, finding);
        }
        return Taken::Known { track: state.uploads[seen.upload].track.clone(), times: seen.times };
    }
    if let (Channel::Dte, Some(Fault::Schema(complaints))) = (channel, &examined.fault) {
        return Taken::Refused { complaints: complaints.clone() };
    }
    let stuck = state.faults.stuck();
    let track = track(channel, state.uploads.len() as u64);
    let known_from = match &examined.fault {
        Some(fault) => after(now, state.processing.saturating_mul(step_of(fault))),
        None => state.processed_at(now, stuck),
    };
    let entry = Entry { track: &track, known_from, burns, now };
    let documents: Vec<Judged> = examined
        .findings
        .iter()
        .map(|finding| entry.settle(state, finding, examined.fault.as_ref()))
        .collect();
    let again =
        !documents.is_empty() && documents.iter().all(|judged| judged.reasons.iter().any(is_repetition));
    let fate = match examined.fault {
        Some(fault) => Fate::Fallen(fault),
        None if channel == Channel::Boleta && seen.is_some() && again => Fate::Repeated,
        None => Fate::Processed,
    };
    let index = state.uploads.len();
    state.by_track.insert((channel, track.clone()), index);
    let times = seen.map_or(0, |seen| seen.times);
    state.contents.insert(content, Seen { upload: index, times: times + 1, last: now });
    state.uploads.push(Upload {
        track: track.clone(),
        company: parcel.company,
        sender: parcel.sender,
        received: now,
        stuck,
        fate,
        documents,
    });
    Taken::Stored { track }
}

fn is_repetition(reason: &Reason) -> bool {
    reason.seccion == reason::REPEATED.seccion && reason.codigo == reason::REPEATED.codigo
}

/// Ten digits with zeros on the DTE channel, eight on the other, as seen; nobody should count them.
fn track(channel: Channel, number: u64) -> String {
    match channel {
        Channel::Dte => format!("{:010}", 260_000_000 + number),
        Channel::Boleta => format!("{}", 30_400_000 + number),
    }
}

/// The step of the pipeline that finds the fault.
fn step_of(fault: &Fault) -> u32 {
    match fault {
        Fault::Schema(_) => 1,
        Fault::Signature(_) => 2,
        Fault::Cover(_) => 4,
    }
}

fn offer_again(state: &mut State, finding: &Finding) {
    let record = state.documents.entry(finding.key.clone()).or_default();
    for version in record.versions.iter_mut().filter(|version| version.digest == finding.digest) {
        version.offered += 1;
    }
}

/// Where and when a document comes in.
struct Entry<'a> {
    track: &'a str,
    known_from: Timestamp,
    burns: bool,
    now: Timestamp,
}

impl Entry<'_> {
    fn settle(&self, state: &mut State, finding: &Finding, fault: Option<&Fault>) -> Judged {
        let reasons = match fault {
            Some(fault) => vec![fault_reason(fault)],
            None => self.reasons(state, finding),
        };
        let verdict = if reasons.iter().any(|reason| reason.rejects) {
            Verdict::Rejected
        } else if reasons.is_empty() {
            Verdict::Accepted
        } else {
            Verdict::Objected
        };
        self.record(state, finding, verdict, &reasons, fault.is_none());
        if verdict != Verdict::Rejected {
            state.held += 1;
            state.outage_began |= state.faults.stored(state.held, self.now);
        }
        Judged { key: finding.key.clone(), verdict, reasons }
    }

    fn reasons(&self, state: &mut State, finding: &Finding) -> Vec<Reason> {
        let record = state.documents.get(&finding.key);
        let taken = record.and_then(|record| {
            let burnt = || record.versions.iter().find(|version| version.processed && self.burns);
            record.held().or_else(burnt)
        });
        match taken {
            Some(version) if version.digest == finding.digest => return vec![reason::REPEATED.because("")],
            Some(version) => {
                let detail = format!("recibido con TrackId {}", version.tracks.join(", "));
                return vec![reason::OTHER_DATA.because(detail)];
            }
            None => {}
        }
        let mut reasons = finding.reasons.clone();
        if !reasons.iter().any(|reason| reason.rejects) {
            reasons.extend(self.references(state, &finding.key, &finding.facts));
        }
        if reasons.is_empty()
            && let Some((code, text)) = state.faults.rejection()
        {
            reasons.push(Reason::spelled(&code, &text));
        }
        reasons
    }

    /// Notes: the document they correct must have been received (in this envelope, or before and processed), go
    /// to the same receptor, and bear the same amount when it is annulled.
    fn references(&self, state: &State, key: &DocumentKey, facts: &Facts) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if !matches!(key.tipo, 56 | 61) {
            return reasons;
        }
        let known = facts.references.iter().filter(|reference| REFERABLE.contains(&reference.tipo.as_str()));
        for reference in known {
            let (Ok(tipo), Ok(folio)) = (reference.tipo.parse(), reference.folio.parse::<u64>()) else {
                continue;
            };
            // Folio 0 stands for many documents (IndGlobal).
            if folio == 0 {
                continue;
            }
            let referred = DocumentKey { issuer: key.issuer.clone(), tipo, folio };
            let held = state.documents.get(&referred).and_then(|record| record.held());
            let held = held.filter(|version| {
                version.known_from <= self.now || version.tracks.iter().any(|t| t == self.track)
            });
            let Some(version) = held else {
                reasons.push(reason::REFERENCE_UNKNOWN.because(format!("T{tipo}F{folio}")));
                continue;
            };
            if version.facts.receptor != facts.receptor {
                reasons.push(reason::REFERENCE_RECEPTOR.because(version.facts.receptor.clone()));
            }
            if reference.code.as_deref() == Some("1") && version.facts.total != facts.total {
                let found = format!("[{} <> {}]", facts.total, version.facts.total);
                reasons.push(reason::REFERENCE_AMOUNT.because(found));
            }
        }
        reasons
    }

    fn record(
        &self,
        state: &mut State,
        finding: &Finding,
        verdict: Verdict,
        reasons: &[Reason],
        processed: bool,
    ) {
        let record = state.documents.entry(finding.key.clone()).or_default();
        let held = record.held().map(|version| version.digest);
        if let Some(version) = record.versions.iter_mut().find(|version| version.digest == finding.digest) {
            version.offered += 1;
            version.tracks.push(self.track.to_owned());
            // The first verdict stands once the document is held; otherwise the last one counts.
            if held != Some(finding.digest) {
                version.verdict = verdict;
                version.reasons = reasons.to_vec();
                version.known_from = self.known_from;
                version.processed |= processed;
            }
            return;
        }
        record.versions.push(Version {
            digest: finding.digest,
            facts: finding.facts.clone(),
            verdict,
            reasons: reasons.to_vec(),
            offered: 1,
            tracks: vec![self.track.to_owned()],
            known_from: self.known_from,
            processed,
        });
    }
}

fn fault_reason(fault: &Fault) -> Reason {
    match fault {
        Fault::Schema(complaints) => Reason::envelope("RSC", complaints.first().map_or("", String::as_str)),
        Fault::Signature(why) => Reason::envelope("RFR", why),
        Fault::Cover(reason) => reason.clone(),
    }
}
