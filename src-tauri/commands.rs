//! What the window may ask: each command is one call of the engine. What reads the disk does so on a
//! thread that may wait, or a long search would hold up the sender.

use std::sync::Arc;

use serde_json::Value;
use tauri::{AppHandle, State};
use timbre_agent::view::{
    DetailView, FoundView, IssuedView, PageView, PaperView, PreviewView, PrinterView, PrintersView,
    ProblemView, Query, ResentView, Snapshot,
};
use timbre_agent::{Agent, Answer, Printers};

fn bytes(sale: &Value) -> Answer<bytes::Bytes> {
    serde_json::to_vec(sale).map(Into::into).map_err(ProblemView::internal)
}

async fn reading<T: Send + 'static>(
    agent: State<'_, Agent>,
    read: impl FnOnce(Agent) -> Answer<T> + Send + 'static,
) -> Answer<T> {
    let agent = agent.inner().clone();
    tauri::async_runtime::spawn_blocking(move || read(agent)).await.map_err(ProblemView::internal)?
}

#[tauri::command]
pub async fn snapshot(agent: State<'_, Agent>) -> Answer<Snapshot> {
    reading(agent, |agent| Ok(agent.snapshot())).await
}

#[tauri::command]
pub async fn documents(agent: State<'_, Agent>, query: Query) -> Answer<PageView> {
    reading(agent, move |agent| agent.list(&query)).await
}

#[tauri::command]
pub async fn document(agent: State<'_, Agent>, id: String) -> Answer<DetailView> {
    reading(agent, move |agent| agent.detail(&id)).await
}

/// The document's text, for the eye: the bytes are Latin-1.
#[tauri::command]
pub async fn xml(agent: State<'_, Agent>, id: String) -> Answer<String> {
    reading(agent, move |agent| Ok(agent.file(&id)?.into_iter().map(char::from).collect())).await
}

/// The ticket as it stands on paper.
#[tauri::command]
pub async fn picture(agent: State<'_, Agent>, id: String) -> Answer<String> {
    reading(agent, move |agent| agent.picture(&id)).await
}

#[tauri::command]
pub async fn print(agent: State<'_, Agent>, id: String) -> Answer<PaperView> {
    agent.print(&id, false, None).await
}

#[tauri::command]
pub async fn settle_paper(agent: State<'_, Agent>, id: String, printed: bool) -> Answer<PaperView> {
    agent.settle_paper(&id, printed).await
}

#[tauri::command]
pub async fn issue(agent: State<'_, Agent>, sale: Value, key: String) -> Answer<IssuedView> {
    agent.issue(bytes(&sale)?, Some(key)).await
}

#[tauri::command]
pub async fn preview(agent: State<'_, Agent>, sale: Value) -> Answer<PreviewView> {
    let sale = bytes(&sale)?;
    reading(agent, move |agent| agent.preview(sale)).await
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
pub async fn sending(agent: State<'_, Agent>, running: bool) -> Answer<()> {
    reading(agent, move |agent| {
        agent.set_running(running);
        Ok(())
    })
    .await
}

#[tauri::command]
pub fn printers(printers: State<'_, Arc<dyn Printers>>) -> PrintersView {
    printers.list()
}

async fn setting<T: Send + 'static>(
    printers: State<'_, Arc<dyn Printers>>,
    set: impl FnOnce(&dyn Printers) -> Answer<T> + Send + 'static,
) -> Answer<T> {
    let printers = Arc::clone(&printers);
    tauri::async_runtime::spawn_blocking(move || set(&*printers)).await.map_err(ProblemView::internal)?
}

#[tauri::command]
pub async fn found_printers(printers: State<'_, Arc<dyn Printers>>) -> Answer<Vec<FoundView>> {
    setting(printers, |printers| Ok(printers.find())).await
}

#[tauri::command]
pub async fn put_printer(
    printers: State<'_, Arc<dyn Printers>>,
    printer: PrinterView,
) -> Answer<PrintersView> {
    setting(printers, move |printers| printers.put(&printer)).await
}

#[tauri::command]
pub async fn remove_printer(printers: State<'_, Arc<dyn Printers>>, name: String) -> Answer<PrintersView> {
    setting(printers, move |printers| printers.remove(&name)).await
}

#[tauri::command]
pub async fn set_logo(printers: State<'_, Arc<dyn Printers>>, file: Option<Vec<u8>>) -> Answer<PrintersView> {
    setting(printers, move |printers| printers.set_logo(file.as_deref())).await
}

#[tauri::command]
pub async fn test_printer(agent: State<'_, Agent>, name: String) -> Answer<PaperView> {
    agent.test_printer(Some(name)).await
}

/// Closes the window although documents wait.
#[tauri::command]
pub fn quit(app: AppHandle) {
    app.exit(0);
}
