//! The start of an agent of our own. Where it has to make its index anew that may take minutes: a small window says how
//! far it is, and makes way for the one window.

use std::time::Duration;

use tauri::webview::WebviewWindowBuilder;
use tauri::{AppHandle, Emitter, WebviewUrl};
use timbre_app::{Options, Progress, Running, StartError};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::window::{self, Begun, Kept, Shows};
use crate::words;

/// The label of the small window, and the event that tells it the percent.
pub const STARTING: &str = "starting";

/// Of what takes no longer no window comes and goes.
const MOMENT: Duration = Duration::from_millis(500);

/// An agent that is on its way, and how much of its index is made, in percent.
pub struct Starting<R = Running> {
    agent: JoinHandle<Result<R, StartError>>,
    made: watch::Receiver<u32>,
}

/// Starts an agent, and waits for it unless it has to make its index anew.
pub async fn start(options: Options) -> Begun {
    let (tell, made) = watch::channel(0);
    let progress = Some(Progress::new(move |percent| _ = tell.send(percent)));
    let agent = tokio::spawn(timbre_app::start(Options { progress, ..options }));
    let mut starting = Starting { agent, made };
    match wait(&mut starting, MOMENT).await {
        Some(ended) => Begun::Ready(ended.into()),
        None => Begun::Slow(starting),
    }
}

/// How the start ended; `None` once its index takes longer than a moment.
async fn wait<R>(starting: &mut Starting<R>, moment: Duration) -> Option<Result<R, StartError>> {
    let Starting { agent, made } = starting;
    let slow = async {
        // One that ends tells nothing any more, and is heard of above.
        if made.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(moment).await;
    };
    tokio::select! {
        biased;
        ended = agent => Some(ended.unwrap_or_else(|panic| Err(StartError::Network(panic.to_string())))),
        () = slow => None,
    }
}

/// Shows the small window until the start ends, then the one window in its place. Closed before, Timbre ends: an index
/// that is half made is made anew at the next start.
pub fn show(app: &AppHandle, mut starting: Starting, kept: Kept) -> tauri::Result<()> {
    let percent = *starting.made.borrow_and_update();
    let small = WebviewWindowBuilder::new(app, STARTING, WebviewUrl::default())
        .title(words::TIMBRE)
        .inner_size(520.0, 240.0)
        .resizable(false)
        .center()
        .initialization_script(format!("window.TIMBRE_STARTING = {percent};"))
        .build()?;
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let ended = loop {
            if let Some(ended) = wait(&mut starting, Duration::ZERO).await {
                break ended;
            }
            let percent = *starting.made.borrow_and_update();
            if let Err(error) = small.emit(STARTING, percent) {
                tracing::warn!(%error, "the window could not be told how far the index is");
            }
        };
        let shows = Shows::from(ended);
        shows.tell();
        if let Err(error) = window::open(&app, &shows) {
            eprintln!("{}", words::no_window(error));
            app.exit(1);
        }
        kept.put(shows);
        // Last, as without any window Timbre ends.
        if let Err(error) = small.destroy() {
            tracing::warn!(%error, "the small window stays");
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_start_that_makes_its_index_anew_is_not_waited_for() {
        let (tell, made) = watch::channel(0);
        let (end, ended) = tokio::sync::oneshot::channel();
        let agent = tokio::spawn(async { ended.await.map_err(|_| StartError::NoState) });
        let mut starting = Starting { agent, made };
        tell.send(1).expect("somebody hears");
        assert!(wait(&mut starting, Duration::ZERO).await.is_none(), "it is told of");
        // Nobody tells any more, and the start is still to end.
        drop(tell);
        end.send("an agent").expect("it is on its way");
        assert_eq!(wait(&mut starting, Duration::ZERO).await.map(Result::ok), Some(Some("an agent")));

        let (tell, made) = watch::channel(0);
        let agent = tokio::spawn(async { Ok::<_, StartError>("an agent") });
        let mut starting = Starting { agent, made };
        tell.send(1).expect("somebody hears");
        let quick = wait(&mut starting, Duration::from_secs(600)).await;
        assert_eq!(
            quick.map(Result::ok),
            Some(Some("an agent")),
            "an index that takes a moment has no window"
        );
    }

    #[test]
    fn the_small_window_has_no_command() {
        let config: serde_json::Value = serde_json::from_str(include_str!("../tauri.conf.json")).unwrap();
        let of_it = |one: &&serde_json::Value| one["windows"].as_array().unwrap().contains(&STARTING.into());
        let granted: Vec<_> =
            config["app"]["security"]["capabilities"].as_array().unwrap().iter().filter(of_it).collect();
        assert_eq!(granted.len(), 1);
        assert_eq!(
            granted[0]["permissions"],
            serde_json::json!(["core:event:allow-listen", "core:event:allow-unlisten"])
        );
    }
}
