//! Opening a folder: which of journal, index and anchor know what, and what follows from it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use timbre_core::{DocumentId, GrantId};

use crate::anchor::{self, Anchor, Memory};
use crate::apply;
use crate::disk::Disk;
use crate::index::{self, Index, Keys};
use crate::journal::Journal;
use crate::live::Live;
use crate::overlay::Overlay;
use crate::replay::{self, Replayed};
use crate::segments::Segments;
use crate::store::Parts;
use crate::walk::{Damage, Tip};
use crate::{Fact, LockReason, Locked, Mark, Place, Row, Store, StoreError, frame, key};

/// How to open a folder.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// A file outside the folder (and outside its backups) that remembers how far it had come. It
    /// is this folder's alone: the file of another folder locks issuing.
    pub anchor: Option<PathBuf>,
    /// A segment that has reached this size is followed by a new one.
    pub segment_bytes: u64,
}

impl Default for OpenOptions {
    fn default() -> OpenOptions {
        OpenOptions {
            anchor: None,
            segment_bytes: 64 << 20,
        }
    }
}

/// What opening found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Opened {
    pub documents: u64,
    /// The index was made again from the whole journal.
    pub rebuilt: bool,
    /// Bytes of an unfinished last batch, which nobody was told about: cut off.
    pub torn_bytes: u64,
    pub damage: Vec<Damage>,
    /// Folios that were given and whose documents are lost: first and last of each gap.
    pub missing: Vec<(DocumentId, DocumentId)>,
    /// Where an index that could not be used was put.
    pub put_aside: Option<PathBuf>,
    /// Why issuing is locked.
    pub locked: Option<Locked>,
}

/// The index as it was found.
struct Found {
    index: Index,
    standing: Standing,
    put_aside: Option<PathBuf>,
}

enum Standing {
    /// There is nothing in it.
    Empty,
    /// It holds everything up to here.
    Agrees(Tip, Vec<Damage>),
    /// It was put aside; what it knew, where it could still say so.
    PutAside(Option<Knew>),
}

/// What an index that disagrees knew.
struct Knew {
    sequence: u64,
    marks: Vec<Mark>,
}

pub(crate) fn open(
    disk: Arc<dyn Disk>,
    dir: &Path,
    options: &OpenOptions,
    progress: &dyn Fn(u64, u64),
) -> Result<(Store, Opened), StoreError> {
    let folder = dir.join("journal");
    fs::create_dir_all(&folder).map_err(|e| StoreError::io("crear la carpeta", &folder, e))?;
    disk.sync_folder(dir).map_err(|e| StoreError::io("crear la carpeta", dir, e))?;
    let segments = Arc::new(Segments::new(&folder));

    // The index first: its lock keeps a second process out before anything is written.
    let found = find_index(&dir.join("db"), &segments)?;
    let last = segments.list()?.last().copied().unwrap_or((1, 0));
    let mut journal = Journal::open(disk, folder, last, options.segment_bytes)?;
    let installation = installation(&segments);
    let memory = options.anchor.as_deref().and_then(anchor::read);

    let (start, held) = match &found.standing {
        Standing::Agrees(tip, damage) => (*tip, damage.clone()),
        Standing::Empty | Standing::PutAside(_) => (Tip::default(), Vec::new()),
    };
    let known = known(&found.standing, memory.as_ref(), installation.as_ref());
    let mut replayed = replay::replay(&segments, &found.index, start, known, progress)?;
    if let Some(torn) = replayed.end.torn {
        journal.cut(torn.segment, torn.offset)?;
    }
    let tip = replayed.end.tip;
    journal.follow(tip);
    if replayed.end.broken_end || held.iter().any(|damage| Some(damage.place) == tip.place) {
        journal.turn();
    }

    let mut live = Live::load(&found.index)?;
    let judge = Judge { segments: &segments, tip, installation: installation.as_deref() };
    let verdict = judge.judge(&live, &found.standing, memory.as_ref(), &mut replayed);
    note(&found.index, &tip, &live, &verdict)?;
    live = Live::load(&found.index)?;

    let rebuilt = start == Tip::default() && tip != start;
    if rebuilt {
        found.index.flush()?;
    }
    let opened = Opened {
        documents: live.counts.total(),
        rebuilt,
        torn_bytes: replayed.end.torn.map_or(0, |torn| torn.bytes),
        damage: held.into_iter().chain(replayed.damage).collect(),
        missing: replayed.missing,
        put_aside: found.put_aside,
        locked: live.locked().cloned(),
    };
    let anchor = options.anchor.clone().map(Anchor::new);
    let parts = Parts { journal, index: found.index, segments, live, anchor, installation };
    Ok((Store::of(parts), opened))
}

