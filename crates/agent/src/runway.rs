//! When the folios of a type run out at the pace of past weeks: pure, from how many documents each hour had.

use std::time::Duration;

use jiff::tz::TimeZone;
use timbre_core::Timestamp;

use crate::clock::{later, until};

/// So much of the past is looked at: a shop's weeks are alike, its seasons are not.
pub(crate) const PAST: Duration = Duration::from_secs(4 * 7 * 24 * 3600);
/// Less history than a week, or fewer documents than these, tell nothing.
const LEAST: Duration = Duration::from_secs(WEEK * 3600);
const FEWEST: u64 = 20;
/// What lasts longer is not told: much will change until then.
const FARTHEST: f64 = 53.0;

/// So many days are told one by one.
const DAYS: usize = 28;

const WEEK: u64 = 7 * 24;
const HOUR: i64 = 3600;

/// How many documents an hour of the week has, on the average: 168 of them, Monday's first hour first.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    hours: Vec<f64>,
}

impl Pace {
    /// From how many documents each hour had (by its beginning) since the `first` one ever; `None` where that is too
    /// little to tell anything. The hour that runs is left out.
    pub fn of(seen: &[(Timestamp, u64)], first: Timestamp, now: Timestamp, zone: &TimeZone) -> Option<Pace> {
        let begin = hour(now.saturating_sub(jiff::SignedDuration::try_from(PAST).ok()?).ok()?.max(first));
        let end = hour(now);
        if until(begin, end) < LEAST {
            return None;
        }
        let mut total = 0;
        let (mut sums, mut times) = (vec![0.0; WEEK as usize], vec![0.0; WEEK as usize]);
        let mut seen = seen.iter().filter(|(of, _)| *of >= begin).peekable();
        let mut at = begin;
        while at < end {
            let slot = slot(at, zone);
            times[slot] += 1.0;
            while let Some((_, count)) = seen.next_if(|(of, _)| *of <= at) {
                total += count;
                sums[slot] += *count as f64;
            }
            at = later(at, Duration::from_secs(3600));
        }
        let hours =
            sums.into_iter().zip(times).map(|(sum, times): (f64, f64)| sum / times.max(1.0)).collect();
        (total >= FEWEST).then_some(Pace { hours })
    }

    /// Documents of a week.
    pub fn weekly(&self) -> u64 {
        self.hours.iter().sum::<f64>().round() as u64
    }

    /// How many documents there are from one moment to a later one.
    fn between(&self, from: Timestamp, to: Timestamp, zone: &TimeZone) -> f64 {
        let (mut at, mut sum) = (from, 0.0);
        while at < to {
            let ends = later(hour(at), Duration::from_secs(3600)).min(to);
            sum += self.hours[slot(at, zone)] * until(at, ends).as_secs_f64() / HOUR as f64;
            at = ends;
        }
        sum
    }

    /// When so many folios are used up.
    pub fn runs_out(&self, left: u64, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        if left == 0 {
            return Some(now);
        }
        let week: f64 = self.hours.iter().sum();
        let mut left = left as f64;
        let weeks = (left / week).floor();
        if !weeks.is_finite() || weeks > FARTHEST {
            return None;
        }
        let mut at =
            now.to_zoned(zone.clone()).checked_add(jiff::Span::new().weeks(weeks as i64)).ok()?.timestamp();
        left -= weeks * week;
        // A week and the rest of an hour, and one more for what is lost in counting.
        for _ in 0..WEEK + 2 {
            let ends = later(hour(at), Duration::from_secs(3600));
            let span = until(at, ends).as_secs_f64();
            let sold = self.hours[slot(at, zone)] * span / HOUR as f64;
            if sold >= left && sold > 0.0 {
                return Some(later(at, Duration::from_secs_f64(span * left / sold)));
            }
            left -= sold;
            at = ends;
        }
        Some(at)
    }
}

/// What is left of ranges (so many each, and until when) at the end of today and of each day after it, to the day of
/// the last one or for so many days as are told.
pub fn days(ranges: &[(u64, Option<Timestamp>)], pace: &Pace, now: Timestamp, zone: &TimeZone) -> Vec<u64> {
    let mut left: Vec<_> = ranges.iter().map(|(left, expires)| (*left as f64, *expires)).collect();
    let (mut at, mut told) = (now, Vec::new());
    while told.len() < DAYS {
        let Ok(midnight) = at.to_zoned(zone.clone()).tomorrow().and_then(|day| day.start_of_day()) else {
            break;
        };
        let midnight = midnight.timestamp();
        let mut sold = pace.between(at, midnight, zone);
        for (left, _) in left.iter_mut().filter(|(_, expires)| expires.is_none_or(|at| at >= midnight)) {
            let taken = sold.min(*left);
            (*left, sold) = (*left - taken, sold - taken);
        }
        let good = |expires: &Option<Timestamp>| expires.is_none_or(|at| at > midnight);
        let rest: f64 = left.iter().filter(|(_, expires)| good(expires)).map(|(left, _)| left).sum();
        // What is lost in counting is no folio.
        let rest = (rest - 1e-6).ceil().max(0.0) as u64;
        told.push(rest);
        if rest == 0 {
            break;
        }
        at = midnight;
    }
    told
}

