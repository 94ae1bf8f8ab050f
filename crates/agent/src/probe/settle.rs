//! What becomes of a parcel in doubt once each of its documents was asked about. Where the authority has none of it the
//! same bytes go again; where those can't, or would only bring the same, what is absent goes in another envelope.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use timbre_core::{Cause, DocState, Document, DocumentId, NumberFate, ParcelId, Remark, Timestamp};
use timbre_store::{Event, Fact, OpenParcel, Row, StoreError};

use super::is_open;
use crate::clock::{later, until};
use crate::conversation::{Phase, TalkError, moved, rows_in};
use crate::elsewhere;
use crate::meaning::{REPEATED, calm, is_circling, lacks_some};
use crate::plan::LONGEST_WAIT;
use crate::sender::{Sender, lock};

/// Why a person is called to a document that goes round in a circle.
const CIRCLE: &str = "La autoridad dijo dos veces que ya lo tenía y después que no lo tiene. Búsquelo en su sitio antes de \
    reenviarlo, y anote aquí lo que dice cuando tenga más de 24 horas; por sí solo se reintenta en un día";

/// Why a person is called to one that is absent although its envelope arrived.
const MISSING: &str = "La autoridad tiene otros documentos del mismo envío y dice no tener éste. Búsquelo en su sitio; si no \
    está, pida «Reenviar»: se pregunta otra vez por él y, si falta, va de nuevo";

/// How the documents of a parcel stand.
struct Standing {
    /// Those that are in it still, by their current versions.
    rows: Vec<Row>,
    /// The authority got the envelope: it accepted one of it, took one, or said of the envelope that one was rejected.
    arrived: bool,
    /// Since when the authority is known to have gone through the envelope.
    processed: Option<Timestamp>,
    /// The same bytes may go again.
    whole: bool,
}

impl Sender {
    /// Every document was asked about. When the authority has none of them the same bytes go again; when it has some,
    /// the envelope did arrive: what is absent was left out of what the authority took, or is for a person to look at.
    pub(super) async fn settle_probe(
        &self,
        open: &OpenParcel,
        readable: &[Arc<Document>],
    ) -> Result<Option<Timestamp>, TalkError> {
        let (mut absent, mut asked) = {
            let mut probing = lock(&self.probing);
            let probing = probing.remove(&open.id).unwrap_or_default();
            (probing.absent, probing.asked)
        };
        let rows = rows_in(self.reader(), open);
        let is_asked = |id: &DocumentId| rows.iter().any(|row| row.id == *id && self.is_asked_about(row));
        asked.retain(|id, _| is_asked(id));
        let asked_next = asked.values().map(|asked| asked.due).min();
        // What a person said of them holds for this time.
        let by_hand: BTreeSet<_> = {
            let mut by_hand = lock(&self.by_hand);
            open.documents.iter().filter_map(|(id, _)| by_hand.take(id)).collect()
        };
        let mut stand = self.standing(open, readable)?;
        // In the same bytes it would only go round once more: it is asked about for a day, unless a person sends it.
        let rests = |row: &&Row| {
            absent.contains_key(&row.id)
                && !by_hand.contains(&row.id)
                && later(row.since, LONGEST_WAIT) > self.now()
                && is_circling(self.reader(), &row.id, row.version)
        };
        let held: Vec<_> = stand.rows.iter().filter(rests).map(|row| row.id.clone()).collect();
        self.flag(&held, CIRCLE).await?;
        stand.whole &= held.is_empty();
        absent.retain(|id, _| !held.contains(id));
        let oldest = stand.rows.iter().filter(|row| is_open(row)).map(|row| row.since).min();
        let age = oldest.map_or_else(Default::default, |since| until(since, self.now()));
        let seldom = later(self.now(), self.settings().conduct.wait_before(usize::MAX, age));
        let due = asked_next.unwrap_or(seldom);
        // Of those with a verdict by a person's word, the ones that the authority says nothing of yet.
        let asks = stand.rows.iter().any(|row| is_open(row) || asked.contains_key(&row.id));
        // Refused since. Of a parcel that was parted they are in the queue.
        let binds = Phase::of(open.state.as_ref()).binds();
        let waiting = stand.rows.iter().filter(|row| binds && row.state.may_send());
        let waiting: Vec<_> = waiting.map(|row| row.id.clone()).collect();
        if stand.arrived {
            let (goes, due) = self.settle_arrived(open, &stand, absent, waiting, (by_hand, due)).await?;
            return match goes.is_empty() {
                true => self.rest(open, due, asks).await,
                false => self.send_apart(open, goes, due).await,
            };
        }
        if absent.is_empty() && waiting.is_empty() {
            return self.rest(open, due, asks).await;
        }
        // Refused as a whole for one that is there from elsewhere, it would be so again with that one in it.
        let undecided = stand.rows.iter().any(|row| is_open(row) && !absent.contains_key(&row.id));
        let fell = stand.rows.iter().any(|row| absent.contains_key(&row.id) && is_repeated(row));
        match stand.whole && !(fell && undecided) {
            true => self.send_same(open, &stand, absent.into_keys().collect()).await,
            false => self.send_apart(open, absent.into_keys().collect(), due).await,
        }
    }

