//! Who sold: of what the panel sells a PIN alone tells it; a program says it itself.

use reqwest::Method;
use serde_json::{Value, json};
use timbre_app::Running;
use timbre_tests::{boleta, options, sell, shop_of_company};

use crate::staff::page;
use crate::vouchers::{ask, declare, paid};

/// A sale as a page of the panel makes it, at whose till somebody stands by this permit.
async fn sold_at(shop: &Running, path: &str, cashier: Option<&str>, key: &str, sale: &Value) -> (u16, Value) {
    let request = reqwest::Client::new().post(format!("{}/v1{path}", shop.address.base));
    let request = request.bearer_auth(&*shop.address.token).header("origin", &shop.address.base);
    let request = request.header("timbre-client", "panel").header("idempotency-key", key).json(sale);
    let request = match cashier {
        Some(permit) => request.header("timbre-cashier", permit),
        None => request,
    };
    let answer = request.send().await.expect("the shop answers");
    let status = answer.status().as_u16();
    (status, answer.json().await.expect("a whole answer"))
}

async fn stand(shop: &Running, name: &str, pin: &str) -> String {
    let body = json!({ "name": name, "pin": pin, "act": "sell" }).to_string();
    let (status, answer) = page(shop, Method::POST, "/staff/permit", None, body).await;
    assert_eq!(status, 200, "{answer}");
    answer["permit"].as_str().unwrap().to_owned()
}

async fn hire(shop: &Running, name: &str, role: &str, pin: &str) {
    let worker = json!({ "name": name, "role": role, "pin": pin });
    assert_eq!(ask(shop, Method::PUT, &format!("/staff/{name}"), "", &worker).await.0, 200);
}

