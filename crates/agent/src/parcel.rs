//! The life of one parcel: packed, sent, followed to its verdict, or asked about and sent again.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use timbre_core::{Cause, ChannelId, DocState, Document, DocumentId, Heard, Parcel, ParcelId, Timestamp};
use timbre_store::{Answered, Fact, OpenParcel, Row, Sending, StoreError};

use crate::clock::later;
use crate::conversation::{After, Phase, Talk, TalkError, moved};
use crate::retry::backoff;
use crate::sender::{Left, Sender, hex, lock};

impl Sender {
    /// Groups waiting documents into parcels, in order.
    pub(crate) fn groups(&self, rows: Vec<Row>) -> Result<Vec<Vec<Arc<Document>>>, TalkError> {
        let mut groups: Vec<Vec<Arc<Document>>> = Vec::new();
        for row in rows {
            let Some(document) = self.reader().document(&row.id)? else {
                return Err(StoreError::NoDocument(row.id).into());
            };
            let channel = self.channel(&row.channel);
            let most = channel.limits().documents.max(1);
            let place = groups.iter_mut().find(|group| {
                group.len() < most
                    && group[0].channel == document.channel
                    && channel.travels_with(&group[0], &document)
            });
            match place {
                Some(group) => group.push(Arc::new(document)),
                None => groups.push(vec![Arc::new(document)]),
            }
        }
        Ok(groups)
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
                None
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
        };
        let documents: Vec<_> = parcel.documents.iter().map(|d| (d.id.clone(), d.version)).collect();
        match self.drive(step, &talk).await? {
            After::Wait { due, .. } => Ok(Some(due)),
            After::Done { .. } => self.stand(&parcel.id, &documents).await,
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
            documents: self.documents_of(&open)?,
        };
        if self.pass(&parcel.channel).await?.is_none() {
            return Ok(Some(self.after_line(&parcel.channel)));
        }
        match Phase::of(open.state.as_ref()) {
            Phase::Resend => self.deliver(&parcel, open.attempt + 1).await,
            Phase::Probe => self.probe_all(&parcel, open.attempt).await,
            Phase::Follow { state } => {
                let issuer = self.issuer()?;
                let pass = self.pass_in_memory(&parcel.channel).await;
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
                };
                match self.drive(step, &talk).await? {
                    After::Wait { due, .. } => Ok(Some(due)),
                    After::Done { .. } => self.stand(id, &open.documents).await,
                    // A question that fails changes nothing: it is asked again.
                    After::Doubt { .. } | After::NotSent { .. } | After::NoPass => {
                        Ok(Some(later(self.now(), self.settings().retry_base)))
                    }
                }
            }
        }
    }

    /// Asks about each document of a parcel in doubt. Only when none is left to ask about are the
    /// absent ones sent again, with the same bytes.
    async fn probe_all(&self, parcel: &Parcel, attempt: u32) -> Result<Option<Timestamp>, TalkError> {
        let issuer = self.issuer()?;
        let channel = self.channel(&parcel.channel);
        let mut next: Option<Timestamp> = None;
        let mut sooner = |at: Timestamp| next = Some(next.map_or(at, |n| n.min(at)));
        for document in &parcel.documents {
            let state = self.reader().row(&document.id)?.map(|row| row.state);
            if !matches!(state, Some(DocState::Verificando | DocState::Enviado)) {
                continue;
            }
            let kept = {
                let mut probing = lock(&self.probing);
                let probing = probing.entry(parcel.id.clone()).or_default();
                if probing.absent.contains(&document.id) {
                    continue;
                }
                probing.asked.get(&document.id).cloned()
            };
            let about = std::slice::from_ref(document);
            let pass = self.pass_in_memory(&parcel.channel).await;
            let cx = self.cx(&issuer, pass.as_ref());
            let step = match kept {
                Some((_, due)) if due > self.now() => {
                    sooner(due);
                    continue;
                }
                Some((state, _)) => channel.resume(state, Heard::Elapsed, about, &cx)?,
                None => channel.probe(document, &cx)?,
            };
            let talk = Talk {
                channel: &parcel.channel,
                parcel: &parcel.id,
                documents: about,
                one: Some(document.id.clone()),
                delivery: None,
            };
            match self.drive(step, &talk).await? {
                After::Wait { due, state } => {
                    sooner(due);
                    let mut probing = lock(&self.probing);
                    let probing = probing.entry(parcel.id.clone()).or_default();
                    probing.asked.insert(document.id.clone(), (state, due));
                }
                After::Done { absent } => {
                    let still = self.reader().row(&document.id)?.map(|row| row.state);
                    let mut probing = lock(&self.probing);
                    let probing = probing.entry(parcel.id.clone()).or_default();
                    probing.asked.remove(&document.id);
                    match still {
                        Some(DocState::Verificando | DocState::Enviado) if absent => {
                            probing.absent.insert(document.id.clone());
                        }
                        // A person may have to look; it is asked again, seldom.
                        Some(DocState::Verificando | DocState::Enviado) => {
                            sooner(later(self.now(), self.settings().conduct.wait_before(usize::MAX)));
                        }
                        _ => {}
                    }
                }
                After::Doubt { .. } | After::NotSent { .. } | After::NoPass => {
                    sooner(later(self.now(), self.settings().retry_base));
                }
            }
        }
        match next {
            Some(due) => Ok(Some(due)),
            None => self.settle_probe(parcel, attempt).await,
        }
    }

    /// Every document was asked about: the absent ones go back to wait, and the parcel goes again.
    async fn settle_probe(&self, parcel: &Parcel, attempt: u32) -> Result<Option<Timestamp>, TalkError> {
        let absent: Vec<_> = {
            let mut probing = lock(&self.probing);
            probing.remove(&parcel.id).map(|p| p.absent.into_iter().collect()).unwrap_or_default()
        };
        let settings = self.settings();
        let spent = attempt >= settings.attempts;
        let pause = if spent { settings.retry_cap } else { Duration::ZERO };
        let due = later(self.now(), pause);
        let again = !absent.is_empty();
        let phase = again.then_some(Phase::Resend);
        let answered = self.mark(&parcel.id, "verificación", phase, again.then_some(due));
        self.writer()
            .apply(move |reader| {
                let rows = absent.iter().filter_map(|id| reader.row(id).ok().flatten());
                rows.filter_map(|row| moved(&row, Cause::Absent, spent.then_some(due)))
                    .chain([answered])
                    .collect()
            })
            .await?;
        Ok(again.then_some(due))
    }

    /// Where a parcel stands after its conversation said all it had to say.
    async fn stand(
        &self,
        id: &ParcelId,
        documents: &[(DocumentId, u32)],
    ) -> Result<Option<Timestamp>, TalkError> {
        for (document, _) in documents {
            let state = self.reader().row(document)?.map(|row| row.state);
            if matches!(state, Some(DocState::Verificando | DocState::Enviado | DocState::Enviando)) {
                let due = later(self.now(), self.settings().conduct.first_poll);
                let mark = self.mark(id, "verificación", Some(Phase::Probe), Some(due));
                self.writer().commit(vec![mark]).await?;
                return Ok(Some(due));
            }
        }
        Ok(None)
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
        let mark =
            self.mark(&parcel.id, "envío que no salió", keep.then_some(Phase::Resend), keep.then_some(due));
        let ids = ids_of(parcel);
        self.writer()
            .apply(move |reader| {
                let rows = ids.iter().filter_map(|id| reader.row(id).ok().flatten());
                rows.filter_map(|row| moved(&row, Cause::NotSent { why: why.clone() }, None))
                    .chain([mark])
                    .collect()
            })
            .await?;
        Ok(keep.then_some(due))
    }

    /// Documents of a channel that is down wait for it, having used no attempt.
    pub(crate) async fn no_line(
        &self,
        channel: &ChannelId,
        queue: &[Row],
        why: &str,
    ) -> Result<(), TalkError> {
        let fresh = |row: &Row| row.channel == *channel && row.state == DocState::Generado;
        let ids: Vec<_> = queue.iter().filter(|row| fresh(row)).map(|row| row.id.clone()).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let why = why.to_owned();
        self.writer()
            .apply(move |reader| {
                ids.iter()
                    .filter_map(|id| reader.row(id).ok().flatten())
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

    fn documents_of(&self, open: &OpenParcel) -> Result<Vec<Arc<Document>>, TalkError> {
        open.documents
            .iter()
            .map(|(id, version)| {
                let document = self.reader().version(id, *version)?;
                document.map(Arc::new).ok_or_else(|| StoreError::NoDocument(id.clone()).into())
            })
            .collect()
    }
}

fn ids_of(parcel: &Parcel) -> Vec<DocumentId> {
    parcel.documents.iter().map(|d| d.id.clone()).collect()
}
