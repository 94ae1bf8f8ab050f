//! Following the journal from where one stood: what was committed since, in its order. For who tells others
//! what happened and must not miss any of it.

use serde::{Deserialize, Serialize};
use timbre_core::{DocumentId, Timestamp};

use crate::index::Keys;
use crate::segments::Frame;
use crate::walk::Tip;
use crate::{Fact, Place, Reader, StoreError, frame, key};

/// A place between two facts of the journal. It stays good for as long as the folder does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Bookmark {
    segment: u32,
    offset: u64,
}

#[cfg(test)]
impl Bookmark {
    pub(crate) fn offset(self) -> u64 {
        self.offset
    }
}

/// What came after a bookmark.
#[derive(Debug)]
pub struct News {
    pub facts: Vec<Told>,
    /// Where to go on.
    pub next: Bookmark,
    /// There is more already.
    pub more: bool,
}

/// One fact, and where it stands.
#[derive(Debug)]
pub struct Told {
    /// Its number in the journal: no other fact has it.
    pub sequence: u64,
    pub at: Timestamp,
    pub fact: Fact,
    /// Just behind it.
    pub next: Bookmark,
}

impl Reader {
    /// Behind all that was committed so far.
    pub fn latest(&self) -> Result<Bookmark, StoreError> {
        let tip: Option<Tip> = self.view.json(key::APPLIED)?;
        let (segment, offset) = tip.map_or((0, 0), |tip| tip.end);
        Ok(Bookmark { segment: segment.max(1), offset })
    }

    /// At most `most` facts after `from`. What can't be read there is stepped over: the check of the folder
    /// tells of it. A bookmark beyond the end (of a folder that was restored) is the end.
    pub fn news(&self, from: Bookmark, most: usize) -> Result<News, StoreError> {
        let end = self.latest()?;
        let mut at = from.min(end);
        let mut facts = Vec::new();
        let mut behind = (0, None);
        while at < end && facts.len() < most {
            match self.segments.frame(Place { segment: at.segment, offset: at.offset }) {
                // What was cut off and came back nobody is told of.
                Ok(frame) if at.segment < end.segment && self.overtakes(&mut behind, &frame)? => {
                    at = Bookmark { segment: at.segment + 1, offset: 0 };
                }
                Ok(frame) => {
                    at.offset = frame.end();
                    if frame.header.kind == frame::KEY {
                        continue;
                    }
                    match self.segments.fact(&frame) {
                        Ok(fact) => {
                            let sequence = frame.header.sequence;
                            facts.push(Told { sequence, at: frame.at(), fact, next: at });
                        }
                        Err(StoreError::Newer { .. } | StoreError::Damaged { .. }) => {}
                        Err(error) => return Err(error),
                    }
                }
                // The segment ends here, or what stands here is damaged.
                Err(StoreError::Damaged { .. }) if at.segment < end.segment => {
                    at = Bookmark { segment: at.segment + 1, offset: 0 };
                }
                Err(StoreError::Damaged { .. }) => at = end,
                Err(error) => return Err(error),
            }
        }
        Ok(News { facts, next: at, more: at < end })
    }

    /// Does what follows a frame's segment take its place? `behind` keeps that one, and of which segment it is.
    fn overtakes(&self, behind: &mut (u32, Option<Frame>), frame: &Frame) -> Result<bool, StoreError> {
        let segment = frame.place.segment;
        if behind.0 != segment {
            *behind = (segment, self.segments.first_behind(segment, &self.segments.list()?)?);
        }
        Ok(behind.1.as_ref().is_some_and(|next| next.is_beside(frame)))
    }

    /// The facts about one document alone, oldest first; none of an unknown one.
    pub fn news_of(&self, id: &DocumentId) -> Result<Vec<Told>, StoreError> {
        let Some(order) = self.view.number(&key::document(id))? else { return Ok(Vec::new()) };
        let told = |place| {
            let frame = self.segments.frame(place)?;
            let next = Bookmark { segment: place.segment, offset: frame.end() };
            Ok(Told {
                sequence: frame.header.sequence,
                at: frame.at(),
                fact: self.segments.fact(&frame)?,
                next,
            })
        };
        self.places(&key::history_of(order))?.into_values().map(told).collect()
    }
}
