//! A conversation with an authority, one step at a time: no socket, no clock, no disk.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::{
    Company, Document, DocumentId, DocumentRef, Finding, KeyError, Keys, Parcel, Remark, Series, Services,
    Severity, Timestamp,
};

/// Which world a folder belongs to; they never mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// The built-in simulator, a fictitious company, no legal value.
    Training,
    /// The authority's test environment.
    Certification,
    Production,
}

/// Everything impure that a step may use, handed in.
pub struct Cx<'a> {
    pub now: Timestamp,
    pub entropy: [u8; 32],
    pub keys: &'a dyn Keys,
    pub pass: Option<&'a Pass>,
    pub company: &'a Company,
    pub environment: Environment,
    /// Where the simulator listens (`http://127.0.0.1:4581`); only for [`Environment::Training`].
    pub simulator: Option<&'a str>,
    pub conduct: &'a Conduct,
    /// Documents of the conversation may have reached the authority in an earlier delivery, too: what is said of this one
    /// is not all there is to say of them.
    pub repeated: bool,
}

/// How to behave on the wire: settings, the same for every channel of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conduct {
    pub user_agent: String,
    /// How long to wait after a delivery before the first question.
    pub first_poll: Duration,
    /// The same where nobody can wait so long, or the authority is known to be quick.
    pub quick_poll: Duration,
    /// The waits between the questions that follow; the last one repeats.
    pub polls: Vec<Duration>,
    /// How old a delivery in doubt must be before "not received" is believed.
    pub absence_after: Duration,
    /// How far apart two answers "not received" must be.
    pub absence_gap: Duration,
    /// How long the authority may be silent about a delivery it took before its documents are asked
    /// about one by one.
    pub settle_after: Duration,
    /// Where a document in doubt is proved by two questions (its data, then the signed document itself) and the
    /// authority says that it can't answer the second: is the first enough?
    pub data_alone: bool,
}

/// Who has said nothing of use for so long is asked once in so long: by then a person was called.
pub const SELDOM: Duration = Duration::from_secs(24 * 3600);

impl Conduct {
    /// The wait before question number `asked` (0 is the first one) about something that is `age` old: the authority
    /// names no rate, and what others get through with is "hourly for a day, then daily".
    pub fn wait_before(&self, asked: usize, age: Duration) -> Duration {
        let pace = match asked {
            0 => self.first_poll,
            n => self.polls.get(n - 1).or(self.polls.last()).copied().unwrap_or(self.first_poll),
        };
        if age < SELDOM { pace } else { pace.max(SELDOM) }
    }
}

/// What a login ends in: kept in memory only, wiped on drop, never shown.
#[derive(Clone)]
pub struct Pass(Zeroizing<String>);

impl Pass {
    pub fn new(token: String) -> Pass {
        Pass(Zeroizing::new(token))
    }

    /// The secret itself, to be put in a request and nowhere else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pass(…)")
    }
}

/// May the request leave something behind at the authority?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// A question: asking again does no harm.
    Query,
    /// A delivery: an unheard answer leaves doubt.
    Deliver,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

/// One HTTP request, complete to the byte.
#[derive(Clone)]
pub struct Request {
    pub effect: Effect,
    pub method: Method,
    pub url: String,
    /// In this order. `Content-Length` and `Host` are the carrier's.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// What it is, for people and logs: `semilla`, `subir envío`.
    pub what: &'static str,
    /// The answer (or the request) carries a secret: it is neither kept nor logged.
    pub secret: bool,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({:?} {} {})", self.effect, self.what, self.url)
    }
}

/// Where a conversation stands: the channel's own plain data, kept on disk between steps. Ids and
/// counters only; never a body, a seed or a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct State(pub Value);

/// What came back.
#[derive(Debug, Clone)]
pub enum Heard {
    Reply {
        status: u16,
        headers: Vec<(String, String)>,
        body: Bytes,
    },
    /// No complete answer.
    Nothing {
        sent: Sent,
        why: String,
    },
    /// A wait is over, or the conversation goes on after a new login.
    Elapsed,
}

impl Heard {
    /// An answer for people and not for programs: a web page, or the way to one. What stands between gives it (a
    /// hotel's network that wants its conditions accepted), or an authority in trouble.
    pub fn is_page(&self) -> bool {
        match self {
            Heard::Reply { status, body, .. } => (300..400).contains(status) || is_html(body),
            Heard::Nothing { .. } | Heard::Elapsed => false,
        }
    }
}

/// The bytes of a web page, whatever their status and header say.
pub fn is_html(body: &[u8]) -> bool {
    let start: Vec<u8> = body.trim_ascii_start().iter().take(200).map(u8::to_ascii_lowercase).collect();
    start.starts_with(b"<!doctype html") || start.windows(5).any(|part| part == b"<html")
}

/// Did bytes leave this machine?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// Certainly not (no name, no connection, no TLS).
    No,
    /// Perhaps: the authority may hold what was sent.
    Perhaps,
}

