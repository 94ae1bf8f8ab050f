//! Lists of documents: newest first, filtered, a page at a time. A page is stable while documents
//! are added, since they come before the first one. What a filter names by its index is found at once
//! among any number of documents; for the rest so many are looked at, and the page says how far.

use std::collections::BTreeSet;
use std::iter::Peekable;

use timbre_core::{Amount, DocState, Profile};

use crate::index::{Keys, broken};
use crate::view::{Entries, Entry};
use crate::{Filter, Found, Page, Reader, Row, StoreError, key};

/// A period of more days than this is not read day by day.
const MOST_DAYS: usize = 400;

impl Reader {
    /// The documents that `filter` wants, newest first. `cursor` is [`Page::next`] of the page
    /// before; `None` for the first.
    pub fn list(&self, filter: &Filter, cursor: Option<u64>, limit: usize) -> Result<Page, StoreError> {
        self.look(filter, cursor, limit, usize::MAX)
    }

    /// The same, looking at no more than `most` documents: a page may be short, and say how far it reached.
    pub fn look(
        &self,
        filter: &Filter,
        cursor: Option<u64>,
        limit: usize,
        most: usize,
    ) -> Result<Page, StoreError> {
        let mut page = Page::default();
        let mut looked = 0;
        self.each_row(filter, cursor, |row, wanted| {
            if wanted && page.rows.len() == limit {
                page.next = page.rows.last().map(|row| row.order);
                return false;
            }
            looked += 1;
            let enough = looked >= most;
            if enough {
                (page.next, page.reached) = (Some(row.order), Some(row.issued));
            }
            if wanted {
                page.rows.push(row);
            }
            !enough
        })?;
        Ok(page)
    }

    /// How many documents `filter` wants, and what they come to as sales where `profile` holds, among the newest `most`
    /// that may be meant.
    pub fn found(&self, filter: &Filter, most: usize, profile: &Profile) -> Result<Found, StoreError> {
        let mut found = Found::default();
        let mut looked = 0;
        self.each_row(filter, None, |row, wanted| {
            looked += 1;
            found.more = looked > most;
            if wanted && !found.more {
                found.documents += 1;
                found.turnover.add(profile.weight(&row.id.series), row.state, row.total);
            }
            !found.more
        })?;
        Ok(found)
    }

    /// Hands over what may be wanted, newest first, and whether it is, until `take` has enough.
    fn each_row(
        &self,
        filter: &Filter,
        cursor: Option<u64>,
        mut take: impl FnMut(Row, bool) -> bool,
    ) -> Result<(), StoreError> {
        let before = cursor.unwrap_or(u64::MAX);
        let words = filter.text.as_deref().map(terms).unwrap_or_default();
        let sets = self.sets(filter, &words)?;
        self.view.ask(|entries| {
            let mut orders = Descending::new(entries, &sets, before);
            while let Some(order) = orders.next()? {
                let Some(row) = self.view.get(&key::row(order))? else {
                    continue;
                };
                let row = Reader::decode_row(&row)?;
                let wanted = wants(filter, &words, &row);
                if !take(row, wanted) {
                    break;
                }
            }
            Ok(())
        })
    }

