//! What a note annuls is not made again: the sale was undone, and another document would bring it alive without a word
//! (trade.md, documents and folios, 3).

use timbre_core::DocState;
use timbre_store::{Reader, Row, StoreError};

use crate::engine::{Agent, Answer};
use crate::view::ProblemView;

impl Agent {
    /// A person looks at the note first. One that the authority rejects annuls nothing any more.
    pub(super) fn is_not_annulled(&self, row: &Row) -> Answer<()> {
        let Some(note) = note_on(&self.0.reader, row)? else { return Ok(()) };
        let (id, note, authority, decided) = (&row.id, &note.id, self.authority(), is_accepted(&note));
        let why = match decided {
            true => format!(
                "{id} está anulado por {note}, que el {authority} tiene aceptado: emitirlo de nuevo dejaría en pie una venta \
                 que se anuló. Vea {note}; si la venta se hizo igual, emítala como venta nueva"
            ),
            false => format!(
                "{note} anula {id}, y ya salió al {authority}, que todavía no dice cómo quedó: emitir {id} de nuevo podría \
                 dejar en pie una venta que se anuló. Vea {note}, y pídalo otra vez si el {authority} la rechaza"
            ),
        };
        Err(ProblemView::conflict("annulled", format!("{why}. No se emitió nada.")))
    }
}

/// The note that annuls it, or that is with the authority to do so. One that waits here does not count: it leaves once
/// what it annuls was made again, and annuls that.
fn note_on(reader: &Reader, row: &Row) -> Result<Option<Row>, StoreError> {
    for user in row.annulled_by.iter().chain(&row.used_by) {
        let note = reader.row(user)?;
        if let Some(note) = note.filter(|note| note.annuls.as_ref() == Some(&row.id) && stands(note)) {
            return Ok(Some(note));
        }
    }
    Ok(None)
}

fn stands(note: &Row) -> bool {
    let left = matches!(note.state, DocState::Enviando | DocState::Enviado | DocState::Verificando);
    (left || is_accepted(note)) && note.annulled_by.is_none()
}

fn is_accepted(note: &Row) -> bool {
    matches!(note.state, DocState::Aceptado | DocState::Reparo)
}
