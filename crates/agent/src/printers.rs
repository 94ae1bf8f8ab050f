//! The printers of a shop, as people set them up: filled in by the composition root. The engine prints by
//! `core::paper::Paper` and knows nothing of this.

use std::sync::Arc;

use crate::doer::SOMEBODY;
use crate::engine::{Agent, Answer};
use crate::view::{FoundPrinterView, PrinterView, PrintersView, ProblemView};

/// Where a folder's printers are set up. Each answers what there is afterwards.
pub trait Printers: Send + Sync {
    fn list(&self) -> PrintersView;

    /// Adds a printer, or sets the one of this name up anew.
    fn put(&self, printer: &PrinterView) -> Answer<PrintersView>;

    fn remove(&self, name: &str) -> Answer<PrintersView>;

    /// Printers that this machine has. It may take some seconds: not for an async task.
    fn find(&self) -> Vec<FoundPrinterView>;

    /// The shop's logo, a PNG; or none any more.
    fn set_logo(&self, file: Option<&[u8]>) -> Answer<PrintersView>;
}

impl Agent {
    /// Sets a printer up, and writes down who did.
    pub async fn put_printer(&self, all: Arc<dyn Printers>, printer: PrinterView) -> Answer<PrintersView> {
        let what = format!("Configurar la impresora «{}» ({})", printer.name, printer.device);
        self.set_printers(what, move || all.put(&printer)).await
    }

    /// Takes a printer away, and writes down who did.
    pub async fn remove_printer(&self, all: Arc<dyn Printers>, name: String) -> Answer<PrintersView> {
        self.set_printers(format!("Quitar la impresora «{name}»"), move || all.remove(&name)).await
    }

    /// Sets the logo, or none, and writes down who did.
    pub async fn set_logo(
        &self,
        all: Arc<dyn Printers>,
        file: Option<impl AsRef<[u8]> + Send + 'static>,
    ) -> Answer<PrintersView> {
        let what = if file.is_some() { "Poner el logo" } else { "Quitar el logo" };
        let set = move || all.set_logo(file.as_ref().map(AsRef::as_ref));
        self.set_printers(what.to_owned(), set).await
    }

    async fn set_printers(
        &self,
        what: String,
        set: impl FnOnce() -> Answer<PrintersView> + Send + 'static,
    ) -> Answer<PrintersView> {
        let after = tokio::task::spawn_blocking(set).await.map_err(ProblemView::internal)??;
        self.note_act(SOMEBODY, &what).await?;
        Ok(after)
    }
}
