//! What people put right and load, as the window asks for it: each command is one call of the engine.

use std::fs::File;
use std::io::Write;

use tauri::{AppHandle, State};
use timbre_agent::reissue::Reissue;
use timbre_agent::view::{
    BatchView, LoadedRangeView, NotedOrder, ProblemView, RangeDecision, RangeOrder, RangeView, ReissuedView,
    RowView,
};
use timbre_agent::{Agent, Answer};

use crate::acting::Acting;
use crate::commands::{downloaded, reading};

/// `sale` is the one with its fault mended; the same one when there is none.
#[tauri::command]
pub async fn reissue(
    agent: Acting,
    id: String,
    sale: Option<String>,
    new_number: bool,
    who: String,
) -> Answer<ReissuedView> {
    agent.reissue(&id, Reissue { sale: sale.map(Into::into), new_number, who }).await
}

#[tauri::command]
pub async fn found_accepted(agent: Acting, id: String, who: String) -> Answer<RowView> {
    agent.found_accepted(&id, &who).await
}

#[tauri::command]
pub async fn number_annulled(agent: Acting, id: String, who: String) -> Answer<RowView> {
    agent.number_annulled(&id, &who).await
}

#[tauri::command]
pub async fn note_verdict(agent: Acting, id: String, order: NotedOrder) -> Answer<RowView> {
    agent.note_verdict(&id, &order).await
}

/// `share` is the part and how many there are.
#[tauri::command]
pub async fn load_folios(
    agent: Acting,
    file: String,
    share: (u32, u32),
    used_up_to: Option<u64>,
) -> Answer<LoadedRangeView> {
    agent.load_grant(&bytes_of(&file), share, used_up_to).await
}

#[tauri::command]
pub async fn stop_range(agent: Acting, order: RangeDecision) -> Answer<RangeView> {
    agent.stop_range(&order).await
}

#[tauri::command]
pub async fn resume_range(agent: Acting, order: RangeDecision) -> Answer<RangeView> {
    agent.resume_range(&order).await
}

#[tauri::command]
pub async fn range_annulled(agent: Acting, order: RangeOrder) -> Answer<RangeView> {
    agent.range_annulled(&order).await
}

#[tauri::command]
pub async fn skipped_annulled(agent: Acting, order: RangeOrder) -> Answer<RangeView> {
    agent.skipped_annulled(&order).await
}

#[tauri::command]
pub async fn check_batch(agent: State<'_, Agent>, file: String, anew: bool) -> Answer<BatchView> {
    reading(agent, move |agent| agent.check_batch(&bytes_of(&file), anew)).await
}

/// Writes the table to fill in into the user's folder of downloads. Answers where it is.
#[tauri::command]
pub async fn example_sheet(app: AppHandle, agent: State<'_, Agent>) -> Answer<String> {
    let (name, text) = agent.example_sheet()?;
    let write = |_: &Agent, mut file: File| file.write_all(text.as_bytes()).map_err(ProblemView::internal);
    downloaded(app, agent, |_| name, write).await
}

/// A file comes a character a byte.
fn bytes_of(file: &str) -> Vec<u8> {
    file.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect()
}
