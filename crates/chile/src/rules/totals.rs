//! Rules about the sums: what the till said of them, and which type of document they make.

use super::{Making, header_path, notes, taxes};
use crate::follow::Earlier;
use crate::money;
use crate::tags::Group;
use crate::tipo::Tipo;
use crate::totals::{Fault, Onto, Tax, Totals, Worth, figures};

/// Adds up, judges, and writes the totals. `None` when the sale does not make a document.
pub fn check(making: &mut Making<'_>, lines: Vec<(Tax, i64)>, earlier: &[Earlier]) -> Option<Totals> {
    let said = making.order.document.within("Encabezado").within("Totales").clone();
    let no_taxed_line = lines.iter().all(|(tax, _)| *tax != Tax::Taxed);
    let no_exempt_line = lines.iter().all(|(tax, _)| *tax != Tax::Exempt);
    let stated = figures::stated(&said);
    if !lines.iter().any(|(tax, _)| matches!(tax, Tax::NotBilled | Tax::NotBilledLess))
        && figures::globals(making.tipo, &making.order.document).iter().any(|g| g.onto == Onto::NotBilled)
    {
        making.refuse(
            "global-of-nothing",
            "DscRcgGlobal",
            "Un descuento o recargo global es de lo no facturable (IndExeDR 2), y no hay ninguna línea no facturable.",
        );
    }
    let totals = match figures::add_up(making.tipo, &making.order.document, lines, stated) {
        Ok(totals) => totals,
        Err(fault) => {
            let (code, path) = match fault {
                Fault::Negative(_) => ("total-negative", "DscRcgGlobal"),
                Fault::AmountOverTaxes => ("tax-global-amount", "DscRcgGlobal"),
                Fault::Credit => ("credit-exceeds", "Encabezado.Totales.CredEC"),
                Fault::TooLarge => ("total-too-large", "Detalle"),
            };
            making.refuse(code, path, format!("No se puede calcular el total: {fault}."));
            return None;
        }
    };
    if (no_taxed_line && !no_exempt_line) || (totals.net == 0 && totals.exempt > 0) {
        all_exempt(making);
    } else if totals.total == 0 && !may_be_nothing(making, earlier) {
        making.refuse("total-zero", "Detalle", "El total de la venta es 0; no hay nada que documentar.");
    }
    several_percentages(making);
    stated_rules(making, &totals);
    compare(making, &said, &totals);
    taxes::compare(making, &said, &totals);
    figures::write(making.tipo, &totals, &mut making.order.document);
    Some(totals)
}

/// FmaPago 3, free of charge, is a factura's only way to be worth nothing; a guía that sells nothing may
/// be (formato DTE 2.4.2, detalle, campo 38), and so is a note that corrects a text, or annuls what is worth
/// nothing.
fn may_be_nothing(making: &Making<'_>, earlier: &[Earlier]) -> bool {
    let reason = |wanted| notes::reasons(&making.order.document).any(|reason| reason == wanted);
    let of_nothing = earlier.iter().any(|earlier| earlier.corrected && earlier.document.total.0 == 0);
    match making.tipo {
        Tipo::Guia => !figures::sells(&making.order.document),
        Tipo::NotaCredito => reason("2") || (reason("1") && of_nothing),
        Tipo::NotaDebito => reason("1") && of_nothing,
        _ => making.header("IdDoc", "FmaPago") == Some("3"),
    }
}

/// A 33 whose lines are all exempt must be a 34 (formato DTE 2.4.2, detalle, campo 5), and a 39 a 41; the
/// same where what bears tax is worth nothing, for such a document would show no tax.
fn all_exempt(making: &mut Making<'_>) {
    let right = match making.tipo {
        Tipo::Boleta => "una boleta exenta (41)",
        Tipo::Factura => "una factura exenta (34)",
        Tipo::FacturaExenta | Tipo::BoletaExenta | Tipo::Guia | Tipo::NotaDebito | Tipo::NotaCredito => {
            return;
        }
    };
    let message = format!(
        "Todo lo que se cobra es exento: corresponde {right}. Cambie el tipo, o revise lo que va como exento (IndExe)."
    );
    making.refuse("all-exempt", header_path("IdDoc", "TipoDTE"), message);
}

/// Of what is the second percentage? Of what the first left, here and in LibreDTE; of the lines' sum in
/// others. No text of the SII decides it.
fn several_percentages(making: &mut Making<'_>) {
    let globals = figures::globals(making.tipo, &making.order.document);
    let percentages =
        |onto| globals.iter().filter(|g| g.onto == onto && matches!(g.worth, Worth::Percent(_))).count();
    if [Onto::Taxed, Onto::Exempt, Onto::NotBilled].into_iter().any(|onto| percentages(onto) > 1) {
        making.warn(
            "globals-several",
            "DscRcgGlobal",
            "Hay más de un descuento o recargo global en porcentaje: cada uno se calcula sobre lo que dejó el anterior, y \
             otros programas lo hacen sobre la suma de las líneas. Para que no haya duda, júntelos en uno.",
        );
    }
}

/// The credit of builders is 65 % of the IVA at the most (DL 910, art. 21); what an issuer and its mandator
/// have of the IVA is the IVA (formato DTE 2.4.2, IVAProp e IVATerc).
fn stated_rules(making: &mut Making<'_>, totals: &Totals) {
    let stated = totals.stated;
    if i128::from(stated.builders_credit) * 100 > i128::from(totals.iva) * 65 {
        let message = format!(
            "El crédito especial (CredEC) dice {} y no puede pasar del 65 % del IVA ({}).",
            money::dotted(stated.builders_credit),
            money::dotted(totals.iva)
        );
        making.refuse("credit-exceeds", header_path("Totales", "CredEC"), message);
    }
    let Some((own, other)) = stated.shared_iva else { return };
    if i128::from(own) + i128::from(other) != i128::from(totals.iva) {
        let message = format!(
            "El IVA propio ({}) y el de terceros ({}) deben sumar el IVA ({}).",
            money::dotted(own),
            money::dotted(other),
            money::dotted(totals.iva)
        );
        making.refuse("shared-iva", header_path("Totales", "IVAProp"), message);
    }
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
                making.refuse("iva-rate", path, format!("La tasa del IVA dice {text}; la vigente es 19."));
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
