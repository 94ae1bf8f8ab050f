//! Webhooks, end to end: an address of its own is told each verdict, signed, of each document in order, until it takes it.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};
use timbre_app::Running;
use timbre_tests::{boleta, options, sell, shop, until};

/// What came: the headers of the delivery, and its body.
struct Came {
    head: Vec<(String, String)>,
    body: String,
}

impl Came {
    fn header(&self, name: &str) -> &str {
        self.head.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value)
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// An address that answers with these statuses one after the other, then 200.
fn address(statuses: &[u16]) -> (String, Receiver<Came>) {
    let mut statuses: VecDeque<_> = statuses.iter().copied().collect();
    listening(move |_| statuses.pop_front().unwrap_or(200))
}

/// An address that answers what it thinks of each.
fn listening(mut answers: impl FnMut(&Came) -> u16 + Send + 'static) -> (String, Receiver<Came>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/avisos", listener.local_addr().unwrap());
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = Vec::new();
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                if let Some((name, value)) = line.trim_end().split_once(": ") {
                    head.push((name.to_ascii_lowercase(), value.to_owned()));
                }
                line.clear();
            }
            let length = head.iter().find(|(name, _)| name == "content-length");
            let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
            if reader.read_exact(&mut body).is_err() {
                continue;
            }
            let came = Came { head, body: String::from_utf8(body).unwrap() };
            let status = answers(&came);
            let _ = write!(stream, "HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            if tell.send(came).is_err() {
                return;
            }
        }
    });
    (url, told)
}

