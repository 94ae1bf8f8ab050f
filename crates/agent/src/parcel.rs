//! The life of one parcel: packed, sent, followed to its verdict, or asked about and sent again.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use timbre_core::{Cause, ChannelId, DocState, Document, DocumentId, Heard, Parcel, ParcelId, Timestamp};
use timbre_store::{Answered, Fact, Filter, OpenParcel, Row, Sending, StoreError};

use crate::clock::later;
use crate::conversation::{After, Phase, Talk, TalkError, moved};
use crate::retry::backoff;
use crate::sender::{Left, Sender, hex, lock};

/// How many documents are marked as waiting for a line in one commit.
const AT_ONCE: usize = 500;

/// Without a verdict for this long a person is called.
const LONG_WAIT: Duration = Duration::from_secs(24 * 3_600);

impl Sender {
    /// Groups waiting documents into parcels, in order. One that can't be read back is a person's to
    /// look at; it does not hold the others.
    pub(crate) async fn groups(&self, rows: Vec<Row>) -> Result<Vec<Vec<Arc<Document>>>, TalkError> {
        let mut groups: Vec<Vec<Arc<Document>>> = Vec::new();
        for row in rows {
            let Some(document) = self.readable(&row.id, row.version).await? else {
                continue;
            };
            let channel = self.channel(&row.channel);
            let most = channel.limits().documents.max(1);
            let place = groups.iter_mut().find(|group| {
                group.len() < most
                    && group[0].channel == document.channel
                    && channel.travels_with(&group[0], &document)
            });
            match place {
                Some(group) => group.push(document),
                None => groups.push(vec![document]),
            }
        }
        Ok(groups)
    }

    /// A document's bytes; `None`, and its row flagged, where the journal does not give them back.
    async fn readable(&self, id: &DocumentId, version: u32) -> Result<Option<Arc<Document>>, TalkError> {
        let why = match self.reader().version(id, version) {
            Ok(Some(document)) => return Ok(Some(Arc::new(document))),
            Ok(None) => StoreError::NoDocument(id.clone()).to_string(),
            Err(
                error @ (StoreError::Damaged { .. } | StoreError::Newer { .. } | StoreError::Sealed { .. }),
            ) => error.to_string(),
            Err(error) => return Err(error.into()),
        };
        self.flag(std::slice::from_ref(id), &format!("No se puede leer y no se envía: {why}")).await?;
        Ok(None)
    }

    /// Calls a person to these documents, once for a reason.
    async fn flag(&self, ids: &[DocumentId], reason: &str) -> Result<(), TalkError> {
        let (ids, reason) = (ids.to_vec(), reason.to_owned());
        self.writer()
            .apply(move |reader| {
                let rows = ids.iter().filter_map(|id| reader.row(id).ok().flatten());
                rows.filter(|row| row.attention.is_none())
                    .map(|row| Fact::Attention { document: row.id, reason: Some(reason.clone()) })
                    .collect()
            })
            .await?;
        Ok(())
    }

