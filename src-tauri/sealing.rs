//! Sealing the folder, as the window asks for it. The recovery key is shown to who is in charge at this machine, and to
//! nobody by the network: it is in use only once it was typed back. No other command answers with a key: it is to
//! be on a person's paper, and nowhere else.

use std::sync::Arc;

use tauri::State;
use timbre_agent::view::SealingView;
use timbre_agent::{Answer, DataFolder};

use crate::acting::Acting;
use crate::data_folder::of_disk;

type Folder<'a> = State<'a, Arc<dyn DataFolder>>;

#[tauri::command]
pub async fn sealing(folder: Folder<'_>) -> Answer<SealingView> {
    of_disk(folder, |folder| folder.sealing()).await
}

/// A fresh one each time.
#[tauri::command]
pub async fn recovery_key(folder: Folder<'_>) -> Answer<String> {
    of_disk(folder, |folder| folder.recovery_key()).await
}

#[tauri::command]
pub async fn seal(agent: Acting, folder: Folder<'_>, typed: String, who: String) -> Answer<SealingView> {
    agent.seal(Arc::clone(&folder), typed, who).await
}
