//! The day at a glance: what was issued, by type and hour. What was counted once is not read again, so that
//! the next look costs what was issued since.

use std::collections::BTreeMap;
use std::sync::Mutex;

use timbre_core::{Date, DocState};
use timbre_store::{Filter, Row};

use crate::engine::{Agent, Answer};
use crate::sender::lock;
use crate::view::{HourView, PaceView, TodayView};

/// Rows that are read at once.
const PIECE: usize = 500;

/// What of a day was counted already.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    day: Option<Date>,
    /// Everything up to here in the order of issue is in `hours`.
    order: Option<u64>,
    hours: Hours,
}

/// Documents and what they come to, by type and hour.
type Hours = BTreeMap<(String, u8), (u64, i64)>;

impl Agent {
    /// What was issued today, and how fast the authority answers.
    pub fn today(&self) -> Answer<TodayView> {
        let inner = &self.0;
        let now = inner.clock.now().to_zoned(inner.zone.clone());
        let hours = self.hours(now.date())?;
        let answers = inner.sender.answers().into_iter().map(|answer| PaceView {
            at: answer.at.to_string(),
            ok: answer.ok,
            took_ms: answer.took.as_millis().try_into().unwrap_or(u64::MAX),
        });
        Ok(TodayView {
            date: now.date().to_string(),
            hour: now.hour().unsigned_abs(),
            hours: hours
                .into_iter()
                .filter(|(_, (documents, _))| *documents > 0)
                .map(|((series, hour), (documents, total))| HourView { series, hour, documents, total })
                .collect(),
            vouchers: self.vouched_on(now.date())?,
            answers: answers.collect(),
        })
    }

    fn hours(&self, day: Date) -> Answer<Hours> {
        let filter = Filter { from: Some(day), to: Some(day), ..Filter::default() };
        let mut counted = lock(&self.0.tally.0);
        if counted.day != Some(day) {
            *counted = Counted { day: Some(day), ..Counted::default() };
        }
        let (mut cursor, mut newest) = (None, counted.order);
        // Kept only when all of it was read: half a count would stay wrong.
        let mut fresh = Hours::new();
        'all: loop {
            let page = self.0.reader.list(&filter, cursor, PIECE)?;
            for row in &page.rows {
                if Some(row.order) <= counted.order {
                    break 'all;
                }
                newest = newest.max(Some(row.order));
                count(&mut fresh, self.place(row, day), 1, row.total.0);
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        counted.order = newest;
        for (place, (documents, total)) in fresh {
            count(&mut counted.hours, place, documents, total);
        }
        let mut hours = counted.hours.clone();
        drop(counted);
        // Few, and a document may become one at any time.
        let replaced = Filter { states: vec![DocState::Reemplazado], ..filter };
        for row in self.0.reader.list(&replaced, None, usize::MAX)?.rows {
            if let Some(sum) = hours.get_mut(&self.place(&row, day)) {
                *sum = (sum.0.saturating_sub(1), sum.1.saturating_sub(row.total.0));
            }
        }
        Ok(hours)
    }

    /// A document that was signed on another day than its own, made again after midnight, is in the day's last hour.
    fn place(&self, row: &Row, day: Date) -> (String, u8) {
        let issued = row.issued.to_zoned(self.0.zone.clone());
        let hour = if issued.date() == day { issued.hour().unsigned_abs() } else { 23 };
        (row.id.series.0.clone(), hour)
    }
}

fn count(hours: &mut Hours, place: (String, u8), documents: u64, total: i64) {
    let sum = hours.entry(place).or_default();
    *sum = (sum.0 + documents, sum.1.saturating_add(total));
}
