//! The disk says no: each call on the index fails once, for each until none is left, also while it is made anew or put
//! aside; the disk is full and is freed again; it may only be read. A sale is refused before it has a folio, or it is whole;
//! nothing is lost; and selling goes on by itself when the disk does.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::disk::Disk;
use crate::fault;
use crate::fault::{Fault, Found};
use crate::judge;
use crate::life::{Life, Said, Start, mark_suspect};
use crate::shim::{Fails, Shim};
use crate::shop::{Figures, Shop};
use crate::tills::{self, Line};

/// EIO and ENOSPC, for each call.
const ERRORS: [(i32, &str); 2] = [(5, "EIO"), (28, "ENOSPC")];

/// How a life finds the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Left {
    /// As the life before it left it.
    There,
    /// It is made anew.
    Gone,
    /// It is said that it failed: it is put aside, and made anew.
    Suspect,
}

const LEFT: [Left; 3] = [Left::There, Left::Gone, Left::Suspect];

/// So many calls fail at the least, of each error and with the index as each life finds it: else nothing was tried.
const HANDFUL: u64 = 4;

/// What a disk says that is full, or may only be read.
const STATES: [(i32, &str); 2] = [(28, "full"), (30, "read-only")];

/// Sales of one life, in all.
const SALES: u64 = 12;

/// How long selling may take to go on once the disk does.
const PATIENCE: Duration = Duration::from_secs(75);

/// Sales for which a full disk may still have room, in blocks that the journal's file has already: half a
/// megabyte, and some four kilobytes a sale.
const ROOM: usize = 130;

/// Lives that end on a disk that syncs no more. Where the index happens to sync by itself just then, it says nothing
/// at its end.
const LAST: u64 = 3;

/// How many lives one shop has.
const LIVES_OF_A_SHOP: u64 = 40;

#[derive(Debug, Default)]
pub struct Told {
    /// Calls that failed, by error and kind.
    kinds: BTreeMap<(&'static str, String), u64>,
    /// The same, by how the index was found.
    left: BTreeMap<Left, u64>,
    /// Starts that were refused, and the next one was not.
    refused_starts: u64,
    /// Shops whose calls failed, and those of them that wrote sealed.
    shops: u64,
    sealed: u64,
    states: u64,
    /// Why no disk was really full.
    no_disk: Option<String>,
    figures: Figures,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Told { kinds, left, refused_starts, shops, sealed, states, no_disk, figures } = self;
        let failed: u64 = kinds.values().sum();
        write!(f, "{failed} calls failed once each (")?;
        for (n, ((error, kind), times)) in kinds.iter().enumerate() {
            write!(f, "{}{error} {kind} {times}", if n == 0 { "" } else { ", " })?;
        }
        write!(
            f,
            "; the index {left:?}) in {shops} shops, {sealed} of them sealed, {refused_starts} starts refused; {states} times full, read-only or deaf to syncs and back; {figures}"
        )?;
        match no_disk {
            Some(why) => write!(f, "; SKIPPED, a disk that is really full: {why}"),
            None => Ok(()),
        }
    }
}

/// Every `step`-th call fails once, beginning with one that the seed says; then the disk's states.
/// `None` where there is nothing to preload into.
pub async fn run(binary: &Path, seed: u64, step: u64) -> Found<Option<Told>> {
    let Some(shim) = Shim::build()? else { return Ok(None) };
    let mut told = Told::default();
    for (errno, name) in ERRORS {
        for left in LEFT {
            let failed = each(binary, &shim, (errno, name), left, (seed, step), &mut told).await?;
            if failed < HANDFUL {
                return fault!(
                    "{name}, the index {left:?}: {failed} calls failed, by steps of {step}: too few"
                );
            }
        }
    }
    match Disk::new()? {
        Ok(disk) => {
            told.figures +=
                full(binary, &disk, seed).await.map_err(|fault| Fault(format!("a full disk: {fault}")))?;
            told.states += 1;
        }
        Err(why) => told.no_disk = Some(why),
    }
    for (errno, name) in STATES {
        for whole in [true, false] {
            let mut shop = Shop::new(binary.to_owned(), None).await?;
            shop.make()?;
            let with =
                |fault| Fault(format!("{name}, {}: {fault}", if whole { "all of it" } else { "the index" }));
            state(&mut shop, &shim, errno, whole, seed).await.map_err(with)?;
            told.figures += shop.end().await?;
            told.states += 1;
        }
    }
    let mut shop = Shop::new(binary.to_owned(), None).await?;
    shop.make()?;
    last(&mut shop, &shim, seed).await.map_err(|fault| Fault(format!("its last sync: {fault}")))?;
    told.figures += shop.end().await?;
    told.states += LAST;
    Ok(Some(told))
}

