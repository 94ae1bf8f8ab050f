//! The push: whatever changes in the engine is told to the window.

use tauri::{AppHandle, Emitter};
use timbre_agent::Agent;
use timbre_agent::view::PushView;
use tokio::sync::broadcast::error::RecvError;

use crate::alarms::Alarms;
use crate::tray;

/// Name of the event, the same as the API's.
const PUSH: &str = "push";

/// Tells tray and desktop, and forwards every push until the engine is gone. A window that fell behind is told the whole again.
pub async fn forward(agent: Agent, app: AppHandle) {
    let mut pushes = agent.subscribe();
    let mut alarms = Alarms::default();
    tray::tell(&app, &agent.snapshot());
    loop {
        let sent = match pushes.recv().await {
            Ok(push) => {
                tray::tell(&app, &push.snapshot);
                alarms.hear(&app, &push);
                app.emit(PUSH, &*push)
            }
            Err(RecvError::Lagged(_)) => app.emit(PUSH, PushView::anew(agent.snapshot())),
            Err(RecvError::Closed) => return,
        };
        if let Err(error) = sent {
            tracing::warn!(%error, "the window could not be told");
        }
    }
}
