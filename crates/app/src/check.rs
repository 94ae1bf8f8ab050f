//! A second look at a whole folder: the store is read back, and every document in it is verified as
//! one that comes from elsewhere would be. The vault stays shut unless something is sealed, and nothing is repaired.

mod words;

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, available_parallelism};

use timbre_core::{Document, DocumentId, Finding, Regime, Severity};
use timbre_store::{CheckReport, SegmentKeys};

use crate::start::{StartError, anchor};
use crate::vault::{Custody, Vault};
use crate::{country, sealing};

/// So many documents are held in memory at once, to be verified on all cores.
const AT_ONCE: usize = 512;

/// What is found of every document of a training folder, and of no other's: its CAF is none of the SII.
const TRAINING: &str = "caf-training";

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    pub store: CheckReport,
    pub unsound: Vec<Unsound>,
}

/// A document that is in the journal and does not stand the second look.
#[derive(Debug, Clone, PartialEq)]
pub struct Unsound {
    pub document: DocumentId,
    pub version: u32,
    /// What makes the authority refuse it.
    pub findings: Vec<Finding>,
}

impl Checked {
    /// Is anything gone, or changed, that can't be made again?
    pub fn lost_data(&self) -> bool {
        self.store.lost_data() || !self.unsound.is_empty()
    }
}

/// Reads the whole store of a folder back, asks its anchor too, and verifies every document, all
/// versions; what is sealed as far as `custody` opens it (without one what the environment says). `progress` hears how
/// many bytes of the journal were read, of how many.
pub fn check(
    dir: &Path,
    custody: Option<Custody>,
    progress: &dyn Fn(u64, u64),
) -> Result<Checked, StartError> {
    check_with(dir, sealing::keys(dir, custody)?, progress)
}

/// The same of a folder whose vault somebody has open.
pub(crate) fn check_with(
    dir: &Path,
    keys: Option<Arc<Vault>>,
    progress: &dyn Fn(u64, u64),
) -> Result<Checked, StartError> {
    check_against(anchor(None, dir), dir, keys, progress)
}

fn check_against(
    anchor: Option<PathBuf>,
    dir: &Path,
    keys: Option<Arc<Vault>>,
    progress: &dyn Fn(u64, u64),
) -> Result<Checked, StartError> {
    let keys = keys.map(|vault| vault as Arc<dyn SegmentKeys>);
    let regime = country::regime();
    let (mut some, mut unsound) = (Vec::with_capacity(AT_ONCE), Vec::new());
    let mut show = |document| {
        some.push(document);
        if some.len() == AT_ONCE {
            unsound.extend(look(&*regime, &some));
            some.clear();
        }
    };
    let store = timbre_store::check(dir, anchor.as_deref(), keys, &mut show, progress)?;
    unsound.extend(look(&*regime, &some));
    Ok(Checked { store, unsound })
}

/// Verifies some documents on all cores; those that are unsound, in their order.
fn look(regime: &dyn Regime, documents: &[Document]) -> Vec<Unsound> {
    let threads = available_parallelism().map_or(1, |n| n.get());
    let share = documents.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        let judge = move |part: &[Document]| -> Vec<_> {
            part.iter().filter_map(|document| unsound(regime, document)).collect()
        };
        let parts: Vec<_> = documents.chunks(share).map(|part| scope.spawn(move || judge(part))).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

fn unsound(regime: &dyn Regime, document: &Document) -> Option<Unsound> {
    let mut findings = regime.verify(&regime.file(document));
    findings.retain(|finding| finding.severity == Severity::Refuses && finding.code != TRAINING);
    let (id, version) = (document.id.clone(), document.version);
    (!findings.is_empty()).then_some(Unsound { document: id, version, findings })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use timbre_agent::clock::{Clock, SystemClock};
    use timbre_store::{Fact, OpenOptions, Store};

    use super::*;
    use crate::vault::Kind;
    use crate::{DemoOptions, Options};

    /// Its frames and its chain are whole: only the signature tells.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_document_that_is_not_what_was_signed_is_named() {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let folder = dir.path().join("shop");
        let options = Options {
            data: Some(folder.clone()),
            port: Some(0),
            demo: Some(DemoOptions { latency: Duration::ZERO, scenario: "calm".to_owned() }),
            custody: Some(Custody::forced(Kind::KeyFile)),
            state: Some(dir.path().join("state")),
            ..Options::default()
        };
        let shop = crate::start(options).await.expect("a demo shop opens");
        let sale = json!({
            "Encabezado": { "IdDoc": { "TipoDTE": 39 } },
            "Detalle": [{ "NmbItem": "Pan amasado", "QtyItem": 1, "PrcItem": 700 }],
        });
        let sold = shop.agent.issue(sale.to_string().into(), Some("a".to_owned())).await.expect("a sale");
        assert_eq!(sold.document.id, "T39F1");
        shop.stop().await;
        let sound = check_against(None, &folder, None, &|_, _| {}).expect("it is read back");
        assert_eq!((sound.store.documents, &sound.unsound, sound.lost_data()), (1, &vec![], false));

        let (mut store, _) = Store::open(&folder, &OpenOptions::default(), &|_, _| {}).expect("its store");
        let id = "T39F1".parse().expect("an id");
        let mut forged = store.reader().issued(&id).expect("it is read").expect("it is there");
        let text = forged.document.bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
        let text = text.replace("<MntTotal>700</MntTotal>", "<MntTotal>701</MntTotal>");
        forged.document.bytes = text.chars().map(|c| c as u8).collect();
        (forged.document.id.number, forged.key) = (2, None);
        let forged = Fact::Issued(Box::new(forged));
        store.commit(vec![forged], SystemClock.now()).expect("it is written");
        drop(store);
        let found = check_against(None, &folder, None, &|_, _| {}).expect("it is read back");
        assert!(found.lost_data() && !found.store.lost_data());
        let [unsound] = &found.unsound[..] else { panic!("{:?}", found.unsound) };
        assert_eq!((unsound.document.to_string(), unsound.version), ("T39F2".to_owned(), 1));
        let codes: Vec<_> = unsound.findings.iter().map(|finding| finding.code.as_str()).collect();
        assert!(codes.contains(&"signature-digest"), "{codes:?}");
    }
}
