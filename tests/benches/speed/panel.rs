//! The panel in a browser and in the program's own window, over a folder with many documents: how soon it shows them, what
//! it asks for, what it draws anew, and whether it answers a key while a thousand documents a second come.
//! `tests/benches/panel.py` looks and types; the documents are issued and sent here, by the agent that serves the page.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use timbre_agent::Agent;
use timbre_app::Running;
use tokio::runtime::Runtime;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::bulk::Life;
use crate::table::{Figure, ms, ratio};
use crate::yardstick::{median, quantile};
use crate::{Done, load, shop};

/// In the folder that is looked at.
pub const DOCUMENTS: u64 = 100_000;
/// How often each of the two pages is opened.
const ROUNDS: usize = 15;
const SCREENS: u64 = 200;
/// Documents of one page of the list.
const PAGE: u64 = 100;
/// Rows that may be drawn at once, whatever there is: those in view, and some around them.
const DRAWN: f64 = 60.0;
const A_SECOND: u32 = 1_000;
const SECONDS: u32 = 5;
const TICK: Duration = Duration::from_millis(10);
/// A person notices what takes longer.
const NOTICED: f64 = 100.0;

/// What shows the page.
struct Shown {
    /// As `tests/window` names it, and as the table does.
    name: &'static str,
    words: &'static str,
    /// The most megabytes over an empty page.
    memory: f64,
    /// It tells of long tasks. WebKit does not: how late a timer comes counts what the machine does meanwhile, too, so
    /// there a key that is heard in time is the judge.
    tells_tasks: bool,
}

/// WebKit keeps what was drawn until memory is short, as much after forty screens as after two hundred.
const SHOWN: [Shown; 2] = [
    Shown { name: "browser", words: "Chromium", memory: 100.0, tells_tasks: true },
    Shown { name: "window", words: "window", memory: 250.0, tells_tasks: false },
];

/// Each over a folder of its own, since the burst leaves documents behind.
pub fn measure(runtime: &Runtime, folder: &Path, documents: u64, figures: &mut Vec<Figure>) -> Done<()> {
    for shown in SHOWN {
        let folder = folder.join(shown.name);
        let words = shown.words;
        let seen = measure_in(runtime, &folder, documents, shown)?;
        figures.extend(seen.into_iter().map(|figure| figure.shown(words)));
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(())
}

fn measure_in(runtime: &Runtime, folder: &Path, documents: u64, shown: Shown) -> Done<Vec<Figure>> {
    let (full, empty) = (folder.join("full"), folder.join("empty"));
    load::fill(runtime, &full, documents, Life::Accepted)?;
    std::fs::create_dir_all(&empty)?;
    runtime.block_on(timbre_tests::shop_of(&empty, &[(1, 10)]));
    let open = |place: &Path| -> Done<Shop> {
        let options = timbre_tests::options(place);
        let folder = options.data.clone().ok_or("a shop of the tests has its folder")?;
        Ok(Shop { running: runtime.block_on(timbre_app::start(options))?, folder })
    };
    let (full, empty) = (open(&full)?, open(&empty)?);
    let figures = Panel { runtime, full: &full, browser: Browser::start(folder, shown.name)?, shown }
        .all(&empty, documents);
    runtime.block_on(async {
        full.running.stop().await;
        empty.running.stop().await;
    });
    figures
}

/// An agent at work, and where its folder is.
struct Shop {
    running: Running,
    folder: PathBuf,
}

struct Panel<'a> {
    runtime: &'a Runtime,
    full: &'a Shop,
    browser: Browser,
    shown: Shown,
}

