//! Opening a folder: index, journal and anchor are brought together. What an index is worth is
//! asked in `standing`, who knows more than the journal in `verdict`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use timbre_core::DocumentId;

use crate::anchor::{Anchor, Memory, Recalled};
use crate::apply;
use crate::disk::Disk;
use crate::index::{Index, Keys, Past};
use crate::journal::Journal;
use crate::live::Live;
use crate::overlay::Overlay;
use crate::replay;
use crate::sealing::{Key, SegmentKeys};
use crate::segments::Segments;
use crate::standing::{self, Found, Standing};
use crate::store::Parts;
use crate::verdict::{Judge, Verdict};
use crate::walk::{Damage, Tip, Torn};
use crate::{LockReason, Locked, Place, StoreError, frame, key};

/// So many bytes of the journal are a lot. Tests have none that is, and renew the index all the same.
const LONG: u64 = if cfg!(test) { 1 << 10 } else { 64 << 20 };

/// How to open a folder.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// A file outside the folder (and outside its backups) that remembers how far it had come. It
    /// is this folder's alone: the file of another folder locks issuing.
    pub anchor: Option<PathBuf>,
    /// A segment that has reached this size is followed by a new one.
    pub segment_bytes: u64,
    /// Whoever keeps the keys of sealed segments: without them a folder that has any does not open.
    pub keys: Option<Arc<dyn SegmentKeys>>,
    /// Nothing is written, neither in the folder nor to the anchor: the journal is read as it stands, into an index that
    /// is gone at the end. For a folder that can't be written to.
    pub still: bool,
}

impl Default for OpenOptions {
    fn default() -> OpenOptions {
        let segment_bytes = 64 << 20;
        #[cfg(feature = "crash-points")]
        let segment_bytes = crate::crash::segment_bytes(segment_bytes);
        OpenOptions { anchor: None, segment_bytes, keys: None, still: false }
    }
}

/// What it takes to open a folder again.
#[derive(Clone)]
pub(crate) struct Opening {
    pub disk: Arc<dyn Disk>,
    pub dir: PathBuf,
    pub options: OpenOptions,
}

