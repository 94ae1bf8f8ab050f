//! End-to-end tests and the architecture's own rules.

mod again;
mod answers;
mod attack;
mod certification;
mod contact;
mod dev;
mod failures;
mod fence;
mod folder;
mod integrating;
mod keys;
mod network;
mod panel;
mod paper;
mod refused;
mod rooms;
mod services;
mod settings;
mod staff;
mod tidy;
mod troubles;
mod types;
mod vouchers;
mod webhooks;
mod whole;
mod wire;
