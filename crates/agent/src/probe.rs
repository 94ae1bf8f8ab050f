//! Parcels in doubt: each document is asked about, and only when the authority has none of them do
//! the same bytes go again.

use std::sync::Arc;
use std::time::Duration;

use timbre_core::{
    Cause, ChannelId, DocState, Document, DocumentId, Heard, NumberFate, ParcelId, Remark, Timestamp,
};
use timbre_store::{Fact, OpenParcel, Row, StoreError};

use crate::clock::{later, until};
use crate::conversation::{After, Phase, Talk, TalkError, current, moved, rows_of};
use crate::meaning::{REPEATED, times_repeated};
use crate::parcel::Past;
use crate::plan::LONGEST_WAIT;
use crate::sender::{Asked, Sender, lock};

/// Without a verdict for this long a person is called.
pub(crate) const LONG_WAIT: Duration = Duration::from_secs(24 * 3_600);

/// Questions asked before others have their turn: a long verification holds nobody's hand.
const AT_A_TIME: usize = 10;

/// Why a person is called to a document that goes round in a circle.
const CIRCLE: &str = "La autoridad dijo dos veces que ya lo tenía y después que no lo tiene. Búsquelo en su sitio antes de \
    reenviarlo; por sí solo se reintenta en un día";

/// What came of one document of a parcel.
struct Probed {
    /// How long it holds its parcel.
    holds: Option<Timestamp>,
    asked: bool,
}

impl Sender {
    /// A person asked: no question about a document in doubt waits any longer.
    pub(crate) fn ask_now(&self) {
        let now = self.now();
        for probing in lock(&self.probing).values_mut() {
            probing.asked.values_mut().for_each(|asked| asked.due = asked.due.min(now));
        }
    }

    /// Asks about each document of a parcel in doubt. Only when none is left to ask about is it
    /// decided whether the bytes go again.
    pub(crate) async fn probe_all(
        &self,
        open: &OpenParcel,
        readable: &[Arc<Document>],
    ) -> Result<Option<Timestamp>, TalkError> {
        // It was leaving when something failed here.
        if rows_of(self.reader(), &open.documents).iter().any(|row| row.state == DocState::Enviando) {
            let why = "el envío se interrumpió";
            return Ok(Some(self.doubt(&open.id, &open.documents, open.attempt, why).await?));
        }
        let mut next: Option<Timestamp> = None;
        let mut sooner = |at: Timestamp| next = Some(next.map_or(at, |n| n.min(at)));
        let mut questions = 0;
        for document in readable {
            let row = current(self.reader(), &document.id, document.version)?;
            if !row.is_some_and(|row| matches!(row.state, DocState::Verificando | DocState::Enviado)) {
                continue;
            }
            if !self.line_is_open(&open.channel) {
                sooner(self.after_line(&open.channel));
                break;
            }
            if let Some(quiet) = self.hushed(&open.channel) {
                sooner(quiet);
                break;
            }
            if questions == AT_A_TIME {
                sooner(self.now());
                break;
            }
            let probed = self.probe_one(open, document).await?;
            questions += usize::from(probed.asked);
            probed.holds.into_iter().for_each(&mut sooner);
        }
        self.remind(&open.documents).await?;
        match next {
            Some(due) => Ok(Some(due)),
            None => self.settle_probe(&open.id, &open.channel, &open.documents).await,
        }
    }

