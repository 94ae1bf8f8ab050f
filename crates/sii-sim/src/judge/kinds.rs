//! What one type of document bears and another may not, and what a guía says of its goods (Formato DTE v2.4.2,
//! zones A and 3.2). The schema has one shape for all of them.

use super::reason::{self, Reason};
use crate::{rules::Rules, tree};
use roxmltree::Node;

const ID: &str = "Encabezado/IdDoc";

/// Fields with the only types they are for.
const ONLY: [(&str, &[u16]); 5] = [
    ("IndNoRebaja", &[61]),
    ("IndTraslado", &[52]),
    ("TpoImpresion", &[52]),
    ("TipoFactEsp", &[33, 61]),
    ("TipoDespacho", &[33, 34, 46, 52]),
];
/// Fields that the format's table denies to a guía, whose values are net and which nobody pays.
const NOT_IN_A_GUIA: [&str; 3] = ["IndServicio", "MntBruto", "MedioPago"];

/// No source shows the SII refusing what the table denies: UNCONFIRMED, so only where the official forms alone
/// pass.
pub(super) fn check(documento: Node<'_, '_>, tipo: u16, rules: &Rules) -> Vec<Reason> {
    if matches!(tipo, 39 | 41) {
        return Vec::new();
    }
    let mut reasons = Vec::new();
    let there = |path: &str| tree::at(documento, path).is_some();
    let mut deny = |path: &str| reasons.push(reason::BAD_DATA.because(format!("{path} no es de una {tipo}")));
    if rules.official_only {
        for (field, types) in ONLY {
            if !types.contains(&tipo) && there(&format!("{ID}/{field}")) {
                deny(field);
            }
        }
        for field in NOT_IN_A_GUIA {
            if tipo == 52 && there(&format!("{ID}/{field}")) {
                deny(field);
            }
        }
        if tipo == 46 && there("Encabezado/RUTMandante") {
            deny("RUTMandante");
        }
        if tipo == 52 && there("Encabezado/RUTSolicita") {
            deny("RUTSolicita");
        }
        if tipo != 52 && there("Encabezado/Emisor/GuiaExport") {
            deny("GuiaExport");
        }
    }
    // IndTraslado 5: goods that stay within the company go to itself.
    let text = |path: &str| tree::text(documento, path);
    let within = tipo == 52 && text("Encabezado/IdDoc/IndTraslado").as_deref() == Some("5");
    if within && text("Encabezado/Receptor/RUTRecep") != text("Encabezado/Emisor/RUTEmisor") {
        reasons.push(reason::BAD_DATA.because("traslado interno a otro RUT"));
    }
    reasons
}
