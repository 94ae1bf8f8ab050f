//! What was made is committed, wakes who carries and prints it, and is told.

use timbre_core::{DocumentId, Number};

use super::Again;
use crate::engine::{Agent, Answer};
use crate::show;
use crate::view::ReissuedView;

impl Agent {
    /// Commits it, and tells what was made.
    pub(super) async fn make(
        &self,
        id: &DocumentId,
        again: Again,
        environment: String,
    ) -> Answer<ReissuedView> {
        let warnings = show::refusals(again.draft.warnings());
        let (number, why) = (again.number, again.why.clone());
        let made = self.commit_again(again).await?;
        self.0.sender.wake();
        self.0.papers.notify_one();
        let replaced = (number == Number::New).then(|| self.find(id)).transpose()?;
        Ok(ReissuedView {
            document: self.row(&self.find(&made)?),
            number: if number == Number::Same { "same" } else { "new" }.to_owned(),
            why,
            task: replaced.as_ref().and_then(|row| row.attention.clone()),
            replaced: replaced.map(|row| self.row(&row)),
            warnings,
            environment,
        })
    }
}
