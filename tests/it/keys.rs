//! The key of a sale, as tills send it by the API: with none, with two, and with one that another till gave.

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use timbre_app::Running;
use timbre_tests::{boleta, shop};

async fn token(shop: &Running, name: &str) -> String {
    let request = reqwest::Client::new()
        .post(format!("{}/v1/tokens", shop.address.base))
        .bearer_auth(&shop.address.token)
        .header("Timbre-Client", "tests")
        .json(&json!({ "name": name, "scope": "issue", "who": "Rosa" }));
    request.send().await.unwrap().json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned()
}

fn sells(shop: &Running, token: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
    reqwest::Client::new()
        .post(format!("{}/v1/documents", shop.address.base))
        .bearer_auth(token)
        .header("Timbre-Client", "tests")
        .header("Content-Type", "application/json")
        .body(body)
}

/// Status, code of the problem or id of the document, codes of the warnings.
async fn told(request: RequestBuilder) -> (u16, String, Vec<String>) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    let name = body["code"].as_str().or(body["document"]["id"].as_str()).unwrap().to_owned();
    let warnings = body["warnings"].as_array().into_iter().flatten();
    (status, name, warnings.map(|warning| warning["code"].as_str().unwrap().to_owned()).collect())
}

fn answered(status: u16, name: &str, warnings: &[&str]) -> (u16, String, Vec<String>) {
    (status, name.to_owned(), warnings.iter().map(ToString::to_string).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_said_once_and_one_that_another_till_gave_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    let (first, second) = (token(&shop, "caja1").await, token(&shop, "caja2").await);
    let coffee = boleta(990).to_string();
    let keyed = |token: &str, key: &str| sells(&shop, token, coffee.clone()).header("Idempotency-Key", key);

    assert_eq!(told(keyed(&first, "1")).await, answered(201, "T39F1", &[]));
    assert_eq!(told(keyed(&first, "1")).await, answered(200, "T39F1", &[]), "it asks again");
    let other = answered(200, "T39F1", &["key-of-another-till"]);
    assert_eq!(told(keyed(&second, "1")).await, other, "two tills count from 1");
    let owner = shop.address.token.clone();
    assert_eq!(
        told(keyed(&owner, "1")).await,
        answered(200, "T39F1", &[]),
        "no till, but who looks after it"
    );
    assert_eq!(told(keyed(&owner, "2")).await, answered(201, "T39F2", &[]));
    assert_eq!(told(keyed(&second, "2")).await, answered(200, "T39F2", &[]), "who asked first is not known");

    let none = sells(&shop, &first, coffee.clone());
    assert_eq!(told(none).await, answered(201, "T39F3", &["key-missing"]));
    let two = keyed(&first, "a").header("Idempotency-Key", "b");
    assert_eq!(told(two).await, answered(400, "key-repeated", &[]));
    assert_eq!(shop.agent.stats().total, 3, "nothing was issued for it");

    let marked = sells(&shop, &first, format!("\u{feff}{coffee}")).header("Idempotency-Key", "1");
    assert_eq!(told(marked).await, answered(200, "T39F1", &[]), "the same sale behind a byte order mark");
    let latin = b"{\"Detalle\": \"Pan \xd1uble\"}".to_vec();
    let answer = sells(&shop, &first, latin).header("Idempotency-Key", "3").send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 400);
    let problem: Value = answer.json().await.unwrap();
    assert!(problem.to_string().contains("UTF-8") && problem.to_string().contains("columna 18"), "{problem}");
    shop.stop().await;
}
