//! `timbre vault`: what keeps the folder's private keys closed, when its own key is lost. Like `check` and `seal` it
//! needs no agent, and may have none.

use std::io::IsTerminal;
use std::path::Path;

use serde_json::json;

use crate::ask;
use crate::commands::seal;
use crate::door::{self, Recovered};
use crate::failure::{Exit, Failure};
use crate::out::Out;

#[derive(clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Rehace la bóveda cuando su llave se perdió; después hay que volver a cargar el certificado y los CAF
    Remake {
        /// No pregunta: para programas
        #[arg(long)]
        yes: bool,
    },
    /// Devuelve a este equipo la llave de la carpeta con la clave de recuperación: se abre todo lo que ella cerró
    Recover,
}

const LOST: &str = "\
Se hará una bóveda nueva para esta carpeta. Lo que estaba cerrado con la llave anterior no se podrá abrir más:
  · el certificado: habrá que cargarlo de nuevo (timbre cert add)
  · los CAF: habrá que cargar de nuevo los mismos archivos (timbre caf add)
No se pierde ningún documento ni se repite ningún folio. La bóveda anterior se guarda a un lado.";

pub fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    match args.what {
        What::Remake { yes } => remake(yes, data, out),
        What::Recover => recover(data, out),
    }
}

fn recover(data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    let Recovered { custody, opened, left } = door::recover_vault(data, &ask::user(), &seal::known(out)?)?;
    if out.json {
        let locked = opened.locked.is_some();
        return out
            .object(
                &json!({ "recovered": true, "custody": custody.to_string(), "locked": locked, "left": left }),
            )
            .map(|()| Exit::Done);
    }
    out.line(
        "La llave de la carpeta está de vuelta: lo guardado, el certificado y los CAF se abren como antes.",
    )?;
    out.line(format!("Ahora {custody}."))?;
    for left in left {
        out.line(format!("Atención: {left}."))?;
    }
    if let Some(locked) = &opened.locked {
        out.line(locked.to_string())?;
        out.line("Para seguir emitiendo: timbre unlock")?;
    }
    Ok(Exit::Done)
}

fn remake(yes: bool, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    if !yes {
        if out.json || !std::io::stdin().is_terminal() {
            return Err(Failure::usage("Para rehacer la bóveda sin preguntar agregue --yes."));
        }
        out.note(LOST);
        if ask::line("Escriba «rehacer» para seguir: ")?.as_deref() != Some("rehacer") {
            return Err(Failure::refused("cancelled", "No se hizo nada."));
        }
    }
    let used = door::remake_vault(data)?;
    if out.json {
        out.object(&json!({ "remade": true, "custody": used.to_string() }))?;
    } else {
        out.line("La bóveda está rehecha. Cargue de nuevo el certificado y los CAF.")?;
        out.line(format!("Ahora {used}."))?;
    }
    Ok(Exit::Done)
}
