//! Sales as the clients of other programs write them: LibreDTE's and OpenFactura's extra members, which say
//! nothing about the document and are named here one by one; and SimpleAPI's own names for the SII's tags.
//! What is not named here is refused as ever.

use serde_json::{Map, Value};
use timbre_core::Refusal;

use super::{WRAPPERS, under};

/// Members beside a wrapped document, or in it beside its own, and what they mean to whom they were written for.
const IGNORED: [(&str, &str); 9] = [
    ("LibreDTE", "son datos de LibreDTE para su propia impresión"),
    ("response", "dice qué devuelve OpenFactura"),
    ("custom", "son textos de OpenFactura para su propia impresión"),
    ("customization", "dice cómo imprime OpenFactura"),
    ("customer", "es el contacto del cliente en OpenFactura"),
    ("sendEmail", "pide a OpenFactura que mande un correo"),
    ("selfService", "es del autoservicio de OpenFactura"),
    ("tipo", "dice a LibreDTE qué mandan"),
    ("normalizar", "pide a LibreDTE que complete los totales"),
];

/// What must never be part of a sale: a sale is kept as it came.
const SECRETS: [&str; 3] = ["Certificado", "certificado", "auth"];

/// SimpleAPI's names, by the group they stand in: theirs, the SII's.
const NAMES: [(&str, &[(&str, &str)]); 9] = [
    ("", &[("Detalles", "Detalle"), ("Referencias", "Referencia"), ("DescuentosRecargos", "DscRcgGlobal")]),
    ("Encabezado", &[("IdentificacionDTE", "IdDoc")]),
    (
        "IdDoc",
        &[
            ("FechaEmision", "FchEmis"),
            ("FechaVencimiento", "FchVenc"),
            ("FormaPago", "FmaPago"),
            ("IndicadorServicio", "IndServicio"),
            ("TipoDespacho", "TipoDespacho"),
            ("TipoTraslado", "IndTraslado"),
        ],
    ),
    (
        "Emisor",
        &[
            ("Rut", "RUTEmisor"),
            ("RazonSocial", "RznSoc"),
            ("RazonSocialBoleta", "RznSocEmisor"),
            ("Giro", "GiroEmis"),
            ("GiroBoleta", "GiroEmisor"),
            ("ActividadEconomica", "Acteco"),
            ("DireccionOrigen", "DirOrigen"),
            ("ComunaOrigen", "CmnaOrigen"),
            ("CiudadOrigen", "CiudadOrigen"),
        ],
    ),
    (
        "Receptor",
        &[
            ("Rut", "RUTRecep"),
            ("RazonSocial", "RznSocRecep"),
            ("Giro", "GiroRecep"),
            ("Direccion", "DirRecep"),
            ("Comuna", "CmnaRecep"),
            ("Ciudad", "CiudadRecep"),
            ("CorreoElectronico", "CorreoRecep"),
        ],
    ),
    ("Totales", &[("MontoNeto", "MntNeto"), ("MontoExento", "MntExe"), ("MontoTotal", "MntTotal")]),
    (
        "Detalle",
        &[
            ("IndicadorExento", "IndExe"),
            ("Nombre", "NmbItem"),
            ("Descripcion", "DscItem"),
            ("Cantidad", "QtyItem"),
            ("UnidadMedida", "UnmdItem"),
            ("Precio", "PrcItem"),
            ("DescuentoPorcentaje", "DescuentoPct"),
            ("Descuento", "DescuentoMonto"),
            ("RecargoPorcentaje", "RecargoPct"),
            ("Recargo", "RecargoMonto"),
        ],
    ),
    (
        "Referencia",
        &[
            ("TipoDocumento", "TpoDocRef"),
            ("FolioReferencia", "FolioRef"),
            ("FechaDocumentoReferencia", "FchRef"),
            ("CodigoReferencia", "CodRef"),
            ("RazonReferencia", "RazonRef"),
        ],
    ),
    (
        "DscRcgGlobal",
        &[
            ("TipoMovimiento", "TpoMov"),
            ("Descripcion", "GlosaDR"),
            ("TipoValor", "TpoValor"),
            ("Valor", "ValorDR"),
        ],
    ),
];

