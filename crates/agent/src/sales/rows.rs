//! Sales out of a table (CSV), read by a map that says which column is which tag. Lines that share a key, one
//! after the other, are the lines of one sale.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map as Object, Value, json};
use timbre_core::Refusal;

use super::{Entry, Offer};

/// Which column is what. Tags are paths: `Encabezado.IdDoc.TipoDTE`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowMap {
    #[serde(default = "semicolon")]
    pub separator: char,
    /// `,` where the table writes `1.234,50`.
    #[serde(default = "point")]
    pub decimal: char,
    /// The column that tells one sale from another; its value, behind `prefix`, is the sale's key.
    pub key: Option<String>,
    #[serde(default)]
    pub prefix: String,
    /// What every sale says.
    #[serde(default)]
    pub fixed: BTreeMap<String, String>,
    /// Tags of the sale, by column: the first line of each sale says them.
    #[serde(default)]
    pub sale: BTreeMap<String, String>,
    /// Where the sale's lines go.
    #[serde(default = "detail")]
    pub lines: String,
    /// Tags of each line, by column.
    pub line: BTreeMap<String, String>,
    /// Tags that are numbers, written as the table writes them.
    #[serde(default)]
    pub numbers: Vec<String>,
}

fn semicolon() -> char {
    ';'
}

fn point() -> char {
    '.'
}

fn detail() -> String {
    "Detalle".to_owned()
}

/// The sales of a table, in its order. A table without one of the map's columns has none: that is one refusal.
pub fn read(map: &RowMap, bytes: &[u8]) -> Vec<Entry> {
    let text = decoded(bytes);
    let mut rows = records(&text, map.separator).into_iter();
    let refuse = |line: u64, why: String| {
        let refusal = Refusal::new("table-invalid", format!("línea {line}"), why);
        Entry { line, offer: Err(refusal) }
    };
    let Some((_, heads)) = rows.next() else { return Vec::new() };
    let heads: Vec<String> = heads.iter().map(|head| head.trim().to_owned()).collect();
    let wanted = map.sale.values().chain(map.line.values()).chain(&map.key);
    if let Some(missing) = wanted.into_iter().find(|name| !heads.contains(name)) {
        return vec![refuse(1, format!("La tabla no trae la columna «{missing}» que pide el mapa."))];
    }
    let mut sales: Vec<Entry> = Vec::new();
    let mut open: Option<(String, u64, Value)> = None;
    for (line, cells) in rows {
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if cells.len() != heads.len() {
            sales.extend(open.take().map(|sale| entry(map, sale)));
            let why = format!("La línea trae {} columnas y la tabla tiene {}.", cells.len(), heads.len());
            sales.push(refuse(line, why));
            continue;
        }
        let cell =
            |name: &String| heads.iter().position(|head| head == name).map_or("", |at| cells[at].trim());
        let key = map.key.as_ref().map_or_else(String::new, |name| cell(name).to_owned());
        let same = !key.is_empty() && open.as_ref().is_some_and(|(other, ..)| *other == key);
        if !same {
            sales.extend(open.take().map(|sale| entry(map, sale)));
            let mut sale = json!({});
            for (tag, text) in &map.fixed {
                put(&mut sale, tag, Value::from(text.as_str()));
            }
            for (tag, column) in &map.sale {
                put(&mut sale, tag, map.value(tag, cell(column)));
            }
            put(&mut sale, &map.lines, json!([]));
            open = Some((key, line, sale));
        }
        if let Some((_, _, sale)) = &mut open {
            let mut one = json!({});
            for (tag, column) in &map.line {
                put(&mut one, tag, map.value(tag, cell(column)));
            }
            if let Some(Value::Array(lines)) = at(sale, &map.lines) {
                lines.push(one);
            }
        }
    }
    sales.extend(open.take().map(|sale| entry(map, sale)));
    sales
}

fn entry(map: &RowMap, (key, line, sale): (String, u64, Value)) -> Entry {
    let key = (!key.is_empty()).then(|| format!("{}{key}", map.prefix));
    Entry { line, offer: Ok(Offer { key, body: sale.to_string().into() }) }
}

impl RowMap {
    fn value(&self, tag: &str, text: &str) -> Value {
        match self.decimal == ',' && self.numbers.iter().any(|number| number == tag) {
            true => Value::from(text.replace('.', "").replace(',', ".")),
            false => Value::from(text),
        }
    }
}

