//! Its law: papers, and three series of what is not quite a sale; three lines of checks, and keys that sign nothing.

use std::cell::Cell;
use std::sync::{LazyLock, mpsc};

use bytes::Bytes;
use serde_json::{Value, json};
use timbre_agent::{Custody, ReadCertificate};
use timbre_core::receipt::{Ceded, Field, Receipt};
use timbre_core::regime::{Kind, Term};
use timbre_core::*;
use timbre_store::CertificateLoaded;

pub struct Nowhere;

/// The total of a document that goes by the other channel.
pub const BY_MAIL: i64 = 7;
/// Documents of this total and above travel alone.
pub const ALONE: i64 = 1_000;

const HOUR: Term = Term { seconds: 3600, stands_without_coverage: true, confirmed: true };

static PROFILE: LazyLock<Profile> = LazyLock::new(|| Profile {
    country: "XX",
    authority: "Oficina",
    zone: "America/Santiago",
    kinds: &[
        Kind { series: "A", name: "Papel", term: Some(HOUR), weight: Weight::Sale, instead: &[] },
        Kind { series: "B", name: "Abono", term: Some(HOUR), weight: Weight::Credit, instead: &[] },
        Kind { series: "C", name: "Cargo", term: Some(HOUR), weight: Weight::Charge, instead: &[] },
        Kind { series: "D", name: "Traslado", term: Some(HOUR), weight: Weight::Nothing, instead: &[] },
    ],
    print: crate::COUNTRY.print(),
});

thread_local! {
    /// How many drafts this thread made.
    pub static DRAFTS: Cell<u32> = const { Cell::new(0) };
}

impl Regime for Nowhere {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn company(&self, data: &Value, _: Environment) -> Result<Company, Refusals> {
        Ok(Company { id: "1".into(), name: "Nadie".into(), data: data.clone() })
    }

    fn grant(&self, file: &[u8], issuer: &Issuer) -> Result<GrantFile, Refusals> {
        let text = String::from_utf8_lossy(file);
        // `1-5`, or `1-5 2026-11-30` for one that ends, or `B:1-5` for another series.
        let (text, ends) = match text.split_once(' ') {
            Some((range, day)) => (range.to_owned(), Some(day.parse().unwrap())),
            None => (text.into_owned(), None),
        };
        let (series, text) = text.split_once(':').unwrap_or(("A", &text));
        let (first, last) = text.split_once('-').ok_or_else(|| Refusal::new("grant-bad", "", "mal"))?;
        Ok(GrantFile {
            grant: Grant {
                id: GrantId(text.to_owned()),
                series: Series(series.into()),
                first: first.parse().unwrap(),
                last: last.parse().unwrap(),
                environment: issuer.environment,
                issuer: issuer.company.id.clone(),
                authorised: "2026-01-01".parse().unwrap(),
                expires: ends,
                public: String::new(),
            },
            secret: zeroize::Zeroizing::new(b"secret".to_vec()),
        })
    }

    fn draft(
        &self,
        sale: &Sale,
        _: &Issuer,
        _: &dyn Documents,
        now: Timestamp,
    ) -> Result<Box<dyn Draft>, Refusals> {
        DRAFTS.set(DRAFTS.get() + 1);
        // In the country's legal time, as the engine counts days.
        let zone = jiff::tz::TimeZone::get(PROFILE.zone).expect("a zone that there is");
        Ok(Box::new(note(sale, now.to_zoned(zone).date())?))
    }

    fn redraft(
        &self,
        sale: &Sale,
        rejected: &Document,
        number: Number,
        _: &Issuer,
        known: &dyn Documents,
        _: Timestamp,
    ) -> Result<Box<dyn Draft>, Refusals> {
        let mut note = note(sale, rejected.date)?;
        if number == Number::New {
            let successor = |n: &u64| known.successor(&DocumentId::new("A", *n)).map(|by| by.number);
            let last = |n| std::iter::successors(Some(n), successor).last();
            note.annuls = note.annuls.and_then(last);
        }
        match note.total == rejected.total.0 {
            true => Ok(Box::new(note)),
            false => Err(Refusal::new("reissue-changes", "total", "No puede cambiar el total.").into()),
        }
    }

    fn preview(
        &self,
        _: &Sale,
        _: Option<&Issuer>,
        _: &dyn Documents,
        _: Timestamp,
    ) -> Result<Preview, Refusals> {
        Ok(Preview { totals: json!({}), warnings: vec![], xml: String::new(), explained: vec![] })
    }

