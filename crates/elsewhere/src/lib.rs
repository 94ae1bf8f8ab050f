//! Countries that exist nowhere, each with another's nastiest trait, so that the core and the engine are
//! seen to work without Chile. Their law is a few lines, their authority a function of request and time.
//! No disk, no socket, no clock.

mod law;
mod office;
mod post;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use timbre_core::regime::PrintGate;
use timbre_core::{Channel, ChannelId, NumberFate, Regime, Remark};

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
    /// series, and what it takes gets a code, which only its answer tells and without which no paper is whole.
    Numbering,
    /// As Chile's: five hundred travel together, and one bad document takes all of them down with it. Nothing of
    /// what fell is kept.
    Falling,
    /// As Chile's too: an envelope is gone through as a whole, and what is rejected of it is not kept.
    Forgetting,
}

impl Country {
    pub const ALL: [Country; 6] = [
        Country::Lots,
        Country::Burning,
        Country::Gated,
        Country::Numbering,
        Country::Falling,
        Country::Forgetting,
    ];

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

    /// When a document may be on paper.
    pub fn print(self) -> PrintGate {
        match self {
            Country::Gated | Country::Numbering => PrintGate::OnAcceptance,
            Country::Lots | Country::Burning | Country::Falling | Country::Forgetting => PrintGate::OnSeal,
        }
    }

    /// How many documents travel in one parcel, and how many parcels at once.
    pub fn together(self) -> (usize, usize) {
        match self {
            Country::Lots => (15, 3),
            Country::Burning | Country::Gated => (1, 5),
            // One after the other: the next number is known when the last one is taken.
            Country::Numbering => (1, 1),
            Country::Falling => (500, 3),
            Country::Forgetting => (10, 3),
        }
    }

    /// What a rejection leaves of the number.
    pub fn fate(self) -> NumberFate {
        match self {
            Country::Lots | Country::Gated => NumberFate::FreeIfIdUnchanged,
            Country::Burning => NumberFate::Consumed,
            Country::Numbering | Country::Falling => NumberFate::FreeForSame,
            Country::Forgetting => NumberFate::AskByProbe,
        }
    }

    /// Why a document was rejected that was in an envelope of which others were accepted.
    pub fn left_out(self) -> Option<Remark> {
        (self == Country::Forgetting).then(|| Remark::ours("OUT", "No quedó entre los recibidos."))
    }
}

#[cfg(test)]
mod tests;
