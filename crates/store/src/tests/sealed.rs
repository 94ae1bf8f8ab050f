//! Sealed segments: they answer as those in clear do, say nothing to who has no key, and lose nothing without one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use timbre_core::{Cause, DocState};

use super::shop::*;
use crate::frame::HEADER;
use crate::{Fact, Filter, IndexCheck, OpenOptions, Store, StoreError};

/// A day of a shop: sales, a parcel that left and its answer, a sale with a voucher.
fn day(store: &mut Store) {
    issue(store, 1..=6);
    store.commit(depart("P1", &[1, 2, 3]), at(10)).unwrap();
    let sent = Cause::Sent { track: "77".to_owned() };
    store.commit(vec![moved(1, DocState::Enviando, DocState::Enviado, sent)], at(11)).unwrap();
    store.commit(vec![declared(1)], at(12)).unwrap();
    store.commit(vec![vouched("caja-9-voucher", date(22), 990)], at(12)).unwrap();
    store.settle().unwrap();
}

fn filters() -> Vec<Filter> {
    let text = |text: &str| Filter { text: Some(text.to_owned()), ..Filter::default() };
    vec![
        Filter::default(),
        text("76.192.083-9"),
        text("1003"),
        text("T39F4"),
        text("amasado"),
        text("nadie"),
        Filter { states: vec![DocState::Enviado], ..Filter::default() },
        Filter { from: Some(date(22)), to: Some(date(22)), ..Filter::default() },
    ]
}

/// All that a reader is asked for.
fn answers(store: &Store) -> BTreeMap<String, String> {
    let reader = store.reader();
    let mut told = everything(&reader);
    for filter in filters() {
        let page = reader.list(&filter, None, 3).unwrap();
        let rest = page.next.map(|next| reader.list(&filter, Some(next), 50).unwrap());
        told.insert(
            format!("{filter:?}"),
            format!("{page:?} {rest:?} {:?}", reader.found(&filter, 99, &LAW)),
        );
    }
    told.insert("key".to_owned(), format!("{:?} {:?}", reader.by_key("key-4"), reader.by_key("key-9")));
    told.insert("voucher".to_owned(), format!("{:?}", reader.vouched("caja-9-voucher")));
    told.insert("wrapping".to_owned(), format!("{:?}", reader.wrapping(&timbre_core::ParcelId("P1".into()))));
    let news = reader.news(first(), 100).unwrap();
    let facts = news.facts.into_iter().map(|told| told.fact);
    let facts: Vec<_> = facts.filter(|fact| !matches!(fact, Fact::Acted { .. })).collect();
    told.insert("news".to_owned(), format!("{facts:?}"));
    told
}

fn first() -> crate::Bookmark {
    serde_json::from_str(r#"{"segment":1,"offset":0}"#).unwrap()
}

/// Where a frame begins differs, as sealed ones are longer.
fn without_places(told: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let plain = |text: &String| {
        let parts = text.split("offset: ").map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit()));
        parts.collect::<String>()
    };
    told.iter().map(|(name, text)| (name.clone(), plain(text))).collect()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => files(&entry.path(), found),
            false => found.push(entry.path()),
        }
    }
}

/// The files below a folder in which any of these words is found.
fn saying(folder: &Path, words: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(folder, &mut found);
    found.retain(|file| {
        let bytes = fs::read(file).unwrap();
        words.iter().any(|word| bytes.windows(word.len()).any(|part| part == word.as_bytes()))
    });
    found
}

/// What the sales of [`day`] say: the buyer, the goods, the keys of the till, the voucher's.
const WORDS: [&str; 6] = ["Muñoz", "amasado", "76.192.083-9", "761920839", "key-4", "caja-9-voucher"];

#[test]
fn a_sealed_folder_answers_as_one_in_clear_does_before_and_after_a_rebuild() {
    let clear = Shop::with_keys();
    // As many frames as there are before the first fact of the sealed one.
    clear.open().commit(vec![acted("a"), acted("b")], at(0)).unwrap();
    let sealed = Shop::sealed();
    let mut stores = [&clear, &sealed].map(Shop::stocked);
    stores.iter_mut().for_each(day);
    let [in_clear, under_seal] = [0, 1].map(|n| answers(&stores[n]));
    for (asked, said) in without_places(&in_clear) {
        assert_eq!(said, without_places(&under_seal)[&asked], "{asked}");
    }
    drop(stores);
    assert_eq!(answers(&sealed.open()), under_seal);
    sealed.delete_index();
    let (store, opened) = sealed.open_said();
    assert!(opened.rebuilt && opened.damage.is_empty());
    assert_eq!(answers(&store), under_seal);
    drop(store);
    let report = sealed.check();
    assert_eq!((report.lost_data(), report.index, report.documents), (false, IndexCheck::Agrees, 6));
    assert_eq!((report.sealed, report.unread), (vec![1], None));
}

