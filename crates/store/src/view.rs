//! The index with changes laid over it, read as if they were there: those that sled is still to be
//! told, and for an order those of the batch it is in, which are not durable yet.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use sled::{IVec, Tree};

use crate::disguise::{Disguise, clear};
use crate::index::{Index, Keys, Pair, Puts};
use crate::{StoreError, key};

#[derive(Clone)]
pub(crate) struct View {
    pub index: Arc<Index>,
    /// The changes of a batch; a plain reader has none.
    batch: Option<Arc<Puts>>,
}

/// The entries of a view, for as long as a question lasts.
pub(crate) struct Entries<'a> {
    tree: &'a Tree,
    disguise: Option<&'a Disguise>,
    ahead: &'a Puts,
    batch: &'a Puts,
}

pub(crate) type Entry = sled::Result<(IVec, IVec)>;

impl View {
    pub fn of(index: Arc<Index>) -> View {
        View { index, batch: None }
    }

    /// One that changes are staged over.
    pub fn staging(index: Arc<Index>) -> View {
        View { index, batch: Some(Arc::default()) }
    }

    /// Lays more changes over it.
    pub fn stage(&mut self, puts: Puts) {
        Arc::make_mut(self.batch.get_or_insert_default()).extend(puts);
    }

    /// What was staged.
    pub fn into_staged(self) -> Puts {
        self.batch.map(Arc::unwrap_or_clone).unwrap_or_default()
    }

    pub fn ask<T>(&self, ask: impl FnOnce(&Entries<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        // Before the index is looked at: what sled is told meanwhile is then seen twice, not missed.
        let ahead = self.index.ahead();
        let batch = self.batch.clone().unwrap_or_default();
        let disguise = self.index.disguise();
        let disguise = disguise.as_deref();
        self.index.ask(|tree| ask(&Entries { tree, disguise, ahead: &ahead, batch: &batch }))
    }

    pub fn with_prefix(&self, prefix: &[u8]) -> Result<Vec<Pair>, StoreError> {
        let end = [prefix, &[0xFF; 64]].concat();
        self.ask(|entries| {
            let found = entries.between(prefix.to_vec(), end);
            let pair = |entry: Entry| entry.map(|(key, value)| (key.to_vec(), value.to_vec()));
            Ok(found.map(pair).collect::<Result<_, _>>()?)
        })
    }

    /// The first key of each stem (what precedes its last eight bytes) below `prefix`: as many
    /// look-ups as there are stems, however many keys each has.
    pub fn firsts(&self, prefix: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
        let end = [prefix, &[0xFF; 64]].concat();
        self.ask(|entries| {
            let mut firsts: Vec<Vec<u8>> = Vec::new();
            let mut from = prefix.to_vec();
            while let Some(entry) = entries.between(from, end.clone()).next() {
                let key = entry?.0.to_vec();
                if key::tail(&key).is_none() {
                    break;
                }
                from = [key::stem(&key), &[0xFF; 9]].concat();
                firsts.push(key);
            }
            Ok(firsts)
        })
    }
}

impl Keys for View {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let staged = self.batch.as_ref().and_then(|batch| batch.get(key).cloned());
        match staged.or_else(|| self.index.ahead().get(key).cloned()) {
            Some(value) => Ok(value),
            None => self.index.get(key),
        }
    }

    fn last(&self, from: Vec<u8>, to: Vec<u8>) -> Result<Option<Vec<u8>>, StoreError> {
        self.ask(|entries| {
            let last = entries.between_back(from, to).next();
            Ok(last.transpose()?.map(|(key, _)| key.to_vec()))
        })
    }
}

impl<'a> Entries<'a> {
    /// Those with keys from `from` to `to`, both included, ascending.
    pub fn between(&self, from: Vec<u8>, to: Vec<u8>) -> impl Iterator<Item = Entry> + use<'a> {
        let of = |puts: &'a Puts| puts.range(from.clone()..=to.clone());
        let order = |kept: &[u8], staged: &[u8]| kept.cmp(staged);
        let tree = self.in_tree(from.clone(), to.clone());
        merged(merged(tree, of(self.ahead), order), of(self.batch), order)
    }

    /// The same, descending.
    pub fn between_back(&self, from: Vec<u8>, to: Vec<u8>) -> impl Iterator<Item = Entry> + use<'a> {
        let of = |puts: &'a Puts| puts.range(from.clone()..=to.clone()).rev();
        let order = |kept: &[u8], staged: &[u8]| staged.cmp(kept);
        let tree = self.in_tree(from.clone(), to.clone()).rev();
        merged(merged(tree, of(self.ahead), order), of(self.batch), order)
    }

    /// What sled has between two keys, in clear. Where these name a text, both name the same.
    fn in_tree(&self, from: Vec<u8>, to: Vec<u8>) -> impl DoubleEndedIterator<Item = Entry> + use<'a> {
        let disguise = self.disguise;
        let named = |key: &[u8]| match disguise {
            Some(disguise) => disguise.key_of(key).map(Cow::into_owned),
            None => Ok(key.to_vec()),
        };
        // A name that can't be made is told as the first entry.
        let (first, range) = match (named(&from), named(&to)) {
            (Ok(first), Ok(last)) => (None, Some(self.tree.range(first..=last))),
            (Err(error), _) | (_, Err(error)) => (Some(sled::Error::ReportableBug(error.to_string())), None),
        };
        let entries = range.into_iter().flatten().map(move |entry| {
            let (key, value) = clear(disguise, entry)?;
            let key = match disguise.map(|disguise| disguise.reveal(&key, &from)) {
                Some(Cow::Owned(key)) => key.into(),
                Some(Cow::Borrowed(_)) | None => key,
            };
            Ok((key, value))
        });
        first.map(Err).into_iter().chain(entries)
    }
}

/// What is kept and what is staged over it, in one order.
fn merged<'a>(
    kept: impl Iterator<Item = Entry>,
    staged: impl Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)>,
    order: fn(&[u8], &[u8]) -> Ordering,
) -> impl Iterator<Item = Entry> {
    let (mut kept, mut staged) = (kept.peekable(), staged.peekable());
    std::iter::from_fn(move || {
        loop {
            let next = match (kept.peek(), staged.peek()) {
                (Some(Err(_)), _) | (_, None) => return kept.next(),
                (None, Some(_)) => staged.next(),
                (Some(Ok((key, _))), Some((put, _))) => match order(key, put) {
                    Ordering::Less => return kept.next(),
                    Ordering::Greater => staged.next(),
                    Ordering::Equal => {
                        kept.next();
                        staged.next()
                    }
                },
            };
            // A key that is staged to go is passed over.
            if let Some((key, Some(value))) = next {
                return Some(Ok((key.as_slice().into(), value.as_slice().into())));
            }
        }
    })
}
