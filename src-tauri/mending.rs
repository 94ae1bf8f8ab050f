//! What people put right and load, as the window asks for it: each command is one call of the engine.

use tauri::State;
use timbre_agent::reissue::Reissue;
use timbre_agent::view::{
    BatchView, LoadedRangeView, NotedOrder, RangeDecision, RangeOrder, RangeView, ReissuedView, RowView,
};
use timbre_agent::{Agent, Answer};

use crate::commands::reading;

/// `sale` is the one with its fault mended; the same one when there is none.
#[tauri::command]
pub async fn reissue(
    agent: State<'_, Agent>,
    id: String,
    sale: Option<String>,
    new_number: bool,
    who: String,
) -> Answer<ReissuedView> {
    agent.reissue(&id, Reissue { sale: sale.map(Into::into), new_number, who }).await
}

#[tauri::command]
pub async fn found_accepted(agent: State<'_, Agent>, id: String, who: String) -> Answer<RowView> {
    agent.found_accepted(&id, &who).await
}

#[tauri::command]
pub async fn number_annulled(agent: State<'_, Agent>, id: String, who: String) -> Answer<RowView> {
    agent.number_annulled(&id, &who).await
}

#[tauri::command]
pub async fn note_verdict(agent: State<'_, Agent>, id: String, order: NotedOrder) -> Answer<RowView> {
    agent.note_verdict(&id, &order).await
}

/// `share` is the part and how many there are.
#[tauri::command]
pub async fn load_folios(
    agent: State<'_, Agent>,
    file: String,
    share: (u32, u32),
    used_up_to: Option<u64>,
) -> Answer<LoadedRangeView> {
    // The file is Latin-1, a character a byte.
    let file: Vec<u8> = file.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect();
    agent.load_grant(&file, share, used_up_to).await
}

#[tauri::command]
pub async fn stop_range(agent: State<'_, Agent>, order: RangeDecision) -> Answer<RangeView> {
    agent.stop_range(&order).await
}

#[tauri::command]
pub async fn resume_range(agent: State<'_, Agent>, order: RangeDecision) -> Answer<RangeView> {
    agent.resume_range(&order).await
}

#[tauri::command]
pub async fn range_annulled(agent: State<'_, Agent>, order: RangeOrder) -> Answer<RangeView> {
    agent.range_annulled(&order).await
}

#[tauri::command]
pub async fn skipped_annulled(agent: State<'_, Agent>, order: RangeOrder) -> Answer<RangeView> {
    agent.skipped_annulled(&order).await
}

#[tauri::command]
pub async fn check_batch(agent: State<'_, Agent>, file: String, anew: bool) -> Answer<BatchView> {
    reading(agent, move |agent| agent.check_batch(file.as_bytes(), anew)).await
}
