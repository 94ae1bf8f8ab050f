//! `timbre panel`: the panel for other machines, and its password. That comes from the terminal or from the
//! environment, never from the command line, and is wiped after use.

use std::io::IsTerminal;
use std::path::Path;

use bytes::Bytes;
use timbre_agent::view::PanelView;
use zeroize::Zeroizing;

use super::through;
use crate::api;
use crate::ask;
use crate::door::Need;
use crate::failure::{Exit, Failure};
use crate::out::Out;

/// Where scripts put the password.
const PASSWORD: &str = "TIMBRE_PANEL_PASSWORD";

#[derive(clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Pone la contraseña del panel para otros equipos; se pide en el terminal o se toma de TIMBRE_PANEL_PASSWORD
    Password {
        /// Quita la contraseña: ningún otro equipo entra
        #[arg(long)]
        remove: bool,
    },
    /// Muestra si el panel se atiende a otros equipos
    Show,
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    match args.what {
        What::Show => through(data, Need::Look, async |api| tell(&api.panel().await?, out)).await,
        What::Password { remove: true } => {
            through(data, Need::Store, async |api| tell(&api.remove_panel_password(&ask::user()).await?, out))
                .await
        }
        What::Password { remove: false } => {
            let body = body(&password()?, &ask::user())?;
            through(data, Need::Store, async |api| tell(&api.set_panel_password(body).await?, out)).await
        }
    }
}

fn password() -> Result<Zeroizing<String>, Failure> {
    if let Ok(password) = std::env::var(PASSWORD) {
        return Ok(Zeroizing::new(password));
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(format!(
            "Sin terminal donde pedir la contraseña del panel: póngala en {PASSWORD}."
        )));
    }
    let password = ask::secret("Contraseña del panel (15 caracteres o más): ")?;
    match *password == *ask::secret("La misma otra vez: ")? {
        true => Ok(password),
        false => Err(Failure::usage("Las dos no son iguales: no se cambió nada.")),
    }
}

fn body(password: &str, who: &str) -> Result<Bytes, Failure> {
    #[derive(serde::Serialize)]
    struct Body<'a> {
        password: &'a str,
        who: &'a str,
    }
    // Room for all of it, so that no outgrown piece is left behind unwiped.
    let mut text = Zeroizing::new(Vec::with_capacity(6 * (password.len() + who.len()) + 64));
    serde_json::to_writer(&mut *text, &Body { password, who }).map_err(api::unwritable)?;
    Ok(Bytes::from_owner(text))
}

fn tell(view: &PanelView, out: Out) -> Result<Exit, Failure> {
    if out.json {
        out.object(view)?;
        return Ok(Exit::Done);
    }
    out.line(match (view.served, view.password) {
        (true, true) => "El panel se atiende a otros equipos, a quien sepa su contraseña.",
        (true, false) => "El panel no se atiende a otros equipos: falta su contraseña («timbre panel password»).",
        (false, true) => {
            "El panel tiene contraseña. Se atiende a otros equipos cuando timbre.toml lo pide ([network] panel = true) \
             y Timbre está en marcha."
        }
        (false, false) => "El panel no se atiende a otros equipos.",
    })?;
    Ok(Exit::Done)
}
