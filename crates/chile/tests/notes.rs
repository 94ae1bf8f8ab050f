//! Notes: what is refused, what is warned of, and what follows from an earlier document of the folder.

mod desk;

use desk::folder::{Folder, bare, foreign, line, of_type, reference};
use desk::seal;
use serde_json::{Value, json};
use timbre_chile::dte;
use timbre_core::DocState;

/// Only a note waits in the queue for what it names; in a boleta CodRef is free text, and what another issuer made
/// is not waited for.
#[test]
fn only_a_note_follows_what_it_corrects() {
    let follows =
        |sale: &Value| Folder::default().draft(sale).unwrap_or_else(|no| panic!("{sale}: {no}")).follows();
    let note = foreign(61, reference(33, 7, 1), line(100));
    assert_eq!(follows(&note).iter().map(ToString::to_string).collect::<Vec<_>>(), ["T33F7"]);
    let mut theirs = note;
    theirs["Referencia"]["RUTOtr"] = "76192083-9".into();
    assert_eq!(follows(&theirs), []);
    let exchange = json!({ "Encabezado": { "IdDoc": { "TipoDTE": 39 } }, "Detalle": line(100),
        "Referencia": { "TpoDocRef": "39", "FolioRef": "41", "CodRef": "CAMBIO" } });
    assert_eq!(follows(&exchange), []);
}

#[test]
fn a_note_is_refused_where_the_sii_would_refuse_it() {
    let none = Folder::default();
    let with = |change: fn(&mut Value)| {
        let mut note = foreign(61, reference(33, 5, 3), line(1000));
        change(&mut note);
        note
    };
    let alone = vec![("note-without-reference".to_owned(), "Referencia".to_owned())];
    assert_eq!(none.refused(&of_type(61, line(1000))), alone, "and nothing else is said of it");
    let only = |reference: Value| foreign(61, reference, line(1000));
    none.refuses(&only(json!({"TpoDocRef": 801, "FolioRef": 1})), "note-without-reference", "Referencia");
    none.refuses(
        &only(json!({"TpoDocRef": 33, "FolioRef": 1})),
        "note-reason-missing",
        "Referencia[0].CodRef",
    );
    none.refuses(&only(reference(52, 5, 1)), "note-on-guia", "Referencia[0].CodRef");
    none.refuses(&only(reference(61, 5, 1)), "note-annuls-other", "Referencia[0].CodRef");
    let debit = |reference: Value| foreign(56, reference, line(1000));
    none.refuses(&debit(reference(33, 5, 1)), "note-annuls-other", "Referencia[0].CodRef");
    none.refuses(&debit(reference(33, 5, 2)), "note-text-debit", "Referencia[0].CodRef");
    none.refuses(&only(reference(33, 5, 2)), "note-text-amount", "Encabezado.Totales.MntTotal");
    none.refuses(
        &with(|note| {
            let other = json!({"TpoDocRef": 33, "FolioRef": 6, "FchRef": "2026-01-10", "CodRef": 3});
            let mut first = other.clone();
            first["CodRef"] = 1.into();
            note["Referencia"] = json!([first, other]);
        }),
        "note-references",
        "Referencia",
    );
    none.refuses(
        &with(|note| {
            note["Referencia"]["CodRef"] = 2.into();
            note["Referencia"]["RazonRef"] = Value::Null;
        }),
        "required",
        "Referencia[0].RazonRef",
    );
    none.refuses(
        &with(|note| note["Referencia"]["FchRef"] = "2026-01-16".into()),
        "reference-date",
        "Referencia[0].FchRef",
    );
    none.refuses(
        &with(|note| note["Referencia"]["TpoDocRef"] = 34.into()),
        "note-taxed",
        "Detalle[0].IndExe",
    );
    none.refuses(
        &with(|note| note["Encabezado"]["Receptor"]["RznSocRecep"] = "".into()),
        "required",
        "Encabezado.Receptor.RznSocRecep",
    );
    // Of one that is not known, what is not said can't be filled in.
    none.refuses(&bare(61, reference(33, 5, 1)), "no-lines", "Detalle");
    none.refuses(&bare(61, reference(33, 5, 1)), "required", "Referencia[0].FchRef");
    none.refuses(&bare(61, reference(33, 5, 1)), "required", "Encabezado.Receptor.RUTRecep");
}