    /// The smallest sets that hold all documents that a filter may want.
    fn sets(&self, filter: &Filter, words: &[String]) -> Result<Vec<Set>, StoreError> {
        if let [word] = words {
            let named = self.named(word)?;
            if !named.is_empty() {
                return Ok(named);
            }
        }
        let live = self.live();
        let whole = (live.counts.total(), vec![Set::Below(b"R".to_vec())]);
        let states: &[DocState] = if filter.problem { &[DocState::Rechazado] } else { &filter.states };
        let by_state = (!states.is_empty()).then(|| {
            let flagged = if filter.problem { live.counts.attention.iter().sum() } else { 0 };
            let many = states.iter().map(|state| live.counts.of(*state)).sum::<u64>() + flagged;
            let sets = states.iter().map(|state| key::of_state(*state));
            (many, sets.chain(filter.problem.then(|| b"A".to_vec())).map(Set::Below).collect())
        });
        let within = |date: &timbre_core::Date| {
            filter.from.is_none_or(|from| *date >= from) && filter.to.is_none_or(|to| *date <= to)
        };
        let by_day = (filter.from.is_some() || filter.to.is_some()).then(|| {
            let days: Vec<_> = live.days.iter().filter(|(date, _)| within(date)).collect();
            let many = days.iter().map(|(_, many)| **many).sum::<u64>();
            (many, days.iter().map(|(date, _)| Set::Below(key::of_date(**date))).collect::<Vec<_>>())
        });
        let by_day = by_day.filter(|(_, sets)| sets.len() <= MOST_DAYS);
        let unprinted = filter.unprinted.then(|| (live.counts.unprinted, vec![Set::Below(b"Z".to_vec())]));
        let smallest =
            [Some(whole), by_state, by_day, unprinted].into_iter().flatten().min_by_key(|(many, _)| *many);
        Ok(smallest.map(|(_, sets)| sets).unwrap_or_default())
    }

    /// The documents of which `word` is the whole folio, id, tax id or total.
    fn named(&self, word: &str) -> Result<Vec<Set>, StoreError> {
        let mut orders = BTreeSet::new();
        let mut sets = Vec::new();
        if let Ok(id) = word.to_uppercase().parse() {
            orders.extend(self.view.number(&key::document(&id))?);
        }
        let digits = bare(word);
        if !digits.is_empty() {
            if let Ok(number) = digits.parse::<u64>() {
                let series: BTreeSet<_> =
                    self.live().ranges().into_iter().map(|range| range.grant.series).collect();
                for series in series {
                    orders.extend(self.view.number(&key::series_number(&series, number))?);
                }
            }
            let total = digits.parse().ok().map(|total| key::of_total(Amount(total)));
            for set in total.into_iter().chain([key::of_receiver(&digits)]) {
                let end = [set.as_slice(), &[0xFF; 8]].concat();
                if self.view.last(set.clone(), end)?.is_some() {
                    sets.push(Set::Below(set));
                }
            }
        }
        if !orders.is_empty() {
            sets.push(Set::These(orders));
        }
        Ok(sets)
    }
}

/// Where a search finds a document at once: its date, its receiver, its total.
pub(crate) fn sets_of(row: &Row) -> [Vec<u8>; 3] {
    let receiver = match bare(&row.receiver.id) {
        digits if digits.is_empty() => fold(&row.receiver.id),
        digits => digits,
    };
    [key::of_date(row.date), key::of_receiver(&receiver), key::of_total(row.total)]
}

/// Documents that are read together, by their place in the order of issue.
enum Set {
    /// The keys that begin so and end in an order.
    Below(Vec<u8>),
    These(BTreeSet<u64>),
}

fn wants(filter: &Filter, words: &[String], row: &Row) -> bool {
    // What is left to do about one that was replaced is a task apart.
    let problem = || {
        let flagged = row.attention.is_some() && row.state != DocState::Reemplazado;
        flagged || row.state == DocState::Rechazado
    };
    (filter.states.is_empty() || filter.states.contains(&row.state))
        && (!filter.problem || problem())
        && (!filter.unflagged || row.attention.is_none())
        && (!filter.flagged || row.attention.is_some())
        && (!filter.unprinted || row.lacks_paper())
        && filter.series.as_ref().is_none_or(|series| *series == row.id.series)
        && filter.from.is_none_or(|from| row.date >= from)
        && filter.to.is_none_or(|to| row.date <= to)
        && (words.is_empty() || speaks_of(row, words))
}