/// How the folios of a type come to their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Used(Timestamp),
    Expired(Timestamp),
}

impl End {
    pub fn at(self) -> Timestamp {
        match self {
            End::Used(at) | End::Expired(at) => at,
        }
    }
}

/// When the last of a type's folios can be given: they are used range by range in this order, each so many and until
/// it expires. `None` where that can't be told.
pub fn end(
    ranges: &[(u64, Option<Timestamp>)],
    pace: Option<&Pace>,
    now: Timestamp,
    zone: &TimeZone,
) -> Option<End> {
    let mut end = pace.map(|_| End::Used(now));
    let mut from = now;
    for (left, expires) in ranges {
        // What expires before its turn comes adds nothing.
        if *left == 0 || expires.is_some_and(|at| at <= from) {
            continue;
        }
        let used = pace.and_then(|pace| pace.runs_out(*left, from, zone));
        let of_range = match (used, *expires) {
            (Some(used), Some(expires)) if expires < used => End::Expired(expires),
            (Some(used), _) => End::Used(used),
            (None, Some(expires)) => End::Expired(expires),
            (None, None) => return None,
        };
        from = of_range.at();
        end = Some(of_range);
    }
    end
}

/// The beginning of a moment's hour.
pub(crate) fn hour(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second().div_euclid(HOUR) * HOUR).unwrap_or(at)
}

