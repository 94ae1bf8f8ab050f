//! Rules of Detalle, and of the lists that are numbered like it.

use super::Making;
use crate::money;
use crate::tags::{Group, Shape, plain};
use crate::tipo::Tipo;
use crate::totals::Tax;
use crate::totals::figures;
use crate::totals::line::{Line, Value};

/// Numbers the lists, judges each line and writes what it comes to. `None` while any line is in doubt.
pub fn check(making: &mut Making<'_>) -> Option<Vec<(Tax, i64)>> {
    for (list, number) in [
        ("Detalle", "NroLinDet"),
        ("DscRcgGlobal", "NroLinDR"),
        ("Referencia", "NroLinRef"),
        ("SubTotInfo", "NroSTI"),
    ] {
        number_lines(making, list, number);
    }
    if !making.order.document.has("Detalle") {
        making.refuse("no-lines", "Detalle", "La venta no tiene ninguna línea de detalle.");
        return None;
    }
    // What follows from earlier documents is filled in after the sale was read.
    let most = making.tipo.fields().iter().find(|field| field.tag == "Detalle").map(|field| field.most);
    let count = making.order.document.count("Detalle");
    if let Some(most) = most.map(usize::from).filter(|most| count > *most) {
        let message =
            format!("El documento tendría {count} líneas y admite hasta {most}: divídalo en varios.");
        making.refuse("too-many-lines", "Detalle", message);
        return None;
    }
    required_inside(making);
    subtotals(making);
    if making.tipo.is_exempt() {
        // All that is billed is exempt, and no line says so (formato DTE 2.4.2, detalle, campo 5).
        making.order.document.groups_mut("Detalle").for_each(|line| line.clear_if("IndExe", "1"));
        making.order.document.groups_mut("DscRcgGlobal").for_each(|global| global.clear_if("IndExeDR", "1"));
    }
    kinds(making);
    let lines = figures::lines(making.tipo, &making.order.document);
    let values: Vec<Option<Value>> =
        lines.iter().enumerate().map(|(at, line)| judge(making, at, line)).collect();
    let carried = making.tipo == Tipo::Guia;
    for ((detail, line), value) in making.order.document.groups_mut("Detalle").zip(&lines).zip(&values) {
        if let Some(value) = value {
            write(detail, line, value, carried);
        }
    }
    lines.iter().zip(values).map(|(line, value)| Some((line.tax, value?.amount))).collect()
}

/// Lists count from one, in order (formato DTE 2.4.2, NroLinDet, NroLinDR, NroLinRef). A till that numbers
/// them itself must count alike.
fn number_lines(making: &mut Making<'_>, list: &'static str, tag: &'static str) {
    let mut wrong = Vec::new();
    for (at, line) in making.order.document.groups_mut(list).enumerate() {
        let number = (at + 1).to_string();
        if line.leaf(tag).is_some_and(|said| said != number) {
            wrong.push(at);
        }
        line.set(tag, number);
    }
    for at in wrong {
        let message =
            format!("{} debe ser {} (van desde 1, en orden); puede omitirlo.", plain::place(tag), at + 1);
        making.refuse("line-number", format!("{list}[{at}].{tag}"), message);
    }
}

/// What the schema wants in each element of a list, and in the header's optional groups.
fn required_inside(making: &mut Making<'_>) {
    let mut missing = Vec::new();
    for list in ["Detalle", "DscRcgGlobal", "SubTotInfo", "GeoRefEmision", "ManejoMadera"] {
        for (at, group) in making.order.document.groups(list).enumerate() {
            wanting(group, &format!("{list}[{at}]"), &mut missing);
        }
    }
    for (path, group) in [("Receptor", "Extranjero"), ("Transporte", "Chofer"), ("Transporte", "Aduana")] {
        let found = making
            .order
            .document
            .group("Encabezado")
            .and_then(|e| e.group(path))
            .and_then(|g| g.group(group));
        if let Some(found) = found {
            wanting(found, &format!("Encabezado.{path}.{group}"), &mut missing);
        }
    }
    for path in missing {
        let message = format!("{}: falta, y es obligatorio.", plain::place(&path));
        making.refuse("required", path, message);
    }
}

