//! Tests of the whole store, through its public door except where a failing disk is needed.

mod ahead;
mod chance;
mod checking;
mod claims;
mod concurrency;
mod damage;
mod faults;
mod figures;
mod finding;
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
mod settling;
mod shop;
mod torn;
mod vouching;
mod watch;
