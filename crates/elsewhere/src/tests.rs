//! Each country passes the rules of every country, and its authority has the trait it is named for.

use std::cell::Cell;
use std::time::Duration;

use serde_json::json;
use timbre_core::channel::Conduct;
use timbre_core::*;

use super::*;

const LONG: Duration = Duration::from_secs(3_600);

fn company() -> &'static Company {
    Box::leak(Box::new(Company { id: "1".into(), name: "Nadie".into(), data: json!({}) }))
}

fn start() -> Timestamp {
    "2026-03-02T12:00:00Z".parse().expect("a time")
}

/// A desk whose clock is an hour later at each look.
fn winding(pass: String) -> impl Fn() -> Cx<'static> {
    let conduct: &'static Conduct = Box::leak(Box::new(Conduct {
        user_agent: String::new(),
        first_poll: LONG,
        quick_poll: LONG,
        polls: vec![LONG],
        absence_after: Duration::from_secs(600),
        absence_gap: Duration::from_secs(120),
        settle_after: LONG,
        data_alone: false,
    }));
    let pass: &'static Pass = Box::leak(Box::new(Pass::new(pass)));
    let (company, looks) = (company(), Cell::new(0));
    move || {
        looks.set(looks.get() + 1);
        Cx {
            now: start() + LONG * looks.get(),
            entropy: [7; 32],
            keys: &NoKeys,
            pass: Some(pass),
            company,
            environment: Environment::Training,
            simulator: None,
            conduct,
            repeated: false,
        }
    }
}

fn issuer() -> Issuer {
    Issuer { company: company().clone(), environment: Environment::Training }
}

fn draft(country: Country, total: i64) -> Box<dyn Draft> {
    let sale = Sale::read(json!({ "total": total }).to_string().into(), None).expect("a sale");
    country.regime().draft(&sale, &issuer(), &timbre_core::document::NoDocuments, start()).expect("a draft")
}

fn grant(country: Country) -> Arc<Grant> {
    Arc::new(country.regime().grant(b"A:1-50", &issuer()).expect("a grant").grant)
}

fn documents(country: Country, totals: &[i64]) -> Vec<Arc<Document>> {
    let grant = grant(country);
    let seal = |(total, number): (&i64, u64)| {
        let folio = Folio::of(Arc::clone(&grant), number).expect("a number of the grant");
        Arc::new(draft(country, *total).seal(folio, &NoKeys, start()).expect("a document"))
    };
    totals.iter().zip(1..).map(seal).collect()
}

fn parcel(channel: &dyn Channel, documents: Vec<Arc<Document>>) -> Parcel {
    let wrapping = channel.wrap(&documents, &winding(String::new())()).expect("an envelope");
    let (id, channel) = (ParcelId("p".into()), ChannelId("post".into()));
    Parcel { id, channel, head: wrapping.head, tail: wrapping.tail, documents }
}

/// A pass of this authority.
fn pass(office: &mut Office, channel: &dyn Channel) -> String {
    let Step::Ask(login, _, _) = channel.login(&winding(String::new())()).expect("a login") else {
        panic!("no login")
    };
    match office.answer(&login, start()) {
        Heard::Reply { body, .. } => String::from_utf8_lossy(&body).replace("token ", ""),
        other => panic!("{other:?}"),
    }
}

/// As many documents as travel together.
fn many(country: Country) -> Vec<Arc<Document>> {
    match country {
        Country::Lots | Country::Forgetting => documents(country, &[10, 13, 7]),
        Country::Falling => documents(country, &[10, 7]),
        Country::Burning | Country::Gated | Country::Numbering => documents(country, &[7]),
    }
}

#[test]
fn every_country_passes_the_rules_of_every_country() {
    for country in Country::ALL {
        conformance::same_sale_same_bytes(&*draft(country, 10), &grant(country), &NoKeys, start());
        for channel in country.channels().values() {
            let mut office = Office::new(country);
            let cx = winding(pass(&mut office, &**channel));
            let documents = many(country);
            let parcel = parcel(&**channel, documents.clone());
            let mut hour = 0;
            let mut ask = |request: &Request| {
                hour += 1;
                office.answer(request, start() + LONG * hour)
            };
            let once = conformance::survives_a_stop_at_every_step(&**channel, &parcel, &cx, &mut ask);
            assert_eq!(once, 1, "{country:?}");
            conformance::silence_is_answered_by_questions(&**channel, &documents, &cx, &mut ask);
            conformance::a_lost_answer_is_no_verdict(&**channel, &documents[0], &cx);
            conformance::what_is_not_understood_is_no_verdict(&**channel, &parcel, &cx);
            assert_eq!(office.violations(), [], "{country:?}");
        }
    }
}

/// What is said of a delivery of these documents.
fn deliver(office: &mut Office, country: Country, documents: &[Arc<Document>], at: Timestamp) -> String {
    let channel = &country.channels()[&ChannelId("post".into())];
    let pass = pass(office, &**channel);
    let parcel = parcel(&**channel, documents.to_vec());
    let Step::Ask(request, _, _) = channel.begin(&parcel, &winding(pass)()).expect("a delivery") else {
        panic!("no delivery")
    };
    match office.answer(&request, at) {
        Heard::Reply { body, .. } => String::from_utf8_lossy(&body).into_owned(),
        other => panic!("{other:?}"),
    }
}

