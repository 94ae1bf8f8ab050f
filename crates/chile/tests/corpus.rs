//! Bytes that nobody checked go into the three readers that take them: a CAF's file, a sale, a document. What must
//! hold is said in `readers`. Files that once were trouble, or that `./dev fuzz` found, stand in `corpus`; every run
//! also spoils the good ones in a way of its own seed.

mod desk;
mod readers;

use std::path::Path;

use readers::{caf, document, sale};

/// Ways in which each file is spoilt.
const SPOILT: u64 = 12;

fn files(folder: &Path, ending: &str) -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is committed") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            files.extend(self::files(&path, ending));
        } else if path.extension().is_some_and(|end| end == ending) {
            files.push(std::fs::read(path).expect("it can be read"));
        }
    }
    files
}

/// Spoils bytes: cuts, doubles, swaps a piece, or changes single bytes.
fn spoil(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below.max(1) as u64).expect("small")
    };
    let mut spoilt = bytes.to_vec();
    if spoilt.is_empty() {
        return vec![next(256) as u8];
    }
    match next(4) {
        0 => spoilt.truncate(next(bytes.len())),
        1 => {
            let (at, length) = (next(bytes.len()), next(60));
            let piece = bytes[at..(at + length).min(bytes.len())].to_vec();
            let into = next(spoilt.len());
            spoilt.splice(into..into, piece);
        }
        2 => {
            let (at, length) = (next(bytes.len()), next(60));
            spoilt.drain(at..(at + length).min(bytes.len()));
        }
        _ => {
            for _ in 0..=next(4) {
                let at = next(spoilt.len());
                spoilt[at] = next(256) as u8;
            }
        }
    }
    spoilt
}

fn replay(corpus: &str, good: Vec<Vec<u8>>, read: fn(&[u8]), ending: &str) {
    let folder = desk::golden("").parent().expect("tests").join("corpus").join(corpus);
    let mut all = files(&folder, ending);
    assert!(all.len() >= 10, "{corpus} has {}", all.len());
    all.extend(good);
    for (n, bytes) in all.iter().enumerate() {
        read(bytes);
        for way in 0..SPOILT {
            read(&spoil(bytes, n as u64 * 1_000 + way));
        }
    }
}

#[test]
fn no_file_of_a_caf_breaks_its_reader() {
    replay("caf", files(&desk::golden("keys"), "xml"), caf, "xml");
}

#[test]
fn no_sale_breaks_its_reader() {
    let good = files(&desk::golden(""), "json").into_iter().filter(|sale| sale.len() < 8_000).collect();
    replay("sale", good, sale, "json");
}

#[test]
fn no_document_breaks_the_second_look() {
    let good =
        ["boleta", "impuestos", "guia", "nota-credito"].map(|folder| files(&desk::golden(folder), "xml"));
    let good = good.into_iter().flatten().filter(|document| document.len() < 12_000).collect();
    replay("document", good, document, "xml");
}
