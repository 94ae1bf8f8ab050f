//! The push: whatever changes in the engine is told to the window.

use std::sync::Arc;
use std::time::SystemTime;

use tauri::{AppHandle, Emitter};
use timbre_agent::Agent;
use timbre_agent::view::{PushView, Snapshot};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::alarms::Alarms;
use crate::tray;

/// Name of the event, the same as the API's.
const PUSH: &str = "push";

/// Tells tray, desktop and window every push until the engine is gone.
pub async fn forward(agent: Agent, app: AppHandle) {
    let mut pushes = agent.subscribe();
    let mut alarms = Alarms::default();
    tray::tell(&app, &agent.snapshot());
    while let Some(push) = next(&mut pushes, || agent.snapshot()).await {
        tray::tell(&app, &push.snapshot);
        alarms.hear(&app, &push, SystemTime::from(agent.now()));
        if let Err(error) = app.emit(PUSH, &*push) {
            tracing::warn!(%error, "the window could not be told");
        }
    }
}

/// The next push; the whole as it stands now where this fell behind.
async fn next(pushes: &mut Receiver<Arc<PushView>>, whole: impl Fn() -> Snapshot) -> Option<Arc<PushView>> {
    match pushes.recv().await {
        Ok(push) => Some(push),
        Err(RecvError::Lagged(_)) => Some(Arc::new(PushView::anew(whole()))),
        Err(RecvError::Closed) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use timbre_agent::view::Counters;
    use tokio::sync::broadcast;

    use super::*;

    fn snapshot(version: u64) -> Snapshot {
        serde_json::from_value(json!({
            "environment": "training", "company": null, "sentence": { "mood": "calm", "text": "Todo al día" },
            "counters": Counters::default(), "total": 0, "issued_today": 0,
            "workers": { "active": 0, "allowed": 1, "running": true }, "folios": [], "deadline": null,
            "last_answer": null, "certificate": null, "missing": [], "address": null, "as_of": "", "version": version,
        }))
        .expect("a snapshot")
    }

    #[tokio::test]
    async fn who_fell_behind_is_told_how_it_stands_now_and_goes_on() {
        let (tell, mut pushes) = broadcast::channel(1);
        for version in [1, 2] {
            tell.send(Arc::new(PushView::anew(snapshot(version)))).expect("somebody hears");
        }
        let mut next = async || next(&mut pushes, || snapshot(3)).await.map(|push| push.snapshot.version);
        assert_eq!(next().await, Some(3), "the first was missed");
        assert_eq!(next().await, Some(2));
        drop(tell);
        assert_eq!(next().await, None);
    }
}
