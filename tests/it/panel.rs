//! The panel for other machines: served over TLS to who knows its password, and whatever else is tried is refused.

use std::path::Path;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use timbre_app::{DemoOptions, Options, Running};
use timbre_tests::{boleta, options, sell, until};

use crate::network::certificate;

const PHRASE: &str = "pan amasado con pebre";
/// Of a web till that may call, as its origin is written in `timbre.toml`.
const TILL: &str = "https://caja.example";

struct Door {
    shop: Running,
    http: reqwest::Client,
    base: String,
}

impl Door {
    /// A shop whose panel is to be served to other machines.
    async fn open(dir: &Path) -> Door {
        let folder = dir.join("shop");
        std::fs::create_dir_all(&folder).unwrap();
        if !folder.join("red.pem").exists() {
            let (cert, key) = certificate();
            std::fs::write(folder.join("red.pem"), cert).unwrap();
            std::fs::write(folder.join("red.key"), key).unwrap();
            let text = format!(
                "[api]\norigins = [\"{TILL}\"]\n[network]\nlisten = \"127.0.0.1:0\"\nnames = [\"127.0.0.1\"]\n\
                 certificate = \"red.pem\"\nkey = \"red.key\"\npanel = true\n"
            );
            std::fs::write(folder.join("timbre.toml"), text).unwrap();
        }
        let demo = DemoOptions { latency: std::time::Duration::ZERO, scenario: "calm".to_owned() };
        let shop = timbre_app::start(Options { demo: Some(demo), ..options(dir) }).await.expect("it opens");
        let cert = std::fs::read(folder.join("red.pem")).unwrap();
        let http = reqwest::Client::builder()
            .tls_backend_native()
            .add_root_certificate(reqwest::Certificate::from_pem(&cert).unwrap())
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let base = format!("https://127.0.0.1:{}", shop.network_port().expect("it listens"));
        Door { shop, http, base }
    }

    /// As a page of ours asks: a browser adds where it came from and the cookie.
    fn ask(&self, method: Method, path: &str, cookie: &str) -> RequestBuilder {
        let asked = self.http.request(method.clone(), format!("{}{path}", self.base));
        let asked = asked.header("sec-fetch-site", "same-origin").header("cookie", cookie);
        if method == Method::GET {
            asked
        } else {
            asked.header("origin", &self.base).header("timbre-client", "panel")
        }
    }

    async fn status(&self, method: Method, path: &str, cookie: &str) -> u16 {
        self.ask(method, path, cookie).send().await.expect("it answers").status().as_u16()
    }

    async fn enter(&self, password: &str) -> Response {
        let said = json!({ "password": password });
        self.ask(Method::POST, "/entrar", "").json(&said).send().await.expect("it answers")
    }

    /// Enters; what the browser shows from then on.
    async fn cookie(&self) -> String {
        let answer = self.enter(PHRASE).await;
        assert_eq!(answer.status(), 204);
        let set = answer.headers()["set-cookie"].to_str().unwrap();
        let (cookie, with) = set.split_once("; ").unwrap();
        assert_eq!(with, "Path=/; Secure; HttpOnly; SameSite=Strict");
        assert!(cookie.starts_with("__Host-timbre=") && cookie.len() > 64, "{cookie}");
        cookie.to_owned()
    }

    /// On the shop's own machine.
    async fn here(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let asked = reqwest::Client::new().request(method, format!("{}/v1{path}", self.shop.address.base));
        let asked = asked.bearer_auth(&self.shop.address.token).header("timbre-client", "tests");
        let asked = if body.is_null() { asked } else { asked.json(&body) };
        let answer = asked.send().await.expect("it answers");
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }

    async fn set(&self, password: &str) -> (u16, Value) {
        self.here(Method::PUT, "/panel/password", json!({ "password": password, "who": "Rosa" })).await
    }
}

