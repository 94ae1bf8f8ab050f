//! The lines of a channel: to where passes are given, to where is delivered, and to where is asked. They may be three
//! services (the SII takes boletas at one host and answers for them at another), so that what fails at one stops nothing
//! at another; but without a pass nothing goes. A single line is `line`'s, what they let through `plan`'s.

use std::time::Duration;

use timbre_core::Timestamp;

use crate::clock::later;
use crate::line::{Asked, Line, Trouble};

/// What is known of one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    pub login: Line,
    pub deliveries: Line,
    pub questions: Line,
}

impl Lines {
    pub(crate) const UP: Lines = Lines { login: Line::Up, deliveries: Line::Up, questions: Line::Up };

    /// How they are now is not known; one was down when that was last looked at.
    pub(crate) fn unknown(since: Timestamp) -> Lines {
        let tried = Line::Trying { since, tries: 0 };
        Lines { login: Line::Up, deliveries: tried.clone(), questions: tried }
    }

    pub(crate) fn of(&self, asked: Asked) -> &Line {
        match asked {
            Asked::Login => &self.login,
            Asked::Delivery => &self.deliveries,
            Asked::Question => &self.questions,
        }
    }

    fn of_mut(&mut self, asked: Asked) -> &mut Line {
        match asked {
            Asked::Login => &mut self.login,
            Asked::Delivery => &mut self.deliveries,
            Asked::Question => &mut self.questions,
        }
    }

    pub(crate) fn all_mut(&mut self) -> [&mut Line; 3] {
        [&mut self.login, &mut self.deliveries, &mut self.questions]
    }

    /// Does everything that waits leave?
    pub(crate) fn sends(&self) -> bool {
        self.login == Line::Up && self.deliveries == Line::Up
    }

    /// Why nothing is delivered; empty where something is.
    pub(crate) fn why_none_leaves(&self) -> &str {
        first_why([&self.login, &self.deliveries])
    }

    /// Why one of them is not as it should be.
    pub(crate) fn why(&self) -> &str {
        first_why([&self.login, &self.deliveries, &self.questions])
    }

    /// The latest time that this waits for.
    pub(crate) fn next(&self, asked: Asked) -> Option<Timestamp> {
        self.login.next().max(self.of(asked).next())
    }

    /// After trouble that was met by what was `asked`.
    pub(crate) fn after(
        &self,
        trouble: Trouble,
        asked: Asked,
        now: Timestamp,
        pause: impl Fn(u32) -> Duration,
    ) -> Lines {
        let concerned = trouble.concerns(asked);
        let mut lines = self.clone();
        *lines.of_mut(concerned) = self.of(concerned).after(trouble, asked, now, pause);
        lines
    }

    /// After a login that worked: what it was waited for with is tried by one, in its own time.
    pub(crate) fn after_login(&self, now: Timestamp) -> Lines {
        let began = match &self.login {
            Line::Up => None,
            Line::Down { since, .. } | Line::Trying { since, .. } => Some(*since),
            Line::Refused { .. } => Some(now),
        };
        let tried = |line: &Line| match (line, began) {
            (Line::Down { since, next_look, tries, .. }, _) if *next_look <= now => {
                Line::Trying { since: *since, tries: *tries }
            }
            (Line::Up, Some(since)) => Line::Trying { since, tries: 0 },
            _ => line.clone(),
        };
        Lines { login: Line::Up, deliveries: tried(&self.deliveries), questions: tried(&self.questions) }
    }

    /// After something other than a login was answered as it should be. It was with a pass; and what did not fail itself,
    /// but was not known to be well, is. `left` is when the envelope left of which a verdict was heard, and `rest` how
    /// long one is waited for.
    pub(crate) fn after_answer(
        &self,
        asked: Asked,
        left: Option<Timestamp>,
        now: Timestamp,
        rest: Duration,
    ) -> Lines {
        let proved = |of: Asked| match self.of(of) {
            // What a question told of envelopes no delivery that is taken disproves, nor an upload that is still looked
            // at, nor one that left before that was told.
            Line::Refused { of: by, since, .. } if *by != of => {
                *by == asked && left.is_some_and(|left| left > *since)
            }
            Line::Trying { tries: 0, .. } => true,
            _ => of == asked,
        };
        let line = |of: Asked| match self.of(of) {
            _ if proved(of) => Line::Up,
            // The one that tries it was taken: the next waits for what becomes of it.
            Line::Refused { why, of: by, tries, since, retry_at } if of == asked && *retry_at <= now => {
                Line::Refused {
                    why: why.clone(),
                    retry_at: later(now, rest),
                    of: *by,
                    tries: *tries,
                    since: *since,
                }
            }
            other => other.clone(),
        };
        Lines { login: Line::Up, deliveries: line(Asked::Delivery), questions: line(Asked::Question) }
    }
}

