//! The few things that are asked all the time and kept decoded in memory: ranges, counters, the
//! company, the line. Each is a copy of keys of the index and changes with them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use timbre_core::{Company, Date, DocState, Environment, Grant, GrantId, Series, Timestamp};

use crate::index::{Index, Puts, decode};
use crate::{
    ClockAccepted, ClockSeen, Counts, Locked, Mark, Place, Range, Span, StoreError, VoucherTerm, key,
};

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Live {
    pub counts: Counts,
    pub days: BTreeMap<Date, u64>,
    /// Documents by series and state.
    pub kinds: BTreeMap<(Series, DocState), u64>,
    pub company: Option<(Company, Environment)>,
    pub certificate: Option<Place>,
    pub stamp: Option<Timestamp>,
    pub lines: BTreeMap<String, (bool, Timestamp)>,
    pub clock: Option<ClockSeen>,
    pub clock_accepted: Option<ClockAccepted>,
    /// Ascending: from each day on, whether card vouchers stand for documents.
    pub voucher_terms: Vec<VoucherTerm>,
    pub lock: Option<Locked>,
    pub lock_found: Option<Locked>,
    /// Where the last fact stands that lifted a lock.
    lifted: Option<Place>,
    /// Where the last damage lies that was stepped over.
    stepped_over: Option<Place>,
    grants: BTreeMap<GrantId, GrantRow>,
    counters: BTreeMap<GrantId, Counter>,
}

/// A loaded grant: what never changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct GrantRow {
    pub grant: Grant,
    /// This folder's share of it.
    pub first: u64,
    pub last: u64,
    pub loaded: Timestamp,
    pub frame: Place,
}

/// A loaded grant: what changes with every folio.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counter {
    pub series: Series,
    pub next: u64,
    pub stopped: Option<String>,
    /// Where it went on when it was last used again after a stop.
    #[serde(default)]
    pub reopened: u64,
    /// Passed over and not looked at by a person yet: ascending, apart from each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Span>,
    /// Tills that remember folios of it that a person decided were never given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disbelieved: Vec<String>,
}

impl Counter {
    /// Goes on at `next`, never lower: what lies between may have been used, or is `lost`, and is for a person to look
    /// at.
    pub fn skip_to(&mut self, next: u64, lost: bool) {
        if next <= self.next {
            return;
        }
        match self.skipped.last_mut() {
            Some(span) if span.last + 1 == self.next && span.lost == lost => span.last = next - 1,
            Some(_) | None => self.skipped.push(Span { first: self.next, last: next - 1, lost }),
        }
        self.next = next;
    }

    /// Nobody has to look at these any more, `first` to `last`.
    pub fn settle(&mut self, (first, last): (u64, u64)) {
        let kept = |span: &Span| {
            let before = Span { last: span.last.min(first.saturating_sub(1)), ..*span };
            let after = Span { first: span.first.max(last.saturating_add(1)), ..*span };
            let apart = last < span.first || first > span.last;
            let parts = if apart { vec![*span] } else { vec![before, after] };
            parts.into_iter().filter(|part| part.first <= part.last)
        };
        self.skipped = self.skipped.iter().flat_map(kept).collect();
    }
}

impl Live {
    pub fn load(index: &Index) -> Result<Live, StoreError> {
        let mut live = Live::default();
        for letter in [b'M', b'L', b'G', b'N', b'T', b'k'] {
            for (key, value) in index.with_prefix(&[letter])? {
                live.take(&key, Some(&value))?;
            }
        }
        Ok(live)
    }

    /// Follows what was written to the index.
    pub fn follow(&mut self, puts: &Puts) -> Result<(), StoreError> {
        puts.iter().try_for_each(|(key, value)| self.take(key, value.as_deref()))
    }

