//! What a manager decides about a range: no folio of it is given any more (it is another till's, it was annulled at
//! the authority), or one that was stopped is used again, each with a reason; the folios left in an expired one are
//! annulled at the authority, and those that were passed over looked for there.

use timbre_core::{Date, Refusal, Series, thousands};
use timbre_store::{Fact, Range, Reader, Span};

use crate::engine::{Agent, Answer};
use crate::show;
use crate::view::{ProblemView, RangeDecision, RangeOrder, RangeView};

impl Agent {
    /// No folio of the range that `order.folio` is in is given any more, until it is resumed. The journal keeps who
    /// decided, and why; what was issued with its folios goes its way.
    pub async fn stop_range(&self, order: &RangeDecision) -> Answer<RangeView> {
        let who = self.named(&order.who)?;
        let why = reasoned(&order.why, "Diga por qué no se puede seguir usando el rango.")?;
        let range = self.range(order)?;
        let (first, last) = (thousands(range.first), thousands(range.last));
        if range.stopped.is_some() {
            let detail = format!("El rango {first} a {last} ya está detenido.");
            return Err(ProblemView::conflict("already-stopped", detail));
        }
        if range.left() == 0 {
            let detail = format!("En el rango {first} a {last} no quedan folios: no hay nada que detener.");
            return Err(ProblemView::conflict("range-spent", detail));
        }
        let what = format!("Detener el rango {first} a {last}: {why}");
        let why =
            format!("{}. Lo detuvo {who}; un encargado lo reanuda en Folios", why.trim_end_matches('.'));
        self.decide(order, who, what, Some(why)).await
    }

    /// Folios of the range that `order.folio` is in are given again. The journal keeps who decided, and why.
    pub async fn resume_range(&self, order: &RangeDecision) -> Answer<RangeView> {
        let who = self.named(&order.who)?;
        let why = reasoned(&order.why, "Diga por qué se puede volver a usar el rango.")?;
        let range = self.range(order)?;
        let (first, last) = (thousands(range.first), thousands(range.last));
        if range.stopped.is_none() {
            let detail = format!("El rango {first} a {last} no está detenido: no hay nada que reanudar.");
            return Err(ProblemView::conflict("not-stopped", detail));
        }
        if show::range(&range, self.0.today()).annulled {
            let detail = "Los folios de ese rango están anulados: no se usan más.";
            return Err(ProblemView::conflict("range-annulled", detail));
        }
        let what = format!("Reanudar el rango {first} a {last}: {why}");
        self.decide(order, who, what, None).await
    }

    fn range(&self, order: &RangeDecision) -> Answer<Range> {
        let find = range_of(&order.series, order.folio);
        find(&self.0.reader).ok_or_else(|| no_range(&self.kind_name(&order.series), order.folio))
    }

    /// Writes that a range is `stopped`, and why, or goes on, unless somebody else decided so meanwhile.
    async fn decide(
        &self,
        order: &RangeDecision,
        who: String,
        what: String,
        stopped: Option<String>,
    ) -> Answer<RangeView> {
        let find = range_of(&order.series, order.folio);
        let write = move |reader: &Reader| {
            let facts =
                find(reader).filter(|range| range.stopped.is_some() != stopped.is_some()).map(|range| {
                    [
                        Fact::Acted { who, what, documents: Vec::new() },
                        Fact::GrantStopped { grant: range.grant.id, why: stopped },
                    ]
                });
            facts.into_iter().flatten().collect()
        };
        self.0.writer.apply(write).await?;
        let range = self.range(order)?;
        self.0.push(Vec::new(), false);
        Ok(show::range(&range, self.0.today()))
    }

    /// A person annulled at the authority's site the folios that were left in an expired range. Nothing is ever
    /// issued with them again, should the clock go back.
    pub async fn range_annulled(&self, order: &RangeOrder) -> Answer<RangeView> {
        let who = self.named(&order.who)?;
        let find = range_of(&order.series, order.folio);
        let none = || no_range(&self.kind_name(&order.series), order.folio);
        let range = find(&self.0.reader).ok_or_else(none)?;
        let today = self.0.today();
        if !waits_to_be_annulled(&range, today) {
            let (first, last) = (thousands(range.first), thousands(range.last));
            let detail = format!("En el rango {first} a {last} no quedan folios vencidos por anular.");
            return Err(ProblemView::conflict("nothing-to-annul", detail));
        }
        let looked = find.clone();
        let annul = move |reader: &Reader| {
            let range = looked(reader).filter(|range| waits_to_be_annulled(range, today));
            let facts = range.map(|range| {
                let what =
                    format!("Folios vencidos {} a {} anulados", thousands(range.next), thousands(range.last));
                let why = Some(show::ANNULLED.to_owned());
                [
                    Fact::Acted { who, what, documents: Vec::new() },
                    Fact::GrantStopped { grant: range.grant.id, why },
                ]
            });
            facts.into_iter().flatten().collect()
        };
        self.0.writer.apply(annul).await?;
        let range = find(&self.0.reader).ok_or_else(none)?;
        self.0.push(Vec::new(), false);
        Ok(show::range(&range, today))
    }

    /// A person looked which of the folios that were passed over around `order.folio` the authority has, and
    /// annulled the others at its site.
    pub async fn skipped_annulled(&self, order: &RangeOrder) -> Answer<RangeView> {
        let who = self.named(&order.who)?;
        let (find, folio) = (range_of(&order.series, order.folio), order.folio);
        let none = || no_range(&self.kind_name(&order.series), folio);
        if find(&self.0.reader).ok_or_else(none)?.skipped_at(folio).is_none() {
            let detail =
                format!("El folio {} no está entre los que se saltaron y falta revisar.", thousands(folio));
            return Err(ProblemView::conflict("nothing-to-annul", detail));
        }
        let looked = find.clone();
        let annul = move |reader: &Reader| {
            let found = looked(reader).and_then(|range| Some((range.skipped_at(folio)?, range.grant.id)));
            let facts = found.map(|(Span { first, last, lost }, grant)| {
                let which = if lost { "que faltan en el registro" } else { "saltados" };
                let what = format!(
                    "Folios {which} {} a {} revisados, y anulados los que no se usaron",
                    thousands(first),
                    thousands(last)
                );
                [
                    Fact::Acted { who, what, documents: Vec::new() },
                    Fact::SkippedAnnulled { grant, first, last },
                ]
            });
            facts.into_iter().flatten().collect()
        };
        self.0.writer.apply(annul).await?;
        let range = find(&self.0.reader).ok_or_else(none)?;
        self.0.push(Vec::new(), false);
        Ok(show::range(&range, self.0.today()))
    }
}

/// Why, which must be said; `missing` asks for it.
fn reasoned(why: &str, missing: &str) -> Answer<String> {
    match why.trim() {
        "" => Err(Refusal::new("why-missing", "why", missing).into()),
        why => Ok(why.to_owned()),
    }
}

fn waits_to_be_annulled(range: &Range, today: Date) -> bool {
    let view = show::range(range, today);
    view.expired && view.left > 0 && !view.annulled
}

/// Finds the range of a type that a folio is in.
fn range_of(series: &str, folio: u64) -> impl Fn(&Reader) -> Option<Range> + Clone + Send + 'static {
    let series = Series(series.to_owned());
    move |reader| {
        let mut ranges = reader.ranges().into_iter();
        ranges.find(|range| range.grant.series == series && (range.first..=range.last).contains(&folio))
    }
}

fn no_range(kind: &str, folio: u64) -> ProblemView {
    ProblemView::not_found(format_args!("un rango de {kind} con el folio {}", thousands(folio)))
}
