//! The one window: on our own agent, as a client of the one that runs, or to say why there is none.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tauri::webview::WebviewWindowBuilder;
use tauri::{App, AppHandle, Emitter, Manager, RunEvent, Url, WebviewUrl, Window, WindowEvent};
use timbre_agent::Agent;
use timbre_app::{Address, Running};
use tokio::sync::watch;

use crate::acting::Allowed;
use crate::{
    access, autostart, commands, data_folder, events, mending, place, sealing, setup, staff, tray, vouchers,
    words,
};

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
    let mut builder = tauri::Builder::default()
        .plugin(tauri_plugin_notification::init())
        .plugin(tauri_plugin_autostart::Builder::new().app_name(words::TIMBRE).build());
    let mut told = None;
    if let Shows::Own(running) = &shows {
        told = Some((running.agent.clone(), Arc::clone(&running.window)));
        let printers = Arc::clone(&running.printers);
        builder = builder
            .manage(running.agent.clone())
            .manage(printers)
            .manage(Asked::default())
            .manage(Allowed::default());
        builder = builder.manage(Arc::clone(&running.tokens)).manage(Arc::clone(&running.webhooks));
        builder = builder.manage(Arc::clone(&running.data_folder));
    }
    let again = Again::default();
    builder = builder.manage(again.clone());
    let mut env = None;
    let built = builder
        .setup(move |app| {
            place.open(app)?;
            if let Some((agent, window)) = told {
                tray::open(app.handle())?;
                tauri::async_runtime::spawn(events::forward(agent, app.handle().clone()));
                tauri::async_runtime::spawn(come_forward(window.attend(), app.handle().clone()));
            }
            Ok(())
        })
        .on_window_event(|window, event| {
            if let WindowEvent::CloseRequested { api, .. } = event {
                place::keep(window);
                if stays(window) {
                    api.prevent_close();
                }
            }
        })
        .invoke_handler(staff::gate(tauri::generate_handler![
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
            commands::restart,
            commands::hide,
            autostart::autostart,
            autostart::set_autostart,
            commands::count,
            commands::today,
            commands::export,
            commands::sale,
            commands::issue_text,
            commands::resend_found,
            mending::reissue,
            mending::found_accepted,
            mending::number_annulled,
            mending::note_verdict,
            mending::load_folios,
            mending::stop_range,
            mending::resume_range,
            mending::range_annulled,
            mending::skipped_annulled,
            mending::check_batch,
            mending::example_sheet,
            setup::company,
            setup::set_company,
            setup::load_certificate,
            setup::diagnose,
            setup::lock,
            setup::unlock,
            setup::accept_clock,
            staff::staff,
            staff::put_worker,
            staff::remove_worker,
            staff::permit,
            vouchers::vouchers,
            vouchers::set_vouchers,
            vouchers::record,
            vouchers::vouched,
            vouchers::undo_vouched,
            vouchers::export_vouched,
            vouchers::acts,
            access::tokens,
            access::make_token,
            access::revoke_token,
            access::webhooks,
            access::put_webhook,
            access::remove_webhook,
            access::test_webhook,
            access::redeliver_webhook,
            data_folder::settings,
            data_folder::set_settings,
            data_folder::place,
            data_folder::begin_check,
            data_folder::check,
            sealing::sealing,
            sealing::recovery_key,
            sealing::seal,
        ]))
        .build(tauri::generate_context!());
    let outcome = match built {
        Ok(app) => {
            env = Some(app.env());
            match u8::try_from(app.run_return(ended)) {
                Ok(0) => ExitCode::from(code),
                Ok(code) => ExitCode::from(code),
                Err(_) => ExitCode::FAILURE,
            }
        }
        Err(error) => {
            eprintln!("{}", words::no_window(error));
            ExitCode::FAILURE
        }
    };
    if let Shows::Own(running) = shows {
        runtime.block_on(running.stop());
    }
    // The folder is free by now.
    if let Some((mut env, place)) = env.zip(again.asked()) {
        place.turn(&mut env.args_os);
        tauri::process::restart(&env);
    }
    outcome
}

