//! What a document's total is made of: what is taxed, what is exempt, and each tax. A note is held to each of them,
//! for one that gives back the total as exempt would give back no IVA.

use std::collections::BTreeMap;

use crate::money;
use crate::tags::Group;
use crate::tipo::Tipo;
use crate::totals::line::Line;
use crate::totals::{Onto, Tax, Worth, figures};

/// Pesos by the tag of `Totales`, with the code of the tax behind `ImptoReten`; nothing is zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Makeup(BTreeMap<String, i64>);

/// A part of it, and how much of it there is on both sides.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    pub part: String,
    pub ours: i64,
    pub theirs: i64,
}

impl Makeup {
    /// Of a document whose totals are written.
    pub fn of(document: &Group) -> Makeup {
        let mut parts = BTreeMap::new();
        let Some(totals) = document.group("Encabezado").and_then(|e| e.group("Totales")) else {
            return Makeup(parts);
        };
        let pesos = |group: &Group, tag| group.leaf(tag).and_then(|text| text.parse::<i64>().ok());
        for tag in ["MntNeto", "MntExe", "IVA"] {
            parts.insert(tag.to_owned(), pesos(totals, tag).unwrap_or_default());
        }
        for tax in totals.groups("ImptoReten") {
            let part = format!("ImptoReten {}", tax.leaf("TipoImp").unwrap_or_default());
            *parts.entry(part).or_default() += pesos(tax, "MontoImp").unwrap_or_default();
        }
        parts.retain(|_, amount| *amount != 0);
        Makeup(parts)
    }

    /// Both together.
    pub fn and(mut self, other: &Makeup) -> Makeup {
        for (part, amount) in &other.0 {
            let sum = self.0.entry(part.clone()).or_default();
            *sum = sum.saturating_add(*amount);
        }
        self
    }

    /// Without what another took of it.
    pub fn less(mut self, other: &Makeup) -> Makeup {
        for (part, amount) in &mut self.0 {
            let taken = other.0.get(part).copied().unwrap_or_default();
            *amount = amount.saturating_sub(taken).max(0);
        }
        self.0.retain(|_, amount| *amount != 0);
        self
    }

    /// Where it is not the same as another.
    pub fn differs(&self, other: &Makeup) -> Vec<Difference> {
        let mut parts: Vec<&String> = self.0.keys().chain(other.0.keys()).collect();
        parts.sort();
        parts.dedup();
        let amount = |of: &Makeup, part: &String| of.0.get(part).copied().unwrap_or_default();
        parts
            .into_iter()
            .map(|part| Difference {
                part: part.clone(),
                ours: amount(self, part),
                theirs: amount(other, part),
            })
            .filter(|difference| difference.ours != difference.theirs)
            .collect()
    }

    /// Where it is more than another by more than rounding can make it.
    pub fn exceeds(&self, other: &Makeup, slack: Slack) -> Vec<Difference> {
        let mut more = self.differs(other);
        more.retain(|difference| {
            difference.ours > difference.theirs.saturating_add(slack.on(difference.tag()))
        });
        more
    }
}

/// By how many pesos roundings may have moved what documents are made of, at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Slack {
    taxed: i64,
    exempt: i64,
}

impl Slack {
    /// Of a sum of what was rounded before: the net of a price with IVA, and the IVA.
    pub const OF_A_SUM: Slack = Slack { taxed: 1, exempt: 0 };

    /// Each line and each sum is rounded once. Of what is exempt only what comes to a fraction of a peso.
    pub fn of(tipo: Tipo, document: &Group) -> Slack {
        let lines = figures::lines(tipo, document);
        let is_whole = |line: &&Line| line.unrounded().is_some_and(|worth| worth.fract().is_zero());
        let exempt = lines.iter().filter(|line| line.tax == Tax::Exempt);
        let globals = figures::globals(tipo, document).into_iter();
        let shares = globals.filter(|g| g.onto == Onto::Exempt && matches!(g.worth, Worth::Percent(_)));
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        Slack {
            taxed: count(lines.len()),
            exempt: count(exempt.filter(|line| !is_whole(line)).count() + shares.count()),
        }
        .and(Slack::OF_A_SUM)
    }

    pub fn and(self, other: Slack) -> Slack {
        Slack {
            taxed: self.taxed.saturating_add(other.taxed),
            exempt: self.exempt.saturating_add(other.exempt),
        }
    }

    fn on(self, tag: &str) -> i64 {
        if tag == "MntExe" { self.exempt } else { self.taxed }
    }
}

impl Difference {
    /// The tag where it stands.
    pub fn tag(&self) -> &str {
        self.part.split(' ').next().unwrap_or_default()
    }

    /// As a shop says it, after «la nota»; an amount follows.
    pub fn words(&self) -> String {
        match self.part.as_str() {
            "MntNeto" => "lo afecto (MntNeto)".to_owned(),
            "MntExe" => "lo exento (MntExe)".to_owned(),
            "IVA" => "el IVA".to_owned(),
            tax => format!("el impuesto {}", tax.trim_start_matches("ImptoReten ")),
        }
    }

    pub fn said(&self) -> String {
        money::dotted(self.ours)
    }

    pub fn right(&self) -> String {
        money::dotted(self.theirs)
    }
}