impl Opening {
    pub fn index(&self) -> PathBuf {
        self.dir.join("db")
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

pub(crate) fn open(
    disk: Arc<dyn Disk>,
    dir: &Path,
    options: &OpenOptions,
    progress: &dyn Fn(u64, u64),
) -> Result<(Parts, Opened), StoreError> {
    let folder = dir.join("journal");
    disk.make_folder(&folder).map_err(|e| StoreError::io("crear la carpeta", &folder, e))?;
    crate::crash!("folder-unsynced");
    for made in [dir.parent(), Some(dir)].into_iter().flatten() {
        if made.is_dir() {
            disk.sync_folder(made).map_err(|e| StoreError::io("crear la carpeta", made, e))?;
        }
    }
    let segments = Arc::new(Segments::new(disk.clone(), &folder, options.keys.clone()));
    // Before anything is changed: with the wrong key, or none, the folder stays as it is.
    if let Some(segment) = segments.sealed()?.pop() {
        segments.key(segment)?;
    }
    let place = Opening { disk, dir: dir.to_owned(), options: options.clone() };

    // The index first: its lock keeps a second process out before anything is written.
    let found = match options.still {
        true => {
            Found { index: Arc::new(Index::temporary(None)?), standing: Standing::Empty, put_aside: None }
        }
        false => standing::find(&place.index(), &segments)?,
    };
    bring_together(place, segments, found, progress)
}

/// Opens the journal again behind an index that is in use and sound, which answers meanwhile; `None`
/// when it has to be opened anew, too.
pub(crate) fn open_again(
    place: Opening,
    segments: Arc<Segments>,
    index: Arc<Index>,
) -> Result<Option<(Parts, Opened)>, StoreError> {
    if index.is_suspect() {
        return Ok(None);
    }
    match standing::stand(&index, &segments, Past::Settled)? {
        standing @ (Standing::Agrees(..) | Standing::Empty) => {
            let found = Found { index: index.clone(), standing, put_aside: None };
            let opened = bring_together(place, segments, found, &|_, _| {})?;
            index.lift();
            Ok(Some(opened))
        }
        Standing::PutAside(_) => Ok(None),
    }
}

fn bring_together(
    place: Opening,
    segments: Arc<Segments>,
    found: Found,
    progress: &dyn Fn(u64, u64),
) -> Result<(Parts, Opened), StoreError> {
    let Opening { disk, dir, options } = place.clone();
    let folder = dir.join("journal");
    let last = segments.list()?.last().copied().unwrap_or((1, 0));
    let mut journal = Journal::open(disk.clone(), folder, last, options.segment_bytes)?;
    let installation = installation(&segments)?;
    let recalled = options.anchor.as_deref().map(|path| Recalled::read(&*disk, path)).transpose()?;
    let memory = recalled.as_ref().and_then(Recalled::memory);

    let (start, held) = match &found.standing {
        Standing::Agrees(tip, damage) => (*tip, damage.clone()),
        Standing::Empty | Standing::PutAside(_) => {
            let sealed = !segments.sealed()?.is_empty();
            found.index.begin(segments.keys().filter(|_| sealed).map(|keys| &**keys))?;
            (Tip::default(), Vec::new())
        }
    };
    let anchored = recalled.is_some();
    let judge = Judge { segments: &segments, memory, anchored, installation: installation.as_deref() };
    let known = judge.known(&found.standing);
    let mut replayed = replay::replay(&segments, &found.index, start, known, progress)?;
    let torn = replayed.end.torn;
    if let Some(torn) = torn {
        if !torn.empty {
            keep(&*disk, &segments, torn);
        }
        crate::crash!("tail-kept");
        journal.cut(torn.segment, torn.offset)?;
        crate::crash!("tail-cut");
    }
    let tip = replayed.end.tip;
    journal.secure(tip, &segments)?;
    if replayed.end.broken_end || held.iter().any(|damage| Some(damage.place) == tip.place) {
        journal.turn();
    }
    if let Some(keys) = segments.keys()
        && let Some(key) = sealed_end(&segments, &tip)?
    {
        journal.go_on_sealed(keys.clone(), key.filter(|_| tip.end.0 == last.0));
    }

    let live = Live::load(&found.index)?;
    let verdict = judge.judge(&live.marks(), &tip, &found.standing, &mut replayed)?;
    note(&found.index, &tip, &live, &verdict, memory)?;
    let live = Live::load(&found.index)?;

    let rebuilt = start == Tip::default() && tip != start;
    crate::crash!("open-unsettled");
    if let Err(error) = found.index.settle() {
        // Its mark stays, and the next opening looks at it or makes it anew.
        tracing::warn!(%error, "el índice no llegó al disco");
    }
    if replayed.end.bytes > LONG && !options.still {
        renew(&found.index, &place)?;
    }
    for (place, bytes) in &replayed.overtaken {
        tracing::warn!(
            ?place,
            bytes,
            "an end that was cut off after a failed write came back; it does not count"
        );
    }
    found.index.learn_keys(live.counts.total() + found.index.number(key::VOUCHED)?.unwrap_or_default());
    let opened = Opened {
        documents: live.counts.total(),
        rebuilt,
        torn_bytes: torn.filter(|torn| !torn.empty).map_or(0, |torn| torn.bytes),
        damage: held.into_iter().chain(replayed.damage).collect(),
        missing: replayed.missing,
        put_aside: found.put_aside,
        locked: live.locked().cloned(),
    };
    let installation = match &opened.locked {
        None => installation.or_else(|| named_anew(memory, &tip)),
        // Who lifts the lock decides which journal it is.
        Some(_) => installation,
    };
    let mut anchor = options.anchor.clone().filter(|_| !options.still).map(|path| Anchor::new(disk, path));
    if let (Some(anchor), Some(recalled), None) = (&mut anchor, &recalled, &opened.locked)
        && !recalled.is_based_on(tip.sequence)
        && let Some(memory) = memory_of(installation.as_deref(), &tip, &live)
    {
        anchor.set(&memory);
    }
    let parts = Parts { place, journal, index: found.index, segments, live, anchor, installation };
    Ok((parts, opened))
}

/// Was what is at the journal's end sealed, and with which key? That is `Some(None)` where the key's copies at the
/// segment's head are lost.
fn sealed_end(segments: &Segments, tip: &Tip) -> Result<Option<Option<Arc<Key>>>, StoreError> {
    let Some(place) = tip.place else { return Ok(None) };
    match segments.key(place.segment) {
        Ok(key) => Ok(Some(Some(key))),
        Err(StoreError::Damaged { .. }) => match segments.frame(place) {
            Ok(frame) => Ok(frame.header.sealed.then_some(None)),
            Err(StoreError::Damaged { .. }) => Ok(None),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// sled notes where its pages are when it is opened, and reads all that was written since at the next opening: once
/// a lot of the journal was read into it, it is opened again here and not at the next start, where a till waits.
fn renew(index: &Index, place: &Opening) -> Result<(), StoreError> {
    index.shut();
    let keys = place.options.keys.as_deref();
    let again = Index::open(&place.index(), keys)?.map_err(StoreError::Index)?;
    index.resume(&again);
    Ok(())
}

/// Nobody was told about a torn batch; still, nothing is deleted. A full disk is no reason not to
/// open.
fn keep(disk: &dyn Disk, segments: &Segments, torn: Torn) {
    let name = format!("torn-{}", torn.offset);
    let copy = segments.path(torn.segment).with_extension(name);
    let kept = segments.read_from(torn.segment, torn.offset);
    let kept = kept.and_then(|bytes| {
        disk.write(&copy, &bytes).map_err(|e| StoreError::io("guardar lo recortado", &copy, e))
    });
    if let Err(error) = kept {
        tracing::warn!(%error, "no se pudo guardar lo que se recortó del diario");
    }
}

/// Names the journal by its first frame; `None` when there is none, or it is damaged.
pub(crate) fn installation(segments: &Segments) -> Result<Option<String>, StoreError> {
    match segments.frame(Place { segment: 1, offset: 0 }) {
        Ok(first) => Ok(Some(frame::hex(&first.hash))),
        Err(StoreError::Damaged { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Names a journal whose first frame can't be read: as its anchor does, where that found nothing wrong, else by its last
/// frame. An anchor without a name would remember nothing.
pub(crate) fn named_anew(memory: Option<&Memory>, tip: &Tip) -> Option<String> {
    let remembered = memory.filter(|memory| !memory.is_of_nothing());
    let remembered = remembered.map(|memory| memory.installation.clone());
    remembered.or_else(|| tip.place.map(|_| frame::hex(&tip.hash)))
}

/// What an anchor is to remember of a journal that ends at `tip`; `None` where that has no name, and the anchor is left
/// what it knows.
pub(crate) fn memory_of(installation: Option<&str>, tip: &Tip, live: &Live) -> Option<Memory> {
    let Some(frame) = tip.place else { return Some(Memory::of_nothing()) };
    Some(Memory {
        installation: installation?.to_owned(),
        sequence: tip.sequence,
        hash: frame::hex(&tip.hash),
        frame,
        marks: live.marks(),
    })
}

/// Writes what was decided to the index; the journal gets the lock with the next batch.
fn note(
    index: &Index,
    tip: &Tip,
    live: &Live,
    verdict: &Verdict,
    memory: Option<&Memory>,
) -> Result<(), StoreError> {
    let mut overlay = Overlay::new(index);
    for mark in &verdict.raise {
        apply::raise(&mut overlay, mark, true)?;
    }
    if let Some(lock) = verdict.lock.clone().and_then(|lock| lock.beside(live.locked())) {
        overlay.put_json(key::LOCK_FOUND.to_vec(), &lock)?;
    }
    // Opened where its anchor is: that another user of the machine has none says nothing any more.
    let missed = live.lock_found.as_ref().is_some_and(|lock| lock.reason == LockReason::AnchorMissing);
    if missed && memory.is_some() && verdict.lock.is_none() {
        overlay.remove(key::LOCK_FOUND.to_vec());
    }
    match overlay.is_empty() {
        true => Ok(()),
        false => index.write(&overlay.into_puts(tip)?),
    }
}
