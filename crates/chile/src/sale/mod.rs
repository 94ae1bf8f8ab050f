//! The sale: JSON with the SII's own tags, read against a table. All that is wrong with it is said at
//! once, each with its path. What a sale means is judged elsewhere.

mod foreign;
mod json;
mod nearest;

use serde_json::Value;
use timbre_core::sale::TILL_BLOCK;
use timbre_core::{Refusal, Refusals, Sale, TillData};

use crate::money;
use crate::tags::{Field, Group};
use crate::tipo::{self, Tipo};

/// A sale as its tags say it. What stands in it is known and right by itself; what is not is in `faults`.
#[derive(Debug, Clone)]
pub struct Order {
    pub tipo: Tipo,
    /// The `Documento` as far as the till said it.
    pub document: Group,
    /// The `Emisor` it said, to be held against the company.
    pub sender: Option<Group>,
    /// Unknown tags and wrong texts. With any of them there is no draft; the rules are asked all the
    /// same, so that everything is said at once.
    pub faults: Vec<Refusal>,
    /// Members that say nothing about the document and were left out, each with why.
    pub ignored: Vec<Refusal>,
}

/// Refusals that are told; a wrong file must not become a wrong novel.
pub const MOST_REFUSALS: usize = 200;

/// Cash is rounded to the ten: by five at the most (Ley 20.956), and by nine where a till cuts the rest off.
const ROUNDING: i64 = 9;

/// Wrappings that integrators put round a document.
const WRAPPERS: [&str; 3] = ["dte", "DTE", "Documento"];

/// Reads a sale. Paths are those of the JSON received, wrapping and all. What is no document of a known
/// type has no rules to be asked; all else that can be told of it is told with that.
pub fn read(sale: &Sale) -> Result<Order, Refusals> {
    let till = sale.till_faults.iter().cloned().chain(rounded_by_too_much(&sale.till));
    match read_body(&sale.body) {
        Ok(mut order) => {
            order.faults.extend(till);
            Ok(order)
        }
        Err(Refusals(mut refusals)) => {
            refusals.extend(till);
            Err(Refusals(refusals))
        }
    }
}

fn rounded_by_too_much(till: &TillData) -> Option<Refusal> {
    till.redondeo.filter(|by| by.0.abs() > ROUNDING).map(|by| {
        let message = format!(
            "El efectivo se redondea a la decena (Ley 20.956): Redondeo va de -{ROUNDING} a {ROUNDING}, y dice {}.",
            by.0
        );
        Refusal::new("till-data-invalid", format!("{TILL_BLOCK}.Redondeo"), message)
    })
}

fn read_body(body: &Value) -> Result<Order, Refusals> {
    let Some(foreign) = foreign::read(body) else { return read_own(body) };
    let as_sent = |refusals: Vec<Refusal>| refusals.into_iter().map(|refusal| place(body, "", refusal));
    match read_own(&foreign.body) {
        Ok(mut order) => {
            order.faults = as_sent(order.faults).chain(foreign.faults).collect();
            order.ignored = foreign.ignored;
            Ok(order)
        }
        Err(Refusals(refusals)) => Err(Refusals(as_sent(refusals).chain(foreign.faults).collect())),
    }
}

/// One in the SII's own words.
fn read_own(body: &Value) -> Result<Order, Refusals> {
    let wrapped = Wrapped::of(body);
    let strangers = wrapped.strangers.iter().map(|path| {
        let message = "Al lado del documento solo puede ir el bloque de la caja (Timbre); quítelo.";
        Refusal::new("unknown-tag", path, message)
    });
    let mut faults: Vec<Refusal> = strangers.collect();
    let tipo = match tipo_of(wrapped.body) {
        Ok(tipo) => tipo,
        Err(refusal) => {
            let of_any_type = match wrapped.body {
                Value::Object(_) => faults_of_any_type(wrapped.body),
                _ => Vec::new(),
            };
            let told = std::iter::once(refusal).chain(of_any_type);
            faults.extend(told.map(|refusal| refusal.below(&wrapped.prefix)));
            return Err(Refusals(faults));
        }
    };
    let found = json::read(wrapped.body, tipo.fields(), tipo.code(), tipo.noun());
    faults.extend(found.refusals.into_iter().map(|refusal| refusal.below(&wrapped.prefix)));
    Ok(Order { tipo, document: found.group, sender: found.sender, faults, ignored: Vec::new() })
}

/// What is wrong whatever the type should be: what every table refuses at the same place.
fn faults_of_any_type(body: &Value) -> Vec<Refusal> {
    const TYPE: &str = "Encabezado.IdDoc.TipoDTE";
    let told = |tipo: Tipo| json::read(body, tipo.fields(), tipo.code(), "un documento").refusals;
    let (mut faults, facturas) = (told(Tipo::Boleta), told(Tipo::Factura));
    faults.retain(|fault| {
        fault.path != TYPE && facturas.iter().any(|f| (&f.code, &f.path) == (&fault.code, &fault.path))
    });
    faults
}

/// A sale's own tags: out of its wrappings, and by the SII's names.
pub fn own(body: &Value) -> Value {
    let body = foreign::read(body).map_or_else(|| body.clone(), |foreign| foreign.body);
    Wrapped::of(&body).body.clone()
}

/// A refusal where the whole JSON has it.
pub trait Below {
    fn below(self, prefix: &str) -> Self;
}

impl Below for Refusal {
    fn below(self, prefix: &str) -> Refusal {
        Refusal { path: under(prefix, &self.path), ..self }
    }
}

/// What stands before each path of a sale's own tags.
pub fn prefix(body: &Value) -> String {
    Wrapped::of(body).prefix
}

/// A refusal where the JSON received has it, whose paths begin with `prefix`: in the words of who sent it.
pub fn place(body: &Value, prefix: &str, refusal: Refusal) -> Refusal {
    let refusal = refusal.below(prefix);
    Refusal { path: foreign::as_sent(body, &refusal.path), ..refusal }
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

/// Reads any object against a table: the company's data has one too.
pub fn read_table(value: &Value, fields: &'static [Field], what: &'static str) -> (Group, Vec<Refusal>) {
    let found = json::read(value, fields, 0, what);
    (found.group, found.refusals)
}

fn tipo_of(body: &Value) -> Result<Tipo, Refusal> {
    const PATH: &str = "Encabezado.IdDoc.TipoDTE";
    if !body.is_object() {
        return Err(json::not_object("", body));
    }
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
            format!("Falta el tipo de documento (TipoDTE); indique {}.", known_types()),
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
            format!("Timbre no emite documentos de tipo {text} ({name}); emite {}.", known_types()),
        )),
        None => Err(Refusal::new(
            "type-unknown",
            PATH,
            format!("«{text}» no es un tipo de documento; indique {}.", known_types()),
        )),
    }
}

/// `39 (boleta), 33 (factura) …`
fn known_types() -> String {
    let types = Tipo::ALL.map(|tipo| format!("{} ({})", tipo.code(), tipo.name().to_lowercase()));
    let (last, rest) = types.split_last().expect("there are types");
    format!("{} o {last}", rest.join(", "))
}

#[cfg(test)]
mod tests;
