//! What follows from a document by the command line: notes in one call, and the envelope for who receives it.

mod desk;
mod shop;

use desk::{Ran, Shop, boleta};
use serde_json::{Value, json};

/// The day in Chile, as the demo's shop has it.
fn today() -> String {
    jiff::Timestamp::now().in_tz("America/Santiago").unwrap().date().to_string()
}

/// What a buyer is sent: the document's same bytes in an envelope of its own, which `verify` finds nothing wrong with.
#[test]
fn a_factura_goes_to_its_receiver_in_an_envelope() {
    let shop = Shop::open();
    let sale = json!({
        "Encabezado": {
            "IdDoc": { "TipoDTE": 33, "FmaPago": 1 },
            "Receptor": { "RUTRecep": "77777777-7", "RznSocRecep": "R", "GiroRecep": "G", "DirRecep": "D", "CmnaRecep": "C" }
        },
        "Detalle": [{ "NmbItem": "Asesoría", "QtyItem": 1, "PrcItem": 1000 }]
    });
    assert_eq!(shop.run_with(&["issue"], &sale.to_string()).code, 0);
    // ISO-8859-1, so not as text.
    let show = |what: &str| shop::ended(&mut shop.command(&["show", "T33F1", what]), "").stdout;
    let (envelope, document) = (show("--envelope"), show("--xml"));
    let holds = |part: &[u8]| envelope.windows(part.len()).any(|bytes| bytes == part);
    let after_prolog = document.iter().position(|byte| *byte == b'\n').expect("a prolog line") + 1;
    assert!(holds(b"<RutReceptor>77777777-7</RutReceptor>"));
    assert!(holds(document[after_prolog..].trim_ascii()), "the same bytes");
    let file = shop.file("sobre.xml", &envelope);
    let judged = shop.run(&["verify", &file, "--json"]).objects();
    let codes: Vec<&Value> =
        judged[0]["findings"].as_array().expect("a list").iter().map(|finding| &finding["code"]).collect();
    assert_eq!(codes, ["caf-training"], "{judged:?}");
}