    /// Asks about one document, when it is time to.
    async fn probe_one(&self, parcel: &OpenParcel, document: &Arc<Document>) -> Result<Probed, TalkError> {
        let kept = {
            let mut probing = lock(&self.probing);
            let probing = probing.entry(parcel.id.clone()).or_default();
            if probing.absent.contains_key(&document.id) {
                return Ok(Probed { holds: None, asked: false });
            }
            probing.asked.get(&document.id).cloned()
        };
        let times = kept.as_ref().map_or(0, |asked| asked.times);
        // An answer is as old as its question.
        let began = self.now();
        let before = self.reading();
        let issuer = self.issuer()?;
        let channel = self.channel(&parcel.channel);
        let about = std::slice::from_ref(document);
        let pass = self.pass_in_memory(&parcel.channel);
        let cx = self.cx(&issuer, pass.as_ref());
        let step = match kept {
            Some(asked) if asked.due > self.now() => {
                return Ok(Probed { holds: self.holds(&document.id, &asked)?, asked: false });
            }
            // The authority's own delay is long over or not begun, who knows: it is waited for anew.
            Some(asked) if self.reading().was_set_since(&asked.at) => channel.probe(document, &cx)?,
            Some(Asked { state: Some(state), .. }) => channel.resume(state, Heard::Elapsed, about, &cx)?,
            Some(Asked { state: None, .. }) | None => channel.probe(document, &cx)?,
        };
        let talk = Talk {
            channel: &parcel.channel,
            parcel: &parcel.id,
            documents: about,
            one: Some(document.id.clone()),
            delivery: None,
            past: Past::default(),
            attempt: parcel.attempt,
        };
        let after = self.drive(step, &talk, pass).await?;
        let row = current(self.reader(), &document.id, document.version)?;
        let still = row.as_ref().map(|row| row.state);
        let age = row.as_ref().map_or(Duration::ZERO, |row| until(row.since, self.now()));
        // What the authority has taken does not go again for what is said of it: there is no hurry.
        let taken = still == Some(DocState::Enviado);
        let times = times + 1;
        let pace = |times| later(self.now(), self.settings().conduct.wait_before(times, age));
        let at = self.reading();
        let set = at.was_set_since(&before);
        let mut probing = lock(&self.probing);
        let probing = probing.entry(parcel.id.clone()).or_default();
        let asked = match after {
            // Set while it was asked: no span that the channel measured is true.
            After::Wait { due, .. } if set => Asked { state: None, due, at, times, answered: false },
            After::Done { absent: true } if set && still == Some(DocState::Verificando) => {
                let due = later(self.now(), self.settings().conduct.absence_gap);
                Asked { state: None, due, at, times, answered: false }
            }
            After::Wait { due, state } => {
                let due = if taken { due.max(pace(times)) } else { due };
                Asked { state: Some(state), due, at, times, answered: false }
            }
            After::Done { .. } if !matches!(still, Some(DocState::Verificando | DocState::Enviado)) => {
                probing.asked.remove(&document.id);
                return Ok(Probed { holds: None, asked: true });
            }
            // Never of one that the authority has taken: there an absence is only odd.
            After::Done { absent: true } if still == Some(DocState::Verificando) => {
                probing.asked.remove(&document.id);
                probing.absent.insert(document.id.clone(), began);
                return Ok(Probed { holds: None, asked: true });
            }
            // A person may have to look; it is asked again, seldom.
            After::Done { .. } => Asked { state: None, due: pace(usize::MAX), at, times, answered: true },
            After::Doubt { .. } | After::NotSent { .. } | After::NoPass => {
                Asked { state: None, due: self.after_line(&parcel.channel), at, times, answered: false }
            }
        };
        probing.asked.insert(document.id.clone(), asked.clone());
        Ok(Probed { holds: self.holds(&document.id, &asked)?, asked: true })
    }

    /// One that needs a person because of what was answered, or that the authority has taken, is
    /// asked about again, but does not hold the others. One of which nothing was heard does: its
    /// bytes may be there.
    fn holds(&self, id: &DocumentId, asked: &Asked) -> Result<Option<Timestamp>, TalkError> {
        let row = self.reader().row(id)?;
        let apart = row.is_some_and(|row| row.attention.is_some() || row.state == DocState::Enviado);
        Ok((!(asked.answered && apart)).then_some(asked.due))
    }

