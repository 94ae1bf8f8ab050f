//! The engine: it issues, sends, retries and asks for the verdict. It names no country.

pub mod view;
