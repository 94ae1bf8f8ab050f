//! The law of a country and the documents it wants: the seam that every country fits in.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

use serde_json::Value;

use crate::receipt::Receipt;
use crate::{
    Amount, Claims, Date, Document, Documents, Environment, Finding, Folio, Grant, GrantFile, KeyError, Keys,
    Refusal, Refusals, Sale, Series, TillData, Timestamp, Weight, Wrapping,
};

/// Names a channel of a country: `dte`, `boleta`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChannelId(pub String);

/// Who issues. The country's own tags are its business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Company {
    /// Tax id.
    pub id: String,
    pub name: String,
    /// What the regime read and checked (address, activity, resolution …).
    pub data: Value,
}

/// A company in an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issuer {
    pub company: Company,
    pub environment: Environment,
}

/// What is plain data about a country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// ISO 3166 code.
    pub country: &'static str,
    /// The authority, as people call it: `SII`.
    pub authority: &'static str,
    /// IANA zone of the country's legal time.
    pub zone: &'static str,
    pub kinds: &'static [Kind],
    pub print: PrintGate,
}

/// One type of document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    pub series: &'static str,
    /// As a shop says it: `Boleta`, `Factura`.
    pub name: &'static str,
    pub term: Option<Term>,
    /// What it is among the sales.
    pub weight: Weight,
    /// Series that the same sale may be made in when this one can't be used, each with to whom (`a quien tenga RUT`).
    pub instead: &'static [(&'static str, &'static str)],
}

/// Within which time the authority must have a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// Seconds from its issue.
    pub seconds: u64,
    /// The time stands still while there is no data coverage.
    pub stands_without_coverage: bool,
    /// It was read in the text of the law. One that was not may be told otherwise by a setting.
    pub confirmed: bool,
}

impl Profile {
    pub fn kind(&self, series: &Series) -> Option<&'static Kind> {
        self.kinds.iter().find(|k| k.series == series.0)
    }

    /// What a document of this series is among the sales. One that nobody knows is none.
    pub fn weight(&self, series: &Series) -> Weight {
        self.kind(series).map_or(Weight::Nothing, |kind| kind.weight)
    }
}

/// When a document may be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrintGate {
    OnSeal,
    OnAcceptance,
}

/// What a draft would look like, without a folio.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// The country's own total tags.
    pub totals: Value,
    pub warnings: Vec<Refusal>,
    /// The unsigned document.
    pub xml: String,
    /// Where each of its figures comes from, in the order in which they follow.
    pub explained: Vec<Explained>,
}

/// A figure of a document and how it came to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// The country's own tag, with its place where there are several.
    pub tag: String,
    pub amount: Amount,
    /// In words of the country's language.
    pub from: String,
}

/// Under which number a rejected document is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Number {
    /// Its own: the paper in the customer's hand stays true.
    Same,
    /// Another one takes its place.
    New,
}

/// What the voucher of a card stands for, where the company declared that it does.
#[derive(Debug, Clone)]
pub enum Voucher {
    /// Nothing: the sale gets its document.
    Nothing,
    /// The document that this sale would be, with its date.
    Whole { series: Series, total: Amount, date: Date },
    /// A part of it: the rest is a sale that gets a document ([`Sale::card`] is set).
    Part(Box<Sale>),
}

/// A table of sales that a shop fills in with a spreadsheet, without writing a map for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sheet {
    /// Which column is which tag: the engine's map of a table's columns, as JSON.
    pub map: &'static str,
    /// The columns' names with some sales below, as a file to begin with (UTF-8).
    pub example: &'static str,
    /// How that file's name begins.
    pub name: &'static str,
}

/// The law of a country and the documents it wants. No I/O, no clock.
pub trait Regime: Send + Sync {
    fn profile(&self) -> &'static Profile;

    /// Reads and checks the company's data as a person typed it.
    fn company(&self, data: &Value, environment: Environment) -> Result<Company, Refusals>;

    /// Reads what the authority lends, with every check that needs no disk.
    fn grant(&self, file: &[u8], issuer: &Issuer) -> Result<GrantFile, Refusals>;

    /// Checks all that can be refused, before a folio is spent.
    fn draft(
        &self,
        sale: &Sale,
        issuer: &Issuer,
        known: &dyn Documents,
        now: Timestamp,
    ) -> Result<Box<dyn Draft>, Refusals>;

    /// The same for a sale whose document was `rejected`: what is made again is the same sale. Refuses, with
    /// the path, what may not differ from it under that `number`.
    fn redraft(
        &self,
        sale: &Sale,
        rejected: &Document,
        number: Number,
        issuer: &Issuer,
        known: &dyn Documents,
        now: Timestamp,
    ) -> Result<Box<dyn Draft>, Refusals>;

