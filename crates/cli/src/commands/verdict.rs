//! `timbre verdict`: what the SII's site says of a document that its services give no verdict of.

use std::path::Path;

use timbre_agent::view::NotedOrder;
use timbre_core::{DocumentId, Said};

use super::through;
use crate::ask;
use crate::door::Need;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::values;

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("said").required(true))]
pub struct Args {
    /// Un documento enviado que lleva más de 24 horas sin veredicto, como T33F1234
    #[arg(value_name = "ID", value_parser = values::id)]
    id: DocumentId,

    /// El sitio del SII lo muestra aceptado
    #[arg(long, group = "said")]
    accepted: bool,

    /// El sitio del SII lo muestra aceptado con reparos; se dice cuáles
    #[arg(long, value_name = "REPAROS", group = "said")]
    objected: Option<String>,

    /// El sitio del SII lo muestra rechazado; se dice por qué
    #[arg(long, value_name = "MOTIVO", group = "said")]
    rejected: Option<String>,

    /// Quién lo vio; si falta, el usuario de este equipo
    #[arg(long, value_name = "NOMBRE")]
    who: Option<String>,
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    let Args { id, objected, rejected, who, accepted: _ } = args;
    let (said, why) = match (objected, rejected) {
        (Some(why), _) => (Said::Objected, why),
        (None, Some(why)) => (Said::Rejected, why),
        (None, None) => (Said::Accepted, String::new()),
    };
    let order = NotedOrder { said, why, who: who.unwrap_or_else(ask::user) };
    through(data, Need::Store, async |api| {
        let row = api.note_verdict(&id, &order).await?;
        match out.json {
            true => out.object(&row)?,
            false => out.line(format!("Anotado: {id} queda {}, según el sitio del SII.", row.state))?,
        }
        Ok(Exit::Done)
    })
    .await
}
