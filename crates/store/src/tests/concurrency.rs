//! Readers on other threads while the writer commits: every row they see can be read whole.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::shop::*;
use crate::Filter;

#[test]
fn readers_see_only_whole_documents_while_the_writer_commits() {
    let (_shop, mut store) = Shop::ready();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let reader = store.reader();
                let done = &done;
                scope.spawn(move || {
                    let (mut highest, mut rounds) = (0, 0);
                    while !done.load(Ordering::Relaxed) || rounds == 0 {
                        let page = reader.list(&Filter::default(), None, 5).unwrap();
                        for row in &page.rows {
                            let document = reader.document(&row.id).unwrap().unwrap();
                            assert_eq!(document, sale(row.id.number).document);
                            assert!(!reader.history(&row.id).unwrap().is_empty());
                        }
                        let newest = page.rows.first().map_or(0, |row| row.id.number);
                        assert!(newest >= highest, "{newest} after {highest}");
                        highest = newest;
                        assert!(reader.counts().total() <= 100);
                        rounds += 1;
                    }
                    highest
                })
            })
            .collect();
        for n in 1..=50 {
            store.commit(vec![issued(sale(2 * n - 1)), issued(sale(2 * n))], at(n as i64)).unwrap();
        }
        done.store(true, Ordering::Relaxed);
        for reader in readers {
            reader.join().unwrap();
        }
    });
    assert_eq!(store.reader().counts().total(), 100);
}
