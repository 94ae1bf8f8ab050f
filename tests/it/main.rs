//! End-to-end tests and the architecture's own rules.

mod tidy;
