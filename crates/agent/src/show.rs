//! From the store's rows to what people are shown: pure.

pub use timbre_core::thousands;
use timbre_core::{Amount, DocState, Profile, Refusal, Weight};
use timbre_store::{Counts, Filter, Range, Row, Span};

use crate::deadline::{Limit, Terms};
use crate::view::{
    Counters, DeadlineView, FoliosView, PaperView, RangeView, RefusalView, RemarkView, RowView, SpanView,
};

/// A row as a person sees it.
pub fn row(row: &Row, profile: &Profile, terms: &Terms) -> RowView {
    let kind = profile.kind(&row.id.series);
    RowView {
        id: row.id.to_string(),
        series: row.id.series.0.clone(),
        kind: kind.map_or_else(|| row.id.series.0.clone(), |k| k.name.to_owned()),
        folio: row.id.number,
        version: row.version,
        revision: row.revision,
        channel: row.channel.0.clone(),
        date: row.date.to_string(),
        issued: row.issued.to_string(),
        total: row.total.0,
        receiver_id: row.receiver.id.clone(),
        receiver: row.receiver.name.clone(),
        sold_by: row.sold_by.clone(),
        state: row.state.word().to_owned(),
        since: row.since.to_string(),
        attention: row.attention.clone(),
        annulled_by: row.annulled_by.as_ref().map(ToString::to_string),
        paper: row.paper().map(PaperView::from),
        papers: row.papers.iter().filter(|_| row.papers.len() > 1).map(PaperView::from).collect(),
        replaced_by: row.replaced_by.as_ref().map(ToString::to_string),
        track: row.track.clone(),
        attempts: row.attempts,
        next_try: row.next_try.map(|at| at.to_string()),
        error: row.error.clone(),
        remarks: row.remarks.iter().map(RemarkView::from).collect(),
        hold_goods: row.holds_back(),
        deadline: terms.limit(row).map(|limit| limit.earliest(terms.now).to_string()),
    }
}

/// The row whose term ends first, and when.
pub fn first<'a>(rows: impl Iterator<Item = &'a Row>, terms: &Terms) -> Option<(Limit, &'a Row)> {
    let limits = rows.filter_map(|row| Some((terms.limit(row)?, row)));
    limits.min_by_key(|(limit, row)| (limit.earliest(terms.now), row.order))
}

/// The nearest deadline among rows.
pub fn nearest<'a>(rows: impl Iterator<Item = &'a Row>, terms: &Terms) -> Option<DeadlineView> {
    let (limit, row) = first(rows, terms)?;
    Some(DeadlineView {
        document: row.id.to_string(),
        at: limit.earliest(terms.now).to_string(),
        stands: matches!(limit, Limit::Stands { .. }),
        level: terms.level(row).unwrap_or_default(),
    })
}

/// The five counters: each document that is not replaced is in exactly one.
pub fn counters(counts: &Counts) -> Counters {
    let calm = |states: &[DocState]| -> u64 {
        let of = |s: &DocState| DocState::ALL.iter().position(|x| x == s).map_or(0, |i| counts.by_state[i]);
        states.iter().map(of).sum()
    };
    let attention: u64 = DocState::ALL
        .iter()
        .zip(counts.attention)
        .filter(|(state, _)| **state != DocState::Reemplazado)
        .map(|(_, n)| n)
        .sum();
    Counters {
        queued: calm(&[DocState::Generado, DocState::Pendiente]),
        sending: calm(&[DocState::Enviando]),
        at_authority: calm(&[DocState::Enviado, DocState::Verificando]),
        accepted: calm(&[DocState::Aceptado, DocState::Reparo]),
        problem: calm(&[DocState::Rechazado]) + attention,
    }
}

/// Documents, one that was replaced counted as the one in its place.
pub fn total(counts: &Counts) -> u64 {
    counts.total() - counts.of(DocState::Reemplazado)
}

/// Replaced documents with a task that is still open: their number is to be annulled.
pub fn to_annul(counts: &Counts) -> u64 {
    let at = DocState::ALL.iter().position(|state| *state == DocState::Reemplazado);
    at.map_or(0, |at| counts.attention[at])
}

/// States that resending takes up: what waits goes again, what is in doubt is asked about.
pub const RESENDABLE: [DocState; 3] = [DocState::Generado, DocState::Pendiente, DocState::Verificando];

/// The words of [`filter_of`] beside the states.
pub const COUNTERS: [&str; 7] =
    ["queued", "sending", "at_authority", "accepted", "problem", "to_annul", "unprinted"];

