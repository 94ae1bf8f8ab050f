//! The right to number: a range of folios lent by an authority, and one folio of it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{Date, Environment};

/// What a counter counts: a document type in Chile (`39`), a type and a point elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Series(pub String);

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Names a grant: the SHA-256 of its public text, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GrantId(pub String);

/// A range of folios lent by the authority. Its private key is elsewhere, behind [`crate::Keys`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub id: GrantId,
    pub series: Series,
    /// First and last folio lent, both included.
    pub first: u64,
    pub last: u64,
    /// The environment it is good for.
    pub environment: Environment,
    /// Tax id of the company it was lent to.
    pub issuer: String,
    pub authorised: Date,
    /// The last day on which a document may be stamped with it; `None` when it does not expire.
    pub expires: Option<Date>,
    /// The authority's own text that goes into every document, byte for byte.
    pub public: String,
}

impl Grant {
    /// Does any folio belong to both?
    pub fn overlaps(&self, other: &Grant) -> bool {
        self.series == other.series && self.first <= other.last && other.first <= self.last
    }
}

/// A grant as read from the authority's file, with the private key that came in it.
pub struct GrantFile {
    pub grant: Grant,
    /// PKCS#1 or PKCS#8 PEM. To be sealed at once and wiped.
    pub secret: Zeroizing<Vec<u8>>,
}

/// One number of one grant. It is not `Clone`: sealing consumes it, so it can't be spent twice.
#[derive(Debug)]
pub struct Folio {
    number: u64,
    grant: Arc<Grant>,
}

impl Folio {
    /// The folio `number` of `grant`; `None` outside its range. Only the writer of the store and
    /// tests have a reason to call this.
    pub fn of(grant: Arc<Grant>, number: u64) -> Option<Folio> {
        (grant.first..=grant.last).contains(&number).then_some(Folio { number, grant })
    }

    pub fn number(&self) -> u64 {
        self.number
    }

    pub fn grant(&self) -> &Grant {
        &self.grant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_share_a_folio_overlap_from_whichever_side_they_are_seen() {
        let grant = |series: &str, first, last| Grant {
            id: GrantId(String::new()),
            series: Series(series.to_owned()),
            first,
            last,
            environment: Environment::Training,
            issuer: String::new(),
            authorised: "2026-01-01".parse().expect("a date"),
            expires: None,
            public: String::new(),
        };
        let loaded = grant("39", 100, 200);
        for (series, first, last, overlap) in [
            ("39", 1, 99, false),
            ("39", 1, 100, true),
            ("39", 200, 300, true),
            ("39", 201, 300, false),
            ("39", 150, 150, true),
            ("39", 1, 300, true),
            ("33", 100, 200, false),
        ] {
            let other = grant(series, first, last);
            assert_eq!(loaded.overlaps(&other), overlap, "{first} to {last}");
            assert_eq!(other.overlaps(&loaded), overlap, "{first} to {last}");
        }
    }
}
