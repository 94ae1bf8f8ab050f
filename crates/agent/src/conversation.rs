//! One conversation with the authority, from its first request to a wait or an end: the engine's
//! half of the [`Channel`](timbre_core::Channel) seam. Everything heard is on disk before it counts.

mod phase;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use timbre_core::{
    Blame, Cause, ChannelId, DocState, Document, DocumentId, Effect, Heard, KeyError, Parcel, ParcelId, Pass,
    Report, Request, Scope, Sent, State, Step, Timestamp, Verdict,
};
use timbre_store::{Answered, Fact, Moved, OpenParcel, Reader, Row, StoreError};
use tokio::time::Instant;

use crate::clock::later;
use crate::line::Asked;
use crate::meaning::{REPEATED, calm, contested, fallen, not_known, rejected, rest, trouble_of};
use crate::noted;
use crate::parcel::Past;
use crate::plan::LONGEST_WAIT;
use crate::question::without;
use crate::retry::backoff;
use crate::sender::Sender;
use crate::void;
use crate::writer::WriteError;

pub(crate) use phase::Phase;

/// Where a conversation stopped.
#[derive(Debug)]
pub(crate) enum After {
    /// It goes on later.
    Wait { due: Timestamp, state: State },
    /// It said all it had to say; `absent`: the authority does not have the document; `decided`: it has a verdict.
    Done { absent: bool, decided: bool },
    /// A delivery whose answer was not heard whole.
    Doubt { why: String },
    /// A delivery of which certainly nothing left.
    NotSent { why: String },
    /// The authority does not take our pass, or gives none.
    NoPass,
}

/// Why a conversation could not go on at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TalkError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("falta la empresa")]
    NoCompany,
}

/// What a conversation is about.
pub(crate) struct Talk<'a> {
    pub channel: &'a ChannelId,
    pub parcel: &'a ParcelId,
    pub documents: &'a [Arc<Document>],
    /// Set when it is about one document of the parcel and not about all.
    pub one: Option<DocumentId>,
    /// Set while a delivery may have to be begun again after a renewed pass.
    pub delivery: Option<&'a Parcel>,
    pub past: Past,
    /// How often the parcel's bytes have left, this time included.
    pub attempt: u32,
}

/// An answer that is not on disk yet.
struct Answer {
    asked: Asked,
    what: &'static str,
    status: Option<u16>,
    took: Duration,
    heard: Bytes,
    /// No service's answer: see [`Heard::is_page`].
    page: bool,
}

