//! Papers that go on when their engine has stopped: a command answers its till and lets go of the folder, whatever
//! its printer does. How they ended is written by the next engine that the same program opens.

use std::sync::Arc;
use std::time::Duration;

use timbre_core::paper::{Copy, Paper, Printing};
use timbre_store::{Reader, WaitingPaper};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::queue;
use crate::engine::{Agent, Answer};

/// How long papers are waited for before they are to hurry: an address that nobody answers is known to be dead by then.
const CALM: Duration = Duration::from_secs(4);

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
        let why = match how {
            Printing::Asked => "la impresora no responde",
            Printing::Partial { why } | Printing::Failed { why } => why,
            Printing::Begun | Printing::Done | Printing::Handed | Printing::Seen | Printing::Waived => {
                return None;
            }
        };
        Some(format!("el papel de {}: {}, {why}", paper.document, how.word()))
    }

    /// Its printer is likely to be dead.
    fn is_in_vain(&self) -> bool {
        self.how.is_lacking() || self.how == Printing::Asked
    }
}

/// One under way: where, how it ends, and what ends when its place is free again.
pub(super) type Going = (Option<String>, Printed, oneshot::Receiver<()>);

/// What is still being printed.
#[derive(Default)]
pub struct Leftover {
    pub(super) papers: JoinSet<Going>,
    /// Where they are printed.
    pub(super) paper: Option<Arc<dyn Paper>>,
    /// How many wait for an engine that begins them.
    pub waiting: usize,
    /// What did not come out of those that ended before.
    pub troubles: Vec<String>,
}

impl Leftover {
    pub fn is_empty(&self) -> bool {
        self.papers.is_empty()
    }

    /// Waits until each has ended: who sold waits for the end of the command, and not for a dead printer. One that ended
    /// badly stays *begun*, and is taken for cut.
    pub async fn ended(mut self) -> Vec<Printed> {
        let mut all = Vec::new();
        let mut calm = true;
        let until = tokio::time::Instant::now() + CALM;
        loop {
            tokio::select! {
                biased;
                ended = self.papers.join_next() => match ended {
                    Some(ended) => all.extend(ended.ok().map(|(_, printed, _)| printed)),
                    None => return all,
                },
                () = tokio::time::sleep_until(until), if calm => {
                    calm = false;
                    self.paper.iter().for_each(|paper| paper.hurry());
                }
            }
        }
    }
}

impl Agent {
    /// Writes how papers ended that an engine left, and goes on with what waits unless one of them did not come out.
    /// What somebody has dealt with since is left as it is. Answers how many then stay waiting.
    pub async fn end_papers(&self, ended: Vec<Printed>) -> Answer<usize> {
        let goes_on = !ended.iter().any(Printed::is_in_vain);
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
            return Ok(0);
        }
        Ok(self.0.reader.papers()?.iter().filter(|paper| paper.how == Printing::Asked).count())
    }
}