async fn code(answer: Response) -> String {
    let problem: Value = answer.json().await.unwrap_or(Value::Null);
    problem["code"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_password_nobody_enters_and_it_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let door = Door::open(dir.path()).await;
    let answer = door.ask(Method::GET, "/", "").send().await.unwrap();
    assert_eq!(answer.status(), 403);
    assert!(answer.text().await.unwrap().contains("falta su contraseña"));
    assert_eq!(code(door.enter("").await).await, "password-missing");
    let notices = || async { door.here(Method::GET, "/health", Value::Null).await.1["notices"].to_string() };
    assert!(notices().await.contains("timbre panel password"));
    assert_eq!(door.set("corta").await.1["code"], "password-weak");
    assert_eq!(door.set(PHRASE).await, (200, json!({ "served": true, "password": true })));
    assert!(!notices().await.contains("timbre panel password"));
    let plain = door.base.replace("https", "http");
    assert!(reqwest::get(format!("{plain}/entrar")).await.is_err(), "nothing in the clear");
    door.shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_knows_the_password_sees_the_panel_live_until_they_leave() {
    let dir = tempfile::tempdir().unwrap();
    let door = Door::open(dir.path()).await;
    door.set(PHRASE).await;
    let sent = door.ask(Method::GET, "/", "").send().await.unwrap();
    assert_eq!((sent.status().as_u16(), sent.headers()["location"].to_str().unwrap()), (303, "/entrar"));
    let page = door.ask(Method::GET, "/entrar", "").send().await.unwrap();
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
    assert!(page.text().await.unwrap().contains("Contraseña del panel"));

    let cookie = door.cookie().await;
    assert_eq!(door.status(Method::GET, "/", &cookie).await, 200);
    let stats = door.ask(Method::GET, "/v1/stats", &cookie).send().await.unwrap();
    assert_eq!(stats.headers()["cache-control"], "no-store");
    assert_eq!(stats.json::<Value>().await.unwrap()["total"], 0);
    let sold = door.ask(Method::POST, "/v1/documents", &cookie).json(&boleta(990)).send().await.unwrap();
    assert_eq!(sold.status(), 201);
    let refused = door.ask(Method::DELETE, "/v1/panel/password", &cookie).send().await.unwrap();
    assert_eq!(code(refused).await, "only-here");

    // Who has entered does what is risky by the PIN of somebody in charge too, whatever the request says of itself.
    let ana = json!({ "name": "Ana", "role": "encargado", "pin": "2580" });
    assert_eq!(door.here(Method::PUT, "/staff/Ana", ana).await.0, 200);
    let bare = door.http.get(format!("{}/v1/documents/export/csv", door.base)).header("cookie", &cookie);
    assert_eq!(code(bare.send().await.unwrap()).await, "pin-needed");

    let mut live = door.ask(Method::GET, "/v1/events", &cookie).send().await.unwrap();
    assert_eq!(live.status(), 200);
    assert!(!live.chunk().await.unwrap().unwrap().is_empty(), "the whole to begin with");
    until(&door.shop, |shop| shop.agent.stats().accepted == 1).await;
    assert_eq!(door.status(Method::POST, "/salir", &cookie).await, 204);
    assert_eq!(
        code(door.ask(Method::GET, "/v1/stats", &cookie).send().await.unwrap()).await,
        "session-ended"
    );
    assert_eq!(door.status(Method::GET, "/", &cookie).await, 303);
    // The next thing to be told is told to nobody who has left.
    sell(&door.shop, &boleta(800), "b").await.unwrap();
    while let Ok(Some(_)) = live.chunk().await {}

    let again = door.cookie().await;
    door.set("otra frase que nadie adivina").await;
    assert_eq!(
        door.status(Method::GET, "/v1/stats", &again).await,
        401,
        "another password, everybody enters anew"
    );
    door.shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_tried_at_the_panels_door_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let door = Door::open(dir.path()).await;
    door.set(PHRASE).await;
    let cookie = door.cookie().await;
    let (get, post) = (|path: &str| door.http.get(format!("{}{path}", door.base)), "/v1/documents");
    let sell = |cookie: &str| {
        door.http.post(format!("{}{post}", door.base)).header("cookie", cookie).json(&boleta(1))
    };
    let plain = door.http.post(format!("{}{post}", door.base)).header("cookie", &cookie).body("{}");
    let client = |asked: RequestBuilder| asked.header("timbre-client", "panel");
    for (what, asked, status) in [
        ("no cookie", client(sell("")), 401),
        ("a made-up cookie", client(sell(&format!("__Host-timbre={}", "0".repeat(64)))), 401),
        ("of two cookies one", client(sell(&format!("{cookie}; {cookie}"))), 401),
        ("another name", client(sell(&cookie.replace("__Host-", ""))), 401),
        ("a foreign page", client(sell(&cookie)).header("origin", "https://evil.example"), 403),
        ("a page of no origin", client(sell(&cookie)).header("origin", "null"), 403),
        ("a neighbour's page", client(sell(&cookie)).header("sec-fetch-site", "same-site"), 401),
        ("a web till that may call", client(sell(&cookie)).header("origin", TILL), 401),
        ("no header of ours", sell(&cookie), 403),
        ("a form", client(plain).header("content-type", "text/plain"), 415),
        (
            "the cookie as a token",
            client(sell("")).bearer_auth(cookie.trim_start_matches("__Host-timbre=")),
            401,
        ),
        ("the owner's token", client(sell("")).bearer_auth(&door.shop.address.token), 401),
        ("a wrong token beside the cookie", client(sell(&cookie)).bearer_auth("x"), 401),
        ("another host", client(sell(&cookie)).header("host", "evil.example"), 403),
        ("a file of the panel", get("/assets/x.js"), 401),
        (
            "the cookie at a foreign host",
            get("/").header("host", "evil.example").header("cookie", &cookie),
            403,
        ),
        (
            "a foreign page that enters",
            client(door.http.post(format!("{}/entrar", door.base)))
                .header("origin", "https://evil.example")
                .json(&json!({ "password": PHRASE })),
            403,
        ),
        ("a form that enters", door.http.post(format!("{}/entrar", door.base)).body("password=x"), 403),
    ] {
        let answer = asked.send().await.expect("it answers");
        assert_eq!(answer.status(), status, "{what}");
        assert!(!answer.headers().contains_key("set-cookie"), "{what}");
    }
    assert_eq!(door.shop.agent.stats().total, 0, "nothing was issued");
    let loopback = reqwest::Client::new().get(format!("{}/v1/stats", door.shop.address.base));
    assert_eq!(
        loopback.header("cookie", &cookie).send().await.unwrap().status(),
        401,
        "it is for the network alone"
    );

    // Guessing takes ever longer, and for who is inside nothing changes.
    for _ in 0..3 {
        assert_eq!(code(door.enter("otra frase que nadie adivina").await).await, "password-wrong");
    }
    assert_eq!(code(door.enter(PHRASE).await).await, "password-locked", "even the right one");
    assert_eq!(door.status(Method::GET, "/v1/stats", &cookie).await, 200);
    door.shop.stop().await;

    // Another start knows none of the cookies, and has forgiven nothing.
    let door = Door::open(dir.path()).await;
    assert_eq!(door.status(Method::GET, "/v1/stats", &cookie).await, 401);
    assert_eq!(code(door.enter(PHRASE).await).await, "password-locked");
    door.shop.stop().await;
    let written: Vec<u8> = std::fs::read_dir(dir.path().join("shop/journal"))
        .unwrap()
        .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect();
    let has = |text: &str| written.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(has("Contraseña equivocada, desde 127.0.0.1") && has("Entrar al panel desde 127.0.0.1"));
    assert!(!has(PHRASE));
}
