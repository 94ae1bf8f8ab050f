//! A file of sales, looked at before anything of it is issued.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;
use utoipa::ToSchema;

use super::{RefusalView, RowView};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct BatchView {
    /// In the order of the file.
    pub sales: Vec<BatchSaleView>,
    /// What keeps the whole file from being issued, though each sale is good: a Spanish sentence each.
    pub short: Vec<String>,
}

/// One sale of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct BatchSaleView {
    /// Where it begins, from 1.
    #[ts(type = "number")]
    pub line: u64,
    /// Issue it with this key: the same file, read again, says the same one.
    pub key: String,
    /// Its exact text, to be issued as it is.
    pub sale: String,
    /// `Factura`; empty where that can't be told.
    pub kind: String,
    /// The country's own total tags; `null` where it is refused.
    #[ts(type = "Record<string, unknown> | null")]
    pub totals: Value,
    pub refusals: Vec<RefusalView>,
    pub warnings: Vec<RefusalView>,
    /// It was issued before, from this file or with its own key.
    pub issued: Option<RowView>,
}
