//! Practising without the authority, beside a shop that is set up for real or not at all yet.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};
use timbre_app::{Options, Running};
use timbre_tests::{boleta, options, shop};

use crate::staff::page;

async fn new_folder(dir: &Path) -> Running {
    timbre_app::start(options(dir)).await.expect("a new folder opens")
}

/// The panel's address, and the token in it.
fn told(answer: &Value) -> (String, String) {
    let panel = answer["panel"].as_str().expect("where the panel is");
    let (base, token) = panel.split_once("/#token=").expect("with its token");
    (base.to_owned(), token.to_owned())
}

async fn ask(request: reqwest::RequestBuilder, token: &str) -> (u16, Value) {
    let answer = request.bearer_auth(token).header("timbre-client", "tests").send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_without_a_company_has_a_shop_beside_it_that_sells_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let real = new_folder(dir.path()).await;
    let (status, opened) = page(&real, Method::POST, "/practice", None, String::new()).await;
    assert_eq!(status, 200, "{opened}");
    let (base, token) = told(&opened);
    assert_ne!(base, real.address.base);
    let http = reqwest::Client::new();
    let (_, shown) = ask(http.get(format!("{base}/v1/stats/snapshot")), &token).await;
    assert_eq!((&shown["environment"], &shown["missing"]), (&json!("training"), &json!([])), "{shown}");
    let sold = http.post(format!("{base}/v1/documents")).header("content-type", "application/json");
    let (status, sold) = ask(sold.body(boleta(500).to_string()), &token).await;
    assert_eq!((status, &sold["environment"]), (201, &json!("training")), "{sold}");

    // Nothing of it is the shop's own: that one still has no company, and no till comes in by another's token.
    assert!(real.agent.company().is_none() && real.agent.snapshot().total == 0);
    assert_eq!(ask(http.get(format!("{base}/v1/stats")), &real.address.token).await.0, 401);
    let (_, again) = page(&real, Method::POST, "/practice", None, String::new()).await;
    assert_eq!(again, opened, "it is the same shop, and open");
    real.stop().await;
    http.get(format!("{base}/v1/health")).send().await.expect_err("it ends with the shop's own");

    // What was practised is kept where `timbre demo` would find it.
    let real = new_folder(dir.path()).await;
    let (_, opened) = page(&real, Method::POST, "/practice", None, String::new()).await;
    let (base, token) = told(&opened);
    let (_, shown) = ask(http.get(format!("{base}/v1/stats/snapshot")), &token).await;
    assert_eq!(shown["total"], 1, "{shown}");
    assert!(dir.path().join("shop-demo/journal").is_dir());
    real.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_practice_shop_is_open_already_that_one_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    let open = shop(&dir.path().join("once"), "calm").await;
    open.stop().await;
    std::fs::rename(dir.path().join("once/shop"), dir.path().join("shop-demo")).unwrap();
    let demo = Options { data: Some(dir.path().join("shop-demo")), ..options(dir.path()) };
    let demo = timbre_app::start(demo).await.expect("the practice shop opens");
    let real = new_folder(dir.path()).await;
    let (status, told) = page(&real, Method::POST, "/practice", None, String::new()).await;
    assert_eq!((status, &told["panel"]), (200, &json!(demo.address.panel())));
    real.stop().await;
    assert_eq!(
        page(&demo, Method::GET, "/health", None, String::new()).await.0,
        200,
        "it is another's to end"
    );
    demo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_practice_shop_is_the_owners_to_open_and_has_none_itself() {
    let dir = tempfile::tempdir().unwrap();
    let demo = shop(dir.path(), "calm").await;
    let (status, no) = page(&demo, Method::POST, "/practice", None, String::new()).await;
    assert_eq!((status, &no["code"]), (404, &json!("practice-none")), "{no}");
    let order = json!({ "name": "oficina", "scope": "manage", "who": "Ana" }).to_string();
    let (_, made) = page(&demo, Method::POST, "/tokens", None, order).await;
    let token = made["token"].as_str().expect("a token");
    let (status, no) =
        ask(reqwest::Client::new().post(format!("{}/v1/practice", demo.address.base)), token).await;
    assert_eq!((status, &no["code"]), (403, &json!("owner-only")), "{no}");
    demo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_companys_data_the_practice_shop_takes_a_uf_and_no_other_company() {
    let dir = tempfile::tempdir().unwrap();
    let demo = shop(dir.path(), "calm").await;
    let (_, mut company) = page(&demo, Method::GET, "/company", None, String::new()).await;
    company["data"]["ValorUF"] = json!("39123.45");
    let put = async |data: &Value| {
        let order = json!({ "environment": "training", "data": data }).to_string();
        page(&demo, Method::PUT, "/company", None, order).await
    };
    let (status, kept) = put(&company["data"]).await;
    assert_eq!((status, &kept["data"]["ValorUF"]), (200, &json!("39123.45")), "{kept}");
    company["data"]["RUTEmisor"] = json!("76192083-9");
    let (status, no) = put(&company["data"]).await;
    assert_eq!((status, &no["code"]), (422, &json!("company-other")), "{no}");
    demo.stop().await;

    let real = new_folder(&dir.path().join("another")).await;
    let order = json!({ "environment": "training", "data": company["data"] }).to_string();
    let (status, no) = page(&real, Method::PUT, "/company", None, order).await;
    assert_eq!(
        (status, &no["code"]),
        (400, &json!("training-company")),
        "a shop's own folder never becomes one"
    );
    real.stop().await;
}
