//! Sales that a card's voucher stands for: since when it does, as the company declared, and the records of those
//! sales. They are no documents: they have no number, no state, and nothing sends them. Which sales they are is
//! told elsewhere.

use serde::{Deserialize, Serialize};
use timbre_core::{Amount, Date, Series, TillData, Timestamp};

use crate::apply::Stand;
use crate::fact::{Issued, Vouched};
use crate::index::{Index, Keys, broken, decode};
use crate::live::Live;
use crate::overlay::Overlay;
use crate::{Fact, Place, Reader, Row, StoreError, key};

/// The record of one sale, without the sale itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VouchedRow {
    /// Its place among the facts: it names the record.
    pub sequence: u64,
    pub at: Timestamp,
    pub date: Date,
    pub key: String,
    pub sale_hash: String,
    pub series: Series,
    pub total: Amount,
    pub till: TillData,
    /// Where the fact stands.
    pub frame: Place,
}

/// Some of them, the newest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vouchers {
    pub rows: Vec<VouchedRow>,
    /// Where the next page begins.
    pub next: Option<(Date, u64)>,
}

/// How many of a day, and what they come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VoucherSums {
    pub sales: u64,
    pub total: Amount,
}

/// A key names one sale, be it a document or a record, and a record is made only while vouchers stand for documents.
pub(crate) fn judge(live: &Live, on: &Overlay<'_>, vouched: &Vouched) -> Result<(), StoreError> {
    if !stands(&live.voucher_terms, vouched.date) {
        let message =
            "En esta fecha el voucher de la tarjeta no reemplaza al documento: la venta lleva el suyo.";
        return Err(StoreError::refused("voucher-not-declared", message));
    }
    if let Some(order) = on.number(&key::idempotency(&vouched.key))?
        && let Some(row) = on.json::<Row>(&key::row(order))?
    {
        return Err(StoreError::KeyTaken { key: vouched.key.clone(), document: row.id });
    }
    match on.get(&key::vouched_key(&vouched.key))? {
        Some(_) => Err(taken(&vouched.key)),
        None => Ok(()),
    }
}

/// A sale that was recorded gets no document beside it.
pub(crate) fn no_document(on: &Overlay<'_>, issued: &Issued) -> Result<(), StoreError> {
    match &issued.key {
        Some(key) if on.get(&key::vouched_key(key))?.is_some() => Err(taken(key)),
        Some(_) | None => Ok(()),
    }
}

fn taken(key: &str) -> StoreError {
    let message = format!(
        "La venta con la clave «{key}» ya quedó registrada con el voucher de la tarjeta, sin documento."
    );
    StoreError::refused("key-vouched", message)
}

pub(crate) fn take(on: &mut Overlay<'_>, vouched: &Vouched, stand: Stand) -> Result<(), StoreError> {
    if on.get(&key::vouched_key(&vouched.key))?.is_some() {
        return Ok(());
    }
    let row = VouchedRow {
        sequence: stand.sequence,
        at: stand.at,
        date: vouched.date,
        key: vouched.key.clone(),
        sale_hash: vouched.sale_hash.clone(),
        series: vouched.series.clone(),
        total: vouched.total,
        till: vouched.till.clone(),
        frame: stand.place,
    };
    let name = key::vouched(row.date, row.sequence);
    on.put_json(name.clone(), &row)?;
    on.put(key::vouched_key(&vouched.key), name);
    let count = on.number(key::VOUCHED)?.unwrap_or_default() + 1;
    on.put(key::VOUCHED.to_vec(), count.to_be_bytes().to_vec());
    Ok(())
}

pub(crate) fn declare(on: &mut Overlay<'_>, since: Date, stands: bool) -> Result<(), StoreError> {
    let mut terms: Vec<(Date, bool)> = on.json(key::VOUCHER_TERMS)?.unwrap_or_default();
    terms.retain(|(before, _)| *before < since);
    terms.push((since, stands));
    on.put_json(key::VOUCHER_TERMS.to_vec(), &terms)
}

fn stands(terms: &[(Date, bool)], day: Date) -> bool {
    terms.iter().rev().find(|(since, _)| *since <= day).is_some_and(|(_, stands)| *stands)
}

/// After a stop in the middle of a write: none of the records is missing, and no key of one.
pub(crate) fn agrees(index: &Index) -> Result<bool, StoreError> {
    let count = index.number(key::VOUCHED)?.unwrap_or_default();
    Ok(index.count(b"v")? == count && index.count(b"n")? == count)
}

impl Reader {
    /// Whether card vouchers stand for documents on that day.
    pub fn voucher_stands(&self, day: Date) -> bool {
        stands(&self.live().voucher_terms, day)
    }

    /// What was declared, ascending by the day from which it holds.
    pub fn voucher_terms(&self) -> Vec<(Date, bool)> {
        self.live().voucher_terms.clone()
    }

    /// The record of an idempotency key.
    pub fn vouched(&self, key: &str) -> Result<Option<VouchedRow>, StoreError> {
        match self.view.get(&key::vouched_key(key))? {
            Some(name) => self.view.json(&name),
            None => Ok(None),
        }
    }

    /// The sale of a record as it was received.
    pub fn vouched_sale(&self, row: &VouchedRow) -> Result<bytes::Bytes, StoreError> {
        match self.segments.fact_at(row.frame)? {
            Fact::Vouched(vouched) => Ok(vouched.sale),
            _ => Err(broken("dónde está una venta con voucher")),
        }
    }

    /// At most `limit` records of the days from `from` to `to`, the newest first, behind `after`.
    pub fn vouchers(
        &self,
        (from, to): (Date, Date),
        after: Option<(Date, u64)>,
        limit: usize,
    ) -> Result<Vouchers, StoreError> {
        let last = match after {
            Some((_, 0)) => return Ok(Vouchers::default()),
            Some((day, sequence)) => key::vouched(day, sequence - 1),
            None => key::vouched(to, u64::MAX),
        };
        let mut rows: Vec<VouchedRow> = self.view.ask(|entries| {
            let found = entries.between_back(key::vouched(from, 0), last).take(limit + 1);
            found.map(|entry| decode(&entry?.1)).collect()
        })?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| (row.date, row.sequence));
        Ok(Vouchers { rows, next })
    }

    /// All of one day together.
    pub fn vouched_on(&self, day: Date) -> Result<VoucherSums, StoreError> {
        self.view.ask(|entries| {
            let mut sums = VoucherSums::default();
            for entry in entries.between(key::vouched(day, 0), key::vouched(day, u64::MAX)) {
                let row: VouchedRow = decode(&entry?.1)?;
                sums.sales += 1;
                sums.total = Amount(sums.total.0.saturating_add(row.total.0));
            }
            Ok(sums)
        })
    }
}
