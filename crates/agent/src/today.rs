//! The day at a glance: what was issued, by type and hour, and what it comes to as sales. What was counted once is not
//! read again, so that the next look costs what was issued since.

use std::collections::BTreeMap;
use std::sync::Mutex;

use timbre_core::{Amount, Date, DocState, Series, Turnover};
use timbre_store::{Filter, Row, StoreError};

use crate::engine::{Agent, Answer};
use crate::sender::lock;
use crate::view::{HourView, PaceView, RejectedView, TodayView};

/// Rows that are read at once.
const PIECE: usize = 500;

/// What of a day was counted already.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    day: Option<Date>,
    /// By their place in the order of issue.
    documents: BTreeMap<u64, One>,
}

/// As much of a document as its day wants. None of it changes when it is made again under its own number, except for
/// the hour: it stays in that of its first count.
#[derive(Debug, Clone)]
struct One {
    series: Series,
    hour: u8,
    total: Amount,
}

/// The documents of one type and hour that count, what their totals are, and what they come to as sales.
#[derive(Debug, Default)]
struct Hour {
    documents: u64,
    total: i64,
    sold: Turnover,
}

impl Agent {
    /// What was issued today, and how fast the authority answers.
    pub fn today(&self) -> Answer<TodayView> {
        let inner = &self.0;
        let now = inner.clock.now().to_zoned(inner.zone.clone());
        let (hours, whole) = self.hours(now.date())?;
        let answers = inner.sender.answers().into_iter().map(|answer| PaceView {
            at: answer.at.to_string(),
            ok: answer.ok,
            took_ms: answer.took.as_millis().try_into().unwrap_or(u64::MAX),
        });
        Ok(TodayView {
            date: now.date().to_string(),
            hour: now.hour().unsigned_abs(),
            hours,
            sales: whole.sales,
            total: whole.total.0,
            rejected: RejectedView { documents: whole.rejected, total: whole.rejected_total.0 },
            vouchers: self.vouched_on(now.date())?,
            answers: answers.collect(),
        })
    }

    /// The day's hours, and the whole of it.
    fn hours(&self, day: Date) -> Answer<(Vec<HourView>, Turnover)> {
        let filter = Filter { from: Some(day), to: Some(day), ..Filter::default() };
        let profile = self.0.regime.profile();
        let mut counted = lock(&self.0.tally.0);
        self.read_on(&mut counted, &filter, day)?;
        let aside = self.aside(filter)?;
        let (mut hours, mut whole) = (BTreeMap::<(&Series, u8), Hour>::new(), Turnover::default());
        for (order, one) in &counted.documents {
            let weight = profile.weight(&one.series);
            // All that are not set aside count alike.
            let state = aside.get(order).copied().unwrap_or(DocState::Generado);
            whole.add(weight, state, one.total);
            if !aside.contains_key(order) {
                let hour = hours.entry((&one.series, one.hour)).or_default();
                hour.documents += 1;
                hour.total = hour.total.saturating_add(one.total.0);
                hour.sold.add(weight, state, one.total);
            }
        }
        let view = |((series, hour), sum): ((&Series, u8), Hour)| HourView {
            series: series.0.clone(),
            hour,
            documents: sum.documents,
            sales: sum.sold.sales,
            total: sum.total,
            weight: profile.weight(series).sign(),
        };
        Ok((hours.into_iter().map(view).collect(), whole))
    }

    /// Reads what was issued since the last look.
    fn read_on(&self, counted: &mut Counted, filter: &Filter, day: Date) -> Answer<()> {
        if counted.day != Some(day) {
            *counted = Counted { day: Some(day), ..Counted::default() };
        }
        let last = counted.documents.last_key_value().map(|(order, _)| *order);
        // Kept only when all of it was read: half a count would stay wrong.
        let (mut cursor, mut fresh) = (None, BTreeMap::new());
        'all: loop {
            let page = self.0.reader.list(filter, cursor, PIECE)?;
            for row in &page.rows {
                if Some(row.order) <= last {
                    break 'all;
                }
                let one = One { series: row.id.series.clone(), hour: self.hour(row, day), total: row.total };
                fresh.insert(row.order, one);
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        counted.documents.append(&mut fresh);
        Ok(())
    }

    /// Those that count nothing now, by their place in the order of issue: few, and a document may become one, or come
    /// back, at any time.
    fn aside(&self, filter: Filter) -> Result<BTreeMap<u64, DocState>, StoreError> {
        let states = vec![DocState::Rechazado, DocState::Reemplazado];
        let page = self.0.reader.list(&Filter { states, ..filter }, None, usize::MAX)?;
        Ok(page.rows.into_iter().map(|row| (row.order, row.state)).collect())
    }

    /// A document that was signed on another day than its own, made again after midnight, is in the day's last hour.
    fn hour(&self, row: &Row, day: Date) -> u8 {
        let issued = row.issued.to_zoned(self.0.zone.clone());
        if issued.date() == day { issued.hour().unsigned_abs() } else { 23 }
    }
}
