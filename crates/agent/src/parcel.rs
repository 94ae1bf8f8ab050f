//! The life of one parcel: packed, sent, followed to its verdict, or asked about and sent again.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use timbre_core::{Cause, ChannelId, DocState, Document, DocumentId, Heard, Parcel, ParcelId, Timestamp};
use timbre_store::{Answered, Fact, Filter, OpenParcel, Row, Sending, StoreError};

use crate::clock::later;
use crate::conversation::{After, Phase, Talk, TalkError, moved};
use crate::retry::backoff;
use crate::sender::{Left, Sender, hex};

/// How many documents are marked as waiting for a line in one commit.
const AT_ONCE: usize = 500;

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
    pub(crate) async fn flag(&self, ids: &[DocumentId], reason: &str) -> Result<(), TalkError> {
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
                let soon = later(self.now(), self.settings().retry_base);
                self.postpone(&ids, &error.to_string(), soon).await;
                // Once its *sending* fact is written it must be followed, whatever went wrong since.
                let left = matches!(self.reader().parcel(&id), Ok(Some(_)));
                left.then_some(soon)
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
        match self.drive(step, &talk, Some(pass)).await? {
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
        let pass = self.pass(&parcel.channel).await?;
        if pass.is_none() {
            return Ok(Some(self.after_line(&parcel.channel)));
        }
        let phase = match Phase::of(open.state.as_ref()) {
            phase if parcel.documents.len() == open.documents.len() => phase,
            // A part of them is neither the parcel's bytes nor what its conversation is about.
            Phase::Resend => {
                let rest = ids_of(&parcel);
                self.flag(&rest, "Su envío no se puede repetir: otro documento suyo no se puede leer")
                    .await?;
                return Ok(Some(later(self.now(), self.settings().retry_cap)));
            }
            Phase::Probe | Phase::Follow { .. } => Phase::Probe,
        };
        match phase {
            Phase::Resend => self.deliver(&parcel, open.attempt + 1).await,
            Phase::Probe => self.probe_all(&parcel, &open.documents, open.attempt).await,
            Phase::Follow { state } => {
                let issuer = self.issuer()?;
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
                match self.drive(step, &talk, pass).await? {
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

    /// Where a parcel stands after its conversation said all it had to say: as it was written.
    fn stand(&self, id: &ParcelId) -> Result<Option<Timestamp>, TalkError> {
        let open = self.reader().parcel(id)?.map(|(open, ..)| open);
        Ok(open.filter(|open| open.state.is_some()).map(|open| open.due.unwrap_or_else(|| self.now())))
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
                // What the authority has taken is in no doubt because another was leaving.
                rows.filter(|row| row.state == DocState::Enviando)
                    .filter_map(|row| moved(&row, Cause::Doubt { why: why.clone() }, None))
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
    pub(crate) async fn postpone(&self, ids: &[DocumentId], why: &str, due: Timestamp) {
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
    pub(crate) fn mark(
        &self,
        id: &ParcelId,
        what: &str,
        phase: Option<Phase>,
        due: Option<Timestamp>,
    ) -> Fact {
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
    pub(crate) fn after_line(&self, channel: &ChannelId) -> Timestamp {
        self.lines()
            .get(channel)
            .and_then(|line| line.next())
            .unwrap_or_else(|| later(self.now(), self.settings().retry_base))
    }

    /// Those of a parcel's documents that can be read.
    async fn documents_of(&self, open: &OpenParcel) -> Result<Vec<Arc<Document>>, TalkError> {
        let mut documents = Vec::new();
        for (id, version) in &open.documents {
            documents.extend(self.readable(id, *version).await?);
        }
        Ok(documents)
    }
}

fn ids_of(parcel: &Parcel) -> Vec<DocumentId> {
    parcel.documents.iter().map(|d| d.id.clone()).collect()
}
