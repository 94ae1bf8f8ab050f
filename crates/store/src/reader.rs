//! The reading side: any number of copies on any thread, none of which can write. Lists are in
//! `list`, histories in `history`.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use bytes::Bytes;
use timbre_core::{
    ChannelId, Company, Date, DocState, Document, DocumentId, Environment, GrantId, ParcelId, Series,
    Timestamp, Usage,
};

use crate::claims::Foreign;
use crate::index::{Keys, broken, decode};
use crate::key::{self, Outbox};
use crate::live::Live;
use crate::overlay::ParcelRow;
use crate::segments::Segments;
use crate::view::View;
use crate::watch::moment_of;
use crate::{
    CertificateLoaded, Counts, Fact, Issued, Locked, OpenParcel, Place, Range, Row, StoreError, WaitingPaper,
    claims, travel,
};

/// Reads what was committed.
#[derive(Clone)]
pub struct Reader {
    pub(crate) view: View,
    pub(crate) segments: Arc<Segments>,
    live: Arc<RwLock<Live>>,
}

impl Reader {
    pub(crate) fn new(view: View, segments: Arc<Segments>, live: Arc<RwLock<Live>>) -> Reader {
        Reader { view, segments, live }
    }

    pub fn row(&self, id: &DocumentId) -> Result<Option<Row>, StoreError> {
        let Some(order) = self.view.number(&key::document(id))? else { return Ok(None) };
        match self.row_at(order)? {
            Some(row) => is_it(id, &row.id, row.frame).map(|()| Some(row)),
            None => Ok(None),
        }
    }

    /// What a document uses up of others, and others of it as they stand. Of another system's, only the latter.
    pub fn used(&self, id: &DocumentId) -> Result<Usage, StoreError> {
        let claimed = claims::claimed(&self.view, id)?;
        let row = match self.row(id) {
            // What others use of it is known all the same.
            Err(StoreError::Damaged { .. }) => None,
            row => row?,
        };
        Ok(match row {
            Some(Row { claims, annuls, used_by, .. }) => Usage { claims, annuls, claimed, used_by },
            None => Usage { claimed, used_by: Foreign::of(&self.view, id)?.used_by, ..Usage::default() },
        })
    }

    /// The row of an idempotency key.
    pub fn by_key(&self, key: &str) -> Result<Option<Row>, StoreError> {
        match self.view.number(&key::idempotency(key))? {
            Some(order) => self.row_at(order),
            None => Ok(None),
        }
    }

    /// The document at a place in the order of issue.
    pub fn row_at(&self, order: u64) -> Result<Option<Row>, StoreError> {
        self.view.json(&key::row(order))
    }

    /// The current version of a document, with its bytes, from the journal.
    pub fn document(&self, id: &DocumentId) -> Result<Option<Document>, StoreError> {
        Ok(self.issued(id)?.map(|issued| issued.document))
    }

    /// The current version with all that was kept beside it: the sale, its key, the till's data.
    pub fn issued(&self, id: &DocumentId) -> Result<Option<Issued>, StoreError> {
        match self.row(id)? {
            Some(row) => self.issued_frame(row.frame).map(Some),
            None => Ok(None),
        }
    }

    /// One version of a document.
    pub fn version(&self, id: &DocumentId, version: u32) -> Result<Option<Document>, StoreError> {
        let Some(order) = self.view.number(&key::document(id))? else {
            return Ok(None);
        };
        match self.view.get(&key::version(order, version))? {
            Some(bytes) => {
                let place = key::place_of(&bytes).ok_or_else(|| broken("una versión"))?;
                let document = self.issued_frame(place)?.document;
                is_it(id, &document.id, place)?;
                Ok(Some(document))
            }
            None => Ok(None),
        }
    }

