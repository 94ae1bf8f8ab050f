//! A shop under a harness: its folder, the authority it trains with, what its tills know, and one
//! life after the other.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use sii_sim::{Config, Ledger, Running, Scenario, Sim};
use tempfile::TempDir;

use crate::book::{Acts, Book};
use crate::chance::Chance;
use crate::fault::Found;
use crate::judge::{self, Seen};
use crate::life::{Life, Place, Said};
use crate::restore::Copy;
use crate::tills::{self, Line, locked};
use crate::wire::Wire;

pub struct Shop {
    pub place: Place,
    pub book: Mutex<Book>,
    pub seen: Seen,
    pub wire: Wire,
    /// An older copy of the folder, that may be put back.
    pub copied: Option<Copy>,
    sii: Running,
    /// Kept when a fault is found, so that it can be looked at.
    root: Option<TempDir>,
}

/// What a shop came to.
#[derive(Debug, Default, Clone, Copy)]
pub struct Figures {
    pub documents: u64,
    pub refused: u64,
    pub repeated: u64,
    pub put_off: u64,
    pub acts: Acts,
}

impl std::ops::AddAssign for Figures {
    fn add_assign(&mut self, more: Figures) {
        self.documents += more.documents;
        self.refused += more.refused;
        self.repeated += more.repeated;
        self.put_off += more.put_off;
        self.acts += more.acts;
    }
}

impl Shop {
    /// A folder that is not made into a shop yet; `root` when it is to stand on a disk of its own.
    pub async fn new(binary: PathBuf, root: Option<PathBuf>) -> Found<Shop> {
        let own = tempfile::tempdir()?;
        let config = Config {
            latency: Duration::from_millis(10),
            processing: Duration::from_millis(10),
            ..Config::default()
        };
        let sii = sii_sim::serve(Sim::new(config), None).await?;
        let wire = Wire::to(sii.port).await?;
        let scratch = own.path().to_owned();
        let place = Place { binary, root: root.unwrap_or_else(|| scratch.clone()), scratch };
        Ok(Shop {
            place,
            book: Mutex::default(),
            seen: Seen::default(),
            wire,
            copied: None,
            sii,
            root: Some(own),
        })
    }

    /// Makes the shop, and tells it where its authority is.
    pub fn make(&self) -> Found<()> {
        let made = self.place.make(&Said::new())?;
        if !made.status.success() {
            let words = String::from_utf8_lossy(&made.stdout).into_owned();
            return crate::fault!(
                "no shop: {} {words}{}",
                made.status,
                String::from_utf8_lossy(&made.stderr)
            );
        }
        self.place.settle(&self.wire.base)
    }

    /// Starts an agent that must live, and looks at what it says of everything before.
    pub async fn begin(&mut self, said: &Said) -> Found<Life> {
        let life = Life::begin(&self.place, said)?;
        self.look(&life).await?;
        Ok(life)
    }

    pub async fn look(&mut self, life: &Life) -> Found<()> {
        let line = Line::to(life);
        judge::look(&self.place, &line, &self.book, &mut self.seen).await?;
        tills::ask_again(&line, &self.book).await
    }

    /// Sells, to the agent's end or so many sales.
    pub async fn sell(&self, life: &Life, chance: &mut Chance, most: u64, faulty: bool) -> Found<()> {
        tills::sell(&Line::to(life), &self.book, chance, most, faulty).await
    }

    pub fn ledger(&self) -> Ledger {
        self.sii.sim().ledger()
    }

    /// From now on the authority rejects some that are sound. What a copy of the folder knows of those would be their
    /// rejection, and not what was made of them: it isn't put back any more.
    pub fn is_rejected_now_and_then(&mut self) {
        self.copied = None;
        locked(&self.book).rejecting = true;
        self.weather("rejections");
    }

    fn weather(&self, name: &str) {
        let scenario = Scenario::named(name).expect("a scenario of the simulator's own");
        self.sii.sim().play(scenario, 1, jiff::Timestamp::now());
    }

    /// The last look: every key is asked for again, every document gets its verdict, the authority's
    /// book and ours agree, and the folder that is left is sound.
    pub async fn end(&mut self) -> Found<Figures> {
        // What was rejected is made again, and accepted.
        self.weather("calm");
        let mut life = self.begin(&Said::new()).await?;
        let line = Line::to(&life);
        tills::ask_all(&line, &self.book).await?;
        judge::drain(&line, &self.book).await?;
        judge::look(&self.place, &line, &self.book, &mut self.seen).await?;
        judge::look_at_bytes(&line, &self.seen).await?;
        judge::compare(&self.ledger(), &self.seen)?;
        life.kill()?;
        self.place.check()?;
        let book = locked(&self.book);
        Ok(Figures {
            documents: self.seen.len() as u64,
            refused: book.refused,
            repeated: book.repeated,
            put_off: book.put_off,
            acts: book.acts,
        })
    }

    /// Leaves the folder where it is; says where.
    pub fn keep(&mut self) -> PathBuf {
        self.root.take().map_or_else(|| self.place.root.clone(), TempDir::keep)
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Figures { documents, refused, repeated, put_off, acts } = self;
        write!(f, "{documents} documents, 0 lost, 0 twice; {refused} refused, {repeated} repeated")?;
        if *put_off > 0 {
            write!(f, ", {put_off} put off")?;
        }
        let Acts { notes, resent, same, replaced, unheard, restored, lost, stopped } = acts;
        write!(f, "; {notes} annulled by a note")?;
        if *resent > 0 {
            write!(
                f,
                ", {resent} times all sent again, {same} made again under their folio and {replaced} under another, "
            )?;
            write!(
                f,
                "{unheard} cut off; {restored} older copies put back: {lost} lost with the newer, {stopped} stopped"
            )?;
        }
        Ok(())
    }
}