impl Panel<'_> {
    fn judged(&self, task: Figure) -> Figure {
        if self.shown.tells_tasks { task.at_most(NOTICED) } else { task }
    }

    fn all(mut self, empty: &Shop, documents: u64) -> Done<Vec<Figure>> {
        let mut figures = self.first(empty, documents)?;
        let blank = Held::of(&self.browser.ask(json!({ "do": "open" }))?)?;
        self.enter(self.full)?;
        let there = self.memory()?;
        figures.extend(self.scroll()?);
        let scrolled = self.memory()?;
        figures.extend(self.one()?);
        figures.extend(self.burst()?);
        let burst = self.memory()?;
        let held = [
            ("memory: an empty page", blank, None),
            ("memory: the panel, over an empty page", there.over(blank), Some(self.shown.memory)),
            ("  after the scrolling", scrolled.over(blank), Some(self.shown.memory)),
            ("  and after the burst", burst.over(blank), Some(self.shown.memory)),
        ];
        figures.extend(held.map(|(words, held, most)| {
            let mut figure = Figure::megabytes(words, held.process);
            if let Some(heap) = held.heap {
                figure = figure.note(format!("{heap:.1} MB of it are its scripts'"));
            }
            most.into_iter().fold(figure, Figure::at_most)
        }));
        Ok(figures)
    }

    fn enter(&mut self, shop: &Shop) -> Done<()> {
        let address = &shop.running.address;
        let link = format!("{}/#token={}", address.base, address.token);
        self.browser.ask(json!({ "do": "enter", "address": link, "folder": shop.folder }))?;
        Ok(())
    }

    fn memory(&mut self) -> Done<Held> {
        Held::of(&self.browser.ask(json!({ "do": "memory" }))?)
    }

    /// Until the first rows are on the screen, beside an empty folder's words.
    fn first(&mut self, empty: &Shop, documents: u64) -> Done<Vec<Figure>> {
        self.browser.ask(json!({ "do": "open" }))?;
        self.enter(empty)?;
        self.enter(self.full)?;
        let addresses = [empty, self.full].map(|shop| format!("{}/", shop.running.address.base));
        let seen =
            self.browser.ask(json!({ "do": "first", "addresses": addresses, "rounds": ROUNDS }))?["seen"]
                .take();
        let [empty, full]: [Vec<[f64; 2]>; 2] = serde_json::from_value(seen)?;
        let of = |seen: &[[f64; 2]], which: usize| {
            median(&seen.iter().map(|one| milliseconds(one[which])).collect::<Vec<_>>())
        };
        let figure = |words: String, which| {
            let (full, empty) = (of(&full, which), of(&empty, which));
            Figure::time(words, full).beside(format!("an empty folder's {}", ms(empty)), ratio(full, empty))
        };
        Ok(vec![
            figure(format!("first rows of {documents} in the page"), 0).aim(1.5),
            figure("  on the screen".to_owned(), 1).aim(1.5),
        ])
    }

    /// One document, from its issue to its verdict.
    fn one(&mut self) -> Done<Vec<Figure>> {
        self.browser.ask(json!({ "do": "watch" }))?;
        let issued =
            self.runtime.block_on(self.full.running.agent.issue(shop::sale().into(), shop::key()))?;
        let id = issued.document.id;
        let touched = self.browser.ask(json!({ "do": "touched", "document": id, "word": "Aceptado" }))?;
        let rows = |how: &str| {
            touched[how].as_object().map(|rows| rows.keys().collect::<Vec<_>>()).unwrap_or_default()
        };
        let (entered, changed, moved) = (rows("entered"), rows("changed"), rows("moved"));
        if !entered.contains(&&id) {
            return Err(format!("{id} entered the list unseen: {touched}").into());
        }
        let others = changed.iter().filter(|other| ***other != id).count() + entered.len() - 1;
        Ok(vec![
            Figure::count("a document's way to its verdict: other rows drawn", others as f64)
                .note(format!("{} only move down", moved.iter().filter(|other| ***other != id).count()))
                .at_most(0.0),
        ])
    }

    fn scroll(&mut self) -> Done<Vec<Figure>> {
        let seen = self.browser.ask(json!({ "do": "scroll", "screens": SCREENS }))?;
        self.browser.ask(json!({ "do": "top" }))?;
        let requests = seen["requests"].as_array().ok_or("it tells what was asked for")?;
        let (rows, drawn) = (number(&seen["rows"])?, number(&seen["drawn"])?);
        let limits: Vec<_> = requests.iter().map(|asked| asked["limit"].as_u64()).collect();
        if limits.iter().any(|limit| *limit != Some(PAGE)) {
            return Err(format!("the list asks for more than a page: {limits:?}").into());
        }
        let largest = requests.iter().filter_map(|asked| asked["bytes"].as_f64()).fold(0.0, f64::max);
        // Those in view are read before they are reached.
        let pages = (rows / PAGE as f64).ceil() + 1.0;
        Ok(vec![
            Figure::count(format!("{SCREENS} screens scrolled: pages asked for"), requests.len() as f64)
                .note(format!("{rows:.0} rows were reached; {PAGE} in a page"))
                .at_most(pages),
            Figure::kilobytes("  the largest answer", largest / 1e3),
            Figure::count("  rows drawn at once, at the most", drawn).at_most(DRAWN),
            self.judged(Figure::time("  longest task of the page", milliseconds(number(&seen["longest"])?))),
        ])
    }

    /// A thousand documents a second, and somebody types meanwhile.
    fn burst(&mut self) -> Done<Vec<Figure>> {
        // What is sent to the simulator is judged in this process too, and no shop has that work.
        self.full.running.agent.set_running(false);
        let mut pushes = self.full.running.agent.subscribe();
        self.browser.tell(&json!({ "do": "type", "seconds": SECONDS }))?;
        let (last, took) = self.runtime.block_on(sold(&self.full.running.agent))?;
        let ended = Instant::now();
        let typed = self.browser.answer()?;
        self.browser.ask(json!({ "do": "seen", "document": last }))?;
        let seen = ended.elapsed();
        let (mut events, mut told) = (0, 0);
        loop {
            match pushes.try_recv() {
                Ok(push) => (events, told) = (events + 1, told + push.rows.len()),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                Err(TryRecvError::Lagged(missed)) => {
                    return Err(format!("{missed} pushes were not counted").into());
                }
            }
        }
        let keyed: Vec<[f64; 2]> = serde_json::from_value(typed["keyed"].clone())?;
        let of = |which: usize| keyed.iter().map(|key| milliseconds(key[which])).collect::<Vec<_>>();
        let (heard, drawn) = (of(0), of(1));
        let tasks: Vec<f64> = serde_json::from_value(typed["tasks"].clone())?;
        let longest = tasks.iter().copied().fold(0.0, f64::max);
        let each = f64::from(A_SECOND * SECONDS) / took.as_secs_f64();
        Ok(vec![
            Figure::count("documents issued a second, in a burst", each)
                .note(format!("for {SECONDS} s; the page is told of {told} in {events} pushes")),
            self.judged(
                Figure::time("  longest task of the page", milliseconds(longest))
                    .note(format!("{} longer than 50 ms", tasks.len())),
            ),
            Figure::time("  a key is heard, p50", median(&heard)).note(format!("{} keys", keyed.len())),
            Figure::time("  a key is heard, the latest", quantile(&heard, 100)).at_most(NOTICED),
            Figure::time("  what it did is on the screen, p50", median(&drawn)),
            Figure::time("  what it did is on the screen, the latest", quantile(&drawn, 100)),
            Figure::time("  the last is in the list, after its issue", seen),
        ])
    }
}

