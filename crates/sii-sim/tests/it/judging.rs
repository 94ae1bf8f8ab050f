//! What the tests of documents share: one document is delivered, and what is said of it is compared, all of it.

use crate::{
    client::{Boleta, Channel, Client, Dte},
    maker::{Change, Order},
};

pub fn channel(order: &Order<'_>) -> Channel {
    if matches!(order.tipo, 39 | 41) { Boleta } else { Dte }
}

/// Delivers one document, waits for the verdict, and gives it with its reasons.
#[track_caller]
pub fn verdict(client: &Client, order: &Order<'_>) -> (String, Vec<String>) {
    client.deliver(channel(order), &[(order.tipo, order.make())]);
    client.wait(50);
    // The ledger's time is the last the simulator heard of.
    let ledger = client.sim.ledger_at(client.now());
    let document = ledger.document(&format!("T{}F{}", order.tipo, order.folio)).expect("in the ledger");
    let version = document.versions.last().expect("a version");
    (version.verdict.to_owned(), version.reasons.clone())
}

#[track_caller]
pub fn accepts(order: &Order<'_>) {
    assert_eq!(verdict(&Client::new(), order), ("accepted".to_owned(), Vec::new()));
}

/// `codes` are all that is said of the document, between bars; none of them may be missing.
#[track_caller]
pub fn meets(order: &Order<'_>, expected: &str, codes: &str) {
    let (found, reasons) = verdict(&Client::new(), order);
    assert_eq!(found, expected, "{reasons:?}");
    assert!(!reasons.is_empty(), "no reason for being {expected}");
    let explained = |reason: &String| codes.split('|').any(|code| reason.contains(code));
    assert!(reasons.iter().all(explained), "not all of them {codes}: {reasons:?}");
    let met = |code: &str| reasons.iter().any(|reason| reason.contains(code));
    assert!(codes.split('|').all(met), "{codes} are not all in {reasons:?}");
}

#[track_caller]
pub fn rejects(order: Order<'_>, changes: &[Change], code: &str) {
    meets(&order.with(changes), "rejected", code);
}

#[track_caller]
pub fn objects(order: Order<'_>, changes: &[Change], code: &str) {
    meets(&order.with(changes), "objected", code);
}
