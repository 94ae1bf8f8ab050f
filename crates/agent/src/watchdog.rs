//! Watches the legal terms, and is not the sender: whatever keeps a document here, people are told in time. Each
//! document has each warning once, together with those that are as far; what was told is on disk, so that a
//! restart says nothing twice. Where the disk takes nothing people are told all the same.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use timbre_core::{DocumentId, Series, Timestamp};
use timbre_store::{Fact, Row, StoreError, Warned};
use tokio::sync::watch;

use crate::clock::{later, until};
use crate::deadline::{LEVELS, Limit, OVER, Terms, level};
use crate::engine::Inner;
use crate::view::WarningView;
use crate::writer::WriteError;

/// It looks at least so often, whatever it waits for: the line may have come back meanwhile.
const LONGEST: Duration = Duration::from_secs(30);
/// Nor more often than this.
const SHORTEST: Duration = Duration::from_millis(50);

/// Of how many documents one fact tells: an act of the writer must stay short.
const TOGETHER: usize = 1000;

/// Looks when the next document comes to its next level, until the engine stops.
pub(crate) async fn watch(inner: Arc<Inner>, mut stopped: watch::Receiver<bool>) {
    let mut pushes = inner.pushes.subscribe();
    let mut unwritten = Vec::new();
    loop {
        let next = match look(&inner, &mut unwritten).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "the legal terms can't be looked at");
                Some(later(inner.clock.now(), LONGEST))
            }
        };
        let sleep = next.map_or(LONGEST, |at| until(inner.clock.now(), at)).clamp(SHORTEST, LONGEST);
        let slept = tokio::time::sleep(sleep);
        tokio::pin!(slept);
        loop {
            tokio::select! {
                _ = stopped.changed() => return,
                () = &mut slept => break,
                () = inner.sender.clock_doubted.notified() => inner.sender.look_at_the_clock(),
                // One that lags looks all the same.
                _ = pushes.recv() => if next.is_none_or(|next| next <= inner.clock.now()) { break },
            }
        }
    }
}

/// Tells what is to be told now; answers when something else will be. What was told and could not be written is
/// kept in `unwritten`, and written as soon as that can be done.
async fn look(
    inner: &Arc<Inner>,
    unwritten: &mut Vec<Warned>,
) -> Result<Option<Timestamp>, Box<dyn std::error::Error + Send + Sync>> {
    let able = inner.writer.stopped().is_none();
    // A clock that was off may have been corrected: nobody should have to try to sell to find out.
    if able {
        inner.sender.look_at_the_clock();
    }
    let told = unwritten.iter().flat_map(|warned| warned.orders.iter().map(|order| (*order, warned.level)));
    // The gravest of each is the last.
    let told: BTreeMap<u64, u8> = told.collect();
    // As many as wait are looked at: not for an async task.
    let of = Arc::clone(inner);
    let found = tokio::task::spawn_blocking(move || find(&of, &told)).await??;
    for warned in &found.warned {
        let pieces = warned.orders.chunks(TOGETHER);
        unwritten.extend(pieces.map(|orders| Warned { orders: orders.to_vec(), ..warned.clone() }));
    }
    let written = if able { write(inner, unwritten).await } else { Ok(()) };
    for Warned { series, level, first, orders, limit } in &found.warned {
        let (series, first, limit, documents) =
            (&series.0, first.to_string(), limit.to_string(), orders.len());
        match *level {
            OVER => tracing::error!(series, first, limit, documents, "the legal term is over"),
            level => tracing::warn!(series, first, limit, documents, level, "the legal term runs out"),
        }
    }
    if !found.warned.is_empty() {
        inner.warn(found.warned.iter().map(|warned| view(inner, warned)).collect());
    }
    written?;
    // Until all is written it comes back for it.
    let again = (!unwritten.is_empty()).then(|| later(inner.clock.now(), LONGEST));
    Ok(found.next.into_iter().chain(again).min())
}

/// In the order in which it was told.
async fn write(inner: &Inner, unwritten: &mut Vec<Warned>) -> Result<(), WriteError> {
    while let Some(warned) = unwritten.first() {
        inner.writer.commit(vec![Fact::Warned(warned.clone())]).await?;
        unwritten.remove(0);
    }
    Ok(())
}

