//! The line to each channel: up, down, half open, or closed by the authority. Down means one look at
//! a time instead of a failing try per document.

use std::time::Duration;

use timbre_core::{ChannelId, Effect, Remark, Request, Timestamp};
use timbre_store::Fact;

use crate::carrier::{NO_INTERNET, NO_NETWORK};
use crate::clock::later;
use crate::retry::backoff;
use crate::sender::{Sender, lock};

/// The longest that all questions of a channel wait since one was too many: then one tries again, as no authority of ours says
/// what it allows.
const QUIET: Duration = Duration::from_secs(600);

/// What was asked when something went wrong; only the same proves that it is well again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// What is known of one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    Up,
    /// Nothing gets through, or the authority wants patience: it passes by itself.
    Down {
        since: Timestamp,
        next_look: Timestamp,
        why: String,
        of: Asked,
        /// Looks in vain so far.
        tries: u32,
    },
    /// Half open: a login works again, or it is not known yet how the line is; one parcel tries it.
    Trying {
        since: Timestamp,
        of: Asked,
        tries: u32,
    },
    /// The authority answers and refuses everything for a reason a person must mend.
    Refused {
        why: Remark,
        retry_at: Timestamp,
        of: Asked,
        tries: u32,
    },
}

/// Something that concerns a whole channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It passes by itself; the authority may say when.
    Passing { why: String, retry_at: Option<Timestamp> },
    /// A person must mend it.
    Lasting { why: Remark, retry_at: Timestamp },
}

impl Line {
    /// May work for this channel go on now?
    pub fn open(&self, now: Timestamp) -> bool {
        self.next().is_none_or(|at| at <= now && !matches!(self, Line::Down { .. }))
    }

    /// When to look again, where that is known.
    pub fn next(&self) -> Option<Timestamp> {
        match self {
            Line::Up | Line::Trying { .. } => None,
            Line::Down { next_look, .. } => Some(*next_look),
            Line::Refused { retry_at, .. } => Some(*retry_at),
        }
    }

    /// What failed.
    pub(crate) fn of(&self) -> Option<Asked> {
        match self {
            Line::Up => None,
            Line::Down { of, .. } | Line::Trying { of, .. } | Line::Refused { of, .. } => Some(*of),
        }
    }

    /// Why nothing is sent; empty where something is.
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
        match trouble {
            Trouble::Lasting { why, retry_at } => {
                Line::Refused { why, retry_at: retry_at.max(ours), of: asked, tries }
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
                // A look is a login, and says nothing about what failed before.
                let of = self.of().filter(|_| asked == Asked::Login).unwrap_or(asked);
                Line::Down { since, next_look: retry_at.map_or(ours, |at| at.max(ours)), why, of, tries }
            }
        }
    }

    /// The line after a login that worked.
    pub(crate) fn after_login(&self, now: Timestamp) -> Line {
        match self {
            Line::Down { since, of, tries, .. } => Line::Trying { since: *since, of: *of, tries: *tries },
            Line::Refused { of: Asked::Login, tries, .. } => {
                Line::Trying { since: now, of: Asked::Login, tries: *tries }
            }
            Line::Up | Line::Trying { .. } | Line::Refused { .. } => self.clone(),
        }
    }

    /// The line after something other than a login was answered as it should be.
    pub(crate) fn after_answer(&self, asked: Asked) -> Line {
        let proved = match (self, self.of()) {
            (_, None | Some(Asked::Login)) => true,
            (Line::Refused { .. }, Some(of)) => of == asked,
            (_, Some(Asked::Question)) => true,
            (_, Some(Asked::Delivery)) => asked == Asked::Delivery,
        };
        if proved { Line::Up } else { self.clone() }
    }
}

