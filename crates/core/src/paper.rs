//! Where a receipt becomes paper: filled in by the composition root, so that the till's side knows
//! no printer.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::receipt::Receipt;
use crate::{Refusal, Series};

/// Which paper of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Copy {
    /// The customer's, printed once.
    #[default]
    Original,
    /// Printed again, and marked so.
    Repeated,
    /// The one with which the claim may be ceded, printed once.
    Ceded,
    /// The same again, and marked so.
    CededAgain,
}

impl Copy {
    /// With the words and the box of the copy that may be ceded.
    pub fn is_ceded(self) -> bool {
        matches!(self, Copy::Ceded | Copy::CededAgain)
    }

    /// Printed again: it must be told from the first.
    pub fn is_marked(self) -> bool {
        matches!(self, Copy::Repeated | Copy::CededAgain)
    }
}

impl fmt::Display for Copy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Copy::Original => "original",
            Copy::Repeated => "copia",
            Copy::Ceded => "cedible",
            Copy::CededAgain => "copia cedible",
        })
    }
}

/// How far a paper has come. The words of the variants are the store's format.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "paper", rename_all = "lowercase")]
pub enum Printing {
    /// It waits for the printer.
    Asked,
    /// Bytes may have left. One that is found so after a stop is never printed again unasked.
    Begun,
    /// The printer said that it is on paper.
    #[default]
    Done,
    /// The printer took all of it, and is of those that do not tell what became of it.
    Handed,
    /// Some of it may be on paper.
    Partial { why: String },
    /// None of it is.
    Failed { why: String },
    /// A person looked, and it is on paper.
    Seen,
    /// A person wants it no more.
    Waived,
}

impl Printing {
    pub fn is_ended(&self) -> bool {
        !matches!(self, Printing::Asked | Printing::Begun)
    }

    /// It was asked for and is not, or not whole, on paper: a person has to look.
    pub fn is_lacking(&self) -> bool {
        matches!(self, Printing::Partial { .. } | Printing::Failed { .. })
    }

    /// It may be in somebody's hand.
    pub fn is_out(&self) -> bool {
        matches!(self, Printing::Done | Printing::Handed | Printing::Partial { .. } | Printing::Seen)
    }

    /// As the panel says it.
    pub fn word(&self) -> &'static str {
        match self {
            Printing::Asked => "Por imprimir",
            Printing::Begun => "Imprimiendo",
            Printing::Done => "Impreso",
            Printing::Handed => "Entregado a la impresora",
            Printing::Partial { .. } => "Parcial",
            Printing::Failed { .. } => "No impreso",
            Printing::Seen => "Impreso, según quien lo vio",
            Printing::Waived => "Sin imprimir, ya no hace falta",
        }
    }

    /// What happened, where it is not well.
    pub fn why(&self) -> &str {
        match self {
            Printing::Partial { why } | Printing::Failed { why } => why,
            Printing::Asked
            | Printing::Begun
            | Printing::Done
            | Printing::Handed
            | Printing::Seen
            | Printing::Waived => "",
        }
    }
}

/// What is drawn of a receipt without a printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawing {
    /// Letter sheets.
    Pdf,
    /// A printer's bytes, on paper of 80 or of 58 mm.
    Ticket80,
    Ticket58,
    /// The ticket as a picture for the screen.
    Svg,
}

/// Kept by who prints for as long as its place is busy, and then let go: a printer that is stuck may be busy long
/// after it was said how its paper ended.
pub type Hold = Box<dyn Send>;

/// A place that prints, and what draws for it.
pub trait Paper: Send + Sync {
    /// What is issued of this type goes to paper by itself: on the printer that is named, or on one that takes the type.
    fn on_issue(&self, series: &Series, printer: Option<&str>) -> bool;

    /// Whether a printer of this name is set up.
    fn knows(&self, printer: &str) -> bool;

    /// Where such a paper would go: papers of one place wait for each other, and those of several do not. `None`
    /// where there is none for it.
    fn place(&self, receipt: &Receipt, printer: Option<&str>) -> Option<String>;

    /// What comes out beside the original of itself: the copy to be ceded, where the place prints both.
    fn beside(&self, _: &Receipt, _: Option<&str>) -> Option<Copy> {
        None
    }

    /// Prints, and says how it ended; the sale stands either way. It may take as long as a printer takes: not
    /// for an async task. `name` is for places that keep files; without a `printer` the kind of document decides.
    fn print(&self, name: &str, receipt: &Receipt, copy: Copy, printer: Option<&str>, hold: Hold)
    -> Printing;

    /// Takes the printing of this folder for this program, which keeps it until [`Paper::leave`]: `false` while
    /// another one, that has let go of the folder, still prints.
    fn claim(&self) -> bool {
        true
    }

    /// This program is about to end. What is under way ends soon: of what no byte has left yet none leaves any more,
    /// and it is given back as [`Printing::Asked`]; what has begun is given no longer than a paper takes.
    fn hurry(&self) {}

    /// Gives the printing back: nothing of ours is under way, and who has the folder knows it.
    fn leave(&self) {}

    /// A page that shows whether letters, cut and width are right; without a `printer` on the shop's own.
    fn test(&self, printer: Option<&str>) -> Printing;

    fn draw(&self, receipt: &Receipt, copies: &[Copy], drawing: Drawing) -> Result<Vec<u8>, Refusal>;
}

/// Prints nothing and draws nothing: an engine without paper.
pub struct NoPaper;

impl Paper for NoPaper {
    fn on_issue(&self, _: &Series, _: Option<&str>) -> bool {
        false
    }

    fn knows(&self, _: &str) -> bool {
        false
    }

    fn place(&self, _: &Receipt, _: Option<&str>) -> Option<String> {
        None
    }

    fn print(&self, _: &str, _: &Receipt, _: Copy, printer: Option<&str>, _: Hold) -> Printing {
        self.test(printer)
    }

    fn test(&self, _: Option<&str>) -> Printing {
        Printing::Failed { why: "No hay una impresora configurada.".to_owned() }
    }

    fn draw(&self, _: &Receipt, _: &[Copy], _: Drawing) -> Result<Vec<u8>, Refusal> {
        Err(Refusal::new("paper-none", "", "Aquí no se puede dibujar un documento."))
    }
}
