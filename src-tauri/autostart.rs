//! Whether Timbre is opened when somebody logs in to this machine.

use tauri::AppHandle;
use tauri_plugin_autostart::ManagerExt;
use timbre_agent::Answer;
use timbre_agent::view::ProblemView;

#[tauri::command]
pub fn autostart(app: AppHandle) -> Answer<bool> {
    app.autolaunch().is_enabled().map_err(ProblemView::internal)
}

/// Answers how it is now.
#[tauri::command]
pub fn set_autostart(app: AppHandle, on: bool) -> Answer<bool> {
    let launch = app.autolaunch();
    let set = if on { launch.enable() } else { launch.disable() };
    set.and_then(|()| launch.is_enabled()).map_err(ProblemView::internal)
}
