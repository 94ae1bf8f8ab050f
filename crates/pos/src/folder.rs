//! The drop folder: sales come in as files, answers and papers go out as files, CAFs are loaded. For tills
//! that can write a file and nothing else.
//!
//! Events of the system are hints and get lost: what counts is what a look finds. A sale is issued under a
//! key, then answered, then put aside, in that order: after a death between two of them the same file makes
//! the same key, and the key the same document. Nothing is deleted.

mod answer;
mod caf;
mod content;
mod passing;
mod place;
mod still;
mod take;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, ScopedJoinHandle};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, ModifyKind, RenameMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use timbre_agent::Agent;
use timbre_agent::view::{FolderView, LeftFileView, WaitingFileView};
use timbre_core::paper::Drawing;
use tokio::runtime::{Handle, Runtime};

use place::{Left, Look, Places, Seen};
use still::Stills;
use take::Taken;

/// How often it is looked at, hint or not.
const LOOK: Duration = Duration::from_secs(2);

/// After a hint, so that one look takes several files.
const GATHER: Duration = Duration::from_millis(20);

/// How long a file that is not whole must stay as it is before it is taken for finished.
const UNCHANGED: Duration = Duration::from_secs(10);

/// How long what waits is left alone after it was refused for now: at first, and at the most.
const PAUSE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));

/// So many files of one look may be refused for one and the same reason; the others that waited for it too
/// are not asked about again.
const SAME_REASON: usize = 8;

/// So many files, and so many bytes of them, are issued together: they share signatures and fsyncs, and are in memory
/// at once.
const TOGETHER: usize = 256;
const TOGETHER_BYTES: u64 = 32 << 20;

/// The most files that a look takes note of, and the most that people are shown.
const MOST: usize = 200_000;
const SHOWN: usize = 100;

/// Its name among what is wrong at the doors.
pub const TROUBLE: &str = "folder";

/// What a folder's settings say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderSettings {
    /// What is put beside each answer.
    pub paper: Option<Drawing>,
    /// Others of this machine may write there too: each of them can issue documents.
    pub shared: bool,
    /// How long a sale without a key of its own must stand unchanged before it is taken.
    pub still: Duration,
}

/// How the folder stands, for who asks.
#[derive(Default)]
pub struct Standing(Mutex<FolderView>);

impl Standing {
    /// Of one that could not be opened, and why: a sentence.
    pub fn in_trouble(why: String) -> Arc<Standing> {
        Arc::new(Standing(Mutex::new(FolderView { trouble: Some(why), ..FolderView::default() })))
    }

    pub fn view(&self) -> FolderView {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, FolderView> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A folder that is watched, until it is stopped.
pub struct Folder {
    standing: Arc<Standing>,
    stop: Arc<AtomicBool>,
    wake: Sender<()>,
    thread: Option<JoinHandle<()>>,
    /// Hints end with it.
    _watcher: Option<RecommendedWatcher>,
}

impl Folder {
    /// Makes the folders below `dir` where they are missing, and begins. Needs a tokio runtime.
    pub fn start(agent: Agent, dir: &Path, settings: FolderSettings) -> io::Result<Folder> {
        let places = Places::make(dir, settings.shared)?;
        let (wake, woken) = channel();
        let hint = wake.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| is_of_others(event.kind)) {
                // Nobody waits any more: it is being stopped.
                let _ = hint.send(());
            }
        });
        let watched = watcher.and_then(|mut watcher| {
            for path in [&places.sales, &places.cafs] {
                watcher.watch(path, RecursiveMode::NonRecursive)?;
            }
            Ok(watcher)
        });
        let watcher = watched
            .inspect_err(
                |error| tracing::warn!(%error, "no hints of the system: the folder is only looked at"),
            )
            .ok();
        let standing = Arc::new(Standing::default());
        let stop = Arc::new(AtomicBool::new(false));
        let work = Work {
            agent,
            handle: Handle::current(),
            runtime: tokio::runtime::Builder::new_current_thread().build()?,
            places,
            still: Stills::new(settings.still),
            settings,
            standing: Arc::clone(&standing),
            stop: Arc::clone(&stop),
            seen: BTreeMap::new(),
            waiting: BTreeMap::new(),
            noted: BTreeSet::new(),
            refusing: Mutex::default(),
            pause: PAUSE.0,
            asked: Instant::now(),
            passed: BTreeSet::new(),
        };
        let thread = std::thread::Builder::new().name("timbre-folder".to_owned());
        let thread = thread.spawn(move || work.run(&woken))?;
        Ok(Folder { standing, stop, wake, thread: Some(thread), _watcher: watcher })
    }

    pub fn standing(&self) -> Arc<Standing> {
        Arc::clone(&self.standing)
    }

    /// Ends once the sale that is being issued was put aside.
    pub async fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // It is gone when nobody hears it.
        let _ = self.wake.send(());
        if let Some(thread) = self.thread.take() {
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                tracing::error!("the drop folder ended badly");
            }
        }
    }
}