#[test]
fn a_note_says_what_changes_and_the_rest_follows() {
    let shop = Shop::open();
    let mut sale: Value = serde_json::from_str(&boleta().to_string()).unwrap();
    sale["Detalle"] = json!([{ "NmbItem": "Zapatos", "QtyItem": 1, "PrcItem": 30_000 }]);
    for _ in 0..2 {
        let issued = shop.run_with(&["issue", "--wait", "--json"], &sale.to_string());
        assert_eq!(issued.objects()[0]["state"], "ACEPTADO", "{issued:?}");
    }
    let lines = |name: &str, price: u64| {
        shop.file(
            name,
            json!([{ "NmbItem": "Zapatos", "QtyItem": 1, "PrcItem": price }]).to_string().as_bytes(),
        )
    };
    let (same, less, more) = (lines("same", 30_000), lines("less", 20_000), lines("more", 35_990));
    let exchange = |returned: &str, taken: &str| {
        shop.run(&["note", "T39F1", "--returned", returned, "--taken", taken, "--json"])
    };
    let told = |ran: &Ran| (ran.code, ran.objects()[0]["type"].clone(), ran.objects()[0]["total"].clone());
    assert_eq!(told(&exchange(&same, &same)), (0, Value::Null, json!(0)));
    assert_eq!(told(&exchange(&same, &less)), (0, json!(61), json!(10_000)));
    // What came back already does not come back again.
    let twice = exchange(&same, &less);
    assert!(twice.code == 1 && twice.out.contains("quedan 20.000"), "{twice:?}");
    assert_eq!(told(&exchange(&less, &more)), (0, json!(39), json!(15_990)));
    let again = shop.run(&["note", "T39F1", "--returned", &less, "--taken", &more]);
    assert!(again.code == 0 && again.err.contains("ya la cambia"), "{again:?}");
    let part = shop.run(&["note", "T39F1", "--lines", &less, "--reason", "Falla", "--wait", "--json"]);
    assert_eq!(
        (told(&part), &part.objects()[0]["state"]),
        ((0, json!(61), json!(20_000)), &json!("ACEPTADO"))
    );
    // Nothing is left of it.
    let annul = shop.run(&["note", "T39F1", "--annul"]);
    assert!(annul.code == 1 && annul.err.contains("T39F1"), "{annul:?}");
    let annul = shop.run(&["note", "T39F2", "--annul", "--key", "a", "--wait", "--json"]);
    assert_eq!(told(&annul), (0, json!(61), json!(30_000)));
    let again = shop.run(&["note", "T39F2", "--annul", "--key", "a", "--json"]);
    assert_eq!(
        (&again.objects()[0]["id"], &again.objects()[0]["repeated"]),
        (&annul.objects()[0]["id"], &json!(true))
    );
    let undo =
        shop.run(&["note", annul.objects()[0]["id"].as_str().unwrap(), "--annul", "--debit", "--json"]);
    assert_eq!(told(&undo), (0, json!(56), json!(30_000)));
    // Of another system: a boleta by its total, a factura by what it was.
    let typed =
        shop.run(&["note", "T39F900000001", "--annul", "--total", "4990", "--date", &today(), "--json"]);
    assert_eq!(told(&typed), (0, json!(61), json!(4_990)), "{typed:?}");
    let twice = shop.run(&["note", "T39F900000001", "--annul", "--total", "4990", "--date", &today()]);
    assert!(twice.code == 1 && twice.err.contains("ya lo anula"), "{twice:?}");
    let factura = json!({
        "Encabezado": {
            "IdDoc": { "TipoDTE": 33, "Folio": 99002, "FmaPago": 2 },
            "Receptor": { "RUTRecep": "77777777-7", "RznSocRecep": "R", "GiroRecep": "G", "DirRecep": "D", "CmnaRecep": "C" },
            "Totales": { "MntTotal": 1190 }
        },
        "Detalle": [{ "NmbItem": "Asesoría", "QtyItem": 1, "PrcItem": 1000 }]
    });
    let file = shop.file("factura.json", factura.to_string().as_bytes());
    let annul =
        |id: &str| shop.run(&["note", id, "--annul", "--original", &file, "--date", &today(), "--json"]);
    assert_eq!(told(&annul("T33F900000002")), (0, json!(61), json!(1_190)));
    let text = ["--text", "Donde dice G debe decir H", "--original", &file, "--date", &today(), "--json"];
    assert_eq!(told(&shop.run(&[&["note", "T33F900000003"][..], &text].concat())), (0, json!(61), json!(0)));
    let nobody = shop.run(&["note", "T33F900000004", "--annul"]);
    assert!(nobody.code == 1 && nobody.err.contains("T33F900000004 no está en esta carpeta"), "{nobody:?}");
    for wrong in [
        &["note", "T39F2"][..],
        &["note", "T33F99004", "--annul", "--total", "1"],
        &["note", "T39F2", "--annul", "--original", &same],
        &["note", "T39F2", "--annul", "--text", "x"],
        &["note", "T39F2", "--returned", &same],
        &["note", "nada", "--annul"],
        &["note", "T33F2", "--returned", &same, "--taken", &less],
    ] {
        assert_eq!(shop.run(wrong).code, 2, "{wrong:?}");
    }
    let regions = shop.run(&["verify", "--unsigned"]);
    assert!(regions.code == 0 && regions.out.contains("certificado: "), "{regions:?}");
    assert_eq!(
        shop.run(&["verify", "--unsigned", "--json"]).objects()[0]["unsigned"].as_array().map(Vec::len),
        Some(5)
    );
    // Older than every CAF: it would be refused when it is issued, and the preview says so.
    let mut old = factura.clone();
    old["Encabezado"]["IdDoc"] = json!({ "TipoDTE": 33, "FmaPago": 2, "FchEmis": "2020-01-02" });
    old["Encabezado"]["Totales"] = json!({});
    let previewed = shop.run_with(&["preview", "--json"], &old.to_string());
    assert!(previewed.code == 0 && previewed.out.contains("\"grant-not-yet\""), "{previewed:?}");
    let explained = shop.run_with(&["preview", "--explain"], &sale.to_string());
    assert!(explained.code == 0 && explained.out.contains("dividido por 1,19"), "{explained:?}");
}
