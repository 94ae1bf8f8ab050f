//! What a customer takes home, as plain lines and blocks: paper, PDF and screen draw it each in
//! their own way.

use serde::{Deserialize, Serialize};

use crate::Amount;

/// A printable document, read back from its signed bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// `BOLETA ELECTRÓNICA`.
    pub title: String,
    pub number: String,
    pub issuer: Vec<String>,
    pub receiver: Vec<String>,
    pub date: String,
    pub lines: Vec<ReceiptLine>,
    /// Name and amount, in printing order.
    pub totals: Vec<(String, Amount)>,
    /// Payments, change, rounding, tip: the till's own data.
    pub till: Vec<(String, Amount)>,
    /// The exact bytes of the two-dimensional code, where the law wants one.
    pub code: Option<Vec<u8>>,
    /// What stands below it.
    pub legend: Vec<String>,
    /// Printed through the lines of a training document; empty otherwise.
    pub watermark: String,
}

/// One line of detail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptLine {
    pub name: String,
    pub quantity: String,
    pub price: String,
    pub amount: Amount,
}
