//! Takes a judged file into the books: its track id, its documents, and what depends on earlier ones (folios
//! already used, documents referred to, the same file again).

use crate::{
    book::Entry,
    judge::{
        DocumentKey, Examined, Facts, Fault, Finding, Parcel,
        reason::{self, Reason},
    },
    state::{Channel, State},
    sum::Sum,
    upload::{Fate, Judged, Upload, Verdict},
};
use jiff::{SignedDuration, Timestamp};
use std::io;

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

/// Takes the file in. What changed is on disk when this returns; an error means that nobody may be answered.
pub(crate) fn register(
    state: &mut State,
    channel: Channel,
    parcel: Parcel,
    examined: Examined,
    burns: bool,
    now: Timestamp,
) -> io::Result<Taken> {
    let content = Sum::of(&parcel.bytes);
    let seen = state.contents.get(&(channel, content)).copied();
    let recent = seen.filter(|seen| now.duration_since(seen.last) < REMEMBERED);
    if let (Channel::Dte, Some(seen)) = (channel, recent) {
        state.again(channel, content, now);
        state.write(&Entry::Again { channel, content, at: now })?;
        return Ok(Taken::Known { track: state.uploads[seen.upload].track.clone(), times: seen.times });
    }
    let fate = match examined.fault {
        Some(Fault::Schema(complaints)) if channel == Channel::Dte => {
            return Ok(Taken::Refused { complaints });
        }
        Some(fault) => Fate::Fallen(fault),
        None => Fate::Processed,
    };
    let ending = match fate {
        Fate::Processed => {
            let folios: Vec<_> = examined.findings.iter().map(|finding| finding.key.folio).collect();
            state.faults.ending(&folios)
        }
        Fate::Repeated | Fate::Fallen(_) => None,
    };
    let fate = ending.as_deref().and_then(fallen).map_or(fate, Fate::Fallen);
    let (stuck, stuck_in) = state.faults.stuck();
    let number = state.next_number;
    let mut upload = Upload {
        channel,
        number,
        track: track(channel, number),
        company: parcel.company,
        sender: parcel.sender,
        received: now,
        content,
        processing: state.processing,
        stuck,
        stuck_in,
        fate,
        said: ending,
        documents: Vec::new(),
    };
    state.watch_upload(&upload, &examined.findings);
    for finding in examined.findings {
        let judged = settle(state, &upload, finding, burns);
        if judged.verdict != Verdict::Rejected {
            state.outage_began |= state.faults.stored(state.held + 1, now);
        }
        state.record(&judged, &upload);
        upload.documents.push(judged);
    }
    let repeated = |judged: &Judged| judged.reasons.iter().any(is_repetition);
    let again = !upload.documents.is_empty() && upload.documents.iter().all(repeated);
    if channel == Channel::Boleta && seen.is_some() && again && matches!(upload.fate, Fate::Processed) {
        upload.fate = Fate::Repeated;
    }
    state.write(&Entry::Upload(Box::new(upload.clone())))?;
    let track = upload.track.clone();
    state.enter(upload);
    Ok(Taken::Stored { track })
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

fn settle(state: &mut State, upload: &Upload, finding: Finding, burns: bool) -> Judged {
    let reasons = match &upload.fate {
        Fate::Fallen(fault) => vec![fault_reason(fault)],
        Fate::Processed | Fate::Repeated => {
            let mut reasons = reasons(state, upload, &finding, burns);
            reasons.extend(upload.said.as_deref().and_then(ended));
            reasons
        }
    };
    let Finding { key, digest, facts, .. } = finding;
    Judged { key, digest, facts, verdict: Verdict::of(&reasons), reasons }
}

fn reasons(state: &mut State, upload: &Upload, finding: &Finding, burns: bool) -> Vec<Reason> {
    let record = state.documents.get(&finding.key);
    let taken = record.and_then(|record| {
        let burnt = || record.versions.iter().find(|version| version.processed && burns);
        record.held().or_else(burnt)
    });
    match taken {
        Some(version) if version.digest == finding.digest => return vec![reason::REPEATED.because("")],
        Some(version) => {
            let detail = format!("recibido con TrackId {}", version.tracks.join(", "));
            return vec![reason::OTHER_DATA.because(detail)];
        }
        None if state.is_annulled(&finding.key) => return vec![reason::ANNULLED.because("")],
        None => {}
    }
    let mut reasons = finding.reasons.clone();
    if !reasons.iter().any(|reason| reason.rejects) {
        reasons.extend(references(state, upload, &finding.key, &finding.facts));
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
fn references(state: &State, upload: &Upload, key: &DocumentKey, facts: &Facts) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if !matches!(key.tipo, 56 | 61) {
        return reasons;
    }
    let known = facts.references.iter().filter(|reference| REFERABLE.contains(&reference.tipo.as_str()));
    for reference in known {
        let (Ok(tipo), Ok(folio)) = (reference.tipo.parse(), reference.folio.parse::<u64>()) else {
            reasons.push(reason::REFERENCE_UNKNOWN.because(reference.folio.clone()));
            continue;
        };
        // Folio 0 stands for many documents: the judge has held it against IndGlobal.
        if folio == 0 {
            continue;
        }
        let issuer = reference.issuer.as_ref().unwrap_or(&key.issuer).clone();
        let referred = DocumentKey { issuer, tipo, folio };
        let held = state.documents.get(&referred).and_then(|record| record.held());
        let held = held.filter(|version| {
            version.known_from <= upload.received || version.tracks.contains(&upload.track)
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

fn fault_reason(fault: &Fault) -> Reason {
    match fault {
        Fault::Schema(complaints) => Reason::envelope("RSC", complaints.first().map_or("", String::as_str)),
        Fault::Signature(why) => Reason::envelope("RFR", why),
        Fault::Cover(reason) => reason.clone(),
    }
}

const STAGED: &str = "por escenario";

/// The fault of an envelope that a scenario lets fall.
fn fallen(ending: &str) -> Option<Fault> {
    match ending {
        "RSC" => Some(Fault::Schema(vec![format!("LSX-00200: {STAGED}")])),
        "RFR" => Some(Fault::Signature(STAGED.to_owned())),
        "RCT" => Some(Fault::Cover(reason::COVER_RESOLUTION.because(STAGED))),
        _ => None,
    }
}

/// What a scenario's ending says of each document.
fn ended(ending: &str) -> Option<Reason> {
    match ending {
        "RCH" | "RCO" | "VOF" => Some(Reason::envelope(ending, STAGED)),
        "RPR" => Some(reason::TAX_AMOUNT.because(STAGED)),
        "RLV" => Some(reason::NAME_DIFFERS.because(STAGED)),
        _ => None,
    }
}
