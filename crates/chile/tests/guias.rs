//! Guías: what they say, and the facturas that bill them.

mod desk;

use desk::folder::{Folder, bare, guia, line, of_type, reference};
use desk::seal;
use serde_json::{Value, json};
use timbre_core::DocState;

/// What is filled in from earlier documents is held to the limits of what is sold (formato DTE 2.4.2, Detalle).
#[test]
fn lines_of_guias_are_not_taken_over_where_they_would_say_something_else() {
    let many = Value::Array(vec![line(100); 25]);
    let folder = (1..=3).fold(Folder::default(), |folder, n| folder.with(&guia(1, many.clone()), n));
    let of = |tipo: u16, guias: &[u64]| {
        let references: Vec<_> = guias.iter().map(|n| json!({ "TpoDocRef": 52, "FolioRef": n })).collect();
        json!({ "Encabezado": { "IdDoc": { "TipoDTE": tipo, "FmaPago": 2 } }, "Referencia": references })
    };
    assert_eq!(folder.comes_to(&of(33, &[1, 2])).0["MntNeto"], 5000);
    folder.refuses(&of(33, &[1, 2, 3]), "too-many-lines", "Detalle");
    // Prices of a guía are net, and what bears IVA there is not exempt here.
    let mut gross = of(33, &[1]);
    gross["Encabezado"]["IdDoc"]["MntBruto"] = 1.into();
    folder.refuses(&gross, "no-lines", "Detalle");
    folder.refuses(&of(34, &[1]), "no-lines", "Detalle");
}

/// Nothing of it stops a sale: a till may have its reasons.
#[test]
fn a_guia_that_is_anothers_or_sold_nothing_is_told() {
    let mut other = guia(1, line(100));
    other["Encabezado"]["Receptor"]["RUTRecep"] = "76192083-9".into();
    let mut within = guia(5, line(100));
    within["Encabezado"]["Receptor"] = json!({});
    let folder = Folder::default().with(&other, 1).with(&within, 2).with(&guia(1, line(100)), 3);
    let warned = |folio: u64| {
        let mut factura = of_type(33, line(100));
        factura["Encabezado"]["IdDoc"]["FmaPago"] = 2.into();
        factura["Referencia"] = json!({ "TpoDocRef": 52, "FolioRef": folio });
        let mut codes = folder.warned(&factura);
        codes.retain(|code| code.starts_with("guia"));
        codes
    };
    assert_eq!((warned(1), warned(3)), (vec!["guia-receiver".to_owned()], vec![]));
    assert_eq!(warned(2), ["guia-receiver", "guia-kind"]);
    for (kind, is_told) in [(1, false), (2, false), (3, false), (4, true), (6, true)] {
        let folder = Folder::default().with(&guia(kind, line(100)), 1);
        let mut factura = of_type(33, line(100));
        factura["Referencia"] = json!({ "TpoDocRef": 52, "FolioRef": 1 });
        assert_eq!(folder.warned(&factura).contains(&"guia-kind".to_owned()), is_told, "{kind}");
    }
}

/// A factura would bill it twice. Where nothing is billed by it the SII takes a reference twice.
#[test]
fn a_document_that_is_named_twice_is_refused_or_told() {
    let twice = |tipo: u16, of: u16, lines: Value| {
        let mut sale = of_type(tipo, lines);
        sale["Encabezado"]["IdDoc"]["FmaPago"] = 2.into();
        let reference = json!({ "TpoDocRef": of, "FolioRef": 1, "FchRef": "2026-01-15" });
        sale["Referencia"] = json!([reference, reference]);
        sale
    };
    let silent = guia(2, json!({ "NmbItem": "Silla", "QtyItem": 4 }));
    for guia in [guia(1, line(100)), silent] {
        let folder = Folder::default().with(&guia, 1);
        for lines in [Value::Null, line(100)] {
            folder.refuses(&twice(33, 52, lines), "reference-repeated", "Referencia[1].FolioRef");
        }
    }
    let told = Folder::default().warned(&twice(33, 33, line(100)));
    assert_eq!(told, ["reference-repeated"]);
    let orders = Folder::default().warned(&twice(33, 801, line(100)));
    assert_eq!(orders, [""; 0], "an order may be billed line by line");
    let boleta = json!({ "Encabezado": { "IdDoc": { "TipoDTE": 39 } }, "Detalle": line(100),
        "Referencia": [{ "TpoDocRef": 39, "FolioRef": 1 }, { "TpoDocRef": 39, "FolioRef": 1 }] });
    assert_eq!(Folder::default().warned(&boleta), ["reference-repeated"]);
}

