//! The SII's law and language, pure: RUT, CAF, TED, totals, DTE, boleta, envelopes, both channels.

// The wire: numbering, stamping, signing, envelopes, the two channels and what they answer.
pub mod answer;
pub mod caf;
pub mod channel;
pub mod codes;
pub mod envelope;
#[cfg(test)]
mod fixture;
pub mod holder;
pub mod hosts;
pub mod hour;
pub mod latin1;
pub mod rut;
pub mod services;
pub mod sign;
pub mod ted;
pub mod token;
pub mod words;
mod xml;

// The document: sale, totals, rules, draft, receipt, and the second look.
mod again;
pub mod claims;
pub mod company;
pub mod dom;
pub mod draft;
pub mod dte;
pub mod follow;
mod makeup;
pub mod means;
pub mod money;
pub mod receipt;
pub mod regime;
pub mod rest;
pub mod rules;
pub mod sale;
mod sheet;
pub mod tags;
pub mod tipo;
pub mod totals;
pub mod verify;
pub mod voucher;

pub use regime::Chile;
