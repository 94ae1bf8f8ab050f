//! What the unit tests write into a folder.

use bytes::Bytes;
use timbre_core::{Company, Document, Environment, Grant, GrantId, Series};
use timbre_store::{Fact, GrantLoaded, Issued};

pub(crate) fn company() -> Fact {
    let company = Company { id: "1".to_owned(), name: "Nadie".to_owned(), data: serde_json::Value::Null };
    Fact::Company { company, environment: Environment::Training }
}

/// A range of a series, from 1 on.
pub(crate) fn grant(id: &str, series: &str, last: u64) -> Fact {
    let grant = Grant {
        id: GrantId(id.to_owned()),
        series: Series(series.to_owned()),
        first: 1,
        last,
        environment: Environment::Training,
        issuer: "1".to_owned(),
        authorised: "2026-01-01".parse().expect("a date"),
        expires: None,
        public: String::new(),
    };
    let loaded = GrantLoaded { grant, share: (1, 1), used_up_to: None, again: false, sealed: Bytes::new() };
    Fact::GrantLoaded(Box::new(loaded))
}

/// Issued by nobody in particular, with nothing beside it.
pub(crate) fn issued(document: Document) -> Fact {
    Fact::Issued(Box::new(Issued {
        document,
        key: None,
        sale_hash: String::new(),
        from: None,
        till: timbre_core::TillData::default(),
        warnings: Vec::new(),
        totals: serde_json::Value::Null,
        claims: Default::default(),
        follows: Vec::new(),
        annuls: None,
        awaits_authority: false,
        card: None,
        sale: Bytes::new(),
    }))
}
