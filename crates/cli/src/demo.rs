//! What `timbre demo` is made of: sales of a shop, callers that issue them, the wait for verdicts,
//! and the comparison with what the simulated SII holds.

pub mod audit;
pub mod callers;
pub mod shop;
pub mod summary;
pub mod verdicts;
