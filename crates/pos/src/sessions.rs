//! Who has entered the panel from another machine: in memory alone, so that a stop ends them all, and of each only
//! the hash of what its browser shows. Time is an argument.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use openssl::error::ErrorStack;
use openssl::sha::sha256;

use crate::tokens::hex;

/// The most at once: the one that was used longest ago goes.
const MOST: usize = 20;

/// None lasts longer than a long working day (ASVS 7.3.2).
const LONGEST: SignedDuration = SignedDuration::from_hours(12);

/// One browser's.
#[derive(Debug)]
pub(crate) struct Session {
    digest: [u8; 32],
    idle: SignedDuration,
    began: Timestamp,
    used: Mutex<Timestamp>,
    ended: AtomicBool,
}

impl Session {
    /// Does it still open anything? One that nobody used for a while does not, nor does any once the clock was put
    /// back by as much.
    pub fn stands(&self, now: Timestamp) -> bool {
        let used = *self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let within = |since: Timestamp, most| now.duration_since(since).abs() < most;
        !self.ended.load(Ordering::Relaxed) && within(used, self.idle) && within(self.began, LONGEST)
    }

    fn last(&self) -> Timestamp {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

/// All of one run.
pub(crate) struct Sessions {
    /// How long one lasts that nobody uses.
    idle: SignedDuration,
    all: Mutex<Vec<Arc<Session>>>,
}

impl Sessions {
    pub fn new(idle: SignedDuration) -> Sessions {
        Sessions { idle, all: Mutex::default() }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Arc<Session>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins one: what its browser is to show, 256 random bits that are kept nowhere.
    pub fn begin(&self, now: Timestamp) -> Result<String, ErrorStack> {
        let mut random = [0u8; 32];
        openssl::rand::rand_bytes(&mut random)?;
        let shown = hex(&random);
        let session = Session {
            digest: sha256(shown.as_bytes()),
            idle: self.idle,
            began: now,
            used: Mutex::new(now),
            ended: AtomicBool::new(false),
        };
        let mut all = self.all();
        all.retain(|session| session.stands(now));
        if all.len() >= MOST
            && let Some(oldest) = (0..all.len()).min_by_key(|at| all[*at].last())
        {
            all.swap_remove(oldest).end();
        }
        all.push(Arc::new(session));
        Ok(shown)
    }

    /// The one that is shown, which is used by this; compared in constant time.
    pub fn used(&self, shown: &str, now: Timestamp) -> Option<Arc<Session>> {
        let digest = sha256(shown.as_bytes());
        let all = self.all();
        let found = all.iter().fold(None, |found, session| {
            if openssl::memcmp::eq(&session.digest, &digest) { Some(session) } else { found }
        })?;
        if !found.stands(now) {
            return None;
        }
        *found.used.lock().unwrap_or_else(PoisonError::into_inner) = now;
        Some(Arc::clone(found))
    }

    /// Ends one, at once and for what listens by it too.
    pub fn end(&self, shown: &str) {
        let digest = sha256(shown.as_bytes());
        self.all().retain(|session| {
            let stays = !openssl::memcmp::eq(&session.digest, &digest);
            if !stays {
                session.end();
            }
            stays
        });
    }

    pub fn end_all(&self) {
        self.all().drain(..).for_each(|session| session.end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-11-26T{text}:00Z").parse().unwrap()
    }

    fn half_an_hour() -> Sessions {
        Sessions::new(SignedDuration::from_mins(30))
    }

    #[test]
    fn one_lasts_while_it_is_used_and_never_longer_than_a_day() {
        let sessions = half_an_hour();
        let shown = sessions.begin(at("08:00")).unwrap();
        assert!(sessions.used(&shown, at("08:29")).is_some());
        let kept = sessions.used(&shown, at("08:58")).expect("it was used");
        assert!(kept.stands(at("09:27")) && !kept.stands(at("09:28")), "what listens is no use of it");
        assert!(sessions.used(&shown, at("09:28")).is_none());
        assert!(sessions.used(&shown, at("07:00")).is_none(), "a clock that was put back keeps none alive");

        let long = sessions.begin(at("08:00")).unwrap();
        for minutes in (20..720).step_by(20) {
            let now = at("08:00") + SignedDuration::from_mins(minutes);
            assert!(sessions.used(&long, now).is_some(), "{now}");
        }
        assert!(sessions.used(&long, at("20:00")).is_none());
    }

    #[test]
    fn only_what_was_shown_opens_and_nothing_once_it_ended() {
        let (sessions, now) = (half_an_hour(), at("08:00"));
        let (one, other) = (sessions.begin(now).unwrap(), sessions.begin(now).unwrap());
        assert_ne!(one, other);
        assert!(sessions.used("", now).is_none() && sessions.used(&one[1..], now).is_none());
        assert!(half_an_hour().used(&one, now).is_none(), "nor at another start");
        let listening = sessions.used(&one, now).unwrap();
        sessions.end(&one);
        assert!(sessions.used(&one, now).is_none() && !listening.stands(now));
        let listening = sessions.used(&other, now).unwrap();
        sessions.end_all();
        assert!(sessions.used(&other, now).is_none() && !listening.stands(now));
    }

    #[test]
    fn of_too_many_the_one_goes_that_was_used_longest_ago() {
        let sessions = half_an_hour();
        let first = sessions.begin(at("08:00")).unwrap();
        let second = sessions.begin(at("08:01")).unwrap();
        for _ in 2..MOST {
            sessions.begin(at("08:02")).unwrap();
        }
        assert!(sessions.used(&first, at("08:03")).is_some());
        sessions.begin(at("08:04")).unwrap();
        assert!(sessions.used(&first, at("08:05")).is_some());
        assert!(sessions.used(&second, at("08:05")).is_none());
    }
}