#[test]
fn a_note_is_held_against_the_document_that_it_names() {
    let folder = Folder::default().with(&of_type(33, line(1000)), 5);
    folder.refuses(
        &foreign(61, reference(33, 5, 1), line(999)),
        "note-amount",
        "Encabezado.Totales.MntTotal",
    );
    folder.refuses(
        &foreign(61, reference(33, 5, 3), line(1001)),
        "note-exceeds",
        "Encabezado.Totales.MntTotal",
    );
    let mut other = foreign(61, reference(33, 5, 3), line(1));
    other["Encabezado"]["Receptor"]["RUTRecep"] = "76192083-9".into();
    folder.refuses(&other, "reference-receiver", "Encabezado.Receptor.RUTRecep");
    assert!(folder.draft(&bare(61, reference(33, 5, 1))).is_ok());
    for state in [DocState::Rechazado, DocState::Reemplazado] {
        let folder = Folder::default().with(&of_type(33, line(1000)), 5).in_state("T33F5", state);
        folder.refuses(&bare(61, reference(33, 5, 1)), "reference-rejected", "Referencia[0].FolioRef");
    }
    // The SII must hold it before the note; what is still on its way is told.
    let folder = folder.in_state("T33F5", DocState::Enviado);
    assert!(folder.warned(&bare(61, reference(33, 5, 1))).contains(&"reference-pending".to_owned()));
}

#[test]
fn an_annulled_document_is_filled_in_whole() {
    let taxed = json!([
        { "NmbItem": "Pisco", "QtyItem": 2, "PrcItem": 4537.8151, "CodImpAdic": 24, "DescuentoPct": 10 },
        { "NmbItem": "Libro", "IndExe": 1, "QtyItem": 1, "PrcItem": 5000 },
        { "NmbItem": "Envases", "IndExe": 3, "QtyItem": 6, "PrcItem": 100 },
        { "NmbItem": "Muestra", "IndExe": 4, "QtyItem": 1, "PrcItem": 500 },
    ]);
    let mut factura = of_type(33, taxed);
    factura["DscRcgGlobal"] = json!({ "TpoMov": "D", "TpoValor": "%", "ValorDR": 5 });
    let mut gross = of_type(33, json!([line(5980), { "NmbItem": "Diario", "IndExe": 2, "MontoItem": 700 }]));
    gross["Encabezado"]["IdDoc"]["MntBruto"] = 1.into();
    let mut builder = of_type(33, line(1_000_000));
    builder["Encabezado"]["Totales"] = json!({ "CredEC": 123_500 });
    let mut exempt = of_type(34, line(4321));
    exempt["DscRcgGlobal"] = json!({ "TpoMov": "D", "TpoValor": "$", "ValorDR": 21 });
    let boleta =
        |tipo: u16, lines: Value| json!({ "Encabezado": { "IdDoc": { "TipoDTE": tipo } }, "Detalle": lines });
    let many: Vec<Value> =
        (1..=61).map(|n| json!({ "NmbItem": "Pan", "QtyItem": 1, "PrcItem": 100 + n })).collect();
    let mut not_billed = json!(vec![line(10); 60]);
    not_billed
        .as_array_mut()
        .expect("lines")
        .push(json!({ "NmbItem": "Cobro de terceros", "IndExe": 2, "QtyItem": 1, "PrcItem": 500 }));
    let mut net = boleta(39, line(1005));
    net["Encabezado"]["IdDoc"]["IndMntNeto"] = 2.into();
    for (n, (tipo, sale)) in [
        (33, factura),
        (33, gross),
        (33, builder),
        (34, exempt),
        (39, boleta(39, json!([{ "NmbItem": "Pan", "QtyItem": 0.755, "PrcItem": 2390, "DescuentoMonto": 3 }, { "NmbItem": "Diario", "IndExe": 1, "MontoItem": 1000 }]))),
        (39, boleta(39, many.into())),
        (39, net),
        (41, boleta(41, line(9990))),
        (41, boleta(41, json!(vec![line(10); 70]))),
        (41, boleta(41, not_billed)),
    ]
    .into_iter()
    .enumerate()
    {
        let folio = n as u64 + 1;
        let folder = Folder::default().with(&sale, folio);
        let original = folder.draft(&sale).expect("it was good").totals();
        let annul = bare(61, reference(tipo, folio, 1));
        let (totals, claims) = folder.comes_to(&annul);
        for tag in ["MntNeto", "MntExe", "IVA", "ImptoReten", "CredEC", "GrntDep", "MntTotal", "MontoNF"] {
            assert_eq!(totals.get(tag), original.get(tag), "{tag} of {sale}");
        }
        let total = original["MntTotal"].as_i64().expect("pesos");
        assert_eq!(claims, [(format!("T{tipo}F{folio}"), total)]);
        let note = seal(&*folder.draft(&annul).expect("good"), 9);
        assert_eq!(desk::findings(&note.bytes), [""; 0], "{sale}");
        let receiver = if matches!(tipo, 39 | 41) { "99999999-9" } else { "77777777-7" };
        assert_eq!(note.receiver.id, receiver);
    }
}

