//! How fast it is, for people: `cargo test -p timbre-store --release -- --ignored --nocapture figures`.

use std::fs;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::shop::*;
use crate::disk::RealDisk;
use crate::journal::Journal;
use crate::{Fact, IndexCheck};

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

/// A commit in a sealed folder beside one in clear, in turns.
#[test]
#[ignore = "measures, proves nothing"]
fn figures_of_sealing() {
    let shops = [Shop::new(), Shop::sealed()];
    let mut stores = [&shops[0], &shops[1]].map(|shop| {
        let mut store = shop.open();
        store.commit(vec![company("1-9"), caf("a", "39", 1, 1_000_000)], at(0)).unwrap();
        store
    });
    let mut took = [Vec::new(), Vec::new()];
    for number in 1..=3000 {
        for (store, took) in stores.iter_mut().zip(&mut took) {
            let mut sale = sale(number);
            sale.document.bytes = Bytes::from(vec![b'x'; 6000]);
            let begin = Instant::now();
            store.commit(vec![issued(sale)], at(number as i64)).unwrap();
            took.push(begin.elapsed());
            store.catch_up().unwrap();
        }
    }
    let [clear, sealed] = took.map(|mut took| {
        took.sort_unstable();
        took[took.len() / 2]
    });
    println!("a commit, median: {clear:?} in clear, {sealed:?} sealed");
}

/// A journal of so many documents, without an index: as it is found after the index was lost.
fn journal_of(shop: &Shop, documents: u64) {
    fs::create_dir_all(shop.journal()).unwrap();
    let bytes = shop.options.segment_bytes;
    let mut journal = Journal::open(Arc::new(RealDisk), shop.journal(), (1, 0), bytes).unwrap();
    let mut write = |facts: Vec<Fact>| {
        let mut batch = journal.batch(at(0)).unwrap();
        for fact in &facts {
            batch.push(fact).unwrap();
        }
        assert!(batch.finish());
        journal.append(&batch).unwrap();
    };
    write(vec![company("1-9"), caf("a", "39", 1, documents)]);
    // Signed once, and copied.
    let signed = Bytes::from(vec![b'x'; 2500]);
    let mut next = 1;
    while next <= documents {
        let last = documents.min(next + 499);
        let mut facts = Vec::new();
        for number in next..=last {
            let mut sale = sale(number);
            sale.document.bytes = signed.clone();
            facts.push(issued(sale));
        }
        write(facts);
        next = last + 1;
    }
}

/// The most memory this process held since the last call, in MiB; 0 where that can't be told.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|text| text.trim().trim_end_matches(" kB").parse::<u64>().ok());
    // Begins anew from what is held now.
    let _ = fs::write("/proc/self/clear_refs", "5");
    peak.unwrap_or(0) / 1024
}

/// `TIMBRE_DOCUMENTS` says how many, a million otherwise.
#[test]
#[ignore = "measures, proves nothing"]
fn figures_of_a_million_documents() {
    let documents = std::env::var("TIMBRE_DOCUMENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let shop = Shop::new();
    journal_of(&shop, documents);
    let size: u64 = fs::read_dir(shop.journal()).unwrap().map(|f| f.unwrap().metadata().unwrap().len()).sum();
    println!("{documents} documents, a journal of {} MiB", size >> 20);
    let timed = |what: &str, work: &mut dyn FnMut()| {
        peak();
        let begin = Instant::now();
        work();
        let (took, peak) = (begin.elapsed().as_secs_f64(), peak());
        println!("  {what}: {took:.1} s, {peak} MiB at the most");
    };
    timed("rebuilt", &mut || {
        let (_, opened) = shop.open_said();
        assert_eq!((opened.documents, opened.rebuilt, opened.locked), (documents, true, None));
    });
    timed("opened", &mut || assert!(!shop.open_said().1.rebuilt));
    fs::write(shop.dir().join("db.in-use"), "").unwrap();
    timed("opened after a cut in a write", &mut || assert!(!shop.open_said().1.rebuilt));
    timed("checked", &mut || {
        let report = shop.check();
        assert_eq!((report.documents, report.index), (documents, IndexCheck::Agrees));
    });
}
