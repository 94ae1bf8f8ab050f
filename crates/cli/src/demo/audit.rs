//! Our documents against the simulated SII's ledger, hash by hash: what one has and the other lacks,
//! and what came twice.

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};
use sii_sim::{Ledger, LedgerDocument};
use timbre_agent::view::{Query, RowView};
use timbre_core::DocState;

use super::callers::Issued;
use crate::api::Api;
use crate::failure::{Exit, Failure};

/// What does not agree, by document.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// The store says the SII has them (or that they were issued), and it is not so.
    pub lost: Vec<String>,
    /// Two sales on one number, or a document that was sent twice.
    pub duplicated: Vec<String>,
    /// Verdicts that are not the same on both sides.
    pub disputed: Vec<String>,
}

/// Reads the bytes of every document back and compares. `before` are those of earlier runs.
pub async fn audit(
    api: &Api,
    issued: &[Issued],
    rows: &HashMap<String, RowView>,
    ledger: &Ledger,
    before: &HashSet<String>,
) -> Result<Audit, Failure> {
    let ids: HashSet<&str> = issued.iter().map(|one| one.id.as_str()).collect();
    let hashes: HashMap<String, Option<String>> = stream::iter(ids)
        .map(|id| async move {
            let hash = match api.xml(id).await {
                Ok(file) => inner(&file).map(sha256),
                // Issued, and now nobody knows it: that is a finding.
                Err(failure) if failure.exit() == Exit::Refused => None,
                Err(failure) => return Err(failure),
            };
            Ok((id.to_owned(), hash))
        })
        .buffer_unordered(8)
        .try_collect()
        .await?;
    Ok(compare(issued, rows, &hashes, ledger, before))
}

fn compare(
    issued: &[Issued],
    rows: &HashMap<String, RowView>,
    hashes: &HashMap<String, Option<String>>,
    ledger: &Ledger,
    before: &HashSet<String>,
) -> Audit {
    let held: HashMap<&str, &LedgerDocument> = ledger.documents.iter().map(|d| (d.id.as_str(), d)).collect();
    let mut audit = Audit::default();
    let mut seen = HashSet::new();
    for Issued { id, .. } in issued {
        if !seen.insert(id.as_str()) {
            audit.duplicated.push(id.clone());
            continue;
        }
        let there = held.get(id.as_str()).copied();
        if there.is_some_and(came_twice) {
            audit.duplicated.push(id.clone());
        }
        let state = rows.get(id).and_then(|row| DocState::from_word(&row.state));
        let hash = hashes.get(id).and_then(Option::as_deref);
        let (Some(state), Some(hash)) = (state, hash) else {
            audit.lost.push(id.clone());
            continue;
        };
        if !said_to_be_there(state) {
            continue;
        }
        match there {
            Some(document) if document.sha256 == hash => {
                if !agrees(state, document.verdict) {
                    audit.disputed.push(id.clone());
                }
            }
            _ => audit.lost.push(id.clone()),
        }
    }
    // What nobody asked for: a sale that became two documents, each with a folio of its own.
    let unasked = ledger.documents.iter().map(|document| &document.id);
    let unasked = unasked.filter(|id| !seen.contains(id.as_str()) && !before.contains(*id));
    audit.duplicated.extend(unasked.cloned());
    audit
}

/// Every document that the store has by now.
pub async fn known(api: &Api) -> Result<HashSet<String>, Failure> {
    let mut query = Query { limit: Some(500), ..Query::default() };
    let mut ids = HashSet::new();
    loop {
        let page = api.page(&query).await?;
        ids.extend(page.rows.into_iter().map(|row| row.id));
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return Ok(ids),
        }
    }
}

/// The same bytes offered again although they were not rejected, or other bytes under a number that was held already.
fn came_twice(document: &LedgerDocument) -> bool {
    let held = document.versions.iter().position(|version| version.verdict != "rejected");
    document.versions.iter().any(|version| version.repeated > 0)
        || held.is_some_and(|first| first + 1 < document.versions.len())
}

/// What waits to be sent, or is being asked about, is not lost: it is waiting.
fn said_to_be_there(state: DocState) -> bool {
    match state {
        DocState::Enviado
        | DocState::Aceptado
        | DocState::Reparo
        | DocState::Rechazado
        | DocState::Reemplazado => true,
        DocState::Generado | DocState::Enviando | DocState::Verificando | DocState::Pendiente => false,
    }
}

fn agrees(state: DocState, verdict: &str) -> bool {
    match state {
        DocState::Aceptado => verdict == "accepted",
        DocState::Reparo => verdict == "objected",
        DocState::Rechazado => verdict == "rejected",
        _ => true,
    }
}

