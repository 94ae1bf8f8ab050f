//! The rules every country passes: called by each country's own tests, with its own documents and
//! its own authority. A rule that is broken panics with what broke it.

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    Channel, Cx, Document, Draft, Effect, Folio, Grant, Heard, Keys, Parcel, Pass, Report, Sent, State, Step,
    Timestamp, Verdict,
};

/// The most steps a conversation may take.
const LONGEST: usize = 200;

/// Same draft, same folio, same time: the same bytes.
#[track_caller]
pub fn same_sale_same_bytes(draft: &dyn Draft, grant: &Arc<Grant>, keys: &dyn Keys, at: Timestamp) {
    let seal = || {
        let folio = Folio::of(Arc::clone(grant), grant.first).expect("the first folio of a grant is in it");
        draft.seal(folio, keys, at).expect("the keys of a test sign")
    };
    let (one, two) = (seal(), seal());
    assert_eq!(one, two);
    assert_eq!(one.bytes, two.bytes);
    assert!(!one.bytes.is_empty());
    assert_eq!(one.id.number, grant.first);
    assert_eq!(one.id.series, grant.series);
}

/// An authority of a test: hears a request, says what is heard of it.
pub type Authority<'a> = dyn FnMut(&crate::Request) -> Heard + 'a;

/// Carries a parcel from `begin` to its end, writing down and reading back the state between all
/// steps, as a stop would. Answers how many deliveries it took.
#[track_caller]
pub fn survives_a_stop_at_every_step(
    channel: &dyn Channel,
    parcel: &Parcel,
    cx: &dyn Fn() -> Cx<'static>,
    authority: &mut Authority<'_>,
) -> usize {
    let mut deliveries = 0;
    let mut step = channel.begin(parcel, &cx()).expect("the keys of a test sign");
    for _ in 0..LONGEST {
        let (state, heard) = match step {
            Step::Ask(request, state, _) => {
                deliveries += usize::from(request.effect == Effect::Deliver);
                let heard = authority(&request);
                (state, heard)
            }
            Step::Wait(_, state, _) => (state, Heard::Elapsed),
            Step::Done(_) => return deliveries,
            Step::Stale(state) => panic!("the pass of a test is good: {state:?}"),
            Step::Granted(_) => panic!("a parcel's conversation does not end in a pass"),
        };
        step = channel
            .resume(written_and_read(&state, cx().pass), heard, &parcel.documents, &cx())
            .expect("the keys of a test sign");
    }
    panic!("the conversation does not end");
}

#[track_caller]
fn written_and_read(state: &State, pass: Option<&Pass>) -> State {
    let text = serde_json::to_string(state).expect("a state is plain data");
    let told = pass.is_some_and(|pass| !pass.expose().is_empty() && text.contains(pass.expose()));
    assert!(!told, "a pass is kept in a state: {}", text.len());
    assert!(text.len() < 100_000, "a state holds ids, never bodies");
    serde_json::from_str(&text).expect("what was written is read back")
}

/// After an answer that was not heard, no step delivers again: a probe of each document asks only.
#[track_caller]
pub fn silence_is_answered_by_questions(
    channel: &dyn Channel,
    documents: &[Arc<Document>],
    cx: &dyn Fn() -> Cx<'static>,
    authority: &mut Authority<'_>,
) {
    for document in documents {
        let mut step = channel.probe(document, &cx()).expect("the keys of a test sign");
        for turn in 0.. {
            assert!(turn < LONGEST, "the probe does not end");
            let (state, heard) = match step {
                Step::Ask(request, state, _) => {
                    assert_eq!(request.effect, Effect::Query, "a probe asks, it does not deliver");
                    (state, authority(&request))
                }
                Step::Wait(_, state, _) => (state, Heard::Elapsed),
                Step::Done(reports) => {
                    assert!(reports.iter().all(|r| r.document == document.id));
                    break;
                }
                Step::Stale(_) | Step::Granted(_) => panic!("the pass of a test is good"),
            };
            let about = std::slice::from_ref(document);
            step = channel
                .resume(written_and_read(&state, cx().pass), heard, about, &cx())
                .expect("the keys of a test sign");
        }
    }
}

