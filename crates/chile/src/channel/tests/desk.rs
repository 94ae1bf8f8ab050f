//! The engine's part, played by hand: a clock that is wound, a pass, and replies from a script.

use super::*;
use crate::fixture::{TestKeys, company, document};
use timbre_core::channel::Conduct;
use timbre_core::{ChannelId, Company, Environment, ParcelId, Sent, Timestamp, Verdict};

pub struct Desk {
    pub now: Timestamp,
    pub conduct: Conduct,
    pub company: Company,
    pub pass: Option<Pass>,
    /// Its documents left before.
    pub repeated: bool,
}

pub const TOKEN: &str = "XAuSbYXiNh9Ik";

pub fn desk() -> Desk {
    let seconds = Duration::from_secs;
    Desk {
        now: "2026-03-01T12:00:00Z".parse().unwrap(),
        conduct: Conduct {
            user_agent: crate::hosts::USER_AGENT.to_owned(),
            first_poll: seconds(600),
            quick_poll: seconds(60),
            polls: vec![seconds(1200), seconds(2400), seconds(3600)],
            absence_after: seconds(600),
            absence_gap: seconds(120),
            settle_after: seconds(24 * 3600),
            data_alone: false,
        },
        company: company(),
        pass: Some(Pass::new(TOKEN.to_owned())),
        repeated: false,
    }
}

impl Desk {
    pub fn cx(&self) -> Cx<'_> {
        Cx {
            now: self.now,
            entropy: [7; 32],
            keys: TestKeys::get(),
            pass: self.pass.as_ref(),
            company: &self.company,
            environment: Environment::Training,
            simulator: Some("http://127.0.0.1:4581"),
            conduct: &self.conduct,
            repeated: self.repeated,
        }
    }

    pub fn parcel(&self, channel: &dyn Channel, documents: Vec<Arc<Document>>) -> Parcel {
        let wrapping = channel.wrap(&documents, &self.cx()).unwrap();
        Parcel {
            id: ParcelId("1".to_owned()),
            channel: ChannelId(BOLETA.to_owned()),
            head: wrapping.head,
            tail: wrapping.tail,
            documents,
        }
    }

    /// Goes on from a step, with the state written to text and read back as after a restart.
    pub fn go_on(&self, channel: &dyn Channel, step: &Step, heard: Heard, about: &[Arc<Document>]) -> Step {
        channel.resume(stored(step), heard, about, &self.cx()).unwrap()
    }
}

/// The state of a step, through text.
pub fn stored(step: &Step) -> State {
    let (Step::Ask(_, state, _) | Step::Wait(_, state, _) | Step::Stale(state)) = step else {
        panic!("no state in {step:?}")
    };
    let text = serde_json::to_string(state).unwrap();
    for secret in [TOKEN, "030530912644", "PRIVATE", "<"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(text.len() < 1000, "{text}");
    serde_json::from_str(&text).unwrap()
}

pub fn boletas(count: u64) -> Vec<Arc<Document>> {
    (1..=count).map(|folio| document("39", folio, format!("<DTE>{folio}</DTE>").into_bytes())).collect()
}

pub fn reply(status: u16, text: &str) -> Heard {
    Heard::Reply { status, headers: vec![], body: text.to_owned().into() }
}

pub fn silence(sent: Sent) -> Heard {
    Heard::Nothing { sent, why: "se cortó".to_owned() }
}

/// SOAP round `<SII:RESPUESTA>…`.
pub fn soap_reply(inner: &str) -> Heard {
    reply(
        200,
        &format!(
            "<soapenv:Envelope xmlns:soapenv=\"e\"><soapenv:Body><r><xReturn><![CDATA[<SII:RESPUESTA xmlns:SII=\"u\">{inner}\
             </SII:RESPUESTA>]]></xReturn></r></soapenv:Body></soapenv:Envelope>"
        ),
    )
}

pub fn header(state: &str) -> Heard {
    soap_reply(&format!("<SII:RESP_HDR><ESTADO>{state}</ESTADO></SII:RESP_HDR>"))
}

/// Whether the SII holds this very document, by its signature.
pub fn exact(received: &str) -> Heard {
    soap_reply(&format!(
        "<SII:RESP_HDR><SII:ESTADO>0</SII:ESTADO></SII:RESP_HDR><SII:RESP_BODY><RECIBIDO>{received}</RECIBIDO></SII:RESP_BODY>"
    ))
}

#[track_caller]
pub fn asks(step: &Step) -> &Request {
    match step {
        Step::Ask(request, _, _) => request,
        other => panic!("not a question: {other:?}"),
    }
}

#[track_caller]
pub fn waits(step: &Step) -> u64 {
    match step {
        Step::Wait(wait, _, _) => wait.as_secs(),
        other => panic!("not a wait: {other:?}"),
    }
}

/// Document and verdict of each report of a step, in short.
pub fn told(step: &Step) -> Vec<String> {
    let reports = match step {
        Step::Ask(_, _, reports) | Step::Wait(_, _, reports) | Step::Done(reports) => reports.as_slice(),
        Step::Stale(_) | Step::Granted(_) => &[],
    };
    let verdict = |verdict: &Verdict| match verdict {
        Verdict::Sent { track } => format!("sent {track}"),
        Verdict::Accepted { remarks, .. } if remarks.as_deref().unwrap_or_default().is_empty() => {
            "accepted".to_owned()
        }
        Verdict::Accepted { .. } => "objected".to_owned(),
        Verdict::Rejected { number, .. } => format!("rejected {number:?}"),
        Verdict::Fallen { number, blame, .. } => format!("fallen {number:?} {blame:?}"),
        Verdict::AlreadyThere => "there".to_owned(),
        Verdict::Lost { .. } => "lost".to_owned(),
        Verdict::Absent => "absent".to_owned(),
        Verdict::Pending => "pending".to_owned(),
        Verdict::Unknown { .. } => "unknown".to_owned(),
        Verdict::Conflict { alike: true, .. } => "twin".to_owned(),
        Verdict::Conflict { alike: false, .. } => "conflict".to_owned(),
        Verdict::Refused { scope, why, .. } => format!("refused {scope:?} {}", why.code),
    };
    reports.iter().map(|r| format!("{} {}", r.document, verdict(&r.verdict))).collect()
}

pub fn is_done(step: &Step) -> bool {
    matches!(step, Step::Done(_))
}

pub fn header_of<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Stops at a question and takes it up again: it must be asked in the same words.
#[track_caller]
pub fn same_question_after_a_stop(desk: &Desk, channel: &dyn Channel, step: &Step, about: &[Arc<Document>]) {
    let again = desk.go_on(channel, step, Heard::Elapsed, about);
    let (before, after) = (asks(step), asks(&again));
    assert_eq!((&before.url, &before.headers, &before.body), (&after.url, &after.headers, &after.body));
    assert_eq!(before.effect, timbre_core::Effect::Query);
}