    /// Every document was asked about. When the authority has none of them the same bytes go again;
    /// when it has some, the envelope did arrive: what is absent was left out of what the authority took, or is for
    /// a person to look at.
    async fn settle_probe(
        &self,
        parcel: &ParcelId,
        channel: &ChannelId,
        documents: &[(DocumentId, u32)],
    ) -> Result<Option<Timestamp>, TalkError> {
        let (absent, asked_next) = {
            let mut probing = lock(&self.probing);
            let probing = probing.remove(parcel).unwrap_or_default();
            (probing.absent, probing.asked.into_values().map(|asked| asked.due).min())
        };
        let (mut arrived, mut open, mut attempts) = (false, false, 0);
        let mut oldest = self.now();
        // Refused since: they go with the others, in the same bytes.
        let (mut waiting, mut not_before) = (Vec::new(), None);
        // Since when the authority is known to have gone through the envelope.
        let mut processed: Option<Timestamp> = None;
        for (id, version) in documents {
            let row = self.reader().row(id)?.ok_or_else(|| StoreError::NoDocument(id.clone()))?;
            // One made anew since was rejected: that version did arrive.
            if row.version != *version {
                arrived = true;
                continue;
            }
            if is_open(&row) {
                open = true;
                oldest = oldest.min(row.since);
            }
            attempts = attempts.max(row.attempts);
            if matches!(row.state, DocState::Aceptado | DocState::Reparo) {
                processed = Some(processed.map_or(row.since, |at| at.min(row.since)));
            }
            if row.state.may_send() {
                not_before = not_before.max(row.next_try);
                waiting.push(row.id);
            } else {
                arrived |= row.state != DocState::Verificando;
            }
        }
        let settings = self.settings();
        if arrived || (absent.is_empty() && waiting.is_empty()) {
            let age = until(oldest, self.now());
            let seldom = settings.conduct.wait_before(usize::MAX, age);
            let mut due = asked_next.unwrap_or(later(self.now(), seldom));
            let mut odd: Vec<_> = waiting.into_iter().filter(|_| open).collect();
            let proof = processed.map(|at| later(at, settings.conduct.absence_after));
            match (self.channel(channel).left_out(), proof) {
                (Some(why), Some(proof)) => {
                    let (out, early): (Vec<_>, Vec<_>) =
                        absent.into_iter().partition(|(_, heard)| *heard >= proof);
                    // Asked about again, and no sooner than two absences are ever apart.
                    if let Some(last) = early.iter().map(|(_, heard)| *heard).max() {
                        due = due.min(proof.max(later(last, settings.conduct.absence_gap)));
                    }
                    let out = out.into_iter().map(|(id, _)| id).collect();
                    let (fell, out) = self.fell_as_repeated(out)?;
                    self.reject_left_out(out, why).await?;
                    let rows = rows_of(self.reader(), documents);
                    let alone = !rows.iter().any(|row| is_open(row) && !fell.contains(&row.id));
                    if !fell.is_empty() && alone {
                        let fell = documents.iter().filter(|(id, _)| fell.contains(id)).cloned().collect();
                        return self.send_again(parcel, fell, attempts, not_before, None).await;
                    }
                    // Until nothing else of the parcel is open they are only asked about, each time after twice as long.
                    if !fell.is_empty() {
                        let twice = age.max(settings.conduct.absence_gap).min(seldom);
                        due = due.min(later(self.now(), twice));
                    }
                }
                _ => odd.extend(absent.into_keys()),
            }
            self.flag(&odd, "La autoridad tiene otros documentos del mismo envío y dice no tener éste")
                .await?;
            let open = rows_of(self.reader(), documents).iter().any(is_open);
            let (phase, due) = (open.then_some(Phase::Probe), open.then_some(due));
            self.writer().commit(vec![self.mark(parcel, "verificación", phase, due)]).await?;
            return Ok(due);
        }
        let absent: Vec<_> = documents.iter().filter(|(id, _)| absent.contains_key(id)).cloned().collect();
        self.send_again(parcel, absent, attempts, not_before, Some(Phase::Resend)).await
    }

