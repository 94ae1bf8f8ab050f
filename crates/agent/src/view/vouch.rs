//! Sales that a card's voucher stands for, and since when it does.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// What the company declares: from a day on its card vouchers stand for documents, or don't.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VoucherOrder {
    pub stands: bool,
    /// The first day, `AAAA-MM-DD`.
    pub since: String,
    /// A sale that a card pays a part of is made in two. Else one act makes both: the record of that part, and a
    /// document for the rest, in one line. UNCONFIRMED: the authority says nothing of the lines of that document.
    #[serde(default)]
    pub two_sales: bool,
    pub who: String,
}

/// What was declared so far, ascending by the day from which it holds. Before the first they don't.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct VoucherTermsView {
    /// Today they do.
    pub stands: bool,
    pub terms: Vec<VoucherTermView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct VoucherTermView {
    pub since: String,
    pub stands: bool,
    /// A sale that a card pays a part of is made in two.
    pub two_sales: bool,
}

/// How many of such sales, and what they come to in whole pesos.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct VoucherSumsView {
    #[ts(type = "number")]
    pub sales: u64,
    #[ts(type = "number")]
    pub total: i64,
}

/// The record of one sale. It is no document: it has no number, and is never sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct VouchedView {
    pub key: String,
    /// When it was written down, RFC 3339.
    pub at: String,
    /// The day in the country's legal time.
    pub date: String,
    /// What would have been issued: `Boleta`.
    pub kind: String,
    /// What the voucher stands for of it.
    #[ts(type = "number")]
    pub total: i64,
    /// The document of the rest, where a card paid a part: `T39F1234`.
    pub rest: Option<String>,
    /// The means of payment, as the till names them.
    pub means: Vec<String>,
    /// The key was known: this is the record that it made then.
    pub repeated: bool,
    /// It was taken back, and counts no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub undone: Option<UndoneView>,
}

/// Who took a record back, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct UndoneView {
    /// RFC 3339.
    pub at: String,
    pub who: String,
    pub why: String,
}

/// Takes the record of a sale back: it was typed twice, or with a wrong sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VoucherUndoOrder {
    pub key: String,
    pub who: String,
    /// A word about why, for whoever looks at it later.
    #[serde(default)]
    pub why: String,
}

/// Some of them, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct VouchersView {
    pub rows: Vec<VouchedView>,
    /// Ask for the next page with it.
    pub next: Option<String>,
}
