//! What the tills know: every sale and every note with its key, what was acknowledged, and whether an answer may be
//! true beside the earlier ones.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::fault;
use crate::fault::Found;
use crate::judge::folio_of;

/// A sale that was asked for with a key.
#[derive(Debug)]
struct Sale {
    body: Value,
    /// The document that was acknowledged.
    id: Option<String>,
    /// Nobody asks for it again: it went with a newer folder, or is a note that is rightly refused.
    over: bool,
}

impl Sale {
    fn of(body: Value) -> Sale {
        Sale { body, id: None, over: false }
    }

    /// What is there and may be asked for again.
    fn held(&self) -> Option<&str> {
        self.id.as_deref().filter(|_| !self.over)
    }
}

/// What people did beside selling.
#[derive(Debug, Default, Clone, Copy)]
pub struct Acts {
    /// Notes that annul a sale.
    pub notes: u64,
    pub resent: u64,
    /// Rejected documents made again under their own folio.
    pub same: u64,
    /// Those that another one took the place of.
    pub replaced: u64,
    /// Those of which no answer came.
    pub unheard: u64,
    /// Older copies of the folder that were put back, and unlocked.
    pub restored: u64,
    /// Documents that only the newer folder had.
    pub lost: u64,
    /// Sales that were refused because issuing was locked.
    pub stopped: u64,
}

impl std::ops::AddAssign for Acts {
    fn add_assign(&mut self, more: Acts) {
        self.notes += more.notes;
        self.resent += more.resent;
        self.same += more.same;
        self.replaced += more.replaced;
        self.unheard += more.unheard;
        self.restored += more.restored;
        self.lost += more.lost;
        self.stopped += more.stopped;
    }
}

#[derive(Debug, Default)]
pub struct Book {
    sales: BTreeMap<String, Sale>,
    /// Documents that were acknowledged, and the key of each (none: it was sold without).
    held: BTreeMap<String, Option<String>>,
    /// Sales without a key whose answer never came: each may have become a document.
    pub lost_sight_of: u64,
    /// Sales that must be refused, and were.
    pub refused: u64,
    /// Answers of "not now".
    pub put_off: u64,
    /// Answers to a key that had been answered before.
    pub repeated: u64,
    pub acts: Acts,
    /// The authority rejects some that are sound.
    pub rejecting: bool,
    /// Documents that a person asked to be made again.
    made_again: BTreeSet<String>,
    next: u64,
}

/// What a till asks for.
#[derive(Debug, Clone)]
pub struct Order {
    pub key: Option<String>,
    pub body: String,
    expect: Expect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Document,
    /// A document, unless what it annuls was rejected.
    Note,
    Refusal,
    Conflict,
}

impl Book {
    /// What is asked for next.
    pub fn order(&mut self, chance: &mut Chance) -> Order {
        let what = chance.below(100);
        let acknowledged: Vec<_> = match what {
            0..18 => {
                self.sales.iter().filter(|(_, sale)| sale.held().is_some()).map(|(key, _)| key).collect()
            }
            _ => Vec::new(),
        };
        if let Some(key) = chance.one(&acknowledged) {
            let key = (*key).clone();
            return match what {
                0..12 => self.again(&key),
                _ => Order { key: Some(key), body: boleta(0, 777).to_string(), expect: Expect::Conflict },
            };
        }
        if let 44..48 = what
            && let Some(order) = self.note(what < 47, chance)
        {
            return order;
        }
        self.next += 1;
        let n = self.next;
        match what {
            18..30 => {
                Order { key: Some(format!("mala-{n}")), body: wrong(n, chance), expect: Expect::Refusal }
            }
            30..34 => Order { key: None, body: boleta(n, 1000 + n).to_string(), expect: Expect::Document },
            _ => {
                let body = if what < 44 { factura(n) } else { boleta(n, 1000 + n) };
                self.sale(format!("venta-{n}"), body)
            }
        }
    }

