//! The rules every country passes: called by each country's own tests, with its own documents and
//! its own authority. A rule that is broken panics with what broke it.

use std::sync::Arc;

use crate::{
    Channel, Cx, Document, Draft, Effect, Folio, Grant, Heard, Keys, Parcel, Sent, State, Step, Timestamp,
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
            .resume(written_and_read(&state), heard, &parcel.documents, &cx())
            .expect("the keys of a test sign");
    }
    panic!("the conversation does not end");
}

fn written_and_read(state: &State) -> State {
    let text = serde_json::to_string(state).expect("a state is plain data");
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
                .resume(written_and_read(&state), heard, about, &cx())
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
