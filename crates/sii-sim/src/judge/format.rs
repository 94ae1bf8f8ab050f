//! What the format documents demand beyond the schema: fields that are obligatory for a type, RUTs whose check
//! digit is right, the company's registered data, references of notes, dates.

use super::{
    reason::{self, Reason},
    stamp,
};
use crate::{desk::Company, tree, zone};
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, civil::DateTime};
use roxmltree::Node;

/// Obligatory in facturas, guías and purchase invoices (Formato DTE v2.4.2, table 2.3), optional in the schema.
const FACTURA: [&str; 5] = [
    "Encabezado/Emisor/DirOrigen",
    "Encabezado/Emisor/CmnaOrigen",
    "Encabezado/Receptor/GiroRecep",
    "Encabezado/Receptor/DirRecep",
    "Encabezado/Receptor/CmnaRecep",
];
const ALL_DTE: [&str; 3] =
    ["Encabezado/Emisor/RznSoc", "Encabezado/Emisor/GiroEmis", "Encabezado/Receptor/RznSocRecep"];

pub(super) fn obligatory(documento: Node<'_, '_>, tipo: u16) -> Vec<Reason> {
    let service = tree::text(documento, "Encabezado/IdDoc/IndServicio");
    let mut paths: Vec<&str> = match tipo {
        39 | 41 => match service.as_deref() {
            Some("1") => vec!["Encabezado/Receptor/DirRecep"],
            Some("2") => vec!["Encabezado/Receptor/DirRecep", "Encabezado/IdDoc/FchVenc"],
            _ => Vec::new(),
        },
        33 | 34 | 46 => [&FACTURA[..], &ALL_DTE].concat(),
        52 => [&FACTURA[..], &ALL_DTE, &["Encabezado/IdDoc/IndTraslado"]].concat(),
        _ => ALL_DTE.to_vec(),
    };
    if tree::at(documento, "Detalle").is_some() {
        paths.push("Detalle/NmbItem");
    }
    let mut reasons: Vec<_> = paths
        .into_iter()
        .filter(|path| tree::text(documento, path).is_none_or(|text| text.trim().is_empty()))
        .map(|path| reason::BAD_DATA.because(format!("falta {path}")))
        .collect();
    for path in ["Encabezado/Emisor/RUTEmisor", "Encabezado/Receptor/RUTRecep"] {
        let rut = tree::text(documento, path).unwrap_or_default();
        if !check_digit_is_right(&rut) {
            reasons.push(reason::BAD_DATA.because(format!("{path}: digito verificador de {rut}")));
        }
    }
    let receptor = tree::text(documento, "Encabezado/Receptor/RUTRecep");
    let anonymous = receptor.as_deref() == Some("66666666-6");
    if matches!(tipo, 39 | 41) && anonymous && service.as_deref() != Some("3") {
        reasons.push(reason::BAD_DATA.because("66666666-6 solo con IndServicio 3"));
    }
    reasons
}

/// What the SII has on file about the company.
pub(super) fn registered(documento: Node<'_, '_>, company: &Company, cover_issuer: &str) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let Some(emisor) = tree::at(documento, "Encabezado/Emisor") else { return reasons };
    let rut = tree::text(emisor, "RUTEmisor").unwrap_or_default();
    if rut != cover_issuer {
        reasons
            .push(reason::BAD_DATA.because(format!("RUTEmisor {rut} distinto a la Caratula {cover_issuer}")));
    }
    for acteco in tree::children(emisor, "Acteco").map(tree::content) {
        if acteco.parse() != Ok(company.acteco) {
            reasons.push(reason::ACTECO.because(acteco));
        }
    }
    let name = tree::text(emisor, "RznSoc").or_else(|| tree::text(emisor, "RznSocEmisor"));
    if let Some(name) = name.filter(|name| name != company.name) {
        reasons.push(reason::NAME_DIFFERS.because(name));
    }
    reasons
}

/// A note says which document it corrects, and why (Formato DTE, zone E).
pub(super) fn references(documento: Node<'_, '_>, tipo: u16) -> Vec<Reason> {
    if !matches!(tipo, 56 | 61) {
        return Vec::new();
    }
    let mut references = tree::children(documento, "Referencia").peekable();
    if references.peek().is_none() {
        return vec![reason::NOTE_WITHOUT_REFERENCE.because("")];
    }
    // References to orders, tenders and the like (8xx) need no CodRef.
    let corrects =
        |node: &Node<'_, '_>| tree::text(*node, "TpoDocRef").is_some_and(|tipo| !tipo.starts_with('8'));
    references
        .filter(corrects)
        .filter(|node| tree::at(*node, "CodRef").is_none())
        .map(|_| reason::REFERENCE_REASON.because(""))
        .collect()
}

pub(super) fn dates(documento: Node<'_, '_>, now: Timestamp) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let moment = |path: &str| tree::text(documento, path).and_then(|text| text.parse::<DateTime>().ok());
    let issued: Option<Date> =
        tree::text(documento, "Encabezado/IdDoc/FchEmis").and_then(|text| text.parse().ok());
    let (Some(issued), Some(authorised), Some(stamped), Some(signed)) =
        (issued, stamp::authorised_on(documento), moment("TED/DD/TSTED"), moment("TmstFirma"))
    else {
        return vec![reason::BAD_DATA.because("fechas")];
    };
    if issued < authorised {
        reasons.push(reason::BEFORE_AUTHORISATION.because(format!("[{issued} < {authorised}]")));
    }
    if stamped.date() < authorised {
        reasons.push(reason::STAMP_BEFORE_CAF.because(format!("[{stamped} < {authorised}]")));
    }
    // A clock may be a little ahead of the SII's.
    let latest = zone::local(now.saturating_add(SignedDuration::from_mins(10)).unwrap_or(now));
    if stamped > latest || signed > latest || issued > latest.date() {
        reasons.push(reason::STAMP_OUT_OF_RANGE.because(format!("recibido {}", zone::local(now))));
    }
    let late = issued.checked_add(3.days()).is_ok_and(|last| zone::local(now).date() > last);
    if late {
        reasons.push(reason::LATE.because(format!("emitido {issued}")));
    }
    reasons
}

/// Modulo 11, weights 2 to 7 from the right.
fn check_digit_is_right(rut: &str) -> bool {
    let Some((number, check)) = rut.split_once('-') else { return false };
    let weighted = |(place, digit): (usize, u8)| usize::from(digit.wrapping_sub(b'0')) * (2 + place % 6);
    let sum: usize = number.bytes().rev().enumerate().map(weighted).sum();
    match 11 - sum % 11 {
        11 => check == "0",
        10 => check == "K",
        digit => check == digit.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_follow_modulo_eleven() {
        for rut in ["60803000-K", "66666666-6", "55555555-5", "76192083-9", "96670340-7", "78416626-0", "0-0"]
        {
            assert!(check_digit_is_right(rut), "{rut}");
        }
        assert!(!check_digit_is_right("60803000-0") && !check_digit_is_right("76192083-8"));
    }
}
