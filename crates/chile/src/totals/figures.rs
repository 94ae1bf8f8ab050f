//! Where figures stand in a document: lines, globals and totals of both families, read and written.

use serde_json::{Map, Value, json};

use super::line::Line;
use super::taxes::{self, Bearing, Due};
use super::{Fault, Global, Onto, Prices, Stated, Tax, Totals, Worth};
use crate::money;
use crate::tags::{Group, Item, Shape};
use crate::tipo::{Family, Tipo};

/// The tag that says a period's total.
fn period_tag(tipo: Tipo) -> &'static str {
    match tipo.family() {
        Family::Dte => "MontoPeriodo",
        Family::Boleta => "TotalPeriodo",
    }
}

/// How the prices of this document are meant.
pub fn prices(tipo: Tipo, document: &Group) -> Prices {
    let said = |tag| document.at(&["Encabezado", "IdDoc", tag]).is_some();
    match tipo.family() {
        Family::Dte if said("MntBruto") => Prices::Gross,
        Family::Dte => Prices::Net,
        Family::Boleta if said("IndMntNeto") => Prices::Net,
        Family::Boleta => Prices::Gross,
    }
}

/// The lines of a document. In one that is exempt itself, whatever is billed is exempt. In a guía that is
/// no sale a line without a price is worth nothing (formato DTE 2.4.2, detalle, campo 38).
pub fn lines(tipo: Tipo, document: &Group) -> Vec<Line> {
    let free = tipo == Tipo::Guia && !sells(document);
    document
        .groups("Detalle")
        .map(Line::of)
        .map(|line| match line.tax {
            Tax::Taxed if tipo.is_exempt() => Line { tax: Tax::Exempt, ..line },
            _ => line,
        })
        .map(|line| match (line.price, line.said) {
            (None, None) if free => Line { said: Some(0), ..line },
            _ => line,
        })
        .collect()
}

/// A guía that is a sale: 1, and 9, for export (formato DTE 2.4.2, IndTraslado).
pub fn sells(document: &Group) -> bool {
    matches!(document.at(&["Encabezado", "IdDoc", "IndTraslado"]), Some("1" | "9"))
}

/// What a document adds up to, whose lines have their `MontoItem`.
pub fn add_up(
    tipo: Tipo,
    document: &Group,
    lines: impl IntoIterator<Item = (Tax, i64)>,
    stated: Stated,
) -> Result<Totals, Fault> {
    let globals = globals(tipo, document);
    let bearing: Vec<Bearing> = document.groups("Detalle").map(Bearing::of).collect();
    super::add_up(prices(tipo, document), lines, &globals, taxes::reckon(&bearing, &globals)?, stated)
}

/// What the `Totales` of a sale or a document state by themselves.
pub fn stated(said: &Group) -> Stated {
    let pesos = |tag| said.leaf(tag).and_then(|text| text.parse().ok());
    let shared = (pesos("IVAProp"), pesos("IVATerc"));
    Stated {
        previous: pesos("SaldoAnterior"),
        builders_credit: pesos("CredEC").unwrap_or(0),
        shared_iva: match shared {
            (None, None) => None,
            (own, other) => Some((own.unwrap_or(0), other.unwrap_or(0))),
        },
    }
}

/// The parts of a line's discount or surcharge, as its texts say them.
pub fn parts<'a>(
    detail: &'a Group,
    list: &'a str,
    kind: &'static str,
    value: &'static str,
) -> impl Iterator<Item = Worth> + 'a {
    detail.groups(list).filter_map(move |part| worth(part.leaf(kind), part.leaf(value)?))
}

fn worth(kind: Option<&str>, value: &str) -> Option<Worth> {
    let value = money::parse(value)?;
    Some(if kind == Some("%") { Worth::Percent(value) } else { Worth::Pesos(value) })
}

/// The globals of a document whose texts were checked by their table.
pub fn globals(tipo: Tipo, document: &Group) -> Vec<Global> {
    document.groups("DscRcgGlobal").filter_map(|said| global(tipo, said)).collect()
}

