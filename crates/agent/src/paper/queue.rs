//! What waits for the printers: each of them takes its papers one after the other, and none waits for another.
//!
//! *Begun* is on disk before the first byte leaves, so that a paper that was cut by a stop is known and never
//! printed again unasked. Nobody who sells waits for any of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use timbre_core::paper::Printing;
use timbre_core::receipt::Receipt;
use timbre_core::regime::PrintGate;
use timbre_core::{DocState, DocumentId};
use timbre_store::{Fact, Row, StoreError, WaitingPaper};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use crate::engine::Inner;

/// How long a stop waits for the papers that are under way: whoever opens the folder next waits ten seconds.
const LAST: Duration = Duration::from_secs(5);

/// What is known of a paper that was under way when the program stopped.
const CUT: &str = "Timbre se detuvo mientras imprimía: mire si el papel salió";

/// Where a paper goes; those that go nowhere share a place.
type Place = Option<String>;

/// How a paper ended, `None` when nothing more can be written; and what ends when its place is free again.
type Printed = (Option<Printing>, oneshot::Receiver<()>);

/// The papers under way, at most one in each place.
struct UnderWay {
    inner: Arc<Inner>,
    papers: JoinSet<(Place, Printed)>,
    /// Places that are busy still with a paper of which it was said how it ended: the printer is stuck.
    stuck: JoinSet<Place>,
    busy: BTreeSet<Place>,
}

/// Prints what waits until the engine stops, in each place in the order of issue. An engine that `sends` takes up
/// what an earlier run left; a command's prints only what it asked for itself, and ends when that is done.
pub(crate) async fn work(inner: Arc<Inner>, mut stopped: watch::Receiver<bool>, sends: bool) {
    if sends {
        mark_cut(&inner).await;
        inner.papers.notify_one();
    }
    let gated = inner.regime.profile().print == PrintGate::OnAcceptance;
    let mut pushes = inner.pushes.subscribe();
    let mut under_way = UnderWay {
        inner: Arc::clone(&inner),
        papers: JoinSet::new(),
        stuck: JoinSet::new(),
        busy: BTreeSet::new(),
    };
    let mut begins = false;
    // A stop leaves what is under way *begun*: it may come out yet, and the next start takes it for cut.
    let mut patience: Option<Instant> = None;
    loop {
        if begins {
            under_way.begin();
        }
        if patience.is_some() && under_way.papers.is_empty() {
            return;
        }
        tokio::select! {
            biased;
            Some(ended) = under_way.papers.join_next() => {
                match under_way.end(ended) {
                    // What can't be written is tried again when something else is asked for.
                    None => begins = false,
                    // A command does not wait for a dead printer once for each paper.
                    Some(Printing::Failed { .. } | Printing::Partial { .. }) if patience.is_some() => begins = false,
                    Some(_) => {}
                }
                patience = patience.map(|_| Instant::now() + LAST);
            }
            Some(free) = under_way.stuck.join_next() => under_way.free(free),
            () = inner.papers.notified(), if patience.is_none() => begins = true,
            // A verdict may open a gate. One that lags looks again all the same.
            _ = pushes.recv(), if gated && patience.is_none() => begins = true,
            // The sender is gone when the engine is dropped: that is a stop too.
            _ = stopped.wait_for(|stopped| *stopped), if patience.is_none() => {
                // Of what still waits a command begins its own.
                begins &= !sends;
                patience = Some(Instant::now() + LAST);
            }
            () = tokio::time::sleep_until(patience.unwrap_or_else(Instant::now)), if patience.is_some() => return,
        }
    }
}

impl UnderWay {
    /// Begins the first paper of each place that is free.
    fn begin(&mut self) {
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
            if self.busy.insert(place.clone()) {
                let inner = Arc::clone(&self.inner);
                self.papers.spawn(async move { (place, print(&inner, paper).await) });
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

    /// How a paper ended; `None` when nothing more can be written. Its place is free when its printer is.
    fn end(&mut self, ended: Result<(Place, Printed), JoinError>) -> Option<Printing> {
        match ended {
            Ok((place, (how, freed))) => {
                self.stuck.spawn(async move {
                    // Nothing is sent: it is dropped.
                    let _ = freed.await;
                    place
                });
                how
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

async fn print(inner: &Inner, paper: WaitingPaper) -> Printed {
    let (hold, freed) = oneshot::channel::<()>();
    let how = match inner.receipt(&paper.document) {
        Ok(Some(receipt)) => {
            if !inner.tell_paper(&paper, Printing::Begun).await {
                return (None, freed);
            }
            let (place, name) = (Arc::clone(&inner.paper), paper.document.to_string());
            let (copy, printer) = (paper.copy, paper.printer.clone());
            let work = move || place.print(&name, &receipt, copy, printer.as_deref(), Box::new(hold));
            let ended = tokio::task::spawn_blocking(work).await;
            ended.unwrap_or_else(|_| Printing::Partial {
                why: "un error de Timbre lo interrumpió".to_owned(),
            })
        }
        Ok(None) => Printing::Failed { why: "no se encuentra el documento".to_owned() },
        Err(error) => Printing::Failed { why: error.to_string() },
    };
    (inner.tell_paper(&paper, how.clone()).await.then_some(how), freed)
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

    /// Writes how far a paper has come.
    async fn tell_paper(&self, paper: &WaitingPaper, how: Printing) -> bool {
        let WaitingPaper { document, copy, printer, .. } = paper.clone();
        match self.writer.commit(vec![Fact::Printed { document, copy, how, printer }]).await {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, "how a paper stands could not be written");
                false
            }
        }
    }
}
