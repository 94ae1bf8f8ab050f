//! A strict SII on loopback, for tests, training and the demo. It shares no code with what it judges: another
//! XML parser, another canonicaliser, its own RSA, its own arithmetic.
//!
//! [`Sim::answer`] is the judge, a function of request and time; [`serve`] puts it behind sockets; [`Desk`] makes
//! what a training company needs before its first sale.

mod base64;
mod c14n;
mod certificate;
mod desk;
mod faults;
mod hex;
mod judge;
mod latin1;
mod ledger;
mod message;
mod random;
mod register;
mod routes;
mod rsa;
mod scenario;
mod schema;
mod serve;
mod signature;
mod sim;
mod state;
mod tokens;
mod tree;
mod zone;

pub use desk::{Company, Desk, Holder, TrainingCertificate};
pub use faults::Line;
pub use ledger::{Ledger, LedgerDocument, LedgerTotals, LedgerUpload, LedgerVersion};
pub use message::{Host, Outcome, Reply, Request};
pub use scenario::{Outage, Rate, Rejections, Scenario, Slow, Stuck};
pub use serve::{Running, serve};
pub use sim::{Config, Sim};
