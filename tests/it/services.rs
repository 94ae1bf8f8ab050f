//! What is asked of the SII beside the delivery of documents: the mail with results, and the registry of
//! claims, from both sides of a factura.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use sii_sim::{Company, Config, Desk, Registry, Sim};
use timbre_agent::view::RowView;
use timbre_app::Running;
use timbre_tests::{boleta, factura, factura_to, options, sell, shop_of_company, until};

const HOUR: Duration = Duration::from_secs(3_600);
const BUYER: &str = "99999999-9";
const SUPPLIER: &str = "88888888-8";

fn supplier() -> Company {
    Company { rut: SUPPLIER, name: "HARINAS DEL SUR (ENTRENAMIENTO) SPA", ..Desk::company().clone() }
}

/// An SII that knows both companies; each step of its pipeline takes so long.
async fn sii(processing: Duration) -> sii_sim::Running {
    let registry = Registry::default().with_company(supplier());
    let sim = Sim::new(Config { processing, registry, ..Config::default() });
    sii_sim::serve(sim, None).await.expect("a simulator listens")
}

/// A training shop of this company, that sends to that SII.
async fn shop_at(sii: &sii_sim::Running, dir: &Path, company: &Company) -> Running {
    shop_of_company(dir, company, &[(33, 1, 50), (39, 1, 50)]).await;
    let settings = format!("[training]\nsimulator = \"{}\"\n", sii.base);
    std::fs::write(dir.join("shop/timbre.toml"), settings).expect("the shop's settings");
    timbre_app::start(options(dir)).await.expect("the shop opens")
}

async fn asked(shop: &Running, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let method = method.parse().expect("a method");
    let client = reqwest::Client::new();
    let mut request =
        client.request(method, format!("{}{path}", shop.address.base)).bearer_auth(&*shop.address.token);
    request = request.header("Timbre-Client", "tests");
    if let Some(body) = body {
        request = request.header("Content-Type", "application/json").body(body.to_string());
    }
    let answer = request.send().await.expect("the shop answers");
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.expect("a whole answer")).expect("JSON"))
}

fn row(shop: &Running, id: &str) -> RowView {
    shop.agent.detail(id).expect("it is there").row
}

