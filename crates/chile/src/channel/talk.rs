//! Where a conversation stands, as it is kept on disk between two steps, and the ends and waits that
//! every step shares. No body, no seed, no token.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use timbre_core::channel::SELDOM;
use timbre_core::{
    Cx, Document, DocumentId, KeyError, Pass, Remark, Report, Request, Scope, State, Step, Timestamp, Verdict,
};

use crate::answer::{Count, Reply};
use crate::envelope::{self, Kind};
use crate::hosts::Hosts;
use crate::rut::Rut;
use crate::words::remark;

/// A boleta is at the SII an hour after it was made (Res. Ex. SII 74/2020, F.6): the earliest that it can be, for
/// a line without coverage may have stopped it.
const HOUR: Duration = Duration::from_secs(3600);
/// What is left of it for a person to mend a boleta that was rejected.
pub(super) const TO_MEND: Duration = Duration::from_secs(15 * 60);

/// A step and how often the pass was renewed for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Talk {
    #[serde(flatten)]
    pub stage: Stage,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub renewals: u8,
}

fn is_zero(n: &u8) -> bool {
    *n == 0
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub(crate) enum Stage {
    /// A seed was asked for; this one is number `seeds` of this login.
    Seed { seeds: u8 },
    /// A token was asked for.
    Token { seeds: u8 },
    /// A delivery: what makes its bytes again, and proves that they are the same. `left` once it was
    /// handed to the carrier, after which it is never handed out again.
    Upload { stamped: DateTime, sha256: String, left: bool },
    /// The SII took it at `since`; `asked` questions were asked so far, well or in vain, and `counted` of
    /// them answered with counts that do not prove anything yet. Where it is asked anew since the SII's tables are late,
    /// `since` is unknown again and `began` says when it was taken.
    Poll {
        track: String,
        asked: usize,
        #[serde(default)]
        counted: usize,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        began: Option<Timestamp>,
        /// How often in a row the SII said that it has no such upload.
        #[serde(default, skip_serializing_if = "is_zero")]
        lost: u8,
    },
    /// The counts do not tell which: these places of the parcel are asked about, one by one; `exact` while the
    /// signature of the next one is being compared, since its data are there.
    Settle {
        track: String,
        asked: usize,
        rounds: u8,
        counts: Vec<Count>,
        ask: Vec<usize>,
        answers: Vec<String>,
        /// When the SII took it, as far as it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        exact: bool,
    },
    /// "Do you have this one?" `exact` while the signature is being compared.
    Probe {
        since: Timestamp,
        asked: usize,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        absent_since: Option<Timestamp>,
        exact: bool,
    },
}

impl Talk {
    pub fn at(stage: Stage) -> Talk {
        Talk { stage, renewals: 0 }
    }

    pub fn read(state: &State) -> Option<Talk> {
        serde_json::from_value(state.0.clone()).ok()
    }

    /// How long ago what is asked about began; nothing where that is not known.
    pub fn age(&self, now: Timestamp) -> Duration {
        let since = match &self.stage {
            Stage::Poll { since, began, .. } => began.or(*since),
            Stage::Settle { since, .. } => *since,
            Stage::Probe { since, .. } => Some(*since),
            Stage::Seed { .. } | Stage::Token { .. } | Stage::Upload { .. } => None,
        };
        since.and_then(|since| Duration::try_from(now.duration_since(since)).ok()).unwrap_or_default()
    }

    pub fn state(&self) -> State {
        State(serde_json::to_value(self).expect("plain data"))
    }
}

/// Where a step is taken: hosts and company, read once.
pub struct Here<'a> {
    pub(crate) cx: &'a Cx<'a>,
    pub(crate) hosts: Hosts,
    pub(crate) company: Rut,
    /// The envelope that the channel carries.
    pub(crate) kind: Kind,
}