/// Every `step`-th call fails, each in a life of its own, until there is none; how many did.
async fn each(
    binary: &Path,
    shim: &Shim,
    error: (i32, &'static str),
    left: Left,
    (seed, step): (u64, u64),
    told: &mut Told,
) -> Found<u64> {
    let mut n = 1 + seed % step;
    let (mut failed, mut more) = (0, true);
    while more {
        let mut shop = Shop::new(binary.to_owned(), None).await?;
        shop.make()?;
        // Every other one writes sealed from its first sale on, beginning with the first.
        if told.shops.is_multiple_of(2) {
            shop.place.seal(&Said::new())?;
            told.sealed += 1;
        }
        told.shops += 1;
        let last = n + LIVES_OF_A_SHOP * step;
        while more && n < last {
            let with =
                |fault| Fault(format!("{} at call {n} of seed {seed}, the index {left:?}: {fault}", error.1));
            match left {
                Left::There => {}
                Left::Gone => fs::remove_dir_all(shop.place.index())?,
                Left::Suspect => mark_suspect(&shop.place.index())?,
            }
            more = call(&mut shop, shim, error, n, told).await.map_err(with)?;
            failed += u64::from(more);
            n += step;
        }
        told.figures += shop.end().await?;
    }
    *told.left.entry(left).or_default() += failed;
    Ok(failed)
}

/// A life in which the n-th call on the index fails; false when it makes no such call.
async fn call(
    shop: &mut Shop,
    shim: &Shim,
    (errno, name): (i32, &'static str),
    n: u64,
    told: &mut Told,
) -> Found<bool> {
    let mut chance = Chance::new(n, errno.unsigned_abs().into());
    let said = shim.said(&shop.place.index(), &Fails { errno, from: n, once: true });
    let mut life = match Life::start(&shop.place, &said)? {
        Start::Alive(life) => life,
        Start::Died(status) if status.code().is_some_and(|code| code != 4) => {
            // What could not be opened is opened the next time, with nothing lost.
            told.refused_starts += 1;
            let failed = shim.told()?;
            count(told, name, failed);
            shop.begin(&Said::new()).await?.kill()?;
            return Ok(true);
        }
        Start::Died(status) => return fault!("it says that data are lost: {status}"),
    };
    let line = Line::patient(&life, PATIENCE);
    shop.sell(&life, &mut chance, SALES, true).await?;
    goes_on(shop, &line).await?;
    judge::look(&shop.place, &line, &shop.book, &mut shop.seen).await?;
    let mut failed = shim.told()?;
    if failed.is_empty() {
        // It may be a call of the sending.
        judge::drain(&line, &shop.book).await?;
        failed = shim.told()?;
    }
    let came = !failed.is_empty();
    count(told, name, failed);
    life.end()?;
    shop.place.check()?;
    Ok(came)
}

fn count(told: &mut Told, name: &'static str, kinds: Vec<String>) {
    for kind in kinds {
        *told.kinds.entry((name, kind)).or_default() += 1;
    }
}

/// A disk in one of its states: what is refused, and that selling goes on afterwards.
async fn state(shop: &mut Shop, shim: &Shim, errno: i32, whole: bool, seed: u64) -> Found<()> {
    let file = shop.place.root.join("spoilt");
    let below = if whole { shop.place.shop() } else { shop.place.index() };
    let said = shim.said_while(&below, errno, &file);
    let spoil = || Ok(fs::write(&file, "")?);
    bad_times(shop, &said, seed, whole.then_some(0), spoil, || Ok(fs::remove_file(&file)?)).await?;
    shim.told().map(drop)
}

/// The disk says no to the last thing that is asked of it, when the index is closed: the agent ends as it was told to.
async fn last(shop: &mut Shop, shim: &Shim, seed: u64) -> Found<()> {
    let mut chance = Chance::new(seed, 1);
    let file = shop.place.root.join("spoilt");
    let mut said = shim.said_while(&shop.place.index(), 5, &file);
    said.push(("TIMBRE_FAIL_KIND", "fsync".into()));
    for _ in 0..LAST {
        let mut life = shop.begin(&said).await?;
        let line = Line::patient(&life, PATIENCE);
        shop.sell(&life, &mut chance, SALES, false).await?;
        judge::drain(&line, &shop.book).await?;
        fs::write(&file, "")?;
        life.end()?;
        fs::remove_file(&file)?;
        shop.place.check()?;
    }
    match shim.told()?.is_empty() {
        true => fault!("no sync failed when the index was closed"),
        false => Ok(()),
    }
}

/// A disk of its own that has no room left.
async fn full(binary: &Path, disk: &Disk, seed: u64) -> Found<Figures> {
    let mut shop = Shop::new(binary.to_owned(), Some(disk.at())).await?;
    shop.make()?;
    let filler = disk.at().join("filler");
    let spoil = || disk.fill().map(drop);
    bad_times(&mut shop, &Said::new(), seed, Some(ROOM), spoil, || Ok(fs::remove_file(&filler)?)).await?;
    shop.end().await
}

/// One life: it sells, the disk goes bad (for the journal too where `most` says how many sales it may still
/// take), it sells nothing or goes on, the disk is well, and it sells.
async fn bad_times(
    shop: &mut Shop,
    said: &Said,
    seed: u64,
    most: Option<usize>,
    spoil: impl FnOnce() -> Found<()>,
    mend: impl FnOnce() -> Found<()>,
) -> Found<()> {
    let mut chance = Chance::new(seed, 0);
    let mut life = shop.begin(said).await?;
    let line = Line::patient(&life, PATIENCE);
    shop.sell(&life, &mut chance, 40, false).await?;
    spoil()?;
    let before = tills::locked(&shop.book).acknowledged();
    let sold = || tills::locked(&shop.book).acknowledged().difference(&before).count();
    let mut more = 0;
    loop {
        shop.sell(&life, &mut chance, 40, true).await?;
        let had = std::mem::replace(&mut more, sold());
        if more == had || most.is_none_or(|most| more > most) {
            break;
        }
    }
    if let Some(most) = most {
        // The journal stands still, and all of it can be read; but for an index whose own writing failed meanwhile:
        // that one answers nothing until the disk is well.
        let looked = judge::look(&shop.place, &line, &shop.book, &mut shop.seen).await;
        if looked.is_err() && !line.is_stopped("/documents?limit=1").await? {
            return looked;
        }
        if more > most {
            return fault!("{more} sales were acknowledged on a disk that takes nothing");
        }
    }
    mend()?;
    goes_on(shop, &line).await?;
    shop.sell(&life, &mut chance, 40, false).await?;
    judge::look(&shop.place, &line, &shop.book, &mut shop.seen).await?;
    life.end()?;
    shop.place.check().map(drop)
}

/// What was put off is asked for again until all of it is sold: the agent mends itself.
async fn goes_on(shop: &Shop, line: &Line) -> Found<()> {
    let late = Instant::now() + PATIENCE;
    while !tills::try_again(line, &shop.book).await? {
        if Instant::now() > late {
            return fault!("selling does not go on: {}", line.json("/health").await?);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}
