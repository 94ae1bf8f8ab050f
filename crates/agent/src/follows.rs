//! Documents that wait for others: a note leaves when the authority has what it corrects, and is refused before
//! (it was never received). What is of another system, or on paper, is not waited for.

use timbre_core::{DocState, DocumentId};
use timbre_store::{Row, StoreError};

use crate::conversation::TalkError;
use crate::sender::Sender;

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
                if row.attention.is_none() {
                    let authority = self.parts.profile.authority;
                    let why = format!(
                        "Corrige a {document}, que el {authority} rechazó, y no se envía mientras el {authority} no lo \
                         tenga: un documento rechazado no se corrige con una nota, se vuelve a emitir"
                    );
                    self.flag(std::slice::from_ref(&row.id), &why).await?;
                }
                Ok(false)
            }
        }
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
