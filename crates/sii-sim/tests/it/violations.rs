//! What a client may never do stands in the ledger; what it may does not.

use crate::{
    client::{Boleta, Client, Dte},
    maker::{Change, Order, Stage::*, boleta, change, envelope, factura, latin1},
};
use sii_sim::Rule;

fn broken(client: &Client) -> Vec<Rule> {
    client.sim.ledger().violations.into_iter().map(|violation| violation.rule).collect()
}

fn files(order: Order<'_>, changes: &[Change]) -> Vec<u8> {
    latin1(&envelope("EnvioBOLETA", &[(39, order.make())], changes))
}

#[test]
fn a_sound_client_breaks_nothing() {
    let client = Client::new();
    client.deliver(Boleta, &[(39, boleta(7).make())]);
    let track = client.deliver(Dte, &[(33, factura(5).make())]);
    client.wait(50);
    client.dte_status(&track);
    let rejected = boleta(8).with(&[change(Document, "<MntTotal>10784", "<MntTotal>10785")]);
    client.deliver(Boleta, &[(39, rejected.make())]);
    client.wait(50);
    // After a rejection the folio is free.
    client.deliver(Boleta, &[(39, boleta(8).make())]);
    assert_eq!(broken(&client), []);
}

#[test]
fn the_same_bytes_again_are_no_breach_while_their_fate_is_unknown() {
    let client = Client::new();
    let file = files(boleta(7), &[]);
    client.deliver_file(Boleta, &file);
    client.wait(5);
    client.deliver_file(Boleta, &file);
    assert_eq!(broken(&client), []);
    client.wait(60);
    client.deliver_file(Boleta, &file);
    assert_eq!(broken(&client), [Rule::OfferedAfterHeld]);
}

#[test]
fn a_document_signed_again_or_changed_while_it_may_be_there_is_a_breach() {
    let client = Client::new();
    client.deliver(Boleta, &[(39, boleta(7).make())]);
    client.wait(5);
    client
        .deliver(Boleta, &[(39, boleta(7).with(&[change(Document, "Pan amasado", "Pan integral")]).make())]);
    assert_eq!(broken(&client), [Rule::Resigned], "the same sale to the eye of the SII");
    let client = Client::new();
    client.deliver(Boleta, &[(39, boleta(7).make())]);
    client.deliver(
        Boleta,
        &[(39, boleta(7).with(&[change(Document, "<MntTotal>10784", "<MntTotal>10785")]).make())],
    );
    assert_eq!(broken(&client), [Rule::FolioReused]);
}

#[test]
fn documents_on_their_way_in_another_envelope_are_a_breach() {
    let client = Client::new();
    client.deliver_file(Boleta, &files(boleta(7), &[]));
    client.wait(5);
    client.deliver_file(Boleta, &files(boleta(7), &[change(Set, "12:40:00", "12:40:30")]));
    assert_eq!(broken(&client), [Rule::EnvelopeRemade]);
}

#[test]
fn tokens_are_not_hoarded() {
    let client = Client::new();
    client.token(Boleta);
    client.token(Boleta);
    assert_eq!(broken(&client), [Rule::TokenHoarded]);
    client.token(Dte);
    client.wait(60);
    client.token(Dte);
    assert_eq!(broken(&client).len(), 1, "after a minute it may have restarted");
}

#[test]
fn questions_keep_their_pace() {
    let client = Client::in_weather("min_poll_seconds = 10");
    let track = client.deliver(Dte, &[(33, factura(5).make())]);
    client.wait(9);
    client.dte_status(&track);
    assert_eq!(broken(&client), [Rule::PolledTooSoon]);
    client.wait(10);
    client.dte_status(&track);
    assert_eq!(broken(&client).len(), 1);
}
