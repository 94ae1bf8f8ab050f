//! A store against a map: issue, move, crash, lose the index, and it always says what the map says.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use timbre_core::{Cause, DocState, NumberFate};

use super::shop::*;
use crate::{Filter, Moved, Store, StoreError};

#[derive(Debug, Clone)]
enum Step {
    /// So many documents in one batch.
    Issue(u64),
    /// A document that must be refused: the folio is `ahead` of the next one.
    IssueWrong(u64),
    Move(prop::sample::Index, usize),
    Reopen,
    /// The process is killed: what sled had not written is gone, the journal is not.
    Crash,
    /// Power fails in the middle of a batch: so many bytes of it arrive.
    PowerCut(usize),
    LoseIndex,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (1..4u64).prop_map(Step::Issue),
        1 => (1..5u64).prop_map(Step::IssueWrong),
        8 => (any::<prop::sample::Index>(), 0..8usize).prop_map(|(which, cause)| Step::Move(which, cause)),
        1 => Just(Step::Reopen),
        1 => Just(Step::Crash),
        1 => (0..2000usize).prop_map(Step::PowerCut),
        1 => Just(Step::LoseIndex),
    ]
}

fn cause(n: usize) -> Cause {
    let why = || "porque sí".to_owned();
    match n {
        0 => Cause::Sending,
        1 => Cause::NoLine { why: why() },
        2 => Cause::Doubt { why: why() },
        3 => Cause::Sent { track: "7".into() },
        4 => Cause::Absent,
        5 => Cause::Accepted { remarks: vec![], given: None },
        6 => Cause::Rejected { reasons: vec![], number: NumberFate::Consumed },
        _ => Cause::ByHand,
    }
}

struct World {
    shop: Shop,
    store: Option<Store>,
    model: BTreeMap<u64, DocState>,
    crashes: u32,
}

impl World {
    fn store(&mut self) -> &mut Store {
        self.store.as_mut().unwrap()
    }

    fn next(&self) -> u64 {
        self.model.len() as u64 + 1
    }

    fn open(&mut self) {
        let (store, opened) = self.shop.open_said();
        assert_eq!((opened.locked, opened.damage, opened.missing), (None, vec![], vec![]));
        self.store = Some(store);
    }

    /// Continues on a copy of the folder, taken while it was open.
    fn crash(&mut self) {
        self.crashes += 1;
        let name = format!("crash-{}", self.crashes);
        self.shop.backup(&name);
        let anchor = self.shop.root.path().join("anchor.json");
        let memory = fs::read(&anchor).unwrap_or_default();
        self.store = None;
        self.shop.put_back(&name);
        fs::write(anchor, memory).unwrap();
    }

    fn step(&mut self, step: &Step) {
        let next = self.next();
        match step {
            Step::Issue(count) => {
                let batch = (next..next + count).map(|n| issued(sale(n))).collect();
                self.store().commit(batch, at(next as i64)).unwrap();
                self.model.extend((next..next + count).map(|n| (n, DocState::Generado)));
            }
            Step::IssueWrong(ahead) => {
                let wrong = vec![issued(sale(next)), issued(sale(next + ahead + 1))];
                let refused = self.store().commit(wrong, at(0));
                assert!(matches!(refused, Err(StoreError::NotNext { .. })));
            }
            Step::Move(which, n) => self.step_document(which, cause(*n)),
            Step::Reopen => {
                self.store = None;
                self.open();
            }
            Step::Crash => {
                self.crash();
                self.open();
            }
            Step::PowerCut(arrived) => {
                let last = self.last_segment();
                let length = fs::metadata(&last).unwrap().len();
                self.crash_before(next);
                let whole = fs::metadata(self.last_segment()).unwrap().len();
                if self.last_segment() == last {
                    let kept = (length + *arrived as u64).min(whole - 1);
                    fs::OpenOptions::new().write(true).open(&last).unwrap().set_len(kept).unwrap();
                } else {
                    fs::write(self.last_segment(), b"").unwrap();
                }
                self.open();
            }
            Step::LoseIndex => {
                self.store = None;
                self.shop.delete_index();
                self.open();
            }
        }
    }