impl Sender {
    /// Changes a line and says so in the journal when it went up or down.
    async fn change_line(&self, channel: &ChannelId, change: impl FnOnce(&Line) -> Line) {
        let (before, after) = {
            let mut lines = lock(&self.known_lines);
            let before = lines.get(channel).cloned().unwrap_or(Line::Up);
            let after = change(&before);
            lines.insert(channel.clone(), after.clone());
            (before, after)
        };
        let (was, is) = (before == Line::Up, after == Line::Up);
        if before != after {
            self.wake();
        }
        if was == is {
            return;
        }
        if is {
            // What waited for it need not wait any longer.
            lock(&self.returned).insert(channel.clone());
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
            Trouble::Lasting { .. } => (settings.retry_base, settings.retry_cap),
        };
        let pause = |tries| backoff(tries, base, cap, luck);
        self.change_line(channel, |line| line.after(trouble, asked, now, pause)).await;
    }

    /// A login worked; nothing else is known.
    pub(crate) async fn logged_in(&self, channel: &ChannelId) {
        let now = self.now();
        self.change_line(channel, |line| line.after_login(now)).await;
    }

    /// The authority answered as it should.
    pub(crate) async fn heard_well(&self, channel: &ChannelId, asked: Asked) {
        self.change_line(channel, |line| line.after_answer(asked)).await;
    }

    pub(crate) fn line_is_open(&self, channel: &ChannelId) -> bool {
        lock(&self.known_lines).get(channel).is_some_and(|line| line.open(self.now()))
    }

    /// Is it open, or is it time to look again whether it is?
    pub(crate) fn line_may_be_looked_at(&self, channel: &ChannelId) -> bool {
        let (now, lines) = (self.now(), lock(&self.known_lines));
        lines.get(channel).is_some_and(|line| line.next().is_none_or(|at| at <= now))
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
        for line in lock(&self.known_lines).values_mut() {
            if let Line::Down { next_look, why, .. } = line
                && matches!(why.as_str(), NO_NETWORK | NO_INTERNET)
            {
                *next_look = now;
            }
        }
    }

    pub(crate) fn look_now(&self, now: Timestamp) {
        for line in lock(&self.known_lines).values_mut() {
            match line {
                Line::Up | Line::Trying { .. } => {}
                Line::Down { next_look, .. } => *next_look = now,
                Line::Refused { retry_at, .. } => *retry_at = now,
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
        assert!(!down.open(T0) && !down.open(at(99)), "only a look opens it");
        assert_eq!(down.next(), Some(at(5)));
        let longer = down.after(passing(None), Asked::Login, at(5), pause);
        assert_eq!(longer.next(), Some(at(15)));
        assert!(matches!(longer, Line::Down { since, of: Asked::Question, tries: 2, .. } if since == T0));
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

    #[test]
    fn a_refusal_is_cleared_by_the_same_thing_being_taken_and_by_nothing_else() {
        use Asked::*;
        for of in [Login, Question, Delivery] {
            let refused = Line::Up.after(lasting(at(9)), of, T0, pause);
            for asked in [Question, Delivery] {
                let cleared = refused.after_answer(asked) == Line::Up;
                assert_eq!(cleared, of == asked || of == Login, "{of:?} {asked:?}");
            }
            let trying = matches!(refused.after_login(T0), Line::Trying { .. });
            assert_eq!(trying, of == Login, "{of:?}");
        }
    }

    #[test]
    fn a_login_that_works_half_opens_the_line_and_keeps_the_count() {
        let down = Line::Up.after(passing(None), Asked::Delivery, T0, pause);
        let trying = down.after_login(at(5));
        assert_eq!(trying, Line::Trying { since: T0, of: Asked::Delivery, tries: 1 });
        assert_eq!(trying.after_answer(Asked::Question), trying, "the upload is what failed");
        assert_eq!(trying.after_answer(Asked::Delivery), Line::Up);
        let again = trying.after(passing(None), Asked::Delivery, at(6), pause);
        assert!(matches!(again, Line::Down { since, tries: 2, .. } if since == T0));
        // What a person must mend is not forgotten over a login that fails.
        let refused = Line::Up.after(lasting(at(9)), Asked::Delivery, T0, pause);
        let down = refused.after(passing(None), Asked::Login, at(9), pause);
        assert!(matches!(down, Line::Down { of: Asked::Delivery, .. }));
    }
}
