//! Any sale of any type: what is drafted is sound, its sums are those of another arithmetic, and what is
//! written is read back to the byte. `TIMBRE_KEEP_SENT` keeps some for the oracles.

mod desk;

use proptest::prelude::*;
use serde_json::{Value, json};
use timbre_chile::dte::{self, Seal};
use timbre_chile::tipo::Tipo;
use timbre_chile::{dom, latin1};
use timbre_core::Draft;

const CASES: u32 = 1_000;
/// Documents kept for other programs, which are slower.
const KEPT: usize = 80;

/// A line, in whole numbers: quantity in thousandths, price in hundredths of a peso.
#[derive(Debug, Clone)]
struct Item {
    quantity: i128,
    price: i128,
    off: i128,
    onto: i128,
    kind: u8,
    tax: usize,
}

/// Codes of taxes with their rates in tenths of a percent.
const TAXES: [(u16, i128); 11] = [
    (18, 50),
    (19, 120),
    (23, 150),
    (24, 315),
    (25, 205),
    (26, 205),
    (27, 100),
    (44, 150),
    (45, 500),
    (53, 5),
    (271, 180),
];

#[derive(Debug, Clone)]
struct Sale {
    tipo: Tipo,
    gross: bool,
    taxed: bool,
    items: Vec<Item>,
    off: i128,
    onto_exempt: i128,
    previous: Option<i64>,
}

/// To the nearest whole, halves up; never below zero here.
fn near(n: i128, d: i128) -> i128 {
    (2 * n + d) / (2 * d)
}

prop_compose! {
    fn any_item()(quantity in 1..50_000_i128, price in 1..3_000_000_i128, off in 0..=60_i128, onto in 0..=20_i128,
                  kind in 0..8_u8, tax in 0..TAXES.len() * 2) -> Item {
        // Half of the lines are plain.
        Item { quantity, price, off: (off - 40).max(0), onto: (onto - 15).max(0), kind, tax }
    }
}

prop_compose! {
    fn any_sale()(tipo in 0..7_usize, gross in any::<bool>(), taxed in any::<bool>(),
                  items in proptest::collection::vec(any_item(), 1..9), off in 0..=40_i128, onto in 0..=20_i128,
                  previous in proptest::option::of(-5_000..5_000_i64)) -> Sale {
        let tipo = Tipo::ALL[tipo];
        let knows_tax = !tipo.is_exempt() && !tipo.is_boleta();
        let taxed = taxed && knows_tax;
        let gross = match tipo {
            Tipo::Boleta => gross,
            Tipo::Factura | Tipo::NotaCredito | Tipo::NotaDebito => gross && !taxed,
            _ => false,
        };
        let globals = tipo != Tipo::Guia;
        Sale {
            tipo,
            gross,
            taxed,
            items,
            off: if globals { (off - 10).max(0) } else { 0 },
            onto_exempt: if globals { (onto - 10).max(0) } else { 0 },
            previous,
        }
    }
}

impl Item {
    /// `IndExe` in a document of this type, and the code of a tax.
    fn marks(&self, sale: &Sale) -> (Option<u8>, Option<(u16, i128)>) {
        let kind = match self.kind {
            1 => Some(1),
            2 => Some(2),
            3 if !sale.tipo.is_boleta() && !sale.tipo.is_exempt() => Some(3),
            6 => Some(6),
            _ => None,
        };
        let tax = TAXES.get(self.tax).copied().filter(|_| sale.taxed && kind.is_none());
        (kind, tax)
    }

    fn parts(&self) -> (i128, i128, i128) {
        let product = self.quantity * self.price;
        let unit = 1_000 * 100;
        (near(product, unit), near(product * self.off, unit * 100), near(product * self.onto, unit * 100))
    }

    fn amount(&self) -> i128 {
        let (base, off, onto) = self.parts();
        base - off + onto
    }

    fn json(&self, sale: &Sale) -> Value {
        let mut line = json!({
            "NmbItem": "Artículo & cía",
            "QtyItem": format!("{}.{:03}", self.quantity / 1_000, self.quantity % 1_000),
            "PrcItem": format!("{}.{:02}", self.price / 100, self.price % 100),
            "MontoItem": self.amount().to_string(),
        });
        let (kind, tax) = self.marks(sale);
        if let Some(kind) = kind {
            line["IndExe"] = kind.into();
        }
        if let Some((code, _)) = tax {
            line["CodImpAdic"] = code.into();
        }
        for (tag, percent) in [("DescuentoPct", self.off), ("RecargoPct", self.onto)] {
            if percent > 0 {
                line[tag] = percent.to_string().into();
            }
        }
        line
    }
}

