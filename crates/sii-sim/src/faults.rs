//! How a scenario strikes: counters, draws and the state of the line. Which answer a fault replaces is decided
//! by the caller.

use crate::{
    fault::{Door, Fault, Moment},
    message::Host,
    random::Random,
    scenario::{Rate, Scenario},
    state::Channel,
    upload::STEPS,
};
use jiff::{SignedDuration, Timestamp};
use std::{collections::HashMap, time::Duration};

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

/// A fault with its own count of the times it could have struck, and did.
#[derive(Clone, Debug)]
struct Armed {
    fault: Fault,
    met: Counter,
    struck: u64,
    /// Where it counts for each subject: those it was drawn for, with their own counts, and the spared ones.
    subjects: HashMap<String, Option<(u64, u64)>>,
}

impl Armed {
    fn new(fault: Fault) -> Armed {
        Armed { fault, met: Counter::default(), struck: 0, subjects: HashMap::new() }
    }

    fn due(&mut self, random: &mut Random) -> bool {
        let Fault { every, permille, .. } = self.fault;
        let every = if every == 0 && permille == 0 { 1 } else { every };
        self.met.strikes(Rate { every, permille }, random)
    }

    fn strikes(&mut self, subject: &str, random: &mut Random) -> bool {
        let Fault { skip, times, each, .. } = self.fault;
        let within = |met: u64, struck: u64| met > skip && times.is_none_or(|times| struck < times);
        if !each {
            let strikes = self.due(random) && within(self.met.0, self.struck);
            self.struck += u64::from(strikes);
            return strikes;
        }
        if !self.subjects.contains_key(subject) {
            let drawn = self.due(random).then_some((0, 0));
            self.subjects.insert(subject.to_owned(), drawn);
        }
        let Some(Some((met, struck))) = self.subjects.get_mut(subject) else { return false };
        *met += 1;
        let strikes = within(*met, *struck);
        *struck += u64::from(strikes);
        strikes
    }
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
    armed: Vec<Armed>,
    /// How often each ending could have struck, and did.
    endings: Vec<(Counter, u64)>,
    rejections: Counter,
    stuck: Counter,
}

