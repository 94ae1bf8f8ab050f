//! What every answer has, however early it is given, and where nobody is answered.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;
use timbre_tests::{boleta, sell};

use crate::attack::{request, say, shop};

/// Libraries of pages add it so that no cache answers.
#[tokio::test(flavor = "multi_thread")]
async fn each_look_is_answered_the_same_beside_a_parameter_against_caches() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path()).await;
    sell(&shop, &boleta(990), "k").await.unwrap();
    let http = reqwest::Client::new();
    let get = async |path: String| {
        let url = format!("{}{path}", shop.address.base);
        http.get(url).bearer_auth(&*shop.address.token).send().await.expect("an answer").status().as_u16()
    };
    let described = http.get(format!("{}/v1/openapi.json", shop.address.base)).send().await.unwrap();
    let described: Value = described.json().await.unwrap();
    let mut answered = Vec::new();
    for (path, methods) in described["paths"].as_object().unwrap() {
        let Some(look) = methods.get("get") else { continue };
        let (mut at, mut asked) = (path.clone(), String::new());
        for parameter in look["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            let value = match (name, &parameter["example"]) {
                ("id", _) => "T39F1".to_owned(),
                (_, Value::String(text)) => text.clone(),
                (_, other) => other.to_string(),
            };
            match parameter["in"].as_str() {
                Some("path") => at = at.replace(&format!("{{{name}}}"), &value),
                Some("query") if parameter["required"] == true => asked += &format!("{name}={value}&"),
                _ => {}
            }
        }
        let plain = get(format!("{at}?{asked}")).await;
        assert_eq!(get(format!("{at}?{asked}_=1764230400000")).await, plain, "{at}?{asked}");
        answered.push((at, plain));
    }
    for (path, status) in [
        ("/v1/documents", 200),
        ("/v1/documents/T39F1/pdf", 200),
        ("/v1/documents/T39F1/escpos", 200),
        ("/v1/acts", 200),
    ] {
        assert!(answered.contains(&(path.to_owned(), status)), "{path}: {answered:?}");
    }
    shop.stop().await;
}

/// Whoever is refused, however early, is told in which environment, and in Spanish.
#[tokio::test(flavor = "multi_thread")]
async fn every_answer_names_the_environment_and_every_problem_speaks_spanish() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path()).await;
    let host = shop.address.base.trim_start_matches("http://").to_owned();
    let owner = format!("Bearer {}", shop.address.token);
    let (here, all) = (("Host", host.as_str()), ("Authorization", owner.as_str()));
    let (client, kind) = (("Timbre-Client", "x"), ("Content-Type", "application/json"));
    for (line, headers, body, status) in [
        ("GET /v1/health", vec![("Host", "evil.example")], "", 403),
        ("GET /", vec![("Host", "evil.example")], "", 403),
        ("GET /v1/health", vec![here, ("Origin", "https://evil.example")], "", 403),
        ("GET /v1/health", vec![here], "", 401),
        ("GET /v1/nada", vec![here, all], "", 404),
        ("GET /v1/", vec![here, all], "", 404),
        ("DELETE /v1/health", vec![here, all, client], "", 405),
        ("POST /v1/documents", vec![here, all, kind], "{}", 403),
        ("POST /v1/documents", vec![here, all, client, ("Content-Type", "text/csv")], "{}", 415),
        ("POST /v1/documents", vec![here, all, client, kind], "{", 400),
        ("GET /v1/documents?cursor=x%ff", vec![here, all], "", 400),
        ("GET /v1/documents/T39F1", vec![here, all], "", 404),
        ("GET /nada", vec![here], "", 404),
        ("POST /", vec![here], "", 405),
        ("OPTIONS *", vec![here], "", 405),
        ("DELETE /docs", vec![here], "", 405),
        ("GET /v1/openapi.json", vec![here], "", 200),
        ("GET /v1/health", vec![here, all], "", 200),
    ] {
        let heard = say(&shop, &request(line, &headers, body));
        assert_eq!(heard.status, status, "{line}: {}", heard.text);
        assert!(heard.has("timbre-environment: training"), "{line}: {}", heard.text);
        let head = heard.text.split("\r\n\r\n").next().unwrap();
        assert!(head.contains("json; charset=utf-8\r\n"), "older programs take it for Latin-1: {head}");
        if status >= 400 {
            assert!(head.contains("application/problem+json; charset=utf-8"), "{line}: {}", heard.text);
            let problem: Value = serde_json::from_str(heard.text.split("\r\n\r\n").nth(1).unwrap()).unwrap();
            let title = problem["title"].as_str().unwrap();
            let english = [
                "Unauthorized",
                "Forbidden",
                "Not Found",
                "Method Not Allowed",
                "Unsupported Media Type",
                "Bad Request",
            ];
            assert!(!title.is_empty() && !english.contains(&title), "{line}: {title}");
        }
    }
    shop.stop().await;
}

