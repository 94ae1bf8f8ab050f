//! The lines of a document and its global discounts, summed by what they are: taxed, exempt, not billed.

use super::reason::{self, Reason};
use crate::tree;
use roxmltree::Node;

/// Quantities and prices have up to six decimals; they are counted in millionths.
const MILLION: i128 = 1_000_000;

#[derive(Default)]
pub(super) struct Lines {
    pub taxed: i128,
    pub exempt: i128,
    /// `IndExe` 2 less `IndExe` 6.
    pub not_billed: i128,
    /// `IndExe` 3: containers.
    pub deposits: i128,
    lines: Vec<Line>,
    taxed_changes: Vec<Change>,
}

pub(super) struct Line {
    pub amount: i128,
    /// It bears IVA.
    pub taxed: bool,
    pub tax_codes: Vec<String>,
    /// `Retenedor/IndAgente`.
    pub agent: bool,
    /// `Retenedor/MntMargComer` and `MntBaseFaena`: what some taxes are taken of.
    pub margin: i128,
    pub slaughter: i128,
}

/// What a global discount or surcharge does to the taxed lines; a surcharge is positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Percent(Percent),
    Pesos(i128),
}

impl Change {
    fn read(change: Node<'_, '_>) -> Change {
        let text = |name: &str| tree::text(change, name);
        let value = text("ValorDR").and_then(|value| millionths(&value)).unwrap_or(0);
        let value = if text("TpoMov").as_deref() == Some("D") { -value } else { value };
        match text("TpoValor").as_deref() {
            Some("%") => Change::Percent(Percent(value)),
            _ => Change::Pesos(rounded(value, MILLION)),
        }
    }

    /// What becomes of these pesos.
    pub(super) fn onto(self, base: i128) -> i128 {
        base + match self {
            Change::Percent(percent) => percent.of(base),
            Change::Pesos(pesos) => pesos,
        }
    }
}

/// A rate in millionths of a hundredth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Percent(i128);

impl Percent {
    pub(super) fn read(text: &str) -> Option<Percent> {
        millionths(text).map(Percent)
    }

    pub(super) fn of(self, amount: i128) -> i128 {
        rounded(amount * self.0, 100 * MILLION)
    }
}

impl Lines {
    pub(super) fn read(documento: Node<'_, '_>, tipo: u16, reasons: &mut Vec<Reason>) -> Lines {
        let mut sums = Lines::default();
        let all_exempt = matches!(tipo, 34 | 41);
        for detalle in tree::children(documento, "Detalle") {
            let amount = amount(detalle, reasons);
            match tree::text(detalle, "IndExe").as_deref() {
                None if all_exempt => sums.exempt += amount,
                None => sums.taxed += amount,
                Some("1") => sums.exempt += amount,
                Some("2") => sums.not_billed += amount,
                Some("6") => sums.not_billed -= amount,
                Some("3") => sums.deposits += amount,
                // 4 and 5 are no sale: they count nowhere.
                Some(_) => {}
            }
            let tax_codes = tree::children(detalle, "CodImpAdic").map(tree::content).collect();
            let pesos =
                |path: &str| tree::text(detalle, path).and_then(|text| text.parse().ok()).unwrap_or(0);
            sums.lines.push(Line {
                amount,
                taxed: !all_exempt && tree::at(detalle, "IndExe").is_none(),
                tax_codes,
                agent: tree::at(detalle, "Retenedor/IndAgente").is_some(),
                margin: pesos("Retenedor/MntMargComer"),
                slaughter: pesos("Retenedor/MntBaseFaena"),
            });
        }
        for change in tree::children(documento, "DscRcgGlobal") {
            sums.apply(change, all_exempt);
        }
        sums
    }

