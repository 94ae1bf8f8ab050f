//! A till next to a crowd: connections without end, heads and bodies that never come, streams.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use timbre_tests::boleta;

use crate::attack::{connect, patient, request, say, shop, token};

/// More of what is said to it; nothing where it was hung up on, however that was done. It must have been, in the end.
fn more(stream: &mut TcpStream) -> Vec<u8> {
    let mut some = vec![0; 4096];
    let read = stream.read(&mut some).unwrap_or_else(|error| {
        let waits = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
        assert!(!waits, "nobody hung up");
        0
    });
    some.truncate(read);
    some
}

fn to_its_end(stream: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    loop {
        match more(stream) {
            some if some.is_empty() => return String::from_utf8_lossy(&heard).into_owned(),
            some => heard.extend(some),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_is_served_next_to_two_thousand_connections_and_who_dawdles_is_hung_up_on() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path()).await;
    let host = shop.address.base.trim_start_matches("http://").to_owned();
    let till = format!("Bearer {}", token(&shop, "caja", "issue").await);
    let head = [
        ("Host", host.as_str()),
        ("Authorization", &till),
        ("Content-Type", "application/json"),
        ("Timbre-Client", "x"),
    ];
    // A body that never comes: it has shown its token, so that nobody pushes it out.
    let mut slow = connect(&shop);
    let begun = request("POST /v1/documents", &head, &" ".repeat(1000));
    slow.write_all(&begun.as_bytes()[..begun.len() - 999]).unwrap();
    let mut crowd: VecDeque<TcpStream> = VecDeque::new();
    let address = host.clone();
    for n in 0..2_000 {
        // What this process may have open at once is less on some machines.
        let mut stream = TcpStream::connect(&address).or_else(|_| {
            crowd.drain(..crowd.len() / 2);
            TcpStream::connect(&address)
        });
        if let Ok(stream) = &mut stream {
            patient(stream);
            let _ = stream.write_all(b"GET / HTTP/1.1\r\nX-");
        }
        crowd.extend(stream);
        if n % 500 == 499 {
            let sale = boleta(1_000 + n).to_string();
            let heard = say(&shop, &request("POST /v1/documents", &head, &sale));
            assert_eq!(heard.status, 201, "next to {n} others: {}", heard.text);
        }
    }
    assert_eq!(shop.agent.stats().total, 4);
    // The first of them made room long ago: what it says now is heard by nobody.
    if let (true, Some(first)) = (crowd.len() > 1_000, crowd.front_mut()) {
        let _ = first.write_all(format!(": x\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes());
        let answer = to_its_end(first);
        assert!(answer.is_empty(), "all two thousand are held: {answer}");
    }
    let heard = to_its_end(&mut slow);
    assert!(heard.starts_with("HTTP/1.1 408 ") && heard.contains("request-slow"), "{heard}");
    // Those whose head never ended are gone, without an answer that does anything.
    for mut stream in crowd {
        let said = to_its_end(&mut stream);
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 408 "), "{said}");
    }
    assert_eq!(shop.agent.stats().total, 4, "none of it issued anything");
    shop.stop().await;
}

/// Streams never end by themselves: of too many those go that have listened longest, be their token good.
#[tokio::test(flavor = "multi_thread")]
async fn a_till_is_served_next_to_any_number_of_streams() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path()).await;
    let host = shop.address.base.trim_start_matches("http://").to_owned();
    let of = |token: String| format!("Bearer {token}");
    let (reads, till) = (of(token(&shop, "panel", "read").await), of(token(&shop, "caja", "issue").await));
    let listen = request("GET /v1/events", &[("Host", &host), ("Authorization", &reads)], "");
    let mut streams = Vec::new();
    for n in 0..200 {
        let mut stream = connect(&shop);
        stream.write_all(listen.as_bytes()).unwrap();
        let mut begin = [0; 12];
        stream.read_exact(&mut begin).unwrap_or_else(|error| panic!("stream {n}: {error}"));
        assert_eq!(&begin, b"HTTP/1.1 200", "stream {n}");
        streams.push(stream);
    }
    let head = [
        ("Host", host.as_str()),
        ("Authorization", &till),
        ("Content-Type", "application/json"),
        ("Timbre-Client", "x"),
    ];
    let heard = say(&shop, &request("POST /v1/documents", &head, &boleta(990).to_string()));
    assert_eq!(heard.status, 201, "{}", heard.text);
    // The first has been hung up on: it ends, where it would be told of changes for ever.
    let mut rest = Vec::new();
    loop {
        let some = more(&mut streams[0]);
        if some.is_empty() {
            break;
        }
        rest.extend(some);
        assert!(!String::from_utf8_lossy(&rest).contains("T39F1"), "it hears no more");
    }
    shop.stop().await;
}
