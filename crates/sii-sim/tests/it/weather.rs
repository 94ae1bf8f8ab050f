//! Scenarios strike uploads as they say.

use crate::{
    client::{Boleta, Client, upload, upload_host},
    maker::{boleta, envelope, latin1},
};
use sii_sim::{Outcome, Request};
use std::time::Duration;

fn uploads(client: &Client) -> impl Iterator<Item = Request> {
    let token = client.token(Boleta);
    (1..).map(move |folio| {
        let file = latin1(&envelope("EnvioBOLETA", &[(39, boleta(folio).make())], &[]));
        upload(Boleta, &token, &file)
    })
}

#[test]
fn a_lost_reply_is_stored_and_a_lost_request_is_not() {
    let client = Client::in_weather("[lost_replies]\nevery = 2");
    let outcomes: Vec<_> =
        uploads(&client).take(2).map(|request| client.ask(upload_host(Boleta), &request)).collect();
    assert!(matches!(outcomes[0], Outcome::Reply { .. }));
    assert!(matches!(outcomes[1], Outcome::DropAfter { .. }));
    assert_eq!(client.sim.ledger().totals.documents, 2);

    let client = Client::in_weather("[lost_requests]\nevery = 2");
    let outcomes: Vec<_> =
        uploads(&client).take(2).map(|request| client.ask(upload_host(Boleta), &request)).collect();
    assert_eq!(outcomes[1], Outcome::DropBefore);
    assert_eq!(client.sim.ledger().totals.documents, 1);
}

#[test]
fn mishaps_strike_questions_too_and_each_kind_by_its_own_count() {
    let client =
        Client::in_weather("[questions]\nlost_requests = { every = 2 }\nserver_errors = { every = 3 }");
    let seed = crate::client::get("boleta.electronica.semilla", None);
    let outcomes: Vec<_> = (0..4).map(|_| client.ask(sii_sim::Host::BoletaQuery, &seed)).collect();
    assert!(matches!(&outcomes[0], Outcome::Reply { reply, .. } if reply.status == 200));
    assert_eq!(outcomes[1], Outcome::DropBefore);
    assert!(matches!(&outcomes[2], Outcome::Reply { reply, .. } if reply.status == 500));
    assert_eq!(outcomes[3], Outcome::DropBefore);
}

#[test]
fn only_a_reply_that_tells_of_something_stored_can_be_lost() {
    let client = Client::in_weather("[lost_replies]\nevery = 2");
    let sound: Vec<_> = uploads(&client).take(2).collect();
    let mut refused = sound[0].clone();
    refused.headers.retain(|(name, _)| name != "Cookie");
    let host = upload_host(Boleta);
    for request in [&refused, &sound[0], &refused] {
        assert!(matches!(client.ask(host, request), Outcome::Reply { .. }), "none of them counts twice");
    }
    assert!(matches!(client.ask(host, &sound[1]), Outcome::DropAfter { .. }));
}

#[test]
fn a_code_of_level_one_is_an_objection() {
    let client = Client::in_weather("[rejections]\nevery = 1\ncode = \"HED-1-863\"\ntext = \"Razon Social\"");
    let track = client.deliver(Boleta, &[(39, boleta(7).make())]);
    client.wait(50);
    assert_eq!(client.boleta_status(&track)["detalle_rep_rech"][0]["estado"], "RLV");
}

#[test]
fn a_page_of_html_comes_under_status_200_and_nothing_is_stored() {
    let client = Client::in_weather("[html_errors]\nevery = 1");
    let request = uploads(&client).next().expect("one");
    let reply = client.send(Boleta, &request);
    assert_eq!(reply.status, 200);
    assert!(reply.body_text().starts_with("<!DOCTYPE HTML"));
    assert_eq!(client.sim.ledger().totals.documents, 0);
}

#[test]
fn a_stuck_upload_stays_before_its_last_step() {
    let client = Client::in_weather("[stuck]\nevery = 1\nfor_seconds = 600");
    let track = client.deliver(Boleta, &[(39, boleta(7).make())]);
    client.wait(500);
    assert_eq!(client.boleta_status(&track)["estado"], "CRT");
    client.wait(200);
    assert_eq!(client.boleta_status(&track)["estado"], "EPR");
}

#[test]
fn a_scenario_may_reject_sound_documents() {
    let client = Client::in_weather(
        "[rejections]\nevery = 2\ncode = \"HED-3-861\"\ntext = \"Actividad no registrada\"",
    );
    let track = client.deliver(Boleta, &[(39, boleta(7).make()), (39, boleta(8).make())]);
    client.wait(50);
    let status = client.boleta_status(&track);
    assert_eq!(status["detalle_rep_rech"][0]["folio"], 8);
    assert_eq!(status["detalle_rep_rech"][0]["error"][0]["codigo"], 861);
}

#[test]
fn the_line_dies_with_the_document_that_fills_the_count() {
    let client = Client::in_weather("[[outages]]\nafter_documents = 2\nfor_seconds = 30");
    let requests: Vec<_> = uploads(&client).take(3).collect();
    let host = upload_host(Boleta);
    assert!(matches!(client.ask(host, &requests[0]), Outcome::Reply { .. }));
    assert!(matches!(client.ask(host, &requests[1]), Outcome::Reply { .. }));
    client.wait(1);
    assert_eq!(client.ask(host, &requests[2]), Outcome::DropBefore);
    client.wait(30);
    assert!(matches!(client.ask(host, &requests[2]), Outcome::Reply { .. }));
}

#[test]
fn delays_are_told_and_not_slept() {
    let client = Client::in_weather("latency_ms = 250\n[slow]\nevery = 2\ndelay_ms = 8000");
    let request = crate::client::get("boleta.electronica.semilla", None);
    let after = |outcome| match outcome {
        Outcome::Reply { after, .. } => after,
        other => panic!("{other:?}"),
    };
    let delays = [0, 1].map(|_| after(client.ask(sii_sim::Host::BoletaQuery, &request)));
    assert_eq!(delays, [Duration::from_millis(250), Duration::from_millis(8250)]);
}

#[test]
fn the_same_seed_brings_the_same_answers() {
    let run = |seed| {
        let scenario = sii_sim::Scenario::named("black-friday").expect("known");
        let client = Client::of(sii_sim::Config { seed, scenario, ..Default::default() });
        let request = crate::client::soap("/DTEWS/CrSeed.jws", "getSeed", &[]);
        (0..20).map(|_| client.ask(sii_sim::Host::Dte, &request)).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn the_simulator_may_be_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<sii_sim::Sim>();
}
