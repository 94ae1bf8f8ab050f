//! What documents come to as sales: the one rule that every sum of them goes by.

use crate::{Amount, DocState};

/// What the documents of a type are among the sales; a country's profile says it of each type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Each is a sale.
    Sale,
    /// It adds to what a sale came to, and is no sale of its own.
    Charge,
    /// It takes off.
    Credit,
    /// It is no sale: goods on the road, say.
    Nothing,
}

impl Weight {
    /// What a total of such a document is multiplied by: 1, -1 or 0.
    pub fn sign(self) -> i8 {
        match self {
            Weight::Sale | Weight::Charge => 1,
            Weight::Credit => -1,
            Weight::Nothing => 0,
        }
    }

    fn of(self, total: Amount) -> i64 {
        i64::from(self.sign()).saturating_mul(total.0)
    }
}

/// What some documents come to as sales, and what of them is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turnover {
    /// How many are sales of their own.
    pub sales: u64,
    /// What was charged less what was given back.
    pub total: Amount,
    /// How many gave something back: they are in the total.
    pub credits: u64,
    /// How many are of types that are no sale.
    pub no_sale: u64,
    /// How many the authority has rejected: they have no effect until they are made again.
    pub rejected: u64,
    /// What these would have come to.
    pub rejected_total: Amount,
    /// How many live on in another document, which counts in their place.
    pub replaced: u64,
}

impl Turnover {
    /// One document more, of a type of this weight.
    pub fn add(&mut self, weight: Weight, state: DocState, total: Amount) {
        let add = |sum: &mut Amount| sum.0 = sum.0.saturating_add(weight.of(total));
        match state {
            DocState::Reemplazado => self.replaced += 1,
            DocState::Rechazado => {
                self.rejected += 1;
                add(&mut self.rejected_total);
            }
            DocState::Generado
            | DocState::Enviando
            | DocState::Enviado
            | DocState::Verificando
            | DocState::Pendiente
            | DocState::Aceptado
            | DocState::Reparo => {
                self.sales += u64::from(weight == Weight::Sale);
                self.credits += u64::from(weight == Weight::Credit);
                self.no_sale += u64::from(weight == Weight::Nothing);
                add(&mut self.total);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEIGHTS: [Weight; 4] = [Weight::Sale, Weight::Charge, Weight::Credit, Weight::Nothing];

    #[test]
    fn each_weight_counts_in_its_own_way_in_every_state_that_stands() {
        for state in DocState::ALL {
            let mut all = Turnover::default();
            for (weight, total) in WEIGHTS.into_iter().zip([1_000, 200, 30, 4]) {
                all.add(weight, state, Amount(total));
            }
            let told = match state {
                DocState::Rechazado => {
                    Turnover { rejected: 4, rejected_total: Amount(1_170), ..Turnover::default() }
                }
                DocState::Reemplazado => Turnover { replaced: 4, ..Turnover::default() },
                _ => {
                    Turnover { sales: 1, total: Amount(1_170), credits: 1, no_sale: 1, ..Turnover::default() }
                }
            };
            assert_eq!(all, told, "{state:?}");
        }
    }

    #[test]
    fn a_sum_that_leaves_its_range_stays_at_its_end() {
        let mut all = Turnover::default();
        all.add(Weight::Sale, DocState::Aceptado, Amount(i64::MAX));
        all.add(Weight::Charge, DocState::Aceptado, Amount(1));
        assert_eq!(all.total, Amount(i64::MAX));
    }
}
