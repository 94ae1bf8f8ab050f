//! Rules of the Receptor.

use jiff::ToSpan;

use super::{Making, header_path, notes};
use crate::means;
use crate::rut::Rut;
use crate::tags::plain;
use crate::tipo::{Family, Tipo};
use crate::totals::Totals;

/// The name of the consumer without one, in the document and in its stamp.
pub const CONSUMER: &str = "CONSUMIDOR FINAL";

/// Fills in the consumer of a boleta and judges the rest.
pub fn check(making: &mut Making<'_>) {
    match making.tipo.family() {
        Family::Boleta => boleta(making),
        Family::Dte => named(making),
    }
    let path = header_path("Receptor", "RUTRecep");
    let own = receiver(making) == Some(making.firm.rut);
    let moves_within = making.header("IdDoc", "IndTraslado") == Some("5");
    if moves_within && !own && receiver(making).is_some() {
        // Formato DTE 2.4.2, IndTraslado 5 and RUTRecep.
        making.refuse(
            "receiver-not-issuer",
            path,
            "Un traslado interno (IndTraslado 5) es de la empresa a sí misma: el RUT del cliente debe ser el de la empresa.",
        );
    } else if own && !moves_within && !(making.tipo.is_note() && notes::on_boletas(&making.order.document)) {
        // By mistake, or a withdrawal of goods. A note on a boleta whose buyer nobody knows goes to the
        // issuer itself.
        making.warn(
            "receiver-is-issuer",
            path,
            "El receptor es la misma empresa que emite; confirme que es lo que quiere.",
        );
    }
}

/// The receptor of a sale that went through [`check`].
pub fn receiver(making: &Making<'_>) -> Option<Rut> {
    Rut::of_receptor(making.header("Receptor", "RUTRecep")?).ok()
}

/// RUTRecep is obligatory; who does not say it sells to the consumer 66666666-6, which goes only with
/// IndServicio 3 (formato boletas 4.2, RUTRecep e IndServicio).
fn boleta(making: &mut Making<'_>) {
    let receptor = making.order.document.within("Encabezado").within("Receptor");
    receptor.fill("RUTRecep", Rut::CONSUMER.to_string());
    if !receptor.has("RznSocRecep") {
        // The stamp repeats the name, and an empty one has two spellings. A person without a name is
        // named by the RUT, and without that by the code that stands for it.
        let name = match receptor.leaf("RUTRecep") {
            Some(rut) if rut == Rut::NONE.to_string() => receptor.leaf("CdgIntRecep").unwrap_or(CONSUMER),
            Some(rut) if rut != Rut::CONSUMER.to_string() => rut,
            _ => CONSUMER,
        };
        let name = name.to_owned();
        receptor.set("RznSocRecep", name);
    }
    if receiver(making) == Some(Rut::NONE) && making.header("Receptor", "CdgIntRecep").is_none() {
        making.refuse(
            "receiver-code-missing",
            header_path("Receptor", "CdgIntRecep"),
            "El RUT 0-0 es de un cliente que usted conoce por su código interno: indíquelo (CdgIntRecep).",
        );
    }
    let service = making.header_text("IdDoc", "IndServicio");
    let unknown = receiver(making) == Some(Rut::CONSUMER);
    if unknown && service != "3" {
        let message = format!(
            "Una boleta de este servicio (IndServicio {service}) debe indicar el RUT real del cliente."
        );
        making.refuse("receiver-required", header_path("Receptor", "RUTRecep"), message);
    }
    // Periodic services, as water or gas: 1 needs DirRecep; 2, those of a home, also FchVenc (formato
    // boletas 4.2, IndServicio; schema EnvioBOLETA_v11).
    if matches!(service.as_str(), "1" | "2") && making.header("Receptor", "DirRecep").is_none() {
        let message = format!(
            "En una boleta de servicios periódicos (IndServicio {service}) falta la dirección del cliente."
        );
        making.refuse("required", header_path("Receptor", "DirRecep"), message);
    }
    if service == "2" && making.header("IdDoc", "FchVenc").is_none() {
        making.refuse(
            "required",
            header_path("IdDoc", "FchVenc"),
            "En una boleta de servicios periódicos domiciliarios (IndServicio 2) falta la fecha de vencimiento.",
        );
    }
}

