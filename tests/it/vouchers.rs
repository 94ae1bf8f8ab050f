//! Sales that a card's voucher stands for: no document, no folio, nothing for the SII, and never lost.

use reqwest::Method;
use serde_json::{Value, json};
use timbre_app::Running;
use timbre_tests::{boleta, factura_to, options, shop_of_company, until};

pub async fn ask(shop: &Running, method: Method, path: &str, key: &str, body: &Value) -> (u16, Value) {
    let url = format!("{}/v1{path}", shop.address.base);
    let request = reqwest::Client::new().request(method, url).bearer_auth(&*shop.address.token);
    let request = request.header("timbre-client", "caja");
    let request = if key.is_empty() { request } else { request.header("idempotency-key", key) };
    let request = if body.is_null() { request } else { request.json(body) };
    let answer = request.send().await.expect("the shop answers");
    let status = answer.status().as_u16();
    let bytes = answer.bytes().await.expect("a whole answer");
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

pub fn paid(mut sale: Value, payments: Value) -> Value {
    sale["Timbre"] = json!({ "Pagos": payments });
    sale
}

pub async fn declare(shop: &Running, stands: bool) -> (u16, Value) {
    let today = shop.agent.today().unwrap().date;
    let order = json!({ "stands": stands, "since": today, "who": "Ana" });
    ask(shop, Method::PUT, "/vouchers/terms", "", &order).await
}

/// What the day's documents come to.
fn sum_of(shop: &Running) -> i64 {
    shop.agent.today().unwrap().hours.iter().map(|hour| hour.total).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_voucher_stands_for_gets_a_record_and_no_document_once_the_company_said_so() {
    let dir = tempfile::tempdir().unwrap();
    shop_of_company(dir.path(), sii_sim::Desk::company(), &[(33, 1, 10), (39, 1, 10)]).await;
    let shop = timbre_app::start(options(dir.path())).await.expect("it opens");
    let card = paid(boleta(1_190), json!([{ "Medio": "Débito", "Monto": 1_190 }]));
    let cash = paid(boleta(500), json!([{ "Medio": "efectivo", "Monto": 500 }]));
    let both = paid(
        boleta(900),
        json!([{ "Medio": "credito", "Monto": 400 }, { "Medio": "efectivo", "Monto": 500 }]),
    );
    let factura = paid(factura_to("77777777-7", 1_000), json!([{ "Medio": "debito", "Monto": 1_190 }]));

    // Until it is declared each sale has its document, and none is only recorded.
    let (status, problem) = ask(&shop, Method::POST, "/vouchers", "k0", &card).await;
    assert_eq!((status, &problem["code"]), (422, &json!("voucher-not-declared")));
    assert_eq!(ask(&shop, Method::POST, "/documents", "k1", &card).await.0, 201);

    let past = json!({ "stands": true, "since": "2020-01-01", "who": "Ana" });
    assert_eq!(ask(&shop, Method::PUT, "/vouchers/terms", "", &past).await.1["code"], "voucher-past");
    let (status, terms) = declare(&shop, true).await;
    assert_eq!((status, &terms["stands"]), (200, &json!(true)));
    assert!(shop.agent.snapshot().vouchers);

    // A boleta beside the voucher would declare the sale twice.
    let (status, problem) = ask(&shop, Method::POST, "/documents", "k2", &card).await;
    assert_eq!((status, &problem["code"]), (422, &json!("voucher-stands")));
    // To be looked at it is the sale itself.
    let (status, preview) = ask(&shop, Method::POST, "/documents/preview", "", &card).await;
    assert_eq!((status, &preview["totals"]["MntTotal"]), (200, &json!(1_190)));
    assert_eq!(preview["warnings"][0]["code"], "voucher-stands");
    assert_eq!(ask(&shop, Method::POST, "/vouchers", "k2", &both).await.1["code"], "voucher-partly");
    for sale in [&cash, &factura] {
        let (status, problem) = ask(&shop, Method::POST, "/vouchers", "k2", sale).await;
        assert_eq!((status, &problem["code"]), (422, &json!("voucher-wants-document")));
    }
    // Of yesterday's sales nothing was declared.
    let today: timbre_core::Date = shop.agent.today().unwrap().date.parse().unwrap();
    let mut late = card.clone();
    late["Encabezado"]["IdDoc"]["FchEmis"] = json!(today.yesterday().unwrap().to_string());
    let (_, problem) = ask(&shop, Method::POST, "/vouchers", "late", &late).await;
    assert_eq!(problem["code"], "voucher-wants-document");
    assert_eq!(ask(&shop, Method::POST, "/documents", "cash", &cash).await.0, 201);
    assert_eq!(ask(&shop, Method::POST, "/documents", "factura", &factura).await.0, 201);
    let (issued, sold) = (shop.agent.stats().total, sum_of(&shop));

    // The record: by its key, once.
    assert_eq!(ask(&shop, Method::POST, "/vouchers", "", &card).await.1["code"], "key-missing");
    let (status, record) = ask(&shop, Method::POST, "/vouchers", "k2", &card).await;
    assert_eq!((status, &record["total"], &record["kind"]), (201, &json!(1_190), &json!("Boleta")));
    let (status, again) = ask(&shop, Method::POST, "/vouchers", "k2", &card).await;
    assert_eq!((status, &again["at"], &again["repeated"]), (200, &record["at"], &json!(true)));
    let other = paid(boleta(2_000), json!([{ "Medio": "debito", "Monto": 2_000 }]));
    assert_eq!(ask(&shop, Method::POST, "/vouchers", "k2", &other).await.1["code"], "key-conflict");
    // A key is one sale, whatever became of it.
    let (status, problem) = ask(&shop, Method::POST, "/vouchers", "k1", &card).await;
    assert_eq!((status, &problem["code"]), (409, &json!("key-conflict")));
    assert!(problem["detail"].as_str().unwrap().contains("«k1» ya es del documento T39F1"), "{problem}");
    assert_eq!(ask(&shop, Method::POST, "/documents", "k2", &cash).await.1["code"], "key-vouched");
    assert_eq!(shop.agent.stats().total, issued, "no document, no folio");
    shop.stop().await;

    // It is there after a restart, counts apart, and a file has it.
    let shop = timbre_app::start(options(dir.path())).await.expect("it opens");
    let today = shop.agent.today().unwrap();
    assert_eq!((today.vouchers.sales, today.vouchers.total), (1, 1_190));
    assert_eq!(sum_of(&shop), sold, "the documents alone");
    let path = format!("/vouchers?from={0}&to={0}", today.date);
    let rows = ask(&shop, Method::GET, &path, "", &Value::Null).await.1["rows"].clone();
    assert_eq!((rows.as_array().unwrap().len(), &rows[0]["key"]), (1, &json!("k2")));
    let mut file = Vec::new();
    shop.agent.export_vouched(&today.date, &today.date, &mut file).unwrap();
    let lines: Vec<_> = std::str::from_utf8(&file).unwrap().lines().skip(1).collect();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains(";Boleta;1190;Débito;"), "{}", lines[0]);

    // Taken back: boletas again, and who said so is on the list.
    assert_eq!(declare(&shop, false).await.1["stands"], false);
    assert_eq!(ask(&shop, Method::POST, "/documents", "k3", &card).await.0, 201);
    let acts = ask(&shop, Method::GET, "/acts?q=ana%20tarjeta", "", &Value::Null).await.1["rows"].clone();
    assert_eq!(acts.as_array().unwrap().len(), 2);
    assert!(acts[0]["what"].as_str().unwrap().contains("cada venta con tarjeta lleva su documento"));
    shop.stop().await;
}

/// Half by card: its voucher stands for that, and a boleta for the rest, in one act.
#[tokio::test(flavor = "multi_thread")]
async fn a_card_pays_a_part_and_one_key_makes_its_record_and_a_boleta_for_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    shop_of_company(dir.path(), sii_sim::Desk::company(), &[(39, 1, 10)]).await;
    let shop = timbre_app::start(options(dir.path())).await.expect("it opens");
    assert_eq!(declare(&shop, true).await.0, 200);
    let mut both = paid(
        boleta(3_003),
        json!([{ "Medio": "credito", "Monto": 1_000 }, { "Medio": "efectivo", "Monto": 5_000 }]),
    );
    both["Timbre"]["Vuelto"] = json!(3_000);
    both["Timbre"]["Redondeo"] = json!(-3);

    let problem = ask(&shop, Method::POST, "/documents", "", &both).await.1;
    assert_eq!(problem["code"], "key-missing");
    assert!(problem["detail"].as_str().unwrap().contains("paga en parte"), "{problem}");
    let mut tip = both.clone();
    tip["Timbre"]["Vuelto"] = json!(2_700);
    tip["Timbre"]["Propina"] = json!(300);
    assert_eq!(ask(&shop, Method::POST, "/documents", "tip", &tip).await.1["code"], "voucher-tip");
    let short = paid(boleta(3_000), json!([{ "Medio": "Débito", "Monto": 1_000 }]));
    for path in ["/documents", "/vouchers"] {
        assert_eq!(ask(&shop, Method::POST, path, "short", &short).await.1["code"], "voucher-sum");
    }
    let preview = ask(&shop, Method::POST, "/documents/preview", "", &both).await.1;
    assert_eq!(preview["totals"]["MntTotal"], 2_003, "what would be issued");
    let (status, issued) = ask(&shop, Method::POST, "/documents", "k1", &both).await;
    assert_eq!((status, &issued["document"]["total"]), (201, &json!(2_003)));
    let id = issued["document"]["id"].as_str().unwrap().to_owned();
    let part = issued["voucher"].clone();
    assert_eq!(
        (&part["total"], &part["rest"], &part["means"]),
        (&json!(1_000), &json!(id), &json!(["credito"]))
    );

    // The customer's paper says what it is for.
    let detail = shop.agent.detail(&id).unwrap();
    let line = "Saldo de la venta pagada en parte con tarjeta\nVenta por $3.003; con tarjeta $1.000, según su voucher";
    assert_eq!((detail.lines.len(), detail.lines[0].name.as_str()), (1, line));
    until(&shop, |shop| shop.agent.stats().accepted == 1).await;
    shop.stop().await;

    // The till that lost the answer asks again, after a restart too: nothing is made a second time.
    let shop = timbre_app::start(options(dir.path())).await.expect("it opens");
    let (status, again) = ask(&shop, Method::POST, "/documents", "k1", &both).await;
    assert_eq!((status, &again["document"]["id"], &again["voucher"]["at"]), (200, &json!(id), &part["at"]));
    assert_eq!(ask(&shop, Method::POST, "/vouchers", "k1", &both).await.0, 200, "the record that is there");
    let other = paid(boleta(2_003), json!([{ "Medio": "efectivo", "Monto": 2_003 }]));
    assert_eq!(ask(&shop, Method::POST, "/documents", "k1", &other).await.1["code"], "key-conflict");
    let today = shop.agent.today().unwrap();
    assert_eq!((today.vouchers.sales, today.vouchers.total, sum_of(&shop)), (1, 1_000, 2_003));
    assert_eq!(shop.agent.stats().total, 1);
    let mut file = Vec::new();
    shop.agent.export_vouched(&today.date, &today.date, &mut file).unwrap();
    assert!(
        String::from_utf8(file).unwrap().trim_end().ends_with(&format!(";Boleta;1000;credito;;;k1;{id};"))
    );

    // Where the company was told otherwise such a sale is made in two.
    let order = json!({ "stands": true, "two_sales": true, "since": today.date, "who": "Ana" });
    let (_, terms) = ask(&shop, Method::PUT, "/vouchers/terms", "", &order).await;
    assert_eq!(terms["terms"][0]["two_sales"], true);
    assert!(shop.agent.snapshot().two_sales);
    for path in ["/documents", "/vouchers"] {
        assert_eq!(ask(&shop, Method::POST, path, "k2", &both).await.1["code"], "voucher-partly");
    }
    shop.stop().await;
}

