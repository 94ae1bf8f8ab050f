//! Paper: what is asked of the printers, and what is drawn of a document for who asks. A paper is asked for with
//! the document itself, in the same write. Where the law wants a document accepted before it is on paper, what was
//! asked for waits for that too, and nothing of it is drawn before.

mod copies;
mod leftover;
mod queue;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use timbre_core::paper::{Copy, Drawing, Printing};
use timbre_core::{DocumentId, Refusal, Refusals, Sale, Series};
use timbre_store::{Fact, Row, WaitingPaper};
use tokio::sync::{broadcast, watch};

pub(crate) use self::copies::reads_otherwise;
pub use self::leftover::{Leftover, Printed};
pub(crate) use self::queue::work;
use crate::engine::{Agent, Answer, missing, parse_id};
use crate::sender::lock;
use crate::view::{PaperView, ProblemView};

/// How long one who printed by hand waits for the end. A printer may take longer; it is told all the same.
const PATIENCE: Duration = Duration::from_secs(40);

/// How long a test page is waited for when the doors close, which wait for two seconds.
const LAST_MOMENT: Duration = Duration::from_millis(1500);

/// A document just issued asks for its original, in the same write.
pub(crate) fn asked(issued: &Fact) -> Option<Fact> {
    match issued {
        Fact::Issued(issued) => Some(Fact::Printed {
            document: issued.document.id.clone(),
            copy: Copy::Original,
            how: Printing::Asked,
            printer: issued.till.impresora.clone(),
        }),
        _ => None,
    }
}

/// The papers of a document that another took the place of, where they have not begun: nobody wants them any more.
pub(crate) fn unwanted(replaced: &Row) -> impl Iterator<Item = Fact> {
    let asked = replaced.papers.iter().filter(|(_, how)| *how == Printing::Asked);
    asked.map(|(copy, _)| {
        let (document, how) = (replaced.id.clone(), Printing::Waived);
        Fact::Printed { document, copy: *copy, how, printer: None }
    })
}

impl Agent {
    /// Marks a sale whose document is to be printed by itself.
    pub(crate) fn wants_paper(&self, sale: &mut Sale, series: &Series) {
        sale.print = self.prints_on_issue(series, sale.till.impresora.as_deref());
    }

    /// What the regime made of a sale, and beside it that the till names a printer which nobody set up: said before
    /// a number is taken.
    pub(crate) fn judge_printer<T>(&self, sale: &Sale, judged: Result<T, Refusals>) -> Result<T, Refusals> {
        let unknown = sale.till.impresora.as_deref().filter(|name| !self.0.paper.knows(name));
        let Some(name) = unknown else { return judged };
        let mut all = judged.err().map_or_else(Vec::new, |refusals| refusals.0);
        all.push(unknown_printer(name, "Timbre.Impresora"));
        Err(Refusals(all))
    }

    pub(crate) fn prints_on_issue(&self, series: &Series, printer: Option<&str>) -> bool {
        self.0.paper.on_issue(series, printer)
    }

    /// A document drawn without a printer. Slow for who waits in an async task.
    pub fn draw(&self, id: &str, copies: &[Copy], drawing: Drawing) -> Answer<Vec<u8>> {
        let id = parse_id(id)?;
        self.gate(&self.find(&id)?)?;
        let receipt = self.0.receipt(&id)?.ok_or_else(|| missing(&id))?;
        Ok(self.0.paper.draw(&receipt, copies, drawing)?)
    }

    /// The original of a ticket as SVG, for a screen.
    pub fn picture(&self, id: &str) -> Answer<String> {
        let drawn = self.draw(id, &[Copy::Original], Drawing::Svg)?;
        String::from_utf8(drawn).map_err(ProblemView::internal)
    }