impl Sender {
    /// Drives `step`, made with `pass`, until the conversation waits or ends.
    pub(crate) async fn drive(
        &self,
        mut step: Step,
        talk: &Talk<'_>,
        mut pass: Option<Pass>,
    ) -> Result<After, TalkError> {
        let channel = self.channel(talk.channel);
        let issuer = self.issuer()?;
        let mut answer: Option<Answer> = None;
        let mut asked = if talk.delivery.is_some() { Asked::Delivery } else { Asked::Question };
        // `taken`: a delivery was answered otherwise than by "not this pass", and is never begun again.
        let (mut renewed, mut taken) = (false, false);
        loop {
            match step {
                Step::Ask(request, state, reports) => {
                    self.note(talk, answer.take(), Some(&state), None, reports).await?;
                    let (heard, took) = self.ask(talk.channel, &request).await?;
                    let heard = without(heard, pass.as_ref());
                    if let (Effect::Deliver, Heard::Nothing { sent, why }) = (request.effect, &heard) {
                        return Ok(match sent {
                            Sent::No => After::NotSent { why: why.clone() },
                            Sent::Perhaps => After::Doubt { why: why.clone() },
                        });
                    }
                    asked = Asked::of(&request);
                    answer = Some(Answer::new(&request, &heard, took));
                    let cx = self.cx_of(&issuer, pass.as_ref(), talk.past);
                    step = self.unless_anothers(talk, channel.resume(state, heard, talk.documents, &cx)?);
                    taken |= asked.delivers() && !matches!(step, Step::Stale(_));
                }
                Step::Wait(span, state, reports) => {
                    let due = later(self.now(), span.max(self.settings().poll_floor));
                    if asked == Asked::Question && answer.as_ref().is_some_and(Answer::is_throttled) {
                        self.hush(talk.channel, due);
                    }
                    self.note(talk, answer, Some(&state), Some(due), reports).await?;
                    return Ok(After::Wait { due, state });
                }
                Step::Stale(state) => {
                    if let Some(used) = &pass {
                        self.forget_pass(talk.channel, used);
                    }
                    pass = match renewed {
                        true => {
                            self.refuse_pass(talk.channel, asked).await;
                            None
                        }
                        false => self.pass_for_work(talk.channel, asked).await?,
                    };
                    renewed = true;
                    answer = None;
                    if pass.is_none() {
                        return Ok(match taken {
                            true => After::Wait { due: self.after_line(talk.channel, asked), state },
                            false => After::NoPass,
                        });
                    }
                    let again = talk.delivery.filter(|_| !taken);
                    // Nothing leaves while issuing is locked.
                    if let Some(locked) = again.and_then(|_| self.reader().locked()) {
                        return Ok(After::NotSent { why: locked.to_string() });
                    }
                    let cx = self.cx_of(&issuer, pass.as_ref(), talk.past);
                    step = match again {
                        Some(parcel) => channel.begin(parcel, &cx)?,
                        None => channel.resume(state, Heard::Elapsed, talk.documents, &cx)?,
                    };
                }
                Step::Done(reports) => {
                    let absent = reports.iter().any(|report| report.verdict == Verdict::Absent);
                    let decided = reports.iter().any(decides);
                    self.note(talk, answer, None, None, reports).await?;
                    return Ok(After::Done { absent, decided });
                }
                Step::Granted(_) => {
                    tracing::error!("a conversation about documents ended in a pass");
                    return Ok(After::Done { absent: false, decided: false });
                }
            }
        }
    }

    /// Carries one request and keeps what the panel shows of it.
    pub(crate) async fn ask(
        &self,
        channel: &ChannelId,
        request: &Request,
    ) -> Result<(Heard, Duration), TalkError> {
        let began = Instant::now();
        let heard = self.carry(channel, request).await;
        timbre_store::crash!("answer-heard");
        let took = began.elapsed();
        self.observe(channel, request, &heard, took).await?;
        Ok((heard, took))
    }