/// What is said of one document.
fn have(office: &mut Office, country: Country, document: &Document, at: Timestamp) -> String {
    let channel = &country.channels()[&ChannelId("post".into())];
    let pass = pass(office, &**channel);
    let Step::Ask(request, _, _) = channel.probe(document, &winding(pass)()).expect("a question") else {
        panic!("no question")
    };
    match office.answer(&request, at) {
        Heard::Reply { body, .. } => String::from_utf8_lossy(&body).into_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_company_that_sends_a_lot_again_is_blocked_for_a_while() {
    let (country, mut office) = (Country::Lots, Office::new(Country::Lots));
    let documents = documents(country, &[10, 10]);
    assert_eq!(deliver(&mut office, country, &documents[..1], start()), "ticket 1");
    assert_eq!(deliver(&mut office, country, &documents[..1], start()), "blocked 600");
    assert!(deliver(&mut office, country, &documents[1..], start() + LONG / 12).starts_with("blocked "));
    assert_eq!(deliver(&mut office, country, &documents[1..], start() + LONG), "ticket 2");
    assert_eq!(office.violations().len(), 1);
}

#[test]
fn one_bad_document_takes_its_envelope_down_and_nothing_of_it_is_kept() {
    let (country, mut office) = (Country::Falling, Office::new(Country::Falling));
    let documents = documents(country, &[10, 13]);
    assert_eq!(deliver(&mut office, country, &documents, start()), "ticket 1");
    assert_eq!(office.held().len(), 2, "it is in process");
    assert_eq!(deliver(&mut office, country, &documents[..1], start() + LONG), "ticket 2");
    assert_eq!(deliver(&mut office, country, &documents[1..], start() + LONG), "ticket 3");
    let words: Vec<_> = office.held().values().map(|held| (held.word, held.offered)).collect();
    assert_eq!(words, [("yes", 1), ("bad", 1)]);
    assert_eq!(office.violations(), []);
}

#[test]
fn a_rejection_burns_the_number() {
    let (country, mut office) = (Country::Burning, Office::new(Country::Burning));
    let bad = documents(country, &[13]);
    assert_eq!(deliver(&mut office, country, &bad, start()), "bad");
    let mended = documents(country, &[10]);
    assert_eq!(deliver(&mut office, country, &mended, start()), "known");
    assert_eq!(office.violations().len(), 1);
    assert_eq!(country.fate(), NumberFate::Consumed);
}

#[test]
fn what_is_rejected_of_an_envelope_is_not_known_any_more_and_may_come_again() {
    let (country, mut office) = (Country::Forgetting, Office::new(Country::Forgetting));
    let documents = documents(country, &[10, 13]);
    let later = start() + LONG;
    assert_eq!(deliver(&mut office, country, &documents, start()), "ticket 1");
    let asked: Vec<_> = documents.iter().map(|one| have(&mut office, country, one, later)).collect();
    assert_eq!(asked, ["yes", "no"]);
    assert_eq!(deliver(&mut office, country, &documents[1..], later), "ticket 2");
    assert_eq!(office.violations(), []);
    assert_eq!(deliver(&mut office, country, &documents[..1], later), "known");
}

#[test]
fn only_the_number_that_is_next_is_taken_where_the_authority_numbers() {
    let (country, mut office) = (Country::Numbering, Office::new(Country::Numbering));
    let documents = documents(country, &[10, 10]);
    assert_eq!(deliver(&mut office, country, &documents[1..], start()), "turn 1");
    let first = deliver(&mut office, country, &documents[..1], start());
    let second = deliver(&mut office, country, &documents[1..], start());
    assert!(first.starts_with("yes 1-") && second.starts_with("yes 2-"), "{first} {second}");
    // What was given once is said whenever it is asked for.
    assert_eq!(have(&mut office, country, &documents[0], start() + LONG), first);
    assert_eq!(office.violations(), []);
}

#[test]
fn what_the_authority_gives_is_told_and_half_an_answer_is_no_verdict() {
    let country = Country::Numbering;
    let channel = &country.channels()[&ChannelId("post".into())];
    let documents = documents(country, &[10]);
    let parcel = parcel(&**channel, documents.clone());
    let cx = winding("pass".to_owned());
    let heard = |text: &'static str| {
        let Step::Ask(_, state, _) = channel.begin(&parcel, &cx()).expect("a delivery") else {
            panic!("no delivery")
        };
        let heard = Heard::Reply { status: 200, headers: vec![], body: text.into() };
        match channel.resume(state, heard, &documents, &cx()).expect("a step") {
            Step::Done(reports) => reports[0].verdict.clone(),
            other => panic!("{other:?}"),
        }
    };
    let given = Some("1-0a0b0c0d.".to_owned());
    assert_eq!(heard("yes 1-0a0b0c0d."), Verdict::Accepted { remarks: Some(vec![]), given });
    for half in ["yes 1-0a0b", "yes ", "yes"] {
        assert!(matches!(heard(half), Verdict::Unknown { .. }), "{half}");
    }
}
