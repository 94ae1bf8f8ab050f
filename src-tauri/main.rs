//! The desktop shell: it starts an agent, or finds the one that runs, and shows its window. Only glue.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod access;
mod acting;
mod alarms;
mod autostart;
mod commands;
mod data_folder;
mod events;
mod mending;
mod place;
mod sealing;
mod setup;
mod staff;
mod starting;
mod tray;
mod vouchers;
mod window;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use timbre_app::{DemoOptions, Options, StartError};
use window::{Begun, PRACTICE, Shows};

/// `timbre-desktop [--demo [ESCENARIO]] [--latency 300ms] [--data CARPETA] [--practice]`.
fn options() -> Result<Options, String> {
    let mut options = Options { sender: true, ..Options::default() };
    let mut latency = Duration::from_millis(300);
    let mut practice = false;
    let mut words = std::env::args().skip(1).peekable();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--demo" => {
                let scenario = words.next_if(|next| !next.starts_with("--"));
                let scenario = scenario.unwrap_or_else(|| "calm".to_owned());
                options.demo = Some(DemoOptions { latency, scenario });
            }
            "--latency" => {
                let given = words.next().and_then(|text| span(&text));
                latency = given.ok_or(words::NO_LATENCY)?;
            }
            "--data" => {
                let dir = words.next().ok_or(words::NO_FOLDER)?;
                options.data = Some(PathBuf::from(dir));
            }
            // Beside the shop's own folder, whichever that is.
            PRACTICE => practice = true,
            other => {
                return Err(words::unknown_word(other));
            }
        }
    }
    if let Some(demo) = &mut options.demo {
        demo.latency = latency;
    }
    if practice {
        let shop = timbre_app::data_dir(options.data.as_deref());
        options.data = Some(timbre_app::practice_dir(&shop));
        options.demo = Some(DemoOptions::practice());
        // A till that knows the shop's port must not sell here.
        options.port = Some(0);
    }
    Ok(options)
}

/// As `timbre demo` takes it: `300ms`, `2s`.
fn span(text: &str) -> Option<Duration> {
    match text.strip_suffix("ms") {
        Some(number) => number.parse().ok().map(Duration::from_millis),
        None => text.strip_suffix('s')?.parse().ok().map(Duration::from_secs),
    }
}

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{}.", words::no_start(error));
            return ExitCode::FAILURE;
        }
    };
    tauri::async_runtime::set(runtime.handle().clone());
    let begun = match options() {
        Ok(options) => runtime
            .block_on(find_or_start(options))
            .unwrap_or_else(|error| Some(Begun::Ready(Shows::from(Err(error))))),
        Err(text) => Some(Begun::Ready(Shows::Trouble { code: 2, text })),
    };
    let Some(begun) = begun else {
        println!("{}", words::OPEN_ALREADY);
        return ExitCode::SUCCESS;
    };
    if let Begun::Ready(shows) = &begun {
        shows.tell();
    }
    window::show(begun, runtime)
}

/// An agent that does not answer is looked for so often: it may be ending, and its folder is free after that.
const LOOKS: u32 = 2;

/// One folder has one agent: where one runs already its window comes forward, and there is nothing more to show. Where it
/// has none, this window becomes its client.
async fn find_or_start(options: Options) -> Result<Option<Begun>, StartError> {
    let dir = match &options.demo {
        Some(_) => timbre_app::demo_dir(options.data.as_deref()),
        None => timbre_app::data_dir(options.data.as_deref()),
    };
    let mut silent = None;
    for _ in 0..LOOKS {
        let dir = dir.clone();
        // A passing command's agent has no page for anybody, and is soon gone.
        let found = tokio::task::spawn_blocking(move || timbre_app::find_able(&dir, |at| at.sender)).await;
        let Some(address) = found.map_err(|error| StartError::Network(error.to_string()))?? else {
            return Ok(Some(starting::start(options).await));
        };
        match address.ask_for_window().await {
            Some(true) => return Ok(None),
            Some(false) => return Ok(Some(Begun::Ready(Shows::Another(address)))),
            None => silent = Some(address),
        }
    }
    Ok(silent.map(|address| Begun::Ready(Shows::Another(address))))
}