    /// Writes what was heard and what it means, in one commit.
    async fn note(
        &self,
        talk: &Talk<'_>,
        answer: Option<Answer>,
        state: Option<&State>,
        due: Option<Timestamp>,
        mut reports: Vec<Report>,
    ) -> Result<(), TalkError> {
        let by_default = if talk.delivery.is_some() { Asked::Delivery } else { Asked::Question };
        let asked = answer.as_ref().map_or(by_default, |answer| answer.asked);
        rest(&mut reports, || self.longest_rest(talk.channel));
        let trouble = reports.iter().find_map(|report| trouble_of(report, self.now()));
        let of_this = trouble.as_ref().is_some_and(|trouble| trouble.concerns(asked) == asked);
        if let Some(trouble) = trouble {
            self.trouble(talk.channel, asked, trouble).await;
        }
        let is_well = answer.as_ref().is_some_and(Answer::is_well) && !reports.iter().any(is_unclear);
        if is_well && !of_this {
            let decided = reports.iter().any(|report| decides(report) && !blames_envelope(report));
            let parcel = if decided { self.reader().parcel_row(talk.parcel)? } else { None };
            self.heard_well(talk.channel, asked, parcel.map(|open| open.sent)).await;
        }
        let now = self.now();
        let settings = self.settings();
        let terms = Terms {
            attempts: settings.attempts,
            now,
            base: settings.retry_base,
            cap: settings.retry_cap,
            luck: self.luck(),
            authority: self.parts.profile.authority,
        };
        let soon = later(now, settings.conduct.first_poll);
        let follow = state.map(|state| Phase::Follow { state: state.clone() });
        let (about_one, attempt) = (talk.one.is_some(), talk.attempt);
        // Nothing of it is kept: its documents go again, and not in these bytes.
        let fell = reports.iter().any(|report| matches!(report.verdict, Verdict::Fallen { .. }));
        let documents = talk.documents.to_vec();
        // A conversation that waits or ends leaves its parcel somewhere, also when nothing was heard.
        let stands = !about_one && (state.is_none() || due.is_some());
        let heard = answer.or_else(|| stands.then(Answer::none)).map(|answer| Answered {
            parcel: talk.parcel.clone(),
            document: talk.one.clone(),
            what: answer.what.to_owned(),
            status: answer.status,
            took_ms: answer.took.as_millis().try_into().unwrap_or(u64::MAX),
            state: None,
            due,
            heard: answer.heard,
        });
        self.writer()
            .apply(move |reader| {
                let moves = facts_of(reader, &documents, &reports, &terms);
                let after = |wanted: &[DocState]| any_after(reader, &documents, &moves, wanted);
                let under_way = [DocState::Enviando, DocState::Enviado, DocState::Verificando];
                let settled =
                    [DocState::Aceptado, DocState::Reparo, DocState::Rechazado, DocState::Reemplazado];
                let (phase, due) = match follow {
                    _ if about_one => (Some(Phase::Probe), due),
                    Some(follow) => (Some(follow), due),
                    None if fell && after(&under_way) => (Some(Phase::Parted), Some(soon)),
                    None if after(&under_way) || is_noted(reader, &documents, &reports) => {
                        (Some(Phase::Probe), Some(soon))
                    }
                    // Refused after an attempt that may have arrived after all: the same bytes again.
                    None if fell => (None, None),
                    None if attempt > 1 && after(&[DocState::Pendiente]) && !after(&settled) => {
                        (Some(Phase::Resend), retry_of(&moves).or(Some(soon)))
                    }
                    None => (None, None),
                };
                heard
                    .map(|heard| Answered { state: phase.as_ref().map(Phase::kept), due, ..heard })
                    .map(Fact::Answered)
                    .into_iter()
                    .chain(moves)
                    .collect()
            })
            .await?;
        timbre_store::crash!("answer-written");
        Ok(())
    }
}

/// When a refusal is tried again, and what one that comes again and again ends in.
struct Terms {
    attempts: u32,
    now: Timestamp,
    base: Duration,
    cap: Duration,
    luck: f64,
    authority: &'static str,
}

impl Terms {
    /// After so many attempts, and never sooner than the authority says.
    fn retry(&self, attempts: u32, retry_at: Timestamp) -> Timestamp {
        retry_at.max(later(self.now, backoff(attempts.max(1), self.base, self.cap, self.luck)))
    }
}

/// Does it end a document?
fn decides(report: &Report) -> bool {
    matches!(report.verdict, Verdict::Accepted { .. } | Verdict::Rejected { .. } | Verdict::Fallen { .. })
}

/// Does it tell nothing of its documents, since their envelope is to blame?
fn blames_envelope(report: &Report) -> bool {
    matches!(report.verdict, Verdict::Fallen { blame: Blame::Envelope, .. })
}

/// Has one of them a verdict by a person's word alone, of which nothing is said now? It is asked about further on.
fn is_noted(reader: &Reader, documents: &[Arc<Document>], reports: &[Report]) -> bool {
    let silent = |id: &DocumentId| !reports.iter().any(|report| report.document == *id && decides(report));
    let noted = |document: &Document| {
        let row = current(reader, &document.id, document.version).ok().flatten();
        row.is_some_and(|row| row.noted.is_some())
    };
    documents.iter().any(|document| silent(&document.id) && noted(document))
}