/// What each of a document's globals comes to in pesos, in their order; `None` where one can't be read.
pub fn changes(tipo: Tipo, document: &Group) -> Option<Vec<i64>> {
    let globals = globals(tipo, document);
    let lines = lines(tipo, document).into_iter().map(|line| (line.tax, line.said.unwrap_or(0)));
    let changes = super::changes(lines, &globals).ok()?;
    (changes.len() == document.groups("DscRcgGlobal").count()).then_some(changes)
}

fn global(tipo: Tipo, said: &Group) -> Option<Global> {
    Some(Global {
        adds: said.leaf("TpoMov") == Some("R"),
        onto: match said.leaf("IndExeDR") {
            Some("1") => Onto::Exempt,
            Some("2") => Onto::NotBilled,
            _ if tipo.is_exempt() => Onto::Exempt,
            _ => Onto::Taxed,
        },
        worth: worth(said.leaf("TpoValor"), said.leaf("ValorDR")?)?,
    })
}

/// The totals as tags and whole pesos, those that are written. MntNeto and IVA go together: obligatory in
/// a 33 and, since Res. Ex. SII 74/2020, in a 39, and left out where nothing bears tax. (Tax of less than
/// half a peso is written as 0, which the schemas of today allow.)
pub fn tags(tipo: Tipo, totals: &Totals) -> Vec<(&'static str, i64)> {
    let some = |amount: i64| (amount != 0).then_some(amount);
    let more = totals.differs_from_total();
    let has_rate = tipo.family() == Family::Dte && totals.net != 0;
    let (own, other) = totals.stated.shared_iva.unzip();
    [
        ("MntNeto", some(totals.net)),
        ("MntExe", some(totals.exempt)),
        ("MntBase", some(totals.slaughter)),
        ("MntMargenCom", some(totals.margin)),
        ("TasaIVA", has_rate.then_some(19)),
        ("IVA", (totals.net != 0).then_some(totals.iva)),
        ("IVAProp", own),
        ("IVATerc", other),
        ("CredEC", some(totals.stated.builders_credit)),
        ("GrntDep", some(totals.deposit)),
        ("MntTotal", Some(totals.total)),
        ("MontoNF", totals.not_billed),
        (period_tag(tipo), totals.period().filter(|_| more)),
        ("SaldoAnterior", totals.stated.previous),
        ("VlrPagar", totals.payable().filter(|_| more)),
    ]
    .into_iter()
    .filter_map(|(tag, amount)| Some((tag, amount?)))
    .collect()
}

/// Puts the totals in the place of whatever the till said.
pub fn write(tipo: Tipo, totals: &Totals, document: &mut Group) {
    let place = document.within("Encabezado").within("Totales");
    for field in place.fields() {
        place.clear(field.tag);
    }
    for (tag, amount) in tags(tipo, totals) {
        place.set(tag, amount.to_string());
    }
    for due in &totals.taxes {
        let tax = tax_group(due, place.fields());
        place.push("ImptoReten", Item::Group(tax));
    }
}

fn tax_group(due: &Due, totals: &'static [crate::tags::Field]) -> Group {
    let field = totals.iter().find(|field| field.tag == "ImptoReten");
    let Some(Shape::Group(fields)) = field.map(|field| field.shape) else {
        unreachable!("only documents whose schema has ImptoReten bear these taxes");
    };
    let mut tax = Group::new(fields);
    tax.set("TipoImp", due.tax.code);
    tax.set("TasaImp", money::plain(due.tax.rate()));
    tax.set("MontoImp", due.amount.to_string());
    tax
}

/// The same for the till: `{"MntNeto": 1000, …}`.
pub fn json(tipo: Tipo, totals: &Totals) -> Value {
    let mut map: Map<String, Value> =
        tags(tipo, totals).into_iter().map(|(tag, amount)| (tag.to_owned(), amount.into())).collect();
    if !totals.taxes.is_empty() {
        let taxes = totals.taxes.iter().map(|due| {
            let rate: serde_json::Number =
                money::plain(due.tax.rate()).parse().expect("a decimal is a number of JSON");
            json!({ "TipoImp": due.tax.code, "TasaImp": rate, "MontoImp": due.amount })
        });
        map.insert("ImptoReten".to_owned(), taxes.collect());
    }
    Value::Object(map)
}
