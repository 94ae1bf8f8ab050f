//! What the format documents demand beyond the schema: fields that are obligatory for a type, RUTs whose check
//! digit is right, the company's registered data, dates.

use super::{
    reason::{self, Reason},
    stamp,
};
use crate::{desk::Company, rules::Rules, tree, zone};
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

/// RUTs besides those of issuer and receptor whose check digit is looked at, where they are.
const OTHER_RUTS: [&str; 6] = [
    "Encabezado/Emisor/RUTProveedor",
    "Encabezado/RUTMandante",
    "Encabezado/RUTSolicita",
    "Encabezado/RUTProvSW",
    "Encabezado/Transporte/RUTTrans",
    "Encabezado/Transporte/Chofer/RUTChofer",
];
/// The consumer nobody knows, and who has no RUT in Chile.
const ANONYMOUS: &str = "66666666-6";
const FOREIGN: &str = "55555555-5";
/// A buyer known only by `CdgIntRecep` (Formato Boletas v4.2).
const BY_CODE: &str = "0-0";

pub(super) fn obligatory(documento: Node<'_, '_>, tipo: u16, rules: &Rules) -> Vec<Reason> {
    let mut reasons = Vec::from_iter(characters(documento));
    reasons.extend(missing(documento, tipo));
    reasons.extend(ruts(documento, tipo));
    let bad = |text: &str| reason::BAD_DATA.because(text);
    let text = |path: &str| tree::text(documento, path);
    let receptor = text("Encabezado/Receptor/RUTRecep").unwrap_or_default();
    match tipo {
        39 | 41 => {
            if receptor == ANONYMOUS && text("Encabezado/IdDoc/IndServicio").as_deref() != Some("3") {
                reasons.push(bad("66666666-6 solo con IndServicio 3"));
            }
            if receptor == BY_CODE && blank(documento, "Encabezado/Receptor/CdgIntRecep") {
                reasons.push(bad("RUTRecep 0-0 sin CdgIntRecep"));
            }
            reasons.extend(large_sale(documento, &receptor, rules));
        }
        33 if rules.facturas_need_a_buyer => {
            let tourist = text("Encabezado/IdDoc/TipoFactEsp").as_deref() == Some("1");
            if receptor == ANONYMOUS || receptor == FOREIGN && !tourist {
                reasons.push(reason::BAD_DATA.because(format!("factura a {receptor}")));
            }
        }
        _ => {}
    }
    reasons
}

/// Above 135 UF a boleta names its buyer and says how it was paid (Ley 21.713, art. 92 ter of the Código
/// Tributario; Formato Boletas v4.2).
fn large_sale(documento: Node<'_, '_>, receptor: &str, rules: &Rules) -> Vec<Reason> {
    let total =
        tree::text(documento, "Encabezado/Totales/MntTotal").and_then(|text| text.parse::<u64>().ok());
    if total.is_none_or(|total| total <= rules.uf.saturating_mul(135)) {
        return Vec::new();
    }
    let mut lacking = Vec::new();
    if matches!(receptor, ANONYMOUS | BY_CODE) {
        lacking.push("RUTRecep");
    }
    if blank(documento, "Encabezado/Receptor/RznSocRecep") {
        lacking.push("RznSocRecep");
    }
    if blank(documento, "Encabezado/IdDoc/MedioPago") {
        lacking.push("MedioPago");
    }
    let over = |name| reason::BAD_DATA.because(format!("sobre 135 UF falta {name}"));
    lacking.into_iter().map(over).collect()
}

/// The bytes are Latin-1, so that only a numeric entity can bring a character from outside; and those are not
/// to be used at all (2.2: `ENV-3-0` or undecodable).
fn characters(documento: Node<'_, '_>) -> Option<Reason> {
    tree::source(documento).contains("&#").then(|| reason::BAD_DATA.because("entidad numerica"))
}

fn blank(node: Node<'_, '_>, path: &str) -> bool {
    tree::text(node, path).is_none_or(|text| text.trim().is_empty())
}

