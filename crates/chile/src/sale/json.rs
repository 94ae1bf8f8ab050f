//! From a JSON value to a table's elements, gathering every refusal on the way.

use serde_json::{Map, Value};
use timbre_core::Refusal;

use super::nearest::nearest;
use super::{MOST_REFUSALS, under};
use crate::money;
use crate::tags::{By, Field, Group, Item, Shape, plain, sender};

/// Elements of one kind that are looked at; more than any schema allows.
const MOST_ITEMS: usize = 5_000;

/// A till says zero where it means nothing; the schemas have no zero here, or it says nothing.
const ZERO_IS_NOTHING: [&str; 8] = [
    "PrcItem",
    "DescuentoPct",
    "DescuentoMonto",
    "RecargoPct",
    "RecargoMonto",
    "CredEC",
    "IVAProp",
    "IVATerc",
];

/// So it does with indicators that may be left out (no list of values has a zero: `IndExe`, `MntBruto`), and
/// with what is of other documents: a `CredEC` of zero is none.
fn zero_is_nothing(field: &Field, kind: u16) -> bool {
    let indicator = field.least == 0 && matches!(field.shape, Shape::OneOf(_));
    ZERO_IS_NOTHING.contains(&field.tag)
        || match field.by {
            By::Till => indicator,
            By::Only(kinds) => indicator || !kinds.contains(&kind),
            By::Timbre => false,
        }
}

/// What was read: the elements, the `Emisor` that stood among them, and what could not be read.
pub struct Found {
    pub group: Group,
    pub sender: Option<Group>,
    pub refusals: Vec<Refusal>,
}

/// Reads `value` against `fields`, as a sale of a type of document says it. `what` names it in messages:
/// `una boleta`.
pub fn read(value: &Value, fields: &'static [Field], kind: u16, what: &'static str) -> Found {
    let total = !is_absent(&value["Encabezado"]["Totales"]["MntTotal"]);
    let mut reader = Reader { kind, what, refusals: Vec::new(), sender: None, total };
    let group = reader.group(value, fields, "");
    Found { group, sender: reader.sender, refusals: reader.refusals }
}

struct Reader {
    /// `TipoDTE`; 0 for what is no document.
    kind: u16,
    what: &'static str,
    refusals: Vec<Refusal>,
    sender: Option<Group>,
    /// The sale says what it comes to, so that its prices can be held against that.
    total: bool,
}

impl Reader {
    fn refuse(&mut self, code: &str, path: &str, message: String) {
        self.keep(Refusal::new(code, path, message));
    }

    /// What is not told is not kept either: a sale of a megabyte has room for a hundred thousand.
    fn keep(&mut self, refusal: Refusal) {
        if self.refusals.len() < MOST_REFUSALS {
            self.refusals.push(refusal);
        }
    }

    fn group(&mut self, value: &Value, fields: &'static [Field], path: &str) -> Group {
        let mut group = Group::new(fields);
        let Value::Object(object) = value else {
            self.keep(not_object(path, value));
            return group;
        };
        self.unknown_tags(object, fields, path);
        let mut gift = false;
        for field in fields {
            let Some(value) = object.get(field.tag) else { continue };
            let path = under(path, field.tag);
            if is_absent(value) {
                self.absent(field, value, &path);
                continue;
            }
            if zero_is_nothing(field, self.kind) && is_zero(value) {
                gift |= field.tag == "PrcItem";
                continue;
            }
            if field.tag == "PrcItem" && !self.total && object.get("MontoItem").is_none_or(is_absent) {
                self.price(value, &path);
            }
            match field.by {
                By::Till => self.field(&mut group, field, value, &path),
                By::Only(kinds) if kinds.contains(&self.kind) => self.field(&mut group, field, value, &path),
                By::Timbre => self.timbres_own(field, value, &path),
                By::Only(_) => self.refuse(
                    "tag-not-for-type",
                    &path,
                    format!("{} no corresponde a {}; quite {}.", plain::place(&path), self.what, field.tag),
                ),
            }
        }
        if gift {
            group.fill("MontoItem", "0");
        }
        group
    }

    /// A quantity that a program has and did not write would be one unit without a word. `false` is how LibreDTE leaves
    /// it out.
    fn absent(&mut self, field: &Field, value: &Value, path: &str) {
        if field.tag == "QtyItem" && !matches!(value, Value::Bool(_)) {
            let message = format!(
                "{} viene vacía: escríbala, o quite QtyItem si la línea no lleva.",
                plain::place(path)
            );
            self.refuse("value-empty", path, message);
        }
    }

    fn field(&mut self, group: &mut Group, field: &'static Field, value: &Value, path: &str) {
        let one = std::slice::from_ref(value);
        let (values, is_list) = match value {
            Value::Array(values) if field.most > 1 => (values.as_slice(), true),
            _ => (one, field.most > 1 && field.is_group()),
        };
        if values.len() > usize::from(field.most) {
            self.too_many(field, values.len(), path);
        }
        // LibreDTE leaves a code out by saying `false` of both its parts.
        let says_nothing = |value: &Value| {
            value.as_object().is_some_and(|members| !members.is_empty() && members.values().all(is_absent))
        };
        if field.is_group() && field.least == 0 && values.iter().all(says_nothing) {
            return;
        }
        for (at, value) in values.iter().enumerate().take(MOST_ITEMS) {
            let path = if is_list { format!("{path}[{at}]") } else { path.to_owned() };
            match field.shape {
                Shape::Group(fields) => {
                    let inner = self.group(value, fields, &path);
                    group.push(field.tag, Item::Group(inner));
                }
                shape => {
                    if let Some(text) = self.leaf(value, shape, &path) {
                        group.push(field.tag, Item::Leaf(text));
                    }
                }
            }
        }
    }