    /// The same checks and totals for a sale that may carry its own issuer.
    fn preview(
        &self,
        sale: &Sale,
        issuer: Option<&Issuer>,
        known: &dyn Documents,
        now: Timestamp,
    ) -> Result<Preview, Refusals>;

    /// Whether this sale is a note: it changes or takes back what was issued.
    fn corrects(&self, sale: &Sale) -> bool {
        let _ = sale;
        false
    }

    /// What of this sale a card's voucher stands for; `stands` says whether the company declared so for the sales of a
    /// day. With the same checks as [`Regime::draft`].
    fn voucher(
        &self,
        sale: &Sale,
        issuer: &Issuer,
        known: &dyn Documents,
        now: Timestamp,
        stands: &dyn Fn(Date) -> bool,
    ) -> Result<Voucher, Refusals> {
        let _ = (sale, issuer, known, now, stands);
        Ok(Voucher::Nothing)
    }

    /// The table of sales that shops fill in by hand; none where there is no such.
    fn sheet(&self) -> Option<Sheet> {
        None
    }

    /// What the customer takes home: read back from the signed bytes, with the till's own data.
    fn receipt(&self, document: &Document, till: &TillData) -> Receipt;

    /// Puts on a receipt what the authority gave the document with its acceptance, where that stands on paper.
    fn complete(&self, receipt: &mut Receipt, given: &str) {
        let _ = (receipt, given);
    }

    /// A second look at a document or an envelope, ours or anybody's.
    fn verify(&self, bytes: &[u8]) -> Vec<Finding>;

    /// The parts of a file that no signature covers and no comparison gives away, each by name and why: what
    /// [`Regime::verify`] can't see change.
    fn unsigned(&self) -> Vec<(&'static str, &'static str)> {
        Vec::new()
    }

    /// A document's bytes as a file of their own: the encoding's prolog line, then those bytes.
    fn file(&self, document: &Document) -> Vec<u8>;

    /// What goes around the bytes of documents that are handed to who receives them: head, each document followed by
    /// a line feed, and tail are the file. Refuses those that are not exchanged so.
    fn for_receiver(
        &self,
        documents: &[Arc<Document>],
        company: &Company,
        keys: &dyn Keys,
        now: Timestamp,
    ) -> Result<Wrapping, Refusal> {
        let _ = (documents, company, keys, now);
        Err(Refusal::new("envelope-none", "", "Aquí no se intercambian documentos con quien los recibe."))
    }

    /// What precedes and what follows the bytes of several documents in one file: they themselves are not
    /// touched, and each can be cut out again.
    fn collection(&self) -> (&'static str, &'static str);

    /// What lets this company issue, as far as it can be judged without asking anybody: for a first
    /// contact.
    fn credentials(&self, issuer: &Issuer, today: Date) -> Vec<Finding> {
        let _ = (issuer, today);
        Vec::new()
    }
}

/// A lawful document that lacks only its number. It exists only when nothing can be refused any
/// more, except by the grant.
pub trait Draft: Send + Sync {
    fn series(&self) -> Series;

    /// Its type as a shop says it in a sentence: `boleta`.
    fn name(&self) -> String {
        format!("tipo {}", self.series().0)
    }

    /// Dates and environment against this grant; asked by the writer before it gives a folio. The refusal is temporary
    /// where waiting, or another grant, lets this very sale pass.
    fn accepts(&self, grant: &Grant) -> Result<(), Refusal>;

    /// What it uses up; re-checked by the writer.
    fn claims(&self) -> Claims;

    /// Documents that the authority must have before it takes this one, where they are this folder's (it
    /// refuses a note on what it never received). What it uses something up of, at least.
    fn follows(&self) -> Vec<crate::DocumentId> {
        self.claims().0.into_iter().map(|claim| claim.document).collect()
    }

    /// The earlier document of this folder that it annuls once the authority has accepted it.
    fn annuls(&self) -> Option<crate::DocumentId> {
        None
    }

    /// What it covers (goods on the road) must not leave before the authority has it.
    fn awaits_authority(&self) -> bool {
        false
    }

    /// What the till should hear although the sale stands.
    fn warnings(&self) -> &[Refusal];

    /// The country's own total tags.
    fn totals(&self) -> Value;

    /// Stamps and signs. A pure function of its arguments: the same give the same bytes.
    fn seal(&self, folio: Folio, keys: &dyn Keys, at: Timestamp) -> Result<Document, KeyError>;
}