    /// Prints by hand: the original when there is none yet, else a marked copy; or the one to be ceded, alike. Answers
    /// when it ended, or how it stands when that takes too long. What can't be is refused, and nothing is asked: so is
    /// one on a printer that is named, while another prints it, and one of a document that another took the place of.
    pub async fn print(&self, id: &str, ceded: bool, printer: Option<String>) -> Answer<PaperView> {
        let id = parse_id(id)?;
        let row = self.find(&id)?;
        in_force(&row)?;
        self.gate(&row)?;
        self.known(printer.as_deref())?;
        let receipt = self.0.receipt(&id)?.ok_or_else(|| missing(&id))?;
        if ceded && receipt.ceded.is_none() {
            let why = format!("{id} no tiene copia cedible.");
            return Err(Refusal::new("paper-not-ceded", "", why).into());
        }
        let mut pushes = self.subscribe();
        let mut closing = self.0.closing.subscribe();
        let (wanted, regime, paper) = (id.clone(), Arc::clone(&self.0.regime), Arc::clone(&self.0.paper));
        let held: Arc<Mutex<Option<WaitingPaper>>> = Arc::default();
        let slot = Arc::clone(&held);
        self.0
            .writer
            .apply(move |reader| {
                // It may have been replaced since it was looked at.
                if reader.row(&wanted).ok().flatten().is_some_and(|row| in_force(&row).is_err()) {
                    return Vec::new();
                }
                // What can't be read is for the reader to tell.
                let of_it = |paper: &WaitingPaper| paper.document == wanted && paper.copy.is_ceded() == ceded;
                let waits = reader.papers().ok().and_then(|papers| papers.into_iter().find(of_it));
                let place = |named: Option<&str>| paper.place(&receipt, named);
                let there = |waits: &WaitingPaper| {
                    printer.is_none() || place(printer.as_deref()) == place(waits.printer.as_deref())
                };
                let copy = match waits {
                    // One that waits already is not asked for twice.
                    Some(waits) if there(&waits) => return Vec::new(),
                    // Nobody has any of it yet: the same paper goes to the other printer.
                    Some(waits) if waits.how == Printing::Asked => waits.copy,
                    Some(begun) => {
                        *lock(&slot) = Some(begun);
                        return Vec::new();
                    }
                    None => {
                        // Of what can't be read a paper may be out.
                        let marked = if ceded { Copy::CededAgain } else { Copy::Repeated };
                        copies::next(reader, &*regime, &wanted, ceded).unwrap_or(marked)
                    }
                };
                vec![Fact::Printed { document: wanted, copy, how: Printing::Asked, printer }]
            })
            .await?;
        in_force(&self.find(&id)?)?;
        // One that was cut is found out, too.
        self.0.papers.notify_one();
        if let Some(begun) = lock(&held).take() {
            return Err(busy_elsewhere(&begun));
        }
        let of = |id: &DocumentId| -> Answer<Option<PaperView>> {
            Ok(self.find(id)?.paper_of(ceded).map(PaperView::from))
        };
        let ended = async {
            loop {
                if let Some(paper) = of(&id)?.filter(PaperView::is_ended) {
                    return Ok(paper);
                }
                match pushes.recv().await {
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return Err(ProblemView::internal("cerrado")),
                }
            }
        };
        // Another program prints, and takes this one up when it comes back to the folder: it is not to be kept out.
        let patience = if self.0.paper.claim() { PATIENCE } else { Duration::ZERO };
        tokio::select! {
            paper = ended => paper,
            () = tokio::time::sleep(patience) => of(&id)?.ok_or_else(|| ProblemView::internal("papel")),
            () = closes(&mut closing) => of(&id)?.ok_or_else(|| ProblemView::internal("papel")),
        }
    }