/// Obligatory in facturas and guías (formato DTE 2.4.2, área Receptor), though the schema lets most of them
/// out; a note needs the first two.
const WANTED: [&str; 5] = ["RUTRecep", "RznSocRecep", "GiroRecep", "DirRecep", "CmnaRecep"];

fn named(making: &mut Making<'_>) {
    let count = if making.tipo.is_note() { 2 } else { WANTED.len() };
    for tag in &WANTED[..count] {
        if making.header("Receptor", tag).is_none() {
            let message = format!("{} necesita {}.", plain::capital(making.tipo.noun()), plain::name(tag));
            making.refuse("required", header_path("Receptor", tag), message);
        }
    }
    let path = header_path("Receptor", "RUTRecep");
    match (making.tipo, receiver(making)) {
        // The tax credit of a factura belongs to somebody.
        (Tipo::Factura, Some(Rut::CONSUMER)) => making.refuse(
            "receiver-consumer",
            path,
            "Una factura no puede ser para el consumidor final (66.666.666-6); emita una boleta o pida el RUT del cliente.",
        ),
        (_, Some(Rut::CONSUMER)) => making.warn(
            "receiver-consumer",
            path,
            "El receptor es el consumidor final (66.666.666-6), que es de las boletas; indique el RUT del cliente si lo \
             tiene.",
        ),
        // Only tourists have it in a factura (formato DTE 2.4.2, TipoFactEsp y RUTRecep).
        (Tipo::Factura, Some(Rut::FOREIGN)) if making.header("IdDoc", "TipoFactEsp").is_none() => making.refuse(
            "receiver-foreign",
            path,
            "El RUT 55.555.555-5 es de clientes extranjeros: en una factura solo vale para turistas (TipoFactEsp 1).",
        ),
        _ => {}
    }
}

/// Above 135 UF a boleta names its buyer and says how it was paid (Ley 21.713; formato boletas 4.2). How, its till has said
/// already where it hands over its payments.
pub fn large_sale(making: &mut Making<'_>, totals: &Totals) {
    let Some(most) = making.limits.identify_above else { return };
    if !making.tipo.is_boleta() || totals.total <= most.0 {
        return;
    }
    // By that many days the UF has moved by more than what is taken off for it.
    const OLD_UF_DAYS: i64 = 60;
    // Where a shop and where a server tells it.
    const WHERE: &str = "La UF de hoy se pone en Ajustes, en los datos de la empresa.";
    let told = making.firm.uf_date();
    let old = told.filter(|day| *day < making.today.saturating_sub(OLD_UF_DAYS.days()));
    let limit = crate::money::dotted(most.0);
    let undated = making.firm.tag("ValorUF").is_some();
    let of = match (old, told) {
        (Some(day), _) => format!(" según la UF del {day}, que ya es antigua"),
        (None, Some(day)) => format!(" según la UF del {day}"),
        (None, None) if undated => String::new(),
        (None, None) => " con la UF más baja que puede ser".to_owned(),
    };
    let over = format!("La venta supera ${limit}, cerca de 135 UF{of}");
    let told =
        if old.is_some() || (told.is_none() && !undated) { format!(" {WHERE}") } else { String::new() };
    if let Some(day) = old {
        let message =
            format!("Si la venta pasa de 135 UF se decide con la UF del {day}, que ya es antigua. {WHERE}");
        making.warn("uf-old", header_path("Totales", "MntTotal"), message);
    }
    match receiver(making) {
        Some(Rut::CONSUMER | Rut::NONE) | None => {
            let message = format!("{over}: indique el RUT y el nombre del comprador.{told}");
            making.refuse("large-sale-receiver", header_path("Receptor", "RUTRecep"), message);
        }
        Some(rut) if making.header("Receptor", "RznSocRecep") == Some(rut.to_string().as_str()) => {
            let message = format!("{over}: indique también el nombre del comprador.{told}");
            making.refuse("large-sale-receiver", header_path("Receptor", "RznSocRecep"), message);
        }
        Some(_) => {}
    }
    if making.header("IdDoc", "MedioPago").is_none() {
        match means::of_boleta(making.till) {
            Some(code) => {
                making.order.document.within("Encabezado").within("IdDoc").set("MedioPago", code.to_string());
            }
            None => {
                let message = format!("{over}: diga cómo se pagó (MedioPago, o Timbre.Pagos).");
                making.refuse("large-sale-payment", header_path("IdDoc", "MedioPago"), message);
            }
        }
    }
}