    /// The versions there are of a document, ascending.
    pub fn versions(&self, id: &DocumentId) -> Result<Vec<u32>, StoreError> {
        let Some(order) = self.view.number(&key::document(id))? else {
            return Ok(Vec::new());
        };
        let prefix = [&b"V"[..], &order.to_be_bytes()].concat();
        let number = |key: Vec<u8>| key.last_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes));
        let found = self.view.with_prefix(&prefix)?;
        Ok(found.into_iter().filter_map(|(key, _)| number(key)).collect())
    }

    pub(crate) fn issued_frame(&self, place: Place) -> Result<Issued, StoreError> {
        match self.segments.fact_at(place)? {
            Fact::Issued(issued) => Ok(*issued),
            _ => Err(broken("dónde está un documento")),
        }
    }

    pub fn counts(&self) -> Counts {
        self.live().counts.clone()
    }

    /// How many documents there are, by series and state, where there are any.
    pub fn kinds(&self) -> BTreeMap<(Series, DocState), u64> {
        let live = self.live();
        live.kinds
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(kind, count)| (kind.clone(), *count))
            .collect()
    }

    /// How many documents bear this date of issue; one that was replaced counts as the one in its place.
    pub fn issued_on(&self, date: Date) -> u64 {
        self.live().days.get(&date).copied().unwrap_or_default()
    }

    /// Documents that wait to be sent, in the order they were issued.
    pub fn queue(&self, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.merged(&key::outbox_of(Outbox::Authority), 0, limit)
    }

    /// The first in the order of issue from an order on, of all whose keys begin so.
    fn merged(&self, prefix: &[u8], from: u64, limit: usize) -> Result<Vec<Row>, StoreError> {
        let mut orders = Vec::new();
        for first in self.view.firsts(prefix)? {
            orders.extend(self.orders(key::stem(&first), from, limit)?);
        }
        orders.sort_unstable();
        orders.truncate(limit);
        self.rows(orders)
    }

    /// The papers that were asked for and have not ended, in the order of issue.
    pub fn papers(&self) -> Result<Vec<WaitingPaper>, StoreError> {
        let mut waiting = Vec::new();
        for (key, value) in self.view.with_prefix(&key::outbox_of(Outbox::Print))? {
            let order = key::tail(&key).ok_or_else(|| broken("la cola de impresión"))?;
            let paper: WaitingPaper = decode(&value)?;
            waiting.push((order, paper));
        }
        waiting.sort_by_key(|(order, paper)| (*order, paper.copy));
        Ok(waiting.into_iter().map(|(_, paper)| paper).collect())
    }

    /// Those of one channel from an order on: a channel that is shut does not stand before the
    /// others, nor the first documents of one before all the rest.
    pub fn queue_of(&self, channel: &ChannelId, from: u64, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.merged(&key::queued_in(channel), from, limit)
    }

    /// The series of which something waits for a channel.
    pub fn queued_series(&self, channel: &ChannelId) -> Result<Vec<Series>, StoreError> {
        let prefix = key::queued_in(channel);
        let named = |first: &Vec<u8>| match key::stem(first).get(prefix.len()..) {
            Some([name @ .., 0]) => Ok(Series(String::from_utf8_lossy(name).into_owned())),
            _ => Err(broken("la cola")),
        };
        self.view.firsts(&prefix)?.iter().map(named).collect()
    }

    /// Those of one series of a channel, from an order on.
    pub fn queue_of_series(
        &self,
        channel: &ChannelId,
        series: &Series,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let first = key::queued(channel, series, from);
        self.rows(self.orders(key::stem(&first), from, limit)?)
    }

    /// For each series the document stamped first that the authority may not hold: it waits, is on the
    /// wire, or is in doubt. Where all of a series have the same term, the nearest is among them.
    pub fn first_unheld(&self) -> Result<Vec<Row>, StoreError> {
        /// One made again keeps its place in the order and is stamped anew: so many of these are looked behind.
        const AMONG: usize = 64;
        let mut nearest = Vec::new();
        for first in self.view.firsts(key::UNHELD)? {
            let [from, to] =
                [0, u64::MAX].map(|order: u64| [key::stem(&first), &order.to_be_bytes()].concat());
            nearest.extend(self.view.ask(|entries| {
                let mut least = None;
                for entry in entries.between(from, to).take(AMONG) {
                    let (key, value) = entry?;
                    let stamped = (moment_of(&value)?, key::tail(&key).ok_or_else(|| broken("la cola"))?);
                    least = Some(least.map_or(stamped, |least| stamped.min(least)));
                }
                Ok(least.map(|(_, order)| order))
            })?);
        }
        self.rows(nearest)
    }

    /// The numbers that keys of this stem end in, ascending from `from`.
    fn orders(&self, stem: &[u8], from: u64, limit: usize) -> Result<Vec<u64>, StoreError> {
        let [from, to] = [from, u64::MAX].map(|order| [stem, &order.to_be_bytes()].concat());
        self.view.ask(|entries| {
            let keys = entries.between(from, to).take(limit);
            keys.map(|entry| key::tail(&entry?.0).ok_or_else(|| broken("la cola"))).collect()
        })
    }

    fn rows(&self, orders: Vec<u64>) -> Result<Vec<Row>, StoreError> {
        let rows: Result<Vec<Option<Row>>, StoreError> =
            orders.into_iter().map(|order| self.row_at(order)).collect();
        Ok(rows?.into_iter().flatten().collect())
    }

    /// The parcels that are not settled, oldest sending first: with documents on their way, or to be
    /// sent again.
    pub fn parcels(&self) -> Result<Vec<OpenParcel>, StoreError> {
        let mut parcels = Vec::new();
        for (open, _) in self.view.with_prefix(b"O")? {
            let id = ParcelId(String::from_utf8_lossy(&open[1..]).into_owned());
            parcels.extend(self.parcel_row(&id)?);
        }
        parcels.sort_by_key(|parcel| (parcel.sent, parcel.frame));
        Ok(parcels)
    }

    /// A parcel, open or not, as far as the index knows it: no frame is read, so that a damaged
    /// one does not hide it.
    pub fn parcel_row(&self, id: &ParcelId) -> Result<Option<OpenParcel>, StoreError> {
        let row: Option<ParcelRow> = self.view.json(&key::parcel(id))?;
        Ok(row.map(|row| row.parcel))
    }

    /// The head and tail of a parcel's envelope, from its *sending* frame.
    pub fn wrapping(&self, id: &ParcelId) -> Result<Option<(Bytes, Bytes)>, StoreError> {
        let Some(parcel) = self.parcel_row(id)? else {
            return Ok(None);
        };
        match self.segments.fact_at(parcel.frame)? {
            Fact::Sending(sending) => Ok(Some((sending.head, sending.tail))),
            _ => Err(broken("dónde está un envío")),
        }
    }

    /// A parcel, open or not, with the head and tail of its envelope.
    pub fn parcel(&self, id: &ParcelId) -> Result<Option<(OpenParcel, Bytes, Bytes)>, StoreError> {
        let parcel = self.parcel_row(id)?;
        Ok(parcel.zip(self.wrapping(id)?).map(|(parcel, (head, tail))| (parcel, head, tail)))
    }

    /// Documents that are, or may be, at the authority and that no open parcel follows: their
    /// *sending* frame is damaged, and the index was made again without it.
    pub fn under_way_without_parcel(&self) -> Result<Vec<Row>, StoreError> {
        let mut stray = Vec::new();
        for state in DocState::ALL.into_iter().filter(|state| travel::is_under_way(*state)) {
            for (key, _) in self.view.with_prefix(&key::of_state(state))? {
                let order = key::tail(&key).ok_or_else(|| broken("una lista"))?;
                let Some(row) = self.row_at(order)? else {
                    continue;
                };
                let open = match &row.parcel {
                    Some(parcel) => self.view.get(&key::open_parcel(parcel))?.is_some(),
                    None => false,
                };
                if !open {
                    stray.push(row);
                }
            }
        }
        stray.sort_by_key(|row| row.order);
        Ok(stray)
    }

    /// All ranges, by series and first folio.
    pub fn ranges(&self) -> Vec<Range> {
        self.live().ranges()
    }

    pub fn company(&self) -> Option<(Company, Environment)> {
        self.live().company.clone()
    }

    /// The certificate loaded last, with its blobs.
    pub fn certificate(&self) -> Result<Option<CertificateLoaded>, StoreError> {
        let Some(place) = self.live().certificate else {
            return Ok(None);
        };
        match self.segments.fact_at(place)? {
            Fact::CertificateLoaded(loaded) => Ok(Some(loaded)),
            _ => Err(broken("dónde está el certificado")),
        }
    }

    /// The sealed private key of a grant.
    pub fn grant_key(&self, id: &GrantId) -> Result<Option<Bytes>, StoreError> {
        let Some(place) = self.live().grant(id).map(|row| row.frame) else {
            return Ok(None);
        };
        match self.segments.fact_at(place)? {
            Fact::GrantLoaded(loaded) => Ok(Some(loaded.sealed)),
            _ => Err(broken("dónde está un CAF")),
        }
    }

    /// The latest time that any document was stamped.
    pub fn last_stamp(&self) -> Option<Timestamp> {
        self.live().stamp
    }

    /// The line as it stands: what, up or down, since.
    pub fn line(&self) -> BTreeMap<String, (bool, Timestamp)> {
        self.live().lines.clone()
    }

    /// Why issuing is locked.
    pub fn locked(&self) -> Option<Locked> {
        self.live().locked().cloned()
    }

    /// Of what stands before this place nobody knows for sure all that came of it: issuing was unlocked there, so that
    /// another copy may have gone on, or a damaged or missing part of the journal was stepped over.
    pub fn unsure_before(&self) -> Option<Place> {
        self.live().unsure_before()
    }

    /// The exact bytes of an answer.
    pub fn heard(&self, place: Place) -> Result<Bytes, StoreError> {
        match self.segments.fact_at(place)? {
            Fact::Answered(answered) => Ok(answered.heard),
            _ => Err(StoreError::Damaged { place, why: "no es una respuesta".to_owned() }),
        }
    }

    pub(crate) fn live(&self) -> RwLockReadGuard<'_, Live> {
        self.live.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn decode_row(bytes: &[u8]) -> Result<Row, StoreError> {
        decode(bytes)
    }
}

/// Is what was `found` the one that was asked for? An end that a power cut brought back gave it a place that another was
/// issued at afterwards.
fn is_it(asked: &DocumentId, found: &DocumentId, place: Place) -> Result<(), StoreError> {
    if asked == found {
        return Ok(());
    }
    Err(StoreError::Damaged { place, why: format!("donde estaría {asked} está {found}") })
}
