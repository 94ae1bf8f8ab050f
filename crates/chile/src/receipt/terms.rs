//! How and until when it is paid, how goods move, and what it refers to: codes in words.

use timbre_core::receipt::Field;

use super::parties::place;
use super::{day, dotted, figure};
use crate::dom::Element;
use crate::tipo;

/// Formato boletas 4.2 (printing column: the period, FchVenc, above 135 UF MedioPago); manual de muestras
/// impresas 4.0, 1.4 (a guía says its transfer in words); formato DTE 2.4.2 and Res. Ex. SII 154/2025 (who
/// carries the goods; who is sold for: RUTMandante; instalments: MntPagos).
pub(super) fn of(header: &Element) -> Vec<Field> {
    let at = |tag: &str| header.text_at(&["IdDoc", tag]).filter(|text| !text.is_empty());
    let field = |label: &str, value: Option<String>| value.map(|value| Field::new(label, value));
    let period = at("PeriodoDesde").zip(at("PeriodoHasta"));
    let mut terms: Vec<Field> = [
        field("Período", period.map(|(from, until)| format!("{} al {}", day(&from), day(&until)))),
        field("Traslado", at("IndTraslado").map(|code| transfer(&code).to_owned())),
        field("Despacho", at("TipoDespacho").map(|code| dispatch(&code).to_owned())),
        field("Forma de pago", at("FmaPago").map(|code| form(&code).to_owned())),
        field("Medio de pago", at("MedioPago").map(|code| means(&code).to_owned())),
        field("Vencimiento", at("FchVenc").map(|date| day(&date))),
        field("Pagado antes", at("MntCancel").map(|sum| figure(&sum))),
        field("Saldo", at("SaldoInsol").map(|sum| figure(&sum))),
        field("Por cuenta de", header.text_at(&["RUTMandante"]).map(|rut| dotted(&rut))),
    ]
    .into_iter()
    .flatten()
    .collect();
    let instalments =
        header.child("IdDoc").into_iter().flat_map(Element::elements).filter(|e| e.name == "MntPagos");
    terms.extend(instalments.map(|instalment| Field::new("Cuota", pays(instalment))));
    if let Some(transport) = header.child("Transporte") {
        let carried = |path: &[&str]| transport.text_at(path).filter(|text| !text.is_empty());
        let leaves = carried(&["FchSalida"]).map(|date| {
            let hour = carried(&["HraSalida"]).map(|hour| format!(" {hour}")).unwrap_or_default();
            format!("{}{hour}", day(&date))
        });
        let rut = carried(&["Chofer", "RUTChofer"]).map(|rut| dotted(&rut));
        let driver: Vec<String> = carried(&["Chofer", "NombreChofer"]).into_iter().chain(rut).collect();
        let driver = Some(driver.join(", ")).filter(|driver| !driver.is_empty());
        let parts = [
            field("Patente", carried(&["Patente"])),
            field("Patente carro", carried(&["PatenteCarro"])),
            field("Transportista", carried(&["RUTTrans"]).map(|rut| dotted(&rut))),
            field("Chofer", driver),
            field("Destino", place(transport, ["DirDest", "CmnaDest", "CiudadDest"])),
            field("Salida", leaves),
            field("Llegada", carried(&["FchLlegada"]).map(|date| day(&date))),
        ];
        terms.extend(parts.into_iter().flatten());
    }
    terms
}

/// References in words: type, folio, date, reason (manual de muestras impresas 4.0, 1.2).
pub(super) fn references(body: &Element, boleta: bool) -> Vec<String> {
    let one = |reference: &Element| {
        let at = |tag: &str| reference.text_at(&[tag]).filter(|text| !text.is_empty());
        let kind = at("TpoDocRef").map(|code| tipo::name_of(&code).map_or(code, str::to_owned));
        let folio = at("FolioRef").filter(|folio| folio != "0").map(|folio| format!("N° {folio}"));
        // One line for many documents of a type (formato DTE 2.4.2: IndGlobal, with FolioRef 0).
        let global = at("IndGlobal").filter(|said| said == "1").map(|_| "(varios documentos)".to_owned());
        let date = at("FchRef").map(|date| format!("del {}", day(&date)));
        // In a DTE the code is one of three; in a boleta it is the shop's own text.
        let code = at("CodRef").map(|code| match code.as_str() {
            "1" if !boleta => "(anula)".to_owned(),
            "2" if !boleta => "(corrige texto)".to_owned(),
            "3" if !boleta => "(corrige montos)".to_owned(),
            _ => code,
        });
        let which = [kind, global, folio, date, code].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let seller = at("CodVndor").map(|code| format!("vendedor {code}"));
        let till = at("CodCaja").map(|code| format!("caja {code}"));
        let why = [at("RazonRef"), seller, till].into_iter().flatten().collect::<Vec<_>>().join(", ");
        match (which.is_empty(), why.is_empty()) {
            (false, false) => format!("{which}: {why}"),
            (true, _) | (_, true) => which + &why,
        }
    };
    body.elements().filter(|e| e.name == "Referencia").map(one).collect()
}

/// `15-02-2026: 50.000, Cuota 1`.
fn pays(instalment: &Element) -> String {
    let at = |tag: &str| instalment.text_at(&[tag]).filter(|text| !text.is_empty());
    let words = at("GlosaPagos").map(|words| format!(", {words}")).unwrap_or_default();
    let sum = at("MntPago").map(|sum| figure(&sum)).unwrap_or_default();
    format!("{}: {sum}{words}", at("FchPago").map(|date| day(&date)).unwrap_or_default())
}

fn form(code: &str) -> &'static str {
    match code {
        "1" => "Contado",
        "2" => "Crédito",
        _ => "Sin costo",
    }
}

fn means(code: &str) -> &'static str {
    match code {
        "1" | "EF" => "Efectivo",
        "2" => "Medio electrónico",
        "3" => "Transferencia",
        "4" | "CH" => "Cheque",
        "CF" => "Cheque a fecha",
        "LT" => "Letra",
        "PE" => "Pago a cuenta corriente",
        "TC" => "Tarjeta de crédito",
        _ => "Otro",
    }
}

/// IndTraslado (formato DTE 2.4.2).
fn transfer(code: &str) -> &'static str {
    match code {
        "1" => "Operación constituye venta",
        "2" => "Venta por efectuar",
        "3" => "Consignación",
        "4" => "Entrega gratuita",
        "5" => "Traslado interno",
        "6" => "Otro traslado, no venta",
        "7" => "Guía de devolución",
        "8" => "Traslado para exportación (no venta)",
        "9" => "Venta para exportación",
        _ => "Otro traslado",
    }
}

/// TipoDespacho (formato DTE 2.4.2).
fn dispatch(code: &str) -> &'static str {
    match code {
        "1" => "Por cuenta del receptor",
        "2" => "Por cuenta del emisor a instalaciones del cliente",
        "3" => "Por cuenta del emisor a otras instalaciones",
        _ => "Otro",
    }
}