    fn receipt(&self, document: &Document, _: &TillData) -> Receipt {
        let receiver = vec![Field::new("Nombre", document.receiver.name.clone())];
        Receipt { receiver, ceded: Some(Ceded::default()), ..Receipt::default() }
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

fn note(sale: &Sale, date: Date) -> Result<Note, Refusals> {
    match sale.body.get("total").and_then(Value::as_i64) {
        Some(total) if total > 0 => Ok(Note {
            series: sale.body.get("series").and_then(Value::as_str).unwrap_or("A").to_owned(),
            total,
            date,
            unsealable: sale.body.get("unsealable").is_some(),
            panics: sale.body.get("panics").map(|at| at.as_str().unwrap_or("seal").to_owned()),
            annuls: sale.body.get("annuls").and_then(Value::as_u64),
            whole: sale.body.get("whole").is_some(),
            frees: sale.body.get("frees").and_then(Value::as_u64),
            waits: sale.body.get("waits").and_then(Value::as_u64),
            goods: sale.body.get("goods").is_some(),
            name: sale.body.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
        }),
        _ => Err(Refusal::new("total-missing", "total", "Falta el total.").into()),
    }
}

struct Note {
    series: String,
    total: i64,
    date: Date,
    unsealable: bool,
    /// Where it panics.
    panics: Option<String>,
    /// The folio of a document of which it uses up its own total.
    annuls: Option<u64>,
    /// It annuls that document itself.
    whole: bool,
    /// The folio of a document of which it gives back as much, for who used it is annulled.
    frees: Option<u64>,
    /// The folio of the document that gave back what it uses.
    waits: Option<u64>,
    /// It covers goods on the road.
    goods: bool,
    /// Who it is for.
    name: String,
}

impl Note {
    fn at(&self, place: &str) {
        assert!(self.panics.as_deref() != Some(place), "on purpose");
    }
}

impl Draft for Note {
    fn series(&self) -> Series {
        self.at("series");
        Series(self.series.clone())
    }
    fn accepts(&self, _: &Grant) -> Result<(), Refusal> {
        self.at("accepts");
        Ok(())
    }
    fn claims(&self) -> Claims {
        self.at("claims");
        let id = |n| DocumentId::new("A", n);
        let total = self.total;
        let annuls = self.annuls.map(|n| Claim::new(id(n), Amount(total)));
        let frees =
            self.annuls.zip(self.frees).map(|(undone, n)| Claim::undoing(id(undone), id(n), Amount(-total)));
        Claims(annuls.into_iter().chain(frees).collect())
    }
    fn follows(&self) -> Vec<DocumentId> {
        let named = self.claims().0.into_iter().map(|claim| claim.document);
        named.chain(self.waits.map(|n| DocumentId::new("A", n))).collect()
    }
    fn annuls(&self) -> Option<DocumentId> {
        self.annuls.filter(|_| self.whole).map(|n| DocumentId::new("A", n))
    }
    fn awaits_authority(&self) -> bool {
        self.goods
    }
    fn warnings(&self) -> &[Refusal] {
        self.at("warnings");
        &[]
    }
    fn totals(&self) -> Value {
        self.at("totals");
        json!({ "total": self.total })
    }
    fn seal(&self, folio: Folio, _: &dyn Keys, at: Timestamp) -> Result<Document, KeyError> {
        self.at("seal");
        if self.unsealable {
            return Err(KeyError::Failed("a propósito".into()));
        }
        let number = folio.number();
        Ok(Document {
            id: DocumentId::new(self.series.as_str(), number),
            version: 1,
            grant: folio.grant().id.clone(),
            channel: ChannelId(if self.total == BY_MAIL { "mail" } else { "post" }.into()),
            date: self.date,
            stamped: at,
            receiver: Party { name: self.name.clone(), ..Party::default() },
            total: Amount(self.total),
            words: String::new(),
            facts: json!({}),
            bytes: Bytes::from(format!("{number}:{}", self.total)),
        })
    }
}

/// Keys that sign nothing, until the certificate expires.
#[derive(Default)]
pub struct NoKeys {
    /// Whose the certificate is, where it is not the first one's.
    pub holder: std::sync::Mutex<Option<String>>,
    pub expires: std::sync::Mutex<Option<Timestamp>>,
    /// The next certificate's file is told of by the one, and read once the other says so.
    pub slow: std::sync::Mutex<Option<(mpsc::Sender<()>, mpsc::Receiver<()>)>>,
}

impl Keys for NoKeys {
    fn sign(&self, _: KeyName<'_>, _: Scheme, _: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(vec![])
    }
    fn certificate(&self) -> Result<Certificate, KeyError> {
        Ok(Certificate {
            der: Bytes::new(),
            modulus: Bytes::new(),
            exponent: Bytes::new(),
            holder: self.holder.lock().unwrap().clone().unwrap_or_else(|| "1".into()),
            not_before: Timestamp::MIN,
            not_after: self.expires.lock().unwrap().unwrap_or(Timestamp::MAX),
        })
    }
}

impl Seals for NoKeys {
    fn seal(&self, _: &str, secret: &[u8]) -> Result<Bytes, KeyError> {
        Ok(Bytes::copy_from_slice(secret))
    }
}

impl Custody for NoKeys {
    fn read_certificate(
        &self,
        _: &[u8],
        _: &str,
        _: Option<&str>,
        _: Environment,
    ) -> Result<ReadCertificate, Refusal> {
        let slow = self.slow.lock().unwrap().take();
        if let Some((begun, go_on)) = slow {
            begun.send(()).unwrap();
            go_on.recv_timeout(std::time::Duration::from_secs(10)).expect("the others went on meanwhile");
        }
        let loaded = CertificateLoaded {
            holder: "1".into(),
            subject: "Nadie".into(),
            not_before: Timestamp::MIN,
            not_after: Timestamp::MAX,
            der: Bytes::new(),
            sealed: Bytes::new(),
        };
        Ok(ReadCertificate { loaded, warning: None })
    }
    fn forget(&self) {}
}