    /// Crashes with the index and the anchor of before a batch that was not answered, and with
    /// the journal of after.
    fn crash_before(&mut self, next: u64) {
        self.crashes += 1;
        let name = format!("crash-{}", self.crashes);
        self.shop.backup(&name);
        let anchor = self.shop.root.path().join("anchor.json");
        let memory = fs::read(&anchor).unwrap_or_default();
        self.store().commit(vec![issued(sale(next)), issued(sale(next + 1))], at(0)).unwrap();
        self.store = None;
        self.shop.delete_index();
        copy(&self.shop.root.path().join(name).join("db"), &self.shop.dir().join("db"));
        fs::write(anchor, memory).unwrap();
    }

    fn last_segment(&self) -> PathBuf {
        (1..).map(|n| self.shop.segment(n)).take_while(|path| path.exists()).last().unwrap()
    }

    fn step_document(&mut self, which: &prop::sample::Index, cause: Cause) {
        if self.model.is_empty() {
            return;
        }
        let number = which.index(self.model.len()) as u64 + 1;
        let from = self.model[&number];
        let after = from.after(&cause);
        let to = after.unwrap_or(DocState::Aceptado);
        let (next_try, attempts) = (None, 1);
        let document = id(number);
        let moved = Moved { document, version: 1, from, to, cause, next_try, attempts };
        let done = self.store().commit(vec![crate::Fact::Moved(moved)], at(1));
        match after {
            Some(to) => {
                done.unwrap();
                self.model.insert(number, to);
            }
            None => assert!(matches!(done, Err(StoreError::BadMove { .. }))),
        }
    }

    fn agrees(&mut self) {
        let reader = self.store().reader();
        let before = everything(&reader);
        if self.crashes.is_multiple_of(2) {
            self.store().settle().unwrap();
        }
        assert_eq!(everything(&reader), before, "sled was told");
        let rows = reader.list(&Filter::default(), None, 1000).unwrap().rows;
        let told: BTreeMap<u64, DocState> = rows.iter().map(|r| (r.id.number, r.state)).collect();
        assert_eq!(told, self.model);
        for state in DocState::ALL {
            let count = self.model.values().filter(|s| **s == state).count() as u64;
            assert_eq!(reader.counts().of(state), count, "{state:?}");
            let of_series = reader.kinds().get(&(id(1).series, state)).copied();
            assert_eq!(of_series.unwrap_or_default(), count, "{state:?}");
        }
        let queue: Vec<u64> = reader.queue(1000).unwrap().iter().map(|r| r.id.number).collect();
        let waiting = self.model.iter().filter(|(_, state)| state.may_send());
        assert_eq!(queue, waiting.map(|(number, _)| *number).collect::<Vec<_>>());
        for number in self.model.keys() {
            assert_eq!(reader.document(&id(*number)).unwrap().unwrap(), sale(*number).document);
        }
        assert_eq!(reader.ranges()[0].next, self.next());
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_store_says_what_the_map_says(sealed: bool, steps in prop::collection::vec(step(), 1..25)) {
        let mut shop = if sealed { Shop::sealed() } else { Shop::new() };
        shop.options.segment_bytes = 8000;
        let mut store = shop.open();
        store.commit(vec![company("1-9"), caf("a", "39", 1, 1000)], at(0)).unwrap();
        let mut world = World { shop, store: Some(store), model: BTreeMap::new(), crashes: 0 };
        for step in &steps {
            world.step(step);
            world.agrees();
        }
        world.store = None;
        let report = world.shop.check();
        prop_assert!(!report.lost_data());
        prop_assert_eq!(report.index, crate::IndexCheck::Agrees);
    }
}
