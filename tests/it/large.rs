//! Boletas above 135 UF, as a till that names its payments sells them over the local API: without their buyer nothing is
//! issued, with it the SII accepts them; and the UF that decides.

use reqwest::Method;
use serde_json::{Value, json};
use timbre_app::{Options, Running};
use timbre_tests::{boleta, options, shop, until};

use crate::vouchers::{ask, declare, paid};

const LARGE: u64 = 6_000_000;

fn named(mut sale: Value) -> Value {
    sale["Encabezado"]["Receptor"] = json!({ "RUTRecep": "76192083-9", "RznSocRecep": "Ana Soto" });
    sale
}

fn codes(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().expect("reasons").iter().filter_map(|error| error["code"].as_str()).collect()
}

async fn xml(shop: &Running, id: &str) -> String {
    let url = format!("{}/v1/documents/{id}/xml", shop.address.base);
    let request = reqwest::Client::new().get(url).bearer_auth(&*shop.address.token);
    request.send().await.expect("an answer").text().await.expect("its text")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_boleta_is_issued_once_its_buyer_is_named_and_the_sii_takes_it() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    let cash = json!([{ "Medio": "efectivo", "Monto": LARGE + 20_000 }]);
    let mut sale = paid(boleta(LARGE), cash);
    sale["Timbre"]["Vuelto"] = json!(20_000);
    // The buyer is all that is asked for, beforehand and when it is charged; no folio is used.
    for (path, key) in [("/documents/preview", ""), ("/documents", "a")] {
        let (status, problem) = ask(&shop, Method::POST, path, key, &sale).await;
        assert_eq!((status, codes(&problem)), (422, vec!["large-sale-receiver"]), "{path}: {problem}");
    }
    assert_eq!(shop.agent.stats().total, 0);

    let sale = named(sale);
    let (status, seen) = ask(&shop, Method::POST, "/documents/preview", "", &sale).await;
    assert_eq!((status, &seen["totals"]["MntTotal"]), (200, &json!(LARGE)), "{seen}");
    let (status, issued) = ask(&shop, Method::POST, "/documents", "b", &sale).await;
    assert_eq!((status, &issued["document"]["receiver"]), (201, &json!("Ana Soto")), "{issued}");
    let id = issued["document"]["id"].as_str().expect("its id").to_owned();
    let text = xml(&shop, &id).await;
    assert!(
        text.contains("<MedioPago>1</MedioPago>") && text.contains("<RUTRecep>76192083-9</RUTRecep>"),
        "{text}"
    );
    until(&shop, |shop| shop.agent.stats().accepted == 1).await;

    // Where a voucher stands for the card's part the boleta is for the rest, and says how that was paid.
    assert_eq!(declare(&shop, true).await.0, 200);
    let parts =
        json!([{ "Medio": "debito", "Monto": 7_000_000 }, { "Medio": "transferencia", "Monto": LARGE }]);
    let (status, rest) =
        ask(&shop, Method::POST, "/documents", "c", &named(paid(boleta(7_000_000 + LARGE), parts))).await;
    assert_eq!((status, &rest["document"]["total"]), (201, &json!(LARGE)), "{rest}");
    let text = xml(&shop, rest["document"]["id"].as_str().expect("its id")).await;
    assert!(text.contains("<MedioPago>3</MedioPago>"), "{text}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_uf_that_the_company_says_decides_and_is_kept_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let shop = timbre_app::start(Options { sender: false, ..options(dir.path()) })
        .await
        .expect("a new folder opens");
    let company = |uf: &str| {
        json!({ "environment": "certification", "data": {
            "RUTEmisor": "77777777-7", "RznSoc": "ALMACEN VERDADERO LTDA", "GiroEmis": "Almacén", "Acteco": [472101],
            "DirOrigen": "Los Pinos 1", "CmnaOrigen": "Ñuñoa", "FchResol": "2014-08-22", "NroResol": 0,
            "ValorUF": uf, "FchUF": shop.agent.today().unwrap().date,
        } })
    };
    let (status, problem) = ask(&shop, Method::PUT, "/company", "", &company("39,12")).await;
    assert_eq!((status, &problem["errors"][0]["path"]), (422, &json!("ValorUF")), "{problem}");
    let sale = boleta(5_500_000);
    for (uf, kept, status) in [("39.123,45", "39123.45", 422), ("45.000", "45000", 200)] {
        assert_eq!(ask(&shop, Method::PUT, "/company", "", &company(uf)).await.0, 200);
        let (_, said) = ask(&shop, Method::GET, "/company", "", &Value::Null).await;
        assert_eq!(said["data"]["ValorUF"], kept);
        assert_eq!(ask(&shop, Method::POST, "/documents/preview", "", &sale).await.0, status, "{uf}");
    }
    shop.stop().await;
}