    fn sale(&mut self, key: String, body: Value) -> Order {
        self.sales.insert(key.clone(), Sale::of(body));
        self.again(&key)
    }

    fn again(&self, key: &str) -> Order {
        let body = self.sales[key].body.to_string();
        let expect = if key.starts_with(NOTE) { Expect::Note } else { Expect::Document };
        Order { key: Some(key.to_owned()), body, expect }
    }

    /// A note that annuls a sale of which there is none yet; or (not `first`) a second one, which must be refused.
    fn note(&mut self, first: bool, chance: &mut Chance) -> Option<Order> {
        // The first may have been rejected.
        if !first && self.rejecting {
            return None;
        }
        let held = self.sales.iter().filter_map(|(key, sale)| Some((key, sale.held()?)));
        let of_sales: Vec<_> = held.filter(|(key, _)| key.starts_with("venta-")).collect();
        let fits = |key: &str| match self.sales.get(&format!("{NOTE}{key}")) {
            Some(note) => !first && note.held().is_some(),
            None => first,
        };
        let (sale, id) = (0..20).find_map(|_| chance.one(&of_sales).filter(|(key, _)| fits(key)))?;
        let (key, body) = (format!("{NOTE}{sale}"), note(sale, id)?);
        if first {
            return Some(self.sale(key, body));
        }
        Some(Order { key: Some(format!("otra-{key}")), body: body.to_string(), expect: Expect::Refusal })
    }

    /// So many new sales.
    pub fn sales(&mut self, many: u64) -> Vec<Order> {
        let first = self.next + 1;
        self.next += many;
        (first..=self.next).map(|n| self.sale(format!("venta-{n}"), boleta(n, 1000 + n))).collect()
    }

    /// A sale that has its document.
    pub fn known(&self) -> Option<Order> {
        let (key, _) = self.sales.iter().find(|(_, sale)| sale.held().is_some())?;
        Some(self.again(key))
    }

    /// Sales whose answer never came, as a till asks for them again.
    pub fn open(&self) -> Vec<Order> {
        let open = self.sales.iter().filter(|(_, sale)| sale.id.is_none() && !sale.over);
        open.map(|(key, _)| self.again(key)).collect()
    }

    /// Every sale that has a key.
    pub fn all(&self) -> Vec<Order> {
        self.sales.iter().filter(|(_, sale)| !sale.over).map(|(key, _)| self.again(key)).collect()
    }

    /// An older folder was put back, and these are the documents in it. What only the newer one had nobody asks for again,
    /// nor what was never answered: a person looks for it first. Answers how many are lost.
    pub fn restored(&mut self, here: &BTreeSet<String>) -> u64 {
        let before = self.held.len();
        self.held.retain(|id, _| here.contains(id));
        for sale in self.sales.values_mut().filter(|sale| !sale.over) {
            sale.over = sale.id.as_ref().is_none_or(|id| !here.contains(id));
            self.lost_sight_of += u64::from(sale.id.is_none());
        }
        (before - self.held.len()) as u64
    }

    /// A person asks for this document to be made again.
    pub fn is_made_again(&mut self, id: &str) {
        self.made_again.insert(id.to_owned());
    }

    pub fn was_made_again(&self, id: &str) -> bool {
        self.made_again.contains(id)
    }

    pub fn acknowledged(&self) -> BTreeSet<String> {
        self.held.keys().cloned().collect()
    }

    /// The till hears nothing.
    pub fn unheard(&mut self, order: &Order) {
        if order.key.is_none() {
            self.lost_sight_of += 1;
        }
    }

