//! What the law and the SII refuse, said before a folio is spent. Each rule cites where it comes from.
//! The texts themselves were checked by their tables; arithmetic is in `totals`.

pub mod goods;
pub mod header;
pub mod lines;
pub mod notes;
pub mod receiver;
pub mod references;
pub mod sender;
pub mod taxes;
pub mod totals;

use jiff::civil::Date;
use timbre_core::{Amount, Claim, DocumentId, Documents, Refusal, TillData};

use crate::claims;
use crate::codes;
use crate::company::Firm;
use crate::follow;
use crate::sale::{self, Order};
use crate::tipo::Tipo;
use crate::totals::Totals;

/// What changes from year to year or from shop to shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A boleta above this many pesos must name its receptor and say how it was paid: 135 UF (Ley 21.713,
    /// art. 92 ter of the Código Tributario; formato boletas 4.2). The UF of the day is not known here: a
    /// company's own (`ValorUF`) decides, and without one this. `None`: the rule is not applied.
    pub identify_above: Option<Amount>,
    /// From this day a document that travels with goods is missed its transport data (Res. Ex. 154/2025,
    /// put off to 2026-11-01 by Res. Ex. 52/2026; both by secondary sources, so that it is only warned of).
    pub transport_from: Date,
}

/// Units of the limit.
pub const IDENTIFY_ABOVE_UF: i64 = 135;

/// The UF at the beginning of 2025, in whole pesos (from memory, UNCONFIRMED to the peso). It follows the
/// prices of the month before, up in all but a few months of decades, so that today's is higher and a limit
/// made of this one asks for the buyer a little early.
const UF_OF_2025: i64 = 38_400;

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            identify_above: Some(Amount(IDENTIFY_ABOVE_UF * UF_OF_2025)),
            transport_from: jiff::civil::date(2026, 11, 1),
        }
    }
}

/// A sale on its way to a document: everything that is wrong is gathered, nothing stops at the first.
pub struct Making<'a> {
    pub tipo: Tipo,
    pub order: Order,
    pub firm: &'a Firm,
    pub till: &'a TillData,
    /// The day in Chile.
    pub today: Date,
    /// The date of issue of the rejected document that this one is in the place of.
    pub again: Option<Date>,
    pub limits: Limits,
    pub refusals: Vec<Refusal>,
    pub warnings: Vec<Refusal>,
    /// What it uses up of earlier documents of this folder.
    pub claims: Vec<Claim>,
    /// The notes whose acceptance gives it what it uses up.
    pub freed_by: Vec<DocumentId>,
    /// The one that it annuls.
    pub annuls: Option<DocumentId>,
}

impl Making<'_> {
    /// Asks every rule. Only what was read `whole` is added up; the totals are of a document that
    /// nothing refuses.
    pub fn judge(&mut self, known: &dyn Documents, whole: bool) -> Option<Totals> {
        let earlier = follow::earlier(&self.order.document, self.firm.rut, known);
        follow::fill(self.tipo, &mut self.order.document, self.firm, &earlier, known);
        if self.tipo.is_note() {
            notes::unknown(self, &earlier);
        }
        header::check(self);
        receiver::check(self);
        sender::check(self);
        references::check(self, &earlier, known);
        goods::check(self);
        taxes::check(self);
        let lines = lines::check(self).filter(|_| whole)?;
        let totals = self::totals::check(self, lines, &earlier)?;
        header::payment(self, &totals);
        header::doubtful(self, &totals);
        receiver::large_sale(self, &totals);
        if self.tipo.is_note() {
            notes::amounts(self, &earlier, &totals);
        }
        self.annuls = claims::annuls(self, &earlier);
        self.claims = claims::of(self, &earlier, totals.total, known);
        self.freed_by = claims::freed_by(self, &earlier, known);
        Some(totals)
    }

    pub fn refuse(&mut self, code: &str, path: impl Into<String>, message: impl Into<String>) {
        self.refusals.push(codes::beside(Refusal::new(code, path, message)));
    }

    pub fn warn(&mut self, code: &str, path: impl Into<String>, message: impl Into<String>) {
        self.warnings.push(codes::beside(Refusal::new(code, path, message)));
    }

    /// A text of the header, by its group and tag.
    pub fn header(&self, group: &str, tag: &str) -> Option<&str> {
        self.order.document.at(&["Encabezado", group, tag])
    }

    pub fn header_text(&self, group: &str, tag: &str) -> String {
        self.header(group, tag).unwrap_or_default().to_owned()
    }
}

/// What the reader found and what the rules say, without the echoes: a rule has nothing to add about an
/// element that could not be read, nor misses one beside a tag that nobody knows.
pub fn together(faults: Vec<Refusal>, rules: Vec<Refusal>) -> Vec<Refusal> {
    let inside = |path: &str, outer: &str| {
        path.strip_prefix(outer)
            .is_some_and(|rest| outer.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let parent = |path: &str| path.rsplit_once('.').map_or(String::new(), |(parent, _)| parent.to_owned());
    let echo = |rule: &Refusal| {
        faults.iter().any(|fault| {
            inside(&rule.path, &fault.path)
                || inside(&fault.path, &rule.path)
                || (rule.code == "required"
                    && fault.code == "unknown-tag"
                    && inside(&rule.path, &parent(&fault.path)))
        })
    };
    let news: Vec<Refusal> = rules.into_iter().filter(|rule| !echo(rule)).collect();
    let mut all = faults;
    all.extend(news);
    all.truncate(sale::MOST_REFUSALS);
    all
}

/// `Encabezado.IdDoc.FchEmis`, as refusals say it.
pub fn header_path(group: &str, tag: &str) -> String {
    format!("Encabezado.{group}.{tag}")
}
