//! What a document adds up to: whole pesos from exact decimals, half up, checked against 18 digits.
//! Where the figures stand in a document is `figures`; what a line is worth is `line`; what is added to
//! net and IVA is `taxes`.

pub mod explain;
pub mod figures;
pub mod line;
pub mod taxes;
pub mod worth;

use crate::money::{self, Decimal, Exact};

/// How a line counts (`IndExe`; formato DTE 2.4.2, detalle, campo 5; formato boletas 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tax {
    /// No IndExe: it bears tax.
    Taxed,
    /// 1: exempt, or not affected.
    Exempt,
    /// 2: not billed in this document.
    NotBilled,
    /// 3: a deposit for containers.
    Deposit,
    /// 4 and 5: not part of the sale, worth nothing.
    Aside,
    /// 6: not billed, negative.
    NotBilledLess,
}

/// Whether the prices of a document carry the tax in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prices {
    /// Boletas, and facturas with `MntBruto` 1.
    Gross,
    /// Facturas, and boletas with `IndMntNeto` 2.
    Net,
}

/// A global discount or surcharge (`DscRcgGlobal`). It says the same kind of price as the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Global {
    pub adds: bool,
    pub onto: Onto,
    pub worth: Worth,
}

/// What a global applies to (`IndExeDR`): without it, what bears tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Onto {
    Taxed,
    Exempt,
    NotBilled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    Percent(Decimal),
    Pesos(Decimal),
}

/// What stands in the totals because the till says so, and no line does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stated {
    /// `SaldoAnterior`: a balance brought forward.
    pub previous: Option<i64>,
    /// `CredEC`: the special credit of builders, taken off (DL 910, art. 21).
    pub builders_credit: i64,
    /// `IVAProp` and `IVATerc`: whose the IVA is, the issuer's and the mandator's.
    pub shared_iva: Option<(i64, i64)>,
}

/// The totals of a document. Zero says that there is no such total.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    pub net: i64,
    pub exempt: i64,
    /// `MntBase` and `MntMargenCom`: the bases of taxes that are not taken of the lines' values.
    pub slaughter: i64,
    pub margin: i64,
    pub iva: i64,
    /// `ImptoReten`.
    pub taxes: Vec<taxes::Due>,
    pub deposit: i64,
    pub total: i64,
    /// `None` without lines that are not billed.
    pub not_billed: Option<i64>,
    pub stated: Stated,
}

impl Totals {
    /// `MontoPeriodo`, `TotalPeriodo`: the total and what is not billed.
    pub fn period(&self) -> Option<i64> {
        let sum = i128::from(self.total) + i128::from(self.not_billed.unwrap_or(0));
        money::amount(sum)
    }

    /// `VlrPagar`: with the balance brought forward.
    pub fn payable(&self) -> Option<i64> {
        let sum = i128::from(self.period()?) + i128::from(self.stated.previous.unwrap_or(0));
        money::amount(sum)
    }

    /// Is there more to pay or less than the total?
    pub fn differs_from_total(&self) -> bool {
        self.not_billed.is_some() || self.stated.previous.is_some()
    }
}

/// Why a document does not add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("los descuentos globales superan el monto {0}; revíselos")]
    Negative(&'static str),
    #[error("el crédito especial supera el total; revíselo")]
    Credit,
    #[error(
        "un descuento o recargo global en pesos no dice de qué impuesto adicional se descuenta; indíquelo en porcentaje o en las líneas"
    )]
    AmountOverTaxes,
    #[error("la suma pasa de los 18 dígitos que admite el SII; revise cantidades y precios")]
    TooLarge,
}