impl Sale {
    fn json(&self) -> Value {
        let mut sale = json!({
            "Encabezado": { "IdDoc": { "TipoDTE": self.tipo.code() } },
            "Detalle": self.items.iter().map(|item| item.json(self)).collect::<Vec<_>>(),
        });
        let header = &mut sale["Encabezado"];
        header["Receptor"] = json!({ "RUTRecep": "77777777-7", "RznSocRecep": "Ñandú & 'Cía'", "GiroRecep": "G", "DirRecep": "D", "CmnaRecep": "C" });
        if self.tipo.is_boleta() {
            header["Receptor"].as_object_mut().expect("an object").remove("GiroRecep");
            header["IdDoc"]["MedioPago"] = 1.into();
            if self.tipo == Tipo::Boleta && !self.gross {
                header["IdDoc"]["IndMntNeto"] = 2.into();
            }
        } else if self.gross {
            header["IdDoc"]["MntBruto"] = 1.into();
        }
        if let Some(previous) = self.previous {
            header["Totales"] = json!({ "SaldoAnterior": previous });
        }
        if self.tipo == Tipo::Guia {
            header["IdDoc"]["IndTraslado"] = 1.into();
        }
        let mut globals = Vec::new();
        if self.off > 0 {
            globals.push(json!({ "TpoMov": "D", "TpoValor": "%", "ValorDR": self.off.to_string() }));
        }
        if self.onto_exempt > 0 {
            globals.push(json!({ "TpoMov": "R", "TpoValor": "%", "ValorDR": self.onto_exempt.to_string(), "IndExeDR": 1 }));
        }
        sale["DscRcgGlobal"] = globals.into();
        if self.tipo.is_note() {
            sale["Referencia"] =
                json!({ "TpoDocRef": 33, "FolioRef": 1, "FchRef": "2026-01-10", "CodRef": 3 });
        }
        sale
    }

    /// Net, exempt, IVA, taxes, deposits, total and what is not billed.
    fn totals(&self) -> [i128; 7] {
        let of = |kind: Option<u8>| -> i128 {
            let exempt = |item: &&Item| {
                let (own, _) = item.marks(self);
                let own = if self.tipo.is_exempt() && own.is_none() { Some(1) } else { own };
                own == kind
            };
            self.items.iter().filter(exempt).map(Item::amount).sum()
        };
        // In an exempt document what names nothing is of what is exempt; two globals follow each other.
        let (mut taxed, mut exempt) = (of(None), of(Some(1)));
        let first = if self.tipo.is_exempt() { &mut exempt } else { &mut taxed };
        *first -= near(*first * self.off, 100);
        exempt += near(exempt * self.onto_exempt, 100);
        let (net, iva) = if self.gross {
            let net = near(taxed * 100, 119);
            (net, taxed - net)
        } else {
            (taxed, near(taxed * 19, 100))
        };
        let mut taxes = 0;
        for (code, rate) in TAXES {
            let bears = |item: &&Item| item.marks(self).1.is_some_and(|(own, _)| own == code);
            let base: i128 = self.items.iter().filter(bears).map(Item::amount).sum();
            let left = base - near(base * self.off, 100);
            taxes += near(left * rate, 1_000);
        }
        let deposits = of(Some(3));
        let total = net + exempt + iva + taxes + deposits;
        [net, exempt, iva, taxes, deposits, total, of(Some(2)) - of(Some(6))]
    }
}

/// What a sale of these may be refused for.
const REASONS: [&str; 3] = ["all-exempt", "total-zero", "line-negative"];

fn kept(bytes: &[u8], number: usize) {
    let Some(folder) = std::env::var_os("TIMBRE_KEEP_SENT").filter(|_| number < KEPT) else { return };
    let folder = std::path::Path::new(&folder).join("properties");
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    std::fs::write(folder.join(format!("{number}.xml")), dte::file(bytes))
        .expect("the folder can be written");
}

fn check(sale: &Sale, seen: usize) -> Result<(), TestCaseError> {
    let text = sale.json().to_string();
    let draft: Box<dyn Draft> = match desk::draft(&text) {
        Ok(draft) => draft,
        Err(refused) => {
            let reasons: Vec<_> = refused.0.iter().map(|r| r.code.as_str()).collect();
            prop_assert!(reasons.iter().all(|code| REASONS.contains(code)), "{}: {:?}", text, refused.0);
            return Ok(());
        }
    };
    let document = desk::seal(&*draft, 3);
    prop_assert_eq!(desk::findings(&document.bytes), Vec::<String>::new(), "{}", text);
    kept(&document.bytes, seen);

    let totals = draft.totals();
    let of = |tag: &str| i128::from(totals[tag].as_i64().unwrap_or(0));
    let taxes = totals["ImptoReten"].as_array().into_iter().flatten();
    let taxes: i128 = taxes.map(|tax| i128::from(tax["MontoImp"].as_i64().unwrap_or(0))).sum();
    let ours = [of("MntNeto"), of("MntExe"), of("IVA"), taxes, of("GrntDep"), of("MntTotal"), of("MontoNF")];
    prop_assert_eq!(ours, sale.totals(), "{}", text);
    if let Some(previous) = sale.previous {
        prop_assert_eq!(of("VlrPagar"), of("MntTotal") + of("MontoNF") + i128::from(previous));
    }

    // Read back and written again: the same text; and that text is its own canonical form.
    let whole = latin1::decode(&document.bytes);
    let root = dom::read(&whole).expect("our own document");
    let documento = root.child("Documento").expect("it has one");
    let written = &whole[documento.span.clone()];
    let (tipo, body) = dte::read(&document.bytes).expect("of a type of ours");
    let ted = documento.child("TED").map(|ted| &whole[ted.span.clone()]);
    let stamped = documento.text_at(&["TmstFirma"]);
    prop_assert_eq!(dte::write(tipo, body, Seal { folio: 3, ted, stamped }), written);
    prop_assert_eq!(documento.canonical(&[]).replacen(" xmlns=\"http://www.sii.cl/SiiDte\"", "", 1), written);
    Ok(())
}

#[test]
fn any_sale_of_any_type_is_sound() {
    let config = ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let seen = std::cell::Cell::new(0);
    let done = runner.run(&any_sale(), |sale| {
        seen.set(seen.get() + 1);
        check(&sale, seen.get())
    });
    done.unwrap_or_else(|failed| panic!("{failed}"));
}
