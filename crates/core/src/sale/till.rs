//! Reads the till's block as leniently as the sale itself: numbers or texts, one payment or a list. All
//! that is wrong with it is told at once. What it means is the till's business; but it is kept for ever, added up and
//! printed, so that it is no longer and no larger than any sale makes sensible, whether or not anything asks for it.

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

/// The longest name of a till, a person, a turn, a means of payment or a printer, in characters.
const LONGEST: usize = 100;

/// The most payments of one sale, and the most pesos of each: all of them together are far from the end of an `i64`, and
/// each is exact where numbers are floating (2^53), as in a browser.
const MOST_PAYMENTS: usize = 100;
const MOST: i64 = 999_999_999_999_999;

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
        let faults = self.faults.len();
        let till = TillData {
            pagos: self.payments(block.get("Pagos")),
            vuelto: self.sum(block, TILL_BLOCK, "Vuelto"),
            redondeo: self.amount(block, TILL_BLOCK, "Redondeo"),
            propina: self.sum(block, TILL_BLOCK, "Propina"),
            caja: self.name(block, TILL_BLOCK, "Caja"),
            cajero: self.name(block, TILL_BLOCK, "Cajero"),
            turno: self.name(block, TILL_BLOCK, "Turno"),
            correo: self.mail(block, TILL_BLOCK, "Correo"),
            impresora: self.name(block, TILL_BLOCK, "Impresora"),
        };
        let paid: i64 = till.pagos.iter().map(|payment| payment.monto.0).sum();
        // A payment that could not be read is none of these.
        let is_whole = self.faults.len() == faults && !till.pagos.is_empty();
        if is_whole && till.vuelto.is_some_and(|change| change.0 > paid) {
            self.fault(&format!("{TILL_BLOCK}.Vuelto"), "el vuelto no puede ser más que lo pagado");
        }
        till
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
        if list.len() > MOST_PAYMENTS {
            self.fault(&path, &format!("una venta lleva a lo más {MOST_PAYMENTS} pagos"));
            return Vec::new();
        }
        let payment = |(at, one): (usize, &Value)| {
            let path = if said.is_some_and(Value::is_array) { format!("{path}[{at}]") } else { path.clone() };
            let Value::Object(one) = one else {
                self.fault(&path, "cada pago es un objeto con Medio y Monto");
                return None;
            };
            self.unknown(one, &path, &PAYMENT);
            let before = self.faults.len();
            let (medio, monto) = (self.name(one, &path, "Medio"), self.sum(one, &path, "Monto"));
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
        let why = match whole.parse::<i64>() {
            Ok(amount) if (-MOST..=MOST).contains(&amount) => return Some(Amount(amount)),
            Ok(_) => "a lo más 15 cifras",
            Err(_) => "se esperaban pesos enteros, sin separador de miles",
        };
        self.fault(&format!("{path}.{name}"), why);
        None
    }

    /// What was paid, handed back or given: none of it is less than nothing, of a sale that is taken back neither.
    fn sum(&mut self, block: &Map<String, Value>, path: &str, name: &str) -> Option<Amount> {
        let amount = self.amount(block, path, name)?;
        if amount.0 < 0 {
            self.fault(&format!("{path}.{name}"), "no puede ser negativo, tampoco en una devolución");
            return None;
        }
        Some(amount)
    }

    fn name(&mut self, block: &Map<String, Value>, path: &str, name: &str) -> Option<String> {
        let text = self.text(block, path, name)?;
        if let Some(why) = no_name(&text) {
            self.fault(&format!("{path}.{name}"), &why);
            return None;
        }
        Some(text)
    }

    fn mail(&mut self, block: &Map<String, Value>, path: &str, name: &str) -> Option<String> {
        let text = self.text(block, path, name)?;
        if !is_mail_address(&text) {
            self.fault(
                &format!("{path}.{name}"),
                "se esperaba una sola dirección de correo, como ana@ejemplo.cl",
            );
            return None;
        }
        Some(text)
    }

    /// A text, or a number as one; what is empty says nothing. It is printed, and listed one a line: what moves the
    /// paper or the cursor is no part of it.
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
        if text.chars().any(char::is_control) {
            self.fault(&format!("{path}.{name}"), CONTROL);
            return None;
        }
        (!text.is_empty()).then_some(text)
    }
}

const CONTROL: &str = "no puede llevar saltos de línea, tabulaciones ni otros caracteres de control";

/// Why a text names no person, till or thing: it is printed, and listed one a line, for ever.
pub fn no_name(text: &str) -> Option<String> {
    let long = text.chars().count() > LONGEST;
    match text.chars().any(char::is_control) {
        true => Some(CONTROL.to_owned()),
        false => long.then(|| format!("a lo más {LONGEST} caracteres")),
    }
}

