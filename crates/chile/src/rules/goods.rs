//! Rules of what moves goods: guías de despacho, and the transport that a factura may tell of.

use super::{Making, header_path};
use crate::tipo::Tipo;

pub fn check(making: &mut Making<'_>) {
    if making.tipo == Tipo::Guia && making.header("IdDoc", "IndTraslado").is_none() {
        // Formato DTE 2.4.2, IndTraslado: obligatory in guías.
        making.refuse(
            "required",
            header_path("IdDoc", "IndTraslado"),
            "A la guía le falta el tipo de traslado (IndTraslado): 1 venta, 2 venta por efectuar, 3 consignación, 4 entrega gratuita, 5 traslado \
             interno, 6 otro traslado que no es venta, 7 devolución, 8 traslado para exportación, 9 venta para exportación.",
        );
    }
    export(making);
    transport(making);
}

/// 8 and 9 say what kind of transfer it is (formato DTE 2.4.2, CdgTraslado).
fn export(making: &mut Making<'_>) {
    let export = matches!(making.header("IdDoc", "IndTraslado"), Some("8" | "9"));
    let document = &making.order.document;
    let kind = document.at(&["Encabezado", "Emisor", "GuiaExport", "CdgTraslado"]);
    if export && kind.is_none() {
        making.refuse(
            "required",
            header_path("Emisor", "GuiaExport.CdgTraslado"),
            "Una guía de exportación (IndTraslado 8 o 9) dice qué traslado es en Emisor.GuiaExport.CdgTraslado (1 a 4).",
        );
    }
}

/// What the SII wants to know of goods on the road.
const WANTED: [(&[&str], &str); 6] = [
    (&["Patente"], "la patente del vehículo"),
    (&["RUTTrans"], "el RUT del transportista"),
    (&["Chofer", "RUTChofer"], "el chofer"),
    (&["DirDest"], "la dirección de destino"),
    (&["CmnaDest"], "la comuna de destino"),
    (&["FchSalida"], "la fecha y hora de salida"),
];

/// Transport data of Res. Ex. 154/2025, missed in guías, and in facturas that say who carries the goods
/// away when it is not the buyer (TipoDespacho 2 and 3). A warning: the resolution's own text was not seen.
/// CmnaDest was effectively obligatory in guías before.
fn transport(making: &mut Making<'_>) {
    let carries = match making.tipo {
        Tipo::Guia => true,
        Tipo::Factura | Tipo::FacturaExenta => {
            matches!(making.header("IdDoc", "TipoDespacho"), Some("2" | "3"))
        }
        Tipo::Boleta | Tipo::BoletaExenta | Tipo::NotaDebito | Tipo::NotaCredito => return,
    };
    if !carries {
        return;
    }
    let all = making.today >= making.limits.transport_from;
    let document = &making.order.document;
    let missing: Vec<&str> = WANTED
        .iter()
        .filter(|(path, _)| all || path == &["CmnaDest"])
        .filter(|(path, _)| document.at(&[&["Encabezado", "Transporte"], *path].concat()).is_none())
        .map(|(_, words)| *words)
        .collect();
    if missing.is_empty() {
        return;
    }
    let message = format!(
        "Faltan datos del transporte: {}. Desde el {} el SII los pide a lo que viaja (Res. Ex. 154/2025).",
        missing.join(", "),
        making.limits.transport_from
    );
    making.warn("transport-missing", "Encabezado.Transporte", message);
}
