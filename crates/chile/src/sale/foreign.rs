//! Sales as the clients of other programs write them: LibreDTE's and OpenFactura's extra members, which say
//! nothing about the document and are named here one by one; and SimpleAPI's own names for the SII's tags.
//! What is not named here is refused as ever.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use timbre_core::Refusal;

use super::json::is_absent;
use super::{WRAPPERS, under};

/// Members beside a wrapped document, or in it beside its own, and what they mean to whom they were written for.
const IGNORED: [(&str, &str); 10] = [
    ("LibreDTE", "son datos de LibreDTE para su propia impresión"),
    ("response", "dice qué devuelve OpenFactura"),
    ("custom", "son textos de OpenFactura para su propia impresión"),
    ("customization", "dice cómo imprime OpenFactura"),
    ("customizePage", "es de la página de autoservicio de OpenFactura"),
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
    ("Encabezado", &[("IdentificacionDTE", "IdDoc"), ("RutSolicitante", "RUTSolicita")]),
    (
        "IdDoc",
        &[
            ("FechaEmision", "FchEmis"),
            ("FechaVencimiento", "FchVenc"),
            ("FormaPago", "FmaPago"),
            ("IndicadorServicio", "IndServicio"),
            ("IndicadorMontosNetosBoleta", "IndMntNeto"),
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
    let path = received(body).map_or_else(String::new, |(_, path)| path);
    if let Some(document) = document_of(&mut foreign.body).filter(|document| is_simple(document)) {
        rename(document, "", &path, &mut foreign.faults);
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

/// Gives each member of a group the SII's name, and goes on below. Two names of one tag are one too many: which
/// was meant nobody knows. `path` is the group's as it was sent.
fn rename(group: &mut Map<String, Value>, name: &str, path: &str, faults: &mut Vec<Refusal>) {
    let old = std::mem::take(group);
    let mut written: BTreeMap<String, String> = BTreeMap::new();
    for (member, mut value) in old {
        let tag =
            names_in(name).iter().find(|(theirs, _)| *theirs == member).map_or(&*member, |(_, ours)| ours);
        let path = under(path, &member);
        match &mut value {
            Value::Object(inner) => rename(inner, tag, &path, faults),
            Value::Array(all) => {
                for (at, inner) in all.iter_mut().enumerate() {
                    let Some(inner) = inner.as_object_mut() else { continue };
                    rename(inner, tag, &format!("{path}[{at}]"), faults);
                }
            }
            _ => {}
        }
        if let Some(word) = value.as_str().and_then(|word| in_letters(tag, word)) {
            value = Value::from(word);
        } else if let Some(date) = value.as_str().and_then(|word| date_alone(tag, word)).map(str::to_owned) {
            value = Value::from(date);
        }
        let other = written.get(tag).filter(|_| group.get(tag).is_some_and(|said| !is_absent(said)));
        match other {
            Some(_) if is_absent(&value) => {}
            Some(other) if !is_one_thing(&group[tag], &value) => {
                let why = format!("«{other}» y «{member}» son la misma etiqueta ({tag}); deje una sola.");
                faults.push(Refusal::new("json-duplicate-key", path, why));
            }
            _ => {
                let tag = tag.to_owned();
                written.insert(tag.clone(), member);
                group.insert(tag, value);
            }
        }
    }
}

/// A total that was sent under both names, each time the same, was sent once.
fn is_one_thing(one: &Value, other: &Value) -> bool {
    one == other && !one.is_object() && !one.is_array()
}

/// SimpleAPI's words for what the SII writes in a letter. Only the words themselves: a surcharge that is taken
/// for a discount, or the other way round, is another total.
fn in_letters(tag: &str, word: &str) -> Option<&'static str> {
    match (tag, word) {
        ("TpoMov", "Descuento") => Some("D"),
        ("TpoMov", "Recargo") => Some("R"),
        ("TpoValor", "Porcentaje") => Some("%"),
        ("TpoValor", "Pesos") => Some("$"),
        _ => None,
    }
}

/// A date as .NET writes one, at midnight. Any other hour, or one with a zone, says more than a date.
fn date_alone<'w>(tag: &str, word: &'w str) -> Option<&'w str> {
    let date = word.strip_suffix("T00:00:00")?;
    ["FchEmis", "FchVenc", "FchRef"].contains(&tag).then_some(date)
}

fn names_in(group: &str) -> &'static [(&'static str, &'static str)] {
    NAMES.iter().find(|(other, _)| *other == group).map_or(&[], |(_, names)| names)
}

/// A path in the SII's tags as the sale that was received has it: its own names where it uses them, and where
/// it says nothing of a tag, the name it would have for it.
pub(super) fn as_sent(body: &Value, path: &str) -> String {
    let Some((document, prefix)) = received(body).filter(|(document, _)| is_simple(document)) else {
        return path.to_owned();
    };
    let Some(tags) = path.strip_prefix(&*prefix).filter(|tags| !tags.is_empty()) else {
        return path.to_owned();
    };
    let (mut group, mut place) = (String::new(), Some(document));
    let mut sent = prefix;
    for part in tags.trim_start_matches('.').split('.') {
        let (tag, at) = part.find('[').map_or((part, ""), |from| part.split_at(from));
        let theirs = names_in(&group).iter().find(|(_, ours)| *ours == tag).map(|(theirs, _)| *theirs);
        let has = |name: &str| place.is_some_and(|place| place.contains_key(name));
        let name = theirs.filter(|theirs| has(theirs) || !has(tag)).unwrap_or(tag);
        sent = under(&sent, &format!("{name}{at}"));
        let number = at.trim_matches(['[', ']']).parse::<usize>().ok();
        place = place.and_then(|place| match place.get(name)? {
            Value::Array(all) => all.get(number?)?.as_object(),
            value => value.as_object(),
        });
        group = tag.to_owned();
    }
    sent
}

/// The document out of its wrappings, and the path to it.
fn received(body: &Value) -> Option<(&Map<String, Value>, String)> {
    let (mut object, mut prefix) = (body.as_object()?, String::new());
    while !object.contains_key("Encabezado") {
        let wrapper = WRAPPERS.into_iter().find(|wrapper| object.contains_key(*wrapper))?;
        (object, prefix) = (object[wrapper].as_object()?, under(&prefix, wrapper));
    }
    Some((object, prefix))
}
