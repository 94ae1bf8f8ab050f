//! The engine: it issues, sends, retries and asks for the verdict. It names no country.
//!
//! ```text
//! engine ─► writer ─► store          a sale becomes durable
//!    └────► sender ─► parcel ─► conversation ─► carrier ─► authority
//!    └────► monitor ─► show ─► view  what people see
//! ```

mod acts;
mod apart;
mod batch;
pub mod carrier;
mod cashier;
pub mod chance;
mod changes;
pub mod clock;
mod conversation;
mod coverage;
pub mod damage;
mod data_folder;
pub mod deadline;
pub mod diagnose;
pub mod doer;
mod elsewhere;
pub mod engine;
pub mod export;
pub mod figures;
mod first;
#[cfg(test)]
mod fixture;
mod follows;
mod forecast;
mod foresight;
pub mod gauges;
pub mod inspect;
mod large;
pub mod last_seen;
mod line;
mod lines;
mod login;
mod look;
mod meaning;
mod monitor;
mod noted;
mod offset;
mod paper;
mod parcel;
mod plan;
mod printers;
mod probe;
mod problem;
mod question;
mod queue;
pub mod reissue;
mod resend;
mod resume;
pub mod retry;
pub mod roles;
pub mod room;
mod round;
mod runway;
pub mod sales;
mod sealing;
pub mod sender;
mod sentence;
mod services;
pub mod settings;
mod setup;
pub mod show;
mod signing;
mod stray;
mod tale;
mod timeline;
mod today;
mod tracks;
mod trouble;
mod unlock;
mod unread;
pub mod view;
mod void;
pub mod vouch;
mod watchdog;
mod writer;

pub use changes::Changes;
pub use data_folder::DataFolder;
pub use engine::{Agent, AgentParts, Answer, Custody, ReadCertificate};
pub use paper::{Leftover, Printed};
pub use printers::Printers;
pub use settings::Settings;
pub use writer::Seat;
