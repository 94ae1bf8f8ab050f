//! Rules about the sums: what the till said of them, and which type of document they make.

use super::{Making, header_path};
use crate::money;
use crate::tags::Group;
use crate::tipo::Tipo;
use crate::totals::{self, Fault, Tax, Totals, figures};

/// Adds up, judges, and writes the totals. `None` when the sale does not make a document.
pub fn check(making: &mut Making<'_>, lines: Vec<(Tax, i64)>) -> Option<Totals> {
    let said = making.order.document.within("Encabezado").within("Totales").clone();
    let previous = said.leaf("SaldoAnterior").and_then(|text| text.parse().ok());
    let prices = figures::prices(making.tipo, &making.order.document);
    let globals = figures::globals(&making.order.document);
    let no_taxed_line = lines.iter().all(|(tax, _)| *tax != Tax::Taxed);
    let no_exempt_line = lines.iter().all(|(tax, _)| *tax != Tax::Exempt);
    let totals = match totals::add_up(prices, lines, &globals, previous) {
        Ok(totals) => totals,
        Err(fault) => {
            let (code, path) = match fault {
                Fault::Negative(_) => ("total-negative", "DscRcgGlobal"),
                Fault::TooLarge => ("total-too-large", "Detalle"),
            };
            making.refuse(code, path, format!("No se puede calcular el total: {fault}."));
            return None;
        }
    };
    if (no_taxed_line && !no_exempt_line) || (totals.net == 0 && totals.exempt > 0) {
        all_exempt(making);
    } else if totals.total == 0 && making.header("IdDoc", "FmaPago") != Some("3") {
        // FmaPago 3, free of charge, is a factura's only way to be worth nothing.
        making.refuse("total-zero", "Detalle", "El total de la venta es 0; no hay nada que documentar.");
    }
    compare(making, &said, &totals);
    figures::write(making.tipo, &totals, &mut making.order.document);
    Some(totals)
}

/// A 33 whose lines are all exempt must be a 34 (formato DTE 2.4.2, detalle, campo 5), and a 39 a 41; the
/// same where what bears tax is worth nothing, for such a document would show no tax.
fn all_exempt(making: &mut Making<'_>) {
    let right = match making.tipo {
        Tipo::Boleta => "una boleta exenta (41)",
        Tipo::Factura => "una factura exenta (34)",
    };
    let message = format!(
        "Todo lo que se cobra es exento: corresponde {right}, que Timbre todavía no emite. Revise IndExe."
    );
    making.refuse("all-exempt", header_path("IdDoc", "TipoDTE"), message);
}

/// The till's totals against ours. The total is what the customer was told, so it must agree to the peso;
/// tills that round net and tax apart are a peso off, and ours is used.
fn compare(making: &mut Making<'_>, said: &Group, totals: &Totals) {
    let mut ours = figures::tags(making.tipo, totals);
    // Written or not, these have a value that a till may repeat.
    for (tag, amount) in [
        ("MontoPeriodo", totals.period()),
        ("TotalPeriodo", totals.period()),
        ("VlrPagar", totals.payable()),
        ("TasaIVA", Some(19)),
    ] {
        if ours.iter().all(|(known, _)| *known != tag)
            && let Some(amount) = amount
        {
            ours.push((tag, amount));
        }
    }
    for field in said.fields() {
        let Some(text) = said.leaf(field.tag) else { continue };
        let path = header_path("Totales", field.tag);
        let ours = ours.iter().find(|(tag, _)| *tag == field.tag).map_or(0, |(_, amount)| *amount);
        if field.tag == "TasaIVA" {
            if money::parse(text) != Some(money::Decimal::from(19)) {
                making.refuse("iva-rate", path, format!("TasaIVA dice {text}; la tasa vigente es 19."));
            }
            continue;
        }
        let Ok(amount) = text.parse::<i64>() else { continue };
        let figures =
            format!("{} dice {} y el cálculo da {}", field.tag, money::dotted(amount), money::dotted(ours));
        match amount.abs_diff(ours) {
            0 => {}
            1 if matches!(field.tag, "MntNeto" | "IVA") => {
                making.warn("total-rounding", path, format!("{figures}; se usa el cálculo."));
            }
            _ => making.refuse(
                "total-mismatch",
                path,
                format!("{figures}. Corrija la venta o deje que Timbre calcule."),
            ),
        }
    }
}
