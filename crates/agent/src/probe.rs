//! Parcels in doubt: each document is asked about, and only when the authority has none of them do
//! the same bytes go again.

use std::sync::Arc;
use std::time::Duration;

use timbre_core::{Cause, DocState, Document, DocumentId, Heard, Parcel, Timestamp};

use crate::clock::later;
use crate::conversation::{After, Phase, Talk, TalkError, moved};
use crate::sender::{Sender, lock};

/// Without a verdict for this long a person is called.
const LONG_WAIT: Duration = Duration::from_secs(24 * 3_600);

impl Sender {
    /// Asks about each document of a parcel in doubt. Only when none is left to ask about is it
    /// decided whether the bytes go again.
    pub(crate) async fn probe_all(
        &self,
        parcel: &Parcel,
        attempt: u32,
    ) -> Result<Option<Timestamp>, TalkError> {
        let documents: Vec<_> = parcel.documents.iter().map(|d| (d.id.clone(), d.version)).collect();
        let mut next: Option<Timestamp> = None;
        let mut sooner = |at: Timestamp| next = Some(next.map_or(at, |n| n.min(at)));
        for document in &parcel.documents {
            let row = self.reader().row(&document.id)?;
            match row.as_ref().map(|row| row.state) {
                // It was leaving when something failed here.
                Some(DocState::Enviando) => {
                    let why = "el envío se interrumpió";
                    return Ok(Some(self.doubt(&parcel.id, &documents, why).await?));
                }
                Some(DocState::Verificando | DocState::Enviado) => {}
                _ => continue,
            }
            if !self.line_is_open(&parcel.channel) {
                sooner(self.after_line(&parcel.channel));
                break;
            }
            if let Some(due) = self.probe_one(parcel, document, attempt).await? {
                // One that needs a person is asked about again, but does not hold the others.
                let flagged = self.reader().row(&document.id)?.is_some_and(|row| row.attention.is_some());
                if !flagged {
                    sooner(due);
                }
            }
        }
        self.remind(&documents).await?;
        match next {
            Some(due) => Ok(Some(due)),
            None => self.settle_probe(parcel, attempt).await,
        }
    }

    /// Asks about one document; answers when to ask again, or `None` when there is nothing to ask.
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
            Some((_, due)) if due > self.now() => return Ok(Some(due)),
            Some((Some(state), _)) => channel.resume(state, Heard::Elapsed, about, &cx)?,
            Some((None, _)) | None => channel.probe(document, &cx)?,
        };
        let talk = Talk {
            channel: &parcel.channel,
            parcel: &parcel.id,
            documents: about,
            one: Some(document.id.clone()),
            delivery: None,
            attempt,
        };
        let after = self.drive(step, &talk).await?;
        let still = self.reader().row(&document.id)?.map(|row| row.state);
        let mut probing = lock(&self.probing);
        let probing = probing.entry(parcel.id.clone()).or_default();
        let (state, due) = match after {
            After::Wait { due, state } => (Some(state), due),
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
            After::Done { .. } => (None, later(self.now(), self.settings().conduct.wait_before(usize::MAX))),
            After::Doubt { .. } | After::NotSent { .. } | After::NoPass => {
                (None, later(self.now(), self.settings().retry_base))
            }
        };
        probing.asked.insert(document.id.clone(), (state, due));
        Ok(Some(due))
    }

    /// Every document was asked about. When the authority has none of them the same bytes go again;
    /// when it has some, the envelope did arrive, and an absence is for a person to look at.
    async fn settle_probe(&self, parcel: &Parcel, attempt: u32) -> Result<Option<Timestamp>, TalkError> {
        let (absent, asked_next) = {
            let mut probing = lock(&self.probing);
            let probing = probing.remove(&parcel.id).unwrap_or_default();
            (probing.absent, probing.asked.into_values().map(|(_, due)| due).min())
        };
        let mut arrived = false;
        let mut open = false;
        for document in &parcel.documents {
            let state = self.reader().row(&document.id)?.map(|row| row.state);
            open |= matches!(state, Some(DocState::Verificando | DocState::Enviado));
            arrived |= !matches!(state, Some(DocState::Verificando | DocState::Pendiente));
        }
        let settings = self.settings();
        if absent.is_empty() || arrived {
            let odd: Vec<_> = absent.into_iter().collect();
            self.flag(&odd, "La autoridad tiene otros documentos del mismo envío y dice no tener éste")
                .await?;
            let seldom = later(self.now(), settings.conduct.wait_before(usize::MAX));
            let due = open.then(|| asked_next.unwrap_or(seldom));
            let phase = open.then_some(Phase::Probe);
            self.writer().commit(vec![self.mark(&parcel.id, "verificación", phase, due)]).await?;
            return Ok(due);
        }
        let spent = attempt >= settings.attempts;
        let pause = if spent { settings.retry_cap } else { Duration::ZERO };
        let due = later(self.now(), pause);
        let answered = self.mark(&parcel.id, "verificación", Some(Phase::Resend), Some(due));
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
