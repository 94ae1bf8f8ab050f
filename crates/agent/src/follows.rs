//! Documents that wait for others: a note leaves when the authority has what it corrects, and is refused before
//! (it was never received); and what uses what a note gave back leaves when the authority has taken that note. What
//! is of another system, or on paper, is not waited for.

use timbre_core::{Amount, DocState, DocumentId};
use timbre_store::{Fact, Reader, Row, StoreError};

use crate::conversation::TalkError;
use crate::sender::Sender;

/// How a document that can't leave is flagged.
const CORRECTS: &str = "Corrige a ";
const USES: &str = "Usa lo que devolvía ";
const UNREAD: &str = "Lo que corrige o usa no se puede leer en esta carpeta, y no se envía: pida ayuda";

/// May a document leave, for those that must be there before it?
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Turn {
    Now,
    Waits,
    /// It waits for one that the authority rejected: a person has to act.
    Lost(DocumentId),
}

/// The turn of a document that follows these; `state` is none for what is not of this folder.
fn turn(
    follows: &[DocumentId],
    state: impl Fn(&DocumentId) -> Result<Option<DocState>, StoreError>,
) -> Result<Turn, StoreError> {
    let mut turn = Turn::Now;
    for document in follows {
        match state(document)? {
            None | Some(DocState::Aceptado | DocState::Reparo) => {}
            Some(DocState::Rechazado | DocState::Reemplazado) => return Ok(Turn::Lost(document.clone())),
            Some(
                DocState::Generado
                | DocState::Enviando
                | DocState::Enviado
                | DocState::Verificando
                | DocState::Pendiente,
            ) => turn = Turn::Waits,
        }
    }
    Ok(turn)
}

/// The earlier documents of which `note` gave back what `row` uses; none where `row` names that note itself.
pub(crate) fn given_back(row: &Row, note: &Row) -> Vec<DocumentId> {
    let names =
        row.annuls.as_ref() == Some(&note.id) || row.claims.0.iter().any(|own| own.document == note.id);
    let uses = row.claims.0.iter().filter(|own| !names && own.amount > Amount::ZERO);
    uses.map(|own| &own.document).filter(|of| gives_back(note, of)).cloned().collect()
}

fn gives_back(note: &Row, of: &DocumentId) -> bool {
    note.claims.0.iter().any(|claim| claim.document == *of && claim.amount < Amount::ZERO)
}

/// What is in the place of `row` by now, and so at the end of those that took each other's place: itself where none did.
pub(crate) fn stands_for(reader: &Reader, row: &Row) -> Result<Row, StoreError> {
    let mut row = row.clone();
    // None takes the place of one that came after it: there is an end.
    while let Some(by) = row.replaced_by.as_ref().map(|by| reader.row(by)).transpose()?.flatten() {
        row = by;
    }
    Ok(row)
}

/// Where a document stands that `row` follows, for `row`.
fn stands(reader: &Reader, row: &Row, id: &DocumentId) -> Result<Option<DocState>, StoreError> {
    let Some(of) = reader.row(id)? else { return Ok(None) };
    let mut used = given_back(row, &of);
    if !is_rejected(of.state) && !has_nothing_to_give(reader, &of, &used)? {
        used.clear();
    }
    match used.is_empty() || is_used_twice(reader, &used)? {
        true => Ok(Some(of.state)),
        false => given_back_by_now(reader, &used),
    }
}

fn is_rejected(state: DocState) -> bool {
    matches!(state, DocState::Rechazado | DocState::Reemplazado)
}

