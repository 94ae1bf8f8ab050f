//! What holds of the engine in every country. Each country's own file beside this folder names it, and adds what
//! its traits bring with them: parcels of several, an authority that forgets, paper that has to wait.

mod certificate;
mod clock;
mod copied;
mod damage;
mod endless;
mod engine;
pub mod fake;
mod faults;
mod found;
mod hour;
mod large;
mod last_seen;
mod lines;
mod noted;
mod notes;
mod order;
mod panel;
mod paper;
mod reissue;
mod resume;
mod today;
mod unlocking;
mod writing;
