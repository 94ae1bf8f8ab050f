//! The one window: on our own agent, as a client of the one that runs, or to say why there is none.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tauri::webview::{WebviewWindow, WebviewWindowBuilder};
use tauri::{AppHandle, Emitter, Manager, RunEvent, Url, WebviewUrl, Window, WindowEvent};
use timbre_agent::Agent;
use timbre_app::{Address, Running, StartError};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::acting::Allowed;
use crate::starting::{self, STARTING, Starting};
use crate::{
    access, autostart, commands, data_folder, events, mending, place, sealing, setup, staff, tray, vouchers,
    words,
};

/// How far the start is when the first window opens.
pub enum Begun {
    Ready(Shows),
    /// Its index takes longer than a moment.
    Slow(Starting),
}

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

impl From<Result<Running, StartError>> for Shows {
    fn from(started: Result<Running, StartError>) -> Shows {
        match started {
            Ok(running) => Shows::Own(Box::new(running)),
            Err(error) => Shows::Trouble { code: error.exit_code(), text: error.to_string() },
        }
    }
}

impl Shows {
    /// The same in words, for who started Timbre at a terminal: one that is closed by now hears nothing.
    pub fn tell(&self) {
        let _ = match self {
            Shows::Own(running) => writeln!(io::stdout(), "{}", words::panel(&running.address.base)),
            Shows::Another(address) => writeln!(io::stdout(), "{}", words::panel_of_another(&address.base)),
            Shows::Trouble { text, .. } => writeln!(io::stderr(), "{}", words::no_start(text)),
        };
    }
}

/// What is shown, until the window is closed: nothing as long as the start has not ended.
#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<Option<Shows>>>);

impl Kept {
    pub fn put(&self, shows: Shows) {
        *self.at() = Some(shows);
    }

    fn at(&self) -> MutexGuard<'_, Option<Shows>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows the window until it is closed, then stops our own agent.
pub fn show(begun: Begun, runtime: Runtime) -> ExitCode {
    let (again, kept) = (Again::default(), Kept::default());
    let slow = match begun {
        Begun::Ready(shows) => {
            kept.put(shows);
            None
        }
        Begun::Slow(starting) => Some(starting),
    };
    let keeps = kept.clone();
    let mut env = None;
    let built = tauri::Builder::default()
        .plugin(tauri_plugin_notification::init())
        .plugin(tauri_plugin_autostart::Builder::new().app_name(words::TIMBRE).build())
        .manage(again.clone())
        .setup(move |app| match slow {
            Some(starting) => Ok(starting::show(app.handle(), starting, keeps)?),
            None => keeps.at().as_ref().map_or(Ok(()), |shows| open(app.handle(), shows)),
        })
        .on_window_event(|window, event| {
            if let WindowEvent::CloseRequested { api, .. } = event
                && window.label() != STARTING
            {
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
    let ended = match built {
        Ok(app) => {
            env = Some(app.env());
            u8::try_from(app.run_return(keep_places)).unwrap_or(1)
        }
        Err(error) => {
            eprintln!("{}", words::no_window(error));
            1
        }
    };
    let shown = kept.at().take();
    let code = match shown {
        Some(Shows::Own(running)) => {
            runtime.block_on(running.stop());
            0
        }
        Some(Shows::Trouble { code, .. }) => code,
        Some(Shows::Another(_)) | None => 0,
    };
    // Nobody waits for an index that is half made, nor for a task that asks a window which is gone.
    runtime.shutdown_background();
    let outcome = ExitCode::from(if ended == 0 { code } else { ended });
    // The folder is free by now.
    if let Some((mut env, place)) = env.zip(again.asked()) {
        place.turn(&mut env.args_os);
        tauri::process::restart(&env);
    }
    outcome
}

/// From the tray, by a command and with the session a window ends without being asked to close.
fn keep_places(app: &AppHandle, event: RunEvent) {
    if let RunEvent::Exit = event {
        let windows = app.webview_windows();
        // One in the tray was kept as it went there.
        let seen = |window: &WebviewWindow| window.label() != STARTING && window.is_visible().unwrap_or(true);
        for window in windows.values().filter(|window| seen(window)) {
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

/// Opens the window as `tauri.conf.json` describes it, and hands it the agent that is ours. Another agent's panel is a
/// page of its own: it has no command of ours, as the capability is for our own pages only.
pub fn open(app: &AppHandle, shows: &Shows) -> Result<(), Box<dyn std::error::Error>> {
    let mut config = app.config().app.windows.first().cloned().unwrap_or_default();
    let mut script = None;
    match shows {
        Shows::Own(running) => {
            app.manage(running.agent.clone());
            app.manage(Arc::clone(&running.printers));
            app.manage(Arc::clone(&running.tokens));
            app.manage(Arc::clone(&running.webhooks));
            app.manage(Arc::clone(&running.data_folder));
            app.manage(Asked::default());
            app.manage(Allowed::default());
        }
        Shows::Another(address) => config.url = WebviewUrl::External(Url::parse(&address.panel())?),
        Shows::Trouble { text, .. } => {
            script = Some(format!("window.TIMBRE_TROUBLE = {};", serde_json::to_string(text)?));
        }
    }
    let mut builder = WebviewWindowBuilder::from_config(app, &config)?;
    if let Some(script) = script {
        builder = builder.initialization_script(script);
    }
    place::restore(&builder.build()?)?;
    if let Shows::Own(running) = shows {
        let (agent, window, handle) = (running.agent.clone(), Arc::clone(&running.window), app.clone());
        // Not finding a library of trays is caught on the thread where it panics.
        app.run_on_main_thread(move || {
            if let Err(error) = tray::open(&handle) {
                tracing::warn!(%error, "there is no tray");
            }
            tauri::async_runtime::spawn(events::forward(agent, handle.clone()));
            tauri::async_runtime::spawn(come_forward(window.attend(), handle));
        })?;
    }
    Ok(())
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
