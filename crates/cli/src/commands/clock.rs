//! `timbre clock`: this machine's clock against the SII's, and the manager's word that it is to be gone by.

use std::io;
use std::path::Path;

use timbre_agent::view::ClockView;

use super::through;
use crate::ask;
use crate::ask::user;
use crate::door::Need;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::words::moment;

/// What a person types to confirm.
const WORD: &str = "ACEPTO";

const MEANING: &str = "\
La hora de este equipo va timbrada en cada documento. Si está mal, el SII puede objetarlos y el plazo para
enviarlos se cuenta mal. Lo correcto es arreglar la fecha y la hora de este equipo. Aceptar vale solo para
esta diferencia, no cambia ningún timbre, y queda anotado quién lo decidió y cuándo. Si el reloj estuvo
adelantado y ya se corrigió, los documentos que siguen llevan la hora de ahora, anterior a la de los últimos.";

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(clap::Subcommand)]
enum What {
    /// Sigue vendiendo con el reloj como está: lo decide el encargado
    Accept(Accept),
}

#[derive(clap::Args)]
struct Accept {
    /// Quién decide: queda anotado con la hora; si falta, el usuario de este equipo
    #[arg(long, value_name = "NOMBRE")]
    who: Option<String>,

    /// Confirma sin preguntar
    #[arg(long)]
    yes: bool,
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    match args.what {
        None => look(data, out).await,
        Some(What::Accept(accept)) => take(accept, data, out).await,
    }
}

async fn look(data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    through(data, Need::Look, async |api| {
        let clock = api.clock().await?;
        match out.json {
            true => out.object(&clock)?,
            false => lines(clock.as_ref()).iter().try_for_each(|line| out.line(line))?,
        }
        Ok(Exit::Done)
    })
    .await
}

async fn take(accept: Accept, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    if out.json && !accept.yes {
        return Err(Failure::usage("Con --json no se pregunta: confirme con --yes."));
    }
    through(data, Need::Store, async |api| {
        if !out.json {
            let clock = api.clock().await?;
            lines(clock.as_ref()).iter().try_for_each(|line| out.line(line))?;
            if !clock.is_some_and(|clock| clock.stops) {
                return Ok(Exit::Done);
            }
        }
        if !accept.yes {
            out.line(MEANING)?;
            out.line(format!("Para seguir vendiendo así escriba {WORD}:"))?;
            if !ask::confirmed(WORD, &mut io::stdin().lock())? {
                return Err(Failure::refused("not-confirmed", "No se confirmó: no se vende con este reloj."));
            }
        }
        let accepted = api.accept_clock(&accept.who.unwrap_or_else(user)).await?;
        match out.json {
            true => out.object(&accepted)?,
            false => out.line("Se puede vender. Quedó anotado quién lo decidió y cuándo.")?,
        }
        Ok(Exit::Done)
    })
    .await
}

fn lines(clock: Option<&ClockView>) -> Vec<String> {
    let Some(clock) = clock else {
        return vec!["Nada se ha encontrado mal en el reloj de este equipo.".to_owned()];
    };
    let mut lines = vec![format!("{} (visto el {}).", clock.text, moment(&clock.seen))];
    match &clock.accepted_by {
        Some(who) => lines.push(format!("{who} aceptó seguir así.")),
        None if clock.stops => lines.push("No se vende hasta corregirlo o aceptarlo.".to_owned()),
        None => {}
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_whether_anything_is_sold() {
        let clock = |stops, accepted: Option<&str>| ClockView {
            offset_seconds: 420,
            good: false,
            tolerance_seconds: 300,
            seen: "2026-11-22T13:58:03Z".to_owned(),
            stops,
            accepted_by: accepted.map(str::to_owned),
            text: "El reloj de este equipo está atrasado 7 minutos".to_owned(),
        };
        let seen = "El reloj de este equipo está atrasado 7 minutos (visto el 22-11-2026 10:58:03).";
        let stopped = "No se vende hasta corregirlo o aceptarlo.";
        assert_eq!(lines(Some(&clock(true, None))), [seen, stopped]);
        assert_eq!(lines(Some(&clock(false, Some("Ana")))), [seen, "Ana aceptó seguir así."]);
        assert_eq!(lines(None).len(), 1);
    }
}
