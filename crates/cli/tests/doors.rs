//! The agent is killed (`kill -9`) while it takes sales from its folder and tells an address of them: each file
//! becomes one document with its answer, each event arrives, and none is another's.

mod life;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use notify::{RecursiveMode, Watcher};
use serde_json::{Value, json};
use sii_sim::{Config, Sim};

use life::{Agent, timbre};

const FILES: usize = 60;

/// After how many more answers each life ends.
const LIVES: [usize; 5] = [1, 7, 2, 13, 4];

/// How many files of this ending a folder has.
fn many(folder: &Path, ending: &str) -> usize {
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.filter(|name| name.to_string_lossy().ends_with(ending)).count()
}

/// Looks again whenever something happens in the folder.
fn until(folder: &Path, done: impl Fn() -> bool) {
    let (tell, told) = channel();
    let mut watcher = notify::recommended_watcher(move |_event| {
        // Nobody waits any more.
        let _ = tell.send(());
    })
    .expect("the system tells of files");
    watcher.watch(folder, RecursiveMode::NonRecursive).expect("it can be watched");
    let late = Instant::now() + Duration::from_secs(180);
    while !done() {
        assert!(Instant::now() < late, "it never came to be in {}", folder.display());
        // A hint may be lost: then the next second looks.
        let _ = told.recv_timeout(Duration::from_secs(1));
    }
}

/// An address that takes everything: what came, in its order.
fn address() -> (String, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("it is bound"));
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
            let (mut line, mut length) = (String::new(), 0);
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                if let Some(said) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = said.trim().parse().expect("a number");
                }
                line.clear();
            }
            let mut body = vec![0; length];
            // Who sends it may be killed anywhere in it.
            if length == 0 || reader.read_exact(&mut body).is_err() {
                continue;
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            if tell.send(serde_json::from_slice(&body).expect("JSON")).is_err() {
                return;
            }
        }
    });
    (url, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_its_steps_the_folder_and_the_webhook_lose_nothing_and_do_nothing_twice() {
    let data = tempfile::tempdir().expect("a folder for the test");
    let shop = data.path().join("shop");
    let made = timbre(data.path()).args(["demo", "--documents", "0", "--json"]).output().expect("it runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let config = Config { processing: Duration::from_millis(20), ..Config::default() };
    let sii = sii_sim::serve(Sim::new(config), None).await.expect("four free ports");
    fs::write(shop.join("timbre.toml"), format!("[training]\nsimulator = \"{}\"\n", sii.base))
        .expect("settings");
    let (url, told) = address();
    let order = ["webhook", "add", "prueba", &url, "--state", "GENERADO", "--state", "ACEPTADO"];
    let set = timbre(data.path()).args(order).output().expect("it runs");
    assert!(set.status.success(), "{}", String::from_utf8_lossy(&set.stderr));
    let secret = String::from_utf8(set.stdout).expect("text").trim().to_owned();
    assert_eq!(secret.len(), 64, "256 bits, shown once");

    let (sales, answers) = (shop.join("entrada"), shop.join("salida"));
    fs::create_dir_all(&sales).expect("a folder");
    for n in 0..FILES {
        let sale = json!({
            "Encabezado": { "IdDoc": { "TipoDTE": 39 } },
            "Detalle": [{ "NmbItem": "Pan", "QtyItem": 1, "PrcItem": 1_000 + n }],
        });
        fs::write(sales.join(format!("venta{n:03}.json")), sale.to_string()).expect("a sale");
    }
    fs::create_dir_all(&answers).expect("a folder");
    for life in LIVES {
        let agent = Agent::start(data.path());
        assert!(agent.address.base.starts_with("http://127.0.0.1:"), "it answers on loopback");
        let enough = (many(&answers, ".json") + life).min(FILES);
        tokio::task::block_in_place(|| until(&answers, || many(&answers, ".json") >= enough));
        agent.die();
    }
    let agent = Agent::start(data.path());
    let done = shop.join("procesados");
    let mut first: BTreeMap<String, Value> = BTreeMap::new();
    let mut came: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    tokio::task::block_in_place(|| {
        until(&done, || many(&done, ".json") == FILES);
        while first.len() < 2 * FILES {
            let event: Value = told.recv_timeout(Duration::from_secs(180)).expect("each event arrives");
            let number = event["event"].as_str().expect("a number").to_owned();
            let known = first.entry(number.clone()).or_insert_with(|| {
                let of = came.entry(event["document"].to_string()).or_default();
                of.push(number.parse().expect("a number"));
                event.clone()
            });
            let same = |name: &str| known[name] == event[name];
            assert!(
                same("document") && same("state") && same("at"),
                "one number, one event: {known} {event}"
            );
        }
    });
    assert!(came.values().all(|of| of.is_sorted()), "of each document in its order: {came:?}");
    let told_of: BTreeSet<_> =
        first.values().map(|event| (event["document"].to_string(), event["state"].to_string())).collect();
    assert_eq!(told_of.len(), 2 * FILES, "each document's two states");
    let mut ids = BTreeSet::new();
    for n in 0..FILES {
        let text = fs::read(answers.join(format!("venta{n:03}.json"))).expect("each sale has its answer");
        let answer: Value = serde_json::from_slice(&text).expect("whole");
        assert_eq!(answer["document"]["total"], 1_000 + n, "and its own");
        ids.insert(answer["document"]["id"].as_str().expect("an id").to_owned());
    }
    let expected: BTreeSet<_> = (1..=FILES).map(|folio| format!("T39F{folio}")).collect();
    assert_eq!(ids, expected, "one document each, without a gap");
    assert_eq!((many(&sales, ".json"), many(&shop.join("rechazados"), ".json")), (0, 0));
    drop(agent);
    // The log names the documents, and nothing that opens a door.
    let mut log = String::new();
    for entry in fs::read_dir(shop.join("logs")).expect("there is a log").flatten() {
        log.push_str(&fs::read_to_string(entry.path()).expect("its text"));
    }
    assert!(log.contains("document=\"T39F1\""), "{log}");
    let kept = fs::read_to_string(shop.join("webhooks.json")).expect("kept");
    for line in log.lines().chain(kept.lines()) {
        assert!(!line.contains(&secret) && !line.contains("Bearer"), "{line}");
    }
    assert_eq!(sii.sim().ledger().documents.len(), FILES);
    sii.stop().await;
}