#[test]
fn guias_become_one_factura() {
    let lines = |price: u64| json!([{ "NmbItem": "Harina", "QtyItem": 2, "PrcItem": price }, { "NmbItem": "Muestra", "IndExe": 4, "QtyItem": 1 }]);
    let folder = Folder::default().with(&guia(1, lines(500)), 1).with(&guia(1, lines(700)), 2);
    let mut factura = json!({ "Encabezado": { "IdDoc": { "TipoDTE": 33, "FmaPago": 2 } },
        "Referencia": [{ "TpoDocRef": 52, "FolioRef": 1 }, { "TpoDocRef": 52, "FolioRef": 2 }] });
    let (totals, claims) = folder.comes_to(&factura);
    assert_eq!(totals["MntNeto"], 2400);
    assert_eq!(claims, [("T52F1".to_owned(), 1190), ("T52F2".to_owned(), 1666)]);
    // One that is not known here would be forgotten: nothing is filled in.
    factura["Referencia"][1]["FolioRef"] = 3.into();
    folder.refuses(&factura, "no-lines", "Detalle");
    // A part of one guía, and the rest later.
    let mut part = of_type(33, line(400));
    part["Encabezado"]["IdDoc"]["FmaPago"] = 2.into();
    part["Referencia"] = json!({ "TpoDocRef": 52, "FolioRef": 1 });
    assert_eq!(folder.comes_to(&part).1, [("T52F1".to_owned(), 476)]);
    let factura_of = |guias: &[u64]| {
        let references: Vec<_> = guias.iter().map(|n| json!({ "TpoDocRef": 52, "FolioRef": n })).collect();
        json!({ "Encabezado": { "IdDoc": { "TipoDTE": 33, "FmaPago": 2 } }, "Referencia": references })
    };
    // A quarter of 1190 is 298, so that the last is two pesos more than what the others leave of the guía.
    let of = |price: u64| {
        let mut quarter = part.clone();
        quarter["Detalle"] = line(price);
        quarter
    };
    let three = (10..13).fold(folder.clone(), |folder, n| folder.with(&of(250), n));
    assert_eq!(three.comes_to(&of(250)).1, [("T52F1".to_owned(), 297)]);
    three.refuses(&of(260), "claim-exceeds", "Referencia[0].FolioRef");
    three.clone().with(&of(250), 13).refuses(&of(1), "claim-exceeds", "Referencia[0].FolioRef");
    // What is left of one goes with the whole of another, and its lines are the till's to say.
    folder.clone().with(&of(250), 10).refuses(&factura_of(&[1, 2]), "no-lines", "Detalle");
    let mut both = factura_of(&[1, 2]);
    both["Detalle"] = line(2150);
    let rest = folder.clone().with(&of(250), 10).comes_to(&both).1;
    assert_eq!(rest, [("T52F1".to_owned(), 892), ("T52F2".to_owned(), 1666)]);
    three.clone().with(&of(250), 13).refuses(&both, "claim-exceeds", "Referencia[0].FolioRef");
    // A guía without prices may be billed in parts: that it was is said.
    let silent = guia(2, json!([{ "NmbItem": "Silla", "QtyItem": 4 }]));
    let silent = Folder::default().with(&silent, 1);
    assert!(!silent.warned(&of(250)).contains(&"guia-billed".to_owned()));
    assert!(silent.with(&of(250), 10).warned(&of(250)).contains(&"guia-billed".to_owned()));
    // A factura that is annulled leaves its guías to be billed anew, until its note is annulled too.
    let mut both = factura.clone();
    both["Referencia"][1]["FolioRef"] = 2.into();
    let folder = folder.with(&both, 9);
    let names = |claims: Vec<(String, i64)>| {
        claims.into_iter().map(|(id, n)| format!("{id} {n}")).collect::<Vec<_>>()
    };
    let annul = bare(61, reference(33, 9, 1));
    assert_eq!(names(folder.comes_to(&annul).1), ["T33F9 2856", "T52F1 -1190", "T52F2 -1666"]);
    let folder = folder.with(&annul, 4);
    let again = folder.comes_to(&bare(56, reference(61, 4, 1))).1;
    assert_eq!(names(again), ["T61F4 2856", "T33F9 -2856", "T52F1 1190", "T52F2 1666"]);
}

