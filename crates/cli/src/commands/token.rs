//! `timbre token`: which programs may call the local API, and how far each reaches.

use std::path::Path;

use timbre_agent::view::{TokenOrder, TokenView};

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
    /// Crea un token para una caja; se muestra esta única vez
    Add {
        /// Cómo se llama la caja o el programa
        #[arg(value_name = "NOMBRE")]
        name: String,

        /// Hasta dónde alcanza: read (mirar), issue (vender), manage (administrar)
        #[arg(long, value_name = "ALCANCE", value_parser = ["read", "issue", "manage"], default_value = "issue")]
        scope: String,
    },
    /// Muestra los tokens y cuándo se usó cada uno
    List,
    /// Revoca un token: desde ya no abre nada
    Revoke {
        /// Su nombre
        #[arg(value_name = "NOMBRE")]
        name: String,
    },
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    through(data, Need::Store, async |api| {
        match args.what {
            What::Add { name, scope } => {
                let made = api.make_token(&TokenOrder { name, scope: Some(scope), who: ask::user() }).await?;
                match out.json {
                    true => out.object(&made)?,
                    false => {
                        out.line(&made.token)?;
                        out.note(format!(
                            "Token de «{}» ({}). Guárdelo ahora: no se vuelve a mostrar.",
                            made.name, made.scope
                        ));
                    }
                }
            }
            What::List => show(&api.tokens().await?, out)?,
            What::Revoke { name } => {
                let left = api.revoke_token(&name, &ask::user()).await?;
                match out.json {
                    true => show(&left, out)?,
                    false => out.line(format!("El token «{name}» ya no sirve."))?,
                }
            }
        }
        Ok(Exit::Done)
    })
    .await
}

fn show(tokens: &[TokenView], out: Out) -> Result<(), Failure> {
    if out.json {
        return tokens.iter().try_for_each(|token| out.object(token));
    }
    if tokens.is_empty() {
        return out.line("No hay tokens. Cree uno con «timbre token add NOMBRE».");
    }
    let rows: Vec<Vec<String>> = tokens
        .iter()
        .map(|token| {
            let used = token.last_used.as_deref().map_or_else(|| "nunca".to_owned(), moment);
            vec![token.name.clone(), token.scope.clone(), moment(&token.made), used]
        })
        .collect();
    let heads =
        [("Nombre", Lean::Left), ("Alcance", Lean::Left), ("Creado", Lean::Left), ("Último uso", Lean::Left)];
    table(&heads, &rows).iter().try_for_each(|line| out.line(line))
}
