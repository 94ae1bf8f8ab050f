//! Why a document is not made again, where it is in no state for that, or somebody was faster.

use timbre_core::DocumentId;
use timbre_store::Row;

use crate::engine::Agent;
use crate::follows::stands_for;
use crate::view::ProblemView;

impl Agent {
    pub(super) fn not_rejected(&self, row: &Row) -> ProblemView {
        let why = match self.in_its_place(row) {
            Some(by) => format!("{} ya fue reemplazado: en su lugar está {by}.", row.id),
            None => format!(
                "{} está en {}: solo se vuelve a emitir un documento que el {} rechazó.",
                row.id,
                row.state.word(),
                self.authority()
            ),
        };
        ProblemView::conflict("not-rejected", why)
    }

    pub(super) fn overtaken(&self, row: &Row) -> ProblemView {
        let now = match self.in_its_place(row) {
            Some(by) => format!("está en su lugar {by}"),
            None => format!("va en su versión {}, en {}", row.version, row.state.word()),
        };
        ProblemView::conflict(
            "reissued-meanwhile",
            format!("Otra persona volvió a emitir {} mientras tanto: {now}. No se hizo dos veces.", row.id),
        )
    }

    fn in_its_place(&self, row: &Row) -> Option<DocumentId> {
        row.replaced_by.as_ref()?;
        stands_for(&self.0.reader, row).ok().map(|by| by.id)
    }
}