/// Whichever billed it first, as a factura after a factura.
#[test]
fn a_guia_that_a_boleta_billed_is_not_billed_again_by_a_factura_nor_the_other_way() {
    let of = |tipo: u16, price: u64, reference: Value| {
        let mut sale = of_type(tipo, line(price));
        match tipo {
            33 => sale["Encabezado"]["IdDoc"]["FmaPago"] = 2.into(),
            _ => sale["Encabezado"]["Receptor"] = Value::Null,
        }
        sale["Referencia"] = reference;
        sale
    };
    let first = || json!({ "TpoDocRef": 52, "FolioRef": 1 });
    let (boleta, factura) = (|price| of(39, price, first()), |price| of(33, price, first()));
    let folder = Folder::default().with(&guia(1, line(1000)), 1);
    let place = "Referencia[0].FolioRef";
    // A boleta's price has its IVA: 1190.
    assert_eq!(folder.comes_to(&boleta(1190)).1, [("T52F1".to_owned(), 1190)]);
    assert_eq!(
        folder.comes_to(&boleta(1500)).1,
        [("T52F1".to_owned(), 1190)],
        "other things are sold beside"
    );
    for after in [factura(1000), factura(1), boleta(1190), boleta(1)] {
        folder.clone().with(&boleta(1190), 1).refuses(&after, "claim-exceeds", place);
        folder.clone().with(&factura(1000), 1).refuses(&after, "claim-exceeds", place);
    }
    // A part each: the last is held to the rest.
    let part = folder.clone().with(&boleta(595), 1);
    assert_eq!(part.comes_to(&factura(500)).1, [("T52F1".to_owned(), 595)]);
    part.refuses(&factura(510), "claim-exceeds", place);
    let why = part.draft(&factura(510)).err().expect("it is more than the rest").to_string();
    assert!(why.contains("T39F1") && why.contains("595"), "{why}");
    part.clone().with(&factura(500), 1).refuses(&boleta(1), "claim-exceeds", place);
    // Two guías of one boleta, each named once.
    let both = json!([first(), { "TpoDocRef": 52, "FolioRef": 2 }]);
    let two = folder.clone().with(&guia(1, line(500)), 2).with(&of(39, 1785, both), 1);
    let mut second = factura(500);
    second["Referencia"]["FolioRef"] = 2.into();
    two.refuses(&second, "claim-exceeds", place);
    folder.refuses(&of(39, 100, json!([first(), first()])), "reference-repeated", "Referencia[1].FolioRef");
    // One without prices is told, and what was annulled or rejected bills nothing any more.
    let silent = Folder::default().with(&guia(2, json!({ "NmbItem": "Silla", "QtyItem": 4 })), 1);
    assert!(!silent.warned(&boleta(990)).contains(&"guia-billed".to_owned()));
    for (earlier, later) in [(boleta(990), factura(990)), (factura(990), boleta(990))] {
        assert!(silent.clone().with(&earlier, 1).warned(&later).contains(&"guia-billed".to_owned()));
    }
    let billed = folder.with(&boleta(1190), 1);
    let rejected = billed.clone().in_state("T39F1", DocState::Rechazado);
    assert_eq!(rejected.comes_to(&factura(1000)).1, [("T52F1".to_owned(), 1190)]);
    let annul = bare(61, reference(39, 1, 1));
    assert_eq!(billed.comes_to(&annul).1, [("T39F1".to_owned(), 1190), ("T52F1".to_owned(), -1190)]);
    let freed = billed.with(&annul, 1);
    assert_eq!(freed.comes_to(&factura(1000)).1, [("T52F1".to_owned(), 1190)]);
}

