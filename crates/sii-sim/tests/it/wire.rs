//! The simulator behind real sockets.

use crate::{
    client::{AGENT, form, get},
    maker::{between, boleta, envelope, latin1, seller},
};
use sii_sim::{Config, Request, Running, Sim, serve};
use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

async fn start(config: Config) -> Running {
    serve(Sim::new(config), None).await.expect("four free ports")
}

/// One exchange on a fresh connection, off the runtime's threads.
async fn talk(port: u16, bytes: Vec<u8>) -> io::Result<String> {
    let exchange = move || {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.write_all(&bytes)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        if answer.is_empty() {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    tokio::task::spawn_blocking(exchange).await.expect("the exchange ends")
}

fn raw(request: &Request) -> Vec<u8> {
    let mut head = format!(
        "{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n",
        request.method, request.path_and_query
    );
    for (name, value) in &request.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(&request.body);
    bytes
}

fn plain(method: &str, path: &str) -> Vec<u8> {
    raw(&Request { method: method.to_owned(), path_and_query: path.to_owned(), ..Request::default() })
}

async fn token(running: &Running) -> String {
    let port = running.port + 1;
    let seed = talk(port, raw(&get("boleta.electronica.semilla", None))).await.expect("a seed");
    let signed = seller().login(between(&seed, "<SEMILLA>", "</SEMILLA>"));
    let mut request = get("boleta.electronica.token", None);
    request.method = "POST".to_owned();
    request.headers = vec![
        ("Content-Type".to_owned(), "application/xml".to_owned()),
        ("Content-Length".to_owned(), signed.len().to_string()),
    ];
    request.body = signed.into_bytes();
    let answer = talk(port, raw(&request)).await.expect("a token");
    between(&answer, "<TOKEN>", "</TOKEN>").to_owned()
}

#[tokio::test]
async fn the_three_hosts_answer_on_three_ports() {
    let running = start(Config::default()).await;
    let health = talk(running.port, plain("GET", "/_sim/health")).await.expect("health");
    assert!(health.contains("\"line\":\"up\""), "{health}");
    assert_eq!(token(&running).await.len(), 13);
    let ledger = talk(running.port, plain("GET", "/_sim/ledger")).await.expect("the ledger");
    assert!(ledger.contains("\"documents\":[]"), "{ledger}");
    running.stop().await;
}

#[tokio::test]
async fn the_wire_carries_an_upload_and_chunks_are_seen() {
    let running = start(Config { processing: Duration::ZERO, ..Config::default() }).await;
    let token = token(&running).await;
    let file = latin1(&envelope("EnvioBOLETA", &[(39, boleta(7).make())], &[]));
    let body = form(("11111111", "1"), ("99999999", "9"), &file);
    let head = format!(
        "POST /recursos/v1/boleta.electronica.envio HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: {AGENT}\r\nCookie: TOKEN={token}\r\nContent-Type: multipart/form-data; boundary=XYZ\r\n"
    );
    let mut chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n", body.len()).into_bytes();
    chunked.extend_from_slice(&body);
    chunked.extend_from_slice(b"\r\n0\r\n\r\n");
    let answer = talk(running.port + 2, chunked).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    let mut whole = format!("{head}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    whole.extend_from_slice(&body);
    let answer = talk(running.port + 2, whole).await.expect("an answer");
    assert!(answer.contains("\"estado\":\"REC\""), "{answer}");
    let ledger = talk(running.port, plain("GET", "/_sim/ledger")).await.expect("the ledger");
    assert!(ledger.contains("\"id\":\"T39F7\""), "{ledger}");
    running.stop().await;
}

#[tokio::test]
async fn a_dead_line_refuses_connections_and_comes_back_on_the_same_ports() {
    let running = start(Config::default()).await;
    let control = running.port + 3;
    talk(control, plain("POST", "/_sim/outage/on")).await.expect("control");
    // The listeners close soon after: ask until they have.
    while talk(running.port, plain("GET", "/_sim/health")).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let health = talk(control, plain("GET", "/_sim/health")).await.expect("control stays up");
    assert!(health.contains("\"line\":\"down\""), "{health}");
    talk(control, plain("POST", "/_sim/outage/off")).await.expect("control");
    while talk(running.port + 1, raw(&get("boleta.electronica.semilla", None))).await.is_err() {
        tokio::task::yield_now().await;
    }
    running.stop().await;
}

#[tokio::test]
async fn an_outage_that_begins_with_a_document_closes_the_doors() {
    let toml = "[[outages]]\nafter_documents = 1\nfor_seconds = 3600";
    let weather = sii_sim::Scenario::parse(toml).expect("a scenario");
    let running = start(Config { scenario: weather, ..Config::default() }).await;
    let token = token(&running).await;
    let file = latin1(&envelope("EnvioBOLETA", &[(39, boleta(7).make())], &[]));
    let request = crate::client::upload(crate::client::Boleta, &token, &file);
    // Its own answer may be lost with the line.
    let _ = talk(running.port + 2, raw(&request)).await;
    let health = talk(running.port + 3, plain("GET", "/_sim/health")).await.expect("health");
    assert!(health.contains("\"line\":\"down\""), "{health}");
    while TcpStream::connect(("127.0.0.1", running.port)).is_ok() {
        tokio::task::yield_now().await;
    }
    running.stop().await;
}

#[tokio::test]
async fn a_lost_reply_cuts_the_connection_after_storing() {
    let weather = sii_sim::Scenario::parse("[lost_replies]\nevery = 1").expect("a scenario");
    let running = start(Config { scenario: weather, ..Config::default() }).await;
    let token = token(&running).await;
    let file = latin1(&envelope("EnvioBOLETA", &[(39, boleta(7).make())], &[]));
    let request = crate::client::upload(crate::client::Boleta, &token, &file);
    assert!(talk(running.port + 2, raw(&request)).await.is_err());
    assert_eq!(running.sim().ledger().totals.documents, 1);
    running.stop().await;
}

#[tokio::test]
async fn the_desk_lends_folios_to_its_company_only_and_the_weather_can_be_changed() {
    let running = start(Config::default()).await;
    let caf = talk(running.port, plain("POST", "/_sim/desk/caf?tipo=39&from=1&to=100")).await.expect("a CAF");
    assert!(caf.contains("<RE>99999999-9</RE>") && caf.contains("<H>100</H>"), "{caf}");
    let other = talk(running.port, plain("POST", "/_sim/desk/caf?rut=88888888-8&tipo=39&from=1&to=9"))
        .await
        .expect("an answer");
    assert!(other.starts_with("HTTP/1.1 400"), "{other}");
    let again =
        talk(running.port, plain("POST", "/_sim/desk/caf?tipo=39&from=1&to=100")).await.expect("a CAF");
    assert_eq!(between(&again, "<RSASK>", "</RSASK>"), between(&caf, "<RSASK>", "</RSASK>"));
    let overlap =
        talk(running.port, plain("POST", "/_sim/desk/caf?tipo=39&from=100&to=101")).await.expect("an answer");
    assert!(overlap.starts_with("HTTP/1.1 400") && overlap.contains("lent before"), "{overlap}");
    let none = talk(running.port, plain("POST", "/_sim/scenario/sunshine")).await.expect("an answer");
    assert!(none.starts_with("HTTP/1.1 404"), "{none}");
    talk(running.port, plain("POST", "/_sim/scenario/slow")).await.expect("an answer");
    assert_eq!(running.sim().scenario().name, "slow");
    running.stop().await;
}

/// One exchange, as bytes.
async fn talk_bytes(port: u16, bytes: Vec<u8>) -> Vec<u8> {
    let exchange = move || {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.write_all(&bytes)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok::<_, io::Error>(answer)
    };
    tokio::task::spawn_blocking(exchange).await.expect("the exchange ends").expect("an answer")
}

#[tokio::test]
async fn the_desk_equips_a_client_that_knows_nothing() {
    let running = start(Config::default()).await;
    let company = talk(running.port, plain("GET", "/_sim/desk/company")).await.expect("the company");
    assert!(
        company.contains("\"rut\":\"99999999-9\"") && company.contains("\"resolution_number\":0"),
        "{company}"
    );
    let answer = talk_bytes(running.port, plain("POST", "/_sim/desk/certificate?password=clave")).await;
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let pfx = openssl::pkcs12::Pkcs12::from_der(&answer[head + 4..]).expect("a PFX");
    assert!(pfx.parse2("clave").expect("its password").pkey.is_some());
    running.stop().await;
}

#[tokio::test]
async fn the_clock_can_be_wound_ahead() {
    let running = start(Config { processing: Duration::from_secs(600), ..Config::default() }).await;
    let token = token(&running).await;
    let file = latin1(&envelope("EnvioBOLETA", &[(39, boleta(7).make())], &[]));
    let request = crate::client::upload(crate::client::Boleta, &token, &file);
    let answer = talk(running.port + 2, raw(&request)).await.expect("an answer");
    let track = between(&answer, "\"trackid\":", ",").to_owned();
    let ask = || {
        let path = format!("boleta.electronica.envio/99999999-9-{track}");
        talk(running.port + 1, raw(&get(&path, Some(&token))))
    };
    assert!(ask().await.expect("an answer").contains("\"estado\":\"REC\""));
    talk(running.port + 3, plain("POST", "/_sim/clock/advance?seconds=3000")).await.expect("control");
    assert!(ask().await.expect("an answer").contains("\"estado\":\"EPR\""));
    running.stop().await;
}

/// The answer to a seed under a fault of that kind, as it came over the line, and how the line ended.
async fn spoilt(deed: &str) -> (Vec<u8>, io::Result<()>) {
    let toml = format!("[[faults]]\ndoes = \"{deed}\"\nat = \"seed\"");
    let weather = sii_sim::Scenario::parse(&toml).expect("a scenario");
    let running = start(Config { scenario: weather, ..Config::default() }).await;
    let port = running.port + 1;
    let bytes = raw(&get("boleta.electronica.semilla", None));
    let exchange = move || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        stream.write_all(&bytes).expect("asked");
        let mut answer = Vec::new();
        let ended = stream.read_to_end(&mut answer).map(drop);
        (answer, ended)
    };
    let heard = tokio::task::spawn_blocking(exchange).await.expect("the exchange ends");
    running.stop().await;
    heard
}

/// What the head promises, and what came.
fn lengths(answer: &[u8]) -> (usize, usize) {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
    let text = String::from_utf8_lossy(&answer[..head]).into_owned();
    (between(&text, "Content-Length: ", "\r\n").parse().expect("a number"), answer.len() - head)
}

#[tokio::test]
async fn a_reply_is_broken_on_the_line_itself() {
    let (whole, ended) = spoilt("truncated").await;
    let (promised, came) = lengths(&whole);
    assert!(promised == came && ended.is_ok(), "cut, but its length is right");

    let (half, ended) = spoilt("half-close").await;
    let (promised, came) = lengths(&half);
    assert!(came == promised / 2 && ended.is_ok());

    let (cut, ended) = spoilt("reset").await;
    assert!(ended.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset) || cut.is_empty());

    let (short, _) = spoilt("wrong-length").await;
    let (promised, came) = lengths(&short);
    assert_eq!(promised, came / 2);

    let (huge, ended) = spoilt("huge").await;
    assert_eq!(lengths(&huge), (100_000_000, 100_000_000));
    assert!(ended.is_ok());
}

#[tokio::test]
async fn one_dead_host_leaves_the_others_alone() {
    let toml = "[[outages]]\nafter_seconds = 0\nfor_seconds = 3600\nhost = \"boleta-query\"";
    let weather = sii_sim::Scenario::parse(toml).expect("a scenario");
    let running = start(Config { scenario: weather, ..Config::default() }).await;
    while TcpStream::connect(("127.0.0.1", running.port + 1)).is_ok() {
        tokio::task::yield_now().await;
    }
    let health = talk(running.port, plain("GET", "/_sim/health")).await.expect("health");
    assert!(health.contains("\"boleta_query\":\"down\"") && health.contains("\"dte\":\"up\""), "{health}");
    // The clock that ends it can be wound.
    talk(running.port + 3, plain("POST", "/_sim/clock/advance?seconds=3601")).await.expect("control");
    while TcpStream::connect(("127.0.0.1", running.port + 1)).is_err() {
        tokio::task::yield_now().await;
    }
    running.stop().await;
}

#[tokio::test]
async fn scenarios_faults_and_what_a_taxpayer_does_are_posted() {
    let running = start(Config::default()).await;
    let control = running.port + 3;
    let post = |path: &str, body: &str| {
        let headers = vec![("Content-Length".to_owned(), body.len().to_string())];
        let request = Request {
            method: "POST".to_owned(),
            path_and_query: format!("/_sim/{path}"),
            headers,
            body: body.as_bytes().to_vec(),
        };
        talk(control, raw(&request))
    };
    let told = post("scenario?seed=7", "name = \"mine\"\ntoken_uses = 3").await.expect("an answer");
    assert!(told.contains("\"scenario\":\"mine\"") && told.contains("\"seed\":7"), "{told}");
    assert!(post("scenario", "nonsense = 1").await.expect("an answer").starts_with("HTTP/1.1 400"));
    let told =
        post("faults", "[{\"does\": \"empty\", \"at\": \"seed\", \"times\": 1}]").await.expect("an answer");
    assert!(told.contains("\"armed\":1"), "{told}");
    let seed =
        talk(running.port + 1, raw(&get("boleta.electronica.semilla", None))).await.expect("an answer");
    assert!(seed.ends_with("\r\n\r\n"), "{seed}");
    assert!(post("annul?tipo=39&from=1&to=2", "").await.expect("an answer").contains("annulled"));
    assert!(
        post("claim?tipo=33&folio=1&action=RCD", "").await.expect("an answer").contains("\"codResp\":10")
    );
    assert!(post("tokens/kill", "").await.expect("an answer").starts_with("HTTP/1.1 200"));
    let mail = talk(control, plain("GET", "/_sim/mail")).await.expect("an answer");
    assert!(mail.ends_with("[]"), "{mail}");
    running.stop().await;
}
