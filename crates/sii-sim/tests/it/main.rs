//! The simulator from outside: documents made by a straight-line maker of the tests' own, sound ones and ones with
//! exactly one thing broken.

mod arithmetic;
mod client;
mod data;
mod documents;
mod judging;
mod keeping;
mod login;
mod maker;
mod queries;
mod uploads;
mod vectors;
mod weather;
mod wire;