impl Faults {
    pub(crate) fn new(scenario: Scenario, seed: u64) -> Self {
        Faults {
            counted: vec![None; scenario.outages.len()],
            endings: vec![(Counter::default(), 0); scenario.endings.len()],
            armed: scenario.faults().into_iter().map(Armed::new).collect(),
            scenario,
            random: Random::new(seed ^ 0x5EED_FA17),
            started: None,
            by_hand: None,
            replies: Counter::default(),
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

    /// The line to one host.
    pub(crate) fn line(&self, host: Host, now: Timestamp) -> Line {
        let mut line = Line { down: self.by_hand == Some(true), next_change: None };
        let outages = self.scenario.outages.iter().zip(&self.counted);
        for (outage, counted) in outages.filter(|(outage, _)| outage.host.is_none_or(|only| only == host)) {
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

    /// What befalls a request at that moment. Every counter that is concerned runs, so that one fault does not
    /// shift another's turn; the first that strikes has it. `subject` is the upload or document it is about.
    pub(crate) fn strike(
        &mut self,
        door: Door,
        channel: Channel,
        moment: Moment,
        subject: &str,
    ) -> Option<Fault> {
        let random = &mut self.random;
        let mut struck = None;
        for armed in &mut self.armed {
            let concerned = armed.fault.concerns(door, channel) && armed.fault.moment() == moment;
            if concerned && armed.strikes(subject, random) && struck.is_none() {
                struck = Some(armed.fault.clone());
            }
        }
        struck
    }

    /// The state that an upload with documents of these folios ends in, however sound they are.
    pub(crate) fn ending(&mut self, folios: &[u64]) -> Option<String> {
        let mut struck = None;
        for (ending, (met, times)) in self.scenario.endings.iter().zip(&mut self.endings) {
            if !ending.folios.is_empty() && !ending.folios.iter().any(|folio| folios.contains(folio)) {
                continue;
            }
            let every = if ending.every == 0 && ending.permille == 0 { 1 } else { ending.every };
            let due = met.strikes(Rate { every, permille: ending.permille }, &mut self.random);
            if due && struck.is_none() && ending.times.is_none_or(|most| *times < most) {
                *times += 1;
                struck = Some(ending.state.clone());
            }
        }
        struck
    }

    /// One more fault, besides those of the scenario.
    pub(crate) fn arm(&mut self, fault: Fault) {
        self.armed.push(Armed::new(fault));
    }

    /// The code a sound document is rejected with all the same.
    pub(crate) fn rejection(&mut self) -> Option<(String, String)> {
        let rules = &self.scenario.rejections;
        let struck = self.rejections.strikes(rules.rate(), &mut self.random);
        struck.then(|| (rules.code.clone(), rules.text.clone()))
    }

    /// How much longer than usual this upload stays in process, and in which step.
    pub(crate) fn stuck(&mut self) -> (Duration, u32) {
        let stuck = &self.scenario.stuck;
        let named = STEPS.iter().position(|step| *step == stuck.step);
        let step = u32::try_from(named.unwrap_or(STEPS.len() - 1)).unwrap_or(u32::MAX);
        if self.stuck.strikes(stuck.rate(), &mut self.random) {
            return (Duration::from_secs(stuck.for_seconds), step);
        }
        (Duration::ZERO, step)
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
        assert_eq!(faults.line(Host::Dte, at(109)), Line { down: false, next_change: Some(at(110)) });
        assert_eq!(faults.line(Host::Dte, at(110)), Line { down: true, next_change: Some(at(115)) });
        assert_eq!(faults.line(Host::Dte, at(115)), Line { down: false, next_change: None });
    }

    #[test]
    fn an_outage_by_count_begins_with_the_document_that_fills_it() {
        let scenario = Scenario::parse("[[outages]]\nafter_documents = 3\nfor_seconds = 5").expect("sound");
        let mut faults = Faults::new(scenario, 1);
        faults.begin(at(0));
        assert!(!faults.stored(2, at(50)) && !faults.line(Host::Dte, at(50)).down);
        assert!(faults.stored(3, at(60)) && faults.line(Host::Dte, at(64)).down);
        assert!(!faults.stored(4, at(70)) && !faults.line(Host::Dte, at(70)).down);
    }

    #[test]
    fn the_same_seed_brings_the_same_mishaps() {
        let run = |seed| {
            let mut faults = Faults::new(Scenario::named("black-friday").expect("known"), seed);
            (0..200)
                .map(|_| faults.strike(Door::Upload, Channel::Dte, Moment::Before, ""))
                .collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }

    #[test]
    fn a_fault_spares_the_first_and_ends_after_its_times() {
        let text = "[[faults]]\ndoes = \"empty\"\nat = \"seed\"\nskip = 1\ntimes = 2\nchannel = \"dte\"";
        let mut faults = Faults::new(Scenario::parse(text).expect("sound"), 1);
        let mut strikes = |channel| faults.strike(Door::Seed, channel, Moment::Before, "").is_some();
        assert!(!strikes(Channel::Boleta));
        assert_eq!([0; 5].map(|_| strikes(Channel::Dte)), [false, true, true, false, false]);
    }

    #[test]
    fn a_fault_may_count_for_each_upload_by_itself() {
        let text = "[[faults]]\ndoes = \"say\"\ncode = \"106\"\nat = \"upload-state\"\neach = true\nevery = 2\ntimes = 1";
        let mut faults = Faults::new(Scenario::parse(text).expect("sound"), 1);
        let mut says =
            |track: &str| faults.strike(Door::UploadState, Channel::Dte, Moment::Answer, track).is_some();
        assert!(!says("1") && says("2") && !says("1") && !says("2"));
        assert!(!says("3") && says("4"));
    }
}
