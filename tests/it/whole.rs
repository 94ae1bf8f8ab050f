//! The main job, end to end: sales become documents that a strict SII accepts.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use timbre_tests::{boleta, factura, options, sell, shop, until};

/// SHA-256 of a document's bytes from `<DTE` to `</DTE>`, as the simulator's ledger counts.
fn digest(file: &[u8]) -> String {
    let start = file.windows(4).position(|w| w == b"<DTE").expect("a DTE");
    let end = file.windows(6).rposition(|w| w == b"</DTE>").expect("its end") + 6;
    Sha256::digest(&file[start..end]).iter().map(|b| format!("{b:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn boletas_and_facturas_reach_their_verdict_and_the_ledger_agrees() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    for n in 0..12 {
        let sale = if n % 3 == 2 { factura(1_000 + n) } else { boleta(1_000 + n) };
        sell(&shop, &sale, &format!("k{n}")).await.unwrap();
    }
    until(&shop, |shop| shop.agent.stats().accepted == 12).await;
    let ledger = shop.sim.as_ref().unwrap().ledger();
    let held: BTreeMap<_, _> = ledger.documents.iter().map(|d| (d.id.clone(), d.sha256.clone())).collect();
    assert_eq!(held.len(), 12);
    for row in shop.agent.list(&Default::default()).unwrap().rows {
        let file = shop.agent.file(&row.id).unwrap();
        assert_eq!(held[&row.id], digest(&file), "{}", row.id);
        // Sound, and worth nothing: a second look says that it bears a CAF of training, and no more.
        let found: Vec<_> = shop.agent.regime().verify(&file).into_iter().map(|f| f.code).collect();
        assert_eq!(found, ["caf-training"], "{}", row.id);
    }
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_line_stops_nobody_and_the_queue_drains_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    let sim = shop.sim.clone().unwrap();
    sim.set_outage(true);
    for n in 0..30 {
        sell(&shop, &boleta(500 + n), &format!("k{n}")).await.unwrap();
    }
    until(&shop, |shop| shop.agent.stats().pending == 30).await;
    assert!(sim.ledger().documents.is_empty());
    sim.set_outage(false);
    until(&shop, |shop| shop.agent.stats().accepted == 30).await;
    let ledger = sim.ledger();
    assert_eq!(ledger.documents.len(), 30);
    assert!(ledger.documents.iter().all(|d| d.offered == 1), "nothing was offered twice");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_caf_is_taken_over_without_a_gap() {
    use sii_sim::Desk;
    let dir = tempfile::tempdir().unwrap();
    // A shop of its own: a company of the desk, with two small CAFs loaded the wrong way round.
    let started = shop(dir.path(), "calm").await;
    let company = Desk::company();
    let day = "2026-11-01".parse().unwrap();
    for (from, to) in [(200_004, 200_006), (200_001, 200_003)] {
        let caf = Desk::caf(company.rut, 39, from, to, day, company.name);
        started.agent.load_grant(&caf, (1, 1), Some(from - 1)).await.unwrap();
    }
    // The demo's own hundred thousand come first; they are jumped by saying that they are used.
    started.stop().await;
    let again = timbre_app::start(options(dir.path())).await.unwrap();
    let next = again.agent.folios().into_iter().find(|f| f.series == "39").unwrap();
    assert_eq!(next.next, Some(1));
    let firsts: Vec<_> = next.ranges.iter().map(|r| (r.first, r.next)).collect();
    assert_eq!(firsts, [(1, 1), (200_001, 200_001), (200_004, 200_004)], "in ascending order");
    again.stop().await;
}
