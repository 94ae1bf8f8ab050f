//! Rules of IdDoc: dates, kind of service, form of payment.

use jiff::ToSpan;
use jiff::civil::Date;
use timbre_core::sale::Payment;

use super::{Making, header_path};
use crate::tags::{Group, plain};
use crate::tipo::{Family, Tipo};
use crate::totals::Totals;

/// After these days the SII objects to a late document (reparo DTE-1-650).
const LATE_AFTER_DAYS: i64 = 3;

/// Fills in what the till left out and judges the rest.
pub fn check(making: &mut Making<'_>) {
    let day = making.again.unwrap_or(making.today).to_string();
    let tipo = making.tipo;
    let id = making.order.document.within("Encabezado").within("IdDoc");
    id.fill("FchEmis", day);
    if tipo.is_boleta() {
        // 3: ventas y servicios (formato boletas 4.2, IndServicio, obligatory).
        id.fill("IndServicio", "3");
    }
    dates(making);
    period(making);
    if tipo.family() == Family::Dte {
        lists(making);
    }
}

/// The date of issue of a sale that went through [`check`].
pub fn issued(document: &Group) -> Option<Date> {
    document.at(&["Encabezado", "IdDoc", "FchEmis"])?.parse().ok()
}

fn dates(making: &mut Making<'_>) {
    let Some(date) = issued(&making.order.document) else { return };
    let path = header_path("IdDoc", "FchEmis");
    if let Some(before) = making.again.filter(|before| date > *before) {
        // Where the folios that are left were authorised after the sale it can't be otherwise (HED-3-305).
        let message = format!(
            "El documento rechazado es del {before} y el que lo reemplaza va con fecha {date}: queda en el período tributario \
             de esa fecha. Si es otro mes, avise a su contador."
        );
        making.warn("date-moved", path.clone(), message);
    }
    if date > making.today {
        // Formato DTE 2.4.2, campo 3: the day of issue; a day to come is none.
        let message = format!(
            "La fecha de emisión es {date} y hoy es {}; no se puede emitir con fecha futura. Revise el reloj del equipo.",
            making.today
        );
        making.refuse("date-in-future", path, message);
    } else if making.tipo.is_boleta()
        && making.again != Some(date)
        && date < making.today.saturating_sub(1.day())
    {
        // A boleta is issued at the sale and is at the SII within the hour (Res. Ex. SII 74/2020, F.6); a
        // sale from before midnight may come a little after it.
        let message = format!(
            "La fecha de emisión es {date} y hoy es {}; una boleta se emite el día de la venta. Quite la fecha (FchEmis), o revise \
             el reloj del equipo.",
            making.today
        );
        making.refuse("date-late", path, message);
    } else if date < making.today.saturating_sub(LATE_AFTER_DAYS.days()) {
        let message = format!(
            "La fecha de emisión es {date}, hace más de {LATE_AFTER_DAYS} días; el SII lo aceptará con reparo por envío tardío \
             (DTE-1-650)."
        );
        making.warn("date-late", path, message);
    }
}

/// A period ends after it begins, and has both ends (formato DTE 2.4.2, PeriodoDesde y PeriodoHasta).
fn period(making: &mut Making<'_>) {
    let from = making.header("IdDoc", "PeriodoDesde").map(str::to_owned);
    let until = making.header("IdDoc", "PeriodoHasta").map(str::to_owned);
    match (from, until) {
        (Some(from), Some(until)) if from > until => {
            let message = format!("El período va del {from} al {until}: termina antes de comenzar.");
            making.refuse("period-reversed", header_path("IdDoc", "PeriodoHasta"), message);
        }
        (Some(_), None) | (None, Some(_)) => making.refuse(
            "period-incomplete",
            header_path("IdDoc", "PeriodoDesde"),
            "Indique desde y hasta cuándo va el período (PeriodoDesde y PeriodoHasta), o nada.",
        ),
        (Some(_), Some(_)) | (None, None) => {}
    }
}

/// Each payment of MntPagos has its date and amount (schema DTE_v10, IdDoc/MntPagos).
fn lists(making: &mut Making<'_>) {
    let missing: Vec<(usize, &str)> = making
        .order
        .document
        .group("Encabezado")
        .and_then(|e| e.group("IdDoc"))
        .map(|id| {
            let payments = id.groups("MntPagos").enumerate();
            payments
                .flat_map(|(at, p)| ["FchPago", "MntPago"].map(|tag| (at, tag, p.has(tag))))
                .filter(|(_, _, has)| !has)
                .map(|(at, tag, _)| (at, tag))
                .collect()
        })
        .unwrap_or_default();
    for (at, tag) in missing {
        let path = format!("Encabezado.IdDoc.MntPagos[{at}].{tag}");
        making.refuse("required", path, format!("Falta {tag} del pago {}.", at + 1));
    }
}

