//! What may be told when, and what becomes of what is not taken.

use super::*;

use serde_json::json;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + seconds).unwrap()
}

fn mark(n: u64) -> Bookmark {
    serde_json::from_value(json!({ "segment": 1, "offset": n })).unwrap()
}

/// The `n`th event, of a document.
fn change(n: u64, document: &str) -> ChangeView {
    serde_json::from_value(json!({
        "event": n.to_string(), "document": document, "version": 1, "state": "ACEPTADO",
        "at": "2026-11-22T13:58:03Z", "environment": "training",
        "now": {
            "id": document, "series": "39", "kind": "Boleta", "folio": 1, "version": 1,
            "date": "2026-11-22", "issued": "2026-11-22T13:58:03Z", "total": 990,
            "receiver_id": "66666666-6", "receiver": "", "state": "ACEPTADO",
            "since": "2026-11-22T13:58:03Z", "attempts": 0, "remarks": [],
        },
    }))
    .unwrap()
}

fn told(n: u64, status: Option<u16>) -> AttemptView {
    let why = if status == Some(200) { "" } else { "no" }.to_owned();
    AttemptView { event: n.to_string(), document: String::new(), at: String::new(), status, why }
}

/// One that has these events, numbered from 1.
fn hook(documents: &[&str]) -> Hook {
    let states = vec!["ACEPTADO".to_owned()];
    let mut hook = Hook::new("https://tienda.cl/".into(), states, String::new(), mark(0), at(0));
    for (n, document) in (1..).zip(documents) {
        hook.take_in(change(n, document), mark(n));
    }
    hook
}

fn ready(hook: &Hook, seconds: i64, under_way: &[&str]) -> Vec<String> {
    let under_way = under_way.iter().map(|document| (*document).to_owned()).collect();
    hook.ready(at(seconds), &under_way).iter().map(|due| due.event.event.clone()).collect()
}

#[test]
fn pauses_double_up_to_an_hour() {
    let all: Vec<_> = (1..40).map(pause).collect();
    assert_eq!(all[..4], [5, 10, 20, 40].map(SignedDuration::from_secs));
    assert!(all.iter().all(|pause| *pause <= LONGEST) && all.last() == Some(&LONGEST));
}

#[test]
fn one_that_is_not_taken_holds_up_its_own_document_alone() {
    let mut hook = hook(&["a", "b", "a", "c"]);
    assert_eq!(ready(&hook, 0, &[]), ["1", "2", "4"], "of each document the first");
    assert_eq!(ready(&hook, 0, &["a", "b"]), ["4"], "none of what is under way");
    hook.settle("1", told(1, Some(500)), at(0));
    assert_eq!(ready(&hook, 1, &[]), ["2", "4"], "the second of a document waits for its first");
    for n in [2, 4] {
        hook.settle(&n.to_string(), told(n, Some(200)), at(1));
    }
    assert_eq!(hook.next_moment(at(1), &BTreeSet::new()), Some(at(5)));
    assert_eq!(ready(&hook, 5, &[]), ["1"]);
    hook.settle("1", told(1, Some(200)), at(5));
    assert_eq!(ready(&hook, 5, &[]), ["3"], "at once, in its order");
}

#[test]
fn so_many_are_under_way_at_once_and_no_more() {
    let mut hook = hook(&["a", "b", "c", "d", "e"]);
    assert_eq!(ready(&hook, 0, &[]).len(), TOGETHER);
    assert_eq!(ready(&hook, 0, &["a", "b", "c"]), ["4"]);
    assert_eq!(hook.room(), 0, "what leaves the journal is soon told");
    hook.settle("1", told(1, Some(200)), at(0));
    hook.settle("2", told(2, Some(500)), at(0));
    assert_eq!(hook.room(), 1, "one that was tried takes nobody's place");
}

#[test]
fn an_address_that_does_not_answer_is_tried_with_one_at_a_time_and_rather_a_new_one() {
    let mut hook = hook(&["a", "b", "c"]);
    hook.settle("1", told(1, None), at(0));
    hook.settle("2", told(2, None), at(1));
    assert_eq!(hook.silence.map(|silence| (silence.tries, silence.until)), Some((1, at(6))), "one silence");
    assert!(ready(&hook, 4, &[]).is_empty() && hook.next_moment(at(4), &BTreeSet::new()) == Some(at(6)));
    assert_eq!(ready(&hook, 30, &[]), ["3"], "perhaps it only does not answer the first");
    assert!(ready(&hook, 30, &["c"]).is_empty(), "one");
    hook.settle("3", told(3, None), at(30));
    assert_eq!(hook.silence.map(|silence| silence.until), Some(at(40)), "and each time later");
    hook.settle("1", told(1, Some(500)), at(40));
    assert_eq!(hook.silence, None, "it answers, if only no to this one");
    assert_eq!(ready(&hook, 40, &[]), ["2", "3"]);
    hook.settle("2", told(2, Some(429)), at(40));
    assert!(ready(&hook, 41, &[]).is_empty(), "too many requests is said of all");
}

#[test]
fn after_two_days_it_is_put_aside_with_what_comes_of_its_document_and_the_others_go_on() {
    let mut hook = hook(&["a", "b", "a"]);
    let day = 86_400;
    assert!(!hook.settle("1", told(1, Some(500)), at(0)));
    assert!(!hook.settle("1", told(1, Some(500)), at(2 * day - 1)));
    assert!(hook.settle("1", told(1, Some(500)), at(2 * day)), "given up");
    assert_eq!(ready(&hook, 2 * day, &[]), ["2"]);
    hook.take_in(change(4, "a"), mark(4));
    hook.take_in(change(5, "c"), mark(5));
    let events: Vec<_> = hook.aside.iter().map(|event| event.event.as_str()).collect();
    assert_eq!(events, ["1", "3", "4"], "in their order");
    assert_eq!(hook.view("tienda").put_aside, 3);
    hook.settle("2", told(2, Some(503)), at(2 * day));
    assert_eq!(hook.take_up(), RedeliveredView { events: 3, sooner: 1 });
    assert_eq!(ready(&hook, 2 * day, &[]), ["1", "2", "5"], "all at once, the first of each document");
    hook.settle("1", told(1, Some(200)), at(2 * day));
    assert_eq!(ready(&hook, 2 * day, &[])[0], "3");
}

#[test]
fn what_was_taken_is_told_again_under_its_number_and_in_order() {
    let mut hook = hook(&["a", "b", "a"]);
    hook.settle("1", told(1, Some(200)), at(0));
    let all = || [1, 3, 9].map(|n| (change(n, "a"), mark(n))).to_vec();
    assert_eq!(hook.tell_again(all()), RedeliveredView { events: 2, sooner: 0 }, "9 is still in the journal");
    assert_eq!(ready(&hook, 0, &[]), ["2", "1"]);
    assert_eq!(hook.due.iter().filter(|due| due.event.document == "a").count(), 2, "3 is not there twice");
    hook.states = vec!["RECHAZADO".to_owned()];
    assert_eq!(hook.tell_again(all()).events, 0, "only what this address wants");
}

#[test]
fn when_too_many_wait_nothing_more_leaves_the_journal() {
    let names: Vec<_> = (0..KEPT).map(|n| format!("d{n}")).collect();
    let mut hook = hook(&names.iter().map(String::as_str).collect::<Vec<_>>());
    hook.due.iter_mut().for_each(|due| due.tries = 1);
    assert_eq!(hook.room(), 0);
    hook.settle("1", told(1, Some(200)), at(0));
    assert_eq!(hook.room(), 1);
}
