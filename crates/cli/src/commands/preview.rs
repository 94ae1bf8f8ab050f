//! `timbre preview`: what a sale would become, without a folio. Where there is no folder yet the law
//! alone is asked, so that a sale with its own `Emisor` can be looked at on any machine.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde_json::json;
use timbre_agent::view::{ExplainedView, PreviewView, ProblemView, RefusalView};
use timbre_core::document::NoDocuments;
use timbre_core::{Sale, Timestamp};

use super::through;
use crate::api::Api;
use crate::door::{self, Need};
use crate::failure::{Exit, Failure, reason, reasons};
use crate::incoming::{incoming, unreadable};
use crate::out::Out;
use crate::words::{pesos, whole, with_parts};

#[derive(clap::Args)]
pub struct Args {
    /// Archivo con la venta, una lista, o una venta por línea; «-» o nada: la entrada estándar
    #[arg(value_name = "ARCHIVO")]
    file: Option<PathBuf>,

    /// Dice de dónde sale cada monto, en vez de mostrar el XML
    #[arg(long)]
    explain: bool,
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    if door::is_shop(data) {
        through(data, Need::Look, async |api| each(&args, Some(api), out).await).await
    } else {
        each(&args, None, out).await
    }
}

async fn each(args: &Args, api: Option<&Api>, out: Out) -> Result<Exit, Failure> {
    let mut sales = incoming(args.file.as_deref(), out)?;
    let mut seen = false;
    let mut exit = Exit::Done;
    while let Some(entry) = sales.recv().await {
        let entry = entry.map_err(|e| unreadable(&e))?;
        seen = true;
        let done = match entry.offer {
            Err(refusal) => Err(refusal.into()),
            Ok(offer) => match api {
                Some(api) => api.preview(offer.body).await,
                None => alone(offer.body),
            },
        };
        match done {
            Ok(preview) => tell(&preview, args.explain, out)?,
            Err(Failure::Problem(no)) if Failure::Problem(no.clone()).exit() == Exit::Refused => {
                exit = Exit::Refused;
                refuse(&no, entry.line, out)?;
            }
            Err(other) => return Err(other),
        }
    }
    if seen { Ok(exit) } else { Err(Failure::usage("La entrada no trae ninguna venta.")) }
}

/// The law alone: no folder, no company.
fn alone(body: Bytes) -> Result<PreviewView, Failure> {
    let preview = Sale::read(body, None)
        .and_then(|sale| door::regime().preview(&sale, None, &NoDocuments, Timestamp::now()))
        .map_err(Failure::from)?;
    Ok(PreviewView {
        totals: preview.totals,
        warnings: preview.warnings.iter().map(RefusalView::from).collect(),
        xml: preview.xml,
        explained: preview.explained.into_iter().map(Into::into).collect(),
    })
}

fn tell(preview: &PreviewView, explain: bool, out: Out) -> Result<(), Failure> {
    if out.json {
        let mut told = json!({ "Totales": preview.totals, "warnings": preview.warnings, "xml": preview.xml });
        if explain {
            told["explained"] = json!(preview.explained);
        }
        return out.object(&told);
    }
    let total = preview.totals.get("MntTotal").and_then(whole).unwrap_or_default();
    out.note(format!("Total {}", with_parts(total, &preview.totals)));
    for warning in &preview.warnings {
        out.note(format!("aviso: {}", reason(warning)));
    }
    if !explain {
        return out.line(preview.xml.trim_end());
    }
    preview
        .explained
        .iter()
        .try_for_each(|one| out.line(format!("{:<26} {:>15}  {}", one.tag, figure(one), one.from)))
}

/// An amount; the one rate among them is no money.
fn figure(one: &ExplainedView) -> String {
    if one.tag == "TasaIVA" { format!("{} %", one.amount) } else { pesos(one.amount) }
}

fn refuse(no: &ProblemView, line: u64, out: Out) -> Result<(), Failure> {
    if out.json {
        return out
            .object(&json!({ "error": no.code, "detail": no.detail, "errors": no.errors, "line": line }));
    }
    out.note(format!("timbre: la venta de la línea {line} se rechazaría: {}", reasons(no)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_no_money() {
        let one = |tag: &str, amount| ExplainedView { tag: tag.to_owned(), amount, from: String::new() };
        assert_eq!(figure(&one("TasaIVA", 19)), "19 %");
        assert_eq!(figure(&one("IVA", 1546)), "$1.546");
    }
}
