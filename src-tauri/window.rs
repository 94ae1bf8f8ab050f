//! The one window: on our own agent, as a client of the one that runs, or to say why there is none.

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tauri::webview::WebviewWindowBuilder;
use tauri::{App, Emitter, Manager, Url, WebviewUrl, Window, WindowEvent};
use timbre_agent::Agent;
use timbre_app::{Address, Running};

use crate::{commands, events, mending};

/// What the window shows.
pub enum Shows {
    Own(Box<Running>),
    /// The panel of the agent that has the folder.
    Another(Address),
    /// Why no agent could be started, and what to exit with.
    Trouble {
        code: u8,
        text: String,
    },
}

/// Shows the window until it is closed, then stops our own agent.
pub fn show(shows: Shows, runtime: &tokio::runtime::Runtime) -> ExitCode {
    let (place, code) = match &shows {
        Shows::Own(_) => (Place::Own, 0),
        Shows::Another(address) => (Place::Panel(address.panel()), 0),
        Shows::Trouble { code, text } => (Place::Trouble(text.clone()), *code),
    };
    let mut builder = tauri::Builder::default();
    let mut told = None;
    if let Shows::Own(running) = &shows {
        told = Some(running.agent.clone());
        let printers = Arc::clone(&running.printers);
        builder = builder.manage(running.agent.clone()).manage(printers).manage(Asked::default());
    }
    let built = builder
        .setup(move |app| {
            place.open(app)?;
            if let Some(agent) = told {
                tauri::async_runtime::spawn(events::forward(agent, app.handle().clone()));
            }
            Ok(())
        })
        .on_window_event(|window, event| {
            if let WindowEvent::CloseRequested { api, .. } = event
                && must_ask(window)
            {
                api.prevent_close();
            }
        })
        .invoke_handler(tauri::generate_handler![
            commands::snapshot,
            commands::documents,
            commands::document,
            commands::xml,
            commands::picture,
            commands::print,
            commands::settle_paper,
            commands::issue,
            commands::preview,
            commands::resend,
            commands::resend_pending,
            commands::sending,
            commands::printers,
            commands::found_printers,
            commands::put_printer,
            commands::remove_printer,
            commands::set_logo,
            commands::test_printer,
            commands::quit,
            commands::count,
            commands::today,
            commands::export,
            commands::sale,
            commands::issue_text,
            commands::resend_found,
            mending::reissue,
            mending::number_annulled,
            mending::load_folios,
            mending::resume_range,
            mending::range_annulled,
            mending::check_batch,
        ])
        .build(tauri::generate_context!());
    let outcome = match built {
        Ok(app) => match u8::try_from(app.run_return(|_, _| {})) {
            Ok(0) => ExitCode::from(code),
            Ok(code) => ExitCode::from(code),
            Err(_) => ExitCode::FAILURE,
        },
        Err(error) => {
            eprintln!("La ventana no se pudo abrir: {error}");
            ExitCode::FAILURE
        }
    };
    if let Shows::Own(running) = shows {
        runtime.block_on(running.stop());
    }
    outcome
}

enum Place {
    Own,
    Panel(String),
    Trouble(String),
}

impl Place {
    /// The window as `tauri.conf.json` describes it. Another agent's panel is a page of its own: it
    /// has no command of ours, as the capability is for our own pages only.
    fn open(self, app: &App) -> Result<(), Box<dyn std::error::Error>> {
        let mut config = app.config().app.windows.first().cloned().unwrap_or_default();
        let mut script = None;
        match self {
            Place::Own => {}
            Place::Panel(address) => config.url = WebviewUrl::External(Url::parse(&address)?),
            Place::Trouble(text) => {
                script = Some(format!("window.TIMBRE_TROUBLE = {};", serde_json::to_string(&text)?));
            }
        }
        let mut builder = WebviewWindowBuilder::from_config(app, &config)?;
        if let Some(script) = script {
            builder = builder.initialization_script(script);
        }
        builder.build()?;
        Ok(())
    }
}

/// When the window was last asked to close while documents were waiting.
#[derive(Default)]
struct Asked(Mutex<Option<Instant>>);

/// Closing stops the sending: the window says first how many documents are still to be sent. Asked
/// twice within a few seconds it closes all the same, should the page not answer.
fn must_ask(window: &Window) -> bool {
    let (Some(agent), Some(asked)) = (window.try_state::<Agent>(), window.try_state::<Asked>()) else {
        return false;
    };
    let stats = agent.stats();
    let waiting = stats.queued + stats.pending + stats.sending + stats.verifying;
    let before = asked.0.lock().unwrap_or_else(PoisonError::into_inner).replace(Instant::now());
    let again = before.is_some_and(|at| at.elapsed() < Duration::from_secs(5));
    waiting > 0 && !again && window.emit("closing", waiting).is_ok()
}
