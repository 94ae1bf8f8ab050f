//! A rejected document, or one without a verdict that a person was called to, that turns out to be accepted. The
//! authority's word that it holds this very one proves it together with a person's, who saw it accepted there: by itself
//! neither does, for some keep what they rejected.

use timbre_core::{Cause, DocState, NumberFate, Verdict};
use timbre_store::{Fact, Reader, Row};

use super::contested::is_contested;
use super::fate;
use super::number::Found;
use crate::conversation::{annulled, current, moved};
use crate::engine::{Agent, Answer, parse_id};
use crate::meaning::{calm, may_be_its_earlier};
use crate::view::{ProblemView, RowView};

impl Agent {
    /// Nothing is issued: the document itself is accepted. What it used up of others it uses up again, or is refused.
    pub async fn found_accepted(&self, id: &str, who: &str) -> Answer<RowView> {
        let id = parse_id(id)?;
        let (row, who, authority) = (self.find(&id)?, self.named(who)?, self.authority());
        if !may_be(&row) {
            return Err(self.not_rejected(&row));
        }
        let not_held = |why: String| Err(ProblemView::conflict("not-held", why));
        if fate(&self.0.reader.history(&id)?, row.version) == Some(NumberFate::Taken) {
            return not_held(format!(
                "El {authority} rechazó {id} porque tiene otro documento con su folio: no se da por aceptado."
            ));
        }
        // On the same folio, perhaps it is an earlier version that it accepted after all.
        let (mut held, mut answers) = (None, Vec::new());
        for version in (1..=row.version).rev() {
            let Some(document) = self.0.reader.version(&id, version)? else { continue };
            let told = self.ask_about(&row, document).await?;
            answers.extend(told.answers);
            if let Verdict::Accepted { given, .. } = told.verdict {
                held = Some(((version < row.version).then_some(version), given));
                break;
            }
        }
        let Some((earlier, given)) = held else {
            return not_held(format!(
                "El {authority} no dice tener este mismo documento ({id}): no se da por aceptado. Si en su sitio figura, \
                 pídalo otra vez más tarde."
            ));
        };
        let what = match earlier {
            Some(version) => format!("{ACCEPTED}, con su versión {version}"),
            None => ACCEPTED.to_owned(),
        };
        let (document, version) = (id.clone(), row.version);
        let noted = earlier.is_none().then(|| who.clone());
        let facts = move |reader: &Reader| {
            let still = current(reader, &document, version).ok().flatten().filter(may_be);
            let accepted = still
                .and_then(|row| Some((moved(&row, Cause::FoundAccepted { who: noted, given }, None)?, row)));
            let Some((accepted, row)) = accepted else { return Vec::new() };
            let acted = Fact::Acted { who, what, documents: vec![document] };
            let rest = [acted, accepted].into_iter().chain(annulled(reader, &row)).chain(calm(&row));
            answers.into_iter().chain(rest).collect()
        };
        self.0.writer.apply(facts).await?;
        // What waits for its acceptance: notes, paper.
        self.0.sender.wake();
        self.0.papers.notify_one();
        let now = self.find(&id)?;
        match now.state {
            DocState::Aceptado => Ok(self.row(&now)),
            _ => Err(self.overtaken(&now)),
        }
    }

    /// The authority has this very document, which it is said to have rejected: perhaps it did accept it, and another
    /// one would be the same sale twice. So it would be where it has one like it. A person looks, and may then ask for
    /// another number.
    pub(super) async fn held_after_all(
        &self,
        row: &Row,
        (found, fate): (&Found, Option<NumberFate>),
        answers: Vec<Fact>,
    ) -> Answer<ProblemView> {
        let authority = self.authority();
        let (code, reason) = match found {
            Found::Alike(_) if may_be_its_earlier(&self.0.reader, &row.id, row.version) => (
                "same-data-held",
                format!(
                    "El {authority} tiene con este folio la versión anterior de este documento, de los mismos datos: puede que la \
                     haya aceptado. Véala en su sitio: si allá figura aceptada la venta ya está, dígalo en «Emitir de nuevo» y \
                     queda aceptada, sin emitir otra; solo si figura rechazada emítala con un folio nuevo"
                ),
            ),
            Found::Alike(_) => (
                "same-data-held",
                format!(
                    "El {authority} tiene con este folio otro documento, de los mismos datos: puede ser esta misma venta, \
                     emitida dos veces. Véalo en su sitio, y solo si es otra venta vuelva a emitirla con un folio nuevo"
                ),
            ),
            // It may be another's all the same.
            _ if fate == Some(NumberFate::Taken) => (
                "accepted-after-all",
                format!(
                    "El {authority} dice tener este mismo documento, y lo rechazó porque tenía otro con su folio. Véalo en \
                     su sitio, y solo si allá falta esta venta vuelva a emitirla con un folio nuevo"
                ),
            ),
            _ => (
                "accepted-after-all",
                format!(
                    "El {authority} dice tener este mismo documento: puede que lo haya aceptado. Véalo en su sitio: si allá \
                     figura aceptado, dígalo en «Emitir de nuevo» y queda aceptado, sin emitir otro; solo si figura rechazado \
                     emítalo con un folio nuevo"
                ),
            ),
        };
        let problem = ProblemView::conflict(code, format!("{reason}. No se emitió nada."));
        let (document, version) = (row.id.clone(), row.version);
        let note = move |reader: &Reader| {
            let still = current(reader, &document, version).ok().flatten();
            let rejected = still.is_some_and(|row| row.state == DocState::Rechazado);
            let call = rejected.then(|| Fact::Attention { document, reason: Some(reason) });
            answers.into_iter().chain(call).collect()
        };
        self.0.writer.apply(note).await?;
        Ok(problem)
    }
}

/// What the journal says.
const ACCEPTED: &str = "Darlo por aceptado: así figura en el sitio de la autoridad";

fn may_be(row: &Row) -> bool {
    row.state == DocState::Rechazado || is_contested(row)
}