    /// The till hears an answer: may it be? `faulty`: the disk fails, so "not now" may be.
    pub fn heard(&mut self, order: &Order, status: StatusCode, answer: &Value, faulty: bool) -> Found<()> {
        if status.is_server_error() {
            if !faulty {
                return fault!("a sound disk, and {status} {answer} to {order:?}");
            }
            self.put_off += 1;
            self.unheard(order);
            return Ok(());
        }
        match (order.expect, status) {
            (Expect::Document | Expect::Note, StatusCode::OK | StatusCode::CREATED) => {
                self.acts.notes += u64::from(order.expect == Expect::Note && answer["repeated"] == false);
                self.document(order, answer)
            }
            (Expect::Note, StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY) if self.rejecting => {
                let sale = order.key.as_ref().and_then(|key| self.sales.get_mut(key));
                sale.expect("a note has a key of its own").over = true;
                Ok(())
            }
            (Expect::Refusal, StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY)
            | (Expect::Conflict, StatusCode::CONFLICT) => {
                self.refused += 1;
                Ok(())
            }
            _ => fault!("{status} {answer} to {order:?}"),
        }
    }

    fn document(&mut self, order: &Order, answer: &Value) -> Found<()> {
        let id = answer["document"]["id"].as_str().unwrap_or_default().to_owned();
        let repeated = answer["repeated"] == true;
        let Some(key) = &order.key else {
            return match self.held.insert(id.clone(), None) {
                None => Ok(()),
                Some(other) => {
                    fault!("{id} was acknowledged twice: without a key, and before with {other:?}")
                }
            };
        };
        let sale = self.sales.get_mut(key).expect("only its own keys are asked for");
        // One that was made again answers for the sale.
        let same = |before: &String| *before == id || self.made_again.contains(before);
        if let Some(before) = &sale.id
            && (!same(before) || !repeated)
        {
            return fault!("{key} was {before} and is now {id} (repeated: {repeated})");
        }
        self.repeated += u64::from(repeated);
        sale.id = Some(id.clone());
        match self.held.insert(id.clone(), Some(key.clone())) {
            Some(Some(other)) if other != *key => fault!("{id} is of {other} and of {key}"),
            Some(None) => fault!("{id} was sold without a key and is now of {key}"),
            Some(Some(_)) | None => Ok(()),
        }
    }
}

fn boleta(n: u64, price: u64) -> Value {
    json!({
        "Encabezado": { "IdDoc": { "TipoDTE": 39 } },
        "Detalle": [{ "NmbItem": format!("Artículo {n}"), "QtyItem": 1, "PrcItem": price }],
    })
}

fn factura(n: u64) -> Value {
    json!({
        "Encabezado": {
            "IdDoc": { "TipoDTE": 33 },
            "Receptor": {
                "RUTRecep": "77777777-7", "RznSocRecep": "Panadería Ñuñoa Ltda.",
                "GiroRecep": "Elaboración de pan", "DirRecep": "Irarrázaval 2450", "CmnaRecep": "Ñuñoa",
            },
        },
        "Detalle": [{ "NmbItem": format!("Harina {n}"), "QtyItem": 2, "PrcItem": 12_000 }],
    })
}

/// How the keys of notes begin: what follows is the sale's.
const NOTE: &str = "nota-";

/// A note that annuls a document; its reason names the sale, whatever document stands for that.
fn note(sale: &str, id: &str) -> Option<Value> {
    let (series, folio) = folio_of(id)?;
    Some(json!({
        "Encabezado": { "IdDoc": { "TipoDTE": 61 } },
        "Referencia": {
            "TpoDocRef": series, "FolioRef": folio, "CodRef": 1, "RazonRef": format!("Anula {sale}"),
        },
    }))
}

/// A sale that must be refused, and may cost no folio.
fn wrong(n: u64, chance: &mut Chance) -> String {
    let mut sale = boleta(n, 990);
    match chance.below(6) {
        0 => sale["Detalle"] = json!([]),
        1 => sale["Encabezado"]["Totales"] = json!({ "MntTotal": 1 }),
        2 => sale["Encabezado"]["IdDoc"]["TipoDTE"] = json!(99),
        3 => sale["Encabezado"]["Receptor"] = json!({ "RUTRecep": "11111111-2" }),
        4 => sale["Detalle"][0]["PrcItem"] = json!(-5),
        _ => {
            let mut cut = sale.to_string();
            cut.truncate(40);
            return cut;
        }
    }
    sale.to_string()
}
