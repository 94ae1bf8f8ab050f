//! End-to-end tests and the architecture's own rules.

mod again;
mod certification;
mod contact;
mod dev;
mod failures;
mod fence;
mod paper;
mod refused;
mod rooms;
mod services;
mod tidy;
mod types;
mod whole;
mod wire;