fn first_why<const N: usize>(lines: [&Line; N]) -> &str {
    lines.into_iter().map(Line::why).find(|why| !why.is_empty()).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use timbre_core::Remark;

    use super::*;

    const T0: Timestamp = Timestamp::UNIX_EPOCH;

    fn at(seconds: u64) -> Timestamp {
        later(T0, Duration::from_secs(seconds))
    }

    fn pause(tries: u32) -> Duration {
        Duration::from_secs(5 << (tries - 1))
    }

    fn met(lines: &Lines, trouble: Trouble, asked: Asked, seconds: u64) -> Lines {
        lines.after(trouble, asked, at(seconds), pause)
    }

    /// Answered well, with no verdict of anything.
    fn well(lines: &Lines, asked: Asked, seconds: u64) -> Lines {
        lines.after_answer(asked, None, at(seconds), Duration::ZERO)
    }

    fn passing() -> Trouble {
        Trouble::Passing { why: "x".to_owned(), retry_at: None }
    }

    fn why() -> Remark {
        Remark::ours("X", "No.")
    }

    #[test]
    fn what_fails_fails_alone_and_is_cleared_by_the_same_alone() {
        use Asked::*;
        let lasting = || Trouble::Lasting { why: why(), retry_at: at(9) };
        for (one, other) in [(Question, Delivery), (Delivery, Question)] {
            for trouble in [passing(), lasting()] {
                let lines = met(&Lines::UP, trouble, one, 0);
                assert!(*lines.of(one) != Line::Up && *lines.of(other) == Line::Up);
                assert_eq!(well(&lines, other, 99), lines);
                assert_eq!(well(&lines, one, 1), Lines::UP);
            }
            // What a login tells is of both, and a good answer disproves it.
            let lines = met(&Lines::UP, lasting(), Login, 0);
            assert_eq!(well(&lines, one, 1), Lines::UP);
            assert!(!lines.sends(), "nothing leaves without a pass");
            let tried = Line::Trying { since: at(9), tries: 0 };
            assert_eq!(
                lines.after_login(at(9)),
                Lines { login: Line::Up, deliveries: tried.clone(), questions: tried }
            );
            // It mends no refusal of something else.
            let lines = met(&Lines::UP, lasting(), one, 0);
            assert_eq!(lines.after_login(at(99)), lines);
        }
    }

    #[test]
    fn a_login_that_works_opens_by_half_what_is_due_and_keeps_the_count() {
        let down = met(&Lines::UP, passing(), Asked::Delivery, 0);
        assert_eq!(down.after_login(at(4)), down, "its own pause is not over");
        let trying = down.after_login(at(5));
        assert_eq!(trying.deliveries, Line::Trying { since: T0, tries: 1 });
        assert_eq!(trying.questions, Line::Up);
        assert_eq!(well(&trying, Asked::Question, 6), trying, "the upload is what failed");
        let again = met(&trying, passing(), Asked::Delivery, 6);
        assert!(matches!(again.deliveries, Line::Down { since, tries: 2, .. } if since == T0));
        // While no pass is to be had no other line counts its looks.
        let cut = met(&down, passing(), Asked::Login, 5);
        assert_eq!((&cut.deliveries, cut.next(Asked::Delivery)), (&down.deliveries, Some(at(10))));
        let back = cut.after_login(at(10));
        let unknown = Line::Trying { since: at(5), tries: 0 };
        assert_eq!((&back.login, &back.questions), (&Line::Up, &unknown));
        assert_eq!(well(&back, Asked::Delivery, 11), Lines::UP);
        assert_eq!(well(&Lines::unknown(T0), Asked::Delivery, 1), Lines::UP);
    }

    #[test]
    fn envelopes_that_a_question_told_to_be_bad_stop_what_is_delivered_and_nothing_else() {
        let bad = Trouble::Envelope { why: why(), retry_at: at(9) };
        let lines = met(&Lines::UP, bad, Asked::Question, 0);
        assert!(matches!(lines.deliveries, Line::Refused { of: Asked::Question, .. }));
        assert_eq!(lines.questions, Line::Up);
        let heard = |lines: &Lines, asked, left: Option<u64>, now| {
            lines.after_answer(asked, left.map(at), at(now), Duration::from_secs(600))
        };
        assert_eq!(heard(&lines, Asked::Question, Some(0), 8), lines, "of what left before");
        assert_eq!(heard(&lines, Asked::Question, Some(0), 99), lines, "whenever that is heard");
        assert_eq!(heard(&lines, Asked::Question, None, 9), lines, "it is looked at");
        assert_eq!(heard(&lines, Asked::Delivery, None, 8), lines, "another that was on its way");
        // The one that tries it does not get through: that says nothing of its envelope, and it is tried again.
        let lost = met(&lines, passing(), Asked::Delivery, 9);
        assert!(matches!(lost.deliveries, Line::Refused { of: Asked::Question, .. }));
        assert!(lost.next(Asked::Delivery) > Some(at(9)));
        // The one that tries it is taken: the next leaves when there was time for its verdict, and no sooner.
        let tried = heard(&lines, Asked::Delivery, None, 9);
        assert_eq!(tried.next(Asked::Delivery), Some(at(609)));
        assert_eq!(heard(&tried, Asked::Question, Some(0), 10), tried);
        assert_eq!(heard(&tried, Asked::Question, Some(9), 10), Lines::UP);
    }
}