/// From the tray, by a command and with the session a window ends without being asked to close.
fn ended(app: &AppHandle, event: RunEvent) {
    if let RunEvent::Exit = event {
        for window in app.webview_windows().values() {
            place::keep(&window.as_ref().window());
        }
    }
}

/// Opens Timbre on the practice shop beside the folder that it would open on without.
pub const PRACTICE: &str = "--practice";

/// Where Timbre opens again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    Here,
    Practice,
    /// From the practice shop to the shop's own.
    Shop,
}

impl Where {
    fn turn(self, words: &mut Vec<OsString>) {
        match self {
            Where::Here => {}
            Where::Practice => words.push(PRACTICE.into()),
            Where::Shop => words.retain(|word| word != PRACTICE),
        }
    }
}

/// Whether Timbre opens again once it has closed, and where.
#[derive(Debug, Clone, Default)]
pub struct Again(Arc<Mutex<Option<Where>>>);

impl Again {
    pub fn ask(&self, place: Where) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
    }

    fn asked(&self) -> Option<Where> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        Ok(place::restore(&builder.build()?)?)
    }
}

/// When the window was last asked to close while documents were waiting.
#[derive(Default)]
struct Asked(Mutex<Option<Instant>>);

/// Closing the window must not stop the sending by the way. With nothing to be sent it goes to the tray, where
/// there is one; else the window says first how many documents are still to be sent, and what may be done. Asked
/// twice within a few seconds it closes all the same, should the page not answer.
fn stays(window: &Window) -> bool {
    let (Some(agent), Some(asked)) = (window.try_state::<Agent>(), window.try_state::<Asked>()) else {
        return false;
    };
    let before = asked.0.lock().unwrap_or_else(PoisonError::into_inner).replace(Instant::now());
    if before.is_some_and(|at| at.elapsed() < Duration::from_secs(5)) {
        return false;
    }
    let told = Closing { waiting: tray::waiting(&agent), tray: tray::is_there(window.app_handle()) };
    if told.waiting == 0 && told.tray {
        return window.hide().is_ok();
    }
    told.waiting > 0 && window.emit("closing", told).is_ok()
}

/// What who closes the window is told.
#[derive(Debug, Clone, Copy, Serialize)]
struct Closing {
    waiting: u64,
    /// The window may go there, and the sending go on.
    tray: bool,
}

/// The window, back from the tray.
pub fn show_again(app: &AppHandle) {
    for window in app.webview_windows().values() {
        let shown = window.show().and_then(|()| window.unminimize()).and_then(|()| window.set_focus());
        if let Err(error) = shown {
            tracing::warn!(%error, "the window can't be shown");
        }
    }
}

/// Whoever starts Timbre a second time on the folder gets this window.
async fn come_forward(mut asked: watch::Receiver<()>, app: AppHandle) {
    while asked.changed().await.is_ok() {
        show_again(&app);
    }
}

/// From the tray: what is still to be sent is said before Timbre ends.
pub fn ask_to_quit(app: &AppHandle) {
    let waiting = app.try_state::<Agent>().map_or(0, |agent| tray::waiting(&agent));
    let asks = waiting > 0 && app.emit("closing", Closing { waiting, tray: true }).is_ok();
    if asks {
        show_again(app);
    } else {
        app.exit(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn practising_is_a_word_on_the_line_that_comes_and_goes() {
        let line = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        let mut words = line(&["timbre-desktop", "--data", "tienda"]);
        Where::Here.turn(&mut words);
        assert_eq!(words, line(&["timbre-desktop", "--data", "tienda"]));
        Where::Practice.turn(&mut words);
        assert_eq!(words, line(&["timbre-desktop", "--data", "tienda", PRACTICE]));
        Where::Shop.turn(&mut words);
        assert_eq!(words, line(&["timbre-desktop", "--data", "tienda"]));
    }
}
