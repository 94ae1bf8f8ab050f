//! Any sale of any type: what is drafted is sound, its sums are those of another arithmetic, and what is
//! written is read back to the byte. `TIMBRE_KEEP_PROPERTIES` keeps all of them for the oracles that are quick,
//! `TIMBRE_KEEP_SENT` some for those that are not.

mod desk;
mod generated;

use std::cell::RefCell;
use std::collections::BTreeMap;

use generated::{Sale, Sums, any_sale};
use proptest::prelude::*;
use timbre_chile::dte::{self, Seal};
use timbre_chile::tipo::Tipo;
use timbre_chile::{dom, latin1};
use timbre_core::Draft;

const CASES: u32 = 3_000;
/// Documents kept for programs that are slower.
const KEPT: u64 = 80;
/// Each kind of thing that is generated stands in so many documents at the least.
const EACH: u32 = 10;

/// What a sale of these may be refused for.
const REASONS: [&str; 2] = ["all-exempt", "total-zero"];

/// What a run has met, in documents that were made.
#[derive(Default)]
struct Met {
    documents: u64,
    kinds: BTreeMap<String, u32>,
}

fn keep(bytes: &[u8], number: u64) {
    let folder = |name: &str| std::env::var_os(name).map(std::path::PathBuf::from);
    let some = folder("TIMBRE_KEEP_SENT").filter(|_| number <= KEPT).map(|sent| sent.join("properties"));
    for folder in folder("TIMBRE_KEEP_PROPERTIES").into_iter().chain(some) {
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        std::fs::write(folder.join(format!("{number}.xml")), dte::file(bytes))
            .expect("the folder can be written");
    }
}

fn check(sale: &Sale, met: &RefCell<Met>) -> Result<(), TestCaseError> {
    let text = sale.json().to_string();
    let draft: Box<dyn Draft> = match desk::draft(&text) {
        Ok(draft) => draft,
        Err(refused) => {
            let reasons: Vec<_> = refused.0.iter().map(|r| r.code.as_str()).collect();
            prop_assert!(reasons.iter().all(|code| REASONS.contains(code)), "{}: {:?}", text, refused.0);
            return Ok(());
        }
    };
    let mut met = met.borrow_mut();
    met.documents += 1;
    sale.traits(&mut met.kinds);
    let folio = met.documents % 500 + 1;
    let document = desk::seal(&*draft, folio);
    prop_assert_eq!(desk::findings(&document.bytes), Vec::<String>::new(), "{}", text);
    keep(&document.bytes, met.documents);

    let totals = draft.totals();
    let of = |tag: &str| i128::from(totals[tag].as_i64().unwrap_or(0));
    let taxes = totals["ImptoReten"].as_array().into_iter().flatten();
    let ours = Sums {
        net: of("MntNeto"),
        exempt: of("MntExe"),
        slaughter: of("MntBase"),
        margin: of("MntMargenCom"),
        iva: of("IVA"),
        own_iva: of("IVAProp"),
        others_iva: of("IVATerc"),
        taxes: taxes.map(|tax| i128::from(tax["MontoImp"].as_i64().unwrap_or(0))).sum(),
        credit: of("CredEC"),
        deposits: of("GrntDep"),
        total: of("MntTotal"),
        not_billed: of("MontoNF"),
    };
    prop_assert_eq!(ours, sale.sums(), "{}", text);
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
    prop_assert_eq!(dte::write(tipo, body, Seal { folio, ted, stamped }), written);
    prop_assert_eq!(documento.canonical(&[]).replacen(" xmlns=\"http://www.sii.cl/SiiDte\"", "", 1), written);
    Ok(())
}

/// All that is generated really occurs, or the rest of this says nothing of it.
fn wanted() -> Vec<String> {
    let taxes = [14, 17, 18, 19, 23, 24, 25, 26, 27, 44, 45, 50, 53, 271].map(|code| format!("tax {code}"));
    let types = Tipo::ALL.map(|tipo| format!("type {}", tipo.code()));
    let globals = ["D", "R"].into_iter().flat_map(|way| {
        ["%", "$"]
            .into_iter()
            .flat_map(move |size| (0..3).map(move |which| format!("global {way} {size} on {which}")))
    });
    let kinds = [1, 2, 3, 4, 5, 6].map(|kind| format!("IndExe Some({kind})"));
    let others = [
        "gross",
        "56 CodRef 1",
        "56 CodRef 3",
        "61 CodRef 1",
        "61 CodRef 2",
        "61 CodRef 3",
        "guía that sells nothing",
        "Priced",
        "Flat",
        "Free",
        "two taxes on a line",
        "SubDscto",
        "SubRecargo",
        "CredEC",
        "IVATerc",
        "SaldoAnterior",
        "IndExe None",
    ];
    let others = others.into_iter().map(str::to_owned);
    taxes.into_iter().chain(types).chain(globals).chain(kinds).chain(others).collect()
}

#[test]
fn any_sale_of_any_type_is_sound() {
    let config = ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let met = RefCell::new(Met::default());
    let done = runner.run(&any_sale(), |sale| check(&sale, &met));
    done.unwrap_or_else(|failed| panic!("{failed}"));
    let met = met.into_inner();
    assert!(met.documents > u64::from(CASES) * 3 / 4, "{} documents", met.documents);
    let rare: Vec<_> =
        wanted().into_iter().filter(|kind| met.kinds.get(kind).is_none_or(|times| *times < EACH)).collect();
    assert!(rare.is_empty(), "rare or not there: {rare:?} in {:?}", met.kinds);
}
