//! Lists of documents: newest first, filtered, a page at a time. A page is stable while documents
//! are added, since they come before the first one.

use std::iter::Peekable;

use timbre_core::DocState;

use crate::index::{Keys, broken};
use crate::view::{Entries, Entry};
use crate::{Filter, Page, Reader, Row, StoreError, key};

impl Reader {
    /// The documents that `filter` wants, newest first. `cursor` is [`Page::next`] of the page
    /// before; `None` for the first.
    pub fn list(&self, filter: &Filter, cursor: Option<u64>, limit: usize) -> Result<Page, StoreError> {
        let before = cursor.unwrap_or(u64::MAX);
        let words = filter.text.as_deref().map(terms).unwrap_or_default();
        let mut page = Page::default();
        self.view.ask(|entries| {
            let mut orders = Descending::new(entries, &prefixes(filter), before);
            while let Some(order) = orders.next()? {
                let Some(row) = self.view.get(&key::row(order))? else {
                    continue;
                };
                let row = Reader::decode_row(&row)?;
                if !wants(filter, &words, &row) {
                    continue;
                }
                if page.rows.len() == limit {
                    page.next = page.rows.last().map(|row| row.order);
                    break;
                }
                page.rows.push(row);
            }
            Ok(())
        })?;
        Ok(page)
    }
}

/// The smallest sets of keys that hold all documents that a filter may want.
fn prefixes(filter: &Filter) -> Vec<Vec<u8>> {
    if filter.problem {
        return vec![key::of_state(DocState::Rechazado), b"A".to_vec()];
    }
    if filter.unprinted {
        return vec![b"B".to_vec()];
    }
    match filter.states.is_empty() {
        true => vec![b"R".to_vec()],
        false => filter.states.iter().map(|state| key::of_state(*state)).collect(),
    }
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
        && filter.series.as_ref().is_none_or(|series| *series == row.id.series)
        && filter.from.is_none_or(|from| row.date >= from)
        && filter.to.is_none_or(|to| row.date <= to)
        && (words.is_empty() || speaks_of(row, words))
}

/// The words of a search, without case and accents.
fn terms(text: &str) -> Vec<String> {
    text.split_whitespace().map(fold).filter(|word| !word.is_empty()).collect()
}

/// Every word is found in the folio, the id, the receiver, the total or the items' names.
fn speaks_of(row: &Row, words: &[String]) -> bool {
    let texts = fold(&format!("{} {}\n{}", row.receiver.id, row.receiver.name, row.words));
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
pub(crate) fn fold(text: &str) -> String {
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
    fn new(entries: &Entries<'a>, prefixes: &[Vec<u8>], before: u64) -> Descending<'a> {
        let set = |prefix: &Vec<u8>| {
            let end = [prefix.as_slice(), &before.saturating_sub(1).to_be_bytes()].concat();
            let keys = entries.between_back(prefix.clone(), end);
            let order = |entry: Entry| key::tail(&entry?.0).ok_or_else(|| broken("una lista"));
            let orders: Orders<'a> = Box::new(keys.map(order));
            orders.peekable()
        };
        Descending { sets: prefixes.iter().map(set).collect() }
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
