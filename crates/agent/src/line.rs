//! A line of a channel: up, down, half open, or closed by the authority. Down means one look at a time instead of a
//! failing try per document. Which lines a channel has is `lines`'s.

use std::time::Duration;

use timbre_core::{ChannelId, Effect, Remark, Request, Timestamp};
use timbre_store::Fact;

use crate::carrier::{NO_INTERNET, NO_NETWORK};
use crate::clock::{later, until};
use crate::lines::Lines;
use crate::monitor::unheld;
use crate::plan::gate;
use crate::retry::backoff;
use crate::sender::{Sender, lock};

/// The longest that a channel waits since something was too much, or could not be answered now: then one tries again, as no
/// authority of ours says what it allows, and what stands between says anything.
const QUIET: Duration = Duration::from_secs(600);
/// The same once the term of one that waits is over: those behind it, whose terms run, may be near their ends.
const LATE: Duration = Duration::from_secs(120);

/// What was asked when something went wrong; only the same proves that it is well again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    Login,
    Question,
    Delivery,
}

impl Asked {
    pub(crate) fn of(request: &Request) -> Asked {
        match request.effect {
            Effect::Deliver => Asked::Delivery,
            Effect::Query if request.secret => Asked::Login,
            Effect::Query => Asked::Question,
        }
    }

    pub(crate) fn delivers(self) -> bool {
        self == Asked::Delivery
    }
}

/// What is known of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    Up,
    /// Nothing gets through, or the authority wants patience: it passes by itself.
    Down {
        since: Timestamp,
        next_look: Timestamp,
        why: String,
        /// Looks in vain so far.
        tries: u32,
    },
    /// Half open: a login works again, or it is not known yet how the line is; one parcel tries it.
    Trying {
        since: Timestamp,
        tries: u32,
    },
    /// The authority answers and refuses everything for a reason a person must mend, as it told when this was asked.
    Refused {
        why: Remark,
        retry_at: Timestamp,
        of: Asked,
        tries: u32,
        /// When it told so last: what left before proves nothing.
        since: Timestamp,
    },
}

/// Something that concerns a whole line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It passes by itself; the authority may say when.
    Passing { why: String, retry_at: Option<Timestamp> },
    /// A person must mend it.
    Lasting { why: Remark, retry_at: Timestamp },
    /// The same, told of an envelope: none like it may leave, whatever was asked when it was told.
    Envelope { why: Remark, retry_at: Timestamp },
}

impl Trouble {
    /// Which line it is of when this was `asked`.
    pub(crate) fn concerns(&self, asked: Asked) -> Asked {
        match self {
            Trouble::Passing { .. } | Trouble::Lasting { .. } => asked,
            Trouble::Envelope { .. } => Asked::Delivery,
        }
    }
}

impl Line {
    /// When to look again, where that is known.
    pub fn next(&self) -> Option<Timestamp> {
        match self {
            Line::Up | Line::Trying { .. } => None,
            Line::Down { next_look, .. } => Some(*next_look),
            Line::Refused { retry_at, .. } => Some(*retry_at),
        }
    }

    /// Why nothing gets through; empty where something does.
    pub(crate) fn why(&self) -> &str {
        match self {
            Line::Up | Line::Trying { .. } => "",
            Line::Down { why, .. } => why,
            Line::Refused { why, .. } => &why.meaning,
        }
    }

    fn tries(&self) -> u32 {
        match self {
            Line::Up => 0,
            Line::Down { tries, .. } | Line::Trying { tries, .. } | Line::Refused { tries, .. } => *tries,
        }
    }

    /// The line after trouble. Requests that fail together are one failure: what counts is that a line
    /// went down, and each look at it. `pause` is the wait after so many failures, and whatever time
    /// the authority names can only make it longer.
    pub(crate) fn after(
        &self,
        trouble: Trouble,
        asked: Asked,
        now: Timestamp,
        pause: impl Fn(u32) -> Duration,
    ) -> Line {
        let before = self.next().filter(|at| *at > now);
        let tries = self.tries().saturating_add(u32::from(before.is_none()));
        let ours = before.unwrap_or_else(|| later(now, pause(tries)));
        // That the one which tries it did not get through tells nothing of its envelope.
        if let (Trouble::Passing { retry_at, .. }, Line::Refused { why, of, since, .. }) = (&trouble, self)
            && *of != asked
        {
            let retry_at = retry_at.map_or(ours, |at| at.max(ours));
            return Line::Refused { why: why.clone(), retry_at, of: *of, tries, since: *since };
        }
        match trouble {
            Trouble::Lasting { why, retry_at } | Trouble::Envelope { why, retry_at } => {
                Line::Refused { why, retry_at: retry_at.max(ours), of: asked, tries, since: now }
            }
            // Nothing that passes by itself hides what a person must mend.
            Trouble::Passing { .. } if before.is_some() && matches!(self, Line::Refused { .. }) => {
                self.clone()
            }
            Trouble::Passing { why, retry_at } => {
                let since = match self {
                    Line::Down { since, .. } | Line::Trying { since, .. } => *since,
                    Line::Up | Line::Refused { .. } => now,
                };
                Line::Down { since, next_look: retry_at.map_or(ours, |at| at.max(ours)), why, tries }
            }
        }
    }
}

