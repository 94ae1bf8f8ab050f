//! Tests of the whole store, through its public door except where a failing disk is needed.

mod ahead;
mod anchor;
mod chance;
mod checking;
mod claims;
mod concurrency;
mod damage;
mod faults;
mod figures;
mod finding;
mod foreign;
mod forgetful;
mod format;
mod grouping;
mod model;
mod numbering;
mod reading;
mod rebuild;
mod reopening;
mod replacing;
mod room;
mod round_trip;
mod rules;
mod sealed;
mod sector;
mod settling;
mod shop;
mod skipped;
mod still;
mod torn;
mod vouching;
mod watch;
mod witness;

use std::io::Write;

/// Says what a harness did, also where its test passes: what `println!` says is held back then.
fn say(words: &str) {
    std::io::stderr().write_all(format!("{words}\n").as_bytes()).expect("somebody listens");
}
