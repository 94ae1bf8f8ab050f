//! What people are shown holds no secret: a token and a webhook's secret stand in the answer that makes them, the rest
//! in none. (A recovery key does too, in the window's own: it is for a person's paper.)

use serde_json::json;
use sii_sim::Desk;
use timbre_agent::view::{TokenOrder, WebhookOrder, WorkerOrder};
use timbre_tests::{options, shop_of};

#[tokio::test(flavor = "multi_thread")]
async fn no_look_at_a_shop_shows_a_key_a_token_or_a_password() {
    let dir = tempfile::tempdir().unwrap();
    shop_of(dir.path(), &[(1, 10)]).await;
    let shop = timbre_app::start(options(dir.path())).await.expect("it opens");
    let agent = &shop.agent;
    let (who, pin, password) = ("Ana".to_owned(), "258025802580", "clave-del-pfx");
    let certificate = Desk::certificate(password);
    agent.load_certificate(&certificate.pfx, password, None).await.unwrap();
    let order = TokenOrder { name: "caja".to_owned(), scope: None, who: who.clone() };
    let token = shop.tokens.make_for(agent, order).await.unwrap().token;
    let order = WebhookOrder { url: "http://127.0.0.1:9/aviso".to_owned(), states: vec![], who: who.clone() };
    let secret = shop.webhooks.put(agent, "erp", &order).await.unwrap().secret;
    let worker = WorkerOrder { name: who, role: "encargado".to_owned(), pin: pin.to_owned() };
    agent.put_worker(worker).await.unwrap();
    let shown = shop.data_folder.recovery_key().unwrap();

    let looks = [
        ("snapshot", json!(agent.snapshot())),
        ("company", json!(agent.company_view())),
        ("tokens", json!(shop.tokens.list())),
        ("webhooks", json!(shop.webhooks.list())),
        ("staff", json!(agent.staff())),
        ("acts", json!(agent.acts("", None, None).unwrap())),
        ("settings", json!(shop.data_folder.settings().unwrap())),
        ("place", json!(shop.data_folder.place().unwrap())),
        ("sealing", json!(shop.data_folder.sealing().unwrap())),
        ("printers", json!(shop.printers.list())),
    ];
    let keys = ["BEGIN ", "PRIVATE KEY", "RSASK"];
    let secrets = [&*shop.address.token, &token, &secret, pin, password, &shown];
    for (name, look) in looks {
        let text = look.to_string();
        assert!(text.len() > 2, "{name} says something");
        for secret in keys.into_iter().chain(secrets) {
            assert!(!text.contains(secret), "{name} shows «{secret}»");
        }
    }
    shop.stop().await;
}
