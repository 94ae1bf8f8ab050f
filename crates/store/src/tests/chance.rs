//! Damage at random in each file of a folder: bits, sectors, truncations, the whole file. Each time
//! it is healed or told, never silently wrong.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use timbre_core::{Cause, DocState, GrantId, NumberFate, Series};

use super::say;
use super::shop::*;
use crate::{Fact, Heard, Issued, Mark, NoFolio, Reader, Row, Store, StoreError};

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

/// The folio of the last sale.
const SOLD: u64 = 20;
/// What was sold since an older copy was put back, and what a till knew of that nobody had; a person unlocked it above them.
const SKIPPED: [u64; 5] = [8, 9, 10, 17, 18];
/// One that left, and of which the authority said nothing yet.
const LEFT: u64 = 1;
/// One whose verdict a person noted.
const NOTED: u64 = 2;
/// Those that it accepted.
const ENDED: [u64; 2] = [3, 4];
/// One that it rejected and that another took the place of: which.
const REPLACED: (u64, u64) = (5, 7);
/// One that it rejected and that was made again under its own folio.
const AGAIN: u64 = 6;

fn sold() -> impl Iterator<Item = u64> {
    (1..=SOLD).filter(|number| !SKIPPED.contains(number))
}

/// How each was before the harm.
fn was(number: u64) -> DocState {
    match number {
        LEFT => DocState::Enviando,
        NOTED => DocState::Aceptado,
        _ if ENDED.contains(&number) => DocState::Aceptado,
        _ if number == REPLACED.0 => DocState::Reemplazado,
        _ => DocState::Generado,
    }
}

/// What each says: the last version there is.
fn made(number: u64) -> Issued {
    let mut made = sale(number);
    if number == REPLACED.1 {
        made.key = sale(REPLACED.0).key;
    }
    if number == AGAIN {
        made.document.version = 2;
        made.document.words = "Pan amasado de campo".to_owned();
    }
    made
}

/// A shop to which everything has happened that becomes of documents, ranges and locks.
fn eventful(shop: &Shop) -> Store {
    let mut store = shop.stocked();
    let stop = Fact::GrantStopped { grant: GrantId("s".to_owned()), why: Some("se anularon".to_owned()) };
    let shared = shared_caf("c", "61", (1, 99), (2, 3), None);
    store.commit(vec![caf("s", "52", 1, 20), shared, stop], at(0)).unwrap();
    issue(&mut store, 1..=6);
    store.commit(depart("q", &[NOTED, ENDED[0], ENDED[1]]), at(48)).unwrap();
    let sent = |n| moved(n, DocState::Enviando, DocState::Enviado, Cause::Sent { track: "7".into() });
    store.commit([NOTED, ENDED[0], ENDED[1]].map(sent).to_vec(), at(49)).unwrap();
    store.commit(depart("p", &[LEFT]), at(50)).unwrap();
    let ended = |cause: Cause, n| moved(n, DocState::Enviado, DocState::Aceptado, cause);
    let accepted = |n| ended(Cause::Accepted { remarks: vec![], given: None }, n);
    store.commit(ENDED.map(accepted).to_vec(), at(51)).unwrap();
    let noted = Cause::Noted { who: "Rosa".into(), said: timbre_core::Said::Accepted, why: "figura".into() };
    store.commit(vec![acted("Anotó"), ended(noted, NOTED)], at(52)).unwrap();
    mended(&mut store);
    // An older copy is put back.
    drop(store);
    shop.backup("older");
    issue(&mut shop.open(), 8..=10);
    shop.put_back("older");
    let mut store = shop.open();
    unlock(&mut store, 55);
    store.commit(vec![company("1-9")], at(56)).unwrap();
    issue(&mut store, 11..=16);
    told_by_tills(&mut store);
    store.commit(vec![declared(20)], at(64)).unwrap();
    store.commit(vec![vouched("tarjeta", date(22), 500)], at(65)).unwrap();
    let (first, last) = (SKIPPED[0], SKIPPED[1]);
    store
        .commit(vec![Fact::SkippedAnnulled { grant: GrantId("a".to_owned()), first, last }], at(66))
        .unwrap();
    issue(&mut store, 19..=SOLD);
    store
}

