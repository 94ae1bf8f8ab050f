//! Where each figure of a document comes from, in words that an accountant accepts. It reckons nothing anew:
//! the figures are those of `totals`, the words say how.

use timbre_core::{Amount, Explained};

use super::line::Line;
use super::taxes::{Base, Bearing};
use super::{Global, Onto, Prices, Tax, Totals, Worth, figures};
use crate::money::{self, Decimal, dotted};
use crate::tags::Group;
use crate::tipo::Tipo;

/// Every figure of a document whose lines and totals are written, in the order in which they follow.
pub fn explain(tipo: Tipo, document: &Group) -> Vec<Explained> {
    let lines = figures::lines(tipo, document);
    let amounts: Vec<(Tax, i64)> = lines.iter().map(|line| (line.tax, line.said.unwrap_or(0))).collect();
    let said = document.group("Encabezado").and_then(|e| e.group("Totales"));
    let stated = said.map(figures::stated).unwrap_or_default();
    let Ok(totals) = figures::add_up(tipo, document, amounts, stated) else { return Vec::new() };
    let mut told = Told::default();
    for (at, line) in lines.iter().enumerate() {
        told.say(&format!("Detalle[{at}].MontoItem"), line.said.unwrap_or(0), of_line(line));
    }
    let globals = figures::globals(tipo, document);
    let taxed = told.base(|tax| tax == Tax::Taxed, Onto::Taxed, &lines, &globals);
    let exempt = told.base(|tax| tax == Tax::Exempt, Onto::Exempt, &lines, &globals);
    let not_billed = |tax| matches!(tax, Tax::NotBilled | Tax::NotBilledLess);
    let not_billed = told.base(not_billed, Onto::NotBilled, &lines, &globals);
    let bearing: Vec<Bearing> = document.groups("Detalle").map(Bearing::of).collect();
    for (tag, amount) in figures::tags(tipo, &totals) {
        let from = match tag {
            "MntNeto" => net(figures::prices(tipo, document), &taxed),
            "MntExe" => exempt.words.clone(),
            "IVA" => iva(figures::prices(tipo, document), &totals, &taxed),
            "TasaIVA" => "la tasa del IVA (DL 825, art. 14)".to_owned(),
            "MntBase" => "las bases de faenamiento que dicen las líneas".to_owned(),
            "MntMargenCom" => "los márgenes de comercialización que dicen las líneas".to_owned(),
            "GrntDep" => format!("envases: {}", sum_of(&lines, |tax| tax == Tax::Deposit)),
            "MntTotal" => total(&totals),
            "MontoNF" => format!("lo que no se factura aquí: {}", not_billed.words),
            "MontoPeriodo" | "TotalPeriodo" => {
                let not_billed = totals.not_billed.map(|amount| added(amount) + " de lo no facturable");
                format!("{} del total{}", dotted(totals.total), not_billed.unwrap_or_default())
            }
            "VlrPagar" => {
                let previous = totals.stated.previous.map(|amount| added(amount) + " de saldo anterior");
                let period = totals.period().unwrap_or(totals.total);
                format!("{} del período{}", dotted(period), previous.unwrap_or_default())
            }
            _ => "lo dice la venta".to_owned(),
        };
        told.say(tag, amount, from);
        if tag == "IVA" {
            taxes(&mut told, &totals, &bearing);
        }
    }
    told.0
}

/// What was said so far.
#[derive(Default)]
struct Told(Vec<Explained>);

/// A sum with the globals in it, and how it came to be.
struct Sum {
    amount: i64,
    words: String,
}

impl Told {
    fn say(&mut self, tag: &str, amount: i64, from: String) {
        self.0.push(Explained { tag: tag.to_owned(), amount: Amount(amount), from });
    }

    /// The lines of one kind and what the globals make of them, each global told by itself.
    fn base(&mut self, of: impl Fn(Tax) -> bool, onto: Onto, lines: &[Line], globals: &[Global]) -> Sum {
        let mut left: i64 = lines.iter().filter(|line| of(line.tax)).map(worth).sum();
        let mut words = sum_of(lines, of);
        for (at, global) in globals.iter().enumerate().filter(|(_, global)| global.onto == onto) {
            let after = global.apply(i128::from(left)).ok().and_then(money::amount).unwrap_or(left);
            let change = (after - left).abs();
            let word = if global.adds { "recargo" } else { "descuento" };
            let from = match global.worth {
                Worth::Percent(percent) => {
                    format!("{word} global de {} % sobre {}, al peso", people(percent), dotted(left))
                }
                Worth::Pesos(_) => format!("{word} global en pesos"),
            };
            self.say(&format!("DscRcgGlobal[{at}]"), change, from);
            words.push_str(&format!(" {} {}", if global.adds { "+" } else { "−" }, dotted(change)));
            left = after;
        }
        Sum { amount: left, words }
    }
}

