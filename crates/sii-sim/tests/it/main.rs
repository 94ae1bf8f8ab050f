//! The simulator from outside: documents made by a straight-line maker of the tests' own, sound ones and ones with
//! exactly one thing broken.

mod client;
mod documents;
mod keeping;
mod login;
mod maker;
mod queries;
mod uploads;
mod vectors;
mod weather;
mod wire;
