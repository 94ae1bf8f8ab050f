//! `timbre unlock`: the manager's way out of a lock on issuing. It explains what the lock means and
//! asks before it goes on.

use std::io;
use std::path::Path;

use timbre_agent::view::{LockView, LockedFoliosView, UnlockOrder};

use super::through;
use crate::ask;
use crate::door::Need;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::values;
use crate::words::thousands;

/// What a person types to confirm.
const WORD: &str = "DESBLOQUEAR";

const MEANING: &str = "\
Esto pasa cuando se restaura un respaldo, cuando la carpeta se trajo de otro equipo o es copia de otra
que siguió emitiendo, cuando se borró lo que Timbre recuerda en este equipo, o cuando se dañó el disco.
Puede haber folios usados que esta carpeta no conoce, y un folio no se usa dos veces. Antes de seguir
revise en sii.cl qué documentos se emitieron, y responda: ¿es ésta la única copia de la carpeta que va a
emitir? Si otra, en este equipo o en otro, puede seguir emitiendo, no desbloquee ésta. Si otra copia ya
usó folios, diga hasta cuál con --used-up-to. Al SII se le pregunta por los que siguen.";

#[derive(clap::Args)]
pub struct Args {
    /// Quién decide: queda anotado con la hora; si falta, el usuario de este equipo
    #[arg(long, value_name = "NOMBRE")]
    who: Option<String>,

    /// El último folio de un tipo que se usó en otra parte, según sii.cl: ninguno hasta ése se emite aquí. Se
    /// puede repetir, por ejemplo --used-up-to 39=120 --used-up-to 33=14
    #[arg(long, value_name = "TIPO=FOLIO", value_parser = values::used_up_to)]
    used_up_to: Vec<(u16, u64)>,

    /// Sigue aunque no se pueda preguntar al SII si ya conoce los folios que siguen; queda anotado
    #[arg(long)]
    without_asking: bool,

    /// Confirma sin preguntar
    #[arg(long)]
    yes: bool,
}

impl Args {
    /// The word of whoever was shown `lock`.
    fn order(&self, lock: &LockView) -> UnlockOrder {
        let used = self.used_up_to.iter().map(|(kind, last)| (kind.to_string(), *last));
        UnlockOrder {
            who: self.who.clone().unwrap_or_else(ask::user),
            used_up_to: used.collect(),
            seen: lock.seen(),
            unasked: self.without_asking,
        }
    }
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    if out.json && !args.yes {
        return Err(Failure::usage("Con --json no se pregunta: confirme con --yes."));
    }
    through(data, Need::Store, async |api| {
        let Some(lock) = api.lock().await? else {
            match out.json {
                true => out.object(&serde_json::Value::Null)?,
                false => out.line("La emisión no está detenida: no hay nada que desbloquear.")?,
            }
            return Ok(Exit::Done);
        };
        if !out.json {
            meaning(&lock).iter().try_for_each(|line| out.line(line))?;
        }
        if !args.yes {
            out.line(format!("Para seguir emitiendo escriba {WORD}:"))?;
            if !ask::confirmed(WORD, &mut io::stdin().lock())? {
                return Err(Failure::refused("not-confirmed", "No se confirmó: la emisión sigue detenida."));
            }
        }
        let lifted = api.unlock(&args.order(&lock)).await?;
        match out.json {
            true => out.object(&lifted)?,
            false => {
                out.line("La emisión sigue. Quedó anotado quién lo decidió y cuándo.")?;
                if lifted.folios.iter().any(|of| of.used_from.is_some()) {
                    out.line("Los folios que se saltaron quedan por revisar: véalos con «timbre caf list».")?;
                }
            }
        }
        Ok(Exit::Done)
    })
    .await
}

fn meaning(lock: &LockView) -> Vec<String> {
    let mut lines = vec![lock.text.clone(), MEANING.to_owned()];
    lines.extend(lock.folios.iter().map(folios));
    lines.extend(lock.folios.iter().filter_map(seen));
    lines
}

/// What a till says of it, and how a person answers that.
fn seen(of: &LockedFoliosView) -> Option<String> {
    let (folio, till, series) = (of.seen?, of.seen_by.as_deref()?, &of.series);
    Some(format!(
        "{} {series}: la caja «{till}» dice que recibió el {}. Si es cierto, --used-up-to {series}={folio}; si recuerda mal, \
         el último que se usó, o --used-up-to {series}=0 si ninguno más",
        of.name,
        thousands(folio)
    ))
}

fn folios(of: &LockedFoliosView) -> String {
    let used = match (of.used_from, of.used_to) {
        (Some(from), Some(to)) if from == to => format!("el folio {} puede estar usado", thousands(from)),
        (Some(from), Some(to)) => {
            format!("los folios {} a {} pueden estar usados", thousands(from), thousands(to))
        }
        _ => "no se recuerda ninguno de más".to_owned(),
    };
    let next = match of.next {
        Some(next) => format!("se sigue con el {}", thousands(next)),
        None => "no queda ninguno: cargue otro CAF".to_owned(),
    };
    format!("{} {}: {used}; {next}", of.name, of.series)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_which_folios_may_be_used_and_where_it_goes_on() {
        let of = |used: Option<(u64, u64)>, next| LockedFoliosView {
            series: "39".into(),
            name: "Boleta".into(),
            used_from: used.map(|(from, _)| from),
            used_to: used.map(|(_, to)| to),
            next,
            seen: None,
            seen_by: None,
        };
        let said = LockedFoliosView { seen: Some(1008), seen_by: Some("caja1".into()), ..of(None, Some(5)) };
        let line = seen(&said).unwrap();
        assert!(line.starts_with(
            "Boleta 39: la caja «caja1» dice que recibió el 1.008. Si es cierto, --used-up-to 39=1008;"
        ));
        assert_eq!(seen(&of(None, Some(5))), None);
        for (view, line) in [
            (
                of(Some((4, 1008)), Some(1009)),
                "Boleta 39: los folios 4 a 1.008 pueden estar usados; se sigue con el 1.009",
            ),
            (of(Some((4, 4)), Some(5)), "Boleta 39: el folio 4 puede estar usado; se sigue con el 5"),
            (of(None, Some(5)), "Boleta 39: no se recuerda ninguno de más; se sigue con el 5"),
            (
                of(Some((99, 100)), None),
                "Boleta 39: los folios 99 a 100 pueden estar usados; no queda ninguno: cargue otro CAF",
            ),
        ] {
            assert_eq!(folios(&view), line);
        }
    }
}