/// All whose use of `used` this note takes back were rejected: what they had used is free without it, and as long as it
/// is used otherwise they are not made again.
fn has_nothing_to_give(reader: &Reader, note: &Row, used: &[DocumentId]) -> Result<bool, StoreError> {
    for claim in note.claims.0.iter().filter(|claim| used.contains(&claim.document)) {
        let undone = claim.undoes.as_ref().map(|undone| reader.row(undone)).transpose()?.flatten();
        if undone.is_none_or(|undone| !is_rejected(undone.state)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Something is used beyond what there is of it. Of another system's document nobody here knows how much that is.
fn is_used_twice(reader: &Reader, used: &[DocumentId]) -> Result<bool, StoreError> {
    for id in used {
        if is_over(reader, id, Amount::ZERO)? != Some(false) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Would `more` of a document be used than there is of it? `None` of another system's.
fn is_over(reader: &Reader, id: &DocumentId, more: Amount) -> Result<Option<bool>, StoreError> {
    let Some(of) = reader.row(id)? else { return Ok(None) };
    Ok(Some(reader.used(id)?.claimed.0.saturating_add(more.0) > of.total.0))
}

/// What a rejected document used and could not use again, since another does by now: it is not made again.
fn used_by_another(reader: &Reader, of: &Row) -> Result<Option<DocumentId>, StoreError> {
    for own in of.claims.0.iter().filter(|own| of.state == DocState::Rechazado && own.amount > Amount::ZERO) {
        if is_over(reader, &own.document, own.amount)? == Some(true) {
            return Ok(Some(own.document.clone()));
        }
    }
    Ok(None)
}

/// Another note gave back what a rejected one had: the state of one that is still on its way, if there is any.
fn given_back_by_now(reader: &Reader, used: &[DocumentId]) -> Result<Option<DocState>, StoreError> {
    for id in used {
        for user in reader.row(id)?.map(|of| of.used_by).unwrap_or_default() {
            for note in reader.row(&user)?.map(|of| of.used_by).unwrap_or_default() {
                let note = reader.row(&note)?.filter(|note| gives_back(note, id));
                if let Some(note) = note
                    && turn(&[note.id], |_| Ok(Some(note.state)))? != Turn::Now
                {
                    return Ok(Some(note.state));
                }
            }
        }
    }
    Ok(None)
}

impl Sender {
    /// May it leave now? A person is called to one that can't any more as things are.
    pub(crate) async fn has_its_turn(&self, row: &Row) -> Result<bool, TalkError> {
        let turn = match turn(&row.follows, |id| stands(self.reader(), row, id)) {
            // It holds up no other, and waits itself.
            Err(error @ StoreError::Damaged { .. }) => {
                tracing::error!(%error, document = %row.id, "what it follows can't be read");
                self.flag(std::slice::from_ref(&row.id), UNREAD).await?;
                return Ok(false);
            }
            turn => turn?,
        };
        match turn {
            Turn::Now => Ok(true),
            Turn::Waits => Ok(false),
            Turn::Lost(document) => {
                // What becomes of the other one changes what is to be done.
                let ours = |why: &String| why.starts_with(CORRECTS) || why.starts_with(USES) || why == UNREAD;
                if row.attention.as_ref().is_none_or(ours) {
                    let why = self.why_lost(row, &document)?;
                    if row.attention.as_ref() != Some(&why) {
                        self.explain(row, why).await?;
                    }
                }
                Ok(false)
            }
        }
    }

    fn why_lost(&self, row: &Row, document: &DocumentId) -> Result<String, StoreError> {
        let authority = self.parts.profile.authority;
        let Some(of) = self.reader().row(document)? else { return Ok(rejected(document, authority)) };
        let now = stands_for(self.reader(), &of)?.id;
        if !given_back(row, &of).is_empty() {
            return Ok(format!(
                "{USES}{now}, que el {authority} rechazó, y no se envía para que no se cobre o devuelva dos veces lo mismo: \
                 vuelva a emitir {now}"
            ));
        }
        Ok(match of.replaced_by.is_some() && row.never_left() {
            true => format!(
                "{CORRECTS}{document}, en cuyo lugar está {now}: vuelva a emitir {} y corregirá a {now}",
                row.id
            ),
            false => match used_by_another(self.reader(), &of)? {
                Some(used) => format!(
                    "{CORRECTS}{document}, que el {authority} rechazó, y no se envía: lo que {document} usaba de {used} ya lo usa \
                     otro documento, así que no se vuelve a emitir y no queda nada que corregir. El folio de esta nota queda sin \
                     usar"
                ),
                None => rejected(document, authority),
            },
        })
    }

    /// Says why it can't leave, unless its flag says something else by now.
    async fn explain(&self, row: &Row, why: String) -> Result<(), TalkError> {
        let (id, before) = (row.id.clone(), row.attention.clone());
        let say = move |reader: &Reader| match reader.row(&id) {
            Ok(Some(row)) if row.attention == before => {
                vec![Fact::Attention { document: id, reason: Some(why) }]
            }
            Ok(_) | Err(_) => Vec::new(),
        };
        self.writer().apply(say).await?;
        Ok(())
    }
}

fn rejected(document: &DocumentId, authority: &str) -> String {
    format!(
        "{CORRECTS}{document}, que el {authority} rechazó, y no se envía mientras el {authority} no lo tenga: un documento \
         rechazado no se corrige con una nota, se vuelve a emitir"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_leaves_when_all_that_are_ours_were_accepted() {
        let id = |number| DocumentId::new("33", number);
        let turn_of = |states: &[Option<DocState>]| {
            let follows: Vec<_> = (0..states.len() as u64).map(id).collect();
            turn(&follows, |document| Ok(states[document.number as usize])).unwrap()
        };
        use DocState::*;
        assert_eq!(turn_of(&[]), Turn::Now);
        assert_eq!(turn_of(&[None]), Turn::Now, "a paper, or another system's");
        for state in DocState::ALL {
            let alone = match state {
                Aceptado | Reparo => Turn::Now,
                Rechazado | Reemplazado => Turn::Lost(id(0)),
                Generado | Enviando | Enviado | Verificando | Pendiente => Turn::Waits,
            };
            assert_eq!(turn_of(&[Some(state)]), alone, "{state:?}");
        }
        assert_eq!(turn_of(&[Some(Aceptado), None, Some(Enviado)]), Turn::Waits);
        assert_eq!(turn_of(&[Some(Enviado), Some(Rechazado)]), Turn::Lost(id(1)));
    }
}
