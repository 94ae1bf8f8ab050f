//! What waits for the printers: each of them takes its papers one after the other, and none waits for another.
//!
//! *Begun* is on disk before the first byte leaves, so that a paper that was cut by a stop is known and never
//! printed again unasked. Nobody who sells waits for any of it: a command that ends lets go of the folder while its
//! papers are still under way ([`Leftover`]), and comes back to write how they ended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use timbre_core::paper::{Copy, Printing};
use timbre_core::receipt::Receipt;
use timbre_core::regime::PrintGate;
use timbre_core::{DocState, DocumentId};
use timbre_store::{Fact, Reader, Row, StoreError, WaitingPaper};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use super::leftover::{Going, Leftover, Printed};
use crate::engine::Inner;
use crate::writer::WriteError;

/// How long a stop waits for the papers that are under way: whoever opens the folder next waits ten seconds.
const LAST: Duration = Duration::from_secs(5);
/// How long a command does: what takes longer goes on without the folder.
const GRACE: Duration = Duration::from_millis(500);
/// How often it is asked whether another program has ended its printing.
const TURN: Duration = Duration::from_secs(1);

/// What is known of a paper that was under way when the program stopped.
pub(super) const CUT: &str = "Timbre se detuvo mientras imprimía: mire si el papel salió";

/// Where a paper goes; those that go nowhere share a place.
type Place = Option<String>;

/// The papers under way, at most one in each place.
struct UnderWay {
    inner: Arc<Inner>,
    papers: JoinSet<Going>,
    /// Places that are busy still with a paper of which it was said how it ended: the printer is stuck.
    stuck: JoinSet<Place>,
    busy: BTreeSet<Place>,
    /// The printing of this folder is ours.
    claimed: bool,
    /// What did not come out of a command's papers.
    troubles: Vec<String>,
}

/// Prints what waits until the engine stops, in each place in the order of issue. An engine that `sends` takes up
/// what an earlier run left; a command's begins when it has asked for something itself, and leaves what is under
/// way when it ends.
pub(crate) async fn work(inner: Arc<Inner>, mut stopped: watch::Receiver<bool>, sends: bool) {
    let gated = inner.regime.profile().print == PrintGate::OnAcceptance;
    let mut pushes = inner.pushes.subscribe();
    let mut under_way = UnderWay {
        inner: Arc::clone(&inner),
        papers: JoinSet::new(),
        stuck: JoinSet::new(),
        busy: BTreeSet::new(),
        claimed: false,
        troubles: Vec::new(),
    };
    let last = if sends { LAST } else { GRACE };
    let mut begins = sends;
    // A stop leaves what is under way *begun*: it may come out yet, and the next start takes it for cut.
    let mut patience: Option<Instant> = None;
    loop {
        if begins {
            under_way.begin().await;
        }
        // The next one begins when its place is free, which is a moment after the last one ended.
        let next = begins && !under_way.stuck.is_empty();
        if patience.is_some() && under_way.papers.is_empty() && !next {
            break;
        }
        let waits = begins && !under_way.claimed && patience.is_none();
        tokio::select! {
            biased;
            Some(ended) = under_way.papers.join_next() => {
                match under_way.end(ended).await {
                    // What can't be written is tried again when something else is asked for.
                    None => begins = false,
                    // A command does not wait for a dead printer once for each paper.
                    Some(Printing::Failed { .. } | Printing::Partial { .. }) if patience.is_some() => begins = false,
                    Some(_) => {}
                }
                if sends {
                    patience = patience.map(|_| Instant::now() + last);
                }
            }
            Some(free) = under_way.stuck.join_next() => under_way.free(free),
            () = inner.papers.notified(), if patience.is_none() => begins = true,
            // A verdict may open a gate. One that lags looks again all the same.
            _ = pushes.recv(), if gated && patience.is_none() => begins = true,
            () = stop(&mut stopped), if patience.is_none() => {
                // Of what still waits a command begins its own.
                begins &= !sends;
                if sends {
                    inner.paper.hurry();
                }
                patience = Some(Instant::now() + last);
            }
            () = tokio::time::sleep(TURN), if waits => {}
            () = tokio::time::sleep_until(patience.unwrap_or_else(Instant::now)), if patience.is_some() => {
                break;
            }
        }
    }
    if !sends {
        // Another program that prints takes up what waits.
        let waiting =
            if under_way.claimed { under_way.waiting().map_or(0, |papers| papers.len()) } else { 0 };
        let UnderWay { papers, troubles, .. } = under_way;
        let paper = Some(Arc::clone(&inner.paper));
        *crate::sender::lock(&inner.leftover) = Leftover { papers, paper, troubles, waiting };
    }
}