/// A subtotal is of lines that there are (formato DTE 2.4.2, SubTotInfo, LineasDeta).
fn subtotals(making: &mut Making<'_>) {
    let document = &making.order.document;
    let lines = document.groups("Detalle").count();
    let is_there = |text: &str| text.parse::<usize>().is_ok_and(|line| (1..=lines).contains(&line));
    let subtotals = document.groups("SubTotInfo").enumerate();
    let wrong: Vec<(usize, String)> = subtotals
        .filter_map(|(at, subtotal)| {
            Some((at, subtotal.leaves("LineasDeta").find(|line| !is_there(line))?.to_owned()))
        })
        .collect();
    for (at, line) in wrong {
        let message = format!("El subtotal es de la línea {line}, y el documento tiene {lines}.");
        making.refuse("subtotal-line", format!("SubTotInfo[{at}].LineasDeta"), message);
    }
}

/// The paths of what must stand in `group` and does not; MontoItem is ours to compute.
fn wanting(group: &Group, path: &str, missing: &mut Vec<String>) {
    for field in group.fields() {
        if field.least > 0 && !group.has(field.tag) && field.tag != "MontoItem" {
            missing.push(format!("{path}.{}", field.tag));
        }
        if let Shape::Group(_) = field.shape {
            for (at, inner) in group.groups(field.tag).enumerate() {
                let index = if field.most > 1 { format!("[{at}]") } else { String::new() };
                wanting(inner, &format!("{path}.{}{index}", field.tag), missing);
            }
        }
    }
}

/// Lines whose `IndExe` is not of this type. 4 is what goes along and is not sold: in facturas that bear tax,
/// and in guías that are a sale. 5 takes off what an earlier guía carried: in guías that are none, with a
/// reference to it. 3, containers, is of facturas that bear tax, notes and guías. A factura exenta holds what
/// is exempt and what it does not bill, and no more (formato DTE 2.4.2, detalle, campo 5; manual de muestras
/// impresas 4.0, 1.4).
pub fn misplaced(tipo: Tipo, document: &Group) -> Vec<usize> {
    let sells = figures::sells(document);
    let refers = document.groups("Referencia").any(|r| matches!(r.leaf("TpoDocRef"), Some("50" | "52")));
    let fits = |kind: &str| match (kind, tipo) {
        ("3" | "4", Tipo::FacturaExenta) => false,
        ("4", Tipo::Factura) => true,
        ("4", Tipo::Guia) => sells,
        ("5", Tipo::Guia) => !sells && refers,
        ("4" | "5", _) => false,
        _ => true,
    };
    let lines = document.groups("Detalle").enumerate();
    lines.filter(|(_, line)| line.leaf("IndExe").is_some_and(|kind| !fits(kind))).map(|(at, _)| at).collect()
}

fn kinds(making: &mut Making<'_>) {
    for at in misplaced(making.tipo, &making.order.document) {
        making.refuse(
            "line-kind",
            format!("Detalle[{at}].IndExe"),
            "IndExe 3 (envases) va en facturas afectas, notas y guías, IndExe 4 (no es venta) en facturas afectas y guías de \
             venta, e IndExe 5 (a rebajar) en guías que no son venta y citan la guía anterior; use 1 (exento) o 2 o 6 (no \
             facturable).",
        );
    }
}

