//! What the rules of a country ask of earlier documents, answered from the store. A rule can't tell a document that is not
//! here from one that can't be read now: whoever asks on its behalf learns of the latter, and believes nothing it said.

use std::cell::RefCell;

use timbre_core::{DocState, Document, DocumentId, Documents, Usage};

use crate::{Range, Reader, StoreError};

impl Reader {
    /// What `judge` makes of the documents of this folder. One whose bytes are damaged is none of them, as if another
    /// system had issued it.
    ///
    /// # Errors
    /// Something could not be read that `judge` asked for: what it said is dropped.
    pub fn knowing<T>(&self, judge: impl FnOnce(&dyn Documents) -> T) -> Result<T, StoreError> {
        let known = Known { reader: self, failed: RefCell::default() };
        let judged = judge(&known);
        match known.failed.into_inner() {
            None => Ok(judged),
            Some(error) => Err(error),
        }
    }
}

struct Known<'a> {
    reader: &'a Reader,
    /// The first that could not be read.
    failed: RefCell<Option<StoreError>>,
}

impl Known<'_> {
    fn read<T>(&self, read: Result<Option<T>, StoreError>) -> Option<T> {
        match read {
            Ok(found) => found,
            Err(error @ StoreError::Damaged { .. }) => {
                tracing::error!(%error, "an earlier document can't be read");
                None
            }
            Err(error) => {
                self.failed.borrow_mut().get_or_insert(error);
                None
            }
        }
    }
}

impl Documents for Known<'_> {
    fn find(&self, id: &DocumentId) -> Option<(Document, DocState)> {
        let row = self.read(self.reader.row(id))?;
        let issued = self.read(self.reader.issued_frame(row.frame).map(Some))?;
        Some((issued.document, row.state))
    }

    fn successor(&self, id: &DocumentId) -> Option<DocumentId> {
        self.read(self.reader.row(id))?.replaced_by
    }

    fn usage(&self, id: &DocumentId) -> Usage {
        self.read(self.reader.used(id).map(Some)).unwrap_or_default()
    }

    fn is_unused(&self, id: &DocumentId) -> bool {
        let lent = |range: &Range| (range.next..=range.last).contains(&id.number);
        self.reader.ranges().iter().any(|range| range.grant.series == id.series && lent(range))
    }
}
