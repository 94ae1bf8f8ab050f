//! What the panel foresees: when all is sent (`forecast`), and when the folios run out (`runway`). Reads what those
//! pure functions need, and says it as people do.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use timbre_core::{DocState, Series, Timestamp};
use timbre_store::Counts;

use crate::clock::{later, until};
use crate::engine::Inner;
use crate::forecast;
use crate::runway::{self, End, PAST};
use crate::sender::lock;
use crate::show;
use crate::view::FoliosView;

/// What is kept between two looks.
#[derive(Debug, Default)]
pub(crate) struct Foresight {
    sending: Mutex<forecast::Pace>,
    /// By series: of which hour it is, and how many documents the hours of a week have.
    selling: Mutex<BTreeMap<String, (Timestamp, Option<runway::Pace>)>>,
}

/// When all that waits will have been sent; `None` where nothing moves, or nothing may (a locked folder sends nothing).
pub(crate) fn forecast(inner: &Inner, counts: &Counts) -> Option<Timestamp> {
    let now = inner.clock.now();
    let waiting = [DocState::Generado, DocState::Pendiente, DocState::Enviando];
    let left: u64 = waiting.into_iter().map(|state| counts.of(state)).sum();
    let mut pace = lock(&inner.foresight.sending);
    pace.see(now, left, counts.total() - left);
    pace.ends(now, left).filter(|_| inner.sender.running() && inner.reader.locked().is_none())
}

/// `a las 21:10`, when that is not just now.
pub(crate) fn soon(inner: &Inner, now: Timestamp, at: Timestamp) -> Option<String> {
    let soon = later(now, Duration::from_secs(60));
    (at > soon).then(|| format!("a las {}", crate::watchdog::hour(inner, at)))
}

/// What is left of each type, and for how long.
pub(crate) fn folios(inner: &Inner) -> Vec<FoliosView> {
    let mut folios = show::folios(&inner.reader.ranges(), inner.regime.profile(), inner.today());
    let (now, settings) = (inner.clock.now(), &inner.sender.parts.settings);
    for kind in &mut folios {
        let Foreseen { end, weekly, days } = foreseen(inner, kind, now);
        let by_pace = weekly.is_some();
        (kind.weekly, kind.days) = (weekly, days);
        let ends = end.map(End::at);
        kind.runs_out = ends.map(|at| at.to_string());
        kind.expiring = matches!(end, Some(End::Expired(_)));
        let loaded: u64 = kind.ranges.iter().filter(|r| !r.expired).map(|r| r.last - r.first + 1).sum();
        let soon = ends.is_some_and(|ends| until(now, ends) <= settings.folios_last);
        kind.low = soon || !by_pace && kind.left * 100 < loaded * settings.folios_percent;
    }
    folios
}

/// What comes of the folios of a type; all but an end by expiry needs the pace of past weeks.
struct Foreseen {
    end: Option<End>,
    weekly: Option<u64>,
    days: Vec<u64>,
}

fn foreseen(inner: &Inner, kind: &FoliosView, now: Timestamp) -> Foreseen {
    let series = kind.series.as_str();
    let good = kind.ranges.iter().filter(|range| !range.expired && range.stopped.is_none());
    let ranges: Vec<_> =
        good.map(|range| (range.left, range.expires.as_deref().and_then(|day| after(inner, day)))).collect();
    let hour = runway::hour(now);
    let mut known = lock(&inner.foresight.selling);
    if known.get(series).is_none_or(|(of, _)| *of != hour) {
        known.insert(series.to_owned(), (hour, pace(inner, series, now)));
    }
    let pace = known.get(series).and_then(|(_, pace)| pace.as_ref());
    let days = |pace| runway::days(&ranges, pace, now, &inner.zone);
    Foreseen {
        end: runway::end(&ranges, pace, now, &inner.zone),
        weekly: pace.map(runway::Pace::weekly),
        days: pace.map(days).unwrap_or_default(),
    }
}

/// The end of a day that is written `AAAA-MM-DD`.
fn after(inner: &Inner, day: &str) -> Option<Timestamp> {
    let next = day.parse::<timbre_core::Date>().ok()?.tomorrow().ok()?;
    Some(next.to_zoned(inner.zone.clone()).ok()?.timestamp())
}

fn pace(inner: &Inner, series: &str, now: Timestamp) -> Option<runway::Pace> {
    let series = Series(series.to_owned());
    let since = now.saturating_sub(jiff::SignedDuration::try_from(PAST).ok()?).ok()?;
    let read = || Ok((inner.reader.hours(&series, since)?, inner.reader.first_hour(&series)?));
    let (seen, first) = read()
        .inspect_err(|error: &timbre_store::StoreError| {
            tracing::error!(%error, "the pace of past weeks can't be read");
        })
        .ok()?;
    runway::Pace::of(&seen, first?, now, &inner.zone)
}

/// The types whose folios run out soon, and what there is to say of each.
pub(crate) fn low(inner: &Inner, folios: &[FoliosView]) -> Vec<(String, String)> {
    let said = |kind: &FoliosView| {
        let name = kind.name.to_lowercase();
        let ends = kind.runs_out.as_ref().and_then(|at| at.parse().ok());
        let words = match (kind.left, ends) {
            // It ends with the last moment of their last day.
            (_, Some(ends)) if kind.expiring => {
                let last = earlier(ends);
                format!("Los folios de {name} que quedan sirven hasta {}", whole_day(inner, last).0)
            }
            (1, None) => format!("Queda 1 folio de {name}"),
            (left, None) => format!("Quedan {left} folios de {name}"),
            (_, Some(ends)) => format!("A este ritmo los folios de {name} se acaban {}", day(inner, ends)),
        };
        (kind.series.clone(), words)
    };
    folios.iter().filter(|kind| kind.low && kind.left > 0).map(said).collect()
}

/// `el sábado a las 18:40`.
fn day(inner: &Inner, at: Timestamp) -> String {
    let clock = at.to_zoned(inner.zone.clone()).strftime("a las %H:%M").to_string();
    match whole_day(inner, at) {
        (day, true) => format!("{day} {clock}"),
        (day, false) => day,
    }
}

/// `el sábado`, and whether it is within a week.
fn whole_day(inner: &Inner, at: Timestamp) -> (String, bool) {
    const DAYS: [&str; 7] = ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"];
    let (local, today) = (at.to_zoned(inner.zone.clone()), inner.today());
    let day = match local.date().since(today).map_or(i32::MAX, |span| span.get_days()) {
        0 => "hoy".to_owned(),
        1 => "mañana".to_owned(),
        2..7 => {
            let name = usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or_default();
            format!("el {}", DAYS[name])
        }
        _ => return (format!("el {}", show::day(local.date())), false),
    };
    (day, true)
}

/// A second before.
fn earlier(at: Timestamp) -> Timestamp {
    at.saturating_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(at)
}