/// Adds up lines and globals.
///
/// Net: `MntNeto = Σ taxed − D + R`, `IVA = round(MntNeto × 0.19)` (formato DTE 2.4.2, campos 107 and
/// 112). Gross: that sum is what the shelf says, `MntNeto = round(sum / 1.19)`, and the tax is the
/// rest, so that the total never moves. Each global is rounded to pesos on its own, in its order, over
/// what the ones before it left. `MntTotal` is net, exempt, IVA, `taxes` and deposits, less CredEC (campo
/// 124).
pub fn add_up(
    prices: Prices,
    lines: impl IntoIterator<Item = (Tax, i64)>,
    globals: &[Global],
    taxes: Vec<taxes::Due>,
    stated: Stated,
) -> Result<Totals, Fault> {
    let mut sums = Sums::of(lines);
    globals.iter().try_for_each(|global| sums.apply(global).map(drop))?;
    let Sums { taxed, exempt, deposit, not_billed } = sums;
    if taxed < 0 {
        return Err(Fault::Negative("afecto"));
    }
    if exempt < 0 {
        return Err(Fault::Negative("exento"));
    }
    let fits = |value: i128| money::amount(value).ok_or(Fault::TooLarge);
    let taxed = fits(taxed)?;
    let (net, iva) = match prices {
        Prices::Gross => {
            let net = money::net_of_gross(taxed);
            (net, taxed - net)
        }
        Prices::Net => (taxed, money::iva_of_net(taxed)),
    };
    let (exempt, deposit) = (fits(exempt)?, fits(deposit)?);
    let added = taxes.iter().map(|due| i128::from(due.amount));
    let gross: i128 = [net, iva, exempt, deposit].into_iter().map(i128::from).chain(added).sum();
    let total = fits(gross - i128::from(stated.builders_credit))?;
    if total < 0 {
        return Err(Fault::Credit);
    }
    let not_billed = not_billed.map(fits).transpose()?;
    let base_of =
        |base| taxes.iter().filter(|due| due.tax.base == base).map(|due| i128::from(due.base)).sum();
    let (slaughter, margin) = (fits(base_of(taxes::Base::Slaughter))?, fits(base_of(taxes::Base::Margin))?);
    let totals = Totals { net, exempt, slaughter, margin, iva, taxes, deposit, total, not_billed, stated };
    totals.payable().ok_or(Fault::TooLarge)?;
    Ok(totals)
}

/// What each global takes off or puts on, in their order: pesos, over what the lines of its kind and the globals
/// before it left.
pub fn changes(lines: impl IntoIterator<Item = (Tax, i64)>, globals: &[Global]) -> Result<Vec<i64>, Fault> {
    let mut sums = Sums::of(lines);
    globals.iter().map(|global| money::amount(sums.apply(global)?.abs()).ok_or(Fault::TooLarge)).collect()
}

/// What the lines come to by how they count, and what the globals make of it.
#[derive(Default)]
struct Sums {
    taxed: i128,
    exempt: i128,
    deposit: i128,
    not_billed: Option<i128>,
}

impl Sums {
    fn of(lines: impl IntoIterator<Item = (Tax, i64)>) -> Sums {
        let mut sums = Sums::default();
        for (tax, amount) in lines {
            let amount = i128::from(amount);
            match tax {
                Tax::Taxed => sums.taxed += amount,
                Tax::Exempt => sums.exempt += amount,
                Tax::Deposit => sums.deposit += amount,
                Tax::NotBilled => *sums.not_billed.get_or_insert(0) += amount,
                Tax::NotBilledLess => *sums.not_billed.get_or_insert(0) -= amount,
                Tax::Aside => {}
            }
        }
        sums
    }

    /// Answers by how much the sum it is of changed.
    fn apply(&mut self, global: &Global) -> Result<i128, Fault> {
        let onto = match global.onto {
            Onto::Taxed => &mut self.taxed,
            Onto::Exempt => &mut self.exempt,
            Onto::NotBilled => self.not_billed.get_or_insert(0),
        };
        let before = *onto;
        *onto = global.apply(before)?;
        Ok(*onto - before)
    }
}

impl Global {
    fn apply(&self, base: i128) -> Result<i128, Fault> {
        let exact = match self.worth {
            Worth::Pesos(pesos) => Exact::of(pesos),
            Worth::Percent(percent) => {
                let base = money::amount(base).ok_or(Fault::TooLarge)?;
                Exact::pesos_of(base).percent(percent).ok_or(Fault::TooLarge)?
            }
        };
        let worth = i128::from(exact.pesos().ok_or(Fault::TooLarge)?);
        Ok(if self.adds { base + worth } else { base - worth })
    }
}

#[cfg(test)]
mod tests;
