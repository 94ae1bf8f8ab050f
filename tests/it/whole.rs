//! The main job, end to end: sales become documents that a strict SII accepts.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use timbre_app::{Options, Running};
use timbre_tests::{boleta, factura, options, sell, shop, shop_of, until};

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
async fn whatever_the_weather_the_client_breaks_none_of_the_siis_rules() {
    for scenario in ["lost-replies", "html-errors", "token-expiry", "rejections"] {
        let dir = tempfile::tempdir().unwrap();
        let shop = shop(dir.path(), scenario).await;
        for n in 0..24 {
            let sale = if n % 4 == 3 { factura(2_000 + n) } else { boleta(2_000 + n) };
            sell(&shop, &sale, &format!("w{n}")).await.unwrap();
        }
        let done = |shop: &Running| {
            let stats = shop.agent.stats();
            stats.accepted + stats.rejected == 24
        };
        until(&shop, done).await;
        assert_eq!(shop.sim.as_ref().unwrap().ledger().violations, [], "{scenario}");
        shop.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_finds_the_simulated_sii_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let first = shop(dir.path(), "calm").await;
    for n in 0..3 {
        sell(&first, &boleta(700 + n), &format!("a{n}")).await.unwrap();
    }
    until(&first, |shop| shop.agent.stats().accepted == 3).await;
    let before = first.sim.as_ref().unwrap().ledger();
    first.stop().await;

    let second = timbre_app::start(options(dir.path())).await.unwrap();
    sell(&second, &boleta(900), "b").await.unwrap();
    until(&second, |shop| shop.agent.stats().accepted == 4).await;
    let after = second.sim.as_ref().unwrap().ledger();
    assert_eq!(after.totals.documents, 4);
    assert_eq!(
        after.documents[..3].iter().map(|d| &d.tracks).collect::<Vec<_>>(),
        before.documents.iter().map(|d| &d.tracks).collect::<Vec<_>>()
    );
    let new = &after.documents[3].tracks[0];
    assert!(before.documents.iter().all(|d| !d.tracks.contains(new)), "no track is given twice");
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_caf_is_taken_over_without_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    // Two small CAFs, loaded the wrong way round.
    shop_of(dir.path(), &[(4, 5), (1, 3)]).await;
    let mut ids = Vec::new();
    // Sold over a restart.
    for sales in [1..=2, 3..=5] {
        let shop = timbre_app::start(Options { sender: false, ..options(dir.path()) }).await.unwrap();
        for n in sales {
            ids.push(sell(&shop, &boleta(500), &format!("k{n}")).await.unwrap().document.id);
        }
        shop.stop().await;
    }
    assert_eq!(ids, ["T39F1", "T39F2", "T39F3", "T39F4", "T39F5"], "one CAF goes on where the other ended");
    let shop = timbre_app::start(options(dir.path())).await.unwrap();
    let spent = sell(&shop, &boleta(500), "k6").await.unwrap_err();
    assert_eq!((spent.status, spent.code.as_str()), (503, "folio-exhausted"), "{spent:?}");
    until(&shop, |shop| shop.agent.stats().accepted == 5).await;
    shop.stop().await;
}
