//! The file of a CAF. What must hold is said in the tests of `timbre-chile`.

#![no_main]

#[path = "../../crates/chile/tests/desk/mod.rs"]
mod desk;
#[path = "../../crates/chile/tests/readers/mod.rs"]
mod readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| readers::caf(bytes));
