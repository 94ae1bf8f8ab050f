//! A second look at a whole folder: the store is read back, and every document in it is verified as
//! one that comes from elsewhere would be. The vault stays shut unless something is sealed, and nothing is repaired.

mod words;

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, available_parallelism};

use timbre_agent::damage::{self, Damaged};
use timbre_core::{Document, DocumentId, Finding, Regime, Severity};
use timbre_store::{CheckReport, SegmentKeys, percent};

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

    /// How much of it; `None` where nothing is damaged. A lock has words of its own, and they end with it.
    pub fn damaged(&self) -> Option<Damaged> {
        let found = Damaged {
            parts: self.store.damage.len() as u64,
            missing: damage::numbers(&self.store.missing),
            altered: (self.unsound.len() + self.store.repeated.len()) as u64,
        };
        (found != Damaged::default()).then_some(found)
    }
}

/// Reads the whole store of a folder back, asks its anchor too, and verifies every document, all
/// versions; what is sealed as far as `custody` opens it (without one what the environment says). `progress` hears how
/// much of the journal was read, in whole percents.
pub fn check(dir: &Path, custody: Option<Custody>, progress: &dyn Fn(u32)) -> Result<Checked, StartError> {
    check_with(dir, sealing::keys(dir, custody)?, progress)
}

/// The same of a folder whose vault somebody has open.
pub(crate) fn check_with(
    dir: &Path,
    keys: Option<Arc<Vault>>,
    progress: &dyn Fn(u32),
) -> Result<Checked, StartError> {
    check_against(anchor(None, dir), dir, keys, progress)
}