fn find_index(folder: &Path, segments: &Segments) -> Result<Found, StoreError> {
    let knew = match Index::open(folder)? {
        Ok(index) => match stand(&index, segments) {
            Ok(Standing::PutAside(knew)) => knew,
            Ok(standing) => return Ok(Found { index, standing, put_aside: None }),
            Err(error @ (StoreError::Newer { .. } | StoreError::Io { .. })) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "el índice no se puede leer");
                None
            }
        },
        Err(why) => {
            tracing::warn!(%why, "el índice no se puede abrir");
            None
        }
    };
    let put_aside = Some(index::put_aside(folder)?);
    let index = Index::open(folder)?.map_err(StoreError::Index)?;
    Ok(Found { index, standing: Standing::PutAside(knew), put_aside })
}

/// Compares an index with the journal, without reading the journal.
fn stand(index: &Index, segments: &Segments) -> Result<Standing, StoreError> {
    if index.ask(|tree| Ok(tree.is_empty()))? {
        return Ok(Standing::Empty);
    }
    if index.number(key::SCHEMA_KEY)? != Some(u64::from(key::SCHEMA)) {
        return Ok(Standing::PutAside(None));
    }
    let tip: Tip = index.json(key::APPLIED)?.ok_or_else(|| index::broken("hasta dónde llega"))?;
    let live = Live::load(index)?;
    let knew = Knew { sequence: tip.sequence, marks: live.marks() };
    let mut damage = Vec::new();
    if let Some(place) = tip.place {
        match segments.frame(place) {
            Ok(frame) if frame.hash == tip.hash => {}
            Ok(_) => return Ok(Standing::PutAside(Some(knew))),
            Err(StoreError::Damaged { why, .. }) if reaches(segments, &tip)? => {
                damage.push(unreadable(place, tip.end.1 - place.offset, why));
            }
            Err(StoreError::Damaged { .. }) => return Ok(Standing::PutAside(Some(knew))),
            Err(StoreError::Io { .. }) if !reaches(segments, &tip)? => {
                return Ok(Standing::PutAside(Some(knew)));
            }
            Err(error) => return Err(error),
        }
    }
    match is_sound(index, &live, segments, &mut damage)? {
        true => Ok(Standing::Agrees(tip, damage)),
        false => Ok(Standing::PutAside(Some(knew))),
    }
}

/// Is the journal at least as long as the index says?
fn reaches(segments: &Segments, tip: &Tip) -> Result<bool, StoreError> {
    let (segment, end) = tip.end;
    Ok(segments.list()?.iter().any(|(number, length)| *number == segment && *length >= end))
}

fn unreadable(place: Place, bytes: u64, why: String) -> Damage {
    Damage { place, bytes, frames: Some(1), why, documents: true }
}

