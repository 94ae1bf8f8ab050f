//! The authority: a function of request and time, and the books it keeps. What a client may never do is
//! noted, and where the country is one that punishes it, punished.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use timbre_core::{DocumentId, Effect, Heard, Request, Timestamp};

use crate::Country;
use crate::words::{LAG_SECONDS, Word, document};

/// A lot's results come so much later; and a ticket may be asked about as often as every so many seconds.
const RESULTS_AFTER: i64 = 120;
const PACE: i64 = 30;

/// How long a company that sent again what is held is blocked.
const BLOCKED: i64 = 600;

/// What a client may never do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub at: Timestamp,
    pub what: String,
}

/// What the authority holds of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// `yes`, `hm` or `bad`.
    pub word: &'static str,
    /// How many times it was taken.
    pub offered: u32,
    since: Timestamp,
    /// When it has heard of it, and when it has a verdict.
    known: Timestamp,
    results: Timestamp,
    bytes: String,
    /// What only the answer tells: empty where nothing is given.
    pub given: String,
    /// It is in an envelope that falls when its results come, and is not held any more then.
    falls: bool,
}

impl Held {
    /// What is said of it.
    fn said(&self) -> String {
        if self.given.is_empty() { self.word.to_owned() } else { format!("{} {}", self.word, self.given) }
    }

    /// It was gone through and rejected, and where that is forgotten nothing more is known of it.
    fn forgotten(&self, country: Country, now: Timestamp) -> bool {
        country == Country::Forgetting && self.word == Word::Bad.text() && self.results <= now
    }
}

struct Ticket {
    documents: Vec<DocumentId>,
    results: Timestamp,
    asked: Timestamp,
    fell: bool,
}

/// An authority.
pub struct Office {
    country: Country,
    held: BTreeMap<DocumentId, Held>,
    tickets: Vec<Ticket>,
    passes: BTreeSet<String>,
    given: u64,
    blocked_until: Option<Timestamp>,
    /// What comes in before then has no result before then.
    stuck_until: Option<Timestamp>,
    violations: Vec<Violation>,
}

impl Office {
    pub fn new(country: Country) -> Office {
        Office {
            country,
            held: BTreeMap::new(),
            tickets: Vec::new(),
            passes: BTreeSet::new(),
            given: 0,
            blocked_until: None,
            stuck_until: None,
            violations: Vec::new(),
        }
    }

    pub fn held(&self) -> &BTreeMap<DocumentId, Held> {
        &self.held
    }

    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Every pass is worth nothing from now on.
    pub fn kill_passes(&mut self) {
        self.passes.clear();
    }

    /// What comes in from now on stays without a result until then.
    pub fn stick(&mut self, until: Timestamp) {
        self.stuck_until = Some(until);
    }

    /// Judges one request at one moment.
    pub fn answer(&mut self, request: &Request, now: Timestamp) -> Heard {
        let text = self.text(request, now);
        Heard::Reply { status: 200, headers: vec![], body: Bytes::from(text) }
    }

    fn text(&mut self, request: &Request, now: Timestamp) -> String {
        self.held.retain(|_, held| !held.falls || now < held.results);
        let body = String::from_utf8_lossy(&request.body).into_owned();
        if request.what == "login" {
            self.given += 1;
            let pass = format!("pass-{}", self.given);
            self.passes.insert(pass.clone());
            return format!("token {pass}");
        }
        let shown = request.headers.iter().find(|(name, _)| name == "token").map(|(_, value)| value);
        if !shown.is_some_and(|pass| self.passes.contains(pass)) {
            return "stale".to_owned();
        }
        match (request.what, request.effect) {
            ("deliver", Effect::Deliver) => self.deliver(&body, now),
            ("ticket?", Effect::Query) => self.ticket(&body, now),
            ("have?", Effect::Query) => self.have(&body, now),
            ("number?", Effect::Query) => self.number(&body),
            (what, effect) => {
                self.violate(now, format!("asked «{what}» as {effect:?}"));
                "what?".to_owned()
            }
        }
    }

    fn violate(&mut self, at: Timestamp, what: String) {
        self.violations.push(Violation { at, what });
    }