#[test]
fn the_buyer_of_a_boleta_gets_its_note() {
    let named = json!({
        "Encabezado": { "IdDoc": { "TipoDTE": 39 }, "Receptor": { "RUTRecep": "76192083-9", "RznSocRecep": "Ana" } },
        "Detalle": line(1000),
    });
    let folder = Folder::default().with(&named, 1);
    let note = seal(&*folder.draft(&bare(61, reference(39, 1, 1))).expect("good"), 1);
    assert_eq!((note.receiver.id.as_str(), note.receiver.name.as_str()), ("76192083-9", "Ana"));
    // Another buyer than the boleta's is the till's affair (REF-3-751 is not applied to boletas).
    let mut other = foreign(61, reference(39, 1, 3), line(1));
    other["Encabezado"]["IdDoc"]["MntBruto"] = 1.into();
    assert!(folder.draft(&other).is_ok());
    // A boleta of another system, typed by hand.
    let mut typed = bare(61, reference(35, 998, 3));
    typed["Referencia"]["FchRef"] = "2026-01-02".into();
    typed["Detalle"] = line(840);
    let draft = folder.draft(&typed).expect("good");
    assert_eq!((draft.totals()["MntTotal"].clone(), draft.claims().0.len()), (1000.into(), 1));
    assert_eq!(seal(&*draft, 2).receiver.id, "99999999-9");
    assert_eq!(folder.warned(&typed), ["note-net-prices"]);
}

#[test]
fn a_text_is_corrected_by_saying_it() {
    let folder = Folder::default().with(&of_type(33, line(1000)), 5);
    let long = "Donde dice Panadería y pastelería Ñuñoa Ltda. debe decir Panadería y Pastelería Ñuñoa SpA.";
    let mut note = bare(61, reference(33, 5, 2));
    note["Referencia"]["RazonRef"] = long.into();
    let (totals, claims) = folder.comes_to(&note);
    assert_eq!((totals, claims), (json!({ "MntTotal": 0 }), vec![]));
    let (_, body) = dte::read(&seal(&*folder.draft(&note).expect("good"), 1).bytes).expect("ours");
    let line = body.group("Detalle").expect("a line");
    assert_eq!(line.leaf("NmbItem"), Some(long.chars().take(80).collect::<String>().trim_end()));
    assert_eq!((line.leaf("DscItem"), line.leaf("MontoItem")), (Some(long), Some("0")));
}

