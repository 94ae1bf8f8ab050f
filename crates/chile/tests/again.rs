//! A rejected document made again: what may be mended, and what stays as the customer's paper has it.

mod desk;

use desk::{draft, issuer, now, sale, seal};
use serde_json::{Value, json};
use timbre_chile::{Chile, latin1};
use timbre_core::document::NoDocuments;
use timbre_core::{DocState, Document, DocumentId, Documents, Draft, Number, Refusals, Regime};

fn factura() -> Value {
    json!({
        "Encabezado": {
            "IdDoc": { "TipoDTE": 33, "FmaPago": 1 },
            "Receptor": {
                "RUTRecep": "77777777-7", "RznSocRecep": "R", "GiroRecep": "G", "DirRecep": "D", "CmnaRecep": "C",
            },
        },
        "Detalle": [
            { "NmbItem": "Pan", "QtyItem": 2, "PrcItem": "1000.0", "DscItem": "de ayer" },
            { "NmbItem": "Té", "QtyItem": 1, "PrcItem": 500, "DescuentoMonto": 100 },
        ],
    })
}

fn with(mut sale: Value, pointer: &str, value: Value) -> Value {
    match sale.pointer_mut(pointer) {
        Some(place) => *place = value,
        None => {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            sale.pointer_mut(parent).unwrap()[name] = value;
        }
    }
    sale
}

/// Ten days later.
fn redraft(sale_now: &Value, rejected: &Document, number: Number) -> Result<Box<dyn Draft>, Refusals> {
    redraft_knowing(&NoDocuments, sale_now, rejected, number)
}

fn redraft_knowing(
    known: &dyn Documents,
    sale_now: &Value,
    rejected: &Document,
    number: Number,
) -> Result<Box<dyn Draft>, Refusals> {
    let sale = sale(&sale_now.to_string()).expect("a sale");
    let later = now().checked_add(jiff::SignedDuration::from_hours(240)).expect("an instant");
    Chile::default().redraft(&sale, rejected, number, &issuer(), known, later)
}

/// Facturas of the same sale: each took the place of the one before it.
struct Line(Vec<Document>);

impl Documents for Line {
    fn find(&self, id: &DocumentId) -> Option<(Document, DocState)> {
        let at = self.0.iter().position(|document| document.id == *id)?;
        let state = if at + 1 == self.0.len() { DocState::Aceptado } else { DocState::Reemplazado };
        Some((self.0[at].clone(), state))
    }

    fn successor(&self, id: &DocumentId) -> Option<DocumentId> {
        let at = self.0.iter().position(|document| document.id == *id)?;
        Some(self.0.get(at + 1)?.id.clone())
    }
}

fn paths(refused: Result<Box<dyn Draft>, Refusals>) -> Vec<String> {
    let Err(Refusals(refusals)) = refused else { return Vec::new() };
    assert!(refusals.iter().all(|r| r.code == "reissue-changes"), "{refusals:?}");
    refusals.into_iter().map(|refusal| refusal.path).collect()
}

#[test]
fn the_same_sale_days_later_keeps_the_date_of_the_paper() {
    for sale in
        [factura(), json!({"Encabezado":{"IdDoc":{"TipoDTE":39}},"Detalle":{"NmbItem":"Pan","PrcItem":350}})]
    {
        let rejected = seal(&*draft(&sale.to_string()).expect("good"), 7);
        let again = redraft(&sale, &rejected, Number::Same).unwrap_or_else(|refusals| panic!("{refusals}"));
        let document = seal(&*again, 7);
        assert_eq!(document.date, rejected.date);
        let text = latin1::decode(&document.bytes);
        assert!(text.contains(&format!("<FchEmis>{}</FchEmis>", rejected.date)), "{text}");
        assert_eq!(document.total, rejected.total);
    }
}

#[test]
fn the_fault_alone_is_mended() {
    let rejected = seal(&*draft(&factura().to_string()).expect("good"), 7);
    for (pointer, value) in [
        ("/Encabezado/Receptor/RznSocRecep", json!("Razón Correcta")),
        ("/Encabezado/Receptor/GiroRecep", json!("Otro giro")),
        ("/Encabezado/Receptor/CmnaRecep", json!("Ñuñoa")),
        ("/Encabezado/IdDoc/FmaPago", json!(2)),
        ("/Detalle/0/DscItem", json!("de hoy")),
        // The same number, written otherwise.
        ("/Detalle/0/QtyItem", json!("2.000")),
        ("/Encabezado/IdDoc/FchEmis", json!("2026-01-15")),
    ] {
        assert_eq!(
            paths(redraft(&with(factura(), pointer, value), &rejected, Number::Same)),
            [""; 0],
            "{pointer}"
        );
    }
}