/// Two are rejected: another takes the place of one, and the other is made again as what it was.
fn mended(store: &mut Store) {
    store.commit(depart("r", &[REPLACED.0, AGAIN]), at(53)).unwrap();
    let rejected = |n| {
        let why = Cause::Rejected {
            reasons: vec![timbre_core::Remark::ours("X", "No.")],
            number: NumberFate::FreeForSame,
        };
        moved(n, DocState::Enviando, DocState::Rechazado, why)
    };
    store.commit(vec![rejected(REPLACED.0), rejected(AGAIN)], at(53)).unwrap();
    let by = Cause::Replaced { by: id(REPLACED.1), number: None };
    let replaced = moved(REPLACED.0, DocState::Rechazado, DocState::Reemplazado, by);
    let task = Fact::Attention { document: id(REPLACED.0), reason: Some("anule el folio".to_owned()) };
    store.commit(vec![issued(made(REPLACED.1)), replaced, task], at(54)).unwrap();
    let mut again = moved(AGAIN, DocState::Rechazado, DocState::Generado, Cause::Reissued);
    if let Fact::Moved(moved) = &mut again {
        moved.version = 2;
    }
    store.commit(vec![issued(made(AGAIN)), again], at(54)).unwrap();
}

/// One till was believed, another was not.
fn told_by_tills(store: &mut Store) {
    for (till, number, last) in [("caja1", 18, 18), ("caja2", 90, 0)] {
        let Heard::News(said) = store.reader().hear(till, &id(number)) else { panic!("{till} is not heard") };
        let lock = store.reader().lock_for(&[said]).unwrap();
        store.commit(vec![Fact::IssuingLocked(lock)], at(60)).unwrap();
        let locked = store.locked().unwrap();
        let used = locked
            .beyond
            .iter()
            .filter(|mark| mark.series.0 == "39")
            .map(|mark| Mark { next: mark.next.max(last + 1), ..mark.clone() });
        let decided = BTreeMap::from([(Series("39".into()), last)]);
        let lifted = locked.knowing(used.collect()).lifted_by("ana", decided, None);
        store.commit(vec![lifted], at(61)).unwrap();
    }
}

