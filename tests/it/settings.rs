//! The folder's settings and a look at all its data, over the local API, while the shop sells.

use reqwest::Method;
use serde_json::json;
use timbre_tests::{boleta, options, sell, shop_of_company};

use crate::staff::{page, permit};

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_is_changed_by_somebody_in_charge_and_holds_from_the_next_start_on() {
    let dir = tempfile::tempdir().unwrap();
    shop_of_company(dir.path(), sii_sim::Desk::company(), &[(39, 1, 10)]).await;
    let shop = timbre_app::start(options(dir.path())).await.expect("it opens");
    let ana = json!({ "name": "Ana", "role": "encargado", "pin": "2580" }).to_string();
    assert_eq!(page(&shop, Method::PUT, "/staff/Ana", None, ana).await.0, 200);

    let order = |parcel: &str| json!({ "settings": { "sender.workers": parcel }, "who": "Ana" }).to_string();
    let (status, problem) = page(&shop, Method::PUT, "/settings", None, order("2")).await;
    assert_eq!((status, &problem["code"]), (403, &json!("pin-needed")));
    let given = permit(&shop, "2580", "set_settings").await.1["permit"].as_str().unwrap().to_owned();
    let (status, problem) = page(&shop, Method::PUT, "/settings", Some(&given), order("0")).await;
    assert_eq!((status, &problem["errors"][0]["path"]), (422, &json!("sender.workers")), "{problem}");
    let given = permit(&shop, "2580", "set_settings").await.1["permit"].as_str().unwrap().to_owned();
    let (status, settings) = page(&shop, Method::PUT, "/settings", Some(&given), order("2")).await;
    assert_eq!((status, &settings["waits"]), (200, &json!(true)), "{settings}");
    let allowed = |shop: &timbre_app::Running| shop.agent.snapshot().workers.allowed;
    assert_eq!(allowed(&shop), 5);
    shop.stop().await;

    let shop = timbre_app::start(options(dir.path())).await.expect("it opens");
    assert_eq!(allowed(&shop), 2);
    let acts = shop.agent.acts("ana envíos", None, None).unwrap();
    assert_eq!(acts.rows[0].what, "Cambia los ajustes: envíos a la vez a 2");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_data_are_looked_at_while_the_shop_sells() {
    let dir = tempfile::tempdir().unwrap();
    shop_of_company(dir.path(), sii_sim::Desk::company(), &[(39, 1, 50)]).await;
    let shop = timbre_app::start(options(dir.path())).await.expect("it opens");
    sell(&shop, &boleta(500), "a").await.unwrap();
    let (status, begun) = page(&shop, Method::POST, "/check", None, String::new()).await;
    assert_eq!((status, &begun["running"]), (200, &json!(true)));
    for n in 0..20 {
        sell(&shop, &boleta(500), &format!("b{n}")).await.unwrap();
    }
    let looked = loop {
        let looked = page(&shop, Method::GET, "/check", None, String::new()).await.1;
        if looked["running"] == false {
            break looked;
        }
    };
    assert_eq!(looked["sound"], true, "{looked}");
    assert_eq!(looked["lines"][0], "Los datos están sanos.");
    let place = page(&shop, Method::GET, "/place", None, String::new()).await.1;
    assert_eq!(place["path"], dir.path().join("shop").display().to_string());
    assert!(place["journal_bytes"].as_u64() > Some(0) && place["drop"]["trouble"].is_null(), "{place}");
    shop.stop().await;
}
