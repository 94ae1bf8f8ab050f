//! The composition root: opens the store, lists the countries, wires agent, pos, keys and the
//! simulator. Both shells (window and command line) call it and nothing below it.

mod authorities;
mod check;
pub mod config;
mod country;
mod data_folder;
mod demo;
mod doors;
pub mod folder;
mod keeper;
pub mod keys;
mod knobs;
pub mod logs;
mod origins;
mod paper;
mod password;
pub mod pfx;
mod practice;
mod printers;
mod room;
pub mod sealing;
mod secret;
mod settings_file;
mod simulator;
mod staff;
mod start;
pub mod vault;

pub use check::{Checked, Unsound, check};
pub use country::regime;
pub use folder::{Address, data_dir, demo_dir, find, find_able, is_shop, practice_dir};
pub use keeper::Keeper;
pub use start::{DemoOptions, Left, Options, PORT, Progress, Running, StartError, remake_vault, start};
pub use timbre_pos::{Tokens, Webhooks, Window};
pub use timbre_store::{CheckReport, IndexCheck, Mark, Opened, Sealed};
