//! Power cuts: the shop stands on an ext4 of its own (a loop device), which is shut down without
//! flushing its log at a random moment. What was not synced is gone, as on a real disk. Root only.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::chance::Chance;
use crate::disk::Disk;
use crate::fault;
use crate::fault::{Fault, Found};
use crate::life::{Life, Said};
use crate::shim::Shim;
use crate::shop::{Figures, Shop};
use crate::tills::{self, Line};

/// How many cuts one shop lives through.
const CUTS_OF_A_SHOP: u64 = 20;

/// With syncs that lie, a loss must be found within so many cuts.
const ENOUGH_TO_FIND: u64 = 10;

/// The hand at the switch: started beforehand, so that the moment is exact.
struct Switch {
    child: Child,
    say: ChildStdin,
    hear: BufReader<ChildStdout>,
}

impl Switch {
    fn at(disk: &Disk, life: &Life) -> Found<Switch> {
        let mut child = Command::new("python3")
            .args(["-c", include_str!("powercut.py")])
            .arg(disk.at())
            .arg(life.id().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let say = child.stdin.take().expect("it was piped");
        let hear = BufReader::new(child.stdout.take().expect("it was piped"));
        let mut switch = Switch { child, say, hear };
        switch.expect("ready")?;
        Ok(switch)
    }

    fn expect(&mut self, word: &str) -> Found<()> {
        let mut line = String::new();
        self.hear.read_line(&mut line)?;
        if line.trim() == word { Ok(()) } else { fault!("the switch says «{line}» and not «{word}»") }
    }

    fn cut(mut self) -> Found<()> {
        self.say.write_all(b"now\n")?;
        self.expect("cut")?;
        self.child.wait()?;
        Ok(())
    }
}

/// What the harness did; `None` where this machine can't.
pub enum Told {
    Done { cuts: u64, figures: Figures, proof: String },
    Skipped(String),
}

/// `cuts` power cuts from this seed, and then, with syncs that lie, as many as it takes to lose
/// something: a harness that finds nothing there would find nothing anywhere.
pub async fn run(binary: &Path, seed: u64, cuts: u64) -> Found<Told> {
    if let Err(why) = Disk::new()? {
        return Ok(Told::Skipped(why));
    }
    let mut figures = Figures::default();
    let mut n = 0;
    while n < cuts {
        let last = cuts.min(n + CUTS_OF_A_SHOP);
        figures += shop(binary, seed, n..last, None).await?;
        n = last;
        println!("power: {n} of {cuts}");
    }
    let Some(shim) = Shim::build()? else { return fault!("a loop device, and no shim: is this Linux?") };
    let proof = match shop(binary, seed, 0..ENOUGH_TO_FIND, Some(&shim)).await {
        Ok(_) => {
            return fault!(
                "syncs lied through {ENOUGH_TO_FIND} cuts, and nothing was lost: it would not be found"
            );
        }
        Err(Fault(words)) if words.contains("acknowledged and lost") => {
            words.lines().next().unwrap_or_default().chars().take(160).collect()
        }
        Err(other) => return Err(other),
    };
    Ok(Told::Done { cuts, figures, proof })
}

async fn shop(
    binary: &Path,
    seed: u64,
    numbers: std::ops::Range<u64>,
    lying: Option<&Shim>,
) -> Found<Figures> {
    let disk = match Disk::new()? {
        Ok(disk) => disk,
        Err(why) => return fault!("{why}"),
    };
    let mut shop = Shop::new(binary.to_owned(), Some(disk.at())).await?;
    shop.make()?;
    let said = lying.map_or_else(Said::new, |shim| shim.said_lying(&shop.place.journal()));
    for n in numbers {
        let with = |fault| Fault(format!("cut {n} of seed {seed}: {fault}"));
        cut(&disk, &mut shop, &said, Chance::new(seed, n)).await.map_err(with)?;
    }
    shop.end().await
}

/// One life to the moment at which the power goes.
async fn cut(disk: &Disk, shop: &mut Shop, said: &Said, mut chance: Chance) -> Found<()> {
    let lies = !said.is_empty();
    let moment = Duration::from_millis(chance.between(1, 700));
    let mut said = said.clone();
    if chance.below(2) == 0 {
        // As a shop writes its index: seldom, and all that is missing is read from the journal.
        said.push(("TIMBRE_INDEX_KEYS", "4000".into()));
    }
    let mut life = shop.begin(&said).await?;
    let switch = Switch::at(disk, &life)?;
    let line = Line::to(&life);
    // Once the power is gone the disk refuses, and so may the agent.
    let mut selling = chance.clone();
    let sales = tills::sell(&line, &shop.book, &mut selling, u64::MAX, true);
    tokio::pin!(sales);
    tokio::select! {
        done = &mut sales => {
            done?;
            return fault!("it is gone before its time");
        }
        () = tokio::time::sleep(moment) => {}
    }
    switch.cut()?;
    life.kill()?;
    sales.await?;
    disk.back()?;
    // Who looks for a loss asks for the documents themselves.
    if !lies && chance.below(2) == 0 {
        shop.place.check()?;
    }
    Ok(())
}
