//! Rules of the taxes that are added to IVA.

use super::Making;
use crate::money;
use crate::tags::Group;
use crate::totals::Totals;
use crate::totals::taxes::{Base, Bearing, Tax};

/// Which lines may bear which tax, and what they must say for it.
pub fn check(making: &mut Making<'_>) {
    let mut told: Vec<(&str, String, String)> = Vec::new();
    let gross = making.header("IdDoc", "MntBruto").is_some();
    for (at, detail) in making.order.document.groups("Detalle").enumerate() {
        let line = at + 1;
        let place = format!("Detalle[{at}].CodImpAdic");
        for code in detail.leaves("CodImpAdic") {
            let Some(tax) = Tax::of(code) else {
                let message = format!("Línea {line}: Timbre no calcula el impuesto {code}; quítelo.");
                told.push(("additional-tax-unsupported", place.clone(), message));
                continue;
            };
            if detail.has("IndExe") {
                let message = format!(
                    "Línea {line}: {} ({code}) es de lo que lleva IVA; no la marque como exenta (IndExe).",
                    tax.name
                );
                told.push(("tax-on-exempt", place.clone(), message));
            }
            told.extend(base_missing(detail, tax, at));
        }
        let mut codes: Vec<&str> = detail.leaves("CodImpAdic").collect();
        codes.sort_unstable();
        if codes.windows(2).any(|two| two[0] == two[1]) {
            told.push((
                "tax-repeated",
                place.clone(),
                format!("Línea {line}: el mismo impuesto viene dos veces."),
            ));
        }
        if gross && detail.has("CodImpAdic") {
            // Formato DTE 2.4.2, MntBruto: only in documents without additional taxes.
            let message =
                "Con impuestos adicionales los precios van netos: indique precios sin IVA, sin MntBruto.";
            told.push(("tax-with-gross", "Encabezado.IdDoc.MntBruto".to_owned(), message.to_owned()));
        }
    }
    told.dedup();
    for (code, path, message) in told {
        making.refuse(code, path, message);
    }
    // Only who keeps a tax back or states a base has a Retenedor (formato DTE 2.4.2, IndAgente).
    making.order.document.groups_mut("Detalle").flat_map(|line| line.groups_mut("Retenedor")).for_each(
        |keeper| {
            keeper.fill("IndAgente", "R");
        },
    );
}

fn base_missing(detail: &Group, tax: &Tax, at: usize) -> Option<(&'static str, String, String)> {
    let bearing = Bearing::of(detail);
    let (tag, stated) = match tax.base {
        Base::Lines => return None,
        Base::Margin => ("MntMargComer", bearing.margin),
        Base::Slaughter => ("MntBaseFaena", bearing.slaughter),
    };
    (stated == 0).then(|| {
        let message =
            format!("Línea {}: {} ({}) se calcula sobre {tag}; indíquelo.", at + 1, tax.name, tax.code);
        ("tax-base-missing", format!("Detalle[{at}].Retenedor.{tag}"), message)
    })
}

/// The till's own taxes against ours: a peso of difference is its rounding, more is a mistake.
pub fn compare(making: &mut Making<'_>, said: &Group, totals: &Totals) {
    for (at, tax) in said.groups("ImptoReten").enumerate() {
        let code = tax.leaf("TipoImp").unwrap_or_default();
        let due = totals.taxes.iter().find(|due| due.tax.code == code);
        let path = |tag: &str| format!("Encabezado.Totales.ImptoReten[{at}].{tag}");
        let rate = tax.leaf("TasaImp").and_then(money::parse);
        if let (Some(due), Some(rate)) = (due, rate)
            && rate != due.tax.rate()
        {
            let message = format!(
                "La tasa del impuesto dice {} y la del {code} ({}) es {}.",
                money::plain(rate),
                due.tax.name,
                money::plain(due.tax.rate())
            );
            making.refuse("tax-rate", path("TasaImp"), message);
        }
        let Some(amount) = tax.leaf("MontoImp").and_then(|text| text.parse::<i64>().ok()) else { continue };
        let ours = due.map_or(0, |due| due.amount);
        let figures = format!(
            "El impuesto {code} dice {} y el cálculo da {}",
            money::dotted(amount),
            money::dotted(ours)
        );
        match amount.abs_diff(ours) {
            0 => {}
            1 => making.warn("total-rounding", path("MontoImp"), format!("{figures}; se usa el cálculo.")),
            _ => making.refuse(
                "total-mismatch",
                path("MontoImp"),
                format!("{figures}. Revise el código del impuesto (CodImpAdic)."),
            ),
        }
    }
}
