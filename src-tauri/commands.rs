//! What the window may ask: each command is one call of the engine.

use serde_json::Value;
use tauri::State;
use timbre_agent::view::{
    DetailView, IssuedView, PageView, PreviewView, ProblemView, Query, ResentView, Snapshot,
};
use timbre_agent::{Agent, Answer};

fn bytes(sale: &Value) -> Answer<bytes::Bytes> {
    serde_json::to_vec(sale).map(Into::into).map_err(ProblemView::internal)
}

#[tauri::command]
pub fn snapshot(agent: State<'_, Agent>) -> Snapshot {
    agent.snapshot()
}

#[tauri::command(async)]
pub fn documents(agent: State<'_, Agent>, query: Query) -> Answer<PageView> {
    agent.list(&query)
}

#[tauri::command(async)]
pub fn document(agent: State<'_, Agent>, id: String) -> Answer<DetailView> {
    agent.detail(&id)
}

/// The document's text, for the eye: the bytes are Latin-1.
#[tauri::command(async)]
pub fn xml(agent: State<'_, Agent>, id: String) -> Answer<String> {
    Ok(agent.file(&id)?.into_iter().map(char::from).collect())
}

#[tauri::command]
pub async fn issue(agent: State<'_, Agent>, sale: Value, key: String) -> Answer<IssuedView> {
    agent.issue(bytes(&sale)?, Some(key)).await
}

#[tauri::command(async)]
pub fn preview(agent: State<'_, Agent>, sale: Value) -> Answer<PreviewView> {
    agent.preview(bytes(&sale)?)
}

#[tauri::command]
pub async fn resend(agent: State<'_, Agent>, ids: Vec<String>) -> Answer<ResentView> {
    agent.resend(&ids).await
}

#[tauri::command]
pub async fn resend_pending(agent: State<'_, Agent>) -> Answer<ResentView> {
    agent.resend_pending().await
}

#[tauri::command]
pub fn sending(agent: State<'_, Agent>, running: bool) {
    agent.set_running(running);
}
