//! From what the SII answers to what it means: total functions, with the SII's tables as data.
//! Nothing here asks, waits or decides what to do next.

mod document;
mod login;
mod parcel;
mod settle;
mod statistics;
mod upload;

use std::time::Duration;

use serde_json::Value;

use crate::channel::soap;
use crate::rut::Rut;
use crate::xml;

pub use document::{Exact, Held, boleta_document, classify, dte_document, dte_exact};
pub use login::{Login, boleta_seed, boleta_token, dte_seed, dte_token};
pub(crate) use parcel::{NOT_YET, is_lost};
pub use parcel::{Progress, boleta_parcel, dte_parcel};
pub use settle::{Concluded, ITS_DATA, Settled, THIS_ONE, Uploads, conclude, fall, reject_all, settle};
pub use statistics::{Count, Detail, Processed};
pub use upload::{Upload, boleta_upload, dte_upload};

/// The largest answer that is read; what is longer is read as if it were cut there, and so is no
/// answer.
pub const CAP: usize = 1 << 20;

/// A complete HTTP answer.
#[derive(Debug, Clone, Copy)]
pub struct Reply<'a> {
    pub status: u16,
    pub headers: &'a [(String, String)],
    pub body: &'a [u8],
}

impl Reply<'_> {
    /// The body as text, whatever its header says of its encoding.
    pub fn text(&self) -> String {
        xml::text_of(&self.body[..self.body.len().min(CAP)])
    }

    /// The body as a JSON object, complete, of an answer that says it is one.
    fn json(&self) -> Option<Value> {
        if !(200..300).contains(&self.status) {
            return None;
        }
        serde_json::from_str::<Value>(&self.text()).ok().filter(Value::is_object)
    }

    /// What a SOAP service answers, complete. A question that ends in an HTTP error was not answered.
    pub(crate) fn soap(&self) -> Option<xml::Element> {
        (self.status == 200).then(|| soap::payload(&self.text())).flatten()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim())
    }

    /// How long the SII asks to wait (OAS boleta electrónica, X-Retry-After), capped at a day.
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = self.header("X-Retry-After").or_else(|| self.header("Retry-After"))?;
        Some(Duration::from_secs(seconds.parse::<u64>().ok()?.min(86_400)))
    }

    /// Does it say that it is about another company? What a cache or a mix-up at the SII tells of others is no answer.
    pub(crate) fn is_of_another(&self, company: Rut) -> bool {
        let told = match self.json() {
            Some(answer) => scalar(&answer["rut_emisor"]),
            None => xml::read(&self.text()).and_then(|root| root.value("RUTCOMPANY").map(str::to_owned)),
        };
        // Who sends is never told by what can't be read.
        told.and_then(|told| told.parse().ok()).is_some_and(|told: Rut| told != company)
    }

    /// One line for a person: what came instead of an answer.
    fn unclear(&self) -> String {
        let text = self.text();
        // Compressed, or of another program altogether.
        if text.chars().any(|c| c < ' ' && !c.is_whitespace()) {
            return format!("el SII respondió HTTP {} con algo que no es texto", self.status);
        }
        let words: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(160).collect();
        match words.as_str() {
            "" => format!("el SII respondió HTTP {} sin contenido", self.status),
            words => format!("el SII respondió HTTP {} con algo que no se entiende: {words}", self.status),
        }
    }
}

/// The SII's error pages come with status 200.
fn is_html(text: &str) -> bool {
    timbre_core::channel::is_html(text.as_bytes())
}

/// The service's own short text, and no page of whatever stands between.
fn is_plain(text: &str) -> bool {
    !is_html(text) && text.len() < 200
}

/// Why an answer is none that [`Reply::is_of_another`].
pub(crate) const OF_ANOTHER: &str = "el SII respondió sobre otra empresa";

/// A TrackID: digits, kept as text since zeros lead it on one channel and its length is not promised.
fn track(text: &str) -> Option<String> {
    let text = text.trim();
    let digits = (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    (digits && text.bytes().any(|b| b != b'0')).then(|| text.to_owned())
}

/// The same TrackID: leading zeros come and go.
fn same_track(one: &str, other: &str) -> bool {
    one.trim().trim_start_matches('0') == other.trim().trim_start_matches('0')
}

/// A number or a text, as text: the same field comes as either.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// `RESP_HDR/ESTADO`, and where that says 0 and the body has one of its own, the body's.
fn state(answer: &xml::Element) -> Option<&str> {
    let header = answer.only("RESP_HDR").and_then(|h| h.value("ESTADO"));
    let inner = answer.only("RESP_BODY").and_then(|b| b.value("ESTADO"));
    match (header, inner) {
        (Some("0" | "00"), Some(inner)) => Some(inner),
        (header, _) => header,
    }
    .filter(|state| !state.is_empty())
}

/// What the SII says beside a state.
pub(crate) fn gloss(answer: &xml::Element) -> String {
    let first =
        |name: &str| answer.all(name).first().map(|e| e.text.trim().to_owned()).filter(|t| !t.is_empty());
    let parts = [first("GLOSA_ESTADO"), first("GLOSA"), first("GLOSA_ERR")];
    parts.into_iter().flatten().collect::<Vec<_>>().join(". ")
}

#[cfg(test)]
pub(crate) use document::states as document_states;

/// Every code that the tables act on, as a remark names it.
#[cfg(test)]
pub(crate) fn codes() -> impl Iterator<Item = String> {
    let exact = document::EXACT_ERRORS.iter().map(|code| format!("FIRMA {code}"));
    let services = crate::services::codes();
    let channels = login::codes().chain(upload::codes()).chain(parcel::codes()).chain(document::codes());
    channels.chain(exact).chain(services)
}

#[cfg(test)]
mod tests;