fn judge(making: &mut Making<'_>, at: usize, line: &Line) -> Option<Value> {
    let number = at + 1;
    let value = match line.value() {
        Ok(value) => value,
        Err(fault) => {
            let message = format!("Línea {number}: {fault}.");
            making.refuse(fault.code(), format!("Detalle[{at}]"), message);
            return None;
        }
    };
    if line.tax == Tax::Aside {
        return Some(value);
    }
    if line.price.is_none() && line.quantity.is_some() && making.tipo != Tipo::Guia {
        let message = format!("Línea {number}: va sin costo, así que se emite sin cantidad ni precio.");
        making.warn("free-line", format!("Detalle[{at}].PrcItem"), message);
    }
    if let Some(by_percent) = line.by_percent() {
        for (tag, said, ours) in [
            ("DescuentoMonto", line.discount, by_percent.discount),
            ("RecargoMonto", line.surcharge, by_percent.surcharge),
        ] {
            if let Some(said) = said {
                agree(making, format!("Detalle[{at}].{tag}"), tag, said, ours);
            }
        }
    }
    parts(making, at, line, &value);
    if let Some(said) = line.said {
        agree(making, format!("Detalle[{at}].MontoItem"), "MontoItem", said, value.amount);
    }
    Some(value)
}

/// The lists that say how a discount or a surcharge is made up: tags of the list, of its parts, and of the
/// amount they make up.
const PARTS: [(&str, &str, &str, &str); 2] = [
    ("SubDscto", "TipoDscto", "ValorDscto", "DescuentoMonto"),
    ("SubRecargo", "TipoRecargo", "ValorRecargo", "RecargoMonto"),
];

/// Parts say what the whole is made of, so they add up to it (formato DTE 2.4.2, detalle, SubDscto y
/// SubRecargo); each may be half a peso off by its own rounding.
fn parts(making: &mut Making<'_>, at: usize, line: &Line, value: &Value) {
    let Some(detail) = making.order.document.groups("Detalle").nth(at) else { return };
    let mut wrong = Vec::new();
    for ((list, kind, worth, whole), amount) in PARTS.into_iter().zip([value.discount, value.surcharge]) {
        let count = detail.count(list) as u64;
        if count == 0 {
            continue;
        }
        let sum = line.sum_of(figures::parts(detail, list, kind, worth));
        if amount == 0 || sum.is_none_or(|sum| sum.abs_diff(amount) > count.div_ceil(2)) {
            wrong.push((list, whole, amount, sum.unwrap_or(0)));
        }
    }
    for (list, whole, amount, sum) in wrong {
        let message = format!(
            "Línea {}: {list} suma {} y {whole} es {}; corrija las partes o quítelas.",
            at + 1,
            money::dotted(sum),
            money::dotted(amount)
        );
        making.refuse("line-parts", format!("Detalle[{at}].{list}"), message);
    }
}

/// A peso of difference is a till's own rounding; more is a mistake.
fn agree(making: &mut Making<'_>, path: String, tag: &str, said: i64, ours: i64) {
    let figures = format!(
        "{} dice {} y el cálculo da {}",
        plain::place(&path),
        money::dotted(said),
        money::dotted(ours)
    );
    match said.abs_diff(ours) {
        0 => {}
        1 if tag == "MontoItem" => {
            making.warn("line-rounding", path, format!("{figures}; se usa el cálculo."))
        }
        1 => making.warn("line-rounding", path, format!("{figures}; se usa lo que dice la venta.")),
        _ => making.refuse("line-mismatch", path, format!("{figures}. Corrija la venta.")),
    }
}

/// What a line comes to, as the schemas want it: no zeros (MntImpType is positive), a quantity where
/// there is a price, neither on a gift. A guía says what it carries though it costs nothing.
fn write(detail: &mut Group, line: &Line, value: &Value, carried: bool) {
    match line.price {
        Some(_) => detail.fill("QtyItem", "1"),
        None if carried => {}
        None => detail.clear("QtyItem"),
    }
    let amounts =
        [("DescuentoMonto", "DescuentoPct", value.discount), ("RecargoMonto", "RecargoPct", value.surcharge)];
    for (tag, percent, amount) in amounts {
        if amount == 0 {
            detail.clear(tag);
            detail.clear(percent);
        } else {
            detail.set(tag, amount.to_string());
        }
    }
    detail.set("MontoItem", value.amount.to_string());
}
