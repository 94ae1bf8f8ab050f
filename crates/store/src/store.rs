//! The one writer: judges a batch of facts, makes it durable, then tells the index.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use timbre_core::Timestamp;

use crate::anchor::Anchor;
use crate::disk::{Disk, RealDisk};
use crate::group::Group;
use crate::index::{self, Index};
use crate::journal::Journal;
use crate::live::Live;
use crate::overlay::Overlay;
use crate::segments::Segments;
use crate::still::StillDisk;
use crate::verdict::Judge;
use crate::view::View;
use crate::walk::Tip;
use crate::{
    Fact, Locked, Make, Numbering, OpenOptions, Opened, Place, Reader, Row, StoreError, VouchedRow, key,
    opening::{self, Opening},
};

/// So many keys are told to sled at once, and a quiet moment is used for a part of them. What it was
/// not told is read from memory, and after a stop from the journal.
const MUCH: usize = 4000;
const SOME: usize = 1000;
/// With so many the next batch tells them itself, and its till waits: nobody else has come to it.
const TOO_MUCH: usize = 4 * MUCH;

/// An open folder. There is one at a time; any number of [`Reader`]s go with it.
pub struct Store {
    place: Opening,
    journal: Journal,
    index: Arc<Index>,
    segments: Arc<Segments>,
    live: Arc<RwLock<Live>>,
    anchor: Option<Anchor>,
    installation: Option<String>,
}

/// What opening hands over.
pub(crate) struct Parts {
    pub place: Opening,
    pub journal: Journal,
    pub index: Arc<Index>,
    pub segments: Arc<Segments>,
    pub live: Live,
    pub anchor: Option<Anchor>,
    pub installation: Option<String>,
}

/// What a batch became.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Committed {
    /// Where each fact stands, in their order.
    pub places: Vec<Place>,
    /// The documents it touched, as they are now, in order of issue.
    pub rows: Vec<Row>,
    /// The sales that were recorded with their card's voucher, as whoever ordered it is answered: nothing has to be
    /// read for that.
    pub recorded: Vec<VouchedRow>,
}

impl Store {
    /// Opens a folder, making it when there is none: `dir/journal` and `dir/db`. `progress` hears
    /// how many bytes of the journal the index has, of how many: as it is opened, and for each [`percent`](crate::percent)
    /// that is read into it.
    pub fn open(
        dir: &Path,
        options: &OpenOptions,
        progress: &dyn Fn(u64, u64),
    ) -> Result<(Store, Opened), StoreError> {
        let disk: Arc<dyn Disk> = if options.still { Arc::new(StillDisk) } else { Arc::new(RealDisk) };
        Store::open_on(disk, dir, options, progress)
    }

    pub(crate) fn open_on(
        disk: Arc<dyn Disk>,
        dir: &Path,
        options: &OpenOptions,
        progress: &dyn Fn(u64, u64),
    ) -> Result<(Store, Opened), StoreError> {
        let (parts, opened) = opening::open(disk, dir, options, progress)?;
        let store = Store {
            place: parts.place,
            journal: parts.journal,
            index: parts.index,
            segments: parts.segments,
            live: Arc::new(RwLock::new(parts.live)),
            anchor: parts.anchor,
            installation: parts.installation,
        };
        Ok((store, opened))
    }

    /// The reading side, for any thread. While a reader lives, the folder can't be opened again.
    pub fn reader(&self) -> Reader {
        Reader::new(View::of(self.index.clone()), self.segments.clone(), self.live.clone())
    }

    /// A working copy of the ranges' counters, to number the documents of the next batch.
    pub fn numbering(&self) -> Numbering {
        Numbering::of(self.reader().ranges())
    }

    /// Why issuing is locked.
    pub fn locked(&self) -> Option<Locked> {
        self.live.read().unwrap_or_else(PoisonError::into_inner).locked().cloned()
    }

    /// How many fsyncs the journal made since it was opened.
    pub fn fsyncs(&self) -> u64 {
        self.journal.fsyncs()
    }

    /// How long the fsyncs of batches took since then, all together.
    pub fn syncing(&self) -> Duration {
        self.journal.syncing()
    }

    /// Makes facts durable, all or none, with one fsync. They are judged first: an error other
    /// than [`StoreError::Io`] has changed nothing, and the store goes on. After `Io` it is
    /// poisoned.
    pub fn commit(&mut self, facts: Vec<Fact>, at: Timestamp) -> Result<Committed, StoreError> {
        let mut outcomes = self.commit_each(vec![Box::new(|_| facts)], at)?;
        outcomes.pop().expect("one order has one outcome")
    }

