//! What single verdicts amount to: for a channel, for a document, for a range of folios. The facts of a whole
//! conversation are `conversation`'s.

use std::cell::LazyCell;

use timbre_core::{
    Blame, Cause, DocState, Document, DocumentId, NumberFate, Remark, Report, Scope, Timestamp, Verdict,
};
use timbre_store::{Event, Fact, Range, Reader, Row};

use crate::apart::apart;
use crate::conversation::moved;
use crate::line::Trouble;
use crate::reissue::fate;

/// The doubt about what the authority says it has already, as the journal words it.
pub(crate) const REPEATED: &str = "ya lo tenía de un envío anterior; se está verificando";

/// Shortens what is waited for by itself to what is waited for at the longest: the document waits no longer than its line.
pub(crate) fn rest(reports: &mut [Report], longest: impl FnOnce() -> Timestamp) {
    let longest = LazyCell::new(longest);
    for report in reports {
        if let Verdict::Refused { scope: Scope::ChannelForNow, retry_at, .. } = &mut report.verdict {
            *retry_at = (*longest).min(*retry_at);
        }
    }
}

/// What a report says of its whole channel. Where it names no time the line's own pauses are all: they begin short and
/// grow, since a person may mend it at any moment.
pub(crate) fn trouble_of(report: &Report, now: Timestamp) -> Option<Trouble> {
    let (scope, why, retry_at) = match &report.verdict {
        Verdict::Refused { scope, why, retry_at } => (scope, why, retry_at),
        Verdict::Fallen { reasons, blame: Blame::Envelope, .. } => {
            return Some(Trouble::Envelope { why: reasons.first()?.clone(), retry_at: now });
        }
        _ => return None,
    };
    match scope {
        Scope::Channel => Some(Trouble::Lasting { why: why.clone(), retry_at: *retry_at }),
        Scope::ChannelForNow => {
            Some(Trouble::Passing { why: why.meaning.clone(), retry_at: Some(*retry_at) })
        }
        Scope::Document | Scope::Parcel => None,
    }
}

/// A document whose parcel of so many fell as a whole: alone it is rejected, unless the envelope is to blame,
/// which is tried `again` in time.
pub(crate) fn fallen(
    row: &Row,
    reasons: &[Remark],
    (number, blame): (NumberFate, Blame),
    parcel: usize,
    again: Timestamp,
) -> Option<Fact> {
    let why = || reasons.first().map(|why| why.meaning.clone()).unwrap_or_default();
    let most = |most: usize| u32::try_from(most).ok();
    match blame {
        Blame::Envelope => moved(row, Cause::Fell { why: why(), most: None }, Some(again)),
        Blame::Documents if parcel > 1 => {
            moved(row, Cause::Fell { why: why(), most: most(apart(parcel)) }, None)
        }
        Blame::Documents => moved(row, Cause::Rejected { reasons: reasons.to_vec(), number }, None),
    }
}

/// An answer that settles nothing: a person may have to look.
pub(crate) fn not_known(row: &Row, why: &str) -> Option<Fact> {
    match row.state {
        DocState::Enviando => moved(row, Cause::Doubt { why: why.to_owned() }, None),
        DocState::Enviado | DocState::Verificando if row.attention.as_deref() != Some(why) => {
            Some(Fact::Attention { document: row.id.clone(), reason: Some(why.to_owned()) })
        }
        _ => None,
    }
}

/// Was this version twice said to be at the authority already? While it says that it has none of it, sending it once more
/// in the same bytes would bring the same.
pub(crate) fn circles(events: &[Event], version: u32) -> bool {
    let repeated = |event: &&Event| match serde_json::from_value(event.fact.clone()) {
        Ok(Fact::Moved(moved)) => {
            moved.version == version && matches!(&moved.cause, Cause::Doubt { why } if why == REPEATED)
        }
        Ok(_) | Err(_) => false,
    };
    events.iter().filter(repeated).count() > 1
}

/// The same, of what the journal has of it.
pub(crate) fn is_circling(reader: &Reader, id: &DocumentId, version: u32) -> bool {
    match reader.history(id) {
        Ok(events) => circles(&events, version),
        Err(error) => {
            tracing::error!(%error, document = %id, "how often it was said to be there can't be read");
            false
        }
    }
}

/// Is there something in a document's history that can't be read? Whatever would be safer to assume may be in it.
pub(crate) fn lacks_some(events: &[Event]) -> bool {
    events.iter().any(Event::is_unreadable)
}

/// Was this version ever in doubt: may the authority have taken it in a delivery of which nobody heard?
pub(crate) fn was_doubted(events: &[Event], version: u32) -> bool {
    let doubt = |event: &Event| match serde_json::from_value(event.fact.clone()) {
        Ok(Fact::Moved(moved)) => moved.version == version && matches!(moved.cause, Cause::Doubt { .. }),
        Ok(_) | Err(_) => false,
    };
    events.iter().any(doubt)
}

