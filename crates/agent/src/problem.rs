//! From typed errors to an answer a person can act on: the one place where they become sentences
//! with an HTTP status.

use std::fmt;

use timbre_core::{DocumentId, Refusal, Refusals, Remark};
use timbre_store::{StoreError, is_full};

use crate::show::refusals;
use crate::view::{ProblemView, RefusalView};
use crate::writer::{IssueError, WriteError};

impl ProblemView {
    fn new(status: u16, code: &str, title: &str, detail: impl Into<String>) -> ProblemView {
        ProblemView {
            status,
            code: code.to_owned(),
            title: title.to_owned(),
            detail: detail.into(),
            errors: Vec::new(),
        }
    }

    /// The request itself can't be understood.
    pub fn bad_request(code: &str, detail: impl Into<String>) -> ProblemView {
        ProblemView::new(400, code, "Solicitud mal hecha", detail)
    }

    pub fn not_found(what: impl fmt::Display) -> ProblemView {
        ProblemView::new(404, "not-found", "No existe", format!("No existe {what}."))
    }

    /// It can't be done with that document.
    pub fn refused(code: &str, detail: impl Into<String>) -> ProblemView {
        ProblemView::new(422, code, "Rechazado", detail)
    }

    /// Who asks may not do that.
    pub fn forbidden(code: &str, detail: impl Into<String>) -> ProblemView {
        ProblemView::new(403, code, "Sin permiso", detail)
    }

    /// Something else happened to it meanwhile, or before.
    pub fn conflict(code: &str, detail: impl Into<String>) -> ProblemView {
        ProblemView::new(409, code, "No corresponde ahora", detail)
    }

    /// The authority was not reached, or no answer of it.
    pub fn unreached(code: &str, detail: impl Into<String>) -> ProblemView {
        ProblemView::new(504, code, "Sin respuesta", detail)
    }

    /// The authority says no: what it means, and its own words and code.
    pub fn said_no(status: u16, code: &str, authority: &str, why: &Remark) -> ProblemView {
        let message = match why.words.as_str() {
            "" => why.meaning.clone(),
            words => format!("{} ({authority}: «{words}»)", why.meaning),
        };
        let errors = vec![RefusalView {
            code: why.code.clone(),
            path: String::new(),
            message: message.clone(),
            authority_codes: vec![why.code.clone()],
        }];
        ProblemView { errors, ..ProblemView::new(status, code, "La autoridad dice que no", message) }
    }

    /// Something of ours failed; the detail names no secret.
    pub fn internal(detail: impl fmt::Display) -> ProblemView {
        ProblemView::new(500, "internal", "Error de Timbre", detail.to_string())
    }
}

impl fmt::Display for ProblemView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for ProblemView {}

impl From<Refusals> for ProblemView {
    fn from(all: Refusals) -> ProblemView {
        let malformed = all.0.iter().any(|r| r.code == "json-malformed");
        let (status, title) = match (malformed, all.temporary()) {
            (true, _) => (400, "Solicitud mal hecha"),
            (_, true) => (503, "No se puede ahora"),
            _ => (422, "Rechazado"),
        };
        let code = all.0.first().map_or("refused", |r| r.code.as_str());
        ProblemView { errors: refusals(&all.0), ..ProblemView::new(status, code, title, all.sentences()) }
    }
}

impl From<Refusal> for ProblemView {
    fn from(one: Refusal) -> ProblemView {
        Refusals::from(one).into()
    }
}

impl From<&StoreError> for ProblemView {
    fn from(error: &StoreError) -> ProblemView {
        match error {
            StoreError::Refused(refusal) => refusal.clone().into(),
            StoreError::KeyTaken { key, document } => ProblemView::conflict(
                "key-conflict",
                format!("La clave «{key}» ya es del documento {document}. {}", issued_or_other(document)),
            ),
            StoreError::NoDocument(id) => ProblemView::not_found(format_args!("el documento {id}")),
            StoreError::Poisoned | StoreError::Reopening | StoreError::Locked(_) | StoreError::InUse(_) => {
                ProblemView::new(503, "store-stopped", "No se puede ahora", error.to_string())
            }
            StoreError::Damaged { .. } => {
                ProblemView::new(500, "store-damaged", "Datos dañados", error.to_string())
            }
            // The next try may find room again, or the disk back in its place (trade.md 23).
            StoreError::Io { source, .. } | StoreError::IndexDisk(source) if is_full(source.kind()) => {
                let detail = format!("{} y pida de nuevo", error.plainly());
                ProblemView::new(503, "disk-full", "No se puede ahora", detail)
            }
            StoreError::Io { .. } => {
                tracing::error!(%error, "the disk failed");
                ProblemView::new(503, "disk-failed", "No se puede ahora", error.plainly())
            }
            // A question may go well the next time; what sells and sends opens the folder again by itself.
            StoreError::Index(_) | StoreError::IndexDisk(_) => ProblemView::new(
                503,
                "index-failed",
                "No se puede ahora",
                format!(
                    "{error}. Nada se perdió: pida de nuevo; si sigue así, cierre Timbre y ábralo, y el índice se rehace solo"
                ),
            ),
            _ => ProblemView::internal(error),
        }
    }
}

