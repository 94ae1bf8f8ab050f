//! A second look at a whole folder: every frame is read back, and the index compared with one
//! made anew. Nothing is repaired here.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use sled::IVec;
use timbre_core::{Document, DocumentId};

use crate::anchor::Recalled;
use crate::disguise::{Disguise, clear};
use crate::disk::RealDisk;
use crate::index::{Index, Keys};
use crate::live::Live;
use crate::sealing::SegmentKeys;
use crate::segments::Segments;
use crate::standing::Standing;
use crate::verdict::{Judge, Verdict, collect};
use crate::walk::{Damage, Tip};
use crate::{LockReason, Locked, Place, StoreError, index, key, opening, replay, standing};

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckReport {
    pub segments: u64,
    pub batches: u64,
    pub frames: u64,
    pub bytes: u64,
    /// Documents, all versions counted.
    pub documents: u64,
    /// An unfinished batch at the end: nobody was told about it, and the next opening cuts it.
    pub torn: Option<(Place, u64)>,
    pub damage: Vec<Damage>,
    /// What was cut off after a failed write, and came back with a power cut: where, and how many bytes. Nobody was told
    /// of it, and what was kept in its place counts.
    pub overtaken: Vec<(Place, u64)>,
    /// Folios that were given and whose documents are not there: first and last of each gap.
    pub missing: Vec<(DocumentId, DocumentId)>,
    /// The same document twice in the same version.
    pub repeated: Vec<(DocumentId, u32)>,
    /// How many facts that the index or the anchor knows are missing at the journal's end.
    pub ends_early: u64,
    /// Why issuing is locked, or would be at the next opening: somebody knows of folios that the
    /// journal does not.
    pub locked: Option<Locked>,
    pub index: IndexCheck,
    /// The segments that are sealed.
    pub sealed: Vec<u32>,
    /// Sealed facts that were not read, as their key was not had, and why that was: the chain over them is proved all
    /// the same, and what they hold is not.
    pub unread: Option<(u64, String)>,
    /// The certificate or a grant was loaded and can't be read: nothing is signed with it until it is loaded again.
    pub keys_lost: bool,
}

/// The index against the journal. It can be made again, so nothing here is lost data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexCheck {
    Agrees,
    /// It lacks the last facts, which the next opening applies.
    Behind,
    /// How many keys are missing, too many, or different.
    Differs {
        keys: u64,
    },
    /// It is sound and stays: in so many keys it knows what a damaged journal does not say any more.
    Kept {
        keys: u64,
    },
    /// It is in use, or damaged.
    NotOpened(String),
}

impl CheckReport {
    /// Is anything gone that can't be made again? A folder that was brought from another machine is
    /// whole, though it issues nothing here until a person decides; and a till's word alone proves nothing.
    pub fn lost_data(&self) -> bool {
        let lost = |lock: &Locked| !matches!(lock.reason, LockReason::AnchorMissing | LockReason::TillAhead);
        !self.damage.is_empty()
            || !self.missing.is_empty()
            || !self.repeated.is_empty()
            || self.ends_early > 0
            || self.locked.as_ref().is_some_and(lost)
    }
}

