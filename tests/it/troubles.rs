//! What is wrong at a door is told wherever somebody looks, for as long as it is so.

use std::fs;

use serde_json::{Value, json};
use timbre_app::Running;
use timbre_tests::{options, shop};

async fn ask(shop: &Running, path: &str) -> Value {
    let url = format!("{}/v1{path}", shop.address.base);
    let answer = reqwest::Client::new().get(url).bearer_auth(&shop.address.token).send().await;
    answer.unwrap().json().await.unwrap()
}

async fn attention(shop: &Running) -> String {
    let sentence = ask(shop, "/stats/snapshot").await["sentence"].clone();
    assert_eq!(sentence["mood"], "attention", "{sentence}");
    sentence["text"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
#[cfg(unix)]
async fn a_folder_that_is_refused_is_told_by_the_panel_the_health_and_the_folder_itself() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    shop(dir.path(), "calm").await.stop().await;
    let sales = dir.path().join("shop/entrada");
    fs::set_permissions(&sales, fs::Permissions::from_mode(0o777)).unwrap();
    let open = timbre_app::start(options(dir.path())).await.unwrap();
    let why = ask(&open, "/folder").await["trouble"].as_str().unwrap().to_owned();
    assert!(why.contains("otros usuarios"), "{why}");
    assert!(why.starts_with(&attention(&open).await), "{why}");
    assert!(ask(&open, "/health").await["notices"].as_array().unwrap().contains(&json!(why)));
    open.stop().await;
    fs::set_permissions(&sales, fs::Permissions::from_mode(0o700)).unwrap();
    let open = timbre_app::start(options(dir.path())).await.unwrap();
    assert_eq!(ask(&open, "/stats/snapshot").await["sentence"]["mood"], "calm");
    // And one that goes away meanwhile, until it is there again.
    fs::rename(&sales, dir.path().join("shop/otra")).unwrap();
    timbre_tests::until(&open, |open| open.agent.troubles().len() == 1).await;
    assert!(attention(&open).await.contains("entrada"));
    fs::rename(dir.path().join("shop/otra"), &sales).unwrap();
    timbre_tests::until(&open, |open| open.agent.troubles().is_empty()).await;
    assert_eq!(ask(&open, "/folder").await["trouble"], Value::Null);
    // Nothing is taken out of one that was made anew with other rights, or that is a link by now.
    fs::set_permissions(&sales, fs::Permissions::from_mode(0o777)).unwrap();
    timbre_tests::until(&open, |open| open.agent.troubles().len() == 1).await;
    assert!(attention(&open).await.contains("otros usuarios"));
    fs::set_permissions(&sales, fs::Permissions::from_mode(0o700)).unwrap();
    timbre_tests::until(&open, |open| open.agent.troubles().is_empty()).await;
    fs::rename(&sales, dir.path().join("shop/otra")).unwrap();
    std::os::unix::fs::symlink(dir.path().join("shop/otra"), &sales).unwrap();
    let is_told = |open: &Running| open.agent.troubles().iter().any(|trouble| trouble.contains("enlace"));
    timbre_tests::until(&open, is_told).await;
    open.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_tokens_and_webhooks_are_told_until_they_are_set_up_again() {
    let dir = tempfile::tempdir().unwrap();
    shop(dir.path(), "calm").await.stop().await;
    for name in ["tokens.json", "webhooks.json"] {
        fs::write(dir.path().join("shop").join(name), "{").unwrap();
    }
    // A command that is gone in a moment finds them so; nobody has looked by then.
    let passing =
        timbre_app::start(timbre_app::Options { sender: false, ..options(dir.path()) }).await.unwrap();
    passing.stop().await;
    let open = timbre_app::start(options(dir.path())).await.unwrap();
    assert!(attention(&open).await.ends_with("(y 1 más)"));
    let notices = ask(&open, "/health").await["notices"].to_string();
    assert!(
        notices.contains("tokens.json.damaged") && notices.contains("webhooks.json.damaged"),
        "{notices}"
    );
    let set = async |method: &str, path: &str, body: Value| {
        let url = format!("{}/v1{path}", open.address.base);
        let request = reqwest::Client::new().request(method.parse().unwrap(), url);
        let request = request.bearer_auth(&open.address.token).header("Timbre-Client", "tests");
        assert_eq!(request.json(&body).send().await.unwrap().status(), 201);
    };
    set("POST", "/tokens", json!({ "name": "caja", "who": "Rosa" })).await;
    set("PUT", "/webhooks/tienda", json!({ "url": "http://127.0.0.1:9/", "who": "Rosa" })).await;
    assert_eq!(ask(&open, "/stats/snapshot").await["sentence"]["mood"], "calm");
    open.stop().await;
    let open = timbre_app::start(options(dir.path())).await.unwrap();
    assert!(open.agent.troubles().is_empty(), "they are there again");
    open.stop().await;
}