/// Issued at their pace, however long each takes; the last one's name, and how long it took.
async fn sold(agent: &Agent) -> Done<(String, Duration)> {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let begun = Instant::now();
    let mut sales = JoinSet::new();
    let times = SECONDS * 1_000 / TICK.as_millis() as u32;
    for _ in 0..times {
        ticks.tick().await;
        for _ in 0..A_SECOND * SECONDS / times {
            let agent = agent.clone();
            sales.spawn(async move { agent.issue(shop::sale().into(), shop::key()).await });
        }
    }
    let mut last = None;
    while let Some(issued) = sales.join_next().await {
        last = last.max(Some(issued??.document.folio));
    }
    let took = begun.elapsed();
    Ok((format!("T39F{}", last.ok_or("something was sold")?), took))
}

fn number(value: &Value) -> Done<f64> {
    value.as_f64().ok_or_else(|| "the page tells a number".into())
}

fn milliseconds(time: f64) -> Duration {
    Duration::from_secs_f64(time.max(0.0) / 1e3)
}

/// Megabytes of a page.
#[derive(Clone, Copy)]
struct Held {
    /// Of the page's scripts, where the browser tells it.
    heap: Option<f64>,
    process: f64,
}

impl Held {
    fn of(value: &Value) -> Done<Held> {
        Ok(Held { heap: value["heap"].as_f64(), process: number(&value["process"])? })
    }

    fn over(self, other: Held) -> Held {
        let heap = self.heap.zip(other.heap).map(|(heap, other)| heap - other);
        Held { heap, process: self.process - other.process }
    }
}

/// The other program, which has the browser; gone when it is dropped.
struct Browser {
    program: Child,
    asks: Option<ChildStdin>,
    tells: BufReader<ChildStdout>,
}

impl Browser {
    fn start(folder: &Path, shown: &str) -> Done<Browser> {
        let python = std::env::var_os("TIMBRE_PYTHON").unwrap_or_else(|| "python3".into());
        let mut program = Command::new(python)
            .arg("benches/panel.py")
            .env("PYTHONPATH", "window")
            .env("TIMBRE_SHOWN", shown)
            .env("TIMBRE_LOG", folder.join("driver.log"))
            // Where it leaves what it needs, to be gone with the rest.
            .env("TMPDIR", folder)
            .env("XDG_DATA_HOME", folder.join("data"))
            .env("XDG_CONFIG_HOME", folder.join("config"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let asks = program.stdin.take();
        let tells = BufReader::new(program.stdout.take().ok_or("its output is a pipe")?);
        Ok(Browser { program, asks, tells })
    }

    fn ask(&mut self, what: Value) -> Done<Value> {
        self.tell(&what)?;
        self.answer()
    }

    fn tell(&mut self, what: &Value) -> Done<()> {
        Ok(writeln!(self.asks.as_mut().ok_or("its input is a pipe")?, "{what}")?)
    }

    fn answer(&mut self) -> Done<Value> {
        let mut line = String::new();
        self.tells.read_line(&mut line)?;
        Ok(serde_json::from_str(&line).map_err(|_| "the browser's program has ended; it says why above")?)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // At the end of its input it closes the browser, and ends.
        drop(self.asks.take());
        let _ = self.program.wait();
    }
}
