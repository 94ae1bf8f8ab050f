//! The countries Timbre speaks: one line each, and nowhere else.

use std::collections::BTreeMap;
use std::sync::Arc;

use timbre_chile::Chile;
use timbre_chile::channel::{BoletaChannel, DteChannel};
use timbre_core::{Channel, ChannelId, Regime};

/// The law that a folder issues under. Chile comes first and is alone for now.
pub fn regime() -> Arc<dyn Regime> {
    Arc::new(Chile::default())
}

/// Its channels. `certification_set`: boletas go the way of the set that a company is certified with.
pub fn channels(certification_set: bool) -> BTreeMap<ChannelId, Arc<dyn Channel>> {
    let boleta: Arc<dyn Channel> = match certification_set {
        true => Arc::new(DteChannel::of_the_certification_set()),
        false => Arc::new(BoletaChannel::default()),
    };
    let dte: Arc<dyn Channel> = Arc::new(DteChannel::default());
    [("boleta", boleta), ("dte", dte)]
        .into_iter()
        .map(|(id, channel)| (ChannelId(id.to_owned()), channel))
        .collect()
}

#[cfg(test)]
mod tests;