/// The words of a search, without case and accents.
fn terms(text: &str) -> Vec<String> {
    // A sum is copied as it is shown, with its sign apart: `$ 1.190`.
    text.split_whitespace().map(fold).filter(|word| !word.is_empty() && word != "$").collect()
}

/// Every word is found in the folio, the id, the receiver, the total, the items' names or who sold.
fn speaks_of(row: &Row, words: &[String]) -> bool {
    let sold_by = row.sold_by.as_deref().unwrap_or_default();
    let texts = fold(&format!("{} {}\n{}\n{sold_by}", row.receiver.id, row.receiver.name, row.words));
    let bare_id = bare(&row.receiver.id);
    let folio = row.id.number.to_string();
    let id = fold(&row.id.to_string());
    let total = row.total.to_string();
    words.iter().all(|word| {
        let digits = bare(word);
        texts.contains(word)
            || id == *word
            || (!digits.is_empty()
                && (folio.starts_with(&digits) || total == digits || bare_id.contains(&digits)))
    })
}

/// A number or tax id without the marks that people put into it: `76.192.083-9`, `$1.190`.
fn bare(text: &str) -> String {
    let numeric = text.chars().all(|c| c.is_ascii_digit() || ".-$kK".contains(c));
    let kept = |c: &char| c.is_ascii_digit() || matches!(c, 'k' | 'K');
    match numeric && text.chars().any(|c| c.is_ascii_digit()) {
        true => text.chars().filter(kept).map(|c| c.to_ascii_lowercase()).collect(),
        false => String::new(),
    }
}

/// Lower case, without accents.
pub fn fold(text: &str) -> String {
    let plain = |c: char| match c {
        'á' | 'à' | 'ä' | 'â' | 'ã' | 'å' => 'a',
        'é' | 'è' | 'ë' | 'ê' => 'e',
        'í' | 'ì' | 'ï' | 'î' => 'i',
        'ó' | 'ò' | 'ö' | 'ô' | 'õ' => 'o',
        'ú' | 'ù' | 'ü' | 'û' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        'ý' | 'ÿ' => 'y',
        other => other,
    };
    // A combining accent (decomposed text) goes as well.
    let combining = |c: &char| ('\u{300}'..='\u{36f}').contains(c);
    text.chars().flat_map(char::to_lowercase).filter(|c| !combining(c)).map(plain).collect()
}

/// Several sets of orders, read together from the highest down, each order once.
struct Descending<'a> {
    sets: Vec<Peekable<Orders<'a>>>,
}

type Orders<'a> = Box<dyn Iterator<Item = Result<u64, StoreError>> + 'a>;

impl<'a> Descending<'a> {
    fn new(entries: &Entries<'a>, sets: &'a [Set], before: u64) -> Descending<'a> {
        let set = |set: &'a Set| {
            let orders: Orders<'a> = match set {
                Set::Below(prefix) => {
                    let end = [prefix.as_slice(), &before.saturating_sub(1).to_be_bytes()].concat();
                    let keys = entries.between_back(prefix.clone(), end);
                    let order = |entry: Entry| key::tail(&entry?.0).ok_or_else(|| broken("una lista"));
                    Box::new(keys.map(order))
                }
                Set::These(orders) => Box::new(orders.range(..before).rev().copied().map(Ok)),
            };
            orders.peekable()
        };
        Descending { sets: sets.iter().map(set).collect() }
    }

    fn next(&mut self) -> Result<Option<u64>, StoreError> {
        let head = |set: &mut Peekable<Orders<'a>>| set.peek().and_then(|order| order.as_ref().ok().copied());
        let highest = self.sets.iter_mut().filter_map(head).max();
        for set in &mut self.sets {
            if let Some(Err(error)) = set.next_if(|order| match (order, highest) {
                (Ok(order), Some(highest)) => *order == highest,
                (Err(_), _) => true,
                (Ok(_), None) => false,
            }) {
                return Err(error);
            }
        }
        Ok(highest)
    }
}