    /// Packs and sends documents that never travelled, or whose travels certainly left nothing.
    pub(crate) async fn send_new(
        &self,
        id: ParcelId,
        documents: Vec<Arc<Document>>,
        ids: Vec<DocumentId>,
    ) -> Left {
        let due = match self.pack_and_deliver(&id, documents).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "a parcel can't be sent");
                self.postpone(&ids, &error.to_string()).await;
                // Once its *sending* fact is written it must be followed, whatever went wrong since.
                let left = matches!(self.reader().parcel(&id), Ok(Some(_)));
                left.then(|| later(self.now(), self.settings().retry_base))
            }
        };
        Left { parcel: Some(id), documents: ids, due }
    }

    async fn pack_and_deliver(
        &self,
        id: &ParcelId,
        documents: Vec<Arc<Document>>,
    ) -> Result<Option<Timestamp>, TalkError> {
        let channel_id = documents[0].channel.clone();
        if self.pass(&channel_id).await?.is_none() {
            return Ok(None); // the line says why, and the next round says so of the documents
        }
        let issuer = self.issuer()?;
        let wrapping = self.channel(&channel_id).wrap(&documents, &self.cx(&issuer, None))?;
        let parcel = Parcel {
            id: id.clone(),
            channel: channel_id,
            head: wrapping.head,
            tail: wrapping.tail,
            documents,
        };
        self.deliver(&parcel, 1).await
    }

    /// Sends a parcel's bytes. The fact that they are leaving is on disk before the first one does.
    async fn deliver(&self, parcel: &Parcel, attempt: u32) -> Result<Option<Timestamp>, TalkError> {
        let Some(pass) = self.pass(&parcel.channel).await? else {
            return Ok(Some(self.after_line(&parcel.channel)));
        };
        let sending = Fact::Sending(Sending {
            parcel: parcel.id.clone(),
            channel: parcel.channel.clone(),
            documents: parcel.documents.iter().map(|d| (d.id.clone(), d.version)).collect(),
            attempt,
            sha256: hex(&Sha256::digest(parcel.body())),
            head: parcel.head.clone(),
            tail: parcel.tail.clone(),
        });
        let ids = ids_of(parcel);
        self.writer()
            .apply(move |reader| {
                let rows = ids.iter().filter_map(|id| reader.row(id).ok().flatten());
                std::iter::once(sending)
                    .chain(rows.filter_map(|row| moved(&row, Cause::Sending, None)))
                    .collect()
            })
            .await?;
        let issuer = self.issuer()?;
        let step = self.channel(&parcel.channel).begin(parcel, &self.cx(&issuer, Some(&pass)))?;
        let talk = Talk {
            channel: &parcel.channel,
            parcel: &parcel.id,
            documents: &parcel.documents,
            one: None,
            delivery: Some(parcel),
            attempt,
        };
        let documents: Vec<_> = parcel.documents.iter().map(|d| (d.id.clone(), d.version)).collect();
        match self.drive(step, &talk).await? {
            After::Wait { due, .. } => Ok(Some(due)),
            After::Done { .. } => self.stand(&parcel.id),
            After::Doubt { why } => Ok(Some(self.doubt(&parcel.id, &documents, &why).await?)),
            After::NotSent { why } => self.not_sent(parcel, attempt, why).await,
            After::NoPass => self.not_sent(parcel, attempt, "no se pudo abrir una sesión".to_owned()).await,
        }
    }

    /// Goes on with a parcel whose wait is over.
    pub(crate) async fn go_on(&self, id: ParcelId) -> Left {
        let due = match self.try_to_go_on(&id).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "a parcel can't be followed");
                Some(later(self.now(), self.settings().retry_cap))
            }
        };
        Left { parcel: Some(id), documents: Vec::new(), due }
    }

    async fn try_to_go_on(&self, id: &ParcelId) -> Result<Option<Timestamp>, TalkError> {
        let Some((open, head, tail)) = self.reader().parcel(id)? else {
            return Ok(None);
        };
        let parcel = Parcel {
            id: id.clone(),
            channel: open.channel.clone(),
            head,
            tail,
            documents: self.documents_of(&open).await?,
        };
        if self.pass(&parcel.channel).await?.is_none() {
            return Ok(Some(self.after_line(&parcel.channel)));
        }
        match Phase::of(open.state.as_ref()) {
            Phase::Resend => self.deliver(&parcel, open.attempt + 1).await,
            Phase::Probe => self.probe_all(&parcel, open.attempt).await,
            Phase::Follow { state } => {
                let issuer = self.issuer()?;
                let pass = self.pass_in_memory(&parcel.channel);
                let step = self.channel(&parcel.channel).resume(
                    state,
                    Heard::Elapsed,
                    &parcel.documents,
                    &self.cx(&issuer, pass.as_ref()),
                )?;
                let talk = Talk {
                    channel: &parcel.channel,
                    parcel: id,
                    documents: &parcel.documents,
                    one: None,
                    delivery: None,
                    attempt: open.attempt,
                };
                match self.drive(step, &talk).await? {
                    After::Wait { due, .. } => {
                        self.remind(&open.documents).await?;
                        Ok(Some(due))
                    }
                    After::Done { .. } => self.stand(id),
                    // A question that fails changes nothing: it is asked again.
                    After::Doubt { .. } | After::NotSent { .. } | After::NoPass => {
                        Ok(Some(later(self.now(), self.settings().retry_base)))
                    }
                }
            }
        }
    }

    /// Asks about each document of a parcel in doubt. Only when none is left to ask about is it
    /// decided whether the bytes go again.
    async fn probe_all(&self, parcel: &Parcel, attempt: u32) -> Result<Option<Timestamp>, TalkError> {
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

    /// Where a parcel stands after its conversation said all it had to say: as it was written.
    fn stand(&self, id: &ParcelId) -> Result<Option<Timestamp>, TalkError> {
        let open = self.reader().parcel(id)?.map(|(open, ..)| open);
        Ok(open.filter(|open| open.state.is_some()).map(|open| open.due.unwrap_or_else(|| self.now())))
    }

    /// Calls a person to documents without a verdict for a day: it may be slow, or it may be stuck.
    async fn remind(&self, documents: &[(DocumentId, u32)]) -> Result<(), TalkError> {
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

    /// A delivery whose outcome is unknown: its documents are asked about before anything else.
    pub(crate) async fn doubt(
        &self,
        id: &ParcelId,
        documents: &[(DocumentId, u32)],
        why: &str,
    ) -> Result<Timestamp, TalkError> {
        let due = later(self.now(), self.settings().retry_base);
        let mark = self.mark(id, "envío sin respuesta", Some(Phase::Probe), Some(due));
        let ids: Vec<_> = documents.iter().map(|(id, _)| id.clone()).collect();
        let why = why.to_owned();
        self.writer()
            .apply(move |reader| {
                let rows = ids.iter().filter_map(|id| reader.row(id).ok().flatten());
                rows.filter_map(|row| moved(&row, Cause::Doubt { why: why.clone() }, None))
                    .chain([mark])
                    .collect()
            })
            .await?;
        Ok(due)
    }

    /// Nothing left this machine. A parcel that never left is taken apart again; one that may be
    /// at the authority from an earlier attempt keeps its bytes.
    async fn not_sent(
        &self,
        parcel: &Parcel,
        attempt: u32,
        why: String,
    ) -> Result<Option<Timestamp>, TalkError> {
        let settings = self.settings();
        let pause = backoff(attempt, settings.retry_base, settings.retry_cap, rand::random());
        let due = later(self.now(), pause);
        let keep = attempt > 1;
        let next_try = (!keep).then_some(due);
        let mark =
            self.mark(&parcel.id, "envío que no salió", keep.then_some(Phase::Resend), keep.then_some(due));
        let ids = ids_of(parcel);
        self.writer()
            .apply(move |reader| {
                let rows = ids.iter().filter_map(|id| reader.row(id).ok().flatten());
                rows.filter_map(|row| moved(&row, Cause::NotSent { why: why.clone() }, next_try))
                    .chain([mark])
                    .collect()
            })
            .await?;
        Ok(keep.then_some(due))
    }

    /// Documents of a channel that is down wait for it, having used no attempt.
    pub(crate) async fn no_line(&self, channel: &ChannelId, why: &str) -> Result<(), TalkError> {
        let fresh = Filter { states: vec![DocState::Generado], ..Filter::default() };
        let mut ids: Vec<_> = self.reader().list(&fresh, None, AT_ONCE)?.rows;
        ids.retain(|row| row.channel == *channel);
        if ids.is_empty() {
            return Ok(());
        }
        let why = why.to_owned();
        self.writer()
            .apply(move |reader| {
                ids.iter()
                    .filter_map(|row| reader.row(&row.id).ok().flatten())
                    .filter(|row| row.state == DocState::Generado)
                    .filter_map(|row| moved(&row, Cause::NoLine { why: why.clone() }, None))
                    .collect()
            })
            .await?;
        Ok(())
    }

    /// Something in this machine kept a parcel from being sent (keys locked, disk).
    async fn postpone(&self, ids: &[DocumentId], why: &str) {
        let settings = self.settings();
        let due = later(self.now(), settings.retry_base);
        let (ids, why) = (ids.to_vec(), why.to_owned());
        let outcome = self
            .writer()
            .apply(move |reader| {
                ids.iter()
                    .filter_map(|id| reader.row(id).ok().flatten())
                    .filter(|row| row.state.may_send())
                    .filter_map(|row| moved(&row, Cause::NoLine { why: why.clone() }, Some(due)))
                    .collect()
            })
            .await;
        if let Err(error) = outcome {
            tracing::error!(%error, "what can't be sent can't be marked either");
        }
    }

    /// A fact that says where a parcel stands, without anything heard.
    fn mark(&self, id: &ParcelId, what: &str, phase: Option<Phase>, due: Option<Timestamp>) -> Fact {
        Fact::Answered(Answered {
            parcel: id.clone(),
            document: None,
            what: what.to_owned(),
            status: None,
            took_ms: 0,
            state: phase.as_ref().map(Phase::kept),
            due,
            heard: bytes::Bytes::new(),
        })
    }

    /// When to go on with a parcel whose channel gives no pass now.
    fn after_line(&self, channel: &ChannelId) -> Timestamp {
        self.lines()
            .get(channel)
            .and_then(|line| line.next())
            .unwrap_or_else(|| later(self.now(), self.settings().retry_base))
    }

    async fn documents_of(&self, open: &OpenParcel) -> Result<Vec<Arc<Document>>, TalkError> {
        let mut documents = Vec::new();
        for (id, version) in &open.documents {
            match self.readable(id, *version).await? {
                Some(document) => documents.push(document),
                None => return Err(StoreError::NoDocument(id.clone()).into()),
            }
        }
        Ok(documents)
    }
}

fn ids_of(parcel: &Parcel) -> Vec<DocumentId> {
    parcel.documents.iter().map(|d| d.id.clone()).collect()
}
