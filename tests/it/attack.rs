//! What a web page, a neighbour or a bad script may try at the local API: each is refused, nothing is done, and
//! the till next to it is served.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use timbre_app::{DemoOptions, Options, Running};
use timbre_tests::{boleta, options};

/// A shop whose web till is at one origin.
pub(crate) async fn shop(dir: &Path) -> Running {
    std::fs::create_dir_all(dir.join("shop")).unwrap();
    std::fs::write(dir.join("shop/timbre.toml"), "[api]\norigins = [\"https://caja.example\"]\n").unwrap();
    let demo = DemoOptions { latency: Duration::ZERO, scenario: "calm".to_owned() };
    timbre_app::start(Options { demo: Some(demo), ..options(dir) }).await.expect("a demo shop opens")
}

/// An answer, as it came.
pub(crate) struct Heard {
    pub status: u16,
    pub text: String,
}

impl Heard {
    fn code(&self) -> String {
        let body = self.text.split("\r\n\r\n").nth(1).unwrap_or_default();
        let body: Value = serde_json::from_str(body).unwrap_or(Value::Null);
        body["code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn has(&self, header: &str) -> bool {
        self.text.to_ascii_lowercase().contains(&header.to_ascii_lowercase())
    }
}

/// Who waits for what never comes hears of that, too.
pub(crate) fn patient(stream: &TcpStream) {
    stream.set_read_timeout(Some(Duration::from_secs(120))).expect("a socket has a patience");
}

pub(crate) fn connect(shop: &Running) -> TcpStream {
    let stream = TcpStream::connect(shop.address.base.trim_start_matches("http://")).expect("it listens");
    patient(&stream);
    stream
}

/// Says these bytes and hears the answer to its end; status 0 where it was only hung up.
pub(crate) fn say(shop: &Running, request: &str) -> Heard {
    let mut stream = connect(shop);
    // It may hang up on what it does not want to read to the end.
    let _ = stream.write_all(request.as_bytes());
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let status = text.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    Heard { status, text }
}

/// A request written by hand: the method and path, headers by their names, a body.
pub(crate) fn request(line: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut text = format!("{line} HTTP/1.1\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    text + "\r\n" + body
}

/// Makes a token by the owner's.
pub(crate) async fn token(shop: &Running, name: &str, scope: &str) -> String {
    let answer = reqwest::Client::new()
        .post(format!("{}/v1/tokens", shop.address.base))
        .bearer_auth(&shop.address.token)
        .header("Timbre-Client", "tests")
        .json(&json!({ "name": name, "scope": scope, "who": "Rosa" }))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 201);
    answer.json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_tried_at_the_api_is_refused_and_nothing_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path()).await;
    let host = shop.address.base.trim_start_matches("http://").to_owned();
    let port = host.rsplit_once(':').unwrap().1.to_owned();
    let owner = format!("Bearer {}", shop.address.token);
    let till = format!("Bearer {}", token(&shop, "caja", "issue").await);
    let reader = format!("Bearer {}", token(&shop, "contador", "read").await);
    let sale = boleta(990).to_string();
    let (json_kind, client) = (("Content-Type", "application/json"), ("Timbre-Client", "x"));
    let good = [("Host", host.as_str()), ("Authorization", till.as_str()), json_kind, client];
    let with = |name: &'static str, value: &'static str| {
        let mut headers: Vec<_> = good.iter().copied().filter(|(other, _)| *other != name).collect();
        if !value.is_empty() {
            headers.push((name, value));
        }
        headers
    };
    let sell = "POST /v1/documents";
    let here = format!("0.0.0.0:{port}");
    let rebound = format!("evil.example:{port}");
    let deep = "[".repeat(500_000);
    let long = " ".repeat((1 << 20) + 1);
    let swap = |name: &'static str, value: &str| -> Vec<(String, String)> {
        let mut headers: Vec<_> = good
            .iter()
            .filter(|(other, _)| *other != name)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        headers.push((name.to_owned(), value.to_owned()));
        headers
    };
    let swapped = |name, value: &str, line: &str, body: &str| {
        let headers = swap(name, value);
        let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        request(line, &headers, body)
    };
    let tries = [
        ("DNS rebinding", swapped("Host", &rebound, sell, &sale), 403, "origin-forbidden"),
        ("another port", swapped("Host", "127.0.0.1:1", sell, &sale), 403, "origin-forbidden"),
        ("0.0.0.0", swapped("Host", &here, sell, &sale), 403, "origin-forbidden"),
        (
            "two hosts",
            request(sell, &[&good[..], &[("Host", "evil.example")]].concat(), &sale),
            403,
            "origin-forbidden",
        ),
        (
            "another host in the first line",
            request(&format!("POST http://{rebound}/v1/documents"), &good, &sale),
            403,
            "origin-forbidden",
        ),
        (
            "two kinds of body",
            request(sell, &[&good[..], &[("Content-Type", "text/plain")]].concat(), &sale),
            415,
            "content-type-invalid",
        ),
        (
            "a foreign page",
            request(sell, &with("Origin", "https://evil.example"), &sale),
            403,
            "origin-forbidden",
        ),
        ("a page without origin", request(sell, &with("Origin", "null"), &sale), 403, "origin-forbidden"),
        (
            "a page of nearly the same name",
            request(sell, &with("Origin", "https://caja.example.evil.example"), &sale),
            403,
            "origin-forbidden",
        ),
        (
            "the allowed name without TLS",
            request(sell, &with("Origin", "http://caja.example"), &sale),
            403,
            "origin-forbidden",
        ),
        (
            "a form",
            request(sell, &with("Content-Type", "application/x-www-form-urlencoded"), &sale),
            415,
            "content-type-invalid",
        ),
        (
            "a form in plain text",
            request(sell, &with("Content-Type", "text/plain"), &sale),
            415,
            "content-type-invalid",
        ),
        (
            "a sale that says it is a picture",
            request(sell, &with("Content-Type", "image/png"), &sale),
            415,
            "content-type-invalid",
        ),
        (
            "a sale that says it is XML",
            request(sell, &with("Content-Type", "text/xml"), &sale),
            415,
            "content-type-invalid",
        ),
        ("no kind of body", request(sell, &with("Content-Type", ""), &sale), 415, "content-type-invalid"),
        ("no header of ours", request(sell, &with("Timbre-Client", ""), &sale), 403, "client-missing"),
        ("no token", request(sell, &with("Authorization", ""), &sale), 401, "token-invalid"),
        (
            "a wrong token",
            request(sell, &with("Authorization", "Bearer timbre_00"), &sale),
            401,
            "token-invalid",
        ),
        (
            "no word before it",
            swapped("Authorization", till.trim_start_matches("Bearer "), sell, &sale),
            401,
            "token-invalid",
        ),
        ("a reader that sells", swapped("Authorization", &reader, sell, &sale), 403, "scope-insufficient"),
        (
            "a till that loads folios",
            request("POST /v1/folios", &good, "<AUTORIZACION/>"),
            403,
            "scope-insufficient",
        ),
        ("a till that makes tokens", request("POST /v1/tokens", &good, "{}"), 403, "scope-insufficient"),
        ("a till that looks at tokens", request("GET /v1/tokens", &good[..2], ""), 403, "scope-insufficient"),
        (
            "a till that unlocks",
            request("POST /v1/issuing/unlock", &good, "{\"who\":\"x\"}"),
            403,
            "scope-insufficient",
        ),
        ("a body too long", request(sell, &good, &long), 413, "body-too-large"),
        ("nested without end", request(sell, &good, &deep), 400, "json-malformed"),
        ("a change by GET", request("GET /v1/documents/T39F1/resend", &good[..2], ""), 405, "method-unknown"),
        (
            "a path out of it",
            request("GET /v1/documents/..%2f..%2ftimbre.toml", &good[..2], ""),
            400,
            "id-invalid",
        ),
        (
            "a token in the query",
            request(&format!("GET /v1/stats?token={}", shop.address.token), &good[..1], ""),
            401,
            "token-invalid",
        ),
    ];
    for (what, request, status, code) in &tries {
        let heard = say(&shop, request);
        assert_eq!((heard.status, heard.code().as_str()), (*status, *code), "{what}: {}", heard.text);
        assert!(!heard.has("access-control-allow"), "{what}: nobody is let in by it");
    }
    // A chunked body has no length beforehand.
    let mut chunked = request(sell, &[&good[..], &[("Transfer-Encoding", "chunked")]].concat(), "");
    for _ in 0..17 {
        chunked.push_str(&format!("10000\r\n{}\r\n", " ".repeat(0x10000)));
    }
    assert_eq!(say(&shop, &(chunked + "0\r\n\r\n")).status, 413);
    assert_eq!(shop.agent.stats().total, 0, "nothing was issued");
    assert_eq!(shop.agent.folios().iter().map(|f| f.ranges.len()).sum::<usize>(), 7, "nothing was loaded");

    let heard = say(&shop, &request(sell, &good, &sale));
    assert_eq!(heard.status, 201, "the till itself is served: {}", heard.text);
    let small = till.replace("Bearer", "bearer");
    let heard =
        say(&shop, &swapped("Authorization", &small, &format!("POST http://{host}/v1/documents"), &sale));
    assert_eq!(heard.status, 201, "as some clients write it: {}", heard.text);
    let heard = say(&shop, &swapped("Authorization", &owner, "DELETE /v1/tokens/caja", ""));
    assert_eq!(heard.status, 200, "{}", heard.text);
    let heard = say(&shop, &request(sell, &good, &sale));
    assert_eq!(
        (heard.status, heard.code().as_str()),
        (401, "token-invalid"),
        "a revoked token opens nothing"
    );
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_let_in_is_asked_beforehand_and_no_other_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path()).await;
    let host = shop.address.base.trim_start_matches("http://").to_owned();
    let ask = |origin: &str| {
        request(
            "OPTIONS /v1/documents",
            &[
                ("Host", &host),
                ("Origin", origin),
                ("Access-Control-Request-Method", "POST"),
                ("Access-Control-Request-Headers", "authorization,content-type,timbre-client"),
                ("Access-Control-Request-Private-Network", "true"),
            ],
            "",
        )
    };
    let heard = say(&shop, &ask("https://caja.example"));
    assert_eq!(heard.status, 204, "{}", heard.text);
    assert!(heard.has("access-control-allow-origin: https://caja.example\r\n"), "{}", heard.text);
    assert!(heard.has("access-control-allow-private-network: true"), "{}", heard.text);
    let heard = say(&shop, &ask("https://evil.example"));
    assert_eq!(heard.status, 403);
    assert!(!heard.has("access-control"), "{}", heard.text);
    let owner = format!("Bearer {}", shop.address.token);
    let stats = [("Host", host.as_str()), ("Origin", "https://caja.example"), ("Authorization", &owner)];
    let heard = say(&shop, &request("GET /v1/stats", &stats, ""));
    assert_eq!(heard.status, 200);
    assert!(heard.has("access-control-allow-origin: https://caja.example\r\n"), "{}", heard.text);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_listens_again_hears_what_it_missed_and_a_revoked_one_hears_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path()).await;
    let till = token(&shop, "pantalla", "read").await;
    let listen = async |last: Option<&str>| {
        let mut request =
            reqwest::Client::new().get(format!("{}/v1/events", shop.address.base)).bearer_auth(&till);
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        request.send().await.unwrap()
    };
    // One event: its id, and what it says.
    async fn next(stream: &mut reqwest::Response, held: &mut String) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = held.split_once("\n\n") {
                let line = |name: &str| {
                    event.lines().find_map(|line| line.strip_prefix(name)).map(|text| text.trim().to_owned())
                };
                let found = line("id:").zip(line("data:"));
                *held = rest.to_owned();
                match found {
                    Some((id, data)) => return Some((id, serde_json::from_str(&data).unwrap())),
                    None => continue,
                }
            }
            let more = stream.chunk().await.ok()??;
            held.push_str(std::str::from_utf8(&more).unwrap());
        }
    }
    let (mut first, mut held) = (listen(None).await, String::new());
    let (id, push) = next(&mut first, &mut held).await.unwrap();
    assert_eq!(push["all"], true, "the whole to begin with");
    drop(first);
    let sold = timbre_tests::sell(&shop, &boleta(700), "a").await.unwrap().document.id;
    timbre_tests::until(&shop, |shop| shop.agent.stats().accepted == 1).await;
    let (mut again, mut held) = (listen(Some(&id)).await, String::new());
    let mut states = Vec::new();
    while states.last().map(String::as_str) != Some("ACEPTADO") {
        let (_, push) = next(&mut again, &mut held).await.unwrap();
        assert_eq!(push["all"], false, "what was missed, and not the whole");
        let rows = push["rows"].as_array().unwrap().clone();
        states.extend(
            rows.iter().filter(|row| row["id"] == *sold).map(|row| row["state"].as_str().unwrap().to_owned()),
        );
    }
    let (mut other, mut held) = (listen(Some("0123456789abcdef-1")).await, String::new());
    assert_eq!(
        next(&mut other, &mut held).await.unwrap().1["all"],
        true,
        "an id of another run says nothing"
    );

    let gone = reqwest::Client::new()
        .delete(format!("{}/v1/tokens/pantalla", shop.address.base))
        .bearer_auth(&shop.address.token)
        .header("Timbre-Client", "tests");
    assert_eq!(gone.send().await.unwrap().status(), 200);
    timbre_tests::sell(&shop, &boleta(800), "b").await.unwrap();
    let silent = async { while next(&mut other, &mut held).await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(60), silent).await.expect("a revoked one is hung up on");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_monitor_asks_for_is_there_and_holds_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path()).await;
    timbre_tests::sell(&shop, &boleta(700), "clave-secreta").await.unwrap();
    timbre_tests::until(&shop, |shop| shop.agent.stats().accepted == 1).await;
    let reader = token(&shop, "monitor", "read").await;
    let url = format!("{}/v1/metrics", shop.address.base);
    let answer = reqwest::Client::new().get(url).bearer_auth(&reader).send().await.unwrap();
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    let page = answer.text().await.unwrap();
    for line in [
        "timbre_documents{type=\"39\",state=\"ACEPTADO\"} 1\n",
        "timbre_documents{type=\"33\",state=\"ACEPTADO\"} 0\n",
        "timbre_queue_documents{type=\"39\"} 0\n",
        "timbre_deadlines_missed_total{type=\"39\"} 0\n",
        "timbre_folios_left{type=\"39\"} 99999\n",
        "timbre_issue_seconds_count 1\n",
        "timbre_commit_seconds_bucket{le=\"+Inf\"} ",
        "class=\"ok\"",
    ] {
        assert!(page.contains(line), "{line}: {page}");
    }
    for secret in [&reader, &shop.address.token, "clave-secreta"] {
        assert!(!page.contains(secret));
    }
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_asks_for_the_window_and_only_where_there_is_one() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path()).await;
    let manage = token(&shop, "oficina", "manage").await;
    let ask = async |token: &str| {
        let request = reqwest::Client::new().post(format!("{}/v1/window", shop.address.base));
        let answer = request.bearer_auth(token).header("Timbre-Client", "tests").send().await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.json::<Value>().await.unwrap_or_default();
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(ask(&shop.address.token).await, (404, "window-none".to_owned()), "an agent without a window");
    let mut window = shop.window.attend();
    assert_eq!(ask(&manage).await, (403, "owner-only".to_owned()));
    assert!(!window.has_changed().unwrap());
    assert_eq!(ask(&shop.address.token).await.0, 204);
    window.changed().await.expect("it is asked for");
    drop(window);
    assert_eq!(ask(&shop.address.token).await.0, 404, "its window is closed");
    shop.stop().await;
}
