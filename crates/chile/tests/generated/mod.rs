//! Sales of any type, made up, with what each comes to by an arithmetic that shares nothing with Timbre's: whole
//! numbers alone. Nothing is checked here.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use timbre_chile::tipo::Tipo;

/// What a tax is taken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    Lines,
    Margin,
    Slaughter,
}

/// Codes of taxes with their rates in tenths of a percent.
const TAXES: [(u16, i128, Base); 14] = [
    (14, 190, Base::Margin),
    (17, 50, Base::Slaughter),
    (18, 50, Base::Lines),
    (19, 120, Base::Lines),
    (23, 150, Base::Lines),
    (24, 315, Base::Lines),
    (25, 205, Base::Lines),
    (26, 205, Base::Lines),
    (27, 100, Base::Lines),
    (44, 150, Base::Lines),
    (45, 500, Base::Lines),
    (50, 190, Base::Margin),
    (53, 5, Base::Lines),
    (271, 180, Base::Lines),
];

/// How a line says what it is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worth {
    Priced,
    /// A value, and neither quantity nor price.
    Flat,
    /// Nothing at all; in a guía a quantity without a price.
    Free,
}

/// A line, in whole numbers: quantity in thousandths, price in hundredths of a peso.
#[derive(Debug, Clone)]
pub struct Item {
    worth: Worth,
    quantity: i128,
    price: i128,
    off: i128,
    onto: i128,
    /// The discount and the surcharge are said in parts, too.
    parts: bool,
    kind: u8,
    tax: usize,
    second: usize,
    /// What a tax with a base of its own is taken of.
    base: i128,
}

/// A global: a percentage, or pesos in thousandths of what it is of.
#[derive(Debug, Clone, Copy)]
struct Global {
    adds: bool,
    pesos: bool,
    size: i128,
}

#[derive(Debug, Clone)]
pub struct Sale {
    pub tipo: Tipo,
    gross: bool,
    taxed: bool,
    /// A guía that is a sale.
    sells: bool,
    /// `CodRef` of a note.
    reason: u8,
    items: Vec<Item>,
    /// Of what bears tax, what is exempt and what is not billed.
    globals: [Option<Global>; 3],
    pub previous: Option<i64>,
    /// Thousandths of the IVA.
    credit: Option<i128>,
    shared: Option<i128>,
}

/// What a sale comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    pub net: i128,
    pub exempt: i128,
    pub slaughter: i128,
    pub margin: i128,
    pub iva: i128,
    pub own_iva: i128,
    pub others_iva: i128,
    pub taxes: i128,
    pub credit: i128,
    pub deposits: i128,
    pub total: i128,
    pub not_billed: i128,
}

/// To the nearest whole, a half away from zero.
fn near(n: i128, d: i128) -> i128 {
    n.signum() * ((2 * n.abs() + d) / (2 * d))
}

prop_compose! {
    fn any_item()(worth in prop_oneof![8 => Just(Worth::Priced), 1 => Just(Worth::Flat), 1 => Just(Worth::Free)],
                  quantity in 1..50_000_i128, price in 1..3_000_000_i128, off in 0..=60_i128, onto in 0..=20_i128,
                  parts in any::<bool>(), kind in 0..9_u8, tax in 0..TAXES.len() * 2, second in 0..TAXES.len() * 3,
                  base in 1..900_000_i128) -> Item {
        // Half of the lines are plain.
        Item { worth, quantity, price, off: (off - 40).max(0), onto: (onto - 15).max(0), parts, kind, tax, second, base }
    }
}

prop_compose! {
    fn any_global()(adds in any::<bool>(), pesos in any::<bool>(), size in 1..=30_i128) -> Global {
        Global { adds, pesos, size }
    }
}

prop_compose! {
    pub fn any_sale()(tipo in 0..7_usize, gross in any::<bool>(), taxed in any::<bool>(), sells in any::<bool>(),
                      reason in 1..4_u8, items in proptest::collection::vec(any_item(), 1..9),
                      globals in proptest::array::uniform3(proptest::option::of(any_global())),
                      previous in proptest::option::of(-5_000..5_000_i64), credit in proptest::option::of(1..=650_i128),
                      shared in proptest::option::of(1..=999_i128)) -> Sale {
        Sale { tipo: Tipo::ALL[tipo], gross, taxed, sells, reason, items, globals, previous, credit, shared }.lawful()
    }
}

impl Item {
    /// Quantity by price, discount and surcharge.
    fn figures(&self) -> (i128, i128, i128) {
        let product = self.quantity * self.price;
        let unit = 1_000 * 100;
        (near(product, unit), near(product * self.off, unit * 100), near(product * self.onto, unit * 100))
    }

