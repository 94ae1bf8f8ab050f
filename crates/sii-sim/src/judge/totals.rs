//! The arithmetic of a document, recalculated from its lines (Formato DTE v2.4.2, fields 107 to 124; Formato
//! Boletas v4.2). Whole pesos, halves up, no floating point.

use super::{
    lines::{Lines, Percent},
    reason::{self, Reason},
    taxes,
};
use crate::tree;
use roxmltree::Node;

pub(super) fn check(documento: Node<'_, '_>, tipo: u16) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let lines = Lines::read(documento, tipo, &mut reasons);
    let totals = Totals::read(documento);
    match tipo {
        39 => boleta(&totals, &lines, documento, &mut reasons),
        41 => exempt_boleta(&totals, &lines, &mut reasons),
        // A guía that is no sale may leave its values out (Formato DTE, IndTraslado).
        52 if !is_sale(documento) && [totals.net, totals.exempt, totals.iva, totals.total] == [0; 4] => {}
        _ => factura(&totals, &lines, documento, tipo, &mut reasons),
    }
    not_billed(&totals, &lines, &mut reasons);
    payable(&totals, &mut reasons);
    reasons
}

/// `IndTraslado` 1: the guía is a sale, and a factura for its values follows.
fn is_sale(documento: Node<'_, '_>) -> bool {
    tree::text(documento, "Encabezado/IdDoc/IndTraslado").as_deref() == Some("1")
}

/// `Totales` as declared; what is not there is zero.
struct Totals {
    net: i128,
    exempt: i128,
    iva: i128,
    total: i128,
    not_billed: Option<i128>,
    /// `MontoPeriodo`, in boletas `TotalPeriodo`.
    period: Option<i128>,
    previous: i128,
    payable: Option<i128>,
    has_net: bool,
    has_iva: bool,
    rate: Option<String>,
    deposits: i128,
    credit: i128,
    commissions: i128,
    taxes: Vec<Tax>,
}

/// An `ImptoReten`.
pub(super) struct Tax {
    pub code: String,
    pub rate: Option<Percent>,
    pub amount: i128,
}

impl Totals {
    fn read(documento: Node<'_, '_>) -> Totals {
        let totales = tree::at(documento, "Encabezado/Totales");
        let text = |path: &str| totales.and_then(|node| tree::text(node, path));
        let number = |path: &str| text(path).and_then(|text| text.parse::<i128>().ok());
        let or_zero = |path: &str| number(path).unwrap_or(0);
        let taxes = totales.into_iter().flat_map(|node| tree::children(node, "ImptoReten"));
        Totals {
            net: or_zero("MntNeto"),
            exempt: or_zero("MntExe"),
            iva: or_zero("IVA"),
            total: or_zero("MntTotal"),
            not_billed: number("MontoNF"),
            period: number("MontoPeriodo").or(number("TotalPeriodo")),
            previous: or_zero("SaldoAnterior"),
            payable: number("VlrPagar"),
            has_net: number("MntNeto").is_some(),
            has_iva: number("IVA").is_some(),
            rate: text("TasaIVA"),
            deposits: or_zero("GrntDep"),
            credit: or_zero("CredEC"),
            commissions: or_zero("Comisiones/ValComNeto")
                + or_zero("Comisiones/ValComExe")
                + or_zero("Comisiones/ValComIVA"),
            taxes: taxes
                .map(|node| Tax {
                    code: tree::text(node, "TipoImp").unwrap_or_default(),
                    rate: tree::text(node, "TasaImp").as_deref().and_then(Percent::read),
                    amount: tree::text(node, "MontoImp").and_then(|text| text.parse().ok()).unwrap_or(0),
                })
                .collect(),
        }
    }
}

/// Prices are gross, and the IVA is what is left of them: the total never moves (`IndMntNeto` 2 turns it round).
fn boleta(totals: &Totals, lines: &Lines, documento: Node<'_, '_>, reasons: &mut Vec<Reason>) {
    if lines.taxed == 0 && lines.exempt > 0 {
        reasons.push(reason::TOTALS.because("todos los items son exentos: corresponde boleta exenta (41)"));
    }
    let net_prices = tree::text(documento, "Encabezado/IdDoc/IndMntNeto").as_deref() == Some("2");
    let (net, iva) = match net_prices {
        true => (lines.taxed, vat(totals.net)),
        false => (net_of(lines.taxed), lines.taxed - net_of(lines.taxed)),
    };
    // What comes to nothing is left out rather than said to be zero.
    if net > 0 && !totals.has_net || iva > 0 && !totals.has_iva {
        reasons.push(
            reason::BAD_DATA.because("MntNeto e IVA son obligatorios en la boleta 39 (Res. Ex. 74/2020)"),
        );
        return;
    }
    compare("MntNeto", totals.net, net, reasons);
    compare("IVA", totals.iva, iva, reasons);
    if !net_prices {
        exactly("MntTotal", totals.total, lines.taxed + lines.exempt, reasons);
    }
    compare("MntExe", totals.exempt, lines.exempt, reasons);
    exactly("MntTotal", totals.total, totals.net + totals.iva + totals.exempt, reasons);
}

