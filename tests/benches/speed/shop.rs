//! A demo shop to measure with: an agent in this process, and what it sells.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use timbre_app::vault::{Custody, Kind};
use timbre_app::{DemoOptions, Options, Running};

use crate::Done;

/// A shop in `folder`. The simulator behind it takes `latency` for each answer.
pub async fn open(folder: &Path, sender: bool, latency: Duration) -> Done<Running> {
    let options = Options {
        data: Some(folder.to_owned()),
        sender,
        port: Some(0),
        demo: Some(DemoOptions { latency, scenario: "calm".to_owned() }),
        custody: Some(Custody::forced(Kind::KeyFile)),
        state: Some(folder.join("state")),
        ..Options::default()
    };
    Ok(timbre_app::start(options).await?)
}

/// A till's key for its next sale.
pub fn key() -> Option<String> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    Some(scattered(NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// The key of sale `n`, in no order, as most tills make theirs: each lies somewhere among all that came before
/// (splitmix64).
pub fn scattered(n: u64) -> String {
    let mixed = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    format!("caja-1-{:016x}", mixed ^ (mixed >> 31))
}

/// A boleta of three lines, as a till says it.
pub fn sale() -> Vec<u8> {
    let lines = json!([
        { "NmbItem": "Pan amasado", "QtyItem": 2, "PrcItem": 350 },
        { "NmbItem": "Leche entera 1 l", "QtyItem": 1, "PrcItem": 1290 },
        { "NmbItem": "Té de hojas & canela", "QtyItem": 3, "PrcItem": 990 },
    ]);
    json!({ "Encabezado": { "IdDoc": { "TipoDTE": 39 } }, "Detalle": lines }).to_string().into_bytes()
}
