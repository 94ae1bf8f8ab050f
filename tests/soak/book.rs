//! What the tills know: every sale with its key, what was acknowledged, and whether an answer may be
//! true beside the earlier ones.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::fault;
use crate::fault::Found;

/// A sale that was asked for with a key.
#[derive(Debug)]
struct Sale {
    body: Value,
    /// The document that was acknowledged.
    id: Option<String>,
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
    Refusal,
    Conflict,
}

impl Book {
    /// What is asked for next.
    pub fn order(&mut self, chance: &mut Chance) -> Order {
        let what = chance.below(100);
        let acknowledged: Vec<_> = match what {
            0..18 => self.sales.iter().filter(|(_, sale)| sale.id.is_some()).map(|(key, _)| key).collect(),
            _ => Vec::new(),
        };
        if let Some(key) = chance.one(&acknowledged) {
            let key = (*key).clone();
            return match what {
                0..12 => self.again(&key),
                _ => Order { key: Some(key), body: boleta(0, 777).to_string(), expect: Expect::Conflict },
            };
        }
        self.next += 1;
        let n = self.next;
        match what {
            18..30 => {
                Order { key: Some(format!("mala-{n}")), body: wrong(n, chance), expect: Expect::Refusal }
            }
            30..34 => Order { key: None, body: boleta(n, 1000 + n).to_string(), expect: Expect::Document },
            _ => {
                let key = format!("venta-{n}");
                let body = if what < 44 { factura(n) } else { boleta(n, 1000 + n) };
                self.sales.insert(key.clone(), Sale { body, id: None });
                self.again(&key)
            }
        }
    }

    fn again(&self, key: &str) -> Order {
        let body = self.sales[key].body.to_string();
        Order { key: Some(key.to_owned()), body, expect: Expect::Document }
    }

    /// Sales whose answer never came, as a till asks for them again.
    pub fn open(&self) -> Vec<Order> {
        self.sales.iter().filter(|(_, sale)| sale.id.is_none()).map(|(key, _)| self.again(key)).collect()
    }

    /// Every sale that has a key.
    pub fn all(&self) -> Vec<Order> {
        self.sales.keys().map(|key| self.again(key)).collect()
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
            (Expect::Document, StatusCode::OK | StatusCode::CREATED) => self.document(order, answer),
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
        if let Some(before) = &sale.id
            && (*before != id || !repeated)
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