/// The next thing to do.
#[derive(Debug)]
pub enum Step {
    Ask(Request, State, Vec<Report>),
    Wait(Duration, State, Vec<Report>),
    /// The pass is not valid (any more): log in once, then resume this state with `Elapsed`.
    Stale(State),
    /// The end of a login.
    Granted(Pass),
    Done(Vec<Report>),
}

/// What became of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub document: DocumentId,
    pub verdict: Verdict,
}

/// What a conversation may conclude about a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Sent {
        track: String,
    },
    Accepted {
        /// `None` where the answer can't tell them: it was about whether the document is held, and not about what was
        /// found in it.
        remarks: Option<Vec<Remark>>,
        /// The number or code that the authority gives a document with its acceptance, in its own words: without it
        /// the document is not whole. `None` where it is whole when it is sealed.
        given: Option<String>,
    },
    Rejected {
        reasons: Vec<Remark>,
        number: NumberFate,
    },
    /// Its whole parcel was rejected, and nothing of it is kept. Alone in its parcel it is `Rejected` for these
    /// reasons, unless the envelope is to blame.
    Fallen {
        reasons: Vec<Remark>,
        number: NumberFate,
        blame: Blame,
    },
    /// The authority says it has it already: ask about it, do not send it.
    AlreadyThere,
    /// The authority took it, and does not know of it any more: it is in doubt again, and asked about.
    Lost {
        why: String,
    },
    /// The authority does not have it, and had time enough to.
    Absent,
    Pending,
    /// The answer can't be understood; a person may have to look.
    Unknown {
        why: String,
    },
    /// The authority holds another document under this number: somebody else uses the same range. No
    /// number of it may be given any more, and a person has to look.
    Conflict {
        why: Remark,
        /// Its data are this document's, and yet it is not this one: it may be the same sale, made twice.
        alike: bool,
    },
    /// Not taken, for a reason that is not the document's.
    Refused {
        scope: Scope,
        why: Remark,
        retry_at: Timestamp,
    },
}

/// Why a parcel was rejected as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// It may be one of its documents: they go again in smaller parcels, until the bad one stands alone.
    Documents,
    /// What is round them (rights, resolution): every parcel of this channel would fall, until a person
    /// mends it.
    Envelope,
}

/// What becomes of the folio of a rejected document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NumberFate {
    Consumed,
    /// Nothing of the document was kept: what is under the number later is another's.
    FreeForSame,
    FreeIfIdUnchanged,
    MustBeVoided,
    /// The authority has another document under it: its range is used by somebody else, too, and stops.
    Taken,
    /// Only the authority can tell: probe the document.
    AskByProbe,
    /// It was annulled before the document came: alone, or with others of its range.
    Annulled,
    /// Its grant is at fault (its time is over, the authority does not know it): no number of it is any good.
    Ungranted,
}

/// How far a refusal reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    Document,
    Parcel,
    /// Nothing on this channel passes for now (too many requests, the authority's own trouble): it
    /// passes by itself, and nobody has to act.
    ChannelForNow,
    /// Nothing on this channel will pass until a person mends something.
    Channel,
}

/// What the engine must know before it packs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Documents in one parcel, and bytes of all of them together.
    pub documents: usize,
    pub bytes: usize,
    /// Conversations at once on this channel, besides the engine's own limit.
    pub in_flight: usize,
    /// Longest wait for an answer to a question and to a delivery.
    pub query_timeout: Duration,
    pub deliver_timeout: Duration,
    /// The largest answer that is read, in bytes.
    pub answer_cap: usize,
}

/// The part of a parcel that is not its documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapping {
    pub head: Bytes,
    pub tail: Bytes,
}

/// A question of a first contact: it uses up no number and leaves nothing behind.
#[derive(Debug, Clone)]
pub struct Inquiry {
    /// Stable, for programs.
    pub code: &'static str,
    /// What it finds out, in Spanish, for a person.
    pub title: &'static str,
    pub request: Request,
}

/// A conversation with the authority, one step at a time.
pub trait Channel: Send + Sync {
    fn limits(&self) -> &Limits;

    /// May these documents travel in one parcel? (One company always; some channels also want
    /// one kind.)
    fn travels_with(&self, first: &Document, other: &Document) -> bool;