/// From `<DTE` to `</DTE>`, both included.
pub fn inner(file: &[u8]) -> Option<&[u8]> {
    const END: &[u8] = b"</DTE>";
    let from = file.windows(4).position(|w| w == b"<DTE")?;
    let to = file.windows(END.len()).rposition(|w| w == END)? + END.len();
    file.get(from..to)
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sii_sim::{LedgerTotals, LedgerVersion};
    use std::time::Duration;

    fn document(id: &str, hashes: &[(&str, &'static str, u64)]) -> LedgerDocument {
        let versions: Vec<_> = hashes
            .iter()
            .map(|(sha256, verdict, offered)| LedgerVersion {
                sha256: (*sha256).to_owned(),
                verdict,
                reasons: vec![],
                offered: *offered,
                repeated: *offered - 1,
                tracks: vec![],
            })
            .collect();
        let last = versions.last().unwrap();
        LedgerDocument {
            id: id.to_owned(),
            issuer: String::new(),
            tipo: 39,
            folio: 1,
            sha256: last.sha256.clone(),
            verdict: last.verdict,
            reasons: vec![],
            offered: last.offered,
            tracks: vec![],
            versions,
        }
    }

    #[track_caller]
    fn check(state: &str, hashes: &[(&str, &'static str, u64)], expect: (usize, usize, usize)) {
        let row = RowView {
            state: state.to_owned(),
            id: "T39F1".to_owned(),
            ..crate::commands::issue::tests::row()
        };
        let rows = HashMap::from([("T39F1".to_owned(), row)]);
        let ours = HashMap::from([("T39F1".to_owned(), Some("aa".to_owned()))]);
        let documents = if hashes.is_empty() { vec![] } else { vec![document("T39F1", hashes)] };
        let ledger =
            Ledger { documents, uploads: vec![], totals: LedgerTotals::default(), violations: vec![] };
        let issued = [Issued { id: "T39F1".to_owned(), took: Duration::ZERO }];
        let found = compare(&issued, &rows, &ours, &ledger, &HashSet::new());
        assert_eq!(
            (found.lost.len(), found.duplicated.len(), found.disputed.len()),
            expect,
            "{state} {hashes:?}"
        );
    }

    #[test]
    fn each_difference_has_its_name() {
        check("ACEPTADO", &[("aa", "accepted", 1)], (0, 0, 0));
        check("ACEPTADO", &[("aa", "rejected", 1)], (0, 0, 1));
        check("ACEPTADO", &[("bb", "accepted", 1)], (1, 0, 0));
        check("ACEPTADO", &[], (1, 0, 0));
        check("PENDIENTE", &[], (0, 0, 0));
        check("ACEPTADO", &[("aa", "accepted", 2)], (0, 1, 0));
        check("ACEPTADO", &[("bb", "accepted", 1), ("aa", "accepted", 1)], (0, 1, 0));
        check("ACEPTADO", &[("bb", "rejected", 1), ("aa", "accepted", 1)], (0, 0, 0));
    }

    #[test]
    fn two_answers_with_one_number_and_a_number_nobody_knows() {
        let issued = ["T39F1", "T39F1", "T39F2"].map(|id| Issued { id: id.to_owned(), took: Duration::ZERO });
        let ledger = Ledger {
            documents: vec![],
            uploads: vec![],
            totals: LedgerTotals::default(),
            violations: vec![],
        };
        let found = compare(&issued, &HashMap::new(), &HashMap::new(), &ledger, &HashSet::new());
        assert_eq!((found.lost.len(), found.duplicated), (2, vec!["T39F1".to_owned()]));
    }

    #[test]
    fn a_sale_that_became_a_second_document_under_another_folio_is_seen() {
        let documents = ["T39F1", "T39F2", "T39F9"].map(|id| document(id, &[("aa", "accepted", 1)]));
        let ledger = Ledger {
            documents: documents.into(),
            uploads: vec![],
            totals: LedgerTotals::default(),
            violations: vec![],
        };
        let issued = [Issued { id: "T39F1".to_owned(), took: Duration::ZERO }];
        let before = HashSet::from(["T39F9".to_owned()]);
        let found = compare(&issued, &HashMap::new(), &HashMap::new(), &ledger, &before);
        assert_eq!(found.duplicated, ["T39F2"], "T39F9 waited from an earlier day");
    }

    #[test]
    fn the_hash_is_of_the_document_without_its_prolog() {
        assert_eq!(inner(b"<?xml?>\n<DTE v>\xd1</DTE>\n"), Some(&b"<DTE v>\xd1</DTE>"[..]));
        assert_eq!(inner(b"<p>"), None);
        assert_eq!(&sha256(b"")[..8], "e3b0c442");
    }
}
