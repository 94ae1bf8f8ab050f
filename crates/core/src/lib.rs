//! The words of the trade, and the seam a country fits in.
//!
//! Nothing here reads a disk, a socket or a clock, and no country is named: a document's number
//! comes from a [`Grant`], its law from a [`Regime`], its travel from a [`Channel`].

pub mod amount;
pub mod channel;
pub mod claims;
pub mod conformance;
pub mod document;
pub mod grant;
pub mod keys;
pub mod paper;
pub mod receipt;
pub mod refusal;
pub mod regime;
pub mod remark;
pub mod sale;
pub mod services;
pub mod state;
pub mod turnover;

pub use amount::{Amount, thousands};
pub use channel::{
    Blame, Channel, Conduct, Cx, Effect, Environment, Heard, Inquiry, Limits, Method, NumberFate, Pass,
    Report, Request, Scope, Sent, State, Step, Verdict, Wrapping,
};
pub use claims::{Claim, Claims, Links};
pub use document::{
    Document, DocumentId, DocumentRef, Documents, Finding, Parcel, ParcelId, Party, Severity, Usage,
};
pub use grant::{Folio, Grant, GrantFile, GrantId, Series};
pub use jiff::Timestamp;
pub use jiff::civil::Date;
pub use keys::{Certificate, KeyError, KeyName, Keys, Scheme, Seals};
pub use refusal::{Refusal, Refusals};
pub use regime::{
    ChannelId, Company, Draft, Explained, Issuer, Number, Preview, Profile, Regime, Sheet, Voucher,
};
pub use remark::{Advice, Label, Remark};
pub use sale::{CardPart, Sale, TillData};
pub use services::{Event, Numbered, Served, Services, Wish};
pub use state::{Cause, DocState, Said};
pub use turnover::{Turnover, Weight};
