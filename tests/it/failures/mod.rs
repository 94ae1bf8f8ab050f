//! The failure table of the SII's services, row by row, through the real HTTP stack: what comes over the wire goes
//! in; what becomes of the document, of its folio and of the line comes out.

mod documents;
mod login;
mod network;
mod parcels;
mod together;
mod uploads;

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use timbre_agent::view::RowView;
use timbre_app::{DemoOptions, Options, Running};
use timbre_tests::scripted::Scripted;
use timbre_tests::{boleta, factura, options, sell};

/// A training shop whose SII does as it is told.
pub(crate) struct Shop {
    pub(crate) sii: Scripted,
    running: Running,
    _dir: TempDir,
}

/// Makes a demo shop and points it at the scripted SII.
async fn prepare(dir: &Path, base: &str, wire: &str) {
    let demo = DemoOptions { latency: Duration::ZERO, scenario: "calm".to_owned() };
    let shop =
        timbre_app::start(Options { demo: Some(demo), ..options(dir) }).await.expect("a demo shop opens");
    shop.stop().await;
    let settings = format!(
        "[training]\nsimulator = \"{base}\"\n[wire]\nabsence_after_seconds = 1\nabsence_gap_seconds = 1\n{wire}"
    );
    std::fs::write(dir.join("shop/timbre.toml"), settings).expect("the folder is ours");
}

pub(crate) async fn open() -> Shop {
    open_with("").await
}

/// The same with these settings of the wire.
async fn open_with(wire: &str) -> Shop {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let sii = Scripted::start().await;
    prepare(dir.path(), &sii.base(), wire).await;
    let running = timbre_app::start(options(dir.path())).await.expect("the shop opens again");
    Shop { sii, running, _dir: dir }
}

impl Shop {
    pub(crate) async fn boleta(&self, key: &str) -> String {
        sell(&self.running, &boleta(990), key).await.expect("a sale is never held up by the SII").document.id
    }

    pub(crate) async fn factura(&self, key: &str) -> String {
        sell(&self.running, &factura(1_000), key)
            .await
            .expect("a sale is never held up by the SII")
            .document
            .id
    }

    fn row(&self, id: &str) -> RowView {
        self.running.agent.detail(id).expect("an issued document is there").row
    }

    /// Waits until the document's row is as wanted.
    async fn until(&self, id: &str, wanted: impl Fn(&RowView) -> bool) -> RowView {
        timbre_tests::until(&self.running, |_| wanted(&self.row(id))).await;
        self.row(id)
    }

    pub(crate) async fn settled(&self, id: &str, state: &str) -> RowView {
        self.until(id, |row| row.state == state).await
    }

    /// Every state the document was in after GENERADO, in order.
    fn trail(&self, id: &str) -> Vec<String> {
        let facts = self.running.agent.history(id).expect("it has a history");
        facts.iter().filter_map(|fact| Some(fact["to"].as_str()?.to_owned())).collect()
    }

    /// The document went this way and no other.
    #[track_caller]
    fn went(&self, id: &str, trail: &[&str]) {
        assert_eq!(self.trail(id), trail, "{:#?}", self.running.agent.history(id));
    }

    pub(crate) async fn stop(self) {
        self.running.stop().await;
        self.sii.stop().await;
    }
}

const STRAIGHT: &[&str] = &["ENVIANDO", "ENVIADO", "ACEPTADO"];
/// A delivery in doubt that did not arrive: asked about, then the same bytes again.
const AGAIN: &[&str] = &["ENVIANDO", "VERIFICANDO", "PENDIENTE", "ENVIANDO", "ENVIADO", "ACEPTADO"];
/// One that was taken and lost: asked about, then the same bytes again.
const LOST: &[&str] = &["ENVIANDO", "ENVIADO", "VERIFICANDO", "PENDIENTE", "ENVIANDO", "ENVIADO", "ACEPTADO"];
/// A delivery in doubt that did arrive.
const ARRIVED: &[&str] = &["ENVIANDO", "VERIFICANDO", "ACEPTADO"];
