//! `timbre results-mail`: the SII sends its mail with the results of an upload once more.

use std::path::Path;

use timbre_core::DocumentId;

use super::through;
use crate::door::Need;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::values;

#[derive(clap::Args)]
pub struct Args {
    /// Un documento del envío, como T33F1234 (las boletas no tienen correo)
    #[arg(value_name = "ID", value_parser = values::id)]
    id: DocumentId,
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    through(data, Need::Verdicts, async |api| {
        let said = api.results_mail(&args.id).await?;
        if out.json {
            out.object(&said)?
        } else {
            out.line(&said.remark.meaning)?
        }
        Ok(Exit::Done)
    })
    .await
}
