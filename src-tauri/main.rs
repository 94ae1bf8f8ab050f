//! The desktop shell: it starts an agent and shows its window. Only glue.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod commands;
mod events;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use tauri::Manager;
use timbre_app::{DemoOptions, Options, Running};

/// `timbre-desktop [--demo [ESCENARIO]] [--data CARPETA]`.
fn options() -> Result<Options, String> {
    let mut options = Options { sender: true, ..Options::default() };
    let mut words = std::env::args().skip(1).peekable();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--demo" => {
                let scenario = words.next_if(|next| !next.starts_with("--"));
                options.demo = Some(DemoOptions {
                    latency: Duration::from_millis(300),
                    scenario: scenario.unwrap_or_else(|| "calm".to_owned()),
                });
            }
            "--data" => {
                let dir = words.next().ok_or("Falta la carpeta después de --data.")?;
                options.data = Some(PathBuf::from(dir));
            }
            other => return Err(format!("No se conoce «{other}». Use --demo o --data CARPETA.")),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(text) => {
            eprintln!("{text}");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("Timbre no pudo partir: {error}.");
            return ExitCode::FAILURE;
        }
    };
    tauri::async_runtime::set(runtime.handle().clone());
    let running = match runtime.block_on(timbre_app::start(options)) {
        Ok(running) => running,
        Err(error) => {
            eprintln!("Timbre no pudo partir: {error}");
            return ExitCode::from(error.exit_code());
        }
    };
    println!("Panel local: {}", running.address.base);
    show(running, &runtime)
}

/// Shows the window until it is closed, then stops the agent.
fn show(running: Running, runtime: &tokio::runtime::Runtime) -> ExitCode {
    let agent = running.agent.clone();
    let built = tauri::Builder::default()
        .manage(agent.clone())
        .setup(move |app| {
            tauri::async_runtime::spawn(events::forward(agent, app.app_handle().clone()));
            Ok(())
        })
        .invoke_handler(tauri::generate_handler![
            commands::snapshot,
            commands::documents,
            commands::document,
            commands::xml,
            commands::issue,
            commands::preview,
            commands::resend,
            commands::resend_pending,
            commands::sending,
        ])
        .build(tauri::generate_context!());
    let outcome = match built {
        Ok(app) => {
            let code = app.run_return(|_, _| {});
            u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
        }
        Err(error) => {
            eprintln!("La ventana no se pudo abrir: {error}");
            ExitCode::FAILURE
        }
    };
    runtime.block_on(running.stop());
    outcome
}
