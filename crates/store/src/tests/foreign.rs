//! Files and bytes among the journal's that the journal did not write there.

use std::fs;

use super::shop::*;
use crate::{Fact, Issued, StoreError};

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

/// How many boletas were sold here, and in the shop whose segment is put beside.
#[track_caller]
fn is_not_read_in(here: u64, segment: &[u8]) {
    let shop = Shop::new();
    issue(&mut shop.stocked(), 1..=here);
    fs::write(shop.segment(2), segment).unwrap();
    let report = shop.check();
    assert_eq!((report.documents, report.damage.len(), report.repeated.len()), (here, 1, 0));
    let (mut store, opened) = shop.open_said();
    assert_eq!((opened.documents, opened.damage.len(), opened.locked), (here, 1, None));
    assert_eq!((opened.damage[0].place.segment, opened.damage[0].bytes), (2, segment.len() as u64));
    issue(&mut store, [here + 1]);
    assert_eq!(store.reader().row(&id(here + 1)).unwrap().unwrap().frame.segment, 3);
    assert_eq!(fs::read(shop.segment(2)).unwrap(), segment, "and stays as it is");
    drop(store);
    for again in [false, true] {
        if again {
            shop.delete_index();
        }
        let (store, opened) = shop.open_said();
        assert_eq!((opened.documents, opened.locked), (here + 1, None));
        assert_eq!(store.reader().document(&id(2)).unwrap().unwrap(), sale(2).document);
    }
}

#[test]
fn a_segment_of_another_shop_is_not_read_in() {
    for (here, there) in [(3, 12), (12, 3)] {
        let other = Shop::new();
        let mut store = other.open();
        store.commit(vec![company("2-7"), caf("a", "39", 1, 100)], at(0)).unwrap();
        for number in 1..=there {
            store.commit(vec![issued(other_sale(number))], at(number as i64)).unwrap();
        }
        drop(store);
        is_not_read_in(here, &fs::read(other.segment(1)).unwrap());
    }
}

#[test]
fn a_segment_that_is_there_twice_is_read_once() {
    let shop = Shop::new();
    issue(&mut shop.stocked(), 1..=5);
    is_not_read_in(5, &fs::read(shop.segment(1)).unwrap());
}

/// Another sale under the same folio.
fn other_sale(number: u64) -> Issued {
    let mut sale = sale(number);
    sale.key = Some(format!("other-{number}"));
    sale.document.words = "Vino".to_owned();
    sale
}

/// It was cut off after a failed write, and a power cut undid that: all of it is back, or what of it got to the disk.
#[test]
fn an_end_that_came_back_hides_nothing_of_the_next_segment() {
    type Harm = fn(&mut Vec<u8>, usize);
    let whole: Harm = |_, _| {};
    let without_its_first: Harm = |bytes, begin| bytes[begin + 70] ^= 1;
    let half_of_its_first: Harm = |bytes, begin| bytes.truncate(begin + 100);
    // Of half a frame nobody can tell that it was never answered: it is damage, and the ranges are in doubt.
    let harms: [(Harm, bool); 3] = [(whole, false), (without_its_first, false), (half_of_its_first, true)];
    for (harm, told) in harms {
        let mut shop = Shop::new();
        let mut store = shop.stocked();
        // A range that nothing was given of, which a doubt about what is gone would stop.
        store.commit(vec![caf("b", "61", 1, 100)], at(0)).unwrap();
        issue(&mut store, 1..=3);
        let begin = store.reader().latest().unwrap();
        drop(store);
        shop.backup("before");
        let mut store = shop.open();
        store.commit(vec![acted("unheard"), issued(other_sale(4))], at(4)).unwrap();
        drop(store);
        let mut longer = fs::read(shop.segment(1)).unwrap();
        harm(&mut longer, begin.offset() as usize);
        shop.put_back("before");
        shop.renew_anchor();
        shop.options.segment_bytes = 1;
        issue(&mut shop.open(), 4..=6);
        fs::write(shop.segment(1), longer).unwrap();
        shop.delete_index();

        let report = shop.check();
        let (damage, overtaken) = (usize::from(told), usize::from(!told));
        assert_eq!((report.damage.len(), report.overtaken.len(), report.documents), (damage, overtaken, 6));
        let (store, opened) = shop.open_said();
        assert_eq!((opened.damage.len(), opened.locked.is_some()), (damage, told));
        let reader = store.reader();
        assert_eq!(reader.ranges()[0].next, 7);
        for n in 4..=6 {
            assert_eq!(reader.document(&id(n)).unwrap().unwrap(), sale(n).document);
            assert_eq!(reader.version(&id(n), 1).unwrap().unwrap(), sale(n).document);
        }
        assert_eq!(reader.by_key("other-4").unwrap(), None);
        let told = reader.news(begin, 100).unwrap().facts;
        let told = told.iter().map(|told| matches!(&told.fact, Fact::Issued(_))).collect::<Vec<_>>();
        assert_eq!(told, [true; 3], "and nobody is told of it");
    }
}

/// And the one that took its place was cut off, too.
#[test]
fn two_ends_that_came_back_hide_nothing_of_what_was_answered_after_them() {
    let mut shop = Shop::new();
    issue(&mut shop.stocked(), 1..=3);
    shop.backup("before");
    let unheard = |shop: &Shop, why: &str, segment: u32| {
        shop.open().commit(vec![acted(why), issued(other_sale(4))], at(4)).unwrap();
        let bytes = fs::read(shop.segment(segment)).unwrap();
        shop.put_back("before");
        shop.renew_anchor();
        bytes
    };
    let first = unheard(&shop, "unheard", 1);
    shop.options.segment_bytes = 1;
    let second = unheard(&shop, "unheard again", 2);
    issue(&mut shop.open(), 4..=6);
    for segment in (2..=4).rev() {
        fs::rename(shop.segment(segment), shop.segment(segment + 1)).unwrap();
    }
    fs::write(shop.segment(1), first).unwrap();
    fs::write(shop.segment(2), second).unwrap();
    // It knows the files by the numbers that they had.
    shop.renew_anchor();
    shop.delete_index();
    let (store, opened) = shop.open_said();
    assert_eq!((opened.damage, opened.locked), (vec![], None));
    assert_eq!(shop.check().overtaken.len(), 2);
    for n in 4..=6 {
        assert_eq!(store.reader().document(&id(n)).unwrap().unwrap(), sale(n).document);
    }
    assert_eq!(store.reader().ranges()[0].next, 7);
}
