//! Files and bytes among the journal's that the journal did not write there.

use std::fs;

use super::shop::*;
use crate::StoreError;

/// A sync program or a hand puts it there while the folder is open.
#[test]
fn no_segment_is_begun_in_a_file_that_holds_something() {
    let mut shop = Shop::new();
    shop.options.segment_bytes = 1;
    let mut store = shop.stocked();
    fs::write(shop.segment(2), [b'x'; 5000]).unwrap();
    let refused = store.commit(vec![issued(sale(1))], at(1));
    assert!(matches!(refused, Err(StoreError::Io { .. })), "{refused:?}");
    let opened = store.reopen().unwrap();
    assert_eq!((opened.torn_bytes, opened.locked), (5000, None));
    issue(&mut store, 1..=3);
    for number in 1..=3 {
        assert_eq!(store.reader().document(&id(number)).unwrap().unwrap(), sale(number).document);
    }
    drop(store);
    shop.delete_index();
    let (_, opened) = shop.open_said();
    assert_eq!((opened.documents, opened.damage, opened.locked), (3, vec![], None));
}

/// The index says that the journal ends before them, and is wrong.
#[test]
fn an_end_that_holds_whole_frames_of_before_is_not_cut() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=3);
    let frame = store.reader().row(&id(3)).unwrap().unwrap().frame;
    drop(store);
    let mut bytes = fs::read(shop.segment(1)).unwrap();
    let third = bytes[frame.offset as usize..].to_vec();
    bytes.extend_from_slice(b"something");
    bytes.extend_from_slice(&third);
    fs::write(shop.segment(1), &bytes).unwrap();
    let (mut store, opened) = shop.open_said();
    assert_eq!((opened.torn_bytes, opened.damage.len()), (0, 1));
    assert_eq!(fs::read(shop.segment(1)).unwrap(), bytes);
    unlock(&mut store, 9);
    issue(&mut store, [4]);
    drop(store);
    assert_eq!(fs::read(shop.segment(1)).unwrap(), bytes, "nothing is written behind them");
    for again in [false, true] {
        if again {
            shop.delete_index();
        }
        let (_, opened) = shop.open_said();
        assert_eq!((opened.documents, opened.locked), (4, None));
    }
}