fn is_unclear(report: &Report) -> bool {
    matches!(report.verdict, Verdict::Unknown { .. })
}

/// Will any of these documents be in one of the `wanted` states after `moves`? One that was made
/// anew since is settled: the version that travelled was rejected.
fn any_after(reader: &Reader, documents: &[Arc<Document>], moves: &[Fact], wanted: &[DocState]) -> bool {
    documents.iter().any(|document| {
        let after = moves.iter().find_map(|fact| match fact {
            Fact::Moved(moved) if moved.document == document.id => Some(moved.to),
            _ => None,
        });
        let now = || {
            let row = reader.row(&document.id).ok().flatten()?;
            Some(if row.version == document.version { row.state } else { DocState::Rechazado })
        };
        after.or_else(now).is_some_and(|state| wanted.contains(&state))
    })
}

/// The latest time that moves put off their documents to.
fn retry_of(moves: &[Fact]) -> Option<Timestamp> {
    moves
        .iter()
        .filter_map(|fact| match fact {
            Fact::Moved(moved) => moved.next_try,
            _ => None,
        })
        .max()
}

impl Answer {
    /// Nothing was heard; where the conversation stands is written all the same.
    fn none() -> Answer {
        Answer {
            asked: Asked::Question,
            what: "estado del envío",
            status: None,
            took: Duration::ZERO,
            heard: Bytes::new(),
            page: false,
        }
    }

    /// Not the authority's own trouble, nor a request for patience, nor what somebody else says.
    fn is_well(&self) -> bool {
        !self.page && self.status.is_some_and(|status| status < 500) && !self.is_throttled()
    }

    /// It asks too much (RFC 6585, 4).
    fn is_throttled(&self) -> bool {
        self.status == Some(429)
    }

    fn new(request: &Request, heard: &Heard, took: Duration) -> Answer {
        let (status, body) = match heard {
            Heard::Reply { status, body, .. } => (Some(*status), body.clone()),
            Heard::Nothing { .. } | Heard::Elapsed => (None, Bytes::new()),
        };
        let page = heard.is_page();
        let heard = if request.secret { Bytes::new() } else { body };
        Answer { asked: Asked::of(request), what: request.what, status, took, heard, page }
    }
}