/// Typed twice: undone it counts no more, and is there for whoever asks who did it.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_undone_counts_no_more_after_a_restart_either_and_its_key_makes_no_other() {
    let dir = tempfile::tempdir().unwrap();
    shop_of_company(dir.path(), sii_sim::Desk::company(), &[(39, 1, 10)]).await;
    let shop = timbre_app::start(options(dir.path())).await.expect("it opens");
    declare(&shop, true).await;
    let card = paid(boleta(1_190), json!([{ "Medio": "debito", "Monto": 1_190 }]));
    for key in ["k1", "k2"] {
        assert_eq!(ask(&shop, Method::POST, "/vouchers", key, &card).await.0, 201);
    }
    let undo = async |shop: &Running, key: &str, who: &str| {
        let order = json!({ "key": key, "who": who, "why": "digitada dos veces" });
        ask(shop, Method::POST, "/vouchers/undo", "", &order).await
    };
    assert_eq!(undo(&shop, "k2", " ").await.1["code"], "who-missing");
    assert_eq!(undo(&shop, "k3", "Rosa").await.0, 404);
    let (status, record) = undo(&shop, "k2", "Rosa").await;
    assert_eq!((status, &record["undone"]["who"], &record["repeated"]), (200, &json!("Rosa"), &json!(false)));
    // Undone again it is the one that was undone, by whom it was.
    let (status, again) = undo(&shop, "k2", "Ana").await;
    assert_eq!((status, &again["undone"], &again["repeated"]), (200, &record["undone"], &json!(true)));
    shop.stop().await;

    let shop = timbre_app::start(options(dir.path())).await.expect("it opens");
    let today = shop.agent.today().unwrap();
    assert_eq!((today.vouchers.sales, today.vouchers.total), (1, 1_190));
    let path = format!("/vouchers?from={0}&to={0}", today.date);
    let rows = ask(&shop, Method::GET, &path, "", &Value::Null).await.1["rows"].clone();
    assert_eq!((&rows[0]["key"], &rows[0]["undone"]["who"]), (&json!("k2"), &json!("Rosa")));
    assert!(rows[1]["undone"].is_null());
    let (status, known) = ask(&shop, Method::POST, "/vouchers", "k2", &card).await;
    assert_eq!((status, &known["undone"]), (200, &record["undone"]), "the same record, for ever");
    let acts = ask(&shop, Method::GET, "/acts?q=deshacer%20rosa", "", &Value::Null).await.1["rows"].clone();
    assert!(acts[0]["what"].as_str().unwrap().contains("«k2»"), "{acts}");
    let mut file = Vec::new();
    shop.agent.export_vouched(&today.date, &today.date, &mut file).unwrap();
    let file = String::from_utf8(file).unwrap();
    let totals = file.lines().skip(1).map(|line| line.split(';').nth(3).unwrap().parse::<i64>().unwrap());
    assert_eq!(totals.sum::<i64>(), 1_190, "{file}");
    assert!(file.contains("Rosa (1190): digitada dos veces"), "{file}");
    shop.stop().await;
}