/// Looks at the newest rows and at the counters: sled may roll back in silence.
fn is_sound(
    index: &Index,
    live: &Live,
    segments: &Segments,
    damage: &mut Vec<Damage>,
) -> Result<bool, StoreError> {
    const ROWS: usize = 64;
    const FRAMES: usize = 8;
    let newest: Vec<Row> = index.ask(|tree| {
        let rows = tree.scan_prefix(b"R").rev().take(ROWS);
        rows.map(|entry| index::decode(&entry?.1)).collect()
    })?;
    for (n, row) in newest.iter().enumerate() {
        if index.number(&key::document(&row.id))? != Some(row.order)
            || index.get(&key::in_state(row.state, row.order))?.is_none()
            || index.get(&key::version(row.order, row.version))?.is_none()
        {
            return Ok(false);
        }
        if n >= FRAMES || damage.iter().any(|known| known.place == row.frame) {
            continue;
        }
        match segments.frame(row.frame).and_then(|frame| frame.fact()) {
            Ok(Fact::Issued(issued)) if issued.document.id == row.id => {}
            Ok(_) => return Ok(false),
            Err(StoreError::Damaged { why, .. }) => damage.push(unreadable(row.frame, 0, why)),
            Err(error) => return Err(error),
        }
    }
    let overlay = Overlay::new(index);
    for range in live.ranges() {
        let top = DocumentId { series: range.grant.series, number: range.last };
        if overlay.highest(&top)?.is_some_and(|number| number >= range.next && number >= range.first) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Names the journal by its first frame; `None` when there is none, or it is damaged.
pub(crate) fn installation(segments: &Segments) -> Option<String> {
    let first = Place { segment: 1, offset: 0 };
    segments.frame(first).ok().map(|first| frame::hex(&first.hash))
}

/// The highest sequence that somebody outside the journal remembers of it.
fn known(standing: &Standing, memory: Option<&Memory>, installation: Option<&String>) -> u64 {
    let index = match standing {
        Standing::Agrees(tip, _) => tip.sequence,
        Standing::PutAside(Some(knew)) => knew.sequence,
        Standing::Empty | Standing::PutAside(None) => 0,
    };
    let ours = |memory: &&Memory| installation.is_none_or(|id| *id == memory.installation);
    let anchor = memory.filter(ours).map_or(0, |memory| memory.sequence);
    index.max(anchor)
}

/// Weighs what is known against what the journal says.
struct Judge<'a> {
    segments: &'a Segments,
    tip: Tip,
    installation: Option<&'a str>,
}

#[derive(Default)]
struct Verdict {
    lock: Option<Locked>,
    /// Counters that the anchor knows better than a damaged journal.
    raise: Vec<Mark>,
}

impl Judge<'_> {
    fn judge(
        &self,
        live: &Live,
        standing: &Standing,
        memory: Option<&Memory>,
        replayed: &mut Replayed,
    ) -> Verdict {
        let mut verdict = Verdict::default();
        let mut reasons = Vec::new();
        let mut marks: BTreeMap<GrantId, Mark> = BTreeMap::new();
        collect(&mut marks, live.marks());
        if let Standing::PutAside(Some(knew)) = standing {
            if knew.sequence > self.tip.sequence || !higher(&knew.marks, live).is_empty() {
                reasons.push(LockReason::IndexAhead);
            }
            collect(&mut marks, knew.marks.clone());
        }
        if let Some(memory) = memory {
            reasons.extend(self.against_anchor(memory));
            for mark in higher(&memory.marks, live) {
                match replayed.doubts.remove(&mark.grant) {
                    Some(_) => verdict.raise.push(mark.clone()),
                    None => reasons.push(LockReason::AnchorAhead),
                }
            }
            replayed.doubts.retain(|_, doubt| doubt.sequence > memory.sequence);
            collect(&mut marks, memory.marks.clone());
        }
        for (grant, doubt) in &replayed.doubts {
            reasons.push(LockReason::Damage);
            if let Some(mark) = marks.get_mut(grant) {
                mark.next += doubt.frames;
            }
        }
        verdict.lock = reasons.first().map(|reason| Locked {
            reason: *reason,
            beyond: marks.into_values().collect(),
        });
        verdict
    }

    fn against_anchor(&self, memory: &Memory) -> Option<LockReason> {
        if self.installation.is_some_and(|id| id != memory.installation) {
            return Some(LockReason::OtherHistory);
        }
        if memory.sequence > self.tip.sequence {
            return Some(LockReason::AnchorAhead);
        }
        match self.segments.frame(memory.frame) {
            Ok(frame) if frame::hex(&frame.hash) != memory.hash => Some(LockReason::OtherHistory),
            // Damage is reported on its own, and says nothing about another history.
            Ok(_) | Err(_) => None,
        }
    }
}

/// The marks that know a grant to be used further than the journal does.
fn higher(marks: &[Mark], live: &Live) -> Vec<Mark> {
    let ours: BTreeMap<GrantId, u64> =
        live.marks().into_iter().map(|mark| (mark.grant, mark.next)).collect();
    let ahead = |mark: &&Mark| ours.get(&mark.grant).is_none_or(|next| mark.next > *next);
    marks.iter().filter(ahead).cloned().collect()
}

fn collect(into: &mut BTreeMap<GrantId, Mark>, marks: Vec<Mark>) {
    for mark in marks {
        let known = into.entry(mark.grant.clone()).or_insert_with(|| mark.clone());
        known.next = known.next.max(mark.next);
    }
}

/// Writes what was decided to the index; the journal gets the lock with the next batch.
fn note(index: &Index, tip: &Tip, live: &Live, verdict: &Verdict) -> Result<(), StoreError> {
    let mut overlay = Overlay::new(index);
    for mark in &verdict.raise {
        apply::raise(&mut overlay, mark)?;
    }
    if let (Some(lock), None) = (&verdict.lock, live.locked()) {
        overlay.put_json(key::LOCK_FOUND.to_vec(), lock)?;
    }
    match overlay.is_empty() {
        true => Ok(()),
        false => index.write(&overlay.into_puts(tip)?),
    }
}
