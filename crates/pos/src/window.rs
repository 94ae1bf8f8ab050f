//! The window of this run, where it has one: whoever starts Timbre a second time on a folder asks for it, and the
//! first one comes forward.

use std::sync::Arc;

use axum::Extension;
use axum::http::StatusCode;
use tokio::sync::watch;

use crate::api::{Answer, problem};
use crate::tokens::{Caller, Who};

/// Where a shell hears that its window is asked for.
#[derive(Debug)]
pub struct Window(watch::Sender<()>);

impl Window {
    pub(crate) fn new() -> Arc<Window> {
        Arc::new(Window(watch::Sender::new(())))
    }

    /// For a shell, as long as it has a window: `changed()` answers each time that it is asked for (twice in a
    /// moment counts as once). While nobody holds one of these there is no window to show.
    pub fn attend(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }

    /// False: nobody is there to show one.
    fn ask(&self) -> bool {
        self.0.send(()).is_ok()
    }
}

/// For who has the owner's token alone: a program of the same person on the same machine.
#[utoipa::path(
    post,
    path = "/v1/window",
    summary = "Trae al frente la ventana de Timbre de este equipo (solo con el token del dueño)",
    responses((status = 204, description = "Se le pidió a la ventana; sin ventana, 404 window-none."))
)]
pub(crate) async fn show(
    Extension(window): Extension<Arc<Window>>,
    Extension(caller): Extension<Caller>,
) -> Answer<StatusCode> {
    if !matches!(caller.who, Who::Owner) {
        let why = "La ventana la pide solo quien tiene el token del dueño, en este equipo.";
        return Err(problem(StatusCode::FORBIDDEN, "owner-only", why));
    }
    match window.ask() {
        true => Ok(StatusCode::NO_CONTENT),
        false => {
            let why = "Este Timbre anda sin ventana: mire el panel en un navegador.";
            Err(problem(StatusCode::NOT_FOUND, "window-none", why))
        }
    }
}