#[test]
fn what_a_note_took_is_given_back_by_what_annuls_the_note() {
    let folder = Folder::default().with(&of_type(33, line(1000)), 5).with(&bare(61, reference(33, 5, 1)), 7);
    let of_folder = folder.clone();
    let (_, claims) = of_folder.comes_to(&bare(56, reference(61, 7, 1)));
    assert_eq!(claims, [("T61F7".to_owned(), 1190), ("T33F5".to_owned(), -1190)]);
    // Interest charged upon a factura uses nothing up.
    let (_, none) = of_folder.comes_to(&foreign(56, reference(33, 5, 3), line(50)));
    assert_eq!(none, []);
    // Several at once: the first is used up first, each as far as something is left of it.
    let two = Folder::default().with(&of_type(33, line(1000)), 5).with(&of_type(33, line(2000)), 6);
    let of_both = |price: u64| {
        let mut note = foreign(61, reference(33, 5, 3), line(price));
        note["Referencia"] = json!([reference(33, 5, 3), reference(33, 6, 3)]);
        note
    };
    assert_eq!(two.comes_to(&of_both(2500)).1, [("T33F5".to_owned(), 1190), ("T33F6".to_owned(), 1785)]);
    let half = two.with(&foreign(61, reference(33, 5, 3), line(500)), 8);
    assert_eq!(half.comes_to(&of_both(2500)).1, [("T33F5".to_owned(), 595), ("T33F6".to_owned(), 2380)]);
    half.refuses(&of_both(2501), "claim-exceeds", "Referencia");
    let mut twice = of_both(100);
    twice["Referencia"] = json!([reference(33, 5, 3), reference(33, 5, 3)]);
    half.refuses(&twice, "reference-repeated", "Referencia[1].FolioRef");
}

/// What is taxed is given back with its IVA, and what bore another tax with that one: the total alone says neither.
#[test]
fn a_note_gives_back_what_the_document_was_made_of() {
    let mixed = json!([
        { "NmbItem": "Pan", "QtyItem": 10, "PrcItem": 100 },
        { "NmbItem": "Diario", "IndExe": 1, "QtyItem": 1, "PrcItem": 190 },
        { "NmbItem": "Vino", "QtyItem": 1, "PrcItem": 1000, "CodImpAdic": 25 },
    ]);
    // 2,000 net, 380 IVA, 190 exempt, 205 of wine.
    let folder = Folder::default().with(&of_type(33, mixed), 5);
    let note = |reason: u8, lines: Value| {
        let mut note = bare(61, reference(33, 5, reason));
        note["Detalle"] = lines;
        note
    };
    let exempt = |amount: u64| json!([{ "NmbItem": "Todo", "IndExe": 1, "QtyItem": 1, "PrcItem": amount }]);
    for tag in ["MntNeto", "MntExe", "IVA", "ImptoReten"] {
        folder.refuses(&note(1, exempt(2775)), "note-amount", &format!("Encabezado.Totales.{tag}"));
    }
    folder.comes_to(&bare(61, reference(33, 5, 1)));
    // In part: no more of each than there is left.
    folder.refuses(&note(3, exempt(300)), "claim-exceeds", "Encabezado.Totales.MntExe");
    let folder = folder.with(&note(3, exempt(100)), 1);
    folder.refuses(&note(3, exempt(100)), "claim-exceeds", "Encabezado.Totales.MntExe");
    let folder = folder.with(&note(3, exempt(90)), 2);
    let wine = |code: u16| json!([{ "NmbItem": "Vino", "QtyItem": 1, "PrcItem": 1000, "CodImpAdic": code }]);
    folder.refuses(&note(3, wine(24)), "claim-exceeds", "Encabezado.Totales.ImptoReten");
    let folder = folder.with(&note(3, wine(25)), 3);
    folder.refuses(
        &note(3, json!([{ "NmbItem": "Pan", "QtyItem": 11, "PrcItem": 100 }])),
        "claim-exceeds",
        "Referencia[0].FolioRef",
    );
    folder.comes_to(&note(3, json!([{ "NmbItem": "Pan", "QtyItem": 10, "PrcItem": 100 }])));
}