impl Sender {
    /// Changes a channel's lines, and says in the journal when the channel went up or down.
    async fn change_lines(&self, channel: &ChannelId, change: impl FnOnce(&Lines) -> Lines) {
        let (before, after) = {
            let mut known = lock(&self.known_lines);
            let before = known.get(channel).cloned().unwrap_or(Lines::UP);
            let after = change(&before);
            known.insert(channel.clone(), after.clone());
            (before, after)
        };
        if before != after {
            self.wake();
        }
        if after.sends() && !before.sends() {
            // What waited for it need not wait any longer.
            lock(&self.returned).insert(channel.clone());
        }
        let (was, is) = (before == Lines::UP, after == Lines::UP);
        if was == is {
            return;
        }
        let why = after.why().to_owned();
        tracing::info!(channel = channel.0, up = is, why, "line");
        let fact = Fact::Line { what: channel.0.clone(), up: is, why };
        if let Err(error) = self.writer().commit(vec![fact]).await {
            tracing::error!(%error, "the state of the line can't be written");
        }
    }

    /// Nothing gets through.
    pub(crate) async fn line_failed(&self, channel: &ChannelId, asked: Asked, why: &str) {
        self.trouble(channel, asked, Trouble::Passing { why: why.to_owned(), retry_at: None }).await;
    }

    pub(crate) async fn trouble(&self, channel: &ChannelId, asked: Asked, trouble: Trouble) {
        let (now, luck, settings) = (self.now(), self.luck(), self.settings());
        let (base, cap) = match &trouble {
            Trouble::Passing { .. } => (settings.line_base, settings.line_cap),
            Trouble::Lasting { .. } | Trouble::Envelope { .. } => (settings.retry_base, settings.retry_cap),
        };
        let pause = |tries| backoff(tries, base, cap, luck);
        self.change_lines(channel, |lines| lines.after(trouble, asked, now, pause)).await;
    }

    /// A login worked; nothing else is known.
    pub(crate) async fn logged_in(&self, channel: &ChannelId) {
        let now = self.now();
        self.change_lines(channel, |lines| lines.after_login(now)).await;
    }

    /// The authority answered as it should; where it decided what becomes of a document, that one `left` then.
    pub(crate) async fn heard_well(&self, channel: &ChannelId, asked: Asked, left: Option<Timestamp>) {
        let (now, rest) = (self.now(), self.settings().conduct.first_poll);
        self.change_lines(channel, |lines| lines.after_answer(asked, left, now, rest)).await;
    }

    /// May this go on now?
    pub(crate) fn is_open(&self, channel: &ChannelId, asked: Asked) -> bool {
        let now = self.now();
        lock(&self.known_lines).get(channel).is_some_and(|lines| gate(lines, asked, now).is_open())
    }

    /// Is what failed of this tried again, so that one more failure is enough?
    pub(crate) fn is_tried(&self, channel: &ChannelId, asked: Asked) -> bool {
        match lock(&self.known_lines).get(channel).map(|lines| lines.of(asked)) {
            Some(Line::Trying { .. }) => true,
            // Nothing else looks for it.
            Some(Line::Down { .. }) => asked == Asked::Question,
            Some(Line::Up | Line::Refused { .. }) | None => false,
        }
    }

    /// May passes be asked for, or is it time to look again whether they may?
    pub(crate) fn line_may_be_looked_at(&self, channel: &ChannelId) -> bool {
        let (now, lines) = (self.now(), lock(&self.known_lines));
        lines.get(channel).is_some_and(|lines| lines.login.next().is_none_or(|at| at <= now))
    }

    /// The latest time that is waited for where the authority, or whatever stands between, names one for what passes by
    /// itself: what waits has to arrive in its term, and so half of what is left of the nearest one has to be enough.
    pub(crate) fn longest_rest(&self, channel: &ChannelId) -> Timestamp {
        let now = self.now();
        let rows = unheld(self.reader());
        let terms = self.terms();
        let ends = rows.iter().filter(|row| row.channel == *channel).filter_map(|row| terms.limit(row));
        let rest = ends.map(|end| match until(now, end.earliest(now)) {
            Duration::ZERO => LATE,
            left => left / 2,
        });
        later(now, rest.min().map_or(QUIET, |rest| rest.min(QUIET)))
    }

