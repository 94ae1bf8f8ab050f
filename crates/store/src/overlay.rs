//! Changes laid over the index: read through, written all at once later. Knows how a few values
//! are kept, not which fact changes them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use timbre_core::{Date, DocState, DocumentId, ParcelId, Series};

use crate::index::{Keys, Puts};
use crate::walk::Tip;
use crate::{Counts, OpenParcel, Row, StoreError, VouchedRow, key};

/// sled keeps larger values in files that it never syncs (above 128 KiB); we stay well below.
const LARGEST_VALUE: usize = 96 << 10;

pub(crate) struct Overlay<'a> {
    base: &'a dyn Keys,
    puts: Puts,
    /// Documents changed, as they are now, by order.
    pub touched: BTreeMap<u64, Row>,
    /// Sales that were recorded with their card's voucher, or whose record was undone.
    pub recorded: Vec<VouchedRow>,
}

/// A parcel and how many of its documents are still on their way in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ParcelRow {
    pub parcel: OpenParcel,
    pub sha256: String,
    pub under_way: u32,
}

impl Keys for Overlay<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.puts.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.base.get(key),
        }
    }

    fn last(&self, from: Vec<u8>, to: Vec<u8>) -> Result<Option<Vec<u8>>, StoreError> {
        let kept = self.base.last(from.clone(), to.clone())?;
        let new = self.puts.range(from..=to).rev().find(|(_, value)| value.is_some());
        Ok(kept.max(new.map(|(key, _)| key.clone())))
    }
}

impl<'a> Overlay<'a> {
    pub fn new(base: &'a dyn Keys) -> Overlay<'a> {
        Overlay { base, puts: Puts::new(), touched: BTreeMap::new(), recorded: Vec::new() }
    }

    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.puts.insert(key, Some(value));
    }

    pub fn remove(&mut self, key: Vec<u8>) {
        self.puts.insert(key, None);
    }

    pub fn put_json(&mut self, key: Vec<u8>, value: &impl Serialize) -> Result<(), StoreError> {
        self.put(key, serde_json::to_vec(value)?);
        Ok(())
    }

    pub fn order(&self, id: &DocumentId) -> Result<Option<u64>, StoreError> {
        self.number(&key::document(id))
    }

    pub fn row(&self, id: &DocumentId) -> Result<Option<Row>, StoreError> {
        match self.order(id)? {
            Some(order) => self.json(&key::row(order)),
            None => Ok(None),
        }
    }

    /// Puts a row that the frame `sequence` changed.
    pub fn put_row(&mut self, mut row: Row, sequence: u64) -> Result<(), StoreError> {
        row.revision = sequence;
        self.put(key::row(row.order), fitting(&row)?);
        self.touched.insert(row.order, row);
        Ok(())
    }

    pub fn parcel(&self, id: &ParcelId) -> Result<Option<ParcelRow>, StoreError> {
        self.json(&key::parcel(id))
    }

    /// The highest folio of a series that is on disk, not above `last`.
    pub fn highest(&self, id: &DocumentId) -> Result<Option<u64>, StoreError> {
        let last = self.last(key::series_number(&id.series, 0), key::document(id))?;
        Ok(last.as_deref().and_then(key::tail))
    }

    /// Adds `by` to a state's counters: that of all documents, and that of their series.
    pub fn count(
        &mut self,
        series: &Series,
        state: DocState,
        attention: bool,
        by: i64,
    ) -> Result<(), StoreError> {
        self.add(key::in_series(series, state), by)?;
        let mut counts: Counts = self.json(key::COUNTS)?.unwrap_or_default();
        let counters = match attention {
            true => &mut counts.attention,
            false => &mut counts.by_state,
        };
        let counter = &mut counters[usize::from(key::state_byte(state))];
        *counter = counter.saturating_add_signed(by);
        self.put_json(key::COUNTS.to_vec(), &counts)
    }

    /// Counts documents without a whole paper.
    pub fn count_unprinted(&mut self, by: i64) -> Result<(), StoreError> {
        let mut counts: Counts = self.json(key::COUNTS)?.unwrap_or_default();
        counts.unprinted = counts.unprinted.saturating_add_signed(by);
        self.put_json(key::COUNTS.to_vec(), &counts)
    }

    pub fn count_day(&mut self, date: Date, by: i64) -> Result<(), StoreError> {
        self.add(key::day(date), by)
    }

    /// Adds `by` to the counter that stands under a key.
    pub fn add(&mut self, key: Vec<u8>, by: i64) -> Result<(), StoreError> {
        let count = self.number(&key)?.unwrap_or_default().saturating_add_signed(by);
        self.put(key, count.to_be_bytes().to_vec());
        Ok(())
    }

    pub fn into_changes(self) -> Puts {
        self.puts
    }

    /// The changes, with the point of the journal up to which they are complete.
    pub fn into_puts(self, applied: &Tip) -> Result<Puts, StoreError> {
        finished(self.puts, applied)
    }

    pub fn is_empty(&self) -> bool {
        self.puts.is_empty()
    }

    pub fn len(&self) -> usize {
        self.puts.len()
    }
}

/// Changes with the point of the journal up to which they are complete.
pub(crate) fn finished(mut puts: Puts, applied: &Tip) -> Result<Puts, StoreError> {
    let schema = u64::from(key::SCHEMA).to_be_bytes().to_vec();
    puts.insert(key::SCHEMA_KEY.to_vec(), Some(schema));
    puts.insert(key::APPLIED.to_vec(), Some(serde_json::to_vec(applied)?));
    Ok(puts)
}

/// A row as a value that sled keeps in its log: what only helps a search gives way first.
fn fitting(row: &Row) -> Result<Vec<u8>, StoreError> {
    let bytes = serde_json::to_vec(row)?;
    if bytes.len() <= LARGEST_VALUE {
        return Ok(bytes);
    }
    let mut row = row.clone();
    shorten(&mut row.words, 16 << 10);
    row.remarks.truncate(20);
    for remark in &mut row.remarks {
        shorten(&mut remark.words, 1 << 10);
        shorten(&mut remark.meaning, 1 << 10);
    }
    if let Some(error) = &mut row.error {
        shorten(error, 1 << 10);
    }
    Ok(serde_json::to_vec(&row)?)
}

fn shorten(text: &mut String, length: usize) {
    let end = (0..=length.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or(0));
}
