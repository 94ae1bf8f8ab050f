//! Sales that a card's voucher stands for: since when it does, as the company declared, and the records of those
//! sales. They are no documents: they have no number, no state, and nothing sends them. Which sales they are is
//! told elsewhere.

use serde::{Deserialize, Serialize};
use timbre_core::{Amount, Date, DocumentId, Series, TillData, Timestamp};

use crate::apply::Stand;
use crate::fact::{Issued, Vouched, VouchedUndone, VoucherTerm};
use crate::index::{Index, Keys, decode};
use crate::live::Live;
use crate::overlay::Overlay;
use crate::{Place, Reader, Row, StoreError, key};

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
    /// The document that was issued for the rest of the sale, where a card paid a part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<DocumentId>,
    /// It counts no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<Undone>,
    /// Where the fact stands.
    pub frame: Place,
}

/// Who took a record back, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    pub at: Timestamp,
    pub who: String,
    pub why: String,
}

/// Some of them, the newest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vouchers {
    pub rows: Vec<VouchedRow>,
    /// Where the next page begins.
    pub next: Option<(Date, u64)>,
}

/// How many of a day, and what they come to, without those that were undone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VoucherSums {
    pub sales: u64,
    pub total: Amount,
}

/// A key names one sale, be it a document or a record, and a record is made only while vouchers stand for documents.
pub(crate) fn judge(live: &Live, on: &Overlay<'_>, vouched: &Vouched) -> Result<(), StoreError> {
    declared(live, vouched.date)?;
    if let Some(order) = on.number(&key::idempotency(&vouched.key))?
        && let Some(row) = on.json::<Row>(&key::row(order))?
    {
        return Err(StoreError::KeyTaken { key: vouched.key.clone(), document: row.id });
    }
    unrecorded(on, &vouched.key)
}

/// A sale that was recorded whole gets no document beside it.
pub(crate) fn no_document(on: &Overlay<'_>, issued: &Issued) -> Result<(), StoreError> {
    let Some(key) = &issued.key else { return Ok(()) };
    let Some(name) = on.get(&key::vouched_key(key))? else { return Ok(()) };
    match on.json::<VouchedRow>(&name)? {
        Some(row) if row.rest.is_some() => Ok(()),
        row => Err(taken(key, row.as_ref())),
    }
}

/// A part is recorded once, with the first document of its sale, and only while vouchers stand for documents.
pub(crate) fn judge_part(live: &Live, on: &Overlay<'_>, issued: &Issued) -> Result<(), StoreError> {
    let Some(card) = &issued.card else { return Ok(()) };
    declared(live, card.date)?;
    let Some(key) = issued.key.as_ref().filter(|_| issued.document.version == 1) else {
        let message =
            "La parte pagada con tarjeta se registra con la clave de la venta y su primer documento.";
        return Err(StoreError::refused("voucher-part", message));
    };
    unrecorded(on, key)
}

fn declared(live: &Live, day: Date) -> Result<(), StoreError> {
    if stands(&live.voucher_terms, day).is_some() {
        return Ok(());
    }
    let message = "En esta fecha el voucher de la tarjeta no reemplaza al documento: la venta lleva el suyo.";
    Err(StoreError::refused("voucher-not-declared", message))
}

/// A key has one record.
fn unrecorded(on: &Overlay<'_>, key: &str) -> Result<(), StoreError> {
    match on.get(&key::vouched_key(key))? {
        Some(name) => Err(taken(key, on.json(&name)?.as_ref())),
        None => Ok(()),
    }
}

fn taken(key: &str, row: Option<&VouchedRow>) -> StoreError {
    let beside = match row.and_then(|row| row.rest.as_ref()) {
        Some(_) => "y lo que no pagó la tarjeta tiene su documento",
        None => "sin documento",
    };
    let message =
        format!("La venta con la clave «{key}» ya quedó registrada con el voucher de la tarjeta, {beside}.");
    StoreError::refused("key-vouched", message)
}

pub(crate) fn take(on: &mut Overlay<'_>, vouched: &Vouched, stand: Stand) -> Result<(), StoreError> {
    let row = VouchedRow {
        sequence: stand.sequence,
        at: stand.at,
        date: vouched.date,
        key: vouched.key.clone(),
        sale_hash: vouched.sale_hash.clone(),
        series: vouched.series.clone(),
        total: vouched.total,
        till: vouched.till.clone(),
        rest: None,
        undone: None,
        frame: stand.place,
    };
    put(on, row)
}

/// The part of a sale that a card paid, with the document for the rest.
pub(crate) fn take_part(on: &mut Overlay<'_>, issued: &Issued, stand: Stand) -> Result<(), StoreError> {
    let (Some(card), Some(key)) = (&issued.card, &issued.key) else { return Ok(()) };
    let row = VouchedRow {
        sequence: stand.sequence,
        at: stand.at,
        date: card.date,
        key: key.clone(),
        sale_hash: issued.sale_hash.clone(),
        series: issued.document.id.series.clone(),
        total: card.total,
        till: card.till.clone(),
        rest: Some(issued.document.id.clone()),
        undone: None,
        frame: stand.place,
    };
    put(on, row)
}

