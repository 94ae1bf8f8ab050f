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
use crate::tills::{Line, locked};

/// The signed bytes of each document as they were first seen.
#[derive(Debug, Default)]
pub struct Seen(BTreeMap<String, String>);

impl Seen {
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// Every document of the shop, by the API.
async fn listed(line: &Line) -> Found<Vec<Value>> {
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

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Folios of each type from 1 on without a gap, none twice.
fn contiguous(rows: &[Value]) -> Found<()> {
    let mut folios: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for row in rows {
        let folio = row["folio"].as_u64().unwrap_or_default();
        if !folios.entry(text(&row["series"])).or_default().insert(folio) {
            return fault!("{} is there twice", row["id"]);
        }
    }
    for (series, of) in folios {
        let most = of.last().copied().unwrap_or_default();
        if most != of.len() as u64 {
            let gap = (1..).find(|folio| !of.contains(folio)).unwrap_or_default();
            return fault!("type {series}: {} documents up to folio {most}; {gap} is not there", of.len());
        }
    }
    Ok(())
}

/// After a start: what the book says is in the shop, and nothing more than it can explain.
pub async fn look(place: &Place, line: &Line, book: &Mutex<Book>, seen: &mut Seen) -> Found<()> {
    let rows = listed(line).await?;
    contiguous(&rows)?;
    let ids: BTreeSet<String> = rows.iter().map(|row| text(&row["id"])).collect();
    let (acknowledged, unexplained) = {
        let book = locked(book);
        (book.acknowledged(), book.lost_sight_of + book.open().len() as u64)
    };
    let lost: Vec<_> = acknowledged.difference(&ids).collect();
    if !lost.is_empty() {
        return fault!("acknowledged and lost: {lost:?}");
    }
    let more = (ids.len() - acknowledged.len()) as u64;
    if more > unexplained {
        return fault!("{more} documents that nobody was told of, and {unexplained} sales without an answer");
    }
    let fresh: Vec<_> = ids.iter().filter(|id| !seen.0.contains_key(*id)).collect();
    let folder = place.scratch.join("xml");
    fs::create_dir_all(&folder)?;
    let mut files = Vec::new();
    for id in fresh {
        let bytes = line.ask(&format!("/documents/{id}/xml")).await?.bytes().await?;
        seen.0.insert(id.clone(), digest(&bytes));
        let file = folder.join(format!("{id}.xml"));
        fs::write(&file, &bytes)?;
        files.push(file);
    }
    place.verify(&files)?;
    fs::remove_dir_all(folder)?;
    Ok(())
}

/// Of the bytes from `<DTE` to `</DTE>`, both included: as the simulator counts them.
fn digest(file: &[u8]) -> String {
    let find = |what: &[u8]| file.windows(what.len()).position(|part| part == what);
    let (from, to) = (find(b"<DTE").unwrap_or(0), find(b"</DTE>").map_or(file.len(), |at| at + 6));
    Sha256::digest(&file[from..to]).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every document still has the bytes that it had when it was first seen.
pub async fn look_at_bytes(line: &Line, seen: &Seen) -> Found<()> {
    for (id, before) in &seen.0 {
        let now = digest(&line.ask(&format!("/documents/{id}/xml")).await?.bytes().await?);
        if now != *before {
            return fault!("{id} has other bytes than before");
        }
    }
    Ok(())
}

/// How long the queue may take to its verdicts before that is a fault.
const PATIENCE: Duration = Duration::from_secs(180);

/// Waits until every document has its verdict; all of them are accepted.
pub async fn drain(line: &Line) -> Found<()> {
    let settled = async {
        let mut pushes = line.ask("/events").await?;
        loop {
            let stats = line.json("/stats").await?;
            let of = |name: &str| stats[name].as_u64().unwrap_or_default();
            if of("rejected") + of("errors") > 0 {
                return fault!("a person is called: {stats}");
            }
            if of("accepted") == of("total") {
                return Ok(());
            }
            if pushes.chunk().await?.is_none() {
                return fault!("the agent stopped telling what changes");
            }
        }
    };
    match tokio::time::timeout(PATIENCE, settled).await {
        Ok(done) => done,
        Err(_) => fault!("not every document has its verdict: {}", line.json("/stats").await?),
    }
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
        if document.verdict != "accepted" {
            return fault!("not accepted: {document:?}");
        }
        if seen.0.get(&document.id) != Some(&document.sha256) {
            return fault!("the authority has other bytes: {document:?}");
        }
    }
    if ledger.documents.len() != seen.0.len() {
        return fault!("the authority has {} documents, the shop {}", ledger.documents.len(), seen.0.len());
    }
    Ok(())
}
