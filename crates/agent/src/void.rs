//! What a rejection for the folio itself means for its range. Where the grant is at fault no folio of it passes, and no
//! more are given. One that was annulled may have been annulled alone: the range goes on until the folio beside it
//! turns out to be annulled too, so that neither stops a shop for one folio nor gives it a day of void ones.
//! What becomes of the document itself is `conversation`'s.

use std::sync::Arc;

use timbre_core::{Cause, Document, DocumentId, GrantId, NumberFate, Remark};
use timbre_store::{Fact, Moved, Range, Reader, StoreError};

use crate::reissue::fate;

/// A document that was rejected for its folio, or is said to have no good one.
type Told<'a> = (&'a DocumentId, &'a [Remark], NumberFate);

/// The ranges that `moves` stop.
pub(crate) fn stops(reader: &Reader, documents: &[Arc<Document>], moves: &[Fact]) -> Vec<Fact> {
    let documents: Vec<&Document> = documents.iter().map(Arc::as_ref).collect();
    stopped(reader, &documents, &moves.iter().filter_map(rejected).collect::<Vec<_>>())
}

/// The ranges that stop since the authority says so of the folio of this one, which is to be made again.
pub(crate) fn heard(reader: &Reader, document: &Document, why: (&[Remark], NumberFate)) -> Vec<Fact> {
    stopped(reader, &[document], &[(&document.id, why.0, why.1)])
}

/// A folio that was given before its range was last reopened says nothing: whoever did that knew of it.
fn stopped(reader: &Reader, documents: &[&Document], told: &[Told<'_>]) -> Vec<Fact> {
    let mut stops: Vec<(GrantId, String)> = Vec::new();
    for (id, reasons, number) in told.iter().filter(|(.., number)| is_void(*number)) {
        let Some(document) = documents.iter().find(|document| document.id == **id) else { continue };
        let in_use = |range: &Range| {
            range.grant.id == document.grant
                && range.is_answered_for_by(id.number)
                && stops.iter().all(|(grant, _)| *grant != document.grant)
        };
        let Some(range) = reader.ranges().into_iter().find(in_use) else { continue };
        let beside = annulled_beside(reader, &range, id, told);
        if *number == NumberFate::Ungranted || beside.is_some() {
            stops.push((range.grant.id, why(id, beside.as_ref(), *number, reasons)));
        }
    }
    stops.into_iter().map(|(grant, why)| Fact::GrantStopped { grant, why: Some(why) }).collect()
}

/// Was the folio no good, whatever the document said?
pub(crate) fn is_void(number: NumberFate) -> bool {
    matches!(number, NumberFate::Annulled | NumberFate::Ungranted)
}

fn rejected(fact: &Fact) -> Option<Told<'_>> {
    match fact {
        Fact::Moved(Moved { document, cause: Cause::Rejected { reasons, number }, .. }) => {
            Some((document, reasons, *number))
        }
        _ => None,
    }
}

/// The folio before or after this one of its range, where it was annulled too.
fn annulled_beside(reader: &Reader, range: &Range, id: &DocumentId, told: &[Told<'_>]) -> Option<DocumentId> {
    let given = range.first.max(range.reopened)..range.next;
    let beside = [id.number.checked_sub(1), id.number.checked_add(1)].into_iter().flatten();
    let annulled = |beside: &DocumentId| {
        let now = told.iter().any(|(id, _, number)| *id == beside && is_void(*number));
        now || before(reader, beside).unwrap_or_else(|error| {
            tracing::error!(%error, document = %beside, "whether its folio was annulled can't be read");
            false
        })
    };
    beside
        .filter(|number| given.contains(number))
        .map(|number| DocumentId { number, ..id.clone() })
        .find(annulled)
}

/// Was it rejected for its folio, or replaced for it, as the journal has it?
fn before(reader: &Reader, id: &DocumentId) -> Result<bool, StoreError> {
    let Some(row) = reader.row(id)? else { return Ok(false) };
    Ok(fate(&reader.history(id)?, row.version).is_some_and(is_void))
}

/// Why the range is stopped, and what lifts it.
fn why(id: &DocumentId, beside: Option<&DocumentId>, number: NumberFate, reasons: &[Remark]) -> String {
    let meaning = reasons.first().map_or("El folio no sirve", |why| why.meaning.trim_end_matches('.'));
    let said = match beside.filter(|_| number == NumberFate::Annulled) {
        None => format!("{meaning}. Lo dijo del documento {id}, y vale para todo el rango"),
        Some(beside) => {
            let (first, second) = if beside.number < id.number { (beside, id) } else { (id, beside) };
            format!("{meaning}. Lo dijo de {first} y de {second}, y puede que valga para los que siguen")
        }
    };
    format!("{said}; si sus folios sirven, un encargado lo reanuda en Folios")
}