/// `?estado=RECHAZADO` is not the question for all documents, nor is a body's.
#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_no_route_knows_is_named_and_nothing_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path()).await;
    let host = shop.address.base.trim_start_matches("http://").to_owned();
    let owner = format!("Bearer {}", shop.address.token);
    let (here, all) = (("Host", host.as_str()), ("Authorization", owner.as_str()));
    let (client, kind) = (("Timbre-Client", "x"), ("Content-Type", "application/json"));
    let body = |text: &str| serde_json::from_str::<Value>(text.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    let described = body(&say(&shop, &request("GET /v1/openapi.json", &[here], "")).text);
    let sale = timbre_tests::boleta(990).to_string();
    let mut asked = 0;
    for (path, item) in described["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let path = path.replace("{id}", "T39F1").replace("{name}", "x").replace("{form}", "csv");
            let line = format!("{} {path}?_=1732000000000&estado=RECHAZADO", method.to_uppercase());
            let (headers, sent) = match method.as_str() {
                "get" => (vec![here, all], ""),
                _ if path == "/v1/documents" => (vec![here, all, client, kind], sale.as_str()),
                _ => (vec![here, all, client], ""),
            };
            let heard = say(&shop, &request(&line, &headers, sent));
            assert_eq!(heard.status, 400, "{line}: {}", heard.text);
            let problem = body(&heard.text);
            assert_eq!(problem["code"], "parameter-unknown", "{line}");
            assert!(problem["detail"].as_str().unwrap().contains("«estado»"), "{line}: {problem}");
            asked += 1;
        }
    }
    assert!(asked > 70, "{asked} operations");
    let matching = r#"{"matching": {"estado": "RECHAZADO"}}"#;
    let heard = say(&shop, &request("POST /v1/resend", &[here, all, client, kind], matching));
    assert_eq!((heard.status, &body(&heard.text)["code"]), (400, &Value::from("json-malformed")));
    assert_eq!(shop.agent.stats().total, 0, "nothing was issued");
    shop.stop().await;
}

/// `localhost` of many programs is `::1` first.
#[tokio::test(flavor = "multi_thread")]
async fn both_of_the_machines_own_addresses_answer_by_every_name_they_have() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path()).await;
    let port: u16 = shop.address.base.rsplit_once(':').unwrap().1.parse().unwrap();
    let owner = format!("Bearer {}", shop.address.token);
    let mut places = vec!["127.0.0.1"];
    if std::net::TcpListener::bind("[::1]:0").is_ok() {
        places.push("::1");
    } else {
        eprintln!("this machine has no ::1: that it answers there is not looked at");
    }
    for place in places {
        for (name, status) in [("localhost", 200), ("127.0.0.1", 200), ("[::1]", 200), ("caja.local", 403)] {
            let host = format!("{name}:{port}");
            let known = [("Host", host.as_str()), ("Authorization", owner.as_str())];
            let mut stream = TcpStream::connect((place, port)).unwrap_or_else(|why| panic!("{place}: {why}"));
            stream.write_all(request("GET /v1/health", &known, "").as_bytes()).unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{host} at {place}: {text}");
        }
    }
    shop.stop().await;
}

/// By another address of this machine nobody gets in: what listens on all of them would answer there.
#[tokio::test(flavor = "multi_thread")]
async fn it_listens_on_loopback_alone() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path()).await;
    let port: u16 = shop.address.base.rsplit_once(':').unwrap().1.parse().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
    // Asked for the way to an address of nobody (RFC 5737), the system says which of ours it would use; nothing is sent.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let outward = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr());
    let mut others: Vec<_> = outward.iter().map(|at| at.ip()).collect();
    if cfg!(target_os = "linux") {
        // There all of 127.0.0.0/8 is this machine.
        others.push("127.0.0.2".parse().unwrap());
    }
    if others.is_empty() {
        eprintln!("this machine has one address: that no other is listened on is not looked at");
    }
    for other in others.into_iter().filter(|ip| *ip != std::net::Ipv4Addr::LOCALHOST) {
        let connected = TcpStream::connect_timeout(&(other, port).into(), std::time::Duration::from_secs(5));
        assert!(connected.is_err(), "it listens on {other}");
    }
    shop.stop().await;
}

