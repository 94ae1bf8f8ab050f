//! A sale as a till says it: a key, a JSON value and the till's own data. Only the regime knows the
//! tags of the value.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Amount, Date, Refusal, Refusals};

mod key;
mod repeated;
mod till;

pub use key::key;
pub use till::no_name;

/// Name of the sibling block that holds the till's data.
pub const TILL_BLOCK: &str = "Timbre";

/// What the till knows about the sale and the law does not ask for. It is kept and printed, and
/// never enters the document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase", default)]
pub struct TillData {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pagos: Vec<Payment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vuelto: Option<Amount>,
    /// Cash rounding (may be negative); it never touches the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redondeo: Option<Amount>,
    /// A tip, outside the document's total.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub propina: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caja: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cajero: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turno: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impresora: Option<String>,
}

/// One means of payment and how much was paid with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Payment {
    pub medio: String,
    pub monto: Amount,
}

/// The part of a sale that the voucher of a card stands for, where the rest gets a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardPart {
    /// The day in the country's legal time.
    pub date: Date,
    /// What the cards paid of it.
    pub total: Amount,
    /// The till's data with the payments by card alone.
    pub till: TillData,
    /// The whole sale as received.
    #[serde(skip)]
    pub sale: Bytes,
}

/// A sale, as it came in.
#[derive(Debug, Clone)]
pub struct Sale {
    /// The caller's key, as [`key()`] reads it: the same key and the same sale is the same document, for ever.
    pub key: Option<String>,
    /// Which till handed it in, by the name it is known by where it came in. Said by the door, not by the sale.
    pub from: Option<String>,
    /// The country's own tags, without the till's block.
    pub body: Value,
    pub till: TillData,
    /// Its document is to be put on paper as soon as it is durable. Said by the engine, not by the till.
    pub print: bool,
    /// What a voucher stands for beside its document: then body, till and received are the rest's, key and hash those
    /// of the whole. Said by the regime, not by the till.
    pub card: Option<Box<CardPart>>,
    /// What is wrong with the till's block, with paths below `Timbre`. The regime says it beside what it
    /// finds itself; with any of it there is no draft.
    pub till_faults: Vec<Refusal>,
    /// The exact bytes received.
    pub received: Bytes,
    /// SHA-256 of the sale's canonical JSON (keys sorted, numbers as written), in hexadecimal.
    pub hash: String,
}

impl Sale {
    /// Reads a sale. Refuses what is not a JSON object or says a key twice; the rest is for the regime,
    /// the till's block with wrong or unknown fields too, so that all is said at once.
    pub fn read(mut received: Bytes, key: Option<String>) -> Result<Sale, Refusals> {
        if received.starts_with(BYTE_ORDER_MARK) {
            received = received.slice(BYTE_ORDER_MARK.len()..);
        }
        in_utf8(&received)?;
        let value: Value = serde_json::from_slice(&received).map_err(|e| {
            Refusal::new(
                "json-malformed",
                format!("línea {}, columna {}", e.line(), e.column()),
                format!("El texto no es un JSON válido ({}). Revise comas, comillas y llaves.", reason(&e)),
            )
        })?;
        let repeated = repeated::keys(&received);
        if !repeated.is_empty() {
            return Err(Refusals(repeated));
        }
        let key = key.map(|text| self::key(&text)).transpose()?;
        let hash = canonical_hash(&value);
        let Value::Object(mut object) = value else {
            return Err(Refusal::new(
                "sale-not-object",
                "",
                "La venta debe ser un objeto JSON con Encabezado y Detalle.",
            )
            .into());
        };
        let (till, till_faults) = till::read(object.remove(TILL_BLOCK).as_ref());
        let (body, from) = (Value::Object(object), None);
        Ok(Sale { key, from, body, till, print: false, card: None, till_faults, received, hash })
    }
}

/// What some programs write before a text in UTF-8; it is no part of it.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

fn in_utf8(text: &[u8]) -> Result<(), Refusal> {
    let Err(error) = std::str::from_utf8(text) else { return Ok(()) };
    let before = &text[..error.valid_up_to()];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    let why = "El texto no está en UTF-8; guárdelo y envíelo en UTF-8.";
    Err(Refusal::new("json-malformed", format!("línea {line}, columna {column}"), why))
}

fn reason(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Eof => "termina antes de tiempo",
        serde_json::error::Category::Syntax => "hay un error de escritura",
        serde_json::error::Category::Data => "un valor no es del tipo esperado",
        serde_json::error::Category::Io => "no se pudo leer",
    }
}

