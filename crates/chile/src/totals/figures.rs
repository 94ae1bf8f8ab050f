//! Where figures stand in a document: lines, globals and totals of both families, read and written.

use serde_json::{Map, Value};

use super::line::Line;
use super::{Global, Onto, Prices, Totals, Worth};
use crate::money;
use crate::tags::Group;
use crate::tipo::Tipo;

/// The tags of totals in the order that people read them, with the one that says a period's total.
fn period_tag(tipo: Tipo) -> &'static str {
    match tipo {
        Tipo::Factura => "MontoPeriodo",
        Tipo::Boleta => "TotalPeriodo",
    }
}

/// How the prices of this document are meant.
pub fn prices(tipo: Tipo, document: &Group) -> Prices {
    let said = |tag| document.at(&["Encabezado", "IdDoc", tag]).is_some();
    match tipo {
        Tipo::Factura if said("MntBruto") => Prices::Gross,
        Tipo::Factura => Prices::Net,
        Tipo::Boleta if said("IndMntNeto") => Prices::Net,
        Tipo::Boleta => Prices::Gross,
    }
}

pub fn lines(document: &Group) -> Vec<Line> {
    document.groups("Detalle").map(Line::of).collect()
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
pub fn globals(document: &Group) -> Vec<Global> {
    document.groups("DscRcgGlobal").filter_map(global).collect()
}

fn global(said: &Group) -> Option<Global> {
    Some(Global {
        adds: said.leaf("TpoMov") == Some("R"),
        onto: match said.leaf("IndExeDR") {
            Some("1") => Onto::Exempt,
            Some("2") => Onto::NotBilled,
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
    [
        ("MntNeto", some(totals.net)),
        ("MntExe", some(totals.exempt)),
        ("TasaIVA", (tipo == Tipo::Factura && totals.net != 0).then_some(19)),
        ("IVA", (totals.net != 0).then_some(totals.iva)),
        ("GrntDep", some(totals.deposit)),
        ("MntTotal", Some(totals.total)),
        ("MontoNF", totals.not_billed),
        (period_tag(tipo), totals.period().filter(|_| more)),
        ("SaldoAnterior", totals.previous),
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
}

/// The same for the till: `{"MntNeto": 1000, …}`.
pub fn json(tipo: Tipo, totals: &Totals) -> Value {
    let map: Map<String, Value> =
        tags(tipo, totals).into_iter().map(|(tag, amount)| (tag.to_owned(), amount.into())).collect();
    Value::Object(map)
}