    fn amount(&self) -> i128 {
        match self.worth {
            Worth::Priced => {
                let (base, off, onto) = self.figures();
                base - off + onto
            }
            Worth::Flat => self.price,
            Worth::Free => 0,
        }
    }
}

impl Sale {
    /// Without what its type may not say.
    fn lawful(mut self) -> Sale {
        let knows_tax = !self.tipo.is_exempt() && !self.tipo.is_boleta();
        self.taxed &= knows_tax;
        self.gross = match self.tipo {
            Tipo::Boleta => self.gross,
            Tipo::Factura | Tipo::NotaCredito | Tipo::NotaDebito => self.gross && !self.taxed,
            _ => false,
        };
        if self.tipo == Tipo::Guia {
            self.globals = [None; 3];
            self.taxed &= self.sells;
        }
        if self.tipo != Tipo::NotaCredito && self.reason == 2 {
            self.reason = 3;
        }
        if self.corrects_text() {
            // One line that says what should have been read.
            self.items.truncate(1);
            let (items, worth) = (&mut self.items, Worth::Flat);
            items
                .iter_mut()
                .for_each(|item| *item = Item { worth, price: 0, kind: 0, tax: TAXES.len(), ..item.clone() });
            self.globals = [None; 3];
            (self.previous, self.taxed) = (None, false);
        }
        if !matches!(self.tipo, Tipo::Factura | Tipo::NotaCredito | Tipo::NotaDebito) {
            self.credit = None;
        }
        if !knows_tax || self.tipo == Tipo::Guia {
            self.shared = None;
        }
        let not_billed = self.items.iter().any(|item| matches!(self.kind(item), Some(2 | 6)));
        if !not_billed {
            self.globals[2] = None;
        }
        self
    }

    fn corrects_text(&self) -> bool {
        self.tipo == Tipo::NotaCredito && self.reason == 2
    }

    fn moves_only(&self) -> bool {
        self.tipo == Tipo::Guia && !self.sells
    }

    /// `IndExe` in a document of this type.
    fn kind(&self, item: &Item) -> Option<u8> {
        let bears_tax = !self.tipo.is_boleta() && !self.tipo.is_exempt();
        match item.kind {
            kind @ (1 | 2 | 6) => Some(kind),
            3 if bears_tax => Some(3),
            4 if self.tipo == Tipo::Factura || (self.tipo == Tipo::Guia && self.sells) => Some(4),
            5 if self.moves_only() => Some(5),
            _ => None,
        }
    }

    /// What it counts as: in an exempt document what says nothing is exempt.
    fn counts(&self, item: &Item) -> Option<u8> {
        self.kind(item).or(self.tipo.is_exempt().then_some(1))
    }

    /// What a line adds to its sum; what stands aside adds nothing.
    fn worth(&self, item: &Item) -> i128 {
        match (self.kind(item), item.worth) {
            (Some(4 | 5), _) => 0,
            _ => item.amount(),
        }
    }

    fn taxes(&self, item: &Item) -> Vec<(u16, i128, Base)> {
        if !self.taxed || self.kind(item).is_some() {
            return Vec::new();
        }
        let mut taxes: Vec<_> = TAXES.get(item.tax).copied().into_iter().collect();
        // Two taxes of one margin say it once, and no text of the SII says which has it.
        let second = TAXES.get(item.second).filter(|tax| tax.2 != Base::Margin);
        taxes.extend(second.copied().filter(|second| taxes.iter().any(|first| first.0 != second.0)));
        taxes
    }

    /// An amount off all that bears tax says nothing of which tax it is off, unless all lines bear the same.
    fn one_tax_for_all(&self) -> bool {
        let lines: Vec<_> = self.items.iter().filter(|item| self.counts(item).is_none()).collect();
        let of_lines = |item: &Item| {
            let mut codes: Vec<u16> =
                self.taxes(item).into_iter().filter(|tax| tax.2 == Base::Lines).map(|tax| tax.0).collect();
            codes.sort_unstable();
            codes
        };
        lines.windows(2).all(|two| of_lines(two[0]) == of_lines(two[1]))
    }

    /// A global in pesos as pesos, or `None`; what it comes to when it is of `sum`.
    fn global(&self, which: usize, sum: i128) -> Option<(Global, i128)> {
        let global = self.globals[which]?;
        let pesos = global.pesos && (which != 0 || self.one_tax_for_all());
        let change = if pesos { sum.abs() * global.size / 1_000 } else { near(sum * global.size, 100) };
        (!pesos || change > 0).then_some((Global { pesos, ..global }, change))
    }

    fn after(&self, which: usize, sum: i128) -> i128 {
        match self.global(which, sum) {
            Some((global, change)) if global.adds => sum + change,
            Some((_, change)) => sum - change,
            None => sum,
        }
    }