#[test]
fn nothing_that_a_sale_says_is_in_any_file_of_a_sealed_folder() {
    let shop = Shop::sealed();
    let mut store = shop.stocked();
    day(&mut store);
    assert_eq!(saying(&shop.dir(), &WORDS), Vec::<PathBuf>::new(), "while it is open");
    drop(store);
    shop.delete_index();
    drop(shop.open());
    assert_eq!(saying(&shop.dir(), &WORDS), Vec::<PathBuf>::new(), "after a rebuild");
    let clear = Shop::new();
    day(&mut clear.stocked());
    for word in WORDS {
        assert!(!saying(&clear.dir(), &[word]).is_empty(), "«{word}» is what would be found");
    }
}

#[test]
fn sealing_begins_a_segment_and_leaves_the_earlier_ones_in_clear_and_so_does_its_end() {
    let shop = Shop::with_keys();
    let mut store = shop.stocked();
    issue(&mut store, 1..=2);
    let reader = store.reader();
    assert!(!store.is_sealing());
    store.set_sealing(true, vec![acted("seal")], at(3)).unwrap().unwrap();
    assert!(store.is_sealing());
    issue(&mut store, 3..=4);
    let fsyncs = store.fsyncs();
    issue(&mut store, [5]);
    assert_eq!(store.fsyncs(), fsyncs + 1, "no fsync more for an issue");
    store.set_sealing(false, vec![acted("clear")], at(6)).unwrap().unwrap();
    issue(&mut store, [6]);
    let segment = |number| reader.row(&id(number)).unwrap().unwrap().frame.segment;
    assert_eq!([1, 2, 3, 4, 5, 6].map(segment), [1, 1, 2, 2, 2, 3]);
    drop((store, reader));
    let said = |number| !saying(&shop.journal(), &[&format!("\"n\":{number}")]).is_empty();
    assert_eq!([1, 2, 3, 4, 5, 6].map(said), [true, true, false, false, false, true]);
    let report = shop.check();
    assert_eq!((report.lost_data(), report.sealed, report.index), (false, vec![2], IndexCheck::Agrees));
    let (mut store, opened) = shop.open_said();
    assert_eq!((opened.rebuilt, store.is_sealing()), (false, false));
    issue(&mut store, [7]);
}

/// Sealed at its end, it goes on sealed, in the same segment, and in the next one with another key.
#[test]
fn a_folder_that_was_sealed_stays_sealed_over_starts_and_segments() {
    let mut shop = Shop::sealed();
    drop(shop.stocked());
    for number in 1..=3 {
        let mut store = shop.open();
        assert!(store.is_sealing());
        issue(&mut store, [number]);
    }
    assert!(!shop.segment(2).exists());
    shop.options.segment_bytes = 1 << 10;
    let mut store = shop.open();
    issue(&mut store, 4..=6);
    assert_eq!(store.reader().row(&id(6)).unwrap().unwrap().frame.segment, 4);
    let head = |segment| fs::read(shop.segment(segment)).unwrap()[HEADER..HEADER + 100].to_vec();
    assert_ne!(head(2), head(3));
    drop(store);
    assert_eq!(shop.check().sealed, [1, 2, 3, 4]);
    assert_eq!(saying(&shop.dir(), &WORDS), Vec::<PathBuf>::new());
    shop.is_the_same_made_anew(shop.open());
}

/// The bytes and names of everything in the folder.
fn picture(shop: &Shop) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = Vec::new();
    files(&shop.journal(), &mut found);
    found.into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect()
}

#[test]
fn without_its_key_or_with_another_one_it_does_not_open_and_nothing_of_it_changes() {
    for keys in [None, Some(Arc::new(Keeper::new()) as Arc<dyn crate::SegmentKeys>)] {
        let shop = Shop::sealed();
        day(&mut shop.stocked());
        let before = picture(&shop);
        let strange = OpenOptions { keys: keys.clone(), ..shop.options.clone() };
        let refused = Store::open(&shop.dir(), &strange, &|_, _| {}).err().unwrap();
        assert!(matches!(refused, StoreError::Sealed { segment: 1, .. }), "{refused}");
        assert_eq!(picture(&shop), before);
        let anchor = shop.options.anchor.as_deref();
        let mut documents = 0;
        let report = crate::check(&shop.dir(), anchor, keys, &mut |_| documents += 1, &|_, _| {}).unwrap();
        assert_eq!((report.lost_data(), report.damage.len(), documents), (false, 0, 0));
        assert_eq!(report.unread.unwrap().0, report.frames - 1, "all but the closed key");
        assert_eq!(picture(&shop), before);
        let (mut store, opened) = shop.open_said();
        assert_eq!((opened.rebuilt, opened.locked), (false, None));
        issue(&mut store, [7]);
    }
}

