//! One sale of an input: its own bytes and its key, or where and why it is none.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;
use serde_json::value::RawValue;
use timbre_core::Refusal;

/// One sale of the input, or why it is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The line it begins on, from 1.
    pub line: u64,
    pub offer: Result<Offer, Refusal>,
}

/// A sale's own bytes, and the key that came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub key: Option<String>,
    pub body: Bytes,
}

/// The code of what is no JSON.
pub const MALFORMED: &str = "json-malformed";

/// Is this one JSON value, whole?
pub fn whole(text: &[u8]) -> Result<(), Category> {
    serde_json::from_slice::<serde::de::IgnoredAny>(text).map(drop).map_err(|e| e.classify())
}

/// Is this by itself a sale, as one is written on a line?
pub fn is_sale(text: &[u8]) -> bool {
    let marks = ["Encabezado", "sale", "dte", "Documento"];
    serde_json::from_slice::<BTreeMap<String, serde::de::IgnoredAny>>(text)
        .is_ok_and(|fields| marks.iter().any(|mark| fields.contains_key(*mark)))
}

/// Is this, whole, a sale with its key?
pub fn is_wrapper(text: &[u8]) -> bool {
    serde_json::from_slice::<BTreeMap<String, serde::de::IgnoredAny>>(text)
        .is_ok_and(|fields| fields.contains_key("sale"))
}

pub fn malformed(line: u64, path: &str, why: &str) -> Entry {
    Entry { line, offer: Err(Refusal::new(MALFORMED, path, why)) }
}

/// One value that begins on `line`: a sale, or a sale with its key.
pub fn read(text: &[u8], line: u64) -> Entry {
    let Ok(text) = std::str::from_utf8(text) else {
        let at = text.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let line = line + at.bytes().filter(|b| *b == b'\n').count() as u64;
        return malformed(line, &format!("línea {line}"), "El texto no está en UTF-8; guárdelo en UTF-8.");
    };
    let value: Box<RawValue> = match serde_json::from_str(text.trim_end()) {
        Ok(value) => value,
        Err(e) => {
            let path =
                format!("línea {}, columna {}", line + (e.line() as u64).saturating_sub(1), e.column());
            let why = match e.classify() {
                Category::Eof => {
                    "El JSON termina antes de tiempo: falta cerrar una llave, un corchete o unas comillas."
                }
                _ => "El texto no es un JSON válido. Revise comas, comillas y llaves.",
            };
            return malformed(line, &path, why);
        }
    };
    Entry { line, offer: offer(&value, line) }
}

fn offer(value: &RawValue, line: u64) -> Result<Offer, Refusal> {
    let plain = |key| Offer { key, body: Bytes::copy_from_slice(value.get().as_bytes()) };
    // What is no object is the agent's to refuse, in its own words.
    let Ok(Members(members)) = serde_json::from_str(value.get()) else { return Ok(plain(None)) };
    let mut fields = BTreeMap::new();
    let mut twice = None;
    for (name, value) in members {
        if fields.insert(name.clone(), value).is_some() {
            twice.get_or_insert(name);
        }
    }
    let Some(sale) = fields.get("sale") else { return Ok(plain(None)) };
    // Which of two is meant nobody can know: a sale would be issued under another's key.
    if let Some(name) = twice {
        let why = format!("«{name}» viene dos veces; deje una sola.");
        return Err(Refusal::new("json-duplicate-key", format!("línea {line}: {name}"), why));
    }
    if let Some(other) = fields.keys().find(|name| !matches!(name.as_str(), "key" | "sale")) {
        let why = format!("Junto a «sale» solo puede ir «key», no «{other}».");
        return Err(Refusal::new("field-unknown", format!("línea {line}: {other}"), why));
    }
    let key = match fields.get("key").map(|raw| serde_json::from_str(raw.get())) {
        None | Some(Ok(Value::Null)) => None,
        Some(Ok(Value::String(text))) => Some(text),
        Some(Ok(Value::Number(number))) => Some(number.to_string()),
        Some(_) => {
            return Err(Refusal::new(
                "key-invalid",
                format!("línea {line}: key"),
                "La clave «key» debe ser un texto.",
            ));
        }
    };
    let lawful = |text: String| timbre_core::sale::key(&text);
    let key = key.map(lawful).transpose();
    let key = key.map_err(|no| Refusal { path: format!("línea {line}: key"), ..no })?;
    Ok(Offer { key, body: Bytes::copy_from_slice(sale.get().as_bytes()) })
}

/// The members of an object in their order: one that is said twice is there twice.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("un objeto JSON")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }

        reader.deserialize_map(Each).map(Members)
    }
}