    /// The authority does not have these: they go again with their whole parcel (`then`), or in another one. Answers
    /// when to go on with the parcel.
    async fn send_again(
        &self,
        parcel: &ParcelId,
        absent: Vec<(DocumentId, u32)>,
        attempts: u32,
        not_before: Option<Timestamp>,
        then: Option<Phase>,
    ) -> Result<Option<Timestamp>, TalkError> {
        let circling = self.circling(&absent)?;
        // A try of which nothing left is none.
        let spent = attempts >= self.settings().attempts || circling;
        let due = match (circling, spent) {
            (true, _) => later(self.now(), LONGEST_WAIT),
            (false, true) => self.pause(u32::MAX),
            (false, false) => self.now(),
        };
        let due = not_before.map_or(due, |at: Timestamp| at.max(due));
        let goes_on = then.is_some().then_some(due);
        let answered = self.mark(parcel, "verificación", then, goes_on);
        self.writer()
            .apply(move |reader| {
                let rows = rows_of(reader, &absent);
                let calls = rows.iter().filter(|row| circling && row.attention.is_none());
                let calls: Vec<_> = calls
                    .map(|row| Fact::Attention { document: row.id.clone(), reason: Some(CIRCLE.to_owned()) })
                    .collect();
                rows.iter()
                    .filter_map(|row| moved(row, Cause::Absent, spent.then_some(due)))
                    .chain(calls)
                    .chain([answered])
                    .collect()
            })
            .await?;
        Ok(goes_on)
    }

    /// Those whose envelope was refused as a whole because the authority had one of it from another (DTE-3-100 told of
    /// the envelope): that it holds that one proves nothing about these. And the others.
    fn fell_as_repeated(
        &self,
        ids: Vec<DocumentId>,
    ) -> Result<(Vec<DocumentId>, Vec<DocumentId>), StoreError> {
        let (mut fell, mut others) = (Vec::new(), Vec::new());
        for id in ids {
            let repeated = self.reader().row(&id)?.is_some_and(|row| row.error.as_deref() == Some(REPEATED));
            if repeated { fell.push(id) } else { others.push(id) }
        }
        Ok((fell, others))
    }

    /// Was any of these, which the authority does not have, twice said to be there already? Sending it once more would
    /// bring the same.
    fn circling(&self, absent: &[(DocumentId, u32)]) -> Result<bool, StoreError> {
        for (id, version) in absent {
            if times_repeated(&self.reader().history(id)?, *version) > 1 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What the authority left out of an envelope that it went through was rejected, though nobody heard it say so.
    async fn reject_left_out(&self, out: Vec<DocumentId>, why: Remark) -> Result<(), TalkError> {
        if out.is_empty() {
            return Ok(());
        }
        self.writer()
            .apply(move |reader| {
                let rows = out.iter().filter_map(|id| reader.row(id).ok().flatten());
                let doubted = rows.filter(|row| row.state == DocState::Verificando);
                let cause = || Cause::Rejected { reasons: vec![why.clone()], number: NumberFate::AskByProbe };
                doubted.filter_map(|row| moved(&row, cause(), None)).collect()
            })
            .await?;
        Ok(())
    }

    /// Calls a person to documents without a verdict a day after they were issued: it may be slow, or it may be stuck.
    pub(crate) async fn remind(&self, documents: &[(DocumentId, u32)]) -> Result<(), TalkError> {
        let now = self.now();
        let old = |row: &Row| is_open(row) && row.attention.is_none() && later(row.issued, LONG_WAIT) <= now;
        let rows = rows_of(self.reader(), documents).into_iter();
        let ids: Vec<_> = rows.filter(old).map(|row| row.id).collect();
        self.flag(&ids, "Lleva más de 24 horas sin veredicto; se sigue preguntando").await
    }
}

/// The authority has it, or may have it, and there is no verdict yet.
fn is_open(row: &Row) -> bool {
    matches!(row.state, DocState::Verificando | DocState::Enviado)
}
