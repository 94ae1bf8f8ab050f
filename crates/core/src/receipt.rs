//! What a customer takes home, as plain words and figures: paper, PDF and screen draw it each in their
//! own way. All of it was read back from signed bytes, but for what the till itself said.

use serde::{Deserialize, Serialize};

use crate::Amount;

/// A printable document, read back from its signed bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub heading: Heading,
    pub issuer: Issuer,
    pub date: String,
    /// Who it is for; empty for a nameless consumer.
    pub receiver: Vec<Field>,
    /// How and until when it is paid, where goods go and who carries them.
    pub terms: Vec<Field>,
    /// Other documents it refers to, each in words.
    pub references: Vec<String>,
    /// What holds of the price of every line, where it has to be said; empty otherwise.
    pub prices: String,
    pub lines: Vec<ReceiptLine>,
    /// In printing order.
    pub totals: Vec<Sum>,
    /// Payments, change, rounding, tip: the till's own data, which nobody signed.
    pub till: Vec<Sum>,
    /// The two-dimensional code, where the document bears one.
    pub code: Option<Code>,
    /// What stands below it, or in its place.
    pub legend: Vec<String>,
    /// The copy that goes with a claim to be paid, where the document may have one.
    pub ceded: Option<Ceded>,
    /// It may be printed on paper that is narrower than 7.5 cm.
    pub narrow: bool,
    /// Printed through the lines of a training document; empty otherwise.
    pub watermark: String,
}

/// Who issues under which number: what stands in the box.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// `R.U.T.: 76.192.083-9`.
    pub tax_id: String,
    /// `BOLETA ELECTRÓNICA`.
    pub title: String,
    /// `N° 1234`.
    pub number: String,
    /// The authority's office, below the box.
    pub office: Option<String>,
    /// A frame is drawn around it. Training has none.
    pub framed: bool,
}

/// Whoever issues it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issuer {
    /// Set off from the rest.
    pub name: String,
    /// Activity, address, branch, telephone.
    pub lines: Vec<String>,
}

/// A thing and what it is called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    pub label: String,
    pub value: String,
}

impl Field {
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Field {
        Field { label: label.into(), value: value.into() }
    }
}

/// One line of detail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptLine {
    pub name: String,
    /// Description, discount and surcharge, each below the name.
    pub notes: Vec<String>,
    pub quantity: String,
    pub price: String,
    /// In whole units, for programs.
    pub amount: Amount,
    /// The same as it is printed.
    pub sum: String,
}

/// A name and a figure as it is printed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    pub name: String,
    pub sum: String,
    /// What is to be paid: drawn large.
    pub grand: bool,
}

/// What a two-dimensional code says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// To the byte.
    pub bytes: Vec<u8>,
    /// The law leaves it to the shop whether it is printed.
    pub optional: bool,
}

/// What a copy bears with which the claim may be ceded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ceded {
    /// What the receiver fills in by hand.
    pub fields: Vec<String>,
    /// What that means.
    pub text: String,
    /// `CEDIBLE`.
    pub legend: String,
}
