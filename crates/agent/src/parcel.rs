//! The life of one parcel: packed, sent, followed to its verdict, or asked about and sent again.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use timbre_core::{Cause, ChannelId, DocState, Document, DocumentId, Heard, Parcel, ParcelId, Timestamp};
use timbre_store::{Answered, Fact, Moved, OpenParcel, Row, Sending, StoreError};

use crate::clock::{later, until};
use crate::conversation::{After, Phase, Talk, TalkError, moved, rows_of};
use crate::elsewhere;
use crate::line::Asked;
use crate::meaning::{lacks_some, was_doubted};
use crate::plan::LONGEST_WAIT;
use crate::retry::longer;
use crate::sender::{Sender, hex, lock};

/// How many documents are marked as waiting for a line in one commit.
const AT_ONCE: usize = 500;

/// What documents went through before they were put into a parcel.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Past {
    /// They were taken apart from one that fell: their hour runs.
    pub fell: bool,
    /// They left before, and the authority may have taken them then.
    pub left: bool,
}

/// Packs documents into parcels, in order: each into the first that it may travel in, and that has
/// place for one more and for its bytes. One that is too large for any travels alone.
pub(crate) fn pack(
    documents: impl IntoIterator<Item = Arc<Document>>,
    most: usize,
    bytes: usize,
    together: &dyn Fn(&Document, &Document) -> bool,
) -> Vec<Vec<Arc<Document>>> {
    let mut groups: Vec<(usize, Vec<Arc<Document>>)> = Vec::new();
    for document in documents {
        // A line feed follows each.
        let size = document.bytes.len() + 1;
        let place = groups.iter_mut().find(|(held, group)| {
            group.len() < most && held.saturating_add(size) <= bytes && together(&group[0], &document)
        });
        match place {
            Some((held, group)) => {
                *held += size;
                group.push(document);
            }
            None => groups.push((size, vec![document])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

impl Sender {
    /// A document's bytes; `None`, and its row flagged, where they can't be read: it is a person's to
    /// look at, and does not hold the others.
    pub(crate) async fn readable(
        &self,
        id: &DocumentId,
        version: u32,
    ) -> Result<Option<Arc<Document>>, TalkError> {
        let why = match self.reader().version(id, version) {
            Ok(Some(document)) => return Ok(Some(Arc::new(document))),
            Ok(None) => StoreError::NoDocument(id.clone()).to_string(),
            Err(error) => error.to_string(),
        };
        self.flag(std::slice::from_ref(id), &format!("No se puede leer y no se envía: {why}")).await?;
        Ok(None)
    }

    /// Calls a person to these documents, once for a reason.
    pub(crate) async fn flag(&self, ids: &[DocumentId], reason: &str) -> Result<(), TalkError> {
        if ids.is_empty() {
            return Ok(());
        }
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

    /// Wraps and sends documents that never travelled, or whose travels certainly left nothing;
    /// answers when to go on with their parcel.
    pub(crate) async fn send_new(&self, id: &ParcelId, documents: Vec<Arc<Document>>) -> Option<Timestamp> {
        match self.wrap_and_deliver(id, documents.clone()).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "a parcel can't be sent");
                self.postpone(&documents, &error.to_string(), None).await;
                // Once its *sending* fact is written it must be followed, whatever went wrong since.
                let left = matches!(self.reader().parcel_row(id), Ok(Some(_)));
                left.then(|| self.pause(1))
            }
        }
    }

    async fn wrap_and_deliver(
        &self,
        id: &ParcelId,
        documents: Vec<Arc<Document>>,
    ) -> Result<Option<Timestamp>, TalkError> {
        let channel_id = documents[0].channel.clone();
        if self.pass_for_work(&channel_id, Asked::Delivery).await?.is_none() {
            return Ok(None); // the line says why, and the next round says so of the documents
        }
        if !self.may_sign(&channel_id, Asked::Delivery).await? {
            return Ok(None);
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
        let Some(pass) = self.pass_for_work(&parcel.channel, Asked::Delivery).await? else {
            return Ok(Some(self.after_line(&parcel.channel, Asked::Delivery)));
        };
        let documents = versions_of(parcel);
        let leaving = documents.clone();
        // What the authority holds is never offered again: it is asked before anything leaves.
        let unasked =
            rows_of(self.reader(), &documents).iter().any(|row| elsewhere::may_have_left(self.reader(), row));
        // An attempt is an upload whose bytes may have left.
        let attempt = if unasked { attempt - 1 } else { attempt };
        let sending = Fact::Sending(Sending {
            parcel: parcel.id.clone(),
            channel: parcel.channel.clone(),
            documents: versions_of(parcel),
            attempt,
            sha256: hex(&Sha256::digest(parcel.body())),
            head: parcel.head.clone(),
            tail: parcel.tail.clone(),
        });
        timbre_store::crash!("sending-unwritten");
        let leaves = self
            .writer()
            .apply(move |reader| {
                // A till may have spoken while a pass was asked for: nothing leaves while issuing is locked.
                if reader.locked().is_some() {
                    return Vec::new();
                }
                let rows = rows_of(reader, &leaving).into_iter();
                let moves = rows.filter_map(|row| Some((moved(&row, Cause::Sending, None)?, row.attempts)));
                let moves = moves.map(|(fact, before)| match fact {
                    Fact::Moved(moved) if unasked => Fact::Moved(Moved { attempts: before, ..moved }),
                    fact => fact,
                });
                std::iter::once(sending).chain(moves).collect()
            })
            .await?;
        if !leaves {
            return self.stand(&parcel.id);
        }
        timbre_store::crash!("sending-written");
        if unasked {
            let why = "el diario puede no saber todo lo que pasó con él, y puede haberse enviado ya";
            return Ok(Some(self.doubt(&parcel.id, &documents, attempt, why).await?));
        }
        let issuer = self.issuer()?;
        let past = self.past_of(&documents);
        let step = self.channel(&parcel.channel).begin(parcel, &self.cx_of(&issuer, Some(&pass), past))?;
        let talk = Talk {
            channel: &parcel.channel,
            parcel: &parcel.id,
            documents: &parcel.documents,
            one: None,
            delivery: Some(parcel),
            past,
            attempt,
        };
        match self.drive(step, &talk, Some(pass)).await? {
            After::Wait { due, .. } => Ok(Some(due)),
            After::Done { .. } => self.stand(&parcel.id),
            After::Doubt { why } => Ok(Some(self.doubt(&parcel.id, &documents, attempt, &why).await?)),
            After::NotSent { why } => self.not_sent(parcel, attempt, why).await,
            After::NoPass => self.not_sent(parcel, attempt, "no se pudo abrir una sesión".to_owned()).await,
        }
    }

    /// Goes on with a parcel whose wait is over; answers when to go on again.
    pub(crate) async fn go_on(&self, id: &ParcelId) -> Option<Timestamp> {
        self.try_to_go_on(id).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a parcel can't be followed");
            Some(self.pause(u32::MAX))
        })
    }

    async fn try_to_go_on(&self, id: &ParcelId) -> Result<Option<Timestamp>, TalkError> {
        let Some(open) = self.reader().parcel_row(id)? else {
            return Ok(None);
        };
        if self.is_at_rest(&open) {
            return Ok(Some(later(self.now(), LONGEST_WAIT)));
        }
        let documents = self.documents_of(&open).await?;
        let asked = Phase::of(open.state.as_ref()).stage().asked();
        let pass = self.pass_for_work(&open.channel, asked).await?;
        if pass.is_none() {
            return Ok(Some(self.after_line(&open.channel, asked)));
        }
        let phase = match Phase::of(open.state.as_ref()) {
            Phase::Follow { .. } if documents.len() < open.documents.len() => Phase::Probe,
            phase => phase,
        };
        match phase {
            Phase::Resend => self.resend(&open, documents).await,
            Phase::Probe | Phase::Parted => self.probe_all(&open, &documents).await,
            Phase::Follow { state } => {
                let issuer = self.issuer()?;
                let past = self.past_of(&open.documents);
                let cx = self.cx_of(&issuer, pass.as_ref(), past);
                let step = self.channel(&open.channel).resume(state, Heard::Elapsed, &documents, &cx)?;
                let talk = Talk {
                    channel: &open.channel,
                    parcel: id,
                    documents: &documents,
                    one: None,
                    delivery: None,
                    past,
                    attempt: open.attempt,
                };
                let after = self.drive(step, &talk, pass).await?;
                lock(&self.by_hand).retain(|id| open.documents.iter().all(|(of, _)| of != id));
                match after {
                    After::Wait { due, .. } => {
                        self.remind(&open.documents).await?;
                        Ok(Some(due))
                    }
                    After::Done { .. } => self.stand(id),
                    // A question that fails changes nothing: it is asked again.
                    After::Doubt { .. } | After::NotSent { .. } | After::NoPass => {
                        Ok(Some(self.after_line(&open.channel, asked)))
                    }
                }
            }
        }
    }

    /// The same bytes once more: they are its documents' between the head and the tail that were kept, unless those are of
    /// a certificate or a company's data that were replaced since.
    async fn resend(
        &self,
        open: &OpenParcel,
        documents: Vec<Arc<Document>>,
    ) -> Result<Option<Timestamp>, TalkError> {
        // A part of them is not the parcel's bytes: what waits goes in another envelope.
        if !self.is_whole(open, &documents) || elsewhere::is_unsure(self.reader(), open) {
            return self.send_apart(open, Vec::new(), self.pause(u32::MAX)).await;
        }
        let why = match self.reader().wrapping(&open.id) {
            Ok(Some((head, tail))) => {
                let (id, channel) = (open.id.clone(), open.channel.clone());
                let parcel = Parcel { id, channel, head, tail, documents };
                let issuer = self.issuer()?;
                if !self.channel(&parcel.channel).wraps_alike(&parcel, &self.cx(&issuer, None))? {
                    return self.send_apart(open, Vec::new(), self.pause(u32::MAX)).await;
                }
                return self.deliver(&parcel, open.attempt + 1).await;
            }
            Ok(None) => "no queda registro de él".to_owned(),
            Err(error) => error.to_string(),
        };
        let rest: Vec<_> = documents.iter().map(|document| document.id.clone()).collect();
        self.flag(&rest, &format!("Su envío no se puede repetir: {why}")).await?;
        Ok(Some(self.pause(u32::MAX)))
    }

    /// Were any of these in a parcel that fell as a whole, or in doubt before they left for this one? What can't be read
    /// may have been.
    fn past_of(&self, documents: &[(DocumentId, u32)]) -> Past {
        let rows = rows_of(self.reader(), documents);
        // Whoever leaves for the first time was in no doubt, but where it was asked about before.
        let unsure = self.reader().unsure_before();
        let again =
            rows.iter().filter(|row| row.attempts > 1 || unsure.is_some_and(|unsure| row.frame < unsure));
        let doubted = |row: &Row| {
            let events = self.reader().history(&row.id);
            events.map_or(true, |events| lacks_some(&events) || was_doubted(&events, row.version))
        };
        Past { fell: rows.iter().any(|row| row.most.is_some()), left: again.into_iter().any(doubted) }
    }

    /// Where a parcel stands after its conversation said all it had to say: as it was written.
    fn stand(&self, id: &ParcelId) -> Result<Option<Timestamp>, TalkError> {
        let open = self.reader().parcel_row(id)?;
        Ok(open.filter(|open| open.state.is_some()).map(|open| open.due.unwrap_or_else(|| self.now())))
    }

    /// A delivery whose outcome is unknown: its documents are asked about before anything else.
    pub(crate) async fn doubt(
        &self,
        id: &ParcelId,
        documents: &[(DocumentId, u32)],
        attempt: u32,
        why: &str,
    ) -> Result<Timestamp, TalkError> {
        let due = self.pause(attempt);
        let mark = self.mark(id, "envío sin respuesta", Some(Phase::Probe), Some(due));
        let (documents, why) = (documents.to_vec(), why.to_owned());
        self.writer()
            .apply(move |reader| {
                rows_of(reader, &documents)
                    .into_iter()
                    // What the authority has taken is in no doubt because another was leaving.
                    .filter(|row| row.state == DocState::Enviando)
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
        let due = self.pause(attempt);
        let keep = attempt > 1;
        let next_try = (!keep).then_some(due);
        let mark =
            self.mark(&parcel.id, "envío que no salió", keep.then_some(Phase::Resend), keep.then_some(due));
        let documents = versions_of(parcel);
        self.writer()
            .apply(move |reader| {
                let rows = rows_of(reader, &documents).into_iter();
                rows.filter_map(|row| moved(&row, Cause::NotSent { why: why.clone() }, next_try))
                    .chain([mark])
                    .collect()
            })
            .await?;
        Ok(keep.then_some(due))
    }

    /// Documents of a channel that is down wait for it, having used no attempt: those of its queue
    /// from an order on. Answers the order that is next.
    pub(crate) async fn no_line(&self, channel: &ChannelId, why: &str, from: u64) -> Result<u64, TalkError> {
        let mut from = from;
        loop {
            let rows = self.reader().queue_of(channel, from, AT_ONCE)?;
            let Some(last) = rows.last().map(|row| row.order) else {
                return Ok(from);
            };
            from = last + 1;
            let fresh = rows.into_iter().filter(|row| row.state == DocState::Generado);
            let fresh: Vec<_> = fresh.map(|row| (row.id, row.version)).collect();
            if fresh.is_empty() {
                continue;
            }
            let why = why.to_owned();
            self.writer()
                .apply(move |reader| {
                    rows_of(reader, &fresh)
                        .into_iter()
                        .filter(|row| row.state == DocState::Generado)
                        .filter_map(|row| moved(&row, Cause::NoLine { why: why.clone() }, None))
                        .collect()
                })
                .await?;
        }
    }

    /// Something in this machine kept a parcel from being sent (keys locked, disk): its documents wait
    /// until `due`, or for longer than they did the last time.
    pub(crate) async fn postpone(&self, documents: &[Arc<Document>], why: &str, due: Option<Timestamp>) {
        let documents: Vec<_> = documents.iter().map(|d| (d.id.clone(), d.version)).collect();
        let (why, now, luck) = (why.to_owned(), self.now(), self.luck());
        let (base, cap) = (self.settings().retry_base, self.settings().retry_cap);
        let next = move |row: &Row| {
            let last = row.next_try.map(|at| until(row.since, at)).unwrap_or_default();
            due.unwrap_or_else(|| later(now, longer(last, base, cap, luck)))
        };
        let outcome = self
            .writer()
            .apply(move |reader| {
                rows_of(reader, &documents)
                    .into_iter()
                    .filter(|row| row.state.may_send())
                    .filter_map(|row| moved(&row, Cause::NoLine { why: why.clone() }, Some(next(&row))))
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

    /// When to go on with a parcel whose channel gives no pass now, or does not let this through.
    pub(crate) fn after_line(&self, channel: &ChannelId, asked: Asked) -> Timestamp {
        self.lines()
            .get(channel)
            .and_then(|lines| lines.next(asked))
            .filter(|at| *at > self.now())
            .unwrap_or_else(|| self.pause(1))
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

fn versions_of(parcel: &Parcel) -> Vec<(DocumentId, u32)> {
    parcel.documents.iter().map(|d| (d.id.clone(), d.version)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(number: u64, size: usize) -> Arc<Document> {
        Arc::new(Document {
            id: DocumentId::new("A", number),
            version: 1,
            grant: timbre_core::GrantId(String::new()),
            channel: ChannelId(String::new()),
            date: "2026-01-01".parse().unwrap(),
            stamped: Timestamp::UNIX_EPOCH,
            receiver: timbre_core::Party::default(),
            total: timbre_core::Amount(1),
            words: String::new(),
            facts: serde_json::Value::Null,
            bytes: vec![b'x'; size].into(),
        })
    }

    #[test]
    fn a_parcel_holds_no_more_documents_nor_bytes_than_it_may_and_keeps_their_order() {
        let sizes = [99, 99, 99, 500, 9, 9];
        let packed = |most, bytes| {
            let documents = sizes.iter().zip(1..).map(|(size, number)| document(number, *size));
            let groups = pack(documents, most, bytes, &|_, _| true);
            groups.iter().map(|g| g.iter().map(|d| d.id.number).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        assert_eq!(packed(50, usize::MAX), [vec![1, 2, 3, 4, 5, 6]]);
        assert_eq!(packed(4, usize::MAX), [vec![1, 2, 3, 4], vec![5, 6]]);
        // A line feed follows each; one that is too large for any travels alone.
        assert_eq!(packed(50, 220), [vec![1, 2, 5, 6], vec![3], vec![4]]);
        assert_eq!(packed(50, 199), [vec![1, 5, 6], vec![2], vec![3], vec![4]]);
    }
}
