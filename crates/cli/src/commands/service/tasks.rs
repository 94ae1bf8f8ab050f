//! A task of Windows' scheduler, started when the user comes in. A service would have no access to that user's
//! keys.

use super::{Started, ask};
use crate::failure::Failure;

const TASK: &str = "Timbre";

/// What the task runs.
pub fn shown(started: &Started) -> Result<String, Failure> {
    Ok(format!("\"{}\" --data \"{}\" serve", started.program.display(), started.data.display()))
}

pub fn install(started: &Started) -> Result<(), Failure> {
    let runs = shown(started)?;
    ask("schtasks", &["/Create", "/F", "/TN", TASK, "/SC", "ONLOGON", "/RL", "LIMITED", "/TR", &runs])?;
    ask("schtasks", &["/Run", "/TN", TASK]).map(drop)
}

pub fn uninstall() -> Result<(), Failure> {
    ask("schtasks", &["/End", "/TN", TASK])?;
    ask("schtasks", &["/Delete", "/F", "/TN", TASK]).map(drop)
}

pub fn status() -> Result<String, Failure> {
    ask("schtasks", &["/Query", "/TN", TASK])
}
