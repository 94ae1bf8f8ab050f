//! What was rejected before a part of the journal that can't be read may have been made again in it, under a number that
//! is missing now: the authority's answer about the rejected one says nothing of that.

use timbre_core::{Cause, DocState, DocumentId};
use timbre_store::{Event, Fact, Reader, Row, StoreError};

use crate::engine::{Agent, Answer};
use crate::view::ProblemView;

impl Agent {
    /// Nobody makes a sale twice without a word: a person looks at the missing numbers first, and ticks them off.
    pub(super) fn is_not_made_already(&self, row: &Row) -> Answer<()> {
        let lost = match may_be(&self.0.reader, row)?.as_slice() {
            [] => return Ok(()),
            [(first, last)] if first == last => format!("falta {first}"),
            gaps => {
                let span = |(first, last): &(DocumentId, DocumentId)| match first == last {
                    true => first.to_string(),
                    false => format!("{first} a {last}"),
                };
                format!("faltan {}", gaps.iter().map(span).collect::<Vec<_>>().join(", "))
            }
        };
        Err(ProblemView::conflict(
            "maybe-reissued",
            format!(
                "{} puede haberse emitido de nuevo en una parte del registro que está dañada o que no está en esta copia: {lost}. \
                 Véalo en el sitio del {}: si allá está esta misma venta, no la emita otra vez. Si no está, márquelo como \
                 revisado en Folios y pídalo de nuevo. No se emitió nada.",
                row.id,
                self.authority()
            ),
        ))
    }
}

/// The numbers under which it may have been made again where this journal does not tell: given after its own, passed
/// over, and looked at by nobody yet.
fn may_be(reader: &Reader, row: &Row) -> Result<Vec<(DocumentId, DocumentId)>, StoreError> {
    let Some(unsure) = reader.unsure_before().filter(|unsure| row.frame < *unsure) else {
        return Ok(Vec::new());
    };
    let since = |event: &Event| event.frame >= unsure && is_rejection(event, row.version);
    if reader.history(&row.id)?.iter().any(since) {
        return Ok(Vec::new());
    }
    let ranges = reader.ranges().into_iter().filter(|range| range.grant.series == row.id.series);
    let gaps = ranges.flat_map(|range| {
        // A grant's numbers are given in their order.
        let own = (range.first..=range.last).contains(&row.id.number);
        range.skipped.into_iter().filter(move |span| !own || span.last > row.id.number)
    });
    let id = |number| DocumentId { series: row.id.series.clone(), number };
    Ok(gaps.map(|span| (id(span.first), id(span.last))).collect())
}

/// Until then there was nothing to make again.
fn is_rejection(event: &Event, version: u32) -> bool {
    match serde_json::from_value(event.fact.clone()) {
        Ok(Fact::Moved(moved)) => {
            let rejects = matches!(moved.cause, Cause::Rejected { .. } | Cause::Noted { .. });
            rejects && moved.version == version && moved.to == DocState::Rechazado
        }
        Ok(_) | Err(_) => false,
    }
}
