//! Who may do what, over the local API: a page asks for somebody in charge, a program does not.

use reqwest::Method;
use serde_json::{Value, json};
use timbre_app::Running;
use timbre_tests::{boleta, factura_to, options, sell, shop_of_company};

/// A request as a page of the panel makes it: a browser says where the page came from.
pub(crate) async fn page(
    shop: &Running,
    method: Method,
    path: &str,
    permit: Option<&str>,
    body: String,
) -> (u16, Value) {
    let url = format!("{}/v1{path}", shop.address.base);
    let request = reqwest::Client::new().request(method, url).bearer_auth(&*shop.address.token);
    let request = request.header("origin", &shop.address.base).header("timbre-client", "panel");
    let request = if body.is_empty() { request } else { request.header("content-type", "application/json") };
    let request = match permit {
        Some(permit) => request.header("timbre-permit", permit),
        None => request,
    };
    let answer = request.body(body).send().await.expect("the shop answers");
    let status = answer.status().as_u16();
    let bytes = answer.bytes().await.expect("a whole answer");
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

pub(crate) async fn permit(shop: &Running, pin: &str, act: &str) -> (u16, Value) {
    let body = json!({ "name": "Ana", "pin": pin, "act": act }).to_string();
    page(shop, Method::POST, "/staff/permit", None, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_does_what_is_risky_only_with_a_permit_and_the_journal_says_whose() {
    let dir = tempfile::tempdir().unwrap();
    shop_of_company(dir.path(), sii_sim::Desk::company(), &[(33, 1, 10), (39, 1, 10), (61, 1, 10)]).await;
    let shop = timbre_app::start(options(dir.path())).await.expect("it opens");
    sell(&shop, &factura_to("77777777-7", 1_000), "a").await.unwrap();
    assert_eq!(page(&shop, Method::POST, "/resend", None, String::new()).await.0, 200, "nobody has a PIN");

    let ana = json!({ "name": "Ana", "role": "encargado", "pin": "2580" }).to_string();
    let (status, staff) = page(&shop, Method::PUT, "/staff/Ana", None, ana.clone()).await;
    assert_eq!((status, staff), (200, json!({ "workers": [{ "name": "Ana", "role": "encargado" }] })));

    // What everybody may, goes on.
    assert_eq!(page(&shop, Method::POST, "/documents", None, boleta(500).to_string()).await.0, 201);
    let named = json!({ "ids": ["T33F1"] }).to_string();
    assert_eq!(page(&shop, Method::POST, "/resend", None, named).await.0, 200);

    // What is risky does not: nor does the act that would change who may.
    let note = json!({
        "Encabezado": { "IdDoc": { "TipoDTE": 61 } },
        "Referencia": { "TpoDocRef": 33, "FolioRef": 1, "CodRef": 1, "RazonRef": "Anula documento" },
    })
    .to_string();
    let wrapped = format!("{{\"dte\":{note}}}");
    for (method, path, body, act) in [
        (Method::POST, "/resend", String::new(), "resend_pending"),
        (Method::POST, "/resend", json!({ "matching": {} }).to_string(), "resend_found"),
        (Method::POST, "/documents", note.clone(), "correct"),
        (Method::POST, "/documents", wrapped, "correct"),
        (Method::POST, "/sending", json!({ "running": false }).to_string(), "sending"),
        (Method::GET, "/documents/export/csv", String::new(), "export"),
        (Method::GET, "/acts", String::new(), "acts"),
        (Method::PUT, "/staff/Ana", ana, "put_worker"),
        (Method::DELETE, "/staff/Ana", String::new(), "remove_worker"),
    ] {
        let (status, problem) = page(&shop, method, path, None, body).await;
        assert_eq!((status, &problem["code"]), (403, &json!("pin-needed")), "{path}");
        assert_eq!(problem["errors"][0]["path"], act);
    }
    assert_eq!(shop.agent.stats().total, 2, "no note was issued");

    // A wrong PIN buys nothing; the right one buys the act it was given for, once.
    assert_eq!(permit(&shop, "1111", "correct").await.1["code"], "pin-wrong");
    let other = permit(&shop, "2580", "export").await.1["permit"].as_str().unwrap().to_owned();
    assert_eq!(page(&shop, Method::POST, "/documents", Some(&other), note.clone()).await.0, 403);
    let given = permit(&shop, "2580", "correct").await.1["permit"].as_str().unwrap().to_owned();
    assert_eq!(page(&shop, Method::POST, "/documents", Some(&given), note.clone()).await.0, 201);
    assert_eq!(page(&shop, Method::POST, "/documents", Some(&given), note).await.0, 403);

    // What is looked through is looked through on one permit, written down once, and good for nothing else.
    let look = permit(&shop, "2580", "acts").await.1["permit"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        let (status, acts) =
            page(&shop, Method::GET, "/acts?q=autoriza%20ver", Some(&look), String::new()).await;
        assert_eq!((status, acts["rows"].as_array().map(Vec::len)), (200, Some(1)), "{acts}");
    }
    assert_eq!(page(&shop, Method::POST, "/resend", Some(&look), String::new()).await.0, 403);

    // A program has no person before it.
    let url = format!("{}/v1/resend", shop.address.base);
    let program = reqwest::Client::new().post(url).bearer_auth(&*shop.address.token);
    let program = program.header("timbre-client", "caja").send().await.unwrap();
    assert_eq!(program.status().as_u16(), 200);
    shop.stop().await;

    // A fact is JSON in the journal, which nothing rewrites.
    let written: Vec<u8> = std::fs::read_dir(dir.path().join("shop/journal"))
        .unwrap()
        .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect();
    let times = |what: &str| {
        let fact = format!("\"who\":\"Ana\",\"what\":\"{what}\"");
        written.windows(fact.len()).filter(|part| *part == fact.as_bytes()).count()
    };
    assert_eq!(times("PIN equivocado para: Emitir una nota"), 1);
    assert_eq!(times("Autoriza: Emitir una nota"), 1);
    assert_eq!(times("Autoriza: Exportar documentos"), 0, "that permit was spent on something else");
    // Who works here is there again, and so is the gate.
    let shop = timbre_app::start(options(dir.path())).await.expect("it opens");
    assert_eq!(page(&shop, Method::POST, "/resend", None, String::new()).await.0, 403);
    shop.stop().await;
}
