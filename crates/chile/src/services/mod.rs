//! What the SII answers beside the delivery of documents: one question, one answer each. When to ask, and
//! with which pass, is the engine's business; all of them take the DTE channel's.

pub mod claims;
mod desk;
pub mod mail;
pub mod version;

use bytes::Bytes;
use timbre_core::{Cx, Effect, KeyError, Method, Request};

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

/// A SOAP question. None of them does harm when it is asked twice.
fn question(cx: &Cx<'_>, url: String, what: &'static str, body: String) -> Request {
    Request {
        effect: Effect::Query,
        method: Method::Post,
        url,
        headers: vec![
            ("User-Agent".to_owned(), cx.conduct.user_agent.clone()),
            ("Content-Type".to_owned(), "text/xml; charset=utf-8".to_owned()),
            ("SOAPAction".to_owned(), "\"\"".to_owned()),
        ],
        body: Bytes::from(body),
        what,
        secret: false,
    }
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