/// A sale in the SII's own words, and what was said of it.
pub(super) struct Foreign {
    pub body: Value,
    /// Members that were left out, each with why.
    pub ignored: Vec<Refusal>,
    pub faults: Vec<Refusal>,
}

/// `None` for a sale that has nothing foreign.
pub(super) fn read(body: &Value) -> Option<Foreign> {
    if !is_foreign(body) {
        return None;
    }
    let mut foreign = Foreign { body: body.clone(), ignored: Vec::new(), faults: Vec::new() };
    let (mut ignored, mut faults) = (Vec::new(), Vec::new());
    strip(&mut foreign.body, "", &mut |path, name| {
        if SECRETS.contains(&name) {
            let why = format!(
                "«{name}» puede llevar una clave, y la venta se guarda tal como llega: quítelo. Timbre firma con el certificado que tiene cargado."
            );
            faults.push(Refusal::new("secret-given", path, why));
        } else if let Some((_, why)) = IGNORED.iter().find(|(other, _)| *other == name) {
            ignored.push(Refusal::new("member-ignored", path, format!("«{name}» {why}; Timbre no lo usa.")));
        }
    });
    (foreign.ignored, foreign.faults) = (ignored, faults);
    if let Some(document) = document_of(&mut foreign.body).filter(|document| is_simple(document)) {
        rename(document, "");
    }
    Some(foreign)
}

fn is_known(name: &str) -> bool {
    SECRETS.contains(&name) || IGNORED.iter().any(|(other, _)| *other == name)
}

/// Has it a member that is named here, at the level of the document or of a wrapping?
fn is_foreign(body: &Value) -> bool {
    let Value::Object(object) = body else { return false };
    let inner = WRAPPERS.iter().filter(|_| !object.contains_key("Encabezado")).find_map(|w| object.get(*w));
    object.keys().any(|name| is_known(name)) || is_simple(object) || inner.is_some_and(is_foreign)
}

/// SimpleAPI's names are told by two that nobody else has.
fn is_simple(document: &Map<String, Value>) -> bool {
    document.contains_key("Detalles")
        || document.get("Encabezado").is_some_and(|header| header.get("IdentificacionDTE").is_some())
}

/// Takes out what is named here, down to the document itself.
fn strip(body: &mut Value, path: &str, told: &mut dyn FnMut(&str, &str)) {
    let Value::Object(object) = body else { return };
    let known: Vec<String> = object.keys().filter(|name| is_known(name)).cloned().collect();
    for name in known {
        object.remove(&name);
        told(&under(path, &name), &name);
    }
    if !object.contains_key("Encabezado")
        && let Some(wrapper) = WRAPPERS.into_iter().find(|wrapper| object.contains_key(*wrapper))
        && let Some(inner) = object.get_mut(wrapper)
    {
        strip(inner, &under(path, wrapper), told);
    }
}

fn document_of(body: &mut Value) -> Option<&mut Map<String, Value>> {
    let Value::Object(object) = body else { return None };
    if object.contains_key("Encabezado") {
        return Some(object);
    }
    let wrapper = WRAPPERS.into_iter().find(|wrapper| object.contains_key(*wrapper))?;
    document_of(object.get_mut(wrapper)?)
}

/// Gives each member of a group the SII's name, and goes on below.
fn rename(group: &mut Map<String, Value>, name: &str) {
    let names = NAMES.iter().find(|(other, _)| *other == name).map_or(&[][..], |(_, names)| *names);
    let old = std::mem::take(group);
    for (member, mut value) in old {
        let theirs = names.iter().find(|(theirs, _)| *theirs == member);
        let member = theirs.map_or(member.clone(), |(_, ours)| (*ours).to_owned());
        match &mut value {
            Value::Object(inner) => rename(inner, &member),
            Value::Array(all) => {
                for inner in all.iter_mut().filter_map(Value::as_object_mut) {
                    rename(inner, &member);
                }
            }
            _ => {}
        }
        let value = match (member.as_str(), value) {
            ("TpoMov", Value::String(word)) => Value::from(word.chars().take(1).collect::<String>()),
            ("TpoValor", Value::String(word)) if word == "Porcentaje" => Value::from("%"),
            ("TpoValor", Value::String(word)) if word == "Pesos" => Value::from("$"),
            (_, value) => value,
        };
        group.insert(member, value);
    }
}
