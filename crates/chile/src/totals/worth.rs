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