#[derive(Default)]
struct Found {
    warned: Vec<Warned>,
    next: Option<Timestamp>,
}

/// The term of the document that is nearest to its end: how far it is, once there is something to say of it, and
/// that in words.
pub(crate) fn nearest(inner: &Inner, terms: &Terms, row: &Row) -> Option<(u8, String)> {
    let level = terms.level(row)?;
    let limit = terms.limit(row)?.earliest(terms.now);
    let profile = inner.regime.profile();
    let name = profile.kind(&row.id.series).map_or(row.id.series.0.as_str(), |kind| kind.name);
    Some((level, words(profile.authority, name, &row.id, 1, level, &hour(inner, limit))))
}

/// What nobody was told of yet, be it written or only `told`.
fn find(inner: &Inner, told: &BTreeMap<u64, u8>) -> Result<Found, StoreError> {
    let reader = &inner.reader;
    let mut found = Found::default();
    let mut waiting = Vec::new();
    for (name, term) in inner.sender.legal.iter() {
        let series = Series(name.clone());
        let unheld = reader.unheld(&series, 0)?;
        waiting.push((series, term, unheld));
    }
    // After it was read what waits: what is issued meanwhile is not of a later hour.
    let terms = inner.sender.terms();
    for (series, term, unheld) in waiting {
        let span = Duration::from_secs(term.seconds);
        let ends = |issued: Timestamp| terms.reached(issued, span, term).earliest(terms.now);
        let Some((oldest, _)) = unheld.first() else { continue };
        let written = reader.warned(*oldest)?;
        let mut groups: BTreeMap<u8, Vec<(u64, Timestamp)>> = BTreeMap::new();
        for (order, issued) in unheld {
            let told =
                [&written, told].iter().filter_map(|told| told.get(&order)).max().copied().unwrap_or(0);
            let ran = terms.ran(issued, term);
            if let Some(level) = level(ran, term).filter(|level| *level > told) {
                groups.entry(level).or_default().push((order, issued));
            }
            let next = LEVELS.into_iter().find(|level| *level > told && ran < span * u32::from(*level) / 100);
            if let Some(next) = next
                && let Limit::At(at) = terms.reached(issued, span * u32::from(next) / 100, term)
            {
                found.next = Some(found.next.map_or(at, |known| known.min(at)));
            }
        }
        // The gravest first.
        for (level, group) in groups.into_iter().rev() {
            let first = group.iter().map(|(order, issued)| (ends(*issued), *order)).min();
            let Some((limit, order)) = first else { continue };
            if let Some(row) = reader.row_at(order)? {
                let orders = group.into_iter().map(|(order, _)| order).collect();
                found.warned.push(Warned { series: series.clone(), level, orders, first: row.id, limit });
            }
        }
    }
    Ok(found)
}

fn view(inner: &Inner, warned: &Warned) -> WarningView {
    let profile = inner.regime.profile();
    let name = profile.kind(&warned.series).map_or(warned.series.0.as_str(), |kind| kind.name);
    let (clock, documents) = (hour(inner, warned.limit), warned.orders.len());
    WarningView {
        level: warned.level,
        document: warned.first.to_string(),
        documents: documents as u64,
        limit: warned.limit.to_string(),
        text: words(profile.authority, name, &warned.first, documents, warned.level, &clock),
    }
}

/// As a shop's clock shows it.
pub(crate) fn hour(inner: &Inner, at: Timestamp) -> String {
    let (at, today) = (at.to_zoned(inner.zone.clone()), inner.today());
    match at.date() == today {
        true => at.strftime("%H:%M").to_string(),
        false => at.strftime("%H:%M del %d-%m-%Y").to_string(),
    }
}

/// `limit` is the hour at which the term of the first of them ends.
pub(crate) fn words(
    authority: &str,
    kind: &str,
    first: &DocumentId,
    documents: usize,
    level: u8,
    limit: &str,
) -> String {
    let what = match documents {
        0 | 1 => format!("{kind} {}", first.number),
        n => format!("{kind} {} y {} más", first.number, n - 1),
    };
    match level {
        OVER => format!("Pasó el plazo legal: {what} debía estar en el {authority} a las {limit} y no está"),
        level => format!(
            "{what} todavía no llega al {authority}: va {level} % del plazo legal, que vence a las {limit}"
        ),
    }
}
