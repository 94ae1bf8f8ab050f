//! `kill -9` between the steps of the drop folder and of a webhook: each file is one document, one answer and one
//! file aside, and each event is told at least once, in the order of its document, and truly written down.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::chance::Chance;
use crate::fault;
use crate::fault::{Fault, Found};
use crate::judge;
use crate::life::{Life, Said, Start};
use crate::points::DOORS;
use crate::shop::{Figures, Shop};
use crate::tills::{Line, locked};

/// Right sales that a life finds in its folder; beside them a wrong one.
const SALES: u64 = 6;

/// So many of the last deliveries the log holds.
const LOG: usize = 50;

/// What each of them is told of.
const STATES: [&str; 2] = ["GENERADO", "ACEPTADO"];

/// How long it may take until all that was put in is done.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// What the harness did.
#[derive(Debug, Default)]
pub struct Told {
    kills: u64,
    files: u64,
    events: u64,
    figures: Figures,
}

/// One delivery, and what was answered.
#[derive(Debug, Clone)]
struct Came {
    event: String,
    document: String,
    state: String,
    status: u16,
}

/// Where webhooks are told: what came, in its order.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Heard>>);

#[derive(Default)]
struct Heard {
    came: Vec<Came>,
    /// What is answered next; then 200.
    statuses: VecDeque<u16>,
}

/// A file that was put in.
struct Put {
    stem: String,
    text: String,
    /// `None`: it is wrong.
    total: Option<u64>,
}

/// The shop, its folder and its ear.
struct Till {
    shop: Shop,
    ear: Ear,
    put: Vec<Put>,
    cafs: u64,
}

/// So many deaths at each point.
pub async fn run(binary: &Path, seed: u64, rounds: u64) -> Found<Told> {
    let mut told = Told::default();
    for round in 0..rounds {
        let mut chance = Chance::new(seed, round);
        let mut till = Till::new(binary).await?;
        for (name, most) in DOORS {
            let pass = chance.between(1, most);
            let with = |fault| Fault(format!("round {round} of seed {seed}, {name}:{pass}: {fault}"));
            if let Err(fault) = till.dies_at(name, pass, &mut chance).await.map_err(with) {
                return fault!("{fault}\n  its folder: {}", till.shop.keep().display());
            }
            told.kills += 1;
        }
        told.files += till.put.len() as u64;
        told.events += till.ear.came().len() as u64;
        told.figures += till.shop.end().await?;
        println!("doors: {} of {rounds}", round + 1);
    }
    Ok(told)
}

impl Till {
    async fn new(binary: &Path) -> Found<Till> {
        let mut shop = Shop::new(binary.to_owned(), None).await?;
        shop.make()?;
        let settings = shop.place.shop().join("timbre.toml");
        let mut text = fs::read_to_string(&settings)?;
        text.push_str("[folder]\npaper = \"pdf\"\n");
        fs::write(&settings, text)?;
        let (ear, url) = Ear::open()?;
        let mut life = shop.begin(&Said::new()).await?;
        let order = json!({ "url": url, "states": STATES, "who": "Rosa" });
        Line::to(&life).set("/webhooks/tienda", &order).await?;
        life.kill()?;
        Ok(Till { shop, ear, put: Vec::new(), cafs: 0 })
    }

    /// One life to its death at a point, and one after it that must do all that is left.
    async fn dies_at(&mut self, name: &str, pass: u64, chance: &mut Chance) -> Found<()> {
        for n in 0..SALES {
            self.put(Some(1000 + 10 * self.put.len() as u64), n, chance)?;
        }
        self.put(None, SALES, chance)?;
        if name.starts_with("caf-") {
            self.put_caf()?;
        }
        // The first delivery of the life is refused now and then: it goes again.
        if chance.below(3) == 0 {
            self.ear.refuse();
        }
        let said: Said = vec![("TIMBRE_CRASH", format!("{name}:{pass}").into())];
        match Life::start(&self.shop.place, &said)? {
            Start::Died(status) if status.code().is_none() => {}
            Start::Died(status) => return fault!("it ends by itself: {status}"),
            Start::Alive(mut life) => {
                let line = Line::to(&life);
                let ends = async {
                    let Ok(mut pushes) = line.ask("/events").await else { return };
                    while let Ok(Some(_)) = pushes.chunk().await {}
                };
                if tokio::time::timeout(PATIENCE, ends).await.is_err() {
                    return fault!("it does not come there");
                }
                life.kill()?;
            }
        }
        self.shop.place.check()?;
        // Nobody was told of them but by files.
        locked(&self.shop.book).lost_sight_of =
            self.put.iter().filter(|put| put.total.is_some()).count() as u64;
        let before = self.ear.came().len();
        let mut life = self.shop.begin(&Said::new()).await?;
        let line = Line::to(&life);
        self.is_done(&line, before).await?;
        judge::drain(&line, &self.shop.book).await?;
        self.files(&line).await?;
        self.events()?;
        self.shop.look(&life).await?;
        life.kill()
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.shop.place.shop().join(name)
    }

