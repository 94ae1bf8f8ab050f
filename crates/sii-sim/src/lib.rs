//! A strict SII on loopback, for tests, training and the demo. It shares no code with what it judges: another
//! XML parser, another canonicaliser, its own RSA, its own arithmetic.
//!
//! [`Sim::answer`] is the judge, a function of request and time; [`serve`] puts it behind sockets; [`Desk`] makes
//! what a training company needs before its first sale.

mod base64;
mod book;
mod c14n;
mod certificate;
mod claims;
mod desk;
mod fault;
mod faults;
mod judge;
mod latin1;
mod ledger;
mod mail;
mod message;
mod random;
mod register;
mod registry;
mod routes;
mod rsa;
mod rules;
mod scenario;
mod schema;
mod serve;
mod shape;
mod signature;
mod sim;
mod state;
mod sum;
mod tokens;
mod tree;
mod upload;
mod violations;
mod zone;

pub use certificate::Root;
pub use claims::Action;
pub use desk::{Company, Desk, Holder, Refused, TrainingCertificate};
pub use fault::{Deed, Fault, Where};
pub use faults::Line;
pub use ledger::{Ledger, LedgerDocument, LedgerTotals, LedgerUpload, LedgerVersion};
pub use mail::Mail;
pub use message::{Host, Outcome, Reply, Request, Wire};
pub use registry::{Authority, Registry};
pub use rules::Rules;
pub use scenario::{Mishaps, Outage, Rate, Rejections, Scenario, Slow, Stuck};
pub use serve::{Running, serve};
pub use shape::{Ending, Form, RestShape, SoapShape};
pub use sim::{Config, Sim};
pub use state::Channel;
pub use violations::{Rule, Violation};