    fn sum_of(&self, counts: impl Fn(Option<u8>) -> bool) -> i128 {
        self.items.iter().filter(|item| counts(self.counts(item))).map(|item| self.worth(item)).sum()
    }

    /// The sums before their globals, in the order of `globals`. In an exempt document the first is of what is
    /// exempt, too, and comes before the second.
    fn bases(&self) -> [i128; 3] {
        let taxed = self.sum_of(|kind| kind.is_none());
        let exempt = self.sum_of(|kind| kind == Some(1));
        let not_billed = self.sum_of(|kind| kind == Some(2)) - self.sum_of(|kind| kind == Some(6));
        match self.tipo.is_exempt() {
            true => [exempt, self.after(0, exempt), not_billed],
            false => [taxed, exempt, not_billed],
        }
    }

    pub fn sums(&self) -> Sums {
        let bases = self.bases();
        let after = [0, 1, 2].map(|which| self.after(which, bases[which]));
        let (taxed, exempt) = if self.tipo.is_exempt() { (0, after[1]) } else { (after[0], after[1]) };
        let (net, iva) = if self.gross {
            let net = near(taxed * 100, 119);
            (net, taxed - net)
        } else {
            (taxed, near(taxed * 19, 100))
        };
        let mut sums = Sums { net, exempt, iva, not_billed: after[2], ..Sums::default() };
        for (code, rate, base) in TAXES {
            let bears = |item: &&Item| self.taxes(item).iter().any(|tax| tax.0 == code);
            let bearing = || self.items.iter().filter(bears);
            let stated: i128 = bearing().map(|item| item.base).sum();
            let base = match base {
                Base::Margin => {
                    sums.margin += stated;
                    stated
                }
                Base::Slaughter => {
                    sums.slaughter += stated;
                    stated
                }
                Base::Lines if bearing().next().is_none() => 0,
                Base::Lines => self.tax_base(bearing().map(|item| self.worth(item)).sum(), bases[0]),
            };
            sums.taxes += near(base * rate, 1_000);
        }
        sums.deposits = self.sum_of(|kind| kind == Some(3));
        sums.credit = self.credit.map_or(0, |part| iva * part / 1_000);
        if let Some(part) = self.shared.filter(|_| iva > 0) {
            sums.own_iva = iva * part / 1_000;
            sums.others_iva = iva - sums.own_iva;
        }
        sums.total = net + exempt + iva + sums.taxes + sums.deposits - sums.credit;
        sums
    }

    /// A percentage off the whole is off each base; an amount is the whole's own.
    fn tax_base(&self, base: i128, whole: i128) -> i128 {
        match self.global(0, whole) {
            Some((global, change)) => {
                let change = if global.pesos { change } else { near(base * global.size, 100) };
                if global.adds { base + change } else { base - change }
            }
            None => base,
        }
    }

    /// Which of all that is generated this one has.
    pub fn traits(&self, met: &mut BTreeMap<String, u32>) {
        let mut meet = |what: String| *met.entry(what).or_default() += 1;
        let (bases, sums) = (self.bases(), self.sums());
        meet(format!("type {}", self.tipo.code()));
        if self.gross {
            meet("gross".to_owned());
        }
        if self.tipo.is_note() {
            meet(format!("{} CodRef {}", self.tipo.code(), self.reason));
        }
        if self.moves_only() {
            meet("guía that sells nothing".to_owned());
        }
        for item in &self.items {
            meet(format!("{:?}", item.worth));
            meet(format!("IndExe {:?}", self.kind(item)));
            let taxes = self.taxes(item);
            taxes.iter().for_each(|tax| meet(format!("tax {}", tax.0)));
            if taxes.len() == 2 {
                meet("two taxes on a line".to_owned());
            }
            for (tag, _, _) in self.parts(item) {
                meet(tag.to_owned());
            }
        }
        for (which, base) in bases.into_iter().enumerate() {
            if let Some((global, _)) = self.global(which, base) {
                let size = if global.pesos { "$" } else { "%" };
                meet(format!("global {} {size} on {which}", if global.adds { 'R' } else { 'D' }));
            }
        }
        for (what, there) in [
            ("CredEC", sums.credit > 0),
            ("IVATerc", sums.others_iva > 0),
            ("SaldoAnterior", self.previous.is_some()),
        ] {
            if there {
                meet(what.to_owned());
            }
        }
    }