/// The same of several at once, together.
#[test]
fn a_note_gives_back_what_several_documents_were_made_of() {
    let exempt = |amount: u64| json!({ "NmbItem": "Pan", "IndExe": 1, "QtyItem": 1, "PrcItem": amount });
    let note = |tipo: u16, gross: bool, lines: Value| {
        let mut note = bare(61, json!([reference(tipo, 5, 3), reference(tipo, 6, 3)]));
        note["Detalle"] = lines;
        if gross {
            note["Encabezado"]["IdDoc"]["MntBruto"] = 1.into();
        }
        note
    };
    let boleta = |price: u64| json!({ "Encabezado": { "IdDoc": { "TipoDTE": 39 } }, "Detalle": line(price) });
    let facturas = Folder::default().with(&of_type(33, line(1000)), 5).with(&of_type(33, line(1000)), 6);
    let boletas = Folder::default().with(&boleta(500), 5).with(&boleta(500), 6);
    facturas.refuses(&note(33, false, exempt(2380)), "claim-exceeds", "Encabezado.Totales.MntExe");
    boletas.refuses(&note(39, false, exempt(1000)), "claim-exceeds", "Encabezado.Totales.MntExe");
    let mut pisco = line(1000);
    pisco["CodImpAdic"] = 24.into();
    facturas.refuses(&note(33, false, pisco), "claim-exceeds", "Encabezado.Totales.ImptoReten");
    // What is of all of them is given back in any part of it, and not beyond by one note after another.
    let mixed = |exento: u64| of_type(33, json!([line(1000), exempt(exento)]));
    let folder = Folder::default().with(&mixed(100), 5).with(&mixed(200), 6);
    folder.comes_to(&note(33, false, json!([line(2000), exempt(300)])));
    let after = folder.with(&note(33, false, exempt(250)), 1);
    after.comes_to(&note(33, false, exempt(50)));
    after.refuses(&note(33, false, exempt(51)), "claim-exceeds", "Encabezado.Totales.MntExe");
    // One of them alone is held to what is left of both, for nobody can tell which of them the note gave back of.
    let one = |lines: Value| {
        let mut one = note(33, false, lines);
        one["Referencia"] = reference(33, 5, 3);
        one
    };
    after.refuses(&one(exempt(51)), "claim-exceeds", "Encabezado.Totales.MntExe");
    after.comes_to(&one(exempt(50)));
    after.comes_to(&one(line(800)));
    // Each boleta rounds its own net: what they charged is given back in one note all the same.
    for price in 1..60 {
        let folder = Folder::default().with(&boleta(price), 5).with(&boleta(price + 7), 6);
        folder.comes_to(&note(39, true, json!([line(price), line(price + 7)])));
        folder.comes_to(&note(39, true, line(2 * price + 7)));
    }
}

/// What is exempt is not rounded where its prices are whole: ten notes give back no more of it than there is.
#[test]
fn no_exempt_peso_is_given_back_twice() {
    let exempt = |amount: Value| json!({ "NmbItem": "Diario", "IndExe": 1, "QtyItem": 1, "PrcItem": amount });
    let note = |amount: Value| {
        let mut note = bare(61, reference(33, 5, 3));
        note["Detalle"] = exempt(amount);
        note
    };
    let of = |amount: Value| Folder::default().with(&of_type(33, json!([line(1000), exempt(amount)])), 5);
    let folder = of(10.into()).with(&note(3.into()), 1).with(&note(3.into()), 2).with(&note(3.into()), 3);
    folder.comes_to(&note(1.into()));
    folder.refuses(&note(2.into()), "claim-exceeds", "Encabezado.Totales.MntExe");
    of(100.into()).refuses(&note(101.into()), "claim-exceeds", "Encabezado.Totales.MntExe");
    // 101 halved are twice 51.
    let half = of(101.into()).with(&note(json!(50.5)), 1);
    half.comes_to(&note(json!(50.5)));
    half.refuses(&note(52.into()), "claim-exceeds", "Encabezado.Totales.MntExe");
}

/// Of a document of another system nobody here knows the total, but what notes of this folder did to it.
#[test]
fn another_systems_document_is_not_annulled_twice_either() {
    let (whole, part) =
        (|| foreign(61, reference(33, 700, 1), line(100)), || foreign(61, reference(33, 700, 3), line(10)));
    let claim = |amount: i64| vec![("T33F700".to_owned(), amount)];
    let folder = Folder::default();
    assert_eq!((folder.comes_to(&whole()).1, folder.comes_to(&part()).1), (claim(119), claim(12)));
    let place = "Referencia[0].FolioRef";
    let annulled = folder.clone().with(&whole(), 1);
    for again in [whole(), part()] {
        annulled.refuses(&again, "already-annulled", place);
    }
    annulled.clone().in_state("T61F1", DocState::Rechazado).comes_to(&whole());
    folder.with(&part(), 1).refuses(&whole(), "claim-exceeds", place);
    // Its annulment undone, it can be annulled anew.
    let undone = annulled.with(&bare(56, reference(61, 1, 1)), 1);
    assert_eq!(undone.comes_to(&whole()).1, claim(119));
    // Somebody else's is none of ours.
    let mut theirs = whole();
    theirs["Referencia"]["RUTOtr"] = "76192083-9".into();
    assert_eq!(Folder::default().comes_to(&theirs).1, []);
}

