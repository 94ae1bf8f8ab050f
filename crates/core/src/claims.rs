//! What documents use up of earlier ones, and how much of one is used up as they stand.

use serde::{Deserialize, Serialize};

use crate::{Amount, DocumentId};

/// What a document uses up of earlier ones (the rest of a factura that a note may annul);
/// re-checked by the writer. Empty for plain sales.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Claims(pub Vec<Claim>);

/// `amount` of what is left of `document`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub document: DocumentId,
    /// Below zero where it gives back what the one that it undoes had used up.
    pub amount: Amount,
    /// The document whose claim on the same one this takes back, and which the note that makes it claims of, too. It
    /// counts only while that one does: what was rejected uses nothing, and there is nothing to take back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<DocumentId>,
}

impl Claim {
    /// One that stands by itself.
    pub fn new(document: DocumentId, amount: Amount) -> Claim {
        Claim { document, amount, undoes: None }
    }

    /// One that takes back what `undone` did.
    pub fn undoing(undone: DocumentId, document: DocumentId, amount: Amount) -> Claim {
        Claim { document, amount, undoes: Some(undone) }
    }
}

/// What of a document says how much others use up.
#[derive(Debug, Clone, Default)]
pub struct Links {
    pub claims: Claims,
    /// Those that claim of it and were not rejected.
    pub used_by: Vec<DocumentId>,
}

/// So deep undoing is followed: what is undone oftener counts as in use.
const DEEPEST: usize = 64;

/// How much of `document` later ones use up as they stand: what each claims, less what others took back of that. As
/// nobody takes back more than a document has in use, nothing is given back twice, whatever was rejected in between:
/// the sum is never below zero, and what is judged against the rest of `document` never makes it more than its total.
pub fn claimed<E>(
    document: &DocumentId,
    links: &impl Fn(&DocumentId) -> Result<Links, E>,
) -> Result<Amount, E> {
    let mut sum = 0_i64;
    for user in links(document)?.used_by {
        let own = links(&user)?;
        let used = amount(&own, document, None);
        if used > 0 {
            sum = sum.saturating_add(in_use(&user, &own, document, used, DEEPEST, links)?);
        }
    }
    Ok(Amount(sum))
}

/// What is left of `whole`, which `user` did to `document`, once those that undo it took back theirs.
fn in_use<E>(
    user: &DocumentId,
    own: &Links,
    document: &DocumentId,
    whole: i64,
    deep: usize,
    links: &impl Fn(&DocumentId) -> Result<Links, E>,
) -> Result<i64, E> {
    let mut left = whole;
    for by in own.used_by.iter().filter(|_| deep > 0) {
        let theirs = links(by)?;
        let back = amount(&theirs, document, Some(user)).saturating_abs();
        if back > 0 {
            left = left.saturating_sub(in_use(by, &theirs, document, back, deep - 1, links)?);
        }
    }
    Ok(left.max(0))
}

/// What a document claims of another by itself, or does there to undo what `undone` did.
fn amount(own: &Links, document: &DocumentId, undone: Option<&DocumentId>) -> i64 {
    let claims = own.claims.0.iter().filter(|claim| claim.document == *document);
    let claims = claims.filter(|claim| claim.undoes.as_ref() == undone);
    claims.fold(0_i64, |sum, claim| sum.saturating_add(claim.amount.0))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Documents of which 1 is what others use, with their claims: of which, how much, undoing whose.
    #[derive(Default, Clone)]
    struct Book {
        claims: BTreeMap<u64, Vec<(u64, i64, Option<u64>)>>,
        rejected: Vec<u64>,
    }

    fn id(number: u64) -> DocumentId {
        DocumentId::new("A", number)
    }

    impl Book {
        fn with(mut self, number: u64, claims: &[(u64, i64, Option<u64>)]) -> Book {
            self.claims.insert(number, claims.to_vec());
            self
        }

        fn without(mut self, rejected: &[u64]) -> Book {
            self.rejected = rejected.to_vec();
            self
        }

        fn claimed(&self, number: u64) -> i64 {
            let links = |of: &DocumentId| -> Result<Links, ()> {
                let claim = |(of, amount, undoes): &(u64, i64, Option<u64>)| Claim {
                    document: id(*of),
                    amount: Amount(*amount),
                    undoes: undoes.map(id),
                };
                let claims = self.claims.get(&of.number).into_iter().flatten().map(claim).collect();
                let uses = |claims: &[(u64, i64, Option<u64>)]| {
                    claims.iter().any(|(document, amount, _)| *document == of.number && *amount >= 0)
                };
                let used_by = self.claims.iter().filter(|(user, _)| !self.rejected.contains(user));
                let used_by = used_by.filter(|(_, claims)| uses(claims)).map(|(user, _)| id(*user));
                Ok(Links { claims: Claims(claims), used_by: used_by.collect() })
            };
            claimed(&id(number), &links).unwrap().0
        }
    }

    /// 2 uses 1 up, 3 annuls 2, 4 annuls 3.
    fn undone_and_again() -> Book {
        Book::default()
            .with(2, &[(1, 100, None)])
            .with(3, &[(2, 100, None), (1, -100, Some(2))])
            .with(4, &[(3, 100, None), (2, -100, Some(3)), (1, 100, Some(3))])
    }

    /// Each set of rejections of a chain of three, one after the other.
    #[test]
    fn what_undoes_counts_only_while_what_it_undoes_does() {
        let book = undone_and_again();
        for (rejected, of_1, of_2) in [
            (&[][..], 100, 0),
            (&[2], 0, 0),
            (&[3], 100, 0),
            (&[4], 0, 100),
            (&[2, 3], 0, 0),
            (&[2, 4], 0, 100),
            (&[3, 4], 100, 0),
            (&[2, 3, 4], 0, 0),
        ] {
            let book = book.clone().without(rejected);
            assert_eq!((book.claimed(1), book.claimed(2)), (of_1, of_2), "{rejected:?}");
        }
    }

    /// Of 100, 30 are used, and a note takes back 50 of them: 20 that were never used are not free twice.
    #[test]
    fn no_more_is_given_back_than_was_used() {
        let book = Book::default().with(2, &[(1, 30, None)]).with(3, &[(2, 30, None), (1, -50, Some(2))]);
        assert_eq!(book.clone().with(4, &[(1, 60, None)]).claimed(1), 60);
        // Nor is what nobody used.
        assert_eq!(book.with(5, &[(1, -10, None)]).claimed(1), 0);
    }

    #[test]
    fn parts_that_are_taken_back_one_by_one_add_up() {
        let book = Book::default()
            .with(2, &[(1, 100, None)])
            .with(3, &[(2, 30, None), (1, -30, Some(2))])
            .with(4, &[(2, 20, None), (1, -20, Some(2))])
            // This one corrects 3, and gives a part of 1 back besides.
            .with(5, &[(3, 10, None), (1, 10, Some(3)), (1, 25, None)]);
        assert_eq!(book.claimed(1), 100 - 30 - 20 + 10 + 25);
        assert_eq!(book.without(&[3]).claimed(1), 100 - 20 + 25);
    }

    #[test]
    fn documents_that_undo_each_other_come_to_an_end() {
        let book = Book::default()
            .with(2, &[(1, 100, None), (3, 0, None), (1, 5, Some(3))])
            .with(3, &[(2, 0, None), (1, -5, Some(2))]);
        assert!((95..=100).contains(&book.claimed(1)));
    }
}
