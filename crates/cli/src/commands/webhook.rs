//! `timbre webhook`: which addresses are told what becomes of documents.

use std::path::Path;

use timbre_agent::view::{AttemptView, RedeliveredView, WebhookOrder, WebhookView};

use super::through;
use crate::ask;
use crate::door::Need;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::words::{Lean, moment, table};

#[derive(clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Avisa a una dirección lo que pasa con los documentos; si el nombre ya existe, la cambia y le da otro secreto
    Add {
        /// Cómo se llama
        #[arg(value_name = "NOMBRE")]
        name: String,

        /// https://…; http solo en este equipo o su red
        #[arg(value_name = "DIRECCIÓN")]
        url: String,

        /// Un estado que se avisa, como ACEPTADO (se repite); si falta, los veredictos
        #[arg(long = "state", value_name = "ESTADO")]
        states: Vec<String>,
    },
    /// Muestra las direcciones y cómo está cada una
    List,
    /// Deja de avisar
    Remove {
        /// Su nombre
        #[arg(value_name = "NOMBRE")]
        name: String,
    },
    /// Manda un aviso de prueba y dice qué respondió
    Test {
        /// Su nombre
        #[arg(value_name = "NOMBRE")]
        name: String,
    },
    /// Muestra los últimos intentos
    Attempts {
        /// Su nombre
        #[arg(value_name = "NOMBRE")]
        name: String,
    },
    /// Vuelve a mandar los avisos que se dejaron de lado, y ahora mismo los que esperan su próximo intento
    Redeliver {
        /// Su nombre
        #[arg(value_name = "NOMBRE")]
        name: String,

        /// Todos los de este documento, también los ya recibidos
        #[arg(long, value_name = "DOCUMENTO")]
        document: Option<String>,
    },
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    through(data, Need::Store, async |api| {
        match args.what {
            What::Add { name, url, states } => {
                let made = api.put_webhook(&name, &WebhookOrder { url, states, who: ask::user() }).await?;
                match out.json {
                    true => out.object(&made)?,
                    false => {
                        out.line(&made.secret)?;
                        out.note(
                            "Con ese secreto se firma cada aviso. Guárdelo ahora: no se vuelve a mostrar.",
                        );
                    }
                }
            }
            What::List => show(&api.webhooks().await?, out)?,
            What::Remove { name } => {
                let left = api.remove_webhook(&name, &ask::user()).await?;
                match out.json {
                    true => show(&left, out)?,
                    false => out.line(format!("Ya no se avisa a «{name}»."))?,
                }
            }
            What::Test { name } => {
                let attempt = api.test_webhook(&name).await?;
                match out.json {
                    true => out.object(&attempt)?,
                    false => out.line(line_of(&attempt))?,
                }
                if !attempt.why.is_empty() {
                    return Ok(Exit::Unreachable);
                }
            }
            What::Attempts { name } => {
                let all = api.webhooks().await?;
                let hook = all.into_iter().find(|hook| hook.name == name);
                let hook = hook
                    .ok_or_else(|| Failure::refused("not-found", format!("No existe un aviso «{name}».")))?;
                for attempt in &hook.attempts {
                    match out.json {
                        true => out.object(attempt)?,
                        false => out.line(line_of(attempt))?,
                    }
                }
            }
            What::Redeliver { name, document } => {
                let again = api.redeliver(&name, document.as_deref()).await?;
                match out.json {
                    true => out.object(&again)?,
                    false => out.line(again_of(again))?,
                }
            }
        }
        Ok(Exit::Done)
    })
    .await
}

fn again_of(RedeliveredView { events, sooner }: RedeliveredView) -> String {
    let again = format!("Avisos que se vuelven a mandar: {events}");
    match sooner {
        0 => again,
        waiting => format!("{again}. Esperaban su próximo intento y se mandan ahora: {waiting}"),
    }
}

fn line_of(attempt: &AttemptView) -> String {
    let end = match (attempt.why.as_str(), attempt.status) {
        ("", Some(status)) => format!("recibido ({status})"),
        ("", None) => "recibido".to_owned(),
        (why, _) => why.to_owned(),
    };
    let what = if attempt.document.is_empty() { "prueba" } else { &attempt.document };
    format!("{}  {what}  {end}", moment(&attempt.at))
}

fn show(hooks: &[WebhookView], out: Out) -> Result<(), Failure> {
    if out.json {
        return hooks.iter().try_for_each(|hook| out.object(hook));
    }
    if hooks.is_empty() {
        return out
            .line("No se avisa a nadie. Agregue una dirección con «timbre webhook add NOMBRE DIRECCIÓN».");
    }
    let row = |hook: &WebhookView| {
        let stands = match (&hook.next_try, hook.put_aside) {
            (Some(at), _) => {
                format!("no recibidos: {}; se intenta de nuevo el {}", hook.due, moment(at))
            }
            (None, 0) => "al día".to_owned(),
            (None, many) => format!("{many} dejados de lado"),
        };
        vec![hook.name.clone(), hook.url.clone(), hook.states.join(" "), stands]
    };
    let rows: Vec<_> = hooks.iter().map(row).collect();
    let heads = [
        ("Nombre", Lean::Left),
        ("Dirección", Lean::Left),
        ("Estados", Lean::Left),
        ("Cómo está", Lean::Left),
    ];
    table(&heads, &rows).iter().try_for_each(|line| out.line(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_told_with_what_came_of_it() {
        let mut attempt = AttemptView {
            event: "7".into(),
            document: "T39F1".into(),
            at: "2026-11-22T13:58:03Z".into(),
            status: Some(204),
            why: String::new(),
        };
        assert_eq!(line_of(&attempt), "22-11-2026 10:58:03  T39F1  recibido (204)");
        (attempt.status, attempt.why) = (None, "no respondió a tiempo".into());
        assert_eq!(line_of(&attempt), "22-11-2026 10:58:03  T39F1  no respondió a tiempo");
    }
}
