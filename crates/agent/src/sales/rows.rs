//! Sales out of a table (CSV), read by a map that says which column is which tag. Lines that share a key, one
//! after the other, are the lines of one sale. A sale goes on whole or not at all: a line that can't be read
//! takes with it every sale it may belong to, since a sale that lacks a line is a wrong document for ever.

mod encoding;
mod number;
mod records;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map as Object, Value, json};
use timbre_core::Refusal;

use super::{Entry, Offer};
use encoding::decoded;
pub use number::Decimal;
use records::{Record, Records};

/// The largest table, in bytes; it is held whole, since a sale's line may stand anywhere in it.
pub const MOST_BYTES: usize = 16 << 20;
/// The most lines of one table.
const MOST_ROWS: usize = 100_000;

/// Which column is what. Tags are paths: `Encabezado.IdDoc.TipoDTE`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowMap {
    #[serde(default = "semicolon")]
    pub separator: char,
    /// `,` where the table writes `1.234,50`.
    #[serde(default)]
    pub decimal: Decimal,
    /// The column that tells one sale from another; its value, behind `prefix`, is the sale's key.
    pub key: Option<String>,
    #[serde(default)]
    pub prefix: String,
    /// What every sale says.
    #[serde(default)]
    pub fixed: BTreeMap<String, String>,
    /// Tags of the sale, by column: the first line of each sale says them, and no other says otherwise.
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

fn detail() -> String {
    "Detalle".to_owned()
}

impl RowMap {
    /// The columns that a table has to have.
    fn names(&self) -> impl Iterator<Item = &String> {
        self.key.iter().chain(self.sale.values()).chain(self.line.values())
    }

    /// The same for a table that is separated otherwise: by what its heads have most of, or what it says itself.
    pub fn separated_as(mut self, bytes: &[u8]) -> RowMap {
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let heads = text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
        let often = |mark: &char| heads.iter().filter(|byte| char::from(**byte) == *mark).count();
        self.separator = match heads.strip_prefix(b"sep=") {
            Some([said, ..]) => char::from(*said),
            _ => [',', '\t', ';'].into_iter().max_by_key(often).unwrap_or(';'),
        };
        self
    }

    /// Where in the table that stands which a refusal of a sale names by its path of tags. `lines`: those of the sale.
    pub fn place(&self, path: &str, lines: &[u64]) -> String {
        let inside = path.strip_prefix(self.lines.as_str()).and_then(|rest| rest.strip_prefix('['));
        let (column, line) = match inside.and_then(|rest| rest.split_once(']')) {
            Some((at, tag)) => {
                let line = at.parse().ok().and_then(|at: usize| lines.get(at));
                (self.line.get(tag.trim_start_matches('.')), line)
            }
            None => (self.sale.get(path), None),
        };
        let line = line.or(lines.first()).unwrap_or(&1);
        match column {
            Some(column) => cell(*line, column),
            None => format!("línea {line}"),
        }
    }
}

fn cell(line: u64, column: &str) -> String {
    format!("línea {line}, columna «{column}»")
}

/// The sales of a table, in its order. A table that can't be read as one has none: that is one refusal.
pub fn read(map: &RowMap, bytes: &[u8]) -> Vec<Entry> {
    read_with_lines(map, bytes).into_iter().map(|(entry, _)| entry).collect()
}

/// The same, each with the lines of the table that it was made of.
pub fn read_with_lines(map: &RowMap, bytes: &[u8]) -> Vec<(Entry, Vec<u64>)> {
    match table(map, bytes) {
        Ok((heads, records)) => {
            let mut found = Found { map, heads, sales: Vec::new(), doubt: None };
            records.into_iter().for_each(|record| found.take(record));
            found.refuse_keys_that_come_again();
            let lines = |sale: &RowSale| sale.rows.iter().map(|row| row.line).collect();
            found.sales.iter().map(|sale| (found.entry(sale), lines(sale))).collect()
        }
        Err(refusal) => vec![(Entry { line: 1, offer: Err(refusal) }, vec![1])],
    }
}

fn columns(many: usize) -> String {
    if many == 1 { "1 columna".to_owned() } else { format!("{many} columnas") }
}

fn refusal(code: &str, line: u64, why: impl Into<String>) -> Refusal {
    Refusal::new(code, format!("línea {line}"), why)
}

