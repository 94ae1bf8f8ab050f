//! A country that exists nowhere: a law of three lines and an authority in memory, so that the
//! engine is tested without Chile. Its authority is as nasty as Paraguay's (it blocks a company
//! that sends a document twice) and as Peru's (a rejection burns the number).

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use timbre_agent::carrier::Carrier;
use timbre_agent::clock::SystemClock;
use timbre_agent::{Agent, AgentParts, Custody, Settings};
use timbre_core::channel::{Conduct, Method};
use timbre_core::receipt::Receipt;
use timbre_core::regime::{Kind, PrintGate};
use timbre_core::*;
use timbre_store::{CertificateLoaded, OpenOptions, Store};

pub struct Nowhere;

static PROFILE: Profile = Profile {
    country: "XX",
    authority: "Oficina",
    zone: "America/Santiago",
    kinds: &[Kind { series: "A", name: "Papel", deadline_seconds: Some(3600) }],
    print: PrintGate::OnSeal,
};

impl Regime for Nowhere {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn company(&self, data: &Value, _: Environment) -> Result<Company, Refusals> {
        Ok(Company { id: "1".into(), name: "Nadie".into(), data: data.clone() })
    }

    fn grant(&self, file: &[u8], issuer: &Issuer) -> Result<GrantFile, Refusals> {
        let text = String::from_utf8_lossy(file);
        let (first, last) = text.split_once('-').ok_or_else(|| Refusal::new("grant-bad", "", "mal"))?;
        Ok(GrantFile {
            grant: Grant {
                id: GrantId(text.to_string()),
                series: Series("A".into()),
                first: first.parse().unwrap(),
                last: last.parse().unwrap(),
                environment: issuer.environment,
                issuer: issuer.company.id.clone(),
                authorised: "2026-01-01".parse().unwrap(),
                expires: None,
                public: String::new(),
            },
            secret: zeroize::Zeroizing::new(b"secret".to_vec()),
        })
    }

    fn draft(
        &self,
        sale: &Sale,
        _: &Issuer,
        _: &dyn Documents,
        now: Timestamp,
    ) -> Result<Box<dyn Draft>, Refusals> {
        match sale.body.get("total").and_then(Value::as_i64) {
            Some(total) if total > 0 => Ok(Box::new(Note {
                total,
                date: now.to_zoned(jiff::tz::TimeZone::UTC).date(),
                unsealable: sale.body.get("unsealable").is_some(),
            })),
            _ => Err(Refusal::new("total-missing", "total", "Falta el total.").into()),
        }
    }

    fn preview(
        &self,
        _: &Sale,
        _: Option<&Issuer>,
        _: &dyn Documents,
        _: Timestamp,
    ) -> Result<Preview, Refusals> {
        Ok(Preview { totals: json!({}), warnings: vec![], xml: String::new() })
    }

    fn receipt(&self, _: &Document, _: &TillData) -> Receipt {
        Receipt::default()
    }

    fn verify(&self, _: &[u8]) -> Vec<Finding> {
        Vec::new()
    }

    fn file(&self, document: &Document) -> Vec<u8> {
        document.bytes.to_vec()
    }
}

struct Note {
    total: i64,
    date: Date,
    unsealable: bool,
}

impl Draft for Note {
    fn series(&self) -> Series {
        Series("A".into())
    }
    fn accepts(&self, _: &Grant) -> Result<(), Refusal> {
        Ok(())
    }
    fn claims(&self) -> Claims {
        Claims::default()
    }
    fn warnings(&self) -> &[Refusal] {
        &[]
    }
    fn totals(&self) -> Value {
        json!({ "total": self.total })
    }
    fn seal(&self, folio: Folio, _: &dyn Keys, at: Timestamp) -> Result<Document, KeyError> {
        if self.unsealable {
            return Err(KeyError::Failed("a propósito".into()));
        }
        let number = folio.number();
        Ok(Document {
            id: DocumentId::new("A", number),
            version: 1,
            grant: folio.grant().id.clone(),
            channel: ChannelId("post".into()),
            date: self.date,
            stamped: at,
            receiver: Party::default(),
            total: Amount(self.total),
            words: String::new(),
            facts: json!({}),
            bytes: Bytes::from(format!("{number}:{}", self.total)),
        })
    }
}

pub struct NoKeys;

impl Keys for NoKeys {
    fn sign(&self, _: KeyName<'_>, _: Scheme, _: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(vec![])
    }
    fn certificate(&self) -> Result<Certificate, KeyError> {
        Ok(Certificate {
            der: Bytes::new(),
            modulus: Bytes::new(),
            exponent: Bytes::new(),
            holder: "1".into(),
            not_before: Timestamp::MIN,
            not_after: Timestamp::MAX,
        })
    }
}

