//! Answers to "do you have this document?".

use timbre_core::{NumberFate, Remark};

use super::{Reply, gloss, is_plain, state};
use crate::words::remark;

/// What the SII says it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Received, and its data are ours (perhaps changed later by a note).
    Same {
        code: String,
    },
    /// A document with this number was received, and its data are not ours.
    Differs(Remark),
    /// Not received; also said while it is being processed.
    Absent(Remark),
    /// The folio itself is the fault.
    Void(Remark, NumberFate),
    NoPass(Remark),
    /// Says nothing about the document: permission or configuration.
    Refused(Remark),
    /// Nothing that can be understood, or trouble: ask again.
    Later(String),
}

/// What a document's state means.
#[derive(Clone, Copy)]
enum Class {
    Same,
    Differs,
    Absent,
    Void(NumberFate),
    NoPass,
    Config,
    Later,
}

/// States of a document (manual consulta de estado de un DTE, OI2004; OAS boleta electrónica,
/// `codigo`). Notes that changed it later mean that it was accepted before.
const STATES: &[(&str, Class)] = &[
    ("DOK", Class::Same),
    ("TMD", Class::Same),
    ("TMC", Class::Same),
    ("MMD", Class::Same),
    ("MMC", Class::Same),
    ("AND", Class::Same),
    ("ANC", Class::Same),
    ("DNK", Class::Differs),
    ("FAU", Class::Absent),
    ("FNA", Class::Void(NumberFate::Ungranted)),
    ("FAN", Class::Void(NumberFate::Annulled)),
    ("EMP", Class::Config),
    ("001", Class::NoPass),
    ("002", Class::NoPass),
    ("003", Class::NoPass),
    ("-1", Class::Later),
    ("-2", Class::Later),
    ("-3", Class::Later),
    ("-4", Class::Later),
];

/// Every state, as [`remark`] names it.
#[cfg(test)]
pub(crate) fn codes() -> impl Iterator<Item = String> {
    STATES.iter().map(|(code, _)| named(code))
}

/// The same, as the SII does.
#[cfg(test)]
pub(crate) fn states() -> impl Iterator<Item = String> {
    STATES.iter().map(|(code, _)| (*code).to_owned())
}

fn named(state: &str) -> String {
    if state.starts_with(|c: char| c.is_ascii_alphabetic()) {
        state.to_owned()
    } else {
        format!("ESTADO {state}")
    }
}

/// What a state means; an unknown one says nothing.
pub fn classify(code: &str, words: &str) -> Held {
    let why = || remark(named(code), words);
    match STATES.iter().find(|(known, _)| *known == code).map(|(_, class)| *class) {
        Some(Class::Same) => Held::Same { code: code.to_owned() },
        Some(Class::Differs) => Held::Differs(why()),
        Some(Class::Absent) => Held::Absent(why()),
        Some(Class::Void(fate)) => Held::Void(why(), fate),
        Some(Class::NoPass) => Held::NoPass(why()),
        Some(Class::Config) => Held::Refused(why()),
        Some(Class::Later) | None => Held::Later(why().meaning),
    }
}

/// getEstDte.
pub fn dte_document(reply: Reply<'_>) -> Held {
    let answer = reply.soap();
    match answer.as_ref().and_then(|a| Some((a, state(a)?))) {
        Some((answer, state)) => classify(state, &gloss(answer)),
        None => Held::Later(reply.unclear()),
    }
}

/// GET boleta.electronica/…/estado: `codigo` and `descripcion`.
pub fn boleta_document(reply: Reply<'_>) -> Held {
    if let Some(answer) = reply.json() {
        let words = answer["descripcion"].as_str().unwrap_or_default().trim();
        return match answer["codigo"].as_str() {
            Some(code) if reply.status == 200 => classify(code.trim(), words),
            _ => Held::Later(reply.unclear()),
        };
    }
    let text = reply.text();
    let plain = is_plain(&text);
    match reply.status {
        401 => Held::NoPass(remark("HTTP 401", text.trim())),
        _ if plain && text.contains("NO ESTA AUTENTICADO") => Held::NoPass(remark("HTTP 401", text.trim())),
        // Whether an unknown folio is 404 or FAU is not confirmed: the service's own short text counts.
        404 if plain && text.to_ascii_lowercase().contains("no existe") => {
            Held::Absent(remark("HTTP 404", text.trim()))
        }
        _ => Held::Later(reply.unclear()),
    }
}

/// Is the signed document that the SII holds this very one?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exact {
    Same,
    Other(Remark),
    NoPass(Remark),
    /// The service says that it does not compare: it takes the question for wrong (5), or this person may not ask it
    /// about this company (9).
    Unable(Remark),
    /// Nothing that can be understood, or trouble: ask again.
    Later(String),
}

/// ERR_CODE of getEstDteAv (OIFE2006): 1 and 2 are the token's; any other is its own trouble.
#[cfg(test)]
pub(crate) const EXACT_ERRORS: &[&str] = &["0", "1", "2", "5", "9"];

/// getEstDteAv, which compares the signature too.
pub fn dte_exact(reply: Reply<'_>) -> Exact {
    let Some(answer) = reply.soap() else {
        return Exact::Later(reply.unclear());
    };
    let token = state(&answer).filter(|s| matches!(*s, "001" | "002" | "003"));
    if let Some(code) = token {
        return Exact::NoPass(remark(format!("ESTADO {code}"), gloss(&answer)));
    }
    if let Some(code @ ("1" | "2")) = answer.value("ERR_CODE") {
        return Exact::NoPass(remark(format!("FIRMA {code}"), gloss(&answer)));
    }
    match answer.value("RECIBIDO") {
        Some("SI") => Exact::Same,
        Some("NO") => Exact::Other(remark("FIRMA NO", gloss(&answer))),
        _ => match answer.value("ERR_CODE") {
            Some(code @ ("5" | "9")) => Exact::Unable(remark(format!("FIRMA {code}"), gloss(&answer))),
            _ => Exact::Later(reply.unclear()),
        },
    }
}