/// The heads of a table and what stands below them.
fn table(map: &RowMap, bytes: &[u8]) -> Result<(Vec<String>, Vec<Record>), Refusal> {
    let invalid = |line, why: String| Err(refusal("table-invalid", line, why));
    if bytes.len() > MOST_BYTES {
        return invalid(1, format!("La tabla pasa de {} MiB: divídala.", MOST_BYTES >> 20));
    }
    let text = decoded(bytes).map_err(|(line, why)| refusal("table-encoding", line, why))?;
    let (mut text, mut line) = (text.as_str(), 1);
    // A line for the spreadsheet, which says how the others are separated.
    if let Some(rest) = text.strip_prefix("sep=")
        && let Some(said) = rest.chars().next()
    {
        if said != map.separator {
            return invalid(
                1,
                format!("La tabla se separa con «{said}» y el mapa dice «{}».", map.separator),
            );
        }
        let rest = &rest[said.len_utf8()..];
        text = rest.strip_prefix("\r\n").or(rest.strip_prefix(['\n', '\r'])).unwrap_or(rest);
        line = 2;
    }
    let mut records = Records::new(text, map.separator, line);
    let Some(first) = records.next() else { return Ok((Vec::new(), Vec::new())) };
    if let Some((_, why)) = first.fault {
        return Err(refusal("table-quote", line, why));
    }
    let heads: Vec<String> = first.cells.iter().map(|head| head.trim().to_owned()).collect();
    for name in map.names() {
        match heads.iter().filter(|head| *head == name).count() {
            0 if !map.names().any(|name| heads.iter().any(|head| head == name)) => {
                let names: Vec<_> = map.names().take(3).map(|name| format!("«{name}»")).collect();
                let why = format!(
                    "No es la tabla de ventas: no trae ninguna de sus columnas ({}…).",
                    names.join(", ")
                );
                return invalid(line, why);
            }
            0 => return invalid(line, format!("La tabla no trae la columna «{name}».")),
            1 => {}
            _ => return invalid(line, format!("La tabla trae más de una columna «{name}».")),
        }
    }
    let rows = records.filter(|record| record.cells.iter().any(|cell| !cell.trim().is_empty()));
    let rows: Vec<Record> = rows.take(MOST_ROWS + 1).collect();
    match rows.len() > MOST_ROWS {
        true => invalid(line, format!("La tabla trae más de {MOST_ROWS} líneas: divídala.")),
        false => Ok((heads, rows)),
    }
}

/// Lines that belong together, or one that can't be read.
struct RowSale {
    key: Option<String>,
    rows: Vec<Record>,
    /// Why it is not a sale.
    no: Option<Refusal>,
}

impl RowSale {
    fn line(&self) -> u64 {
        self.rows[0].line
    }
}

/// What was found so far.
struct Found<'a> {
    map: &'a RowMap,
    heads: Vec<String>,
    sales: Vec<RowSale>,
    /// The last line, when it may belong to the sale that comes next.
    doubt: Option<u64>,
}