fn check_against(
    anchor: Option<PathBuf>,
    dir: &Path,
    keys: Option<Arc<Vault>>,
    progress: &dyn Fn(u32),
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
    let store = timbre_store::check(dir, anchor.as_deref(), keys, &mut show, &|read, all| {
        progress(percent(read, all))
    })?;
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
    use std::io::{Seek, SeekFrom, Write};

    use serde_json::json;
    use timbre_agent::clock::{Clock, SystemClock};
    use timbre_agent::view::CheckView;
    use timbre_store::{Fact, OpenOptions, Store};

    use super::*;
    use crate::Options;
    use crate::vault::Kind;

    fn options(dir: &Path) -> Options {
        Options { sender: true, ..Options::demo_in(dir) }
    }

    fn sale() -> String {
        json!({
            "Encabezado": { "IdDoc": { "TipoDTE": 39 } },
            "Detalle": [{ "NmbItem": "Pan amasado", "QtyItem": 1, "PrcItem": 700 }],
        })
        .to_string()
    }

    /// Looks at everything by the window's button, and waits until it has.
    async fn look(shop: &crate::Running) -> CheckView {
        let folder = Arc::clone(&shop.data_folder);
        let wait = move || {
            let mut looked = folder.begin_check().expect("a look begins");
            while looked.running {
                thread::yield_now();
                looked = folder.check();
            }
            looked
        };
        tokio::task::spawn_blocking(wait).await.expect("a look ends")
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn damage_is_told_across_the_top_from_the_start_until_a_look_finds_none() {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let shop = crate::start(options(dir.path())).await.expect("a demo shop opens");
        shop.agent.issue(sale().into(), None).await.expect("a sale");
        assert_eq!(look(&shop).await.sound, Some(true));
        let calm = shop.agent.snapshot().sentence;
        assert!(shop.agent.troubles().is_empty() && !calm.text.contains("dañados"), "{calm:?}");
        shop.stop().await;

        let journal = dir.path().join("shop/journal/000001.tj");
        let whole = std::fs::read(&journal).expect("the journal is read");
        let at = whole.windows(7).position(|bytes| bytes == b"<Folio>").expect("a document is in it");
        let harm = |bytes: &[u8]| {
            let mut file = std::fs::File::options().write(true).open(&journal).expect("the journal opens");
            file.seek(SeekFrom::Start(at as u64)).and_then(|_| file.write_all(bytes)).expect("it is written");
        };
        harm(b"<Fol1o>");
        let shop = crate::start(options(dir.path())).await.expect("it opens all the same");
        let said = shop.agent.snapshot().sentence.text;
        let start = "Hay datos dañados en el registro de ventas: 1 parte no se puede leer. Puede seguir vendiendo; copie";
        assert!(said.starts_with(start), "{said}");
        assert_eq!(shop.agent.troubles().len(), 1);
        shop.agent.issue(sale().into(), None).await.expect("whoever is not locked sells");
        harm(b"<Folio>");
        assert_eq!(look(&shop).await.sound, Some(true));
        assert_eq!(shop.agent.troubles(), [""; 0], "a look that finds nothing ends it");

        harm(b"<Fol1o>");
        let looked = look(&shop).await;
        assert_eq!(looked.sound, Some(false));
        assert!(looked.lines[0].contains("Puede seguir vendiendo"), "{:?}", looked.lines);
        let said = shop.agent.snapshot().sentence.text;
        assert!(said.starts_with("Hay datos dañados en el registro de ventas: 1 parte"), "{said}");
        shop.stop().await;
    }

    /// One bit of the frame with these words, while nobody has the folder open.
    fn flip(folder: &Path, words: &str) {
        let journal = folder.join("journal/000001.tj");
        let mut bytes = std::fs::read(&journal).expect("the journal is read");
        let at = bytes.windows(words.len()).position(|part| part == words.as_bytes()).expect("it is there");
        bytes[at + 2] ^= 1;
        std::fs::write(&journal, bytes).expect("it is written");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_certificate_or_a_caf_that_cannot_be_read_is_to_be_loaded_again_and_nobody_is_told_to_sell() {
        for (words, code, way_out) in [
            (
                r#""fact":"certificate_loaded""#,
                "certificate-unreadable",
                "No se puede leer el certificado guardado: cárguelo otra vez",
            ),
            (
                r#""series":"39""#,
                "grant-unreadable",
                "No se puede leer el CAF de boleta 1 a 100.000 que está guardado: cárguelo otra vez",
            ),
        ] {
            let dir = tempfile::tempdir().expect("a folder for the test");
            let shop = crate::start(options(dir.path())).await.expect("a demo shop opens");
            shop.agent.issue(sale().into(), None).await.expect("a sale");
            shop.stop().await;
            flip(&dir.path().join("shop"), words);
            let found = check_against(None, &dir.path().join("shop"), None, &|_| {}).expect("it is read");
            let said = &found.words()[0];
            assert!(said.contains("Cargue otra vez") && !said.contains("seguir vendiendo"), "{said}");

            let plain = Options { demo: None, ..options(dir.path()) };
            let shop = crate::start(plain).await.expect("it opens all the same");
            let refused = shop.agent.issue(sale().into(), None).await.expect_err("nothing signs it");
            assert_eq!((refused.status, refused.code.as_str()), (503, code));
            assert!(refused.detail.starts_with(way_out), "{}", refused.detail);
            assert!(refused.detail.ends_with("cárguelo otra vez."), "{}", refused.detail);
            let told = shop.agent.troubles();
            assert!(told.iter().any(|told| told.starts_with(way_out)), "{told:?}");
            let sentence = shop.agent.snapshot().sentence.text;
            assert!(sentence.contains(&way_out[1..]), "{sentence}");
            let looked = look(&shop).await;
            assert!(!looked.lines[0].contains("seguir vendiendo"), "{:?}", looked.lines);
            assert!(shop.agent.troubles().iter().all(|told| !told.contains("seguir vendiendo")));
            shop.stop().await;
            if code == "certificate-unreadable" {
                let shop = crate::start(options(dir.path())).await.expect("training loads its own again");
                shop.agent.issue(sale().into(), None).await.expect("what is loaded again signs");
                let told = shop.agent.troubles();
                assert!(told.iter().all(|told| !told.contains("certificado")), "{told:?}");
                shop.stop().await;
            }
        }
    }

    /// It is whole, and another vault's: nobody is told to sell before it is loaded again.
    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_vault_that_is_no_more_closed_is_told_until_it_is_loaded_again() {
        let dir = tempfile::tempdir().expect("a folder for the test");
        crate::start(options(dir.path())).await.expect("a demo shop opens").stop().await;
        let custody = Some(Custody::forced(Kind::KeyFile));
        crate::remake_vault(&dir.path().join("shop"), custody).expect("a vault");
        let caf = "No se puede leer el CAF de boleta 1 a 100.000 que está guardado: cárguelo otra vez";
        let plain = Options { demo: None, ..options(dir.path()) };
        let shop = crate::start(plain).await.expect("it opens all the same");
        let told = shop.agent.troubles().join(" ");
        assert!(told.contains("el certificado guardado: cárguelo otra vez") && told.contains(caf), "{told}");
        shop.stop().await;
        // Training loads its own certificate again.
        let shop = crate::start(options(dir.path())).await.expect("it opens");
        let told = shop.agent.troubles().join(" ");
        assert!(!told.contains("certificado") && told.contains(caf), "{told}");
        assert!(shop.agent.snapshot().sentence.text.contains(&caf[1..]));
        let refused = shop.agent.issue(sale().into(), None).await.expect_err("nothing stamps it");
        assert_eq!((refused.status, refused.code.as_str()), (503, "grant-unreadable"));
        assert!(refused.detail.starts_with(caf), "{}", refused.detail);
        look(&shop).await;
        assert!(shop.agent.keys_lost() && shop.agent.troubles().join(" ").contains(caf));
        shop.stop().await;
    }

    /// Its frames and its chain are whole: only the signature tells.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_document_that_is_not_what_was_signed_is_named() {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let folder = dir.path().join("shop");
        let shop = crate::start(options(dir.path())).await.expect("a demo shop opens");
        let sold = shop.agent.issue(sale().into(), Some("a".to_owned())).await.expect("a sale");
        assert_eq!(sold.document.id, "T39F1");
        shop.stop().await;
        let sound = check_against(None, &folder, None, &|_| {}).expect("it is read back");
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
        let found = check_against(None, &folder, None, &|_| {}).expect("it is read back");
        assert!(found.lost_data() && !found.store.lost_data());
        let [unsound] = &found.unsound[..] else { panic!("{:?}", found.unsound) };
        assert_eq!((unsound.document.to_string(), unsound.version), ("T39F2".to_owned(), 1));
        let codes: Vec<_> = unsound.findings.iter().map(|finding| finding.code.as_str()).collect();
        assert!(codes.contains(&"signature-digest"), "{codes:?}");
    }
}