/// `someone@some.where` as RFC 5321 (4.1.2, 4.5.3.1) has it, without quoted names and literal addresses, which no shop
/// writes; letters of any language may stand in it (RFC 6531).
fn is_mail_address(text: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || (!c.is_ascii() && !c.is_whitespace());
    let Some((who, place)) = text.split_once('@') else { return false };
    let atoms = |atom: &str| {
        !atom.is_empty() && atom.chars().all(|c| is_plain(c) || "!#$%&'*+-/=?^_`{|}~".contains(c))
    };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| is_plain(c) || c == '-')
            && !(label.starts_with('-') || label.ends_with('-'))
    };
    text.len() <= 254
        && who.len() <= 64
        && who.split('.').all(atoms)
        && place.contains('.')
        && place.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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

    /// Each with its path, and none of it where no rule asks for it.
    fn paths(block: serde_json::Value) -> Vec<String> {
        read(Some(&block)).1.into_iter().map(|fault| fault.path).collect()
    }

    #[test]
    fn sums_that_no_sale_makes_are_refused_and_so_is_more_change_than_was_paid() {
        let paid = |sum: i64| json!({ "Pagos": [{ "Medio": "efectivo", "Monto": sum }] });
        assert_eq!(paths(paid(MOST)), [] as [&str; 0]);
        for wrong in [-1, MOST + 1, i64::MAX, i64::MIN] {
            assert_eq!(paths(paid(wrong)), ["Timbre.Pagos[0].Monto"], "{wrong}");
            assert_eq!(paths(json!({ "Vuelto": wrong })), ["Timbre.Vuelto"], "{wrong}");
            assert_eq!(paths(json!({ "Propina": wrong })), ["Timbre.Propina"], "{wrong}");
        }
        assert_eq!(paths(json!({ "Redondeo": i64::MIN })), ["Timbre.Redondeo"]);
        assert_eq!(paths(json!({ "Redondeo": -3 })), [] as [&str; 0]);
        let change = |change: i64| json!({ "Pagos": [{ "Medio": "a", "Monto": 600 }, { "Medio": "b", "Monto": 400 }], "Vuelto": change });
        assert_eq!(paths(change(1_000)), [] as [&str; 0]);
        assert_eq!(paths(change(1_001)), ["Timbre.Vuelto"]);
        let many =
            |many: usize| json!({ "Pagos": vec![json!({ "Medio": "x", "Monto": MOST }); many], "Vuelto": 1 });
        assert_eq!(paths(many(MOST_PAYMENTS)), [] as [&str; 0]);
        assert_eq!(paths(many(MOST_PAYMENTS + 1)), ["Timbre.Pagos"]);
    }

    #[test]
    fn names_are_bounded_and_hold_no_control_character() {
        for name in ["Caja", "Cajero", "Turno", "Impresora"] {
            let said = |text: &str| paths(json!({ name: text }));
            assert_eq!(said(&"ñ".repeat(LONGEST)), [] as [&str; 0]);
            for wrong in [&*"ñ".repeat(LONGEST + 1), "a\nb", "a\u{1b}p", "a\u{9b}b", "a\0b"] {
                assert_eq!(said(wrong), [format!("Timbre.{name}")], "{wrong:?}");
            }
            assert_eq!(said(" 2\r\n"), [] as [&str; 0], "outer blanks are no part of it");
        }
        let means = json!({ "Pagos": { "Medio": "efec\ttivo", "Monto": 1 } });
        assert_eq!(paths(means), ["Timbre.Pagos.Medio"]);
    }

    #[test]
    fn a_mail_address_is_one_and_no_header_of_a_mail() {
        for good in ["ana@ejemplo.cl", "a.b+c@sub.ejemplo.cl", " ana@ejemplo.cl ", "ñandú@ñuble.cl"] {
            assert_eq!(paths(json!({ "Correo": good })), [] as [&str; 0], "{good}");
        }
        let long = format!("{}@ejemplo.cl", "a".repeat(65));
        for wrong in [
            "ana",
            "@ejemplo.cl",
            "ana@",
            "ana@ejemplo",
            "ana@ejemplo..cl",
            "ana@-ejemplo.cl",
            "a b@ejemplo.cl",
            "ana@ejemplo.cl\r\nBcc: x@y.cl",
            "ana@ejemplo.cl, eva@ejemplo.cl",
            "Ana <ana@ejemplo.cl>",
            "a@b@c.cl",
            &long,
        ] {
            assert_eq!(paths(json!({ "Correo": wrong })), ["Timbre.Correo"], "{wrong:?}");
        }
    }
}
