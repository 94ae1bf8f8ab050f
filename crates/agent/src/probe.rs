//! Parcels in doubt: each document is asked about, and only when the authority has none of them do
//! the same bytes go again.

use std::sync::Arc;
use std::time::Duration;

use timbre_core::{Cause, DocState, Document, DocumentId, Heard, Parcel, ParcelId, Timestamp};
use timbre_store::StoreError;

use crate::clock::later;
use crate::conversation::{After, Phase, Talk, TalkError, moved};
use crate::sender::{Asked, Sender, lock};

/// Without a verdict for this long a person is called.
const LONG_WAIT: Duration = Duration::from_secs(24 * 3_600);

impl Sender {
    /// Asks about each document of a parcel in doubt. Only when none is left to ask about is it
    /// decided whether the bytes go again.
    pub(crate) async fn probe_all(
        &self,
        parcel: &Parcel,
        documents: &[(DocumentId, u32)],
        attempt: u32,
    ) -> Result<Option<Timestamp>, TalkError> {
        for (id, _) in documents {
            // It was leaving when something failed here.
            if self.reader().row(id)?.is_some_and(|row| row.state == DocState::Enviando) {
                let why = "el envío se interrumpió";
                return Ok(Some(self.doubt(&parcel.id, documents, why).await?));
            }
        }
        let mut next: Option<Timestamp> = None;
        let mut sooner = |at: Timestamp| next = Some(next.map_or(at, |n| n.min(at)));
        for document in &parcel.documents {
            let row = self.reader().row(&document.id)?;
            if !row.is_some_and(|row| matches!(row.state, DocState::Verificando | DocState::Enviado)) {
                continue;
            }
            if !self.line_is_open(&parcel.channel) {
                sooner(self.after_line(&parcel.channel));
                break;
            }
            if let Some(due) = self.probe_one(parcel, document, attempt).await? {
                sooner(due);
            }
        }
        self.remind(documents).await?;
        match next {
            Some(due) => Ok(Some(due)),
            None => self.settle_probe(&parcel.id, documents, attempt).await,
        }
    }