/// Of sales whose answers would have one name (`v.json`, `v.JSON`) the later one waits until the first is done: then it
/// is one whose name is used again.
fn one_for_each_answer(files: Vec<Look>) -> (Vec<Look>, Vec<Left>) {
    let mut stems = BTreeSet::new();
    let (mut first, mut twins) = (Vec::new(), Vec::new());
    for look in files {
        if stems.insert(place::stem(&look.name).to_owned()) {
            first.push(look);
        } else {
            let why =
                "Otra venta tiene el mismo nombre con otra escritura de .json: se toma cuando ésa termine.";
            twins.push(Left { look, why: why.to_owned(), passing: true });
        }
    }
    (first, twins)
}

/// Our own reading and moving away is no news.
fn is_of_others(kind: EventKind) -> bool {
    match kind {
        EventKind::Modify(ModifyKind::Name(RenameMode::From)) => false,
        EventKind::Create(_) | EventKind::Modify(_) => true,
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) | EventKind::Remove(_) => false,
        EventKind::Any | EventKind::Other => true,
    }
}

/// A sale that can't be issued yet.
struct Waiting {
    code: String,
    why: String,
    since: String,
}

struct Work {
    agent: Agent,
    handle: Handle,
    /// Of its own and one thread, so that the sales of a look wait together for the writer.
    runtime: Runtime,
    places: Places,
    settings: FolderSettings,
    standing: Arc<Standing>,
    stop: Arc<AtomicBool>,
    /// Each file as a look found it, and when it was found so first.
    seen: BTreeMap<String, (Seen, Instant)>,
    /// Those without a key of their own, as they were read.
    still: Stills,
    waiting: BTreeMap<String, Waiting>,
    /// Names of sales of which a note may say that they wait.
    noted: BTreeSet<String>,
    /// One at a time looks for a free name among the refused.
    refusing: Mutex<()>,
    pause: Duration,
    /// When what waits was asked about last.
    asked: Instant,
    /// Names that were told to the log: each once.
    passed: BTreeSet<String>,
}

