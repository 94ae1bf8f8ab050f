//! The taxes that a seller adds to net and IVA: which there are, on what each is reckoned, and what they
//! come to in a document. What a buyer keeps back (46) is not here.

use super::{Fault, Global, Onto, Worth};
use crate::money::{self, Decimal, Exact};
use crate::tags::Group;

/// A tax of `CodImpAdic` and `TipoImp` that Timbre reckons (formato DTE 2.4.2, 4, table of taxes).
#[derive(Debug, PartialEq, Eq)]
pub struct Tax {
    pub code: &'static str,
    pub name: &'static str,
    /// `TasaImp`, in tenths of a percent.
    tenths: i64,
    pub base: Base,
}

/// What a rate is taken of (formato DTE 2.4.2, campo 117).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// The net value of the lines that bear the code, after global discounts; IVA is no part of it.
    Lines,
    /// `Retenedor/MntMargComer` of those lines, the seller's margin.
    Margin,
    /// `Retenedor/MntBaseFaena` of those lines.
    Slaughter,
}

const fn tax(code: &'static str, name: &'static str, tenths: i64, base: Base) -> Tax {
    Tax { code, name, tenths, base }
}

/// Rates of DL 825, arts. 37 and 42 (with Ley 20.780, 271: over 15 g of sugar in 240 ml), as the table of
/// formato DTE 2.4.2 gives them. Fuels (28, 35, 51, 52) are reckoned by volume and UTM, and are not here.
static TAXES: [Tax; 14] = [
    tax("14", "IVA de margen de comercialización", 190, Base::Margin),
    tax("17", "IVA anticipado faenamiento de carne", 50, Base::Slaughter),
    tax("18", "IVA anticipado carne", 50, Base::Lines),
    tax("19", "IVA anticipado harina", 120, Base::Lines),
    tax("23", "Impuesto adicional art. 37 letras a, b y c", 150, Base::Lines),
    tax("24", "Impuesto a licores, piscos y destilados", 315, Base::Lines),
    tax("25", "Impuesto a los vinos", 205, Base::Lines),
    tax("26", "Impuesto a las cervezas", 205, Base::Lines),
    tax("27", "Impuesto a bebidas analcohólicas y minerales", 100, Base::Lines),
    tax("44", "Impuesto adicional art. 37 letras e, h, i y l", 150, Base::Lines),
    tax("45", "Impuesto adicional art. 37 letra j, pirotecnia", 500, Base::Lines),
    tax("50", "IVA de margen de instrumentos de prepago", 190, Base::Margin),
    tax("53", "Impuesto retención suplementeros", 5, Base::Lines),
    tax("271", "Impuesto a bebidas azucaradas", 180, Base::Lines),
];

impl Tax {
    pub fn of(code: &str) -> Option<&'static Tax> {
        TAXES.iter().find(|tax| tax.code == code)
    }

    /// In percent.
    pub fn rate(&self) -> Decimal {
        Decimal::new(self.tenths, 1)
    }
}

/// `ImptoReten`: a tax of a document and what it comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    pub tax: &'static Tax,
    /// What it is a part of.
    pub base: i64,
    pub amount: i64,
}

/// What a line bears: the taxes of its codes, and the bases it states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearing {
    /// It bears IVA; only such lines bear these taxes.
    pub taxed: bool,
    pub amount: i64,
    pub taxes: Vec<&'static Tax>,
    pub margin: i64,
    pub slaughter: i64,
}

impl Bearing {
    /// Reads a `Detalle` whose texts were checked and whose `MontoItem` is written.
    pub fn of(detail: &Group) -> Bearing {
        let keeper = |tag| detail.group("Retenedor").and_then(|keeper| keeper.leaf(tag));
        let pesos = |text: Option<&str>| text.and_then(|text| text.parse().ok()).unwrap_or(0);
        Bearing {
            taxed: !detail.has("IndExe"),
            amount: pesos(detail.leaf("MontoItem")),
            taxes: detail.leaves("CodImpAdic").filter_map(Tax::of).collect(),
            margin: pesos(keeper("MntMargComer")),
            slaughter: pesos(keeper("MntBaseFaena")),
        }
    }

    fn bears(&self, tax: &Tax) -> bool {
        self.taxed && self.taxes.contains(&tax)
    }
}

/// What each tax comes to, in the order of the table; a rate is taken once, of the sum, and rounded half up.
///
/// A percentage off the whole document is off each base. An amount off the whole says nothing of which
/// lines it is taken from (formato DTE 2.4.2, DscRcgGlobal: with different codes it must be a percentage),
/// so it is only possible where all taxed lines bear the same tax.
pub fn reckon(lines: &[Bearing], globals: &[Global]) -> Result<Vec<Due>, Fault> {
    let mut dues = Vec::new();
    for tax in &TAXES {
        let bearing: Vec<&Bearing> = lines.iter().filter(|line| line.bears(tax)).collect();
        if bearing.is_empty() {
            continue;
        }
        let sum = |part: fn(&Bearing) -> i64| bearing.iter().map(|line| i128::from(part(line))).sum::<i128>();
        let base = match tax.base {
            Base::Margin => sum(|line| line.margin),
            Base::Slaughter => sum(|line| line.slaughter),
            Base::Lines => {
                let all = lines.iter().filter(|line| line.taxed).all(|line| line.bears(tax));
                after(sum(|line| line.amount), globals, all)?
            }
        };
        let base = money::amount(base).ok_or(Fault::TooLarge)?;
        let amount =
            Exact::pesos_of(base).percent(tax.rate()).and_then(Exact::pesos).ok_or(Fault::TooLarge)?;
        dues.push(Due { tax, base, amount });
    }
    Ok(dues)
}

/// A base after the globals of what is taxed. `all`: it is the whole of what is taxed.
fn after(base: i128, globals: &[Global], all: bool) -> Result<i128, Fault> {
    let mut left = base;
    for global in globals.iter().filter(|global| global.onto == Onto::Taxed) {
        if !all && matches!(global.worth, Worth::Pesos(_)) {
            return Err(Fault::AmountOverTaxes);
        }
        left = global.apply(left)?;
    }
    Ok(left)
}