/// An empty list, or the usual paper, would say that what was asked for is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_filter_or_a_paper_that_is_none_is_refused_with_those_that_are() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path()).await;
    let issued = timbre_tests::sell(&shop, &timbre_tests::boleta(990), "k").await.unwrap().document;
    let host = shop.address.base.trim_start_matches("http://").to_owned();
    let owner = format!("Bearer {}", shop.address.token);
    let known = [("Host", host.as_str()), ("Authorization", owner.as_str())];
    let ask = |path: &str| say(&shop, &request(&format!("GET /v1{path}"), &known, ""));
    let refused = |path: &str, code: &str, named: &str| {
        let heard = ask(path);
        let problem: Value = serde_json::from_str(heard.text.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        assert_eq!((heard.status, problem["code"].as_str()), (400, Some(code)), "{path}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(named), "{path}: {problem}");
    };
    for list in ["/documents", "/documents/found", "/documents/export/csv", "/documents/export/xml"] {
        refused(&format!("{list}?type=boleta"), "type-invalid", "39 (Boleta)");
        refused(&format!("{list}?type=46"), "type-invalid", "39 (Boleta)");
        refused(&format!("{list}?state=xyz"), "state-invalid", "RECHAZADO");
        refused(&format!("{list}?from=2026-11-23&to=2026-11-22"), "period-invalid", "2026-11-23");
        assert_eq!(ask(&format!("{list}?type=39&from=2026-11-22&to=2026-11-22&state=queued")).status, 200);
    }
    for list in ["/vouchers", "/vouchers/export"] {
        refused(&format!("{list}?from=2026-11-23&to=2026-11-22"), "period-invalid", "2026-11-23");
        refused(&format!("{list}?from=ayer&to=2026-11-22"), "date-invalid", "AAAA-MM-DD");
    }
    for form in ["pdf", "picture", "ticket", "escpos"] {
        let path = format!("/documents/{}/{form}", issued.id);
        refused(&format!("{path}?paper=zz"), "paper-invalid", "80mm o 58mm");
        refused(&format!("{path}?copy=zz"), "copy-invalid", "cedible");
        assert_eq!(ask(&format!("{path}?paper=58mm&copy=original")).status, 200, "{path}");
    }
    shop.stop().await;
}

/// Each has a sentence of its own: who reads «falta la cabecera» looks for one that is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_or_a_body_that_is_not_as_it_must_be_is_told_what_is_wrong_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path()).await;
    let host = shop.address.base.trim_start_matches("http://").to_owned();
    let owner = format!("Bearer {}", shop.address.token);
    let known = [("Host", host.as_str()), ("Authorization", owner.as_str())];
    let (client, kind) = (("Timbre-Client", "caja1"), ("Content-Type", "application/json"));
    let ask = |path: &str, headers: &[(&str, &str)]| {
        let sale = timbre_tests::boleta(990).to_string();
        let heard = say(&shop, &request(&format!("POST /v1{path}"), &[&known, headers].concat(), &sale));
        let said: Value = serde_json::from_str(heard.text.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        (heard.status, said["code"].as_str().unwrap_or_default().to_owned())
    };
    let (long, longest) = ("x".repeat(101), "x".repeat(100));
    for (name, status, code) in [
        ("", 403, "client-missing"),
        ("  ", 403, "client-missing"),
        ("caja ñ", 400, "client-invalid"),
        (long.as_str(), 400, "client-invalid"),
        (longest.as_str(), 201, ""),
    ] {
        assert_eq!(ask("/documents", &[("Timbre-Client", name), kind]), (status, code.to_owned()), "{name}");
    }
    assert_eq!(ask("/documents", &[client, client, kind]).1, "client-invalid");
    for (name, value, code) in [
        ("Content-Encoding", "gzip", "content-encoding-invalid"),
        ("Content-Encoding", "identity", ""),
        ("Content-Type", "application/json; charset=ISO-8859-1", "charset-invalid"),
        ("Content-Type", "application/json;Charset=\"windows-1252\"", "charset-invalid"),
        ("Content-Type", "application/json; charset=\"UTF-8\"", ""),
        ("Content-Type", "text/csv; charset=utf-8", "content-type-invalid"),
    ] {
        let headers = [client, (name, value), if name == "Content-Type" { ("X-Nada", "") } else { kind }];
        let status = if code.is_empty() { 201 } else { 415 };
        assert_eq!(ask("/documents", &headers), (status, code.to_owned()), "{name}: {value}");
    }
    // As the SII's own files are.
    let xml = [client, ("Content-Type", "application/xml; charset=ISO-8859-1")];
    assert_ne!(ask("/folios", &xml).0, 415);
    shop.stop().await;
}
