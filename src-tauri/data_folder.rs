//! The data folder as the window asks for it: its settings, where it is, a second look at all of it.

use std::sync::Arc;

use tauri::State;
use timbre_agent::view::{CheckView, PlaceView, ProblemView, SettingsOrder, SettingsView};
use timbre_agent::{Answer, DataFolder};

use crate::acting::Acting;

type Folder<'a> = State<'a, Arc<dyn DataFolder>>;

pub async fn of_disk<T: Send + 'static>(
    folder: Folder<'_>,
    ask: impl FnOnce(&dyn DataFolder) -> Answer<T> + Send + 'static,
) -> Answer<T> {
    let folder = Arc::clone(&folder);
    tauri::async_runtime::spawn_blocking(move || ask(&*folder)).await.map_err(ProblemView::internal)?
}

#[tauri::command]
pub async fn settings(folder: Folder<'_>) -> Answer<SettingsView> {
    of_disk(folder, |folder| folder.settings()).await
}

#[tauri::command]
pub async fn set_settings(agent: Acting, folder: Folder<'_>, order: SettingsOrder) -> Answer<SettingsView> {
    agent.set_settings(Arc::clone(&folder), order).await
}

#[tauri::command]
pub async fn place(folder: Folder<'_>) -> Answer<PlaceView> {
    of_disk(folder, |folder| folder.place()).await
}

#[tauri::command]
pub async fn begin_check(folder: Folder<'_>) -> Answer<CheckView> {
    of_disk(folder, |folder| folder.begin_check()).await
}

#[tauri::command]
pub fn check(folder: Folder<'_>) -> CheckView {
    folder.check()
}