#[test]
fn a_guia_says_what_it_moves_and_why() {
    let none = Folder::default();
    none.refuses(&of_type(52, line(1)), "required", "Encabezado.IdDoc.IndTraslado");
    let free = json!({ "NmbItem": "Silla", "QtyItem": 4 });
    assert_eq!(none.comes_to(&guia(6, free.clone())).0, json!({ "MntTotal": 0 }));
    none.refuses(&guia(1, free.clone()), "price-missing", "Detalle[0]");
    none.refuses(&guia(5, free.clone()), "receiver-not-issuer", "Encabezado.Receptor.RUTRecep");
    none.refuses(&guia(8, free.clone()), "required", "Encabezado.Emisor.GuiaExport.CdgTraslado");
    let mut within = guia(5, free.clone());
    within["Encabezado"]["Receptor"] = Value::Null;
    assert_eq!(seal(&*none.draft(&within).expect("good"), 1).receiver.id, "99999999-9");
    let less = json!({ "NmbItem": "Envases", "IndExe": 5, "QtyItem": 4 });
    none.refuses(&guia(1, less.clone()), "line-kind", "Detalle[0].IndExe");
    none.refuses(&guia(7, less.clone()), "line-kind", "Detalle[0].IndExe");
    let mut refers = guia(7, less);
    refers["Referencia"] = json!({ "TpoDocRef": 52, "FolioRef": 4, "FchRef": "2026-01-10" });
    assert!(none.draft(&refers).is_ok());
    let aside = json!([line(100), { "NmbItem": "Muestra", "IndExe": 4, "QtyItem": 1, "PrcItem": 500 }]);
    assert_eq!(none.comes_to(&guia(1, aside.clone())).0["MntNeto"], 100);
    none.refuses(&guia(6, aside), "line-kind", "Detalle[1].IndExe");
    assert_eq!(none.warned(&guia(6, free)), ["transport-missing"]);
    let global = json!({ "TpoMov": "D", "TpoValor": "%", "ValorDR": 5 });
    let mut discounted = guia(1, line(100));
    discounted["DscRcgGlobal"] = global;
    none.refuses(&discounted, "tag-not-for-type", "DscRcgGlobal");
}

/// A guía, and a factura that goes with goods, have to be at the SII before these move; what a customer takes along
/// from the counter is no transport.
#[test]
fn what_covers_goods_on_the_road_awaits_the_sii() {
    let awaits = |sale: &Value| {
        let draft = Folder::default().draft(sale).unwrap_or_else(|no| panic!("{sale}: {no}"));
        draft.awaits_authority()
    };
    let factura = |tag: &str, value: Value| {
        let mut factura = of_type(33, line(100));
        factura["Encabezado"]["IdDoc"]["FmaPago"] = 1.into();
        match tag {
            "" => {}
            "TipoDespacho" => factura["Encabezado"]["IdDoc"][tag] = value,
            tag => factura["Encabezado"]["Transporte"] = json!({ tag: value }),
        }
        factura
    };
    assert!(awaits(&guia(1, line(100))) && awaits(&guia(6, line(100))));
    assert!(!awaits(&factura("", Value::Null)));
    assert!(!awaits(&factura("DirDest", "Calle 1".into())), "an address is not yet a truck");
    for way in 1..=3 {
        assert!(awaits(&factura("TipoDespacho", way.into())), "{way}");
    }
    assert!(awaits(&factura("Patente", "ABCD12".into())));
}

