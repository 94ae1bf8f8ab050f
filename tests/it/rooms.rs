//! The rooms of the window over the local API, end to end: a file of facturas, what is found and taken out as a
//! file, a note in one call, and folios.

use serde_json::{Value, json};
use timbre_app::{DemoOptions, Options, Running};
use timbre_tests::{factura_to, options, sell, shop_of_company, until};

struct Panel {
    shop: Running,
}

impl Panel {
    async fn open(dir: &std::path::Path) -> Panel {
        shop_of_company(dir, sii_sim::Desk::company(), &[(33, 1, 150), (39, 1, 50), (61, 1, 20)]).await;
        let demo = DemoOptions { latency: std::time::Duration::ZERO, scenario: "calm".to_owned() };
        let shop = timbre_app::start(Options { demo: Some(demo), ..options(dir) }).await.expect("it opens");
        Panel { shop }
    }

    fn ask(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}/v1{path}", self.shop.address.base);
        let request = reqwest::Client::new().request(method, url).bearer_auth(&*self.shop.address.token);
        request.header("Timbre-Client", "tests")
    }

    async fn get(&self, path: &str) -> (u16, Vec<u8>, String) {
        let answer = self.ask(reqwest::Method::GET, path).send().await.expect("the shop answers");
        let named = answer.headers().get("content-disposition").and_then(|name| name.to_str().ok());
        let (status, named) = (answer.status().as_u16(), named.unwrap_or_default().to_owned());
        (status, answer.bytes().await.expect("a whole answer").to_vec(), named)
    }

    async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        self.post_as("application/json", path, body).await
    }

    async fn post_as(&self, kind: &str, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let request = self.ask(reqwest::Method::POST, path).header("Content-Type", kind);
        let answer = request.body(body).send().await.expect("the shop answers");
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.expect("a whole answer");
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_facturas_of_one_file_are_issued_once_and_taken_out_as_they_were_signed() {
    let dir = tempfile::tempdir().unwrap();
    let panel = Panel::open(dir.path()).await;
    // Written by hand, with a decimal that must stay as it is.
    let sale = |n: u64| {
        let mut sale = factura_to("77777777-7", 1_000 + n);
        sale["Detalle"][0]["QtyItem"] = "1.50".into();
        sale
    };
    let lines: Vec<String> = (0..100).map(|n| sale(n).to_string()).collect();
    let bad = json!({ "Encabezado": { "IdDoc": { "TipoDTE": 33 } }, "Detalle": [] }).to_string();
    let (status, checked) = panel.post("/batch/check", [lines.join("\n"), bad].join("\n")).await;
    assert_eq!(status, 200, "{checked}");
    let sales = checked["sales"].as_array().unwrap();
    assert_eq!(sales.len(), 101);
    assert!(sales[..100].iter().all(|sale| sale["refusals"] == json!([]) && sale["kind"] == "Factura"));
    assert_ne!(sales[100]["refusals"], json!([]));
    assert_eq!(panel.shop.agent.stats().total, 0, "nothing was issued");

    let file = lines.join("\n");
    let (_, checked) = panel.post("/batch/check", file.clone()).await;
    for pass in 0..2 {
        for sale in checked["sales"].as_array().unwrap() {
            let request =
                panel.ask(reqwest::Method::POST, "/documents").header("Content-Type", "application/json");
            let request = request.header("idempotency-key", sale["key"].as_str().unwrap());
            let answer = request.body(sale["sale"].as_str().unwrap().to_owned()).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), if pass == 0 { 201 } else { 200 });
        }
    }
    assert_eq!(panel.shop.agent.stats().total, 100);
    let (_, again) = panel.post("/batch/check", file).await;
    assert_eq!(again["sales"][99]["issued"]["id"], "T33F100");
    let (_, text, _) = panel.get("/documents/T33F1/sale").await;
    assert_eq!(String::from_utf8(text).unwrap(), lines[0]);

    let (_, found, _) = panel.get("/documents/found?type=33").await;
    let found: Value = serde_json::from_slice(&found).unwrap();
    assert_eq!(found["documents"], 100);
    let (status, xml, name) = panel.get("/documents/export/xml?type=33").await;
    assert_eq!(status, 200);
    assert!(name.starts_with("attachment; filename=\"documentos-") && name.ends_with(".xml\""), "{name}");
    assert!(xml.starts_with(b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<Documentos>\n<DTE"));
    // Each document's file is in it, without its own first line, byte for byte.
    for n in 1..=100 {
        let alone = panel.shop.agent.file(&format!("T33F{n}")).unwrap();
        let begin = alone.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let signed = &alone[begin..];
        assert!(xml.windows(signed.len()).any(|part| part == signed), "T33F{n} is there as it was signed");
    }
    let (_, csv, _) = panel.get("/documents/export/csv?q=77777777-7").await;
    assert_eq!(String::from_utf8(csv).unwrap().lines().count(), 101);
    assert_eq!(panel.get("/documents/export/pdf").await.0, 400);
    panel.shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_matches_is_resent_and_a_note_is_one_call() {
    let dir = tempfile::tempdir().unwrap();
    let panel = Panel::open(dir.path()).await;
    panel.shop.agent.set_running(false);
    sell(&panel.shop, &factura_to("77777777-7", 1_000), "a").await.unwrap();
    sell(&panel.shop, &timbre_tests::boleta(500), "b").await.unwrap();
    let (status, resent) = panel.post("/resend", json!({ "matching": { "type": "33" } }).to_string()).await;
    assert_eq!((status, &resent["queued"], &resent["documents"]), (200, &json!(1), &json!(["T33F1"])));
    let both = json!({ "ids": ["T33F1"], "matching": {} }).to_string();
    assert_eq!(panel.post("/resend", both).await.0, 400);
    until(&panel.shop, |shop| shop.agent.stats().accepted == 2).await;

    // What the window sends for «Nota de crédito»: the rest follows from the factura.
    let reference = json!({ "TpoDocRef": 33, "FolioRef": 1, "CodRef": 1, "RazonRef": "Anula documento" });
    let note = json!({ "Encabezado": { "IdDoc": { "TipoDTE": 61 } }, "Referencia": reference });
    let (status, preview) = panel.post("/documents/preview", note.to_string()).await;
    assert_eq!((status, &preview["totals"]["MntTotal"]), (200, &json!(2_380)));
    let made = sell(&panel.shop, &note, "note").await.unwrap();
    assert_eq!(made.document.id, "T61F1");
    until(&panel.shop, |shop| shop.agent.detail("T33F1").unwrap().row.annulled_by.is_some()).await;
    let twice =
        sell(&panel.shop, &note, "another").await.expect_err("what is annulled is not annulled again");
    assert_eq!(twice.code, "already-annulled");
    panel.shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_of_a_caf_is_shown_beside_the_whole_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let panel = Panel::open(dir.path()).await;
    let company = sii_sim::Desk::company();
    let caf = sii_sim::Desk::caf(company.rut, 33, 201, 300, "2026-11-01".parse().unwrap(), company.name);
    let (status, loaded) = panel.post_as("application/xml", "/folios?share=2%2F2&used_up_to=260", caf).await;
    assert_eq!(status, 201, "{loaded}");
    let part = |name: &str| loaded[name].as_u64().unwrap();
    assert_eq!((part("first"), part("last"), part("next"), part("left")), (251, 300, 261, 40));
    assert_eq!((part("lent_first"), part("lent_last")), (201, 300));
    let order = json!({ "type": "33", "folio": 251, "who": "Rosa" }).to_string();
    let (status, problem) = panel.post("/folios/annulled", order).await;
    assert_eq!((status, &problem["code"]), (409, &json!("nothing-to-annul")));
    panel.shop.stop().await;
}

/// As a spreadsheet in Chile saves it.
fn windows_1252(text: &str) -> Vec<u8> {
    text.trim_start_matches('\u{feff}')
        .chars()
        .map(|ch| u8::try_from(ch).expect("a letter of Spanish"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_sheet_is_good_however_a_spreadsheet_saves_it() {
    let dir = tempfile::tempdir().unwrap();
    let panel = Panel::open(dir.path()).await;
    let (status, bytes, name) = panel.get("/batch/example").await;
    assert_eq!(status, 200);
    assert!(
        name.starts_with("attachment; filename=\"planilla-de-ejemplo-") && name.ends_with(".csv\""),
        "{name}"
    );
    let text = String::from_utf8(bytes.clone()).unwrap();
    let commas = text.replace(',', "\u{1}").replace(';', ",").replace("0\u{1}250", "\"0,250\"");
    let commas = commas.replace("Harina especial\u{1} saco", "\"Harina especial, saco\"");
    let mut keys = Vec::new();
    for (kind, file) in [
        ("text/csv", bytes),
        ("application/octet-stream", windows_1252(&text)),
        ("application/octet-stream", commas.into_bytes()),
        (
            "application/octet-stream",
            format!("sep=;\r\n{}", text.trim_start_matches('\u{feff}')).into_bytes(),
        ),
    ] {
        let (status, checked) = panel.post_as(kind, "/batch/check", file).await;
        assert_eq!(status, 200, "{checked}");
        let sales = checked["sales"].as_array().unwrap();
        let told: Vec<_> = sales
            .iter()
            .map(|sale| {
                (
                    sale["kind"].as_str().unwrap(),
                    sale["totals"]["MntTotal"].as_i64(),
                    &sale["refusals"],
                    &sale["warnings"],
                )
            })
            .collect();
        let nothing = json!([]);
        let good = |kind, total| (kind, Some(total), &nothing, &nothing);
        assert_eq!(told, [good("Boleta", 3_098), good("Boleta", 2_150), good("Factura", 43_999)]);
        keys.push(sales.iter().map(|sale| sale["key"].clone()).collect::<Vec<_>>());
    }
    keys.dedup();
    assert_eq!(keys.len(), 1, "it is the same file, however it was saved");
    assert!(
        keys[0][0].as_str().unwrap().starts_with("archivo-"),
        "no sale is called 1, as the next file's would be"
    );
    panel.shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_in_a_sheet_is_said_with_its_line_and_column() {
    let dir = tempfile::tempdir().unwrap();
    let panel = Panel::open(dir.path()).await;
    let heads =
        "venta;tipo;rut;razon social;giro;direccion;comuna;pago;producto;cantidad;precio;descuento;exento";
    let rows = [
        "1;39;;;;;;;Pan;1;350;;",
        "1;39;;;;;;;Queso;1;dos mil;;",
        "2;39;;;;;;;Pan;1;350;;",
        "2;39;;;;;;;Té;1;990;;9",
        "3;33;77.777.777-1;Panadería;Pan;Calle Uno 1;Ñuñoa;1;Harina;1;1000;;",
        "4;39;;;;;;;Pan;1",
        "5;39;;;;;;;Pan;1;350;;",
    ];
    let file = windows_1252(&format!("{heads}\n{}\n", rows.join("\n")));
    let (status, checked) = panel.post_as("text/csv", "/batch/check", file).await;
    assert_eq!(status, 200, "{checked}");
    let places: Vec<_> = checked["sales"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sale| sale["refusals"][0]["path"].as_str())
        .collect();
    assert_eq!(
        places,
        [
            Some("línea 3, columna «precio»"),
            Some("línea 5, columna «exento»"),
            Some("línea 6, columna «rut»"),
            Some("línea 7"),
            None
        ],
        "{checked}"
    );
    let (_, checked) = panel.post_as("text/csv", "/batch/check", "venta;tipo\n1;39\n").await;
    let why = checked["sales"][0]["refusals"][0]["message"].as_str().unwrap();
    assert!(why.starts_with("La tabla no trae la columna «") && why.ends_with("»."), "{why}");
    panel.shop.stop().await;
}
