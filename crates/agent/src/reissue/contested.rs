//! A document without a verdict whose number the authority knows as another's: a person has another made in its place.
//! What the authority says of the number, asked now, is its rejection.

use timbre_core::{Cause, DocState, DocumentId, NumberFate, Verdict};
use timbre_store::{Fact, Row};

use super::number::Found;
use crate::conversation::{Phase, current, moved, rows_in};
use crate::engine::{Agent, Answer};
use crate::meaning::is_anothers;
use crate::view::ProblemView;

/// A person was called to it, and nobody has decided yet.
pub(super) fn is_contested(row: &Row) -> bool {
    row.attention.is_some() && matches!(row.state, DocState::Enviado | DocState::Verificando)
}

/// Only where the number is another's, or no good, is another one made.
pub(super) fn may_be_rejected(id: &DocumentId, verdict: &Verdict, authority: &str) -> Answer<()> {
    let why = match verdict {
        Verdict::Conflict { .. } | Verdict::Rejected { .. } => return Ok(()),
        Verdict::Absent => format!(
            "El {authority} dice que no tiene {id}: no se vuelve a emitir. Pida «Reenviar»: si es claro que falta, va el mismo documento."
        ),
        Verdict::Accepted { .. } | Verdict::AlreadyThere | Verdict::Sent { .. } => {
            format!(
                "El {authority} dice tener {id}, y falta saber cómo quedó: no se vuelve a emitir. Si en su sitio figura \
                 aceptado, dígalo en «Emitir de nuevo» y queda aceptado."
            )
        }
        Verdict::Lost { .. }
        | Verdict::Fallen { .. }
        | Verdict::Pending
        | Verdict::Unknown { .. }
        | Verdict::Refused { .. } => {
            return Err(ProblemView::unreached(
                "authority-silent",
                format!("El {authority} todavía no dice si tiene {id}: no se hizo nada."),
            ));
        }
    };
    Err(ProblemView::conflict("not-rejected", why))
}

impl Agent {
    /// While others of its parcel are in doubt its bytes may have to go again with theirs. One whose number is another's,
    /// too, never goes again.
    pub(super) fn stands_alone(&self, row: &Row) -> Answer<()> {
        let Some(parcel) = &row.parcel else { return Ok(()) };
        let Some(open) = self.0.reader.parcel_row(parcel)? else { return Ok(()) };
        let undecided = |other: &Row| {
            other.id != row.id
                && !is_anothers(other)
                && matches!(other.state, DocState::Enviado | DocState::Verificando)
        };
        let others = rows_in(&self.0.reader, &open);
        let in_doubt = match Phase::of(open.state.as_ref()) {
            // Should the authority lose it, its bytes do not go again with one in them that was rejected.
            Phase::Follow { .. } | Phase::Parted => false,
            // Its bytes are about to go again.
            Phase::Resend => others.len() > 1,
            Phase::Probe => others.iter().any(undecided),
        };
        if !in_doubt {
            return Ok(());
        }
        Err(ProblemView::conflict(
            "parcel-undecided",
            format!(
                "Otros documentos que viajaron con {} todavía no tienen veredicto. Pida «Reenviar» para que se pregunte \
                 por ellos, y esto otra vez cuando lo tengan.",
                row.id
            ),
        ))
    }

    /// Its rejection, on the authority's word and a person's: with both in the journal, it is made again as any other.
    pub(super) async fn reject(
        &self,
        row: &Row,
        found: &Found,
        who: &str,
        answers: Vec<Fact>,
    ) -> Answer<Row> {
        let (reasons, number) = match found {
            Found::Other(why) | Found::Alike(why) => (vec![why.clone()], NumberFate::Taken),
            Found::Void { reasons, number } => (reasons.clone(), *number),
            Found::NeverLeft { .. } | Found::Absent | Found::Ours => {
                return Err(self.not_rejected(row));
            }
        };
        let (id, version, who) = (row.id.clone(), row.version, who.to_owned());
        self.0
            .writer
            .apply(move |reader| {
                let still = current(reader, &id, version).ok().flatten().filter(is_contested);
                let rejected = still.and_then(|row| moved(&row, Cause::Rejected { reasons, number }, None));
                let Some(rejected) = rejected else { return Vec::new() };
                let what = "Darlo por rechazado: su folio no es suyo en la autoridad".to_owned();
                let acted = Fact::Acted { who, what, documents: vec![id.clone()] };
                let calm = Fact::Attention { document: id, reason: None };
                answers.into_iter().chain([acted, rejected, calm]).collect()
            })
            .await?;
        let now = self.find(&row.id)?;
        match now.state {
            DocState::Rechazado => Ok(now),
            _ => Err(self.not_rejected(&now)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use timbre_core::Remark;

    #[test]
    fn only_a_number_that_is_anothers_or_no_good_has_another_made_in_its_place() {
        let why = || Remark::ours("O", "");
        let may = |verdict| may_be_rejected(&DocumentId::new("A", 1), &verdict, "SII");
        for alike in [false, true] {
            assert_eq!(may(Verdict::Conflict { why: why(), alike }), Ok(()));
        }
        assert_eq!(may(Verdict::Rejected { reasons: vec![why()], number: NumberFate::Consumed }), Ok(()));
        for (verdict, code) in [
            (Verdict::Absent, "not-rejected"),
            (Verdict::Accepted { remarks: None, given: None }, "not-rejected"),
            (Verdict::AlreadyThere, "not-rejected"),
            (Verdict::Pending, "authority-silent"),
            (Verdict::Unknown { why: String::new() }, "authority-silent"),
        ] {
            assert_eq!(may(verdict.clone()).unwrap_err().code, code, "{verdict:?}");
        }
    }
}
