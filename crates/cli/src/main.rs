//! The binary `timbre`: the agent without a window, and every command. It only speaks; what is
//! done is done by the agent behind the local API.

mod api;
mod ask;
mod commands;
mod demo;
mod door;
mod failure;
mod incoming;
mod line;
mod out;
mod spanish;
mod values;
mod words;

use std::process::ExitCode;
use std::time::Duration;

use clap::FromArgMatches;

use failure::{Exit, Failure};
use line::Line;
use out::Out;

/// So long what is on its way may take at the end; it is milliseconds.
const LAST_WORK: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let line = spanish::command().try_get_matches().and_then(|matches| Line::from_arg_matches(&matches));
    let line = match line {
        Ok(line) => line,
        Err(error) => return spanish::tell(&error).into(),
    };
    let out = Out { json: line.json };
    let done = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let done = runtime.block_on(line.run());
            // What still encrypts must end before the process does: OpenSSL takes its memory away at exit, and the
            // exit code went with a thread that died of it. One that waits for the standard input is left.
            runtime.shutdown_timeout(LAST_WORK);
            done
        }
        Err(e) => Err(Failure::unreachable(format!("El sistema no deja trabajar ({e})."))),
    };
    done.unwrap_or_else(|failure| end(&failure, out)).into()
}

/// Says why a command could not be done: as JSON to programs, as a sentence to people.
fn end(failure: &Failure, out: Out) -> Exit {
    match failure {
        Failure::Pipe => {}
        _ if out.json => {
            // A pipe that is closed by now has nobody behind it to tell.
            let _ = out.object(&failure.json());
        }
        _ => out.note(format!("timbre: {failure}")),
    }
    failure.exit()
}