impl<'a> Here<'a> {
    /// `None` when a training folder has no simulator to talk to.
    pub(crate) fn of(cx: &'a Cx<'a>, kind: Kind) -> Result<Option<Here<'a>>, KeyError> {
        let company = envelope::issuer(cx.company)?;
        Ok(Hosts::of(cx.environment, cx.simulator).map(|hosts| Here { cx, hosts, company, kind }))
    }

    pub(crate) fn sender(&self) -> Result<Rut, KeyError> {
        envelope::sender(self.cx.keys)
    }

    /// The wait before the next question of this conversation, `asked` having been answered.
    pub(crate) fn pace(&self, talk: &Talk, asked: usize) -> Duration {
        self.cx.conduct.wait_before(asked, talk.age(self.cx.now))
    }

    /// The same where the SII, or whatever stands between, named a time: it may shorten a wait for a day, and no longer.
    pub(crate) fn wait_of(&self, talk: &Talk, asked: usize, named: Option<Duration>) -> Duration {
        let pace = self.pace(talk, asked);
        named.filter(|_| talk.age(self.cx.now) < SELDOM).unwrap_or(pace)
    }

    /// The wait while a person mends something: the slowest pace there is.
    pub(crate) fn slow(&self) -> Duration {
        let conduct = self.cx.conduct;
        conduct.polls.iter().copied().max().unwrap_or(conduct.first_poll).max(conduct.first_poll)
    }

    /// What is left of the hour of the oldest of these.
    pub(crate) fn of_the_hour(&self, about: &[Arc<Document>]) -> Duration {
        let oldest = about.iter().map(|document| document.stamped).min().unwrap_or(self.cx.now);
        left(oldest, HOUR, self.cx.now)
    }

    /// How long a question waits for which the SII, or whatever stands between, named a time, or which a person has to
    /// mend something for: no longer than the slowest pace, and while a boleta's hour runs so that its answer can still be acted upon.
    pub(crate) fn named(&self, after: Duration, about: &[Arc<Document>]) -> Duration {
        let longest = match self.of_the_hour(about) {
            left if self.kind == Kind::Boleta && !left.is_zero() => left.saturating_sub(TO_MEND).max(TO_MEND),
            _ => self.slow(),
        };
        after.min(longest).min(self.slow())
    }

    /// How long nothing is delivered while a person mends something. An hour is all that a boleta has: there the engine's own
    /// pauses rule, which begin short and grow.
    pub(crate) fn mended(&self, after: Duration) -> Duration {
        match self.kind {
            Kind::Boleta => Duration::ZERO,
            Kind::Dte => after,
        }
    }

    pub(crate) fn refused(&self, scope: Scope, why: Remark, after: Duration) -> Verdict {
        refused(self.cx, scope, why, after)
    }

    /// Asks with the pass at hand, or asks for one first.
    pub(crate) fn ask(
        &self,
        talk: Talk,
        reports: Vec<Report>,
        request: impl FnOnce(&Pass) -> Request,
    ) -> Step {
        match self.cx.pass {
            Some(pass) => Step::Ask(request(pass), talk.state(), reports),
            None => Step::Stale(talk.state()),
        }
    }

    /// The SII does not take the pass: renewed once; then it is said, and asked again slowly.
    pub(crate) fn no_pass(&self, mut talk: Talk, why: Remark, about: &[Arc<Document>]) -> Step {
        if talk.renewals == 0 {
            talk.renewals = 1;
            return Step::Stale(talk.state());
        }
        talk.renewals = 0;
        self.held_up(talk, why, about)
    }

    /// A question that permission or configuration holds up goes on, slowly, and says so.
    pub(crate) fn held_up(&self, talk: Talk, why: Remark, about: &[Arc<Document>]) -> Step {
        let slow = self.named(self.slow(), about);
        Step::Wait(slow, talk.state(), all(about, self.refused(Scope::Channel, why, slow)))
    }
}

/// A reply's parts as the answers want them.
pub(crate) fn reply<'a>(status: u16, headers: &'a [(String, String)], body: &'a [u8]) -> Reply<'a> {
    Reply { status, headers, body }
}

/// The same verdict for each; for a login, one about no document.
pub(crate) fn all(about: &[Arc<Document>], verdict: Verdict) -> Vec<Report> {
    if about.is_empty() {
        return vec![Report { document: DocumentId::new("", 0), verdict }];
    }
    about.iter().map(|d| Report { document: d.id.clone(), verdict: verdict.clone() }).collect()
}

pub(crate) fn unknown(about: &[Arc<Document>], why: &str) -> Step {
    Step::Done(all(about, Verdict::Unknown { why: why.to_owned() }))
}

fn refused(cx: &Cx<'_>, scope: Scope, why: Remark, after: Duration) -> Verdict {
    Verdict::Refused { scope, why, retry_at: cx.now.checked_add(after).unwrap_or(cx.now) }
}

/// Nothing is sent anywhere: training without a simulator, or a mode of certification in production.
pub(crate) fn nowhere(cx: &Cx<'_>, about: &[Arc<Document>], code: &str) -> Step {
    let why = remark(code, "");
    Step::Done(all(about, refused(cx, Scope::Channel, why, Duration::from_secs(60))))
}

/// What is left at `now` of a wait that began at `from`; a clock that went back makes it longer.
pub(crate) fn left(from: Timestamp, wait: Duration, now: Timestamp) -> Duration {
    match from.checked_add(wait) {
        Ok(end) => Duration::try_from(end.duration_since(now)).unwrap_or(Duration::ZERO),
        Err(_) => wait,
    }
}
