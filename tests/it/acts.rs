//! Whoever changes something leaves an act: what, and by which token, whatever name they say.

use reqwest::Method;
use serde_json::{Value, json};
use sii_sim::Desk;
use timbre_app::Running;
use timbre_tests::{boleta, options, sell, shop_of_company};

use crate::attack::token;
use crate::staff::page;
use crate::vouchers::{declare, paid};

/// A route that changes something, and what its act says.
type Told = (Method, &'static str, &'static str, Body, &'static str);

/// What is sent: its kind and its bytes.
type Body = Option<(&'static str, Vec<u8>)>;

/// What leaves no act of a person, and why.
const NONE: &[(&str, &str, &str)] = &[
    ("POST", "/documents", "the document is the fact, and names its till"),
    ("POST", "/vouchers", "the record is the fact"),
    ("POST", "/documents/preview", "keeps nothing"),
    ("POST", "/batch/check", "keeps nothing"),
    ("POST", "/diagnosis", "asks, and keeps nothing"),
    ("POST", "/check", "reads, and keeps nothing"),
    ("POST", "/printer/test", "a paper that says nothing"),
    ("POST", "/documents/{id}/print", "the paper is the fact"),
    ("POST", "/documents/{id}/paper", "how the paper ended is the fact"),
    ("POST", "/webhooks/{name}/test", "tells who is told already"),
    ("POST", "/webhooks/{name}/redeliver", "tells who is told already"),
    ("POST", "/window", "shows a window"),
    ("POST", "/practice", "opens another shop, in which nothing is real"),
    ("POST", "/staff/permit", "what it was given for is the act; a wrong PIN is one"),
];

/// What can't be done in a shop where nothing is wrong: that the token is named there is the routes' own test, and that
/// the act is written stands where it is named here.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("POST", "/documents/{id}/reissue", "agent/tests/everywhere/reissue.rs"),
    ("POST", "/documents/{id}/found-accepted", "agent/tests/everywhere/reissue.rs"),
    ("POST", "/documents/{id}/number-annulled", "agent/tests/everywhere/reissue.rs"),
    ("POST", "/documents/{id}/verdict", "agent/tests/everywhere/noted.rs"),
    ("POST", "/documents/{id}/results-mail", "tests/it/services.rs"),
    ("POST", "/claims", "tests/it/services.rs"),
    ("POST", "/folios/annulled", "tests/it/rooms.rs"),
    ("POST", "/folios/skipped-annulled", "tests/it/rooms.rs"),
    ("POST", "/issuing/unlock", "agent/tests/everywhere/writing.rs"),
    ("POST", "/clock/accept", "agent/tests/everywhere/hour.rs"),
    ("PUT", "/panel/password", "by no token: tests/it/panel.rs"),
    ("DELETE", "/panel/password", "by no token: tests/it/panel.rs"),
];

fn json_of(value: Value) -> Body {
    Some(("application/json", value.to_string().into_bytes()))
}

async fn by(shop: &Running, token: &str, method: &Method, path: &str, body: Body) -> (u16, Value) {
    let url = format!("{}/v1{path}", shop.address.base);
    let request = reqwest::Client::new().request(method.clone(), url).bearer_auth(token);
    let request = request.header("timbre-client", "bodega");
    let request = match body {
        Some((kind, bytes)) => request.header("content-type", kind).body(bytes),
        None => request,
    };
    let answer = request.send().await.expect("the shop answers");
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

/// The newest act.
async fn last(shop: &Running, token: &str) -> (String, String) {
    let (status, acts) = by(shop, token, &Method::GET, "/acts?limit=1", None).await;
    assert_eq!(status, 200, "{acts}");
    let text = |field: &str| acts["rows"][0][field].as_str().unwrap_or_default().to_owned();
    (text("who"), text("what"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_that_a_token_makes_leaves_an_act_that_names_the_token_and_not_who_it_says_it_is() {
    let dir = tempfile::tempdir().unwrap();
    shop_of_company(dir.path(), Desk::company(), &[(39, 1, 50)]).await;
    let shop = timbre_app::start(options(dir.path())).await.expect("it opens");
    let bodega = token(&shop, "bodega", "manage").await;
    // What is not sent waits, and may be sent again.
    shop.agent.set_running(false);
    sell(&shop, &boleta(500), "a").await.unwrap();
    declare(&shop, true).await;
    let card = paid(boleta(1_190), json!([{ "Medio": "debito", "Monto": 1_190 }]));
    let key = "voucher-1".to_owned();
    shop.agent.record(card.to_string().into(), Some(key.clone())).await.unwrap();

    let company = Desk::company();
    let caf = Desk::caf(company.rut, 39, 201, 250, "2026-11-01".parse().unwrap(), company.name);
    let pfx = Desk::certificate("x").pfx;
    let certificate = json!({ "pfx": openssl::base64::encode_block(&pfx), "password": "x" });
    let logo = include_bytes!("../../crates/app/src/printers/dot.png").to_vec();
    let today = shop.agent.today().unwrap().date;
    let worker = |pin: &str| json_of(json!({ "name": "Eva", "role": "encargado", "pin": pin }));
    let range = || json_of(json!({ "type": "39", "folio": 201, "who": "Ana", "why": "prueba" }));
    let undo = json!({ "key": key, "who": "Ana", "why": "dos veces" });
    let told: Vec<Told> = vec![
        (
            Method::POST,
            "/tokens",
            "/tokens",
            json_of(json!({ "name": "caja", "who": "Ana" })),
            "Crear el token",
        ),
        (Method::DELETE, "/tokens/caja?who=Ana", "/tokens/{name}", None, "Revocar el token «caja»"),
        (
            Method::PUT,
            "/webhooks/tienda",
            "/webhooks/{name}",
            json_of(json!({ "url": "https://tienda.example/", "who": "Ana" })),
            "Avisar a «tienda»",
        ),
        (Method::DELETE, "/webhooks/tienda?who=Ana", "/webhooks/{name}", None, "Dejar de avisar a «tienda»"),
        (
            Method::PUT,
            "/settings",
            "/settings",
            json_of(json!({ "settings": { "folder.enabled": "false" }, "who": "Ana" })),
            "Cambia los ajustes: carpeta de entrada",
        ),
        (
            Method::PUT,
            "/vouchers/terms",
            "/vouchers/terms",
            json_of(json!({ "stands": false, "since": today, "who": "Ana" })),
            "cada venta con tarjeta",
        ),
        (Method::POST, "/vouchers/undo", "/vouchers/undo", json_of(undo), "Deshacer la venta con voucher"),
        (
            Method::POST,
            "/folios?who=Ana",
            "/folios",
            Some(("application/xml", caf)),
            "Cargar los folios 201 a 250",
        ),
        (Method::POST, "/folios/stop", "/folios/stop", range(), "Detener el rango 201 a 250"),
        (Method::POST, "/folios/resume", "/folios/resume", range(), "Reanudar el rango 201 a 250"),
        (Method::POST, "/certificate?who=Ana", "/certificate", json_of(certificate), "Cargar el certificado"),
        (
            Method::PUT,
            "/printers/cocina?who=Ana",
            "/printers/{name}",
            json_of(
                json!({ "name": "cocina", "device": "red:127.0.0.1:9", "takes": "asked", "paper": "80mm" }),
            ),
            "Configurar la impresora «cocina»",
        ),
        (
            Method::DELETE,
            "/printers/cocina?who=Ana",
            "/printers/{name}",
            None,
            "Quitar la impresora «cocina»",
        ),
        (Method::PUT, "/logo?who=Ana", "/logo", Some(("image/png", logo)), "Poner el logo"),
        (Method::DELETE, "/logo?who=Ana", "/logo", None, "Quitar el logo"),
        (
            Method::POST,
            "/sending?who=Ana",
            "/sending",
            json_of(json!({ "running": false })),
            "Detener el envío",
        ),
        (Method::POST, "/documents/T39F1/resend?who=Ana", "/documents/{id}/resend", None, "Reenviar"),
        (Method::POST, "/resend?who=Ana", "/resend", None, "Reenviar pendientes"),
        (Method::PUT, "/staff/Eva?who=Ana", "/staff/{name}", worker("2580"), "Agregar a «Eva»"),
        (Method::PUT, "/staff/Eva?who=Ana", "/staff/{name}", worker("2581"), "Cambiar a «Eva»"),
        (Method::DELETE, "/staff/Eva?who=Ana", "/staff/{name}", None, "Quitar a «Eva»"),
    ];

    let mut walked: Vec<(String, String)> = vec![("PUT".to_owned(), "/company".to_owned())];
    for (method, path, route, body, what) in told {
        if route == "/resend" {
            shop.agent.set_running(false);
            sell(&shop, &boleta(500), "b").await.unwrap();
        }
        let (status, answer) = by(&shop, &bodega, &method, path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        let (who, done) = last(&shop, &bodega).await;
        assert!(done.contains(what), "{method} {path}: {done}");
        assert_eq!(who, "bodega (token), dice ser Ana", "{method} {path}");
        walked.push((method.to_string(), route.to_owned()));
    }
    // Who says nothing of themselves is the token all the same.
    let worker = json_of(json!({ "name": "Eva", "role": "encargado", "pin": "2580" }));
    assert_eq!(by(&shop, &bodega, &Method::PUT, "/staff/Eva", worker).await.0, 200);
    assert_eq!(last(&shop, &bodega).await.0, "bodega (token)");
    // A change that was refused leaves none.
    let bad = json_of(json!({ "name": "Eva", "role": "encargado", "pin": "x" }));
    assert_eq!(by(&shop, &bodega, &Method::PUT, "/staff/Eva?who=Otra", bad).await.0, 422);
    assert_eq!(last(&shop, &bodega).await.0, "bodega (token)");

    // Nor does one of a name that makes the line read otherwise; and nothing was done.
    let turned = || json!("Ana\u{202e}asoR");
    for (path, body) in [
        ("/tokens", json!({ "name": "otra", "who": turned() })),
        ("/staff/Ida?who=Ana%0ARosa%20(PIN)", json!({ "name": "Ida", "role": "encargado", "pin": "2580" })),
        ("/webhooks/otra", json!({ "url": "https://tienda.example/", "who": turned() })),
        ("/settings", json!({ "settings": { "folder.enabled": "true" }, "who": "a".repeat(101) })),
    ] {
        let method = if path == "/tokens" { Method::POST } else { Method::PUT };
        let (status, refused) = by(&shop, &bodega, &method, path, json_of(body)).await;
        assert_eq!((status, &refused["code"]), (422, &json!("who-invalid")), "{path}: {refused}");
        assert_eq!(last(&shop, &bodega).await.0, "bodega (token)", "{path}");
    }
    let (_, tokens) = by(&shop, &bodega, &Method::GET, "/tokens", None).await;
    assert!(!tokens.to_string().contains("otra"), "{tokens}");

    // Every route that is not a look stands in one of the three.
    let (_, described) = by(&shop, &bodega, &Method::GET, "/openapi.json", None).await;
    let listed = NONE.iter().chain(ELSEWHERE);
    walked.extend(listed.map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())));
    walked.sort_unstable();
    walked.dedup();
    let mut routes: Vec<(String, String)> = Vec::new();
    for (path, methods) in described["paths"].as_object().unwrap() {
        let changes = methods.as_object().unwrap().keys().map(|method| method.to_uppercase());
        let path = path.trim_start_matches("/v1");
        routes.extend(changes.filter(|method| method != "GET").map(|method| (method, path.to_owned())));
    }
    routes.sort_unstable();
    assert_eq!(routes, walked);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sets_up_the_company_is_in_the_journal_and_a_shop_that_is_made_by_itself_names_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let shop = timbre_app::start(options(dir.path())).await.expect("it opens");
    let bodega = token(&shop, "bodega", "manage").await;
    let data = json!({
        "RUTEmisor": "76192083-9", "RznSoc": "ALMACEN LTDA", "GiroEmis": "Almacén", "Acteco": [472101],
        "DirOrigen": "Calle 1", "CmnaOrigen": "Ñuñoa", "FchResol": "2014-08-22", "NroResol": 0,
    });
    let order = json_of(json!({ "environment": "certification", "data": data }));
    let (status, answer) = by(&shop, &bodega, &Method::PUT, "/company", order).await;
    assert_eq!(status, 200, "{answer}");
    let act = ("bodega (token)".to_owned(), "Guardar la empresa 76192083-9, ALMACEN LTDA".to_owned());
    assert_eq!(last(&shop, &bodega).await, act);
    shop.stop().await;

    let other = tempfile::tempdir().unwrap();
    shop_of_company(other.path(), Desk::company(), &[(39, 1, 50)]).await;
    let shop = timbre_app::start(options(other.path())).await.expect("it opens");
    assert!(shop.agent.acts("", None, None).unwrap().rows.is_empty());
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_does_by_a_pin_was_done_by_who_has_the_pin() {
    let dir = tempfile::tempdir().unwrap();
    shop_of_company(dir.path(), Desk::company(), &[(39, 1, 50)]).await;
    let shop = timbre_app::start(options(dir.path())).await.expect("it opens");
    let ana = json!({ "name": "Ana", "role": "encargado", "pin": "2580" }).to_string();
    assert_eq!(page(&shop, Method::PUT, "/staff/Ana?who=Rosa", None, ana).await.0, 200);
    let acts = || shop.agent.acts("", None, Some(1)).unwrap().rows.remove(0);
    assert_eq!(acts().who, "Rosa", "while nobody has a PIN a page at this machine has its word alone");
    let order = json!({ "type": "39", "folio": 1, "who": "Rosa", "why": "prueba" }).to_string();
    let given =
        crate::staff::permit(&shop, "2580", "stop_range").await.1["permit"].as_str().unwrap().to_owned();
    assert_eq!(page(&shop, Method::POST, "/folios/stop", Some(&given), order).await.0, 200);
    assert_eq!(acts().who, "Ana", "whose PIN it was, whatever the page says");
    shop.stop().await;
}