    /// The envelope did arrive: nothing of it goes again by itself, but for what was in one that was refused as a whole
    /// because the authority had one of it from another (DTE-3-100 told of the envelope): that it holds that one
    /// proves nothing about these. And what a person sends by hand, being absent once more. Answers which go, and when to
    /// ask again.
    async fn settle_arrived(
        &self,
        open: &OpenParcel,
        stand: &Standing,
        absent: BTreeMap<DocumentId, Timestamp>,
        waiting: Vec<DocumentId>,
        (by_hand, mut due): (BTreeSet<DocumentId>, Timestamp),
    ) -> Result<(Vec<DocumentId>, Timestamp), TalkError> {
        let settings = self.settings();
        let repeated = |id: &DocumentId| stand.rows.iter().any(|row| row.id == *id && is_repeated(row));
        let (fell, absent): (Vec<_>, Vec<_>) = absent.into_iter().partition(|(id, _)| repeated(id));
        let mut goes: Vec<_> = fell.into_iter().map(|(id, _)| id).collect();
        let mut odd = if stand.rows.iter().any(is_open) { waiting } else { Vec::new() };
        let proof = stand.processed.map(|at| later(at, settings.conduct.absence_after));
        match (self.channel(&open.channel).left_out(), proof) {
            (Some(why), Some(proof)) => {
                let (out, early): (Vec<_>, Vec<_>) =
                    absent.into_iter().partition(|(_, heard)| *heard >= proof);
                // Asked about again, and no sooner than two absences are ever apart.
                if let Some(last) = early.iter().map(|(_, heard)| *heard).max() {
                    due = due.min(proof.max(later(last, settings.conduct.absence_gap)));
                }
                self.reject_left_out(out.into_iter().map(|(id, _)| id).collect(), why).await?;
            }
            _ => odd.extend(absent.into_iter().map(|(id, _)| id)),
        }
        let (sent, odd): (Vec<_>, Vec<_>) = odd.into_iter().partition(|id| by_hand.contains(id));
        goes.extend(sent);
        self.flag(&odd, MISSING).await?;
        Ok((goes, due))
    }

    /// How the documents of a parcel stand, of which these can be read.
    fn standing(&self, open: &OpenParcel, readable: &[Arc<Document>]) -> Result<Standing, StoreError> {
        let rows = rows_in(self.reader(), open);
        let (mut arrived, mut processed) = (false, None::<Timestamp>);
        if elsewhere::is_unsure(self.reader(), open) {
            return Ok(Standing { rows, arrived, processed, whole: false });
        }
        for (id, version) in &open.documents {
            let row = match self.reader().row(id) {
                // Nothing goes again on a guess.
                Err(error @ StoreError::Damaged { .. }) => {
                    tracing::error!(%error, document = %id, "how it stands can't be read");
                    arrived = true;
                    continue;
                }
                row => row?,
            };
            let Some(row) = row else { continue };
            let here = row.version == *version && row.parcel.as_ref() == Some(&open.id);
            arrived |= match row.state {
                DocState::Aceptado | DocState::Reparo if here && row.noted.is_some() => true,
                DocState::Aceptado | DocState::Reparo if here => {
                    processed = Some(processed.map_or(row.since, |at| at.min(row.since)));
                    true
                }
                DocState::Enviado if here => true,
                DocState::Rechazado | DocState::Reemplazado => self.is_told_of(open, id, *version),
                _ => row.version != *version && self.is_told_of(open, id, *version),
            };
        }
        let whole = self.is_whole(open, readable);
        Ok(Standing { rows, arrived, processed, whole })
    }

    /// May a parcel's bytes go again, of whose documents these can be read? None of them has a verdict, be it a person's
    /// word, or another in its place, or left in another envelope.
    pub(crate) fn is_whole(&self, open: &OpenParcel, readable: &[Arc<Document>]) -> bool {
        let rows = rows_in(self.reader(), open);
        let all = open.documents.len();
        let binds = Phase::of(open.state.as_ref()).binds();
        binds && readable.len() == all && rows.len() == all && !rows.iter().any(|row| row.state.is_final())
    }

