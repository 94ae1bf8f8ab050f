//! The law: three series, a total that must be positive, and keys that sign nothing.

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use timbre_core::receipt::Receipt;
use timbre_core::regime::{Kind, PrintGate, Term};
use timbre_core::*;

use crate::Country;

/// Papers have an hour and letters a day, both by the post; cards go by mail and have no limit.
pub const SERIES: [&str; 3] = ["A", "B", "C"];

const KINDS: &[Kind] = &[
    Kind { series: "A", name: "Papel", term: term(3_600), weight: Weight::Sale, instead: &[] },
    Kind { series: "B", name: "Carta", term: term(86_400), weight: Weight::Sale, instead: &[] },
    Kind { series: "C", name: "Tarjeta", term: None, weight: Weight::Sale, instead: &[] },
];

const fn term(seconds: u64) -> Option<Term> {
    Some(Term { seconds, stands_without_coverage: true, confirmed: true })
}

static AT_ONCE: Profile = profile(PrintGate::OnSeal);
static LATER: Profile = profile(PrintGate::OnAcceptance);

const fn profile(print: PrintGate) -> Profile {
    Profile { country: "XX", authority: "Oficina", zone: "America/Santiago", kinds: KINDS, print }
}

pub(crate) struct Law(&'static Profile);

impl Law {
    pub fn of(country: Country) -> Law {
        Law(match country.print() {
            PrintGate::OnSeal => &AT_ONCE,
            PrintGate::OnAcceptance => &LATER,
        })
    }
}

impl Regime for Law {
    fn profile(&self) -> &'static Profile {
        self.0
    }

    fn company(&self, data: &Value, _: Environment) -> Result<Company, Refusals> {
        Ok(Company { id: "1".into(), name: "Nadie".into(), data: data.clone() })
    }

    /// A grant is a line of text: `A:1-500`.
    fn grant(&self, file: &[u8], issuer: &Issuer) -> Result<GrantFile, Refusals> {
        let text = String::from_utf8_lossy(file);
        let read = || {
            let (series, range) = text.split_once(':')?;
            let (first, last) = range.split_once('-')?;
            Some((series.to_owned(), first.parse().ok()?, last.parse().ok()?))
        };
        let (series, first, last) = read().ok_or_else(|| Refusal::new("grant-bad", "", "No es un rango."))?;
        let grant = Grant {
            id: GrantId(text.to_string()),
            series: Series(series),
            first,
            last,
            environment: issuer.environment,
            issuer: issuer.company.id.clone(),
            authorised: Date::constant(2026, 1, 1),
            expires: None,
            public: String::new(),
        };
        Ok(GrantFile { grant, secret: zeroize::Zeroizing::new(b"secret".to_vec()) })
    }

    fn draft(
        &self,
        sale: &Sale,
        _: &Issuer,
        _: &dyn Documents,
        now: Timestamp,
    ) -> Result<Box<dyn Draft>, Refusals> {
        Ok(Box::new(paper(sale, now.to_zoned(jiff::tz::TimeZone::UTC).date())?))
    }

    fn redraft(
        &self,
        sale: &Sale,
        rejected: &Document,
        _: Number,
        _: &Issuer,
        _: &dyn Documents,
        _: Timestamp,
    ) -> Result<Box<dyn Draft>, Refusals> {
        let paper = paper(sale, rejected.date)?;
        match paper.total == rejected.total.0 {
            true => Ok(Box::new(paper)),
            false => Err(Refusal::new("reissue-changes", "total", "No puede cambiar el total.").into()),
        }
    }

    fn preview(
        &self,
        sale: &Sale,
        _: Option<&Issuer>,
        _: &dyn Documents,
        _: Timestamp,
    ) -> Result<Preview, Refusals> {
        Ok(Preview { totals: sale.body.clone(), warnings: vec![], xml: String::new(), explained: Vec::new() })
    }

    fn receipt(&self, _: &Document, _: &TillData) -> Receipt {
        Receipt::default()
    }

    fn complete(&self, receipt: &mut Receipt, given: &str) {
        receipt.heading.number = given.to_owned();
    }

    fn verify(&self, _: &[u8]) -> Vec<Finding> {
        Vec::new()
    }

    fn file(&self, document: &Document) -> Vec<u8> {
        document.bytes.to_vec()
    }

    fn collection(&self) -> (&'static str, &'static str) {
        ("", "")
    }
}

fn paper(sale: &Sale, date: Date) -> Result<Paper, Refusal> {
    let series = sale.body.get("series").and_then(Value::as_str).unwrap_or(SERIES[0]);
    if !SERIES.contains(&series) {
        return Err(Refusal::new("series-unknown", "series", "No hay tal tipo."));
    }
    match sale.body.get("total").and_then(Value::as_i64) {
        Some(total) if total > 0 => Ok(Paper { series: series.to_owned(), total, date }),
        _ => Err(Refusal::new("total-missing", "total", "Falta el total.")),
    }
}

struct Paper {
    series: String,
    total: i64,
    date: Date,
}

impl Draft for Paper {
    fn series(&self) -> Series {
        Series(self.series.clone())
    }

    fn accepts(&self, _: &Grant) -> Result<(), Refusal> {
        Ok(())
    }

    fn claims(&self) -> Claims {
        Claims::default()
    }

    fn warnings(&self) -> &[Refusal] {
        &[]
    }

    fn totals(&self) -> Value {
        json!({ "total": self.total })
    }

    fn seal(&self, folio: Folio, _: &dyn Keys, at: Timestamp) -> Result<Document, KeyError> {
        let number = folio.number();
        let channel = if self.series == "C" { "mail" } else { "post" };
        let bytes = format!("{}{number}:{}:{}", self.series, self.total, at.as_second());
        // An id made of the content, as Colombia has it, beside the number.
        let made_of = format!("{:x}", Sha256::digest(&bytes));
        Ok(Document {
            id: DocumentId::new(self.series.as_str(), number),
            version: 1,
            grant: folio.grant().id.clone(),
            channel: ChannelId(channel.into()),
            date: self.date,
            stamped: at,
            receiver: Party::default(),
            total: Amount(self.total),
            words: String::new(),
            facts: json!({ "id": made_of }),
            bytes: Bytes::from(bytes),
        })
    }
}

/// Keys that sign nothing, for ever.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoKeys;

impl Keys for NoKeys {
    fn sign(&self, _: KeyName<'_>, _: Scheme, _: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(vec![])
    }

    fn certificate(&self) -> Result<Certificate, KeyError> {
        Ok(Certificate {
            der: Bytes::new(),
            modulus: Bytes::new(),
            exponent: Bytes::new(),
            holder: "1".into(),
            not_before: Timestamp::MIN,
            not_after: Timestamp::MAX,
        })
    }
}

impl Seals for NoKeys {
    fn seal(&self, _: &str, secret: &[u8]) -> Result<Bytes, KeyError> {
        Ok(Bytes::copy_from_slice(secret))
    }
}