fn exempt_boleta(totals: &Totals, lines: &Lines, reasons: &mut Vec<Reason>) {
    if totals.has_net || totals.has_iva {
        reasons.push(reason::TOTALS.because("la boleta exenta no lleva MntNeto ni IVA"));
    }
    exactly("MntExe", totals.exempt, lines.exempt, reasons);
    exactly("MntTotal", totals.total, lines.exempt, reasons);
}

fn factura(totals: &Totals, lines: &Lines, documento: Node<'_, '_>, tipo: u16, reasons: &mut Vec<Reason>) {
    if tipo == 33 && lines.taxed == 0 && lines.exempt > 0 {
        reasons.push(reason::TOTALS.because("todos los items son exentos: corresponde factura exenta (34)"));
    }
    let bears_tax = totals.has_net || totals.has_iva || totals.rate.is_some() || !totals.taxes.is_empty();
    if tipo == 34 && bears_tax {
        reasons.push(reason::TOTALS.because("la factura exenta no lleva MntNeto, TasaIVA, IVA ni impuestos"));
    }
    let gross = tree::text(documento, "Encabezado/IdDoc/MntBruto").as_deref() == Some("1");
    if gross {
        let net = net_of(lines.taxed);
        compare("MntNeto", totals.net, net, reasons);
        compare("IVA", totals.iva, lines.taxed - net, reasons);
        if totals.taxes.is_empty() {
            exactly("MntNeto + IVA", totals.net + totals.iva, lines.taxed, reasons);
        } else {
            reasons.push(reason::TAX_AMOUNT.because("MntBruto no admite impuestos adicionales"));
        }
    } else {
        compare("MntNeto", totals.net, lines.taxed, reasons);
        compare("IVA", totals.iva, vat(totals.net), reasons);
    }
    compare("MntExe", totals.exempt, lines.exempt, reasons);
    let rate = totals.rate.as_deref().and_then(Percent::read);
    if totals.net > 0 && rate != Percent::read("19") {
        reasons.push(reason::TOTALS.because("TasaIVA debe ser 19"));
    }
    reasons.extend(taxes::check(&totals.taxes, lines, tipo));
    let sum = totals.net + totals.exempt + totals.iva + taxes::added(&totals.taxes) + totals.deposits
        - totals.credit
        - totals.commissions;
    exactly("MntTotal", totals.total, sum, reasons);
    compare("GrntDep", totals.deposits, lines.deposits, reasons);
}

fn not_billed(totals: &Totals, lines: &Lines, reasons: &mut Vec<Reason>) {
    let declared = totals.not_billed.unwrap_or(0);
    if declared != lines.not_billed {
        reasons.push(reason::TAX_AMOUNT.because(format!("MontoNF: [{declared} <> {}]", lines.not_billed)));
    }
}

/// What is charged with the document. No source shows the SII comparing them: UNCONFIRMED, judged as the other
/// totals are.
fn payable(totals: &Totals, reasons: &mut Vec<Reason>) {
    let period = totals.total + totals.not_billed.unwrap_or(0);
    if let Some(declared) = totals.period {
        compare("MontoPeriodo", declared, period, reasons);
    }
    if let Some(declared) = totals.payable {
        compare("VlrPagar", declared, period + totals.previous, reasons);
    }
}

/// Neto and IVA may differ by one peso, with an objection; the SII notes it and lets it pass.
fn compare(name: &str, declared: i128, expected: i128, reasons: &mut Vec<Reason>) {
    let text = || format!("{name}: [{declared} <> {expected}]");
    match (declared - expected).abs() {
        0 => {}
        1 => reasons.push(reason::ONE_PESO.because(text())),
        _ => reasons.push(reason::TOTALS.because(text())),
    }
}

fn exactly(name: &str, declared: i128, expected: i128, reasons: &mut Vec<Reason>) {
    if declared != expected {
        reasons.push(reason::TOTALS.because(format!("{name}: [{declared} <> {expected}]")));
    }
}

/// Gross divided by 1.19.
fn net_of(gross: i128) -> i128 {
    (200 * gross + 119).div_euclid(238)
}

fn vat(net: i128) -> i128 {
    (net * 19 + 50).div_euclid(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gross_prices_split_as_the_accepted_documents_do() {
        for (gross, net) in
            [(680, 571), (5980, 5025), (29_800, 25_042), (125_000, 105_042), (5784, 4861), (0, 0)]
        {
            assert_eq!(net_of(gross), net);
        }
    }

    #[test]
    fn halves_of_a_peso_go_up() {
        assert_eq!(vat(50), 10); // 9.5
        assert_eq!(vat(35_113), 6671);
    }
}
