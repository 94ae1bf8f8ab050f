//! The data folder as people see it and set it up: filled in by the composition root, which alone knows its files.

use std::sync::Arc;

use crate::engine::{Agent, Answer};
use crate::view::{CheckView, PlaceView, ProblemView, SettingsOrder, SettingsView};

/// What a folder's settings say, where it is, whether it is sound. All of it reads the disk: not for an async task.
pub trait DataFolder: Send + Sync {
    fn settings(&self) -> Answer<SettingsView>;

    /// Writes what is wanted, all of it or nothing. Answers what stands there now, and in words what changed.
    fn set(&self, order: &SettingsOrder) -> Answer<(SettingsView, Vec<String>)>;

    fn place(&self) -> Answer<PlaceView>;

    /// Begins a second look at everything, unless one is under way.
    fn begin_check(&self) -> Answer<CheckView>;

    fn check(&self) -> CheckView;
}

impl Agent {
    /// Changes the folder's settings, and writes down who did.
    pub async fn set_settings(
        &self,
        folder: Arc<dyn DataFolder>,
        order: SettingsOrder,
    ) -> Answer<SettingsView> {
        let who = order.who.trim().to_owned();
        if who.is_empty() {
            return Err(ProblemView::refused("who-missing", "Falta quién lo decide."));
        }
        let setting = tokio::task::spawn_blocking(move || folder.set(&order));
        let (settings, changed) = setting.await.map_err(ProblemView::internal)??;
        if !changed.is_empty() {
            self.note_act(&who, &format!("Cambia los ajustes: {}", changed.join(", "))).await?;
        }
        Ok(settings)
    }
}