/// In a factura, or on an order, CodRef does nothing: a till that means something by it hears so.
#[test]
fn a_code_that_does_nothing_is_told() {
    let folder = Folder::default().with(&of_type(33, line(1000)), 5);
    let mut factura = of_type(33, line(10));
    factura["Referencia"] = json!({ "TpoDocRef": 33, "FolioRef": 5, "CodRef": 1, "RazonRef": "Anula" });
    assert!(folder.warned(&factura).contains(&"reference-code".to_owned()));
    let mut note = bare(61, reference(33, 5, 1));
    assert!(!folder.warned(&note).contains(&"reference-code".to_owned()));
    let order =
        json!({ "TpoDocRef": 801, "FolioRef": "OC-1", "FchRef": "2026-01-10", "CodRef": 1, "RazonRef": "x" });
    note["Referencia"] = json!([reference(33, 5, 1), order]);
    assert!(folder.warned(&note).contains(&"reference-code".to_owned()));
}

/// A note that corrects a text, and a factura that is free, are worth nothing and can be annulled all the same.
#[test]
fn what_is_worth_nothing_can_be_annulled() {
    let text = json!({ "Encabezado": { "IdDoc": { "TipoDTE": 61 } }, "Referencia": reference(33, 5, 2) });
    let mut free = of_type(33, json!({ "NmbItem": "Muestra", "MontoItem": 0 }));
    free["Encabezado"]["IdDoc"]["FmaPago"] = 3.into();
    let folder = Folder::default().with(&of_type(33, line(1000)), 5).with(&text, 7).with(&free, 6);
    assert_eq!(folder.comes_to(&bare(56, reference(61, 7, 1))).0["MntTotal"], 0);
    assert_eq!(folder.comes_to(&bare(61, reference(33, 6, 1))).0["MntTotal"], 0);
}

/// No note can be dated in a month's time, and a note with another date than its document's is refused, too.
#[test]
fn what_was_issued_while_the_clock_was_ahead_can_be_annulled_today() {
    let folder = Folder::default().with(&of_type(33, line(1000)), 5).dated("T33F5", "2026-02-15");
    assert_eq!(folder.warned(&bare(61, reference(33, 5, 1))), ["reference-date"]);
    let mut other = bare(61, reference(33, 5, 1));
    other["Referencia"]["FchRef"] = "2026-02-16".into();
    folder.refuses(&other, "reference-date", "Referencia[0].FchRef");
}

/// What can be seen to be wrong in a reference is refused, for the SII would refuse it after the folio is spent.
#[test]
fn a_reference_that_can_not_be_true_is_refused() {
    let folder = Folder::default().with(&of_type(33, line(1000)), 5);
    let with = |tag: &str, value: Value| {
        let mut note = bare(61, reference(33, 5, 3));
        note["Detalle"] = line(10);
        note["Referencia"][tag] = value;
        note
    };
    folder.refuses(&with("FchRef", "2026-01-02".into()), "reference-date", "Referencia[0].FchRef");
    folder.refuses(&with("FolioRef", "ABC".into()), "reference-folio", "Referencia[0].FolioRef");
    // Issued with another system, or not issued at all.
    let other = |folio: u64| foreign(61, reference(33, folio, 3), line(10));
    folder.comes_to(&other(700));
    folder.refuses(&other(501), "reference-unissued", "Referencia[0].FolioRef");
    let mut many = bare(61, reference(33, 0, 1));
    many["Detalle"] = line(10);
    many["Referencia"]["IndGlobal"] = 1.into();
    folder.refuses(&many, "note-references", "Referencia");
    for kind in [3, 4] {
        let mut exempt = of_type(34, json!([{ "NmbItem": "Clase", "QtyItem": 1, "PrcItem": 100 }]));
        exempt["Detalle"][0]["IndExe"] = kind.into();
        folder.refuses(&exempt, "line-kind", "Detalle[0].IndExe");
    }
}

