//! What a document is worth before anything of it is rounded. Parts of a document are held against the whole
//! by this: each is rounded by itself, so that what they charge need not add up to the peso.

use super::figures;
use super::taxes::{Base, Bearing};
use super::{Global, Onto, Prices, Tax, Worth};
use crate::money::{self, Decimal};
use crate::tags::Group;
use crate::tipo::Tipo;

/// `MntTotal` without rounding; `None` beyond what a decimal holds.
pub fn unrounded(tipo: Tipo, document: &Group) -> Option<Decimal> {
    let mut sums = Sums::default();
    let lines = figures::lines(tipo, document);
    for (line, detail) in lines.iter().zip(document.groups("Detalle")) {
        let worth = line.unrounded()?;
        match line.tax {
            Tax::Taxed => sums.take(worth, &Bearing::of(detail))?,
            Tax::Exempt => sums.exempt = sums.exempt.checked_add(worth)?,
            Tax::Deposit => sums.deposit = sums.deposit.checked_add(worth)?,
            Tax::NotBilled | Tax::NotBilledLess | Tax::Aside => {}
        }
    }
    for global in figures::globals(tipo, document) {
        sums.apply(&global)?;
    }
    let credit = document.at(&["Encabezado", "Totales", "CredEC"]).and_then(money::parse).unwrap_or_default();
    let iva = match figures::prices(tipo, document) {
        Prices::Gross => Decimal::ZERO,
        Prices::Net => percent(sums.taxed, money::iva_percent())?,
    };
    [sums.exempt, sums.deposit, iva, sums.added, sums.own, -credit]
        .into_iter()
        .try_fold(sums.taxed, Decimal::checked_add)
}

/// What lines come to, by how they count.
#[derive(Default)]
struct Sums {
    taxed: Decimal,
    exempt: Decimal,
    deposit: Decimal,
    /// The additional taxes that are taken of lines, and those that state their base.
    added: Decimal,
    own: Decimal,
}

impl Sums {
    fn take(&mut self, worth: Decimal, bearing: &Bearing) -> Option<()> {
        self.taxed = self.taxed.checked_add(worth)?;
        for tax in &bearing.taxes {
            let (sum, base) = match tax.base {
                Base::Lines => (&mut self.added, worth),
                Base::Margin => (&mut self.own, bearing.margin.into()),
                Base::Slaughter => (&mut self.own, bearing.slaughter.into()),
            };
            *sum = sum.checked_add(percent(base, tax.rate())?)?;
        }
        Some(())
    }

    /// What is off what is taxed is off the taxes of it, in proportion.
    fn apply(&mut self, global: &Global) -> Option<()> {
        let onto = match global.onto {
            Onto::Taxed => &mut self.taxed,
            Onto::Exempt => &mut self.exempt,
            Onto::NotBilled => return Some(()),
        };
        let before = *onto;
        let part = match global.worth {
            Worth::Percent(rate) => percent(before, rate)?,
            Worth::Pesos(pesos) => pesos,
        };
        *onto = if global.adds { before.checked_add(part)? } else { before.checked_sub(part)? };
        if global.onto == Onto::Taxed && !self.added.is_zero() {
            self.added = self.added.checked_mul(self.taxed)?.checked_div(before)?;
        }
        Some(())
    }
}

fn percent(of: Decimal, rate: Decimal) -> Option<Decimal> {
    of.checked_mul(rate)?.checked_div(Decimal::ONE_HUNDRED)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::{Value, json};
    use timbre_core::Sale;

    use super::*;
    use crate::sale;

    #[track_caller]
    fn check(tipo: u16, mut document: Value, worth: &str) {
        document["Encabezado"]["IdDoc"]["TipoDTE"] = tipo.into();
        let text = Bytes::from(document.to_string());
        let order = sale::read(&Sale::read(text, None).expect("a sale")).expect("it can be read");
        assert_eq!(order.faults, [], "{document}");
        assert_eq!(unrounded(order.tipo, &order.document), money::parse(worth), "{document}");
    }

    fn line(price: &str, more: Value) -> Value {
        let mut line = json!({ "NmbItem": "Pan", "QtyItem": 3, "PrcItem": price });
        line.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        line
    }

    #[test]
    fn nothing_is_rounded_and_each_kind_counts_as_in_the_total() {
        let of = |lines: Value| json!({ "Detalle": lines });
        // 100.5 and its IVA; the same with IVA in the price; the same of a boleta.
        check(33, of(json!([line("33.5", json!({}))])), "119.595");
        let mut gross = of(json!([line("33.5", json!({}))]));
        gross["Encabezado"] = json!({ "IdDoc": { "MntBruto": 1 } });
        check(33, gross, "100.5");
        check(39, of(json!([line("33.5", json!({}))])), "100.5");
        // Exempt, a deposit, and what is not billed.
        let kinds = json!([
            line("33.5", json!({ "IndExe": 1 })), line("1", json!({ "IndExe": 3 })), line("7", json!({ "IndExe": 2 })),
            line("9", json!({ "IndExe": 6 })), line("11", json!({ "IndExe": 4 })), { "NmbItem": "Té", "MontoItem": 50 },
        ]);
        check(33, of(kinds), "163");
        // 10 % off and 2 % on, of quantity by price; and as amounts.
        check(34, of(json!([line("33.5", json!({ "DescuentoPct": 10, "RecargoPct": 2 }))])), "92.46");
        check(34, of(json!([line("33.5", json!({ "DescuentoMonto": 10, "RecargoMonto": 2 }))])), "92.5");
    }

    #[test]
    fn taxes_and_globals_are_of_what_they_are_of() {
        let wine = || line("100.1", json!({ "CodImpAdic": 25 }));
        let mut sale = json!({ "Detalle": [wine(), line("10", json!({}))] });
        // 330.3 by 1.19, and 20.5 % of 300.3.
        check(33, sale.clone(), "454.6185");
        sale["DscRcgGlobal"] = json!([
            { "TpoMov": "D", "TpoValor": "%", "ValorDR": 10 },
            { "TpoMov": "R", "TpoValor": "%", "ValorDR": 50, "IndExeDR": 1 },
        ]);
        check(33, sale.clone(), "409.15665");
        sale["Encabezado"] = json!({ "IdDoc": {}, "Totales": { "CredEC": 9 } });
        check(33, sale, "400.15665");
        // An amount off, where all bears the tax: 290.3 by 1.395.
        let off =
            json!({ "Detalle": [wine()], "DscRcgGlobal": { "TpoMov": "D", "TpoValor": "$", "ValorDR": 10 } });
        check(33, off, "404.9685");
        let on = json!({ "Detalle": [line("10", json!({}))], "DscRcgGlobal": { "TpoMov": "R", "TpoValor": "$", "ValorDR": 10 } });
        check(33, on, "47.6");
        // 19 % of the margin, and 5 % of what is stated for slaughter, whatever is off.
        let stated = |code: u16, tag: &str| {
            let keeper = json!({ "CodImpAdic": code, "Retenedor": { tag: 101 } });
            json!({ "Detalle": [line("10", keeper)], "DscRcgGlobal": { "TpoMov": "D", "TpoValor": "%", "ValorDR": 50 } })
        };
        check(33, stated(14, "MntMargComer"), "37.04");
        check(33, stated(17, "MntBaseFaena"), "22.9");
    }
}