#[test]
fn what_a_note_corrects_stays_and_the_date_of_it_may_be_the_fault() {
    let note = json!({
        "Encabezado": { "IdDoc": { "TipoDTE": 61 }, "Receptor": factura()["Encabezado"]["Receptor"] },
        "Detalle": [{ "NmbItem": "Pan", "QtyItem": 1, "PrcItem": 1000, "DscItem": "de ayer" }],
        "Referencia": [{ "TpoDocRef": 33, "FolioRef": 10, "FchRef": "2026-01-10", "CodRef": 3, "RazonRef": "Devuelve" }],
    });
    let rejected = seal(&*draft(&note.to_string()).expect("good"), 5);
    for (pointer, value, refused) in [
        ("/Referencia/0/FchRef", json!("2026-01-11"), vec![]),
        ("/Referencia/0/FolioRef", json!(11), vec!["Referencia[0].FolioRef"]),
        ("/Detalle/0/DscItem", json!("de hoy"), vec!["Detalle[0].DscItem"]),
    ] {
        let sale = with(note.clone(), pointer, value);
        assert_eq!(paths(redraft(&sale, &rejected, Number::Same)), refused, "{pointer}");
    }
}

#[test]
fn what_the_paper_says_does_not_change_under_its_own_folio() {
    let rejected = seal(&*draft(&factura().to_string()).expect("good"), 7);
    let total = "Encabezado.Totales.MntTotal";
    let totals = ["Encabezado.Totales.IVA", "Encabezado.Totales.MntNeto", total];
    let and_totals = |more: &[&'static str]| [&totals, more].concat();
    for (pointer, value, refused) in [
        ("/Encabezado/Receptor/RUTRecep", json!("76192083-9"), vec!["Encabezado.Receptor.RUTRecep"]),
        ("/Encabezado/IdDoc/FchEmis", json!("2026-01-20"), vec!["Encabezado.IdDoc.FchEmis"]),
        ("/Detalle/1/NmbItem", json!("Café"), vec!["Detalle[1].NmbItem"]),
        ("/Detalle/0/UnmdItem", json!("kg"), vec!["Detalle[0].UnmdItem"]),
        ("/Detalle/0/PrcItem", json!(900), and_totals(&["Detalle[0].MontoItem", "Detalle[0].PrcItem"])),
        (
            "/Detalle/1/DescuentoMonto",
            json!(50),
            and_totals(&["Detalle[1].DescuentoMonto", "Detalle[1].MontoItem"]),
        ),
    ] {
        let sale = with(factura(), pointer, value);
        assert_eq!(paths(redraft(&sale, &rejected, Number::Same)), refused, "{pointer}");
    }
    let mut one_line = factura();
    one_line["Detalle"].as_array_mut().unwrap().pop();
    assert_eq!(paths(redraft(&one_line, &rejected, Number::Same)), and_totals(&["Detalle"]));
    let boleta = json!({"Encabezado":{"IdDoc":{"TipoDTE":39}},"Detalle":{"NmbItem":"Pan","PrcItem":350}});
    for number in [Number::Same, Number::New] {
        assert_eq!(paths(redraft(&boleta, &rejected, number)), ["Encabezado.IdDoc.TipoDTE"]);
    }
}

#[test]
fn paths_are_those_of_the_sale_received_and_a_word_says_what_to_do() {
    let rejected = seal(&*draft(&factura().to_string()).expect("good"), 7);
    let sale = json!({ "dte": with(factura(), "/Detalle/1/NmbItem", json!("Café")) });
    let Err(Refusals(refusals)) = redraft(&sale, &rejected, Number::Same) else {
        panic!("it must be refused")
    };
    assert_eq!(refusals[0].path, "dte.Detalle[1].NmbItem");
    assert!(refusals[0].message.contains("folio nuevo"), "{}", refusals[0].message);
}

#[test]
fn under_another_folio_only_type_and_total_stay() {
    let rejected = seal(&*draft(&factura().to_string()).expect("good"), 7);
    let mended = with(factura(), "/Encabezado/Receptor/RUTRecep", json!("76192083-9"));
    let mended = with(mended, "/Detalle/1/NmbItem", json!("Café"));
    assert_eq!(paths(redraft(&mended, &rejected, Number::New)), [""; 0]);
    let dearer = with(factura(), "/Detalle/0/PrcItem", json!(900));
    assert_eq!(paths(redraft(&dearer, &rejected, Number::New)), ["Encabezado.Totales.MntTotal"]);
}

#[test]
fn a_note_under_another_folio_refers_to_what_took_the_place_of_what_it_corrects() {
    let made = |folio, day: &str| {
        let dated = with(factura(), "/Encabezado/IdDoc/FchEmis", json!(day));
        seal(&*draft(&dated.to_string()).expect("good"), folio)
    };
    let known = Line(vec![made(7, "2026-01-14"), made(8, "2026-01-15"), made(9, "2026-01-15")]);
    let note = json!({
        "Encabezado": { "IdDoc": { "TipoDTE": 61 }, "Receptor": factura()["Encabezado"]["Receptor"] },
        "Detalle": factura()["Detalle"],
        "Referencia": { "TpoDocRef": 33, "FolioRef": 7, "FchRef": "2026-01-14", "CodRef": 1, "RazonRef": "Anula" },
    });
    let before = {
        let sale = sale(&note.to_string()).expect("a sale");
        let alone = Line(vec![made(7, "2026-01-14")]);
        seal(&*Chile::default().draft(&sale, &issuer(), &alone, now()).unwrap_or_else(|e| panic!("{e}")), 1)
    };
    let redrafted =
        |number| redraft_knowing(&known, &note, &before, number).unwrap_or_else(|e| panic!("{e}"));
    let again = redrafted(Number::New);
    assert_eq!(again.annuls(), Some(DocumentId::new("33", 9)));
    assert_eq!(again.claims().0[0].document, DocumentId::new("33", 9));
    let text = latin1::decode(&seal(&*again, 2).bytes).replace('\n', "");
    let date = known.0[2].date;
    assert!(text.contains(&format!("<FolioRef>9</FolioRef><FchRef>{date}</FchRef>")), "{text}");
}

#[test]
fn a_note_on_what_was_replaced_is_told_of_what_stands_in_its_place_by_now() {
    let made = |folio| seal(&*draft(&factura().to_string()).expect("good"), folio);
    let known = Line(vec![made(7), made(8), made(9)]);
    let citing = |kind: u8, reference: Value| {
        let sale_now = with(factura(), "/Encabezado/IdDoc", json!({ "TipoDTE": kind }));
        let text = with(sale_now, "/Referencia", reference).to_string();
        let sale = sale(&text).expect("a sale");
        Chile::default().draft(&sale, &issuer(), &known, now())
    };
    let reference = json!({ "TpoDocRef": 33, "FolioRef": 7, "CodRef": 1, "RazonRef": "Anula" });
    let refused = citing(61, reference).err().expect("the SII does not have it");
    let told = refused.0.iter().find(|refusal| refusal.code == "reference-rejected").expect("it is told");
    assert!(told.message.ends_with("en su lugar está T33F9. Haga la nota de T33F9."), "{told:?}");
    let warned = citing(33, json!({ "TpoDocRef": 33, "FolioRef": 7 })).expect("it is only cited");
    let warned: Vec<_> = warned.warnings().iter().filter(|w| w.code == "reference-rejected").collect();
    assert!(warned[0].message.ends_with("en su lugar está T33F9: cite ése."), "{warned:?}");
}

/// Folios authorised after the sale take no document of its date (HED-3-305): the refusal says the step, and who
/// takes it hears of the period.
#[test]
fn where_only_later_folios_are_left_the_sale_may_be_dated_today() {
    let rejected = seal(&*draft(&factura().to_string()).expect("good"), 7);
    let later = timbre_core::Grant {
        authorised: "2026-01-20".parse().expect("a day"),
        ..(*desk::grant("33")).clone()
    };
    let of_its_date = redraft(&factura(), &rejected, Number::New).expect("good");
    let no = of_its_date.accepts(&later).expect_err("the SII would reject it");
    assert_eq!(
        (no.code.as_str(), no.authority_codes),
        ("grant-not-yet", vec!["TED-1-646".into(), "HED-3-305".into()])
    );
    for said in
        ["2026-01-15", "2026-01-20", "«2026-01-25» como fecha de emisión (FchEmis)", "«Emitir de nuevo»"]
    {
        assert!(no.message.contains(said), "{said}: {}", no.message);
    }
    assert!(of_its_date.warnings().iter().all(|warning| warning.code != "date-moved"));

    let dated_today = with(factura(), "/Encabezado/IdDoc/FchEmis", json!("2026-01-25"));
    let dated_today = redraft(&dated_today, &rejected, Number::New).expect("the step that was told");
    dated_today.accepts(&later).expect("the CAF takes it");
    let told: Vec<_> = dated_today.warnings().iter().filter(|warning| warning.code == "date-moved").collect();
    assert!(told.len() == 1 && told[0].message.contains("período tributario"), "{told:?}");
}