impl From<StoreError> for ProblemView {
    fn from(error: StoreError) -> ProblemView {
        (&error).into()
    }
}

impl From<WriteError> for ProblemView {
    fn from(error: WriteError) -> ProblemView {
        match &error {
            WriteError::Store(store) => (&**store).into(),
            WriteError::Panicked => ProblemView::internal(error),
            WriteError::Closed => ProblemView::new(503, "closing", "No se puede ahora", error.to_string()),
        }
    }
}

impl From<IssueError> for ProblemView {
    fn from(error: IssueError) -> ProblemView {
        match error {
            IssueError::Refused(all) => all.into(),
            IssueError::Conflict(id) => ProblemView::new(
                409,
                "key-conflict",
                "La clave ya se usó",
                format!(
                    "Esa clave de idempotencia ya se usó, y la venta no venía escrita igual (documento {id}). {}",
                    issued_or_other(&id)
                ),
            ),
            IssueError::Write(error) => error.into(),
        }
    }
}

/// What to do about a key that is taken. Whether it is the same sale, written in another way (700.0 for 700), the one
/// that asks knows: under a new key it would be sold twice.
pub(crate) fn same_or_other(known: &str) -> String {
    format!("Si es la misma venta, ya está {known} no la repita. Si es otra venta, use otra clave.")
}

fn issued_or_other(document: &DocumentId) -> String {
    same_or_other(&format!("emitida: es {document},"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_each_sentence_once_and_programs_its_place() {
        let no = |place: &str| Refusal::new("name-missing", place, "Falta el nombre.");
        let told = ProblemView::from(Refusals(vec![no("lines[0].name"), no("lines[1].name")]));
        assert_eq!(told.detail, "Falta el nombre.");
        let places: Vec<_> = told.errors.iter().map(|error| error.path.as_str()).collect();
        assert_eq!(places, ["lines[0].name", "lines[1].name"]);
    }

    /// A till that heeds it must not sell twice what it wrote in another way when it asked again.
    #[test]
    fn who_used_a_key_before_is_told_which_document_it_has_and_not_just_to_take_another_key() {
        let id = || DocumentId::new("39", 1);
        let taken = StoreError::KeyTaken { key: "k".to_owned(), document: id() };
        for told in [ProblemView::from(IssueError::Conflict(id())), ProblemView::from(taken)] {
            assert_eq!((told.status, told.code.as_str()), (409, "key-conflict"));
            let way = "Si es la misma venta, ya está emitida: es T39F1, no la repita. Si es otra venta, use otra clave.";
            assert!(told.detail.ends_with(way), "{}", told.detail);
        }
    }

    #[test]
    fn a_full_disk_is_told_with_its_way_out_whichever_part_of_the_store_met_it() {
        let full = || std::io::ErrorKind::StorageFull.into();
        let io = StoreError::Io { what: "escribir", path: "diario".into(), source: full() };
        for error in [io, StoreError::IndexDisk(full())] {
            let told = ProblemView::from(error);
            assert_eq!((told.status, told.code.as_str()), (503, "disk-full"));
            assert_eq!(told.detail, "el disco está lleno: libere espacio y pida de nuevo");
        }
    }

    #[test]
    fn an_index_that_fails_is_to_be_asked_again() {
        let told = ProblemView::from(StoreError::Index("el disco no responde".to_owned()));
        assert_eq!((told.status, told.code.as_str()), (503, "index-failed"));
        assert!(told.detail.contains("el disco no responde. Nada se perdió"), "{}", told.detail);
    }
}