    /// Asks about one document; answers how long it holds its parcel, or `None` when it does not.
    async fn probe_one(
        &self,
        parcel: &Parcel,
        document: &Arc<Document>,
        attempt: u32,
    ) -> Result<Option<Timestamp>, TalkError> {
        let kept = {
            let mut probing = lock(&self.probing);
            let probing = probing.entry(parcel.id.clone()).or_default();
            if probing.absent.contains(&document.id) {
                return Ok(None);
            }
            probing.asked.get(&document.id).cloned()
        };
        let issuer = self.issuer()?;
        let channel = self.channel(&parcel.channel);
        let about = std::slice::from_ref(document);
        let pass = self.pass_in_memory(&parcel.channel);
        let cx = self.cx(&issuer, pass.as_ref());
        let step = match kept {
            Some(asked) if asked.due > self.now() => return self.holds(&document.id, &asked),
            Some(Asked { state: Some(state), .. }) => channel.resume(state, Heard::Elapsed, about, &cx)?,
            Some(Asked { state: None, .. }) | None => channel.probe(document, &cx)?,
        };
        let talk = Talk {
            channel: &parcel.channel,
            parcel: &parcel.id,
            documents: about,
            one: Some(document.id.clone()),
            delivery: None,
            attempt,
        };
        let after = self.drive(step, &talk, pass).await?;
        let still = self.reader().row(&document.id)?.map(|row| row.state);
        let mut probing = lock(&self.probing);
        let probing = probing.entry(parcel.id.clone()).or_default();
        let asked = match after {
            After::Wait { due, state } => Asked { state: Some(state), due, answered: false },
            After::Done { .. } if !matches!(still, Some(DocState::Verificando | DocState::Enviado)) => {
                probing.asked.remove(&document.id);
                return Ok(None);
            }
            // Never of one that the authority has taken: there an absence is only odd.
            After::Done { absent: true } if still == Some(DocState::Verificando) => {
                probing.asked.remove(&document.id);
                probing.absent.insert(document.id.clone());
                return Ok(None);
            }
            // A person may have to look; it is asked again, seldom.
            After::Done { .. } => {
                let due = later(self.now(), self.settings().conduct.wait_before(usize::MAX));
                Asked { state: None, due, answered: true }
            }
            After::Doubt { .. } | After::NotSent { .. } | After::NoPass => {
                let due = later(self.now(), self.settings().retry_base);
                Asked { state: None, due, answered: false }
            }
        };
        probing.asked.insert(document.id.clone(), asked.clone());
        self.holds(&document.id, &asked)
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
    /// when it has some, the envelope did arrive, and an absence is for a person to look at.
    async fn settle_probe(
        &self,
        parcel: &ParcelId,
        documents: &[(DocumentId, u32)],
        attempt: u32,
    ) -> Result<Option<Timestamp>, TalkError> {
        let (absent, asked_next) = {
            let mut probing = lock(&self.probing);
            let probing = probing.remove(parcel).unwrap_or_default();
            (probing.absent, probing.asked.into_values().map(|asked| asked.due).min())
        };
        let (mut arrived, mut open) = (false, false);
        // Refused since: they go with the others, in the same bytes.
        let (mut waiting, mut not_before) = (Vec::new(), None);
        for (id, version) in documents {
            let row = self.reader().row(id)?.ok_or_else(|| StoreError::NoDocument(id.clone()))?;
            open |= matches!(row.state, DocState::Verificando | DocState::Enviado);
            // One made anew since was rejected: that version did arrive.
            if row.state.may_send() && row.version == *version {
                not_before = not_before.max(row.next_try);
                waiting.push(row.id);
            } else {
                arrived |= row.state != DocState::Verificando;
            }
        }
        let settings = self.settings();
        if arrived || (absent.is_empty() && waiting.is_empty()) {
            let waiting = waiting.into_iter().filter(|_| open);
            let odd: Vec<_> = absent.into_iter().chain(waiting).collect();
            self.flag(&odd, "La autoridad tiene otros documentos del mismo envío y dice no tener éste")
                .await?;
            let seldom = later(self.now(), settings.conduct.wait_before(usize::MAX));
            let due = open.then(|| asked_next.unwrap_or(seldom));
            let phase = open.then_some(Phase::Probe);
            self.writer().commit(vec![self.mark(parcel, "verificación", phase, due)]).await?;
            return Ok(due);
        }
        let spent = attempt >= settings.attempts;
        let pause = if spent { settings.retry_cap } else { Duration::ZERO };
        let due = later(self.now(), pause);
        let due = not_before.map_or(due, |at: Timestamp| at.max(due));
        let answered = self.mark(parcel, "verificación", Some(Phase::Resend), Some(due));
        self.writer()
            .apply(move |reader| {
                let rows = absent.iter().filter_map(|id| reader.row(id).ok().flatten());
                rows.filter_map(|row| moved(&row, Cause::Absent, spent.then_some(due)))
                    .chain([answered])
                    .collect()
            })
            .await?;
        Ok(Some(due))
    }

    /// Calls a person to documents without a verdict for a day: it may be slow, or it may be stuck.
    pub(crate) async fn remind(&self, documents: &[(DocumentId, u32)]) -> Result<(), TalkError> {
        let now = self.now();
        let mut old = Vec::new();
        for (id, _) in documents {
            let row = self.reader().row(id)?;
            old.extend(row.filter(|row| {
                let waits = matches!(row.state, DocState::Enviado | DocState::Verificando);
                waits && row.attention.is_none() && later(row.since, LONG_WAIT) <= now
            }));
        }
        if old.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = old.into_iter().map(|row| row.id).collect();
        self.flag(&ids, "Lleva más de 24 horas sin veredicto; se sigue preguntando").await
    }
}
