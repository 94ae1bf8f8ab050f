//! What a watch over time asks of the index: whose legal term runs, what was warned of, what was said of the
//! line and of the clock, how many documents each hour had. How long a term is, and what stops it, is told
//! elsewhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use timbre_core::{Document, Series, Timestamp};

use crate::apply::Stand;
use crate::fact::Warned;
use crate::index::broken;
use crate::overlay::Overlay;
use crate::{Reader, StoreError, key};

const HOUR: i64 = 3600;

/// What was found of the machine's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockSeen {
    /// The authority's time less the machine's, in seconds.
    pub offset_seconds: i64,
    /// It is as it should be.
    pub good: bool,
    /// By the machine's clock.
    pub at: Timestamp,
}

/// A person's word that a clock so far off is to be gone by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockAccepted {
    pub who: String,
    pub offset_seconds: i64,
    pub at: Timestamp,
}

pub(crate) fn word(on: &mut Overlay<'_>, what: &str, up: bool, stand: Stand) {
    let said = [moment(stand.at), vec![u8::from(up)]].concat();
    on.put(key::word(what, stand.sequence), said);
}

pub(crate) fn warn(on: &mut Overlay<'_>, warned: &Warned) -> Result<(), StoreError> {
    warned.orders.iter().for_each(|order| on.put(key::warned(*order), vec![warned.level]));
    on.add(key::told(&warned.series, warned.level), warned.orders.len() as i64)
}

pub(crate) fn seen(
    on: &mut Overlay<'_>,
    offset_seconds: i64,
    good: bool,
    stand: Stand,
) -> Result<(), StoreError> {
    on.put_json(key::CLOCK.to_vec(), &ClockSeen { offset_seconds, good, at: stand.at })
}

pub(crate) fn accept(
    on: &mut Overlay<'_>,
    who: &str,
    offset_seconds: i64,
    stand: Stand,
) -> Result<(), StoreError> {
    let accepted = ClockAccepted { who: who.to_owned(), offset_seconds, at: stand.at };
    on.put_json(key::CLOCK_ACCEPTED.to_vec(), &accepted)
}

/// A document more in the hour that it was stamped in.
pub(crate) fn count_hour(on: &mut Overlay<'_>, document: &Document) -> Result<(), StoreError> {
    on.add(key::hour(&document.id.series, hour_of(document.stamped)), 1)
}

/// A time as a value.
pub(crate) fn moment(at: Timestamp) -> Vec<u8> {
    at.as_microsecond().to_be_bytes().to_vec()
}

pub(crate) fn moment_of(value: &[u8]) -> Result<Timestamp, StoreError> {
    let micros = value.first_chunk().map(|bytes| i64::from_be_bytes(*bytes));
    let at = micros.and_then(|micros| Timestamp::from_microsecond(micros).ok());
    at.ok_or_else(|| broken("una hora"))
}

/// The hour of a moment, counted from 1970.
fn hour_of(at: Timestamp) -> u64 {
    at.as_second().div_euclid(HOUR).try_into().unwrap_or_default()
}

impl Reader {
    /// The documents of a series that the authority may not hold, in the order of issue, after the
    /// place `after`: their places, and when they were stamped. No row is read.
    pub fn unheld(&self, series: &Series, after: u64) -> Result<Vec<(u64, Timestamp)>, StoreError> {
        let from = key::unheld(series, after.saturating_add(1));
        let to = key::unheld(series, u64::MAX);
        self.view.ask(|entries| {
            let found = entries.between(from, to).map(|entry| {
                let (key, value) = entry?;
                Ok((key::tail(&key).ok_or_else(|| broken("la cola"))?, moment_of(&value)?))
            });
            found.collect()
        })
    }

    /// How much of the term had run when it was last told of a document, in percent: by place in the order
    /// of issue, for those from `from` on. Who is absent was not told of.
    pub fn warned(&self, from: u64) -> Result<BTreeMap<u64, u8>, StoreError> {
        self.view.ask(|entries| {
            let found = entries.between(key::warned(from), key::warned(u64::MAX)).map(|entry| {
                let (key, value) = entry?;
                let level = value.first().copied();
                key::tail(&key).zip(level).ok_or_else(|| broken("un aviso"))
            });
            found.collect()
        })
    }

    /// How many documents were ever told of, by series and level.
    pub fn told(&self) -> Result<BTreeMap<(Series, u8), u64>, StoreError> {
        let counted = self.view.with_prefix(b"w")?.into_iter().map(|(key, value)| {
            key::series_and_byte(&key).zip(key::tail(&value)).ok_or_else(|| broken("una cuenta de avisos"))
        });
        counted.collect()
    }

    /// What was said of the line `what`, in its order, from the last word before `since` on: when, and
    /// whether it was up.
    pub fn words(&self, what: &str, since: Timestamp) -> Result<Vec<(Timestamp, bool)>, StoreError> {
        self.view.ask(|entries| {
            let mut words = Vec::new();
            for entry in entries.between_back(key::word(what, 0), key::word(what, u64::MAX)) {
                let (_, value) = entry?;
                let at = moment_of(&value)?;
                words.push((at, value.last() == Some(&1)));
                if at < since {
                    break;
                }
            }
            words.reverse();
            Ok(words)
        })
    }

    /// How many documents of a series were issued in each hour from the one of `since` on: the hour's
    /// beginning, and the count. Hours without one are absent.
    pub fn hours(&self, series: &Series, since: Timestamp) -> Result<Vec<(Timestamp, u64)>, StoreError> {
        let (from, to) = (key::hour(series, hour_of(since)), key::hour(series, u64::MAX));
        self.view.ask(|entries| {
            let found = entries.between(from, to).map(|entry| {
                let (key, value) = entry?;
                let hour = key::tail(&key).and_then(|hour| i64::try_from(hour).ok());
                let begins = hour.and_then(|hour| Timestamp::from_second(hour * HOUR).ok());
                Ok((begins.ok_or_else(|| broken("una hora"))?, key::tail(&value).unwrap_or_default()))
            });
            found.collect()
        })
    }

    /// When the first document of a series was issued, to the hour.
    pub fn first_hour(&self, series: &Series) -> Result<Option<Timestamp>, StoreError> {
        let (from, to) = (key::hour(series, 0), key::hour(series, u64::MAX));
        let first = self.view.ask(|entries| Ok(entries.between(from, to).next().transpose()?))?;
        let hour = first.and_then(|(key, _)| i64::try_from(key::tail(&key)?).ok());
        Ok(hour.and_then(|hour| Timestamp::from_second(hour * HOUR).ok()))
    }

    /// What was found last of the machine's clock.
    pub fn clock_seen(&self) -> Option<ClockSeen> {
        self.live().clock
    }

    /// The last word of a person about it.
    pub fn clock_accepted(&self) -> Option<ClockAccepted> {
        self.live().clock_accepted.clone()
    }
}
