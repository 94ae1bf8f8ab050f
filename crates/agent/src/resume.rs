//! A range that was stopped (the authority knows one of its folios with other data) is used again: a manager's
//! act, with its reason.

use timbre_core::{Refusal, Series};
use timbre_store::{Fact, Range, Reader};

use crate::engine::{Agent, Answer};
use crate::reissue::named;
use crate::show;
use crate::view::{ProblemView, RangeView, ResumeOrder};

impl Agent {
    /// Folios of the range that `order.folio` is in are given again. The journal keeps who decided, and why.
    pub async fn resume_range(&self, order: &ResumeOrder) -> Answer<RangeView> {
        let who = named(&order.who)?;
        let why = order.why.trim().to_owned();
        if why.is_empty() {
            return Err(
                Refusal::new("why-missing", "why", "Diga por qué se puede volver a usar el rango.").into()
            );
        }
        let (series, folio) = (Series(order.series.clone()), order.folio);
        let find = move |reader: &Reader| {
            let mut ranges = reader.ranges().into_iter();
            ranges.find(|range| range.grant.series == series && (range.first..=range.last).contains(&folio))
        };
        let none =
            || ProblemView::not_found(format_args!("un rango de tipo {} con el folio {folio}", order.series));
        let range = find(&self.0.reader).ok_or_else(none)?;
        if range.stopped.is_none() {
            let Range { first, last, .. } = range;
            let detail = format!("El rango {first} a {last} no está detenido: no hay nada que reanudar.");
            return Err(ProblemView::conflict("not-stopped", detail));
        }
        let looked = find.clone();
        let resume = move |reader: &Reader| {
            let stopped = looked(reader).filter(|range| range.stopped.is_some());
            let facts = stopped.map(|range| {
                let what = format!("Reanudar el rango {} a {}: {why}", range.first, range.last);
                [
                    Fact::Acted { who, what, documents: Vec::new() },
                    Fact::GrantStopped { grant: range.grant.id, why: None },
                ]
            });
            facts.into_iter().flatten().collect()
        };
        self.0.writer.apply(resume).await?;
        let range = find(&self.0.reader).ok_or_else(none)?;
        Ok(show::range(&range, self.0.today()))
    }
}