/// The chain is over what is on disk: who has no key sees each bit all the same, and who reads the document does.
#[test]
fn any_flipped_bit_of_a_sealed_segment_is_found_by_check_with_and_without_a_key_and_by_reading() {
    let shop = Shop::sealed();
    let mut store = shop.stocked();
    issue(&mut store, 1..=3);
    let frames = [1, 2].map(|n| store.reader().row(&id(n)).unwrap().unwrap().frame.offset);
    let whole = fs::read(shop.segment(1)).unwrap();
    let without = |shop: &Shop| {
        let anchor = shop.options.anchor.as_deref();
        crate::check(&shop.dir(), anchor, None, &mut |_| {}, &|_, _| {}).unwrap()
    };
    let end = whole.iter().rposition(|byte| *byte != 0).unwrap() as u64 + 1;
    for at in (0..frames[0]).step_by(1999).chain((frames[0]..frames[1]).step_by(149)).chain([end - 1]) {
        let mut bytes = whole.clone();
        bytes[at as usize] ^= 1 << (at % 8);
        fs::write(shop.segment(1), &bytes).unwrap();
        assert!(without(&shop).lost_data(), "byte {at}, without a key");
        if at >= frames[0] {
            assert!(shop.check().lost_data(), "byte {at}");
        }
        if (frames[0]..frames[1]).contains(&at) {
            let read = store.reader().document(&id(1));
            assert!(matches!(read, Err(StoreError::Damaged { .. })), "byte {at}");
        }
    }
    fs::write(shop.segment(1), &whole).unwrap();
    assert!(!shop.check().lost_data() && !without(&shop).lost_data());
}

#[test]
fn one_copy_of_the_closed_key_is_enough_to_read_all_and_damage_of_it_is_told() {
    for lost in [HEADER..HEADER + 512, HEADER + 4000..HEADER + 4200] {
        let shop = Shop::sealed();
        let mut store = shop.stocked();
        day(&mut store);
        let before = everything(&store.reader());
        drop(store);
        let mut bytes = fs::read(shop.segment(1)).unwrap();
        bytes[lost.clone()].fill(0xAA);
        fs::write(shop.segment(1), bytes).unwrap();
        shop.delete_index();
        let report = shop.check();
        assert_eq!((report.lost_data(), report.damage.len(), report.documents), (true, 1, 6));
        let (mut store, opened) = shop.open_said();
        assert_eq!((opened.damage.len(), opened.locked), (1, None));
        assert_eq!(everything(&store.reader()), before, "{lost:?}");
        issue(&mut store, [7]);
    }
}

/// Both copies lost: what the segment holds can't be read any more. That is damage, told, with its folios used; and
/// what comes goes on in a segment of its own.
#[test]
fn a_segment_whose_key_is_lost_for_good_is_damage_and_its_folios_stay_used() {
    let shop = Shop::sealed();
    let mut store = shop.stocked();
    store.set_sealing(false, vec![acted("clear")], at(1)).unwrap().unwrap();
    issue(&mut store, 1..=2);
    store.set_sealing(true, vec![acted("seal")], at(3)).unwrap().unwrap();
    issue(&mut store, 3..=4);
    drop(store);
    shop.delete_index();
    let mut bytes = fs::read(shop.segment(3)).unwrap();
    bytes[HEADER + 9] ^= 1;
    bytes[HEADER + 4096 + 9] ^= 1;
    fs::write(shop.segment(3), bytes).unwrap();
    let report = shop.check();
    assert!(report.lost_data());
    assert_eq!((report.documents, report.damage.len()), (2, 4), "the head, an act, two documents");
    let (mut store, opened) = shop.open_said();
    assert_eq!(opened.damage.iter().filter(|damage| damage.documents).count(), 2);
    assert_eq!(opened.locked, None, "the anchor knows of both");
    assert!(store.is_sealing());
    issue(&mut store, [5]);
    assert_eq!(store.reader().row(&id(5)).unwrap().unwrap().frame.segment, 4);
}