fn missing(documento: Node<'_, '_>, tipo: u16) -> Vec<Reason> {
    let service = tree::text(documento, "Encabezado/IdDoc/IndServicio");
    let paths: Vec<&str> = match tipo {
        39 | 41 => match service.as_deref() {
            Some("1") => vec!["Encabezado/Receptor/DirRecep"],
            Some("2") => vec!["Encabezado/Receptor/DirRecep", "Encabezado/IdDoc/FchVenc"],
            _ => Vec::new(),
        },
        33 | 34 | 46 => [&FACTURA[..], &ALL_DTE].concat(),
        52 => [&FACTURA[..], &ALL_DTE, &["Encabezado/IdDoc/IndTraslado"]].concat(),
        _ => ALL_DTE.to_vec(),
    };
    let mut reasons: Vec<_> = paths
        .into_iter()
        .filter(|path| blank(documento, path))
        .map(|path| reason::BAD_DATA.because(format!("falta {path}")))
        .collect();
    for line in tree::children(documento, "Detalle") {
        let number = tree::text(line, "NroLinDet").unwrap_or_default();
        if blank(line, "NmbItem") {
            reasons.push(reason::BAD_DATA.because(format!("linea {number}: falta NmbItem")));
        }
        for (percent, amount) in [("DescuentoPct", "DescuentoMonto"), ("RecargoPct", "RecargoMonto")] {
            // Formato DTE, field B30: the percentage is said besides the amount, never in its place.
            if tree::at(line, percent).is_some() && tree::at(line, amount).is_none() {
                reasons.push(reason::BAD_DATA.because(format!("linea {number}: {percent} sin {amount}")));
            }
        }
    }
    reasons
}

fn ruts(documento: Node<'_, '_>, tipo: u16) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let mut check = |path: &str, rut: &str| {
        if let Some(flaw) = rut_flaw(rut) {
            reasons.push(reason::BAD_DATA.because(format!("{path}: {flaw} de {rut}")));
        }
    };
    let text = |path: &str| tree::text(documento, path);
    let issuer = "Encabezado/Emisor/RUTEmisor";
    check(issuer, &text(issuer).unwrap_or_default());
    let receptor = "Encabezado/Receptor/RUTRecep";
    let rut = text(receptor).unwrap_or_default();
    if !(rut == BY_CODE && matches!(tipo, 39 | 41)) {
        check(receptor, &rut);
    }
    for path in OTHER_RUTS {
        if let Some(rut) = text(path) {
            check(path, &rut);
        }
    }
    for line in tree::children(documento, "Detalle") {
        if let Some(rut) = tree::text(line, "RUTMandante") {
            check("Detalle/RUTMandante", &rut);
        }
    }
    reasons
}

/// What the SII has on file about the company.
pub(super) fn registered(documento: Node<'_, '_>, company: &Company) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let Some(emisor) = tree::at(documento, "Encabezado/Emisor") else { return reasons };
    let rut = tree::text(emisor, "RUTEmisor").unwrap_or_default();
    // The carátula's issuer is the company by now.
    if rut != company.rut {
        let text = format!("RUTEmisor {rut} distinto a la Caratula {}", company.rut);
        reasons.push(reason::BAD_DATA.because(text));
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
    // A clock may be a little ahead of the SII's. Moments are compared: in April's repeated hour the wall clock goes back.
    let latest = now.saturating_add(SignedDuration::from_mins(10)).unwrap_or(now);
    let is_ahead = |wall: DateTime| zone::moment(wall).is_none_or(|at| at > latest);
    if is_ahead(stamped) || is_ahead(signed) || issued > zone::local(latest).date() {
        reasons.push(reason::STAMP_OUT_OF_RANGE.because(format!("recibido {}", zone::local(now))));
    }
    let late = issued.checked_add(3.days()).is_ok_and(|last| zone::local(now).date() > last);
    if late {
        reasons.push(reason::LATE.because(format!("emitido {issued}")));
    }
    reasons
}

/// Numbers of issuers and receptors (Formato DTE, fields of RUTs).
const BODIES: std::ops::RangeInclusive<u64> = 100_000..=99_999_999;

/// What is wrong with a RUT that the schema let pass.
fn rut_flaw(rut: &str) -> Option<&'static str> {
    let Some((number, check)) = rut.split_once('-') else { return Some("forma") };
    if !check_digit_is_right(number, check) {
        return Some("digito verificador");
    }
    if number.starts_with('0') {
        return Some("ceros a la izquierda");
    }
    let inside = number.parse().is_ok_and(|number: u64| BODIES.contains(&number));
    (!inside).then_some("rango")
}

pub(crate) fn is_rut(rut: &str) -> bool {
    rut_flaw(rut).is_none()
}

/// Modulo 11, weights 2 to 7 from the right.
fn check_digit_is_right(number: &str, check: &str) -> bool {
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
    fn a_rut_is_in_range_without_zeros_and_follows_modulo_eleven() {
        for rut in
            ["60803000-K", "66666666-6", "55555555-5", "76192083-9", "96670340-7", "78416626-0", "100000-4"]
        {
            assert_eq!(rut_flaw(rut), None, "{rut}");
        }
        for (rut, flaw) in [
            ("60803000-0", "digito verificador"),
            ("76192083-8", "digito verificador"),
            ("1-9", "rango"),
            ("99999-7", "rango"),
            ("0-0", "ceros a la izquierda"),
            ("076192083-9", "ceros a la izquierda"),
            ("760830000", "forma"),
        ] {
            assert_eq!(rut_flaw(rut), Some(flaw), "{rut}");
        }
    }
}