/// Which hour of the week it is where the shop is.
fn slot(at: Timestamp, zone: &TimeZone) -> usize {
    let local = at.to_zoned(zone.clone());
    let day = usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or_default();
    day * 24 + usize::try_from(local.hour()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chile() -> TimeZone {
        TimeZone::get("America/Santiago").unwrap()
    }

    fn at(text: &str) -> Timestamp {
        format!("{text}[America/Santiago]").parse::<jiff::Zoned>().unwrap().timestamp()
    }

    /// A shop that sells so many an hour from ten to eight, Monday to Saturday, since a day.
    fn shop(since: &str, until: &str, an_hour: u64) -> Vec<(Timestamp, u64)> {
        let (mut hour, end) = (at(since), at(until));
        let mut seen = Vec::new();
        while hour < end {
            let local = hour.to_zoned(chile());
            if (10..20).contains(&local.hour()) && local.weekday() != jiff::civil::Weekday::Sunday {
                seen.push((hour, an_hour));
            }
            hour = later(hour, Duration::from_secs(3600));
        }
        seen
    }

    #[track_caller]
    fn runs_out(seen: &[(Timestamp, u64)], left: u64, now: &str, expect: Option<&str>) {
        let first = seen.first().map_or(Timestamp::UNIX_EPOCH, |(hour, _)| *hour);
        let pace = Pace::of(seen, first, at(now), &chile());
        assert_eq!(pace.and_then(|pace| pace.runs_out(left, at(now), &chile())), expect.map(at));
    }

    #[test]
    fn it_is_told_to_the_minute_and_over_the_nights() {
        let seen = shop("2026-10-01T00:00", "2026-11-25T18:00", 60);
        // Wednesday at six: two hours today, ten a day to Saturday.
        runs_out(&seen, 0, "2026-11-25T18:00", Some("2026-11-25T18:00"));
        runs_out(&seen, 40, "2026-11-25T18:00", Some("2026-11-25T18:40"));
        runs_out(&seen, 120 + 600 * 2 + 60 * 8 + 40, "2026-11-25T18:00", Some("2026-11-28T18:40"));
        // Nothing is sold on a Sunday.
        runs_out(&seen, 120 + 600 * 3 + 1, "2026-11-25T18:00", Some("2026-11-30T10:01"));
        // Whole weeks, and in the middle of an hour.
        runs_out(&seen, 3600 * 3 + 40, "2026-11-25T18:10", Some("2026-12-16T18:50"));
        runs_out(&seen, 3600 * 60, "2026-11-25T18:00", None);
    }

    #[test]
    fn the_hour_that_runs_and_what_is_long_past_do_not_count() {
        let mut seen = shop("2026-10-01T00:00", "2026-11-25T18:00", 60);
        seen.insert(0, (at("2025-01-01T18:00"), 1_000_000));
        seen.push((at("2026-11-25T18:00"), 1_000_000));
        let recent: Vec<_> =
            seen.iter().copied().filter(|(hour, _)| *hour >= at("2026-10-28T18:00")).collect();
        let pace = Pace::of(&recent, seen[0].0, at("2026-11-25T18:30"), &chile()).unwrap();
        assert_eq!(pace.runs_out(30, at("2026-11-25T18:30"), &chile()), Some(at("2026-11-25T19:00")));
    }

    #[test]
    fn too_little_history_tells_nothing() {
        runs_out(&[], 10, "2026-11-25T18:00", None);
        runs_out(&shop("2026-11-20T00:00", "2026-11-25T18:00", 60), 10, "2026-11-25T18:00", None);
        let week = shop("2026-11-18T10:00", "2026-11-25T18:00", 60);
        runs_out(&week, 60, "2026-11-25T18:00", Some("2026-11-25T19:00"));
        let few = [(at("2026-11-02T12:00"), 19)];
        runs_out(&few, 10, "2026-11-25T18:00", None);
    }

    #[test]
    fn what_expires_is_not_counted_on() {
        let (now, zone) = (at("2026-11-25T18:00"), chile());
        let pace =
            Pace::of(&shop("2026-10-01T00:00", "2026-11-25T18:00", 60), Timestamp::UNIX_EPOCH, now, &zone);
        let soon = at("2026-11-26T00:00");
        let told = |ranges: &[(u64, Option<Timestamp>)]| end(ranges, pace.as_ref(), now, &zone);
        assert_eq!(told(&[]), Some(End::Used(now)));
        assert_eq!(told(&[(40, Some(soon))]), Some(End::Used(at("2026-11-25T18:40"))));
        assert_eq!(told(&[(121, Some(soon))]), Some(End::Expired(soon)));
        // The next range is used from then on, and one that expires before its turn never.
        assert_eq!(told(&[(500, Some(soon)), (60, None)]), Some(End::Used(at("2026-11-26T11:00"))));
        assert_eq!(told(&[(500, Some(soon)), (60, Some(soon))]), Some(End::Expired(soon)));
        assert_eq!(told(&[(40, None), (20, Some(now))]), Some(End::Used(at("2026-11-25T18:40"))));
        // Without a pace it is known when they expire at the latest.
        let told = |ranges: &[(u64, Option<Timestamp>)]| end(ranges, None, now, &zone);
        assert_eq!(told(&[(5, Some(soon))]), Some(End::Expired(soon)));
        assert_eq!((told(&[(5, Some(soon)), (5, None)]), told(&[])), (None, None));
    }

    #[test]
    fn what_is_left_is_told_day_by_day_to_the_last_one() {
        let (now, zone) = (at("2026-11-25T18:00"), chile());
        let seen = shop("2026-10-01T00:00", "2026-11-25T18:00", 60);
        let pace = Pace::of(&seen, Timestamp::UNIX_EPOCH, now, &zone).unwrap();
        assert_eq!(pace.weekly(), 3600);
        let told = |ranges: &[(u64, Option<Timestamp>)]| days(ranges, &pace, now, &zone);
        // Two hours of Wednesday, ten a day to Saturday, none on Sunday.
        assert_eq!(told(&[(120 + 600 * 3 + 1, None)]), [1801, 1201, 601, 1, 1, 0]);
        assert_eq!(told(&[(40, None)]), [0]);
        assert_eq!(told(&[]), [0]);
        // What expires tonight is no longer left, and what was not used of it neither.
        let tonight = Some(at("2026-11-26T00:00"));
        assert_eq!(told(&[(500, tonight), (700, None)]), [700, 100, 0]);
        assert_eq!(told(&[(500, tonight)]), [0]);
        assert_eq!(told(&[(1_000_000, None)]).len(), 28);
    }

    proptest! {
        #[test]
        fn more_folios_last_longer_and_the_pace_is_what_was_sold(
            counts in prop::collection::vec((0..672i64, 1..500u64), 3..40), left in 1..5000u64, more in 1..5000u64,
        ) {
            let now = at("2026-11-25T18:00");
            let mut seen: Vec<_> = counts
                .iter()
                .map(|(back, n)| (Timestamp::from_second(now.as_second() - 3600 * (back + 1)).unwrap(), *n))
                .collect();
            seen.sort_unstable();
            let total: u64 = seen.iter().map(|(_, n)| n).sum();
            prop_assume!(total >= FEWEST);
            let pace = Pace::of(&seen, Timestamp::UNIX_EPOCH, now, &chile()).unwrap();
            prop_assert!((pace.hours.iter().sum::<f64>() * 4.0 - total as f64).abs() < 1.0);
            let [less, more] = [left, left + more].map(|left| pace.runs_out(left, now, &chile()));
            if let (Some(less), Some(more)) = (less, more) {
                prop_assert!(now < less && less <= more);
            }
        }
    }
}
