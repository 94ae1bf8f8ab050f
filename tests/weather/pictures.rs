//! Pictures of the whole machine are put back, its anchor with the folder, so that only a till can tell: it says what it
//! was given last. No sale of it has two documents, and no folio two sales.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use timbre_agent::Agent;
use timbre_agent::clock::TokioClock;
use timbre_agent::view::UnlockOrder;
use timbre_core::{DocumentId, Series};
use tokio::time::sleep;

use crate::copies::copy;
use crate::dice::Dice;
use crate::life::let_go;
use crate::run::{Shop, folder, runtime};
use crate::sky::Sky;
use crate::wire::Wire;
use crate::world::{START, World};

/// A sale, as its till keeps it.
struct Sold {
    text: String,
    /// The document that it was answered; none where the answer was lost.
    given: Option<String>,
    /// A person unlocked since: by the book it is not said again.
    settled: bool,
}

#[derive(Default)]
struct Till {
    seen: BTreeMap<Series, DocumentId>,
    sold: Vec<Sold>,
    /// Which sale each document is of.
    of: BTreeMap<String, usize>,
}

impl Till {
    /// Says a sale, or says it again; false where issuing is locked.
    async fn says(&mut self, agent: &Agent, n: usize, is_lost: bool) -> Result<bool, String> {
        let seen = self.seen.values().cloned().collect();
        let (text, from) = (Bytes::from(self.sold[n].text.clone()), Some("caja1".to_owned()));
        let before = agent.stats().total;
        let issued = match agent.issue_from(text, Some(format!("caja1-{n}")), from, seen).await {
            Ok(issued) => issued,
            Err(problem) if problem.code == "store-stopped" => {
                let lock = agent.lock().map(|lock| lock.reason);
                return match (lock.as_deref(), agent.stats().total == before) {
                    (Some("till-ahead"), true) => Ok(false),
                    (lock, _) => Err(format!("{n} was refused with a lock {lock:?}")),
                };
            }
            Err(problem) => return Err(format!("{n} was refused: {problem}")),
        };
        // Its answer never comes.
        if is_lost {
            return Ok(true);
        }
        let id = issued.document.id;
        if self.sold[n].given.as_ref().is_some_and(|given| *given != id) {
            return Err(format!("{n} has {:?} and {id}", self.sold[n].given));
        }
        if let Some(other) = self.of.insert(id.clone(), n).filter(|other| *other != n) {
            return Err(format!("{id} is of {other} and of {n}"));
        }
        self.sold[n].given = Some(id.clone());
        let id: DocumentId = id.parse().expect("an id");
        let is_higher = self.seen.get(&id.series).is_none_or(|seen| seen.number < id.number);
        if !issued.repeated || is_higher {
            self.seen.insert(id.series.clone(), id);
        }
        Ok(true)
    }
}

fn put(from: &Path, to: &Path) {
    if to.exists() {
        std::fs::remove_dir_all(to).expect("a folder");
    }
    std::fs::create_dir(to).expect("a folder");
    copy(from, to);
}

impl<W: World + 'static> Shop<W> {
    /// Runs a seed; how many locks a till was the cause of.
    pub fn put_back_often(&self, seed: u64) -> Result<u64, String> {
        let dir = folder();
        let machine = dir.path().join("machine");
        put(self.dir.path(), &machine);
        runtime().block_on(async {
            let clock = Arc::new(TokioClock::starting_at(START.parse().expect("a time")));
            let authority = Arc::new(Mutex::new(self.world.authority(seed, &Sky::calm())));
            let wire = Arc::new(Wire::new(Arc::clone(&self.world), clock.clone(), Sky::calm(), authority));
            let (mut dice, mut till, mut locks) = (Dice::new(seed, "pictures"), Till::default(), 0);
            let (mut pictures, mut agent) = (0, None);
            let open = || {
                let shop = machine.join("shop");
                self.engine(&shop, clock.clone(), &wire, Dice::new(seed, "engine"), false)
            };
            for _ in 0..60 {
                if agent.is_none() {
                    agent = Some(open());
                }
                let open = agent.as_ref().expect("it is open");
                let deed = dice.range(0, 9);
                match deed {
                    0..=4 => {
                        let text = self.world.sale(&mut dice, false).to_string();
                        till.sold.push(Sold { text, given: None, settled: false });
                        let is_lost = dice.permille(100);
                        till.says(open, till.sold.len() - 1, is_lost).await?;
                    }
                    5 | 6 if !till.sold.is_empty() => {
                        let n = usize::try_from(dice.range(1, till.sold.len() as u64)).expect("an index") - 1;
                        if !till.sold[n].settled {
                            till.says(open, n, false).await?;
                        }
                    }
                    7 => {
                        if let Some(lock) = open.lock() {
                            let said =
                                lock.folios.iter().filter_map(|of| Some((of.series.clone(), of.seen?)));
                            let mut used_up_to = BTreeMap::new();
                            for (series, seen) in said {
                                let most: &mut u64 = used_up_to.entry(series).or_default();
                                *most = seen.max(*most);
                            }
                            let order = UnlockOrder { used_up_to, ..UnlockOrder::by("ana") };
                            open.unlock(&order)
                                .await
                                .map_err(|why| format!("it can't be unlocked: {why}"))?;
                            till.sold.iter_mut().for_each(|sold| sold.settled = true);
                            locks += 1;
                        }
                    }
                    8 | 9 => {
                        let closed = agent.take().expect("it is open");
                        closed.stop().await;
                        drop(closed);
                        let_go().await;
                        if deed == 8 || pictures == 0 {
                            put(&machine, &dir.path().join(format!("picture {pictures}")));
                            pictures += 1;
                        } else {
                            let one = dice.range(0, pictures - 1);
                            put(&dir.path().join(format!("picture {one}")), &machine);
                        }
                    }
                    _ => {}
                }
                sleep(Duration::from_secs(dice.range(0, 90))).await;
            }
            if let Some(closed) = agent {
                closed.stop().await;
            }
            Ok(locks)
        })
    }
}
