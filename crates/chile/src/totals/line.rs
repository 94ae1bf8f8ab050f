//! What one line of detail is worth.

use super::{Tax, Worth};
use crate::money::{self, Decimal, Exact};
use crate::tags::Group;

/// The figures of a line, as the sale or the document says them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    pub tax: Tax,
    pub quantity: Option<Decimal>,
    pub price: Option<Decimal>,
    pub discount_percent: Option<Decimal>,
    pub discount: Option<i64>,
    pub surcharge_percent: Option<Decimal>,
    pub surcharge: Option<i64>,
    /// `MontoItem` as it was said.
    pub said: Option<i64>,
}

/// What a line comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value {
    pub discount: i64,
    pub surcharge: i64,
    pub amount: i64,
}

/// Why a line comes to nothing that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    #[error("falta el precio: indique el precio (PrcItem), o el total de la línea sin cantidad (MontoItem)")]
    NoPrice,
    #[error("un descuento o recargo necesita el precio para calcularse")]
    NothingToDiscount,
    #[error("los descuentos superan el valor de la línea, que quedaría en {0}")]
    Negative(i64),
    #[error("el valor pasa de los 18 dígitos que admite el SII")]
    TooLarge,
}

impl LineFault {
    pub fn code(self) -> &'static str {
        match self {
            LineFault::NoPrice => "price-missing",
            LineFault::NothingToDiscount => "discount-without-price",
            LineFault::Negative(_) => "line-negative",
            LineFault::TooLarge => "line-too-large",
        }
    }
}

impl Line {
    /// Reads a `Detalle` whose texts were checked by its table.
    pub fn of(detail: &Group) -> Line {
        let decimal = |tag| detail.leaf(tag).and_then(money::parse);
        let pesos = |tag| detail.leaf(tag).and_then(|text| text.parse().ok());
        Line {
            tax: match detail.leaf("IndExe") {
                Some("1") => Tax::Exempt,
                Some("2") => Tax::NotBilled,
                Some("3") => Tax::Deposit,
                Some("4" | "5") => Tax::Aside,
                Some("6") => Tax::NotBilledLess,
                _ => Tax::Taxed,
            },
            quantity: decimal("QtyItem"),
            price: decimal("PrcItem"),
            discount_percent: decimal("DescuentoPct"),
            discount: pesos("DescuentoMonto"),
            surcharge_percent: decimal("RecargoPct"),
            surcharge: pesos("RecargoMonto"),
            said: pesos("MontoItem"),
        }
    }

    /// `MontoItem = round(QtyItem × PrcItem) − DescuentoMonto + RecargoMonto` (formato DTE 2.4.2, detalle,
    /// campo 38). Without a quantity there is one; without a price the line is worth what it says.
    ///
    /// What is no part of the sale (IndExe 4 and 5) is worth nothing, whatever it would cost.
    pub fn value(&self) -> Result<Value, LineFault> {
        if self.tax == Tax::Aside {
            return Ok(Value { discount: 0, surcharge: 0, amount: 0 });
        }
        let value = self.parts()?;
        if value.amount < 0 {
            return Err(LineFault::Negative(value.amount));
        }
        Ok(value)
    }

    /// The same, though it may come to less than nothing.
    fn parts(&self) -> Result<Value, LineFault> {
        let Some(price) = self.price else { return self.value_without_price() };
        let quantity = self.quantity.unwrap_or(Decimal::ONE);
        let product = Exact::of(quantity).times(price).ok_or(LineFault::TooLarge)?;
        let base = product.pesos().ok_or(LineFault::TooLarge)?;
        let part = |said: Option<i64>, percent: Option<Decimal>| match (said, percent) {
            (Some(said), _) => Ok(said),
            (None, Some(percent)) => {
                product.percent(percent).and_then(Exact::pesos).ok_or(LineFault::TooLarge)
            }
            (None, None) => Ok(0),
        };
        let discount = part(self.discount, self.discount_percent)?;
        let surcharge = part(self.surcharge, self.surcharge_percent)?;
        let amount = i128::from(base) - i128::from(discount) + i128::from(surcharge);
        let amount = money::amount(amount).ok_or(LineFault::TooLarge)?;
        Ok(Value { discount, surcharge, amount })
    }

    /// What it comes to before anything of it is rounded.
    pub fn unrounded(&self) -> Option<Decimal> {
        let Some(price) = self.price else { return Some(self.said.unwrap_or(0).into()) };
        let product = self.quantity.unwrap_or(Decimal::ONE).checked_mul(price)?;
        let part = |percent: Option<Decimal>, said: Option<i64>| match percent {
            Some(percent) => product.checked_mul(percent)?.checked_div(Decimal::ONE_HUNDRED),
            None => Some(said.unwrap_or(0).into()),
        };
        let discount = part(self.discount_percent, self.discount)?;
        product.checked_sub(discount)?.checked_add(part(self.surcharge_percent, self.surcharge)?)
    }

    /// A gift, or a line that only has a value. The SII objects to a quantity without a price on a line
    /// that is worth something.
    fn value_without_price(&self) -> Result<Value, LineFault> {
        let amount = match (self.said, self.quantity) {
            (Some(0), _) => 0,
            (Some(said), None) => said,
            (Some(_), Some(_)) | (None, _) => return Err(LineFault::NoPrice),
        };
        let parts = [self.discount, self.surcharge].iter().any(Option::is_some)
            || [self.discount_percent, self.surcharge_percent].iter().any(Option::is_some);
        if parts {
            return Err(LineFault::NothingToDiscount);
        }
        Ok(Value { discount: 0, surcharge: 0, amount })
    }

    /// What a discount or surcharge said in parts (`SubDscto`, `SubRecargo`) comes to: percentages are of
    /// quantity by price, as the whole's is.
    pub fn sum_of(&self, parts: impl IntoIterator<Item = Worth>) -> Option<i64> {
        let product = Exact::of(self.quantity.unwrap_or(Decimal::ONE)).times(self.price?)?;
        let mut sum = 0_i128;
        for part in parts {
            let exact = match part {
                Worth::Percent(percent) => product.percent(percent)?,
                Worth::Pesos(pesos) => Exact::of(pesos),
            };
            sum += i128::from(exact.pesos()?);
        }
        money::amount(sum)
    }

    /// Discount and surcharge as the percentages alone make them, to hold the said amounts against. A
    /// percentage that takes more than there is is still a percentage.
    pub fn by_percent(&self) -> Option<Value> {
        let by_percent = Line {
            discount: self.discount.filter(|_| self.discount_percent.is_none()),
            surcharge: self.surcharge.filter(|_| self.surcharge_percent.is_none()),
            ..*self
        };
        by_percent.parts().ok()
    }
}