    fn take(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), StoreError> {
        let Some((letter, name)) = key.split_first() else {
            return Ok(());
        };
        let text = || String::from_utf8_lossy(name).into_owned();
        match (letter, value) {
            (b'M', value) => self.take_one(key, value)?,
            (b'L', Some(value)) => _ = self.lines.insert(text(), decode(value)?),
            (b'G', Some(value)) => _ = self.grants.insert(GrantId(text()), decode(value)?),
            (b'N', Some(value)) => _ = self.counters.insert(GrantId(text()), decode(value)?),
            (b'T', Some(value)) => {
                let date = text().parse().map_err(|_| crate::index::broken("una fecha"))?;
                self.days.insert(date, key::tail(value).unwrap_or_default());
            }
            (b'k', Some(value)) => {
                let named = key::series_and_byte(key)
                    .and_then(|(series, byte)| Some((series, *DocState::ALL.get(usize::from(byte))?)));
                let kind = named.ok_or_else(|| crate::index::broken("una cuenta por tipo"))?;
                self.kinds.insert(kind, key::tail(value).unwrap_or_default());
            }
            _ => {}
        }
        Ok(())
    }

    fn take_one(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), StoreError> {
        match key {
            key::COUNTS => self.counts = value.map(decode).transpose()?.unwrap_or_default(),
            key::COMPANY => self.company = value.map(decode).transpose()?,
            key::CERTIFICATE => self.certificate = value.and_then(key::place_of),
            key::STAMP => self.stamp = value.map(decode).transpose()?,
            key::CLOCK => self.clock = value.map(decode).transpose()?,
            key::CLOCK_ACCEPTED => self.clock_accepted = value.map(decode).transpose()?,
            key::VOUCHER_TERMS => self.voucher_terms = value.map(decode).transpose()?.unwrap_or_default(),
            key::LOCK => self.lock = value.map(decode).transpose()?,
            key::LOCK_FOUND => self.lock_found = value.map(decode).transpose()?,
            key::LIFTED => self.lifted = value.and_then(key::place_of),
            key::STEPPED_OVER => self.stepped_over = value.and_then(key::place_of),
            _ => {}
        }
        Ok(())
    }

    /// Why issuing is locked, whether the journal has it already or not.
    pub fn locked(&self) -> Option<&Locked> {
        self.lock_found.as_ref().or(self.lock.as_ref())
    }

    /// Of what stands before this place the index may not know all that came of it: a lock was lifted there, or damage
    /// was stepped over.
    pub fn unsure_before(&self) -> Option<Place> {
        self.lifted.max(self.stepped_over)
    }

    /// By series, then by first folio.
    pub fn ranges(&self) -> Vec<Range> {
        let mut ranges: Vec<Range> = self.grants.values().map(|row| self.range(row)).collect();
        ranges.sort_by(|a, b| (&a.grant.series, a.first).cmp(&(&b.grant.series, b.first)));
        ranges
    }

    pub fn grant(&self, id: &GrantId) -> Option<&GrantRow> {
        self.grants.get(id)
    }

    pub fn counter(&self, id: &GrantId) -> Option<&Counter> {
        self.counters.get(id)
    }

    pub fn grants(&self) -> impl Iterator<Item = &GrantRow> {
        self.grants.values()
    }

    /// How far every grant is used, loaded or only remembered.
    pub fn marks(&self) -> Vec<Mark> {
        let mark = |(grant, counter): (&GrantId, &Counter)| Mark {
            series: counter.series.clone(),
            grant: grant.clone(),
            next: counter.next,
        };
        self.counters.iter().map(mark).collect()
    }

    fn range(&self, row: &GrantRow) -> Range {
        let counter = self.counters.get(&row.grant.id);
        Range {
            grant: row.grant.clone(),
            first: row.first,
            last: row.last,
            next: counter.map_or(row.first, |c| c.next),
            stopped: counter.and_then(|c| c.stopped.clone()),
            reopened: counter.map_or(0, |c| c.reopened),
            skipped: counter.map(|c| c.skipped.clone()).unwrap_or_default(),
            loaded: row.loaded,
        }
    }
}
