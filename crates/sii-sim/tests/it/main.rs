//! The simulator from outside: documents made by a straight-line maker of the tests' own, sound ones and ones with
//! exactly one thing broken.

mod adversary;
mod arithmetic;
mod client;
mod data;
mod documents;
mod faults;
mod judging;
mod keeping;
mod kinds;
mod login;
mod maker;
mod mutations;
mod queries;
mod services;
mod uploads;
mod vectors;
mod violations;
mod weather;
mod wire;