impl Found<'_> {
    fn column(&self, name: &str) -> usize {
        self.heads.iter().position(|head| head == name).expect("the map's columns were looked for")
    }

    /// Puts a line where it belongs. What can't be told of one is a doubt about its neighbours.
    fn take(&mut self, record: Record) {
        let line = record.line;
        let fault = self.fault(&record);
        let doubt = fault.as_ref().is_some_and(|fault| fault.hides_others);
        let trusted = fault.as_ref().map_or(record.cells.len(), |fault| fault.trusted);
        let no = fault.map(|fault| refusal(fault.code, line, fault.why));
        let Some(name) = &self.map.key else {
            self.sales.push(RowSale { key: None, rows: vec![record], no });
            return;
        };
        let at = self.column(name);
        let key = record.cells.get(at).filter(|_| at < trusted).map(|key| key.trim().to_owned());
        let Some(key) = key.filter(|key| !key.is_empty()) else {
            let why = || {
                format!(
                    "La línea no trae su clave (columna «{name}») y no se sabe de qué venta es: repita la clave en \
                     cada línea de la venta."
                )
            };
            let no = no.unwrap_or_else(|| refusal("table-key-missing", line, why()));
            self.doubt_the_last(line);
            self.sales.push(RowSale { key: None, rows: vec![record], no: Some(no) });
            self.doubt = Some(line);
            return;
        };
        if self.sales.last().is_none_or(|last| last.key.as_ref() != Some(&key)) {
            if doubt {
                self.doubt_the_last(line);
            }
            let no = self.doubt.take().map(beside);
            self.sales.push(RowSale { key: Some(key), rows: Vec::new(), no });
        }
        let sale = self.sales.last_mut().expect("there is one by now");
        sale.no = sale.no.take().or(no);
        sale.rows.push(record);
        self.doubt = doubt.then_some(line);
    }

    fn doubt_the_last(&mut self, line: u64) {
        if let Some(last) = self.sales.last_mut() {
            last.no.get_or_insert_with(|| beside(line));
        }
    }

    /// What keeps a line from being read.
    fn fault(&self, record: &Record) -> Option<Fault> {
        if let Some((trusted, why)) = &record.fault {
            let why = why.clone();
            return Some(Fault { code: "table-quote", why, trusted: *trusted, hides_others: true });
        }
        let separators = |cell: &String| cell.matches(self.map.separator).count() + 1 >= self.heads.len();
        let swallows = |cell: &String| cell.contains('\n') && separators(cell);
        if let Some(trusted) = record.cells.iter().position(swallows) {
            let why =
                "Entre comillas hay líneas enteras de la tabla: falta una comilla que cierra.".to_owned();
            return Some(Fault { code: "table-quote", why, trusted, hides_others: true });
        }
        if record.width != self.heads.len() {
            let why =
                format!("La línea trae {} y la tabla tiene {}.", columns(record.width), self.heads.len());
            // What is too much or too little may stand anywhere behind the first cell.
            return Some(Fault { code: "table-invalid", why, trusted: 1, hides_others: false });
        }
        let control = |cell: &String| cell.chars().find(|ch| ch.is_control() && !matches!(ch, '\t' | '\n'));
        let (at, ch) = record.cells.iter().enumerate().find_map(|(at, cell)| Some((at, control(cell)?)))?;
        let why = format!(
            "La columna «{}» trae un carácter de control (U+{:04X}), que ningún documento puede llevar: bórrelo.",
            self.heads[at], ch as u32
        );
        Some(Fault { code: "table-control", why, trusted: record.cells.len(), hides_others: false })
    }

    /// Lines of one key that do not follow each other: one sale torn apart, or two that share a number.
    fn refuse_keys_that_come_again(&mut self) {
        let mut places: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for sale in &self.sales {
            if let Some(key) = &sale.key {
                places.entry(key.clone()).or_default().push(sale.line());
            }
        }
        for sale in &mut self.sales {
            let Some(key) = &sale.key else { continue };
            let lines = &places[key];
            if lines.len() > 1 && sale.no.is_none() {
                let lines: Vec<String> = lines.iter().take(5).map(u64::to_string).collect();
                let why = format!(
                    "La clave «{key}» está en líneas que no van seguidas ({}): si son de una venta, póngalas juntas; \
                     si son dos ventas, cada una lleva su clave.",
                    lines.join(", ")
                );
                sale.no = Some(refusal("table-key-again", sale.line(), why));
            }
        }
    }

    fn entry(&self, sale: &RowSale) -> Entry {
        let offer = match &sale.no {
            Some(no) => Err(no.clone()),
            None => self.offer(sale),
        };
        Entry { line: sale.line(), offer }
    }

    fn offer(&self, sale: &RowSale) -> Result<Offer, Refusal> {
        let body = self.body(sale)?;
        let key = sale.key.as_ref().map(|key| timbre_core::sale::key(&format!("{}{key}", self.map.prefix)));
        let key = key.transpose().map_err(|no| Refusal { path: format!("línea {}", sale.line()), ..no })?;
        Ok(Offer { key, body: body.to_string().into() })
    }

    /// The sale that the lines say.
    fn body(&self, sale: &RowSale) -> Result<Value, Refusal> {
        let map = self.map;
        let first = &sale.rows[0];
        let mut body = json!({});
        for (tag, text) in &map.fixed {
            put(&mut body, tag, Value::from(text.as_str()));
        }
        for (tag, column) in &map.sale {
            let at = self.column(column);
            let said = first.cells[at].trim();
            for other in &sale.rows[1..] {
                let says = other.cells[at].trim();
                if !says.is_empty() && says != said {
                    let why = format!(
                        "Las líneas {} y {} tienen la misma clave y no dicen lo mismo en «{column}» («{said}» y \
                         «{says}»): si son dos ventas, cada una lleva su clave.",
                        first.line, other.line
                    );
                    return Err(refusal("table-sale-differs", other.line, why));
                }
            }
            put(&mut body, tag, self.value(tag, column, first)?);
        }
        let mut lines = Vec::new();
        for row in &sale.rows {
            let mut one = json!({});
            for (tag, column) in &map.line {
                put(&mut one, tag, self.value(tag, column, row)?);
            }
            lines.push(one);
        }
        put(&mut body, &map.lines, Value::from(lines));
        Ok(body)
    }

    fn value(&self, tag: &str, column: &str, row: &Record) -> Result<Value, Refusal> {
        let text = row.cells[self.column(column)].trim();
        if text.is_empty() || !self.map.numbers.iter().any(|number| number == tag) {
            return Ok(Value::from(text));
        }
        self.map.decimal.read(text).map(Value::from).ok_or_else(|| {
            let example = match self.map.decimal {
                Decimal::Comma => "1.234,50",
                Decimal::Point => "1234.50",
            };
            let why = format!("«{text}» no es un número como los escribe esta tabla ({example}).");
            Refusal::new("table-number", cell(row.line, column), why)
        })
    }
}

/// What is wrong with a line.
struct Fault {
    code: &'static str,
    why: String,
    /// How many of its first cells can be believed.
    trusted: usize,
    /// It may hold lines of its neighbours.
    hides_others: bool,
}

fn beside(line: u64) -> Refusal {
    let why = format!(
        "La línea {line}, que está al lado, no se pudo leer y puede ser de esta venta: corríjala y repita. Así no se \
         emite una venta incompleta."
    );
    refusal("table-beside-fault", line, why)
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

#[cfg(test)]
mod tests;
