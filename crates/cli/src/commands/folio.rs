//! `timbre folio`: what a person did about a folio at the SII's site.

use std::path::Path;

use timbre_core::DocumentId;

use super::through;
use crate::ask;
use crate::door::Need;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::values;

#[derive(clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Marca como anulado en sii.cl el folio de un documento reemplazado
    Annulled(Annulled),
}

#[derive(clap::Args)]
struct Annulled {
    /// El documento reemplazado, como T39F1234 (los que faltan: timbre list --state to_annul)
    #[arg(value_name = "ID", value_parser = values::id)]
    id: DocumentId,

    /// Quién lo anuló; si falta, el usuario de este equipo
    #[arg(long, value_name = "NOMBRE")]
    who: Option<String>,
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    let What::Annulled(Annulled { id, who }) = args.what;
    through(data, Need::Store, async |api| {
        let row = api.number_annulled(&id, &who.clone().unwrap_or_else(ask::user)).await?;
        match out.json {
            true => out.object(&row)?,
            false => out.line(format!("Anotado: el folio de {id} está anulado en el SII."))?,
        }
        Ok(Exit::Done)
    })
    .await
}