    /// A global discount or surcharge changes the taxed lines, the exempt (1) or the not billed ones (2).
    fn apply(&mut self, change: Node<'_, '_>, all_exempt: bool) {
        let changes = Change::read(change);
        let base = match tree::text(change, "IndExeDR").as_deref() {
            Some("2") => &mut self.not_billed,
            Some(_) => &mut self.exempt,
            None if all_exempt => &mut self.exempt,
            None => {
                self.taxed_changes.push(changes);
                &mut self.taxed
            }
        };
        *base = changes.onto(*base);
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter()
    }

    pub(super) fn taxed_changes(&self) -> impl Iterator<Item = Change> {
        self.taxed_changes.iter().copied()
    }

    pub(super) fn with_tax(&self, code: &str) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.tax_codes.iter().any(|borne| borne == code))
    }

    pub(super) fn tax_codes(&self) -> Vec<&str> {
        let mut codes: Vec<_> =
            self.lines.iter().flat_map(|line| &line.tax_codes).map(String::as_str).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}

/// `MontoItem = round(QtyItem × PrcItem) − DescuentoMonto + RecargoMonto` (Formato DTE, field B38).
fn amount(detalle: Node<'_, '_>, reasons: &mut Vec<Reason>) -> i128 {
    let number =
        |name: &str| tree::text(detalle, name).and_then(|text| text.parse::<i128>().ok()).unwrap_or(0);
    let decimal = |name: &str| tree::text(detalle, name).and_then(|text| millionths(&text));
    let declared = number("MontoItem");
    let line = tree::text(detalle, "NroLinDet").unwrap_or_default();
    let no_sale = matches!(tree::text(detalle, "IndExe").as_deref(), Some("4" | "5"));
    match (decimal("QtyItem"), decimal("PrcItem")) {
        _ if no_sale => {
            if declared != 0 {
                reasons.push(reason::LINE_AMOUNT.because(format!("linea {line}: item no venta con valor")));
            }
        }
        (quantity, Some(price)) => {
            let product = rounded(quantity.unwrap_or(MILLION) * price, MILLION * MILLION);
            let expected = product - number("DescuentoMonto") + number("RecargoMonto");
            for (percent, amount) in [("DescuentoPct", "DescuentoMonto"), ("RecargoPct", "RecargoMonto")] {
                let Some(rate) = decimal(percent).map(Percent) else { continue };
                let (said, due) = (number(amount), rate.of(product));
                if (said - due).abs() > 1 {
                    let text = format!("linea {line}: {amount} [{said} <> {due}]");
                    reasons.push(reason::LINE_UNBALANCED.because(text));
                }
            }
            if declared != expected {
                let text = format!("linea {line}: [{declared} <> {expected}]");
                reasons.push(reason::LINE_AMOUNT.because(text));
            }
        }
        (Some(_), None) if declared > 0 => {
            reasons.push(reason::LINE_UNBALANCED.because(format!("linea {line}: cantidad sin precio")));
        }
        (_, None) => {}
    }
    declared
}

/// A decimal in millionths; more decimals than six are no number of this schema.
fn millionths(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let padded = format!("{fraction:0<6}");
    let whole: i128 = whole.parse().ok()?;
    let fraction: i128 = (padded.len() == 6).then(|| padded.parse().ok()).flatten()?;
    Some(whole * MILLION + fraction)
}

/// Half away from zero, as the SII's own rounding does.
fn rounded(numerator: i128, denominator: i128) -> i128 {
    let size = (2 * numerator.abs() + denominator) / (2 * denominator);
    if numerator < 0 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_prices_and_rates_are_exact() {
        assert_eq!(millionths("0.755"), Some(755_000));
        assert_eq!(millionths("12"), Some(12_000_000));
        assert_eq!(millionths("1.0000001"), None);
        assert_eq!(rounded(755_000 * 2_390_000_000, MILLION * MILLION), 1804); // 1804.45
        assert_eq!(rounded(5, 10), 1);
        assert_eq!(rounded(-5, 10), -1);
        assert_eq!(Percent::read("10").map(|rate| rate.of(39_015)), Some(3902)); // 3901.5
    }
}