    /// `SubDscto` and `SubRecargo`: all but a percent, and a percent.
    fn parts(&self, item: &Item) -> Vec<(&'static str, &'static str, i128)> {
        if !item.parts
            || self.tipo.is_boleta()
            || item.worth != Worth::Priced
            || matches!(self.kind(item), Some(4 | 5))
        {
            return Vec::new();
        }
        let (_, off, onto) = item.figures();
        [("SubDscto", "Dscto", item.off, off), ("SubRecargo", "Recargo", item.onto, onto)]
            .into_iter()
            .filter(|(_, _, percent, amount)| *percent > 1 && *amount > 0)
            .map(|(tag, name, percent, _)| (tag, name, percent))
            .collect()
    }

    fn line(&self, item: &Item) -> Value {
        let mut line = json!({ "NmbItem": "Artículo & cía" });
        let kind = self.kind(item);
        let quantity = format!("{}.{:03}", item.quantity / 1_000, item.quantity % 1_000);
        match item.worth {
            Worth::Free if self.moves_only() => line["QtyItem"] = quantity.into(),
            Worth::Priced => {
                line["QtyItem"] = quantity.into();
                line["PrcItem"] = format!("{}.{:02}", item.price / 100, item.price % 100).into();
                line["MontoItem"] = self.worth(item).to_string().into();
                for (tag, percent) in [("DescuentoPct", item.off), ("RecargoPct", item.onto)] {
                    if percent > 0 && !matches!(kind, Some(4 | 5)) {
                        line[tag] = percent.to_string().into();
                    }
                }
            }
            Worth::Flat | Worth::Free => line["MontoItem"] = self.worth(item).to_string().into(),
        }
        for (tag, name, percent) in self.parts(item) {
            let part = |percent: i128| json!({ format!("Tipo{name}"): "%", format!("Valor{name}"): percent.to_string() });
            line[tag] = json!([part(percent - 1), part(1)]);
        }
        if let Some(kind) = kind {
            line["IndExe"] = kind.into();
        }
        let taxes = self.taxes(item);
        if !taxes.is_empty() {
            line["CodImpAdic"] = taxes.iter().map(|tax| tax.0).collect();
        }
        for (base, tag) in [(Base::Margin, "MntMargComer"), (Base::Slaughter, "MntBaseFaena")] {
            if taxes.iter().any(|tax| tax.2 == base) {
                line["Retenedor"][tag] = item.base.to_string().into();
            }
        }
        line
    }

    pub fn json(&self) -> Value {
        let mut sale = json!({
            "Encabezado": { "IdDoc": { "TipoDTE": self.tipo.code() } },
            "Detalle": self.items.iter().map(|item| self.line(item)).collect::<Vec<_>>(),
        });
        let header = &mut sale["Encabezado"];
        header["Receptor"] = json!({ "RUTRecep": "77777777-7", "RznSocRecep": "Ñandú & 'Cía'", "GiroRecep": "G", "DirRecep": "D", "CmnaRecep": "C" });
        if self.tipo.is_boleta() {
            header["Receptor"].as_object_mut().expect("an object").remove("GiroRecep");
            header["IdDoc"]["MedioPago"] = 1.into();
            if self.tipo == Tipo::Boleta && !self.gross {
                header["IdDoc"]["IndMntNeto"] = 2.into();
            }
        } else if self.gross {
            header["IdDoc"]["MntBruto"] = 1.into();
        }
        if let Some(previous) = self.previous {
            header["Totales"]["SaldoAnterior"] = previous.into();
        }
        let sums = self.sums();
        for (tag, amount) in
            [("CredEC", sums.credit), ("IVAProp", sums.own_iva), ("IVATerc", sums.others_iva)]
        {
            if amount > 0 {
                header["Totales"][tag] = amount.to_string().into();
            }
        }
        if self.tipo == Tipo::Guia {
            header["IdDoc"]["IndTraslado"] = if self.sells { 1 } else { 6 }.into();
        }
        let mut globals = Vec::new();
        for (which, base) in self.bases().into_iter().enumerate() {
            let Some((global, change)) = self.global(which, base) else { continue };
            let (sign, size) = if global.pesos { ("$", change) } else { ("%", global.size) };
            let mut said = json!({ "TpoMov": if global.adds { "R" } else { "D" }, "TpoValor": sign, "ValorDR": size.to_string() });
            if which > 0 {
                said["IndExeDR"] = which.into();
            }
            globals.push(said);
        }
        sale["DscRcgGlobal"] = globals.into();
        if self.tipo.is_note() {
            let annuls_a_credit = self.tipo == Tipo::NotaDebito && self.reason == 1;
            sale["Referencia"] = json!({ "TpoDocRef": if annuls_a_credit { 61 } else { 33 }, "FolioRef": 1, "FchRef": "2026-01-10",
                                         "CodRef": self.reason, "RazonRef": "Motivo" });
        } else if self.moves_only() {
            sale["Referencia"] = json!({ "TpoDocRef": 52, "FolioRef": 4, "FchRef": "2026-01-10" });
        }
        sale
    }
}
