//! A second look at a whole folder: every frame is read back, and the index compared with one
//! made anew. Nothing is repaired here.

use std::collections::BTreeMap;
use std::path::Path;

use timbre_core::DocumentId;

use crate::index::Index;
use crate::replay;
use crate::segments::Segments;
use crate::walk::{Damage, Tip};
use crate::{Place, StoreError, key};

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
    /// Folios that were given and whose documents are not there: first and last of each gap.
    pub missing: Vec<(DocumentId, DocumentId)>,
    /// The same document twice in the same version.
    pub repeated: Vec<(DocumentId, u32)>,
    pub index: IndexCheck,
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
    /// It is in use, or damaged.
    NotOpened(String),
}

impl CheckReport {
    /// Is anything gone that can't be made again?
    pub fn lost_data(&self) -> bool {
        !self.damage.is_empty() || !self.missing.is_empty() || !self.repeated.is_empty()
    }
}

/// Reads the journal of `dir` from its first frame to its last.
pub fn check(dir: &Path) -> Result<CheckReport, StoreError> {
    let segments = Segments::new(&dir.join("journal"));
    let own = match dir.join("db").exists() {
        true => Index::open(&dir.join("db")),
        false => Ok(Err("no hay índice".to_owned())),
    };
    let known = match &own {
        Ok(Ok(index)) => applied(index).map_or(0, |tip| tip.sequence),
        Ok(Err(_)) | Err(_) => 0,
    };
    let fresh = Index::temporary()?;
    let found = replay::replay(&segments, &fresh, Tip::default(), known, &|_, _| {})?;
    let index = match own {
        Ok(Ok(own)) => compare(&own, &fresh, &found.end.tip)
            .unwrap_or_else(|error| IndexCheck::NotOpened(error.to_string())),
        Ok(Err(why)) => IndexCheck::NotOpened(why),
        Err(error) => IndexCheck::NotOpened(error.to_string()),
    };
    let torn = found.end.torn.map(|torn| {
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
        missing: found.missing,
        repeated: found.repeated,
        index,
    })
}

fn applied(index: &Index) -> Option<Tip> {
    use crate::index::Keys;
    index.json(key::APPLIED).ok().flatten()
}

fn compare(own: &Index, fresh: &Index, tip: &Tip) -> Result<IndexCheck, StoreError> {
    if applied(own).is_some_and(|applied| applied.sequence < tip.sequence) {
        return Ok(IndexCheck::Behind);
    }
    let keys = |index: &Index| -> Result<BTreeMap<Vec<u8>, Vec<u8>>, StoreError> {
        let mut all: BTreeMap<_, _> = index.with_prefix(b"")?.into_iter().collect();
        all.remove(key::LOCK_FOUND);
        Ok(all)
    };
    let (own, fresh) = (keys(own)?, keys(fresh)?);
    let differs = own.iter().filter(|(key, value)| fresh.get(*key) != Some(*value)).count()
        + fresh.keys().filter(|key| !own.contains_key(*key)).count();
    Ok(match differs {
        0 => IndexCheck::Agrees,
        keys => IndexCheck::Differs { keys: keys as u64 },
    })
}
