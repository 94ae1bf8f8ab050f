//! The speed of Timbre: each figure beside a yardstick measured in the same run, on the same disk. It
//! prints what it saw, with `--json` for a program, and fails where an aim is missed. `--large` measures with a million documents
//! in place of ten thousand, which takes minutes and some twenty gigabytes; `--load` measures nothing but many documents, `--issuing`
//! nothing but what a till waits for, `--doors` nothing but API and folder, `--paper` nothing but tickets and sheets,
//! `--panel` nothing but the window, which only it measures since it wants Chromium and a display.

mod bulk;
mod doors;
mod issuing;
mod load;
mod machine;
mod memory;
mod panel;
mod paper;
mod sealed;
mod sending;
mod serving;
mod shop;
mod table;
mod yardstick;

use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode};

use tokio::runtime::{Builder, Runtime};

use crate::table::Figure;

/// Says to the second process where it may write.
const FOLDER: &str = "TIMBRE_BENCH_FOLDER";

type Done<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    if std::env::var_os(paper::MEMORY).is_some() {
        return ended(paper::tell_memory().map(|()| ExitCode::SUCCESS));
    }
    let done = match (std::env::var_os(load::OPEN), std::env::var_os(FOLDER)) {
        (Some(store), _) => load::open(Path::new(&store)).map(|()| ExitCode::SUCCESS),
        (None, None) => apart(),
        (None, Some(folder)) => measure(Path::new(&folder)).map(|()| ExitCode::SUCCESS),
    };
    ended(done)
}

fn ended(done: Done<ExitCode>) -> ExitCode {
    done.unwrap_or_else(|error| {
        eprintln!("speed: {error}");
        ExitCode::FAILURE
    })
}

/// Runs itself again in an environment of its own: keys in a file, and nothing outside of a folder that is
/// gone afterwards. `TMPDIR` says on which disk.
fn apart() -> Done<ExitCode> {
    let folder = tempfile::tempdir()?;
    let status = Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .env(FOLDER, folder.path())
        .env("TIMBRE_CUSTODY", "keyfile")
        .env("XDG_STATE_HOME", folder.path().join("state"))
        .env("LOCALAPPDATA", folder.path().join("state"))
        .env_remove("TIMBRE_PASSPHRASE")
        .env_remove("TIMBRE_KEY_FILE")
        .status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What was measured is told even when something fails after it: it may have taken an hour.
fn measure(folder: &Path) -> Done<()> {
    let before = machine::load();
    let mut figures = Vec::new();
    let done = all(folder, &mut figures);
    let machine = machine::describe(folder, before);
    match says("--json") {
        true => table::json(&machine, &figures),
        false => table::print(&machine, &figures),
    }
    done?;
    match figures.iter().filter(|figure| figure.is_met() == Some(false)).count() {
        0 => Ok(()),
        1 => Err("one aim was missed".into()),
        missed => Err(format!("{missed} aims were missed").into()),
    }
}

fn says(word: &str) -> bool {
    std::env::args().any(|argument| argument == word)
}

fn all(folder: &Path, figures: &mut Vec<Figure>) -> Done<()> {
    if says("--panel") {
        return panel::measure(&runtime()?, &folder.join("panel"), panel::DOCUMENTS, figures);
    }
    let scale = if says("--large") { load::LARGE } else { load::SMALL };
    let doors = || doors::measure(&runtime()?, &folder.join("doors"));
    let alone = match () {
        () if says("--doors") => Some(doors()?),
        () if says("--paper") => Some(paper::measure()?),
        () => None,
    };
    if let Some(alone) = alone {
        figures.extend(alone);
        return Ok(());
    }
    if !says("--load") {
        figures.extend(issuing::measure(&runtime()?, &folder.join("issuing"))?);
        figures.extend(sealed::measure(&runtime()?, &folder.join("sealing"))?);
    }
    if !says("--load") && !says("--issuing") {
        figures.extend(sending::measure(&runtime()?, &folder.join("sending"), &sending::SLOW)?);
        figures.extend(serving::measure(&folder.join("serving"))?);
        figures.extend(doors()?);
        figures.extend(paper::measure()?);
    }
    if !says("--issuing") {
        load::measure(&runtime()?, &folder.join("load"), scale, figures)?;
        figures.extend(sending::measure(&runtime()?, &folder.join("drain"), &sending::long(scale.drained))?);
    }
    Ok(())
}

fn runtime() -> Done<Runtime> {
    Ok(Builder::new_multi_thread().enable_all().build()?)
}
