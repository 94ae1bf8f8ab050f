//! Answers of the two login services: a seed, a token, or why not.

use timbre_core::Remark;

use super::{Reply, gloss, state};
use crate::channel::soap;
use crate::token::{is_seed, is_token};
use crate::words::remark;
use crate::xml::{self, Element};

/// What a step of a login came to. A seed or a token is a secret and is not shown.
pub enum Login {
    Got(String),
    /// The seed is spent or too old: ask for another at once.
    NewSeed(Remark),
    /// The SII's trouble; it passes.
    Later(Remark),
    /// The SII itself says that nothing will pass until a person mends something: certificate, permission,
    /// or a bug of ours. Nothing else stops a channel for an hour.
    Stop(Remark),
}

/// What to do about a getToken state (manual de autenticación automática §5.2.2, fig. 1.7).
#[derive(Clone, Copy)]
enum Class {
    Got,
    NewSeed,
    Later,
    Stop,
}

const TOKEN_STATES: &[(&str, Class)] = &[
    ("0", Class::Got),
    ("00", Class::Got),
    ("01", Class::Stop),
    ("02", Class::Stop),
    ("03", Class::Stop),
    ("04", Class::Stop),
    ("05", Class::Stop),
    ("06", Class::Stop),
    ("07", Class::Later),
    ("08", Class::NewSeed),
    ("09", Class::Later),
    ("10", Class::Stop),
    ("11", Class::Stop),
    ("12", Class::Later),
    ("21", Class::Stop),
    ("-1", Class::Later),
    ("-2", Class::Later),
    ("-3", Class::Stop),
    ("-07", Class::Stop),
    ("-7", Class::Stop),
];

/// Every getToken state that is no token, as [`remark`] names it.
#[cfg(test)]
pub(crate) fn codes() -> impl Iterator<Item = String> {
    TOKEN_STATES
        .iter()
        .filter(|(_, class)| !matches!(class, Class::Got))
        .map(|(code, _)| format!("TOKEN {code}"))
}

/// getSeed of the DTE channel (SOAP).
pub fn dte_seed(reply: Reply<'_>) -> Login {
    seed(reply, soap::payload(&reply.text()))
}

/// Seed of the boleta channel.
pub fn boleta_seed(reply: Reply<'_>) -> Login {
    seed(reply, xml::read(&reply.text()))
}

/// getToken of the DTE channel (SOAP).
pub fn dte_token(reply: Reply<'_>) -> Login {
    token(reply, soap::payload(&reply.text()))
}

/// Token of the boleta channel.
pub fn boleta_token(reply: Reply<'_>) -> Login {
    token(reply, xml::read(&reply.text()))
}

fn seed(reply: Reply<'_>, answer: Option<Element>) -> Login {
    let Some((answer, state)) = understood(&answer) else {
        return trouble(reply);
    };
    if !matches!(state, "0" | "00") {
        return Login::Later(remark(format!("SEMILLA {state}"), gloss(answer)));
    }
    // The manual's own examples write SEED where the service writes SEMILLA.
    match answer.value("SEMILLA").or_else(|| answer.value("SEED")).filter(|seed| is_seed(seed)) {
        Some(seed) => Login::Got(seed.to_owned()),
        None => Login::Later(remark("SIN SEMILLA", "")),
    }
}

fn token(reply: Reply<'_>, answer: Option<Element>) -> Login {
    let Some((answer, state)) = understood(&answer) else {
        return trouble(reply);
    };
    let class = TOKEN_STATES.iter().find(|(code, _)| *code == state).map(|(_, class)| *class);
    let why = || remark(format!("TOKEN {state}"), gloss(answer));
    match class {
        Some(Class::Got) => match answer.value("TOKEN").filter(|token| is_token(token)) {
            Some(token) => Login::Got(token.to_owned()),
            None => Login::Later(remark("SIN TOKEN", "")),
        },
        Some(Class::NewSeed) => Login::NewSeed(why()),
        Some(Class::Later) | None => Login::Later(why()),
        Some(Class::Stop) => Login::Stop(why()),
    }
}

fn understood(answer: &Option<Element>) -> Option<(&Element, &str)> {
    let answer = answer.as_ref()?;
    Some((answer, state(answer)?))
}

/// No SII:RESPUESTA: a fault, an HTTP error or a page, of the SII or of whatever stands between (a portal, a
/// proxy). It passes, or not, without our doing. The body may echo a secret and is not quoted.
fn trouble(reply: Reply<'_>) -> Login {
    Login::Later(match reply.status {
        200..=299 => remark("ILEGIBLE", ""),
        status => remark(format!("HTTP {status}"), ""),
    })
}