/// The sender is gone when the engine is dropped: that is a stop too.
async fn stop(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

impl UnderWay {
    /// Begins the first paper of each place that is free.
    async fn begin(&mut self) {
        if !self.claimed {
            if !self.inner.paper.claim() {
                return;
            }
            self.claimed = true;
            mark_cut(&self.inner).await;
        }
        let papers = match self.waiting() {
            Ok(papers) => papers,
            Err(error) => {
                tracing::error!(%error, "what waits for the printers can't be read");
                return;
            }
        };
        // The series decides with the printer's name: one look for all that wait alike.
        let mut places = BTreeMap::new();
        for paper in papers {
            let alike = (paper.document.series.clone(), paper.printer.clone());
            let place = places.entry(alike).or_insert_with(|| self.place(&paper)).clone();
            if !self.busy.contains(&place) && !self.print(paper, place).await {
                return;
            }
        }
    }

    /// Those that wait and may be printed.
    fn waiting(&self) -> Result<Vec<WaitingPaper>, StoreError> {
        let mut papers = self.inner.reader.papers()?;
        papers.retain(|paper| paper.how == Printing::Asked);
        if self.inner.regime.profile().print == PrintGate::OnSeal {
            return Ok(papers);
        }
        let mut open = Vec::new();
        for paper in papers {
            if self.inner.reader.row(&paper.document)?.is_none_or(|row| self.inner.may_print(&row)) {
                open.push(paper);
            }
        }
        Ok(open)
    }

    /// One that can't be read goes nowhere, and its printing tells why.
    fn place(&self, paper: &WaitingPaper) -> Place {
        let receipt = self.inner.receipt(&paper.document).ok().flatten()?;
        self.inner.paper.place(&receipt, paper.printer.as_deref())
    }

    /// `false` when nothing more can be written.
    async fn print(&mut self, paper: WaitingPaper, place: Place) -> bool {
        let why = match self.inner.receipt(&paper.document) {
            Ok(Some(receipt)) => {
                // What comes out with it fares as it does.
                let beside = match paper.copy {
                    Copy::Original => self.inner.paper.beside(&receipt, paper.printer.as_deref()),
                    Copy::Repeated | Copy::Ceded | Copy::CededAgain => None,
                };
                match self.inner.begin_paper(&paper, beside).await {
                    Some(true) => {}
                    // It was asked of another printer since, or nobody wants it any more: that is looked at next.
                    Some(false) => return true,
                    None => return false,
                }
                self.busy.insert(place.clone());
                let (hold, freed) = oneshot::channel::<()>();
                let (printer, name) = (Arc::clone(&self.inner.paper), paper.document.to_string());
                self.papers.spawn(async move {
                    let (copy, named) = (paper.copy, paper.printer.clone());
                    let work = move || printer.print(&name, &receipt, copy, named.as_deref(), Box::new(hold));
                    let ended = tokio::task::spawn_blocking(work).await;
                    let how = ended.unwrap_or_else(|_| Printing::Partial {
                        why: "un error de Timbre lo interrumpió".to_owned(),
                    });
                    (place, Printed { paper, beside, how }, freed)
                });
                return true;
            }
            Ok(None) => "no se encuentra el documento".to_owned(),
            Err(error) => error.to_string(),
        };
        self.inner.tell_paper(&paper, Printing::Failed { why }).await
    }

    /// How a paper ended; `None` when nothing more can be written. Its place is free when its printer is.
    async fn end(&mut self, ended: Result<Going, JoinError>) -> Option<Printing> {
        match ended {
            Ok((place, printed, freed)) => {
                self.stuck.spawn(async move {
                    // Nothing is sent: it is dropped.
                    let _ = freed.await;
                    place
                });
                self.troubles.extend(printed.trouble());
                let Printed { paper, beside, how } = printed;
                self.inner.tell_papers(&paper, beside, how.clone()).await.then_some(how)
            }
            Err(error) => {
                // Its place stays taken: what it did there nobody knows.
                tracing::error!(%error, "a paper ended badly");
                None
            }
        }
    }

    fn free(&mut self, place: Result<Place, JoinError>) {
        match place {
            Ok(place) => _ = self.busy.remove(&place),
            Err(error) => tracing::error!(%error, "a place for paper is lost"),
        }
    }
}

/// What was under way when the last run ended may be on paper: a person looks.
async fn mark_cut(inner: &Inner) {
    for paper in inner.reader.papers().unwrap_or_default() {
        if paper.how == Printing::Begun {
            inner.tell_paper(&paper, Printing::Partial { why: CUT.to_owned() }).await;
        }
    }
}

pub(super) fn facts(paper: &WaitingPaper, beside: Option<Copy>, how: &Printing) -> Vec<Fact> {
    let fact = |copy, how: &Printing| {
        let WaitingPaper { document, printer, .. } = paper.clone();
        Fact::Printed { document, copy, how: how.clone(), printer }
    };
    // One that waits again takes with it what comes out beside it, which by itself waits for nothing.
    let along = if *how == Printing::Asked { &Printing::Waived } else { how };
    // The one that people are told of first is the last.
    beside.map(|beside| fact(beside, along)).into_iter().chain([fact(paper.copy, how)]).collect()
}

impl Inner {
    pub(super) fn may_print(&self, row: &Row) -> bool {
        match self.regime.profile().print {
            PrintGate::OnSeal => true,
            PrintGate::OnAcceptance => matches!(row.state, DocState::Aceptado | DocState::Reparo),
        }
    }

    pub(super) fn receipt(&self, id: &DocumentId) -> Result<Option<Receipt>, StoreError> {
        let Some(issued) = self.reader.issued(id)? else { return Ok(None) };
        let mut receipt = self.regime.receipt(&issued.document, &issued.till);
        if let Some(given) = self.reader.row(id)?.and_then(|row| row.given) {
            self.regime.complete(&mut receipt, &given);
        }
        Ok(Some(receipt))
    }

    async fn tell_paper(&self, paper: &WaitingPaper, how: Printing) -> bool {
        self.tell_papers(paper, None, how).await
    }

    /// Writes that a paper begins, and the one beside it, if it waits still as it was read; `None` where nothing can be
    /// written.
    async fn begin_paper(&self, paper: &WaitingPaper, beside: Option<Copy>) -> Option<bool> {
        let wanted = paper.clone();
        let begin = move |reader: &Reader| {
            if !reader.papers().is_ok_and(|papers| papers.contains(&wanted)) {
                return Vec::new();
            }
            facts(&wanted, beside, &Printing::Begun)
        };
        match self.writer.apply(begin).await {
            Ok(begun) => Some(begun),
            Err(error) => {
                unwritten(&error);
                None
            }
        }
    }

    /// Writes how far a paper has come, and with it the one beside it.
    async fn tell_papers(&self, paper: &WaitingPaper, beside: Option<Copy>, how: Printing) -> bool {
        match self.writer.commit(facts(paper, beside, &how)).await {
            Ok(_) => true,
            Err(error) => {
                unwritten(&error);
                false
            }
        }
    }
}

fn unwritten(error: &WriteError) {
    tracing::error!(%error, "how a paper stands could not be written");
}