    /// The page that shows whether a printer is set up well: the shop's own, or the one that is named.
    pub async fn test_printer(&self, printer: Option<String>) -> Answer<PaperView> {
        self.known(printer.as_deref())?;
        let paper = Arc::clone(&self.0.paper);
        let test = tokio::task::spawn_blocking(move || paper.test(printer.as_deref()));
        let mut closing = self.0.closing.subscribe();
        let how = tokio::select! {
            how = test => how.map_err(ProblemView::internal)?,
            () = async { closes(&mut closing).await; tokio::time::sleep(LAST_MOMENT).await } => {
                Printing::Partial { why: queue::CUT.to_owned() }
            }
        };
        // Nothing will try a test again.
        let how = match how {
            Printing::Asked => Printing::Failed { why: "la impresora no responde".to_owned() },
            how => how,
        };
        Ok(PaperView::from(&(Copy::Original, how)))
    }

    /// A person looked for a paper that did not come out, or not for certain: it is there, or it is wanted no more.
    pub async fn settle_paper(&self, id: &str, printed: bool) -> Answer<PaperView> {
        let id = parse_id(id)?;
        let paper = self.find(&id)?.paper().cloned();
        let settled = move |how: &Printing| match (printed, how) {
            (true, Printing::Partial { .. }) => Some(Printing::Seen),
            (false, Printing::Partial { .. } | Printing::Failed { .. }) => Some(Printing::Waived),
            _ => None,
        };
        if paper.as_ref().and_then(|(_, how)| settled(how)).is_none() {
            let why = format!("El papel de {id} no espera que alguien lo revise.");
            return Err(Refusal::new("paper-settled", "", why).into());
        }
        let wanted = id.clone();
        self.0
            .writer
            .apply(move |reader| {
                let paper = reader.row(&wanted).ok().flatten().and_then(|row| row.paper().cloned());
                let fact = |(copy, how): (Copy, Printing)| {
                    let how = settled(&how)?;
                    Some(Fact::Printed { document: wanted, copy, how, printer: None })
                };
                paper.and_then(fact).into_iter().collect()
            })
            .await?;
        let paper = self.find(&id)?.paper().cloned();
        paper.as_ref().map(PaperView::from).ok_or_else(|| missing(&id))
    }

    /// Refuses what may not be on paper yet.
    fn gate(&self, row: &Row) -> Answer<()> {
        if self.0.may_print(row) {
            return Ok(());
        }
        let why = format!(
            "{} todavía no se puede imprimir: antes tiene que aceptarlo {}.",
            row.id,
            self.0.regime.profile().authority
        );
        Err(Refusal::new("paper-too-soon", "", why).into())
    }

    fn known(&self, printer: Option<&str>) -> Answer<()> {
        match printer.filter(|name| !self.0.paper.knows(name)) {
            Some(name) => Err(unknown_printer(name, "printer").into()),
            None => Ok(()),
        }
    }
}

async fn closes(closing: &mut watch::Receiver<bool>) {
    // It goes with its engine: that is an end, too.
    let _ = closing.wait_for(|closing| *closing).await;
}

/// Refuses paper of what another document took the place of: a customer would hold a number that is to be annulled.
fn in_force(row: &Row) -> Answer<()> {
    let Some(by) = &row.replaced_by else { return Ok(()) };
    let why = format!("{} ya no se imprime: en su lugar está {by}. Imprima ese documento.", row.id);
    Err(ProblemView::conflict("paper-replaced", why))
}

/// It is on its way to paper on another printer than the one that is wanted now.
fn busy_elsewhere(paper: &WaitingPaper) -> ProblemView {
    let place = paper.printer.as_ref().map_or("otra impresora".to_owned(), |name| format!("«{name}»"));
    let why = format!(
        "{} se está imprimiendo en {place}: espere a que termine, o pida una copia después.",
        paper.document
    );
    ProblemView::conflict("paper-under-way", why)
}

fn unknown_printer(name: &str, path: &str) -> Refusal {
    let message = format!("No hay una impresora «{name}» configurada. Revise el nombre en Ajustes.");
    Refusal::new("printer-unknown", path, message)
}
