//! Bad input: each its own code and sentence, nothing half done, no folio spent.

use serde_json::{Value, json};
use sii_sim::Desk;
use timbre_agent::view::ProblemView;
use timbre_app::Running;
use timbre_tests::{boleta, factura, sell, shop};

fn with(mut sale: Value, pointer: &str, value: Value) -> Value {
    *sale.pointer_mut(pointer).expect("the path is in the sale") = value;
    sale
}

async fn refused(shop: &Running, text: String) -> ProblemView {
    shop.agent.issue(text.into(), None).await.expect_err("it must be refused")
}

#[tokio::test]
async fn a_bad_sale_says_what_is_wrong_and_where() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    let mut extra = boleta(100);
    extra["Detalle"][0]["Cantidad"] = json!(2);
    let table = [
        (with(boleta(100), "/Detalle/0/QtyItem", json!(0)), "Detalle[0].QtyItem"),
        (extra, "Detalle[0].Cantidad"),
        (
            with(factura(100), "/Encabezado/Receptor/RUTRecep", json!("77777777-1")),
            "Encabezado.Receptor.RUTRecep",
        ),
        (with(boleta(100), "/Detalle/0/NmbItem", json!("")), "Detalle[0].NmbItem"),
        (with(boleta(100), "/Detalle", json!([])), "Detalle"),
    ];
    for (sale, path) in table {
        let problem = refused(&shop, sale.to_string()).await;
        assert_eq!(problem.status, 422, "{problem:?}");
        let error =
            problem.errors.iter().find(|e| e.path == path).unwrap_or_else(|| panic!("{path}: {problem:?}"));
        assert!(error.message.len() > 10 && !error.code.is_empty(), "{error:?}");
    }
    let problem = refused(&shop, "{\"Encabezado\": ".to_owned()).await;
    assert_eq!((problem.status, problem.code.as_str()), (400, "json-malformed"));

    assert_eq!(shop.agent.stats().total, 0);
    let next: Vec<_> = shop.agent.folios().into_iter().map(|f| f.next).collect();
    assert_eq!(next, [Some(1), Some(1)], "no folio was spent");
    shop.stop().await;
}

#[tokio::test]
async fn all_that_is_wrong_is_said_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    let sale = json!({
        "Encabezado": { "IdDoc": { "TipoDTE": 33 }, "Receptor": { "RUTRecep": "1-1" } },
        "Detalle": [{ "NmbItem": "x", "QtyItem": -1, "PrcItem": "abc" }],
    });
    let problem = refused(&shop, sale.to_string()).await;
    assert!(problem.errors.len() >= 3, "{problem:?}");
    shop.stop().await;
}

#[tokio::test]
async fn cafs_that_are_not_ours_or_not_whole_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    let day = "2026-11-01".parse().unwrap();
    let other = Desk::caf("77777777-7", 39, 200_000, 200_010, day, "OTRA");
    let overlapping = Desk::caf(Desk::company().rut, 39, 50, 60, day, Desk::company().name);
    let mut tampered = Desk::caf(Desk::company().rut, 39, 300_000, 300_010, day, Desk::company().name);
    let at = tampered.windows(9).position(|w| w == b"<H>300010").unwrap() + 3;
    tampered[at] = b'9';
    let mut codes = Vec::new();
    for file in [&other[..], &overlapping, &tampered, b"", b"<AUTORIZACION>", b"\xff\xfe\x00"] {
        let problem = shop.agent.load_grant(file, (1, 1), None).await.expect_err("it must be refused");
        assert!(problem.status == 422 || problem.status == 400, "{problem:?}");
        codes.push(problem.code);
    }
    codes.truncate(3);
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), 3, "each its own reason: {codes:?}");
    assert_eq!(shop.agent.folios().iter().map(|f| f.ranges.len()).sum::<usize>(), 2);
    shop.stop().await;
}

#[tokio::test]
async fn a_certificate_with_a_wrong_password_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    let before = shop.agent.certificate().unwrap();
    let certificate = Desk::certificate("buena");
    let wrong = shop.agent.load_certificate(&certificate.pfx, "mala").await.unwrap_err();
    let garbage = shop.agent.load_certificate(b"no es un pfx", "x").await.unwrap_err();
    assert_ne!(wrong.code, garbage.code);
    assert!(!wrong.detail.contains("mala"), "a password is never repeated");
    assert_eq!(shop.agent.certificate().unwrap(), before);
    sell(&shop, &boleta(990), "k").await.expect("and it still signs");
    shop.stop().await;
}

#[tokio::test]
async fn the_api_answers_only_to_whom_it_should() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    let http = reqwest::Client::new();
    let stats = format!("{}/v1/stats", shop.address.base);
    let get = || http.get(&stats);
    let status = async |request: reqwest::RequestBuilder| request.send().await.unwrap().status().as_u16();
    let token = &shop.address.token;
    assert_eq!(status(get()).await, 401);
    assert_eq!(status(get().bearer_auth("x")).await, 401);
    assert_eq!(status(get().bearer_auth(token)).await, 200);
    assert_eq!(status(get().bearer_auth(token).header("Host", "evil.example")).await, 403);
    assert_eq!(status(get().bearer_auth(token).header("Origin", "https://evil.example")).await, 403);
    assert_eq!(status(get().bearer_auth(token).header("Origin", "null")).await, 403);
    let missing = http.get(format!("{}/v1/documents/T39F999", shop.address.base)).bearer_auth(token);
    let answer = missing.send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    shop.stop().await;
}
