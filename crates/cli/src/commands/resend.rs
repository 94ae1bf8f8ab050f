//! `timbre resend`: documents that wait are sent again. Always safe: what may already be at the SII
//! is asked about first, and what is there is only asked about.

use std::path::Path;

use timbre_core::DocumentId;

use super::through;
use crate::door::Need;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::values;

/// What is done about documents that are damaged.
const WAY_OUT: &str =
    "están dañados; con los datos de su venta se emite otro en su lugar (timbre reissue ID --sale ARCHIVO)";

#[derive(clap::Args)]
pub struct Args {
    /// Los documentos, como T39F1234
    #[arg(value_name = "ID", value_parser = values::id, required_unless_present = "pending", conflicts_with = "pending")]
    ids: Vec<DocumentId>,

    /// Todos los que esperan
    #[arg(long)]
    pending: bool,
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    through(data, Need::Store, async |api| {
        let resent = api.resend((!args.pending).then_some(args.ids.as_slice())).await?;
        if out.json {
            out.object(&resent)?;
        } else {
            match (resent.queued, resent.asked) {
                (0, 0) => out.line("Nada que reenviar.")?,
                (0, _) => {}
                (1, _) => out.line("1 documento vuelve a enviarse.")?,
                (n, _) => out.line(format!("{n} documentos vuelven a enviarse."))?,
            }
            match resent.asked {
                0 => {}
                1 => out.line("1 documento ya está en el SII: se le pregunta ahora cómo quedó.")?,
                n => out.line(format!(
                    "{n} documentos ya están en el SII: se le pregunta ahora cómo quedaron."
                ))?,
            }
            if resent.skipped > 0 {
                out.note(format!("{} no están en un estado desde el que se pueda enviar.", resent.skipped));
            }
            match resent.unreadable {
                0 => {}
                1 => out.note(format!("1 documento no se puede leer y no sale: {WAY_OUT}.")),
                n => out.note(format!("{n} documentos no se pueden leer y no salen: {WAY_OUT}.")),
            }
            if resent.queued + resent.asked > 0 && api.door().is_ours().await {
                out.note("Se hace cuando el agente esté en marcha (timbre serve).");
            }
        }
        let none = !args.pending && resent.queued + resent.asked == 0;
        Ok(if none { Exit::Refused } else { Exit::Done })
    })
    .await
}
