//! Reads the till's block as leniently as the sale itself: numbers or texts, one payment or a list. All
//! that is wrong with it is told at once. What it means is the till's business.

use serde_json::{Map, Value};

use super::{Payment, TILL_BLOCK, TillData};
use crate::{Amount, Refusal};

/// What could be read of the block, and what is wrong with it.
pub(super) fn read(block: Option<&Value>) -> (TillData, Vec<Refusal>) {
    let mut reader = Reader { faults: Vec::new() };
    let mut till = TillData::default();
    match block {
        None | Some(Value::Null) => {}
        Some(Value::Object(block)) => till = reader.till(block),
        Some(_) => reader.fault(TILL_BLOCK, "se esperaba un objeto"),
    }
    (till, reader.faults)
}

const FIELDS: [&str; 9] =
    ["Pagos", "Vuelto", "Redondeo", "Propina", "Caja", "Cajero", "Turno", "Correo", "Impresora"];
const PAYMENT: [&str; 2] = ["Medio", "Monto"];

struct Reader {
    faults: Vec<Refusal>,
}

impl Reader {
    fn fault(&mut self, path: &str, why: &str) {
        let message = format!("Los datos de la caja no se entienden ({why}).");
        self.faults.push(Refusal::new("till-data-invalid", path, message));
    }

    fn till(&mut self, block: &Map<String, Value>) -> TillData {
        self.unknown(block, TILL_BLOCK, &FIELDS);
        TillData {
            pagos: self.payments(block.get("Pagos")),
            vuelto: self.amount(block, TILL_BLOCK, "Vuelto"),
            redondeo: self.amount(block, TILL_BLOCK, "Redondeo"),
            propina: self.amount(block, TILL_BLOCK, "Propina"),
            caja: self.text(block, TILL_BLOCK, "Caja"),
            cajero: self.text(block, TILL_BLOCK, "Cajero"),
            turno: self.text(block, TILL_BLOCK, "Turno"),
            correo: self.text(block, TILL_BLOCK, "Correo"),
            impresora: self.text(block, TILL_BLOCK, "Impresora"),
        }
    }

    fn unknown(&mut self, block: &Map<String, Value>, path: &str, known: &[&str]) {
        for name in block.keys().filter(|name| !known.contains(&name.as_str())) {
            self.fault(&format!("{path}.{name}"), &format!("solo puede decir {}", known.join(", ")));
        }
    }

    fn payments(&mut self, said: Option<&Value>) -> Vec<Payment> {
        let path = format!("{TILL_BLOCK}.Pagos");
        let list = match said {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(list)) => list.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        let payment = |(at, one): (usize, &Value)| {
            let path = if said.is_some_and(Value::is_array) { format!("{path}[{at}]") } else { path.clone() };
            let Value::Object(one) = one else {
                self.fault(&path, "cada pago es un objeto con Medio y Monto");
                return None;
            };
            self.unknown(one, &path, &PAYMENT);
            let before = self.faults.len();
            let (medio, monto) = (self.text(one, &path, "Medio"), self.amount(one, &path, "Monto"));
            if self.faults.len() == before {
                for (name, missing) in [("Medio", medio.is_none()), ("Monto", monto.is_none())] {
                    if missing {
                        self.fault(&format!("{path}.{name}"), &format!("falta {name}"));
                    }
                }
            }
            Some(Payment { medio: medio?, monto: monto? })
        };
        list.iter().enumerate().filter_map(payment).collect()
    }

    fn amount(&mut self, block: &Map<String, Value>, path: &str, name: &str) -> Option<Amount> {
        let text = self.text(block, path, name)?;
        let whole = match text.split_once('.') {
            // `1000.0` is a thousand; `1.000` may be a thousand or one.
            Some((whole, zeros)) if zeros.bytes().all(|b| b == b'0') && matches!(zeros.len(), 1 | 2) => whole,
            _ => text.as_str(),
        };
        match whole.parse() {
            Ok(amount) => Some(Amount(amount)),
            Err(_) => {
                self.fault(&format!("{path}.{name}"), "se esperaban pesos enteros, sin separador de miles");
                None
            }
        }
    }

    /// A text, or a number as one; what is empty says nothing.
    fn text(&mut self, block: &Map<String, Value>, path: &str, name: &str) -> Option<String> {
        let text = match block.get(name)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Null => return None,
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                self.fault(&format!("{path}.{name}"), "se esperaba un texto o un número");
                return None;
            }
        };
        (!text.is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> (TillData, Vec<String>) {
        let (till, faults) = read(Some(&serde_json::from_str(text).unwrap()));
        (till, faults.into_iter().map(|fault| fault.path).collect())
    }

    #[test]
    fn numbers_and_texts_are_the_same() {
        let numbers = told(r#"{"Pagos":[{"Medio":"efectivo","Monto":1000}],"Redondeo":-3,"Caja":"2"}"#);
        let texts = told(
            r#"{"Pagos":{"Medio":" efectivo","Monto":"1000"},"Redondeo":"-3.0","Caja":2,"Turno":null,"Correo":""}"#,
        );
        assert_eq!(numbers.1, Vec::<String>::new());
        assert_eq!(numbers, texts);
        assert_eq!(numbers.0.pagos, [Payment { medio: "efectivo".to_owned(), monto: Amount(1000) }]);
        assert_eq!(read(None), (TillData::default(), Vec::new()));
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let (till, faults) = told(
            r#"{"Pagos":[{"Medio":"efectivo","Monto":"1.000"},{"Monto":5},7,{"Medio":"x","Monto":1,"Otro":1}],
                "Vuelto":0.5,"Propina":"1e3","Caja":{},"Cajera":"Ana"}"#,
        );
        assert_eq!(
            faults,
            [
                "Timbre.Cajera",
                "Timbre.Pagos[0].Monto",
                "Timbre.Pagos[1].Medio",
                "Timbre.Pagos[2]",
                "Timbre.Pagos[3].Otro",
                "Timbre.Vuelto",
                "Timbre.Propina",
                "Timbre.Caja",
            ]
        );
        assert_eq!(till.pagos.len(), 1);
        assert_eq!(told("[]").1, ["Timbre"]);
    }
}
