//! The room that is made ready behind what was written: it is no part of the journal, whatever happens.

use std::fs;

use super::shop::*;

fn length(shop: &Shop, segment: u32) -> u64 {
    fs::metadata(shop.segment(segment)).unwrap().len()
}

#[test]
fn room_is_made_while_it_is_open_and_given_back_when_it_is_closed() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=2);
    let written = length(&shop, 1);
    store.catch_up().unwrap();
    let bytes = fs::read(shop.segment(1)).unwrap();
    assert_eq!(bytes.len() as u64, written + (512 << 10));
    assert!(bytes[written as usize..].iter().all(|byte| *byte == 0));
    let fsyncs = store.fsyncs();
    issue(&mut store, [3]);
    store.catch_up().unwrap();
    assert_eq!(length(&shop, 1), bytes.len() as u64, "what comes goes into it");
    assert_eq!(store.fsyncs() - fsyncs, 1, "and there is enough left");
    let before = everything(&store.reader());
    drop(store);
    let bytes = fs::read(shop.segment(1)).unwrap();
    assert!(bytes.len() as u64 > written && bytes.last() != Some(&0));
    assert_eq!(everything(&shop.open().reader()), before);
}

/// As a power cut or a copy of an open folder leaves it.
#[test]
fn a_folder_with_room_in_it_is_sound() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=3);
    store.catch_up().unwrap();
    issue(&mut store, 4..=5);
    let (before, lengths) = (everything(&store.reader()), length(&shop, 1));
    shop.backup("cut");
    drop(store);
    let written = length(&shop, 1);
    for rebuilt in [false, true] {
        shop.put_back("cut");
        assert_eq!(length(&shop, 1), lengths);
        if rebuilt {
            shop.delete_index();
        }
        let seen = shop.check();
        assert!(!seen.lost_data() && seen.torn.is_none(), "{seen:?}");
        assert_eq!(seen.documents, 5);
        let (mut store, opened) = shop.open_said();
        assert_eq!((opened.torn_bytes, opened.damage, opened.locked), (0, vec![], None));
        assert_eq!(length(&shop, 1), written, "what was not used is cut off");
        assert_eq!(fs::read_dir(shop.journal()).unwrap().count(), 1, "and not kept");
        assert_eq!(everything(&store.reader()), before);
        if rebuilt {
            issue(&mut store, [6]);
        }
    }
}

/// In the room a batch may be there in part, with zeros instead of the rest, or of some of it.
#[test]
fn a_batch_that_came_in_part_is_cut_whole() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=3);
    drop(store);
    shop.backup("before");
    let anchor = fs::read(shop.root.path().join("anchor.json")).unwrap();
    let start = length(&shop, 1) as usize;
    let mut store = shop.open();
    store.commit(vec![issued(sale(4)), issued(sale(5))], at(4)).unwrap();
    drop(store);
    let whole = fs::read(shop.segment(1)).unwrap();
    let room = |mut bytes: Vec<u8>| {
        bytes.resize(whole.len() + 8192, 0);
        bytes
    };
    let ends = (start..whole.len()).step_by(89).map(|end| room(whole[..end].to_vec()));
    let holes = (start..whole.len()).step_by(512).map(|hole| {
        let mut bytes = whole.clone();
        let end = (hole + 512).min(bytes.len());
        bytes[hole..end].fill(0);
        room(bytes)
    });
    for bytes in ends.chain(holes) {
        shop.put_back("before");
        fs::write(shop.root.path().join("anchor.json"), &anchor).unwrap();
        fs::write(shop.segment(1), &bytes).unwrap();
        let (mut store, opened) = shop.open_said();
        assert_eq!((opened.documents, opened.damage, opened.locked), (3, vec![], None));
        assert_eq!(length(&shop, 1), start as u64);
        issue(&mut store, [4]);
    }
}

#[test]
fn a_segment_that_is_done_ends_with_what_was_written() {
    let mut shop = Shop::new();
    shop.options.segment_bytes = 2500;
    let mut store = shop.stocked();
    for number in 1..=20 {
        issue(&mut store, [number]);
        store.catch_up().unwrap();
    }
    let last = fs::read_dir(shop.journal()).unwrap().count() as u32;
    assert!(last > 2);
    for segment in 1..last {
        assert_ne!(fs::read(shop.segment(segment)).unwrap().last(), Some(&0), "{segment}");
    }
    // One that could not be cut is no loss: what follows misses nothing.
    drop(store);
    let mut bytes = fs::read(shop.segment(2)).unwrap();
    bytes.extend_from_slice(&[0; 4096]);
    fs::write(shop.segment(2), bytes).unwrap();
    shop.delete_index();
    let seen = shop.check();
    assert!(!seen.lost_data(), "{seen:?}");
    let (store, opened) = shop.open_said();
    assert_eq!((opened.damage, opened.documents), (vec![], 20));
    assert_eq!(store.reader().ranges()[0].next, 21);
}
