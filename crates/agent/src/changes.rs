//! What became of documents, in the order of the journal: for who tells others and must miss nothing.

use timbre_core::{Cause, DocState};
use timbre_store::{Bookmark, Fact, Told};

use crate::engine::{Agent, Answer, environment_word, missing, parse_id};
use crate::view::ChangeView;

/// How many facts are looked at for one answer.
const AT_ONCE: usize = 256;

/// Changes of documents, and where to go on.
pub struct Changes {
    /// Each with the bookmark behind it.
    pub changes: Vec<(ChangeView, Bookmark)>,
    pub next: Bookmark,
    pub more: bool,
}

impl Agent {
    /// Behind all that happened so far.
    pub fn now_in_journal(&self) -> Answer<Bookmark> {
        Ok(self.0.reader.latest()?)
    }

    /// What became of documents after `from`. It reads the disk: not for an async task.
    pub fn changes(&self, from: Bookmark) -> Answer<Changes> {
        let news = self.0.reader.news(from, AT_ONCE)?;
        Ok(Changes { changes: self.changes_in(news.facts)?, next: news.next, more: news.more })
    }

    /// All that became of one document so far. It reads the disk too.
    pub fn changes_of(&self, id: &str) -> Answer<Vec<(ChangeView, Bookmark)>> {
        let id = parse_id(id)?;
        match self.0.reader.news_of(&id)? {
            none if none.is_empty() => Err(missing(&id)),
            facts => self.changes_in(facts),
        }
    }

    fn changes_in(&self, facts: Vec<Told>) -> Answer<Vec<(ChangeView, Bookmark)>> {
        let environment = self.0.reader.company().map(|(_, env)| environment_word(env)).unwrap_or_default();
        let mut changes = Vec::new();
        for told in facts {
            let (id, version, state, by) = match &told.fact {
                Fact::Issued(issued) => {
                    (&issued.document.id, issued.document.version, DocState::Generado, None)
                }
                Fact::Moved(moved) => {
                    let by = match &moved.cause {
                        Cause::Replaced { by, .. } => Some(by.to_string()),
                        _ => None,
                    };
                    (&moved.document, moved.version, moved.to, by)
                }
                _ => continue,
            };
            // As it stands now; one that can't be read is told with what the fact says.
            let Some(row) = self.0.reader.row(id)? else { continue };
            let change = ChangeView {
                event: told.sequence.to_string(),
                document: id.to_string(),
                version,
                state: state.word().to_owned(),
                at: told.at.to_string(),
                environment: environment.clone(),
                replaced_by: by,
                now: self.row(&row),
            };
            changes.push((change, told.next));
        }
        Ok(changes)
    }
}
