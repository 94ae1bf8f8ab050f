//! Looking: lists, one document, its history, the panel. Nothing here changes anything.

use std::sync::Arc;

use serde_json::Value;
use timbre_core::{Cause, Date, DocState, DocumentId, Profile, Series};
use timbre_store::{Event, Fact, Filter, Moved, StoreError, fold};
use tokio::sync::broadcast;

use crate::engine::{Agent, Answer, missing, parse_id};
use crate::view::{
    DetailView, FoliosView, FoundView, LineView, PageView, ProblemView, PushView, Query, Snapshot, StatsView,
    VersionView,
};
use crate::{foresight, monitor, show, timeline};

/// Rows of a page when nobody says how many, and the most.
const PAGE: usize = 100;
const LONGEST_PAGE: usize = 500;

/// So many documents are looked at for a page, and so many for a count: a search that finds little must not read
/// a million of them at each key that is pressed.
const LOOKED_AT: usize = 20_000;
const COUNTED: usize = 100_000;

impl Agent {
    pub fn list(&self, query: &Query) -> Answer<PageView> {
        let filter = filter_of(query, self.0.regime.profile())?;
        let cursor =
            match &query.cursor {
                None => None,
                Some(text) => Some(text.parse().map_err(|_| {
                    ProblemView::bad_request("cursor-invalid", "El cursor no es de esta lista.")
                })?),
            };
        let limit = query.limit.map_or(PAGE, |n| n as usize).clamp(1, LONGEST_PAGE);
        let page = self.0.reader.look(&filter, cursor, limit, LOOKED_AT)?;
        let (profile, terms) = (self.0.regime.profile(), self.0.sender.terms());
        Ok(PageView {
            rows: page.rows.iter().map(|row| show::row(row, profile, &terms)).collect(),
            next: page.next.map(|n| n.to_string()),
            reached: page.reached.map(|at| at.to_string()),
        })
    }

    /// How many documents a query wants, what they come to as sales, and what resending them would take up.
    pub fn count(&self, query: &Query) -> Answer<FoundView> {
        let profile = self.0.regime.profile();
        let filter = filter_of(query, profile)?;
        let found = self.0.reader.found(&filter, COUNTED, profile)?;
        let many = |states: &[DocState]| -> Answer<u64> {
            let Some(filter) = among(&filter, states) else { return Ok(0) };
            Ok(self.0.reader.found(&filter, usize::MAX, profile)?.documents)
        };
        Ok(FoundView {
            documents: found.documents,
            sales: found.turnover.sales,
            total: found.turnover.total.0,
            credits: found.turnover.credits,
            no_sale: found.turnover.no_sale,
            replaced: found.turnover.replaced,
            more: found.more,
            resendable: many(&show::RESENDABLE)?,
            verifying: many(&[DocState::Verificando])?,
            rejected: many(&[DocState::Rechazado])?,
        })
    }

    /// The sale as it came in, byte for byte.
    pub fn sale(&self, id: &str) -> Answer<Vec<u8>> {
        let id = parse_id(id)?;
        Ok(self.0.reader.issued(&id)?.ok_or_else(|| missing(&id))?.sale.to_vec())
    }

    pub fn detail(&self, id: &str) -> Answer<DetailView> {
        let id = parse_id(id)?;
        let row = self.find(&id)?;
        // What can't be read has neither lines nor a sum: its row and what is left of its life are told.
        let issued = match self.0.reader.issued(&id) {
            Err(StoreError::Damaged { .. }) => None,
            issued => Some(issued?.ok_or_else(|| missing(&id))?),
        };
        let events = self.0.reader.history(&id)?;
        let heard = |event: &timbre_store::Event| {
            let bytes = self.0.reader.heard(event.frame).ok()?;
            // The authority's answers come in either encoding; this is only for the eye.
            (!bytes.is_empty()).then(|| match std::str::from_utf8(&bytes) {
                Ok(text) => text.to_owned(),
                Err(_) => bytes.iter().map(|&b| b as char).collect(),
            })
        };
        let receipt = issued.as_ref().map(|issued| self.0.regime.receipt(&issued.document, &issued.till));
        let receipt = receipt.unwrap_or_default();
        Ok(DetailView {
            row: self.row(&row),
            timeline: timeline::steps(&id, &events, &heard),
            lost: self.gives_its_place(&row),
            versions: self.versions(&id)?,
            cedes: receipt.ceded.is_some(),
            replaces: events.iter().find_map(|event| replaced(&id, event)),
            totals: row.totals.clone(),
            lines: receipt
                .lines
                .into_iter()
                .map(|line| LineView {
                    name: [vec![line.name], line.notes].concat().join("\n"),
                    quantity: line.quantity,
                    price: line.price,
                    amount: line.amount.0,
                })
                .collect(),
            sha256: issued.map(|issued| sha256(&issued.document.bytes)).unwrap_or_default(),
        })
    }