impl Seals for NoKeys {
    fn seal(&self, _: &str, secret: &[u8]) -> Result<Bytes, KeyError> {
        Ok(Bytes::copy_from_slice(secret))
    }
}

impl Custody for NoKeys {
    fn read_certificate(&self, _: &[u8], _: &str, _: Environment) -> Result<CertificateLoaded, Refusal> {
        Ok(CertificateLoaded {
            holder: "1".into(),
            subject: "Nadie".into(),
            not_before: Timestamp::MIN,
            not_after: Timestamp::MAX,
            der: Bytes::new(),
            sealed: Bytes::new(),
        })
    }
    fn forget(&self) {}
}

/// The post: `login`, `deliver`, `track?` and `have?`, in plain text.
pub struct Post;

const LIMITS: Limits = Limits {
    documents: 10,
    in_flight: 5,
    query_timeout: Duration::from_secs(5),
    deliver_timeout: Duration::from_secs(5),
    answer_cap: 1 << 16,
};

fn ask(effect: Effect, what: &'static str, body: String, cx: &Cx<'_>) -> Request {
    Request {
        effect,
        method: Method::Post,
        url: format!("mem:{what}"),
        headers: vec![("token".into(), cx.pass.map(|p| p.expose().to_owned()).unwrap_or_default())],
        body: Bytes::from(body),
        what,
        secret: what == "login",
    }
}

fn all(about: &[Arc<Document>], verdict: &Verdict) -> Vec<Report> {
    about.iter().map(|d| Report { document: d.id.clone(), verdict: verdict.clone() }).collect()
}

impl Channel for Post {
    fn limits(&self) -> &Limits {
        &LIMITS
    }
    fn travels_with(&self, _: &Document, _: &Document) -> bool {
        true
    }
    fn wrap(&self, _: &[Arc<Document>], cx: &Cx<'_>) -> Result<Wrapping, KeyError> {
        // Different each time: sending a parcel again must not wrap it again.
        Ok(Wrapping { head: Bytes::from(format!("{:02x?}\n", cx.entropy)), tail: Bytes::new() })
    }
    fn login(&self, cx: &Cx<'_>) -> Result<Step, KeyError> {
        let request = ask(Effect::Query, "login", String::new(), cx);
        Ok(Step::Ask(request, State(json!({"at": "login"})), vec![]))
    }
    fn begin(&self, parcel: &Parcel, cx: &Cx<'_>) -> Result<Step, KeyError> {
        let body = String::from_utf8(parcel.body()).unwrap();
        Ok(Step::Ask(ask(Effect::Deliver, "deliver", body, cx), State(json!({"at": "deliver"})), vec![]))
    }
    fn probe(&self, document: &DocumentRef, cx: &Cx<'_>) -> Result<Step, KeyError> {
        let body = String::from_utf8(document.bytes.to_vec()).unwrap();
        Ok(Step::Ask(ask(Effect::Query, "have?", body, cx), State(json!({"at": "have?"})), vec![]))
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
        let Heard::Reply { body, .. } = heard else {
            return Ok(match (at.as_str(), heard) {
                ("track?", Heard::Elapsed) => {
                    let track = state.0["track"].as_str().unwrap().to_owned();
                    Step::Ask(ask(Effect::Query, "track?", track, cx), state, vec![])
                }
                ("have?", Heard::Elapsed) => {
                    let body = String::from_utf8(about[0].bytes.to_vec()).unwrap();
                    Step::Ask(ask(Effect::Query, "have?", body, cx), state, vec![])
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
            ("track?", "wait") => Step::Wait(again, state, all(about, &Verdict::Pending)),
            ("track?" | "have?", "yes") => Step::Done(all(about, &Verdict::Accepted { remarks: vec![] })),
            ("track?" | "have?", "bad") => Step::Done(all(
                about,
                &Verdict::Rejected {
                    reasons: vec![Remark { code: "X".into(), words: "no".into(), meaning: "No.".into() }],
                    number: NumberFate::Consumed,
                },
            )),
            ("have?", "no") => match state.0["absent"].as_bool() {
                Some(true) => Step::Done(all(about, &Verdict::Absent)),
                _ => Step::Wait(again, State(json!({"at": "have?", "absent": true})), vec![]),
            },
            (_, other) => Step::Done(all(about, &Verdict::Unknown { why: format!("¿{other}?") })),
        })
    }
}

/// What the authority does with the next requests of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Fine,
    /// Nothing leaves.
    Dead,
    /// Takes it and answers nothing.
    Swallow,
    /// Neither takes it nor answers.
    Lose,
    /// Says that the pass is no good.
    Stale,
}

/// The authority, in memory.
#[derive(Default)]
pub struct Office {
    pub inner: Mutex<Books>,
}

#[derive(Default)]
pub struct Books {
    /// Documents by number, and how often each was offered.
    pub held: BTreeMap<String, u32>,
    pub parcels: Vec<String>,
    pub logins: u32,
    pub down: bool,
    pub moods: VecDeque<(&'static str, Mood)>,
    /// Deliveries seen in the order of their documents.
    pub order: Vec<u64>,
    pub most_at_once: u32,
    at_once: u32,
}

impl Office {
    pub fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.inner.lock().unwrap()
    }

