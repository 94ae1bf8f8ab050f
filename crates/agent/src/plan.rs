//! What may start now, and in which order: a pure function over plain data, so that a table or a
//! simulation can drive it. Reading the queue and starting conversations is `round`'s.

use std::collections::BTreeMap;
use std::time::Duration;

use timbre_core::{ChannelId, ParcelId, Timestamp};

use crate::clock::until;
use crate::line::{Asked, Line};
use crate::lines::Lines;

/// No pause of ours is longer.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3_600);

/// Two times that differ by more than this were told by different clocks.
pub(crate) const CLOCK_STEP: Duration = Duration::from_secs(60);

/// What a conversation does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It is about to leave for the first time.
    Fresh,
    /// The authority has it, and is asked how it is doing.
    Follow,
    /// Unknown outcome: its documents are asked about.
    Probe,
    /// The same bytes go again.
    Resend,
}

impl Stage {
    pub(crate) fn delivers(self) -> bool {
        match self {
            Stage::Fresh | Stage::Resend => true,
            Stage::Follow | Stage::Probe => false,
        }
    }

    /// What it asks first of the authority.
    pub(crate) fn asked(self) -> Asked {
        if self.delivers() { Asked::Delivery } else { Asked::Question }
    }
}

/// A parcel that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Going {
    pub parcel: ParcelId,
    pub due: Timestamp,
    pub stage: Stage,
}

/// How urgent a new parcel is: nearest legal deadline first, then first in, first out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Urgency {
    pub deadline: Timestamp,
    pub order: u64,
}

/// A document's wait: when it began and when it ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting {
    pub since: Timestamp,
    pub next_try: Option<Timestamp>,
}

/// What is let through, the most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Gate {
    All,
    /// Half open: one conversation.
    One,
    /// Nothing until `look`, when a line that is down is looked at.
    Down {
        look: Timestamp,
    },
    /// Nothing until then.
    Shut {
        until: Timestamp,
    },
}

impl Gate {
    pub(crate) fn is_open(self) -> bool {
        match self {
            Gate::All | Gate::One => true,
            Gate::Down { .. } | Gate::Shut { .. } => false,
        }
    }
}

/// One channel. What it is asked and what is delivered to it may fail each by itself, and has a gate of its own.
#[derive(Debug, Clone)]
pub(crate) struct Lane {
    pub ask: Gate,
    pub deliver: Gate,
    /// Conversations in course: of these `busy_going` are with parcels that go on, and `asking` deliver nothing.
    pub busy: usize,
    pub busy_going: usize,
    pub asking: usize,
    /// How many there may be.
    pub most: usize,
    pub looking: bool,
    pub going: Vec<Going>,
    /// New parcels, ascending.
    pub fresh: Vec<Urgency>,
    /// Documents wait here, be it for their time.
    pub waits: bool,
    /// The first time that one of them waits for.
    pub wakes: Option<Timestamp>,
}

/// All there is to plan with.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    pub now: Timestamp,
    /// Conversations that there may be, and how many more may start.
    pub hands: usize,
    pub free: usize,
    /// The last to start was one that goes on: with one hand they take turns with the new ones.
    pub went_on: bool,
    pub lanes: BTreeMap<ChannelId, Lane>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    Look(ChannelId),
    GoOn(ChannelId, ParcelId),
    /// The first of the channel's new parcels that did not start yet.
    Fresh(ChannelId),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Round {
    pub starts: Vec<Start>,
    /// When something else may start although no conversation ends before.
    pub next: Option<Timestamp>,
}

/// What a channel lets through of this at `now`. Nothing goes where no pass is given. A question needs no look before it:
/// it leaves nothing behind, and tells by itself how its line is.
pub(crate) fn gate(lines: &Lines, asked: Asked, now: Timestamp) -> Gate {
    let own = match (asked, through(lines.of(asked), now)) {
        (Asked::Question, Gate::Down { look }) if look <= now => Gate::One,
        (Asked::Question, Gate::Down { look }) => Gate::Shut { until: look },
        (_, own) => own,
    };
    own.max(through(&lines.login, now))
}

fn through(line: &Line, now: Timestamp) -> Gate {
    match line {
        Line::Up => Gate::All,
        Line::Down { next_look, .. } => Gate::Down { look: *next_look },
        Line::Trying { .. } => Gate::One,
        Line::Refused { retry_at, .. } if *retry_at <= now => Gate::One,
        Line::Refused { retry_at, .. } => Gate::Shut { until: *retry_at },
    }
}

/// How long a waiting document has still to wait; `None`: it may leave now. A wait is void when it is
/// longer than any of ours or was set by another clock, or when what it waited for has come:
/// `released` is the last time that the line came back or a person asked.
pub(crate) fn waits(wait: Waiting, now: Timestamp, released: Option<Timestamp>) -> Option<Timestamp> {
    let at = wait.next_try.filter(|at| *at > now)?;
    let other_clock = until(now, wait.since) > CLOCK_STEP || until(now, at) > LONGEST_WAIT;
    let void = other_clock || released.is_some_and(|released| wait.since < released);
    (!void).then_some(at)
}

/// When a parcel that was `sent` then goes on: a time told by another clock is not waited for.
pub(crate) fn due(sent: Timestamp, due: Option<Timestamp>, now: Timestamp) -> Timestamp {
    match due {
        Some(due) if until(now, sent) <= CLOCK_STEP => due.min(crate::clock::later(now, LONGEST_WAIT)),
        Some(_) | None => now,
    }
}

