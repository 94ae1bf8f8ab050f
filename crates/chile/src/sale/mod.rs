//! The sale: JSON with the SII's own tags, read against a table. All that is wrong with it is said at
//! once, each with its path. What a sale means is judged elsewhere.

mod json;
mod nearest;

use serde_json::Value;
use timbre_core::{Refusal, Refusals};

use crate::money;
use crate::tags::{Field, Group};
use crate::tipo::{self, Tipo};

/// A sale whose every tag is known and every text right by itself.
#[derive(Debug, Clone)]
pub struct Order {
    pub tipo: Tipo,
    /// The `Documento` as far as the till said it.
    pub document: Group,
    /// The `Emisor` it said, to be held against the company.
    pub sender: Option<Group>,
}

/// Refusals that are told; a wrong file must not become a wrong novel.
pub const MOST_REFUSALS: usize = 200;

/// Wrappings that integrators put round a document.
const WRAPPERS: [&str; 3] = ["dte", "DTE", "Documento"];

/// Reads a sale's body. Paths are those of the JSON received, wrapping and all.
pub fn read(body: &Value) -> Result<Order, Refusals> {
    let wrapped = Wrapped::of(body);
    let strangers = wrapped.strangers.iter().map(|path| {
        Refusal::new(
            "unknown-tag",
            path,
            "Al lado del documento solo puede ir el bloque de la caja (Timbre); quítelo.",
        )
    });
    let mut refusals: Vec<Refusal> = strangers.collect();
    match read_plain(wrapped.body) {
        Ok(order) if refusals.is_empty() => return Ok(order),
        Ok(_) => {}
        Err(Refusals(found)) => {
            refusals.extend(found.into_iter().map(|r| Refusal { path: under(&wrapped.prefix, &r.path), ..r }))
        }
    }
    Err(Refusals(refusals))
}

/// What stands before each path of a sale's own tags.
pub fn prefix(body: &Value) -> String {
    Wrapped::of(body).prefix
}

/// A body out of its wrappings.
struct Wrapped<'a> {
    body: &'a Value,
    prefix: String,
    /// What stood beside a wrapped document.
    strangers: Vec<String>,
}

impl Wrapped<'_> {
    fn of(body: &Value) -> Wrapped<'_> {
        let mut wrapped = Wrapped { body, prefix: String::new(), strangers: Vec::new() };
        while let Value::Object(object) = wrapped.body
            && !object.contains_key("Encabezado")
            && let Some((wrapper, inner)) = WRAPPERS.iter().find_map(|w| object.get_key_value(*w))
        {
            let strangers =
                object.keys().filter(|key| *key != wrapper).map(|key| under(&wrapped.prefix, key));
            wrapped.strangers.extend(strangers);
            wrapped.prefix = under(&wrapped.prefix, wrapper);
            wrapped.body = inner;
        }
        wrapped
    }
}

/// `path` below `prefix`.
pub fn under(prefix: &str, path: &str) -> String {
    match (prefix.is_empty(), path.is_empty()) {
        (true, _) => path.to_owned(),
        (_, true) => prefix.to_owned(),
        _ => format!("{prefix}.{path}"),
    }
}

fn read_plain(body: &Value) -> Result<Order, Refusals> {
    if !body.is_object() {
        return Err(json::not_object("", body).into());
    }
    let tipo = tipo_of(body)?;
    let found = json::read(body, tipo.fields(), tipo.noun())?;
    Ok(Order { tipo, document: found.group, sender: found.sender })
}

/// Reads any object against a table: the company's data has one too.
pub fn read_table(value: &Value, fields: &'static [Field], what: &'static str) -> Result<Group, Refusals> {
    json::read(value, fields, what).map(|found| found.group)
}

fn tipo_of(body: &Value) -> Result<Tipo, Refusal> {
    const PATH: &str = "Encabezado.IdDoc.TipoDTE";
    let said = &body["Encabezado"]["IdDoc"]["TipoDTE"];
    let text = match said {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    if text.is_empty() {
        return Err(Refusal::new(
            "type-missing",
            PATH,
            "Falta el tipo de documento; indique 39 para una boleta o 33 para una factura.",
        ));
    }
    let code = money::parse(&text).and_then(|d| u16::try_from(d).ok().filter(|_| d.is_integer()));
    if let Some(tipo) = code.and_then(Tipo::of) {
        return Ok(tipo);
    }
    match code.and_then(|c| tipo::name_of(&c.to_string())) {
        Some(name) => Err(Refusal::new(
            "type-unsupported",
            PATH,
            format!(
                "Timbre todavía no emite documentos de tipo {text} ({name}); emite boletas (39) y facturas (33)."
            ),
        )),
        None => Err(Refusal::new(
            "type-unknown",
            PATH,
            format!("«{text}» no es un tipo de documento; use 39 para una boleta o 33 para una factura."),
        )),
    }
}

#[cfg(test)]
mod tests;
