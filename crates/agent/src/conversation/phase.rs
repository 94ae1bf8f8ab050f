//! Where a parcel stands between two conversations.

use serde::{Deserialize, Serialize};
use timbre_core::State;

use crate::plan::Stage;

/// Where a parcel stands, as it is kept on disk between steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "lowercase")]
pub(crate) enum Phase {
    /// The authority has it; the channel's own state says what comes next.
    Follow { state: State },
    /// Unknown outcome: each document that is not settled is asked about.
    Probe,
    /// Its bytes go no more: what is absent goes in another envelope, and each of the rest is asked about by itself.
    Parted,
    /// The authority does not have it: the same bytes go again.
    Resend,
}

impl Phase {
    /// As the store keeps it.
    pub(crate) fn kept(&self) -> State {
        State(serde_json::to_value(self).expect("a phase is plain data"))
    }

    pub(crate) fn stage(&self) -> Stage {
        match self {
            Phase::Follow { .. } => Stage::Follow,
            Phase::Probe | Phase::Parted => Stage::Probe,
            Phase::Resend => Stage::Resend,
        }
    }

    /// May its bytes have to go again, so that none of its documents leaves in another envelope?
    pub(crate) fn binds(&self) -> bool {
        !matches!(self, Phase::Parted)
    }

    /// Reads what [`Phase::kept`] wrote; what can't be read is asked about.
    pub(crate) fn of(state: Option<&State>) -> Phase {
        state.and_then(|state| serde_json::from_value(state.0.clone()).ok()).unwrap_or(Phase::Probe)
    }
}
