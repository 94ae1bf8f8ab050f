//! What the SII answers beside the delivery of documents: one question, one answer each. When to ask, and
//! with which pass, is the engine's business; all of them take the DTE channel's.

pub mod claims;
mod desk;
pub mod mail;
pub mod version;

use timbre_core::{Cx, KeyError};

use crate::hosts::Hosts;

pub use desk::Desk;

/// Why nothing is asked.
#[derive(Debug, thiserror::Error)]
pub enum NotAsked {
    /// Log in on the DTE channel first.
    #[error("falta una sesión con el SII")]
    NoPass,
    #[error("el entrenamiento no tiene un simulador a quien preguntar")]
    NoHost,
    #[error(transparent)]
    Key(#[from] KeyError),
}

fn hosts(cx: &Cx<'_>) -> Result<Hosts, NotAsked> {
    Hosts::of(cx.environment, cx.simulator).ok_or(NotAsked::NoHost)
}

fn token<'a>(cx: &Cx<'a>) -> Result<&'a str, NotAsked> {
    cx.pass.map(|pass| pass.expose()).ok_or(NotAsked::NoPass)
}

/// Every code of these services, as remarks name it.
#[cfg(test)]
pub(crate) fn codes() -> impl Iterator<Item = String> {
    mail::codes().chain(claims::codes())
}

#[cfg(test)]
mod tests;
