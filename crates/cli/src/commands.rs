//! The commands, one file each. What they share is only the way to the agent.

pub mod caf;
pub mod cert;
pub mod check;
pub mod claims;
pub mod clock;
pub mod company;
pub mod completion;
pub mod demo;
pub mod diagnose;
pub mod folio;
pub mod issue;
pub mod list;
pub mod note;
pub mod panel;
pub mod preview;
pub mod print;
pub mod printer;
pub mod reissue;
pub mod resend;
pub mod results_mail;
pub mod seal;
pub mod serve;
pub mod service;
pub mod show;
pub mod simulator;
pub mod stats;
pub mod token;
pub mod unlock;
pub mod vault;
pub mod verdict;
pub mod verify;
pub mod voucher;
pub mod webhook;

use std::path::Path;

use crate::api::Api;
use crate::door::{Door, Need};
use crate::failure::Failure;

/// Opens the way, works, and closes it again whatever came of the work. What did not come out of papers is said: the
/// answer was given before.
async fn through<T>(
    data: Option<&Path>,
    need: Need,
    work: impl AsyncFnOnce(&Api) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let api = Api::new(Door::open(data, need).await?)?;
    let done = work(&api).await;
    for trouble in api.close().await {
        eprintln!("aviso: {}.", trouble.trim_end_matches('.'));
    }
    done
}

/// Until a person or the system says stop.
async fn until_stopped() -> Result<(), Failure> {
    let deaf =
        |e: std::io::Error| Failure::unreachable(format!("No se puede esperar la señal de término ({e})."));
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).map_err(deaf)?;
        tokio::select! {
            heard = tokio::signal::ctrl_c() => heard.map_err(deaf),
            _ = terminate.recv() => Ok(()),
        }
    }
    // Its window is closed, who sells goes home, or the machine is switched off: Windows waits some seconds.
    #[cfg(windows)]
    {
        use tokio::signal::windows::{ctrl_break, ctrl_close, ctrl_logoff, ctrl_shutdown};
        let (mut broken, mut closed) = (ctrl_break().map_err(deaf)?, ctrl_close().map_err(deaf)?);
        let (mut left, mut off) = (ctrl_logoff().map_err(deaf)?, ctrl_shutdown().map_err(deaf)?);
        tokio::select! {
            heard = tokio::signal::ctrl_c() => heard.map_err(deaf),
            _ = broken.recv() => Ok(()),
            _ = closed.recv() => Ok(()),
            _ = left.recv() => Ok(()),
            _ = off.recv() => Ok(()),
        }
    }
}
