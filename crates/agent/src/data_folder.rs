//! The data folder as people see it and set it up: filled in by the composition root, which alone knows its files.

use std::sync::Arc;

use crate::engine::{Agent, Answer};
use timbre_store::Fact;

use crate::roles::{SEAL, risky};
use crate::view::{CheckView, PlaceView, ProblemView, SealingView, SettingsOrder, SettingsView};

/// What a folder's settings say, where it is, whether it is sound. All of it reads the disk: not for an async task.
pub trait DataFolder: Send + Sync {
    fn settings(&self) -> Answer<SettingsView>;

    /// Writes what is wanted, all of it or nothing. Answers what stands there now, and in words what changed.
    fn set(&self, order: &SettingsOrder) -> Answer<(SettingsView, Vec<String>)>;

    fn place(&self) -> Answer<PlaceView>;

    /// Begins a second look at everything, unless one is under way.
    fn begin_check(&self) -> Answer<CheckView>;

    fn check(&self) -> CheckView;

    fn sealing(&self) -> Answer<SealingView>;

    /// A fresh recovery key in words, to be written down by a person. It is kept until it is typed back, and nowhere
    /// on disk; asked for again it is another one.
    fn recovery_key(&self) -> Answer<String>;

    /// Whoever has the paper typed it back: from now on the folder's key can be had again with it.
    fn agree(&self, typed: &str) -> Answer<()>;

    /// What was agreed on is done: the key that was shown is forgotten.
    fn sealed(&self);
}

impl Agent {
    /// Changes the folder's settings, and writes down who did.
    pub async fn set_settings(
        &self,
        folder: Arc<dyn DataFolder>,
        order: SettingsOrder,
    ) -> Answer<SettingsView> {
        self.named(&order.who)?;
        let who = order.who.clone();
        let setting = tokio::task::spawn_blocking(move || folder.set(&order));
        let (settings, changed) = setting.await.map_err(ProblemView::internal)??;
        if !changed.is_empty() {
            self.note_act(&who, &format!("Cambia los ajustes: {}", changed.join(", "))).await?;
        }
        Ok(settings)
    }

    /// Seals what is written from now on, once the recovery key that was shown is typed back. Who wanted it is the
    /// first fact that is sealed. The index may have to be made anew for it: meanwhile sales wait, and those with a key,
    /// which is looked for first, are told to come again. The key that was shown serves until it is done.
    pub async fn seal(&self, folder: Arc<dyn DataFolder>, typed: String, who: String) -> Answer<SealingView> {
        let who = self.named(&who)?;
        let agreeing = Arc::clone(&folder);
        let agreed = tokio::task::spawn_blocking(move || agreeing.agree(&typed)).await;
        agreed.map_err(ProblemView::internal)??;
        let what = risky(SEAL).unwrap_or(SEAL).to_owned();
        self.0.writer.seal(vec![Fact::Acted { who, what, documents: Vec::new() }]).await?;
        folder.sealed();
        self.0.push(Vec::new(), true);
        let looked =
            tokio::task::spawn_blocking(move || folder.sealing()).await.map_err(ProblemView::internal)?;
        // It is done, whatever keeps the folder from being looked at.
        looked.map_err(|problem| ProblemView {
            detail: format!(
                "Lo que se guarda se cifra desde ahora, y la clave de su papel sirve. La carpeta no se pudo mirar: {}",
                problem.detail
            ),
            ..problem
        })
    }
}
