//! The last batch cut at every byte: what was answered stays, what was not is gone whole.

use std::fs;

use super::shop::*;
use crate::index::Index;
use crate::replay;
use crate::segments::Segments;
use crate::walk::Tip;

/// A shop whose index and anchor stand before the last batch, as after a power cut; returns the
/// journal's length then, and whole.
fn cut_short(shop: &Shop) -> (u64, Vec<u8>) {
    let mut store = shop.stocked();
    issue(&mut store, 1..=3);
    drop(store);
    let before = fs::metadata(shop.segment(1)).unwrap().len();
    shop.backup("before");
    let anchor = fs::read(shop.root.path().join("anchor.json")).unwrap();
    let mut store = shop.open();
    store.commit(vec![issued(sale(4)), issued(sale(5))], at(4)).unwrap();
    drop(store);
    let whole = fs::read(shop.segment(1)).unwrap();
    shop.put_back("before");
    fs::write(shop.root.path().join("anchor.json"), anchor).unwrap();
    (before, whole)
}

#[test]
fn a_torn_batch_is_cut_whole_at_every_byte() {
    let shop = Shop::new();
    let (before, whole) = cut_short(&shop);
    let segments = Segments::new(std::sync::Arc::new(crate::disk::RealDisk), &shop.journal(), None);
    for length in before as usize..=whole.len() {
        fs::write(shop.segment(1), &whole[..length]).unwrap();
        let index = Index::temporary(None).unwrap();
        let found = replay::replay(&segments, &index, Tip::default(), 0, &|_, _| {}).unwrap();
        assert_eq!(found.damage, []);
        let torn = found.end.torn.map_or(0, |torn| torn.bytes);
        match length == whole.len() {
            true => assert_eq!((found.issued, torn), (5, 0)),
            false => assert_eq!((found.issued, torn), (3, length as u64 - before), "{length}"),
        }
    }
}

#[test]
fn a_torn_folio_is_given_again_and_an_answered_one_never() {
    let shop = Shop::new();
    let (before, whole) = cut_short(&shop);
    shop.backup("torn");
    for length in (before as usize..=whole.len()).step_by(97).chain([whole.len()]) {
        shop.put_back("torn");
        fs::write(shop.segment(1), &whole[..length]).unwrap();
        let (mut store, opened) = shop.open_said();
        let complete = length == whole.len();
        assert_eq!(opened.documents, if complete { 5 } else { 3 });
        assert_eq!(opened.torn_bytes, if complete { 0 } else { length as u64 - before });
        assert_eq!((opened.locked, opened.damage, opened.rebuilt), (None, vec![], false));
        let next = if complete { 6 } else { 4 };
        issue(&mut store, [next]);
        assert_eq!(store.reader().document(&id(next)).unwrap().unwrap(), sale(next).document);
        drop(store);
        let (_, opened) = shop.open_said();
        assert_eq!((opened.documents, opened.damage), (next, vec![]));
        shop.renew_anchor();
    }
}

#[test]
fn a_last_batch_the_anchor_knows_is_damage_and_locks() {
    let shop = Shop::new();
    let (before, whole) = cut_short(&shop);
    let mut store = shop.open();
    store.commit(vec![issued(sale(4)), issued(sale(5))], at(4)).unwrap();
    drop(store);
    shop.delete_index();
    let mut bytes = whole.clone();
    let inside = before as usize + 100;
    bytes[inside] ^= 1;
    fs::write(shop.segment(1), &bytes).unwrap();
    let (store, opened) = shop.open_said();
    assert_eq!(opened.torn_bytes, 0);
    assert_eq!(opened.damage.len(), 1);
    // The second document of the batch is sound, so the counter is past both.
    assert_eq!(store.reader().ranges()[0].next, 6);
    assert_eq!(opened.missing, [(id(4), id(4))]);
    assert_eq!(fs::metadata(shop.segment(1)).unwrap().len(), bytes.len() as u64);
}

#[test]
fn garbage_after_the_end_is_cut() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=2);
    drop(store);
    let mut bytes = fs::read(shop.segment(1)).unwrap();
    let length = bytes.len() as u64;
    bytes.extend_from_slice(&[7; 4096]);
    fs::write(shop.segment(1), &bytes).unwrap();
    let (mut store, opened) = shop.open_said();
    assert_eq!((opened.torn_bytes, opened.documents, opened.locked), (4096, 2, None));
    assert_eq!(fs::metadata(shop.segment(1)).unwrap().len(), length);
    let kept = shop.segment(1).with_extension(format!("torn-{length}"));
    assert_eq!(fs::read(kept).unwrap(), [7; 4096]);
    issue(&mut store, [3]);
}