/// SHA-256 over the value with object keys sorted and no blanks, numbers as they were written.
fn canonical_hash(value: &Value) -> String {
    fn feed(value: &Value, out: &mut Vec<u8>) {
        match value {
            Value::Object(map) => {
                let mut entries: Vec<_> = map.iter().collect();
                entries.sort_by_key(|(key, _)| key.as_str());
                out.push(b'{');
                for (i, (key, inner)) in entries.into_iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    out.extend_from_slice(Value::from(key.as_str()).to_string().as_bytes());
                    out.push(b':');
                    feed(inner, out);
                }
                out.push(b'}');
            }
            Value::Array(items) => {
                out.push(b'[');
                for (i, inner) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    feed(inner, out);
                }
                out.push(b']');
            }
            leaf => out.extend_from_slice(leaf.to_string().as_bytes()),
        }
    }
    let mut bytes = Vec::new();
    feed(value, &mut bytes);
    Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Sale, Refusals> {
        Sale::read(Bytes::copy_from_slice(text.as_bytes()), None)
    }

    #[test]
    fn the_key_of_a_sale_is_read_by_the_rule_of_keys() {
        let keyed = |key: &str| Sale::read(Bytes::from_static(b"{}"), Some(key.to_owned()));
        assert_eq!(keyed("k\u{a0}\n").unwrap().key.as_deref(), Some("k"));
        assert_eq!(keyed("k\0").unwrap_err().0[0].code, "key-invalid");
    }

    #[test]
    fn the_hash_ignores_order_and_blanks_but_not_values() {
        let one = read(r#"{"a": 1, "b": [1, 2]}"#).unwrap();
        let same = read(r#"{"b":[1,2],"a":1}"#).unwrap();
        let other = read(r#"{"b":[2,1],"a":1}"#).unwrap();
        assert_eq!(one.hash, same.hash);
        assert_ne!(one.hash, other.hash);
    }

    #[test]
    fn the_tills_block_is_taken_out_and_what_is_wrong_in_it_is_kept_for_the_regime() {
        let sale = read(r#"{"a":1,"Timbre":{"Vuelto":10}}"#).unwrap();
        assert_eq!((sale.till.vuelto, sale.till_faults.as_slice()), (Some(Amount(10)), [].as_slice()));
        assert!(sale.body.get("Timbre").is_none());
        assert_eq!(read(r#"{"Timbre":{"Otro":1}}"#).unwrap().till_faults[0].code, "till-data-invalid");
    }

    /// Most readers of JSON keep the last of two and drop the other in silence: half of a sale.
    #[test]
    fn a_key_said_twice_is_refused_with_its_path() {
        let refused = read(r#"{"Detalle":[{"a":1}],"b":{"c":[0,{"d":1.50,"d":2}]},"Detalle":[{"a":2}]}"#);
        let told: Vec<_> = refused.unwrap_err().0.into_iter().map(|r| (r.code, r.path)).collect();
        let code = "json-duplicate-key".to_owned();
        assert_eq!(told, [(code.clone(), "b.c[1].d".to_owned()), (code, "Detalle".to_owned())]);
        assert!(read(r#"{"a":{"b":1},"c":{"b":1},"d":[{"b":1},{"b":1}]}"#).is_ok());
    }

    #[test]
    fn malformed_json_says_where() {
        let refused = read("{\n  \"a\": }").unwrap_err();
        assert_eq!(refused.0[0].code, "json-malformed");
        assert!(refused.0[0].path.starts_with("línea 2"));
        assert_eq!(read("[1]").unwrap_err().0[0].code, "sale-not-object");
    }

    #[test]
    fn a_byte_order_mark_is_passed_over_and_another_encoding_is_named() {
        let marked = read("\u{feff}{\"a\":1}").unwrap();
        assert_eq!((&marked.received[..], marked.hash), (&b"{\"a\":1}"[..], read("{\"a\":1}").unwrap().hash));
        let refused = Sale::read(Bytes::from_static(b"{\n\"a\": \"\xd1and\xfa\"}"), None).unwrap_err();
        assert_eq!(
            (refused.0[0].code.as_str(), refused.0[0].path.as_str()),
            ("json-malformed", "línea 2, columna 7")
        );
        assert!(refused.0[0].message.contains("UTF-8"), "{refused:?}");
    }
}
