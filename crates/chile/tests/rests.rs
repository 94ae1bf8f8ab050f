//! What is given back of a document part by part: every part is possible, and all of them use it up.

mod desk;

use desk::folder::Folder;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};
use timbre_core::{Amount, Documents};

/// A line: thousandths of a unit, ten-thousandths of a peso, kind, additional tax.
type Line = (u32, u32, bool, Option<u16>);

fn bill(tipo: u16, gross: bool, lines: &[Line], off: Option<u32>) -> Value {
    let lines: Vec<Value> = lines
        .iter()
        .filter(|(quantity, ..)| *quantity > 0)
        .map(|&(quantity, price, exempt, tax)| {
            let quantity = format!("{}.{:03}", quantity / 1000, quantity % 1000);
            let price = format!("{}.{:04}", price / 10_000, price % 10_000);
            let mut line = json!({ "NmbItem": "Pan", "QtyItem": quantity, "PrcItem": price });
            if exempt {
                line["IndExe"] = 1.into();
            } else if let Some(tax) = tax {
                line["CodImpAdic"] = tax.into();
            }
            line
        })
        .collect();
    let mut bill = json!({ "Encabezado": { "IdDoc": { "TipoDTE": tipo } }, "Detalle": lines });
    if gross && tipo != 39 {
        bill["Encabezado"]["IdDoc"]["MntBruto"] = 1.into();
    }
    if tipo == 33 {
        bill["Encabezado"]["IdDoc"]["FmaPago"] = 1.into();
        bill["Encabezado"]["Receptor"] = json!({
            "RUTRecep": "77777777-7", "RznSocRecep": "R", "GiroRecep": "G", "DirRecep": "D", "CmnaRecep": "C"
        });
    }
    if let Some(percent) = off {
        bill["DscRcgGlobal"] = json!({ "TpoMov": "D", "TpoValor": "%", "ValorDR": percent });
    }
    bill
}

/// A note of a part.
fn note(of: u16, gross: bool, lines: &[Line], off: Option<u32>) -> Value {
    let mut note = bill(61, gross, lines, off);
    note["Referencia"] = json!({ "TpoDocRef": of, "FolioRef": 1, "CodRef": 3, "RazonRef": "Devolución" });
    note
}

/// Lines, and how many thirtieths of each go with each note.
fn splits() -> impl Strategy<Value = (bool, bool, Vec<Line>, Option<u32>, Vec<Vec<u32>>)> {
    let tax = prop_oneof![4 => Just(None), 1 => Just(Some(24)), 1 => Just(Some(27)), 1 => Just(Some(271))];
    let line = (1..40_u32, 20_000..12_000_000_u32, prop::bool::weighted(0.2), tax);
    let lines = prop::collection::vec(line, 1..4);
    let cuts = prop::collection::vec(prop::collection::vec(0..=30_u32, 1..7), 3);
    (any::<bool>(), any::<bool>(), lines, prop::option::weighted(0.2, 1..40_u32), cuts)
}

/// Cuts `quantity` at these thirtieths.
fn cut(quantity: u32, cuts: &[u32], parts: usize) -> Vec<u32> {
    let mut at: Vec<u32> = cuts.iter().take(parts - 1).map(|cut| quantity / 30 * cut).collect();
    at.resize(parts - 1, quantity);
    at.sort_unstable();
    let ends = at.iter().copied().chain([quantity]);
    ends.scan(0, |before, end| Some(end - std::mem::replace(before, end))).collect()
}

/// Gives all of it back in parts; the totals of the notes.
fn give_back(
    tipo: u16,
    gross: bool,
    lines: &[Line],
    off: Option<u32>,
    cuts: &[Vec<u32>],
) -> Result<(Folder, Vec<i64>), TestCaseError> {
    let sale = bill(tipo, gross, lines, off);
    let mut folder = Folder::default().with(&sale, 1);
    let parts = cuts[0].len() + 1;
    let each: Vec<Vec<u32>> = lines.iter().zip(cuts).map(|(line, cuts)| cut(line.0, cuts, parts)).collect();
    let mut totals = Vec::new();
    for part in 0..parts {
        let lines: Vec<Line> =
            lines.iter().zip(&each).map(|(line, cut)| (cut[part], line.1, line.2, line.3)).collect();
        if lines.iter().all(|line| line.0 == 0) {
            continue;
        }
        let note = note(tipo, gross, &lines, off);
        let draft = folder.draft(&note).map_err(|no| TestCaseError::fail(format!("{sale}\n{note}\n{no}")))?;
        totals.push(draft.totals()["MntTotal"].as_i64().expect("pesos"));
        folder = folder.keep(&*draft, totals.len() as u64);
    }
    Ok((folder, totals))
}

