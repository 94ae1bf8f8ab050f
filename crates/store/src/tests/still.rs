//! A folder that can't be written to is read as it stands.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use super::shop::*;
use crate::{LockReason, OpenOptions, Store, StoreError};

fn still(shop: &Shop) -> Store {
    let options = OpenOptions { still: true, ..shop.options.clone() };
    Store::open(&shop.dir(), &options, &|_, _| {}).unwrap().0
}

/// All that lies under a folder: bytes, and when they were written.
fn picture(folder: &Path) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(picture(&path)),
            false => {
                let written = path.metadata().unwrap().modified().unwrap();
                all.insert(path.display().to_string(), (fs::read(&path).unwrap(), written));
            }
        }
    }
    all
}

#[test]
fn a_folder_that_is_only_looked_at_is_read_to_its_last_whole_batch_and_nothing_of_it_changes() {
    for sealed in [false, true] {
        let shop = if sealed { Shop::sealed() } else { Shop::new() };
        let mut store = shop.stocked();
        issue(&mut store, 1..=3);
        let before = everything(&store.reader());
        drop(store);
        // Half a batch, as a power cut leaves it.
        let last = fs::read_dir(shop.journal()).unwrap().map(|entry| entry.unwrap().path()).max().unwrap();
        let mut bytes = fs::read(&last).unwrap();
        bytes.extend_from_slice(&[0xE5; 100]);
        fs::write(&last, bytes).unwrap();

        let untouched = picture(shop.root.path());
        let mut store = still(&shop);
        assert_eq!(everything(&store.reader()), before);
        // It takes nothing, and answers all the same.
        for second in [20, 21] {
            let error = store.commit(vec![issued(sale(4))], at(second)).unwrap_err();
            assert!(matches!(error, StoreError::Io { .. } | StoreError::Poisoned), "{error}");
        }
        store.reopen().unwrap();
        assert!(store.commit(vec![issued(sale(4))], at(22)).is_err());
        store.settle().unwrap();
        assert_eq!(everything(&store.reader()), before);
        drop(store);
        assert_eq!(picture(shop.root.path()), untouched);
        issue(&mut shop.open(), [4]);
    }
}

#[test]
fn who_only_looks_is_told_of_a_lock_and_makes_no_anchor() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=3);
    drop(store);
    shop.delete_anchor();
    let untouched = picture(shop.root.path());
    assert_eq!(still(&shop).locked().unwrap().reason, LockReason::AnchorMissing);
    assert_eq!(picture(shop.root.path()), untouched);
}
