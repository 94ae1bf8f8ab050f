//! The bytes on disk: what was written once must be read for six years.

use std::fs;

use super::shop::*;
use crate::frame::{HEADER, Header, hex};
use crate::{Place, StoreError};

fn header() -> Header {
    Header {
        kind: 4,
        last: true,
        sealed: false,
        key: 0,
        length: 0x0102,
        batch: 3,
        sequence: 0x0A0B,
        micros: -2,
        before: [0xCD; 32],
        body_crc: 0x11223344,
    }
}

#[test]
fn a_header_has_its_bytes_where_the_table_says() {
    let bytes = header().encode();
    let text: String = bytes[..76].iter().map(|b| format!("{b:02x}")).collect();
    let expected = [
        "e5544a1a",
        "01",
        "04",
        "01",
        "00",
        "00000000",
        "00000102",
        "0000000000000003",
        "0000000000000a0b",
        "fffffffffffffffe",
        &"cd".repeat(32),
        "11223344",
    ];
    assert_eq!(text, expected.concat());
    assert_eq!(Header::decode(&bytes), Ok(header()));
    let sealed = Header { sealed: true, last: false, key: 7, ..header() };
    assert_eq!(sealed.encode()[6..12], [2, 0, 0, 0, 0, 7]);
    assert_eq!(Header::decode(&sealed.encode()), Ok(sealed));
}

#[test]
fn no_flipped_bit_of_a_header_goes_unseen() {
    let bytes = header().encode();
    for bit in 0..HEADER * 8 {
        let mut bytes = bytes;
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(Header::decode(&bytes).is_err(), "bit {bit}");
    }
}

/// Writes the last frame's header anew with one byte changed and its checksum right.
fn rewrite(shop: &Shop, at: u64, byte: usize, value: u8) {
    let mut bytes = fs::read(shop.segment(1)).unwrap();
    let head = &mut bytes[at as usize..][..HEADER];
    head[byte] = value;
    let crc = crc32fast::hash(&head[..76]);
    head[76..].copy_from_slice(&crc.to_be_bytes());
    fs::write(shop.segment(1), bytes).unwrap();
}

#[test]
fn newer_frames_say_what_they_are() {
    let (shop, mut store) = Shop::ready();
    let place = store.commit(vec![issued(sale(1))], super::shop::at(1)).unwrap().places[0];
    drop(store);
    shop.delete_index();
    let whole = fs::read(shop.segment(1)).unwrap();
    let refused = || {
        let error = shop.try_open().err().unwrap();
        assert!(matches!(error, StoreError::Newer { .. }), "{error}");
        fs::write(shop.segment(1), &whole).unwrap();
        error.to_string()
    };
    rewrite(&shop, place.offset, 4, 2);
    assert!(refused().ends_with("su formato no se conoce aquí"));
    // A flag that means something we do not know.
    rewrite(&shop, place.offset, 6, 1 | 4);
    assert!(refused().ends_with("lleva una marca que no se conoce aquí"));
    let fact = br#""fact":"issued""#;
    let (at, body) = (place.offset as usize, place.offset as usize + HEADER);
    let mut bytes = whole.clone();
    let said = body + bytes[body..].windows(fact.len()).position(|part| part == fact).unwrap();
    bytes[said..said + fact.len()].copy_from_slice(br#""fact":"issuez""#);
    let length = u32::from_be_bytes(bytes[at + 12..at + 16].try_into().unwrap()) as usize;
    let crc = crc32fast::hash(&bytes[body..body + length]);
    bytes[at + 72..at + 76].copy_from_slice(&crc.to_be_bytes());
    fs::write(shop.segment(1), bytes).unwrap();
    rewrite(&shop, place.offset, 6, 1);
    assert!(refused().ends_with("dice algo que esta versión no conoce"));
    assert_eq!(shop.open().reader().counts().total(), 1);
}

/// A sale's text is the customer's: it may hold the bytes of a frame.
#[test]
fn a_frame_inside_a_damaged_body_is_not_taken_for_one() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, [1]);
    let place = store.reader().row(&id(1)).unwrap().unwrap().frame;
    let whole = fs::read(shop.segment(1)).unwrap();
    let mut frame = whole[place.offset as usize..].to_vec();
    // A later sequence, so that it would fit.
    frame[31] = 99;
    let crc = crc32fast::hash(&frame[..76]);
    frame[76..80].copy_from_slice(&crc.to_be_bytes());
    let mut evil = sale(2);
    evil.sale = frame.into();
    let place = store.commit(vec![issued(evil)], super::shop::at(2)).unwrap().places[0];
    issue(&mut store, [3]);
    drop(store);
    let mut bytes = fs::read(shop.segment(1)).unwrap();
    bytes[place.offset as usize + HEADER + 9] ^= 1;
    fs::write(shop.segment(1), bytes).unwrap();
    let report = shop.check();
    assert_eq!((report.damage.len(), report.documents), (1, 2));
    assert_eq!(report.damage[0].place, place);
    assert_eq!(report.damage[0].frames, Some(1));
    assert_eq!(report.missing, [(id(2), id(2))]);
    assert_eq!(report.repeated, []);
}

#[test]
fn frames_are_chained_and_a_frame_taken_out_is_missed() {
    let (shop, mut store) = Shop::ready();
    issue(&mut store, 1..=4);
    let reader = store.reader();
    let start = |n| reader.row(&id(n)).unwrap().unwrap().frame.offset as usize;
    let (two, three) = (start(2), start(3));
    assert_eq!(hex(&[0xAB; 32]), "ab".repeat(32));
    drop((store, reader));
    let mut bytes = fs::read(shop.segment(1)).unwrap();
    bytes.drain(two..three);
    fs::write(shop.segment(1), bytes).unwrap();
    let report = shop.check();
    assert_eq!(report.damage.len(), 1);
    let place = Place { segment: 1, offset: two as u64 };
    assert_eq!((report.damage[0].place, report.damage[0].frames), (place, Some(1)));
    assert_eq!(report.missing, [(id(2), id(2))]);
}