/// What starts now, in this order: looks at lines that are down; parcels that go on, the longest
/// overdue first, which leave a hand to new ones wherever there are two; then new parcels: those of
/// a channel that has no conversation first, so that none starves behind another, then by urgency. Neither waits for the
/// other where it is the other that fails.
pub(crate) fn round(desk: &Desk) -> Round {
    let mut round = Planning { desk: desk.clone(), starts: Vec::new(), next: None };
    round.look();
    if round.desk.hands == 1 && round.desk.went_on && round.fresh() {
        return round.ended();
    }
    round.go_on();
    while round.fresh() {}
    round.ended()
}

struct Planning {
    desk: Desk,
    starts: Vec<Start>,
    next: Option<Timestamp>,
}

impl Planning {
    fn look(&mut self) {
        let now = self.desk.now;
        let mut times = Vec::new();
        for (channel, lane) in &mut self.desk.lanes {
            let something = lane.waits || !lane.going.is_empty();
            for gate in [lane.ask, lane.deliver] {
                match gate {
                    Gate::Down { look } if something && !lane.looking => {
                        if look > now {
                            times.push(look);
                        } else if self.desk.free > 0 {
                            self.desk.free -= 1;
                            lane.looking = true;
                            self.starts.push(Start::Look(channel.clone()));
                        }
                    }
                    Gate::Shut { until } if something => times.push(until),
                    Gate::All | Gate::One | Gate::Down { .. } | Gate::Shut { .. } => {}
                }
            }
            times.extend(lane.wakes);
        }
        times.into_iter().for_each(|at| self.sooner(at));
    }

    fn go_on(&mut self) {
        let now = self.desk.now;
        let mut due: Vec<(Timestamp, ParcelId, ChannelId, Stage)> = Vec::new();
        let mut later = Vec::new();
        for (channel, lane) in &self.desk.lanes {
            for going in lane.going.iter().filter(|going| lane.gate(going.stage).is_open()) {
                match going.due > now {
                    true => later.push(going.due),
                    false => due.push((going.due, going.parcel.clone(), channel.clone(), going.stage)),
                }
            }
        }
        later.into_iter().for_each(|at| self.sooner(at));
        due.sort_by_key(|(at, parcel, ..)| (*at, parcel.clone()));
        for (_, parcel, channel, stage) in due {
            if self.desk.free > 0 && self.may_go_on(&channel, stage) {
                self.take(&channel, stage);
                self.starts.push(Start::GoOn(channel, parcel));
            }
        }
    }

    /// One hand of all, and one of the channel's, is the new parcels'.
    fn may_go_on(&self, channel: &ChannelId, stage: Stage) -> bool {
        let lanes = &self.desk.lanes;
        let lane = &lanes[channel];
        let going: usize = lanes.values().map(|lane| lane.busy_going).sum();
        let kept = |most: usize, fresh: bool| most - usize::from(fresh && most > 1);
        let any_fresh = lanes.values().any(Lane::takes_fresh);
        lane.takes(stage)
            && going < kept(self.desk.hands, any_fresh)
            && lane.busy_going < kept(lane.most, !lane.fresh.is_empty())
    }

    /// Starts the most urgent new parcel; false when none may start.
    fn fresh(&mut self) -> bool {
        if self.desk.free == 0 {
            return false;
        }
        let open = self.desk.lanes.iter().filter(|(_, lane)| lane.takes_fresh() && lane.takes(Stage::Fresh));
        let first = open.min_by_key(|(_, lane)| (lane.busy > 0, lane.fresh.first().copied()));
        let Some(channel) = first.map(|(channel, _)| channel.clone()) else {
            return false;
        };
        self.take(&channel, Stage::Fresh);
        self.starts.push(Start::Fresh(channel));
        true
    }

    fn take(&mut self, channel: &ChannelId, stage: Stage) {
        self.desk.free -= 1;
        if let Some(lane) = self.desk.lanes.get_mut(channel) {
            lane.busy += 1;
            lane.busy_going += usize::from(stage != Stage::Fresh);
            lane.asking += usize::from(!stage.delivers());
            if stage == Stage::Fresh {
                lane.fresh.remove(0);
            }
        }
    }

    fn sooner(&mut self, at: Timestamp) {
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }

    fn ended(self) -> Round {
        Round { starts: self.starts, next: self.next }
    }
}

impl Lane {
    fn gate(&self, stage: Stage) -> Gate {
        if stage.delivers() { self.deliver } else { self.ask }
    }

    fn takes_fresh(&self) -> bool {
        !self.fresh.is_empty() && self.deliver.is_open()
    }

    /// May one more conversation of this stage start?
    fn takes(&self, stage: Stage) -> bool {
        let alike = if stage.delivers() { self.busy.saturating_sub(self.asking) } else { self.asking };
        let lets = match self.gate(stage) {
            Gate::All => true,
            Gate::One => alike == 0,
            Gate::Down { .. } | Gate::Shut { .. } => false,
        };
        lets && self.busy < self.most
    }

    /// How many new parcels could start here, and how many documents one of them may hold.
    pub(crate) fn room(&self, free: usize, documents: usize) -> (usize, usize) {
        match self.deliver {
            Gate::All => (free.min(self.most.saturating_sub(self.busy)), documents),
            // The smallest that is of use.
            Gate::One => (usize::from(free > 0 && self.takes(Stage::Fresh)), 1),
            Gate::Down { .. } | Gate::Shut { .. } => (0, 0),
        }
    }
}

#[cfg(test)]
mod tests;
