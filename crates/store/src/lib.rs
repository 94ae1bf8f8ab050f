//! Everything on disk: the journal of facts is the truth, sled only its index and queue.
//!
//! A fact is durable when [`Store::commit`] returns: one append and one fsync a batch. The index
//! may be deleted at any time and is made again from the journal. No rule of a country lives
//! here, no clock, no network; folios are given by the one writer and nowhere else.

mod acts;
mod anchor;
mod apply;
mod body;
mod check;
mod claims;
#[doc(hidden)]
pub mod crash;
mod disguise;
mod disk;
mod error;
pub mod fact;
mod frame;
mod group;
mod guard;
mod history;
mod index;
mod issue;
mod journal;
mod key;
mod known;
mod list;
mod live;
mod lock;
mod news;
mod numbering;
mod opening;
mod overlay;
mod reader;
mod replay;
pub mod row;
mod rules;
mod scan;
mod sealing;
mod seen;
mod segments;
mod standing;
mod still;
mod store;
mod travel;
mod verdict;
mod view;
mod voucher;
mod walk;
mod watch;
pub mod whole;
mod witness;

#[cfg(test)]
mod tests;

pub use acts::{Act, Acts};
pub use check::{CheckReport, IndexCheck, check};
pub use error::{StoreError, is_full, meaning};
pub use fact::{
    Answered, CertificateLoaded, Fact, GrantLoaded, Issued, Moved, Sending, Vouched, VouchedUndone,
    VoucherTerm, Warned,
};
pub use group::Make;
pub use list::fold;
pub use lock::{LockReason, Locked, Mark};
pub use news::{Bookmark, News, Told};
pub use numbering::{NoFolio, Numbering, share};
pub use opening::{OpenOptions, Opened};
pub use reader::Reader;
pub use row::{Counts, Event, Filter, Found, OpenParcel, Page, Place, Range, Row, Span, WaitingPaper};
pub use sealing::{Key, Sealed, SegmentKeys, sealed};
pub use store::{Committed, Store};
pub use voucher::{Undone, VouchedRow, VoucherSums, Vouchers};
pub use walk::{Damage, percent};
pub use watch::{ClockAccepted, ClockSeen};
pub use witness::{Heard, Said};
