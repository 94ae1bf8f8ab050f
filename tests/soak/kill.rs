//! `kill -9` of the real binary: at every named point, at every moment of an upload, and at random.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::chance::Chance;
use crate::fault;
use crate::fault::{Fault, Found};
use crate::judge;
use crate::life::{Life, Said, Start, mark_suspect};
use crate::person;
use crate::points::{LARGE, POINTS, Way};
use crate::shim::{self, Shim};
use crate::shop::{Figures, Shop};
use crate::tills::Line;
use crate::wire::{MOMENTS, Moment};

/// How many deaths one shop lives through; then a new one takes its place.
const DEATHS_OF_A_SHOP: u64 = 100;

/// So many sales a life that is to die at a point may make before the point counts as not reached.
const ENOUGH: u64 = 400;

/// How long it may take to come to its point once all is sold.
const PATIENCE: Duration = Duration::from_secs(30);

/// Documents after which a rebuild writes to the index more than once.
const LARGE_SHOP: usize = 500;

/// Tells what becomes of the folder between two lives from how they end.
const OLDER: u64 = 1 << 32;

/// How a life ends.
#[derive(Debug, Clone, Copy)]
enum End {
    At(&'static str, Way, u64),
    Upload(Moment, u64),
    /// So long after it was started.
    Starting(Duration),
    /// So long after it began to sell.
    Selling(Duration),
}

/// What the harness did.
#[derive(Debug, Default)]
pub struct Told {
    pub kills: u64,
    pub named: u64,
    pub uploads: u64,
    pub random: u64,
    pub skipped: u64,
    pub figures: Figures,
}

/// The n-th death of a seed: every named point and moment first, then by chance.
fn end(n: u64, chance: &mut Chance) -> End {
    let at = |(name, way, most): (&'static str, Way, u64), chance: &mut Chance| {
        End::At(name, way, chance.between(1, most))
    };
    let (points, moments) = (POINTS.len() as u64, MOMENTS.len() as u64);
    if n < points {
        return at(POINTS[n as usize], chance);
    }
    if n < points + moments {
        return End::Upload(MOMENTS[(n - points) as usize], chance.between(1, 2));
    }
    if n == points + moments {
        return at(LARGE, chance);
    }
    match chance.below(10) {
        0..3 => at(*chance.one(&POINTS).expect("there are points"), chance),
        3 | 4 => End::Upload(*chance.one(&MOMENTS).expect("there are moments"), chance.between(1, 4)),
        5 => End::Starting(Duration::from_millis(chance.between(1, 300))),
        _ => End::Selling(Duration::from_millis(chance.between(1, 600))),
    }
}

/// `kills` deaths from this seed.
pub async fn run(binary: &Path, seed: u64, kills: u64) -> Found<Told> {
    let shim = Shim::build()?;
    let mut told = Told::default();
    let mut n = 0;
    while n < kills {
        let mut shop = Shop::new(binary.to_owned(), None).await?;
        let last = kills.min(n + DEATHS_OF_A_SHOP);
        if let Err(fault) = lives(&mut shop, seed, n..last, shim.as_ref(), &mut told).await {
            return fault!("{fault}\n  its folder: {}", shop.keep().display());
        }
        n = last;
        println!("kill: {n} of {kills}");
    }
    Ok(told)
}

async fn lives(
    shop: &mut Shop,
    seed: u64,
    numbers: std::ops::Range<u64>,
    shim: Option<&Shim>,
    told: &mut Told,
) -> Found<()> {
    let mut made = false;
    // First older copies of the folder are put back, then the authority rejects what has to be made again.
    let half = numbers.start + (numbers.end - numbers.start) / 2;
    for n in numbers {
        // Only where it is asked for, until enough seeds have come through whole.
        if n == half && std::env::var_os("TIMBRE_REJECTIONS").is_some() {
            shop.is_rejected_now_and_then();
        }
        let mut chance = Chance::new(seed, n);
        let end = end(n, &mut chance);
        let with = |fault| Fault(format!("death {n} of seed {seed}, {end:?}: {fault}"));
        if let End::At(name, Way::New, pass) = end {
            new(&shop.place.binary, name, pass).await.map_err(with)?;
        } else {
            if !made {
                shop.make()?;
                made = true;
                // Half of the shops write sealed from their first sale on.
                if (seed + n).is_multiple_of(2) {
                    shop.place.seal(&Said::new()).map_err(with)?;
                }
            }
            let died = death(shop, end, shim, &mut chance).await.map_err(with)?;
            if !died {
                told.skipped += 1;
                continue;
            }
            // The folder as death left it: half of the times somebody looks at it before it is opened.
            if chance.below(2) == 0 {
                shop.place.check().map_err(with)?;
            }
            if n < half {
                older(shop, Chance::new(seed, n + OLDER)).await.map_err(with)?;
            }
        }
        told.kills += 1;
        match end {
            End::At(..) => told.named += 1,
            End::Upload(..) => told.uploads += 1,
            End::Starting(_) | End::Selling(_) => told.random += 1,
        }
    }
    if !made {
        shop.make()?;
    }
    told.figures += shop.end().await?;
    Ok(())
}

/// Now and then the folder is copied as death left it, or the copy is put back.
async fn older(shop: &mut Shop, mut chance: Chance) -> Found<()> {
    match (shop.copied.take(), chance.below(8)) {
        (None, 0..6) | (Some(_), 0) => shop.copy(),
        (Some(copied), 1..3) => {
            let done = shop.restore(&copied, &mut chance).await;
            // It may be put back once more.
            shop.copied = Some(copied);
            done.map_err(|fault| Fault(format!("an older folder: {fault}")))
        }
        (copied, _) => {
            shop.copied = copied;
            Ok(())
        }
    }
}

/// A shop that dies while it is made, and is made again: whole, with nothing twice.
async fn new(binary: &Path, name: &str, pass: u64) -> Found<()> {
    let mut shop = Shop::new(binary.to_owned(), None).await?;
    let died = shop.place.make(&vec![("TIMBRE_CRASH", format!("{name}:{pass}").into())])?;
    if died.status.code().is_some() {
        return fault!("it does not come there: {}", died.status);
    }
    shop.make()?;
    let life = shop.begin(&Said::new()).await?;
    let line = Line::to(&life);
    for folios in line.json("/folios").await?.as_array().into_iter().flatten() {
        if folios["ranges"].as_array().map(Vec::len) != Some(1) {
            return fault!("one CAF was loaded, and there are {}", folios["ranges"]);
        }
    }
    shop.sell(&life, &mut Chance::new(1, 1), 12, false).await?;
    drop(life);
    shop.end().await.map(drop)
}

/// One life to its end; false when this machine can't bring it about.
async fn death(shop: &mut Shop, end: End, shim: Option<&Shim>, chance: &mut Chance) -> Found<bool> {
    match end {
        End::At(name, Way::Sealing, pass) => {
            let said = vec![("TIMBRE_CRASH", format!("{name}:{pass}").into())];
            let died = shop.place.seal(&said)?;
            if died.status.code().is_some() {
                return fault!("it does not come there: {}", died.status);
            }
        }
        End::At(name, way, pass) => {
            let mut said: Said = vec![("TIMBRE_CRASH", format!("{name}:{pass}").into())];
            let mut spoil = None;
            match way {
                Way::New => return fault!("a new shop has a folder of its own"),
                Way::Sealing => return fault!("a command of its own brings it there"),
                Way::Sold | Way::Sent | Way::Opened => {}
                Way::Torn => die_at(shop, "append-half", chance).await?,
                // A sale: not every batch says something that the index has to hear.
                Way::Behind => die_at(shop, "answer-unsaid", chance).await?,
                Way::Suspect => {
                    // The death before this one may have left none to be suspicious of.
                    let least = if name == LARGE.0 { LARGE_SHOP } else { 0 };
                    grow(shop, least).await?;
                    mark_suspect(&shop.place.index())?;
                }
                Way::JournalFails => {
                    let Some(shim) = shim else { return Ok(false) };
                    // Before room is made: that it can't be is no failure.
                    let fails = shim::Fails { errno: 28, from: chance.between(12, 20), once: true };
                    said.extend(shim.said(&shop.place.journal(), &fails));
                }
                Way::IndexFails => {
                    let Some(shim) = shim else { return Ok(false) };
                    let file = shop.place.root.join("spoilt");
                    said.extend(shim.said_while(&shop.place.index().join(""), 5, &file));
                    spoil = Some(file);
                }
            }
            if name.starts_with("segment-") {
                said.push(("TIMBRE_SEGMENT_BYTES", "20000".into()));
            }
            at_a_point(shop, &said, spoil.as_deref(), chance).await?;
        }
        End::Upload(moment, n) => {
            let mut life = shop.begin(&Said::new()).await?;
            shop.wire.arm(moment, n);
            let line = Line::to(&life);
            let sales = person::beside_tills(&line, &shop.book, chance, ENOUGH, false);
            tokio::pin!(sales);
            let mut sold = false;
            let late = tokio::time::sleep(PATIENCE);
            tokio::pin!(late);
            loop {
                tokio::select! {
                    () = shop.wire.death() => break,
                    done = &mut sales, if !sold => { done?; sold = true }
                    () = &mut late => return fault!("no upload comes to that moment"),
                }
            }
            life.kill()?;
            if !sold {
                sales.await?;
            }
            shop.wire.disarm();
        }
        End::Starting(moment) => {
            let mut child = shop.place.spawn(&Said::new())?;
            tokio::time::sleep(moment).await;
            // It can't have ended by itself: nothing was said to it.
            child.kill()?;
            child.wait()?;
        }
        End::Selling(moment) => {
            let mut life = shop.begin(&Said::new()).await?;
            let line = Line::to(&life);
            let sales = person::beside_tills(&line, &shop.book, chance, u64::MAX, false);
            tokio::pin!(sales);
            tokio::select! {
                done = &mut sales => {
                    done?;
                    return fault!("it is gone before its time");
                }
                () = tokio::time::sleep(moment) => {}
            }
            life.kill()?;
            sales.await?;
        }
    }
    Ok(true)
}

/// Lives until it dies at its point: while it starts, or while it sells and sends. `spoil` is made
/// once it has sold something.
async fn at_a_point(shop: &mut Shop, said: &Said, spoil: Option<&Path>, chance: &mut Chance) -> Found<()> {
    let faulty = said.iter().any(|(name, _)| *name == "LD_PRELOAD");
    let mut life = match Life::start(&shop.place, said)? {
        Start::Died(status) if status.code().is_none() => return Ok(()),
        Start::Died(status) => return fault!("it ends by itself: {status}"),
        Start::Alive(life) => life,
    };
    let line = Line::to(&life);
    // What it sends may bring it there while we look.
    if let Err(fault) = judge::look(&shop.place, &line, &shop.book, &mut shop.seen).await
        && !life.ends_soon()?
    {
        return Err(fault);
    }
    if let Some(file) = spoil {
        shop.sell(&life, chance, 40, false).await?;
        fs::write(file, "")?;
    }
    person::beside_tills(&line, &shop.book, chance, ENOUGH, faulty).await?;
    // All was sold, and it still lives: what it sends, or puts down when it rests, may bring it there.
    let rest = async {
        let Ok(mut pushes) = line.ask("/events").await else { return };
        while let Ok(Some(_)) = pushes.chunk().await {}
    };
    let ended = tokio::time::timeout(PATIENCE, rest).await;
    if let Some(file) = spoil {
        fs::remove_file(file)?;
    }
    match ended {
        Ok(()) => life.kill(),
        Err(_) => fault!("it does not come there"),
    }
}

/// A life that ends there, as what comes before another.
async fn die_at(shop: &mut Shop, name: &str, chance: &mut Chance) -> Found<()> {
    at_a_point(shop, &vec![("TIMBRE_CRASH", format!("{name}:3").into())], None, chance).await
}

/// Sells until the shop has so many documents.
async fn grow(shop: &mut Shop, documents: usize) -> Found<()> {
    let mut life = shop.begin(&Said::new()).await?;
    let mut chance = Chance::new(documents as u64, 2);
    while shop.seen.len() < documents {
        shop.sell(&life, &mut chance, 200, false).await?;
        shop.look(&life).await?;
    }
    life.kill()
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Told { kills, named, uploads, random, skipped, figures } = self;
        write!(f, "{kills} kills ({named} at named points, {uploads} in an upload, {random} at random")?;
        if *skipped > 0 {
            write!(f, ", {skipped} skipped: no shim on this system")?;
        }
        write!(f, "); {figures}")
    }
}
