//! Who sold. Of what is sold at the panel a PIN alone tells it, whatever the page says; a program says it of its own
//! sales. It is kept with the document, in the till's data.

use timbre_core::Sale;

use crate::doer::{Doer, Hand};
use crate::engine::{Agent, Answer};
use crate::roles::{SELL, Spent};
use crate::view::ProblemView;

/// What a sale of the panel comes with beside itself.
#[derive(Debug, Default)]
pub(crate) struct Till {
    /// Whoever said their PIN to stand at the till.
    permit: Option<String>,
    /// Who allowed this very sale by theirs: a note.
    allowed: Option<String>,
}

impl Agent {
    /// The same engine for a sale of the panel: with the permit of who stands at its till, and with who allowed it.
    pub fn at_the_till(&self, permit: Option<String>, allowed: Option<String>) -> Agent {
        let till = Some(Till { permit, allowed });
        Agent(self.0.clone(), Some(Hand { doer: Doer::Here, said: None, till }.into()))
    }

    /// Puts who sold into a new sale of the panel. While nobody has a PIN it stays as it was said.
    pub(crate) fn name_seller(&self, sale: &mut Sale) -> Answer<()> {
        let Some(till) = self.1.as_ref().and_then(|hand| hand.till.as_ref()) else { return Ok(()) };
        let Some(staff) = self.0.staff.get().filter(|staff| staff.asks()) else { return Ok(()) };
        // Where the list of workers can't be read nobody could say who they are, and no sale stops for it.
        let must = self.0.sender.settings().ask_cashier && !staff.list().workers.is_empty();
        let stands =
            till.permit.as_deref().map(|permit| staff.spend(SELL, permit).map(|Spent { who, .. }| who));
        sale.till.cajero = match (stands, &till.allowed) {
            (Some(Some(who)), _) => Some(who),
            (_, Some(who)) => Some(who.clone()),
            (None | Some(None), None) if must => return Err(needed()),
            (Some(None), None) => return Err(over()),
            (None, None) => None,
        };
        Ok(())
    }
}

fn needed() -> ProblemView {
    ProblemView::forbidden(
        "cashier-needed",
        "Para cobrar falta decir quién atiende la caja: elija el cajero y su PIN.",
    )
}

/// Nothing is sold under nobody's name in silence where somebody's stood before.
fn over() -> ProblemView {
    let detail = "El turno del cajero en esta caja terminó. Elija quién cobra, o cobre sin cajero.";
    ProblemView::forbidden("cashier-over", detail)
}