/// What a filter's word asks for: a counter of the panel, or a state by its name.
pub fn filter_of(word: &str) -> Option<Filter> {
    use DocState::*;
    let counter =
        |states: &[DocState]| Some(Filter { states: states.to_vec(), unflagged: true, ..Filter::default() });
    match word {
        "queued" => counter(&[Generado, Pendiente]),
        "sending" => counter(&[Enviando]),
        "at_authority" => counter(&[Enviado, Verificando]),
        "accepted" => counter(&[Aceptado, Reparo]),
        "to_annul" => Some(Filter { states: vec![Reemplazado], flagged: true, ..Filter::default() }),
        "unprinted" => Some(Filter { unprinted: true, ..Filter::default() }),
        "problem" => Some(Filter { problem: true, ..Filter::default() }),
        word => Some(Filter { states: vec![DocState::from_word(word)?], ..Filter::default() }),
    }
}

/// What is left, type by type, in the profile's order and only where there is a range.
pub fn folios(ranges: &[Range], profile: &Profile, today: timbre_core::Date) -> Vec<FoliosView> {
    profile
        .kinds
        .iter()
        .filter_map(|kind| {
            let mut own: Vec<_> = ranges.iter().filter(|r| r.grant.series.0 == kind.series).collect();
            own.sort_by_key(|r| r.first);
            let good = |r: &&&Range| r.stopped.is_none() && r.grant.expires.is_none_or(|day| day >= today);
            (!own.is_empty()).then(|| FoliosView {
                series: kind.series.to_owned(),
                name: kind.name.to_owned(),
                left: own.iter().filter(good).map(|r| r.left()).sum(),
                next: own.iter().filter(good).find(|r| r.left() > 0).map(|r| r.next),
                runs_out: None,
                expiring: false,
                weekly: None,
                days: Vec::new(),
                sells: kind.weight == Weight::Sale,
                low: false,
                ranges: own.iter().map(|r| range(r, today)).collect(),
            })
        })
        .collect()
}

/// Why a range is stopped whose last folios a person annulled at the authority.
pub const ANNULLED: &str = "sus folios sin usar se anularon en el sitio de la autoridad";

/// One range as a person sees it.
pub fn range(range: &Range, today: timbre_core::Date) -> RangeView {
    RangeView {
        first: range.first,
        last: range.last,
        next: range.next,
        left: range.left(),
        authorised: range.grant.authorised.to_string(),
        expires: range.grant.expires.map(|day| day.to_string()),
        expired: range.grant.expires.is_some_and(|day| day < today),
        stopped: range.stopped.clone(),
        annulled: range.stopped.as_deref() == Some(ANNULLED),
        lent_first: range.grant.first,
        lent_last: range.grant.last,
        skipped: range
            .skipped
            .iter()
            .map(|&Span { first, last, lost }| SpanView { first, last, lost })
            .collect(),
    }
}

/// How many folios were passed over and wait for a person.
pub fn skipped(folios: &[FoliosView]) -> u64 {
    let (unlocked, lost) = missing(folios);
    unlocked + lost
}

/// The same apart: those that an unlock passed over, and those that damage took.
pub fn missing(folios: &[FoliosView]) -> (u64, u64) {
    let spans = || folios.iter().flat_map(|kind| &kind.ranges).flat_map(|range| &range.skipped);
    let sum = |lost| spans().filter(|span| span.lost == lost).map(|span| span.last - span.first + 1).sum();
    (sum(false), sum(true))
}

pub fn refusals(all: &[Refusal]) -> Vec<RefusalView> {
    all.iter().map(RefusalView::from).collect()
}

/// A day as people write it: `07-12-2026`.
pub fn day(date: timbre_core::Date) -> String {
    format!("{:02}-{:02}-{}", date.day(), date.month(), date.year())
}

/// An amount as people write it: `$ 1.190`.
pub fn money(amount: Amount) -> String {
    format!("{}$ {}", if amount.0 < 0 { "-" } else { "" }, thousands(amount.0.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_as_people_do() {
        for (n, text) in [(0, "$ 0"), (990, "$ 990"), (1_190, "$ 1.190"), (-1_234_567, "-$ 1.234.567")] {
            assert_eq!(money(Amount(n)), text);
        }
    }

    #[test]
    fn every_document_that_is_not_replaced_is_in_one_counter() {
        for i in 0..9 {
            for flagged in [false, true] {
                let mut counts = Counts::default();
                let slot = if flagged { &mut counts.attention } else { &mut counts.by_state };
                slot[i] = 1;
                let c = counters(&counts);
                let sum = c.queued + c.sending + c.at_authority + c.accepted + c.problem;
                let replaced = DocState::ALL[i] == DocState::Reemplazado;
                assert_eq!(sum, u64::from(!replaced), "{:?} {flagged}", DocState::ALL[i]);
                assert_eq!(c.problem == 1, !replaced && (flagged || DocState::ALL[i] == DocState::Rechazado));
            }
        }
    }
}