/// The facts that reports amount to, given where the documents of the conversation are now. A report
/// that comes late or twice finds no arrow and adds nothing, and so does one about an earlier version
/// of its document.
fn facts_of(reader: &Reader, documents: &[Arc<Document>], reports: &[Report], terms: &Terms) -> Vec<Fact> {
    let mut facts = Vec::new();
    for report in reports {
        let Some(document) = documents.iter().find(|document| document.id == report.document) else {
            tracing::error!(document = %report.document, "a report about a document nobody asked about");
            continue;
        };
        let row = match current(reader, &document.id, document.version) {
            Ok(Some(row)) => row,
            Ok(None) => {
                facts.extend(noted::accepted_before(reader, document, &report.verdict));
                continue;
            }
            Err(error) => {
                tracing::error!(document = %report.document, %error, "the row of a report can't be read");
                continue;
            }
        };
        timbre_store::crash!("verdict-unwritten");
        let (row, before, call) =
            noted::overruled(reader, row, &report.verdict, documents.len(), terms.authority);
        facts.extend(before);
        match &report.verdict {
            Verdict::Sent { track } => facts.extend(moved(&row, Cause::Sent { track: track.clone() }, None)),
            Verdict::Accepted { remarks, given } => {
                let (remarks, given) = (remarks.clone().unwrap_or_default(), given.clone());
                let accepted = moved(&row, Cause::Accepted { remarks, given }, None);
                if accepted.is_some() {
                    facts.extend(annulled(reader, &row));
                }
                facts.extend(accepted);
                facts.extend(calm(&row));
            }
            Verdict::Rejected { reasons, number } => {
                facts.extend(rejected(reader, (document, &row), (reasons, *number), &facts));
            }
            Verdict::Fallen { reasons, number, blame } => facts.extend(fallen(
                &row,
                reasons,
                (*number, *blame),
                documents.len(),
                terms.retry(row.attempts, terms.now),
            )),
            Verdict::AlreadyThere => {
                facts.extend(moved(&row, Cause::Doubt { why: REPEATED.to_owned() }, None))
            }
            Verdict::Lost { why } => facts.extend(moved(&row, Cause::Doubt { why: why.clone() }, None)),
            Verdict::Unknown { why } => facts.extend(not_known(&row, why)),
            Verdict::Conflict { why, alike } => {
                facts.extend(contested(reader, (document, &row), (why, *alike), &facts));
            }
            // The channel's own refusals are told for the channel; the others only so often.
            Verdict::Refused { scope, why, retry_at } => {
                let of_channel = matches!(scope, Scope::Channel | Scope::ChannelForNow);
                // The same answer twice: a third time would bring it again.
                let same = row.attempts > 1 && row.error.as_ref() == Some(&why.meaning);
                let spent = !of_channel && (same || row.attempts >= terms.attempts);
                let retry = match same && !of_channel {
                    true => later(terms.now, LONGEST_WAIT),
                    false => terms.retry(if spent { u32::MAX } else { row.attempts }, *retry_at),
                };
                facts.extend(moved(&row, Cause::Refused { why: why.meaning.clone() }, Some(retry)));
                if spent && row.attention.is_none() {
                    let reason = Some(why.meaning.clone());
                    facts.push(Fact::Attention { document: row.id.clone(), reason });
                }
            }
            // The sender decides what an absence means once the whole parcel was asked about.
            Verdict::Absent | Verdict::Pending => {}
        }
        facts.extend(call);
    }
    let stops = void::stops(reader, documents, &facts);
    facts.into_iter().chain(stops).collect()
}

/// What the note of this row annuls, once it was accepted: in the same commit, so that it is said once. A
/// document of another system is not marked here.
pub(crate) fn annulled(reader: &Reader, note: &Row) -> Option<Fact> {
    let document = note.annuls.clone()?;
    let here = reader
        .row(&document)
        .inspect_err(|error| tracing::error!(%error, %document, "can't be marked as annulled"));
    here.ok()??;
    Some(Fact::Annulled { document, by: note.id.clone() })
}

/// The row of a document while this version of it is the current one.
pub(crate) fn current(reader: &Reader, id: &DocumentId, version: u32) -> Result<Option<Row>, StoreError> {
    Ok(reader.row(id)?.filter(|row| row.version == version))
}

/// The rows of those documents of which this version is the current one.
pub(crate) fn rows_of(reader: &Reader, documents: &[(DocumentId, u32)]) -> Vec<Row> {
    documents.iter().filter_map(|(id, version)| current(reader, id, *version).ok().flatten()).collect()
}

/// The rows of a parcel's documents that did not leave in another one since.
pub(crate) fn rows_in(reader: &Reader, open: &OpenParcel) -> Vec<Row> {
    let mut rows = rows_of(reader, &open.documents);
    rows.retain(|row| row.parcel.as_ref() == Some(&open.id));
    rows
}

/// The move that `cause` makes of a document, if there is such an arrow.
pub(crate) fn moved(row: &Row, cause: Cause, next_try: Option<Timestamp>) -> Option<Fact> {
    let to = row.state.after(&cause)?;
    let attempts = row.attempts + u32::from(matches!(cause, Cause::Sending));
    Some(Fact::Moved(Moved {
        document: row.id.clone(),
        version: row.version,
        from: row.state,
        to,
        // A delivery of which nothing left has used no attempt.
        attempts: match cause {
            Cause::NotSent { .. } => attempts.saturating_sub(1),
            // Nor is an answer about the whole parcel one of its documents'.
            Cause::Fell { .. } => attempts.saturating_sub(1),
            _ => attempts,
        },
        cause,
        next_try,
    }))
}

#[cfg(test)]
mod tests;
