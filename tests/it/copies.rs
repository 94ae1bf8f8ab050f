//! A folder and its copy on one machine: they would give the same folios, so one of them may issue at a time.

use std::fs;
use std::path::Path;

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use timbre_agent::view::UnlockOrder;
use timbre_app::{Options, Running, StartError};
use timbre_tests::{boleta, sell, shop_of};

async fn start(root: &Path, name: &str, look: bool) -> Result<Running, StartError> {
    let options = timbre_tests::options(root);
    timbre_app::start(Options { data: Some(root.join(name)), sender: false, look, ..options }).await
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_only_looks_while_the_other_is_in_use_and_issues_nothing_once_that_has_sold() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    shop_of(root, &[(1, 20)]).await;
    copy(&root.join("shop"), &root.join("copia"));
    let shop = start(root, "shop", false).await.unwrap();
    let refused = start(root, "copia", false).await.err();
    assert!(matches!(&refused, Some(StartError::Copy(of)) if *of == root.join("copia")), "{refused:?}");
    start(root, "copia", true).await.expect("who only looks gives no folio").stop().await;
    assert_eq!(sell(&shop, &boleta(990), "a").await.unwrap().document.folio, 1);
    shop.stop().await;
    // It opens now, and the anchor tells it what the other one gave.
    let late = start(root, "copia", false).await.unwrap();
    assert!(sell(&late, &boleta(990), "b").await.is_err(), "folio 1 was given by the other");
    late.stop().await;
}

async fn told(request: RequestBuilder) -> (u16, Value) {
    let answer = request.header("Timbre-Client", "tests").send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Sells what has this key, saying what was seen last.
async fn sells(shop: &Running, token: &str, key: &str, seen: &str) -> (u16, Value) {
    let request = reqwest::Client::new()
        .post(format!("{}/v1/documents", shop.address.base))
        .bearer_auth(token)
        .header("Idempotency-Key", key)
        .header("Timbre-Last-Seen", seen);
    told(request.json(&boleta(990))).await
}

/// A machine's picture is put back: its folder, and all that the machine remembers of it.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_machine_that_was_put_back_a_till_that_says_what_it_saw_gets_no_second_document() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    shop_of(root, &[(1, 20)]).await;
    let shop = start(root, "shop", false).await.unwrap();
    let order = json!({ "name": "caja1", "scope": "issue", "who": "Rosa" });
    let order = reqwest::Client::new().post(format!("{}/v1/tokens", shop.address.base)).json(&order);
    let (_, made) = told(order.bearer_auth(&shop.address.token)).await;
    let till = made["token"].as_str().unwrap();
    let (status, sold) = sells(&shop, till, "caja1-1", "").await;
    assert_eq!((status, &sold["document"]["id"]), (201, &json!("T39F1")));
    // Who it is has to be known, and what it says to be read.
    let of_nobody = sells(&shop, &shop.address.token, "caja1-2", "T39F1").await;
    assert_eq!((of_nobody.0, &of_nobody.1["code"]), (403, &json!("last-seen-of-nobody")));
    for seen in ["39=1", "T39F1 T33F2", "T39F1, ñ"] {
        let odd = sells(&shop, till, "caja1-2", seen).await;
        assert_eq!((odd.0, &odd.1["code"]), (400, &json!("last-seen-invalid")), "{seen}");
    }
    shop.stop().await;
    for name in ["shop", "state"] {
        copy(&root.join(name), &root.join("picture").join(name));
    }
    let shop = start(root, "shop", false).await.unwrap();
    let (_, sold) = sells(&shop, till, "caja1-2", "T39F1").await;
    assert_eq!(sold["document"]["id"], "T39F2");
    shop.stop().await;
    for name in ["shop", "state"] {
        std::fs::remove_dir_all(root.join(name)).unwrap();
        copy(&root.join("picture").join(name), &root.join(name));
    }

    let shop = start(root, "shop", false).await.unwrap();
    assert_eq!(shop.agent.lock(), None, "nothing in the machine tells of it");
    // What no range has stops nobody.
    let (status, outside) = sells(&shop, till, "caja1-2", "T39F21").await;
    assert_eq!((status, &outside["errors"][0]["path"]), (422, &json!("Timbre-Last-Seen")));
    assert_eq!(shop.agent.lock(), None);
    let (status, refused) = sells(&shop, till, "caja1-2", "T39F2").await;
    assert_eq!((status, &refused["code"]), (503, &json!("store-stopped")));
    let told = refused["detail"].as_str().unwrap();
    assert!(told.contains("La caja «caja1» dice que recibió el folio 2 del tipo 39."), "{told}");
    assert_eq!(sells(&shop, till, "caja1-1", "T39F2").await.0, 200, "what the copy knows is answered");
    assert_eq!(shop.agent.stats().total, 1);
    let lock = shop.agent.lock().unwrap();
    let of = lock.folios.iter().find(|of| of.series == "39").unwrap();
    let used_up_to = [("39".to_owned(), of.seen.unwrap())].into();
    shop.agent.unlock(&UnlockOrder { used_up_to, ..UnlockOrder::by("Rosa") }).await.unwrap();
    for (key, seen, id, warned) in
        [("caja1-3", "T39F2", "T39F3", json!("maybe-second")), ("caja1-4", "T39F3", "T39F4", Value::Null)]
    {
        let (_, sold) = sells(&shop, till, key, seen).await;
        assert_eq!((&sold["document"]["id"], &sold["warnings"][0]["code"]), (&json!(id), &warned));
    }
    shop.stop().await;
}