async fn ask(shop: &Running, method: reqwest::Method, path: &str, body: Option<Value>) -> (u16, Value) {
    let url = format!("{}/v1{path}", shop.address.base);
    let request = reqwest::Client::new().request(method, url).bearer_auth(&shop.address.token);
    let mut request = request.header("Timbre-Client", "tests");
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn text(said: &Value, name: &str) -> String {
    said[name].as_str().unwrap_or_default().to_owned()
}

async fn next(told: &Receiver<Came>) -> Came {
    tokio::task::block_in_place(|| told.recv_timeout(std::time::Duration::from_secs(60))).expect("it is told")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_verdict_is_told_signed_and_again_until_it_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let first = shop(dir.path(), "calm").await;
    // Before it was set up: nobody is told of it.
    sell(&first, &boleta(500), "antes").await.unwrap();
    until(&first, |shop| shop.agent.stats().accepted == 1).await;
    let (url, told) = address(&[503, 200]);
    let order = json!({ "url": url, "who": "Rosa" });
    let (status, made) = ask(&first, reqwest::Method::PUT, "/webhooks/tienda", Some(order)).await;
    assert_eq!(status, 201, "{made}");
    let secret = made["secret"].as_str().unwrap().to_owned();
    let (_, listed) = ask(&first, reqwest::Method::GET, "/webhooks", None).await;
    assert!(!listed.to_string().contains(&secret), "it is never told again");
    let kept = std::fs::read_to_string(dir.path().join("shop/webhooks.json")).unwrap();
    assert!(!kept.contains(&secret), "nor does it stand on the disk");

    let id = sell(&first, &boleta(990), "a").await.unwrap().document.id;
    let refused = next(&told).await;
    let taken = next(&told).await;
    assert_eq!(refused.header("timbre-event"), taken.header("timbre-event"), "the same event again");
    let said = taken.json();
    assert_eq!((said["document"].as_str(), said["state"].as_str()), (Some(id.as_str()), Some("ACEPTADO")));
    assert_eq!(said["environment"], "training");
    // As any receiver would check it.
    let signature = taken.header("timbre-signature");
    let (at, mac) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let key = openssl::pkey::PKey::hmac(secret.as_bytes()).unwrap();
    let mut signer = openssl::sign::Signer::new(openssl::hash::MessageDigest::sha256(), &key).unwrap();
    signer.update(format!("{at}.{}", taken.body).as_bytes()).unwrap();
    let expected: String = signer.sign_to_vec().unwrap().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(mac, expected);

    let (status, tried) = ask(&first, reqwest::Method::POST, "/webhooks/tienda/test", None).await;
    assert_eq!((status, tried["status"].as_u64()), (200, Some(200)), "{tried}");
    let trial = next(&told).await.json();
    assert_eq!((trial["event"].as_str(), trial["environment"].as_str()), (Some("test"), Some("training")));
    let (_, listed) = ask(&first, reqwest::Method::GET, "/webhooks", None).await;
    let attempts = listed[0]["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 3, "{attempts:?}");
    assert_eq!(attempts[2]["why"], "respondió 503");

    // What happens while nobody is there to tell it is told at the next start, in its order, and nothing twice.
    ask(&first, reqwest::Method::DELETE, "/webhooks/tienda", None).await;
    let order = json!({ "url": "http://127.0.0.1:1/", "states": ["GENERADO", "ACEPTADO"], "who": "Rosa" });
    ask(&first, reqwest::Method::PUT, "/webhooks/otra", Some(order)).await;
    for n in 0..3 {
        sell(&first, &boleta(1_000 + n), &format!("b{n}")).await.unwrap();
    }
    until(&first, |shop| shop.agent.stats().accepted == 5).await;
    first.stop().await;
    let second = timbre_app::start(options(dir.path())).await.unwrap();
    let order = json!({ "url": url, "states": ["GENERADO", "ACEPTADO"], "who": "Rosa" });
    ask(&second, reqwest::Method::PUT, "/webhooks/otra", Some(order)).await;
    let mut events: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for _ in 0..6 {
        let came = next(&told).await.json();
        events.entry(text(&came, "document")).or_default().push(text(&came, "state"));
    }
    let in_order = |states: &Vec<String>| *states == ["GENERADO", "ACEPTADO"];
    assert!(events.len() == 3 && events.values().all(in_order), "each once: {events:?}");
    second.stop().await;
}

/// The one that is refused holds up nobody else; a person may have it tell now, and what was taken told again.
#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_not_taken_holds_up_no_other_and_goes_when_a_person_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    let refuses = Arc::new(AtomicBool::new(true));
    let still = Arc::clone(&refuses);
    let (url, told) = listening(move |came| match came.body.contains("\"T39F1\"") {
        true if still.load(Ordering::Relaxed) => 500,
        _ => 200,
    });
    let order = json!({ "url": url, "states": ["GENERADO", "ACEPTADO"], "who": "Rosa" });
    assert_eq!(ask(&shop, reqwest::Method::PUT, "/webhooks/tienda", Some(order)).await.0, 201);
    sell(&shop, &boleta(990), "uno").await.unwrap();
    let refused = next(&told).await.json();
    assert_eq!((text(&refused, "document"), text(&refused, "state")), ("T39F1".into(), "GENERADO".into()));
    for n in 2..=4 {
        sell(&shop, &boleta(n), &format!("k{n}")).await.unwrap();
    }
    let mut others: BTreeMap<String, Vec<String>> = BTreeMap::new();
    while others.values().map(Vec::len).sum::<usize>() < 6 {
        let came = next(&told).await.json();
        if text(&came, "document") == "T39F1" {
            assert_eq!(text(&came, "event"), text(&refused, "event"), "its second waits for its first");
        } else {
            others.entry(text(&came, "document")).or_default().push(text(&came, "state"));
        }
    }
    assert!(others.values().all(|states| *states == ["GENERADO", "ACEPTADO"]), "{others:?}");
    let listed = ask(&shop, reqwest::Method::GET, "/webhooks", None).await.1[0].clone();
    assert!(listed["due"].as_u64() >= Some(1) && listed["tries"].as_u64() >= Some(1), "{listed}");
    refuses.store(false, Ordering::Relaxed);
    let (status, again) = ask(&shop, reqwest::Method::POST, "/webhooks/tienda/redeliver", None).await;
    assert_eq!((status, again), (200, json!({ "events": 0, "sooner": 1 })), "it says what it did");
    let mut came = next(&told).await.json();
    while text(&came, "state") == "GENERADO" {
        assert_eq!(text(&came, "event"), text(&refused, "event"));
        came = next(&told).await.json();
    }
    assert_eq!((text(&came, "document"), text(&came, "state")), ("T39F1".into(), "ACEPTADO".into()));
    // What was taken, under the numbers that it had.
    let body = Some(json!({ "document": "T39F1" }));
    let (_, again) = ask(&shop, reqwest::Method::POST, "/webhooks/tienda/redeliver", body).await;
    assert_eq!(again["events"], 2);
    let (first, second) = (next(&told).await.json(), next(&told).await.json());
    assert_eq!(text(&first, "event"), text(&refused, "event"));
    assert_eq!(text(&second, "event"), text(&came, "event"));
    let body = Some(json!({ "document": "T39F99" }));
    assert_eq!(ask(&shop, reqwest::Method::POST, "/webhooks/tienda/redeliver", body).await.0, 404);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn news_go_only_where_somebody_in_charge_may_send_them() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    for url in ["http://tienda.example/", "ftp://127.0.0.1/", "https://u:p@tienda.example/", "tienda"] {
        let order = json!({ "url": url, "who": "Rosa" });
        let (status, said) = ask(&shop, reqwest::Method::PUT, "/webhooks/x", Some(order)).await;
        assert_eq!((status, said["code"].as_str()), (422, Some("address-invalid")), "{url}");
    }
    let order = json!({ "url": "https://tienda.example/", "states": ["OTRO"], "who": "Rosa" });
    assert_eq!(ask(&shop, reqwest::Method::PUT, "/webhooks/x", Some(order)).await.1["code"], "state-unknown");
    assert_eq!(ask(&shop, reqwest::Method::POST, "/webhooks/x/test", None).await.0, 404);
    shop.stop().await;
}