    fn leaf(&mut self, value: &Value, shape: Shape, path: &str) -> Option<String> {
        let written = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                let message = format!(
                    "{}: se esperaba un texto o un número y vino {}.",
                    plain::place(path),
                    kind(value)
                );
                self.refuse("value-wrong-kind", path, message);
                return None;
            }
        };
        if value.is_string() && self.thousands(&written, shape, path) {
            return None;
        }
        match shape.read(&written) {
            Ok(text) if text.is_empty() => None,
            Ok(text) => Some(text),
            Err(problem) => {
                self.refuse(problem.code(), path, plain::wrong(path, &problem));
                None
            }
        }
    }

    /// «1.000» is a thousand to whoever writes it in Chile and one to a computer. Where fewer than three
    /// decimals fit it can't have been one, unless a thousand does not fit either (a percentage).
    fn thousands(&mut self, written: &str, shape: Shape, path: &str) -> bool {
        let Some(thousands) = as_thousands(written) else { return false };
        let few_decimals = match shape {
            Shape::Whole { .. } => true,
            Shape::Decimal { decimals, .. } => decimals < 3 && shape.holds(&thousands).is_ok(),
            _ => false,
        };
        if few_decimals {
            let message = format!(
                "{}: «{}» parece llevar separador de miles; escriba {thousands}.",
                plain::place(path),
                written.trim()
            );
            self.refuse("number-thousands", path, message);
        }
        few_decimals
    }

    /// A price may have three decimals; nothing that the sale says beside it tells which was meant.
    fn price(&mut self, value: &Value, path: &str) {
        let Value::String(written) = value else { return };
        if let Some(thousands) = as_thousands(written) {
            let message = format!(
                "{}: «{}» puede ser miles o decimales; si son miles escriba {thousands}, si son decimales indique también el \
                 total de la línea (MontoItem) o el de la venta (MntTotal).",
                plain::place(path),
                written.trim()
            );
            self.refuse("price-thousands", path, message);
        }
    }

    /// What Timbre writes: a folio of 0 says "not yet" and the Emisor is heard; the rest is refused.
    fn timbres_own(&mut self, field: &'static Field, value: &Value, path: &str) {
        match field.tag {
            "Emisor" => self.sender = Some(self.group(value, sender::SENT, path)),
            "Folio" if matches!(value.to_string().trim_matches('"'), "0" | "") => {}
            "Folio" => self.refuse(
                "folio-given",
                path,
                "El folio lo pone Timbre desde el CAF cargado; quítelo de la venta.".to_owned(),
            ),
            tag => self.refuse(
                "tag-is-timbres",
                path,
                format!("{} lo pone Timbre: quite {tag} de la venta.", plain::place(path)),
            ),
        }
    }

    fn too_many(&mut self, field: &Field, count: usize, path: &str) {
        let most = field.most;
        if field.tag == "Detalle" {
            let message = format!(
                "La venta trae {count} líneas y {} admite hasta {most}; divídala en varias.",
                self.what
            );
            self.refuse("too-many-lines", path, message);
        } else {
            let message = format!("{} viene {count} veces y el SII admite hasta {most}.", plain::place(path));
            self.refuse("too-many", path, message);
        }
    }

    fn unknown_tags(&mut self, object: &Map<String, Value>, fields: &'static [Field], path: &str) {
        for tag in object.keys() {
            // What is not told is not looked for: a nearest name for each of many thousands takes seconds.
            if self.refusals.len() >= MOST_REFUSALS {
                return;
            }
            if fields.iter().any(|f| f.tag == tag) {
                continue;
            }
            let known = fields.iter().filter(|f| f.by == By::Till).map(|f| f.tag);
            let hint = match nearest(tag, known) {
                _ if tag == timbre_core::sale::TILL_BLOCK => {
                    "el bloque de la caja va al lado de Encabezado, fuera de todo envoltorio".to_owned()
                }
                Some(near) => format!("quizá quiso decir {near}"),
                None => "quítela o corrija su nombre".to_owned(),
            };
            let message = format!("La etiqueta «{tag}» no existe aquí en {}; {hint}.", self.what);
            self.refuse("unknown-tag", &under(path, tag), message);
        }
    }
}

/// The number that a text with one point means to whoever separates thousands by it: `1.990` is 1990.
fn as_thousands(written: &str) -> Option<String> {
    let (whole, part) = written.trim().split_once('.')?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let front = whole.strip_prefix('-').unwrap_or(whole);
    let looks = (1..=3).contains(&front.len())
        && !front.starts_with('0')
        && part.len() == 3
        && digits(front)
        && digits(part);
    looks.then(|| format!("{whole}{part}"))
}

/// `null` and the empty text say nothing, and so do the empty list and `false`, which is how sales written
/// for LibreDTE leave a tag out.
pub fn is_absent(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Bool(said) => !said,
        Value::Number(_) | Value::Object(_) => false,
    }
}

fn is_zero(value: &Value) -> bool {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return false,
    };
    money::parse(&text).is_some_and(|number| number.is_zero())
}

pub fn not_object(path: &str, value: &Value) -> Refusal {
    Refusal::new(
        "value-wrong-kind",
        path,
        format!("Se esperaba un objeto con etiquetas del SII y vino {}.", kind(value)),
    )
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nulo",
        Value::Bool(_) => "verdadero o falso",
        Value::Number(_) => "un número",
        Value::String(_) => "un texto",
        Value::Array(_) => "una lista",
        Value::Object(_) => "un objeto",
    }
}