/// What the index answers of itself, without a look at the journal.
fn indexed(reader: &Reader) -> Vec<String> {
    let mut told: Vec<String> = all(reader).iter().map(|row| format!("{row:?}")).collect();
    let keys = sold().filter_map(|number| sale(number).key);
    told.extend(keys.map(|key| format!("{key}: {:?}", reader.by_key(&key).unwrap().map(|row| row.id))));
    told.extend(reader.ranges().iter().map(|range| format!("{range:?}")));
    told.extend(["caja1", "caja2"].map(|till| format!("{till}: {:?}", reader.hear(till, &id(90)))));
    told.push(format!("{:?} {:?} {:?}", reader.counts(), reader.kinds(), reader.company()));
    told.push(format!("{:?}", reader.parcels().unwrap()));
    told.extend(reader.acts("", None, 99).unwrap().rows.iter().map(|act| format!("{act:?}")));
    told.push(format!("{:?} {:?}", reader.voucher_stands(date(22)), reader.unsure_before()));
    told.push(format!("{:?}", reader.vouched("tarjeta").unwrap()));
    told
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

/// What was found after one harm.
#[derive(Clone, Copy)]
struct Found {
    told: bool,
    /// A document can't be read.
    damaged: bool,
    locked: bool,
}

fn look(shop: &Shop, harm: &str, before: &[String]) -> Found {
    let (mut store, opened) = shop.try_open().unwrap_or_else(|error| panic!("{harm}: {error}"));
    let reader = store.reader();
    let told = !opened.damage.is_empty() || opened.locked.is_some();
    let mut found = Found { told, damaged: false, locked: opened.locked.is_some() };
    if !told {
        assert_eq!(indexed(&reader), before, "{harm}: and nobody says so");
    }
    for number in sold() {
        match reader.document(&id(number)) {
            Ok(Some(document)) if told && document.version < made(number).document.version => {}
            Ok(Some(document)) => assert_eq!(document, made(number).document, "{harm}"),
            Ok(None) => assert!(told, "{harm}: {number} is gone and nobody says so"),
            Err(StoreError::Damaged { .. }) => found.damaged = true,
            Err(error) => panic!("{harm}: {error}"),
        }
        let row = reader.row(&id(number)).unwrap();
        let kept = row.as_ref().map(|row| row.state);
        assert!(told || kept == Some(was(number)), "{harm}: {number} is {kept:?}");
        // What has left is not taken for what has not: nothing leaves, or the sender asks about it first. Nor is what
        // another took the place of.
        let offered = row.filter(|row| was(number) != DocState::Generado && row.state.may_send());
        let blind = |row: &Row| reader.unsure_before().is_none_or(|unsure| row.frame >= unsure);
        let again = opened.locked.is_none() && offered.as_ref().is_some_and(blind);
        assert!(!again, "{harm}: {number} has left and would be offered again");
    }
    for number in SKIPPED {
        assert_eq!(reader.row(&id(number)).unwrap().map(|row| row.id), None, "{harm}");
    }
    for range in reader.ranges() {
        let lent = match range.grant.id.0.as_str() {
            "a" => (1, 100),
            "s" => (1, 20),
            "c" => (34, 66),
            other => panic!("{harm}: nobody lent {other}"),
        };
        assert_eq!((range.first, range.last), lent, "{harm}: it was widened");
    }
    drop(reader);
    if let Some(locked) = store.locked() {
        let refused = store.commit(vec![issued(sale(SOLD + 1))], at(100));
        assert!(matches!(refused, Err(StoreError::Locked(_) | StoreError::NotNext { .. })), "{harm}");
        let beyond = locked.beyond.iter().find(|mark| mark.grant.0 == "a").map_or(0, |mark| mark.next);
        // Its own counter may have come further since.
        let own = store.reader().ranges().into_iter().find(|range| range.grant.id.0 == "a");
        let next = own.map_or(0, |range| range.next).max(beyond);
        assert!(next > SOLD, "{harm}: it would go on with {next}");
        let decided = locked.said.iter().map(|said| (said.series.clone(), 0)).collect();
        store.commit(vec![locked.lifted_by("ana", decided, None)], at(100)).unwrap();
    }
    let take = |series: &str| store.numbering().take(&Series(series.to_owned()), &mut |_| Ok(()));
    // What stands still is used only where that can't be read any more.
    assert!(told || matches!(take("52"), Err(NoFolio::Refused(_))), "{harm}");
    assert!(take("61").map_or(told, |folio| (34..=66).contains(&folio.number())), "{harm}");
    match take("39") {
        Ok(folio) => {
            assert!(folio.number() > SOLD, "{harm}: {} would be given twice", folio.number());
            issue(&mut store, [folio.number()]);
        }
        // The grant's own frame is gone, or its counter was raised to the end: no folio at all.
        Err(_) => assert!(told, "{harm}"),
    }
    drop(store);
    // Nothing was repaired, and who looks at all of it finds it.
    if found.damaged || !opened.damage.is_empty() {
        assert!(shop.check().lost_data(), "{harm}: and a check says that nothing is lost");
    }
    found
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
    let mut chance = Chance::of(seed);
    shop.options.segment_bytes = 6000;
    let store = eventful(&shop);
    let before = indexed(&store.reader());
    drop(store);
    let whole = shop.root.path().join("whole");
    copy(&shop.dir(), &whole);
    let anchor = ["anchor.json", "anchor.base"].map(|file| shop.root.path().join(file));
    let remembered = anchor.clone().map(|file| fs::read(file).unwrap());
    // Seldom is the index all that is harmed, and made anew with nobody told: here each kind of fact is read again.
    shop.delete_index();
    let (store, opened) = shop.open_said();
    assert_eq!((opened.damage, opened.locked), (vec![], None));
    assert_eq!(indexed(&store.reader()), before, "it was made anew");
    drop(store);
    let mut found = Vec::new();
    for run in 0..runs {
        shop.put_back("whole");
        for (file, bytes) in anchor.iter().zip(&remembered) {
            fs::write(file, bytes).unwrap();
        }
        let mut targets = anchor.to_vec();
        files(&shop.dir(), &mut targets);
        // A folder names its files in no order, and a seed has to find the same ones again.
        targets.sort();
        // The index is many files, the journal few: half of the harm is the journal's.
        let journal: Vec<_> =
            targets.iter().filter(|file| file.starts_with(shop.journal())).cloned().collect();
        let drawn = if chance.below(2) == 0 { &journal } else { &targets };
        let drawn = &drawn[chance.below(drawn.len())];
        // Each file once, and then as it comes.
        let target = targets.get(run as usize).unwrap_or(drawn);
        let mut harm = format!("run {run} of seed {seed}: {}", chance.harm(target));
        // Then what the index had read of it before is gone, too.
        if journal.contains(target) && chance.below(2) == 0 {
            shop.delete_index();
            harm.push_str(", and the index");
        }
        if chance.below(3) == 0 {
            fs::write(shop.dir().join("db.in-use"), "").unwrap();
        }
        let looked = look(&shop, &harm, &before);
        // All that it knows stands in the journal. Nor has a run locked for what the one before it left.
        let of_index = target.starts_with(shop.dir().join("db"));
        assert!(!of_index || !(looked.told || looked.damaged), "{harm}: and somebody is told");
        found.push(looked);
    }
    let count = |is: fn(&Found) -> bool| found.iter().filter(|found| is(found)).count();
    let (healed, told) = (count(|found| !found.told && !found.damaged), count(|found| found.told));
    let (damaged, locked) = (count(|found| found.damaged), count(|found| found.locked));
    say(&format!(
        "damage at random: seed {seed}, {runs} runs: {healed} healed and nobody told, {told} told at the opening \
         ({locked} locked), {damaged} with a document that can't be read"
    ));
    // Where an opening tells of something little is compared with what was before.
    assert!(
        found.len() - told >= found.len() / 4,
        "{told} of {runs} runs were told: the others judge too little"
    );
}
