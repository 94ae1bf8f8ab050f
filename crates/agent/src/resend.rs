//! What a person sends again: what waits goes at once, what is in doubt is asked about first, and so is what the
//! authority took and says nothing more of.

use std::collections::BTreeSet;

use timbre_core::{Cause, DocState, DocumentId, ParcelId};
use timbre_store::{Fact, Filter, Reader, Row};

use crate::conversation::{Phase, moved, rows_in};
use crate::doer::SOMEBODY;
use crate::engine::{Agent, Answer, parse_id};
use crate::look::{among, filter_of};
use crate::meaning::calm;
use crate::plan::Stage;
use crate::sender::lock;
use crate::show;
use crate::unread::is_damaged;
use crate::view::{ProblemView, Query, ResentView};

/// The most documents that the answer to a resend names.
const MOST_NAMED: usize = 500;

/// Why a document that the authority took is in doubt again.
const BY_HAND: &str = "una persona lo pidió: la autoridad recibió el envío y no dice cómo quedó";

/// Documents that a person wants sent again, by what is done about each.
#[derive(Default)]
struct Wanted {
    /// They wait, are in doubt, or are stuck with the authority.
    taken: Vec<DocumentId>,
    /// Those of them that have left before.
    travelled: Vec<DocumentId>,
    /// The authority has them, and is asked about them.
    with_authority: Vec<ParcelId>,
    /// It has them for so long that they are in doubt again.
    stuck: Vec<ParcelId>,
    skipped: u64,
    unreadable: u64,
}

impl Agent {
    /// Sends these documents again as soon as it can be done: always safe, as what may be at the
    /// authority is asked about first. What is with it is only asked about, now; what is stuck there, and a person was
    /// called to, is in doubt again with all of its parcel: should the authority not have it, the same bytes go again.
    pub async fn resend(&self, ids: &[String]) -> Answer<ResentView> {
        let ids: BTreeSet<_> = ids.iter().map(|id| parse_id(id)).collect::<Answer<_>>()?;
        for id in &ids {
            self.find(id)?;
        }
        self.resend_sorted(move |agent| agent.sort(ids.into_iter()), "Reenviar").await
    }

    /// The same for all that waits or is in doubt, flagged or not: as many as
    /// [`Snapshot::resendable`](crate::view::Snapshot) says, but for what can't be read.
    pub async fn resend_pending(&self) -> Answer<ResentView> {
        let open = Filter { states: show::RESENDABLE.to_vec(), ..Filter::default() };
        self.resend_all(open, "Reenviar pendientes").await
    }

    /// The same for all that a query wants, whether or not it was shown.
    pub async fn resend_found(&self, query: &Query) -> Answer<ResentView> {
        let filter = filter_of(query, self.0.regime.profile())?;
        let Some(filter) = among(&filter, &show::RESENDABLE) else { return Ok(ResentView::default()) };
        self.resend_all(filter, "Reenviar lo encontrado").await
    }

    async fn resend_all(&self, filter: Filter, what: &str) -> Answer<ResentView> {
        let wanted = move |agent: &Agent| {
            let rows = agent.0.reader.list(&filter, None, usize::MAX)?.rows;
            // In the order of issue.
            agent.sort(rows.into_iter().rev().map(|row| row.id))
        };
        self.resend_sorted(wanted, what).await
    }

    /// What is to be sent again of these, each of which is read for it.
    fn sort(&self, ids: impl Iterator<Item = DocumentId>) -> Answer<Wanted> {
        let mut wanted = Wanted::default();
        for id in ids {
            match self.find(&id)? {
                row if self.never_leaves(&row) => wanted.unreadable += 1,
                row if show::RESENDABLE.contains(&row.state) => {
                    wanted.travelled.extend(row.parcel.map(|_| id.clone()));
                    wanted.taken.push(id);
                }
                Row { state: DocState::Enviado, parcel: Some(parcel), attention, .. } => {
                    if attention.is_none() || stuck_rows(&self.0.reader, &parcel).is_empty() {
                        wanted.with_authority.push(parcel);
                        continue;
                    }
                    wanted.taken.push(id);
                    if !wanted.stuck.contains(&parcel) {
                        wanted.stuck.push(parcel);
                    }
                }
                // Noted by a person: asked about, also where that is so long ago that nobody asks any more.
                Row { noted: Some(_), parcel: Some(parcel), .. } => {
                    lock(&self.0.sender.by_hand).insert(id);
                    wanted.with_authority.push(parcel);
                }
                _ => wanted.skipped += 1,
            }
        }
        Ok(wanted)
    }

    /// Tens of thousands may wait: they are read on a thread that nobody waits for.
    async fn resend_sorted(
        &self,
        wanted: impl FnOnce(&Agent) -> Answer<Wanted> + Send + 'static,
        what: &str,
    ) -> Answer<ResentView> {
        let agent = self.clone();
        let wanted = tokio::task::spawn_blocking(move || wanted(&agent)).await;
        let Wanted { taken, travelled, with_authority, stuck, skipped, unreadable } =
            wanted.map_err(ProblemView::internal)??;
        let queued = taken.len() as u64;
        let asked = with_authority.len() as u64;
        let documents = taken.iter().take(MOST_NAMED).map(ToString::to_string).collect();
        if !taken.is_empty() {
            lock(&self.0.sender.by_hand).extend(travelled);
            let who = self.named(SOMEBODY)?;
            let acted = Fact::Acted { who, what: what.to_owned(), documents: taken.clone() };
            self.0
                .writer
                .apply(move |reader| {
                    let rows = taken.iter().filter_map(|id| reader.row(id).ok().flatten());
                    std::iter::once(acted)
                        .chain(rows.filter_map(|row| moved(&row, Cause::ByHand, None)))
                        .chain(stuck.iter().flat_map(|parcel| in_doubt(reader, parcel)))
                        .collect()
                })
                .await?;
        }
        self.0.sender.set_running(true);
        self.0.sender.ask_now();
        self.0.sender.ask_about(with_authority);
        self.0.sender.hurry();
        Ok(ResentView { queued, skipped, unreadable, asked, documents })
    }

    /// It waits, and its bytes can't be read. What is in doubt is asked about all the same.
    fn never_leaves(&self, row: &Row) -> bool {
        row.state.may_send() && is_damaged(&self.0.reader.issued(&row.id))
    }
}

/// The documents of a parcel that the authority took, where the parcel itself is not asked about any more.
fn stuck_rows(reader: &Reader, parcel: &ParcelId) -> Vec<Row> {
    let open = match reader.parcel_row(parcel) {
        Ok(open) => open,
        Err(error) => {
            tracing::error!(%error, parcel = parcel.0, "a parcel can't be read");
            None
        }
    };
    let open = open.filter(|open| Phase::of(open.state.as_ref()).stage() == Stage::Probe);
    let rows = open.map(|open| rows_in(reader, &open)).unwrap_or_default();
    rows.into_iter().filter(|row| row.state == DocState::Enviado).collect()
}

/// All of them together: their bytes go again together, or not at all.
fn in_doubt(reader: &Reader, parcel: &ParcelId) -> Vec<Fact> {
    let rows = stuck_rows(reader, parcel);
    let doubt = |row: &Row| moved(row, Cause::Doubt { why: BY_HAND.to_owned() }, None);
    rows.iter().flat_map(|row| doubt(row).into_iter().chain(calm(row))).collect()
}
