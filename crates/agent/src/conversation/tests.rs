use timbre_core::{Amount, GrantId, NumberFate, Party, Remark};
use timbre_store::{OpenOptions, Store};

use super::*;
use crate::fixture;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + seconds).unwrap()
}

fn document(version: u32) -> Document {
    Document {
        id: DocumentId::new("A", 1),
        version,
        grant: GrantId("g".to_owned()),
        channel: ChannelId("post".to_owned()),
        date: "2026-01-01".parse().unwrap(),
        stamped: at(0),
        receiver: Party::default(),
        total: Amount(10),
        words: String::new(),
        facts: serde_json::Value::Null,
        bytes: Bytes::from(format!("version {version}")),
    }
}

fn issued(version: u32) -> Fact {
    fixture::issued(document(version))
}

/// A folder with a document that was rejected and made again: version 2 waits to be sent.
fn folder(dir: &std::path::Path) -> Store {
    let (mut store, _) = Store::open(dir, &OpenOptions::default(), &|_, _| {}).unwrap();
    let facts = vec![fixture::company(), fixture::grant("g", "A", 9), issued(1)];
    store.commit(facts, at(0)).unwrap();
    let rejected = Cause::Rejected { reasons: Vec::new(), number: NumberFate::FreeForSame };
    for cause in [Cause::Sending, Cause::Sent { track: "1".to_owned() }, rejected] {
        let row = store.reader().row(&document(1).id).unwrap().unwrap();
        store.commit(moved(&row, cause, None).into_iter().collect(), at(1)).unwrap();
    }
    let row = store.reader().row(&document(1).id).unwrap().unwrap();
    let again = Fact::Moved(Moved {
        document: row.id,
        version: 2,
        from: DocState::Rechazado,
        to: DocState::Generado,
        cause: Cause::Reissued,
        next_try: None,
        attempts: 0,
    });
    store.commit(vec![issued(2), again], at(2)).unwrap();
    let row = store.reader().row(&document(2).id).unwrap().unwrap();
    store.commit(moved(&row, Cause::Sending, None).into_iter().collect(), at(3)).unwrap();
    store
}

fn terms() -> Terms {
    let minute = Duration::from_secs(60);
    Terms { attempts: 3, now: at(9), base: minute, cap: 60 * minute, luck: 1.0, authority: "A" }
}

#[test]
fn a_late_answer_about_an_earlier_version_does_not_move_the_current_one() {
    let dir = tempfile::tempdir().unwrap();
    let reader = folder(dir.path()).reader();
    let why = Remark::ours("", "");
    for verdict in [
        Verdict::Sent { track: "1".to_owned() },
        Verdict::Accepted { remarks: None, given: None },
        Verdict::Rejected { reasons: Vec::new(), number: NumberFate::Consumed },
        Verdict::Refused { scope: Scope::Parcel, why: why.clone(), retry_at: at(9) },
        Verdict::Unknown { why: "?".to_owned() },
        Verdict::Conflict { why, alike: false },
        Verdict::AlreadyThere,
        Verdict::Lost { why: "?".to_owned() },
    ] {
        let report = [Report { document: document(1).id, verdict }];
        let of = |version| facts_of(&reader, &[Arc::new(document(version))], &report, &terms());
        // That it was accepted after all calls a person: the sale is there.
        let calls = matches!(report[0].verdict, Verdict::Accepted { .. });
        let called = |facts: &[Fact]| matches!(facts, [Fact::Attention { reason: Some(why), .. }] if why.contains("versión 1"));
        assert!(if calls { called(&of(1)) } else { of(1).is_empty() }, "{report:?}");
        assert!(!of(2).is_empty(), "{report:?}");
    }
    // Nor is the parcel of version 1 held open by where version 2 is.
    let after = |version| {
        any_after(&reader, &[Arc::new(document(version))], &[], &[DocState::Enviando, DocState::Pendiente])
    };
    assert!(after(2) && !after(1));
    let id = document(1).id;
    assert_eq!(rows_of(&reader, &[(id.clone(), 1)]), []);
    assert_eq!(rows_of(&reader, &[(id, 2)]).len(), 1);
}

#[test]
fn a_refusal_is_tried_again_after_a_pause_of_ours_that_grows_and_may_be_lengthened() {
    let later = |seconds: i64| at(9 + seconds);
    for (attempts, named, next) in
        [(0, at(9), later(60)), (1, at(9), later(60)), (2, at(9), later(120)), (2, later(600), later(600))]
    {
        assert_eq!(terms().retry(attempts, named), next, "{attempts}");
    }
}

#[test]
fn the_same_refusal_twice_calls_a_person_and_waits_for_a_day_and_another_one_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = folder(dir.path());
    let told = |reader: &Reader, why: &str| {
        let why = Remark::ours("X", why);
        let verdict = Verdict::Refused { scope: Scope::Document, why, retry_at: at(9) };
        let report = [Report { document: document(2).id, verdict }];
        facts_of(reader, &[Arc::new(document(2))], &report, &terms())
    };
    let next = |facts: &[Fact]| {
        let called = facts.iter().any(|fact| matches!(fact, Fact::Attention { reason: Some(_), .. }));
        (retry_of(facts), called)
    };
    let first = told(&store.reader(), "Falta algo.");
    assert_eq!(next(&first), (Some(at(9 + 60)), false));
    store.commit(first, at(10)).unwrap();
    let row = store.reader().row(&document(2).id).unwrap().unwrap();
    store.commit(moved(&row, Cause::Sending, None).into_iter().collect(), at(80)).unwrap();
    assert_eq!(next(&told(&store.reader(), "Falta otra cosa.")), (Some(at(9 + 120)), false));
    assert_eq!(next(&told(&store.reader(), "Falta algo.")), (Some(at(9 + 24 * 3_600)), true));
}
