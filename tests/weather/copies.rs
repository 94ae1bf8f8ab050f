//! What befalls the folder itself in some runs: an older copy of it is put back, it and its copy go on in turn, or the
//! end of its journal is gone. What is remembered beside it stays.

use std::borrow::Cow;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use timbre_core::Timestamp;

use crate::dice::Dice;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// One step of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The folder is copied as it stands, in use.
    Copied,
    /// The copy takes its place, and it the copy's; `bare`: without its index.
    Exchanged { bare: bool },
    /// The journal is cut back to the end of a batch since it was copied; which one is thrown.
    Torn { bare: bool, throw: u64 },
    /// A person lifts the lock, where there is one.
    Unlocked,
}

impl Turn {
    /// What a seed does to the folder, and at which seconds of the run: nothing in about four of five runs.
    pub fn all_of(seed: u64) -> Vec<(u64, Turn)> {
        let mut dice = Dice::new(seed, "backup");
        if !dice.permille(220) {
            return Vec::new();
        }
        let mut at = dice.range(MINUTE, 90 * MINUTE);
        let mut turns = vec![(at, Turn::Copied)];
        let torn = dice.permille(300);
        let exchanges = if torn { 0 } else { dice.one_of(&[1, 1, 2, 3, 4]) };
        for n in 1..=exchanges.max(1) {
            let longest = dice.one_of(&[MINUTE, 20 * MINUTE, 2 * HOUR, 20 * HOUR]);
            at += dice.range(1, longest);
            let bare = dice.permille(300);
            let turn = match torn {
                true => Turn::Torn { bare, throw: dice.next() },
                false => Turn::Exchanged { bare },
            };
            turns.push((at, turn));
            let longest = dice.one_of(&[MINUTE, 20 * MINUTE, 3 * HOUR]);
            at += dice.range(1, longest);
            // Now and then nobody decides before the other one is in use again.
            if n >= exchanges || dice.permille(800) {
                turns.push((at, Turn::Unlocked));
            }
        }
        turns
    }
}

/// The folder that is in use and its copy, beside one anchor.
pub struct Folders {
    used: Folder,
    other: Option<Folder>,
    /// The journal that the anchor is of, as it was when that engine was closed.
    anchored: Vec<u8>,
}

struct Folder {
    dir: PathBuf,
    /// When it was in use the last time, where it is not.
    until: Option<Timestamp>,
    blind: Vec<Range<Timestamp>>,
}

impl Folders {
    pub fn of(root: &Path) -> Folders {
        let used = Folder { dir: root.join("shop"), until: None, blind: Vec::new() };
        Folders { used, other: None, anchored: Vec::new() }
    }

    /// The one in use.
    pub fn dir(&self) -> &Path {
        &self.used.dir
    }

    /// The spans of which the one in use knows nothing.
    pub fn blind(&self) -> &[Range<Timestamp>] {
        &self.used.blind
    }

    /// Its engine was closed, and issuing was not locked: the anchor tells of it.
    pub fn is_anchored(&mut self) {
        self.anchored = journal_of(&self.used.dir);
    }

    /// Does the anchor know more than the journal, or another one?
    pub fn has_to_lock(&self) -> bool {
        !journal_of(&self.used.dir).starts_with(&self.anchored)
    }

    pub fn copy(&mut self, now: Timestamp) {
        let dir = self.used.dir.with_file_name("copy");
        fs::create_dir(&dir).expect("a folder");
        copy(&self.used.dir, &dir);
        self.other = Some(Folder { dir, until: Some(now), blind: self.used.blind.clone() });
    }

    /// While no engine is open.
    pub fn exchange(&mut self, now: Timestamp, bare: bool) {
        let other = self.other.as_mut().expect("a copy was made");
        std::mem::swap(&mut self.used, other);
        other.until = Some(now);
        if let Some(until) = self.used.until.take() {
            self.used.blind.push(until..just_after(now));
        }
        self.strip(bare);
    }

    /// While no engine is open.
    pub fn tear(&mut self, now: Timestamp, bare: bool, throw: u64) {
        let copied = self.other.as_ref().expect("a copy was made");
        let kept = batches(&journal_of(&copied.dir)).len();
        let journal = journal_of(&self.used.dir);
        let ends = batches(&journal);
        // Each but the last one, where nothing would be cut.
        let later = &ends[kept - 1..ends.len() - 1];
        if let Some(of) = u64::try_from(later.len()).ok().filter(|of| *of > 0) {
            let (end, at) = later[usize::try_from(throw % of).expect("an index")];
            let segment = self.used.dir.join("journal").join("000001.tj");
            fs::write(segment, &journal[..end]).expect("the only segment");
            self.used.blind.push(at..just_after(now));
        }
        self.strip(bare);
    }

    fn strip(&self, bare: bool) {
        if bare {
            fs::remove_dir_all(self.used.dir.join("db")).expect("an index");
        }
    }
}

/// What the other one sold at that very moment is not known here either.
fn just_after(at: Timestamp) -> Timestamp {
    at + jiff::SignedDuration::from_micros(1)
}

/// The anchor beside a folder.
pub fn anchor_of(dir: &Path) -> PathBuf {
    dir.with_file_name("anchor.json")
}

/// A folder that may be in use.
pub fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            fs::create_dir_all(&target).expect("a folder");
            copy(&entry.path(), &target);
        } else if let Err(error) = fs::copy(entry.path(), target) {
            // The index tidies its own.
            assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}");
        }
    }
}

/// The journal's own bytes, all of them.
pub fn journal_of(dir: &Path) -> Vec<u8> {
    let entries = fs::read_dir(dir.join("journal")).expect("a journal");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|kind| kind == "tj"));
    files.sort();
    files.iter().flat_map(|path| fs::read(path).expect("a segment")).collect()
}

/// A frame: where it ends, its header and its body. `store/src/frame.rs` draws them.
type Frame<'j> = (usize, &'j [u8], &'j [u8]);

fn frames(journal: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    const HEADER: usize = 80;
    let mut at = 0;
    std::iter::from_fn(move || {
        let header = journal.get(at..at + HEADER).filter(|header| header[..2] == [0xE5, 0x54])?;
        let length = u32::from_be_bytes(header[12..16].try_into().expect("four bytes"));
        let end = at + HEADER + usize::try_from(length).expect("a length");
        let body = &journal[at + HEADER..end];
        at = end;
        Some((end, header, body))
    })
}

fn micros(header: &[u8]) -> i64 {
    i64::from_be_bytes(header[32..40].try_into().expect("eight bytes"))
}

/// Where each batch ends, and of when it is.
fn batches(journal: &[u8]) -> Vec<(usize, Timestamp)> {
    let time = |header| Timestamp::from_microsecond(micros(header)).expect("a time");
    let last = frames(journal).filter(|(_, header, _)| header[6] & 1 == 1);
    last.map(|(end, header, _)| (end, time(header))).collect()
}

/// What is on record, each by its moment, kind and text. Which of them share a batch, and which of two tasks that wake
/// at one moment comes first, is a matter of when the writer's own thread is free.
pub fn facts(journal: &[u8]) -> Vec<(i64, u8, Cow<'_, str>)> {
    let frames = frames(journal);
    let mut facts: Vec<_> =
        frames.map(|(_, header, body)| (micros(header), header[5], String::from_utf8_lossy(body))).collect();
    facts.sort();
    facts
}