    /// Was this version rejected in an answer about the upload of its parcel? Where nobody can tell it may have been:
    /// nothing goes again on a guess.
    fn is_told_of(&self, open: &OpenParcel, id: &DocumentId, version: u32) -> bool {
        match self.reader().history(id) {
            Ok(events) => lacks_some(&events) || is_told_of_upload(&events, version, &open.id),
            Err(error) => {
                tracing::error!(%error, document = %id, "what its rejection was told of can't be read");
                true
            }
        }
    }

    /// Nothing goes: what is open is asked about again then.
    async fn rest(
        &self,
        open: &OpenParcel,
        due: Timestamp,
        asks: bool,
    ) -> Result<Option<Timestamp>, TalkError> {
        let binds = Phase::of(open.state.as_ref()).binds();
        let phase = asks.then_some(if binds { Phase::Probe } else { Phase::Parted });
        let due = asks.then_some(due);
        self.writer().commit(vec![self.mark(&open.id, "verificación", phase, due)]).await?;
        Ok(due)
    }

    /// The authority has none of it: the same bytes go again. Answers when.
    async fn send_same(
        &self,
        open: &OpenParcel,
        stand: &Standing,
        absent: Vec<DocumentId>,
    ) -> Result<Option<Timestamp>, TalkError> {
        // A try of which nothing left is none.
        let spent = self.is_spent(&stand.rows);
        let due = if spent { self.pause(u32::MAX) } else { self.now() };
        let waits = stand.rows.iter().filter(|row| row.state.may_send()).filter_map(|row| row.next_try).max();
        let due = waits.map_or(due, |at| at.max(due));
        let answered = self.mark(&open.id, "verificación", Some(Phase::Resend), Some(due));
        let open = open.clone();
        self.writer()
            .apply(move |reader| {
                let mut rows = rows_in(reader, &open);
                rows.retain(|row| absent.contains(&row.id));
                rows.iter()
                    .filter_map(|row| moved(row, Cause::Absent, spent.then_some(due)))
                    .chain([answered])
                    .collect()
            })
            .await?;
        Ok(Some(due))
    }

    /// The authority does not have these, and their parcel's bytes do not go again: they go in another envelope, with
    /// whatever of it waits. Answers when what is left is asked about, which is `due`.
    pub(crate) async fn send_apart(
        &self,
        open: &OpenParcel,
        absent: Vec<DocumentId>,
        due: Timestamp,
    ) -> Result<Option<Timestamp>, TalkError> {
        let rows = rows_in(self.reader(), open);
        let next_try = self.is_spent(&rows).then(|| self.pause(u32::MAX));
        let asks = rows.iter().any(|row| self.is_asked_about(row) && !absent.contains(&row.id));
        let (phase, due) = (asks.then_some(Phase::Parted), asks.then_some(due));
        let answered = self.mark(&open.id, "verificación", phase, due);
        let open = open.clone();
        self.writer()
            .apply(move |reader| {
                let rows = rows_in(reader, &open).into_iter().filter(|row| absent.contains(&row.id));
                rows.flat_map(|row| {
                    let was_missing = row.attention.as_deref() == Some(MISSING);
                    let calm = calm(&row).filter(|_| was_missing);
                    moved(&row, Cause::Absent, next_try).into_iter().chain(calm)
                })
                .chain([answered])
                .collect()
            })
            .await?;
        Ok(due)
    }

    /// Did one of these leave as often as it may without a pause?
    fn is_spent(&self, rows: &[Row]) -> bool {
        rows.iter().any(|row| row.attempts >= self.settings().attempts)
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
}

/// Was the envelope that it was in refused since the authority had one of it?
fn is_repeated(row: &Row) -> bool {
    row.error.as_deref() == Some(REPEATED)
}

/// Was this version's rejection in an answer about the upload of that parcel? What is answered to a question about the
/// document alone (its folio was annulled, or is another's) is said whether or not anything of it arrived.
fn is_told_of_upload(events: &[Event], version: u32, parcel: &ParcelId) -> bool {
    let mut of_upload = false;
    for event in events {
        match serde_json::from_value(event.fact.clone()) {
            Ok(Fact::Answered(answered)) => {
                of_upload = answered.document.is_none() && answered.parcel == *parcel;
            }
            Ok(Fact::Moved(moved))
                if moved.version == version && matches!(moved.cause, Cause::Rejected { .. }) =>
            {
                return of_upload;
            }
            _ => {}
        }
    }
    false
}
