//! The conversation: `login`, `deliver`, `ticket?`, `have?`, in plain text.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use timbre_core::channel::{Blame, Method};
use timbre_core::*;

use crate::Country;
use crate::words::Word;

pub(crate) struct Post {
    name: &'static str,
    country: Country,
    limits: Limits,
}

impl Post {
    pub fn new(name: &'static str, country: Country) -> Post {
        let (documents, in_flight) = country.together();
        let limits = Limits {
            documents,
            bytes: 1 << 16,
            in_flight,
            query_timeout: Duration::from_secs(30),
            deliver_timeout: Duration::from_secs(120),
            answer_cap: 1 << 16,
        };
        Post { name, country, limits }
    }

    fn ask(&self, what: &'static str, body: String, cx: &Cx<'_>) -> Request {
        Request {
            effect: if what == "deliver" { Effect::Deliver } else { Effect::Query },
            method: Method::Post,
            url: format!("mem://{}/{what}", self.name),
            headers: vec![("token".into(), cx.pass.map(|p| p.expose().to_owned()).unwrap_or_default())],
            body: Bytes::from(body),
            what,
            secret: what == "login",
        }
    }

    /// The words of a verdict, and what is given with it; `None` where it is no word of theirs, or not whole.
    fn verdict(&self, text: &str) -> Option<Verdict> {
        let (word, given) = text.split_once(' ').unwrap_or((text, ""));
        let given = (!given.is_empty()).then(|| given.to_owned());
        let word = Word::read(word)?;
        let whole = given.as_ref().is_some_and(|given| given.ends_with('.'));
        if self.country == Country::Numbering && word != Word::Bad && !whole {
            return None;
        }
        Some(match word {
            Word::Yes => Verdict::Accepted { remarks: Some(vec![]), given },
            Word::Hm => {
                Verdict::Accepted { remarks: Some(vec![Remark::ours("HM", "Hay un reparo.")]), given }
            }
            Word::Bad => {
                let reasons = vec![Remark::ours("NO", "No se acepta.")];
                Verdict::Rejected { reasons, number: self.country.fate() }
            }
        })
    }

    fn each(&self, about: &[Arc<Document>], words: &str) -> Vec<Report> {
        let word = |id: &DocumentId| {
            let name = format!("{}{}=", id.series, id.number);
            words.split(' ').find_map(|one| one.strip_prefix(name.as_str()))
        };
        let report = |document: &Arc<Document>| {
            let verdict = self.verdict(word(&document.id)?)?;
            Some(Report { document: document.id.clone(), verdict })
        };
        about.iter().filter_map(report).collect()
    }

    fn delivered(&self, text: &str, state: State, about: &[Arc<Document>], cx: &Cx<'_>) -> Step {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let whole = |scope, wait: i64, code: &str, meaning: &str| {
            let retry_at =
                cx.now.checked_add(jiff::SignedDuration::from_secs(wait)).unwrap_or(Timestamp::MAX);
            Verdict::Refused { scope, why: Remark::ours(code, meaning), retry_at }
        };
        match word {
            "stale" => Step::Stale(state),
            "ticket" if rest.parse::<u64>().is_ok() => Step::Wait(
                cx.conduct.first_poll,
                State(json!({"at": "ticket?", "ticket": rest, "asked": 1})),
                all(about, &Verdict::Sent { track: rest.to_owned() }),
            ),
            "blocked" => {
                let wait = rest.parse().unwrap_or(600);
                let refused = whole(Scope::ChannelForNow, wait, "BLOCKED", "La empresa está bloqueada.");
                Step::Done(all(about, &refused))
            }
            "turn" => Step::Done(all(about, &whole(Scope::Document, 5, "TURN", "Falta el anterior."))),
            "known" => Step::Done(all(about, &Verdict::AlreadyThere)),
            _ => match self.verdict(text) {
                Some(verdict) => Step::Done(all(about, &verdict)),
                None => Step::Done(all(about, &unclear())),
            },
        }
    }

    /// "Not here" is believed when it is old and said twice.
    fn absent(&self, mut state: State, about: &[Arc<Document>], cx: &Cx<'_>) -> Step {
        let conduct = cx.conduct;
        let told = |key: &str| state.0[key].as_i64();
        let (since, first) = (told("since").unwrap_or(cx.now.as_second()), told("absent"));
        let past = |from: i64, wait: Duration| cx.now.as_second() - from >= wait.as_secs().cast_signed();
        if first.is_some_and(|first| past(first, conduct.absence_gap)) && past(since, conduct.absence_after) {
            return Step::Done(all(about, &Verdict::Absent));
        }
        state.0["absent"] = json!(first.unwrap_or(cx.now.as_second()));
        Step::Wait(conduct.absence_gap.max(Duration::from_secs(1)), state, vec![])
    }
}

fn unclear() -> Verdict {
    Verdict::Unknown { why: "no se entiende la respuesta".to_owned() }
}

fn all(about: &[Arc<Document>], verdict: &Verdict) -> Vec<Report> {
    about.iter().map(|d| Report { document: d.id.clone(), verdict: verdict.clone() }).collect()
}

fn text_of(document: &Document) -> String {
    String::from_utf8_lossy(&document.bytes).into_owned()
}

