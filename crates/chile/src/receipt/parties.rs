//! Who issues and who receives, as they are printed.

use timbre_core::receipt::{Field, Issuer};

use super::dotted;
use crate::dom::Element;
use crate::rules;
use crate::rut::Rut;

/// Business name set off, activity unabbreviated, address, head office, branch (manual de muestras impresas 4.0, 1.2). The
/// SII's number of a branch stands for its name where that has none, as in a boleta.
pub(super) fn issuer(emisor: &Element, head_office: Option<&str>) -> Issuer {
    let at = |tags: &[&str]| tags.iter().find_map(|tag| emisor.text_at(&[tag]));
    let lines = [
        at(&["GiroEmis", "GiroEmisor"]),
        place(emisor, ["DirOrigen", "CmnaOrigen", "CiudadOrigen"]),
        head_office.map(|address| format!("Casa matriz: {address}")),
        at(&["Sucursal"])
            .map(|branch| format!("Sucursal: {branch}"))
            .or_else(|| at(&["CdgSIISucur"]).map(|number| format!("Sucursal SII N° {number}"))),
        at(&["Telefono"]).map(|number| format!("Fono: {number}")),
        at(&["CorreoEmisor"]),
    ];
    Issuer {
        name: at(&["RznSoc", "RznSocEmisor"]).unwrap_or_default(),
        lines: lines.into_iter().flatten().collect(),
    }
}

/// A boleta names its receptor only when it is somebody (formato boletas 4.2, printing column).
pub(super) fn receiver(header: &Element, boleta: bool) -> Vec<Field> {
    let Some(receptor) = header.child("Receptor") else { return Vec::new() };
    let at = |tag: &str| receptor.text_at(&[tag]).filter(|text| !text.is_empty());
    let rut = at("RUTRecep").unwrap_or_default();
    let field = |label: &str, value: Option<String>| value.map(|value| Field::new(label, value));
    if boleta && rut == Rut::CONSUMER.to_string() {
        return field("Dirección", at("DirRecep")).into_iter().collect();
    }
    let code = at("CdgIntRecep").filter(|_| rut == Rut::NONE.to_string());
    let name = at("RznSocRecep")
        .filter(|name| *name != rules::receiver::CONSUMER && *name != rut && Some(name) != code.as_ref());
    [
        field("Señor(es)", name),
        match code {
            Some(code) => field("Cliente", Some(code)),
            None => field("R.U.T.", Some(dotted(&rut))),
        },
        field("Giro", at("GiroRecep")),
        field("Dirección", at("DirRecep")),
        field("Comuna", at("CmnaRecep")),
        field("Ciudad", at("CiudadRecep").filter(|city| Some(city) != at("CmnaRecep").as_ref())),
        field("Contacto", at("Contacto")),
        field("Identificación", receptor.text_at(&["Extranjero", "NumId"])),
        field("Solicita", header.text_at(&["RUTSolicita"]).map(|rut| dotted(&rut))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Street, comuna, city on one line; a city that is called as its comuna is said once.
pub(super) fn place(whose: &Element, tags: [&str; 3]) -> Option<String> {
    let mut parts: Vec<String> = tags.iter().filter_map(|tag| whose.text_at(&[tag])).collect();
    parts.retain(|part| !part.is_empty());
    parts.dedup();
    Some(parts.join(", ")).filter(|place| !place.is_empty())
}