/// `2,5 × 350 − 88 de descuento (10 %)`.
fn of_line(line: &Line) -> String {
    if line.tax == Tax::Aside {
        return "no es parte de la venta (IndExe 4 o 5)".to_owned();
    }
    let Some(price) = line.price else { return "el valor que dice la línea".to_owned() };
    let quantity = line.quantity.unwrap_or(Decimal::ONE);
    let mut words = format!("{} × {}", people(quantity), people(price));
    for (sign, amount, percent, name) in [
        ("−", line.discount, line.discount_percent, "descuento"),
        ("+", line.surcharge, line.surcharge_percent, "recargo"),
    ] {
        if let Some(amount) = amount {
            let percent = percent.map(|percent| format!(" ({} %)", people(percent))).unwrap_or_default();
            words.push_str(&format!(" {sign} {} de {name}{percent}", dotted(amount)));
        }
    }
    format!("{words}, al peso")
}

/// What a line adds to the sum it is part of.
fn worth(line: &Line) -> i64 {
    let amount = line.said.unwrap_or(0);
    if line.tax == Tax::NotBilledLess { -amount } else { amount }
}

/// `líneas 1, 3: 980 + 20`.
fn sum_of(lines: &[Line], of: impl Fn(Tax) -> bool) -> String {
    /// Beyond these the lines are counted, not named.
    const MOST: usize = 12;
    let these: Vec<(usize, &Line)> = lines.iter().enumerate().filter(|(_, line)| of(line.tax)).collect();
    if these.is_empty() {
        return "ninguna línea".to_owned();
    }
    if these.len() > MOST {
        let all: i64 = these.iter().map(|(_, line)| worth(line)).sum();
        return format!("{} líneas que suman {}", these.len(), dotted(all));
    }
    let numbers: Vec<String> = these.iter().map(|(at, _)| (at + 1).to_string()).collect();
    let (first, rest) = (worth(these[0].1), &these[1..]);
    let rest: String = rest.iter().map(|(_, line)| added(worth(line))).collect();
    let word = if these.len() == 1 { "línea" } else { "líneas" };
    format!("{word} {}: {}{rest}", numbers.join(", "), dotted(first))
}

/// ` + 300`, or ` − 300` of what takes away.
fn added(amount: i64) -> String {
    format!(" {} {}", if amount < 0 { "−" } else { "+" }, dotted(amount.abs()))
}

fn net(prices: Prices, taxed: &Sum) -> String {
    match prices {
        Prices::Gross => {
            format!("{} con IVA ({}), dividido por 1,19, al peso", dotted(taxed.amount), taxed.words)
        }
        Prices::Net => taxed.words.clone(),
    }
}

fn iva(prices: Prices, totals: &Totals, taxed: &Sum) -> String {
    match prices {
        Prices::Gross => format!(
            "{} con IVA menos {} de neto, para que el total no se mueva",
            dotted(taxed.amount),
            dotted(totals.net)
        ),
        Prices::Net => format!("19 % de {}, al peso", dotted(totals.net)),
    }
}

fn taxes(told: &mut Told, totals: &Totals, bearing: &[Bearing]) {
    for (at, due) in totals.taxes.iter().enumerate() {
        let of = |(_, line): &(usize, &Bearing)| line.taxed && line.taxes.contains(&due.tax);
        let lines: Vec<String> =
            bearing.iter().enumerate().filter(of).map(|(at, _)| (at + 1).to_string()).collect();
        let base = match due.tax.base {
            Base::Lines => "el valor neto",
            Base::Margin => "el margen (MntMargComer)",
            Base::Slaughter => "la base de faenamiento (MntBaseFaena)",
        };
        // What the lines say, where the globals have changed it.
        let said: i64 = bearing.iter().enumerate().filter(of).map(|(_, line)| line.amount).sum();
        let changed = if due.tax.base == Base::Lines && said != due.base {
            format!(" ({}) después de los descuentos y recargos globales", dotted(said))
        } else {
            String::new()
        };
        let from = format!(
            "{} ({}): {} % de {}, {base} de {} {}{changed}, al peso",
            due.tax.name,
            due.tax.code,
            people(due.tax.rate()),
            dotted(due.base),
            if lines.len() == 1 { "la línea" } else { "las líneas" },
            lines.join(", ")
        );
        told.say(&format!("ImptoReten[{at}].MontoImp"), due.amount, from);
    }
}

fn total(totals: &Totals) -> String {
    let taxes: i64 = totals.taxes.iter().map(|due| due.amount).sum();
    let parts = [
        (totals.net, "neto"),
        (totals.exempt, "exento"),
        (totals.iva, "IVA"),
        (taxes, "otros impuestos"),
        (totals.deposit, "envases"),
    ];
    let mut words: Vec<String> = parts
        .into_iter()
        .filter(|(amount, _)| *amount != 0)
        .map(|(a, name)| format!("{} {name}", dotted(a)))
        .collect();
    if words.is_empty() {
        words.push("nada se cobra".to_owned());
    }
    let mut words = words.join(" + ");
    if totals.stated.builders_credit != 0 {
        words.push_str(&format!(" − {} crédito especial", dotted(totals.stated.builders_credit)));
    }
    words
}

/// `1234.5` as people read it: `1.234,5`.
pub(crate) fn people(value: Decimal) -> String {
    let text = money::plain(value);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.parse().map_or(whole.to_owned(), dotted);
    if fraction.is_empty() { whole } else { format!("{whole},{fraction}") }
}