    /// A question was answered with 429: nobody asks on this channel until `due`, or not for so long.
    pub(crate) fn hush(&self, channel: &ChannelId, due: Timestamp) {
        let until = due.min(later(self.now(), QUIET));
        let mut quiet = lock(&self.quiet);
        let at = quiet.entry(channel.clone()).or_insert(until);
        *at = until.max(*at);
    }

    /// Until when nobody asks on this channel, if that is still to come.
    pub(crate) fn hushed(&self, channel: &ChannelId) -> Option<Timestamp> {
        lock(&self.quiet).get(channel).copied().filter(|at| *at > self.now())
    }

    /// A way out is back: lines that are down for want of one are looked at at once.
    pub(crate) fn look_at_lost_lines(&self, now: Timestamp) {
        for line in lock(&self.known_lines).values_mut().flat_map(Lines::all_mut) {
            if let Line::Down { next_look, why, .. } = line
                && matches!(why.as_str(), NO_NETWORK | NO_INTERNET)
            {
                *next_look = now;
            }
        }
    }

    pub(crate) fn look_now(&self, now: Timestamp) {
        for line in lock(&self.known_lines).values_mut().flat_map(Lines::all_mut) {
            match line {
                Line::Up | Line::Trying { .. } => {}
                Line::Down { next_look, .. } => *next_look = now,
                Line::Refused { retry_at, since, .. } => {
                    *retry_at = now;
                    // A clock that went back leaves no time to come in which it was told.
                    *since = now.min(*since);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Timestamp = Timestamp::UNIX_EPOCH;

    fn pause(tries: u32) -> Duration {
        backoff(tries, Duration::from_secs(5), Duration::from_secs(60), 1.0)
    }

    fn at(seconds: u64) -> Timestamp {
        later(T0, Duration::from_secs(seconds))
    }

    fn passing(retry_at: Option<Timestamp>) -> Trouble {
        Trouble::Passing { why: "x".to_owned(), retry_at }
    }

    fn lasting(retry_at: Timestamp) -> Trouble {
        let why = Remark::ours("X", "");
        Trouble::Lasting { why, retry_at }
    }

    #[test]
    fn a_line_that_is_down_remembers_since_when_and_looks_less_and_less() {
        let down = Line::Up.after(passing(None), Asked::Question, T0, pause);
        assert_eq!(down.next(), Some(at(5)));
        let longer = down.after(passing(None), Asked::Question, at(5), pause);
        assert_eq!(longer.next(), Some(at(15)));
        assert!(matches!(longer, Line::Down { since, tries: 2, .. } if since == T0));
    }

    #[test]
    fn requests_that_fail_together_are_one_failure() {
        let mut line = Line::Up;
        for _ in 0..5 {
            line = line.after(passing(None), Asked::Delivery, T0, pause);
        }
        assert!(matches!(line, Line::Down { tries: 1, .. }));
        assert_eq!(line.next(), Some(at(5)));
    }

    /// With the pauses of the real authority, whatever chance says: a week of silence.
    #[test]
    fn in_a_long_outage_there_is_under_one_look_a_minute() {
        let settings = crate::Settings::new("");
        for luck in [0.0, 0.5, 0.999] {
            let pause = |tries| backoff(tries, settings.line_base, settings.line_cap, luck);
            let mut line = Line::Up.after(passing(None), Asked::Delivery, T0, pause);
            let (mut looks, mut last) = (0u64, T0);
            while let Some(look) = line.next().filter(|look| *look <= at(7 * 86_400)) {
                looks += 1;
                let between = crate::clock::until(last, look);
                assert!(looks <= 6 || between > Duration::from_secs(60), "look {looks} after {between:?}");
                line = line.after(passing(None), Asked::Login, look, pause);
                last = look;
            }
            assert!((7 * 86_400 / 130..7 * 24 * 60).contains(&looks), "{looks} looks with {luck}");
        }
    }

    #[test]
    fn a_time_the_authority_names_lengthens_the_pause_and_never_shortens_it() {
        for (named, next) in [(at(0), at(5)), (at(600), at(600))] {
            assert_eq!(Line::Up.after(passing(Some(named)), Asked::Delivery, T0, pause).next(), Some(next));
            assert_eq!(Line::Up.after(lasting(named), Asked::Delivery, T0, pause).next(), Some(next));
        }
    }
}
