//! Bad input: each its own code and sentence, nothing half done, no folio spent.

use serde_json::{Value, json};
use sii_sim::{Desk, Holder};
use timbre_agent::view::ProblemView;
use timbre_app::{Options, Running, StartError};
use timbre_tests::{boleta, factura, options, sell, shop, shop_of};

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
    let next = || shop.agent.folios().into_iter().map(|f| f.next).collect::<Vec<_>>();
    let before = next();
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
    assert_eq!(next(), before, "no folio was spent");
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
    let before = shop.agent.folios();
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
    assert_eq!(shop.agent.folios(), before);
    shop.stop().await;
}

#[tokio::test]
async fn a_certificate_with_a_wrong_password_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    let before = shop.agent.certificate().unwrap();
    let certificate = Desk::certificate("buena");
    let wrong = shop.agent.load_certificate(&certificate.pfx, "mala", None).await.unwrap_err();
    let garbage = shop.agent.load_certificate(b"no es un pfx", "x", None).await.unwrap_err();
    assert_ne!(wrong.code, garbage.code);
    assert!(!wrong.detail.contains("mala"), "a password is never repeated");
    assert_eq!(shop.agent.certificate().unwrap(), before);
    sell(&shop, &boleta(990), "k").await.expect("and it still signs");
    shop.stop().await;
}

#[tokio::test]
async fn a_certificate_that_is_not_in_force_does_not_take_the_place_of_a_good_one() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    let before = shop.agent.certificate().unwrap();
    for (from, until, code) in [
        ("20200101000000Z", "20210101000000Z", "certificate-expired"),
        ("20480101000000Z", "20490101000000Z", "certificate-not-yet-valid"),
    ] {
        let (not_before, not_after) = (from.to_owned(), until.to_owned());
        let certificate = Desk::certificate_for(&Holder { not_before, not_after, ..Holder::default() }, "x");
        let refused = shop.agent.load_certificate(&certificate.pfx, "x", None).await.unwrap_err();
        assert_eq!((refused.status, refused.code.as_str()), (422, code), "{refused:?}");
    }
    assert_eq!(shop.agent.certificate().unwrap(), before);
    sell(&shop, &boleta(990), "k").await.expect("and it still signs");
    shop.stop().await;
}

#[tokio::test]
async fn a_certificate_that_does_not_say_whose_it_is_is_taken_when_a_person_does() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    let nobody = Desk::certificate_for(&Holder { rut: "SIN RUT".to_owned(), ..Holder::default() }, "x");
    let load = async |said| shop.agent.load_certificate(&nobody.pfx, "x", said).await;
    assert_eq!(load(None).await.unwrap_err().code, "certificate-holder-missing");
    assert_eq!(load(Some("11.111.111-2")).await.unwrap_err().code, "certificate-holder-invalid");
    assert_eq!(load(Some("22.222.222-2")).await.unwrap().certificate.holder, "22222222-2");
    // What the file says is worth more than what a person does.
    let somebody = Desk::certificate("x");
    let loaded = shop.agent.load_certificate(&somebody.pfx, "x", Some("22222222-2")).await.unwrap();
    assert_eq!(loaded.certificate.holder, "11111111-1");
    shop.stop().await;
}

#[tokio::test]
async fn after_its_vault_is_made_anew_a_shop_goes_on_with_the_same_files() {
    let dir = tempfile::tempdir().unwrap();
    let files = shop_of(dir.path(), &[(1, 10)]).await;
    let options = Options { sender: false, ..options(dir.path()) };
    let opened = timbre_app::start(options.clone()).await.unwrap();
    sell(&opened, &boleta(990), "k1").await.unwrap();
    opened.stop().await;

    let folder = options.data.clone().unwrap();
    std::fs::remove_file(folder.join("vault.key")).unwrap();
    let locked = timbre_app::start(options.clone()).await.err().expect("its key is lost");
    assert!(matches!(locked, StartError::Vault(_)), "{locked}");

    // Looking needs no key.
    let looks = timbre_app::start(Options { look: true, ..options.clone() }).await.unwrap();
    assert!(looks.custody.is_none() && !looks.address.keys);
    assert_eq!(looks.agent.stats().total, 1);
    assert_eq!(sell(&looks, &boleta(990), "k2").await.unwrap_err().code, "keys-locked");
    looks.stop().await;

    timbre_app::remake_vault(&folder, options.custody.clone()).unwrap();
    let again = timbre_app::start(options).await.unwrap();
    assert_eq!(sell(&again, &boleta(990), "k2").await.unwrap_err().status, 503);
    let certificate = Desk::certificate("x");
    again.agent.load_certificate(&certificate.pfx, "x", None).await.unwrap();
    let range = again.agent.load_grant(&files[0], (1, 1), None).await.expect("the same file, for its key");
    assert_eq!(range.range.next, 2, "the counter goes on");
    assert_eq!(sell(&again, &boleta(990), "k2").await.unwrap().document.id, "T39F2");
    let twice = again.agent.load_grant(&files[0], (1, 1), None).await.unwrap_err();
    assert_eq!(twice.code, "grant-repeated");
    again.stop().await;
}

#[tokio::test]
async fn every_answer_names_its_environment_and_every_refusal_is_a_problem_in_spanish() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    let http = reqwest::Client::new();
    let url = |path: &str| format!("{}/v1{path}", shop.address.base);
    let long = vec![b' '; (1 << 20) + 1];
    let json = |request: reqwest::RequestBuilder| {
        request.header("Timbre-Client", "tests").header("Content-Type", "application/json")
    };
    for (request, status) in [
        (http.get(url("/health")), 200),
        (http.get(url("/documents?limit=muchos")), 400),
        (http.get(url("/documents/%FF")), 400),
        (json(http.post(url("/documents"))).body(long), 413),
        (json(http.post(url("/documents"))).body("{"), 400),
        (json(http.delete(url("/documents"))), 405),
        (http.get(url("/nada")), 404),
        (http.get(url("/stats")).header("Authorization", "Bearer otro"), 401),
    ] {
        let request = request.build().unwrap();
        let what = format!("{} {}", request.method(), request.url().path());
        let request = match request.headers().get("Authorization") {
            Some(_) => request,
            None => reqwest::RequestBuilder::from_parts(http.clone(), request)
                .bearer_auth(&shop.address.token)
                .build()
                .unwrap(),
        };
        let answer = http.execute(request).await.unwrap();
        assert_eq!(answer.status(), status, "{what}");
        assert_eq!(answer.headers()["timbre-environment"], "training", "{what}");
        if status != 200 {
            assert_eq!(answer.headers()["content-type"], "application/problem+json; charset=utf-8", "{what}");
            let problem: ProblemView = answer.json().await.unwrap();
            assert!(!problem.code.is_empty() && problem.detail.ends_with('.'), "{what}: {problem:?}");
        }
    }
    let health: Value =
        http.get(url("/health")).bearer_auth(&shop.address.token).send().await.unwrap().json().await.unwrap();
    assert!(health["notices"][0].as_str().unwrap().contains("modo más débil"), "{health}");
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
    assert_eq!(answer.headers()["content-type"], "application/problem+json; charset=utf-8");
    shop.stop().await;
}
