//! Answers to "how is this upload doing?". EPR means processed, never accepted: the counts decide,
//! in `settle`.

use std::time::Duration;

use timbre_core::Remark;

use super::statistics::{Detail, Processed, count, details, flat_counts};
use super::{Reply, gloss, is_html, is_plain, same_track, scalar, state};
use crate::words::remark;

/// How an upload is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Not there yet, or a code nobody knows: ask again.
    Working { code: String, after: Option<Duration> },
    /// The token is not valid (any more).
    NoPass(Remark),
    /// Not for the documents' sake: permission or configuration. Ask again, slowly.
    Refused(Remark),
    /// RPT: these documents came in another upload. Only a question about each one tells.
    Repeated,
    /// The whole envelope was rejected; `Detail`s without a folio are about the envelope.
    Rejected { code: String, details: Vec<Detail> },
    /// Processed: the counts are in, as they came.
    Processed(Processed),
    /// No answer that can be understood: ask again.
    Unclear { why: String, after: Option<Duration> },
}

/// What an upload's state means.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    Working,
    NoPass,
    Config,
    Repeated,
    Rejected,
    Counted,
    /// Rejected, or counted when there are counts.
    Either,
}

/// States of an upload (manual consulta de estado de un envío, OI2004; OAS boleta electrónica,
/// ResultadoEnvioDataRespuesta). SOAP writes PDR and REST PRD. 106 is in no manual.
const STATES: &[(&str, Class)] = &[
    ("REC", Class::Working),
    ("SOK", Class::Working),
    ("CRT", Class::Working),
    ("FOK", Class::Working),
    ("PDR", Class::Working),
    ("PRD", Class::Working),
    ("VOF", Class::Working),
    ("EPR", Class::Counted),
    ("RPR", Class::Counted),
    ("RLV", Class::Counted),
    ("RCH", Class::Either),
    ("RCO", Class::Either),
    ("RSC", Class::Rejected),
    ("RFR", Class::Rejected),
    ("RCT", Class::Rejected),
    ("RPT", Class::Repeated),
    ("RDC", Class::Working),
    ("001", Class::NoPass),
    ("002", Class::NoPass),
    ("003", Class::NoPass),
    ("004", Class::Working),
    ("005", Class::Working),
    ("007", Class::Working),
    ("107", Class::Working),
    ("106", Class::Config),
    ("-3", Class::Config),
    ("-6", Class::Config),
    ("-13", Class::Config),
    ("-1", Class::Working),
    ("-2", Class::Working),
    ("-4", Class::Working),
    ("-5", Class::Working),
    ("-7", Class::Working),
    ("-8", Class::Working),
    ("-9", Class::Working),
    ("-10", Class::Working),
    ("-11", Class::Working),
    ("-12", Class::Working),
    ("-14", Class::Working),
];

/// Every state, as [`remark`] names it.
#[cfg(test)]
pub(crate) fn codes() -> impl Iterator<Item = String> {
    STATES.iter().map(|(code, _)| named(code))
}

/// Numbers are told apart from other tables' numbers.
fn named(state: &str) -> String {
    if state.starts_with(|c: char| c.is_ascii_alphabetic()) {
        state.to_owned()
    } else {
        format!("ESTADO {state}")
    }
}

/// "Error de proceso": the upload is not in the tables yet, and will be in seconds.
pub(crate) const NOT_YET: &str = "ESTADO -11 ERR 2";

/// Does it tell that the SII has no such upload (any more)? VOF: its file was not found; «no existe recurso»; -11: not
/// this company's, or nobody's. What a state says that goes on for too long is told apart: that one is stuck.
pub(crate) fn is_lost(code: &str) -> bool {
    matches!(code, "VOF" | "HTTP 404" | "ESTADO -11" | "ESTADO -11 ERR 1")
}

/// getEstUp. Answers that are not EPR carry no body.
pub fn dte_parcel(reply: Reply<'_>, track: &str) -> Progress {
    let answer = reply.soap();
    let Some((answer, state)) = answer.as_ref().and_then(|a| Some((a, state(a)?))) else {
        return Progress::Unclear { why: reply.unclear(), after: reply.retry_after() };
    };
    if answer.value("TRACKID").is_some_and(|told| !same_track(told, track)) {
        return Progress::Unclear { why: "el SII respondió sobre otro envío".to_owned(), after: None };
    }
    let processed = Processed { counts: flat_counts(answer), detailed: false, details: None };
    let error = answer.value("ERR_CODE").filter(|_| state == "-11");
    match (error, classify(state, gloss(answer), None, processed)) {
        (Some("2"), Progress::Working { .. }) => Progress::Working { code: NOT_YET.to_owned(), after: None },
        (Some("1"), Progress::Working { code, .. }) => {
            Progress::Working { code: format!("{code} ERR 1"), after: None }
        }
        (_, progress) => progress,
    }
}

/// GET boleta.electronica.envio.
pub fn boleta_parcel(reply: Reply<'_>, track: &str) -> Progress {
    let unclear = || Progress::Unclear { why: reply.unclear(), after: reply.retry_after() };
    let Some(answer) = reply.json() else {
        let text = reply.text();
        let denied = reply.status == 401 || (!is_html(&text) && text.contains("NO ESTA AUTENTICADO"));
        // Of another company or environment, or purged: its documents may be there all the same.
        let missing = reply.status == 404 && is_plain(&text) && text.to_lowercase().contains("no existe");
        return if denied {
            Progress::NoPass(remark("HTTP 401", text.trim()))
        } else if missing {
            Progress::Working { code: "HTTP 404".to_owned(), after: reply.retry_after() }
        } else {
            unclear()
        };
    };
    let Some(state) = answer["estado"].as_str().map(str::trim).filter(|s| !s.is_empty()) else {
        return unclear();
    };
    if scalar(&answer["trackid"]).is_some_and(|told| !same_track(&told, track)) {
        return Progress::Unclear { why: "el SII respondió sobre otro envío".to_owned(), after: None };
    }
    let counts = answer["estadistica"].as_array().map(|lines| lines.iter().filter_map(count).collect());
    let processed = Processed {
        counts: counts.unwrap_or_default(),
        detailed: true,
        details: details(&answer["detalle_rep_rech"]),
    };
    classify(state, String::new(), reply.retry_after(), processed)
}

fn classify(state: &str, words: String, after: Option<Duration>, processed: Processed) -> Progress {
    let class = STATES.iter().find(|(code, _)| *code == state).map_or(Class::Working, |(_, class)| *class);
    let by_document = processed.details.iter().flatten().any(|d| d.folio.is_some());
    let rejected = |processed: Processed| Progress::Rejected {
        code: state.to_owned(),
        details: processed.details.unwrap_or_default(),
    };
    match class {
        Class::Working => Progress::Working { code: named(state), after },
        Class::NoPass => Progress::NoPass(remark(named(state), words)),
        Class::Config => Progress::Refused(remark(named(state), words)),
        Class::Repeated => Progress::Repeated,
        Class::Rejected => rejected(processed),
        Class::Either if processed.counts.is_empty() && !by_document => rejected(processed),
        Class::Either | Class::Counted => Progress::Processed(processed),
    }
}