/// What says two things that can't both be: the SII takes it, and a buyer would ask.
pub fn doubtful(making: &mut Making<'_>, totals: &Totals) {
    if totals.total > 0 && making.header("IdDoc", "FmaPago") == Some("3") {
        making.warn(
            "payment-free",
            header_path("IdDoc", "FmaPago"),
            "La forma de pago (FmaPago) es 3, entrega gratuita, y el documento cobra: use 1 (contado) o 2 (crédito).",
        );
    }
    let date = |group: &str, tag: &str| making.header(group, tag).and_then(|text| text.parse::<Date>().ok());
    let order = [
        (("IdDoc", "FchEmis"), ("IdDoc", "FchVenc")),
        (("Transporte", "FchSalida"), ("Transporte", "FchLlegada")),
    ];
    let mut told = Vec::new();
    for ((group, first), (other, last)) in order {
        if let (Some(from), Some(until)) = (date(group, first), date(other, last))
            && until < from
        {
            told.push((
                header_path(other, last),
                format!(
                    "{} ({until}) es anterior a {} ({from}).",
                    plain::capital(plain::name(last)),
                    plain::name(first)
                ),
            ));
        }
    }
    for (path, message) in told {
        making.warn("dates-reversed", path, message);
    }
    let id = making.order.document.group("Encabezado").and_then(|e| e.group("IdDoc"));
    let payments: i128 = id
        .map(|id| id.groups("MntPagos").filter_map(|p| p.leaf("MntPago")?.parse::<i128>().ok()).sum())
        .unwrap_or_default();
    let due = i128::from(totals.payable().unwrap_or(totals.total));
    if payments > due && id.is_some_and(|id| id.groups("MntPagos").next().is_some()) {
        let message = format!("Los pagos de la tabla (MntPagos) suman {payments} y hay que pagar {due}.");
        making.warn("payments-exceed", header_path("IdDoc", "MntPagos"), message);
    }
}

/// A factura says how it is paid; without FmaPago the SII takes it for credit (formato DTE 2.4.2, campo
/// FmaPago). What the till says was paid decides when the sale does not.
pub fn payment(making: &mut Making<'_>, totals: &Totals) {
    let pays = matches!(making.tipo, Tipo::Factura | Tipo::FacturaExenta);
    if !pays || making.header("IdDoc", "FmaPago").is_some() {
        return;
    }
    let path = header_path("IdDoc", "FmaPago");
    let till = making.till;
    if till.pagos.is_empty() {
        making.warn(
            "payment-form-missing",
            path,
            "La factura no dice cómo se paga: el SII la considerará a crédito. Indique la forma de pago (FmaPago): 1 contado, 2 crédito.",
        );
        return;
    }
    let extra = |amount: Option<timbre_core::Amount>| i128::from(amount.map_or(0, |a| a.0));
    let paid: i128 = till.pagos.iter().map(|p| i128::from(p.monto.0)).sum();
    let due =
        i128::from(totals.payable().unwrap_or(totals.total)) + extra(till.redondeo) + extra(till.propina);
    let cash: i128 = till.pagos.iter().filter(|p| in_cash(p)).map(|p| i128::from(p.monto.0)).sum();
    let off = if till.redondeo.is_none() && cash > 0 { rounded_off(due - (paid - cash)) } else { 0 };
    let form = if paid - extra(till.vuelto) + off >= due { "1" } else { "2" };
    if form == "2" {
        making.warn(
            "payment-partial",
            path,
            "Los pagos no cubren el total: la factura se emite a crédito (FmaPago 2).",
        );
    }
    making.order.document.within("Encabezado").within("IdDoc").set("FmaPago", form);
}

fn in_cash(payment: &Payment) -> bool {
    payment.medio.trim().eq_ignore_ascii_case("efectivo")
}

/// What the law takes off these pesos when they are paid in cash, whether or not the till says so: up to five go down to
/// the ten below (Ley 20.956).
fn rounded_off(pesos: i128) -> i128 {
    let above = pesos.max(0) % 10;
    if above <= 5 { above } else { 0 }
}