/// Said before a folio is given, with the note's name and where to mend it.
#[test]
fn what_is_annulled_already_or_in_part_is_not_annulled_again() {
    let folder = Folder::default().with(&of_type(33, line(1000)), 5);
    let annuls = |folder: &Folder, sale: &Value| {
        folder.draft(sale).expect("good").annuls().map(|annulled| annulled.to_string())
    };
    let whole = bare(61, reference(33, 5, 1));
    let part = |net: u64| foreign(61, reference(33, 5, 3), line(net));
    let place = "Referencia[0].FolioRef";
    assert_eq!(annuls(&folder, &whole).as_deref(), Some("T33F5"));
    assert_eq!(annuls(&folder, &part(400)), None, "a part of it");
    let other = foreign(61, reference(33, 6, 1), line(400));
    assert_eq!(annuls(&folder, &other).as_deref(), Some("T33F6"), "another system's");

    let in_part = folder.clone().with(&part(400), 7);
    in_part.refuses(&whole, "claim-exceeds", place);
    let no = in_part.draft(&whole).err().expect("refused").to_string();
    assert!(no.contains("T61F7") && no.contains("714, corrija montos (CodRef 3)"), "{no}");

    let annulled = folder.with(&whole, 8);
    for sale in [&whole, &part(400)] {
        annulled.refuses(sale, "already-annulled", place);
        assert!(annulled.draft(sale).err().expect("refused").to_string().contains("T61F8"));
    }
    // The note is annulled, so that all of the factura may be given back again, whole or in part.
    let undo = bare(56, reference(61, 8, 1));
    assert_eq!(annuls(&annulled, &undo).as_deref(), Some("T61F8"));
    let undone = annulled.with(&undo, 3);
    undone.refuses(&undo, "already-annulled", place);
    assert_eq!(undone.comes_to(&whole).1, [("T33F5".to_owned(), 1190)]);
    assert_eq!(undone.comes_to(&part(1000)).1, [("T33F5".to_owned(), 1190)]);
}

/// A program need not look for the SII's code inside of a sentence.
#[test]
fn the_siis_codes_stand_beside_ours() {
    let folder = Folder::default().with(&of_type(33, line(1000)), 5).in_state("T33F5", DocState::Enviado);
    let of = |sale: &Value| match folder.draft(sale) {
        Ok(draft) => draft.warnings().to_vec(),
        Err(refusals) => refusals.0,
    };
    let mut unsaid = bare(61, reference(33, 5, 1));
    unsaid["Referencia"]["CodRef"] = Value::Null;
    let mut other = bare(61, reference(33, 5, 1));
    other["Encabezado"]["Receptor"] = json!({ "RUTRecep": "76192083-9", "RznSocRecep": "Ana" });
    let mut part = bare(61, reference(33, 5, 1));
    part["Detalle"] = line(10);
    let mut emoji = of_type(33, line(1000));
    emoji["Detalle"]["NmbItem"] = "🍞".into();
    let mut late = of_type(33, line(1000));
    late["Encabezado"]["IdDoc"]["FchEmis"] = "2026-01-10".into();
    for (sale, ours, theirs) in [
        (of_type(61, line(1)), "note-without-reference", Some("REF-3-415")),
        (unsaid, "note-reason-missing", Some("REF-3-758")),
        (other, "reference-receiver", Some("REF-3-751")),
        (part, "note-amount", Some("REF-2-780")),
        (bare(61, reference(33, 5, 1)), "reference-pending", Some("REF-3-750")),
        (late, "date-late", Some("DTE-1-650")),
        (emoji, "text-not-latin1", Some("ENV-3-0")),
        (of_type(33, json!([])), "no-lines", None),
    ] {
        let said = of(&sale);
        let found = said.iter().find(|one| one.code == ours).unwrap_or_else(|| panic!("{ours}: {said:?}"));
        assert_eq!(found.authority_codes, theirs.into_iter().collect::<Vec<_>>(), "{ours}");
    }
}