impl Channel for Post {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn travels_with(&self, first: &Document, other: &Document) -> bool {
        first.id.series == other.id.series
    }

    fn wrap(&self, _: &[Arc<Document>], cx: &Cx<'_>) -> Result<Wrapping, KeyError> {
        // Different each time: a parcel that is sent again must not be wrapped again.
        let mark: String = cx.entropy.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Wrapping { head: Bytes::from(mark + "\n"), tail: Bytes::new() })
    }

    fn login(&self, cx: &Cx<'_>) -> Result<Step, KeyError> {
        Ok(Step::Ask(self.ask("login", String::new(), cx), State(json!({"at": "login"})), vec![]))
    }

    fn begin(&self, parcel: &Parcel, cx: &Cx<'_>) -> Result<Step, KeyError> {
        let body = String::from_utf8_lossy(&parcel.body()).into_owned();
        Ok(Step::Ask(self.ask("deliver", body, cx), State(json!({"at": "deliver"})), vec![]))
    }

    fn probe(&self, document: &DocumentRef, cx: &Cx<'_>) -> Result<Step, KeyError> {
        let state = State(json!({"at": "have?", "since": cx.now.as_second()}));
        Ok(Step::Ask(self.ask("have?", text_of(document), cx), state, vec![]))
    }

    fn left_out(&self) -> Option<Remark> {
        self.country.left_out()
    }

    fn ask_number(&self, series: &Series, number: u64, cx: &Cx<'_>) -> Result<Step, KeyError> {
        Ok(match cx.pass {
            None => Step::Stale(State(Value::Null)),
            Some(_) => {
                let request = self.ask("number?", format!("{series}{number}:0"), cx);
                Step::Ask(request, State(Value::Null), vec![])
            }
        })
    }

    fn number_taken(&self, heard: &Heard) -> Result<Option<Remark>, String> {
        match heard {
            Heard::Reply { body, .. } if body == "no" => Ok(None),
            Heard::Reply { body, .. } if body == "yes" => Ok(Some(Remark::ours("TAKEN", "Lo tiene."))),
            other => Err(format!("{other:?}")),
        }
    }

    fn resume(
        &self,
        mut state: State,
        heard: Heard,
        about: &[Arc<Document>],
        cx: &Cx<'_>,
    ) -> Result<Step, KeyError> {
        let at = state.0["at"].as_str().unwrap_or_default().to_owned();
        let asked = state.0["asked"].as_u64().unwrap_or(0);
        let text = match heard {
            Heard::Reply { status: 200, body, .. } => String::from_utf8_lossy(&body).into_owned(),
            Heard::Reply { .. } | Heard::Nothing { .. } => String::new(),
            Heard::Elapsed => {
                return Ok(match at.as_str() {
                    "ticket?" => {
                        let ticket = state.0["ticket"].as_str().unwrap_or_default().to_owned();
                        Step::Ask(self.ask("ticket?", ticket, cx), state, vec![])
                    }
                    "have?" => Step::Ask(self.ask("have?", text_of(&about[0]), cx), state, vec![]),
                    "login" => Step::Ask(self.ask("login", String::new(), cx), state, vec![]),
                    _ => Step::Done(vec![]),
                });
            }
        };
        let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
        Ok(match (at.as_str(), word) {
            ("login", "token") if rest.starts_with("pass-") => Step::Granted(Pass::new(rest.to_owned())),
            ("login", _) => {
                let nobody = DocumentId::new("", 0);
                Step::Done(vec![Report { document: nobody, verdict: unclear() }])
            }
            ("deliver", _) => self.delivered(&text, state, about, cx),
            (_, "stale") => Step::Stale(state),
            // Who is not named may be asked about one by one, but for where that is forgotten what was rejected: there
            // only this answer tells, and a list that was cut is no answer.
            ("ticket?", "each")
                if self.country.left_out().is_none() || self.each(about, rest).len() == about.len() =>
            {
                Step::Done(self.each(about, rest))
            }
            ("ticket?", "fell") => {
                let reasons = vec![Remark::ours("FELL", "Cayó entero.")];
                let number = self.country.fate();
                let fallen = Verdict::Fallen { reasons, number, blame: Blame::Documents };
                Step::Done(all(about, &fallen))
            }
            ("have?", "no") => self.absent(state, about, cx),
            ("have?", "other") => {
                let why = Remark::ours("OTHER", "Otro usa el número.");
                Step::Done(all(about, &Verdict::Conflict { why, alike: false }))
            }
            ("have?", _) if self.verdict(&text).is_some() => {
                Step::Done(self.verdict(&text).map(|verdict| all(about, &verdict)).unwrap_or_default())
            }
            // Nothing, or nothing that can be understood, was said of it: a question is asked again.
            _ => {
                state.0["asked"] = json!(asked + 1);
                let index = usize::try_from(asked).unwrap_or(usize::MAX);
                let began = state.0["began"].as_i64().unwrap_or(cx.now.as_second());
                state.0["began"] = json!(began);
                let age = Duration::from_secs((cx.now.as_second() - began).unsigned_abs());
                Step::Wait(cx.conduct.wait_before(index, age), state, vec![])
            }
        })
    }
}