    /// Renamed into its place, as a careful till does; every other one with a key inside.
    fn put(&mut self, total: Option<u64>, n: u64, chance: &mut Chance) -> Found<()> {
        // Half of them under names of the life before, as tills use them again.
        let put = self.put.len();
        let stem = if n.is_multiple_of(2) { format!("caja{n}") } else { format!("venta{n}-{put}") };
        let mut sale = json!({
            "Encabezado": { "IdDoc": { "TipoDTE": 39 } },
            "Detalle": [{ "NmbItem": format!("Artículo {put}"), "QtyItem": 1, "PrcItem": total.unwrap_or(1) }],
        });
        if total.is_none() {
            sale["Detalle"] = json!([]);
        }
        if chance.below(2) == 0 {
            sale = json!({ "key": format!("{stem}-{put}"), "sale": sale });
        }
        let (folder, text) = (self.folder("entrada"), sale.to_string());
        let half = folder.join(format!(".{stem}.tmp"));
        fs::write(&half, &text)?;
        fs::rename(half, folder.join(format!("{stem}.json")))?;
        self.put.push(Put { stem, text, total });
        Ok(())
    }

    /// Plain files of a folder, and of what was there before.
    fn paths(&self, folder: &str) -> Found<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for folder in [self.folder(folder), self.folder(folder).join("anteriores")] {
            if folder.exists() {
                paths.extend(names(&folder)?.into_iter().map(|name| folder.join(name)));
            }
        }
        Ok(paths)
    }

    fn put_caf(&mut self) -> Found<()> {
        self.cafs += 1;
        let company = sii_sim::Desk::company();
        let first = 100_000 + 100 * self.cafs;
        let date = "2026-11-01".parse()?;
        let caf = sii_sim::Desk::caf(company.rut, 39, first, first + 99, date, company.name);
        fs::write(self.folder("caf").join("otro.xml"), caf)?;
        Ok(())
    }

    /// Until everything was taken and everything told; `before`: the deliveries of the lives before.
    async fn is_done(&self, line: &Line, before: usize) -> Found<()> {
        let late = Instant::now() + PATIENCE;
        let right = self.put.iter().filter(|put| put.total.is_some()).count();
        loop {
            let waiting = [names(&self.folder("entrada"))?, names(&self.folder("caf"))?].concat();
            let came = self.ear.came();
            let taken = taken(&came).len();
            let log = line.json("/webhooks").await?[0]["attempts"].clone();
            let told = true_log(&log, &came, before);
            if waiting.is_empty() && taken == right * STATES.len() && told.is_ok() {
                return Ok(());
            }
            if Instant::now() > late {
                return fault!("not done: {waiting:?} wait, {taken} events of {right} sales taken, {told:?}");
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Each file is one document, one answer with its paper, and one file aside.
    async fn files(&self, line: &Line) -> Found<()> {
        let (done, refused) = (self.paths("procesados")?, self.paths("rechazados")?);
        let answers = self.paths("salida")?;
        let (right, wrong): (Vec<_>, Vec<_>) = self.put.iter().partition(|put| put.total.is_some());
        if (done.len(), answers.len()) != (right.len(), 2 * right.len()) {
            return fault!("{} sales, aside {done:?}, answers {answers:?}", right.len());
        }
        for (puts, aside) in [(&right, &done), (&wrong, &refused)] {
            for put in puts {
                let named = aside.iter().filter(|path| name(path).starts_with(&format!("{}.", put.stem)));
                let texts = named.map(fs::read_to_string).collect::<Result<Vec<_>, _>>()?;
                if !texts.contains(&put.text) {
                    return fault!("{} is not there as it was put in: {aside:?}", put.stem);
                }
            }
        }
        let reasons = refused.iter().filter(|path| name(path).ends_with(".error.json")).count();
        if (reasons, refused.len()) != (wrong.len(), 2 * wrong.len()) {
            return fault!("refused: {refused:?}");
        }
        // What a till finds under a name is the answer to the last sale that was called so; the others are kept.
        let mut documents = BTreeMap::new();
        for path in answers.iter().filter(|path| name(path).ends_with(".json")) {
            let document = serde_json::from_slice::<Value>(&fs::read(path)?)?["document"].clone();
            documents.insert(document["id"].to_string(), document["total"].clone());
        }
        let mut last = BTreeMap::new();
        for put in &right {
            if !documents.values().any(|total| Some(total) == put.total.map(Value::from).as_ref()) {
                return fault!("{} of {:?} has no answer", put.stem, put.total);
            }
            last.insert(&put.stem, put.total);
        }
        for (stem, total) in last {
            let answer = fs::read(self.folder("salida").join(format!("{stem}.json")))?;
            let document = serde_json::from_slice::<Value>(&answer)?["document"].clone();
            if Some(&document["total"]) != total.map(Value::from).as_ref() {
                return fault!("{stem} of {total:?} was answered with {document}");
            }
        }
        let total = line.json("/stats").await?["total"].clone();
        if documents.len() != right.len() || total != right.len() {
            return fault!(
                "{} sales, {} documents answered, {total} in the shop",
                right.len(),
                documents.len()
            );
        }
        let (mut loaded, refused) =
            (names(&self.folder("caf/cargados"))?, names(&self.folder("caf/rechazados"))?);
        // Beside each stands what is to be known of it, wherever we died.
        let notices = loaded.iter().filter(|name| name.ends_with(".aviso.json")).count() as u64;
        if (notices, loaded.len() as u64) != (self.cafs, 2 * self.cafs) {
            return fault!("{} CAFs, beside them {loaded:?}", self.cafs);
        }
        loaded.retain(|name| name.ends_with(".xml"));
        if loaded.len() as u64 != self.cafs || !refused.is_empty() {
            return fault!("{} CAFs, loaded {loaded:?}, refused {refused:?}", self.cafs);
        }
        let ranges = line.json("/folios").await?;
        let of_boletas = ranges.as_array().and_then(|all| all.iter().find(|folios| folios["series"] == "39"));
        let many = of_boletas.and_then(|folios| folios["ranges"].as_array()).map_or(0, Vec::len) as u64;
        if many != 1 + self.cafs {
            return fault!("{} CAFs were put in beside the first, and there are {many}", self.cafs);
        }
        Ok(())
    }

    /// Every event under one number, and of each document in its order, whatever came again.
    fn events(&self) -> Found<()> {
        let mut of: BTreeMap<String, Vec<(u64, String)>> = BTreeMap::new();
        for came in self.ear.came() {
            let said = (came.event.parse()?, came.state);
            let states = of.entry(came.document).or_default();
            if states.last() != Some(&said) {
                states.push(said);
            }
        }
        for (document, states) in of {
            let in_order = states.is_sorted_by(|a, b| a.0 < b.0);
            if !in_order || !states.iter().map(|(_, state)| state).eq(STATES) {
                return fault!("{document} was told of as {states:?}");
            }
        }
        Ok(())
    }
}

/// The events that were taken, each once.
fn taken(came: &[Came]) -> BTreeMap<&str, &str> {
    let taken = came.iter().filter(|came| came.status == 200);
    taken.map(|came| (came.event.as_str(), came.document.as_str())).collect()
}

/// The log holds what came since `before`, all of it, the newest first; and nothing that never came.
fn true_log(log: &Value, came: &[Came], before: usize) -> Result<(), String> {
    let none = Vec::new();
    let log = log.as_array().unwrap_or(&none);
    let line = |event: &str, status: u64| format!("{event} {status}");
    let written: Vec<_> = log
        .iter()
        .map(|entry| {
            line(entry["event"].as_str().unwrap_or_default(), entry["status"].as_u64().unwrap_or_default())
        })
        .collect();
    let heard: Vec<_> = came.iter().map(|came| line(&came.event, came.status.into())).collect();
    let mut since: Vec<_> = heard[before..].iter().rev().take(LOG).collect();
    // Several are under way at once: which of them is written down first is open.
    let mut newest: Vec<_> = written.iter().take(since.len()).collect();
    since.sort();
    newest.sort();
    if newest != since {
        return Err(format!("log {written:?}, came {since:?}"));
    }
    match written.iter().find(|entry| !heard.contains(entry)) {
        Some(entry) => Err(format!("the log has {entry}, and it never came")),
        None => Ok(()),
    }
}

fn name(path: &Path) -> std::borrow::Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}

/// Plain files of a folder that are not in the making.
fn names(folder: &Path) -> Found<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_file() && !name.ends_with(".tmp") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

impl Ear {
    fn lock(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn came(&self) -> Vec<Came> {
        self.lock().came.clone()
    }

    fn refuse(&self) {
        self.lock().statuses.push_back(503);
    }

    /// Listens until the harness ends.
    fn open() -> Found<(Ear, String)> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/avisos", listener.local_addr()?);
        let ear = Ear::default();
        let hears = ear.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // One that broke off was not heard.
                let _ = hears.hear(stream);
            }
        });
        Ok((ear, url))
    }

    fn hear(&self, mut stream: std::net::TcpStream) -> Found<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let (mut line, mut length) = (String::new(), 0);
        while reader.read_line(&mut line)? > 2 {
            let lower = line.to_ascii_lowercase();
            if let Some(said) = lower.strip_prefix("content-length:") {
                length = said.trim().parse()?;
            }
            line.clear();
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let said: Value = serde_json::from_slice(&body)?;
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        let mut heard = self.lock();
        let status = heard.statuses.pop_front().unwrap_or(200);
        let came = Came { event: text("event"), document: text("document"), state: text("state"), status };
        heard.came.push(came);
        drop(heard);
        write!(stream, "HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
        Ok(())
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Told { kills, files, events, figures } = self;
        write!(
            f,
            "{kills} kills between the steps of the folder and of webhooks; {files} files, {events} deliveries; {figures}"
        )
    }
}
