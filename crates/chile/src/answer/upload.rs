//! Answers to an upload. Whatever does not say clearly that nothing was stored leaves doubt.

use std::time::Duration;

use timbre_core::{Remark, Scope};

use super::{Reply, is_html, scalar, statistics, track};
use crate::words::remark;
use crate::xml::{self, Element};

/// What an upload came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upload {
    /// Taken, not accepted: there is a TrackID to ask about.
    Received { track: String },
    /// The very same bytes were sent before, and the SII does not say under which TrackID.
    Already,
    /// The token is not valid (any more); nothing was stored.
    NoPass(Remark),
    /// Nothing was stored, and not because of the documents.
    Refused { scope: Scope, why: Remark, after: Duration },
    /// Nothing was stored: schema or signature, and what was said besides.
    Rejected { how: Remark, reasons: Vec<Remark> },
    /// The SII may or may not hold it.
    Unclear(String),
}

/// What to do about a STATUS.
#[derive(Clone, Copy)]
enum Class {
    Received,
    NoPass,
    Config,
    Framing,
    Busy,
    Document,
    Repeated,
}

/// STATUS of DTEUpload (manual envío automático §2.1; 99 and -1 were only observed). Any other
/// number is "Error Interno" and leaves doubt.
const STATUSES: &[(&str, Class)] = &[
    ("0", Class::Received),
    ("1", Class::Config),
    ("2", Class::Framing),
    ("3", Class::Framing),
    ("5", Class::NoPass),
    ("6", Class::Config),
    ("7", Class::Document),
    ("8", Class::Document),
    ("9", Class::Busy),
    ("99", Class::Repeated),
    ("-1", Class::Framing),
];

/// Every STATUS but 0, as [`remark`] names it.
#[cfg(test)]
pub(crate) fn codes() -> impl Iterator<Item = String> {
    STATUSES.iter().filter(|(code, _)| *code != "0").map(|(code, _)| format!("STATUS {code}"))
}

/// A person has to mend something first.
const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);
const TEN_MINUTES: Duration = Duration::from_secs(600);

/// RECEPCIONDTE, or what came instead of it. Only under HTTP 200 is anything said: an error's page may come from
/// whatever stands between, whatever it looks like, and the upload may have been taken.
pub fn dte_upload(reply: Reply<'_>) -> Upload {
    match reply.status {
        200 => {}
        401 => return Upload::NoPass(remark("STATUS 5", "HTTP 401")),
        429 => return throttled(reply),
        _ => return Upload::Unclear(reply.unclear()),
    }
    let text = reply.text();
    let Some(answer) = xml::read(&text).filter(|root| root.name == "RECEPCIONDTE") else {
        return dte_instead(reply, &text);
    };
    // A missing or doubled STATUS is not 0.
    let Some(status) = answer.value("STATUS") else {
        return Upload::Unclear(reply.unclear());
    };
    let why = || remark(format!("STATUS {status}"), words(&answer));
    match STATUSES.iter().find(|(code, _)| *code == status).map(|(_, class)| *class) {
        Some(Class::Received) => match answer.value("TRACKID").and_then(track) {
            Some(track) => Upload::Received { track },
            None => Upload::Unclear("el SII dijo STATUS 0 sin un TrackID".to_owned()),
        },
        Some(Class::Repeated) => match answer.value("TRACKID").and_then(track).or_else(|| named_track(&text))
        {
            Some(track) => Upload::Received { track },
            None => Upload::Already,
        },
        Some(Class::NoPass) => Upload::NoPass(why()),
        Some(Class::Config) => Upload::Refused { scope: Scope::Channel, why: why(), after: HOUR },
        Some(Class::Framing) => Upload::Refused { scope: Scope::Parcel, why: why(), after: MINUTE },
        Some(Class::Busy) => Upload::Refused { scope: Scope::ChannelForNow, why: why(), after: TEN_MINUTES },
        Some(Class::Document) => {
            let errors = answer.all("ERROR");
            let said = errors.iter().map(|e| e.text.trim()).filter(|t| !t.is_empty());
            Upload::Rejected { how: why(), reasons: said.map(statistics::parser_remark).collect() }
        }
        None => Upload::Unclear(format!("el SII respondió STATUS {status} ({})", words(&answer))),
    }
}

fn dte_instead(reply: Reply<'_>, text: &str) -> Upload {
    if is_html(text) && text.contains("Error 501") {
        return Upload::NoPass(remark("STATUS 5", "Error 501"));
    }
    if is_html(text) && text.contains("NO ESTA AUTORIZADA") {
        return Upload::Refused {
            scope: Scope::Channel,
            why: remark("STATUS 6", "NO ESTA AUTORIZADA"),
            after: HOUR,
        };
    }
    Upload::Unclear(reply.unclear())
}

/// Loose text and DETAIL of an answer.
fn words(answer: &Element) -> String {
    let mut parts: Vec<&str> = vec![answer.text.trim()];
    parts
        .extend(["DETAIL", "ERROR", "GLOSA"].iter().flat_map(|name| answer.all(name)).map(|e| e.text.trim()));
    parts.retain(|part| !part.is_empty());
    parts.join(". ")
}

/// "Archivo ya fue enviado 2 veces con Trackid 251550580. Debe esperar 900 segundos …"
fn named_track(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let start = lower.find("con trackid")? + "con trackid".len();
    let digits: String = text[start..].trim_start().chars().take_while(char::is_ascii_digit).collect();
    track(&digits)
}

/// JSON with a `trackid`, or what came instead of it.
pub fn boleta_upload(reply: Reply<'_>) -> Upload {
    if let Some(answer) = reply.json() {
        if let Some(track) = scalar(&answer["trackid"]).as_deref().and_then(track) {
            return Upload::Received { track };
        }
        return match answer["estado"].as_str() {
            Some(state @ ("RSC" | "RFR")) => {
                let details = statistics::details(&answer["detalle_rep_rech"]).unwrap_or_default();
                let reasons = details.into_iter().flat_map(|d| d.remarks).collect();
                Upload::Rejected { how: remark(state, ""), reasons }
            }
            _ => Upload::Unclear(reply.unclear()),
        };
    }
    let text = reply.text();
    let config = |words: &str| Upload::Refused {
        scope: Scope::Channel,
        why: remark(format!("HTTP {}", reply.status), words),
        after: HOUR,
    };
    match reply.status {
        401 => Upload::NoPass(remark("HTTP 401", text.trim())),
        400 if text.contains("TOKEN") => config(text.trim()),
        404 | 405 if !is_html(&text) => config(text.trim()),
        429 => throttled(reply),
        // The old gateway: the upload went to the host of the questions.
        500 if text.contains("Acceso Denegado") => config("Acceso Denegado"),
        ..500 if text.contains("NO ESTA AUTENTICADO") => Upload::NoPass(remark("HTTP 401", text.trim())),
        _ => Upload::Unclear(reply.unclear()),
    }
}

fn throttled(reply: Reply<'_>) -> Upload {
    Upload::Refused {
        scope: Scope::ChannelForNow,
        why: remark("HTTP 429", ""),
        after: reply.retry_after().unwrap_or(TEN_MINUTES),
    }
}
