//! A sale whose card's voucher is the boleta, at the command line: recorded and not issued, listed, and undone.

mod life;
mod shop;

use life::Agent;
use reqwest::Method;
use serde_json::{Value, json};
use shop::{timbre, told};

async fn ask(agent: &Agent, method: Method, path: &str, body: Value) -> Value {
    let request = reqwest::Client::new().request(method, format!("{}/v1{path}", agent.address.base));
    let request = request.bearer_auth(&*agent.address.token).header("timbre-client", "prueba");
    let request = if body.is_null() { request } else { request.json(&body) };
    request.send().await.expect("the agent answers").json().await.expect("JSON")
}

#[tokio::test]
async fn a_sale_paid_by_card_is_recorded_once_by_its_key_and_is_undone_by_it() {
    let data = tempfile::tempdir().expect("a folder for the test");
    let data = data.path();
    told(&timbre(data, &["demo", "--documents", "0", "--json"], ""), 0);
    let agent = Agent::start(data);
    let today = ask(&agent, Method::GET, "/stats/today", Value::Null).await["date"].clone();
    let order = json!({ "stands": true, "since": today, "who": "Ana" });
    assert_eq!(ask(&agent, Method::PUT, "/vouchers/terms", order).await["stands"], true);
    let sale = json!({
        "Encabezado": { "IdDoc": { "TipoDTE": 39 } },
        "Detalle": [{ "NmbItem": "Pan", "QtyItem": 1, "PrcItem": 1_190 }],
        "Timbre": { "Pagos": [{ "Medio": "debito", "Monto": 1_190 }] },
    })
    .to_string();
    let object =
        |text: &str| serde_json::from_str::<Value>(text.lines().next().expect("a line")).expect("JSON");

    let keyless = timbre(data, &["issue"], &sale);
    told(&keyless, 1);
    let why = String::from_utf8_lossy(&keyless.stderr).into_owned();
    assert!(why.contains("--key") && why.contains("[key-missing]"), "{why}");
    let first = told(&timbre(data, &["issue", "--key", "k-1"], &sale), 0);
    assert!(
        first.contains("Registrada") && first.contains("clave k-1  $1.190 con debito, sin boleta ni folio"),
        "{first}"
    );
    let again = object(&told(&timbre(data, &["issue", "--key", "k-1", "--json"], &sale), 0));
    assert_eq!(
        (&again["id"], &again["total"], &again["repeated"]),
        (&Value::Null, &json!(1_190), &json!(true))
    );
    assert_eq!(again["voucher"]["key"], "k-1");

    let from = today.as_str().expect("a day");
    let listed = || object(&told(&timbre(data, &["voucher", "list", "--from", from, "--json"], ""), 0));
    assert_eq!((&listed()["key"], &listed()["undone"]), (&json!("k-1"), &Value::Null));
    let undo = |key: &str| timbre(data, &["voucher", "undo", key, "--who", "Rosa", "--why", "dos veces"], "");
    told(&undo("k-9"), 1);
    assert!(told(&undo("k-1"), 0).contains("por $1.190: ya no suma  entrenamiento\n"));
    assert!(told(&undo("k-1"), 0).contains("(ya estaba deshecho)"));
    assert_eq!(listed()["undone"]["who"], "Rosa");
    let people = told(&timbre(data, &["voucher", "list", "--from", from], ""), 0);
    assert!(people.contains("DESHECHA por Rosa"), "{people}");
    let sums = ask(&agent, Method::GET, "/stats/today", Value::Null).await["vouchers"].clone();
    assert_eq!(sums, json!({ "sales": 0, "total": 0 }));
    assert_eq!(ask(&agent, Method::GET, "/stats", Value::Null).await["total"], 0, "no document, no folio");
}
