//! What must be true of a shop after each death: folios without a gap, every acknowledged document
//! there, whole and verifying, none twice, and the authority's book saying the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};
use sii_sim::Ledger;

use crate::book::Book;
use crate::fault;
use crate::fault::Found;
use crate::life::Place;
use crate::person;
use crate::tills::{Line, locked};

/// Folios of each type.
pub type Folios = BTreeMap<String, BTreeSet<u64>>;

/// Every document of the shop as it was seen the last time, and the folios that no document will ever have.
#[derive(Debug, Default)]
pub struct Seen {
    documents: BTreeMap<String, Document>,
    /// What was passed over when an older folder was unlocked.
    pub skipped: Folios,
}

#[derive(Debug, Default)]
struct Document {
    version: u64,
    /// Of its signed bytes.
    sha256: String,
    /// The sale that it is of, as its own text names it; `None`: it names none of ours.
    sale: Option<String>,
    /// What it annuls.
    annuls: Option<String>,
    /// As the shop lists it.
    row: Value,
}

impl Document {
    fn is_replaced(&self) -> bool {
        self.row["state"] == "REEMPLAZADO"
    }
}

impl Seen {
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    pub fn ids(&self) -> impl Iterator<Item = String> {
        self.documents.keys().cloned()
    }

    /// An older folder was put back, which has these.
    pub fn forget_but(&mut self, here: &BTreeSet<String>) {
        self.documents.retain(|id, _| here.contains(id));
    }

    /// A sale has one document that counts, and each that does not says which one is in its place.
    fn is_each_sale_one_document(&self) -> Found<()> {
        let mut of_sales: BTreeMap<&str, &str> = BTreeMap::new();
        for (id, document) in &self.documents {
            let by = document.row["replaced_by"].as_str();
            match by.map(|by| self.documents.get(by)) {
                None if !document.is_replaced() => {}
                Some(Some(by)) if document.is_replaced() && by.sale == document.sale => continue,
                other => {
                    return fault!("{id} says that {by:?} is in its place ({other:?}): {}", document.row);
                }
            }
            let other = document.sale.as_ref().and_then(|sale| of_sales.insert(sale, id));
            if let Some(other) = other {
                return fault!("{other} and {id} are both of «{}»", document.sale.as_deref().unwrap_or(""));
            }
        }
        Ok(())
    }
}

/// `T39F7`: its type and its folio.
pub fn folio_of(id: &str) -> Option<(String, u64)> {
    let (series, folio) = id.strip_prefix('T')?.split_once('F')?;
    Some((series.to_owned(), folio.parse().ok()?))
}