/// Reads the journal of `dir` from its first frame to its last, and asks the index and `anchor`
/// whether it has all that they know of. `show` is handed every document, all versions, in the
/// journal's order: what its bytes are worth is not judged here. What is sealed is read with `keys`. `progress` hears
/// how many bytes of the journal were read, of how many.
pub fn check(
    dir: &Path,
    anchor: Option<&Path>,
    keys: Option<Arc<dyn SegmentKeys>>,
    show: &mut dyn FnMut(Document),
    progress: &dyn Fn(u64, u64),
) -> Result<CheckReport, StoreError> {
    let folder = dir.join("journal");
    let mut segments = Segments::new(Arc::new(RealDisk), &folder, keys).looked_at();
    let sealed = segments.sealed()?;
    let shut = match sealed.last().map(|segment| segments.key(*segment)) {
        Some(Err(StoreError::Sealed { why, .. })) => Some(why),
        Some(Err(error)) => return Err(error),
        Some(Ok(_)) | None => None,
    };
    if shut.is_some() {
        // The wrong ones are no better than none.
        segments = Segments::new(Arc::new(RealDisk), &folder, None).looked_at();
    }
    let keys = segments.keys().map(|keys| &**keys);
    // Before the journal: an agent that is running only makes the journal longer than this.
    let recalled = anchor.map(|path| Recalled::read(&RealDisk, path)).transpose()?;
    let memory = recalled.as_ref().and_then(Recalled::memory);
    let db = dir.join("db");
    let own = match db.exists() {
        true => Index::open(&db, keys),
        false => Ok(Err("no hay índice".to_owned())),
    };
    let standing = match &own {
        Ok(Ok(index)) => standing::stand(index, &segments, index::past(&db)),
        Ok(Err(_)) | Err(_) => Ok(Standing::PutAside(None)),
    };
    let standing = standing.unwrap_or(Standing::PutAside(None));
    let installation = opening::installation(&segments)?;
    let anchored = recalled.is_some();
    let judge = Judge { segments: &segments, memory, anchored, installation: installation.as_deref() };
    let known = judge.known(&standing);
    let disguise = match &own {
        Ok(Ok(own)) => own.disguise(),
        Ok(Err(_)) | Err(_) => None,
    };
    let disguise = match disguise {
        None if !sealed.is_empty() => Some(Arc::new(Disguise::fresh()?)),
        other => other,
    };
    let fresh = Index::temporary(disguise)?;
    let mut found = replay::replay_showing(&segments, &fresh, Tip::default(), known, progress, show)?;
    let live = Live::load(&fresh)?;
    let tip = found.end.tip;
    let believed = match (&own, &standing) {
        (Ok(Ok(own)), Standing::Agrees(applied, _)) => Some((Live::load(own)?, *applied)),
        _ => None,
    };
    let mut marks = live.marks();
    let mut lock = live.lock.clone();
    if let Some((theirs, applied)) = &believed {
        let mut all = BTreeMap::new();
        collect(&mut all, marks);
        collect(&mut all, theirs.marks());
        marks = all.into_values().collect();
        // The next opening believes this index, and reads only what comes after it.
        let before = |damage: &Damage| (damage.place.segment, damage.place.offset) < applied.end;
        let known = found.damage.iter().all(before);
        found.doubts.retain(|_, doubt| !known && doubt.sequence > applied.sequence);
        if applied.sequence >= tip.sequence {
            lock = theirs.lock.clone();
        }
    }
    let unread = shut.map(|why| (found.unread, why));
    let known_keys = believed.as_ref().map_or(&live, |(theirs, _)| theirs);
    let keys_lost = unread.is_none() && keys_lost(&segments, known_keys, found.issued);
    // Who could not read the facts knows of no folio.
    let verdict = match unread {
        None => judge.judge(&marks, &tip, &standing, &mut found)?,
        Some(_) => Verdict::default(),
    };
    let noted = match &own {
        Ok(Ok(index)) => index.json(key::LOCK_FOUND).ok().flatten(),
        Ok(Err(_)) | Err(_) => None,
    };
    let index = match own {
        Ok(Ok(_)) if unread.is_some() => IndexCheck::NotOpened("está cifrado".to_owned()),
        Ok(Ok(own)) => {
            let compared = compare(&own, &fresh, &tip);
            match compared.unwrap_or_else(|error| IndexCheck::NotOpened(error.to_string())) {
                IndexCheck::Differs { keys } if believed.is_some() && !found.damage.is_empty() => {
                    IndexCheck::Kept { keys }
                }
                other => other,
            }
        }
        Ok(Err(why)) => IndexCheck::NotOpened(why),
        Err(error) => IndexCheck::NotOpened(error.to_string()),
    };
    let torn = found.end.torn.filter(|torn| !torn.empty).map(|torn| {
        let place = Place { segment: torn.segment, offset: torn.offset };
        (place, torn.bytes)
    });
    Ok(CheckReport {
        segments: segments.list()?.len() as u64,
        batches: found.end.batches,
        frames: found.end.frames,
        bytes: found.end.bytes,
        documents: found.issued,
        torn,
        damage: found.damage,
        overtaken: found.overtaken,
        missing: found.missing,
        repeated: found.repeated,
        ends_early: known.saturating_sub(tip.sequence),
        locked: locked_by(verdict.lock, noted.or(lock)),
        index,
        sealed,
        unread,
        keys_lost,
    })
}

/// As an opening would have it.
fn locked_by(found: Option<Locked>, known: Option<Locked>) -> Option<Locked> {
    match found {
        Some(found) => found.beside(known.as_ref()).or(known),
        None => known,
    }
}

/// Can something not be read that signs? Where the index was lost, too, a certificate that signed is not even known.
fn keys_lost(segments: &Segments, live: &Live, issued: u64) -> bool {
    let places = live.certificate.into_iter().chain(live.grants().map(|grant| grant.frame));
    let damaged = |place| matches!(segments.fact_at(place), Err(StoreError::Damaged { .. }));
    (live.certificate.is_none() && issued > 0) || places.into_iter().any(damaged)
}

fn applied(index: &Index) -> Option<Tip> {
    index.json(key::APPLIED).ok().flatten()
}

fn compare(own: &Index, fresh: &Index, tip: &Tip) -> Result<IndexCheck, StoreError> {
    if applied(own).is_some_and(|applied| applied.sequence < tip.sequence) {
        return Ok(IndexCheck::Behind);
    }
    let differs = differing(own, fresh)?;
    Ok(match differs {
        0 => IndexCheck::Agrees,
        keys => IndexCheck::Differs { keys },
    })
}

/// How many keys one of them lacks, or has with another value. Both are read in order, side by
/// side: a million documents have too many keys to hold in memory twice.
fn differing(own: &Index, fresh: &Index) -> Result<u64, StoreError> {
    // What only one of them has: a lock that was found, its own key, and damage that came after it was read.
    let its_own = [key::LOCK_FOUND, key::DISGUISE, key::STEPPED_OVER];
    let of_the_index =
        |entry: &sled::Result<(IVec, IVec)>| !matches!(entry, Ok((key, _)) if its_own.contains(&&**key));
    let (ours, theirs) = (own.disguise(), fresh.disguise());
    own.ask(|own| {
        fresh.ask(|fresh| {
            let own = own.iter().map(|entry| clear(ours.as_deref(), entry));
            let fresh = fresh.iter().map(|entry| clear(theirs.as_deref(), entry));
            let mut own = own.filter(of_the_index).peekable();
            let mut fresh = fresh.filter(of_the_index).peekable();
            let mut differs = 0;
            loop {
                let order = match (own.peek(), fresh.peek()) {
                    (None, None) => return Ok(differs),
                    (Some(Ok((left, _))), Some(Ok((right, _)))) => left.cmp(right),
                    // An error is taken next, and ends the comparison.
                    (Some(Err(_)), _) | (Some(Ok(_)), None) => Ordering::Less,
                    (None | Some(Ok(_)), Some(_)) => Ordering::Greater,
                };
                let (mut left, mut right) = (None, None);
                if order.is_le() {
                    left = own.next().transpose()?;
                }
                if order.is_ge() {
                    right = fresh.next().transpose()?;
                }
                differs += u64::from(left != right);
            }
        })
    })
}
