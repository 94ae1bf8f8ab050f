//! What the index of a folder with sealed segments holds instead of what it says: values that hold words are sealed,
//! and of keys the customer's tax id and the till's own keys are names that only the index's key makes. Numbers,
//! dates, states, types, folios and totals stay as they are: they are what it sorts by. Which key means what is
//! `key`'s business.

use std::borrow::Cow;

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;
use sled::IVec;

use crate::sealing::{self, Key};
use crate::{StoreError, key};

/// So much of a name is enough that no two are alike.
const NAME: usize = 16;

/// The key of one index; it goes with the index.
pub(crate) struct Disguise {
    key: Key,
    names: PKey<Private>,
}

impl Disguise {
    pub fn fresh() -> Result<Disguise, StoreError> {
        Disguise::of(sealing::fresh_key()?)
    }

    pub fn of(key: Key) -> Result<Disguise, StoreError> {
        // One key for each use: the names' is made by the values'.
        let names = PKey::hmac(&*key)?;
        let derived =
            Signer::new(MessageDigest::sha256(), &names)?.sign_oneshot_to_vec(b"names of the index")?;
        Ok(Disguise { key, names: PKey::hmac(&derived)? })
    }

    pub fn key(&self) -> &Key {
        &self.key
    }

    /// A key as the index has it. The end of it that sorts stays what it is.
    pub fn key_of<'k>(&self, key: &'k [u8]) -> Result<Cow<'k, [u8]>, StoreError> {
        match spoken(key) {
            ([], _) => Ok(Cow::Borrowed(key)),
            (text, rest) => Ok(Cow::Owned([&key[..1], &self.name(text)?, rest].concat())),
        }
    }

    /// A key that was found between two: `like` is one of these in clear, with the same text.
    pub fn reveal<'k>(&self, found: &'k [u8], like: &[u8]) -> Cow<'k, [u8]> {
        match (spoken(like).0, found.get(1 + NAME..)) {
            ([], _) | (_, None) => Cow::Borrowed(found),
            (text, Some(rest)) => Cow::Owned([&like[..1], text, rest].concat()),
        }
    }

    fn name(&self, text: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut name = Signer::new(MessageDigest::sha256(), &self.names)?.sign_oneshot_to_vec(text)?;
        name.truncate(NAME);
        Ok(name)
    }

    /// A value as the index has it.
    pub fn close<'v>(&self, key: &[u8], value: &'v [u8]) -> Result<Cow<'v, [u8]>, StoreError> {
        match key::holds_words(key) && !value.is_empty() {
            true => Ok(Cow::Owned(sealing::seal(&self.key, 0, key, value)?)),
            false => Ok(Cow::Borrowed(value)),
        }
    }

    /// The value again; `None` when it is not what was closed.
    pub fn open<'v>(&self, key: &[u8], value: &'v [u8]) -> Option<Cow<'v, [u8]>> {
        match key::holds_words(key) && !value.is_empty() {
            true => sealing::unseal(&self.key, key, value).map(Cow::Owned),
            false => Some(Cow::Borrowed(value)),
        }
    }
}

/// An entry as it stands in sled, with its value in clear.
pub(crate) fn clear(
    disguise: Option<&Disguise>,
    entry: sled::Result<(IVec, IVec)>,
) -> sled::Result<(IVec, IVec)> {
    let (key, value) = entry?;
    match disguise {
        None => Ok((key, value)),
        Some(disguise) => match disguise.open(&key, &value) {
            Some(Cow::Borrowed(_)) => Ok((key, value)),
            Some(Cow::Owned(text)) => Ok((key, text.into())),
            None => Err(sled::Error::ReportableBug("un valor no se abre con la llave del índice".to_owned())),
        },
    }
}

/// The text in a key that a person or a till has said, and what follows it.
fn spoken(key: &[u8]) -> (&[u8], &[u8]) {
    match key.split_first() {
        // A tax id ends at its zero; without one it is no more than the letter of the set.
        Some((b'F', rest)) => match rest.iter().position(|byte| *byte == 0) {
            Some(end) => rest.split_at(end),
            None => (&[], rest),
        },
        Some((b'K' | b'n', rest)) => (rest, &[]),
        Some(_) | None => (&[], &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use timbre_core::Amount;

    #[test]
    fn what_was_said_is_not_in_a_key_and_the_order_stays() {
        let disguise = Disguise::fresh().unwrap();
        let buyer = |order| key::in_set(key::of_receiver("761920839"), order);
        let [one, two] = [1, 2].map(|order| disguise.key_of(&buyer(order)).unwrap().into_owned());
        assert!(one < two && one[..1 + NAME] == two[..1 + NAME]);
        assert!(!one.windows(9).any(|part| part == b"761920839"));
        assert_eq!(disguise.reveal(&two, &key::of_receiver("761920839")), buyer(2));
        assert!(two.starts_with(&disguise.key_of(&key::of_receiver("761920839")).unwrap()));
        let till = disguise.key_of(&key::idempotency("caja-1")).unwrap().into_owned();
        assert_eq!(till.len(), 1 + NAME);
        assert_ne!(till, disguise.key_of(&key::idempotency("caja-2")).unwrap().into_owned());
        for plain in [key::row(7), key::of_total(Amount(990)), b"F".to_vec(), b"K".to_vec(), Vec::new()] {
            assert_eq!(disguise.key_of(&plain).unwrap(), plain);
        }
    }

    #[test]
    fn a_value_opens_under_its_own_key_alone() {
        let disguise = Disguise::fresh().unwrap();
        let closed = disguise.close(&key::row(7), b"Pan amasado").unwrap().into_owned();
        assert_eq!(disguise.open(&key::row(7), &closed).unwrap(), &b"Pan amasado"[..]);
        assert_eq!(disguise.open(&key::row(8), &closed), None);
        assert_eq!(Disguise::fresh().unwrap().open(&key::row(7), &closed), None);
        assert_eq!(disguise.close(&key::attention(7), b"").unwrap(), &b""[..]);
    }
}
