//! The till's side: the local API with the panel it serves to a browser, and the drop folder.

mod answers;
mod api;
mod bodies;
mod connections;
mod doors;
mod events;
mod finding;
mod folder;
mod guard;
mod mending;
mod origins;
mod panel;
mod paper;
mod printers;
mod scope;
mod server;
mod services;
mod tokens;

pub use folder::{Folder, FolderSettings, Standing};
pub use server::{Doors, Server, bind, serve};
pub use tokens::Tokens;
