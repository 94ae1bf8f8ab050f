//! The till's side: the local API with the panel it serves to a browser, the drop folder,
//! and webhooks.

mod acting;
mod answers;
mod api;
mod bodies;
mod connections;
mod data_folder;
mod docs;
mod doors;
mod entrance;
mod events;
mod finding;
mod folder;
mod guard;
mod loopback;
mod mending;
mod metrics;
mod network;
mod openapi;
mod origins;
mod panel;
mod paper;
mod parameters;
mod practice;
mod printers;
mod scope;
mod server;
mod services;
mod sessions;
mod setup;
mod staff;
mod tokens;
mod vouchers;
mod webhooks;
mod window;

pub use entrance::Password;
pub use folder::{Folder, FolderSettings, Standing, TROUBLE};
pub use loopback::{Loopback, bind};
pub use network::{Network, NetworkSettings};
pub use practice::Practice;
pub use server::{Doors, Server, serve};
pub use tokens::Tokens;
pub use webhooks::{Safe, Webhooks};
pub use window::Window;