    /// Makes several orders durable with one fsync, each all or none: see [`Make`]. An error of the
    /// whole is every order's. Readers see at once what was written; sled is told by
    /// [`Store::catch_up`] and [`Store::rest`].
    pub fn commit_each(
        &mut self,
        orders: Vec<Make<'_>>,
        at: Timestamp,
    ) -> Result<Vec<Result<Committed, StoreError>>, StoreError> {
        if self.journal.is_poisoned() {
            return Err(StoreError::Poisoned);
        }
        self.tell(at_once(TOO_MUCH))?;
        let at = whole_micros(at);
        if self.anchor.as_ref().is_some_and(|anchor| anchor.is_due(at)) {
            self.look_at_anchor().inspect_err(|_| self.journal.poison())?;
        }
        let locked = self.locked().is_some();
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner).clone();
        let (index, segments) = (self.index.clone(), self.segments.clone());
        let mut group = Group::new(at, self.journal.batch(at)?, index, segments, live);
        let outcomes: Vec<_> = orders.into_iter().map(|make| group.add(make)).collect();
        let Some((batch, puts, live)) = group.finish()? else {
            return Ok(outcomes);
        };
        if locked && live.locked().is_none() {
            self.remember_lift(batch.tip(), &live).inspect_err(|_| self.journal.poison())?;
        }
        self.journal.append(&batch)?;
        if let Some((segment, key)) = batch.key() {
            self.segments.learn(segment, key);
        }
        self.index.lay(puts);
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = live;
        self.remember(at, locked);
        Ok(outcomes)
    }

    /// Is what is written sealed?
    pub fn is_sealing(&self) -> bool {
        self.journal.is_sealing()
    }

    /// From now on what is written is sealed, or in clear, beginning with `facts`: they are the first of a segment of
    /// their own. What was written before stays as it is. The index, which is sealed where any of the journal is, is
    /// made anew when it has to be, and the folder opened again.
    ///
    /// An error says that nothing of it was written. Within, how the folder was opened again: where that failed what
    /// was wanted is done and durable all the same, and nothing is taken until [`Store::reopen`] succeeds.
    pub fn set_sealing(
        &mut self,
        sealing: bool,
        facts: Vec<Fact>,
        at: Timestamp,
    ) -> Result<Result<Opened, StoreError>, StoreError> {
        let keys = match (sealing, self.segments.keys()) {
            (true, None) => {
                return Err(StoreError::refused("no-segment-keys", "La bóveda de la carpeta está cerrada."));
            }
            (true, Some(keys)) => Some(keys.clone()),
            (false, _) => None,
        };
        self.journal.seal(keys);
        crate::crash!("sealing-unwritten");
        let written = self.commit(facts, at);
        crate::crash!("sealing-written");
        // Also where nothing was written: the journal's end says how it goes on.
        let opened = self.reopen();
        written.map(|_| opened)
    }

    /// Tells the index what was written, once that is much: nobody has to wait for it, as readers
    /// see it already. After an error the store takes no more until it is opened again, which mends
    /// it.
    pub fn catch_up(&mut self) -> Result<(), StoreError> {
        self.journal.make_room();
        self.tell(at_once(MUCH))
    }

    /// Does it take nothing until it is [opened again](Store::reopen)?
    pub fn is_poisoned(&self) -> bool {
        self.journal.is_poisoned()
    }

    /// Tells the index if at least so many keys wait.
    fn tell(&mut self, keys: usize) -> Result<(), StoreError> {
        match self.index.ahead().len() >= keys {
            true => self.index.catch_up().inspect_err(|_| self.journal.poison()),
            false => Ok(()),
        }
    }

    /// Opens the folder again after a write error, as a start of the program would, and every
    /// [`Reader`] follows. They have answers meanwhile, unless the index itself failed: then they
    /// have none ([`StoreError::Reopening`]) until this succeeds.
    pub fn reopen(&mut self) -> Result<Opened, StoreError> {
        self.journal.poison();
        crate::crash!("reopen-before");
        self.segments.forget();
        if let Err(error) = self.index.catch_up() {
            tracing::warn!(%error, "the index is made anew");
        }
        let again = opening::open_again(self.place.clone(), self.segments.clone(), self.index.clone());
        let (parts, opened) = match again {
            Ok(Some(opened)) => opened,
            Err(error @ StoreError::Io { .. }) => return Err(error),
            Ok(None) | Err(_) => {
                let db = self.place.index();
                // Who opens it next knows no more of it than that. While there is no room for the word nothing is issued.
                if self.index.is_suspect() {
                    index::say_suspect(&db).map_err(|e| StoreError::io("marcar el índice", &db, e))?;
                }
                self.index.shut();
                crate::crash!("reopen-shut");
                let Opening { disk, dir, options } = self.place.clone();
                let (parts, opened) = opening::open(disk, &dir, &options, &|_, _| {})?;
                self.index.resume(&parts.index);
                (parts, opened)
            }
        };
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = parts.live;
        crate::crash!("reopen-after");
        self.journal = parts.journal;
        self.anchor = parts.anchor;
        self.installation = parts.installation;
        Ok(opened)
    }

    /// Brings the anchor up to date, and the index where some is to be told; for the writer to call
    /// when it has nothing else to do. An error is one of [`Store::catch_up`].
    pub fn rest(&mut self) -> Result<(), StoreError> {
        self.renew_anchor();
        self.renew_base();
        self.tell(at_once(SOME))
    }

    /// Tells the index everything, so that the next opening has nothing to read.
    pub fn settle(&mut self) -> Result<(), StoreError> {
        self.renew_anchor();
        self.tell(0)
    }

    fn renew_anchor(&mut self) {
        if self.anchor.as_ref().is_some_and(Anchor::is_behind) {
            match self.look_at_anchor() {
                Ok(()) => self.write_anchor(None),
                Err(error) => tracing::warn!(%error, "the anchor can't be judged, and is left as it is"),
            }
        }
    }

    /// What the anchor says by now may be lost with a power cut: its base says it too, where that is old.
    fn renew_base(&mut self) {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        let tip = self.journal.tip();
        let anchor = self.anchor.as_mut().filter(|anchor| !anchor.is_behind() && anchor.is_base_old());
        if let (Some(anchor), None) = (anchor, live.locked())
            && let Some(memory) = opening::memory_of(self.installation.as_deref(), tip, &live)
            && let Err(error) = anchor.set_base(&memory)
        {
            tracing::warn!(%error, "the anchor's base stays as it is");
        }
    }

    /// Locks issuing when another copy of the folder wrote the anchor, before this one writes it or
    /// gives a folio.
    fn look_at_anchor(&mut self) -> Result<(), StoreError> {
        let Some(memory) = self.anchor.as_mut().and_then(Anchor::news) else { return Ok(()) };
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        let installation = self.installation.as_deref();
        let judge = Judge { segments: &self.segments, memory: Some(&memory), anchored: true, installation };
        let found = judge.foreign(&live, self.journal.tip());
        if found.is_err() {
            // It is judged another time, before it is written over.
            self.anchor.iter_mut().for_each(Anchor::unsee);
        }
        if let Some(lock) = found?.and_then(|lock| lock.beside(live.locked())) {
            tracing::error!(%lock, "another copy of the folder is in use");
            let mut overlay = Overlay::new(&*self.index);
            overlay.put_json(key::LOCK_FOUND.to_vec(), &lock)?;
            let puts = overlay.into_changes();
            live.follow(&puts)?;
            self.index.lay(puts);
        }
        Ok(())
    }

    /// Before a lock is lifted the anchor's base is this copy's, on the device: where it can't be written another copy would
    /// find nothing wrong, and so nothing is lifted. A death before the journal has the lift leaves a lock.
    fn remember_lift(&mut self, tip: &Tip, live: &Live) -> Result<(), StoreError> {
        if self.installation.is_none() {
            self.installation = self.name();
        }
        match (&mut self.anchor, opening::memory_of(self.installation.as_deref(), tip, live)) {
            (Some(anchor), Some(memory)) => anchor.set_base(&memory),
            _ => Ok(()),
        }
    }

    /// A person who lifts a lock decides that this copy is the one: the anchor is this one's from then on.
    fn remember(&mut self, at: Timestamp, was_locked: bool) {
        if self.installation.is_none() {
            self.installation = self.name();
        }
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        let lifted = was_locked && live.locked().is_none();
        let Some(anchor) = &mut self.anchor else { return };
        anchor.fall_behind(at);
        if lifted {
            if let Some(memory) = opening::memory_of(self.installation.as_deref(), self.journal.tip(), &live)
            {
                anchor.confirm(&memory);
            }
        } else if anchor.is_due(at) {
            drop(live);
            self.write_anchor(Some(at));
        }
    }

    /// What the anchor calls a journal that had no name when it was opened.
    fn name(&self) -> Option<String> {
        match opening::installation(&self.segments) {
            Ok(first) => first.or_else(|| opening::named_anew(None, self.journal.tip())),
            Err(error) => {
                tracing::warn!(%error, "the journal can't be named, and the anchor is left as it is");
                None
            }
        }
    }

    /// While issuing is locked the anchor keeps what it knows: it may be the only witness.
    fn write_anchor(&mut self, at: Option<Timestamp>) {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        let tip = self.journal.tip();
        if let (Some(anchor), Some(_), None) = (&mut self.anchor, tip.place, live.locked())
            && let Some(memory) = opening::memory_of(self.installation.as_deref(), tip, &live)
        {
            anchor.write(&memory, at);
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if !self.journal.is_poisoned() {
            self.journal.give_back_room();
        }
        if let Err(error) = self.settle() {
            tracing::warn!(%error, "the index is behind the journal");
        }
    }
}

/// The harness of faults tells the index sooner than a shop does.
fn at_once(keys: usize) -> usize {
    #[cfg(feature = "crash-points")]
    let keys = crate::crash::index_keys(keys);
    keys
}

/// Times are kept to the microsecond, and the same before and after a rebuild.
fn whole_micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}
