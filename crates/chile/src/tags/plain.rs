//! What a shop calls what the SII's tags hold: sentences say this first, and the tag stands in their path.

use super::Problem;

/// The tags that people meet in what is refused. One that is not here is named as the SII names it.
#[rustfmt::skip]
const NAMES: &[(&str, &str)] = &[
    ("Acteco", "el código de actividad económica de la empresa"),
    ("CdgIntRecep", "el código interno del cliente"),
    ("CdgItem", "el código del producto"),
    ("CdgSIISucur", "el código de la sucursal en el SII"),
    ("CdgVendedor", "el código del vendedor"),
    ("CiudadOrigen", "la ciudad desde donde se emite"),
    ("CiudadRecep", "la ciudad del cliente"),
    ("CmnaDest", "la comuna de destino"),
    ("CmnaOrigen", "la comuna desde donde se emite"),
    ("CmnaRecep", "la comuna del cliente"),
    ("CodImpAdic", "el código del impuesto adicional"),
    ("CodRef", "lo que la nota hace con el documento"),
    ("Contacto", "el contacto del cliente"),
    ("CorreoEmisor", "el correo de la empresa"),
    ("CorreoRecep", "el correo del cliente"),
    ("CredEC", "el crédito especial de constructoras"),
    ("DescuentoMonto", "el descuento"),
    ("DescuentoPct", "el porcentaje de descuento"),
    ("Detalle", "el detalle"),
    ("DirDest", "la dirección de destino"),
    ("DirOrigen", "la dirección desde donde se emite"),
    ("DirRecep", "la dirección del cliente"),
    ("DscItem", "la descripción del producto"),
    ("DscRcgGlobal", "el descuento o recargo global"),
    ("Emisor", "los datos de la empresa"),
    ("FchCancel", "la fecha en que se pagó"),
    ("FchEmis", "la fecha de emisión"),
    ("FchPago", "la fecha del pago"),
    ("FchRef", "la fecha del documento citado"),
    ("FchResol", "la fecha de la resolución del SII que autorizó a la empresa"),
    ("FchUF", "la fecha de la UF"),
    ("FchVenc", "la fecha de vencimiento"),
    ("FmaPago", "la forma de pago"),
    ("Folio", "el folio"),
    ("FolioRef", "el folio del documento citado"),
    ("GiroEmis", "el giro de la empresa"),
    ("GiroEmisor", "el giro de la empresa"),
    ("GiroRecep", "el giro del cliente"),
    ("GlosaDR", "el motivo del descuento o recargo"),
    ("IVA", "el IVA"),
    ("IndExe", "el indicador de exento"),
    ("IndNoRebaja", "el indicador de que no rebaja el débito"),
    ("IndServicio", "el indicador de servicio"),
    ("IndTraslado", "el tipo de traslado"),
    ("MedioPago", "el medio de pago"),
    ("MntBruto", "el indicador de precios con IVA"),
    ("MntExe", "el monto exento"),
    ("MntNeto", "el monto neto"),
    ("MntPago", "el monto del pago"),
    ("MntPagos", "la tabla de pagos"),
    ("MntTotal", "el total"),
    ("MontoItem", "el total de la línea"),
    ("MontoNF", "el monto no facturable"),
    ("NmbItem", "el nombre del producto"),
    ("NroLinDet", "el número de la línea"),
    ("NroLinDR", "el número del descuento o recargo"),
    ("NroLinRef", "el número de la referencia"),
    ("NroResol", "el número de la resolución del SII que autorizó a la empresa"),
    ("Patente", "la patente del vehículo"),
    ("PeriodoDesde", "el comienzo del período"),
    ("PeriodoHasta", "el fin del período"),
    ("PrcItem", "el precio"),
    ("QtyItem", "la cantidad"),
    ("RUTEmisor", "el RUT de la empresa"),
    ("RUTRecep", "el RUT del cliente"),
    ("RUTTrans", "el RUT del transportista"),
    ("RazonRef", "el motivo de la referencia"),
    ("RecargoMonto", "el recargo"),
    ("RecargoPct", "el porcentaje de recargo"),
    ("Receptor", "los datos del cliente"),
    ("Referencia", "la referencia"),
    ("RznSoc", "la razón social de la empresa"),
    ("RznSocEmisor", "la razón social de la empresa"),
    ("RznSocRecep", "la razón social del cliente"),
    ("Sucursal", "el nombre de la sucursal"),
    ("TasaIVA", "la tasa del IVA"),
    ("TasaImp", "la tasa del impuesto"),
    ("Telefono", "el teléfono de la empresa"),
    ("TipoDTE", "el tipo de documento"),
    ("TpoDocRef", "el tipo del documento citado"),
    ("TpoMov", "si es descuento o recargo"),
    ("TpoValor", "si es monto o porcentaje"),
    ("UnmdItem", "la unidad de medida"),
    ("VUnidad", "la unidad en que cobra el SII"),
    ("ValorDR", "el valor del descuento o recargo"),
    ("ValorUF", "el valor de la UF"),
];

/// What a tag holds, as a shop says it: `el nombre del producto`.
pub fn name(tag: &str) -> &str {
    NAMES.iter().find(|(known, _)| *known == tag).map_or(tag, |(_, name)| name)
}

/// What a path leads to, at the beginning of a sentence, with its line: `El precio de la línea 3`.
pub fn place(path: &str) -> String {
    let tag = path.rsplit('.').next().unwrap_or(path);
    let tag = tag.split('[').next().unwrap_or(tag);
    let name = capital(name(tag));
    let line = path.strip_prefix("Detalle[").and_then(|rest| rest.split_once("]."));
    match line.and_then(|(at, _)| at.parse::<usize>().ok()) {
        Some(at) => format!("{name} de la línea {}", at + 1),
        None => name,
    }
}

/// The sentence that says what is wrong with what a path leads to.
pub fn wrong(path: &str, problem: &Problem) -> String {
    let place = place(path);
    match problem {
        Problem::TooLong { .. } | Problem::Empty | Problem::NotLatin1(_) | Problem::NotBase64 => {
            format!("{place} {problem}.")
        }
        _ => format!("{place}: {problem}."),
    }
}

/// As a sentence begins.
pub fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_by_the_name_that_a_shop_gives_it() {
        let told = wrong("Detalle[2].NmbItem", &Problem::NotLatin1('日'));
        assert!(told.starts_with("El nombre del producto de la línea 3 tiene el carácter «日»"), "{told}");
        let told = wrong("Encabezado.Receptor.RznSocRecep", &Problem::TooLong { length: 120, most: 100 });
        assert_eq!(
            told,
            "La razón social del cliente tiene 120 caracteres y el SII acepta hasta 100; acórtelo."
        );
        let told = wrong("Detalle[0].QtyItem", &Problem::NotNumber("dos".to_owned()));
        assert!(told.starts_with("La cantidad de la línea 1: «dos» no es un número"), "{told}");
        assert_eq!(place("Acteco[1]"), "El código de actividad económica de la empresa");
        assert_eq!(
            place("Encabezado.Transporte.Aduana.Booking"),
            "Booking",
            "what few people meet keeps its tag"
        );
    }

    #[test]
    fn every_name_is_of_a_tag_once() {
        let mut tags: Vec<_> = NAMES.iter().map(|(tag, _)| tag).collect();
        tags.sort();
        tags.dedup();
        assert_eq!(tags.len(), NAMES.len());
    }
}
