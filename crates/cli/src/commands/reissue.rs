//! `timbre reissue`: a document that the SII rejected is issued again, under its own folio or another; the agent
//! asks the SII first and decides.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use timbre_agent::view::ReissuedView;
use timbre_core::DocumentId;

use super::through;
use crate::ask;
use crate::door::Need;
use crate::failure::{Exit, Failure, reason};
use crate::out::Out;
use crate::values;

#[derive(clap::Args)]
pub struct Args {
    /// El documento rechazado, como T39F1234
    #[arg(value_name = "ID", value_parser = values::id)]
    id: DocumentId,

    /// La venta corregida; si falta, la misma (cuando la falta no era de la venta)
    #[arg(long, value_name = "ARCHIVO")]
    sale: Option<PathBuf>,

    /// Con un folio nuevo aunque el suyo siga libre
    #[arg(long)]
    new_folio: bool,

    /// Nada se emite: figura aceptado en sii.cl, y queda aceptado si el SII dice tener este mismo documento
    #[arg(long, conflicts_with_all = ["sale", "new_folio"])]
    found_accepted: bool,

    /// Quién lo decide; si falta, el usuario de este equipo
    #[arg(long, value_name = "NOMBRE")]
    who: Option<String>,
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    let read = |path: PathBuf| std::fs::read(&path).map_err(|e| Failure::unreadable(&path, &e));
    let sale = args.sale.map(read).transpose()?.map(Bytes::from);
    let who = args.who.unwrap_or_else(ask::user);
    through(data, Need::Verdicts, async |api| {
        if args.found_accepted {
            let row = api.found_accepted(&args.id, &who).await?;
            match out.json {
                true => out.object(&row)?,
                false => out.line(format!("{} queda aceptado: no se emitió otro.", args.id))?,
            }
            return Ok(Exit::Done);
        }
        let made = api.reissue(&args.id, sale, args.new_folio, &who).await?;
        if out.json {
            out.object(&made)?;
        } else {
            told(&args.id, &made).iter().try_for_each(|line| out.line(line))?;
            for warning in &made.warnings {
                out.note(format!("aviso: {}", reason(warning)));
            }
        }
        Ok(Exit::Done)
    })
    .await
}

fn told(id: &DocumentId, made: &ReissuedView) -> Vec<String> {
    let document = &made.document;
    let first = match &made.replaced {
        None => format!("{id} se emitió otra vez con su mismo folio (versión {}).", document.version),
        Some(_) => format!("{id} queda reemplazado por {}.", document.id),
    };
    let why = format!("Por qué: {}.", made.why.trim_end_matches('.'));
    let task = made.task.iter().flat_map(|task| {
        [format!("Falta: {task}"), format!("Cuando esté hecho: timbre folio annulled {id}")]
    });
    [first, why].into_iter().chain(task).collect()
}

#[cfg(test)]
mod tests {
    use super::super::issue::tests::row;
    use super::*;

    #[test]
    fn it_says_which_document_stands_now_and_what_is_left_to_do() {
        let id = DocumentId::new("39", 1234);
        let made = ReissuedView {
            document: row(),
            number: "new".to_owned(),
            why: "el SII tiene este folio; se usa un folio nuevo".to_owned(),
            replaced: Some(row()),
            task: Some("Anule el folio 1234 en el sitio del SII.".to_owned()),
            warnings: Vec::new(),
            environment: "training".to_owned(),
        };
        assert_eq!(
            told(&id, &made),
            [
                "T39F1234 queda reemplazado por T39F1234.",
                "Por qué: el SII tiene este folio; se usa un folio nuevo.",
                "Falta: Anule el folio 1234 en el sitio del SII.",
                "Cuando esté hecho: timbre folio annulled T39F1234",
            ]
        );
        let same = ReissuedView { replaced: None, task: None, ..made };
        assert_eq!(told(&id, &same)[0], "T39F1234 se emitió otra vez con su mismo folio (versión 1).");
        assert_eq!(told(&id, &same).len(), 2);
    }
}