/// A batch that was begun and never answered is cut; what takes its place has its sequences, and another nonce.
#[test]
fn a_torn_tail_that_is_written_again_is_sealed_with_another_nonce() {
    let shop = Shop::sealed();
    let mut store = shop.stocked();
    issue(&mut store, [1]);
    let end = |store: &Store| store.reader().latest().unwrap();
    let before = end(&store);
    let offset = serde_json::to_value(before).unwrap()["offset"].as_u64().unwrap();
    drop(store);
    shop.backup("before");
    issue(&mut shop.open(), [2]);
    let first = fs::read(shop.segment(1)).unwrap()[offset as usize + HEADER..][..12].to_vec();
    shop.put_back("before");
    shop.renew_anchor();
    let mut store = shop.open();
    let mut other = sale(2);
    other.document.words = "Otra cosa".to_owned();
    store.commit(vec![issued(other)], at(2)).unwrap();
    drop(store);
    let second = fs::read(shop.segment(1)).unwrap()[offset as usize + HEADER..][..12].to_vec();
    assert_eq!(first[..4], second[..4], "the same sequence");
    assert_ne!(first, second);
}

/// Who has no key can put no frame in another's place, though checksums and chain can be made right by anybody.
#[test]
fn a_frame_that_was_moved_to_another_place_does_not_open() {
    let shop = Shop::sealed();
    let mut store = shop.stocked();
    issue(&mut store, 1..=3);
    let place = |number| store.reader().row(&id(number)).unwrap().unwrap().frame;
    let (one, two) = (place(1), place(2));
    drop(store);
    let mut bytes = fs::read(shop.segment(1)).unwrap();
    let (from, to) = (one.offset as usize + HEADER, two.offset as usize);
    let body = bytes[from..two.offset as usize].to_vec();
    assert_eq!(bytes[to + HEADER..to + HEADER + body.len()].len(), body.len());
    bytes[to + HEADER..to + HEADER + body.len()].copy_from_slice(&body);
    let mut head = bytes[to..to + HEADER].to_vec();
    head[72..76].copy_from_slice(&crc32fast::hash(&body).to_be_bytes());
    let crc = crc32fast::hash(&head[..76]);
    head[76..].copy_from_slice(&crc.to_be_bytes());
    bytes[to..to + HEADER].copy_from_slice(&head);
    fs::write(shop.segment(1), bytes).unwrap();
    let report = shop.check();
    assert!(report.lost_data());
    assert!(
        report.damage.iter().any(|damage| damage.place == two && damage.documents),
        "{:?}",
        report.damage
    );
    let (store, _) = shop.open_said();
    assert!(matches!(store.reader().document(&id(2)), Err(StoreError::Damaged { .. })));
    assert_eq!(store.reader().document(&id(1)).unwrap().unwrap(), sale(1).document);
}

#[test]
fn who_keeps_no_keys_turns_nothing_on() {
    let shop = Shop::new();
    let mut store = shop.stocked();
    let refused = store.set_sealing(true, vec![acted("seal")], at(1));
    assert!(matches!(refused, Err(StoreError::Refused(_))));
    issue(&mut store, [1]);
}

/// Whoever starts it again and again may not fill the disk with what each start began.
#[test]
fn an_opening_that_is_refused_leaves_no_index_more_however_often_it_is_tried() {
    let shop = Shop::sealed();
    let mut store = shop.stocked();
    let place = store.commit(vec![issued(sale(1))], at(1)).unwrap().places[0];
    drop(store);
    shop.delete_index();
    let whole = fs::read(shop.segment(1)).unwrap();
    let mut newer = whole.clone();
    let head = &mut newer[place.offset as usize..][..HEADER];
    head[4] = 2;
    let crc = crc32fast::hash(&head[..76]);
    head[76..].copy_from_slice(&crc.to_be_bytes());
    fs::write(shop.segment(1), newer).unwrap();
    let asides = || {
        let names = fs::read_dir(shop.dir()).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().starts_with("db.damaged")).count()
    };
    let before = asides();
    for start in 1..=3 {
        let refused = shop.try_open().err().unwrap();
        assert!(matches!(refused, StoreError::Newer { .. }), "{refused}");
        assert_eq!(asides(), before, "start {start}");
    }
    fs::write(shop.segment(1), whole).unwrap();
    let (mut store, opened) = shop.open_said();
    assert_eq!((opened.put_aside, opened.damage, opened.documents), (None, vec![], 1));
    issue(&mut store, [2]);
    assert_eq!(saying(&shop.dir(), &WORDS), Vec::<PathBuf>::new());
}