    fn answer(&self, request: &Request) -> Heard {
        let mut books = self.books();
        let nothing = |sent| Heard::Nothing { sent, why: "prueba".into() };
        if books.down {
            return nothing(Sent::No);
        }
        let mood = match books.moods.front() {
            Some((what, mood)) if *what == request.what => {
                let mood = *mood;
                books.moods.pop_front();
                mood
            }
            _ => Mood::Fine,
        };
        match mood {
            Mood::Dead => return nothing(Sent::No),
            Mood::Lose => return nothing(Sent::Perhaps),
            Mood::Stale => return reply("stale"),
            Mood::Fine | Mood::Swallow => {}
        }
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        let text = match request.what {
            "login" => {
                books.logins += 1;
                format!("token {}", books.logins)
            }
            "deliver" => {
                books.parcels.push(body.clone());
                for line in body.lines().skip(1) {
                    *books.held.entry(line.to_owned()).or_default() += 1;
                    books.order.push(line.split(':').next().unwrap().parse().unwrap());
                }
                format!("track {}", books.parcels.len())
            }
            "track?" => "yes".to_owned(),
            "have?" if books.held.contains_key(&body) => "yes".to_owned(),
            "have?" => "no".to_owned(),
            other => panic!("{other}"),
        };
        if mood == Mood::Swallow { nothing(Sent::Perhaps) } else { reply(&text) }
    }
}

fn reply(text: &str) -> Heard {
    Heard::Reply { status: 200, headers: vec![], body: Bytes::copy_from_slice(text.as_bytes()) }
}

/// Carries to the office, with a turn of the executor in between as a network would.
pub struct Wire(pub Arc<Office>);

impl Carrier for Wire {
    fn carry<'a>(
        &'a self,
        request: &'a Request,
        _: &'a Limits,
    ) -> Pin<Box<dyn Future<Output = Heard> + Send + 'a>> {
        Box::pin(async move {
            {
                let mut books = self.0.books();
                books.at_once += 1;
                books.most_at_once = books.most_at_once.max(books.at_once);
            }
            tokio::task::yield_now().await;
            let heard = self.0.answer(request);
            self.0.books().at_once -= 1;
            heard
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
        conduct: Conduct {
            first_poll: ms(2),
            polls: vec![ms(5)],
            absence_after: ms(5),
            absence_gap: ms(5),
            user_agent: String::new(),
        },
        ..Settings::new("")
    }
}

/// An engine on `dir`, with its shop set up.
pub async fn open(dir: &std::path::Path, office: &Arc<Office>, send: bool) -> Agent {
    open_with(dir, office, send, settings()).await
}

pub async fn open_with(dir: &std::path::Path, office: &Arc<Office>, send: bool, settings: Settings) -> Agent {
    let (store, opened) = Store::open(dir, &OpenOptions::default(), &|_, _| {}).unwrap();
    let channel: Arc<dyn Channel> = Arc::new(Post);
    let agent = Agent::start(AgentParts {
        store,
        opened,
        regime: Arc::new(Nowhere),
        channels: [(ChannelId("post".into()), channel)].into(),
        custody: Arc::new(NoKeys),
        clock: Arc::new(SystemClock),
        carrier: Arc::new(Wire(Arc::clone(office))),
        settings,
        send,
    })
    .unwrap();
    if agent.company().is_none() {
        agent.set_company(Environment::Training, &json!({})).await.unwrap();
        agent.load_certificate(b"", "").await.unwrap();
        agent.load_grant(b"1-5", (1, 1), None).await.unwrap();
        agent.load_grant(b"6-500", (1, 1), None).await.unwrap();
    }
    agent
}

/// Waits for a push after which `done` holds.
pub async fn until(agent: &Agent, done: impl Fn(&Agent) -> bool) {
    let mut pushes = agent.subscribe();
    let wait = async {
        while !done(agent) {
            // A lagging listener looks again all the same.
            let _ = pushes.recv().await;
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
