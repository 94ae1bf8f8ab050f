//! A law of three lines and an authority in memory whose every mood a test commands, with the traits of one of the
//! countries that exist nowhere (`COUNTRY`): how many travel together, whether the answer to a delivery is the
//! verdict, when paper may be printed, and what is given or forgotten.

// Each country's tests use a part of it.
#![allow(dead_code, unused_imports)]

mod law;
mod office;
mod tray;

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use timbre_agent::chance::SystemChance;
use timbre_agent::clock::{Clock, SystemClock, later};
use timbre_agent::{Agent, AgentParts, Seat, Settings};
use timbre_core::channel::{Conduct, Method};
use timbre_core::paper::{NoPaper, Paper};
use timbre_core::*;
use timbre_elsewhere::Country;
use timbre_store::{OpenOptions, Opened, Store};

use crate::COUNTRY;

pub use law::{ALONE, BY_MAIL, DRAFTS, NoKeys, Nowhere};
pub use office::{Books, Mood, Office, Wire, questions};
pub use tray::{Tray, given, paper_of, stuck, tray, two};

/// What a test does in the middle of the channel `post`: by what is called and what it is about it fails, panics or waits.
pub type Hook = Arc<dyn Fn(&'static str, &[Arc<Document>]) -> Result<(), KeyError> + Send + Sync>;

/// The post: `login`, `deliver`, `track?` and `have?`, in plain text.
pub struct Post {
    name: &'static str,
    hook: Hook,
}

static LIMITS: LazyLock<Limits> = LazyLock::new(|| {
    let (documents, at_once) = COUNTRY.together();
    Limits {
        documents: documents.min(10),
        bytes: 1 << 16,
        in_flight: if at_once == 1 { 1 } else { 5 },
        query_timeout: Duration::from_secs(5),
        deliver_timeout: Duration::from_secs(5),
        answer_cap: 1 << 16,
    }
});

/// Several travel together, and their verdicts are asked for later.
pub fn several() -> bool {
    LIMITS.documents > 1
}

impl Post {
    fn ask(&self, effect: Effect, what: &'static str, body: String, cx: &Cx<'_>) -> Request {
        Request {
            effect,
            method: Method::Post,
            url: format!("mem:{}/{what}", self.name),
            headers: vec![
                ("token".into(), cx.pass.map(|p| p.expose().to_owned()).unwrap_or_default()),
                ("repeated".into(), cx.repeated.to_string()),
            ],
            body: Bytes::from(body),
            what,
            secret: what == "login",
        }
    }
}

fn all(about: &[Arc<Document>], verdict: &Verdict) -> Vec<Report> {
    about.iter().map(|d| Report { document: d.id.clone(), verdict: verdict.clone() }).collect()
}

/// What an authority that was asked too much wants to be left alone for.
pub const REST: Duration = Duration::from_secs(60);

/// What an authority that numbers gives with its acceptance.
pub const GIVEN: &str = "0007-c0de";

fn verdict(word: &str) -> Verdict {
    match word {
        "yes" => {
            let given = (COUNTRY == Country::Numbering).then(|| GIVEN.to_owned());
            Verdict::Accepted { remarks: Some(vec![]), given }
        }
        // It can't tell whether with objections.
        "held" => Verdict::Accepted { remarks: None, given: None },
        "bad" => Verdict::Rejected {
            reasons: vec![Remark { words: "no".into(), ..Remark::ours("X", "No.") }],
            number: NumberFate::Consumed,
        },
        "free" => Verdict::Rejected {
            reasons: vec![Remark { words: "no".into(), ..Remark::ours("X", "No.") }],
            number: NumberFate::AskByProbe,
        },
        "annulled" | "ungranted" => Verdict::Rejected {
            reasons: vec![Remark::ours("N", "El número no sirve.")],
            number: if word == "annulled" { NumberFate::Annulled } else { NumberFate::Ungranted },
        },
        "taken" => Verdict::Rejected {
            reasons: vec![Remark::ours("O", "Otro usa el número.")],
            number: NumberFate::Taken,
        },
        "there" => Verdict::AlreadyThere,
        "lost" => Verdict::Lost { why: "Ya no lo encuentra.".into() },
        "other" => Verdict::Conflict { why: Remark::ours("O", "Otro usa el número."), alike: false },
        "alike" => Verdict::Conflict { why: Remark::ours("O", "Otro usa el número."), alike: true },
        other => Verdict::Unknown { why: format!("¿{other}?") },
    }
}

/// A word for each document, by its number.
fn each(about: &[Arc<Document>], words: &str) -> Vec<Report> {
    let word = |number: u64| words.split(' ').find_map(|one| one.strip_prefix(&format!("{number}=")));
    let report = |d: &Arc<Document>| {
        word(d.id.number).map(|word| Report { document: d.id.clone(), verdict: verdict(word) })
    };
    about.iter().filter_map(report).collect()
}

impl Channel for Post {
    fn limits(&self) -> &Limits {
        &LIMITS
    }
    fn left_out(&self) -> Option<Remark> {
        COUNTRY.left_out()
    }
    fn travels_with(&self, first: &Document, other: &Document) -> bool {
        first.total.0 < ALONE && other.total.0 < ALONE
    }
    fn wrap(&self, documents: &[Arc<Document>], cx: &Cx<'_>) -> Result<Wrapping, KeyError> {
        (self.hook)("wrap", documents)?;
        // Different each time: sending a parcel again must not wrap it again.
        let head = format!("{} {:02x?}\n", cx.keys.certificate()?.holder, cx.entropy);
        Ok(Wrapping { head: Bytes::from(head), tail: Bytes::new() })
    }
    fn wraps_alike(&self, parcel: &Parcel, cx: &Cx<'_>) -> Result<bool, KeyError> {
        Ok(parcel.head.starts_with(format!("{} ", cx.keys.certificate()?.holder).as_bytes()))
    }
    fn login(&self, cx: &Cx<'_>) -> Result<Step, KeyError> {
        (self.hook)("login", &[])?;
        let request = self.ask(Effect::Query, "login", String::new(), cx);
        Ok(Step::Ask(request, State(json!({"at": "login"})), vec![]))
    }
    fn begin(&self, parcel: &Parcel, cx: &Cx<'_>) -> Result<Step, KeyError> {
        (self.hook)("begin", &parcel.documents)?;
        let body = String::from_utf8(parcel.body()).unwrap();
        Ok(Step::Ask(self.ask(Effect::Deliver, "deliver", body, cx), State(json!({"at": "deliver"})), vec![]))
    }
    fn probe(&self, document: &DocumentRef, cx: &Cx<'_>) -> Result<Step, KeyError> {
        let body = String::from_utf8(document.bytes.to_vec()).unwrap();
        Ok(Step::Ask(self.ask(Effect::Query, "have?", body, cx), State(json!({"at": "have?"})), vec![]))
    }
    fn ask_number(&self, _: &Series, number: u64, cx: &Cx<'_>) -> Result<Step, KeyError> {
        Ok(match (self.name, cx.pass) {
            ("post", None) => Step::Stale(State(json!(null))),
            ("post", Some(_)) => {
                let request = self.ask(Effect::Query, "have?", format!("{number}:?"), cx);
                Step::Ask(request, State(json!(null)), vec![])
            }
            _ => Step::Done(vec![]),
        })
    }
    fn number_taken(&self, heard: &Heard) -> Result<Option<Remark>, String> {
        match heard {
            Heard::Reply { body, .. } if body == "no" => Ok(None),
            Heard::Reply { body, .. } if body == "yes" => Ok(Some(Remark::ours("X", "Lo tiene."))),
            other => Err(format!("{other:?}")),
        }
    }
    fn resume(
        &self,
        state: State,
        heard: Heard,
        about: &[Arc<Document>],
        cx: &Cx<'_>,
    ) -> Result<Step, KeyError> {
        let at = state.0["at"].as_str().unwrap().to_owned();
        let again = Duration::from_millis(5);
        if matches!(heard, Heard::Reply { status: 429, .. }) {
            return Ok(Step::Wait(REST, state, vec![]));
        }
        let Heard::Reply { status: 200, body, .. } = heard else {
            return Ok(match (at.as_str(), heard) {
                ("track?", Heard::Elapsed) => {
                    let track = state.0["track"].as_str().unwrap().to_owned();
                    Step::Ask(self.ask(Effect::Query, "track?", track, cx), state, vec![])
                }
                ("have?", Heard::Elapsed) => {
                    let body = String::from_utf8(about[0].bytes.to_vec()).unwrap();
                    Step::Ask(self.ask(Effect::Query, "have?", body, cx), state, vec![])
                }
                _ => Step::Wait(again, state, vec![]),
            });
        };
        let text = String::from_utf8(body.to_vec()).unwrap();
        let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
        Ok(match (at.as_str(), word) {
            (_, "stale") => Step::Stale(state),
            ("login", "token") => Step::Granted(Pass::new(rest.to_owned())),
            ("deliver", "track") => Step::Wait(
                again,
                State(json!({"at": "track?", "track": rest})),
                all(about, &Verdict::Sent { track: rest.to_owned() }),
            ),
            ("track?" | "have?", "wait") => Step::Wait(again, state, all(about, &Verdict::Pending)),
            ("deliver", "chat") => {
                let request = self.ask(Effect::Query, "track?", rest.to_owned(), cx);
                let state = State(json!({"at": "track?", "track": rest}));
                Step::Ask(request, state, all(about, &Verdict::Sent { track: rest.to_owned() }))
            }
            ("deliver", "half") => Step::Done(all(&about[..1], &Verdict::Sent { track: "half".to_owned() })),
            ("deliver", "refuse") => {
                let why = Remark::ours("X", "Sin permiso.");
                let retry_at = cx.now.checked_add(again).unwrap();
                Step::Done(all(about, &Verdict::Refused { scope: Scope::Channel, why, retry_at }))
            }
            ("track?" | "have?", "refuse") => {
                let why = Remark::ours("X", "Sin permiso.");
                let refused = Verdict::Refused { scope: Scope::Channel, why, retry_at: cx.now };
                Step::Wait(again, state, all(about, &refused))
            }
            ("login" | "deliver", "busy" | "tomorrow") => {
                let why = Remark::ours("B", "Muy ocupada.");
                let retry_at =
                    if word == "busy" { cx.now } else { later(cx.now, timbre_core::channel::SELDOM) };
                let refused = Verdict::Refused { scope: Scope::ChannelForNow, why, retry_at };
                // A login is about no document.
                let nobody = vec![Report { document: DocumentId::new("", 0), verdict: refused.clone() }];
                Step::Done(if about.is_empty() { nobody } else { all(about, &refused) })
            }
            ("track?" | "have?", "<html>") => Step::Wait(again, state, vec![]),
            ("track?", "hurry") => Step::Wait(Duration::ZERO, state, vec![]),
            ("track?", "fell" | "cover") => {
                let blame = if word == "fell" { Blame::Documents } else { Blame::Envelope };
                let reasons = vec![Remark::ours("F", "El envío no se entiende.")];
                Step::Done(all(about, &Verdict::Fallen { reasons, number: NumberFate::FreeForSame, blame }))
            }
            ("track?", "each") => Step::Done(each(about, rest)),
            (_, "yes" | "bad" | "free") => Step::Done(all(about, &verdict(word))),
            ("have?", "no") => match state.0["absent"].as_bool() {
                Some(true) => Step::Done(all(about, &Verdict::Absent)),
                _ => Step::Wait(again, State(json!({"at": "have?", "absent": true})), vec![]),
            },
            // Believed once it is as old as the settings say.
            ("have?", "unsure") => {
                let now = cx.now.as_second();
                let since = state.0["since"].as_i64().unwrap_or(now);
                match now - since >= cx.conduct.absence_after.as_secs().cast_signed() {
                    true => Step::Done(all(about, &Verdict::Absent)),
                    false => Step::Wait(again, State(json!({"at": "have?", "since": since})), vec![]),
                }
            }
            (_, other) => Step::Done(all(about, &verdict(other))),
        })
    }
}

pub fn settings() -> Settings {
    let ms = Duration::from_millis;
    Settings {
        retry_base: ms(2),
        retry_cap: ms(10),
        line_base: ms(2),
        line_cap: ms(10),
        poll_floor: ms(1),
        conduct: Conduct {
            first_poll: ms(2),
            quick_poll: ms(2),
            polls: vec![ms(5)],
            absence_after: ms(5),
            absence_gap: ms(5),
            settle_after: ms(60_000),
            data_alone: false,
            user_agent: String::new(),
        },
        ..Settings::new("")
    }
}

/// A clock that somebody sets by hand.
pub struct Hands {
    shows: Mutex<Timestamp>,
    /// How far it was set, and no time went by.
    set: Mutex<jiff::SignedDuration>,
}

impl Hands {
    pub fn new() -> Arc<Hands> {
        Arc::new(Hands { shows: Mutex::new(SystemClock.now()), set: Mutex::default() })
    }

    pub fn advance(&self, span: Duration) {
        let mut now = self.shows.lock().unwrap();
        *now = later(*now, span);
    }

    /// Somebody sets it: no time goes by.
    pub fn set_ahead(&self, span: Duration) {
        self.advance(span);
        *self.set.lock().unwrap() += jiff::SignedDuration::try_from(span).unwrap();
    }

    /// Somebody sets it back: no time goes by.
    pub fn back(&self, span: Duration) {
        let span = jiff::SignedDuration::try_from(span).unwrap();
        let mut now = self.shows.lock().unwrap();
        *now = now.checked_sub(span).unwrap();
        *self.set.lock().unwrap() -= span;
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.shows.lock().unwrap()
    }

    fn steady(&self) -> Duration {
        let shown = self.now().duration_since(Timestamp::UNIX_EPOCH);
        Duration::try_from(shown - *self.set.lock().unwrap()).unwrap()
    }
}

/// How an engine is opened.
pub struct Opening {
    pub send: bool,
    pub settings: Settings,
    pub options: OpenOptions,
    pub clock: Arc<dyn Clock>,
    pub hook: Hook,
    pub keys: Arc<NoKeys>,
    pub environment: Environment,
    pub paper: Arc<dyn Paper>,
    /// Of a new folder.
    pub ranges: Vec<String>,
}

impl Default for Opening {
    fn default() -> Opening {
        Opening {
            send: true,
            settings: settings(),
            options: OpenOptions::default(),
            clock: Arc::new(SystemClock),
            hook: Arc::new(|_, _| Ok(())),
            keys: Arc::default(),
            environment: Environment::Training,
            paper: Arc::new(NoPaper),
            ranges: ["1-5", "6-500", "501-2000"].map(str::to_owned).to_vec(),
        }
    }
}

/// An engine on `dir`, with its shop set up.
pub async fn open(dir: &std::path::Path, office: &Arc<Office>, send: bool) -> Agent {
    open_as(dir, office, Opening { send, ..Opening::default() }).await
}

pub async fn open_with(dir: &std::path::Path, office: &Arc<Office>, send: bool, settings: Settings) -> Agent {
    open_as(dir, office, Opening { send, settings, ..Opening::default() }).await
}

pub async fn open_as(dir: &std::path::Path, office: &Arc<Office>, opening: Opening) -> Agent {
    let (store, opened) = Store::open(dir, &opening.options, &|_, _| {}).unwrap();
    start(store, opened, office, opening).await
}

/// An engine on a store that is open already.
pub async fn start(store: Store, opened: Opened, office: &Arc<Office>, opening: Opening) -> Agent {
    let channel = |name, hook| {
        let channel: Arc<dyn Channel> = Arc::new(Post { name, hook });
        (ChannelId(name.to_owned()), channel)
    };
    let agent = Agent::start(AgentParts {
        store,
        opened,
        regime: Arc::new(Nowhere),
        channels: [channel("post", opening.hook), channel("mail", Arc::new(|_, _| Ok(())))].into(),
        custody: opening.keys,
        clock: opening.clock,
        chance: Arc::new(SystemChance),
        carrier: Arc::new(Wire(Arc::clone(office))),
        settings: opening.settings,
        seat: Seat::Thread,
        paper: opening.paper,
        send: opening.send,
    })
    .unwrap();
    if agent.company().is_none() {
        agent.set_company(opening.environment, &json!({})).await.unwrap();
        agent.load_certificate(b"", "", None).await.unwrap();
        for range in opening.ranges {
            agent.load_grant(range.as_bytes(), (1, 1), None).await.unwrap();
        }
    }
    agent
}

/// Waits for a push after which `done` holds.
pub async fn until(agent: &Agent, done: impl Fn(&Agent) -> bool) {
    let mut pushes = agent.subscribe();
    let wait = async {
        while !done(agent) {
            // A lagging listener looks again all the same, and so does one to whom nothing is told: the clock that
            // `done` may move tells nobody.
            let _ = tokio::time::timeout(Duration::from_millis(100), pushes.recv()).await;
        }
    };
    let limit = Duration::from_secs(60);
    if tokio::time::timeout(limit, wait).await.is_err() {
        panic!("it never came to be: {:#?}", agent.stats());
    }
}

pub async fn sell(agent: &Agent, key: &str, total: i64) -> timbre_agent::view::IssuedView {
    let sale = json!({ "total": total }).to_string();
    agent.issue(Bytes::from(sale), Some(key.to_owned())).await.unwrap()
}

pub fn office() -> Arc<Office> {
    Arc::new(Office::default())
}

/// How a document stands.
pub fn row(agent: &Agent, number: u64) -> timbre_agent::view::RowView {
    agent.detail(&format!("TAF{number}")).unwrap().row
}

/// Sells so many at once.
pub async fn sell_many(agent: &Agent, many: u64) {
    let sales: Vec<_> = (0..many)
        .map(|i| {
            let agent = agent.clone();
            tokio::spawn(async move { sell(&agent, &format!("k{i}"), 10).await })
        })
        .collect();
    for sale in sales {
        sale.await.unwrap();
    }
}

/// Lets `periods` pass, and sees in each that the sender has looked at its queue: a document of the other channel goes
/// through, which makes one more than the `accepted` there are.
pub async fn let_pass(agent: &Agent, clock: &Hands, period: Duration, periods: u64, accepted: u64) {
    for i in 0..periods {
        clock.advance(period);
        sell(agent, &format!("period{i}"), BY_MAIL).await;
        until(agent, |agent| agent.stats().accepted > accepted + i).await;
    }
}

/// Flips a byte of the frame that holds these bytes.
pub fn damage(dir: &std::path::Path, bytes: &str) {
    let path = dir.join("journal/000001.tj");
    let mut journal = std::fs::read(&path).unwrap();
    let at = journal.windows(bytes.len()).position(|part| part == bytes.as_bytes()).unwrap();
    journal[at] ^= 1;
    std::fs::write(&path, journal).unwrap();
}

/// Is a person called to it?
pub fn flagged(agent: &Agent, number: u64) -> bool {
    row(agent, number).attention.is_some()
}

/// How many facts there are of a document.
pub fn history(agent: &Agent, number: u64) -> usize {
    agent.history(&format!("TAF{number}")).unwrap().len()
}

/// The sums of the bytes that left with a document, in their order.
pub fn sums(agent: &Agent, number: u64) -> Vec<String> {
    let history = agent.history(&format!("TAF{number}")).unwrap();
    let sent = history.iter().filter(|fact| fact["fact"] == "sending");
    sent.map(|fact| fact["sha256"].as_str().unwrap().to_owned()).collect()
}

/// Sells `many` before anything is sent, so that they travel together, and opens again to send.
pub async fn together(dir: &std::path::Path, office: &Arc<Office>, many: u64) -> Agent {
    let agent = open(dir, office, false).await;
    for i in 0..many {
        sell(&agent, &format!("k{i}"), 10).await;
    }
    agent.stop().await;
    drop(agent);
    open(dir, office, true).await
}

/// The authority took it: what it says of it comes with that, or later.
pub fn taken(agent: &Agent, number: u64) -> bool {
    matches!(row(agent, number).state.as_str(), "ENVIADO" | "ACEPTADO")
}
