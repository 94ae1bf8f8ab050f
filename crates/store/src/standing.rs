//! What the index that was found is worth: does it agree with the journal, as far as can be told
//! without reading the journal? sled may lose or roll back in silence, so it is never believed
//! unasked.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use serde::Deserialize;
use serde::de::IgnoredAny;
use timbre_core::{DocState, DocumentId, Series};

use crate::index::{self, Index, Keys, Past};
use crate::key::{self, Outbox};
use crate::live::Live;
use crate::overlay::Overlay;
use crate::segments::Segments;
use crate::walk::{Damage, Tip};
use crate::{Fact, Mark, Place, Row, StoreError, travel, voucher};

/// The index as it was found.
pub(crate) struct Found {
    pub index: Arc<Index>,
    pub standing: Standing,
    pub put_aside: Option<PathBuf>,
}

pub(crate) enum Standing {
    /// There is nothing in it.
    Empty,
    /// It holds everything up to here.
    Agrees(Tip, Vec<Damage>),
    /// It was put aside; what it knew, where it could still say so.
    PutAside(Option<Knew>),
}

/// What an index that disagrees knew.
pub(crate) struct Knew {
    pub sequence: u64,
    pub marks: Vec<Mark>,
}

pub(crate) fn find(folder: &Path, segments: &Segments) -> Result<Found, StoreError> {
    let past = index::past(folder);
    let keys = segments.keys().map(|keys| &**keys);
    let knew = match Index::open(folder, keys)? {
        Ok(index) => match stand(&index, segments, past) {
            Ok(Standing::PutAside(knew)) => knew,
            Ok(standing) => return Ok(Found { index: Arc::new(index), standing, put_aside: None }),
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
    crate::crash!("rebuild-put-aside");
    let index = Index::open(folder, keys)?.map_err(StoreError::Index)?;
    Ok(Found { index: Arc::new(index), standing: Standing::PutAside(knew), put_aside })
}

/// Compares an index with the journal, without reading the journal.
pub(crate) fn stand(index: &Index, segments: &Segments, past: Past) -> Result<Standing, StoreError> {
    if index.holds_nothing()? {
        return Ok(Standing::Empty);
    }
    if index.number(key::SCHEMA_KEY)? != Some(u64::from(key::SCHEMA)) {
        return Ok(Standing::PutAside(None));
    }
    let tip: Tip = index.json(key::APPLIED)?.ok_or_else(|| index::broken("hasta dónde llega"))?;
    let live = Live::load(index)?;
    let knew = Knew { sequence: tip.sequence, marks: live.marks() };
    // What is sealed in the journal is sealed in the index, too.
    if index.disguise().is_none() && !segments.sealed()?.is_empty() {
        return Ok(Standing::PutAside(Some(knew)));
    }
    let mut damage = Vec::new();
    if let Some(place) = tip.place {
        match segments.frame(place) {
            Ok(frame) if frame.hash == tip.hash => {}
            Ok(_) => return Ok(Standing::PutAside(Some(knew))),
            Err(StoreError::Damaged { why, .. }) if reaches(segments, &tip)? => {
                damage.push(unreadable(place, tip.end.1 - place.offset, why));
            }
            Err(StoreError::Damaged { .. }) => return Ok(Standing::PutAside(Some(knew))),
            Err(error) => return Err(error),
        }
    }
    let sound = match past {
        Past::Suspect => false,
        Past::Settled => is_sound(index, &live, segments, &mut damage)?,
        Past::Cut => is_sound(index, &live, segments, &mut damage)? && is_whole(index, &live)?,
    };
    match sound {
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

/// Looks at the newest documents and at the counters.
fn is_sound(
    index: &Index,
    live: &Live,
    segments: &Segments,
    damage: &mut Vec<Damage>,
) -> Result<bool, StoreError> {
    const ROWS: usize = 64;
    const FRAMES: usize = 8;
    let newest = index.last_values(b"R", ROWS)?;
    let newest = newest.iter().map(|row| index::decode(row)).collect::<Result<Vec<Row>, _>>()?;
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
        match segments.fact_at(row.frame) {
            Ok(Fact::Issued(issued)) if issued.document.id == row.id => {}
            Ok(_) => return Ok(false),
            Err(StoreError::Damaged { why, .. }) => damage.push(unreadable(row.frame, 0, why)),
            Err(error) => return Err(error),
        }
    }
    let overlay = Overlay::new(index);
    for range in live.ranges() {
        let top = DocumentId { series: range.grant.series, number: range.last };
        let highest = overlay.highest(&top)?;
        if highest.is_some_and(|number| number >= range.next.max(range.first)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Looks at all documents, after a stop in the middle of a write: every set must have the size that the counters say,
/// and the documents' names must lead to their rows. The sets are read at once: a till waits for it.
fn is_whole(index: &Index, live: &Live) -> Result<bool, StoreError> {
    let (rows, names, sets) = thread::scope(|scope| {
        let names = scope.spawn(|| Names::read(index));
        let sets = scope.spawn(|| sets_agree(index, live));
        (Rows::read(index), names.join(), sets.join())
    });
    let panicked = |_| StoreError::Index("la revisión se interrumpió".to_owned());
    let (rows, names, sets) = (rows?, names.map_err(panicked)??, sets.map_err(panicked)??);
    let of = |state| {
        rows.kinds.iter().filter(|((_, other), _)| *other == state).map(|(_, count)| count).sum::<u64>()
    };
    let states_agree = DocState::ALL.into_iter().all(|state| live.counts.of(state) == of(state));
    // One that has no document any more stays, as zero.
    let kinds_agree = live.kinds.iter().filter(|(_, count)| **count > 0).eq(rows.kinds.iter());
    Ok(states_agree
        && kinds_agree
        && names == rows.names
        // One that was replaced counts on no day.
        && live.days.values().sum::<u64>() + live.counts.of(DocState::Reemplazado) == names.count
        && index.count(b"K")? == rows.keyed
        && index.count(b"A")? == rows.flagged
        && voucher::agrees(index)?
        && sets)
}

/// The sets whose size the counters tell by themselves.
fn sets_agree(index: &Index, live: &Live) -> Result<bool, StoreError> {
    let counts = &live.counts;
    let sum = |is: fn(DocState) -> bool| -> u64 {
        DocState::ALL.into_iter().filter(|state| is(*state)).map(|state| counts.of(state)).sum()
    };
    for set in [b"B", b"F", b"J"] {
        if index.count(set)? != counts.total() {
            return Ok(false);
        }
    }
    Ok(index.count(b"S")? == counts.total()
        && index.count(b"V")? >= counts.total()
        && index.count(&key::outbox_of(Outbox::Authority))? == sum(DocState::may_send)
        && index.count(b"Z")? == counts.unprinted
        && index.count(key::UNHELD)? == sum(travel::is_unheld))
}

/// Names of documents and where each leads, as a number that does not depend on their order: how many, and the sum
/// of their hashes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Names {
    count: u64,
    sum: u64,
}

impl Names {
    fn read(index: &Index) -> Result<Names, StoreError> {
        let mut names = Names::default();
        index.each(b"D", |key, value| {
            names.add(key, key::tail(value).ok_or_else(|| index::broken("un documento"))?);
            Ok(())
        })?;
        Ok(names)
    }

    fn add(&mut self, key: &[u8], order: u64) {
        let mut hasher = DefaultHasher::new();
        (key, order).hash(&mut hasher);
        self.count += 1;
        self.sum = self.sum.wrapping_add(hasher.finish());
    }
}

/// What the rows say of themselves.
#[derive(Default)]
struct Rows {
    names: Names,
    kinds: BTreeMap<(Series, DocState), u64>,
    keyed: u64,
    flagged: u64,
}

/// As much of a row as is compared.
#[derive(Deserialize)]
struct Brief {
    id: DocumentId,
    order: u64,
    state: DocState,
    key: Option<IgnoredAny>,
    attention: Option<IgnoredAny>,
}

impl Rows {
    fn read(index: &Index) -> Result<Rows, StoreError> {
        let mut rows = Rows::default();
        index.each(b"R", |_, value| {
            let row: Brief = index::decode(value)?;
            rows.names.add(&key::document(&row.id), row.order);
            *rows.kinds.entry((row.id.series, row.state)).or_default() += 1;
            rows.keyed += u64::from(row.key.is_some());
            rows.flagged += u64::from(row.attention.is_some());
            Ok(())
        })?;
        Ok(rows)
    }
}