/// A sale that says itself who sold it.
fn said(name: &str) -> Value {
    let mut sale = boleta(500);
    sale["Timbre"] = json!({ "Cajero": name });
    sale
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sold_is_known_by_their_pin_whatever_the_page_says() {
    let dir = tempfile::tempdir().unwrap();
    shop_of_company(dir.path(), sii_sim::Desk::company(), &[(39, 1, 50)]).await;
    let shop = timbre_app::start(options(dir.path())).await.expect("it opens");
    let documents = "/documents";

    // While nobody has a PIN nothing is other than before.
    let (status, plain) = sold_at(&shop, documents, None, "a", &said("Eva")).await;
    assert_eq!((status, &plain["document"]["sold_by"]), (201, &json!("Eva")), "{plain}");
    let (_, nobody) = sold_at(&shop, documents, None, "b", &boleta(500)).await;
    assert_eq!(nobody["document"].get("sold_by"), None);

    hire(&shop, "Ana", "encargado", "2580").await;
    hire(&shop, "Beto", "cajero", "4321").await;
    let (status, free) = sold_at(&shop, documents, None, "c", &said("Ana")).await;
    assert_eq!((status, free["document"].get("sold_by")), (201, None), "a page's word is nobody's");
    let beto = stand(&shop, "Beto", "4321").await;
    for key in ["d", "e"] {
        let (status, sold) = sold_at(&shop, documents, Some(&beto), key, &said("Ana")).await;
        assert_eq!((status, &sold["document"]["sold_by"]), (201, &json!("Beto")), "{sold}");
    }
    // What programs sell is as they say.
    let program = sell(&shop, &said("Eva"), "f").await.unwrap();
    assert_eq!(program.document.sold_by.as_deref(), Some("Eva"));

    // So is what one sells in a browser by its own token.
    let order = json!({ "name": "caja-web", "scope": "issue", "who": "Rosa" });
    let (_, made) = ask(&shop, Method::POST, "/tokens", "", &order).await;
    let request = reqwest::Client::new().post(format!("{}/v1{documents}", shop.address.base));
    let request = request.bearer_auth(made["token"].as_str().unwrap()).header("origin", &shop.address.base);
    let request =
        request.header("timbre-client", "caja-web").header("idempotency-key", "web").json(&said("Eva"));
    let web: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(web["document"]["sold_by"], json!("Eva"), "{web}");

    // To stand at the till is to allow nothing.
    let other = stand(&shop, "Beto", "4321").await;
    let (status, _) = page(&shop, Method::POST, "/resend", Some(&other), String::new()).await;
    assert_eq!(status, 403);

    // It is found, and in the table.
    let (_, found) = ask(&shop, Method::GET, "/documents?q=beto", "", &Value::Null).await;
    assert_eq!(found["rows"].as_array().map(Vec::len), Some(2), "{found}");
    let table = reqwest::Client::new().get(format!("{}/v1/documents/export/csv?q=beto", shop.address.base));
    let table = table.bearer_auth(&*shop.address.token).header("timbre-client", "caja");
    let table = table.send().await.unwrap().text().await.unwrap();
    assert!(table.lines().next().unwrap().ends_with(";cajero"), "{table}");
    assert_eq!(table.lines().filter(|line| line.ends_with(";Beto")).count(), 2, "{table}");

    // With the PIN goes the turn, and a sale says so before it is nobody's. What was sold is answered all the same.
    hire(&shop, "Beto", "cajero", "8642").await;
    let (status, over) = sold_at(&shop, documents, Some(&beto), "g", &boleta(500)).await;
    assert_eq!((status, &over["code"]), (403, &json!("cashier-over")));
    let (status, known) = sold_at(&shop, documents, Some(&beto), "d", &said("Ana")).await;
    assert_eq!((status, &known["document"]["sold_by"]), (200, &json!("Beto")), "{known}");

    // What a card's voucher stands for has it, too.
    declare(&shop, true).await;
    let ana = stand(&shop, "Ana", "2580").await;
    let card = paid(boleta(1_190), json!([{ "Medio": "debito", "Monto": 1_190 }]));
    assert_eq!(sold_at(&shop, "/vouchers", Some(&ana), "h", &card).await.0, 201);
    let today = shop.agent.today().unwrap().date;
    let mut table = Vec::new();
    shop.agent.export_vouched(&today, &today, &mut table).unwrap();
    assert!(String::from_utf8(table).unwrap().contains(";Ana;h;"));
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_is_asked_for_the_panel_sells_for_nobody_and_programs_go_on() {
    let dir = tempfile::tempdir().unwrap();
    shop_of_company(dir.path(), sii_sim::Desk::company(), &[(33, 1, 10), (39, 1, 10), (61, 1, 10)]).await;
    std::fs::write(dir.path().join("shop/timbre.toml"), "[till]\nask_cashier = true\n").unwrap();
    let shop = timbre_app::start(options(dir.path())).await.expect("it opens");
    let documents = "/documents";
    assert_eq!(sold_at(&shop, documents, None, "a", &boleta(500)).await.0, 201, "nobody has a PIN");

    hire(&shop, "Ana", "encargado", "2580").await;
    for cashier in [None, Some("inventado")] {
        let (status, needed) = sold_at(&shop, documents, cashier, "b", &said("Ana")).await;
        assert_eq!((status, &needed["code"]), (403, &json!("cashier-needed")), "{needed}");
    }
    assert_eq!(sold_at(&shop, documents, None, "a", &boleta(500)).await.0, 200, "it is sold already");
    sell(&shop, &boleta(500), "c").await.unwrap();
    let ana = stand(&shop, "Ana", "2580").await;
    let (status, sold) = sold_at(&shop, documents, Some(&ana), "b", &said("Ana")).await;
    assert_eq!(
        (status, &sold["document"]["folio"]),
        (201, &json!(3)),
        "no folio was spent on what was refused"
    );

    // A note is of who allowed it, where nobody stands at the till.
    let note = json!({
        "Encabezado": { "IdDoc": { "TipoDTE": 61 } },
        "Referencia": { "TpoDocRef": 39, "FolioRef": 1, "CodRef": 1, "RazonRef": "Anula documento" },
    });
    let body = json!({ "name": "Ana", "pin": "2580", "act": "correct" }).to_string();
    let (_, given) = page(&shop, Method::POST, "/staff/permit", None, body).await;
    let permit = given["permit"].as_str().unwrap();
    let (status, made) = page(&shop, Method::POST, documents, Some(permit), note.to_string()).await;
    assert_eq!((status, &made["document"]["sold_by"]), (201, &json!("Ana")), "{made}");
    shop.stop().await;
}
