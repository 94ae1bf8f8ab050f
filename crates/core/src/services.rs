//! What an authority answers beside the delivery of documents: one wish, one request, one answer. A
//! country may serve some of it, or nothing. None of it changes how a document of ours stands.

use jiff::civil::DateTime;

use crate::{Cx, Heard, Refusal, Remark, Request, Series};

/// A document by its numbers: one of ours, or one that somebody sent us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// Tax id of who issued it.
    pub issuer: String,
    pub series: Series,
    pub number: u64,
}

/// What is wanted of the authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// What its service calls itself; needs no pass.
    Version,
    /// The mail with the results of a delivery, once more.
    ResultsMail { track: String },
    /// What was said of it since it was received.
    History(Numbered),
    /// When the authority received it.
    Reception(Numbered),
    /// May it be assigned to somebody else (factoring)?
    Assignable(Numbered),
    /// Say this of a document that we received: an act with legal effect. Said twice it is said once.
    Say { document: Numbered, action: String },
}

/// Something that was said of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub what: Remark,
    /// Tax id of who said it.
    pub by: String,
    /// By the country's legal time.
    pub at: Option<DateTime>,
}

/// What came of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Served {
    Version(String),
    /// Done, or the answer itself, in the authority's words and ours.
    Told(Remark),
    Events(Vec<Event>),
    /// By the country's legal time.
    Moment(DateTime),
    /// The pass is not valid (any more).
    Stale(Remark),
    /// It will not do or tell it.
    Refused(Remark),
    /// Too early, or trouble that passes: to be asked again later.
    Later(Remark),
    /// No answer that can be understood, and why.
    Unclear(String),
}

/// The services of an authority. Pure, as a channel is.
pub trait Services: Send + Sync {
    /// The request of a wish; refused where it can't be meant (a document that is not served, an
    /// action that nobody knows). The pass is in `cx`.
    fn ask(&self, wish: &Wish, cx: &Cx<'_>) -> Result<Request, Refusal>;

    fn hear(&self, wish: &Wish, heard: &Heard, cx: &Cx<'_>) -> Served;
}
