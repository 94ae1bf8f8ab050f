//! Orders that become durable together: each says its facts when it sees what those before it
//! left, and one that is refused leaves nothing and costs only itself.

use std::mem;
use std::sync::{Arc, PoisonError, RwLock};

use timbre_core::Timestamp;

use crate::apply::{self, Stand};
use crate::index::{Index, Puts};
use crate::journal::Batch;
use crate::live::Live;
use crate::overlay::{Overlay, finished};
use crate::rules::Rules;
use crate::segments::Segments;
use crate::view::View;
use crate::{Committed, Fact, LockReason, Reader, StoreError};

/// Says what an order writes. It reads what was committed and what the orders before it in the
/// same batch will have written, except for the frames of these: they have no place yet.
pub type Make<'m> = Box<dyn FnOnce(&Reader) -> Vec<Fact> + 'm>;

pub(crate) struct Group {
    at: Timestamp,
    batch: Batch,
    view: View,
    segments: Arc<Segments>,
    /// What will be live: a copy of its own until then.
    live: Arc<RwLock<Live>>,
}

impl Group {
    pub fn new(at: Timestamp, batch: Batch, index: Arc<Index>, segments: Arc<Segments>, live: Live) -> Group {
        Group { at, batch, view: View::staging(index), segments, live: Arc::new(RwLock::new(live)) }
    }

    /// Adds an order, or leaves everything as it was.
    pub fn add(&mut self, make: Make<'_>) -> Result<Committed, StoreError> {
        let reader = Reader::new(self.view.clone(), self.segments.clone(), self.live.clone());
        let facts = make(&reader);
        drop(reader);
        if facts.is_empty() {
            return Ok(Committed::default());
        }
        let mark = self.batch.mark();
        self.stage(&facts).inspect_err(|_| self.batch.rewind(mark))
    }

    fn stage(&mut self, facts: &[Fact]) -> Result<Committed, StoreError> {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        let view = self.view.clone();
        let mut overlay = Overlay::new(&view);
        let mut rules = Rules::new(&live);
        let mut places = Vec::with_capacity(facts.len());
        // A lock found at opening gets into the journal with the first batch. That there is no anchor is true where it
        // was looked for alone: it is found again at each opening there, and whoever has the anchor goes on.
        let found = live.lock_found.clone().filter(|lock| lock.reason != LockReason::AnchorMissing);
        let found = found.map(Fact::IssuingLocked);
        for (fact, asked) in
            found.iter().map(|fact| (fact, false)).chain(facts.iter().map(|fact| (fact, true)))
        {
            if asked {
                rules.judge(&overlay, fact)?;
            }
            let (place, sequence) = self.batch.push(fact)?;
            apply::apply(&mut overlay, fact, Stand { at: self.at, place, sequence })?;
            if asked {
                places.push(place);
            }
        }
        rules.judge_batch(&overlay)?;
        let rows = mem::take(&mut overlay.touched).into_values().collect();
        let recorded = mem::take(&mut overlay.recorded);
        let puts = overlay.into_changes();
        drop(view);
        live.follow(&puts)?;
        self.view.stage(puts);
        Ok(Committed { places, rows, recorded })
    }

    /// The frames, what they do to the index, and what is live then; `None` when no order wrote
    /// anything.
    pub fn finish(self) -> Result<Option<(Batch, Puts, Live)>, StoreError> {
        let Group { mut batch, view, live, .. } = self;
        if !batch.finish() {
            return Ok(None);
        }
        let puts = finished(view.into_staged(), batch.tip())?;
        let live = mem::take(&mut *live.write().unwrap_or_else(PoisonError::into_inner));
        Ok(Some((batch, puts, live)))
    }
}
