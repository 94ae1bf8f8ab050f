//! Reading an upload's statistics: counts by type, and what was said about single documents. What
//! they prove is decided in `settle`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use timbre_core::Remark;

use super::scalar;
use crate::words::{remark, unsaid};
use crate::xml::Element;

/// Counts and, on the boleta channel, what was said about single documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Processed {
    pub counts: Vec<Count>,
    /// Does the channel tell about single documents at all?
    pub detailed: bool,
    /// `None` where it does not, or not yet.
    pub details: Option<Vec<Detail>>,
}

/// One type's line of an upload's statistics. `accepted` does not include `objected`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    pub kind: u16,
    pub informed: u32,
    pub accepted: u32,
    pub rejected: u32,
    pub objected: u32,
}

/// What was said about one document: those accepted without remarks are not listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    pub kind: Option<u16>,
    pub folio: Option<u64>,
    /// RCH, RPR, RLV.
    pub state: String,
    pub remarks: Vec<Remark>,
}

/// The five tags repeat flat, one group a type; a group that is not whole is left out, so that
/// what is missing stays missing.
pub(super) fn flat_counts(answer: &Element) -> Vec<Count> {
    let Some(body) = answer.only("RESP_BODY") else {
        return Vec::new();
    };
    let mut counts = Vec::new();
    for group in body.children.chunk_by(|_, next| next.name != "TIPO_DOCTO") {
        let number = |name: &str| {
            let mut found = group.iter().filter(|e| e.name == name);
            match (found.next(), found.next()) {
                (Some(one), None) => one.text.trim().parse::<u32>().ok(),
                _ => None,
            }
        };
        let whole = || {
            Some(Count {
                kind: u16::try_from(number("TIPO_DOCTO")?).ok()?,
                informed: number("INFORMADOS")?,
                accepted: number("ACEPTADOS")?,
                rejected: number("RECHAZADOS")?,
                objected: number("REPAROS")?,
            })
        };
        counts.extend(whole());
    }
    counts
}

/// One line of `estadistica`.
pub(super) fn count(line: &Value) -> Option<Count> {
    let number = |name: &str| scalar(&line[name])?.parse::<u32>().ok();
    Some(Count {
        kind: u16::try_from(number("tipo")?).ok()?,
        informed: number("informados")?,
        accepted: number("aceptados")?,
        rejected: number("rechazados")?,
        objected: number("reparos")?,
    })
}

/// `detalle_rep_rech`: `None` when it is null or missing, which it is while the SII still works.
pub(super) fn details(value: &Value) -> Option<Vec<Detail>> {
    Some(value.as_array()?.iter().map(detail).collect())
}

fn detail(entry: &Value) -> Detail {
    let number = |name: &str| scalar(&entry[name]).and_then(|n| n.parse::<u64>().ok());
    let state = entry["estado"].as_str().unwrap_or_default().trim().to_owned();
    let mut remarks: Vec<Remark> =
        entry["error"].as_array().into_iter().flatten().map(|e| error(e, &state)).collect();
    if remarks.is_empty() {
        let words = entry["descripcion"].as_str().unwrap_or_default();
        // Only boletas have details.
        remarks.push(if state == "RCH" { unsaid(true, words) } else { remark(state.clone(), words) });
    }
    Detail {
        kind: number("tipo").and_then(|k| u16::try_from(k).ok()),
        folio: number("folio"),
        state,
        remarks,
    }
}

/// `SECCION-nivel-codigo`; where the level is left out, the document's state tells it.
fn error(error: &Value, state: &str) -> Remark {
    let text = |name: &str| scalar(&error[name]).unwrap_or_default();
    let words = [text("descripcion"), text("detalle")]
        .into_iter()
        .filter(|t| !t.is_empty())
        .collect::<Vec<_>>()
        .join(". ");
    let (section, number) = (text("seccion"), text("codigo"));
    if number.is_empty() {
        let parsed = parser_remark(&text("detalle"));
        return Remark { words, ..if parsed.code.is_empty() { remark(section, "") } else { parsed } };
    }
    let level = match (text("nivel").as_str(), state) {
        ("", "RLV") => "1".to_owned(),
        ("", "RPR") => "2".to_owned(),
        ("", _) => "3".to_owned(),
        (level, _) => level.to_owned(),
    };
    remark(format!("{section}-{level}-{number}"), words)
}

/// An error of the SII's XML parser: `LSX-00290`, with brackets and line numbers round it. Its code
/// is empty when the text has none.
pub(super) fn parser_remark(text: &str) -> Remark {
    let code = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').find(|word| {
        word.len() == 9
            && word.as_bytes()[3] == b'-'
            && word[..3].bytes().all(|b| b.is_ascii_uppercase())
            && word[4..].bytes().all(|b| b.is_ascii_digit())
    });
    remark(code.unwrap_or_default(), text)
}