/// Puts a value at a path of tags; an empty one says nothing and is left out.
fn put(object: &mut Value, path: &str, value: Value) {
    if value == "" {
        return;
    }
    let mut place = object;
    for tag in path.split('.') {
        if !place.is_object() {
            *place = Value::Object(Object::new());
        }
        place = &mut place[tag];
    }
    *place = value;
}

fn at<'a>(object: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    path.split('.').try_fold(object, |place, tag| place.get_mut(tag))
}

/// UTF-8, with or without its mark, or else Latin-1: what a spreadsheet in Chile writes.
fn decoded(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// Records with the line each begins on (RFC 4180: quotes hold separators, line ends and doubled quotes).
fn records(text: &str, separator: char) -> Vec<(u64, Vec<String>)> {
    let mut all = Vec::new();
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let (mut line, mut begun) = (1, 1);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        line += u64::from(c == '\n');
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if cell.is_empty() => quoted = true,
            c if quoted => cell.push(c),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => {
                cells.push(std::mem::take(&mut cell));
                all.push((begun, std::mem::take(&mut cells)));
                begun = line;
            }
            c if c == separator => cells.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    if !cell.is_empty() || !cells.is_empty() {
        cells.push(cell);
        all.push((begun, cells));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(extra: Value) -> RowMap {
        let mut map = json!({
            "key": "numero", "prefix": "tienda-", "decimal": ",", "numbers": ["PrcItem"],
            "fixed": { "Encabezado.IdDoc.TipoDTE": "39" },
            "sale": { "Encabezado.Receptor.RUTRecep": "cliente" },
            "line": { "NmbItem": "producto", "QtyItem": "cantidad", "PrcItem": "precio" },
        });
        if let (Value::Object(map), Value::Object(extra)) = (&mut map, extra) {
            map.extend(extra);
        }
        serde_json::from_value(map).unwrap()
    }

    fn sales(table: &[u8]) -> Vec<(Option<String>, Value)> {
        let offers = read(&map(json!({})), table).into_iter().map(|entry| entry.offer.unwrap());
        offers.map(|offer| (offer.key, serde_json::from_slice(&offer.body).unwrap())).collect()
    }

    #[test]
    fn lines_of_one_key_are_one_sale_and_numbers_are_the_tables_own() {
        let table = "numero;cliente;producto;cantidad;precio\n\
                     1;;Pan amasado;2;350\n1;;\"Queso \"\"chanco\"\"; kilo\";1;1.234,50\n\n2;77777777-7;Té;1;990\n";
        let found = sales(table.as_bytes());
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].0.as_deref(), Some("tienda-1"));
        let expected = json!({
            "Encabezado": { "IdDoc": { "TipoDTE": "39" } },
            "Detalle": [
                { "NmbItem": "Pan amasado", "PrcItem": "350", "QtyItem": "2" },
                { "NmbItem": "Queso \"chanco\"; kilo", "PrcItem": "1234.50", "QtyItem": "1" },
            ],
        });
        assert_eq!(found[0].1, expected);
        assert_eq!(found[1].1["Encabezado"]["Receptor"]["RUTRecep"], "77777777-7");
    }

    #[test]
    fn a_spreadsheets_latin1_is_read_as_what_it_is() {
        let found = sales(b"numero;cliente;producto;cantidad;precio\r\n1;;\xd1and\xfa;1;10\r\n");
        assert_eq!(found[0].1["Detalle"][0]["NmbItem"], "Ñandú");
    }

    #[test]
    fn what_is_no_line_of_the_table_is_told_with_its_place_and_holds_up_no_other() {
        let table = "numero;cliente;producto;cantidad;precio\n1;;Pan;1;10\n2;;Pan\n3;;Té;1;20\n";
        let told: Vec<_> = read(&map(json!({})), table.as_bytes())
            .into_iter()
            .map(|entry| (entry.line, entry.offer.map(|offer| offer.key).map_err(|no| no.code)))
            .collect();
        let key = |n: u8| Ok(Some(format!("tienda-{n}")));
        assert_eq!(told, [(2, key(1)), (3, Err("table-invalid".to_owned())), (4, key(3))]);
        let other = read(&map(json!({ "key": "folio" })), table.as_bytes());
        assert!(other[0].offer.as_ref().unwrap_err().message.contains("«folio»"));
    }
}
