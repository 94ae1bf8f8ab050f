//! Documents that wait for others: a note leaves when the authority has what it corrects, and is refused before
//! (it was never received). What is of another system, or on paper, is not waited for.

use timbre_core::{DocState, DocumentId};
use timbre_store::{Fact, Reader, Row, StoreError};

use crate::conversation::TalkError;
use crate::sender::Sender;

/// How a note that can't leave is flagged.
const CORRECTS: &str = "Corrige a ";

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

impl Sender {
    /// May it leave now? A person is called to one that can't any more as things are.
    pub(crate) async fn has_its_turn(&self, row: &Row) -> Result<bool, TalkError> {
        let state = |id: &DocumentId| Ok(self.reader().row(id)?.map(|row| row.state));
        match turn(&row.follows, state)? {
            Turn::Now => Ok(true),
            Turn::Waits => Ok(false),
            Turn::Lost(document) => {
                // What becomes of the other one changes what is to be done.
                if row.attention.as_ref().is_none_or(|why| why.starts_with(CORRECTS)) {
                    let authority = self.parts.profile.authority;
                    let why = match self.reader().row(&document)?.and_then(|of| of.replaced_by) {
                        Some(by) if row.never_left() => format!(
                            "{CORRECTS}{document}, en cuyo lugar está {by}: vuelva a emitir {} y corregirá a {by}",
                            row.id
                        ),
                        Some(_) | None => format!(
                            "{CORRECTS}{document}, que el {authority} rechazó, y no se envía mientras el {authority} no \
                             lo tenga: un documento rechazado no se corrige con una nota, se vuelve a emitir"
                        ),
                    };
                    if row.attention.as_ref() != Some(&why) {
                        self.explain(row, why).await?;
                    }
                }
                Ok(false)
            }
        }
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
        Ok(self.writer().apply(say).await?)
    }
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
