//! Countries that exist nowhere, each with another's nastiest trait, so that the core and the engine are
//! seen to work without Chile. Their law is a few lines, their authority a function of request and time.
//! No disk, no socket, no clock.

mod law;
mod office;
mod post;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use timbre_core::{Channel, ChannelId, NumberFate, Regime};

pub use law::{NoKeys, SERIES};
pub use office::{Held, Office, Violation};

/// Which trait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Country {
    /// As Paraguay's: documents go in lots of one kind, a lot's results come minutes later, and a company
    /// that sends again what is held is blocked for a while.
    Lots,
    /// As Peru's: the answer to a delivery is the verdict, and a rejection burns the number.
    Burning,
    /// As Colombia's: nothing is printed before the authority has accepted it.
    Gated,
    /// As Argentina's: the authority numbers. It takes only what follows the last number it gave, of each
    /// series, and what it takes gets a code of its own.
    Numbering,
    /// As Chile's: five hundred travel together, and one bad document takes all of them down with it. Nothing of
    /// what fell is kept.
    Falling,
}

impl Country {
    pub const ALL: [Country; 5] =
        [Country::Lots, Country::Burning, Country::Gated, Country::Numbering, Country::Falling];

    pub fn regime(self) -> Arc<dyn Regime> {
        Arc::new(law::Law::of(self))
    }

    /// The post, and the mail: two channels that fail apart from each other.
    pub fn channels(self) -> BTreeMap<ChannelId, Arc<dyn Channel>> {
        let channel = |name: &'static str| {
            let channel: Arc<dyn Channel> = Arc::new(post::Post::new(name, self));
            (ChannelId(name.to_owned()), channel)
        };
        [channel("post"), channel("mail")].into()
    }

    /// What a rejection leaves of the number.
    fn fate(self) -> NumberFate {
        match self {
            Country::Lots | Country::Gated => NumberFate::FreeIfIdUnchanged,
            Country::Burning => NumberFate::Consumed,
            Country::Numbering | Country::Falling => NumberFate::FreeForSame,
        }
    }
}

#[cfg(test)]
mod tests;
