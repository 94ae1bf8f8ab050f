//! End-to-end tests and the architecture's own rules.

mod fence;
mod refused;
mod tidy;
mod whole;