    fn versions(&self, id: &DocumentId) -> Answer<Vec<VersionView>> {
        let mut views = Vec::new();
        for version in self.0.reader.versions(id)? {
            match self.0.reader.version(id, version) {
                Ok(Some(document)) => {
                    let (issued, sha256) = (document.stamped.to_string(), sha256(&document.bytes));
                    views.push(VersionView { version, issued, sha256 });
                }
                // Damage is told by the check of the folder.
                Ok(None) | Err(StoreError::Damaged { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(views)
    }

    /// The document as a file: prolog line, then its exact bytes.
    pub fn file(&self, id: &str) -> Answer<Vec<u8>> {
        let id = parse_id(id)?;
        let document = self.0.reader.document(&id)?.ok_or_else(|| missing(&id))?;
        Ok(self.0.regime.file(&document))
    }

    /// The document in the envelope that goes to who receives it, signed now. Slow for who waits in an async task.
    pub fn for_receiver(&self, id: &str) -> Answer<Vec<u8>> {
        let id = parse_id(id)?;
        let document = Arc::new(self.0.reader.document(&id)?.ok_or_else(|| missing(&id))?);
        let (issuer, keys) = (self.issuer()?, self.0.custody.as_ref());
        let now = self.0.clock.now();
        let around = self.0.regime.for_receiver(&[Arc::clone(&document)], &issuer.company, keys, now)?;
        Ok([&around.head[..], &document.bytes, b"\n", &around.tail].concat())
    }

    /// Every fact that names the document, as it is in the journal.
    pub fn history(&self, id: &str) -> Answer<Vec<Value>> {
        let id = parse_id(id)?;
        self.find(&id)?;
        Ok(self.0.reader.history(&id)?.iter().map(timeline::raw).collect())
    }

    pub fn snapshot(&self) -> Snapshot {
        monitor::snapshot(&self.0)
    }

    pub fn stats(&self) -> StatsView {
        monitor::stats(&self.0)
    }

    pub fn folios(&self) -> Vec<FoliosView> {
        foresight::folios(&self.0)
    }

    /// Hears every push from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<PushView>> {
        self.0.pushes.subscribe()
    }
}

/// The document that this event put `id` in the place of.
fn replaced(id: &DocumentId, event: &Event) -> Option<String> {
    match serde_json::from_value(event.fact.clone()) {
        Ok(Fact::Moved(Moved { document, cause: Cause::Replaced { by, .. }, .. })) => {
            (by == *id).then(|| document.to_string())
        }
        Ok(_) | Err(_) => None,
    }
}

fn sha256(bytes: &[u8]) -> String {
    crate::sender::hex(&<sha2::Sha256 as sha2::Digest>::digest(bytes))
}

/// The same filter, of these states alone; `None` where it wants none of them.
pub(crate) fn among(filter: &Filter, states: &[DocState]) -> Option<Filter> {
    let wanted = |state: &&DocState| filter.states.is_empty() || filter.states.contains(state);
    let states: Vec<_> = states.iter().filter(wanted).copied().collect();
    (!states.is_empty()).then(|| Filter { states, ..filter.clone() })
}

pub(crate) fn filter_of(query: &Query, profile: &Profile) -> Answer<Filter> {
    let day = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(day_of).transpose();
    let (from, to) = (day(&query.from)?, day(&query.to)?);
    in_order(from, to)?;
    let state = match query.state.as_deref().filter(|s| !s.is_empty()) {
        None => Filter::default(),
        Some(word) => show::filter_of(word).ok_or_else(|| no_state(word))?,
    };
    let some = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let asked = some(&query.series).map(|text| series_of(&text, profile)).transpose()?;
    let (series, text) = match some(&query.q) {
        Some(text) => match by_name(&text, profile) {
            Some((series, number)) if asked.as_ref().is_none_or(|asked| *asked == series) => {
                (Some(series), Some(number))
            }
            _ => (asked, Some(text)),
        },
        None => (asked, None),
    };
    Ok(Filter { series, from, to, text, ..state })
}

/// The day that a list is asked for.
pub(crate) fn day_of(text: &str) -> Answer<Date> {
    text.parse().map_err(|_| {
        ProblemView::bad_request("date-invalid", format!("«{text}» no es una fecha; se escribe AAAA-MM-DD."))
    })
}

/// Days that are none: an empty list would say that nothing was sold on them.
pub(crate) fn in_order(from: Option<Date>, to: Option<Date>) -> Answer<()> {
    match (from, to) {
        (Some(from), Some(to)) if from > to => {
            let why = format!("«Desde» ({from}) es después de «hasta» ({to}): póngalas en orden.");
            Err(ProblemView::bad_request("period-invalid", why))
        }
        _ => Ok(()),
    }
}

fn no_state(word: &str) -> ProblemView {
    let states = DocState::ALL.map(|state| state.word()).join(", ");
    let why = format!("«{word}» no es un estado; son {states}, y también {}.", show::COUNTERS.join(", "));
    ProblemView::bad_request("state-invalid", why)
}

fn series_of(text: &str, profile: &Profile) -> Answer<Series> {
    let series = Series(text.trim().to_owned());
    if profile.kind(&series).is_some() {
        return Ok(series);
    }
    let known: Vec<_> = profile.kinds.iter().map(|kind| format!("{} ({})", kind.series, kind.name)).collect();
    let why = format!("«{}» no es un tipo de documento; son {}.", series.0, known.join(", "));
    Err(ProblemView::bad_request("type-invalid", why))
}

/// A document as a shop says it, type and number: `boleta 37`.
fn by_name(text: &str, profile: &Profile) -> Option<(Series, String)> {
    let (name, number) = text.trim().rsplit_once(char::is_whitespace)?;
    let numeric = number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let words = |text: &str| fold(text).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let kind = profile.kinds.iter().find(|kind| words(kind.name) == words(name))?;
    numeric.then(|| (Series(kind.series.to_owned()), number.to_owned()))
}