/// A note that the SII rejects gives nothing back: who had used that already would charge it, or give it back, twice.
#[test]
fn what_uses_what_a_note_gave_back_waits_for_that_note() {
    let waits = |folder: &Folder, sale: &Value| {
        let draft = folder.draft(sale).unwrap_or_else(|no| panic!("{sale}: {no}"));
        let told = draft.warnings().iter().filter(|warning| warning.code == "freed-pending").count();
        (draft.follows().iter().map(ToString::to_string).collect::<Vec<_>>(), told)
    };
    let factura = |price: u64| {
        let mut factura = of_type(33, line(price));
        factura["Encabezado"]["IdDoc"]["FmaPago"] = 2.into();
        factura["Referencia"] = json!({ "TpoDocRef": 52, "FolioRef": 1 });
        factura
    };
    let annul = bare(61, reference(33, 1, 1));
    let folder = Folder::default().with(&guia(1, line(1000)), 1).with(&factura(600), 1).with(&annul, 1);
    let pending = folder.clone().in_state("T61F1", DocState::Enviado);
    assert_eq!(waits(&pending, &factura(1000)), (vec!["T61F1".to_owned()], 1));
    assert_eq!(waits(&folder, &factura(1000)), (vec![], 0), "the SII has it");
    // Of 1190 there are 476 that nobody had billed.
    assert_eq!(waits(&pending, &factura(400)), (vec![], 0));
    assert_eq!(waits(&pending, &factura(401)).0, ["T61F1"]);
    let taken = pending.clone().with(&factura(300), 2);
    assert_eq!(waits(&taken, &factura(200)).0, ["T61F1"]);
    // What is charged again of the annulled factura takes as much of the guía, as far as nobody has it by now.
    let mut again = bare(56, reference(61, 1, 3));
    again["Detalle"] = line(300);
    let claims = |folder: &Folder| {
        folder.comes_to(&again).1.into_iter().map(|(id, n)| format!("{id} {n}")).collect::<Vec<_>>()
    };
    assert_eq!(claims(&folder), ["T61F1 357", "T33F1 -357", "T52F1 357"]);
    assert_eq!(claims(&folder.clone().with(&factura(900), 2)), ["T61F1 357", "T33F1 -357", "T52F1 119"]);
    // Who annuls again what was annulled waits for what undid that.
    let undone = folder.with(&bare(56, reference(61, 1, 1)), 1);
    assert_eq!(waits(&undone, &annul), (vec!["T33F1".to_owned()], 0));
    let pending = undone.in_state("T56F1", DocState::Pendiente);
    assert_eq!(waits(&pending, &annul), (vec!["T33F1".to_owned(), "T56F1".to_owned()], 1));
}

/// The factura of a guía is annulled before the SII has judged it, and it rejects that factura: the guía is free once,
/// and not once more for the note that waits.
#[test]
fn what_a_rejected_factura_billed_is_not_freed_again_by_its_note() {
    let mut factura = of_type(33, line(1000));
    factura["Encabezado"]["IdDoc"]["FmaPago"] = 2.into();
    factura["Referencia"] = json!({ "TpoDocRef": 52, "FolioRef": 1 });
    let annul = bare(61, reference(33, 1, 1));
    let folder = Folder::default().with(&guia(1, line(1000)), 1).with(&factura, 1).with(&annul, 1);
    let folder = folder.in_state("T33F1", DocState::Rechazado).in_state("T61F1", DocState::Generado);
    let again = folder.with(&factura, 2);
    again.refuses(&factura, "claim-exceeds", "Referencia[0].FolioRef");
}

/// The same of a factura whose credit note was annulled, and which is given back in parts.
#[test]
fn what_a_rejected_credit_note_gave_back_is_not_charged_again_by_its_debit_note() {
    let mut factura = of_type(33, line(1000));
    factura["Encabezado"]["IdDoc"]["FmaPago"] = 2.into();
    let part = |price: u64| {
        let mut part = bare(61, reference(33, 1, 3));
        part["Detalle"] = line(price);
        part
    };
    let folder =
        Folder::default().with(&factura, 1).with(&part(1000), 1).with(&bare(56, reference(61, 1, 1)), 1);
    let folder = folder.in_state("T61F1", DocState::Rechazado).in_state("T56F1", DocState::Generado);
    let again = folder.with(&part(900), 2);
    again.refuses(&part(101), "claim-exceeds", "Referencia[0].FolioRef");
    assert_eq!(again.comes_to(&part(100)).1, [("T33F1".to_owned(), 119)]);
}
