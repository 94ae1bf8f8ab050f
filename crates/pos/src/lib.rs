//! The till's side: the local API on loopback, and the panel it serves to a browser.

mod answers;
mod api;
mod events;
mod finding;
mod guard;
mod mending;
mod panel;
mod paper;
mod printers;
mod server;
mod services;

pub use guard::Guard;
pub use server::{Server, bind, serve};