/// A rejection. One that says that its number is another's stops the range, unless `facts` do so already or the other is
/// its own earlier version; whatever a person was called for is answered by it.
pub(crate) fn rejected(
    reader: &Reader,
    (document, row): (&Document, &Row),
    (reasons, number): (&[Remark], NumberFate),
    facts: &[Fact],
) -> Vec<Fact> {
    let (mut told, mut fate) = (reasons.to_vec(), number);
    if number == NumberFate::Taken && may_be_its_earlier(reader, &document.id, document.version) {
        told.iter_mut().take(1).for_each(|why| why.meaning = OWN.to_owned());
        fate = NumberFate::Consumed;
    }
    let Some(moved) = moved(row, Cause::Rejected { reasons: told, number: fate }, None) else {
        return Vec::new();
    };
    let taken = reasons.first().filter(|_| fate == NumberFate::Taken && !stops(facts, document));
    let stop = taken.and_then(|why| stop_range(reader, document, why));
    stop.into_iter().chain([moved]).chain(calm(row)).collect()
}

/// Why a later version on its own number is rejected for the number: the other data are those of its earlier version,
/// which the authority kept although it rejected it. Nobody else uses the range.
const OWN: &str = "La autoridad guardó con este folio la versión anterior de este mismo documento, que había rechazado: el folio \
    quedó usado. Véala en su sitio: si allá figura aceptada, dígalo en «Emitir de nuevo»; si no, vuelva a emitirlo y sale con un \
    folio nuevo. Si otra caja usa estos mismos folios, detenga el rango en Folios";

/// Whatever a person was called for is answered.
pub(crate) fn calm(row: &Row) -> Option<Fact> {
    row.attention.as_ref().map(|_| Fact::Attention { document: row.id.clone(), reason: None })
}

/// May what the authority has under the number of this version be an earlier one? Not where each of those fell with
/// nothing of it kept, and never left in doubt.
pub(crate) fn may_be_its_earlier(reader: &Reader, id: &DocumentId, version: u32) -> bool {
    let may_be_there = |events: &[Event], version: u32| {
        fate(events, version) != Some(NumberFate::FreeForSame) || was_doubted(events, version)
    };
    version > 1
        && match reader.history(id) {
            Ok(events) => lacks_some(&events) || (1..version).any(|version| may_be_there(&events, version)),
            Err(error) => {
                tracing::error!(%error, document = %id, "what became of its earlier versions can't be read");
                true
            }
        }
}

/// Is what the authority has, with the same data or other ones, an earlier version of this one? A number is kept with the
/// same data alone (`Regime::redraft`): other ones are another's.
pub(crate) fn is_its_earlier(reader: &Reader, (id, version): (&DocumentId, u32), alike: bool) -> bool {
    alike && may_be_its_earlier(reader, id, version)
}

/// The authority has another document under this number: a person is called, and the range stops, once. Said of this
/// document before, it stops nothing again: a person may have reopened the range. A later version that is another with the
/// same data is rejected by it: that is its earlier one.
pub(crate) fn contested(
    reader: &Reader,
    (document, row): (&Document, &Row),
    (why, alike): (&Remark, bool),
    facts: &[Fact],
) -> Vec<Fact> {
    if is_its_earlier(reader, (&document.id, document.version), alike) {
        let why = std::slice::from_ref(why);
        return rejected(reader, (document, row), (why, NumberFate::Taken), facts);
    }
    let then = if alike { THEN_ALIKE } else { THEN_OTHER };
    let Some(news) = not_known(row, &format!("{} {then}", why.meaning)) else {
        // Of one that ended by a person's word, too, no number more is given beside it.
        let noted = row.noted.is_some() && !stops(facts, document);
        return noted.then(|| stop_range(reader, document, why)).flatten().into_iter().collect();
    };
    let known = row.attention.as_ref().is_some_and(|said| said.starts_with(&why.meaning));
    let stop = (!known && !stops(facts, document)).then(|| stop_range(reader, document, why)).flatten();
    std::iter::once(news).chain(stop).collect()
}

/// What a person does about a number that is another's.
const THEN_ALIKE: &str = "Solo si es otra venta, vuelva a emitirla con un folio nuevo";
const THEN_OTHER: &str = "Después vuelva a emitir éste: queda otro en su lugar, con un folio nuevo";

/// Was a person called since its number is another's?
pub(crate) fn is_anothers(row: &Row) -> bool {
    row.attention.as_ref().is_some_and(|said| said.ends_with(THEN_ALIKE) || said.ends_with(THEN_OTHER))
}

fn stops(facts: &[Fact], document: &Document) -> bool {
    facts.iter().any(|fact| matches!(fact, Fact::GrantStopped { grant, .. } if *grant == document.grant))
}

/// No folio more of the document's range: somebody else uses it.
pub(crate) fn stop_range(reader: &Reader, document: &Document, why: &Remark) -> Option<Fact> {
    let of_document =
        |range: &Range| range.grant.id == document.grant && range.is_answered_for_by(document.id.number);
    reader.ranges().into_iter().find(of_document).map(|range| Fact::GrantStopped {
        grant: range.grant.id,
        why: Some(format!(
            "{}. Lo dijo del documento {}; si el rango es solo suyo, un encargado lo reanuda en Folios",
            why.meaning.trim_end_matches('.'),
            document.id
        )),
    })
}