/// Every document of the shop, by the API.
pub async fn listed(line: &Line) -> Found<Vec<Value>> {
    let mut rows = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let cursor = next.map(|next| format!("&cursor={next}")).unwrap_or_default();
        let mut page = line.json(&format!("/documents?limit=500{cursor}")).await?;
        rows.append(page["rows"].as_array_mut().unwrap_or(&mut Vec::new()));
        match page["next"].as_str() {
            Some(more) => next = Some(more.to_owned()),
            None => return Ok(rows),
        }
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Folios of each type from 1 on without a gap but what was passed over, none twice.
fn contiguous(rows: &[Value], skipped: &Folios) -> Found<()> {
    let mut folios = skipped.clone();
    for row in rows {
        let folio = row["folio"].as_u64().unwrap_or_default();
        if !folios.entry(text(&row["series"])).or_default().insert(folio) {
            return fault!("{} is there twice, or under a folio that was passed over", row["id"]);
        }
    }
    for (series, of) in folios {
        let most = of.last().copied().unwrap_or_default();
        if most != of.len() as u64 {
            let gap = (1..).find(|folio| !of.contains(folio)).unwrap_or_default();
            return fault!("type {series}: {} folios up to {most}; {gap} is not there", of.len());
        }
    }
    Ok(())
}

/// After a start: what the book says is in the shop, and nothing more than it can explain.
pub async fn look(place: &Place, line: &Line, book: &Mutex<Book>, seen: &mut Seen) -> Found<()> {
    let rows = listed(line).await?;
    contiguous(&rows, &seen.skipped)?;
    let ids: BTreeSet<String> = rows.iter().map(|row| text(&row["id"])).collect();
    let (acknowledged, unexplained) = {
        let book = locked(book);
        (book.acknowledged(), book.lost_sight_of + book.open().len() as u64)
    };
    let lost: Vec<_> = acknowledged.difference(&ids).collect();
    if !lost.is_empty() {
        return fault!("acknowledged and lost: {lost:?}");
    }
    let replacing: BTreeSet<String> = rows.iter().map(|row| text(&row["replaced_by"])).collect();
    let untold =
        ids.iter().filter(|id| !acknowledged.contains(*id) && !replacing.contains(*id)).count() as u64;
    if untold > unexplained {
        return fault!(
            "{untold} documents that nobody was told of, and {unexplained} sales without an answer"
        );
    }
    let folder = place.scratch.join("xml");
    fs::create_dir_all(&folder)?;
    let mut files = Vec::new();
    for row in rows {
        let (id, version) = (text(&row["id"]), row["version"].as_u64().unwrap_or_default());
        let document = seen.documents.entry(id.clone()).or_default();
        let again = row["state"] == "REEMPLAZADO" || version > document.version.max(1);
        if again && !locked(book).was_made_again(&id) {
            return fault!("nobody asked for {id} to be made again: {row}");
        }
        document.row = row;
        if version != document.version {
            let bytes = line.ask(&format!("/documents/{id}/xml")).await?.bytes().await?;
            document.read(&bytes);
            document.version = version;
            let file = folder.join(format!("{id}.xml"));
            fs::write(&file, &bytes)?;
            files.push(file);
        }
    }
    seen.is_each_sale_one_document()?;
    place.verify(&files)?;
    fs::remove_dir_all(folder)?;
    Ok(())
}

impl Document {
    fn read(&mut self, file: &[u8]) {
        self.sha256 = digest(file);
        // Latin-1: a byte is a character.
        let file: String = file.iter().map(|byte| char::from(*byte)).collect();
        let value = |tag: &str| Some(file.split_once(&format!("<{tag}>"))?.1.split_once('<')?.0.to_owned());
        let of_note = value("RazonRef").filter(|reason| reason.starts_with("Anula venta-"));
        self.annuls =
            of_note.as_ref().and_then(|_| Some(format!("T{}F{}", value("TpoDocRef")?, value("FolioRef")?)));
        let item =
            value("NmbItem").filter(|name| name.starts_with("Artículo ") || name.starts_with("Harina "));
        self.sale = of_note.or(item);
    }
}

/// Of the bytes from `<DTE` to `</DTE>`, both included: as the simulator counts them.
fn digest(file: &[u8]) -> String {
    let find = |what: &[u8]| file.windows(what.len()).position(|part| part == what);
    let (from, to) = (find(b"<DTE").unwrap_or(0), find(b"</DTE>").map_or(file.len(), |at| at + 6));
    Sha256::digest(&file[from..to]).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every document still has the bytes that it had when it was first seen.
pub async fn look_at_bytes(line: &Line, seen: &Seen) -> Found<()> {
    for (id, document) in &seen.documents {
        let now = digest(&line.ask(&format!("/documents/{id}/xml")).await?.bytes().await?);
        if now != document.sha256 {
            return fault!("{id} has other bytes than before");
        }
    }
    Ok(())
}

/// How long the queue may take to its verdicts before that is a fault.
const PATIENCE: Duration = Duration::from_secs(180);

/// How often a person looks whether what was rejected can be made again.
const LOOK: Duration = Duration::from_millis(200);

/// It left twice, was rejected the second time, and may have been accepted the first: it is asked about for a day, which
/// no harness waits, before a person may say what the authority's site has. (An upload that a death cut is no attempt.)
fn is_asked_for_a_day(row: &Value) -> bool {
    row["state"] == "ENVIADO" && row["attention"].is_string()
}

/// Waits until every document has its verdict, and a person has made again what was rejected; all of them are accepted
/// but those that are asked about for a day.
pub async fn drain(line: &Line, book: &Mutex<Book>) -> Found<()> {
    let settled = async {
        let mut pushes = line.ask("/events").await?;
        loop {
            let stats = line.json("/stats").await?;
            let of = |name: &str| stats[name].as_u64().unwrap_or_default();
            let called = of("rejected") + of("errors") > 0;
            if called && !locked(book).rejecting {
                return fault!("a person is called: {stats}");
            }
            let waits = if called { for_a_day(line).await? } else { 0 };
            if of("accepted") + waits == of("total") && of("errors") == waits && of("rejected") == 0 {
                return Ok(());
            }
            if called {
                person::mend(line, book).await?;
            }
            match tokio::time::timeout(LOOK, pushes.chunk()).await {
                Ok(Ok(None)) => return fault!("the agent stopped telling what changes"),
                Ok(pushed) => drop(pushed?),
                Err(_) => {}
            }
        }
    };
    match tokio::time::timeout(PATIENCE, settled).await {
        Ok(done) => done,
        Err(_) => fault!("not every document has its verdict: {}", line.json("/stats").await?),
    }
}

async fn for_a_day(line: &Line) -> Found<u64> {
    let page = line.json("/documents?state=problem&limit=500").await?;
    let rows = page["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(rows.iter().filter(|row| is_asked_for_a_day(row)).count() as u64)
}

/// The authority's book: each document once, accepted, with our bytes, and no rule broken.
pub fn compare(ledger: &Ledger, seen: &Seen) -> Found<()> {
    let breaks = |rule: &str| !matches!(rule, "TokenHoarded" | "PolledTooSoon");
    if let Some(broken) = ledger.violations.iter().find(|v| breaks(&format!("{:?}", v.rule))) {
        return fault!("a rule was broken: {broken:?}");
    }
    if ledger.totals.duplicated > 0 {
        let twice: Vec<_> =
            ledger.documents.iter().filter(|d| d.offered > 1 || d.versions.len() > 1).collect();
        return fault!("offered twice: {twice:?}");
    }
    for document in &ledger.documents {
        let Some(ours) = seen.documents.get(&document.id) else {
            let lost = seen.skipped.get(&document.tipo.to_string());
            if lost.is_some_and(|lost| lost.contains(&document.folio)) {
                continue;
            }
            return fault!("the shop does not have it: {document:?}");
        };
        let rejected = ours.is_replaced() || is_asked_for_a_day(&ours.row);
        if document.verdict != if rejected { "rejected" } else { "accepted" } {
            return fault!("{document:?}, and it is {}", ours.row);
        }
        if ours.sha256 != document.sha256 {
            return fault!("the authority has other bytes: {document:?}");
        }
    }
    for (id, ours) in &seen.documents {
        if !ours.is_replaced() && ledger.document(id).is_none() {
            return fault!("the authority does not have {}", ours.row);
        }
        let note = ours.row["annulled_by"].as_str();
        if note
            .is_some_and(|note| seen.documents.get(note).is_none_or(|note| note.annuls.as_ref() != Some(id)))
        {
            return fault!("nothing annuls {}", ours.row);
        }
        let annuls = ours.annuls.as_ref().filter(|_| !ours.is_replaced());
        if let Some(annulled) = annuls.map(|of| seen.documents.get(of))
            && annulled.is_none_or(|of| of.row["annulled_by"] != id.as_str())
        {
            return fault!("{id} annuls {annulled:?}");
        }
    }
    Ok(())
}