/// Once for each key: a fact may be read again.
fn put(on: &mut Overlay<'_>, row: VouchedRow) -> Result<(), StoreError> {
    if on.get(&key::vouched_key(&row.key))?.is_some() {
        return Ok(());
    }
    let name = key::vouched(row.date, row.sequence);
    on.put_json(name.clone(), &row)?;
    on.put(key::vouched_key(&row.key), name);
    let count = on.number(key::VOUCHED)?.unwrap_or_default() + 1;
    on.put(key::VOUCHED.to_vec(), count.to_be_bytes().to_vec());
    on.recorded.push(row);
    Ok(())
}

/// A record is undone once. One of a part goes with the document for the rest: that is annulled before.
pub(crate) fn judge_undo(on: &Overlay<'_>, undone: &VouchedUndone) -> Result<(), StoreError> {
    let key = &undone.key;
    let Some(row) = find(on, key)? else {
        let message = format!("Ninguna venta quedó registrada con la clave «{key}».");
        return Err(StoreError::refused("voucher-unknown", message));
    };
    if let Some(before) = &row.undone {
        let message = format!("La venta con la clave «{key}» ya la deshizo {}.", before.who);
        return Err(StoreError::refused("voucher-undone", message));
    }
    if row.rest.is_none() {
        return Ok(());
    }
    // Another document may have taken the place of the first, and its key with it.
    let order = on.number(&key::idempotency(key))?;
    let document = order.map(|order| on.json::<Row>(&key::row(order))).transpose()?.flatten();
    match document {
        Some(document) if document.annulled_by.is_none() => {
            let message = format!(
                "El resto de esa venta tiene su documento, {}: anúlelo primero con una nota, y cuando esté aceptada deshaga \
                 el registro.",
                document.id
            );
            Err(StoreError::refused("voucher-has-document", message))
        }
        Some(_) | None => Ok(()),
    }
}

fn find(on: &Overlay<'_>, key: &str) -> Result<Option<VouchedRow>, StoreError> {
    match on.get(&key::vouched_key(key))? {
        Some(name) => on.json(&name),
        None => Ok(None),
    }
}

pub(crate) fn undo(on: &mut Overlay<'_>, undone: &VouchedUndone, stand: Stand) -> Result<(), StoreError> {
    let Some(mut row) = find(on, &undone.key)? else { return Ok(()) };
    let VouchedUndone { who, why, .. } = undone.clone();
    row.undone = Some(Undone { at: stand.at, who, why });
    on.put_json(key::vouched(row.date, row.sequence), &row)?;
    on.recorded.push(row);
    Ok(())
}

pub(crate) fn declare(on: &mut Overlay<'_>, term: VoucherTerm) -> Result<(), StoreError> {
    let mut terms: Vec<VoucherTerm> = on.json(key::VOUCHER_TERMS)?.unwrap_or_default();
    terms.retain(|before| before.since < term.since);
    terms.push(term);
    on.put_json(key::VOUCHER_TERMS.to_vec(), &terms)
}

/// The term of that day, where vouchers stand for documents on it.
fn stands(terms: &[VoucherTerm], day: Date) -> Option<VoucherTerm> {
    terms.iter().rev().find(|term| term.since <= day).filter(|term| term.stands).copied()
}

/// After a stop in the middle of a write: none of the records is missing, and no key of one.
pub(crate) fn agrees(index: &Index) -> Result<bool, StoreError> {
    let count = index.number(key::VOUCHED)?.unwrap_or_default();
    Ok(index.count(b"v")? == count && index.count(b"n")? == count)
}

impl Reader {
    /// The term under which card vouchers stand for documents on that day; `None` where they don't.
    pub fn voucher_stands(&self, day: Date) -> Option<VoucherTerm> {
        stands(&self.live().voucher_terms, day)
    }

    /// Whether anything was ever declared of them: without that there is no record.
    pub fn knows_vouchers(&self) -> bool {
        !self.live().voucher_terms.is_empty()
    }

    /// What was declared, ascending by the day from which it holds.
    pub fn voucher_terms(&self) -> Vec<VoucherTerm> {
        self.live().voucher_terms.clone()
    }

    /// The record of an idempotency key.
    pub fn vouched(&self, key: &str) -> Result<Option<VouchedRow>, StoreError> {
        match self.view.get(&key::vouched_key(key))? {
            Some(name) => self.view.json(&name),
            None => Ok(None),
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
                if row.undone.is_some() {
                    continue;
                }
                sums.sales += 1;
                sums.total = Amount(sums.total.0.saturating_add(row.total.0));
            }
            Ok(sums)
        })
    }
}
