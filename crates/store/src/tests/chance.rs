//! Damage at random in each file of a folder: bits, sectors, truncations, the whole file. Each time
//! it is healed or told, never silently wrong.

use std::fs;
use std::path::{Path, PathBuf};

use timbre_core::{Cause, DocState};

use super::shop::*;
use crate::{Row, StoreError};

/// Numbers from a seed (xorshift).
struct Chance(u64);

impl Chance {
    /// Of 0 nothing but 0 would ever come.
    fn of(seed: u64) -> Chance {
        Chance(seed.wrapping_add(0x9e37_79b9_7f4a_7c15).max(1))
    }

    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }

    fn harm(&mut self, file: &Path) -> String {
        let mut bytes = fs::read(file).unwrap();
        let at = self.below(bytes.len());
        let how = match self.below(5) {
            4 => {
                fs::remove_file(file).unwrap();
                return format!("all of {}", file.display());
            }
            0 | 1 => {
                bytes[at] ^= 1 << self.below(8);
                "a bit"
            }
            2 => {
                let sector = at - at % 512;
                let end = bytes.len().min(sector + 512);
                bytes[sector..end].fill(0);
                "a sector"
            }
            _ => {
                bytes.truncate(at);
                "the rest"
            }
        };
        fs::write(file, bytes).unwrap();
        format!("{how} of {} at {at}", file.display())
    }
}

const SOLD: u64 = 14;
/// Those that left, and of which the authority said nothing yet.
const LEFT: [u64; 2] = [1, 2];
/// Those that it accepted.
const ENDED: [u64; 2] = [3, 4];

/// How each was before the harm.
fn was(number: u64) -> DocState {
    match number {
        _ if LEFT.contains(&number) => DocState::Enviando,
        _ if ENDED.contains(&number) => DocState::Aceptado,
        _ => DocState::Generado,
    }
}

/// Every file that has something in it.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => files(&entry.path(), found),
            false if entry.metadata().unwrap().len() > 0 => found.push(entry.path()),
            false => {}
        }
    }
}

fn look(shop: &Shop, harm: &str) {
    let (mut store, opened) = shop.try_open().unwrap_or_else(|error| panic!("{harm}: {error}"));
    let reader = store.reader();
    let told = !opened.damage.is_empty() || opened.locked.is_some();
    for number in 1..=SOLD {
        match reader.document(&id(number)) {
            Ok(Some(document)) => assert_eq!(document, sale(number).document, "{harm}"),
            Ok(None) => assert!(told, "{harm}: {number} is gone and nobody says so"),
            Err(StoreError::Damaged { .. }) => {}
            Err(error) => panic!("{harm}: {error}"),
        }
        let row = reader.row(&id(number)).unwrap();
        let kept = row.as_ref().map(|row| row.state);
        assert!(told || kept == Some(was(number)), "{harm}: {number} is {kept:?}");
        // What has left is not taken for what has not: nothing leaves, or the sender asks about it first.
        let offered = row.filter(|row| was(number) != DocState::Generado && row.state.may_send());
        let blind = |row: &Row| reader.unsure_before().is_none_or(|unsure| row.frame >= unsure);
        let again = opened.locked.is_none() && offered.as_ref().is_some_and(blind);
        assert!(!again, "{harm}: {number} has left and would be offered again");
    }
    drop(reader);
    if let Some(locked) = store.locked() {
        let refused = store.commit(vec![issued(sale(SOLD + 1))], at(100));
        assert!(matches!(refused, Err(StoreError::Locked(_) | StoreError::NotNext { .. })), "{harm}");
        let next = locked.beyond.iter().find(|mark| mark.grant.0 == "a").map_or(0, |mark| mark.next);
        assert!(next > SOLD, "{harm}: it would go on with {next}");
        unlock(&mut store, 100);
    }
    match store.numbering().take(&id(1).series, &mut |_| Ok(())) {
        Ok(folio) => {
            assert!(folio.number() > SOLD, "{harm}: {} would be given twice", folio.number());
            issue(&mut store, [folio.number()]);
        }
        // The grant's own frame is gone, or its counter was raised to the end: no folio at all.
        Err(_) => assert!(told, "{harm}"),
    }
}

#[test]
fn damage_at_random_is_healed_or_told_and_no_folio_is_given_twice() {
    harmed(Shop::new(), 200);
}

#[test]
fn damage_at_random_of_a_sealed_folder_is_healed_or_told_too() {
    harmed(Shop::sealed(), 60);
}

fn harmed(mut shop: Shop, runs: u64) {
    let seed = std::env::var("TIMBRE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_125);
    let runs = std::env::var("TIMBRE_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(runs);
    println!("seed {seed}, {runs} runs");
    let mut chance = Chance::of(seed);
    shop.options.segment_bytes = 6000;
    let mut store = shop.stocked();
    issue(&mut store, 1..=6);
    store.commit(depart("q", &ENDED), at(48)).unwrap();
    let sent = |n| moved(n, DocState::Enviando, DocState::Enviado, Cause::Sent { track: "7".into() });
    store.commit(ENDED.map(sent).to_vec(), at(49)).unwrap();
    store.commit(depart("p", &LEFT), at(50)).unwrap();
    let said = || Cause::Accepted { remarks: vec![], given: None };
    let ended = |n| moved(n, DocState::Enviado, DocState::Aceptado, said());
    store.commit(ENDED.map(ended).to_vec(), at(51)).unwrap();
    issue(&mut store, 7..=SOLD);
    drop(store);
    let whole = shop.root.path().join("whole");
    copy(&shop.dir(), &whole);
    let anchor = shop.root.path().join("anchor.json");
    let remembered = fs::read(&anchor).unwrap();
    for _ in 0..runs {
        shop.put_back("whole");
        fs::write(&anchor, &remembered).unwrap();
        let mut targets = vec![anchor.clone()];
        files(&shop.dir(), &mut targets);
        // The index is many files, the journal few: half of the harm is the journal's.
        let journal: Vec<_> =
            targets.iter().filter(|file| file.starts_with(shop.journal())).cloned().collect();
        let of_journal = chance.below(2) == 0;
        let targets = if of_journal { journal } else { targets };
        let target = &targets[chance.below(targets.len())];
        let mut harm = chance.harm(target);
        // Then what the index had read of it before is gone, too.
        if of_journal && chance.below(2) == 0 {
            shop.delete_index();
            harm.push_str(", and the index");
        }
        if chance.below(3) == 0 {
            fs::write(shop.dir().join("db.in-use"), "").unwrap();
        }
        look(&shop, &harm);
    }
}
