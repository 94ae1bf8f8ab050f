//! How fast it is, for people: `cargo test -p timbre-store --release -- --ignored --nocapture figures`.

use std::time::Instant;

use bytes::Bytes;

use super::shop::*;

#[test]
#[ignore = "measures, proves nothing"]
fn figures() {
    for size in [1, 10, 100] {
        let shop = Shop::new();
        let mut store = shop.open();
        store.commit(vec![company("1-9"), caf("a", "39", 1, 1_000_000)], at(0)).unwrap();
        let (begin, before, count) = (Instant::now(), store.fsyncs(), 3000);
        for first in (1..=count).step_by(size) {
            let batch = (first..first + size as u64).map(|n| {
                let mut sale = sale(n);
                sale.document.bytes = Bytes::from(vec![b'x'; 6000]);
                issued(sale)
            });
            store.commit(batch.collect(), at(first as i64)).unwrap();
        }
        let took = begin.elapsed().as_secs_f64();
        let fsyncs = store.fsyncs() - before;
        println!("batches of {size}: {:.0} documents/s, {fsyncs} fsyncs", count as f64 / took);
        drop(store);
        let begin = Instant::now();
        let (store, _) = shop.open_said();
        println!("  opened in {:.0} ms", begin.elapsed().as_secs_f64() * 1e3);
        drop(store);
        shop.delete_index();
        let begin = Instant::now();
        let (store, _) = shop.open_said();
        println!("  rebuilt in {:.0} ms", begin.elapsed().as_secs_f64() * 1e3);
        let begin = Instant::now();
        let page =
            store.reader().list(&crate::Filter { text: Some("nada".into()), ..Default::default() }, None, 50);
        assert!(page.unwrap().rows.is_empty());
        println!("  a search over all in {:.0} ms", begin.elapsed().as_secs_f64() * 1e3);
    }
}
