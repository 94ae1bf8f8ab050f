//! The harness of faults: shops of the real binary die in every way we know, and what is left is
//! judged. `./dev soak` builds what it needs and runs it; the seed it prints repeats its choices.

mod book;
mod chance;
mod disk;
mod doors;
mod fault;
mod io;
mod judge;
mod kill;
mod life;
mod person;
mod points;
mod power;
mod restore;
mod shim;
mod shop;
mod tills;
mod wire;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use fault::{Fault, Found};

/// What was asked for.
struct Asked {
    parts: Vec<String>,
    kills: u64,
    cuts: u64,
    /// How often every point of the folder and the webhooks is died at.
    rounds: u64,
    /// Every so-manyth call on the index fails.
    step: u64,
    seed: u64,
    binary: PathBuf,
}

impl Asked {
    fn of(mut words: impl Iterator<Item = String>) -> Found<Asked> {
        let Some(binary) = std::env::var_os("TIMBRE_BIN").map(PathBuf::from) else {
            return fault!("TIMBRE_BIN names the harness's build of the binary; ./dev soak makes it");
        };
        let seed = std::process::id().into();
        let mut asked = Asked { parts: Vec::new(), kills: 60, cuts: 40, rounds: 1, step: 1, seed, binary };
        while let Some(word) = words.next() {
            let mut number = || -> Found<u64> {
                let said = words.next().unwrap_or_default();
                said.parse().map_err(|_| Fault(format!("{word} wants a number, not «{said}»")))
            };
            match word.as_str() {
                "--kills" => asked.kills = number()?,
                "--cuts" => asked.cuts = number()?,
                "--rounds" => asked.rounds = number()?,
                "--step" => asked.step = number()?.max(1),
                "--seed" => asked.seed = number()?,
                part @ ("kill" | "doors" | "power" | "io") => asked.parts.push(part.to_owned()),
                other => return fault!("«{other}» is no part and no setting"),
            }
        }
        Ok(asked)
    }
}

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("soak: {error}");
            return ExitCode::FAILURE;
        }
    };
    let asked = match Asked::of(std::env::args().skip(1)) {
        Ok(asked) => asked,
        Err(fault) => {
            eprintln!("soak: {fault}");
            return ExitCode::from(2);
        }
    };
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for part in &asked.parts {
        let began = Instant::now();
        println!("{part}: seed {}", asked.seed);
        let done = runtime.block_on(run(part, &asked));
        let took = began.elapsed().as_secs();
        match done {
            Ok(Done::Passed(words)) => {
                println!("{part}: {words}; {took} s");
                passed += 1;
            }
            Ok(Done::Skipped(why)) => {
                println!("{part}: SKIPPED, this machine can't: {why}");
                skipped += 1;
            }
            Err(fault) => {
                println!("{part}: FAILED after {took} s, seed {}\n  {fault}", asked.seed);
                failed += 1;
            }
        }
    }
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!("test result: {word}. {passed} passed; {failed} failed; {skipped} skipped");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

enum Done {
    Passed(String),
    Skipped(String),
}

async fn run(part: &str, asked: &Asked) -> Found<Done> {
    let Asked { binary, seed, .. } = asked;
    match part {
        "kill" => Ok(Done::Passed(kill::run(binary, *seed, asked.kills).await?.to_string())),
        "doors" => Ok(Done::Passed(doors::run(binary, *seed, asked.rounds).await?.to_string())),
        "power" => Ok(match power::run(binary, *seed, asked.cuts).await? {
            power::Told::Done { cuts, figures, proof } => {
                Done::Passed(format!("{cuts} power cuts; {figures}; with syncs that lie: «{proof}»"))
            }
            power::Told::Skipped(why) => Done::Skipped(why),
        }),
        "io" => Ok(match io::run(binary, *seed, asked.step).await? {
            Some(told) => Done::Passed(told.to_string()),
            None => Done::Skipped("there is nothing to preload into".to_owned()),
        }),
        other => fault!("no such part: {other}"),
    }
}