    /// Head and tail of the envelope round these documents, signed where the authority wants it.
    /// Kept with the parcel, so that its bytes are the same on every attempt.
    fn wrap(&self, documents: &[Arc<Document>], cx: &Cx<'_>) -> Result<Wrapping, KeyError>;

    /// Would what [`wrap`](Channel::wrap) made once be made the same today? What is round the documents may bear a
    /// certificate, or data of the company, that were replaced since, and the authority would refuse it for that.
    fn wraps_alike(&self, parcel: &Parcel, cx: &Cx<'_>) -> Result<bool, KeyError> {
        let _ = (parcel, cx);
        Ok(true)
    }

    /// Starts a login. It ends in [`Step::Granted`], or in `Done` with one `Refused` or `Unknown`
    /// report about no document in particular (an empty series).
    fn login(&self, cx: &Cx<'_>) -> Result<Step, KeyError>;

    /// Delivers a parcel. The engine has a pass in `cx`.
    fn begin(&self, parcel: &Parcel, cx: &Cx<'_>) -> Result<Step, KeyError>;

    /// "Do you have this one?" Ends in `Accepted`, `Rejected`, `Absent`, `Pending`, or `Unknown`.
    fn probe(&self, document: &DocumentRef, cx: &Cx<'_>) -> Result<Step, KeyError>;

    /// Goes on from `state`. `about` are the documents of the conversation, in the order of its
    /// parcel (empty for a login).
    fn resume(
        &self,
        state: State,
        heard: Heard,
        about: &[Arc<Document>],
        cx: &Cx<'_>,
    ) -> Result<Step, KeyError>;

    /// Why a document was rejected that the authority does not have although it accepted another of the same
    /// envelope long before it said so: where it goes through an envelope as a whole and forgets what it rejects.
    /// `None` where that proves nothing, and a person has to look.
    fn left_out(&self) -> Option<Remark> {
        None
    }

    /// "Do you know this number?", asked before the first of a range is used: a question that leaves
    /// nothing behind. `Stale` without a pass, then `Ask`; `Done` where it can't be asked here. The
    /// answer is for [`Channel::number_taken`].
    fn ask_number(&self, series: &Series, number: u64, cx: &Cx<'_>) -> Result<Step, KeyError> {
        let _ = (series, number, cx);
        Ok(Step::Done(Vec::new()))
    }

    /// Why that number is not free, in the authority's words and ours; the error says why the answer
    /// tells nothing.
    fn number_taken(&self, heard: &Heard) -> Result<Option<Remark>, String> {
        let _ = heard;
        Err("no responde por números sueltos".to_owned())
    }

    /// The base addresses it speaks to in this environment, each with what it is for, in Spanish.
    fn hosts(&self, cx: &Cx<'_>) -> Result<Vec<(&'static str, String)>, KeyError> {
        let _ = cx;
        Ok(Vec::new())
    }

    /// What can be asked at a first contact, with the pass in `cx`.
    fn inquiries(&self, cx: &Cx<'_>) -> Result<Vec<Inquiry>, KeyError> {
        let _ = cx;
        Ok(Vec::new())
    }

    /// What the answer to the inquiry of that code tells.
    fn inquired(&self, code: &str, heard: &Heard) -> Finding {
        let message = match heard {
            Heard::Reply { status, .. } => format!("HTTP {status}"),
            Heard::Nothing { why, .. } => why.clone(),
            Heard::Elapsed => String::new(),
        };
        Finding {
            severity: Severity::Note,
            code: code.to_owned(),
            place: String::new(),
            message,
            authority_codes: Vec::new(),
        }
    }

    /// What the authority answers beside the delivery of documents, with this channel's pass.
    fn services(&self) -> Option<&dyn Services> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_known_by_its_bytes_or_by_leading_elsewhere() {
        let heard = |status, body: &'static str| Heard::Reply { status, headers: vec![], body: body.into() };
        for (status, body, page) in [
            (200, "<html><body>Acepte las condiciones</body></html>", true),
            (200, "\n<!DOCTYPE HTML PUBLIC>", true),
            (302, "", true),
            (511, "<HTML>", true),
            (200, "<RECEPCIONDTE><STATUS>0</STATUS></RECEPCIONDTE>", false),
            (200, "{}", false),
            (401, "", false),
            (200, "", false),
        ] {
            assert_eq!(heard(status, body).is_page(), page, "{status} {body}");
        }
        assert!(!Heard::Elapsed.is_page());
    }

    #[test]
    fn who_says_nothing_of_use_for_a_day_is_asked_once_a_day_whatever_the_pace_is() {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        let conduct = Conduct {
            user_agent: String::new(),
            first_poll: minutes(10),
            quick_poll: minutes(1),
            polls: vec![minutes(10), minutes(60)],
            absence_after: minutes(10),
            absence_gap: minutes(2),
            settle_after: SELDOM,
            data_alone: false,
        };
        for (asked, age, wait) in [
            (0, 0, 10),
            (1, 10, 10),
            (2, 20, 60),
            (40, 24 * 60 - 1, 60),
            (40, 24 * 60, 24 * 60),
            (0, 9_999, 24 * 60),
        ] {
            assert_eq!(conduct.wait_before(asked, minutes(age)), minutes(wait), "{asked} {age}");
        }
        let slow = Conduct { polls: vec![minutes(9_000)], ..conduct };
        assert_eq!(slow.wait_before(1, minutes(9_999)), minutes(9_000));
    }
}
