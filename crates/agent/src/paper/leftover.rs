//! Papers that go on when their engine has stopped: a command answers its till and lets go of the folder, whatever
//! its printer does. How they ended is written by the next engine that the same program opens.

use timbre_core::paper::{Copy, Printing};
use timbre_store::{Reader, WaitingPaper};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::queue;
use crate::engine::{Agent, Answer};

/// A paper, and how it ended.
pub struct Printed {
    pub(super) paper: WaitingPaper,
    /// What came out with it.
    pub(super) beside: Option<Copy>,
    pub(super) how: Printing,
}

impl Printed {
    /// What a person should know of it: whose paper it is, how it stands, and why. `None` where it is well.
    pub fn trouble(&self) -> Option<String> {
        let Printed { paper, how, .. } = self;
        let lacks = how.is_lacking();
        lacks.then(|| format!("el papel de {}: {}, {}", paper.document, how.word(), how.why()))
    }
}

/// One under way: where, how it ends, and what ends when its place is free again.
pub(super) type Going = (Option<String>, Printed, oneshot::Receiver<()>);

/// What is still being printed.
#[derive(Default)]
pub struct Leftover {
    pub(super) papers: JoinSet<Going>,
    /// What did not come out of those that ended before.
    pub troubles: Vec<String>,
}

impl Leftover {
    pub fn is_empty(&self) -> bool {
        self.papers.is_empty()
    }

    /// Waits until each has ended. One that ended badly stays *begun*, and is taken for cut.
    pub async fn ended(mut self) -> Vec<Printed> {
        let mut all = Vec::new();
        while let Some(ended) = self.papers.join_next().await {
            all.extend(ended.ok().map(|(_, printed, _)| printed));
        }
        all
    }
}

impl Agent {
    /// Writes how papers ended that an engine left, and goes on with what waits unless one of them did not come out:
    /// its printer is likely to be dead. What somebody has dealt with since is left as it is.
    pub async fn end_papers(&self, ended: Vec<Printed>) -> Answer<()> {
        let goes_on = ended.iter().all(|printed| !printed.how.is_lacking());
        let write = move |reader: &Reader| {
            let begun = reader.papers().unwrap_or_default();
            let stands = |printed: &Printed| {
                let same = |paper: &WaitingPaper| {
                    paper.document == printed.paper.document && paper.copy == printed.paper.copy
                };
                begun.iter().any(|paper| same(paper) && paper.how == Printing::Begun)
            };
            let told = ended.iter().filter(|printed| stands(printed));
            told.flat_map(|printed| queue::facts(&printed.paper, printed.beside, &printed.how)).collect()
        };
        self.0.writer.apply(write).await?;
        if goes_on {
            self.0.papers.notify_one();
        }
        Ok(())
    }
}
