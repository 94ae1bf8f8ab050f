//! What the window may ask: each command is one call of the engine. What reads the disk does so on a
//! thread that may wait, or a long search would hold up the sender.

use std::fs::File;
use std::io::BufWriter;
use std::sync::Arc;

use serde_json::Value;
use tauri::{AppHandle, Manager, State};
use timbre_agent::export::Form;
use timbre_agent::view::{
    DetailView, FoundPrinterView, FoundView, IssuedView, PageView, PaperView, PreviewView, PrinterView,
    PrintersView, ProblemView, Query, ResentView, Snapshot, TodayView,
};
use timbre_agent::{Agent, Answer, Printers};

use crate::acting::{Acting, Selling};
use crate::window::{Again, PRACTICE, Where};
use crate::words;

pub(crate) fn bytes(sale: &Value) -> Answer<bytes::Bytes> {
    serde_json::to_vec(sale).map(Into::into).map_err(ProblemView::internal)
}

pub(crate) async fn reading<T: Send + 'static>(
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
pub async fn print(agent: State<'_, Agent>, id: String, ceded: bool) -> Answer<PaperView> {
    agent.print(&id, ceded, None).await
}

#[tauri::command]
pub async fn settle_paper(agent: State<'_, Agent>, id: String, printed: bool) -> Answer<PaperView> {
    agent.settle_paper(&id, printed).await
}

#[tauri::command]
pub async fn issue(agent: Selling, sale: Value, key: String) -> Answer<IssuedView> {
    agent.issue(bytes(&sale)?, Some(key)).await
}

/// A sale of a file, by its exact text: decimals stay as they are written there.
#[tauri::command]
pub async fn issue_text(agent: Selling, sale: String, key: String) -> Answer<IssuedView> {
    agent.issue(sale.into(), Some(key)).await
}

#[tauri::command]
pub async fn preview(agent: State<'_, Agent>, sale: Value) -> Answer<PreviewView> {
    let sale = bytes(&sale)?;
    reading(agent, move |agent| agent.preview(sale)).await
}

#[tauri::command]
pub async fn resend(agent: Acting, ids: Vec<String>) -> Answer<ResentView> {
    agent.resend(&ids).await
}

#[tauri::command]
pub async fn resend_pending(agent: Acting) -> Answer<ResentView> {
    agent.resend_pending().await
}

#[tauri::command]
pub async fn resend_found(agent: Acting, query: Query) -> Answer<ResentView> {
    agent.resend_found(&query).await
}

#[tauri::command]
pub async fn count(agent: State<'_, Agent>, query: Query) -> Answer<FoundView> {
    reading(agent, move |agent| agent.count(&query)).await
}

#[tauri::command]
pub async fn today(agent: State<'_, Agent>) -> Answer<TodayView> {
    reading(agent, |agent| agent.today()).await
}

/// The sale as it came in, to be mended.
#[tauri::command]
pub async fn sale(agent: State<'_, Agent>, id: String) -> Answer<String> {
    reading(agent, move |agent| String::from_utf8(agent.sale(&id)?).map_err(ProblemView::internal)).await
}

/// Writes what a query finds into the user's folder of downloads, under a name of our own: the page names no
/// path. Answers where it is.
#[tauri::command]
pub async fn export(app: AppHandle, agent: State<'_, Agent>, query: Query, form: String) -> Answer<String> {
    let form = Form::from_word(&form)
        .ok_or_else(|| ProblemView::bad_request("form-invalid", words::NO_SUCH_FORM))?;
    downloaded(
        app,
        agent,
        move |agent| agent.export_name(form),
        move |agent, file| agent.export(&query, form, &mut BufWriter::new(file)).map(drop),
    )
    .await
}

/// Writes a new file into the user's folder of downloads. Answers where it is.
pub(crate) async fn downloaded(
    app: AppHandle,
    agent: State<'_, Agent>,
    name: impl FnOnce(&Agent) -> String + Send + 'static,
    write: impl FnOnce(&Agent, File) -> Answer<()> + Send + 'static,
) -> Answer<String> {
    let folder =
        app.path().download_dir().or_else(|_| app.path().home_dir()).map_err(ProblemView::internal)?;
    reading(agent, move |agent| {
        let path = folder.join(name(&agent));
        let shown = path.display().to_string();
        let told = |error: std::io::Error| ProblemView::internal(words::unwritten(&shown, error));
        std::fs::create_dir_all(&folder).map_err(told)?;
        let file = File::create_new(&path).map_err(told)?;
        let outcome = write(&agent, file);
        if outcome.is_err() {
            // Half a file would be taken for all there is.
            std::fs::remove_file(&path).map_err(told)?;
        }
        outcome.map(|()| shown)
    })
    .await
}

#[tauri::command]
pub async fn sending(agent: Acting, running: bool) -> Answer<()> {
    agent.order_sending(running).await
}

#[tauri::command]
pub fn printers(printers: State<'_, Arc<dyn Printers>>) -> PrintersView {
    printers.list()
}

#[tauri::command]
pub async fn found_printers(printers: State<'_, Arc<dyn Printers>>) -> Answer<Vec<FoundPrinterView>> {
    let printers = Arc::clone(&printers);
    tauri::async_runtime::spawn_blocking(move || printers.find()).await.map_err(ProblemView::internal)
}

#[tauri::command]
pub async fn put_printer(
    agent: Acting,
    printers: State<'_, Arc<dyn Printers>>,
    printer: PrinterView,
) -> Answer<PrintersView> {
    agent.put_printer(Arc::clone(&printers), printer).await
}

#[tauri::command]
pub async fn remove_printer(
    agent: Acting,
    printers: State<'_, Arc<dyn Printers>>,
    name: String,
) -> Answer<PrintersView> {
    agent.remove_printer(Arc::clone(&printers), name).await
}

#[tauri::command]
pub async fn set_logo(
    agent: Acting,
    printers: State<'_, Arc<dyn Printers>>,
    file: Option<Vec<u8>>,
) -> Answer<PrintersView> {
    agent.set_logo(Arc::clone(&printers), file).await
}

#[tauri::command]
pub async fn test_printer(agent: State<'_, Agent>, name: String) -> Answer<PaperView> {
    agent.test_printer(Some(name)).await
}

/// The window goes to the tray; the sending goes on.
#[tauri::command]
pub fn hide(window: tauri::Window) -> Answer<()> {
    window.hide().map_err(ProblemView::internal)
}

/// Closes the window although documents wait.
#[tauri::command]
pub fn quit(app: AppHandle) {
    app.exit(0);
}

/// Closes Timbre and opens it again: what was set holds from then on, and what waits goes on. With `practice` it opens
/// on the practice shop, or (false) on the shop's own.
#[tauri::command]
pub fn restart(app: AppHandle, again: State<'_, Again>, practice: Option<bool>) -> Answer<()> {
    let practising = std::env::args_os().any(|word| word == PRACTICE);
    again.ask(match practice {
        None => Where::Here,
        Some(true) => Where::Practice,
        Some(false) if practising => Where::Shop,
        Some(false) => {
            return Err(ProblemView::refused("practice-alone", words::PRACTICE_ALONE));
        }
    });
    app.exit(0);
    Ok(())
}