/// A question whose answer is lost is asked again later; it is no verdict.
#[track_caller]
pub fn a_lost_answer_is_no_verdict(
    channel: &dyn Channel,
    document: &Arc<Document>,
    cx: &dyn Fn() -> Cx<'static>,
) {
    let about = std::slice::from_ref(document);
    let Step::Ask(_, state, _) = channel.probe(document, &cx()).expect("the keys of a test sign") else {
        panic!("a probe begins with a question");
    };
    let lost = Heard::Nothing { sent: Sent::Perhaps, why: "prueba".to_owned() };
    match channel.resume(state, lost, about, &cx()).expect("the keys of a test sign") {
        Step::Wait(_, _, reports) => assert!(reports.is_empty(), "{reports:?}"),
        other => panic!("a lost answer must be waited out: {other:?}"),
    }
}

/// Answers that no authority means: a page of somebody else's, nothing at all, an error of its own.
fn not_understood() -> [Heard; 5] {
    let reply = |status, body: &'static str| Heard::Reply {
        status,
        headers: vec![("Content-Type".to_owned(), "text/html".to_owned())],
        body: Bytes::from_static(body.as_bytes()),
    };
    [
        reply(200, "<html><body>Bienvenido a la red del hotel</body></html>"),
        reply(200, ""),
        reply(200, "{\"est"),
        reply(500, "Error 500"),
        reply(503, "Service Unavailable"),
    ]
}

/// What is not understood settles nothing, be it the answer to a delivery or to a question: no document is
/// accepted, rejected, taken or missing by it, and nothing is delivered again.
#[track_caller]
pub fn what_is_not_understood_is_no_verdict(
    channel: &dyn Channel,
    parcel: &Parcel,
    cx: &dyn Fn() -> Cx<'static>,
) {
    for heard in not_understood() {
        let first = channel.begin(parcel, &cx()).expect("the keys of a test sign");
        settles_nothing(channel, first, &heard, &parcel.documents, cx);
        for document in &parcel.documents {
            let first = channel.probe(document, &cx()).expect("the keys of a test sign");
            settles_nothing(channel, first, &heard, std::slice::from_ref(document), cx);
        }
    }
}

#[track_caller]
fn settles_nothing(
    channel: &dyn Channel,
    first: Step,
    heard: &Heard,
    about: &[Arc<Document>],
    cx: &dyn Fn() -> Cx<'static>,
) {
    let Step::Ask(asked, state, _) = first else {
        panic!("a conversation begins with a request: {first:?}");
    };
    let next = channel.resume(state, heard.clone(), about, &cx()).expect("the keys of a test sign");
    let settles = |report: &Report| match report.verdict {
        Verdict::Sent { .. }
        | Verdict::Accepted { .. }
        | Verdict::Rejected { .. }
        | Verdict::Fallen { .. }
        | Verdict::Absent
        | Verdict::Conflict { .. } => true,
        Verdict::AlreadyThere
        | Verdict::Lost { .. }
        | Verdict::Pending
        | Verdict::Unknown { .. }
        | Verdict::Refused { .. } => false,
    };
    let (again, reports) = match &next {
        Step::Ask(request, _, reports) => (request.effect == Effect::Deliver, reports.as_slice()),
        Step::Wait(_, _, reports) | Step::Done(reports) => (false, reports.as_slice()),
        Step::Stale(_) => (false, [].as_slice()),
        Step::Granted(_) => panic!("{heard:?} is no pass"),
    };
    assert!(!again, "after {heard:?} to «{}» it is delivered again", asked.what);
    assert!(!reports.iter().any(settles), "{heard:?} to «{}» settles {reports:?}", asked.what);
}