/// The status, and the SII's code where it has said one.
fn said((status, body): &(u16, Value)) -> (u16, &str) {
    let code = ["/remark/code", "/errors/0/code", "/code"].iter().find_map(|at| body.pointer(at));
    (*status, code.and_then(Value::as_str).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mail_with_results_comes_again_and_the_document_stands_as_it_did() {
    let dir = tempfile::tempdir().unwrap();
    let sii = sii(HOUR).await;
    let shop = shop_at(&sii, dir.path(), Desk::company()).await;
    let factura = sell(&shop, &factura(1_000), "f").await.unwrap().document.id;
    let boleta = sell(&shop, &boleta(1_000), "b").await.unwrap().document.id;
    until(&shop, |shop| [&factura, &boleta].iter().all(|id| row(shop, id).state == "ENVIADO")).await;
    shop.agent.set_running(false);
    let ask = async |id: &str| asked(&shop, "POST", &format!("/v1/documents/{id}/results-mail"), None).await;
    let mails = || sii.sim().mail(sii.sim().time(Timestamp::now())).len();

    assert_eq!(said(&ask(&boleta).await), (422, "no-results-mail"), "a boleta's upload has no mail");
    assert_eq!(said(&ask("T33F49").await), (404, "not-found"));
    let early = ask(&factura).await;
    assert_eq!(said(&early), (503, "CORREO 114"), "{early:?}");
    assert!(early.1["detail"].as_str().unwrap().contains("no existe correo"), "the SII's own words");

    // It is processed now; and the token has died of age meanwhile: it is renewed by itself.
    sii.sim().advance(6 * HOUR);
    let before = mails();
    let told = ask(&factura).await;
    assert_eq!(said(&told), (200, "CORREO 0"), "{told:?}");
    assert_eq!(told.1.pointer("/remark/advice/action/word"), Some(&json!("nothing")));
    assert_eq!(mails(), before + 1);

    assert_eq!(row(&shop, &factura).state, "ENVIADO", "a question changes nothing");
    let history = shop.agent.history(&factura).unwrap();
    let acted = history.iter().filter(|event| event["fact"] == "acted");
    let acts: Vec<_> = acted.filter_map(|event| event["what"].as_str()).collect();
    let expected =
        ["CORREO 114", "CORREO 0"].map(|code| format!("Pedir el correo con los resultados: {code}"));
    assert_eq!(acts, expected, "{history:#?}");
    shop.stop().await;
    sii.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_buyer_says_of_a_factura_is_seen_by_who_issued_it() {
    let (at_supplier, at_buyer) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let sii = sii(Duration::from_millis(50)).await;
    let supplier = shop_at(&sii, at_supplier.path(), &supplier()).await;
    let buyer = shop_at(&sii, at_buyer.path(), Desk::company()).await;
    for (key, receptor) in [("1", BUYER), ("2", BUYER), ("3", "77777777-7")] {
        sell(&supplier, &factura_to(receptor, 1_000), key).await.unwrap();
    }
    until(&supplier, |shop| shop.agent.stats().accepted == 3).await;

    let seen = async || asked(&supplier, "GET", "/v1/documents/T33F1/claims", None).await.1;
    let at_first = seen().await;
    assert_eq!((&at_first["events"], &at_first["untold"]), (&json!([]), &json!([])), "{at_first:#?}");
    assert!(at_first["received"].is_string(), "{at_first:#?}");
    assert_eq!(at_first["assignable"]["words"], "DTE cedible");

    let say = async |folio: u64, action: &str| {
        let order = json!({ "issuer": SUPPLIER, "type": "33", "folio": folio, "action": action });
        let answer = asked(&buyer, "POST", "/v1/claims", Some(order)).await;
        let (status, code) = said(&answer);
        (status, code.to_owned())
    };
    let told = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(say(1, "ERM").await, told(200, "RECLAMO 0"));
    assert_eq!(say(1, "ERM").await, told(200, "RECLAMO 7"), "said twice it is said once");
    assert_eq!(say(1, "RFT").await, told(422, "RECLAMO 12"), "the goods were received");
    sii.sim().kill_tokens();
    assert_eq!(say(1, "RCD").await, told(200, "RECLAMO 0"), "the pass is renewed by itself");
    assert_eq!(say(1, "ACD").await, told(422, "RECLAMO 5"), "it is claimed");
    assert_eq!(say(3, "ACD").await, told(422, "RECLAMO 14"), "it is for somebody else");
    assert_eq!(say(40, "ACD").await, told(422, "RECLAMO 10"), "the SII does not have it");

    let events = seen().await["events"].clone();
    let codes: Vec<_> = events.as_array().unwrap().iter().map(|event| &event["what"]["code"]).collect();
    assert_eq!(codes, ["ERM", "RCD"]);
    assert!(events.as_array().unwrap().iter().all(|event| event["by"] == BUYER && event["at"].is_string()));
    assert_eq!(events[1]["what"]["advice"]["action"]["word"], "credit-note");
    assert_eq!(row(&supplier, "T33F1").state, "ACEPTADO", "a claim is not a verdict");
    assert_eq!(row(&supplier, "T33F1").attention, None);

    let of = |folio: u64| format!("/v1/claims?issuer={SUPPLIER}&type=33&folio={folio}");
    let (status, bought) = asked(&buyer, "GET", &of(1), None).await;
    assert_eq!((status, &bought["events"][1]["what"]["code"]), (200, &json!("RCD")));
    assert!(bought["events"][1]["what"].get("advice").is_none(), "the advice is for who issued it");
    let unknown = asked(&buyer, "GET", &of(40), None).await;
    assert_eq!(said(&unknown), (422, "RECLAMO 18"));

    sii.sim().advance(9 * 24 * HOUR);
    assert_eq!(say(2, "RCD").await, told(422, "RECLAMO 8"), "after eight days it counts as accepted");
    supplier.stop().await;
    buyer.stop().await;
    sii.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_meant_is_refused_before_the_sii_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let sii = sii(Duration::from_millis(50)).await;
    let shop = shop_at(&sii, dir.path(), Desk::company()).await;
    // Nobody is there to be asked.
    sii.sim().set_outage(true);
    let order = |issuer: &str, kind: &str, folio: u64, action: &str| json!({ "issuer": issuer, "type": kind, "folio": folio, "action": action });
    for (order, code) in [
        (order("88888888-1", "33", 1, "ACD"), "issuer-invalid"),
        (order(SUPPLIER, "39", 1, "ACD"), "type-without-claims"),
        (order(SUPPLIER, "33", 0, "ACD"), "folio-invalid"),
        (order(SUPPLIER, "33", 1, "NCA"), "action-unknown"),
        (order(BUYER, "33", 1, "RCD"), "claim-own"),
    ] {
        let answer = asked(&shop, "POST", "/v1/claims", Some(order)).await;
        assert_eq!(said(&answer), (422, code), "{answer:?}");
    }
    let boleta = sell(&shop, &boleta(1_000), "b").await.unwrap().document.id;
    let answer = asked(&shop, "GET", &format!("/v1/documents/{boleta}/claims"), None).await;
    assert_eq!(said(&answer), (422, "type-without-claims"));
    let answer = asked(&shop, "POST", "/v1/claims", Some(order(SUPPLIER, "33", 1, "ACD"))).await;
    assert_eq!(said(&answer), (504, "no-session"), "{answer:?}");
    shop.stop().await;
    sii.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_does_not_answer_brings_no_line_down() {
    let dir = tempfile::tempdir().unwrap();
    let sii = sii(Duration::from_millis(50)).await;
    let shop = shop_at(&sii, dir.path(), Desk::company()).await;
    sell(&shop, &factura(1_000), "f").await.unwrap();
    until(&shop, |shop| shop.agent.stats().accepted == 1).await;
    sii.sim().set_outage(true);
    let answer = asked(&shop, "GET", "/v1/documents/T33F1/claims", None).await;
    assert_eq!(said(&answer), (504, "authority-silent"), "{answer:?}");
    assert_eq!(shop.agent.snapshot().down, []);
    shop.stop().await;
    sii.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_is_refused_as_soon_as_it_is_given_is_asked_for_once_more_and_no_oftener() {
    let dir = tempfile::tempdir().unwrap();
    let sii = sii(Duration::from_millis(50)).await;
    let shop = shop_at(&sii, dir.path(), Desk::company()).await;
    let fault = json!({ "does": "status", "at": "claims", "status": 401, "times": 3 });
    sii.sim().arm(serde_json::from_value(fault).expect("a fault"));
    let order = json!({ "issuer": SUPPLIER, "type": "33", "folio": 1, "action": "ACD" });
    let answer = asked(&shop, "POST", "/v1/claims", Some(order.clone())).await;
    assert_eq!(said(&answer), (502, "RECLAMO TOKEN"), "{answer:?}");
    // The third refusal, a new pass, and an answer.
    let answer = asked(&shop, "POST", "/v1/claims", Some(order)).await;
    assert_eq!(said(&answer), (422, "RECLAMO 10"), "{answer:?}");
    shop.stop().await;
    sii.stop().await;
}
