//! How a scenario strikes: counters, draws and the state of the line. Which answer a fault replaces is decided
//! by the caller.

use crate::{
    random::Random,
    scenario::{Rate, Scenario},
};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// Counts the times something could have happened.
#[derive(Clone, Debug, Default)]
struct Counter(u64);

impl Counter {
    fn strikes(&mut self, rate: Rate, random: &mut Random) -> bool {
        self.0 += 1;
        let by_count = rate.every > 0 && self.0.is_multiple_of(rate.every);
        let by_chance = rate.permille > 0 && random.chance(rate.permille);
        by_count || by_chance
    }
}

/// What befalls one upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mishap {
    None,
    LostRequest,
    Html,
    ServerError,
    LostReply,
}

/// Is the line up, and when does that change by itself?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    pub down: bool,
    pub next_change: Option<Timestamp>,
}

#[derive(Debug)]
pub(crate) struct Faults {
    pub(crate) scenario: Scenario,
    random: Random,
    started: Option<Timestamp>,
    by_hand: Option<bool>,
    /// When each outage of the scenario that waits for a number of documents began.
    counted: Vec<Option<Timestamp>>,
    replies: Counter,
    lost_replies: Counter,
    lost_requests: Counter,
    html: Counter,
    server: Counter,
    rejections: Counter,
    stuck: Counter,
}

impl Faults {
    pub(crate) fn new(scenario: Scenario, seed: u64) -> Self {
        Faults {
            counted: vec![None; scenario.outages.len()],
            scenario,
            random: Random::new(seed ^ 0x5EED_FA17),
            started: None,
            by_hand: None,
            replies: Counter::default(),
            lost_replies: Counter::default(),
            lost_requests: Counter::default(),
            html: Counter::default(),
            server: Counter::default(),
            rejections: Counter::default(),
            stuck: Counter::default(),
        }
    }

    /// The first moment anybody speaks of is the start of the schedule.
    pub(crate) fn begin(&mut self, now: Timestamp) {
        self.started.get_or_insert(now);
    }

    /// Another scenario from now on; its schedule starts now, and an outage by hand stays as it is.
    pub(crate) fn switch(&mut self, scenario: Scenario, seed: u64, now: Timestamp) {
        let by_hand = self.by_hand;
        *self = Faults::new(scenario, seed);
        self.by_hand = by_hand;
        self.started = Some(now);
    }

    pub(crate) fn set_outage(&mut self, down: bool) {
        self.by_hand = down.then_some(true);
    }

    /// So many documents are stored by now: an outage may wait for them. True when one begins.
    pub(crate) fn stored(&mut self, documents: u64, now: Timestamp) -> bool {
        let mut began = false;
        for (outage, start) in self.scenario.outages.iter().zip(&mut self.counted) {
            if start.is_none() && outage.after_documents.is_some_and(|limit| documents >= limit) {
                *start = Some(now);
                began = true;
            }
        }
        began
    }

    pub(crate) fn line(&self, now: Timestamp) -> Line {
        let mut line = Line { down: self.by_hand == Some(true), next_change: None };
        for (outage, counted) in self.scenario.outages.iter().zip(&self.counted) {
            let scheduled = self.started.zip(outage.after_seconds).map(|(start, after)| later(start, after));
            let Some(from) = counted.or(scheduled) else { continue };
            let to = later(from, outage.for_seconds);
            line.down |= from <= now && now < to;
            let next = [from, to].into_iter().filter(|moment| *moment > now).min();
            line.next_change = line.next_change.into_iter().chain(next).min();
        }
        line
    }

    pub(crate) fn delay(&mut self) -> Duration {
        let mut delay = Duration::from_millis(self.scenario.latency_ms);
        if self.scenario.jitter_ms > 0 {
            delay += Duration::from_millis(self.random.below(self.scenario.jitter_ms + 1));
        }
        if self.replies.strikes(self.scenario.slow.rate(), &mut self.random) {
            delay += self.scenario.slow.delay();
        }
        delay
    }

    pub(crate) fn mishap(&mut self) -> Mishap {
        let random = &mut self.random;
        // Every counter runs on every upload, so that one fault does not shift another's turn.
        let lost_request = self.lost_requests.strikes(self.scenario.lost_requests, random);
        let html = self.html.strikes(self.scenario.html_errors, random);
        let server = self.server.strikes(self.scenario.server_errors, random);
        let lost_reply = self.lost_replies.strikes(self.scenario.lost_replies, random);
        match (lost_request, html, server, lost_reply) {
            (true, ..) => Mishap::LostRequest,
            (_, true, ..) => Mishap::Html,
            (_, _, true, _) => Mishap::ServerError,
            (.., true) => Mishap::LostReply,
            _ => Mishap::None,
        }
    }

    /// The code a sound document is rejected with all the same.
    pub(crate) fn rejection(&mut self) -> Option<(String, String)> {
        let rules = &self.scenario.rejections;
        let struck = self.rejections.strikes(rules.rate(), &mut self.random);
        struck.then(|| (rules.code.clone(), rules.text.clone()))
    }

    /// How much longer than usual this upload stays in process.
    pub(crate) fn stuck(&mut self) -> Duration {
        if self.stuck.strikes(self.scenario.stuck.rate(), &mut self.random) {
            return Duration::from_secs(self.scenario.stuck.for_seconds);
        }
        Duration::ZERO
    }
}

fn later(moment: Timestamp, seconds: u64) -> Timestamp {
    let seconds = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    moment.checked_add(seconds).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a small second")
    }

    #[test]
    fn an_outage_keeps_its_schedule_and_says_when_it_ends() {
        let scenario = Scenario::parse("[[outages]]\nafter_seconds = 10\nfor_seconds = 5").expect("sound");
        let mut faults = Faults::new(scenario, 1);
        faults.begin(at(100));
        assert_eq!(faults.line(at(109)), Line { down: false, next_change: Some(at(110)) });
        assert_eq!(faults.line(at(110)), Line { down: true, next_change: Some(at(115)) });
        assert_eq!(faults.line(at(115)), Line { down: false, next_change: None });
    }

    #[test]
    fn an_outage_by_count_begins_with_the_document_that_fills_it() {
        let scenario = Scenario::parse("[[outages]]\nafter_documents = 3\nfor_seconds = 5").expect("sound");
        let mut faults = Faults::new(scenario, 1);
        faults.begin(at(0));
        assert!(!faults.stored(2, at(50)) && !faults.line(at(50)).down);
        assert!(faults.stored(3, at(60)) && faults.line(at(64)).down);
        assert!(!faults.stored(4, at(70)) && !faults.line(at(70)).down);
    }

    #[test]
    fn the_same_seed_brings_the_same_mishaps() {
        let run = |seed| {
            let mut faults = Faults::new(Scenario::named("black-friday").expect("known"), seed);
            (0..200).map(|_| faults.mishap()).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }
}
