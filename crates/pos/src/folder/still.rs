//! A sale without a key of its own gets one by what its file is. One whose last line end comes a moment later would be
//! two sales: so such a file is taken only when it was read twice, a pause apart, and was the same both times. All files
//! that are read for the first time in one look wait together.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::content::Content;
use super::place::Seen;

/// A file as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    pub seen: Seen,
    pub content: Content,
}

/// Files that were read and not taken, each as it was, and since when.
pub(super) struct Stills {
    pause: Duration,
    /// When the look began that is under way: one moment for all its files, so that none overtakes another.
    now: Instant,
    read: BTreeMap<String, (Reading, Instant)>,
}

impl Stills {
    pub fn new(pause: Duration) -> Stills {
        Stills { pause, now: Instant::now(), read: BTreeMap::new() }
    }

    /// A look begins; these are the names that lie there.
    pub fn begin(&mut self, now: Instant, names: &BTreeSet<String>) {
        self.now = now;
        self.read.retain(|name, _| names.contains(name));
    }

    /// It was read less than a pause ago: to read it again would tell nothing.
    pub fn rests(&self, name: &str) -> bool {
        self.read.get(name).is_some_and(|(_, at)| self.now < *at + self.pause)
    }

    /// It was read as it is now, a pause ago or longer.
    pub fn stood(&self, name: &str, reading: &Reading) -> bool {
        self.read.get(name).is_some_and(|(read, at)| read == reading && *at + self.pause <= self.now)
    }

    /// It was read by `now` and did not stand so before.
    pub fn note(&mut self, name: String, reading: Reading, now: Instant) {
        self.read.insert(name, (reading, now));
    }

    pub fn forget(&mut self, name: &str) {
        self.read.remove(name);
    }

    /// When the first of those that were not due in this look will be.
    pub fn due(&self) -> Option<Instant> {
        self.read.values().map(|(_, at)| *at + self.pause).filter(|due| *due > self.now).min()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    const PAUSE: Duration = Duration::from_millis(300);

    fn reading(size: u64, letter: u8) -> Reading {
        Reading { seen: Seen { size, modified: Some(SystemTime::UNIX_EPOCH) }, content: [letter; 32] }
    }

    #[test]
    fn a_file_has_stood_still_when_it_was_read_the_same_a_pause_before() {
        let (mut stills, begun) = (Stills::new(PAUSE), Instant::now());
        let names = BTreeSet::from(["v.json".to_owned()]);
        stills.begin(begun, &names);
        assert!(!stills.stood("v.json", &reading(9, 1)) && !stills.rests("v.json"), "never read");
        stills.note("v.json".to_owned(), reading(9, 1), begun);
        stills.begin(begun + PAUSE / 2, &names);
        assert!(!stills.stood("v.json", &reading(9, 1)) && stills.rests("v.json"), "too early");
        stills.begin(begun + PAUSE, &names);
        assert!(stills.stood("v.json", &reading(9, 1)) && !stills.rests("v.json"));
        // A line end more, another time, other words: each of them is a change.
        let mut later = reading(9, 1);
        later.seen.modified = None;
        for other in [reading(11, 1), reading(9, 2), later] {
            assert!(!stills.stood("v.json", &other), "{other:?}");
        }
        stills.begin(begun + PAUSE, &BTreeSet::new());
        stills.begin(begun + PAUSE, &names);
        assert!(!stills.stood("v.json", &reading(9, 1)), "it was gone meanwhile");
    }

    #[test]
    fn the_next_look_is_when_the_first_is_due_and_what_was_due_already_asks_for_none() {
        let (mut stills, begun) = (Stills::new(PAUSE), Instant::now());
        let names = BTreeSet::from(["a".to_owned(), "b".to_owned()]);
        stills.begin(begun, &names);
        assert_eq!(stills.due(), None);
        stills.note("a".to_owned(), reading(1, 1), begun);
        stills.note("b".to_owned(), reading(1, 1), begun + PAUSE / 3);
        assert_eq!(stills.due(), Some(begun + PAUSE));
        // It waits for folios from here on.
        stills.begin(begun + PAUSE, &names);
        assert_eq!(stills.due(), Some(begun + PAUSE / 3 + PAUSE));
        stills.forget("b");
        assert_eq!(stills.due(), None);
    }
}