impl Work {
    fn run(mut self, woken: &Receiver<()>) {
        // Of a life before.
        match answer::notes(&self.places) {
            Ok(noted) => self.noted = noted,
            Err(error) => tracing::warn!(%error, "the notes of waiting sales can't be listed"),
        }
        while !self.stopped() {
            self.look();
            let due = self.still.due().map(|due| due.saturating_duration_since(Instant::now()));
            match woken.recv_timeout(due.unwrap_or(LOOK).min(LOOK)) {
                Ok(()) if !self.stopped() => {
                    std::thread::sleep(GATHER);
                    woken.try_iter().for_each(drop);
                }
                Ok(()) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// For how long a file has been as it is.
    fn unchanged(&mut self, name: &str, seen: Seen) -> Duration {
        let now = Instant::now();
        let entry = self.seen.entry(name.to_owned()).or_insert((seen, now));
        if entry.0 != seen {
            *entry = (seen, now);
        }
        now.duration_since(entry.1)
    }

    fn look(&mut self) {
        if let Err(error) = self.places.judge(self.settings.shared) {
            return self.in_trouble(format!("De la carpeta no se toma nada: {error}."));
        }
        let cafs_left = self.load_cafs();
        // First: what comes under a name that is used again is another sale than what is still on its way.
        let on_their_way = self.take_on();
        let found = match self.places.sales(MOST) {
            Ok(found) => found,
            Err(error) => {
                return self.in_trouble(format!("No se puede leer la carpeta entrada ({error})."));
            }
        };
        let (files, twins) = one_for_each_answer(found.files);
        let sales = files.iter().chain(twins.iter().map(|twin| &twin.look));
        self.drop_notes(&sales.map(|look| look.name.clone()).collect());
        let left: Vec<_> = found.left.into_iter().chain(twins).chain(on_their_way).collect();
        let all = files.iter().chain(left.iter().map(|left| &left.look));
        let names: BTreeSet<_> = all.map(|look| look.name.clone()).collect();
        self.seen.retain(|name, _| names.contains(name) || name.starts_with(caf::MARK));
        self.waiting.retain(|name, _| names.contains(name));
        self.still.begin(Instant::now(), &names);
        let again = self.asked.elapsed() >= self.pause;
        let mut moved_on = false;
        let files: Vec<_> = files
            .into_iter()
            .map(|look| {
                let unchanged = self.unchanged(&look.name, look.seen);
                (look, unchanged)
            })
            .collect();
        let taken = self.take_all(files, again);
        // By now all of them were read.
        let read = Instant::now();
        for (name, taken) in taken {
            match taken {
                Taken::Issued | Taken::Refused => {
                    moved_on = true;
                    self.seen.remove(&name);
                    self.still.forget(&name);
                    self.waiting.remove(&name);
                }
                Taken::NotYet { code, why } => {
                    self.noted.insert(place::stem(&name).to_owned());
                    let since = self.waiting.remove(&name).map(|waiting| waiting.since);
                    let since = since.unwrap_or_else(|| self.agent.now().to_string());
                    self.waiting.insert(name, Waiting { code, why, since });
                }
                Taken::Moving(reading) => {
                    // What waited under this name was another one.
                    self.waiting.remove(&name);
                    self.still.note(name, reading, read);
                }
                Taken::Unfinished | Taken::Gone => {}
            }
        }
        if again {
            self.asked = Instant::now();
            self.pause = if moved_on { PAUSE.0 } else { (self.pause * 2).min(PAUSE.1) };
        }
        let left = self.left(left.into_iter().chain(cafs_left));
        self.show(left);
    }

    fn in_trouble(&self, why: String) {
        self.standing.lock().trouble = Some(why.clone());
        self.agent.set_trouble(TROUBLE, Some(why));
    }

    /// Of a sale that somebody took back nothing says any more that it waits.
    fn drop_notes(&mut self, names: &BTreeSet<String>) {
        let stems: BTreeSet<_> = names.iter().map(|name| place::stem(name)).collect();
        let gone: Vec<_> = self.noted.iter().filter(|stem| !stems.contains(stem.as_str())).cloned().collect();
        for stem in gone {
            match answer::no_longer_waits(self, &stem) {
                Ok(()) => _ = self.noted.remove(&stem),
                Err(error) => tracing::warn!(%error, stem, "a note of a sale that is gone can't be removed"),
            }
        }
    }

    /// What people are told of: not what somebody may still be writing.
    fn left(&mut self, left: impl Iterator<Item = Left>) -> Vec<LeftFileView> {
        let mut told = Vec::new();
        for Left { look: Look { name, seen }, why, passing } in left {
            if self.unchanged(&name, seen) < UNCHANGED && passing {
                continue;
            }
            if self.passed.len() < SHOWN && self.passed.insert(name.clone()) {
                tracing::warn!(file = name, why, "a file is left where it is");
            }
            told.push(LeftFileView { file: name, why });
        }
        told
    }

    /// Some together, one lot after the other: while the answers of one are written, the next one is issued. Each file
    /// with how long it has been as it is; `again`: what waits is asked about too.
    fn take_all(&self, files: Vec<(Look, Duration)>, again: bool) -> Vec<(String, Taken)> {
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        let mut all: Vec<(String, Taken)> = Vec::new();
        let mut done = |lot: Vec<(String, Taken)>, reasons: &mut BTreeMap<String, usize>| {
            for (_, taken) in &lot {
                if let Taken::NotYet { why, .. } = taken {
                    *reasons.entry(why.clone()).or_default() += 1;
                }
            }
            all.extend(lot);
        };
        let mut files = files.into_iter().peekable();
        std::thread::scope(|scope| {
            let mut answering: Option<ScopedJoinHandle<'_, Vec<(String, Taken)>>> = None;
            let ended =
                |lot: ScopedJoinHandle<'_, _>| lot.join().unwrap_or_else(|panic| resume_unwind(panic));
            while files.peek().is_some() && !self.stopped() {
                let (mut due, mut bytes) = (Vec::new(), 0);
                while due.len() < TOGETHER
                    && bytes < TOGETHER_BYTES
                    && let Some((look, unchanged)) = files.next()
                {
                    if self.still.rests(&look.name) {
                        continue;
                    }
                    if let Some(waiting) = self.waiting.get(&look.name).filter(|_| !unchanged.is_zero()) {
                        let tired = reasons.get(&waiting.why).is_some_and(|times| *times >= SAME_REASON);
                        if !again || tired {
                            continue;
                        }
                    }
                    bytes += look.seen.size;
                    due.push((look, unchanged >= UNCHANGED));
                }
                let issued = self.issue(due);
                if let Some(lot) = answering.take() {
                    done(ended(lot), &mut reasons);
                }
                answering = Some(scope.spawn(move || self.answer(issued)));
            }
            if let Some(lot) = answering.take() {
                done(ended(lot), &mut reasons);
            }
        });
        all
    }

    fn show(&self, mut left: Vec<LeftFileView>) {
        let view = |(name, waiting): (&String, &Waiting)| WaitingFileView {
            file: name.clone(),
            code: waiting.code.clone(),
            why: waiting.why.clone(),
            since: waiting.since.clone(),
        };
        let mut standing = self.standing.lock();
        standing.trouble = None;
        standing.waiting_total = self.waiting.len() as u64;
        standing.waiting = self.waiting.iter().take(SHOWN).map(view).collect();
        standing.left_total = left.len() as u64;
        left.truncate(SHOWN);
        standing.left = left;
        drop(standing);
        self.agent.set_trouble(TROUBLE, None);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.places.sales.join(name)
    }
}