    fn deliver(&mut self, body: &str, now: Timestamp) -> String {
        if let Some(until) = self.blocked_until.filter(|until| now < *until) {
            return format!("blocked {}", until.duration_since(now).as_secs() + 1);
        }
        // The first line is the envelope's.
        let lines: Vec<_> = body.lines().skip(1).map(str::to_owned).collect();
        let read: Option<Vec<_>> = lines.iter().map(|line| document(line)).collect();
        let Some(documents) = read.filter(|documents| !documents.is_empty()) else {
            self.violate(now, "an envelope that can't be read".to_owned());
            return "what?".to_owned();
        };
        let (most, _) = self.country.together();
        let one_kind = documents.iter().all(|(id, _)| id.series == documents[0].0.series);
        if documents.len() > most || !one_kind {
            self.violate(now, format!("an envelope of {} documents", documents.len()));
        }
        let held = |id: &DocumentId| self.held.get(id).is_some_and(|held| !held.forgotten(self.country, now));
        if let Some((id, _)) = documents.iter().find(|(id, _)| held(id)) {
            return self.again(&id.clone(), &lines, now);
        }
        if self.country == Country::Numbering
            && let Some(turn) = self.turn(&documents[0].0).filter(|turn| *turn != documents[0].0.number)
        {
            return format!("turn {turn}");
        }
        let lots = matches!(self.country, Country::Lots | Country::Falling | Country::Forgetting);
        let bad = documents.iter().any(|(_, total)| self.word(*total) == Word::Bad);
        let falls = self.country == Country::Falling && documents.len() > 1 && bad;
        let results = match lots {
            true => self.stuck_until.unwrap_or(now).max(seconds(now, RESULTS_AFTER)),
            false => now,
        };
        let known = seconds(now, LAG_SECONDS);
        for ((id, total), bytes) in documents.iter().zip(&lines) {
            let word = self.word(*total).text();
            let offered = self.held.get(id).map_or(0, |before| before.offered) + 1;
            let given = self.gives(bytes);
            let held = Held { word, offered, since: now, known, results, bytes: bytes.clone(), given, falls };
            self.held.insert(id.clone(), held);
        }
        match lots {
            true => {
                let documents = documents.into_iter().map(|(id, _)| id).collect();
                self.tickets.push(Ticket { documents, results, asked: now, fell: falls });
                format!("ticket {}", self.tickets.len())
            }
            false => self.held[&documents[0].0].said(),
        }
    }

    /// What a document gets that is taken: its place among all that this authority took, and a code made of it.
    fn gives(&self, bytes: &str) -> String {
        match self.country {
            Country::Numbering => {
                let code = bytes.bytes().fold(7u32, |sum, byte| sum.wrapping_mul(31) ^ u32::from(byte));
                format!("{}-{code:08x}.", self.held.len() + 1)
            }
            _ => String::new(),
        }
    }

    /// What is judged by its total, everywhere but where a rejected number would have to be given to another
    /// document, which was sealed before.
    fn word(&self, total: i64) -> Word {
        match Word::of(total) {
            Word::Bad if self.country == Country::Numbering => Word::Hm,
            word => word,
        }
    }

    /// The number that is next in a series.
    fn turn(&self, id: &DocumentId) -> Option<u64> {
        let last = self.held.keys().filter(|held| held.series == id.series).map(|held| held.number).max();
        Some(last.unwrap_or(0) + 1)
    }

    /// Something of it is here already.
    fn again(&mut self, id: &DocumentId, lines: &[String], now: Timestamp) -> String {
        for line in lines {
            let Some(held) = document(line).and_then(|(id, _)| self.held.get_mut(&id)) else { continue };
            held.offered += 1;
            let what = match held.bytes == *line {
                true => format!("{id} again, held since {}", held.since),
                false => format!("{id} with other bytes"),
            };
            self.violations.push(Violation { at: now, what });
        }
        match self.country {
            Country::Lots => {
                self.blocked_until = Some(seconds(now, BLOCKED));
                format!("blocked {BLOCKED}")
            }
            Country::Burning
            | Country::Gated
            | Country::Numbering
            | Country::Falling
            | Country::Forgetting => "known".to_owned(),
        }
    }

    fn ticket(&mut self, body: &str, now: Timestamp) -> String {
        let number = body.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let Some(ticket) = number.and_then(|number| self.tickets.get_mut(number)) else {
            return "what?".to_owned();
        };
        let soon = now < seconds(ticket.asked, PACE);
        ticket.asked = now;
        let (ready, fell, documents) = (ticket.results <= now, ticket.fell, ticket.documents.clone());
        if soon {
            self.violate(now, format!("ticket {body} asked about too soon"));
        }
        if !ready {
            return "wait".to_owned();
        }
        if fell {
            return "fell".to_owned();
        }
        let words = documents.iter().map(|id| format!("{}{}={}", id.series, id.number, self.held[id].word));
        format!("each {}", words.collect::<Vec<_>>().join(" "))
    }

    /// It has nothing to say of what it took a moment ago: "no" is no proof.
    fn have(&mut self, body: &str, now: Timestamp) -> String {
        let held = document(body).and_then(|(id, _)| self.held.get(&id));
        match held {
            Some(held) if now < held.known || held.forgotten(self.country, now) => "no".to_owned(),
            Some(held) if held.bytes != body => "other".to_owned(),
            Some(held) if now < held.results => "wait".to_owned(),
            Some(held) => held.said(),
            None => "no".to_owned(),
        }
    }

    fn number(&self, body: &str) -> String {
        let id = document(body).map(|(id, _)| id);
        if id.is_some_and(|id| self.held.contains_key(&id)) { "yes" } else { "no" }.to_owned()
    }
}

fn seconds(from: Timestamp, seconds: i64) -> Timestamp {
    from.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}