fn whole(folder: &Folder, tipo: u16) -> (i64, i64) {
    let id = timbre_core::DocumentId::new(tipo.to_string(), 1);
    let (document, _) = folder.find(&id).expect("it is there");
    (document.total.0, folder.usage(&id).claimed.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Units are whole, so that each part is worth a peso at least.
    #[test]
    fn every_part_of_a_document_is_possible_and_the_last_is_the_rest(
        (boleta, gross, mut lines, off, mut cuts) in splits(),
    ) {
        let tipo = if boleta { 39 } else { 33 };
        let gross = gross || boleta;
        let parts = cuts[0].len();
        cuts.iter_mut().for_each(|cuts| cuts.resize(parts, 15));
        for line in &mut lines {
            line.0 *= 30_000;
            line.3 = line.3.filter(|_| !gross);
        }
        // A sale that is all exempt is another type's.
        lines[0].2 = false;
        // A discount is of what is taxed: each part has its share of it.
        let (folder, _) = give_back(tipo, gross, &lines, off.filter(|_| !boleta), &cuts)?;
        let (total, claimed) = whole(&folder, tipo);
        prop_assert_eq!(claimed, total, "all was given back");
        let one = json!({ "NmbItem": "Pan", "QtyItem": 1, "PrcItem": 1 });
        let mut more = note(tipo, true, &[], None);
        more["Detalle"] = one;
        folder.refuses(&more, "claim-exceeds", "Referencia[0].FolioRef");
    }
}

/// 100 of net are 119, and each tenth of it is 12: the ninth leaves 11 by the totals.
#[test]
fn a_rest_is_not_refused_for_a_peso_of_rounding() {
    let tenth = [(1_000, 100_000, false, None)];
    let mut folder = Folder::default().with(&bill(33, false, &[(10_000, 100_000, false, None)], None), 1);
    for number in 1..10 {
        folder = folder.with(&note(33, false, &tenth, None), number);
    }
    let last = folder.draft(&note(33, false, &tenth, None)).expect("the rest");
    let said: Vec<_> = last.warnings().iter().filter(|w| w.code == "note-rounding").collect();
    assert!(
        said[0].message.contains("suman $1 más")
            && said[0].message.contains("por $11 con precios que llevan IVA (MntBruto 1)"),
        "{said:?}"
    );
    let all = folder.clone().keep(&*last, 10);
    assert_eq!(whole(&all, 33), (119, 119));
    all.refuses(&note(33, false, &tenth, None), "claim-exceeds", "Referencia[0].FolioRef");

    // To the peso, as the warning says.
    let exact =
        folder.draft(&note(33, true, &[(11_000, 10_000, false, None)], None)).expect("the rest to the peso");
    assert_eq!((exact.totals()["MntTotal"].clone(), exact.warnings().len()), (json!(11), 0));
    let all = folder.keep(&*exact, 10);
    assert_eq!(whole(&all, 33), (119, 119));
    all.refuses(&note(33, false, &tenth, None), "claim-exceeds", "Referencia[0].FolioRef");
}

/// More than the rounding can be is refused, with what is left.
#[test]
fn no_part_is_larger_than_what_is_left() {
    let folder = Folder::default()
        .with(&bill(33, false, &[(10_000, 100_000, false, None)], None), 1)
        .with(&note(33, false, &[(9_000, 100_000, false, None)], None), 1);
    let over = note(33, false, &[(1_100, 100_000, false, None)], None);
    folder.refuses(&over, "claim-exceeds", "Referencia[0].FolioRef");
    let no = folder.draft(&over).err().expect("refused").to_string();
    assert!(no.contains("quedan 12") && no.contains("T61F1"), "{no}");
    let usage = folder.usage(&timbre_core::DocumentId::new("33", 1));
    assert_eq!(usage.claimed, Amount(107));
}

/// A factura of 1,190, all of it given back, as the sale of `line`.
fn given_back() -> Folder {
    let all = [(1_000, 10_000_000, false, None)];
    Folder::default().with(&bill(33, false, &all, None), 1).with(&note(33, false, &all, None), 1)
}

/// A note of so many pesos net on one of this folder.
fn on(tipo: u16, of: u16, number: u64, net: u32) -> Value {
    let mut sale = note(of, false, &[(1_000, net * 10_000, false, None)], None);
    sale["Encabezado"]["IdDoc"]["TipoDTE"] = tipo.into();
    sale["Referencia"]["FolioRef"] = number.into();
    sale
}

fn claims(folder: &Folder, sale: &Value) -> Vec<String> {
    folder.comes_to(sale).1.into_iter().map(|(id, amount)| format!("{id} {amount}")).collect()
}

/// What a credit note gave back in excess is charged again, and can be given back then.
#[test]
fn what_a_debit_note_takes_back_of_a_credit_note_can_be_given_back_again() {
    let folder = given_back();
    let place = "Referencia[0].FolioRef";
    folder.refuses(&on(61, 33, 1, 1), "claim-exceeds", place);
    assert_eq!(claims(&folder, &on(56, 61, 1, 500)), ["T61F1 595", "T33F1 -595"]);
    let half = folder.with(&on(56, 61, 1, 500), 1);
    assert_eq!(claims(&half, &on(61, 33, 1, 500)), ["T33F1 595"]);
    assert_eq!(claims(&half, &on(61, 33, 1, 200)), ["T33F1 238"]);
    half.refuses(&on(61, 33, 1, 501), "claim-exceeds", place);
    half.clone().with(&on(61, 33, 1, 200), 2).refuses(&on(61, 33, 1, 301), "claim-exceeds", place);
    // As what it was charged for: no exempt peso of it.
    let mut exempt = on(61, 33, 1, 500);
    exempt["Detalle"][0]["IndExe"] = 1.into();
    half.refuses(&exempt, "claim-exceeds", "Encabezado.Totales.MntExe");
    // The rest of the note, and what is beyond it is a charge of its own.
    assert_eq!(half.warned(&on(56, 61, 1, 500)), [""; 0]);
    assert_eq!(half.warned(&on(56, 61, 1, 501)), ["debit-exceeds"]);
    assert_eq!(claims(&half, &on(56, 61, 1, 900)), ["T61F1 595", "T33F1 -595"]);
    let all = half.clone().with(&on(56, 61, 1, 500), 2);
    assert_eq!(
        (claims(&all, &on(56, 61, 1, 10)), claims(&all, &on(61, 33, 1, 1000))),
        (vec![], vec!["T33F1 1190".into()])
    );
    // Together with another factura, too.
    let two = half.clone().with(&bill(33, false, &[(1_000, 10_000_000, false, None)], None), 2);
    let mut both = on(61, 33, 1, 1500);
    both["Referencia"] = json!([both["Referencia"].clone(), both["Referencia"].clone()]);
    both["Referencia"][1]["FolioRef"] = 2.into();
    assert_eq!(claims(&two, &both), ["T33F1 595", "T33F2 1190"]);
    // A credit note on the debit note gives back what that charged, which is the factura's.
    assert_eq!(claims(&half, &on(61, 56, 1, 500)), ["T56F1 595", "T33F1 595"]);
    half.clone().with(&on(61, 56, 1, 500), 2).refuses(&on(61, 33, 1, 500), "claim-exceeds", place);
    // While the SII may reject the debit note, who uses what it charged again waits for it.
    let pending = half.in_state("T56F1", timbre_core::DocState::Enviado);
    let follows = pending.draft(&on(61, 33, 1, 500)).expect("good").follows();
    assert_eq!(follows.iter().map(ToString::to_string).collect::<Vec<_>>(), ["T33F1", "T56F1"]);
}

/// Upon a credit note a further one gives back of the same factura, and never more than it charged.
#[test]
fn a_credit_note_on_a_credit_note_gives_back_of_what_that_corrects() {
    let of = |net: u32| bill(33, false, &[(1_000, net * 10_000, false, None)], None);
    let folder = Folder::default().with(&of(1000), 1).with(&on(61, 33, 1, 400), 1);
    let further = on(61, 61, 1, 600);
    assert_eq!(folder.warned(&further), ["note-on-credit"]);
    assert_eq!(claims(&folder, &further), ["T33F1 714"]);
    folder.refuses(&on(61, 61, 1, 601), "claim-exceeds", "Referencia[0].FolioRef");
    let mut annul = on(61, 33, 1, 1000);
    annul["Referencia"]["CodRef"] = 1.into();
    let annulled = Folder::default().with(&of(1000), 1).with(&annul, 1);
    annulled.refuses(&on(61, 61, 1, 100), "already-annulled", "Referencia[0].FolioRef");
    // Upon one of several facturas no more than that note gave back.
    let mut both = on(61, 33, 1, 800);
    both["Referencia"] = json!([both["Referencia"].clone(), both["Referencia"].clone()]);
    both["Referencia"][1]["FolioRef"] = 2.into();
    let several = Folder::default().with(&of(1000), 1).with(&of(1000), 2).with(&both, 1);
    several.refuses(&on(61, 61, 1, 801), "claim-exceeds", "Referencia[0].FolioRef");
    // What annuls the note finds it whole.
    let mut undo = on(56, 61, 1, 400);
    undo["Referencia"]["CodRef"] = 1.into();
    assert_eq!(claims(&folder.with(&further, 2), &undo), ["T61F1 476", "T33F1 -476"]);
}
